//! What a task was told besides its words, as far as a person has to know.

use cowork::{Briefing, Folder, InstructionState, Instructions, LONGEST_INSTRUCTIONS};

use super::text::{one_line, size, tilde};

/// Says which instruction files are followed and which are not, and what to do about it: a sentence for each.
pub(crate) fn told(briefing: &Briefing, folders: &[Folder], home: Option<&str>) -> Vec<String> {
    let mut said: Vec<String> = briefing.instructions.iter().map(|file| of_file(file, folders, home)).collect();
    if let Some(error) = &briefing.trouble {
        said.push(format!(
            "Instruction files could not be looked for: {}. It goes on without them.",
            one_line(&error.message)
        ));
    }
    said
}

fn of_file(file: &Instructions, folders: &[Folder], home: Option<&str>) -> String {
    let at = folders.iter().find(|f| f.name == file.path.root()).map_or("", |f| f.at.as_str());
    let place = tilde(&one_line(&format!("{}/{}", at.trim_end_matches('/'), file.path.name())), home);
    let trust = format!("To have it followed: cowork trust {place}");
    let most = size(LONGEST_INSTRUCTIONS as u64);
    match file.state {
        InstructionState::Trusted => format!("It follows {place}, as you trusted it."),
        InstructionState::New => format!("{place} is not followed: you have not trusted it. {trust}"),
        InstructionState::Changed => format!("{place} changed since you trusted it, so it is not followed. {trust}"),
        InstructionState::NotAFile => format!("{place} is not followed: it is a link, or no file."),
        InstructionState::NotText => format!("{place} is not followed: it is not text in UTF-8."),
        InstructionState::TooLong => {
            format!("{place} is not followed: it is longer than {most}, or all of them are too long.")
        }
        InstructionState::Unread => format!("{place} is not followed: it can't be read."),
    }
}

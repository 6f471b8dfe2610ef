//! What a task is told besides its words: the notes of its thread, and the instruction files of its folders.
//!
//! Both are written into its log before it is planned first, so that every step, and every process, goes by the same.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, FilePath, Folder, Hash, Integrity, Kind, Label, Result, TaskId, Timestamp};

/// How many notes a thread has at the most.
pub(crate) const MOST_NOTES: usize = 40;
/// How long a note's name and its text are at the most, in bytes.
const LONGEST_NAME: usize = 64;
const LONGEST_NOTE: usize = 1_024;
/// The names of instruction files, at the root of a granted folder.
pub(crate) const INSTRUCTION_FILES: [&str; 2] = ["AGENTS.md", "CLAUDE.md"];
/// The most bytes that an instruction file may have to be followed, and all of a task's together.
pub const LONGEST_INSTRUCTIONS: usize = 32 << 10;
const MOST_INSTRUCTIONS: usize = 64 << 10;

/// What a task was told besides its words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Briefing {
    /// The notes of the thread, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<ThreadNote>,
    /// The instruction files that there are in its folders.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instructions: Vec<Instructions>,
    /// Why its folders could not be looked at for such files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Error>,
}

/// A note that is kept for later tasks of a thread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadNote {
    /// What it is called; there is one of each name in a thread.
    pub name: String,
    /// What it says.
    pub text: String,
    /// The task that wrote it; none if a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    /// When.
    pub at: Timestamp,
    /// All that it was derived from: what the task had seen when it wrote it.
    #[serde(default)]
    pub label: Label,
}

/// What is to be noted: what a call asks for by its [`Effects::note`](crate::Effects::note).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Noting {
    /// What it is called: up to 64 bytes, without `/` and line ends. It replaces the note of that name.
    pub name: String,
    /// What it says: up to 1,024 bytes. Empty: the note of that name is forgotten.
    #[serde(default)]
    pub text: String,
}

/// A file whose content a person trusts as instructions, as it is at this hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrustedFile {
    /// The file: `AGENTS.md` or `CLAUDE.md` in a granted folder itself.
    pub path: FilePath,
    /// The hash of its content.
    pub hash: Hash,
}

/// An instruction file, as a task found it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Instructions {
    /// The file.
    pub path: FilePath,
    /// Whether it is followed, or why not.
    pub state: InstructionState,
    /// Its bytes.
    #[serde(default)]
    pub bytes: u64,
    /// The hash of its content, where that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Hash>,
    /// Its content: the bytes that have this hash. Empty unless it is followed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// Whether an instruction file is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InstructionState {
    /// It is: the person trusts exactly this content.
    Trusted,
    /// Nobody trusted it.
    New,
    /// What was trusted had another content.
    Changed,
    /// It is a link, a folder or something else than a file.
    NotAFile,
    /// It is not text in UTF-8.
    NotText,
    /// It is longer than such files may be, or all of them together are.
    TooLong,
    /// It could not be read.
    Unread,
}

/// What lies where an instruction file may be.
pub(crate) enum There {
    /// A file with this content, read whole.
    Whole(Vec<u8>),
    /// A file of so many bytes, which is longer than it may be.
    Long(u64),
    /// Something else.
    Other,
    /// Nobody knows.
    Unread,
}

impl Briefing {
    /// Says whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Gives the files that are followed.
    pub fn trusted(&self) -> impl Iterator<Item = &Instructions> {
        self.instructions.iter().filter(|file| file.state == InstructionState::Trusted)
    }

    /// Adds what was found where an instruction file may be: it is followed only if a person trusts these very bytes.
    pub(crate) fn add(&mut self, path: FilePath, there: There, rules: &[TrustedFile]) {
        let mut file =
            Instructions { path, state: InstructionState::Unread, bytes: 0, hash: None, text: String::new() };
        let bytes = match there {
            There::Whole(bytes) => bytes,
            There::Long(bytes) => {
                (file.state, file.bytes) = (InstructionState::TooLong, bytes);
                return self.instructions.push(file);
            }
            other => {
                let is_other = matches!(other, There::Other);
                file.state = if is_other { InstructionState::NotAFile } else { InstructionState::Unread };
                return self.instructions.push(file);
            }
        };
        let hash = Hash::of(&bytes);
        (file.bytes, file.hash) = (bytes.len() as u64, Some(hash));
        let mut rules = rules.iter().filter(|rule| rule.path == file.path).peekable();
        let is_known = rules.peek().is_some();
        let used: usize = self.instructions.iter().map(|f| f.text.len()).sum();
        file.state = match String::from_utf8(bytes) {
            Err(_) => InstructionState::NotText,
            Ok(_) if !rules.any(|rule| rule.hash == hash) => {
                if is_known {
                    InstructionState::Changed
                } else {
                    InstructionState::New
                }
            }
            Ok(text) if used + text.len() > MOST_INSTRUCTIONS => InstructionState::TooLong,
            Ok(text) => {
                file.text = text;
                InstructionState::Trusted
            }
        };
        self.instructions.push(file);
    }

    /// Gives the label of all that it tells.
    pub(crate) fn label(&self) -> Label {
        let mut label = Label::trusted();
        self.notes.iter().for_each(|note| label.join(&note.label));
        if self.trusted().next().is_some() {
            label.join(&Label::user());
        }
        label
    }
}

impl ThreadNote {
    /// Says whether it may hold what anybody wrote: then it is material, and never an instruction.
    pub fn is_untrusted(&self) -> bool {
        matches!(self.label.integrity, Integrity::Untrusted(_))
    }
}

impl Noting {
    /// Says whether it can be a note.
    ///
    /// # Errors
    /// `InvalidInput` with what is wrong.
    pub fn check(&self) -> Result<()> {
        let wrong = |why: String, fix: &str| Err(Error::new(Kind::InvalidInput, "keep note", why).with_fix(fix));
        let Self { name, text } = self;
        if name.trim().is_empty()
            || name.len() > LONGEST_NAME
            || name.contains('/')
            || name.chars().any(char::is_control)
        {
            let why = format!("`{}` can't be the name of a note", name.escape_debug());
            return wrong(why, "use up to 64 bytes, without `/`");
        }
        if text.len() > LONGEST_NOTE {
            let why = format!("a note of {} bytes is too long; the most is {LONGEST_NOTE}", text.len());
            return wrong(why, "say it in fewer words, or write it into a file");
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            return wrong("the note holds control characters, so it is not text".to_owned(), "write plain text");
        }
        Ok(())
    }
}

/// Gives the error for one note too many.
pub(crate) fn too_many() -> Error {
    Error::new(Kind::LimitExceeded, "keep note", format!("there are {MOST_NOTES} notes already, which is the most"))
        .with_fix("replace one, or forget one by an empty text")
}

/// Gives where instruction files may be in these folders.
pub(crate) fn places(folders: &[Folder]) -> Vec<FilePath> {
    let files = |folder: &Folder| INSTRUCTION_FILES.map(|file| FilePath::parse(&format!("{}/{file}", folder.name)));
    folders.iter().flat_map(files).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path() -> FilePath {
        FilePath::parse("Desk/AGENTS.md").unwrap()
    }

    fn found(there: There, trusted: &[&[u8]]) -> Instructions {
        let rules: Vec<TrustedFile> =
            trusted.iter().map(|bytes| TrustedFile { path: path(), hash: Hash::of(bytes) }).collect();
        let mut briefing = Briefing::default();
        briefing.add(path(), there, &rules);
        briefing.instructions.remove(0)
    }

    #[test]
    fn only_the_very_bytes_that_were_trusted_are_followed() {
        let whole = |text: &str| There::Whole(text.as_bytes().to_vec());
        let trusted = found(whole("be kind"), &[b"be kind"]);
        assert_eq!((trusted.state, trusted.text.as_str()), (InstructionState::Trusted, "be kind"));
        for (there, rules, state) in [
            (whole("be kind"), &[][..], InstructionState::New),
            (whole("be kind "), &[b"be kind".as_slice()], InstructionState::Changed),
            (There::Whole(vec![0xff]), &[&[0xff][..]], InstructionState::NotText),
            (There::Long(1 << 40), &[b"be kind"], InstructionState::TooLong),
            (There::Other, &[b"be kind"], InstructionState::NotAFile),
            (There::Unread, &[b"be kind"], InstructionState::Unread),
        ] {
            let file = found(there, rules);
            assert_eq!((file.state, file.text.as_str()), (state, ""));
        }
    }

    #[test]
    fn all_that_is_followed_fits_into_a_bound() {
        let text = "x".repeat(LONGEST_INSTRUCTIONS);
        let mut briefing = Briefing::default();
        for folder in ["A", "B", "C"] {
            let path = FilePath::parse(&format!("{folder}/AGENTS.md")).unwrap();
            let rule = TrustedFile { path: path.clone(), hash: Hash::of(text.as_bytes()) };
            briefing.add(path, There::Whole(text.clone().into_bytes()), &[rule]);
        }
        assert_eq!(briefing.trusted().count(), 2);
        assert_eq!(briefing.instructions[2].state, InstructionState::TooLong);
    }

    #[test]
    fn a_note_has_a_name_and_an_end() {
        let note = |name: &str, text: &str| Noting { name: name.into(), text: text.into() }.check().is_ok();
        assert!(note("where the lease is", "Downloads/Flat/a.pdf\nsince May") && note("x", ""));
        assert!(!note("", "a") && !note("a/b", "a") && !note("a\nb", "a") && !note(&"n".repeat(65), "a"));
        assert!(!note("a", &"t".repeat(1_025)) && !note("a", "\u{1b}[2J"));
    }
}

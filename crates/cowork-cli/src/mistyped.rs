//! What was typed and can't be understood, in our own words.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::{
    fail::{Fail, wrong},
    render::text::{cut, one_line},
};

/// Says what is off about the command line, and what to type instead.
pub(crate) fn mistyped(error: &clap::Error) -> Fail {
    let one = |kind| told(error, kind);
    let (arg, value) = (one(ContextKind::InvalidArg), one(ContextKind::InvalidValue));
    let command = command(error);
    let help = format!("`{command} --help` says what it takes");
    let like = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    let like = like.into_iter().map(one).find(|s| !s.is_empty()).map(|s| s.replace(", ", "` or `"));
    let fix = like.map_or_else(|| help.clone(), |like| format!("did you mean `{like}`? {help}"));
    match error.kind() {
        ErrorKind::MissingRequiredArgument => {
            wrong(format!("`{command}` needs more: {}", arg.replace(", ", " and ")), help)
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            wrong(format!("`{command}` needs to be told what"), help)
        }
        ErrorKind::InvalidSubcommand => {
            wrong(format!("there is no command `{}`", one(ContextKind::InvalidSubcommand)), fix)
        }
        ErrorKind::UnknownArgument if arg.starts_with('-') => wrong(format!("`{command}` has no option `{arg}`"), fix),
        ErrorKind::UnknownArgument => {
            let why = format!("`{arg}` is one word too many");
            wrong(why, format!("put a sentence between quotation marks; {help}"))
        }
        ErrorKind::InvalidValue if value.is_empty() => wrong(format!("{arg} needs a value"), help),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let can = one(ContextKind::ValidValue);
            let own = error.source().and_then(|e| e.downcast_ref::<cowork::Error>()).and_then(cowork::Error::fix);
            let fix = match own {
                Some(own) => own.to_owned(),
                None if can.is_empty() => help,
                None => format!("it can be: {can}"),
            };
            wrong(format!("{arg} can't be `{value}`"), fix)
        }
        ErrorKind::ArgumentConflict => {
            let other = one(ContextKind::PriorArg);
            let other = if other.is_empty() || other == arg { "that again".to_owned() } else { other };
            wrong(format!("{arg} can't go together with {other}"), "leave one of them out")
        }
        ErrorKind::InvalidUtf8 => wrong("what was typed is not text in UTF-8", help),
        _ => {
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or_default();
            wrong(one_line(first.strip_prefix("error: ").unwrap_or(first)), help)
        }
    }
}

/// Gives what the error says of this, on one line.
fn told(error: &clap::Error, kind: ContextKind) -> String {
    let text = match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(all)) => all.join(", "),
        Some(ContextValue::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    cut(&one_line(&text), 120).into_owned()
}

/// Finds the command that was meant in how it is used: `Usage: cowork show <TASK>`.
fn command(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let usage = text.lines().find_map(|l| l.trim().strip_prefix("Usage: ")).unwrap_or("cowork");
    let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-');
    let words: Vec<&str> = usage.split_whitespace().take_while(is_word).collect();
    if words.is_empty() { "cowork".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Cli;

    #[test]
    fn what_is_mistyped_is_told_as_everything_else_is() {
        for (line, why, fix) in [
            ("pause", "`cowork pause` needs more: <TASK>", "`cowork pause --help`"),
            ("taks", "there is no command `taks`", "did you mean `tasks`?"),
            ("tasks --jsn", "`cowork tasks` has no option `--jsn`", "did you mean `--json`?"),
            ("run organise my files", "`my` is one word too many", "quotation marks"),
            ("run x --mode fast", "--mode <MODE> can't be `fast`", "it can be: ask, plan, auto"),
            ("run x --max-cost 1e9", "--max-cost <DOLLARS> can't be `1e9`", "write it so: 2.50"),
            ("run x --max-time 1d", "--max-time <TIME> can't be `1d`", "write it so: 90s, 30m or 2h"),
            ("run x --mode ask --dry-run", "can't go together with", "leave one of them out"),
            ("show abcd --json", "`cowork show` needs more: --changes", "`cowork show --help`"),
            ("playbook", "`cowork playbook` needs to be told what", "`cowork playbook --help`"),
        ] {
            let error = Cli::try_parse_from(["cowork"].into_iter().chain(line.split(' '))).unwrap_err();
            let said = mistyped(&error).error;
            assert!(said.message.contains(why), "{line}: {}", said.message);
            assert!(said.fix().unwrap().contains(fix), "{line}: {:?}", said.fix());
        }
    }
}

//! How a command ends, and how it says what went wrong.

use cowork::{Error, Kind};
use serde_json::json;

use crate::{
    look::Look,
    out,
    render::{
        line::{Line, Role},
        text::{sentence, step, visible, wrap},
    },
};

/// The most lines of what went wrong, and of what to do about it.
const MOST_LINES: usize = 3;

/// What the process says to its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All was done, also with files left by rule.
    Done,
    /// It failed.
    Failed,
    /// What was typed is off.
    Usage,
    /// It waits for a person's answer.
    Waiting,
    /// It was interrupted.
    Interrupted,
    /// As the program ended that was run.
    Program(u8),
}

impl Exit {
    /// Gives the code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Waiting => 3,
            Self::Interrupted => 130,
            Self::Program(code) => code,
        }
    }
}

/// An error, and how the process ends by it.
#[derive(Debug)]
pub(crate) struct Fail {
    pub(crate) error: Error,
    pub(crate) exit: Exit,
}

impl From<Error> for Fail {
    fn from(error: Error) -> Self {
        let exit = if error.kind == Kind::InvalidInput { Exit::Usage } else { Exit::Failed };
        Self { error, exit }
    }
}

/// Says that what was typed is off.
pub(crate) fn usage(error: Error) -> Fail {
    Fail { error, exit: Exit::Usage }
}

/// Makes an error of something typed that is off: what happened and why, and the next step.
pub(crate) fn wrong(message: impl Into<String>, fix: impl Into<String>) -> Fail {
    usage(Error::new(Kind::InvalidInput, "read command line", message).with_fix(fix))
}

impl Fail {
    /// Writes it on the standard error, as JSON or in at most three lines.
    pub(crate) fn tell(&self, json: bool) {
        if json {
            out::aside(format_args!("{}", json!({ "error": self.error })));
            return;
        }
        let ink = Look::ink_on_stderr();
        lines(&self.error, Look::columns_of_stderr()).iter().for_each(|l| out::aside(format_args!("{}", l.write(ink))));
    }
}

/// Says what happened and why, and the next step, each in at most three lines.
fn lines(error: &Error, columns: usize) -> Vec<Line> {
    let room = columns.saturating_sub(4);
    let brief = |text: &str| {
        let mut said = wrap(&visible(text), room);
        if said.len() > MOST_LINES {
            said.truncate(MOST_LINES);
            said[MOST_LINES - 1].push_str(" …");
        }
        said
    };
    let said = brief(&sentence(&error.message));
    let mut lines: Vec<Line> = said
        .into_iter()
        .enumerate()
        .map(|(i, l)| Line::margin().add(if i == 0 { Role::Failed } else { Role::Plain }, l))
        .collect();
    let fix = error.fix().map(|fix| brief(&step(fix))).unwrap_or_default();
    lines.extend(fix.into_iter().map(|l| Line::margin().add(Role::Plain, l)));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::look::Ink;

    #[test]
    fn an_error_is_told_in_a_few_lines_that_fit() {
        let error =
            Error::new(Kind::NotFound, "x", "word ".repeat(500)).with_fix(format!("look {}", "again ".repeat(20)));
        let told: Vec<String> = lines(&error, 80).iter().map(|l| l.write(Ink::default())).collect();
        assert_eq!(told.len(), 5, "{told:?}");
        assert!(told.iter().all(|l| l.chars().count() <= 80), "{told:?}");
        assert!(told[3].starts_with("  Look again"), "{told:?}");
    }
}

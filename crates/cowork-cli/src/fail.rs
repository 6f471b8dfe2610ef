//! How a command ends, and how it says what went wrong.

use cowork::{Error, Kind};
use serde_json::json;

use crate::{
    look::Look,
    render::{
        line::{Line, Role},
        text::{sentence, step, visible, wrap},
    },
};

/// What the process says to its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All was done, also with files left by rule.
    Done = 0,
    /// It failed.
    Failed = 1,
    /// What was typed is off.
    Usage = 2,
    /// It waits for a person's answer.
    Waiting = 3,
    /// It was interrupted.
    Interrupted = 130,
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
            eprintln!("{}", json!({ "error": self.error }));
            return;
        }
        let ink = Look::ink_on_stderr();
        lines(&self.error).iter().for_each(|l| eprintln!("{}", l.write(ink)));
    }
}

/// Says what happened and why in at most two lines, and the next step in one.
fn lines(error: &Error) -> Vec<Line> {
    let message = visible(&sentence(&error.message)).into_owned();
    let mut said = wrap(&message, 100);
    if said.len() > 2 {
        said.truncate(2);
        said[1].push_str(" …");
    }
    let mut lines: Vec<Line> = said
        .into_iter()
        .enumerate()
        .map(|(i, l)| Line::margin().add(if i == 0 { Role::Failed } else { Role::Plain }, l))
        .collect();
    lines.extend(error.fix().map(|fix| Line::margin().add(Role::Plain, visible(&step(fix)).into_owned())));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::look::Ink;

    #[test]
    fn an_error_is_told_in_three_lines_at_most() {
        let error = Error::new(Kind::NotFound, "x", "word ".repeat(500)).with_fix("look again");
        let told: Vec<String> = lines(&error).iter().map(|l| l.write(Ink::default())).collect();
        assert_eq!(told.len(), 3);
        assert_eq!(told[2], "  Look again");
    }
}

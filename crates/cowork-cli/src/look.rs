//! What the terminal, or whatever stands in its place, can show.

use std::{
    env,
    io::{IsTerminal, stderr, stdin, stdout},
};

use rustix::termios::tcgetwinsize;

/// What can be shown, and how large.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// Columns.
    pub(crate) width: usize,
    /// Rows.
    pub(crate) height: usize,
    /// Whether colours are wanted.
    pub(crate) colour: bool,
    /// Whether signs beyond ASCII are used for marks and bars.
    pub(crate) signs: bool,
    /// Whether what was written can be drawn over.
    pub(crate) live: bool,
    /// Whether somebody can be asked.
    pub(crate) asks: bool,
    /// The home folder, to be written `~`.
    pub(crate) home: Option<String>,
}

impl Look {
    /// Looks at the standard output and the environment.
    pub(crate) fn of_stdout() -> Self {
        let tty = stdout().is_terminal();
        let dumb = env::var_os("TERM").is_none_or(|t| t == "dumb" || t.is_empty());
        let mut look = Self {
            width: 80,
            height: 24,
            colour: tty && !dumb && no_no_color(),
            signs: tty && !dumb && is_utf8(),
            live: tty && !dumb,
            asks: tty && stdin().is_terminal(),
            home: env::var("HOME").ok().filter(|h| h.len() > 1),
        };
        look.measure();
        look
    }

    /// Says whether errors are shown in colour.
    pub(crate) fn colour_on_stderr() -> bool {
        let dumb = env::var_os("TERM").is_none_or(|t| t == "dumb" || t.is_empty());
        stderr().is_terminal() && !dumb && no_no_color()
    }

    /// Looks again how large the terminal is. A file or a pipe stays 80 columns wide.
    pub(crate) fn measure(&mut self) {
        let Ok(size) = tcgetwinsize(stdout()) else { return };
        if size.ws_col > 0 && size.ws_row > 0 {
            (self.width, self.height) = (size.ws_col.into(), size.ws_row.into());
        }
    }

    /// Gives the columns to write in: lines that are too long are hard to follow.
    pub(crate) fn columns(&self) -> usize {
        self.width.min(100)
    }
}

fn no_no_color() -> bool {
    env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// Says whether the locale is one of UTF-8; one that is not set at all does not say otherwise.
fn is_utf8() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env::var(name).ok().filter(|v| !v.is_empty()));
    set.is_none_or(|v| v.to_ascii_lowercase().replace('-', "").contains("utf8"))
}

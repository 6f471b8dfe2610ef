//! The standard output, and the other one. That nobody reads them any more is no error.

use std::{
    fmt::Arguments,
    io::{Write, stderr, stdout},
};

use crate::{look::Look, render::line::Line};

/// Takes away what stands in the line that is written in.
pub(crate) const WIPE: &str = "\r\x1b[K";

/// Writes to the standard output until nobody reads it.
#[derive(Debug, Default)]
pub(crate) struct Out {
    closed: bool,
    /// Whether the line that is written in may hold what only says that something is being done.
    busy: bool,
}

impl Out {
    /// Writes over what may stand in the line already.
    pub(crate) fn over(busy: bool) -> Self {
        Self { closed: false, busy }
    }

    /// Writes a text as it is, at once.
    pub(crate) fn text(&mut self, text: &str) {
        if self.closed || text.is_empty() {
            return;
        }
        let mut to = stdout().lock();
        let wipe = if std::mem::take(&mut self.busy) { WIPE } else { "" };
        self.closed = to.write_all(wipe.as_bytes()).is_err();
        self.closed |= to.write_all(text.as_bytes()).and_then(|()| to.flush()).is_err();
    }

    /// Writes lines.
    pub(crate) fn lines(&mut self, lines: &[Line], look: &Look) {
        let mut text = String::new();
        for line in lines.iter().map(|line| line.write(look.ink)) {
            // A line of nothing says nothing.
            if !(look.spoken && line.is_empty()) {
                text.push_str(&line);
                text.push('\n');
            }
        }
        self.text(&text);
    }

    /// Says whether nobody reads it any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }
}

/// Writes a line for the person beside what is written, if there is anybody.
pub(crate) fn aside(line: Arguments<'_>) {
    _ = writeln!(stderr(), "{line}");
}

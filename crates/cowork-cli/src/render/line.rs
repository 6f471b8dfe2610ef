//! Lines made of pieces with roles; which colours the roles have is decided last.

use super::text::{shorten, width};

/// What a piece of text is for. One accent, and a colour each for done, waiting and failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Plain,
    Strong,
    Quiet,
    Accent,
    Done,
    Waiting,
    Failed,
}

/// One line on the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line(Vec<(Role, String)>);

impl Line {
    /// Begins a line with plain text.
    pub(crate) fn of(text: impl Into<String>) -> Self {
        Self::default().add(Role::Plain, text)
    }

    /// Begins a line with the margin that everything has.
    pub(crate) fn margin() -> Self {
        Self::of("  ")
    }

    /// Adds a piece.
    pub(crate) fn add(mut self, role: Role, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.0.push((role, text));
        }
        self
    }

    /// Adds a piece that ends at `columns`, if it fits with a space before it.
    pub(crate) fn right(self, role: Role, text: &str, columns: usize) -> Self {
        let gap = columns.saturating_sub(self.width() + width(text));
        if gap == 0 || text.is_empty() {
            return self;
        }
        self.add(Role::Plain, " ".repeat(gap)).add(role, text)
    }

    /// Fills up with spaces to `columns`.
    pub(crate) fn to(self, columns: usize) -> Self {
        let gap = columns.saturating_sub(self.width());
        self.add(Role::Plain, " ".repeat(gap))
    }

    /// Gives the columns it takes.
    pub(crate) fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| width(text)).sum()
    }

    /// Cuts it down to `columns`: the piece that passes them is shortened in its middle, the rest is left out.
    pub(crate) fn fit(self, columns: usize) -> Self {
        let mut room = columns;
        let mut kept = Vec::new();
        for (role, text) in self.0 {
            if room == 0 {
                break;
            }
            let text = shorten(&text, room).into_owned();
            room -= width(&text).min(room);
            kept.push((role, text));
        }
        Self(kept)
    }

    /// Writes it out, without blanks at its end.
    pub(crate) fn write(&self, colour: bool) -> String {
        let mut out = String::new();
        for (role, text) in &self.0 {
            match role.code().filter(|_| colour) {
                Some(code) => out.push_str(&format!("\x1b[{code}m{text}\x1b[0m")),
                None => out.push_str(text),
            }
        }
        out.truncate(out.trim_end().len());
        out
    }
}

impl Role {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Quiet => Some("2"),
            Self::Accent => Some("36"),
            Self::Done => Some("32"),
            Self::Waiting => Some("33"),
            Self::Failed => Some("31"),
        }
    }
}

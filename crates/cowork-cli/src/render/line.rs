//! Lines made of pieces with roles; which colours the roles have is decided last.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

use super::text::{shorten, width};
use crate::look::{Ink, Letters, Palette};

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
    pub(crate) fn write(&self, ink: Ink) -> String {
        let mut out = String::new();
        for (role, text) in &self.0 {
            let text = lettered(text, ink.letters);
            match role.code(ink.palette) {
                Some(code) => out.push_str(&format!("\x1b[{code}m{text}\x1b[0m")),
                None => out.push_str(&text),
            }
        }
        out.truncate(out.trim_end().len());
        if ink.letters == Letters::Spoken { uncolumned(&out) } else { out }
    }
}

/// Takes columns out of a line: what blanks keep apart to the eye a comma keeps apart to the ear.
fn uncolumned(line: &str) -> String {
    let pieces = line.split("  ").map(str::trim).filter(|piece| !piece.is_empty());
    pieces.fold(String::new(), |said, piece| match said.chars().last() {
        None => piece.to_owned(),
        Some(last) if last.is_ascii_punctuation() && last != '/' => format!("{said} {piece}"),
        Some(_) => format!("{said}, {piece}"),
    })
}

impl Role {
    fn code(self, palette: Palette) -> Option<&'static str> {
        match (self, palette) {
            (_, Palette::None) | (Self::Plain, _) => None,
            (Self::Strong, _) => Some("1"),
            (Self::Quiet, _) => Some("2"),
            (Self::Waiting | Self::Failed, Palette::Mono) => Some("1"),
            (Self::Accent | Self::Done, Palette::Mono) => None,
            (Self::Accent, Palette::Dark) => Some("36"),
            (Self::Accent, Palette::Light) => Some("34"),
            (Self::Done, _) => Some("32"),
            (Self::Waiting, Palette::Dark) => Some("33"),
            (Self::Waiting, Palette::Light) => Some("35"),
            (Self::Failed, _) => Some("31"),
        }
    }
}

fn lettered(text: &str, letters: Letters) -> Cow<'_, str> {
    if letters == Letters::All || text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let ascii = letters == Letters::Ascii;
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\0'..='\x7f' => out.push(c),
            '→' => out.push_str(if ascii { ">" } else { "to" }),
            // One column each: nothing beside it moves.
            '…' => out.push_str(if ascii { "~" } else { "..." }),
            '–' | '—' => out.push('-'),
            '“' | '”' => out.push('"'),
            '‘' | '’' => out.push('\''),
            '·' => out.push(','),
            c if ascii => out.extend(std::iter::repeat_n('?', c.width().unwrap_or(0))),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_can_not_be_shown_leave_the_columns_as_they_are() {
        let line = Line::of("Straße – 図.pdf → …").add(Role::Done, " “done”");
        let write = |letters| line.write(Ink { palette: Palette::None, letters });
        assert_eq!(write(Letters::All), "Straße – 図.pdf → … “done”");
        assert_eq!(write(Letters::Ascii), "Stra?e - ??.pdf > ~ \"done\"");
        assert_eq!(write(Letters::Spoken), "Straße - 図.pdf to ... \"done\"");
        assert_eq!(width(&write(Letters::Ascii)), line.width());
        let columns = Line::of("  Undo:     cowork undo   Images/   12  done");
        let spoken = Ink { palette: Palette::None, letters: Letters::Spoken };
        assert_eq!(columns.write(spoken), "Undo: cowork undo, Images/, 12, done");
    }
}

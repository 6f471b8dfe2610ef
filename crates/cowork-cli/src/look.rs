//! What the terminal, or whatever stands in its place, can show.

use std::{
    env,
    io::{IsTerminal, stderr, stdin, stdout},
};

use terminal_size::{Height, Width, terminal_size_of};

/// What can be shown, and how large.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// Columns.
    pub(crate) width: usize,
    /// Rows.
    pub(crate) height: usize,
    /// Which colours and letters are written.
    pub(crate) ink: Ink,
    /// Whether signs beyond ASCII are used for marks and bars.
    pub(crate) signs: bool,
    /// Whether what was written can be drawn over.
    pub(crate) live: bool,
    /// Whether it is read out: sentences instead of marks, bars and columns.
    pub(crate) spoken: bool,
    /// Whether somebody can be asked.
    pub(crate) asks: bool,
    /// Whether it is about one command that was typed: an answer holds for this once, and to stop is to end it.
    pub(crate) once: bool,
    /// The home folder, to be written `~`.
    pub(crate) home: Option<String>,
}

/// With what a line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ink {
    pub(crate) palette: Palette,
    pub(crate) letters: Letters,
}

/// The colours. They are the terminal's own, which its owner can read: 16 are enough, however many more it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Palette {
    /// No escape is written at all.
    #[default]
    None,
    /// Bold and faint only.
    Mono,
    /// On a background that is dark, or not known.
    Dark,
    /// On a light background, where yellow and cyan can't be read.
    Light,
}

/// The letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Letters {
    #[default]
    All,
    /// Those of ASCII: an arrow is a `>`, and what has no like a `?`, as `ls` writes it.
    Ascii,
    /// Signs are said in words.
    Spoken,
}

/// What an environment variable holds, unless that is nothing.
type Set<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Look {
    /// Looks at the standard output and the environment.
    pub(crate) fn of_stdout() -> Self {
        // A console of Windows obeys escapes once it is told to; one that never does is as dumb as a printer.
        let obeys = anstyle_query::windows::enable_ansi_colors() != Some(false);
        let mut look = Self::of(&set, stdout().is_terminal(), stdin().is_terminal(), obeys);
        look.measure();
        look
    }

    /// Gives the ink for errors.
    pub(crate) fn ink_on_stderr() -> Ink {
        let obeys = anstyle_query::windows::enable_ansi_colors() != Some(false);
        Self::of(&set, stderr().is_terminal(), false, obeys).ink
    }

    /// Gives the columns that an error is written in: eighty at most, wherever it goes.
    pub(crate) fn columns_of_stderr() -> usize {
        terminal_size_of(stderr()).map_or(80, |(Width(columns), _)| usize::from(columns).clamp(20, 80))
    }

    fn of(set: Set<'_>, tty: bool, input: bool, obeys: bool) -> Self {
        // Windows sets no TERM.
        let dumb = !obeys || set("TERM").map_or(!cfg!(windows), |t| t == "dumb");
        let spoken = ["COWORK_SCREEN_READER", "ACCESSIBLE"].iter().any(|name| set(name).is_some_and(|v| is_yes(&v)));
        let utf8 = is_utf8(set);
        let letters = match (spoken, tty && !utf8) {
            (true, _) => Letters::Spoken,
            (_, true) => Letters::Ascii,
            _ => Letters::All,
        };
        let palette = if spoken { Palette::None } else { palette(set, tty && !dumb) };
        Self {
            once: false,
            width: 80,
            height: 24,
            ink: Ink { palette, letters },
            signs: tty && !dumb && utf8 && !spoken,
            live: tty && !dumb && !spoken,
            spoken,
            asks: tty && input,
            home: set("HOME").filter(|h| h.len() > 1),
        }
    }

    /// Looks again how large the terminal is. A file or a pipe stays 80 columns wide.
    pub(crate) fn measure(&mut self) {
        let Some((Width(columns), Height(rows))) = terminal_size_of(stdout()) else { return };
        if columns > 0 && rows > 0 {
            (self.width, self.height) = (columns.into(), rows.into());
        }
    }

    /// Gives the columns to write in: lines that are too long are hard to follow.
    pub(crate) fn columns(&self) -> usize {
        self.width.min(100)
    }

    /// Gives the columns of a table, which may be as wide as the terminal. In a pipe nothing is cut off.
    pub(crate) fn table(&self) -> usize {
        if self.live { self.width.saturating_sub(1) } else { 400 }
    }
}

fn set(name: &str) -> Option<String> {
    env::var_os(name).map(|v| v.to_string_lossy().into_owned()).filter(|v| !v.is_empty())
}

/// Says whether a variable that is set switches something on.
fn is_yes(value: &str) -> bool {
    !matches!(value.to_ascii_lowercase().as_str(), "0" | "false" | "no" | "off")
}

/// Chooses colours as <https://no-color.org> and <https://bixense.com/clicolors> say.
fn palette(set: Set<'_>, obeys: bool) -> Palette {
    let forced = set("CLICOLOR_FORCE").is_some_and(|v| v != "0");
    let off = set("NO_COLOR").is_some() || (!forced && set("CLICOLOR").is_some_and(|v| v == "0"));
    if off || !(obeys || forced) {
        return Palette::None;
    }
    let term = set("TERM").unwrap_or_default();
    let mono = term.ends_with("-m") || term.ends_with("-mono") || term.starts_with("vt1") || term.starts_with("vt2");
    if mono && set("COLORTERM").is_none() && !forced {
        return Palette::Mono;
    }
    // `foreground;background`, or with something in between, as numbers of the palette.
    let background = set("COLORFGBG").and_then(|v| v.rsplit(';').next().and_then(|b| b.parse::<u8>().ok()));
    if background.is_some_and(|b| b == 7 || (9..=15).contains(&b)) { Palette::Light } else { Palette::Dark }
}

/// Says whether the locale is one of UTF-8; one that is not set at all does not say otherwise.
fn is_utf8(set: Set<'_>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| set(name));
    locale.is_none_or(|v| v.to_ascii_lowercase().replace('-', "").contains("utf8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(tty: bool, environment: &[(&str, &str)]) -> Look {
        let set = |name: &str| environment.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        Look::of(&set, tty, tty, true)
    }

    #[test]
    fn colours_are_what_the_terminal_has_and_its_owner_wants() {
        let palette = |tty, environment: &[(&str, &str)]| look(tty, environment).ink.palette;
        let xterm = ("TERM", "xterm-256color");
        assert_eq!(palette(true, &[xterm]), Palette::Dark);
        assert_eq!(palette(true, &[("TERM", "linux")]), Palette::Dark);
        assert_eq!(palette(true, &[xterm, ("COLORTERM", "truecolor"), ("COLORFGBG", "0;15")]), Palette::Light);
        assert_eq!(palette(true, &[xterm, ("COLORFGBG", "15;default;0")]), Palette::Dark);
        assert_eq!(palette(true, &[("TERM", "vt220")]), Palette::Mono);
        assert_eq!(palette(true, &[("TERM", "dumb")]), Palette::None);
        assert_eq!(palette(true, &[]), Palette::None);
        assert_eq!(palette(false, &[xterm]), Palette::None);
        assert_eq!(palette(false, &[("CLICOLOR_FORCE", "1")]), Palette::Dark);
        assert_eq!(palette(false, &[xterm, ("CLICOLOR_FORCE", "0")]), Palette::None);
        assert_eq!(palette(true, &[xterm, ("CLICOLOR", "0")]), Palette::None);
        assert_eq!(palette(true, &[xterm, ("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]), Palette::None);
    }

    #[test]
    fn signs_and_redrawing_are_for_terminals_that_can_show_them() {
        let xterm = ("TERM", "xterm");
        let shown = |tty, environment: &[(&str, &str)]| {
            let look = look(tty, environment);
            (look.signs, look.live, look.ink.letters)
        };
        assert_eq!(shown(true, &[xterm, ("LANG", "en_GB.UTF-8")]), (true, true, Letters::All));
        assert_eq!(shown(true, &[xterm, ("LANG", "de_DE.ISO-8859-1")]), (false, true, Letters::Ascii));
        assert_eq!(shown(true, &[xterm, ("LC_ALL", "C"), ("LANG", "C.UTF-8")]), (false, true, Letters::Ascii));
        assert_eq!(shown(true, &[("TERM", "dumb")]), (false, false, Letters::All));
        assert_eq!(shown(false, &[("LC_ALL", "C")]), (false, false, Letters::All));
        assert_eq!(shown(true, &[xterm, ("COWORK_SCREEN_READER", "1")]), (false, false, Letters::Spoken));
        assert_eq!(shown(true, &[xterm, ("ACCESSIBLE", "0")]), (true, true, Letters::All));
        assert!(look(true, &[xterm, ("ACCESSIBLE", "1")]).asks, "what is read out can be answered");
    }
}

//! Descriptions: from Rust's documentation to text that any language can render.

use super::{Model, Target};

/// A space at which no line is broken.
pub(crate) const FIXED: char = '\u{a0}';

/// A description: paragraphs and lists, each one line.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Prose(pub(crate) Vec<Vec<Piece>>);

/// A part of a line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    Text(String),
    /// A link into Rust's documentation, by the parts of its path without the crate.
    Link(Vec<String>),
}

impl Prose {
    /// Reads a description as Rust's documentation has it.
    pub(crate) fn read(text: &str) -> Self {
        let mut lines: Vec<String> = Vec::new();
        let mut is_open = false;
        for line in text.lines().map(str::trim) {
            let begins = line.is_empty() || line.starts_with("- ") || !is_open;
            match lines.last_mut() {
                Some(last) if !begins => {
                    last.push(' ');
                    last.push_str(line);
                }
                _ if line.is_empty() => {}
                _ => lines.push(line.to_owned()),
            }
            is_open = !line.is_empty();
        }
        Self(lines.iter().map(|line| pieces(line)).collect())
    }

    /// Says whether there is nothing to say.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a line.
    pub(crate) fn with(&self, line: String) -> Self {
        let mut lines = self.0.clone();
        lines.push(vec![Piece::Text(line)]);
        Self(lines)
    }

    /// Gives it as one line that begins with a label.
    pub(crate) fn labelled(&self, label: &str) -> Vec<Piece> {
        let mut line = vec![Piece::Text(label.to_owned())];
        for paragraph in &self.0 {
            if line.len() > 1 {
                line.push(Piece::Text(" ".to_owned()));
            }
            line.extend(paragraph.iter().cloned());
        }
        line
    }

    /// Gives its lines, no longer than `width` where they can be broken, with an empty one between paragraphs.
    pub(crate) fn lines(&self, model: &Model, width: usize, link: impl Fn(&Target) -> String) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for paragraph in &self.0 {
            let whole: String = paragraph
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text.clone(),
                    Piece::Link(path) => link(&model.target(path)).replace(' ', &FIXED.to_string()),
                })
                .collect();
            let is_item = begins_item(&whole);
            let follows_item = is_item && lines.last().is_some_and(|last| begins_item(last) || last.starts_with("  "));
            if !lines.is_empty() && !follows_item {
                lines.push(String::new());
            }
            lines.extend(wrapped(&whole, width, if is_item { "  " } else { "" }));
        }
        lines
    }
}

/// Says whether a line begins an item of a list, or says something by a tag.
fn begins_item(line: &str) -> bool {
    line.starts_with("- ") || line.starts_with('@')
}

/// Takes links out of a line: `` [`crate::Submit::allow`] ``, and the same with an address behind.
fn pieces(line: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("[`") {
        let Some((name, behind)) = after.split_once("`]") else { break };
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        let address = behind.strip_prefix('(').and_then(|behind| behind.split_once(')'));
        let (path, behind) = address.unwrap_or((name, behind));
        pieces.push(Piece::Link(parts(path)));
        rest = behind;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    pieces
}

/// `crate::path::Submit::allow` to `Submit`, `allow`: modules are Rust's own, but what is in one alone keeps it.
fn parts(path: &str) -> Vec<String> {
    let parts: Vec<&str> =
        path.split("::").filter(|part| !["crate", "cowork_core", "cowork", "super"].contains(part)).collect();
    let is_type = |part: &&str| part.starts_with(char::is_uppercase);
    let from = parts.iter().position(is_type).unwrap_or(0);
    parts[from..].iter().map(ToString::to_string).collect()
}

/// Breaks a line at spaces; those after the first begin with `indent`.
fn wrapped(line: &str, width: usize, indent: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in line.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(last) if last.chars().count() + 1 + word.chars().count() <= width => {
                last.push(' ');
                last.push_str(word);
            }
            Some(_) => lines.push(format!("{indent}{word}")),
            None => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| line.replace(FIXED, " ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(path: &[&str]) -> Piece {
        Piece::Link(path.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn links_are_taken_out_by_what_they_lead_to() {
        let table: [(&str, &[&str]); 6] = [
            ("[`AllowRule`]", &["AllowRule"]),
            ("[`crate::Submit::allow`]", &["Submit", "allow"]),
            ("[`Effects::note`](crate::Effects::note)", &["Effects", "note"]),
            ("[`held`](crate::tool::Tool::held)", &["Tool", "held"]),
            ("[`crate::path::escape`]", &["path", "escape"]),
            ("[`cowork_core::Mode::Ask`]", &["Mode", "Ask"]),
        ];
        for (text, path) in table {
            assert_eq!(pieces(text), [link(path)], "{text}");
        }
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(
            pieces("See [`A`], then [`B`]."),
            [text("See "), link(&["A"]), text(", then "), link(&["B"]), text(".")]
        );
        assert_eq!(pieces("`a[0]` and [x]"), [text("`a[0]` and [x]")]);
    }

    #[test]
    fn lines_flow_within_a_paragraph_and_lists_stay_lists() {
        let prose = Prose::read("One\ntwo.\n\nThree:\n- a\n  b\n- c\n\nFour.");
        let model = Model { types: [].into(), operations: Vec::new(), errors: Vec::new() };
        let lines = prose.lines(&model, 80, |_| String::new());
        assert_eq!(lines, ["One two.", "", "Three:", "", "- a b", "- c", "", "Four."]);
    }

    #[test]
    fn a_line_is_broken_between_words_and_a_link_is_one() {
        let prose = Prose::read("a bb [`C`] dd");
        let model = Model { types: [].into(), operations: Vec::new(), errors: Vec::new() };
        assert_eq!(prose.lines(&model, 8, |_| "{@link C}".to_owned()), ["a bb", "{@link C}", "dd"]);
    }
}

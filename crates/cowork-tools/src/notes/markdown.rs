//! Markdown and plain text by lines: what is a heading, a to-do, code; what stands before the text.

use std::collections::HashMap;

/// A line of a text.
#[derive(Debug, PartialEq)]
pub(super) enum Line<'t> {
    /// A heading; its level as written.
    Heading { level: usize, text: &'t str },
    /// Any other line.
    Text(&'t str),
    /// A line of code, or one that encloses code.
    Code(&'t str),
}

/// A text taken apart.
#[derive(Debug, Default)]
pub(super) struct Parsed<'t> {
    /// What it is called: by what stands before it, or by the heading that it begins with.
    pub(super) title: Option<&'t str>,
    /// The level of the heading that gave it its title, which is not among its lines any more.
    pub(super) headed: Option<usize>,
    /// The date that stands before it.
    pub(super) date: Option<&'t str>,
    /// Its lines, each with its number.
    pub(super) lines: Vec<(u64, Line<'t>)>,
}

/// Takes a text apart.
pub(super) fn parse(text: &str, is_markdown: bool) -> Parsed<'_> {
    let all: Vec<&str> = text.lines().collect();
    let mut parsed = Parsed::default();
    let begin = if is_markdown { front_matter(&all, &mut parsed) } else { 0 };
    let mut fence: Option<&str> = None;
    let mut at = begin;
    while at < all.len() {
        let (line, number) = (all[at], at as u64 + 1);
        at += 1;
        let bare = line.trim_start();
        let is_fence = is_markdown && (bare.starts_with("```") || bare.starts_with("~~~"));
        let parsed_line = match fence {
            Some(mark) => {
                if is_fence && bare.starts_with(mark) && bare.trim_start_matches(['`', '~']).trim().is_empty() {
                    fence = None;
                }
                Line::Code(line)
            }
            None if is_fence => {
                let run = bare.len() - bare.trim_start_matches(&bare[..1]).len();
                fence = Some(&bare[..run]);
                Line::Code(line)
            }
            None => match heading(line).filter(|_| is_markdown) {
                Some((level, text)) => Line::Heading { level, text },
                None => match all.get(at).and_then(|next| underlined(line, next)).filter(|_| is_markdown) {
                    Some(level) => {
                        at += 1;
                        Line::Heading { level, text: line.trim() }
                    }
                    None => Line::Text(line),
                },
            },
        };
        parsed.lines.push((number, parsed_line));
    }
    // What a text leaves open would make code of all that comes behind it.
    parsed.lines.extend(fence.map(|mark| (all.len() as u64, Line::Code(mark))));
    take_title(&mut parsed);
    parsed
}

/// Reads what stands before a text between two lines of `---`, and gives where the text begins.
fn front_matter<'t>(all: &[&'t str], parsed: &mut Parsed<'t>) -> usize {
    if all.first().is_none_or(|line| line.trim_end() != "---") {
        return 0;
    }
    let ends = |line: &&str| matches!(line.trim_end(), "---" | "...");
    let Some(end) = all.iter().skip(1).take(500).position(ends) else { return 0 };
    for line in &all[1..=end] {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim().trim_matches(['"', '\'']);
        match name.trim_end() {
            "title" if !value.is_empty() => parsed.title = Some(value),
            "date" if !value.is_empty() => parsed.date = Some(value),
            _ => {}
        }
    }
    end + 2
}

/// Takes the heading that a text begins with for its title, if it has none, or the same.
fn take_title(parsed: &mut Parsed<'_>) {
    let first = parsed.lines.iter().position(|(_, line)| !matches!(line, Line::Text(t) if t.trim().is_empty()));
    let Some((_, Line::Heading { level, text })) = first.map(|at| &parsed.lines[at]) else { return };
    let (level, text) = (*level, *text);
    if !text.is_empty() && parsed.title.is_none_or(|title| plain(title) == plain(text)) {
        parsed.title = Some(text);
        parsed.headed = Some(level);
        parsed.lines.drain(..=first.unwrap_or(0));
    }
}

/// Reads a heading such as `## Plans`.
fn heading(line: &str) -> Option<(usize, &str)> {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let line = line.trim();
    let level = line.bytes().take_while(|b| *b == b'#').count();
    let rest = &line[level..];
    if !(1..=6).contains(&level) || indent > 3 || !(rest.is_empty() || rest.starts_with([' ', '\t'])) {
        return None;
    }
    let text = rest.trim();
    let open = text.trim_end_matches('#');
    let text = if open.is_empty() || open.ends_with([' ', '\t']) { open.trim_end() } else { text };
    Some((level, text))
}

/// Says what level of heading the line below makes of a line.
fn underlined(line: &str, next: &str) -> Option<usize> {
    let special = ["-", "*", "+", ">", "#", "|", "    ", "\t", "<"];
    if line.trim().is_empty() || special.iter().any(|s| line.starts_with(s)) {
        return None;
    }
    let next = next.trim_end();
    let all = |c: char| next.len() >= 2 && next.chars().all(|n| n == c);
    if all('=') { Some(1) } else { all('-').then_some(2) }
}

/// Gives what is open to do in a line: `- [ ] …`, `TODO: …`.
pub(super) fn todo(line: &str) -> Option<&str> {
    let bare = line.trim().trim_start_matches(['>', ' ']);
    let item = bare.strip_prefix(['-', '*', '+']).or_else(|| {
        let digits = bare.len() - bare.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        bare.get(digits..).filter(|_| digits > 0)?.strip_prefix(['.', ')'])
    });
    if let Some(text) = item.and_then(|i| i.trim_start().strip_prefix("[ ]")) {
        return Some(text.trim()).filter(|t| !t.is_empty());
    }
    let (before, text) = bare.split_once("TODO:")?;
    let stands_alone = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '`');
    Some(text.trim()).filter(|t| stands_alone && !t.is_empty())
}

/// Gives the text of a heading as it is seen: without links and marks.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some((inner, after)) = rest.strip_prefix("[[").and_then(|r| r.split_once("]]")) {
            out.push_str(inner.rsplit_once('|').map_or(inner, |(_, alias)| alias));
            rest = after;
        } else if let Some((inner, after)) = rest.strip_prefix('[').and_then(|r| r.split_once("](")) {
            out.push_str(&plain(inner));
            rest = after.split_once(')').map_or("", |(_, after)| after);
        } else {
            let is_mark = matches!(c, '`' | '*') || (c == '!' && rest[1..].starts_with('['));
            if !is_mark {
                out.push(c);
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    out.trim().to_owned()
}

/// The anchors of a document, as GitHub makes them of headings.
#[derive(Default)]
pub(super) struct Anchors(HashMap<String, usize>);

impl Anchors {
    /// Gives the anchor of the next heading.
    pub(super) fn add(&mut self, base: &str) -> String {
        let mut anchor = base.to_owned();
        while self.0.contains_key(&anchor) {
            let number = self.0.entry(base.to_owned()).or_default();
            *number += 1;
            anchor = format!("{base}-{number}");
        }
        self.0.insert(anchor.clone(), 0);
        anchor
    }
}

/// Gives what an anchor is made of: small letters, digits, `-` and `_`.
pub(super) fn slug(text: &str) -> String {
    let kept = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    plain(text).to_lowercase().chars().filter(|c| kept(*c)).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::{Anchors, Line, parse, plain, slug, todo};

    #[test]
    fn anchors_are_those_of_github() {
        for (heading, expected) in [
            ("Hello, World!", "hello-world"),
            ("C++ & `Rust`", "c--rust"),
            ("Über *uns*", "über-uns"),
            ("[Link](to.md) here", "link-here"),
            ("snake_case - dash", "snake_case---dash"),
            ("日本語 1.2", "日本語-12"),
        ] {
            assert_eq!(slug(heading), expected, "{heading}");
        }
        let mut anchors = Anchors::default();
        let given: Vec<String> = ["a", "a", "a-1", "a"].map(|base| anchors.add(base)).into();
        assert_eq!(given, ["a", "a-1", "a-1-1", "a-2"]);
        assert_eq!(plain("![pic](x.png) [[Note|seen]] **bold**"), "pic seen bold");
    }

    #[test]
    fn headings_code_and_what_stands_before_are_told_apart() {
        let text = "---\ntitle: \"Plans\"\ndate: 2026-03-01\n---\n\n# Plans #\nUnder\n-----\n```py\n# no heading\n```\n#tag\nTitle\n===\n";
        let parsed = parse(text, true);
        assert_eq!((parsed.title, parsed.headed, parsed.date), (Some("Plans"), Some(1), Some("2026-03-01")));
        let lines: Vec<(u64, Line<'_>)> = parsed.lines;
        assert_eq!(
            lines,
            [
                (7, Line::Heading { level: 2, text: "Under" }),
                (9, Line::Code("```py")),
                (10, Line::Code("# no heading")),
                (11, Line::Code("```")),
                (12, Line::Text("#tag")),
                (13, Line::Heading { level: 1, text: "Title" }),
            ]
        );
        let open: Vec<Line<'_>> = parse("````\n```\ncode\n", true).lines.into_iter().map(|(_, line)| line).collect();
        assert_eq!(open, ["````", "```", "code", "````"].map(Line::Code), "what is open is closed");
        assert_eq!(parse("---\nnot closed\n", true).lines.len(), 2);
        assert_eq!(parse("# x\n", false).title, None, "a plain text has no headings");
    }

    #[test]
    fn what_is_open_to_do_is_found() {
        for (line, expected) in [
            ("- [ ] call Ann", Some("call Ann")),
            ("  * [ ] nested", Some("nested")),
            ("1. [ ] first", Some("first")),
            ("- [x] done", None),
            ("see TODO: write it", Some("write it")),
            ("NOTODO: no", None),
            ("`TODO:` is a mark", None),
            ("- [ ]", None),
            ("todo list", None),
        ] {
            assert_eq!(todo(line), expected, "{line}");
        }
    }
}

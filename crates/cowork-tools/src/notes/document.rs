//! The document that texts are joined into.

use std::{
    collections::HashMap,
    io::{self, Write},
};

use cowork_core::{Entry, Error, FilePath, Kind, Reader, Result, Watch};
use encoding_rs::Encoding;

use super::{
    OP,
    links::Places,
    markdown::{Anchors, Line, Parsed, parse, plain, slug, todo},
};
use crate::{
    reading::is_left_out,
    show::stopped,
    whole_text::{WholeText, encoding_of_all},
};

/// A longer text is left out: it would have to be held whole.
const LONGEST: usize = 16 * 1024 * 1024;
/// What is known of all texts together, in bytes, is at most this.
const ROOM: usize = 256 * 1024 * 1024;
/// The level of the heading that a text is put under.
const LEVEL: usize = 2;

/// What is known of texts.
pub(super) struct Texts {
    all: Vec<Text>,
    /// Files that are left out, and why.
    pub(super) left: Vec<(FilePath, String)>,
}

/// What is known of a text.
struct Text {
    entry: Entry,
    encoding: &'static Encoding,
    title: String,
    /// Its date, and whether it is only when the file was changed.
    date: String,
    changed: bool,
    words: u64,
    /// The headings in it, and whether the first of them became its title.
    headings: Vec<String>,
    headed: bool,
    todos: Vec<(u64, String)>,
}

impl Texts {
    /// Reads texts, to know what is in them.
    pub(super) fn of(sources: &[FilePath], files: &dyn Reader, watch: &Watch) -> Result<Self> {
        let (mut texts, mut room) = (Self { all: Vec::new(), left: Vec::new() }, ROOM);
        for (index, path) in sources.iter().enumerate() {
            if watch.cancel.is_cancelled() {
                return Err(stopped(OP));
            }
            (watch.progress)(index as u64, sources.len() as u64, path.as_str());
            match look(path, files, watch) {
                Ok(Ok(text)) => {
                    let words =
                        text.headings.iter().chain(text.todos.iter().map(|(_, t)| t)).map(|t| t.len() * 3 + 100);
                    let bytes = words.sum::<usize>() + text.title.len() + path.as_str().len() * 3 + 500;
                    room = room.checked_sub(bytes).ok_or_else(|| {
                        let why = "what is to be known of these texts needs more than 256 MB of memory";
                        Error::new(Kind::LimitExceeded, OP, why).with_fix("join fewer at a time")
                    })?;
                    texts.all.push(text);
                }
                Ok(Err(why)) => texts.left.push((path.clone(), why.to_owned())),
                Err(e) if is_left_out(&e) => {
                    texts.left.push((path.clone(), e.message));
                }
                Err(e) => return Err(e),
            }
        }
        Ok(texts)
    }

    /// Puts them in the order of their paths.
    pub(super) fn by_name(&mut self) {
        self.all.sort_by_cached_key(|t| natural(t.entry.path.as_str()));
    }

    /// Puts them in the order of their dates, those of one day by path.
    pub(super) fn by_date(&mut self) {
        self.all.sort_by_cached_key(|t| (t.date.clone(), natural(t.entry.path.as_str())));
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn words(&self) -> u64 {
        self.all.iter().map(|t| t.words).sum()
    }

    pub(super) fn todos(&self) -> usize {
        self.all.iter().map(|t| t.todos.len()).sum()
    }

    /// Gives what is open to do: in which text, in which line, what.
    pub(super) fn each_todo(&self) -> impl Iterator<Item = (&FilePath, u64, &str)> {
        self.all.iter().flat_map(|t| t.todos.iter().map(|(line, text)| (&t.entry.path, *line, text.as_str())))
    }
}

/// Reads a text; says why if it is left out.
fn look(path: &FilePath, files: &dyn Reader, watch: &Watch) -> Result<std::result::Result<Text, &'static str>> {
    let file = files.open(path)?;
    let entry = file.entry();
    if entry.placeholder {
        return Ok(Err("its content is not on this disk"));
    }
    if entry.size > LONGEST as u64 {
        return Ok(Err("it is larger than 16 MB"));
    }
    let Some(encoding) = encoding_of_all(OP, &*file, watch)? else { return Ok(Err("it is not text")) };
    let Some(text) = WholeText::new(OP, &*file, encoding, watch).all(LONGEST * 2)? else {
        return Ok(Err("it is larger than 16 MB"));
    };
    if text.trim().is_empty() {
        return Ok(Err("it is empty"));
    }
    let name = path.name();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let parsed = parse(&text, is_markdown(path));
    let named = parsed.title.map(plain).filter(|t| !t.is_empty());
    let heading = |line: &Line<'_>| if let Line::Heading { text, .. } = line { Some(plain(text)) } else { None };
    let found = |(number, line): &(u64, Line<'_>)| match line {
        Line::Text(text) | Line::Heading { text, .. } => todo(text).map(|t| (*number, t.to_owned())),
        Line::Code(_) => None,
    };
    let written = parsed.date.and_then(day).or_else(|| day(stem));
    let (date, changed) = match day(stem).or(written) {
        Some(date) => (date, false),
        None => (modified(entry.modified), true),
    };
    Ok(Ok(Text {
        title: named.unwrap_or_else(|| stem.replace('_', " ").trim().to_owned()),
        date,
        changed,
        words: text.split_whitespace().count() as u64,
        headings: parsed.lines.iter().filter_map(|(_, line)| heading(line)).collect(),
        headed: parsed.headed.is_some(),
        todos: parsed.lines.iter().filter_map(found).collect(),
        entry,
        encoding,
    }))
}

fn is_markdown(path: &FilePath) -> bool {
    let name = path.name().to_lowercase();
    [".md", ".markdown", ".mdown", ".mkd"].iter().any(|end| name.ends_with(end))
}

/// Finds a day in a name: `2026-03-01`, `2026_03_01`, `20260301`.
fn day(text: &str) -> Option<String> {
    let digits: Vec<(usize, char)> = text.char_indices().filter(|(_, c)| c.is_ascii_digit()).collect();
    for eight in digits.windows(8) {
        let (from, to) = (eight[0].0, eight[7].0 + 1);
        let piece = &text[from..to];
        let alone = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_digit());
        let even = match piece.len() {
            8 => true,
            10 => [4, 7].iter().all(|at| matches!(piece.as_bytes()[*at], b'-' | b'_' | b'.' | b' ')),
            _ => false,
        };
        if even && alone(text[..from].chars().next_back()) && alone(text[to..].chars().next()) {
            let number: String = eight.iter().map(|(_, c)| c).collect();
            let part = |range: std::ops::Range<usize>| number.get(range)?.parse::<i16>().ok();
            let small = |range| part(range).and_then(|n| i8::try_from(n).ok());
            let date = part(0..4).zip(small(4..6)).zip(small(6..8));
            let date = date.and_then(|((y, m), d)| jiff::civil::Date::new(y, m, d).ok());
            if let Some(date) = date.filter(|d| (1900..2200).contains(&d.year())) {
                return Some(date.to_string());
            }
        }
    }
    None
}

fn modified(millis: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(millis).unwrap_or_default();
    at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// Gives that by which names are in order: numbers in them count as numbers.
fn natural(name: &str) -> Vec<(u128, String)> {
    let mut key = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let after = &rest[digits..];
        let text = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        key.push((rest[..digits].parse().unwrap_or(0), after[..text].to_lowercase()));
        rest = &after[text..];
    }
    key.push((0, name.to_owned()));
    key
}

/// A document of texts.
pub(super) struct Document {
    title: String,
    texts: Texts,
    places: Places,
    whole: bool,
}

impl Document {
    /// Lays it out; only what is open to do is in it if it is not `whole`.
    pub(super) fn new(title: &str, folder: &FilePath, texts: Texts, whole: bool) -> Self {
        let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut anchors = Anchors::default();
        anchors.add(&slug(&title));
        if whole {
            anchors.add("contents");
        }
        if whole && texts.todos() > 0 {
            anchors.add("open-to-dos");
        }
        let mut places = Places::new(folder.as_str());
        for text in texts.all.iter().filter(|_| whole) {
            let anchor = anchors.add(&slug(&text.title));
            let (mut own, mut headings) = (Anchors::default(), HashMap::new());
            if text.headed {
                headings.insert(own.add(&slug(&text.title)), anchor.clone());
            }
            for heading in &text.headings {
                let base = slug(heading);
                headings.insert(own.add(&base), anchors.add(&base));
            }
            places.add(text.entry.path.as_str(), anchor, headings);
        }
        Self { title, texts, places, whole }
    }

    pub(super) fn texts(&self) -> &Texts {
        &self.texts
    }

    /// Writes it, and gives how many links were mended.
    pub(super) fn write(&self, files: &dyn Reader, to: &mut dyn Write, watch: &Watch) -> Result<u64> {
        let mut to = io::BufWriter::with_capacity(256 * 1024, to);
        let mut mended = 0;
        self.begin(&mut to).map_err(unwritten)?;
        if self.whole {
            let total = self.texts.len() as u64;
            for (at, text) in self.texts.all.iter().enumerate() {
                if watch.cancel.is_cancelled() {
                    return Err(stopped(OP));
                }
                (watch.progress)(at as u64, total, text.entry.path.as_str());
                let whole = read(text, files, watch)?;
                let parsed = parse(&whole, is_markdown(&text.entry.path));
                self.text(text, &parsed, &mut to, &mut mended).map_err(unwritten)?;
            }
        }
        to.flush().map_err(unwritten)?;
        Ok(mended)
    }

    /// Writes the title, the contents and what is open to do.
    fn begin(&self, to: &mut dyn Write) -> io::Result<()> {
        writeln!(to, "# {}\n", self.title)?;
        if self.whole {
            writeln!(to, "## Contents\n")?;
            for (at, text) in self.texts.all.iter().enumerate() {
                writeln!(to, "- [{}](#{})", bracketed(&text.title), self.places.anchor(at))?;
            }
            writeln!(to)?;
            if self.texts.todos() > 0 {
                writeln!(to, "## Open to-dos\n")?;
            }
        }
        for (at, text) in self.texts.all.iter().enumerate() {
            let path = text.entry.path.as_str();
            for (line, what) in &text.todos {
                if self.whole {
                    let what = self.places.mend(what, path, &mut 0);
                    writeln!(
                        to,
                        "- [ ] {what} ([{}](#{}), line {line})",
                        bracketed(&text.title),
                        self.places.anchor(at)
                    )?;
                } else {
                    writeln!(to, "- [ ] {what} (`{path}:{line}`)")?;
                }
            }
        }
        if self.texts.todos() > 0 && self.whole {
            writeln!(to)?;
        }
        Ok(())
    }

    fn text(&self, text: &Text, parsed: &Parsed<'_>, to: &mut dyn Write, mended: &mut u64) -> io::Result<()> {
        let path = text.entry.path.as_str();
        let changed = if text.changed { "changed " } else { "" };
        writeln!(to, "{} {}\n\n*Source: `{path}`, {changed}{}*\n", "#".repeat(LEVEL), text.title, text.date)?;
        let markdown = is_markdown(&text.entry.path);
        let level_of =
            |(_, line): &(u64, Line<'_>)| if let Line::Heading { level, .. } = line { Some(*level) } else { None };
        let top = parsed.lines.iter().filter_map(level_of).min().unwrap_or(1);
        let mut blank = true;
        for (at, (_, line)) in parsed.lines.iter().enumerate() {
            let is_blank = matches!(line, Line::Text(t) if t.trim().is_empty());
            if is_blank && blank {
                continue;
            }
            match line {
                Line::Heading { level, text } => {
                    let level = (level + LEVEL + 1 - top).min(6);
                    if !blank {
                        writeln!(to)?;
                    }
                    writeln!(to, "{} {}", "#".repeat(level), self.places.mend(text, path, mended))?;
                }
                Line::Code(line) => writeln!(to, "{line}")?,
                Line::Text(line) if markdown => writeln!(to, "{}", self.places.mend(line, path, mended))?,
                Line::Text(line) => {
                    let next = parsed
                        .lines
                        .get(at + 1)
                        .is_some_and(|(_, l)| matches!(l, Line::Text(t) if !t.trim().is_empty()));
                    writeln!(to, "{}{}", as_markdown(line), if next && !is_blank { "  " } else { "" })?;
                }
            }
            blank = is_blank;
        }
        if blank { Ok(()) } else { writeln!(to) }
    }
}

/// Reads a text again, and makes sure that it is the one that was looked at.
fn read(text: &Text, files: &dyn Reader, watch: &Watch) -> Result<String> {
    let path = &text.entry.path;
    let changed = || {
        let why = format!("`{path}` was changed or went away while it was being read");
        Error::new(Kind::Conflict, OP, why).with("path", path.as_str()).with_fix("try again")
    };
    let file = files.open(path).map_err(|e| if is_left_out(&e) { changed() } else { e })?;
    let entry = file.entry();
    if (entry.size, entry.modified) != (text.entry.size, text.entry.modified) {
        return Err(changed());
    }
    WholeText::new(OP, &*file, text.encoding, watch).all(LONGEST * 2)?.ok_or_else(changed)
}

/// Writes a line of plain text so that it is seen as it is: nothing in it makes a heading, a rule, italics, code or a tag of it.
fn as_markdown(line: &str) -> String {
    let line = line.trim_end();
    let bare = line.trim_start();
    let rule = bare.len() >= 2 && bare.chars().all(|c| matches!(c, '=' | '-' | '_' | '*'));
    let marked = rule || bare.starts_with(['#', '>']) || bare.starts_with("```") || bare.starts_with("~~~");
    // Four blanks would make code of it.
    let indent = if line.len() - bare.len() > 3 { "   " } else { &line[..line.len() - bare.len()] };
    let bare = escaped(bare);
    if marked && !bare.starts_with('\\') { format!("{indent}\\{bare}") } else { format!("{indent}{bare}") }
}

/// Writes the characters that mean something in Markdown so that they are seen. A `*` or `-` that begins a list stays one.
fn escaped(text: &str) -> String {
    let mut to = String::with_capacity(text.len());
    let mut before = ' ';
    let mut all = text.chars().peekable();
    while let Some(c) = all.next() {
        let next = all.peek().copied().unwrap_or(' ');
        let is_list = to.is_empty() && next == ' ';
        let acts = match c {
            '*' => !is_list && (before != ' ' || next != ' '),
            // In a word it is a letter like any other.
            '_' => !(before.is_alphanumeric() && next.is_alphanumeric()),
            '<' => next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?'),
            '&' => next.is_ascii_alphabetic() || next == '#',
            '\\' => next.is_ascii_punctuation(),
            '`' => true,
            _ => false,
        };
        to.extend(acts.then_some('\\'));
        to.push(c);
        before = c;
    }
    to
}

fn bracketed(title: &str) -> String {
    title.replace('[', "\\[").replace(']', "\\]")
}

fn unwritten(error: io::Error) -> Error {
    Error::new(Kind::Unavailable, "write document", format!("it could not be written: {error}")).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::{as_markdown, day, natural};

    #[test]
    fn plain_text_is_seen_as_it_was() {
        for (line, expected) in [
            ("plain *text* with <b>html</b>", r"plain \*text\* with \<b>html\</b>"),
            ("_a_b_ and a_b", r"\_a_b\_ and a_b"),
            ("* one, 2 * 3, a < b & c", "* one, 2 * 3, a < b & c"),
            ("`code` &amp; C:\\_x", r"\`code\` \&amp; C:\\\_x"),
            ("# no heading", r"\# no heading"),
            ("***", r"\*\*\*"),
            ("```", r"\`\`\`"),
        ] {
            assert_eq!(as_markdown(line), expected);
        }
    }

    #[test]
    fn days_are_found_in_names() {
        for (name, expected) in [
            ("2026-03-01 Meeting", Some("2026-03-01")),
            ("meeting_20260301", Some("2026-03-01")),
            ("notes 2026_03_01b", Some("2026-03-01")),
            ("2026-13-01", None),
            ("123456789", None),
            ("2026-03", None),
            ("1 2 3 4 5 6 7 8", None),
        ] {
            assert_eq!(day(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn numbers_in_names_count_as_numbers() {
        let mut names = ["note 10", "Note 9", "note 1b", "a"];
        names.sort_by_cached_key(|n| natural(n));
        assert_eq!(names, ["a", "note 1b", "Note 9", "note 10"]);
    }
}

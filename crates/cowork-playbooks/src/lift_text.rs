//! The texts of a run's calls: paths, words of the task, and what was put together from what was read.

use serde_json::Value;

use crate::{
    lift_build::Builder,
    lift_quote::{self, Piece},
};

/// Looks that tell what is in files: what is written after them may have been worked out from it.
const READS: [&str; 10] = [
    "compare_folders",
    "file_info",
    "file_metadata",
    "find_duplicates",
    "find_text",
    "folder_tree",
    "hash_files",
    "list_archive",
    "read_file",
    "read_tables",
];
/// Fields that name what is made, not what is there.
const NEW: [(&str, &str); 6] = [
    ("write_file", "path"),
    ("make_folder", "path"),
    ("combine_tables", "path"),
    ("join_texts", "path"),
    ("make_archive", "path"),
    ("extract_archive", "to"),
];
const MOST_SCALARS: usize = 2_000;
/// A longer text is not looked through.
const MOST_TEXT: usize = 64 * 1024;

/// A text or number that a look gave.
struct Scalar {
    step: usize,
    /// Where in the result: `["columns"][0]["name"]`.
    at: String,
    /// The names on the way there, in small letters.
    keys: Vec<String>,
    value: String,
}

impl Builder<'_> {
    /// Gives the pieces of a text, or says what in it has no explanation.
    pub(crate) fn text(&mut self, at: usize, key: &str, text: &str) -> Result<Vec<Piece>, String> {
        let step = &self.run.steps[at];
        let name = text.rsplit('/').next().unwrap_or(text);
        if (self.is_path(text) && self.is_taken(at, key, text) || key == "names") && !self.run.says(name) {
            return Err(format!("nothing says why it took `{text}`, which may not be there next time"));
        }
        if self.is_path(text) {
            return Ok(self.fixed(at, text, true));
        }
        if text.len() <= 200 && !text.contains('\n') && self.run.says(text) && self.is_open(at, key) {
            let about = format!("`{key}` of {}", step.tool);
            return Ok(vec![Piece::Hole(self.param(key, &about, Value::from(text)))]);
        }
        let reads: Vec<usize> = (0..at).filter(|s| READS.contains(&self.run.steps[*s].tool) && !step.looks).collect();
        // A word such as `number` says how a tool is to work.
        if reads.is_empty() && text.len() < 40 && !text.contains(char::is_whitespace) {
            return Ok(vec![Piece::Literal(text.to_owned())]);
        }
        self.composed(at, key, text, &reads)
    }

    /// Says whether a path is of something that must be there: not of what is made, nor of a folder that is looked at.
    fn is_taken(&self, at: usize, key: &str, path: &str) -> bool {
        let step = &self.run.steps[at];
        let is_new = key == "to" || NEW.contains(&(step.tool, key));
        let looked_at = ["folder", "folders", "left", "right"].contains(&key)
            || key == "path" && ["list_folder", "folder_tree", "watch_folder"].contains(&step.tool);
        let is_folder =
            !path.contains('/') || self.run.listed(at, path).is_some_and(|i| i.text("kind") == Some("folder"));
        !(is_new || is_folder || step.looks && looked_at)
    }

    /// Says whether an argument takes any text, and not one of a few words.
    fn is_open(&self, at: usize, key: &str) -> bool {
        let spec = self.tools.iter().find(|t| t.name == self.run.steps[at].tool);
        let property = spec.and_then(|s| s.schema.pointer(&format!("/properties/{key}")));
        match property {
            Some(property) => {
                property.get("enum").is_none() && property.get("$ref").is_none() && property.get("anyOf").is_none()
            }
            None => key.ends_with("_text"),
        }
    }

    /// Finds in a text what looks gave.
    fn composed(&mut self, at: usize, key: &str, text: &str, reads: &[usize]) -> Result<Vec<Piece>, String> {
        if text.len() > MOST_TEXT {
            return Err(format!("a text that it wrote is longer than {MOST_TEXT} bytes"));
        }
        let open = self.is_open(at, key);
        let mut scalars = Vec::new();
        for step in (0..at).rev().filter(|s| self.run.steps[*s].looks) {
            collect(&self.run.steps[step].value, step, String::new(), &mut Vec::new(), &mut scalars);
        }
        let mut pieces = Vec::new();
        let mut explained = false;
        for line in text.split_inclusive('\n') {
            let mut rest = line;
            while let Some((before, token, behind)) = next_token(rest, &scalars) {
                pieces.extend(self.plain(before));
                let number = token.bytes().all(|b| b.is_ascii_digit() || b == b'.');
                let counts_lines = number && pieces_end_line(&pieces) && behind.starts_with(". ");
                let is_day = token == self.run.day;
                match chosen(token, line, &scalars)? {
                    Some(scalar) if !is_day => {
                        let at = scalar.at.clone();
                        let result = self.result(scalar.step);
                        pieces.push(Piece::Hole(format!("{result}{at}")));
                        explained = true;
                    }
                    _ if number && open && !counts_lines && !self.run.says(token) => {
                        return Err(format!(
                            "it wrote `{token}`, which nothing that it looked at says: it was worked out"
                        ));
                    }
                    _ => pieces.extend(self.plain(token)),
                }
                rest = behind;
            }
            pieces.extend(self.plain(rest));
        }
        if !reads.is_empty() && !explained && open {
            let tool = self.run.steps[reads[0]].tool;
            return Err(format!("what it wrote after `{tool}` was worked out by the model: no rule gives it"));
        }
        self.names_no_file(at, text)?;
        Ok(lift_quote::merged(pieces))
    }

    fn plain(&mut self, text: &str) -> Vec<Piece> {
        // A path begins a text; here it is in the middle of one.
        let day = self.run.day.clone();
        if !text.contains(&day) {
            return vec![Piece::Literal(text.to_owned())];
        }
        self.today = true;
        let mut pieces = Vec::new();
        for (n, part) in text.split(&day).enumerate() {
            pieces.extend((n > 0).then(|| Piece::Hole("today".to_owned())));
            pieces.push(Piece::Literal(part.to_owned()));
        }
        pieces
    }

    fn names_no_file(&self, at: usize, text: &str) -> Result<(), String> {
        for step in 0..at {
            for (_, items) in self.run.listings(step) {
                let named = items.iter().find(|i| i.name.len() >= 4 && text.contains(i.name) && !self.run.says(i.name));
                if let Some(item) = named {
                    return Err(format!("it wrote the name `{}`, which may not be there next time", item.name));
                }
            }
        }
        Ok(())
    }
}

/// Says whether what comes next begins a line.
fn pieces_end_line(pieces: &[Piece]) -> bool {
    match lift_quote::merged(pieces.to_vec()).last() {
        None => true,
        Some(Piece::Literal(text)) => text.ends_with('\n'),
        Some(Piece::Hole(_)) => false,
    }
}

/// Collects the texts and numbers in a result; entries of listings are left out.
fn collect(value: &Value, step: usize, at: String, keys: &mut Vec<String>, all: &mut Vec<Scalar>) {
    let text = match value {
        Value::Object(fields) => {
            for (key, inner) in fields
                .iter()
                .filter(|(key, _)| !["stamp", "encoding", "next", "delimiter", "mime"].contains(&key.as_str()))
            {
                keys.push(key.to_lowercase());
                collect(inner, step, format!("{at}[{}]", lift_quote::python(key)), keys, all);
                keys.pop();
            }
            return;
        }
        Value::Array(items) => {
            if items.first().is_none_or(|item| item.get("size").is_none()) {
                items
                    .iter()
                    .take(200)
                    .enumerate()
                    .for_each(|(n, item)| collect(item, step, format!("{at}[{n}]"), keys, all));
            }
            return;
        }
        Value::Number(n) => n.to_string(),
        Value::String(text) if text.chars().count() >= 3 && text.len() <= 200 && !text.contains('\n') => text.clone(),
        _ => return,
    };
    // A key that is no plain word can't stand in an f-string.
    let plain = !at.contains(['\\', '\'', '{', '}']);
    if plain && all.len() < MOST_SCALARS {
        all.push(Scalar { step, at, keys: keys.clone(), value: text });
    }
}

/// Finds the next number, or the next text that a look gave: what is before it, itself, what is behind it.
fn next_token<'t>(text: &'t str, scalars: &[Scalar]) -> Option<(&'t str, &'t str, &'t str)> {
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let starts = text.char_indices().filter(|(at, _)| !word(text[..*at].chars().next_back()));
    for (at, first) in starts {
        let rest = &text[at..];
        let texts = scalars
            .iter()
            .filter(|s| rest.starts_with(s.value.as_str()) && !word(rest[s.value.len()..].chars().next()));
        if let Some(longest) = texts.map(|s| s.value.len()).max() {
            return Some((&text[..at], &rest[..longest], &rest[longest..]));
        }
        if first.is_ascii_digit() {
            let long = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').unwrap_or(rest.len());
            let long = rest[..long].trim_end_matches(['.', '-']).len();
            return Some((&text[..at], &rest[..long], &rest[long..]));
        }
    }
    None
}

/// Chooses where a text or number came from; of several that are equal the one whose names stand in the same line.
fn chosen<'s>(token: &str, line: &str, scalars: &'s [Scalar]) -> Result<Option<&'s Scalar>, String> {
    let line = line.to_lowercase();
    let equal: Vec<&Scalar> = scalars.iter().filter(|s| s.value == token).collect();
    let score = |s: &Scalar| s.keys.iter().filter(|key| line.contains(key.as_str())).count();
    let most = equal.iter().map(|s| score(s)).max().unwrap_or(0);
    let best: Vec<&&Scalar> = equal.iter().filter(|s| score(s) == most).collect();
    let number = token.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match best.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        // The same text in several places is the same text; a number is that by chance.
        [first, ..] if !number || most > 0 && best.iter().all(|s| s.keys.last() == first.keys.last()) => {
            Ok(Some(first))
        }
        [first, second, ..] => {
            let shown = |s: &Scalar| s.keys.join(" ");
            Err(format!("the `{token}` that it wrote may be {} or {}", shown(first), shown(second)))
        }
    }
}

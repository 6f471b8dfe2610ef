//! What tables hold: their columns, what is in these, their rows, and the rows that are broken.

use std::collections::HashMap;

use cowork_core::{Error, FilePath, Kind, Reader, Result, Watch};
use encoding_rs::Encoding;
use serde_json::{Value, json};

use super::{
    number::Number,
    read::{Form, Found, OP, Source, Stated},
    seen::Seen,
};
use crate::{
    reading::is_left_out,
    show::{count, stopped},
};

/// What is held of all tables together, in bytes, is at most this.
const ROOM: usize = 256 * 1024 * 1024;
const MOST_COLUMNS: usize = 10_000;
/// So many broken rows, and files that are left, are named; all are counted.
const MOST_NAMED: usize = 100;
/// What a row is called that adds up others.
const TOTALS: [&str; 14] = [
    "summe",
    "gesamt",
    "gesamtsumme",
    "insgesamt",
    "zwischensumme",
    "total",
    "totals",
    "grand total",
    "subtotal",
    "sum",
    "somme",
    "totale",
    "suma",
    "totaal",
];
/// Cells and names are told cut to so many characters.
pub(super) const LONGEST_CELL: usize = 100;
pub(super) const LONGEST_NAME: usize = 1_000;

/// Counts bytes that are held, and refuses too many.
#[derive(Clone, Copy)]
pub(super) struct Room(usize);

impl Room {
    pub(super) fn new() -> Self {
        Self(ROOM)
    }

    /// # Errors
    /// `LimitExceeded` when there is no room for so much more.
    pub(super) fn take(&mut self, bytes: usize, fix: &str) -> Result<()> {
        self.0 = self.0.checked_sub(bytes).ok_or_else(|| {
            Error::new(Kind::LimitExceeded, OP, "these tables need more than 256 MB of memory").with_fix(fix.to_owned())
        })?;
        Ok(())
    }
}

/// A column of a table.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) seen: Seen,
    /// How JSON names it; empty in other tables.
    pub(super) written: String,
    /// Whether the file does not name it.
    nameless: bool,
}

impl Column {
    /// Says whether it is one that nothing is known of, such as what follows a delimiter at the end of each row.
    pub(super) fn is_nothing(&self) -> bool {
        self.nameless && self.seen.filled == 0
    }
}

/// What is known of a table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) path: FilePath,
    pub(super) size: u64,
    pub(super) modified: i64,
    pub(super) encoding: &'static Encoding,
    pub(super) form: Form,
    pub(super) columns: Vec<Column>,
    pub(super) rows: u64,
    pub(super) uneven: u64,
    pub(super) broken: u64,
    /// The most cells that a row has.
    pub(super) widest: usize,
    first: Vec<Vec<String>>,
    /// Of rows that are whole, how many come before those at the end that only add up the others: `Summe;;732,50`.
    pub(super) before_totals: Option<u64>,
}

/// A row that is broken.
pub(super) struct BrokenRow {
    pub(super) path: FilePath,
    pub(super) line: u64,
    pub(super) why: String,
}

/// What is known of tables.
pub(super) struct Survey {
    pub(super) tables: Vec<Table>,
    /// Files that are no tables or can't be read, and why; the first of them.
    pub(super) left: Vec<(FilePath, String)>,
    pub(super) left_count: usize,
    pub(super) broken: Vec<BrokenRow>,
    pub(super) room: Room,
    stated: Stated,
    first: usize,
}

impl Survey {
    /// Looks at these files; keeps so many of each one's first rows.
    pub(super) fn of(
        sources: &[FilePath],
        stated: Stated,
        first: usize,
        files: &dyn Reader,
        watch: &Watch,
    ) -> Result<Self> {
        let room = Room::new();
        let mut all =
            Self { tables: Vec::new(), left: Vec::new(), left_count: 0, broken: Vec::new(), room, stated, first };
        for (index, path) in sources.iter().enumerate() {
            if watch.cancel.is_cancelled() {
                return Err(stopped(OP));
            }
            (watch.progress)(index as u64, sources.len() as u64, path.as_str());
            match all.look(path, files, watch) {
                Ok(()) => {}
                // Of this file; the others can be read.
                Err(e) if is_left_out(&e) => {
                    all.leave(path, e.message);
                }
                Err(e) if e.fact("line").is_some() => {
                    let why = format!("{} (line {})", e.message, e.fact("line").unwrap_or_default());
                    all.leave(path, why);
                }
                Err(e) => return Err(e),
            }
        }
        Ok(all)
    }

    fn leave(&mut self, path: &FilePath, why: String) {
        self.left_count += 1;
        if self.left.len() < MOST_NAMED {
            self.left.push((path.clone(), why));
        }
    }

    fn look(&mut self, path: &FilePath, files: &dyn Reader, watch: &Watch) -> Result<()> {
        let file = files.open(path)?;
        let entry = file.entry();
        if entry.placeholder {
            self.leave(path, "its content is not on this disk".to_owned());
            return Ok(());
        }
        let source = match Source::find(&*file, path.name(), self.stated, watch)? {
            Ok(source) => source,
            Err(why) => {
                self.leave(path, why.to_owned());
                return Ok(());
            }
        };
        let mut table = Table::new(path, entry.size, entry.modified, &source);
        let (mut names, from) = (Names::default(), self.broken.len());
        let (room, broken, keep) = (&mut self.room, &mut self.broken, self.first);
        let read = source.each(&mut |line, found| {
            if let Some(why) = table.take(&found, &mut names, room, keep)?
                && broken.len() < MOST_NAMED
            {
                broken.push(BrokenRow { path: path.clone(), line, why });
            }
            Ok(())
        });
        read.inspect_err(|_| self.broken.truncate(from))?;
        room_for(&mut self.room, table.path.as_str().len() + 200)?;
        self.tables.push(table);
        Ok(())
    }

    /// Counts the rows that are not read as they are.
    pub(super) fn troubled(&self) -> u64 {
        self.tables.iter().map(|t| t.uneven + t.broken).sum()
    }

    /// Names the first of the rows that are broken, and says how many there are in each file that has some.
    pub(super) fn broken_rows(&self) -> Value {
        let named = |row: &BrokenRow| json!({ "path": row.path, "line": row.line, "why": row.why });
        self.broken.iter().map(named).collect()
    }

    pub(super) fn left_files(&self) -> Value {
        self.left.iter().map(|(path, why)| json!({ "path": path, "why": why })).collect()
    }
}

impl Table {
    fn new(path: &FilePath, size: u64, modified: i64, source: &Source<'_>) -> Self {
        Self {
            path: path.clone(),
            size,
            modified,
            encoding: source.encoding,
            form: source.form,
            columns: Vec::new(),
            rows: 0,
            uneven: 0,
            broken: 0,
            widest: 0,
            first: Vec::new(),
            before_totals: None,
        }
    }

    /// Takes what stands in a line; says what is wrong with it if it is broken.
    fn take(&mut self, found: &Found<'_>, names: &mut Names, room: &mut Room, keep: usize) -> Result<Option<String>> {
        match found {
            Found::Broken(why) => {
                self.broken += 1;
                return Ok(Some((*why).to_owned()));
            }
            Found::Uneven(cells) => {
                self.uneven += 1;
                self.widest = self.widest.max(cells.len());
                return Ok(Some(format!("it has {}, not {}", count(cells.len(), "cell"), self.columns.len())));
            }
            Found::Header(cells) => self.name(cells.iter().map(|c| &**c), names, room)?,
            Found::Cells(cells) => {
                if self.columns.is_empty() {
                    self.name(cells.iter().map(|_| ""), names, room)?;
                }
                if is_total(cells) {
                    self.before_totals = self.before_totals.or((self.rows > 0).then_some(self.rows));
                } else if cells.iter().any(|cell| !cell.trim().is_empty()) {
                    self.before_totals = None;
                }
                self.row(cells.iter().map(|c| &**c), keep);
            }
            Found::Pairs(pairs) => self.pairs(pairs, names, room, keep)?,
        }
        Ok(None)
    }

    fn name<'n>(&mut self, given: impl Iterator<Item = &'n str>, names: &mut Names, room: &mut Room) -> Result<()> {
        for name in given {
            let nameless = name.trim().is_empty();
            let name = names.add(name, self.columns.len());
            room_for(room, name.len() + 200)?;
            self.columns.push(Column { name, seen: Seen::default(), written: String::new(), nameless });
        }
        self.widest = self.columns.len();
        if self.columns.len() > MOST_COLUMNS {
            let why = format!("it has more than {MOST_COLUMNS} columns");
            return Err(Error::new(Kind::InvalidInput, OP, why).with("path", self.path.as_str()));
        }
        Ok(())
    }

    fn row<'c>(&mut self, cells: impl Iterator<Item = &'c str>, keep: usize) {
        self.rows += 1;
        let mut kept = (self.first.len() < keep).then(Vec::new);
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.seen.add(cell, false);
            if let Some(row) = &mut kept {
                row.push(cut(cell, LONGEST_CELL));
            }
        }
        self.first.extend(kept);
    }

    fn pairs(&mut self, pairs: &[super::read::Pair], names: &mut Names, room: &mut Room, keep: usize) -> Result<()> {
        self.rows += 1;
        let mut kept = (self.first.len() < keep).then(Vec::new);
        for pair in pairs {
            let at = match names.at.get(&pair.name) {
                Some(at) => *at,
                None => {
                    self.name(std::iter::once(pair.name.as_str()), names, room)?;
                    names.at.insert(pair.name.clone(), self.columns.len() - 1);
                    self.columns.last_mut().into_iter().for_each(|c| c.written.clone_from(&pair.name));
                    self.columns.len() - 1
                }
            };
            self.columns[at].seen.add(&pair.text, pair.number);
            if let Some(row) = &mut kept {
                row.resize(row.len().max(at + 1), String::new());
                row[at] = cut(&pair.text, LONGEST_CELL);
            }
        }
        self.first.extend(kept);
        Ok(())
    }

    /// Tells what is known of it, with so many of its columns.
    pub(super) fn told(&self, most: usize) -> Value {
        let columns: Vec<String> = self.columns.iter().take(most).map(|c| cut(&c.name, LONGEST_NAME)).collect();
        let first: Vec<&[String]> = self.first.iter().map(|row| &row[..row.len().min(most)]).collect();
        let mut told = json!({
            "path": self.path, "format": self.form.name(), "encoding": self.encoding.name(), "columns": columns,
            "rows": self.rows, "broken": self.uneven + self.broken, "first": first,
        });
        if let Form::Delimited { delimiter, header, .. } = self.form {
            told["delimiter"] = json!(char::from(delimiter).to_string());
            told["header"] = json!(header);
        }
        if self.columns.len() > most {
            told["more_columns"] = json!(self.columns.len() - most);
        }
        told
    }
}

/// Says whether a row adds up others: a word for that is all its text, and beside it are numbers only.
fn is_total(cells: &[std::borrow::Cow<'_, str>]) -> bool {
    let mut texts =
        cells.iter().map(|cell| cell.trim()).filter(|cell| !cell.is_empty() && Number::read(cell).is_none());
    let word = texts.next().map(|text| text.trim_end_matches(':').to_lowercase());
    let is_word = word.is_some_and(|word| TOTALS.contains(&word.as_str()));
    is_word && texts.next().is_none() && cells.iter().any(|cell| Number::read(cell.trim()).is_some())
}

/// The names of a table's columns: each of them once, none of them empty.
#[derive(Default)]
struct Names {
    taken: HashMap<String, u32>,
    /// Where a value of JSON belongs, by its name as written.
    at: HashMap<String, usize>,
}

impl Names {
    fn add(&mut self, given: &str, index: usize) -> String {
        let plain: Vec<&str> = given.split_whitespace().collect();
        let plain = if plain.is_empty() { format!("Column {}", index + 1) } else { plain.join(" ") };
        let mut name = plain.clone();
        let mut number = 1;
        while self.taken.contains_key(&key(&name)) {
            number = self.taken.get(&key(&plain)).map_or(number + 1, |last| last.max(&number) + 1);
            name = format!("{plain} ({number})");
            self.taken.insert(key(&plain), number);
        }
        self.taken.insert(key(&name), 1);
        name
    }
}

/// Gives that by which columns are the same, however they are spaced and capitalised.
pub(super) fn key(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace() && *c != '_').flat_map(char::to_lowercase).collect()
}

fn room_for(room: &mut Room, bytes: usize) -> Result<()> {
    room.take(bytes, "combine fewer files at a time")
}

/// Cuts a text to so many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

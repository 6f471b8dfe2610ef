//! The combined table, as it is written.

use std::io::Write;

use cowork_core::{Error, FilePath, Kind, Result};

use crate::show::shown;

/// In what form it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Delimited(u8),
    /// As the spreadsheets of those open it who write `1.234,56`: `;` between cells, decimal commas, and a mark that it is UTF-8.
    Comma,
    Lines,
}

impl Shape {
    /// Tells it by the file's name.
    pub(super) fn of(op: &str, path: &FilePath) -> Result<Self> {
        let name = path.name().to_lowercase();
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        match () {
            () if ends(&[".csv"]) => Ok(Self::Delimited(b',')),
            () if ends(&[".tsv", ".tab"]) => Ok(Self::Delimited(b'\t')),
            () if ends(&[".jsonl", ".ndjson"]) => Ok(Self::Lines),
            () => {
                let why = format!("`{}` does not say what kind of table it is to be", shown(path.as_str()));
                Err(Error::new(Kind::InvalidInput, op, why).with_fix("let it end with `.csv`, `.tsv` or `.jsonl`"))
            }
        }
    }
}

/// Takes the rows of the combined table.
pub(super) enum Output<'a> {
    /// `numbers` are the columns in which a point becomes a comma.
    Delimited {
        writer: Box<csv::Writer<&'a mut dyn Write>>,
        numbers: Vec<bool>,
        cells: Vec<String>,
    },
    Lines {
        to: &'a mut dyn Write,
        names: Vec<String>,
        numbers: Vec<bool>,
        line: Vec<u8>,
    },
}

impl<'a> Output<'a> {
    /// Begins a table with these columns; `numbers` says which of the first ones hold numbers.
    pub(super) fn new(shape: Shape, names: Vec<String>, mut numbers: Vec<bool>, to: &'a mut dyn Write) -> Result<Self> {
        match shape {
            Shape::Delimited(_) | Shape::Comma => {
                let (delimiter, numbers) = match shape {
                    Shape::Delimited(delimiter) => (delimiter, Vec::new()),
                    _ => (b';', numbers),
                };
                if shape == Shape::Comma {
                    to.write_all(b"\xef\xbb\xbf").map_err(unwritten)?;
                }
                let mut builder = csv::WriterBuilder::new();
                let mut writer = builder.delimiter(delimiter).buffer_capacity(256 * 1024).from_writer(to);
                writer.write_record(&names).map_err(unwritten)?;
                Ok(Self::Delimited { writer: Box::new(writer), numbers, cells: Vec::new() })
            }
            Shape::Lines => {
                numbers.resize(names.len(), false);
                Ok(Self::Lines { to, names, numbers, line: Vec::new() })
            }
        }
    }

    /// Writes a row.
    pub(super) fn row(&mut self, cells: &[String]) -> Result<()> {
        match self {
            Self::Delimited { writer, numbers, .. } if numbers.is_empty() => {
                writer.write_record(cells).map_err(unwritten)
            }
            Self::Delimited { writer, numbers, cells: row } => {
                row.clear();
                for (at, cell) in cells.iter().enumerate() {
                    let point = numbers.get(at).copied().unwrap_or(false) && is_json_number(cell);
                    row.push(if point { cell.replace('.', ",") } else { cell.clone() });
                }
                writer.write_record(&*row).map_err(unwritten)
            }
            Self::Lines { to, names, numbers, line } => {
                let mut sep = b'{';
                for ((name, cell), number) in names.iter().zip(cells).zip(numbers.iter()) {
                    line.push(sep);
                    sep = b',';
                    serde_json::to_writer(&mut *line, name).map_err(unwritten)?;
                    line.push(b':');
                    if cell.is_empty() {
                        line.extend_from_slice(b"null");
                    } else if *number && is_json_number(cell) {
                        line.extend_from_slice(cell.as_bytes());
                    } else {
                        serde_json::to_writer(&mut *line, cell).map_err(unwritten)?;
                    }
                }
                line.extend_from_slice(b"}\n");
                if line.len() >= 256 * 1024 {
                    to.write_all(line).map_err(unwritten)?;
                    line.clear();
                }
                Ok(())
            }
        }
    }

    /// Writes what is left to write.
    pub(super) fn end(self) -> Result<()> {
        match self {
            Self::Delimited { mut writer, .. } => writer.flush().map_err(unwritten),
            Self::Lines { to, line, .. } => to.write_all(&line).and_then(|()| to.flush()).map_err(unwritten),
        }
    }
}

fn is_json_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |d: &str| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit());
    plain(whole) && plain(fraction) && (whole == "0" || !whole.starts_with('0'))
}

fn unwritten(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Kind::Unavailable, "write table", format!("it could not be written: {error}")).with_source(error)
}

//! What a command line is: known to only read, or code.
//!
//! Whatever is not known is code. What is known was taken apart twice, by the grammar of bash (`grammar`) and by a small reader of
//! our own that knows no expansions (`words`): where the two don't see the same words, nobody knows what the shell would do. Each
//! command's program is then looked up, and its options and operands are read as that program reads them (`arguments`, `find`,
//! with the tables in `programs`): a program that reads can write by an option, and an option by its place can be another's value.
//!
//! It holds for a fresh shell with nothing in its environment but what the host put there (no function, no alias, no settings of a
//! program such as `RIPGREP_CONFIG_PATH`), with a search path of the system's own folders, and in a folder that is not `/` or
//! one of the kernel's. It says what the programs do, not what is behind a name: a link or a pipe is for the sandbox.

mod arguments;
mod find;
mod grammar;
mod operands;
mod programs;
#[cfg(test)]
mod tests;
mod words;

/// Longer lines nobody reads before they say yes to them.
const LONGEST: usize = 8 * 1024;

/// What is known of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Nothing but programs that only read, with arguments that make them only read.
    Simple {
        /// Where they read, in the line's order, each place once. Nothing: only what they are handed.
        reads: Vec<Place>,
    },
    /// It runs arbitrary code, as far as can be told.
    Code {
        /// What it is that isn't known, for a person: a sentence without a full stop.
        why: String,
    },
}

/// A place that a command reads, and what lies below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The path as the program gets it, from the working directory; for a pattern the folder that its names are looked up in.
    pub(crate) path: String,
    /// Whether it begins below the person's home folder: the path had a `~` before it.
    pub(crate) home: bool,
}

/// Says what a command line of a POSIX shell or of bash is.
pub(crate) fn judge(line: &str) -> Known {
    match judged(line) {
        Ok(reads) => Known::Simple { reads },
        Err(why) => Known::Code { why },
    }
}

fn judged(line: &str) -> Result<Vec<Place>, String> {
    if line.len() > LONGEST {
        return Err(format!("the line is longer than {LONGEST} bytes"));
    }
    let commands = words::split(line)?;
    let mut reads: Vec<Place> = Vec::new();
    for command in &commands {
        let read = command.inputs.iter().map(operands::content).chain([Ok(Vec::new())]);
        let read: Vec<Vec<Place>> = read.collect::<Result<_, _>>()?;
        for place in arguments::judge(&command.words)?.into_iter().chain(read.into_iter().flatten()) {
            if !reads.contains(&place) {
                reads.push(place);
            }
        }
    }
    grammar::agrees(line, &commands)?;
    Ok(reads)
}

/// Writes what a line says so that it can be shown, cut to what fits into a sentence.
fn shown(text: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric();
    let mut shown: String = text.chars().take(40).map(|c| if plain(c) && c != '`' { c } else { '\u{FFFD}' }).collect();
    if text.chars().nth(40).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

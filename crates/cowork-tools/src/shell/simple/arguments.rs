//! What a program's options and operands make it do.

use super::{
    Place, find, operands,
    programs::{Operands, PROGRAMS, Patterns, Program, REFUSED},
    shown,
    words::Word,
};

/// Gives the places that a command reads, or says why it may do more.
pub(super) fn judge(words: &[Word]) -> Result<Vec<Place>, String> {
    let (name, arguments) = words.split_first().ok_or("a command is missing")?;
    if !name.plain || !name.text.is_ascii() {
        return Err("the program's name is not a plain word".to_owned());
    }
    let named = |names: &str| names.split(' ').any(|known| known == name.text);
    let Some(program) = PROGRAMS.iter().find(|program| named(program.names)) else {
        let why = REFUSED.iter().find(|(names, _)| named(names)).map_or("is not known to only read", |(_, why)| why);
        return Err(format!("{} {why}", shown(&name.text)));
    };
    if program.operands == Operands::Expression {
        return find::judge(arguments);
    }
    let mut given =
        Given { name: &name.text, program, operands: Vec::new(), reads: Vec::new(), sought: false, deep: false };
    given.take(arguments)?;
    given.read()
}

/// Says whether a shell may put a word there that a program takes for an option.
pub(super) fn may_be_option(word: &Word) -> bool {
    word.pattern == Some(0) || word.text.starts_with('-')
}

/// A command's arguments, told apart.
struct Given<'a> {
    name: &'a str,
    program: &'static Program,
    operands: Vec<&'a Word>,
    reads: Vec<Place>,
    /// Whether an option said what to look for.
    sought: bool,
    /// Whether an option said to go through folders.
    deep: bool,
}

impl<'a> Given<'a> {
    fn take(&mut self, words: &'a [Word]) -> Result<(), String> {
        // `strings` takes what follows an `@` for a file with more arguments, wherever it stands.
        if let Some(more) = words.iter().find(|word| word.text.starts_with('@') && self.name == "strings") {
            return Err(format!("`strings` can read more options from {}", shown(&more.text)));
        }
        let mut words = words.iter();
        let mut ended = self.program.operands == Operands::Any;
        while let Some(word) = words.next() {
            let option = word.text.starts_with('-') && word.text != "-" && !ended;
            if word.pattern.is_some() && !option {
                self.pattern(word, ended)?;
            }
            match word.text.strip_prefix("--") {
                _ if !option => {
                    self.operands.push(word);
                    // All others look for options behind their operands too.
                    ended |= self.program.operands == Operands::Format;
                }
                _ if self.program.operands == Operands::File && !self.operands.is_empty() => {
                    return Err(self.second(word));
                }
                Some("") => ended = true,
                Some(long) => self.long(word, long, &mut words)?,
                None => self.letters(word, &mut words)?,
            }
        }
        Ok(())
    }

    fn pattern(&self, word: &Word, ended: bool) -> Result<(), String> {
        match self.program.patterns {
            Patterns::Free => Ok(()),
            Patterns::Guarded if ended || !may_be_option(word) => Ok(()),
            Patterns::Guarded => {
                Err(format!("a file that {} stands for can be an option of `{}`", shown(&word.text), self.name))
            }
            Patterns::Never => Err(format!("`{}` takes no pattern of file names", self.name)),
        }
    }

    fn long(&mut self, word: &'a Word, long: &str, words: &mut std::slice::Iter<'a, Word>) -> Result<(), String> {
        let (name, attached) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
        let known = self.program.long.split_ascii_whitespace();
        let Some(option) = known.into_iter().find(|known| known.trim_end_matches([':', '?', '<']) == name) else {
            return Err(self.refused(&format!("--{name}")));
        };
        // What a pattern stands for begins as it does: the same option, with other values.
        if word.pattern.is_some_and(|at| attached.is_none() || at < name.len() + 3 || option.ends_with('<')) {
            return Err(format!("a pattern of file names is a value of {}", shown(&word.text)));
        }
        match (option.chars().last(), attached) {
            (Some('?'), _) => Ok(()),
            (Some(':' | '<'), None) => {
                let value = words.next().ok_or_else(|| format!("{} has no value", shown(&word.text)))?;
                self.value(option, value, None)
            }
            (Some(':' | '<'), Some(value)) => self.value(option, word, Some(value)),
            (_, None) => {
                self.note(option);
                Ok(())
            }
            (_, Some(_)) => Err(format!("{} takes no value", shown(&format!("--{name}")))),
        }
    }

    fn letters(&mut self, word: &'a Word, words: &mut std::slice::Iter<'a, Word>) -> Result<(), String> {
        let cluster = &word.text[1..];
        if word.pattern.is_some() {
            return Err(format!("a pattern of file names is among the options {}", shown(&word.text)));
        }
        // An old way of writing a count takes other letters behind it.
        let count =
            cluster.starts_with(|c: char| c.is_ascii_digit()) && !matches!(self.name, "ls" | "grep" | "comm" | "rg");
        if count && !cluster.bytes().all(|b| b.is_ascii_digit()) {
            return Err(self.refused(&word.text));
        }
        for (at, letter) in cluster.char_indices() {
            let Some(place) =
                self.program.letters.find(letter).filter(|_| letter.is_ascii_alphanumeric() || letter == '.')
            else {
                return Err(self.refused(&format!("-{letter}")));
            };
            let rest = &cluster[at + 1..];
            let option = &self.program.letters[place..];
            match option.as_bytes().get(1) {
                Some(b':' | b'<' | b'#') if rest.is_empty() => {
                    let value = words.next().ok_or_else(|| format!("{} has no value", shown(&word.text)))?;
                    return self.value(&option[..2], value, None);
                }
                Some(b':' | b'<' | b'#') => return self.value(&option[..2], word, Some(rest)),
                Some(b'?') => return Ok(()),
                // `xxd` takes the letters that follow one for its ending.
                _ if self.name == "xxd" && !rest.is_empty() => return Err(self.refused(&word.text)),
                _ => self.note(&option[..1]),
            }
        }
        Ok(())
    }

    /// Takes an option's value: the word that holds it, or what stands behind the option in its word.
    fn value(&mut self, option: &str, word: &Word, attached: Option<&str>) -> Result<(), String> {
        if attached.is_none() && word.pattern.is_some() {
            return Err(format!("a pattern of file names is the value of an option of `{}`", self.name));
        }
        let text = attached.unwrap_or(&word.text);
        self.note(option);
        if option.ends_with('<') && text != "-" {
            let (text, home) = (text.to_owned(), word.home && attached.is_none());
            self.reads.extend(operands::content(&Word { text, home, ..Word::default() })?);
        }
        let number = text.strip_prefix(['+', '-']).unwrap_or(text).starts_with(|c: char| c.is_ascii_digit());
        if option.ends_with('#') && !number { Err(format!("{} is no number", shown(text))) } else { Ok(()) }
    }

    /// Takes note of an option that changes what the operands are.
    fn note(&mut self, option: &str) {
        self.sought |= ["e:", "f<", "regexp:", "file<", "files", "type-list"].contains(&option);
        self.deep |= ["r", "R", "d:", "recursive", "dereference-recursive", "directories:"].contains(&option);
    }

    /// Says where it reads, by what its operands are.
    fn read(mut self) -> Result<Vec<Place>, String> {
        let first = self.operands.first().copied();
        match self.program.operands {
            Operands::Any | Operands::Text => self.texts(usize::MAX)?,
            Operands::Files => self.files(0)?,
            Operands::File if self.operands.len() > 1 => return Err(self.second(self.operands[1])),
            Operands::File => self.files(0)?,
            Operands::Names | Operands::NamesHere => {
                let places = self.operands.iter().map(|word| operands::name(word)).collect::<Result<Vec<_>, _>>()?;
                self.reads.extend(places.into_iter().flatten());
                self.here(self.program.operands == Operands::NamesHere && first.is_none());
            }
            Operands::Sought | Operands::SoughtHere => {
                let files = usize::from(!self.sought);
                self.texts(files)?;
                self.files(files)?;
                self.here(self.operands.len() <= files && (self.deep || self.program.operands == Operands::SoughtHere));
            }
            Operands::Clock if self.operands.len() > 1 || first.is_some_and(|word| !word.text.starts_with('+')) => {
                return Err("`date` sets the clock by what it is given".to_owned());
            }
            Operands::Format if !first.is_some_and(|word| is_format(&word.text)) => {
                return Err("the format of `printf` can do more than write".to_owned());
            }
            Operands::Clock | Operands::Format | Operands::Expression => {}
            Operands::Lines if !first.is_some_and(|word| is_lines(&word.text)) => {
                return Err("`sed` takes a script that can write and run".to_owned());
            }
            Operands::Lines => self.files(1)?,
        }
        Ok(self.reads)
    }

    /// Takes so many operands as text: only what a pattern finds is looked at.
    fn texts(&mut self, to: usize) -> Result<(), String> {
        for word in self.operands.iter().take(to).filter(|word| word.pattern.is_some()) {
            self.reads.extend(operands::name(word)?);
        }
        Ok(())
    }

    fn files(&mut self, from: usize) -> Result<(), String> {
        for word in self.operands.iter().skip(from).filter(|word| word.text != "-") {
            self.reads.extend(operands::content(word)?);
        }
        Ok(())
    }

    fn here(&mut self, reads: bool) {
        self.reads.extend(reads.then(|| Place { path: ".".to_owned(), home: false }));
    }

    fn second(&self, word: &Word) -> String {
        format!("`{}` writes the file that it is given second: {}", self.name, shown(&word.text))
    }

    fn refused(&self, option: &str) -> String {
        let why = self.program.but.iter().find(|(left_out, _)| *left_out == option);
        format!(
            "`{}` {} {}",
            self.name,
            shown(option).trim_matches('`'),
            why.map_or("is not known to only read", |(_, why)| why)
        )
    }
}

/// Says whether a format of `printf` has only conversions that write what they are given.
fn is_format(format: &str) -> bool {
    let mut parts = format.split('%');
    let plain = parts.next().is_some() && !format.starts_with('-');
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if part.is_empty() {
            // `%%`: the next part is text.
            if parts.next().is_none() {
                return false;
            }
            continue;
        }
        let kind =
            part.trim_start_matches(['-', '+', ' ', '#']).trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        if !kind.starts_with(['b', 'c', 'd', 'e', 'E', 'f', 'g', 'G', 'i', 'o', 'q', 's', 'u', 'x', 'X']) {
            return false;
        }
    }
    plain
}

/// Says whether a script of `sed` only says which lines are shown: `3p`, `2,7p`, `$p`.
fn is_lines(script: &str) -> bool {
    let Some(lines) = script.strip_suffix('p') else { return false };
    let line = |line: &str| line == "$" || (!line.is_empty() && line.bytes().all(|b| b.is_ascii_digit()));
    lines.split_once(',').map_or_else(|| line(lines), |(from, to)| line(from) && line(to))
}

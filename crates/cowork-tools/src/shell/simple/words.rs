//! A command line's words as a shell makes them of it, as long as nothing is expanded but patterns of file names.

use std::ops::Range;

/// A command between two operators.
#[derive(Debug, Default)]
pub(super) struct Command {
    /// The program's name and its arguments, never empty.
    pub(super) words: Vec<Word>,
    /// The files that are read as its input.
    pub(super) inputs: Vec<Word>,
    /// Where its redirections stand in the line.
    pub(super) redirections: Vec<Range<usize>>,
}

/// A word, without its quotes.
#[derive(Debug, Default)]
pub(super) struct Word {
    pub(super) text: String,
    /// Where in the text a pattern begins that the shell puts file names for.
    pub(super) pattern: Option<usize>,
    /// Whether the text stands in the line just as it is.
    pub(super) plain: bool,
    /// Whether the shell puts the home folder for the `~` that it begins with.
    pub(super) home: bool,
    /// Where it stands in the line.
    pub(super) at: Range<usize>,
}

/// Takes a line apart, or says what in it is more than words.
pub(super) fn split(line: &str) -> Result<Vec<Command>, String> {
    if line.contains(|c: char| c.is_control() && c != '\n') {
        return Err("there is a control character in it".to_owned());
    }
    let mut reader = Reader { line, at: 0 };
    let (mut commands, mut open, mut wanted) = (Vec::new(), Command::default(), false);
    loop {
        let begins = reader.blanks();
        let ended = match reader.peek() {
            None | Some('\n' | ';' | '&' | '|') => reader.operator()?,
            Some('<' | '>') => {
                open.inputs.extend(reader.redirection()?);
                open.redirections.push(begins..reader.at);
                continue;
            }
            Some('1' | '2') if reader.rest()[1..].starts_with('>') => {
                reader.redirection()?;
                open.redirections.push(begins..reader.at);
                continue;
            }
            Some(_) => {
                open.words.push(reader.word()?);
                continue;
            }
        };
        let blank_line = ended == Ended::Line && open.redirections.is_empty();
        match (open.words.is_empty(), ended) {
            (false, _) => {
                commands.push(std::mem::take(&mut open));
                wanted = ended == Ended::Joint;
            }
            (true, Ended::Line) if blank_line => {}
            (true, Ended::Whole) if !wanted && !commands.is_empty() && open.redirections.is_empty() => {}
            (true, _) => return Err("a command is missing".to_owned()),
        }
        if ended == Ended::Whole {
            return Ok(commands);
        }
    }
}

/// What ends a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// `&&`, `||`, `|`: another command follows.
    Joint,
    /// A semicolon.
    Semicolon,
    Line,
    Whole,
}

struct Reader<'a> {
    line: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.line[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.at += next.map_or(0, char::len_utf8);
        next
    }

    /// Passes over what is between words; gives where it ends.
    fn blanks(&mut self) -> usize {
        self.at += self.rest().len() - self.rest().trim_start_matches(' ').len();
        self.at
    }

    fn takes(&mut self, what: &str) -> bool {
        let there = self.rest().starts_with(what);
        self.at += if there { what.len() } else { 0 };
        there
    }

    fn operator(&mut self) -> Result<Ended, String> {
        if self.takes("&&") || self.takes("||") {
            return Ok(Ended::Joint);
        }
        for (refused, why) in [
            (";;", "`;;` is more than a command's end"),
            (";&", "`;&` is more than a command's end"),
            ("|&", "`|&` sends more than the output on"),
            ("&>", "output goes to a file"),
            ("&", "something in it goes on in the background"),
        ] {
            if self.rest().starts_with(refused) {
                return Err(why.to_owned());
            }
        }
        match self.next() {
            None => Ok(Ended::Whole),
            Some('\n') => Ok(Ended::Line),
            Some(';') => Ok(Ended::Semicolon),
            _ => Ok(Ended::Joint),
        }
    }

    /// Reads a redirection: of input, the file; of output, only one to nowhere or into the output.
    fn redirection(&mut self) -> Result<Option<Word>, String> {
        if self.takes("<") {
            if self.peek().is_some_and(|c| "<>&(".contains(c)) {
                return Err("its input is more than a file".to_owned());
            }
            self.blanks();
            return Ok(Some(self.word()?));
        }
        if self.takes("2>&1") {
            return if self.word_ends() { Ok(None) } else { Err("output goes elsewhere".to_owned()) };
        }
        let _ = self.takes("1") || self.takes("2");
        self.at += 1;
        if self.peek().is_some_and(|c| ">|&(".contains(c)) {
            return Err("output goes to a file or elsewhere".to_owned());
        }
        self.blanks();
        let to = self.word()?;
        if to.plain && to.text == "/dev/null" { Ok(None) } else { Err("output goes to a file".to_owned()) }
    }

    fn word_ends(&self) -> bool {
        self.peek().is_none_or(|c| " \n;&|<>()".contains(c))
    }

    fn word(&mut self) -> Result<Word, String> {
        let from = self.at;
        let mut word = Word { at: from..from, ..Word::default() };
        while !self.word_ends() {
            self.piece(&mut word)?;
        }
        match self.peek() {
            Some('(' | ')') => return Err("a group, a function or a subshell is more than a command".to_owned()),
            Some('<' | '>') => return Err("a redirection stands too close to a word to be sure of it".to_owned()),
            _ if self.at == from => return Err("a file's name is missing".to_owned()),
            _ => {}
        }
        word.at = from..self.at;
        word.plain = word.pattern.is_none() && !word.home && self.line[word.at.clone()] == word.text;
        Ok(word)
    }

    /// Reads a quoted stretch or one character of a word.
    fn piece(&mut self, word: &mut Word) -> Result<(), String> {
        let first = self.at == word.at.start;
        let Some(c) = self.next() else { return Ok(()) };
        match c {
            '\'' => self.single(word)?,
            '"' => self.double(word)?,
            '\\' => match self.next() {
                Some(c) if c == ' ' || c.is_ascii_punctuation() => word.text.push(c),
                _ => return Err("a backslash stands before what needs none".to_owned()),
            },
            '$' | '`' => return Err("a variable or another command decides what is run".to_owned()),
            '!' => return Err("a `!` can stand for an earlier command".to_owned()),
            '{' | '}' => return Err("braces can stand for several words".to_owned()),
            '#' => return Err("a `#` can begin a comment".to_owned()),
            '~' => {
                if !first || !(self.peek() == Some('/') || self.word_ends()) {
                    return Err("a `~` can stand for another folder".to_owned());
                }
                word.home = true;
                word.text.push('~');
            }
            '*' | '?' | '[' => {
                word.pattern.get_or_insert(word.text.len());
                word.text.push(c);
            }
            c if c.is_ascii_graphic() || c.is_alphanumeric() => word.text.push(c),
            _ => return Err("a character without quotes could be taken for a blank".to_owned()),
        }
        Ok(())
    }

    fn single(&mut self, word: &mut Word) -> Result<(), String> {
        loop {
            match self.next() {
                Some('\'') => return Ok(()),
                None | Some('\n') => return Err(open_quote()),
                Some(c) => word.text.push(c),
            }
        }
    }

    fn double(&mut self, word: &mut Word) -> Result<(), String> {
        loop {
            match self.next() {
                Some('"') => return Ok(()),
                None | Some('\n') => return Err(open_quote()),
                Some('$' | '`') => return Err("a variable or another command decides what is run".to_owned()),
                Some('!') => return Err("a `!` can stand for an earlier command".to_owned()),
                Some('\\') => match self.next() {
                    Some(c @ ('$' | '`' | '"' | '\\')) => word.text.push(c),
                    None | Some('\n' | '!') => return Err("a backslash stands before what needs none".to_owned()),
                    Some(c) => word.text.extend(['\\', c]),
                },
                Some(c) => word.text.push(c),
            }
        }
    }
}

fn open_quote() -> String {
    "a quote does not end on its line".to_owned()
}

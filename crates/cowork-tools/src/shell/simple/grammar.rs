//! Whether the grammar of bash sees the same words in a line.

use std::ops::Range;

use tree_sitter::{Node, Parser, TreeCursor};

use super::words::Command;

/// What a command may be part of.
const AROUND: &[&str] = &["program", "list", "pipeline", "redirected_statement", "command"];

/// What stands between commands.
const OPERATORS: &[&str] = &["&&", "||", "|", ";", "\n"];

/// What an argument may be.
const ARGUMENTS: &[&str] = &["word", "number", "string", "raw_string", "concatenation"];

/// What an argument may be made of.
const WITHIN: &[&str] =
    &["command_name", "word", "number", "string", "raw_string", "concatenation", "string_content", "\"", "]", "["];

/// A part of a command, and where it stands.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Name(Range<usize>),
    Argument(Range<usize>),
    Redirection(Range<usize>),
}

/// Says what the grammar sees besides these commands, or instead of them.
pub(super) fn agrees(line: &str, commands: &[Command]) -> Result<(), String> {
    let mut parser = Parser::new();
    let not_there = |_| "the grammar of the shell is not there".to_owned();
    parser.set_language(&tree_sitter_bash::LANGUAGE.into()).map_err(not_there)?;
    let tree = parser.parse(line, None).ok_or("the line can't be taken apart")?;
    if tree.root_node().has_error() {
        return Err("the line is not understood".to_owned());
    }
    let mut seen = Vec::new();
    let mut cursor = tree.walk();
    let mut more = true;
    while more {
        let below = look(cursor.node(), &mut seen)?;
        more = (below && cursor.goto_first_child()) || onward(&mut cursor);
    }
    let mut expected: Vec<Part> = commands.iter().flat_map(parts).collect();
    [&mut seen, &mut expected].into_iter().for_each(|parts| parts.sort_by_key(begins));
    if seen == expected { Ok(()) } else { Err("the line can be understood in more than one way".to_owned()) }
}

/// Takes note of a node; says whether what is below it matters.
fn look(node: Node<'_>, seen: &mut Vec<Part>) -> Result<bool, String> {
    let (kind, at) = (node.kind(), node.byte_range());
    match kind {
        _ if AROUND.contains(&kind) => return Ok(true),
        _ if OPERATORS.contains(&kind) && !node.is_named() => return Ok(false),
        "file_redirect" => seen.push(Part::Redirection(at)),
        "command_name" => {
            only_text(node)?;
            seen.push(Part::Name(at));
        }
        _ if ARGUMENTS.contains(&kind) => {
            only_text(node)?;
            seen.push(Part::Argument(at));
        }
        _ => return Err("there is more in it than commands and their words".to_owned()),
    }
    Ok(false)
}

/// Says whether there is nothing in an argument but text.
fn only_text(argument: Node<'_>) -> Result<(), String> {
    let mut cursor = argument.walk();
    let mut more = true;
    while more {
        if !WITHIN.contains(&cursor.node().kind()) {
            return Err("something in its words decides what they are".to_owned());
        }
        more = cursor.goto_first_child() || onward(&mut cursor);
    }
    Ok(())
}

/// Goes to the next node that is not below this one.
fn onward(cursor: &mut TreeCursor<'_>) -> bool {
    while !cursor.goto_next_sibling() {
        if !cursor.goto_parent() {
            return false;
        }
    }
    true
}

fn parts(command: &Command) -> impl Iterator<Item = Part> {
    let mut words = command.words.iter().map(|word| word.at.clone());
    let name = words.next().map(Part::Name);
    let redirections = command.redirections.iter().cloned().map(Part::Redirection);
    name.into_iter().chain(words.map(Part::Argument)).chain(redirections)
}

fn begins(part: &Part) -> usize {
    match part {
        Part::Name(at) | Part::Argument(at) | Part::Redirection(at) => at.start,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::words::Word, agrees, *};

    /// Takes a line for one command, with a word wherever there is no blank: a reader that sees nothing but words.
    fn careless(line: &str) -> Vec<Command> {
        let words = line.split(' ').map(|word| {
            let from = word.as_ptr() as usize - line.as_ptr() as usize;
            Word { text: word.to_owned(), at: from..from + word.len(), ..Word::default() }
        });
        vec![Command { words: words.collect(), ..Command::default() }]
    }

    #[test]
    fn the_grammar_does_not_rely_on_the_other_reader() {
        for line in ["ls", "ls -la a/b", "echo 'a' \"b\" c\\;d", "find . -name '*.rs'"] {
            assert_eq!(agrees(line, &careless(line)), Ok(()), "{line}");
        }
        for line in [
            "ls;rm",
            "ls ;rm",
            "ls & rm",
            "ls|sh",
            "ls |sh",
            "ls&&rm",
            "ls\nrm",
            "ls >a",
            "ls > a",
            "ls 2>&1",
            "ls <a",
            "ls <<a",
            "ls <<<a",
            "ls $x",
            "ls ${x}",
            "ls \"$x\"",
            "ls $(x)",
            "ls \"$(x)\"",
            "ls `x`",
            "ls \"`x`\"",
            "ls $((1))",
            "ls <(x)",
            "ls $'x'",
            "(ls)",
            "{ ls; }",
            "! ls",
            "a=b ls",
            "a=b",
            "ls() { rm; }",
            "if ls; then rm; fi",
            "[[ a ]]",
            "[ a ]",
            "ls 'a",
            "ls # a",
            "ls &>a",
            "ls a$x",
            "$x a",
            "`x` a",
            "declare a",
            "export a=b",
            "unset a",
        ] {
            assert!(agrees(line, &careless(line)).is_err(), "{line}");
        }
    }

    #[test]
    fn other_words_than_the_grammar_sees_are_refused() {
        let line = "ls -l | wc";
        let commands = |words: [&[(usize, usize)]; 2]| {
            let word = |at: &(usize, usize)| Word { at: at.0..at.1, ..Word::default() };
            words.map(|words| Command { words: words.iter().map(word).collect(), ..Command::default() })
        };
        assert_eq!(agrees(line, &commands([&[(0, 2), (3, 5)], &[(8, 10)]])), Ok(()));
        for other in [
            [&[(0, 2), (3, 5)][..], &[(7, 10)]],
            [&[(0, 2)], &[(8, 10)]],
            [&[(0, 2)], &[(3, 5), (8, 10)]],
            [&[(0, 2), (3, 5), (8, 10)], &[]],
        ] {
            assert!(agrees(line, &commands(other)).is_err(), "{other:?}");
        }
    }
}

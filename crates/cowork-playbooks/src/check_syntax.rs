//! Why a program can't be read, in the words of somebody who does not know the grammar.

use ruff_python_ast::token::TokenKind as T;
use ruff_python_parser::{LexicalErrorType, ParseError, ParseErrorType as E};

use crate::check::Problem;

/// Says in plain words why a program can't be read.
pub(crate) fn unreadable(source: &str, error: &ParseError) -> Problem {
    let (what, fix): (String, &str) = match &error.error {
        E::ExpectedToken { expected: T::Colon, found: T::Equal } => {
            ("one `=` gives a value, and here two are compared".into(), "write == to compare")
        }
        E::ExpectedToken { expected: T::Colon, .. } => {
            ("a colon is missing here".into(), "end a line with if, for, while, else or def with `:`")
        }
        E::ExpectedToken { expected: T::Rpar | T::Rsqb | T::Rbrace | T::Comma, .. }
        | E::Lexical(LexicalErrorType::Eof) => (
            "a bracket or a comma is missing here, or before this place".into(),
            "close each ( [ { that was opened, and put commas between values",
        ),
        E::ExpectedToken { expected, .. } => (format!("{expected} should stand here"), ""),
        E::Lexical(LexicalErrorType::UnclosedStringError) => {
            ("this text does not end".into(), "close it with the quote that it begins with")
        }
        E::Lexical(LexicalErrorType::IndentationError) => (
            "this line begins further left or right than those that it belongs to".into(),
            "begin lines that belong together in the same column, with blanks only",
        ),
        E::UnexpectedIndentation => (
            "this line is indented, and the one above does not ask for it".into(),
            "begin it where the line above begins",
        ),
        E::Lexical(LexicalErrorType::UnrecognizedToken { tok: '\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}' }) => {
            ("these are curly quotes, as word processors make them".into(), "write straight ones: \" or '")
        }
        E::Lexical(LexicalErrorType::UnrecognizedToken { tok }) => {
            (format!("`{}` has no meaning here", tok.escape_debug()), "")
        }
        E::SimpleStatementsOnSameLine | E::SimpleAndCompoundStatementOnSameLine => (
            "something is missing here: what stands on this line does not go together".into(),
            "look for a missing quote, comma, bracket or `+`",
        ),
        E::ExpectedExpression => ("a value is missing here".into(), ""),
        E::InvalidAssignmentTarget => {
            ("only a name can be given a value with `=`".into(), "to compare two values write ==")
        }
        E::DuplicateKeywordArgumentError(name) => (format!("`{name}` is given twice"), "leave out one of the two"),
        E::PositionalAfterKeywordArgument => {
            ("a value without a name stands after one with a name".into(), "give those without a name first")
        }
        E::OtherError(said) if said.contains("indented block") => {
            ("what belongs to the line above must be indented".into(), "begin this line with four blanks")
        }
        E::RecursionLimitExceeded => ("it is nested too deeply".into(), "put parts of it into names of their own"),
        other => (format!("this can't be read: {other}"), ""),
    };
    Problem::at(source, error.location.to_std_range(), what).fix(fix)
}

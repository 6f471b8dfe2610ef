//! How values become literals of a program or of a header. Whatever a text holds, it stays a text.

use std::fmt::Write as _;

use serde_json::Value;

/// A piece of a text that the program puts together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// It stands as it is.
    Literal(String),
    /// An expression without a quoted text of the run in it.
    Hole(String),
}

/// Writes a text as a literal of Python.
pub(crate) fn python(text: &str) -> String {
    format!("\"{}\"", escaped(text, python_char))
}

/// Writes a text as a basic string of TOML.
pub(crate) fn toml(text: &str) -> String {
    format!(
        "\"{}\"",
        escaped(text, |c| match c {
            c if u32::from(c) > 0xffff => format!("\\U{:08x}", u32::from(c)),
            c => format!("\\u{:04x}", u32::from(c)),
        })
    )
}

/// Writes a value as a literal of Python.
pub(crate) fn literal(value: &Value) -> String {
    let joined = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(n) => n.to_string(),
        Value::String(text) => python(text),
        Value::Array(items) => format!("[{}]", joined(items.iter().map(literal).collect())),
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| format!("{}: {}", python(key), literal(value));
            format!("{{{}}}", joined(fields.iter().map(field).collect()))
        }
    }
}

/// Writes pieces as one expression: a literal, a name, or an f-string.
pub(crate) fn pieces(pieces: &[Piece]) -> String {
    match pieces {
        [] => "\"\"".to_owned(),
        [Piece::Hole(only)] => only.clone(),
        [Piece::Literal(only)] => python(only),
        many => {
            let mut text = String::from("f\"");
            for piece in many {
                match piece {
                    Piece::Hole(expression) => {
                        let _ = write!(text, "{{{}}}", expression.replace('"', "'"));
                    }
                    Piece::Literal(plain) => {
                        text.push_str(&escaped(plain, python_char).replace('{', "{{").replace('}', "}}"));
                    }
                }
            }
            text + "\""
        }
    }
}

/// Joins pieces that stand as they are.
pub(crate) fn merged(parts: Vec<Piece>) -> Vec<Piece> {
    let mut all: Vec<Piece> = Vec::new();
    for part in parts {
        match (all.last_mut(), part) {
            (_, Piece::Literal(text)) if text.is_empty() => {}
            (Some(Piece::Literal(before)), Piece::Literal(text)) => before.push_str(&text),
            (_, part) => all.push(part),
        }
    }
    all
}

fn python_char(c: char) -> String {
    match u32::from(c) {
        n @ 0..=0xff => format!("\\x{n:02x}"),
        n @ 0x100..=0xffff => format!("\\u{n:04x}"),
        n => format!("\\U{n:08x}"),
    }
}

/// Escapes what would end the literal, and what a person would not see: controls, and signs that turn the text around.
fn escaped(text: &str, odd: impl Fn(char) -> String) -> String {
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => written.push_str("\\\\"),
            '"' => written.push_str("\\\""),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
                written.push_str(&odd(c));
            }
            c if c.is_control() => written.push_str(&odd(c)),
            c => written.push(c),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_ends_its_literal() {
        assert_eq!(python("a\"b\\c\nd\u{0}\u{202e}"), "\"a\\\"b\\\\c\\nd\\x00\\u202e\"");
        assert_eq!(toml("a\"\n# ///\u{7f}"), "\"a\\\"\\n# ///\\u007f\"");
        let parts = [Piece::Literal("{x}\"".to_owned()), Piece::Hole("entry[\"name\"]".to_owned())];
        assert_eq!(pieces(&parts), "f\"{{x}}\\\"{entry['name']}\"");
    }
}

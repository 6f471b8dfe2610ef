//! JSON at the border: what a host gives is checked before anything is made of it; what it gets is written one way.
//!
//! JSON lets pass what two languages read differently: an integer of any size, which becomes a float without a word; half of a
//! character; a text so deep that reading it overflows a stack. Such is refused here, with its place.

use std::borrow::Cow;

use cowork::{Error, Kind, Result};
use serde::{
    Serialize,
    de::{DeserializeOwned, IgnoredAny},
};

/// From how many digits on a whole number may not be exact where all numbers are floats.
const LONG: usize = 16;

/// How long a text from a host may be, in bytes.
pub const LONGEST: usize = 32 << 20;
/// How deep its lists and objects may lie in each other.
pub const DEEPEST: usize = 100;

const OP: &str = "read JSON";

/// Reads what a host gives. `what` names it in errors: `the result of the tool sum`.
///
/// # Errors
/// `InvalidInput` for what is no JSON, what does not fit, and what another language would read as something else: an integer beyond
/// 64 bits, NaN, a field that there is not, half of a surrogate pair, more than [`DEEPEST`] levels, more than [`LONGEST`] bytes. The fact `at` is its place, as a JSON
/// pointer.
pub fn read<T: DeserializeOwned>(what: &str, json: &str) -> Result<T> {
    check(json).map_err(|fault| wrong(what, json, Some(fault.at), &fault.why))?;
    let (mut reader, mut unknown) = (serde_json::Deserializer::from_str(json), None);
    let read = serde_ignored::deserialize(&mut reader, |path| {
        unknown.get_or_insert_with(|| path.to_string());
    });
    let read = read.and_then(|read| reader.end().map(|()| read)).map_err(|e| unread(what, json, &e))?;
    match unknown {
        None => Ok(read),
        // What is left out without a word may be a limit.
        Some(path) => {
            let (at, name) = path.rsplit_once('.').unwrap_or(("", &path));
            let place = format!("/{}", at.replace(".?", "").replace('.', "/"));
            let place = if at.is_empty() { String::new() } else { format!(", at {place}") };
            Err(Error::new(Kind::InvalidInput, OP, format!("{what} does not fit: unknown field `{name}`{place}")))
        }
    }
}

/// Reads what a host gives where that has to be an object: a list of a type's fields, which serde would take for it, is none.
///
/// # Errors
/// As [`read`].
pub fn read_object<T: DeserializeOwned>(what: &str, json: &str) -> Result<T> {
    let begins = json.trim_ascii_start().bytes().next();
    if matches!(begins, Some(b'[')) {
        return Err(wrong(what, json, None, "does not fit: it is a list, not an object"));
    }
    read(what, json)
}

/// Writes what a host gets: each type with its fields in their one order, numbers exactly.
///
/// # Errors
/// `Internal` for what can't be written, which nothing is.
pub fn write<T: Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| {
        Error::new(Kind::Internal, "write JSON", format!("what the engine says can't be written as JSON: {e}"))
    })
}

/// Puts each whole number that no 64-bit float holds exactly into quotes, behind this mark: for languages whose numbers are such floats, and
/// whose reader of JSON would round it. `json` is what [`write()`] gave; the mark is nothing that occurs in it.
pub fn mark_integers(json: &str, mark: &str) -> String {
    const SAFE: u64 = (1 << 53) - 1;
    let (bytes, mut marked, mut at) = (json.as_bytes(), String::with_capacity(json.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let end = match byte {
            b'"' => string_end(bytes, at),
            b'-' | b'0'..=b'9' => at + number_at(json, at).len(),
            _ => at + 1 + bytes[at + 1..].iter().take_while(|b| !matches!(b, b'"' | b'-' | b'0'..=b'9')).count(),
        };
        let part = &json[at..end];
        let is_number = matches!(byte, b'-' | b'0'..=b'9') && !part.contains(['.', 'e', 'E']);
        if is_number && part.trim_start_matches('-').parse::<u64>().map_or(true, |number| number > SAFE) {
            marked.extend(["\"", mark, part, "\""]);
        } else {
            marked.push_str(part);
        }
        at = end;
    }
    marked
}

/// Says whether something may stand in it that [`mark_integers`] would mark: a long row of digits, be it in a text.
pub fn has_long_numbers(json: &str) -> bool {
    let bytes = json.as_bytes();
    let is_long = |at: usize| {
        let before = bytes[..at].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        before + bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count() >= LONG
    };
    // So long a row has one of its digits at one of these places.
    (LONG - 1..bytes.len()).step_by(LONG).any(|at| bytes[at].is_ascii_digit() && is_long(at))
}

/// Puts a mark in the place of each half of a surrogate pair, which no text can hold.
pub(crate) fn whole(json: &str) -> String {
    let (bytes, mut whole, mut at) = (json.as_bytes(), Vec::with_capacity(json.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let (is_kept, len) = match (byte, unit(bytes, at)) {
            (_, Some(0xd800..=0xdbff)) if matches!(unit(bytes, at + 6), Some(0xdc00..=0xdfff)) => (true, 12),
            (_, Some(0xd800..=0xdfff)) => (false, 6),
            (b'\\', None) => (true, 2.min(bytes.len() - at)),
            _ => (true, 1),
        };
        whole.extend_from_slice(if is_kept { &bytes[at..at + len] } else { br"\ufffd" });
        at += len;
    }
    String::from_utf8_lossy(&whole).into_owned()
}

/// Gives the number that begins here.
fn number_at(json: &str, at: usize) -> &str {
    let rest = &json[at..];
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
    &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())]
}

/// What is wrong with a text, and at which byte.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    at: usize,
    why: Cow<'static, str>,
}

/// Finds what a reader of JSON would let pass. What is not JSON at all is left to the reader.
fn check(json: &str) -> Result<(), Fault> {
    let fault = |at: usize, why: &'static str| Err(Fault { at, why: why.into() });
    if json.len() > LONGEST {
        let why = format!("is {} bytes long; the most is {LONGEST}", json.len());
        return Err(Fault { at: 0, why: why.into() });
    }
    let (bytes, mut at, mut depth) = (json.as_bytes(), 0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = check_string(bytes, at)?,
            b'[' | b'{' => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(Fault { at, why: format!("lies more than {DEEPEST} levels deep").into() });
                }
                at += 1;
            }
            b']' | b'}' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            b'-' if bytes.get(at + 1) == Some(&b'I') => return fault(at, "holds an infinity, which JSON has not"),
            b'I' => return fault(at, "holds an infinity, which JSON has not"),
            b'N' => return fault(at, "holds NaN, which JSON has not"),
            b'-' | b'0'..=b'9' => at = check_number(json, at)?,
            _ => at += 1,
        }
    }
    Ok(())
}

/// Goes past a number, if it is a float or an integer of 64 bits.
fn check_number(json: &str, at: usize) -> Result<usize, Fault> {
    let number = number_at(json, at);
    let is_integer = number.len() > 18 && !number.contains(['.', 'e', 'E']);
    if is_integer && number.parse::<i64>().is_err() && number.parse::<u64>().is_err() {
        let shown = &number[..number.len().min(40)];
        return Err(Fault { at, why: format!("holds {shown}, which is no integer of 64 bits").into() });
    }
    Ok(at + number.len())
}

/// Goes past a string, if no half of a surrogate pair is in it.
fn check_string(bytes: &[u8], start: usize) -> Result<usize, Fault> {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return Ok(at + 1),
            b'\\' if bytes.get(at + 1) == Some(&b'u') => {
                let lone = || Err(Fault { at, why: "holds half of a character: a lone surrogate".into() });
                match unit(bytes, at) {
                    Some(0xd800..=0xdbff) => match unit(bytes, at + 6) {
                        Some(0xdc00..=0xdfff) => at += 12,
                        _ => return lone(),
                    },
                    Some(0xdc00..=0xdfff) => return lone(),
                    _ => at += 6,
                }
            }
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    Ok(at)
}

/// Gives the number of an escape that begins here: `\u0041`.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

fn unread(what: &str, json: &str, error: &serde_json::Error) -> Error {
    let said = error.to_string();
    let said = plain(said.rfind(" at line ").map_or(said.as_str(), |end| &said[..end]));
    let at = (error.line() > 0).then(|| byte_of(json, error.line(), error.column()));
    // What is missing is noticed at the end of an object, and is not its last field's fault.
    let at = at.map(|at| at + usize::from(said.starts_with("missing field")));
    let fits_not = error.is_data() || serde_json::from_str::<IgnoredAny>(json).is_ok();
    let why = if fits_not { format!("does not fit: {said}") } else { format!("is not JSON: {said}") };
    wrong(what, json, at, &why)
}

/// Says what Rust calls its types in words that other languages share.
fn plain(said: &str) -> String {
    let whole = ["usize", "u16", "u32", "u64", "i32", "i64"];
    let said = whole
        .iter()
        .fold(said.to_owned(), |said, name| said.replace(&format!("expected {name}"), "expected a whole number"));
    said.replace("expected value", "expected another kind of value").replace("expected struct ", "expected an object, ")
}

fn byte_of(json: &str, line: usize, column: usize) -> usize {
    let before: usize = json.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)).min(json.len())
}

fn wrong(what: &str, json: &str, at: Option<usize>, why: &str) -> Error {
    let place = at.map(|at| pointer(json.as_bytes(), at)).unwrap_or_default();
    let said = if place.is_empty() { format!("{what} {why}") } else { format!("{what} {why}, at {place}") };
    let error = Error::new(Kind::InvalidInput, OP, said);
    if place.is_empty() { error } else { error.with("at", place) }
}

/// A list or an object that a place lies in.
struct Level {
    is_object: bool,
    /// Whether a key comes next, where it is an object.
    wants_key: bool,
    key: String,
    index: usize,
}

/// Says in which lists and objects a byte lies: `/rows/3/total`.
fn pointer(bytes: &[u8], end: usize) -> String {
    let (mut at, mut levels) = (0, Vec::<Level>::new());
    while at < end {
        match bytes[at] {
            byte @ (b'[' | b'{') => {
                let is_object = byte == b'{';
                levels.push(Level { is_object, wants_key: is_object, key: String::new(), index: 0 });
            }
            b']' | b'}' => drop(levels.pop()),
            b',' => {
                if let Some(level) = levels.last_mut() {
                    level.index += 1;
                    level.wants_key = level.is_object;
                }
            }
            b'"' => {
                let after = string_end(bytes, at);
                if let Some(level) = levels.last_mut().filter(|level| level.wants_key) {
                    level.key = String::from_utf8_lossy(&bytes[at + 1..after.max(at + 2) - 1]).into_owned();
                    level.wants_key = false;
                }
                at = after;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    levels.iter().filter(|level| !level.wants_key).map(step).collect()
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn step(level: &Level) -> String {
    if !level.is_object {
        return format!("/{}", level.index);
    }
    let key: String = level.key.chars().take(60).collect();
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn refused(json: &str) -> (String, Option<String>) {
        let error = read::<Value>("the result", json).unwrap_err();
        assert_eq!(error.kind, Kind::InvalidInput);
        (error.message.clone(), error.fact("at").map(str::to_owned))
    }

    #[test]
    fn half_of_a_character_is_shown_as_a_mark_and_all_else_stays_as_it_is() {
        for (json, wanted) in [
            (r#""a\ud800b""#, r#""a\ufffdb""#),
            (r#""\udc00\ud83d\ude00\ud800""#, r#""\ufffd\ud83d\ude00\ufffd""#),
            (r#""\ud800\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\ud800 \u00e9 é 😀 \n""#, r#""\\ud800 \u00e9 é 😀 \n""#),
            (r#""open\"#, r#""open\"#),
            (r#""open\é"#, r#""open\é"#),
            (r#""\ud8"#, r#""\ud8"#),
            ("", ""),
        ] {
            assert_eq!(whole(json), wanted);
        }
    }

    #[test]
    fn a_number_that_a_float_would_round_is_marked_and_nothing_else_is() {
        for (json, marked) in [
            ("9007199254740991", "9007199254740991"),
            ("9007199254740992", "\"#9007199254740992\""),
            ("-9007199254740991", "-9007199254740991"),
            ("[-9007199254740992,1]", "[\"#-9007199254740992\",1]"),
            ("18446744073709551615", "\"#18446744073709551615\""),
            ("1e300", "1e300"),
            ("12345678901234567890.5", "12345678901234567890.5"),
            (
                r#"{"a9007199254740993":"9007199254740993 \" 9007199254740993","b":9007199254740993}"#,
                r##"{"a9007199254740993":"9007199254740993 \" 9007199254740993","b":"#9007199254740993"}"##,
            ),
            ("\"ü\\\\\"", "\"ü\\\\\""),
            ("[true,null,\"😀\"]", "[true,null,\"😀\"]"),
            ("", ""),
            ("\"open", "\"open"),
            ("\"open\\", "\"open\\"),
        ] {
            assert_eq!(mark_integers(json, "#"), marked, "{json}");
        }
    }

    #[test]
    fn what_two_languages_would_read_differently_is_refused_with_its_place() {
        let table = [
            ("18446744073709551616", "no integer of 64 bits", None),
            (r#"{"a":[1,{"b":-9223372036854775809}]}"#, "no integer of 64 bits", Some("/a/1/b")),
            (r#"{"n": NaN}"#, "NaN", Some("/n")),
            ("[1,-Infinity]", "infinity", Some("/1")),
            (r#"{"x":{"half":"\ud83d!"}}"#, "half of a character", Some("/x/half")),
            (r#"["\ude00"]"#, "half of a character", Some("/0")),
            (r#"{"a/b":"\ud83d\u0041"}"#, "half of a character", Some("/a~1b")),
            ("[1e999]", "number out of range", Some("/0")),
            ("[1,]", "is not JSON", Some("/1")),
            ("{\n \"a\": 1,\n \"b\": x}", "is not JSON", Some("/b")),
            ("\"open", "is not JSON", None),
            ("", "is not JSON", None),
            ("undefined", "is not JSON", None),
        ];
        for (json, why, at) in table {
            let (message, place) = refused(json);
            assert!(message.starts_with("the result ") && message.contains(why), "{json}: {message}");
            assert_eq!(place.as_deref(), at, "{json}: {message}");
        }
    }

    #[test]
    fn what_is_too_deep_or_too_long_is_refused() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read::<Value>("it", &deep(DEEPEST)).is_ok());
        assert!(refused(&deep(DEEPEST + 1)).0.contains("levels deep"));
        assert!(refused(&deep(1_000_000)).0.contains("levels deep"));
        assert!(refused(&format!("\"{}\"", "x".repeat(LONGEST))).0.contains("bytes long"));
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_place() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Shape {
            #[allow(dead_code, reason = "it is only read")]
            sides: Vec<u32>,
            #[serde(default)]
            #[allow(dead_code, reason = "it is only read")]
            name: String,
        }
        let error = |json: &str| read::<Shape>("the shape", json).unwrap_err().message;
        assert!(error(r#"{"sides":[1,"two"]}"#).starts_with("the shape does not fit: invalid type: string \"two\""));
        assert!(error(r#"{"sides":[1,"two"]}"#).ends_with("at /sides/1"));
        assert!(error(r#"{"side":[]}"#).contains("unknown field `side`"));
        assert!(error(r#"{"name":"x"}"#).ends_with("missing field `sides`"));
        #[derive(Debug, serde::Deserialize)]
        struct Open {
            #[allow(dead_code, reason = "it is only read")]
            shape: Option<Plain>,
        }
        #[derive(Debug, serde::Deserialize)]
        struct Plain {}
        let error = |json: &str| read::<Open>("it", json).unwrap_err().message;
        assert_eq!(error(r#"{"shape":{"usd":1}}"#), "it does not fit: unknown field `usd`, at /shape");
        assert_eq!(error(r#"{"usd":1}"#), "it does not fit: unknown field `usd`");
        assert!(error(r#"{"shape":1}"#).contains("expected an object, Plain"));
    }

    #[test]
    fn numbers_at_their_limits_and_every_character_come_through() {
        let all = r#"{"a":9223372036854775807,"b":-9223372036854775808,"c":18446744073709551615,"d":0.1,"e":5e-324,"f":1.7976931348623157e308,"g":"😀\u0000é","h":-0.0}"#;
        let value: Value = read("all", all).unwrap();
        assert_eq!(value["c"].as_u64(), Some(u64::MAX));
        assert_eq!(read::<Value>("all", &write(&value).unwrap()).unwrap(), value);
        assert_eq!(read::<Value>("it", r#""\ud83d\ude00""#).unwrap(), json!("😀"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_float_is_the_same_float_on_the_other_side(bits in any::<u64>()) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            let back: f64 = read("a number", &write(&number).unwrap()).unwrap();
            prop_assert_eq!(back.to_bits(), number.to_bits());
        }

        #[test]
        fn a_long_number_is_seen_wherever_it_stands(before in "[a9 ]{0,40}", digits in 1..40_usize, after in "[a9 ]{0,40}") {
            let json = format!("{before}{}{after}", "1".repeat(digits));
            let is_long = json.split(|c: char| !c.is_ascii_digit()).any(|row| row.len() >= LONG);
            prop_assert_eq!(has_long_numbers(&json), is_long);
        }

        #[test]
        fn whatever_comes_is_read_or_refused(text in r#"[\[\]{}",:0-9eE+.\\udNI \n-]{0,40}"#) {
            let ours = read::<Value>("it", &text);
            // Nothing passes that the reader of JSON would not take.
            prop_assert!(ours.is_err() || serde_json::from_str::<Value>(&text).is_ok());
        }
    }
}

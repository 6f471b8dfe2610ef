//! What a host and its worker say to each other, as frames: four bytes of length, the lowest first, then JSON. Neither believes the other.

use cowork_core::{Error, Kind, Outcome, Result};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    interpreter::{Halt, Program},
    limits::Limits,
    pinned::{INTERPRETER, RULES},
};

/// What a host says to its worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// Begin this program. It is said once, before all else.
    Begin(Box<Begin>),
    /// Go on with the program, with these outcomes of the calls that it wants.
    GoOn(Vec<Outcome>),
}

/// A program, and what has to run it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Begin {
    interpreter: String,
    rules: u32,
    pub(crate) program: Program,
}

/// What a worker says to its host: once for each order.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Told {
    /// The program has come to a halt.
    Halt(Halt),
    /// It could not be begun.
    Failed(Error),
}

/// How large a frame may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Bytes.
    bytes: usize,
    /// Values in it, counted by what stands between them: each takes many times its bytes once it is read.
    values: usize,
}

/// Frames that come in pieces.
#[derive(Debug)]
pub(crate) struct Frames {
    held: Vec<u8>,
    bounds: Bounds,
}

/// The bytes of a frame's length.
const LENGTH: usize = 4;

impl Begin {
    pub(crate) fn new(program: Program) -> Self {
        Self { interpreter: INTERPRETER.to_owned(), rules: RULES, program }
    }

    /// Checks that this program here is what the host counts on: its file may have been exchanged meanwhile.
    pub(crate) fn check(&self) -> Result<()> {
        if self.interpreter == INTERPRETER && self.rules == RULES {
            return Ok(());
        }
        let why = format!("the worker runs programs with {INTERPRETER} (rules {RULES}), and its host wants another");
        Err(Error::new(Kind::Unsupported, "run playbook", why)
            .with_fix("start the host again, with the program that is there now"))
    }
}

impl Bounds {
    /// What a worker takes before it knows its program's limits.
    pub(crate) const FIRST: Self = Self { bytes: 64 << 20, values: 4 << 20 };

    /// Gives what a program with these limits may need: all the values that go in or come out, and what is around them.
    pub(crate) fn of(limits: &Limits) -> Self {
        // A value weighs 48 bytes at least, as programs are charged for it.
        const EACH: usize = 48;
        const AROUND: usize = 1 << 20;
        let bytes = limits.value.saturating_mul(2).saturating_add(AROUND).min(u32::MAX as usize);
        Self { bytes, values: (limits.value / EACH).saturating_add(AROUND / EACH) }
    }
}

impl Frames {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { held: Vec::new(), bounds }
    }

    pub(crate) fn widen(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    /// Takes what has come.
    ///
    /// # Errors
    /// `LimitExceeded` as soon as it is known that the frame is too large.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<()> {
        self.held.extend_from_slice(bytes);
        self.length().map(drop)
    }

    /// Says whether nothing is held.
    pub(crate) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Gives what the next frame says, once it is whole.
    ///
    /// # Errors
    /// `LimitExceeded` for one that is too large; `InvalidInput` for one that can't be read.
    pub(crate) fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        let Some(length) = self.length()? else { return Ok(None) };
        if self.held.len() < LENGTH + length {
            return Ok(None);
        }
        let rest = self.held.split_off(LENGTH + length);
        let frame = std::mem::replace(&mut self.held, rest);
        read(&frame[LENGTH..], self.bounds).map(Some)
    }

    fn length(&self) -> Result<Option<usize>> {
        let Some(first) = self.held.first_chunk::<LENGTH>() else { return Ok(None) };
        let length = u32::from_le_bytes(*first) as usize;
        if length > self.bounds.bytes { Err(too_large(self.bounds.bytes)) } else { Ok(Some(length)) }
    }
}

/// Writes a frame.
///
/// # Errors
/// `LimitExceeded` if it is larger than the other side takes.
pub(crate) fn written(what: &impl Serialize, bounds: Bounds) -> Result<Vec<u8>> {
    let mut frame = vec![0; LENGTH];
    serde_json::to_writer(&mut frame, what).map_err(|e| wrong("can't be written").with_source(e))?;
    let length = frame.len() - LENGTH;
    match u32::try_from(length) {
        Ok(number) if length <= bounds.bytes && values(&frame[LENGTH..]) <= bounds.values => {
            frame[..LENGTH].copy_from_slice(&number.to_le_bytes());
            Ok(frame)
        }
        _ => Err(too_large(bounds.bytes)),
    }
}

fn read<T: DeserializeOwned>(frame: &[u8], bounds: Bounds) -> Result<T> {
    if values(frame) > bounds.values {
        return Err(too_large(bounds.bytes));
    }
    serde_json::from_slice(frame).map_err(|e| wrong("can't be read").with_source(e))
}

/// Counts the values of a JSON text, about.
fn values(json: &[u8]) -> usize {
    let (mut count, mut is_text, mut is_escaped) = (0, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b',' | b':' | b'[' | b'{' if !is_text => count += 1,
            _ => {}
        }
    }
    count
}

fn wrong(what: &str) -> Error {
    Error::new(Kind::InvalidInput, "run playbook", format!("what a program's worker and its host say {what}"))
}

fn too_large(most: usize) -> Error {
    let why = format!("what goes into a program or comes out of it is larger than {most} bytes, or is too many values");
    Error::new(Kind::LimitExceeded, "run playbook", why).with_fix("look at less at once")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const SMALL: Bounds = Bounds { bytes: 1_000, values: 50 };

    fn value() -> impl Strategy<Value = Value> {
        let number = any::<f64>().prop_filter("JSON has no other", |n| n.is_finite()).prop_map(|n| json!(n));
        let leaf = prop_oneof![
            number,
            any::<i64>().prop_map(|n| json!(n)),
            ".{0,9}".prop_map(|s| json!(s)),
            Just(Value::Null)
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(".{0,5}", inner, 0..4).prop_map(|all| json!(all)),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_however_it_is_cut(values in proptest::collection::vec(value(), 1..5), cut in 1_usize..40) {
            let bytes: Vec<u8> = values.iter().flat_map(|v| written(v, Bounds::FIRST).unwrap()).collect();
            let (mut frames, mut came) = (Frames::new(Bounds::FIRST), Vec::<Value>::new());
            for piece in bytes.chunks(cut) {
                frames.push(piece).unwrap();
                while let Some(value) = frames.next().unwrap() {
                    came.push(value);
                }
            }
            prop_assert_eq!(came, values);
            prop_assert!(frames.is_empty());
        }

        #[test]
        fn any_bytes_are_a_frame_or_an_error_and_no_more_is_held_than_may_be(bytes: Vec<u8>, cut in 1_usize..40) {
            let mut frames = Frames::new(SMALL);
            for piece in bytes.chunks(cut) {
                if frames.push(piece).is_err() {
                    break;
                }
                if frames.next::<Told>().is_err() {
                    break;
                }
                prop_assert!(frames.held.len() <= LENGTH + SMALL.bytes);
            }
        }
    }

    #[test]
    fn a_frame_that_says_that_it_is_too_large_is_not_waited_for() {
        let mut frames = Frames::new(SMALL);
        assert_eq!(frames.push(&1_001_u32.to_le_bytes()).unwrap_err().kind, Kind::LimitExceeded);
        let text = "x".repeat(1_000);
        assert_eq!(written(&text, SMALL).unwrap_err().kind, Kind::LimitExceeded);
    }

    #[test]
    fn many_small_values_are_too_large_whatever_their_bytes() {
        let many = vec![0; 60];
        assert_eq!(written(&many, SMALL).unwrap_err().kind, Kind::LimitExceeded);
        let mut frames = Frames::new(SMALL);
        frames.push(&written(&many, Bounds::FIRST).unwrap()).unwrap();
        assert_eq!(frames.next::<Value>().unwrap_err().kind, Kind::LimitExceeded);
        let signs = "[,:{\"".repeat(60);
        let mut frames = Frames::new(SMALL);
        frames.push(&written(&signs, SMALL).unwrap()).unwrap();
        assert_eq!(frames.next::<String>().unwrap().unwrap(), signs, "what is in a text is no value");
    }

    #[test]
    fn a_worker_of_another_version_refuses() {
        let program = Program::new("a".to_owned(), "1".to_owned(), serde_json::Map::new());
        assert!(Begin::new(program.clone()).check().is_ok());
        let other = Begin { interpreter: "monty 9".to_owned(), ..Begin::new(program) };
        assert_eq!(other.check().unwrap_err().kind, Kind::Unsupported);
    }
}

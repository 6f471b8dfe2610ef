//! What a host says to a worker and hears from it, in which order. Pure: it reads nothing and waits for nothing.
//!
//! A worker is taken for somebody who may say anything: what could not have come from a program within its limits is an error, and ends it.

use std::sync::Arc;

use cowork_core::{Error, Finish, Kind, Outcome, PlanStep, ProposedCall, Result};

use crate::{
    calls::{Function, MOST_AT_ONCE},
    frames::{Begin, Bounds, Frames, Order, Told, written},
    host::{LONGEST_LINE, MOST_SAID, MOST_STEPS},
    interpreter::{Halt, Pause, Program},
    limits::Limits,
};

/// A worker, as its host knows it.
#[derive(Debug)]
pub(crate) struct Dialogue {
    turn: Turn,
    frames: Frames,
    limits: Limits,
    tools: Arc<[Function]>,
    /// How many calls were wanted.
    calls: usize,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// The worker's: it has been told what to do.
    Worker,
    /// The host's: the program waits for the outcomes of so many calls.
    Host(usize),
    /// Nobody's any more.
    Over,
}

impl Dialogue {
    /// Begins one: gives it with what is to be said first.
    ///
    /// # Errors
    /// `LimitExceeded` for a program that is too large.
    pub(crate) fn begin(program: Program) -> Result<(Self, Vec<u8>)> {
        let (limits, tools) = (program.limits, program.tools.clone());
        let frames = Frames::new(Bounds::of(&limits));
        let first = written(&Order::Begin(Box::new(Begin::new(program))), Bounds::FIRST)?;
        Ok((Self { turn: Turn::Worker, frames, limits, tools, calls: 0 }, first))
    }

    /// Gives what is to be said so that the program goes on.
    ///
    /// # Errors
    /// `LimitExceeded` for outcomes that are too large; `Internal` if it does not wait for so many.
    pub(crate) fn go_on(&mut self, outcomes: Vec<Outcome>) -> Result<Vec<u8>> {
        if self.turn != Turn::Host(outcomes.len()) {
            return Err(Error::new(Kind::Internal, "run playbook", "the program does not wait for this answer"));
        }
        let said = written(&Order::GoOn(outcomes), Bounds::of(&self.limits))?;
        self.turn = Turn::Worker;
        Ok(said)
    }

    /// Takes what the worker wrote; gives what it said, once that is whole.
    ///
    /// # Errors
    /// What the program could not be begun for; `LimitExceeded` for too much, `Internal` for what no worker says.
    pub(crate) fn hear(&mut self, bytes: &[u8]) -> Result<Option<Halt>> {
        if self.turn != Turn::Worker {
            return Err(self.breach("it speaks without being asked"));
        }
        let heard = self.frames.push(bytes).and_then(|()| self.frames.next());
        let told = match heard {
            Ok(None) => return Ok(None),
            Ok(Some(told)) => told,
            Err(error) if error.kind == Kind::LimitExceeded => return Err(self.end(error)),
            Err(_) => return Err(self.breach("what it says can't be read")),
        };
        if !self.frames.is_empty() {
            return Err(self.breach("it says more than it was asked"));
        }
        let halt = match told {
            Told::Failed(error) => return Err(self.failed(error)),
            Told::Halt(halt) => halt,
        };
        match self.doubt(&halt) {
            Some(why) => Err(self.breach(why)),
            None => Ok(Some(halt)),
        }
    }

    /// Says what is wrong with a halt; nothing if a program may have come to it.
    fn doubt(&mut self, halt: &Halt) -> Option<&'static str> {
        if halt.said.as_ref().is_some_and(|said| said.len() > MOST_SAID || has_controls(said)) {
            return Some("it says what no program may say");
        }
        if halt.plan.as_ref().is_some_and(|plan| plan.len() > MOST_STEPS || !plan.iter().all(is_step)) {
            return Some("its plan is none");
        }
        self.turn = match &halt.pause {
            Pause::End(Finish::Cancelled) => return Some("it was not stopped"),
            Pause::End(_) => Turn::Over,
            Pause::Calls(calls) => {
                self.calls = self.calls.saturating_add(calls.len());
                match calls.len() {
                    0 => return Some("it waits for nothing"),
                    n if n > MOST_AT_ONCE || self.calls > self.limits.calls => return Some("it calls too many tools"),
                    n if calls.iter().all(|call| self.is_there(call)) => Turn::Host(n),
                    _ => return Some("it calls a tool that is not there"),
                }
            }
        };
        None
    }

    fn is_there(&self, call: &ProposedCall) -> bool {
        call.args.is_object() && self.tools.iter().any(|tool| tool.name == call.tool)
    }

    /// Takes what a worker says that its program could not be begun for. That it was lost, or can't be confined, only the sandbox says: these
    /// have the program run again, or elsewhere.
    fn failed(&mut self, mut error: Error) -> Error {
        if !matches!(error.kind, Kind::InvalidInput | Kind::LimitExceeded) {
            error.kind = Kind::Internal;
        }
        self.end(error)
    }

    fn end(&mut self, error: Error) -> Error {
        self.turn = Turn::Over;
        error
    }

    fn breach(&mut self, what: &str) -> Error {
        let why = format!("the worker of the playbook does not do what a worker does: {what}");
        self.end(Error::new(Kind::Internal, "run playbook", why))
            .with_fix("the task did nothing by it; if it comes again, say so to whoever makes this program")
    }
}

fn has_controls(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && c != '\n')
}

fn is_step(step: &PlanStep) -> bool {
    // A line that was cut has a sign of that behind it.
    let is_line = |line: &str| line.len() <= LONGEST_LINE + '…'.len_utf8() && !line.chars().any(char::is_control);
    is_line(&step.title) && is_line(&step.detail)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

    use cowork_core::{StepState, ToolSpec};
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;

    fn begun(limits: Limits) -> Dialogue {
        let schema = json!({ "type": "object", "properties": { "path": {} } });
        let tool = ToolSpec { name: "look".to_owned(), about: String::new(), schema };
        let program = Program::new("mine.py".to_owned(), "1".to_owned(), Map::new());
        Dialogue::begin(program.with_tools(&[tool]).with_limits(limits)).unwrap().0
    }

    fn told(halt: Halt) -> Vec<u8> {
        written(&Told::Halt(halt), Bounds::FIRST).unwrap()
    }

    fn calls(tool: &str, args: Value, count: usize) -> Halt {
        let call = ProposedCall { tool: tool.to_owned(), args };
        Halt { said: None, plan: None, pause: Pause::Calls(vec![call; count]) }
    }

    fn looks(count: usize) -> Halt {
        calls("look", json!({ "path": "Desk" }), count)
    }

    fn ends() -> Halt {
        let end = Finish::Done { summary: "Done.".to_owned(), data: Value::Null };
        Halt { said: None, plan: None, pause: Pause::End(end) }
    }

    fn done() -> Outcome {
        Outcome::Done { value: Value::Null, note: String::new() }
    }

    #[test]
    fn a_program_goes_from_halt_to_halt_to_its_end() {
        let mut dialogue = begun(Limits::default());
        let first = told(looks(2));
        assert_eq!(dialogue.hear(&first[..7]).unwrap(), None);
        assert_eq!(dialogue.hear(&first[7..]).unwrap(), Some(looks(2)));
        assert_eq!(dialogue.go_on(vec![done()]).unwrap_err().kind, Kind::Internal, "it waits for two");
        dialogue.go_on(vec![done(), done()]).unwrap();
        assert_eq!(dialogue.hear(&told(ends())).unwrap(), Some(ends()));
        assert!(dialogue.go_on(Vec::new()).is_err() && dialogue.hear(b"x").is_err());
    }

    #[test]
    fn what_no_worker_says_ends_it() {
        let step = |title: &str| PlanStep { title: title.to_owned(), detail: String::new(), state: StepState::Active };
        let with_plan = |plan: Vec<PlanStep>| Halt { plan: Some(plan), ..ends() };
        let wrong = [
            ("unknown tool", calls("delete_all", json!({}), 1)),
            ("arguments", calls("look", json!("Desk"), 1)),
            ("nothing wanted", looks(0)),
            ("too many at once", looks(MOST_AT_ONCE + 1)),
            ("stopped", Halt { pause: Pause::End(Finish::Cancelled), ..ends() }),
            ("long words", Halt { said: Some("x".repeat(MOST_SAID + 1)), ..ends() }),
            ("orders to a terminal", Halt { said: Some("\u{1b}]0;x".to_owned()), ..ends() }),
            ("long plan", with_plan(vec![step("a"); MOST_STEPS + 1])),
            ("long line", with_plan(vec![step(&"x".repeat(LONGEST_LINE + 4))])),
            ("line that is two", with_plan(vec![step("a\nb")])),
        ];
        for (what, halt) in wrong {
            let mut dialogue = begun(Limits::default());
            let error = dialogue.hear(&told(halt)).unwrap_err();
            assert_eq!(error.kind, Kind::Internal, "{what}");
            assert!(dialogue.go_on(vec![done()]).is_err(), "{what}: it is over");
        }
    }

    #[test]
    fn what_only_the_sandbox_can_know_no_worker_says() {
        let said = [
            (Kind::InvalidInput, Kind::InvalidInput),
            (Kind::LimitExceeded, Kind::LimitExceeded),
            (Kind::Unsupported, Kind::Internal),
            (Kind::Unavailable, Kind::Internal),
        ];
        for (said, heard) in said {
            let failed = Told::Failed(Error::new(said, "run playbook", "no"));
            let error = begun(Limits::default()).hear(&written(&failed, Bounds::FIRST).unwrap()).unwrap_err();
            assert_eq!((error.kind, error.message.as_str()), (heard, "no"));
        }
    }

    #[test]
    fn calls_are_counted_over_all_its_halts() {
        let mut dialogue = begun(Limits { calls: 5, ..Limits::default() });
        dialogue.hear(&told(looks(3))).unwrap();
        dialogue.go_on(vec![done(), done(), done()]).unwrap();
        assert_eq!(dialogue.hear(&told(looks(3))).unwrap_err().kind, Kind::Internal);
    }

    #[test]
    fn garbage_too_much_and_words_out_of_turn_are_errors() {
        let kind = |bytes: &[u8]| begun(Limits::default()).hear(bytes).unwrap_err().kind;
        assert_eq!(kind(b"\x05\0\0\0hello"), Kind::Internal);
        assert_eq!(kind(b"Segmentation fault"), Kind::LimitExceeded);
        let twice: Vec<u8> = [told(ends()), told(ends())].concat();
        assert_eq!(kind(&twice), Kind::Internal);
        let mut dialogue = begun(Limits::default());
        dialogue.hear(&told(looks(1))).unwrap();
        assert_eq!(dialogue.hear(&told(looks(1))).unwrap_err().kind, Kind::Internal);
    }

    proptest! {
        #[test]
        fn a_dose_of_what_is_fuzzed(bytes: Vec<u8>, piece in 0_usize..40, valid in proptest::collection::vec(0_usize..4, 0..4)) {
            let halts: Vec<u8> = valid.iter().flat_map(|n| told(looks(n % 3))).collect();
            for bytes in [&bytes, &halts, &[&halts[..], &bytes].concat(), &[&bytes[..], &halts].concat()] {
                let called = crate::fuzzed::worker(bytes, piece);
                prop_assert!(called.len() <= 50 && called.iter().all(|tool| tool == "look"));
                prop_assert_eq!(crate::fuzzed::host(bytes, piece), 0);
            }
        }

        #[test]
        fn no_bytes_lead_to_a_call_of_what_is_not_there(bytes: Vec<u8>, pieces in proptest::collection::vec(0_usize..9, 0..6)) {
            let tools = ["look", "delete_all"];
            let mut dialogue = begun(Limits::default());
            let framed = |n: usize| match n {
                0 => bytes.clone(),
                n => told(calls(tools[n % 2], json!({ "path": n }), n / 2)),
            };
            for piece in pieces {
                match dialogue.hear(&framed(piece)) {
                    Ok(Some(Halt { pause: Pause::Calls(calls), .. })) => {
                        prop_assert!(!calls.is_empty() && calls.iter().all(|call| call.tool == "look"));
                        dialogue.go_on(vec![done(); calls.len()]).unwrap();
                    }
                    Ok(_) => {}
                    Err(_) => break,
                }
            }
        }
    }
}

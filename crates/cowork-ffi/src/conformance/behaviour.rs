//! How the functions of a script's host behave, as data.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use cowork::{Error, Kind, Result, async_trait};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::Part;
use crate::{Function, Invocation, text, thrown};

/// How a function behaves. What is said last in this list comes first: it waits, then it throws, or gives something.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// A tool gives its arguments.
    pub echo: bool,
    /// A tool gives this value.
    #[serde(rename = "return")]
    pub value: Value,
    /// A tool gives something that can't cross.
    pub odd: Option<Odd>,
    /// It throws what its language throws, saying this.
    pub throw: Option<String>,
    /// It throws the binding's own error.
    pub throw_typed: Option<Error>,
    /// A planner proposes these, one after the other: the one with the number of the task's turns.
    pub turns: Vec<Value>,
    /// A model answers these, one after the other: the one with the number of its answers in the request.
    pub answers: Vec<Told>,
    /// An approver answers this.
    pub answer: Value,
    /// It is a plain function, where the language has such: no coroutine, no promise.
    pub sync: bool,
    /// It goes on once so many of its calls are there at once.
    pub meets: usize,
    /// It never comes to an end by itself.
    pub hangs: bool,
    /// It waits for so many milliseconds.
    pub after_ms: u64,
}

/// What can't cross a border.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Odd {
    /// Not a number.
    Nan,
    /// An infinity.
    Infinity,
    /// The integer 2^64.
    TooBig,
    /// The integer -2^63 - 1.
    TooSmall,
    /// A text with half of a surrogate pair.
    HalfCharacter,
    /// 200 lists in each other.
    TooDeep,
    /// Something that JSON has no form for: a function, an object of the language's own.
    NoJson,
}

/// An answer of a model: what it tells piece by piece, then what it gives.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Told {
    /// The pieces of text.
    pub tell: Vec<String>,
    /// The answer.
    pub answer: Value,
}

impl Odd {
    /// Writes it as a host would that has no check of its own.
    fn json(self) -> String {
        match self {
            Self::Nan => "NaN".to_owned(),
            Self::Infinity => "-Infinity".to_owned(),
            Self::TooBig => "18446744073709551616".to_owned(),
            Self::TooSmall => "-9223372036854775809".to_owned(),
            Self::HalfCharacter => r#""\ud83d""#.to_owned(),
            Self::TooDeep => format!("{}{}", "[".repeat(200), "]".repeat(200)),
            Self::NoJson => "undefined".to_owned(),
        }
    }
}

/// What happened in the functions of a script, and how often.
#[derive(Default)]
pub(super) struct Signals(Mutex<HashMap<(String, &'static str), watch::Sender<usize>>>);

pub(super) const BEGAN: &str = "began";
pub(super) const CANCELLED: &str = "cancelled";

impl Signals {
    fn of(&self, name: &str, what: &'static str) -> watch::Sender<usize> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry((name.to_owned(), what)).or_default().clone()
    }

    fn note(&self, name: &str, what: &'static str) {
        self.of(name, what).send_modify(|count| *count += 1);
    }

    /// Waits until it happened so often.
    pub(super) async fn wait(&self, name: &str, what: &'static str, times: usize) {
        // The sender is kept, so this can't fail.
        _ = self.of(name, what).subscribe().wait_for(|count| *count >= times).await;
    }
}

/// A function that behaves so.
pub(super) struct Behaves {
    pub(super) name: String,
    pub(super) part: Part,
    pub(super) behaviour: Behaviour,
    pub(super) signals: Arc<Signals>,
}

/// Notes that work was stopped before its end.
struct Guard<'a>(&'a Behaves, bool);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if !self.1 {
            self.0.signals.note(&self.0.name, CANCELLED);
        }
    }
}

#[async_trait]
impl Function for Behaves {
    async fn call(&self, call: Invocation) -> Result<String> {
        let mut guard = Guard(self, false);
        self.signals.note(&self.name, BEGAN);
        if self.behaviour.after_ms > 0 {
            tokio::time::sleep(Duration::from_millis(self.behaviour.after_ms)).await;
        }
        if self.behaviour.hangs {
            std::future::pending::<()>().await;
        }
        self.signals.wait(&self.name, BEGAN, self.behaviour.meets).await;
        guard.1 = true;
        self.gives(&call)
    }
}

impl Behaves {
    fn gives(&self, call: &Invocation) -> Result<String> {
        if let Some(message) = &self.behaviour.throw {
            return Err(thrown("Error", message));
        }
        if let Some(error) = &self.behaviour.throw_typed {
            return Err(error.clone());
        }
        let input: Value = text::read("an input", &call.input)?;
        match self.part {
            Part::Tool => Ok(self.result(&input)),
            Part::Planner => {
                let turn = input["task"]["turns"].as_array().map_or(0, Vec::len);
                self.behaviour.turns.get(turn).map(Value::to_string).ok_or_else(|| short(&self.name))
            }
            Part::Model => self.answers(call, &input),
            Part::Approver => Ok(self.behaviour.answer.to_string()),
        }
    }

    fn result(&self, input: &Value) -> String {
        if let Some(odd) = self.behaviour.odd {
            return format!("{{\"value\":{}}}", odd.json());
        }
        let value = if self.behaviour.echo { &input["args"] } else { &self.behaviour.value };
        json!({ "value": value }).to_string()
    }

    fn answers(&self, call: &Invocation, input: &Value) -> Result<String> {
        let answered = |message: &&Value| message["role"] == "assistant";
        let turn = input["messages"].as_array().into_iter().flatten().filter(answered).count();
        let told = self.behaviour.answers.get(turn).ok_or_else(|| short(&self.name))?;
        if let Some(tell) = &call.tell {
            told.tell.iter().for_each(|piece| _ = tell.text(piece));
        }
        Ok(told.answer.to_string())
    }
}

fn short(name: &str) -> Error {
    Error::new(Kind::InvalidInput, "play script", format!("the script has nothing more for `{name}`"))
}

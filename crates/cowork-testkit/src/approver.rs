//! An approver that answers what a test wrote down for it, and the conformance suite of [`Approver`].

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use cowork_core::{Answer, Approver, Ask, Effects, Hash, Preview, Proposal, Submit};
use serde_json::json;

use crate::TaskLog;

pub mod cases;

type Script = dyn Fn(&Ask) -> Option<Answer> + Send + Sync;

/// An [`Approver`] whose every answer comes from a test, and who remembers what it was asked.
///
/// Keep a clone to look into it; a clone is the same one.
#[derive(Clone)]
pub struct ScriptedApprover {
    script: Arc<Script>,
    asked: Arc<Mutex<Vec<Ask>>>,
}

impl ScriptedApprover {
    /// Makes one that asks a closure, which goes by the question alone.
    pub fn new(script: impl Fn(&Ask) -> Option<Answer> + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(script), asked: Arc::default() }
    }

    /// Makes one that says the same to everything; with `None` every question stays open.
    pub fn always(answer: Option<Answer>) -> Self {
        Self::new(move |_| answer)
    }

    /// Gives what it was asked so far.
    pub fn asked(&self) -> Vec<Ask> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Approver for ScriptedApprover {
    async fn answer(&self, ask: Ask) -> Option<Answer> {
        let answer = (self.script)(&ask);
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(ask);
        answer
    }
}

impl fmt::Debug for ScriptedApprover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScriptedApprover({} asked)", self.asked().len())
    }
}

/// Gives a question about a call of this tool, as an engine asks it: the effects are not known. Another `n` is another call.
pub fn ask(tool: &str, n: usize) -> Ask {
    let mut log = TaskLog::new(Submit::new("change something"));
    let mut call = None;
    // Each question is of another call, and so has another name.
    for n in 0..=n {
        call = log.propose(&Proposal::call(tool, json!({ "n": n }))).pop();
    }
    let (task, call) = (log.task(), call.expect("it was proposed"));
    let preview = Preview { title: format!("change thing {n}"), ..Preview::default() };
    Ask {
        thread: task.thread,
        task: task.id,
        args_hash: Hash::of_call(&call.tool, &call.args),
        call,
        effects: Effects::default().showing(preview),
        rule: "asks-before-changes".to_owned(),
        reason: "this task asks before it changes anything".to_owned(),
        subtask: None,
    }
}

/// An approver under test, with somebody to give its answers.
///
/// The suite asks about calls of three tools: `yes`, `no` and `open`. Whoever stands behind the approver (a script, a
/// dialog that a test clicks, a phone in memory) allows the first, denies the second and never says anything to the
/// third.
pub struct Subject {
    /// The approver.
    pub approver: Arc<dyn Approver>,
    /// Whether it waits for the answer to `open` for as long as it is let, instead of leaving the question open at once.
    pub waits: bool,
    /// What must live as long as the test.
    pub keep: Box<dyn std::any::Any + Send + Sync>,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject")
    }
}

/// Expands to one test for each promise of [`Approver`]. Takes an async function that gives a [`Subject`].
#[doc(inline)]
pub use crate::__approver_suite as suite;

#[doc(hidden)]
#[macro_export]
macro_rules! __approver_suite {
    ($make:expr) => {
        $crate::__tests! { approver, $make;
            an_answer_is_to_the_question_that_was_asked
            what_nobody_answers_stays_open
            it_may_be_asked_the_same_thing_again
            a_dropped_question_can_be_asked_again
        }
    };
}

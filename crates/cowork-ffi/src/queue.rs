//! What an engine wants of a host whose functions run on one thread of its own, such as an event loop's.

use std::{
    collections::HashMap,
    fmt, mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

use cowork::{Error, Kind, Result, async_trait};
use tokio::sync::oneshot::{self, Sender};

use crate::{Function, Handle, Invocation, Tell};

/// How often the host's thread goes on with the engine's work before its event loop has its turn.
const TURNS: u64 = 8;

/// What the host is to do, or is told.
#[derive(Debug)]
pub enum Wanted {
    /// Call the function at this place with this, and answer under this number.
    Call(i64, u64, String),
    /// Nobody wants the answer of this number any more: what works on it is to stop.
    Drop(i64),
    /// This came of the host's own call of this number.
    Done(i64, Result<String>),
}

/// What is wanted, until it is taken; and what was taken, until it is answered.
pub(crate) struct Queue {
    state: Mutex<State>,
    wake: Box<dyn Fn() + Send + Sync>,
    last: AtomicI64,
}

#[derive(Default)]
struct State {
    wanted: Vec<Wanted>,
    /// Whether the host's thread is here, and takes what is put in meanwhile.
    is_here: bool,
    /// How often it carried on.
    turns: u64,
    /// Functions at work, and those that are to be called.
    working: HashMap<i64, Working>,
}

struct Working {
    done: Sender<Result<String>>,
    is_tool: bool,
    tell: Option<Tell>,
}

/// The host's function at this place.
struct HostFunction {
    place: u64,
    is_tool: bool,
    queue: Arc<Queue>,
}

impl Queue {
    pub(crate) fn new(wake: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), wake: Box::new(wake), last: AtomicI64::new(0) })
    }

    pub(crate) fn function(self: &Arc<Self>, place: u64, kind: &str) -> Arc<dyn Function> {
        Arc::new(HostFunction { place, is_tool: kind == "tool", queue: self.clone() })
    }

    pub(crate) fn take(&self) -> Vec<Wanted> {
        mem::take(&mut self.state().wanted)
    }

    pub(crate) fn put(&self, wanted: Wanted) {
        self.put_into(self.state(), wanted);
    }

    /// Whoever is woken takes all. The lock is let go of before, as that wants it next.
    fn put_into(&self, mut state: MutexGuard<'_, State>, wanted: Wanted) {
        state.wanted.push(wanted);
        let wakes = state.wanted.len() == 1 && !state.is_here;
        drop(state);
        if wakes {
            (self.wake)();
        }
    }

    /// Answers for a function. Nobody may want it any more.
    pub(crate) fn answer(&self, number: i64, came: Result<String>) {
        let working = self.state().working.remove(&number);
        _ = working.map(|working| working.done.send(came));
    }

    /// Answers on the host's thread, which carries on what that wakes if it was a tool and nothing else is at work: the end of a tool begins
    /// little, while what a planner or a model says may begin much, best while the first of it is at work. Says whether something is to be taken.
    pub(crate) fn answer_here(&self, number: i64, came: Result<String>, engine: &Handle) -> bool {
        let mut state = self.state();
        let Some(working) = state.working.remove(&number) else { return false };
        state.is_here = working.is_tool && state.working.is_empty();
        let is_carried = state.is_here;
        drop(state);
        let give = || _ = working.done.send(came);
        if !is_carried {
            give();
            return false;
        }
        let here = Here(self);
        engine.carry(give);
        drop(here);
        let mut state = self.state();
        state.turns += 1;
        let (is_wanted, is_long) = (!state.wanted.is_empty(), state.turns.is_multiple_of(TURNS));
        drop(state);
        if is_wanted && is_long {
            (self.wake)();
        }
        is_wanted && !is_long
    }

    pub(crate) fn is_wanted(&self, number: i64) -> bool {
        self.state().working.contains_key(&number)
    }

    pub(crate) fn tell(&self, number: i64) -> Option<Tell> {
        self.state().working.get(&number).and_then(|working| working.tell.clone())
    }

    pub(crate) fn lose(&self) {
        let mut state = self.state();
        let State { wanted, working, .. } = &mut *state;
        let waits = |number: &i64| wanted.iter().any(|it| matches!(it, Wanted::Call(waits, ..) if waits == number));
        let lost: Vec<Working> = working.extract_if(|number, _| !waits(number)).map(|(_, working)| working).collect();
        drop(state);
        for working in lost {
            _ = working.done.send(Err(unserved()));
        }
    }

    pub(crate) fn again(&self, number: i64, place: u64, input: String) {
        if self.is_wanted(number) {
            self.put(Wanted::Call(number, place, input));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Queue({} wanted)", self.state().wanted.len())
    }
}

impl HostFunction {
    fn begin(&self, number: i64, done: Sender<Result<String>>, call: Invocation) {
        let mut state = self.queue.state();
        state.working.insert(number, Working { done, is_tool: self.is_tool, tell: call.tell });
        self.queue.put_into(state, Wanted::Call(number, self.place, call.input));
    }
}

#[async_trait]
impl Function for HostFunction {
    async fn call(&self, call: Invocation) -> Result<String> {
        let number = self.queue.last.fetch_add(1, Relaxed);
        let (done, came) = oneshot::channel();
        self.begin(number, done, call);
        let _given_up = GivenUp { number, queue: &self.queue };
        came.await.unwrap_or_else(|_| Err(unserved()))
    }
}

/// The host's thread is here.
struct Here<'a>(&'a Queue);

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.0.state().is_here = false;
    }
}

/// Stops the host's work when its answer is not wanted any more.
struct GivenUp<'a> {
    number: i64,
    queue: &'a Queue,
}

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        let waited = self.queue.state().working.remove(&self.number);
        if waited.is_some() {
            self.queue.put(Wanted::Drop(self.number));
        }
    }
}

/// There is nobody to run a function.
fn unserved() -> Error {
    Error::new(Kind::Unavailable, "call host", "the event loop that ran the host's functions is closed")
        .with_fix("keep it running until the tasks have ended, and close the engine before it")
}

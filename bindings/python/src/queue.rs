//! What the engine wants of Python, and what Python answers.

use std::{
    collections::HashMap,
    io::{self, PipeReader, PipeWriter, Write},
    mem,
    os::fd::AsRawFd,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicI64, Ordering},
    },
};

use cowork_ffi::{Error, Function, Invocation, Kind, Result, Tell, async_trait, json_of};
use tokio::sync::oneshot;

use crate::held;

/// What Python takes.
pub(crate) enum Item {
    /// Call the function at this place with this; answer under this number.
    Call(i64, u64, String),
    /// Nobody wants the answer to this any more.
    Drop(i64),
    /// An operation is done.
    Done(i64, Result<String>),
}

/// What is wanted, until it is taken; and what was taken, until it is answered.
pub(crate) struct Queue {
    state: Mutex<State>,
    reader: PipeReader,
    writer: PipeWriter,
    next: AtomicI64,
}

#[derive(Default)]
struct State {
    items: Vec<Item>,
    calls: HashMap<i64, Waiting>,
}

/// Who waits for an answer.
struct Waiting {
    answer: oneshot::Sender<Result<String>>,
    tell: Option<Tell>,
}

/// A function of Python's, by its place.
pub(crate) struct HostFunction {
    place: u64,
    queue: Arc<Queue>,
}

impl Item {
    /// Gives what it is, which one, of what, and its text.
    pub(crate) fn parts(self) -> (u8, i64, u64, String) {
        match self {
            Self::Call(number, place, input) => (0, number, place, input),
            Self::Drop(number) => (1, number, 0, String::new()),
            Self::Done(number, Ok(text)) => (2, number, 0, text),
            Self::Done(number, Err(error)) => (3, number, 0, json_of(&error)),
        }
    }
}

impl Queue {
    pub(crate) fn new() -> Result<Self> {
        let (reader, writer) = io::pipe().map_err(|e| {
            Error::new(Kind::Unavailable, "open engine", format!("the system gives no pipe: {e}")).with_source(e)
        })?;
        Ok(Self { state: Mutex::default(), reader, writer, next: AtomicI64::new(1) })
    }

    pub(crate) fn fileno(&self) -> i32 {
        self.reader.as_raw_fd()
    }

    pub(crate) fn put(&self, item: Item) {
        let mut state = held(&self.state);
        state.items.push(item);
        self.wake(state);
    }

    /// Whoever was woken takes all: one byte is enough, so the pipe is never full. The lock is let go of before, as it wants that next.
    fn wake(&self, state: MutexGuard<'_, State>) {
        let is_first = state.items.len() == 1;
        drop(state);
        if is_first {
            _ = (&self.writer).write(&[0]);
        }
    }

    pub(crate) fn take(&self) -> Vec<Item> {
        mem::take(&mut held(&self.state).items)
    }

    /// Has what an event loop took, and never answered as it ended, fail. Where there is no loop, what is wanted waits for the next one, or for the
    /// engine's end.
    pub(crate) fn lose(&self) {
        let mut state = held(&self.state);
        let State { items, calls } = &mut *state;
        let waits =
            |number: &i64| items.iter().any(|item| matches!(item, Item::Call(waiting, ..) if waiting == number));
        let lost: Vec<Waiting> = calls.extract_if(|number, _| !waits(number)).map(|(_, waiting)| waiting).collect();
        drop(state);
        for waiting in lost {
            _ = waiting.answer.send(Err(unserved()));
        }
    }

    /// Has a function called once more that a loop took and gave up as it ended.
    pub(crate) fn again(&self, number: i64, place: u64, input: String) {
        let is_wanted = held(&self.state).calls.contains_key(&number);
        if is_wanted {
            self.put(Item::Call(number, place, input));
        }
    }

    pub(crate) fn answer(&self, number: i64, answer: Result<String>) {
        let waiting = held(&self.state).calls.remove(&number);
        // Nobody wants it any more if there is none.
        if let Some(Waiting { answer: to, .. }) = waiting {
            _ = to.send(answer);
        }
    }

    pub(crate) fn told(&self, number: i64) -> Option<Tell> {
        held(&self.state).calls.get(&number).and_then(|waiting| waiting.tell.clone())
    }
}

impl HostFunction {
    pub(crate) fn new(place: u64, queue: Arc<Queue>) -> Self {
        Self { place, queue }
    }
}

#[async_trait]
impl Function for HostFunction {
    async fn call(&self, call: Invocation) -> Result<String> {
        let number = self.queue.next.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        {
            let mut state = held(&self.queue.state);
            state.calls.insert(number, Waiting { answer, tell: call.tell });
            state.items.push(Item::Call(number, self.place, call.input));
            self.queue.wake(state);
        }
        let _given_up = GivenUp { number, queue: &self.queue };
        answered.await.unwrap_or_else(|_| Err(unserved()))
    }
}

/// Stops Python's work when its answer is not wanted any more.
struct GivenUp<'a> {
    number: i64,
    queue: &'a Queue,
}

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        let waited = held(&self.queue.state).calls.remove(&self.number);
        if waited.is_some() {
            self.queue.put(Item::Drop(self.number));
        }
    }
}

/// There is no event loop to run a function in.
pub(crate) fn unserved() -> Error {
    Error::new(Kind::Unavailable, "call host", "the event loop that ran the host's functions is closed")
        .with_fix("keep it running until the tasks have ended, and close the engine before it")
}

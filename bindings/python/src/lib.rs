//! The engine for Python: what its package `cowork` calls, and nothing else.
//!
//! No thread of the engine ever takes Python's lock. What is wanted of Python goes into a queue, whose handle wakes the event loop, and
//! Python takes all that is there at once; so a busy interpreter never holds the engine up, and one that ends never finds a thread in it.

mod queue;

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    time::Duration,
};

use cowork_ffi::{Error, Events, Function, Handle, Parts, Result, error_of};
use pyo3::{create_exception, exceptions::PyException, prelude::*};
use tokio::task::AbortHandle;

use queue::{HostFunction, Item, Queue};

create_exception!(_native, Failed, PyException, "An error of the engine, as JSON.");

/// An engine, and what it wants of Python.
#[pyclass(frozen)]
struct Engine {
    handle: Arc<Handle>,
    queue: Arc<Queue>,
    /// What is under way, by the numbers that Python gave.
    work: Arc<Mutex<HashMap<u64, AbortHandle>>>,
    streams: Arc<Mutex<HashMap<u64, Arc<Events>>>>,
}

#[pymethods]
impl Engine {
    /// Opens one: `parts` are (what it is, how it is described), and are called by their place in this list.
    #[new]
    fn new(py: Python<'_>, config: &str, parts: Vec<(String, String)>) -> PyResult<Self> {
        let queue = Arc::new(Queue::new().map_err(|e| failed(&e))?);
        let mut all = Parts::new();
        for (place, (kind, declaration)) in (0..).zip(parts) {
            let function: Arc<dyn Function> = Arc::new(HostFunction::new(place, queue.clone()));
            all = match kind.as_str() {
                "tool" => all.tool(declaration, function),
                "model" => all.model(declaration, function),
                "planner" => all.planner(declaration, function),
                _ => all.approver(function),
            };
        }
        let handle = py.detach(|| Handle::open(config, all)).map_err(|e| failed(&e))?;
        Ok(Self { handle, queue, work: Arc::default(), streams: Arc::default() })
    }

    /// Says whether this process is the one that opened it. In one that was forked from that, it throws.
    fn check(&self) -> PyResult<()> {
        self.handle.check().map_err(|e| failed(&e))
    }

    /// Gives the handle that can be read when there is something to take.
    fn fileno(&self) -> i32 {
        self.queue.fileno()
    }

    /// Takes what is wanted: (what, which, of what, text).
    fn take(&self) -> Vec<(u8, u64, u64, Option<String>)> {
        self.queue.take().into_iter().map(Item::parts).collect()
    }

    /// Says that an event loop takes what is wanted now, or that none does any more: what was wanted of it fails.
    fn serve(&self, is_there: bool) {
        self.queue.serve(is_there);
    }

    /// Begins an operation. What comes of it is taken under this number.
    fn call(&self, number: u64, operation: String, args: String) -> PyResult<()> {
        let handle = self.handle.clone();
        self.begin(number, async move { handle.call(&operation, args).await.map(Some) })
    }

    /// Begins to follow events: the stream has a number of its own.
    fn follow(&self, number: u64, stream: u64, args: String) -> PyResult<()> {
        let (handle, streams) = (self.handle.clone(), self.streams.clone());
        self.begin(number, async move {
            let events = Arc::new(handle.events(args).await?);
            held(&streams).insert(stream, events);
            Ok(None)
        })
    }

    /// Begins to wait for events, at most so many at once.
    fn next(&self, number: u64, stream: u64, most: usize) -> PyResult<()> {
        let events = held(&self.streams).get(&stream).cloned();
        self.begin(number, async move {
            match events {
                Some(events) => events.next_many(most).await,
                None => Ok(None),
            }
        })
    }

    /// Lets go of a stream.
    fn leave(&self, stream: u64) {
        held(&self.streams).remove(&stream);
    }

    /// Gives up what is under way by this number.
    fn drop(&self, number: u64) {
        if let Some(work) = held(&self.work).remove(&number) {
            work.abort();
        }
    }

    /// Gives what a function of Python's gave.
    fn reply(&self, number: u64, text: String) {
        self.queue.answer(number, Ok(text));
    }

    /// Says why a function of Python's failed: an error, as JSON.
    fn fail(&self, number: u64, error: &str) {
        self.queue.answer(number, Err(error_of(error)));
    }

    /// Says that a function of Python's threw what is none of the engine's errors.
    fn threw(&self, number: u64, kind: &str, message: &str) {
        self.queue.answer(number, Err(cowork_ffi::thrown(kind, message)));
    }

    /// Tells what comes of a function while it works. Says whether anybody listens.
    fn tell(&self, number: u64, what: &str, text: &str, done: u64, total: u64) -> bool {
        self.queue.told(number).is_some_and(|tell| match what {
            "text" => tell.text(text),
            "thinking" => tell.thinking(text),
            "call" => tell.calling(text),
            _ => tell.progress(done, total, text),
        })
    }

    /// Begins to close the engine.
    fn close(&self, number: u64) -> PyResult<()> {
        let handle = self.handle.clone();
        self.begin(number, async move { handle.close().await.map(|()| None) })
    }

    /// Closes it, for at most so many seconds: at the end of the interpreter.
    fn close_now(&self, py: Python<'_>, seconds: f64) {
        if self.handle.check().is_err() {
            return;
        }
        let (tell, told) = mpsc::sync_channel(1);
        let handle = self.handle.clone();
        self.queue.serve(false);
        self.handle.runtime().spawn(async move { tell.send(handle.close().await) });
        _ = py.detach(move || told.recv_timeout(Duration::from_secs_f64(seconds)));
    }
}

impl Engine {
    /// Has work done whose result is taken under this number.
    fn begin(&self, number: u64, work: impl Future<Output = Result<Option<String>>> + Send + 'static) -> PyResult<()> {
        self.handle.check().map_err(|e| failed(&e))?;
        let (queue, all) = (self.queue.clone(), self.work.clone());
        // Held until it is listed, so that it can't end before.
        let mut listed = held(&self.work);
        let begun = self.handle.runtime().spawn(async move {
            let done = work.await;
            if held(&all).remove(&number).is_some() {
                queue.put(Item::Done(number, done));
            }
        });
        listed.insert(number, begun.abort_handle());
        Ok(())
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives an error as Python gets it.
fn failed(error: &Error) -> PyErr {
    Failed::new_err(text_of(error))
}

/// Writes an error as JSON.
fn text_of(error: &Error) -> String {
    serde_json::to_string(error).unwrap_or_default()
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("Failed", module.py().get_type::<Failed>())?;
    module.add_class::<Engine>()
}

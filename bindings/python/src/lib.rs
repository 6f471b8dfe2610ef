//! The engine for Python: what its package `cowork` calls, and nothing else.
//!
//! No thread of the engine ever takes Python's lock. What is wanted of Python goes into a queue, whose handle wakes the event loop, and
//! Python takes all that is there at once; so a busy interpreter never holds the engine up, and one that ends never finds a thread in it.

mod queue;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    time::Duration,
};

use cowork_ffi::{Calls, Error, Handle, Parts, error_of, json_of, thrown};
use pyo3::prelude::*;

use queue::{HostFunction, Item, Queue};

/// An engine, and what it wants of Python.
#[pyclass(frozen)]
struct Engine {
    calls: Arc<Calls>,
    queue: Arc<Queue>,
}

#[pymethods]
impl Engine {
    /// Opens one: `parts` are (what it is, how it is described), and are called by their place in this list.
    #[new]
    fn new(py: Python<'_>, config: &str, parts: Vec<(String, String)>) -> PyResult<Self> {
        let queue = Arc::new(Queue::new().map_err(|e| failed(py, &e))?);
        let parts = (0..).zip(parts).fold(Parts::new(), |all, (place, (kind, declaration))| {
            all.part(&kind, declaration, Arc::new(HostFunction::new(place, queue.clone())))
        });
        let handle = py.detach(|| Handle::open(config, parts)).map_err(|e| failed(py, &e))?;
        let told = queue.clone();
        Ok(Self { calls: Calls::new(handle, move |number, came| told.put(Item::Done(number, came))), queue })
    }

    /// Says whether this process is the one that opened it. In one that was forked from that, it throws.
    fn check(&self, py: Python<'_>) -> PyResult<()> {
        self.calls.handle().check().map_err(|e| failed(py, &e))
    }

    /// Gives the handle that can be read when there is something to take.
    fn fileno(&self) -> i32 {
        self.queue.fileno()
    }

    /// Takes what is wanted: (what, which, of what, text).
    fn take(&self) -> Vec<(u8, i64, u64, String)> {
        self.queue.take().into_iter().map(Item::parts).collect()
    }

    /// Has what a loop took fail that has ended by now.
    fn lose(&self) {
        self.queue.lose();
    }

    /// Gives back a call that a loop took: the next one calls the function.
    fn again(&self, number: i64, place: u64, input: String) {
        self.queue.again(number, place, input);
    }

    /// Begins a call ([`Calls`]). What comes of it is taken under this number.
    fn call(&self, py: Python<'_>, number: i64, operation: &str, args: String) -> PyResult<()> {
        self.calls.begin(number, operation, args).map_err(|e| failed(py, &e))
    }

    /// Gives up the call of this number, and the stream that it began.
    fn leave(&self, number: i64) {
        self.calls.leave(number);
    }

    /// Gives what a function of Python's gave.
    fn reply(&self, number: i64, text: String) {
        self.queue.answer(number, Ok(text));
    }

    /// Says why a function of Python's failed: an error, as JSON.
    fn fail(&self, number: i64, error: &str) {
        self.queue.answer(number, Err(error_of(error)));
    }

    /// Says that a function of Python's threw what is none of the engine's errors.
    fn threw(&self, number: i64, why: &Bound<'_, PyAny>) -> PyResult<()> {
        let said = match why.str() {
            Ok(said) => said.to_string_lossy().into_owned(),
            Err(worse) => format!("its text can't be had: {}", worse.get_type(why.py()).name()?),
        };
        self.queue.answer(number, Err(thrown(&why.get_type().name()?.to_string_lossy(), &said)));
        Ok(())
    }

    /// Tells the next piece of what a model says. Says whether anybody listens.
    fn tell(&self, number: i64, what: &str, piece: &str) -> bool {
        self.queue.told(number).is_some_and(|tell| tell.piece(what, piece))
    }

    /// Tells how far a tool is. Says whether anybody listens.
    fn progress(&self, number: i64, done: u64, total: u64, note: &str) -> bool {
        self.queue.told(number).is_some_and(|tell| tell.progress(done, total, note))
    }

    /// Closes it, for at most so many seconds: at the end of the interpreter.
    fn close_now(&self, py: Python<'_>, seconds: f64) {
        let handle = self.calls.handle().clone();
        if handle.check().is_err() {
            return;
        }
        let (tell, told) = mpsc::sync_channel(1);
        self.calls.handle().runtime().spawn(async move { tell.send(handle.close().await) });
        _ = py.detach(move || told.recv_timeout(Duration::from_secs_f64(seconds)));
    }
}

/// Draws a task as HTML, from what is known of it.
#[pyfunction]
#[pyo3(signature = (id, state))]
fn picture(py: Python<'_>, id: &str, state: Option<&str>) -> PyResult<String> {
    cowork_ffi::picture(id, state).map_err(|e| failed(py, &e))
}

/// Gives an error as the package's exception for its kind.
fn failed(py: Python<'_>, error: &Error) -> PyErr {
    let made = || {
        let data = py.import("json")?.call_method1("loads", (json_of(error),))?;
        py.import("cowork._errors")?.call_method1("error_of", (data,))
    };
    made().map_or_else(|wrong| wrong, PyErr::from_value)
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_function(wrap_pyfunction!(picture, module)?)?;
    module.add_class::<Engine>()
}

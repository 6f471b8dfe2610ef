//! The engine for Python: what its package `cowork` calls, and nothing else.
//!
//! No thread of the engine ever takes Python's lock. What is wanted of Python goes into a queue, whose handle wakes the event loop, and
//! Python takes all that is there at once; so a busy interpreter never holds the engine up, and one that ends never finds a thread in it.

use std::{
    io::{self, PipeReader, PipeWriter, Read, Write},
    os::fd::AsRawFd,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use cowork_ffi::{Calls, Error, Kind, Wanted, error_of, json_of, thrown};
use pyo3::prelude::*;

/// An engine, and what wakes Python.
#[pyclass(frozen)]
struct Engine {
    calls: Arc<Calls>,
    bell: Arc<Bell>,
}

/// A handle that can be read from when somebody rang.
struct Bell {
    reader: PipeReader,
    writer: PipeWriter,
    rang: AtomicBool,
}

impl Bell {
    fn new() -> Result<Self, Error> {
        let (reader, writer) = io::pipe().map_err(|e| {
            Error::new(Kind::Unavailable, "open engine", format!("the system gives no pipe: {e}")).with_source(e)
        })?;
        Ok(Self { reader, writer, rang: AtomicBool::new(false) })
    }

    fn ring(&self) {
        if !self.rang.swap(true, SeqCst) {
            _ = (&self.writer).write(&[0]);
        }
    }

    fn heard(&self) {
        if self.rang.swap(false, SeqCst) {
            // It is there, or just about to be.
            _ = (&self.reader).read_exact(&mut [0]);
        }
    }
}

#[pymethods]
impl Engine {
    /// Opens one: `parts` are (what it is, how it is described), and are called by their place in this list.
    #[new]
    fn new(py: Python<'_>, config: &str, parts: Vec<(String, String)>) -> PyResult<Self> {
        let bell = Arc::new(Bell::new().map_err(|e| failed(py, &e))?);
        let rung = bell.clone();
        let calls = py.detach(|| Calls::open(config, parts, move || rung.ring())).map_err(|e| failed(py, &e))?;
        Ok(Self { calls, bell })
    }

    /// Says whether this process is the one that opened it. In one that was forked from that, it throws.
    fn check(&self, py: Python<'_>) -> PyResult<()> {
        self.calls.handle().check().map_err(|e| failed(py, &e))
    }

    /// Gives the handle that can be read when there is something to take.
    fn fileno(&self) -> i32 {
        self.bell.reader.as_raw_fd()
    }

    /// Takes what is wanted: (what, which, of what, text).
    fn take(&self) -> Vec<(u8, i64, u64, String)> {
        self.bell.heard();
        let told = |wanted| match wanted {
            Wanted::Call(number, place, input) => (0, number, place, input),
            Wanted::Drop(number) => (1, number, 0, String::new()),
            Wanted::Done(number, Ok(text)) => (2, number, 0, text),
            Wanted::Done(number, Err(error)) => (3, number, 0, json_of(&error)),
        };
        self.calls.take().into_iter().map(told).collect()
    }

    /// Has what a loop took fail that has ended by now.
    fn lose(&self) {
        self.calls.lose();
    }

    /// Gives back a call that a loop took: the next one calls the function.
    fn again(&self, number: i64, place: u64, input: String) {
        self.calls.again(number, place, input);
    }

    /// Begins a call ([`Calls`]). What comes of it is taken under this number.
    fn call(&self, py: Python<'_>, number: i64, operation: &str, args: String) -> PyResult<()> {
        self.calls.begin(number, operation, args).map_err(|e| failed(py, &e))
    }

    /// Says that Python has what came of the call of this number.
    fn got(&self, number: i64) {
        self.calls.got(number);
    }

    /// Gives up the call of this number, and the stream that it began.
    fn leave(&self, number: i64) {
        self.calls.leave(number);
    }

    /// Says whether what a function of Python's gives is wanted yet.
    fn is_wanted(&self, number: i64) -> bool {
        self.calls.is_wanted(number)
    }

    /// Gives what a function of Python's gave, in the event loop. Says whether something is to be taken without being woken.
    fn gave(&self, py: Python<'_>, number: i64, text: String) -> bool {
        py.detach(|| self.calls.gave(number, Ok(text)))
    }

    /// Gives what a function of Python's gave in a thread of its own; or the error, as JSON, that one failed with.
    fn reply(&self, number: i64, text: String, is_error: bool) {
        self.calls.gave_elsewhere(number, if is_error { Err(error_of(&text)) } else { Ok(text) });
    }

    /// Says that a function of Python's threw what is none of the engine's errors.
    fn threw(&self, number: i64, why: &Bound<'_, PyAny>) -> PyResult<()> {
        let said = match why.str() {
            Ok(said) => said.to_string_lossy().into_owned(),
            Err(worse) => format!("its text can't be had: {}", worse.get_type(why.py()).name()?),
        };
        self.calls.gave_elsewhere(number, Err(thrown(&why.get_type().name()?.to_string_lossy(), &said)));
        Ok(())
    }

    /// Tells the next piece of what a model says. Says whether anybody listens.
    fn tell(&self, number: i64, what: &str, piece: &str) -> bool {
        self.calls.tell(number).is_some_and(|tell| tell.piece(what, piece))
    }

    /// Tells how far a tool is. Says whether anybody listens.
    fn progress(&self, number: i64, done: u64, total: u64, note: &str) -> bool {
        self.calls.tell(number).is_some_and(|tell| tell.progress(done, total, note))
    }

    /// Closes it, for at most so many seconds: at the end of the interpreter.
    fn close_now(&self, py: Python<'_>, seconds: f64) {
        py.detach(|| self.calls.close_within(Duration::from_secs_f64(seconds)));
    }
}

/// Draws a task as HTML, from what is known of it.
#[pyfunction]
#[pyo3(signature = (id, state))]
fn picture(py: Python<'_>, id: &str, state: Option<&str>) -> PyResult<String> {
    cowork_ffi::picture(id, state).map_err(|e| failed(py, &e))
}

/// Says what is wrong with what a function is declared to be.
#[pyfunction]
fn check_part(py: Python<'_>, kind: &str, declaration: &str) -> PyResult<()> {
    cowork_ffi::check_part(kind, declaration).map_err(|e| failed(py, &e))
}

/// Gives an error as the package's exception for its kind.
fn failed(py: Python<'_>, error: &Error) -> PyErr {
    let made = || {
        let data = py.import("json")?.call_method1("loads", (json_of(error),))?;
        py.import("cowork._errors")?.call_method1("error_of", (data,))
    };
    made().map_or_else(|wrong| wrong, PyErr::from_value)
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_function(wrap_pyfunction!(picture, module)?)?;
    module.add_function(wrap_pyfunction!(check_part, module)?)?;
    module.add_class::<Engine>()
}

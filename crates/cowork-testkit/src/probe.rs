//! Probes: stop the process at a named step, fail the step, or write down which steps were taken.

use std::{
    fmt,
    str::FromStr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use cowork_core::{Error, Kind, Probe, Result, Step};

/// Before a step or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Nothing of it has happened yet.
    Before,
    /// It has happened.
    After,
}

/// One step in a run: the n-th of its name, 1 for the first. As text, for a child process's arguments: `rename:3:before`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The step's name, as [`Step::name`] gives it.
    pub step: String,
    /// Which of that name.
    pub nth: u64,
    /// Before or after it.
    pub when: When,
}

impl Point {
    /// Names a point before the n-th step of this name.
    pub fn before(step: &str, nth: u64) -> Self {
        Self { step: step.to_owned(), nth, when: When::Before }
    }

    /// Names a point after the n-th step of this name.
    pub fn after(step: &str, nth: u64) -> Self {
        Self { step: step.to_owned(), nth, when: When::After }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = if self.when == When::Before { "before" } else { "after" };
        write!(f, "{}:{}:{when}", self.step, self.nth)
    }
}

impl FromStr for Point {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::new(Kind::InvalidInput, "parse point", format!("`{text}` is not like `rename:3:before`"));
        let mut parts = text.split(':');
        let (Some(step), Some(nth), Some(when), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(wrong());
        };
        let when = match when {
            "before" => When::Before,
            "after" => When::After,
            _ => return Err(wrong()),
        };
        Ok(Self { step: step.to_owned(), nth: nth.parse().map_err(|_| wrong())?, when })
    }
}

/// Kills its own process with SIGKILL at a point. For child processes of a test only.
#[derive(Debug)]
pub struct StopAt {
    point: Point,
    before: AtomicU64,
    after: AtomicU64,
}

impl StopAt {
    /// Stops the process at this point.
    pub fn new(point: Point) -> Arc<Self> {
        Arc::new(Self { point, before: AtomicU64::new(0), after: AtomicU64::new(0) })
    }

    fn pass(&self, step: &Step, when: When, seen: &AtomicU64) {
        if step.name() == self.point.step
            && seen.fetch_add(1, Ordering::SeqCst) + 1 == self.point.nth
            && when == self.point.when
        {
            kill_myself();
        }
    }
}

impl Probe for StopAt {
    fn before(&self, step: &Step) -> Result<()> {
        self.pass(step, When::Before, &self.before);
        Ok(())
    }

    fn after(&self, step: &Step) {
        self.pass(step, When::After, &self.after);
    }
}

/// Ends this process as a power button would, as far as a process can: no destructor runs, nothing is flushed.
pub fn kill_myself() -> ! {
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).expect("a kill");
    loop {
        std::thread::park();
    }
}

/// Writes down every step that was taken, in order.
#[derive(Debug, Default)]
pub struct Recorder {
    steps: Mutex<Vec<Step>>,
}

impl Recorder {
    /// Makes one that has seen nothing.
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Gives the steps that were taken so far.
    pub fn steps(&self) -> Vec<Step> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives every point of what was run: the list of places where a run may be stopped.
    pub fn points(&self) -> Vec<Point> {
        let mut seen = std::collections::BTreeMap::new();
        let mut points = Vec::new();
        for step in self.steps() {
            let nth = seen.entry(step.name()).and_modify(|n| *n += 1).or_insert(1_u64);
            points.extend([Point::before(step.name(), *nth), Point::after(step.name(), *nth)]);
        }
        points
    }
}

impl Probe for Recorder {
    fn before(&self, _: &Step) -> Result<()> {
        Ok(())
    }

    fn after(&self, step: &Step) {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).push(step.clone());
    }
}

/// Fails the n-th step of a name; the others go on.
#[derive(Debug)]
pub struct FailAt {
    step: String,
    nth: u64,
    error: Error,
    seen: AtomicU64,
}

impl FailAt {
    /// Fails the n-th step of this name with this error; 1 is the first.
    pub fn new(step: &str, nth: u64, error: Error) -> Arc<Self> {
        Arc::new(Self { step: step.to_owned(), nth, error, seen: AtomicU64::new(0) })
    }

    /// Fails it as a full disk does.
    pub fn full(step: &str, nth: u64) -> Arc<Self> {
        Self::new(step, nth, Error::new(Kind::Full, step, "the disk is full").with_fix("free some space"))
    }
}

impl Probe for FailAt {
    fn before(&self, step: &Step) -> Result<()> {
        let fails = step.name() == self.step && self.seen.fetch_add(1, Ordering::SeqCst) + 1 == self.nth;
        if fails { Err(self.error.clone()) } else { Ok(()) }
    }

    fn after(&self, _: &Step) {}
}

//! Programs in workers: processes that see and reach nothing, one program each.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use cowork_core::{
    CancellationToken, Error, Exit, ExitKind, Finding, Kind, Outcome, Process, ProcessEvent, Result, Sandbox, Worker,
};
use serde_json::Map;
use tokio::task::JoinHandle;

use super::{Halt, InProcess, Interpreter, Program, Running};
use crate::{dialogue::Dialogue, limits::Limits};

/// Runs each program in a process of its own, which the sandbox confines: it sees no file and no network, and starts nothing.
///
/// - One that aborts, is killed, runs out of memory, says nothing or says what no worker says ends with that program, and nothing else.
/// - What it says is taken for what anybody could say: sizes, counts, tools and order are checked.
/// - A paused program keeps its process, which waits.
///
/// It is used on a tokio runtime with time enabled.
pub struct Apart {
    sandbox: Arc<dyn Sandbox>,
    program: PathBuf,
    args: Vec<String>,
    is_asked_for: bool,
    ready: Mutex<Option<Ready>>,
}

/// A worker that was started before its program is there.
struct Ready {
    worker: Worker,
    process: JoinHandle<Result<Box<dyn Process>>>,
}

/// How long it is waited for a worker's answer beyond the time that its program has: it has to be started, on a computer that is busy.
const GRACE: Duration = Duration::from_secs(10);

/// What a worker needs besides what its program may use: the interpreter itself, and what goes in and out in all its forms.
const OWN_MEMORY: u64 = 256 << 20;
const FORMS: u64 = 4;

/// How many bytes of what a worker complains of are kept.
const MOST_COMPLAINTS: usize = 400;

/// A worker and its program.
struct Conversation {
    process: Box<dyn Process>,
    dialogue: Dialogue,
    complaints: Vec<u8>,
    limits: Limits,
}

impl Apart {
    /// Makes one whose workers this sandbox starts: `program` is the path of a program that then calls [`worker::serve`](crate::worker::serve),
    /// which these arguments tell it.
    pub fn new(sandbox: Arc<dyn Sandbox>, program: impl Into<PathBuf>, args: &[&str]) -> Self {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        Self { sandbox, program: program.into(), args, is_asked_for: true, ready: Mutex::default() }
    }

    /// Has programs run in this process where the sandbox can't confine a worker; not those that may only run apart.
    #[must_use]
    pub fn or_in_process(mut self) -> Self {
        self.is_asked_for = false;
        self
    }

    /// Starts a worker for the next program with these limits, while something else is done.
    pub fn start_ahead(&self, limits: &Limits) {
        let (sandbox, worker) = (self.sandbox.clone(), self.worker(limits));
        let wanted = worker.clone();
        let process = tokio::spawn(async move { sandbox.worker(wanted).await });
        *self.ready.lock().unwrap_or_else(PoisonError::into_inner) = Some(Ready { worker, process });
    }

    async fn process(&self, limits: &Limits) -> Result<Box<dyn Process>> {
        let worker = self.worker(limits);
        let ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner).take();
        match ready.filter(|ready| ready.worker == worker) {
            Some(Ready { process, .. }) => process.await.map_err(|e| {
                Error::new(Kind::Unavailable, "start worker", "the worker's start was given up").with_source(e)
            })?,
            None => self.sandbox.worker(worker).await,
        }
    }

    async fn begin(&self, program: Program, cancel: &CancellationToken) -> Result<(Box<dyn Running>, Halt)> {
        let limits = program.limits;
        let (dialogue, first) = Dialogue::begin(program)?;
        let process = self.process(&limits).await?;
        let mut conversation = Conversation { process, dialogue, complaints: Vec::new(), limits };
        let halt = conversation.say(&first, cancel).await?;
        Ok((Box::new(conversation), halt))
    }

    fn worker(&self, limits: &Limits) -> Worker {
        let bytes = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let memory = OWN_MEMORY.saturating_add(bytes(limits.memory));
        Worker {
            program: self.program.clone(),
            args: self.args.clone(),
            cpu: processor_time(limits),
            memory: memory.saturating_add(bytes(limits.value).saturating_mul(FORMS)),
        }
    }
}

#[async_trait]
impl Interpreter for Apart {
    async fn start(&self, program: Program, cancel: &CancellationToken) -> Result<(Box<dyn Running>, Halt)> {
        let may_fall_back = !self.is_asked_for && !program.is_apart;
        if !may_fall_back {
            return self.begin(program, cancel).await;
        }
        match self.begin(program.clone(), cancel).await {
            // Nothing of it has run: `cowork doctor` says that there is no worker here.
            Err(error) if error.kind == Kind::Unsupported => {
                tracing::debug!(why = error.message, "a playbook runs in this process");
                InProcess.start(program, cancel).await
            }
            begun => begun,
        }
    }

    async fn check(&self) -> Finding {
        let finding =
            |ok, found: String, fix: &str| Finding { ok, what: "playbooks".to_owned(), found, fix: fix.to_owned() };
        let program = Program::new("check".to_owned(), "finish('')".to_owned(), Map::new());
        match self.begin(program, &CancellationToken::new()).await {
            Ok(_) => {
                finding(true, "each runs in a process of its own, which sees no file and no network".to_owned(), "")
            }
            Err(error) if error.kind == Kind::Unsupported && !self.is_asked_for => {
                let why = &error.message;
                let found = format!("they run in this process; programs that a model writes are refused, for {why}");
                finding(true, found, "")
            }
            Err(error) => {
                finding(false, format!("they can't be run: {}", error.message), error.fix().unwrap_or_default())
            }
        }
    }
}

#[async_trait]
impl Running for Conversation {
    async fn go_on(&mut self, outcomes: Vec<Outcome>, cancel: &CancellationToken) -> Result<Halt> {
        let said = self.dialogue.go_on(outcomes)?;
        self.say(&said, cancel).await
    }
}

impl Conversation {
    async fn say(&mut self, bytes: &[u8], cancel: &CancellationToken) -> Result<Halt> {
        let patience = self.limits.time.saturating_add(GRACE);
        let work = async {
            // One that does not read any more has ended, or is about to: how, is what counts.
            let written = self.process.write(bytes).await;
            self.hear().await.map_err(|error| match written {
                Err(unread) if error.kind == Kind::Unavailable && error.source.is_none() => error.with_source(unread),
                _ => error,
            })
        };
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Error::new(Kind::Cancelled, "run playbook", "the planning was stopped")),
            heard = tokio::time::timeout(patience, work) => heard.unwrap_or_else(|_| Err(silent(patience))),
        }
    }

    async fn hear(&mut self) -> Result<Halt> {
        loop {
            match self.process.next().await? {
                ProcessEvent::Stdout(bytes) => {
                    if let Some(halt) = self.dialogue.hear(&bytes)? {
                        return Ok(halt);
                    }
                }
                ProcessEvent::Stderr(bytes) => {
                    let room = MOST_COMPLAINTS.saturating_sub(self.complaints.len());
                    self.complaints.extend(bytes.iter().take(room));
                }
                ProcessEvent::Exited(exit) => return Err(self.lost(&exit)),
            }
        }
    }

    fn lost(&self, exit: &Exit) -> Error {
        if exit.cpu >= processor_time(&self.limits).saturating_mul(1_000) {
            let why = format!("the program took more than {} s of processor time", processor_time(&self.limits));
            return Error::new(Kind::LimitExceeded, "run playbook", why).with_fix("look for a loop that does not end");
        }
        let how = match exit.how {
            ExitKind::Code(code) => format!("with code {code}"),
            ExitKind::Signal(signal) => format!("by signal {signal}"),
            _ => "for what it used".to_owned(),
        };
        let why = format!("the worker that ran the playbook ended {how} before the playbook did");
        let error = Error::new(Kind::Unavailable, "run playbook", why)
            .with_fix("look whether the computer is short of memory, and start the task again");
        let complaints = String::from_utf8_lossy(&self.complaints);
        let told: String = complaints.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if told.is_empty() { error } else { error.with("worker", told) }
    }
}

/// Gives the seconds of processor time that a worker has: its program's, and what it takes to read and write its values.
fn processor_time(limits: &Limits) -> u64 {
    limits.time.as_secs().saturating_mul(2).saturating_add(20)
}

fn silent(patience: Duration) -> Error {
    let why = format!("the worker of the playbook said nothing for {} s", patience.as_secs());
    Error::new(Kind::LimitExceeded, "run playbook", why)
        .with_fix("start the task again; if it comes again, ask for less")
}

impl std::fmt::Debug for Apart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Apart").field("program", &self.program).finish_non_exhaustive()
    }
}

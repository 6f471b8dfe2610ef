//! A command of a session while it runs.

use std::{
    collections::{HashSet, VecDeque},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use cowork_core::{CallId, Error, Exit, ExitKind, Kind, Process, ProcessEvent, Resource, Result, Visit};
use tokio::{runtime::Handle, sync::watch, task::JoinHandle};

use super::{
    Commands,
    owned::Owned,
    streams::{Streams, read},
    swept,
};
use crate::{
    confine::{Ended, Ender, Excess, How, Renewer},
    session::blocking,
};

/// How large a piece of what a command says may be, in bytes.
const PIECE: usize = 16 << 10;

/// How many pieces are kept for later while a command is written to.
const MOST_SAID: usize = 4_096;

/// What commands asked of the network and nobody has heard of yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Visits(Arc<Mutex<Vec<Visit>>>);

impl Visits {
    /// How many are remembered.
    const MOST: usize = 1_000;

    #[cfg(feature = "egress")]
    pub(crate) fn add(&self, visit: Visit) {
        let mut visits = lock(&self.0);
        if visits.len() >= Self::MOST {
            visits.remove(0);
        }
        visits.push(visit);
    }

    fn taken(&self) -> Vec<Visit> {
        std::mem::take(&mut *lock(&self.0))
    }
}

/// A command that runs. Dropping it ends it.
pub(super) struct Running {
    kept: Arc<Kept>,
    /// What it needs for as long as it runs, longer perhaps than its session is there: its way to the network.
    _commands: Arc<Commands>,
    ended: Option<JoinHandle<Result<Ended>>>,
    ender: Ender,
    renewer: Renewer,
    streams: Streams,
    visits: Option<Visits>,
    /// What it said while it was written to.
    said: VecDeque<ProcessEvent>,
    /// Whether it was ended by who had it started.
    is_over: bool,
}

/// What a command changes, until its end is told: if it never is, nobody will ask for it.
pub(super) struct Kept {
    running: Arc<Mutex<HashSet<CallId>>>,
    leaving: Leaving,
    at: PathBuf,
    call: CallId,
    /// Says that it is somebody's, as long as they live.
    owned: Owned,
    told: AtomicBool,
    left: AtomicBool,
}

/// How many layers nobody will ask for that are not removed yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leaving(Arc<watch::Sender<usize>>);

impl Leaving {
    /// Waits until all of them are removed.
    pub(crate) async fn over(&self) {
        // The sender is this one.
        _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl Kept {
    /// Takes a layer, which is under this call at this place.
    pub(super) fn new(
        (running, leaving): (&Arc<Mutex<HashSet<CallId>>>, &Leaving),
        at: PathBuf,
        call: CallId,
        owned: Owned,
    ) -> Arc<Self> {
        lock(running).insert(call);
        let (running, leaving) = (running.clone(), leaving.clone());
        Arc::new(Self { running, leaving, at, call, owned, told: false.into(), left: false.into() })
    }

    fn tell(&self) {
        self.told.store(true, Ordering::Release);
        self.owned.let_go();
        lock(&self.running).remove(&self.call);
    }

    /// Says that nobody will ask for it, if its end was not told.
    fn leave(&self) {
        if !self.told.load(Ordering::Acquire) && !self.left.swap(true, Ordering::AcqRel) {
            self.leaving.0.send_modify(|count| *count += 1);
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if self.told.load(Ordering::Acquire) {
            return;
        }
        self.leave();
        let (running, leaving) = (self.running.clone(), self.leaving.clone());
        let (at, call) = (std::mem::take(&mut self.at), self.call);
        let sweep = move || {
            // What can't be removed now goes with the task.
            swept(&at, call);
            lock(&running).remove(&call);
            leaving.0.send_modify(|count| *count -= 1);
        };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(sweep)),
            Err(_) => sweep(),
        }
    }
}

impl Running {
    pub(super) fn new(
        (kept, commands): (Arc<Kept>, Arc<Commands>),
        (ended, ender, renewer): (JoinHandle<Result<Ended>>, Ender, Renewer),
        streams: Streams,
        visits: Option<Visits>,
    ) -> Self {
        Self {
            kept,
            _commands: commands,
            ended: Some(ended),
            ender,
            renewer,
            streams,
            visits,
            said: VecDeque::new(),
            is_over: false,
        }
    }
}

#[async_trait]
impl Process for Running {
    async fn next(&mut self) -> Result<ProcessEvent> {
        if let Some(event) = self.said.pop_front() {
            return Ok(event);
        }
        let (mut here, mut there) = ([0; PIECE], [0; PIECE]);
        let Streams { out, err, .. } = &mut self.streams;
        while out.is_some() || err.is_some() {
            let (is_out, read) = tokio::select! {
                read = read(out, &mut here) => (true, read),
                read = read(err, &mut there) => (false, read),
            };
            match (is_out, read) {
                (true, 0) => *out = None,
                (false, 0) => *err = None,
                (true, n) => return Ok(ProcessEvent::Stdout(here[..n].to_vec())),
                (false, n) => return Ok(ProcessEvent::Stderr(there[..n].to_vec())),
            }
        }
        let over = || Error::new(Kind::InvalidInput, "run command", "its end was told already");
        let Some(ended) = &mut self.ended else { return Err(over()) };
        let ended = ended.await.map_err(|e| Error::new(Kind::Internal, "run command", e.to_string()))?;
        self.ended = None;
        let ended = match ended {
            // Its host ended it; whoever says so is not asked what became of it.
            Err(e) if self.is_over && e.kind == Kind::Unavailable => {
                Ended { how: How::Killed(libc::SIGKILL), cpu: Duration::ZERO, memory: 0 }
            }
            ended => ended?,
        };
        self.kept.tell();
        let visits = self.visits.take().map_or_else(Vec::new, |visits| visits.taken());
        Ok(ProcessEvent::Exited(Exit { visits, ..exit(&ended) }))
    }

    async fn renew(&mut self) -> Result<()> {
        let renewer = self.renewer.clone();
        blocking(move || renewer.renew()).await
    }

    fn end(&mut self) {
        self.is_over = true;
        self.ender.end();
    }

    fn visits(&mut self) -> Vec<Visit> {
        self.visits.as_ref().map_or_else(Vec::new, Visits::taken)
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            if let Some(input) = self.streams.input.take() {
                self.streams.input = input.end().await;
            }
            return Ok(());
        }
        let gone = || Error::new(Kind::Unavailable, "write to command", "the command reads no more input");
        let Self { streams: Streams { out, err, input }, said, .. } = self;
        let write = input.as_mut().ok_or_else(gone)?.write_all(bytes);
        tokio::pin!(write);
        let (mut here, mut there) = ([0; PIECE], [0; PIECE]);
        // One that says something before it reads on would wait for ever if nobody took that.
        loop {
            tokio::select! {
                written = &mut write => return written.map_err(|e| gone().with_source(e)),
                n = read(out, &mut here) => match n {
                    0 => *out = None,
                    n => said.push_back(ProcessEvent::Stdout(here[..n].to_vec())),
                },
                n = read(err, &mut there) => match n {
                    0 => *err = None,
                    n => said.push_back(ProcessEvent::Stderr(there[..n].to_vec())),
                },
            }
            if said.len() > MOST_SAID {
                let text = "the command says much and does not read what it is given";
                return Err(Error::new(Kind::LimitExceeded, "write to command", text).with_fix("give it less at once"));
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kept.leave();
        self.ender.end();
    }
}

fn exit(ended: &Ended) -> Exit {
    let how = match ended.how {
        How::Exited(code) => ExitKind::Code(code),
        How::Killed(signal) => ExitKind::Signal(signal),
        How::Late => ExitKind::TimedOut,
        How::Over(Excess::Memory) => ExitKind::Exceeded(Resource::Memory),
        How::Over(Excess::Processes) => ExitKind::Exceeded(Resource::Processes),
        How::Over(Excess::Disk) => ExitKind::Exceeded(Resource::Disk),
    };
    Exit {
        how,
        cpu: u64::try_from(ended.cpu.as_millis()).unwrap_or(u64::MAX),
        memory: ended.memory,
        visits: Vec::new(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! The streams of a command, passed through.

use std::{
    io::{Write, stderr, stdin, stdout},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use cowork::{Exit, ExitKind, ProcessEvent, Resource, Visit, async_trait, tools::shell::Streams};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::spawn_blocking};

/// How large a piece is that is read at once, in bytes.
const PIECE: usize = 16 << 10;

/// How often it is looked whether the command has ended.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// Passes what a command says on, as it comes, and gives it what we are given.
pub(crate) struct Passed {
    /// Whether what it says is kept for later, instead.
    keeps: bool,
    most: u64,
    said: Mutex<Said>,
    /// Whether the command has ended.
    over: Arc<AtomicBool>,
    input: OnceLock<tokio::sync::Mutex<mpsc::Receiver<Vec<u8>>>>,
}

#[derive(Default)]
struct Said {
    kept: [Vec<u8>; 2],
    bytes: u64,
    exit: Option<Exit>,
}

impl Said {
    fn exec_visits(&self) -> Vec<Visit> {
        self.exit.as_ref().map_or_else(Vec::new, |exit| exit.visits.clone())
    }
}

impl Passed {
    /// `keeps`: not written but kept. Of all that it says `most` bytes are passed on.
    pub(crate) fn new(keeps: bool, most: u64) -> Self {
        Self { keeps, most, said: Mutex::default(), over: Arc::default(), input: OnceLock::new() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives what the command said, if that was kept.
    pub(crate) fn texts(&self) -> [Option<String>; 2] {
        let said = self.lock();
        let text = |bytes: &Vec<u8>| self.keeps.then(|| String::from_utf8_lossy(bytes).into_owned());
        [text(&said.kept[0]), text(&said.kept[1])]
    }

    /// Gives how it ended; nothing if it did not.
    pub(crate) fn exit(&self) -> Value {
        self.lock().exit.as_ref().map(|exit| json!(exit)).unwrap_or_default()
    }

    /// Gives what it asked of the network, each thing once.
    pub(crate) fn visits(&self) -> Vec<Visit> {
        let mut visits = self.lock().exec_visits();
        visits.dedup_by(|a, b| (&a.host, a.port, a.allowed) == (&b.host, b.port, b.allowed) && !a.allowed);
        visits
    }

    /// Gives the code to end with: the command's own, or that which shells and `timeout` use for its end.
    pub(crate) fn code(&self) -> u8 {
        match self.lock().exit.as_ref().map(|exit| &exit.how) {
            Some(ExitKind::Code(code)) => u8::try_from(*code).unwrap_or(1),
            Some(ExitKind::Signal(signal)) => u8::try_from(128 + signal).unwrap_or(1),
            Some(ExitKind::TimedOut) => 124,
            Some(ExitKind::Exceeded(_)) => 137,
            _ => 1,
        }
    }

    /// Says why it was ended, or what of what it said was left out.
    pub(crate) fn why(&self) -> Option<String> {
        let said = self.lock();
        let why = match said.exit.as_ref().map(|exit| &exit.how) {
            Some(ExitKind::TimedOut) => "Ended: its time was over. Give it more: --limit wall=10m",
            Some(ExitKind::Exceeded(Resource::Memory)) => {
                "Ended: it took too much memory. Give it more: --limit mem=8g"
            }
            Some(ExitKind::Exceeded(Resource::Processes)) => {
                "Ended: it started too many processes. Give it more: --limit pids=1000"
            }
            Some(ExitKind::Exceeded(Resource::Disk)) => "Ended: it left too little room on the disk.",
            _ if said.bytes > self.most => {
                return Some(format!(
                    "Left out: what it said after {} bytes. Have more passed on: --limit out=100m",
                    self.most
                ));
            }
            _ => return None,
        };
        Some(why.to_owned())
    }

    /// Takes as much as may still be passed on.
    fn take<'a>(&self, which: usize, bytes: &'a [u8]) -> &'a [u8] {
        let mut said = self.lock();
        let left = usize::try_from(self.most.saturating_sub(said.bytes)).unwrap_or(usize::MAX);
        said.bytes += bytes.len() as u64;
        let bytes = &bytes[..bytes.len().min(left)];
        if self.keeps {
            said.kept[which].extend_from_slice(bytes);
            return &[];
        }
        bytes
    }
}

#[async_trait]
impl Streams for Passed {
    async fn said(&self, event: &ProcessEvent) {
        // That nobody reads it any more is no error.
        match event {
            ProcessEvent::Stdout(bytes) => {
                let bytes = self.take(0, bytes).to_vec();
                // Whoever reads it may take long.
                _ = spawn_blocking(move || {
                    let mut to = stdout().lock();
                    to.write_all(&bytes).and_then(|()| to.flush())
                })
                .await;
            }
            ProcessEvent::Stderr(bytes) => {
                let bytes = self.take(1, bytes).to_vec();
                _ = spawn_blocking(move || stderr().lock().write_all(&bytes)).await;
            }
            ProcessEvent::Exited(exit) => {
                self.over.store(true, Ordering::Relaxed);
                self.lock().exit = Some(exit.clone());
            }
        }
    }

    async fn read(&self) -> Vec<u8> {
        let input = self.input.get_or_init(|| tokio::sync::Mutex::new(listen(self.over.clone())));
        input.lock().await.recv().await.unwrap_or_default()
    }
}

/// Reads what we are given on a thread of its own: it may have to wait for it for ever.
fn listen(over: Arc<AtomicBool>) -> mpsc::Receiver<Vec<u8>> {
    let (give, take) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut piece = [0; PIECE];
        // What comes once the command has ended is for whoever asks what becomes of its changes.
        while !over.load(Ordering::Relaxed) {
            match poll(&mut [PollFd::new(&stdin(), PollFlags::IN)], Some(&LOOK)) {
                Ok(0) | Err(Errno::INTR) => continue,
                Ok(_) => {}
                Err(_) => return,
            }
            match rustix::io::read(stdin(), &mut piece) {
                Ok(n @ 1..) if give.blocking_send(piece[..n].to_vec()).is_ok() => {}
                _ => return,
            }
        }
    });
    take
}

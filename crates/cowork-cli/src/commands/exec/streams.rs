//! The streams of a command, passed through.

use std::{
    io::{Write, stderr, stdin, stdout},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use cowork::{ExecLimits, Exit, ExitKind, ProcessEvent, Resource, Visit, async_trait, tools::shell::Streams};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};
use serde_json::{Value, json};
use tokio::{
    sync::{Notify, mpsc},
    task::spawn_blocking,
};

use super::asked::MOST_WALL;

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
    /// Told when what it says can't be passed on any more.
    broken: Notify,
    /// What it may use, and how many seconds it may take.
    given: (ExecLimits, u64),
    input: OnceLock<tokio::sync::Mutex<mpsc::Receiver<Vec<u8>>>>,
}

#[derive(Default)]
struct Said {
    kept: [Vec<u8>; 2],
    bytes: u64,
    exit: Option<Exit>,
    /// Why what it says can't be passed on any more.
    broken: Option<std::io::Error>,
}

impl Said {
    fn exec_visits(&self) -> Vec<Visit> {
        self.exit.as_ref().map_or_else(Vec::new, |exit| exit.visits.clone())
    }
}

impl Passed {
    /// `keeps`: not written but kept. Of all that it says `most` bytes are passed on. It is `given` so much, and so many seconds.
    pub(crate) fn new(keeps: bool, most: u64, given: (ExecLimits, u64)) -> Self {
        let (said, over, broken) = (Mutex::default(), Arc::default(), Notify::new());
        Self { keeps, most, said, over, broken, given, input: OnceLock::new() }
    }

    /// Waits until what it says can't be passed on any more: nobody reads it, say.
    pub(crate) async fn broken(&self) {
        self.broken.notified().await;
    }

    /// Says why what it says can't be passed on any more, and gives the code to end with.
    pub(crate) fn why_broken(&self) -> Option<(String, u8)> {
        // As if a signal had told the command itself.
        const NOBODY_READS: u8 = 128 + 13;
        self.lock().broken.as_ref().map(|error| match error.kind() {
            std::io::ErrorKind::BrokenPipe => ("nobody reads what it says any more".to_owned(), NOBODY_READS),
            _ => (format!("what it says can't be written: {error}"), 1),
        })
    }

    /// Says whether some of what it said was left out.
    pub(crate) fn is_cut(&self) -> bool {
        self.lock().bytes > self.most
    }

    async fn write(&self, bytes: &[u8], to: fn(&[u8]) -> std::io::Result<()>) {
        if bytes.is_empty() || self.lock().broken.is_some() {
            return;
        }
        let bytes = bytes.to_vec();
        // Whoever reads it may take long.
        if let Ok(Err(error)) = spawn_blocking(move || to(&bytes)).await {
            self.lock().broken = Some(error);
            self.broken.notify_one();
        }
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
            Some(ExitKind::TimedOut) if self.given.1 < MOST_WALL => {
                let more = (self.given.1 * 2).min(MOST_WALL);
                return Some(format!("Ended: its time was over. Give it more: --limit wall={more}s"));
            }
            Some(ExitKind::TimedOut) => "Ended: its time was over.",
            Some(ExitKind::Code(137) | ExitKind::Signal(9)) if self.has_used_up(&said) => {
                let more = self.given.0.cpu * 2;
                return Some(format!("Ended: it used up its processor time. Give it more: --limit cpu={more}s"));
            }
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

    fn has_used_up(&self, said: &Said) -> bool {
        // The kernel counts that in ticks of its clock.
        said.exit.as_ref().is_some_and(|exit| exit.cpu >= self.given.0.cpu.saturating_mul(950))
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
        match event {
            ProcessEvent::Stdout(bytes) => {
                self.write(self.take(0, bytes), |bytes| {
                    let mut to = stdout().lock();
                    to.write_all(bytes).and_then(|()| to.flush())
                })
                .await;
            }
            ProcessEvent::Stderr(bytes) => {
                self.write(self.take(1, bytes), |bytes| stderr().lock().write_all(bytes)).await;
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

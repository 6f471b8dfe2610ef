//! A command that is made ready or runs: what comes back of it, and what it may use meanwhile.

use std::{
    fmt,
    net::TcpListener,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::process::ExitStatusExt,
    },
    process::ExitStatus,
    sync::Arc,
    time::{Duration, Instant},
};

use cowork_core::{Error, Kind, Result};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, Shutdown, recvmsg, shutdown},
};

use super::{
    groups::{Group, Stay},
    helper::{failed, hand_over},
    policy::Take,
    steps::{Start, Step},
    usage::Usage,
};

/// The number of a step that stands for the command.
const COMMAND: u32 = u32::MAX;
/// The number of a step that stands for its control groups.
const JOINING: u32 = u32::MAX - 1;

/// The number of a step that stands for what a keeper starts.
const STARTING: u32 = u32::MAX - 3;

/// Under which name an error says over which folder, by its number, no layer could be laid.
pub(crate) const OVER: &str = "over";

/// What to do about a confinement that can't be made.
const DOCTOR: &str = "`cowork doctor` says what is missing";

/// How long it is waited for a keeper to answer.
const ANSWER: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };

/// How long it is waited for the last process of a command to end, once it was killed. Nothing but a broken disk keeps one longer.
const DEATH: Duration = Duration::from_secs(10);

/// A helper of one command, which is made ready or runs. Dropping it ends all that runs by it.
pub(crate) struct Running {
    socket: Arc<OwnedFd>,
    /// By which its keeper is asked for something while it runs.
    asking: Arc<OwnedFd>,
    ground: Arc<[Step]>,
    plan: Vec<Step>,
    program: String,
    /// Its root process, once that has begun: where the helper makes one, its end is the end of all.
    root: Option<OwnedFd>,
    /// Takes the socket of its way out.
    out: Option<Take>,
    /// Its time in its control group.
    stay: Option<Stay>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("program", &self.program).finish_non_exhaustive()
    }
}

/// Ends a command from another thread than the one that waits for it.
#[derive(Clone, Debug)]
pub struct Ender(Arc<OwnedFd>);

/// Has a command see what others did in the folders since it began.
#[derive(Clone, Debug)]
pub struct Renewer {
    asking: Arc<OwnedFd>,
    folders: Vec<String>,
}

/// How a confined command came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How it ended.
    pub how: How,
    /// Processor time of it and of what it waited for, of its own and of the system for it.
    pub cpu: Duration,
    /// The most memory that one of these processes had, in bytes.
    pub memory: u64,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// With this code.
    Exited(i32),
    /// By this signal.
    Killed(i32),
    /// It was ended when its time was over.
    Late,
    /// It was ended because it used more than it may.
    Over(Excess),
}

/// What there was too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// Memory.
    Memory,
    /// Processes and threads.
    Processes,
    /// What it kept on the disk left too little free there.
    Disk,
}

impl Ender {
    /// Ends it, and all that it started.
    pub fn end(&self) {
        // A socket that is shut already stays so.
        _ = shutdown(&*self.0, Shutdown::Write);
    }
}

impl Renewer {
    /// Has it see them; what it has open stays what that was. This blocks the thread, for less than a millisecond.
    ///
    /// # Errors
    /// `Unavailable` if the kernel can't. For one that has ended nothing is done.
    pub fn renew(&self) -> Result<()> {
        // What was answered too late once is no answer to this.
        while matches!(rustix::net::recv(&*self.asking, &mut [0; 4], RecvFlags::DONTWAIT), Ok((_, 1..))) {}
        for folder in &self.folders {
            let sent = rustix::net::send(&*self.asking, folder.as_bytes(), rustix::net::SendFlags::NOSIGNAL);
            let mut answer = [0; 4];
            let answered = sent.and_then(|_| {
                rustix::io::retry_on_intr(|| poll(&mut [PollFd::new(&*self.asking, PollFlags::IN)], Some(&ANSWER)))?;
                rustix::net::recv(&*self.asking, &mut answer, RecvFlags::DONTWAIT)
            });
            match answered {
                // It has ended.
                Ok((_, 0)) | Err(Errno::PIPE | Errno::CONNRESET) => return Ok(()),
                Ok(_) if answer == [0; 4] => {}
                Ok(_) => return Err(failed(Errno::from_raw_os_error(i32::from_le_bytes(answer)))),
                Err(errno) => return Err(failed(errno)),
            }
        }
        Ok(())
    }
}

impl Running {
    pub(crate) fn new(
        (socket, asking): (OwnedFd, OwnedFd),
        ground: Arc<[Step]>,
        plan: Vec<Step>,
        group: Option<Arc<Group>>,
    ) -> Self {
        Self {
            socket: Arc::new(socket),
            asking: Arc::new(asking),
            ground,
            plan,
            program: String::new(),
            root: None,
            out: None,
            stay: group.map(Stay::new),
        }
    }

    /// Has a command executed with these streams.
    pub(crate) fn start(&mut self, order: &Start, streams: [BorrowedFd<'_>; 3]) -> Result<()> {
        self.program = order.args.first().cloned().unwrap_or_default();
        match hand_over(&self.socket, &order.bytes(), &streams)? {
            // What went wrong before was told, and is there to be read.
            Err(_) if is_ready_within(&*self.socket, Duration::ZERO) == Ok(true) => Ok(()),
            sent => sent.map_err(failed),
        }
    }

    pub(crate) fn way_out(&mut self, out: Take) {
        self.out = Some(out);
    }

    pub(crate) fn ender(&self) -> Ender {
        Ender(self.socket.clone())
    }

    /// Gives what has its folders, which are laid over others, be seen as they are.
    pub(crate) fn renewer(&self) -> Renewer {
        let laid = |step: &Step| if let Step::Overlay { to, .. } = step { Some(format!("/{to}\0")) } else { None };
        Renewer { asking: self.asking.clone(), folders: self.plan.iter().filter_map(laid).collect() }
    }

    /// Waits for the end, no longer than `most`, and no longer than it uses no more than it may; then all of it is ended. When this
    /// returns, no process of it is left.
    ///
    /// # Errors
    /// `NotFound` if there is no such program, `Unsupported` if the confinement could not be made as it should be.
    pub(crate) fn wait(mut self, most: Duration, mut usage: Usage) -> Result<Ended> {
        let (begun, every) = (Instant::now(), usage.every());
        let mut taken = None;
        let heard = loop {
            let left = most.saturating_sub(begun.elapsed());
            match self.hear(left.min(every)) {
                Ok(Heard::Begun(number, root)) => {
                    usage.begin(number);
                    self.root = root;
                }
                // Whoever gave it a way out takes the socket; without one nobody asked for it.
                Ok(Heard::Listens(socket)) => {
                    if let Some(out) = self.out.take() {
                        taken = Some(out(socket));
                    }
                }
                Ok(Heard::Nothing) if left <= every => break Ok(Heard::Nothing),
                Ok(Heard::Nothing) => {}
                heard => break heard,
            }
            if let Some(excess) = usage.excess() {
                self.end()?;
                return Ok(Ended { how: How::Over(excess), cpu: Duration::ZERO, memory: 0 });
            }
        };
        // What ended alone has nothing that is to be ended. What made it ready for it ends by itself.
        if !matches!(&heard, Ok(Heard::Told(told)) if told.is_alone) {
            self.end()?;
        }
        drop(taken);
        let stay = self.stay.take();
        let was_struck = |ended_well| stay.as_ref().is_some_and(|stay| stay.was_struck(ended_well));
        let ended = match heard {
            Ok(Heard::Told(told)) => told.ended(&self.ground, &self.plan, &self.program),
            Ok(Heard::Nothing) => Ok(Ended { how: How::Late, cpu: Duration::ZERO, memory: 0 }),
            Ok(Heard::Begun(..) | Heard::Listens(_) | Heard::Gone) if was_struck(false) => {
                Ok(Ended { how: How::Late, cpu: Duration::ZERO, memory: 0 })
            }
            Ok(Heard::Begun(..) | Heard::Listens(_) | Heard::Gone) => {
                Err(Error::new(Kind::Unavailable, "run command", "its sandbox was ended from outside")
                    .with_fix("look whether the computer is short of memory, and run it again"))
            }
            Ok(Heard::Strange(errno)) | Err(errno) => Err(failed(errno)),
        }?;
        // However it came to its end: a part of its work was cut off.
        Ok(match was_struck(ended.how == How::Exited(0)) {
            true => Ended { how: How::Over(Excess::Memory), ..ended },
            false => ended,
        })
    }

    fn hear(&self, most: Duration) -> rustix::io::Result<Heard> {
        let begun = Instant::now();
        loop {
            if !is_ready_within(&*self.socket, most.saturating_sub(begun.elapsed()))? {
                return Ok(Heard::Nothing);
            }
            let mut message = [0; Told::LENGTH];
            match receive(&self.socket, &mut message) {
                Ok((Told::LENGTH, handle)) => return Ok(Told::read(&message, handle)),
                Ok((0, _)) => return Ok(Heard::Gone),
                // Nothing of ours; what is ours follows.
                Ok(_) => {}
                // An order that was not read any more; what was told before can still be.
                Err(Errno::INTR | Errno::AGAIN | Errno::CONNRESET) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    /// Ends all of it, and waits until it has: with its root process the kernel ends every other in its namespace.
    fn end(&self) -> Result<()> {
        _ = shutdown(&*self.socket, Shutdown::Write);
        let begun = Instant::now();
        loop {
            let left = DEATH.saturating_sub(begun.elapsed());
            let heard = match &self.root {
                Some(root) => is_ready_within(root, left).map(|is| if is { Heard::Gone } else { Heard::Nothing }),
                None => self.hear(left),
            };
            match heard {
                Ok(Heard::Told(_) | Heard::Begun(..) | Heard::Listens(_) | Heard::Strange(_)) => {}
                Ok(Heard::Gone) => return Ok(()),
                Ok(Heard::Nothing) => {
                    let error =
                        Error::new(Kind::Unavailable, "end command", "a process of it does not end when it is killed");
                    return Err(error.with_fix("look whether a disk or a network folder does not answer"));
                }
                Err(errno) => return Err(failed(errno)),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The helper kills all of it; who dropped it does not wait.
        _ = shutdown(&*self.socket, Shutdown::Write);
    }
}

enum Heard {
    /// The root process has begun: its number, and itself.
    Begun(u32, Option<OwnedFd>),
    /// The command's way out, which is to be accepted from.
    Listens(TcpListener),
    Told(Told),
    /// What can't be taken, and why.
    Strange(Errno),
    /// Nothing is left of it.
    Gone,
    /// Nothing, for as long as was waited.
    Nothing,
}

/// What the helper tells of an end.
struct Told {
    step: u32,
    /// Whether the step is one of the world's.
    of_ground: bool,
    errno: i32,
    status: i32,
    cpu: Duration,
    memory: u64,
    /// Whether nothing else was left when the command had ended.
    is_alone: bool,
}

impl Told {
    const LENGTH: usize = 40;

    /// Reads a message, and the handle that came along. What is none of the helper's is taken for nothing that it could be.
    fn read(message: &[u8; Self::LENGTH], handle: Option<OwnedFd>) -> Heard {
        const END: u32 = 0;
        const BEGUN: u32 = 1;
        const NO_WORLD: u32 = 2;
        const LISTENS: u32 = 3;
        const ALONE: u32 = 4;
        let half = |at: usize| std::array::from_fn(|n| message[at + n]);
        let whole = |at: usize| u64::from_le_bytes(std::array::from_fn(|n| message[at + n]));
        let about = u32::from_le_bytes(half(12));
        let told = Self {
            step: u32::from_le_bytes(half(0)),
            of_ground: about == NO_WORLD,
            errno: i32::from_le_bytes(half(4)),
            status: i32::from_le_bytes(half(8)),
            cpu: Duration::from_micros(whole(16).saturating_add(whole(24))),
            memory: whole(32).saturating_mul(1_024),
            is_alone: about == ALONE,
        };
        match (about, handle) {
            (LISTENS, Some(handle)) => Heard::Listens(handle.into()),
            // The kernel keeps a handle for which there is no number left here.
            (LISTENS, None) => Heard::Strange(Errno::MFILE),
            (BEGUN, root) => Heard::Begun(u32::from_le_bytes(half(8)), root),
            (END, None) => Heard::Told(told),
            (ALONE, None) if told.step == 0 => Heard::Told(told),
            (NO_WORLD, None) if told.step > 0 => Heard::Told(told),
            _ => Heard::Strange(Errno::PROTO),
        }
    }

    fn ended(&self, ground: &[Step], plan: &[Step], program: &str) -> Result<Ended> {
        let errno = std::io::Error::from_raw_os_error(self.errno);
        let cannot = |what: &str, fix: &str| {
            let why = format!("the sandbox can't be made: {what}: {errno}");
            Err(Error::new(Kind::Unsupported, "confine", why).with_fix(fix))
        };
        match self.step {
            0 => {
                let status = ExitStatus::from_raw(self.status);
                let how = match (status.code(), status.signal()) {
                    // The kernel writes nothing beside the code.
                    (Some(code), _) if self.status == code << 8 => How::Exited(code),
                    (None, Some(signal)) => How::Killed(signal),
                    _ => return Err(failed(Errno::PROTO)),
                };
                Ok(Ended { how, cpu: self.cpu, memory: self.memory })
            }
            COMMAND => Err(cannot_start(program, self.errno, &errno)),
            STARTING if self.errno == 0 => {
                let status = ExitStatus::from_raw(self.status);
                let why = format!("the sandbox can't be made: what was to make it ended before ({status})");
                Err(Error::new(Kind::Unsupported, "confine", why).with_fix(DOCTOR))
            }
            STARTING => cannot("it can't be started", DOCTOR),
            JOINING => cannot("its control group can't be joined", DOCTOR),
            step => {
                let plan = if self.of_ground { ground } else { plan };
                let failed = plan.get(step as usize - 1);
                let error =
                    cannot(&format!("step {step}, {}", failed.map_or_else(String::new, Step::to_string)), DOCTOR);
                match failed {
                    Some(Step::Overlay { lower, .. }) => {
                        error.map_err(|e| e.with(OVER, lower.rsplit('/').next().unwrap_or_default()))
                    }
                    _ => error,
                }
            }
        }
    }
}

/// Waits until something can be read, a message or an end, no longer than `most`. Says whether it can.
fn is_ready_within(from: impl AsFd, most: Duration) -> rustix::io::Result<bool> {
    let begun = Instant::now();
    loop {
        let left = most.saturating_sub(begun.elapsed());
        let seconds = left.as_secs().try_into().unwrap_or(i64::MAX);
        let wait = Timespec { tv_sec: seconds, tv_nsec: left.subsec_nanos().into() };
        match poll(&mut [PollFd::new(&from, PollFlags::IN)], Some(&wait)) {
            Err(Errno::INTR) => {}
            ready => return ready.map(|ready| ready > 0),
        }
    }
}

/// Gives what the end of a command comes to, if it is one that is told without a handle.
#[cfg(any(test, fuzzing))]
pub(super) fn tell(message: &[u8; Told::LENGTH], plan: &[Step]) -> Option<Result<Ended>> {
    match Told::read(message, None) {
        Heard::Told(told) => Some(told.ended(plan, plan, "program")),
        _ => None,
    }
}

/// Receives a message that is there, and the handle that may come with it.
fn receive(socket: &OwnedFd, message: &mut [u8]) -> rustix::io::Result<(usize, Option<OwnedFd>)> {
    let mut room = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut room);
    let mut pieces = [std::io::IoSliceMut::new(message)];
    let came = recvmsg(socket, &mut pieces, &mut control, RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT)?;
    let handle = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut handles) => handles.next(),
        _ => None,
    });
    Ok((came.bytes, handle))
}

fn cannot_start(program: &str, number: i32, errno: &std::io::Error) -> Error {
    let (kind, fix) = match number {
        libc::ENOENT => (Kind::NotFound, "check its name; a command finds what is in /usr and in the granted folders"),
        libc::E2BIG => (Kind::LimitExceeded, "hand what is long over in a file, or by standard input"),
        _ => (Kind::InvalidInput, "check that it is a program, and may be executed"),
    };
    Error::new(kind, "run command", format!("{program:?} can't be run: {errno}")).with_fix(fix)
}

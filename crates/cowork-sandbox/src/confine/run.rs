//! A helper at work: how a plan gets to it, and what comes back.

use std::{
    fs::File,
    io::Write,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
        unix::process::ExitStatusExt,
    },
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use cowork_core::{Error, Kind, Result};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create},
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, Shutdown, SocketFlags,
        SocketType, recv, sendmsg, shutdown, socketpair,
    },
};

use super::steps::{self, Start, Step};

/// The helper's program.
static HELPER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/helper"));

/// The most bytes of a plan, which the helper has room for.
const MOST: usize = 1 << 20;

/// The number of a step that stands for the command.
const COMMAND: u32 = u32::MAX;

/// How long it is waited for the last process of a command to end, once it was killed. Nothing but a broken disk keeps one longer.
const DEATH: Duration = Duration::from_secs(10);

/// The first helper, which makes one for each command. Dropping it ends it; the commands that run go on.
#[derive(Debug)]
pub(crate) struct Helper {
    child: Child,
    socket: OwnedFd,
}

/// A helper of one command, which is made ready or runs. Dropping it ends all that runs by it.
#[derive(Debug)]
pub(crate) struct Running {
    socket: OwnedFd,
    plan: Vec<Step>,
    program: String,
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
}

impl Helper {
    /// Starts it. Its program is in memory and sealed: nobody can change what is executed.
    pub(crate) fn new() -> Result<Self> {
        let sealed = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
        let program =
            memfd_create("cowork-confine", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).map_err(failed)?;
        let program = written(program, HELPER)?;
        fcntl_add_seals(&program, sealed).map_err(failed)?;
        let (socket, theirs) = pair()?;
        let mut command = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()));
        command.env_clear().stdin(Stdio::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|e| unavailable("it can't be executed", &e))?;
        Ok(Self { child, socket })
    }

    /// Has all made ready for a command, by these steps.
    pub(crate) fn prepare(&self, plan: Vec<Step>) -> Result<Running> {
        let (socket, theirs) = pair()?;
        send(&self.socket, &[theirs.as_fd()])?;
        send(&socket, &[in_memory(&steps::bytes(&plan))?.as_fd()])?;
        Ok(Running { socket, plan, program: String::new() })
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        _ = shutdown(&self.socket, Shutdown::Write);
        // It ends at once; who asks for its end is gone.
        _ = self.child.wait();
    }
}

fn pair() -> Result<(OwnedFd, OwnedFd)> {
    socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).map_err(failed)
}

fn written(file: OwnedFd, bytes: &[u8]) -> Result<OwnedFd> {
    let mut file = File::from(file);
    file.write_all(bytes).map_err(|e| unavailable("there is no memory for it", &e))?;
    Ok(file.into())
}

fn in_memory(bytes: &[u8]) -> Result<OwnedFd> {
    if bytes.len() > MOST {
        let error = Error::new(Kind::LimitExceeded, "confine", "the command and its arguments are too long");
        return Err(error.with_fix("hand what is long over in a file, or by standard input"));
    }
    written(memfd_create("plan", MemfdFlags::CLOEXEC).map_err(failed)?, bytes)
}

fn send(socket: &OwnedFd, handles: &[BorrowedFd<'_>]) -> Result<()> {
    let mut room = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut control = SendAncillaryBuffer::new(&mut room);
    control.push(SendAncillaryMessage::ScmRights(handles));
    sendmsg(socket, &[std::io::IoSlice::new(b"p")], &mut control, SendFlags::NOSIGNAL).map(drop).map_err(failed)
}

impl Running {
    /// Has a command executed with these streams.
    pub(crate) fn start(&mut self, order: &Start, streams: [BorrowedFd<'_>; 3]) -> Result<()> {
        self.program = order.args.first().cloned().unwrap_or_default();
        let bytes = in_memory(&order.bytes())?;
        match send(&self.socket, &[bytes.as_fd(), streams[0], streams[1], streams[2]]) {
            // What went wrong before was told, and is there to be read.
            Err(_) if self.is_over() => Ok(()),
            sent => sent,
        }
    }

    fn is_over(&self) -> bool {
        let none = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], Some(&none)).is_ok_and(|ready| ready > 0)
    }

    /// Waits for the end, no longer than `most`; then all of it is ended. When this returns, no process of it is left.
    ///
    /// # Errors
    /// `NotFound` if there is no such program, `Unsupported` if the confinement could not be made as it should be.
    pub(crate) fn wait(self, most: Duration) -> Result<Ended> {
        let told = self.told(most);
        self.end()?;
        match told {
            Ok(Heard::Told(told)) => told.ended(&self.plan, &self.program),
            Ok(Heard::Late) => Ok(Ended { how: How::Late, cpu: Duration::ZERO, memory: 0 }),
            Ok(Heard::Gone) => Err(Error::new(Kind::Unavailable, "run command", "its sandbox was ended from outside")
                .with_fix("look whether the computer is short of memory, and run it again")),
            Err(errno) => Err(failed(errno)),
        }
    }

    fn told(&self, most: Duration) -> rustix::io::Result<Heard> {
        let begun = Instant::now();
        loop {
            let left = most.saturating_sub(begun.elapsed());
            let seconds = left.as_secs().try_into().unwrap_or(i64::MAX);
            let wait = Timespec { tv_sec: seconds, tv_nsec: left.subsec_nanos().into() };
            match poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], Some(&wait)) {
                Ok(0) => return Ok(Heard::Late),
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(errno) => return Err(errno),
            }
            let mut message = [0; Told::LENGTH];
            match recv(&self.socket, &mut message, RecvFlags::empty()) {
                Ok((_, Told::LENGTH)) => return Ok(Heard::Told(Told::read(&message))),
                Ok((_, 0)) => return Ok(Heard::Gone),
                // Nothing of ours; what is ours follows.
                Ok(_) => {}
                // An order that was not read any more; what was told before can still be.
                Err(Errno::INTR | Errno::CONNRESET) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    /// Ends all of it, and waits until it has: with its root process the kernel ends every other in its namespace.
    fn end(&self) -> Result<()> {
        // A socket that is shut already stays so.
        _ = shutdown(&self.socket, Shutdown::Write);
        loop {
            match self.told(DEATH) {
                Ok(Heard::Told(_)) => {}
                Ok(Heard::Gone) => return Ok(()),
                Ok(Heard::Late) => {
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
        _ = shutdown(&self.socket, Shutdown::Write);
    }
}

enum Heard {
    Told(Told),
    /// Nothing is left of it.
    Gone,
    /// It takes longer.
    Late,
}

/// What the helper tells.
struct Told {
    step: u32,
    errno: i32,
    status: i32,
    cpu: Duration,
    memory: u64,
}

impl Told {
    const LENGTH: usize = 40;

    fn read(message: &[u8; Self::LENGTH]) -> Self {
        let half = |at: usize| std::array::from_fn(|n| message[at + n]);
        let whole = |at: usize| u64::from_le_bytes(std::array::from_fn(|n| message[at + n]));
        Self {
            step: u32::from_le_bytes(half(0)),
            errno: i32::from_le_bytes(half(4)),
            status: i32::from_le_bytes(half(8)),
            cpu: Duration::from_micros(whole(16).saturating_add(whole(24))),
            memory: whole(32).saturating_mul(1_024),
        }
    }

    fn ended(&self, plan: &[Step], program: &str) -> Result<Ended> {
        let errno = std::io::Error::from_raw_os_error(self.errno);
        match self.step {
            0 => {
                let status = ExitStatus::from_raw(self.status);
                let how = match (status.code(), status.signal()) {
                    (_, Some(signal)) => How::Killed(signal),
                    (code, None) => How::Exited(code.unwrap_or_default()),
                };
                Ok(Ended { how, cpu: self.cpu, memory: self.memory })
            }
            COMMAND => Err(cannot_start(program, self.errno, &errno)),
            step => {
                let what = plan.get(step as usize - 1).map_or_else(String::new, Step::to_string);
                let why = format!("the sandbox can't be made: step {step}, {what}: {errno}");
                Err(Error::new(Kind::Unsupported, "confine", why).with_fix("`cowork doctor` says what is missing"))
            }
        }
    }
}

fn cannot_start(program: &str, number: i32, errno: &std::io::Error) -> Error {
    let (kind, fix) = match number {
        libc::ENOENT => (Kind::NotFound, "check its name; a command finds what is in /usr and in the granted folders"),
        libc::E2BIG => (Kind::LimitExceeded, "hand what is long over in a file, or by standard input"),
        _ => (Kind::InvalidInput, "check that it is a program, and may be executed"),
    };
    Error::new(kind, "run command", format!("{program:?} can't be run: {errno}")).with_fix(fix)
}

fn failed(errno: Errno) -> Error {
    unavailable("it can't be reached", &errno)
}

fn unavailable(what: &str, error: &dyn std::fmt::Display) -> Error {
    Error::new(Kind::Unavailable, "confine", format!("the helper that confines commands: {what}: {error}"))
        .with_fix("try again; `cowork doctor` says what is missing")
}

//! The helper's first processes, and how plans get to them.

use std::{
    fs::File,
    io::Write,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
};

use cowork_core::{Error, Kind, Result};
use rustix::{
    fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create},
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, Shutdown, SocketFlags,
        SocketType, recv, sendmsg, shutdown, socketpair,
    },
};

use super::{
    groups::Group,
    run::Running,
    steps::{self, Step},
};

/// The helper's program.
static HELPER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/helper"));

/// The most bytes of a plan, which the helper has room for.
const MOST: usize = 1 << 20;

/// The most bytes of a plan that goes with its message.
const SHORT: usize = 16 << 10;

/// The message by which one more is wanted.
const WANTED: [&[u8]; 2] = [b"w", b""];

/// The first helper, which makes one for each world. Dropping it ends it; the worlds and the commands that run go on.
#[derive(Debug)]
pub(crate) struct Helper {
    // One that was killed from outside is replaced.
    first: Mutex<First>,
    begins: Begins,
}

/// What a helper begins as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begins {
    /// It makes namespaces itself.
    Apart,
    /// It starts what makes them, or a command without any.
    Outside,
}

#[derive(Debug)]
struct First {
    child: Child,
    socket: OwnedFd,
}

/// A helper that has made what the commands of one policy have in common. Dropping it ends it; the commands that run go on.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    socket: Arc<OwnedFd>,
    plan: Arc<[Step]>,
    group: Option<Arc<Group>>,
}

impl Helper {
    /// Starts it.
    pub(crate) fn new(begins: Begins) -> Result<Self> {
        Ok(Self { first: Mutex::new(First::new(begins)?), begins })
    }

    /// Has a world made by these steps, in this control group. Whether they could be done, the first command is told.
    pub(crate) fn ground(&self, plan: Vec<Step>, group: Option<Group>) -> Result<Ground> {
        let (socket, theirs) = pair()?;
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        if send(&first.socket, WANTED, &[theirs.as_fd()]).is_err() {
            *first = First::new(self.begins)?;
            send(&first.socket, WANTED, &[theirs.as_fd()]).map_err(failed)?;
        }
        let handles: Vec<BorrowedFd<'_>> = group.iter().flat_map(Group::lists).collect();
        hand_over(&socket, &steps::bytes(&plan), &handles)?.map_err(failed)?;
        Ok(Ground { socket: Arc::new(socket), plan: plan.into(), group: group.map(Arc::new) })
    }
}

impl First {
    /// Executes the helper.
    fn new(begins: Begins) -> Result<Self> {
        let program = program()?;
        let (socket, theirs) = pair()?;
        let mut command = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()));
        if begins == Begins::Outside {
            command.arg("outside");
        }
        command.env_clear().stdin(Stdio::from(theirs)).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|e| unavailable("it can't be executed", &e))?;
        Ok(Self { child, socket })
    }
}

impl Drop for First {
    fn drop(&mut self) {
        _ = shutdown(&self.socket, Shutdown::Write);
        // It ends at once; who asks for its end is gone.
        _ = self.child.wait();
    }
}

impl Ground {
    /// Says whether the kernel holds its commands to their memory and processes.
    pub(crate) fn is_held(&self) -> bool {
        self.group.is_some()
    }

    /// Has all made ready for a command, by these steps.
    pub(crate) fn prepare(&self, plan: Vec<Step>) -> Result<Running> {
        let ((socket, theirs), (asking, asked)) = (pair()?, pair()?);
        let sent = send(&self.socket, WANTED, &[theirs.as_fd(), asked.as_fd()]);
        sent.map_err(|e| self.why().unwrap_or_else(|| failed(e)))?;
        hand_over(&socket, &steps::bytes(&plan), &[])?.map_err(failed)?;
        Ok(Running::new((socket, asking), self.plan.clone(), plan, self.group.clone()))
    }

    /// Says why it is not there, if it could not begin: that was told.
    pub(crate) fn why(&self) -> Option<Error> {
        let mut message = [0; 40];
        let mut receive = || recv(&self.socket, &mut message, RecvFlags::DONTWAIT);
        // First it may be said that what was sent was not read.
        receive().or_else(|_| receive()).ok()?;
        let number = i32::from_le_bytes([message[4], message[5], message[6], message[7]]);
        let why = match number {
            libc::ENOSPC => "`user.max_user_namespaces` is reached".to_owned(),
            _ => std::io::Error::from_raw_os_error(number).to_string(),
        };
        let error = Error::new(Kind::Unsupported, "confine", format!("user namespaces can't be made: {why}"));
        (number != 0).then(|| error.with_fix("allow user namespaces, or install `bubblewrap`"))
    }

    /// Has all made ready for a command by a helper that makes no namespaces: what keeps it does the steps of `keeper`, for which it has
    /// these handles; what it starts does those of `plan`.
    pub(crate) fn prepare_outside(&self, keeper: &[Step], handles: &[OwnedFd], plan: Vec<Step>) -> Result<Running> {
        let (socket, theirs) = pair()?;
        send(&self.socket, WANTED, &[theirs.as_fd()]).map_err(failed)?;
        let handles: Vec<BorrowedFd<'_>> = handles.iter().map(AsFd::as_fd).collect();
        hand_over(&socket, &steps::bytes(keeper), &handles)?.map_err(failed)?;
        hand_over(&socket, &steps::bytes(&plan), &[])?.map_err(failed)?;
        // Nothing is laid over anything there, and so nothing asked of what keeps it.
        let (asking, _) = pair()?;
        Ok(Running::new((socket, asking), self.plan.clone(), plan, self.group.clone()))
    }
}

/// Puts the helper's program into memory that is sealed: nobody can change what is executed.
pub(crate) fn program() -> Result<OwnedFd> {
    let sealed = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
    let program = memfd_create("cowork-confine", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).map_err(failed)?;
    let program = written(program, HELPER)?;
    fcntl_add_seals(&program, sealed).map_err(failed)?;
    Ok(program)
}

fn pair() -> Result<(OwnedFd, OwnedFd)> {
    socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).map_err(failed)
}

fn written(file: OwnedFd, bytes: &[u8]) -> Result<OwnedFd> {
    let mut file = File::from(file);
    file.write_all(bytes).map_err(|e| unavailable("there is no memory for it", &e))?;
    Ok(file.into())
}

/// Puts bytes into memory that can be handed over, to be read from their beginning.
pub(crate) fn to_read(bytes: &[u8]) -> Result<OwnedFd> {
    let file = in_memory(bytes)?;
    rustix::fs::seek(&file, rustix::fs::SeekFrom::Start(0)).map_err(failed)?;
    Ok(file)
}

/// Puts bytes into memory that can be handed over.
fn in_memory(bytes: &[u8]) -> Result<OwnedFd> {
    if bytes.len() > MOST {
        let error = Error::new(Kind::LimitExceeded, "confine", "the command and its arguments are too long");
        return Err(error.with_fix("hand what is long over in a file, or by standard input"));
    }
    written(memfd_create("plan", MemfdFlags::CLOEXEC).map_err(failed)?, bytes)
}

/// Hands steps over, and handles with them. What is short goes with the message: memory that is handed over takes as long to make as a
/// command to be told of. That it could not be sent is left to the caller: what went wrong before may have been told.
///
/// # Errors
/// `LimitExceeded` for what is too long, `Unavailable` without memory.
pub(crate) fn hand_over(socket: &OwnedFd, steps: &[u8], handles: &[BorrowedFd<'_>]) -> Result<rustix::io::Result<()>> {
    if steps.len() <= SHORT {
        return Ok(send(socket, [b"s", steps], handles));
    }
    let memory = in_memory(steps)?;
    let handles: Vec<BorrowedFd<'_>> = [memory.as_fd()].into_iter().chain(handles.iter().copied()).collect();
    Ok(send(socket, [b"m", b""], &handles))
}

/// Sends a message and handles over a socket, without waiting for somebody who does not listen.
fn send(socket: &OwnedFd, message: [&[u8]; 2], handles: &[BorrowedFd<'_>]) -> rustix::io::Result<()> {
    let mut room = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
    let mut control = SendAncillaryBuffer::new(&mut room);
    if !handles.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(handles));
    }
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    sendmsg(socket, &message.map(std::io::IoSlice::new), &mut control, flags).map(drop)
}

pub(crate) fn failed(errno: Errno) -> Error {
    unavailable("it can't be reached", &errno)
}

pub(crate) fn unavailable(what: &str, error: &dyn std::fmt::Display) -> Error {
    Error::new(Kind::Unavailable, "confine", format!("the helper that confines commands: {what}: {error}"))
        .with_fix("try again; `cowork doctor` says what is missing")
}

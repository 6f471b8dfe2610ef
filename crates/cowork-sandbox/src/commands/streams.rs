//! By what a command reads and speaks: pipes, or a terminal of its own.

use std::{io, os::fd::OwnedFd};

use cowork_core::{Error, Exec, Kind, Result, Terminal};
use rustix::{
    fs::OFlags,
    pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use tokio::{io::AsyncWriteExt, net::unix::pipe};

/// What ends a terminal's input.
const END: &[u8] = &[4];

/// The host's side of them.
#[derive(Debug)]
pub(super) struct Streams {
    pub(super) out: Option<pipe::Receiver>,
    pub(super) err: Option<pipe::Receiver>,
    pub(super) input: Option<Input>,
}

/// What a command reads is written to this.
#[derive(Debug)]
pub(super) struct Input {
    to: pipe::Sender,
    is_terminal: bool,
}

impl Streams {
    /// Makes them; the other side is for the command: what it reads, says, complains.
    pub(super) fn new(exec: &Exec) -> Result<(Self, [OwnedFd; 3])> {
        match exec.terminal {
            Some(size) => Self::terminal(size),
            None => Self::pipes(exec.input),
        }
        .map_err(|e| {
            Error::new(Kind::Unavailable, "run command", format!("it can't be given what it reads and says by: {e}"))
                .with_fix("close programs that have many files or terminals open")
        })
    }

    fn pipes(has_input: bool) -> io::Result<(Self, [OwnedFd; 3])> {
        let ((stdin, feed), (out, stdout), (err, stderr)) = (io::pipe()?, io::pipe()?, io::pipe()?);
        let receiver = |end: OwnedFd| pipe::Receiver::from_owned_fd(end);
        let sender = |end: OwnedFd| pipe::Sender::from_owned_fd(end).map(|to| Input { to, is_terminal: false });
        let input = has_input.then(|| sender(feed.into())).transpose()?;
        let ours = Self { out: Some(receiver(out.into())?), err: Some(receiver(err.into())?), input };
        Ok((ours, [stdin.into(), stdout.into(), stderr.into()]))
    }

    fn terminal(size: Terminal) -> io::Result<(Self, [OwnedFd; 3])> {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let theirs = ioctl_tiocgptpeer(&ours, OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        tcsetwinsize(&ours, Winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 })?;
        // It is no pipe, but is read, written and waited for as one.
        rustix::fs::fcntl_setfl(&ours, OFlags::RDWR | OFlags::NONBLOCK)?;
        let out = pipe::Receiver::from_owned_fd_unchecked(ours.try_clone()?)?;
        let input = Input { to: pipe::Sender::from_owned_fd_unchecked(ours)?, is_terminal: true };
        let streams = Self { out: Some(out), err: None, input: Some(input) };
        Ok((streams, [theirs.try_clone()?, theirs.try_clone()?, theirs]))
    }
}

impl Input {
    pub(super) async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.to.write_all(bytes).await
    }

    /// Ends it; a terminal is told so, and stays.
    pub(super) async fn end(mut self) -> Option<Self> {
        if !self.is_terminal {
            return None;
        }
        // One that nobody reads from needs no end.
        _ = self.write_all(END).await;
        Some(self)
    }
}

/// Reads what there is; 0 at the end, and when it can't be read any more, as a terminal that nobody has open. Without a stream it waits for
/// ever.
pub(super) async fn read(from: &mut Option<pipe::Receiver>, to: &mut [u8]) -> usize {
    match from {
        // Of a terminal a piece that fills less than there is room for may not be the last: it is asked until it has nothing more.
        Some(from) => loop {
            if from.readable().await.is_err() {
                return 0;
            }
            match from.try_read(to) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                read => return read.unwrap_or(0),
            }
        },
        None => std::future::pending().await,
    }
}

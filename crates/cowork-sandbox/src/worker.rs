//! The workers of a sandbox, and what is heard of one while it works.

use std::{
    io::ErrorKind,
    os::fd::{AsFd, OwnedFd},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use cowork_core::{Error, Exit, ExitKind, Kind, Process, ProcessEvent, Result, Worker};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::unix::pipe,
    task::JoinHandle,
};

use crate::{
    confine::{Confined, Confinement, Ended, Ender, How, Workers},
    fault::Fault,
};

/// How large a piece of what a worker says may be, in bytes.
const PIECE: usize = 64 << 10;

/// How long a worker is watched for its answer before this thread sleeps. Most answers are there sooner than a thread that sleeps on an idle
/// processor is woken.
const WATCHED: Duration = Duration::from_micros(60);

/// How long a worker that says nothing any more may take to end.
const END: Duration = Duration::from_secs(2);

/// What the workers of the last program have in common.
#[derive(Debug, Default)]
pub(crate) struct Hall(Mutex<Option<Workers>>);

/// A worker that runs. Dropping it ends it.
struct Running {
    /// What is waited for, from when it says nothing any more.
    confined: Option<Confined>,
    ended: Option<JoinHandle<Result<Ended>>>,
    ender: Ender,
    out: Option<pipe::Receiver>,
    err: Option<pipe::Receiver>,
    input: Option<pipe::Sender>,
    room: Vec<u8>,
    /// Whether its last answer was there at once, or nearly so.
    is_quick: bool,
    /// Whether it was ended from here.
    is_over: bool,
}

impl Hall {
    /// Starts a worker. A tokio runtime has to be there.
    pub(crate) fn start(&self, confinement: &Confinement, worker: &Worker) -> Result<Box<dyn Process>> {
        let failed = |e: std::io::Error| Fault::from(e).error("start worker", "its streams");
        let pipe = || std::io::pipe().map_err(failed);
        let ((stdin, feed), (out, stdout), (err, stderr)) = (pipe()?, pipe()?, pipe()?);
        let streams = [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
        let confined = match self.workers(confinement, worker)?.start(&worker.args, streams) {
            // What they had in common may have been killed from outside.
            Err(error) if error.kind == Kind::Unavailable => {
                *self.last() = None;
                self.workers(confinement, worker)?.start(&worker.args, streams)?
            }
            started => started?,
        };
        drop((stdin, stdout, stderr));
        let receiver = |end: OwnedFd| pipe::Receiver::from_owned_fd(end).map_err(failed);
        let (out, err) = (Some(receiver(out.into())?), Some(receiver(err.into())?));
        let input = Some(pipe::Sender::from_owned_fd(feed.into()).map_err(failed)?);
        let ender = confined.ender();
        Ok(Box::new(Running {
            confined: Some(confined),
            ended: None,
            ender,
            out,
            err,
            input,
            room: vec![0; PIECE],
            is_quick: false,
            is_over: false,
        }))
    }

    fn workers(&self, confinement: &Confinement, worker: &Worker) -> Result<Workers> {
        let mut last = self.last();
        if let Some(workers) = last.as_ref().filter(|workers| workers.are_like(worker)) {
            return Ok(workers.clone());
        }
        Ok(last.insert(confinement.workers(worker)?).clone())
    }

    fn last(&self) -> MutexGuard<'_, Option<Workers>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Process for Running {
    async fn next(&mut self) -> Result<ProcessEvent> {
        let Self { out, err, room, is_quick, .. } = self;
        let since = Instant::now();
        // One that took its time before is not watched, so that this costs the slow ones nothing.
        while *is_quick && since.elapsed() < WATCHED {
            match out.as_ref().map(|out| out.try_read(room)) {
                Some(Ok(n @ 1..)) => return Ok(ProcessEvent::Stdout(room[..n].to_vec())),
                Some(Err(e)) if e.kind() == ErrorKind::WouldBlock => tokio::task::yield_now().await,
                _ => break,
            }
        }
        while out.is_some() || err.is_some() {
            let (complaints, there) = room.split_at_mut(PIECE / 4);
            tokio::select! {
                n = read(out, there) => match n {
                    0 => *out = None,
                    n => {
                        *is_quick = since.elapsed() < 2 * WATCHED;
                        return Ok(ProcessEvent::Stdout(there[..n].to_vec()));
                    }
                },
                n = read(err, complaints) => match n {
                    0 => *err = None,
                    n => return Ok(ProcessEvent::Stderr(complaints[..n].to_vec())),
                },
            }
        }
        self.input = None;
        if let Some(confined) = self.confined.take() {
            self.ended = Some(tokio::task::spawn_blocking(move || confined.wait(END)));
        }
        let over = || Error::new(Kind::InvalidInput, "run worker", "its end was told already");
        let ended = self.ended.as_mut().ok_or_else(over)?.await;
        self.ended = None;
        match ended.map_err(|e| Error::new(Kind::Internal, "run worker", e.to_string()))? {
            Err(e) if self.is_over && e.kind == Kind::Unavailable => {
                let how = ExitKind::Signal(libc::SIGKILL);
                Ok(ProcessEvent::Exited(Exit { how, cpu: 0, memory: 0, visits: Vec::new() }))
            }
            ended => ended.map(|ended| ProcessEvent::Exited(exit(&ended))),
        }
    }

    /// It has no folders.
    async fn renew(&mut self) -> Result<()> {
        Ok(())
    }

    fn end(&mut self) {
        self.is_over = true;
        self.ender.end();
    }

    /// What it says meanwhile waits: it is asked one thing at a time.
    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            self.input = None;
            return Ok(());
        }
        let unread = || Error::new(Kind::Unavailable, "write to worker", "the worker does not read any more");
        let input = self.input.as_mut().ok_or_else(unread)?;
        input.write_all(bytes).await.map_err(|e| unread().with_source(e))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.ender.end();
    }
}

/// Reads what there is; 0 at the end, and when it can't be read any more. Without a stream it waits for ever.
async fn read(from: &mut Option<pipe::Receiver>, to: &mut [u8]) -> usize {
    match from {
        Some(from) => from.read(to).await.unwrap_or(0),
        None => std::future::pending().await,
    }
}

fn exit(ended: &Ended) -> Exit {
    let how = match ended.how {
        How::Exited(code) => ExitKind::Code(code),
        How::Killed(signal) => ExitKind::Signal(signal),
        How::Late | How::Over(_) => ExitKind::TimedOut,
    };
    let cpu = u64::try_from(ended.cpu.as_millis()).unwrap_or(u64::MAX);
    Exit { how, cpu, memory: ended.memory, visits: Vec::new() }
}

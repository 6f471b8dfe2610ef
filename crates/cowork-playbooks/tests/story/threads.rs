//! A sandbox whose workers are threads of the test, or whatever a test has them be.

use std::{
    io::{self, Read, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use cowork_core::{
    ChangeSet, Error, Exit, ExitKind, Finding, Keep, Kind, Process, ProcessEvent, Reclaimed, Result, Sandbox, Session,
    SessionSpec, TaskId, UndoReport, UndoSpec, Worker, async_trait,
};
use cowork_playbooks::worker::serve;
use tokio::sync::mpsc as later;

/// What a worker does with its input and output; its exit.
pub(crate) type Does = dyn Fn(&mut Input, &mut Output) -> ExitKind + Send + Sync;

pub(crate) struct Threads {
    does: Box<dyn Fn(usize) -> Option<Arc<Does>> + Send + Sync>,
    started: AtomicUsize,
}

/// What a worker reads.
pub(crate) struct Input(mpsc::Receiver<Vec<u8>>, Vec<u8>);

/// What a worker writes.
#[derive(Clone)]
pub(crate) struct Output(later::Sender<ProcessEvent>);

struct Running {
    input: Option<mpsc::Sender<Vec<u8>>>,
    output: later::Receiver<ProcessEvent>,
}

impl Threads {
    /// Workers as they should be.
    pub(crate) fn serving() -> Arc<Self> {
        Self::doing(|_| Arc::new(served))
    }

    /// Workers that do what a test says; the number is how many were started before.
    pub(crate) fn doing(does: impl Fn(usize) -> Arc<Does> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { does: Box::new(move |before| Some(does(before))), started: AtomicUsize::new(0) })
    }

    /// No workers: nothing can be confined here.
    pub(crate) fn refusing() -> Arc<Self> {
        Arc::new(Self { does: Box::new(|_| None), started: AtomicUsize::new(0) })
    }

    pub(crate) fn started(&self) -> usize {
        self.started.load(Ordering::SeqCst)
    }
}

pub(crate) fn served(input: &mut Input, output: &mut Output) -> ExitKind {
    ExitKind::Code(i32::from(serve(input, output).is_err()))
}

#[async_trait]
impl Sandbox for Threads {
    async fn worker(&self, _: Worker) -> Result<Box<dyn Process>> {
        let does = (self.does)(self.started.fetch_add(1, Ordering::SeqCst)).ok_or_else(nothing)?;
        let (input, read) = mpsc::channel();
        let (write, output) = later::channel(4);
        thread::spawn(move || {
            let mut end = Output(write.clone());
            let how = does(&mut Input(read, Vec::new()), &mut Output(write));
            end.event(ProcessEvent::Exited(Exit { how, cpu: 0, memory: 0, visits: Vec::new() }));
        });
        Ok(Box::new(Running { input: Some(input), output }))
    }

    async fn open(&self, _: SessionSpec) -> Result<Arc<dyn Session>> {
        Err(nothing())
    }

    async fn undo(&self, _: TaskId, _: UndoSpec) -> Result<UndoReport> {
        Err(nothing())
    }

    async fn changes(&self, _: TaskId) -> Result<ChangeSet> {
        Err(nothing())
    }

    async fn reclaim(&self, _: Keep) -> Result<Reclaimed> {
        Err(nothing())
    }

    async fn check(&self, _: u64) -> Vec<Finding> {
        Vec::new()
    }
}

fn nothing() -> Error {
    Error::new(Kind::Unsupported, "start", "this sandbox does not do that").with_fix("use another")
}

#[async_trait]
impl Process for Running {
    async fn next(&mut self) -> Result<ProcessEvent> {
        self.output.recv().await.ok_or_else(|| Error::new(Kind::Unavailable, "read", "the worker is gone"))
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let unread = |_| Error::new(Kind::Unavailable, "write", "the worker does not read any more");
        self.input.as_ref().map_or(Ok(()), |input| input.send(bytes.to_vec())).map_err(unread)
    }

    async fn renew(&mut self) -> Result<()> {
        Ok(())
    }

    fn end(&mut self) {
        self.input = None;
    }
}

impl Output {
    fn event(&mut self, event: ProcessEvent) {
        // Whoever dropped the worker hears no more of it.
        drop(self.0.blocking_send(event));
    }

    pub(crate) fn complain(&mut self, text: &str) {
        self.event(ProcessEvent::Stderr(text.as_bytes().to_vec()));
    }
}

impl Read for Input {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.1.is_empty() {
            // In pieces, as pipes give them.
            let Ok(more) = self.0.recv() else { return Ok(0) };
            self.1 = more;
        }
        let n = self.1.len().min(room.len()).min(1_000);
        room[..n].copy_from_slice(&self.1[..n]);
        self.1.drain(..n);
        Ok(n)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(10_000);
        let sent = self.0.blocking_send(ProcessEvent::Stdout(bytes[..n].to_vec()));
        sent.map(|()| n).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

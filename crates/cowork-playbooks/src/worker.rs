//! The other side of [`Apart`](crate::Apart): a process that runs one program, and says nothing but what the program wants.

use std::{
    io::{Read, Write},
    thread,
};

use cowork_core::{CancellationToken, Error, Kind, Result};

use crate::{
    frames::{Begin, Bounds, Frames, Order, Told, written},
    interpreter::STACK,
    limits::Limits,
    machine::Machine,
};

/// Runs the one program that comes in, to its end; then this returns, and the process is to end.
///
/// A program of a host that is to be its worker calls this before all else when it is started as one, with its standard input and output,
/// and writes nothing to either itself. It should count its memory, as [`PlaybookPlanner`](crate::PlaybookPlanner) says.
///
/// Cancellation: it ends when its input does.
///
/// # Errors
/// `InvalidInput` and `LimitExceeded` for what no host says, `Unavailable` if the host is gone.
pub fn serve(input: impl Read + Send, output: impl Write + Send) -> Result<()> {
    thread::scope(|scope| {
        let failed = || Error::new(Kind::Internal, "run playbook", "the worker's thread could not be run");
        let thread = thread::Builder::new().name("playbook".to_owned()).stack_size(STACK);
        let thread =
            thread.spawn_scoped(scope, || Worker::new(input, output).run()).map_err(|e| failed().with_source(e))?;
        thread.join().map_err(|_| failed())?
    })
}

struct Worker<R, W> {
    input: R,
    output: W,
    frames: Frames,
    limits: Limits,
    room: Vec<u8>,
}

/// How much is read at once, in bytes.
const PIECE: usize = 64 << 10;

impl<R: Read, W: Write> Worker<R, W> {
    fn new(input: R, output: W) -> Self {
        Self { input, output, frames: Frames::new(Bounds::FIRST), limits: Limits::default(), room: vec![0; PIECE] }
    }

    fn run(mut self) -> Result<()> {
        let cancel = CancellationToken::new();
        let begin = match self.hear()? {
            Some(Order::Begin(begin)) => *begin,
            Some(Order::GoOn(_)) => return Err(unasked()),
            None => return Ok(()),
        };
        if let Err(error) = begin.check() {
            return self.say(&Told::Failed(error));
        }
        let Begin { program, .. } = begin;
        self.limits = program.limits;
        self.frames.widen(Bounds::of(&self.limits));
        let mut machine = match Machine::begin(program, &cancel) {
            Err(error) => return self.say(&Told::Failed(error)),
            Ok((machine, halt)) => {
                self.say(&Told::Halt(halt))?;
                machine
            }
        };
        while let Some(order) = self.hear()? {
            let Order::GoOn(outcomes) = order else { return Err(unasked()) };
            match machine.go_on(outcomes, &cancel) {
                Ok(halt) => self.say(&Told::Halt(halt))?,
                Err(error) => return self.say(&Told::Failed(error)),
            }
        }
        Ok(())
    }

    /// Waits for the next order; none when the host has no more.
    fn hear(&mut self) -> Result<Option<Order>> {
        loop {
            if let Some(order) = self.frames.next()? {
                return Ok(Some(order));
            }
            match self.input.read(&mut self.room) {
                Ok(0) if self.frames.is_empty() => return Ok(None),
                Ok(0) => return Err(unasked()),
                Ok(n) => self.frames.push(&self.room[..n])?,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(gone().with_source(e)),
            }
        }
    }

    fn say(&mut self, told: &Told) -> Result<()> {
        let frame = match written(told, Bounds::of(&self.limits)) {
            Err(error) => written(&Told::Failed(error), Bounds::of(&self.limits))?,
            Ok(frame) => frame,
        };
        self.output.write_all(&frame).and_then(|()| self.output.flush()).map_err(|e| gone().with_source(e))
    }
}

fn unasked() -> Error {
    Error::new(Kind::InvalidInput, "run playbook", "the worker hears what no host says")
}

fn gone() -> Error {
    Error::new(Kind::Unavailable, "run playbook", "the worker's host is gone")
}

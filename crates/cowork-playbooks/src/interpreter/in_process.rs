//! Programs in this process, each on a thread of its own.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
};

use async_trait::async_trait;
use cowork_core::{CancellationToken, Error, Finding, Kind, Outcome, Result};
use tokio::sync::oneshot;

use super::{Halt, Interpreter, Program, Running, STACK};
use crate::machine::Machine;

/// Runs programs in this process.
///
/// - Each has a thread with a deep stack, which waits while the program does.
/// - A panic of the interpreter ends the program, not the process; an abort (the machine is out of memory, a stack overflow) can't be
///   caught.
/// - It refuses programs that may only run apart: `Unsupported`.
#[derive(Clone, Copy, Debug, Default)]
pub struct InProcess;

/// What is wanted of a program's thread.
struct Order {
    outcomes: Vec<Outcome>,
    cancel: CancellationToken,
    halt: oneshot::Sender<Result<Halt>>,
}

/// A program on its thread, which ends with this.
struct Thread {
    orders: mpsc::Sender<Order>,
}

#[async_trait]
impl Interpreter for InProcess {
    async fn start(&self, program: Program, cancel: &CancellationToken) -> Result<(Box<dyn Running>, Halt)> {
        if program.is_apart {
            let why = "a program that nobody looked at runs in a worker of its own, and there is none";
            return Err(Error::new(Kind::Unsupported, "run program", why)
                .with_fix("do it call by call, or on a system where `cowork doctor` says that commands are confined"));
        }
        let (orders, waiting) = mpsc::channel();
        let (send, first) = oneshot::channel();
        let cancel = cancel.clone();
        let thread = std::thread::Builder::new().name("playbook".to_owned()).stack_size(STACK);
        thread.spawn(move || run(program, &cancel, send, &waiting)).map_err(|e| {
            Error::new(Kind::Unavailable, "run playbook", "no thread could be started for the playbook").with_source(e)
        })?;
        let halt = heard(first).await?;
        Ok((Box::new(Thread { orders }), halt))
    }

    async fn check(&self) -> Finding {
        let found = "they run in this process, and reach nothing but tools".to_owned();
        Finding { ok: true, what: "playbooks".to_owned(), found, fix: String::new() }
    }
}

#[async_trait]
impl Running for Thread {
    async fn go_on(&mut self, outcomes: Vec<Outcome>, cancel: &CancellationToken) -> Result<Halt> {
        let (halt, next) = oneshot::channel();
        let order = Order { outcomes, cancel: cancel.clone(), halt };
        self.orders.send(order).map_err(|_| over())?;
        heard(next).await
    }
}

async fn heard(halt: oneshot::Receiver<Result<Halt>>) -> Result<Halt> {
    halt.await.map_err(|_| over())?
}

fn over() -> Error {
    Error::new(Kind::Internal, "run playbook", "the playbook's thread ended early")
}

/// Runs a program for as long as somebody has orders for it.
fn run(
    program: Program,
    cancel: &CancellationToken,
    first: oneshot::Sender<Result<Halt>>,
    orders: &mpsc::Receiver<Order>,
) {
    let file = program.file.clone();
    let mut machine = match caught(&file, || Machine::begin(program, cancel)) {
        Ok((machine, halt)) => {
            // Nobody listens any more where the planning was given up; the log decides then.
            if first.send(Ok(halt)).is_err() {
                return;
            }
            machine
        }
        Err(error) => return drop(first.send(Err(error))),
    };
    while let Ok(Order { outcomes, cancel, halt }) = orders.recv() {
        let next = caught(&file, || machine.go_on(outcomes, &cancel));
        let is_over = next.is_err();
        if halt.send(next).is_err() || is_over {
            return;
        }
    }
}

fn caught<T>(file: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        let why = format!("{file}: the interpreter failed; what the task did so far is in its log");
        Err(Error::new(Kind::Internal, "run playbook", why))
    })
}

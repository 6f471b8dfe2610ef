//! Commands that go on when the call that started them has ended.
//!
//! Somebody always listens to one, so that it never waits because nobody hears it: the end of what it said is kept, with how much that was in
//! all, so that each call can go on reading where the one before stopped.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use cowork_core::{CallId, Error, Exit, Kind, Process, ProcessEvent, Result, TaskId, Visit};
use futures_util::future::{Either, select};
use tokio::sync::{Notify, mpsc};

/// How many bytes of what it said last are kept.
const KEPT: usize = 256 << 10;

/// How many commands of a task may go on at once, and of all tasks.
const MOST: usize = 16;
const ALL: usize = 64;

/// How many inputs of one that does not read are kept for it.
const INPUTS: usize = 16;

/// How many visits are kept until they are told.
const VISITS: usize = 1_000;

/// The commands that go on, of all tasks. Those of a task end with it, and all of them when the last of these is dropped.
#[derive(Clone, Default)]
pub struct Jobs(Arc<Mutex<HashMap<TaskId, Vec<Arc<Job>>>>>);

/// A command that goes on. Dropping it ends it.
pub(super) struct Job {
    pub(super) number: u32,
    pub(super) command: String,
    /// What it runs under, which is no call of a task.
    pub(super) call: CallId,
    pub(super) has_terminal: bool,
    state: Mutex<State>,
    /// Rings when it said something, or ended.
    pub(super) news: Notify,
    orders: mpsc::UnboundedSender<Order>,
}

#[derive(Default)]
struct State {
    /// What it said last.
    said: VecDeque<u8>,
    /// How many bytes it said in all.
    all: u64,
    /// How many of them were given.
    given: u64,
    ended: Option<Result<Exit>>,
    visits: Vec<Visit>,
    /// The call whose changes are held back.
    undecided: Option<CallId>,
    /// Whether what it changed in all was taken down.
    is_settled: bool,
}

enum Order {
    Write(Vec<u8>),
    End,
}

/// What one said since this was last asked.
pub(super) struct Said {
    /// Where it begins and ends, in all that it said.
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) bytes: Vec<u8>,
}

impl Jobs {
    /// Goes on with a command, and gives it. What drives it has to be run.
    pub(super) fn start(
        &self,
        task: TaskId,
        (call, command, has_terminal): (CallId, String, bool),
        process: Box<dyn Process>,
    ) -> Result<(Arc<Job>, impl Future<Output = ()> + Send + use<>)> {
        let mut all = lock(&self.0);
        let jobs = all.entry(task).or_default();
        let number = jobs.last().map_or(1, |job| job.number + 1);
        jobs.retain(|job| !job.is_settled());
        let here = jobs.len();
        if here >= MOST || all.values().map(Vec::len).sum::<usize>() >= ALL {
            let text = format!("{here} commands of this task go on already, and those of others");
            return Err(Error::new(Kind::LimitExceeded, super::OP, text).with_fix("end one of them with `job`"));
        }
        let (orders, wanted) = mpsc::unbounded_channel();
        let state = Mutex::default();
        let job = Arc::new(Job { number, command, call, has_terminal, state, news: Notify::new(), orders });
        all.entry(task).or_default().push(job.clone());
        let follow = follow(process, wanted, Arc::downgrade(&job));
        Ok((job, follow))
    }

    /// Gives one of a task.
    pub(super) fn get(&self, task: TaskId, number: u32) -> Result<Arc<Job>> {
        let all = lock(&self.0);
        let jobs = all.get(&task).map_or(&[][..], Vec::as_slice);
        jobs.iter().find(|job| job.number == number).cloned().ok_or_else(|| {
            let there: Vec<String> = jobs.iter().map(|job| job.number.to_string()).collect();
            let fix = match there.as_slice() {
                [] => "start it again: commands end with the program that they were started by".to_owned(),
                there => format!("there are: {}", there.join(", ")),
            };
            Error::new(Kind::NotFound, super::OP, format!("there is no job {number} any more")).with_fix(fix)
        })
    }

    pub(super) fn let_go(&self, task: TaskId) {
        lock(&self.0).remove(&task);
    }
}

impl Job {
    /// Types or writes something to it. One that has ended reads no more.
    pub(super) fn write(&self, text: &str) {
        _ = self.orders.send(Order::Write(text.as_bytes().to_vec()));
    }

    pub(super) fn end(&self) {
        _ = self.orders.send(Order::End);
    }

    /// Gives what it said that was not given.
    pub(super) fn take_said(&self) -> Said {
        let mut state = lock(&self.state);
        let (to, kept) = (state.all, state.said.len() as u64);
        let from = state.given.max(to - kept);
        let begin = usize::try_from(from - (to - kept)).unwrap_or(0);
        state.given = to;
        Said { from, to, bytes: state.said.range(begin..).copied().collect() }
    }

    /// Says how much it said that was not given, and whether that has this text in it.
    pub(super) fn has_said(&self, text: Option<&str>) -> (u64, bool) {
        let state = lock(&self.state);
        let new = state.all - state.given;
        let Some(text) = text else { return (new, false) };
        let begin = state.said.len().saturating_sub(usize::try_from(new).unwrap_or(usize::MAX));
        let bytes: Vec<u8> = state.said.range(begin..).copied().collect();
        drop(state);
        (new, super::plain(&bytes).contains(text))
    }

    pub(super) fn ended(&self) -> Option<Result<Exit>> {
        lock(&self.state).ended.clone()
    }

    pub(super) fn take_visits(&self) -> Vec<Visit> {
        std::mem::take(&mut lock(&self.state).visits)
    }

    pub(super) fn undecided(&self) -> Option<CallId> {
        lock(&self.state).undecided
    }

    pub(super) fn decide(&self, undecided: Option<CallId>) {
        lock(&self.state).undecided = undecided;
    }

    pub(super) fn is_settled(&self) -> bool {
        lock(&self.state).is_settled
    }

    pub(super) fn settle(&self) {
        lock(&self.state).is_settled = true;
    }

    fn add(&self, bytes: &[u8], visits: Vec<Visit>) {
        let mut state = lock(&self.state);
        state.all += bytes.len() as u64;
        let bytes = &bytes[bytes.len().saturating_sub(KEPT)..];
        let over = (state.said.len() + bytes.len()).saturating_sub(KEPT);
        state.said.drain(..over);
        state.said.extend(bytes);
        state.visits.extend(visits);
        let over = state.visits.len().saturating_sub(VISITS);
        state.visits.drain(..over);
        drop(state);
        self.news.notify_waiters();
    }

    fn close(&self, ended: Result<Exit>) {
        lock(&self.state).ended = Some(ended);
        self.news.notify_waiters();
    }
}

/// Listens to a command until it has ended, or nobody wants it.
async fn follow(mut process: Box<dyn Process>, mut wanted: mpsc::UnboundedReceiver<Order>, job: Weak<Job>) {
    let mut waiting: VecDeque<Vec<u8>> = VecDeque::new();
    loop {
        if let Some(bytes) = waiting.pop_front() {
            match write(&mut *process, &bytes, &mut wanted, &mut waiting).await {
                Some(false) => {}
                Some(true) => process.end(),
                None => return,
            }
        }
        // Orders come first: one that says something all the time would have them wait for ever.
        let came = match select(std::pin::pin!(wanted.recv()), process.next()).await {
            Either::Left((order, _)) => Err(order),
            Either::Right((event, _)) => Ok(event),
        };
        let visits = process.visits();
        let Some(job) = job.upgrade() else { return };
        match came {
            Ok(Ok(ProcessEvent::Stdout(bytes) | ProcessEvent::Stderr(bytes))) => job.add(&bytes, visits),
            Ok(Ok(ProcessEvent::Exited(exit))) => {
                job.add(&[], [visits, exit.visits.clone()].concat());
                return job.close(Ok(exit));
            }
            Ok(Err(error)) => return job.close(Err(error)),
            Err(Some(Order::Write(bytes))) => waiting.push_back(bytes),
            Err(Some(Order::End)) => process.end(),
            Err(None) => return,
        }
    }
}

/// Writes to a command, as long as it is wanted. Says whether it is to be ended; nothing if nobody wants it any more.
async fn write(
    process: &mut dyn Process,
    bytes: &[u8],
    wanted: &mut mpsc::UnboundedReceiver<Order>,
    waiting: &mut VecDeque<Vec<u8>>,
) -> Option<bool> {
    let work = std::pin::pin!(async {
        // One that reads no more is no trouble: it ends when it likes; and it reads what it can, should it not see all.
        _ = process.renew().await;
        _ = process.write(bytes).await;
    });
    let mut work = work;
    loop {
        match select(std::pin::pin!(wanted.recv()), work).await {
            Either::Left((Some(Order::Write(bytes)), rest)) => {
                work = rest;
                if waiting.len() < INPUTS {
                    waiting.push_back(bytes);
                }
            }
            Either::Left((Some(Order::End), _)) => return Some(true),
            Either::Left((None, _)) => return None,
            Either::Right(_) => return Some(false),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

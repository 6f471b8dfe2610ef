//! An engine and a host that call each other by numbers: for languages in which one thread takes later what came of it.

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    task::{Context, Poll, Waker},
    time::Duration,
};

use cowork::{CancellationToken, Result};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::task::{JoinError, JoinHandle};
use tokio_util::task::TaskTracker;

use crate::{
    Events, Handle, Parts, Tell, carry,
    handle::{closed, panicked},
    operations,
    queue::{Queue, Wanted},
    text,
};

/// How many items of a stream cross at once.
const MOST: usize = 256;
/// How long what was begun before has when the engine is closed. At the end of a process there is little time.
const PATIENCE: Duration = Duration::from_secs(2);

/// An engine for a host whose functions run on one thread of its own: each call of the host's has a number of the host's, and each call of a
/// function has one of the engine's. What is wanted of the host is put into a queue, which it takes; no thread of the engine ever calls it.
///
/// Besides the operations of the table ([`operations`](crate::operations)) there are:
///
/// - `events` and `views` begin a stream, which has the number of the call;
/// - `next`, called with a stream's number, gives a list of its items, and null at its end;
/// - `close` closes the engine ([`Calls::close`]).
pub struct Calls {
    handle: Arc<Handle>,
    queue: Arc<Queue>,
    work: Mutex<Work>,
    streams: Mutex<HashMap<i64, Stream>>,
}

/// What is done for the host.
#[derive(Default)]
struct Work {
    calls: HashMap<i64, JoinHandle<()>>,
    /// What was given up, and may not have noticed yet.
    left: Vec<JoinHandle<()>>,
    /// Commands under way.
    commands: TaskTracker,
    /// Tasks that were submitted, whose names the host has not got yet.
    submitted: HashMap<i64, String>,
    /// From when on nothing more is begun.
    closing: Option<Shared<BoxFuture<'static, Result<()>>>>,
}

/// A stream, and what ends it.
#[derive(Clone)]
struct Stream {
    events: Arc<Events>,
    ended: CancellationToken,
}

type Doing = Pin<Box<dyn Future<Output = Result<String>> + Send>>;

impl Calls {
    /// Opens an engine ([`Handle::open`]) with parts of these kinds, each with its declaration ([`Parts::part`]); a part's function is called by its
    /// place in the list. `wake` is to have the host's thread [`take`](Self::take) what is wanted: it is called when the first thing is put where
    /// nothing was, on any thread. It may find it taken by then.
    ///
    /// # Errors
    /// As [`Handle::open`].
    pub fn open(
        config: &str,
        parts: Vec<(String, String)>,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Result<Arc<Self>> {
        let queue = Queue::new(wake);
        let parts = (0..).zip(parts).fold(Parts::new(), |all, (place, (kind, declaration))| {
            let function = queue.function(place, &kind);
            all.part(&kind, declaration, function)
        });
        let handle = Handle::open(config, parts)?;
        Ok(Arc::new(Self { handle, queue, work: Mutex::default(), streams: Mutex::default() }))
    }

    /// Takes all that is wanted of the host, in its order.
    pub fn take(&self) -> Vec<Wanted> {
        self.queue.take()
    }

    /// Gives what a function gave, on the thread that takes. If it was a tool's and no other function is at work, this thread carries on what of the
    /// engine's work wakes of it ([`Handle::carry`]). Says whether something is to be taken of which nobody is woken.
    pub fn gave(&self, number: i64, came: Result<String>) -> bool {
        self.queue.answer_here(number, came, &self.handle)
    }

    /// Gives what a function gave, on any thread.
    pub fn gave_elsewhere(&self, number: i64, came: Result<String>) {
        self.queue.answer(number, came);
    }

    /// Says whether a function's answer of this number is wanted yet.
    pub fn is_wanted(&self, number: i64) -> bool {
        self.queue.is_wanted(number)
    }

    /// Gives what shows a person what a function does, while it is at work.
    pub fn tell(&self, number: i64) -> Option<Tell> {
        self.queue.tell(number)
    }

    /// Has functions fail that were taken by an event loop which has ended by now. What was not taken yet waits for the next one, or for the
    /// engine's end.
    pub fn lose(&self) {
        self.queue.lose();
    }

    /// Has a function called once more that an event loop took and gave up as it ended.
    pub fn again(&self, number: i64, place: u64, input: String) {
        self.queue.again(number, place, input);
    }

    /// Gives the engine.
    pub fn handle(&self) -> &Arc<Handle> {
        &self.handle
    }

    /// Begins a call. What comes of it is taken under this number ([`Wanted::Done`]), unless it is left before.
    ///
    /// A stream of a thread is there when this returns: nothing is missed of what is called next. So is what closes the engine.
    ///
    /// # Errors
    /// `Unsupported` in a forked process. All else is told.
    pub fn begin(self: &Arc<Self>, number: i64, operation: &str, args: String) -> Result<()> {
        self.handle.check()?;
        let (me, name) = (self.clone(), operation.to_owned());
        // A stream is there, and nothing more is begun, when this returns.
        let is_at_once = matches!(operation, "events" | "views" | "close");
        let (ends, submits) = (matches!(operation, "next" | "close"), operation == "submit");
        let mut work: Doing = Box::pin(async move { me.done(number, &name, args).await });
        let is_refused = |work: &Work| work.closing.is_some() && !ends;
        if is_at_once
            && !is_refused(&held(&self.work))
            && let Poll::Ready(came) = work.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        {
            self.queue.put(Wanted::Done(number, came));
            return Ok(());
        }
        let me = self.clone();
        // Held until it is listed, so that it can't end before, and nothing is closed without it.
        let mut listed = held(&self.work);
        if is_refused(&listed) {
            self.queue.put(Wanted::Done(number, Err(closed())));
            return Ok(());
        }
        if operations::is_command(operation) {
            work = Box::pin(listed.commands.track_future(work));
        }
        let ending = async move {
            let came = work.await;
            let mut listed = held(&me.work);
            if let (true, Ok(task)) = (submits, &came) {
                listed.submitted.insert(number, task.clone());
            }
            let is_wanted = listed.calls.remove(&number).is_some();
            drop(listed);
            if is_wanted { me.queue.put(Wanted::Done(number, came)) } else { me.leave(number) }
        };
        listed.calls.insert(number, carry::spawn(self.handle.runtime(), Box::pin(ending)));
        Ok(())
    }

    /// Says that the host has got what came of the call of this number, and so has the name of a task that it submitted.
    pub fn got(&self, number: i64) {
        held(&self.work).submitted.remove(&number);
    }

    /// Gives up the call of this number: if nothing was told of it yet, nothing is. If it began a stream, that ends: a `next` under way gives
    /// null. If it submits a task whose name the host has not [`got`](Self::got), that is cancelled. In a forked process nothing is done.
    pub fn leave(&self, number: i64) {
        if self.handle.check().is_err() {
            return;
        }
        let mut work = held(&self.work);
        if let Some(call) = work.calls.remove(&number) {
            call.abort();
            work.left.retain(|call| !call.is_finished());
            work.left.push(call);
        }
        if let Some(task) = work.submitted.remove(&number) {
            let handle = self.handle.clone();
            // What it fails with nobody is there for.
            let cancels = async move { _ = handle.call("cancel", format!(r#"{{"task":{task}}}"#)).await };
            self.handle.runtime().spawn(work.commands.track_future(cancels));
        }
        drop(work);
        let stream = held(&self.streams).remove(&number);
        if let Some(stream) = stream {
            stream.ended.cancel();
        }
    }

    /// Closes the engine ([`Handle::close`]), once what was given up before is over, and commands that were begun before are written down, if
    /// that takes no longer than two seconds. Nothing more is begun from now on, but what ends a stream.
    ///
    /// Cancellation: dropping the future does not keep it from being closed.
    ///
    /// # Errors
    /// As [`Handle::close`].
    pub async fn close(&self) -> Result<()> {
        self.handle.check()?;
        let closing = {
            let mut work = held(&self.work);
            let (left, commands) = (mem::take(&mut work.left), work.commands.clone());
            work.closing.get_or_insert_with(|| self.ending(left, commands)).clone()
        };
        closing.await
    }

    /// Closes the engine as [`close`](Self::close) does, and blocks until that is done, but no longer than this: for a process that ends, on a
    /// thread of the host's. In a forked process nothing is done.
    pub fn close_within(self: &Arc<Self>, most: Duration) {
        if self.handle.check().is_err() {
            return;
        }
        let (me, (tell, told)) = (self.clone(), mpsc::sync_channel(1));
        self.handle.runtime().spawn(async move { tell.send(me.close().await) });
        // It goes on being closed, as long as there is a process.
        _ = told.recv_timeout(most);
    }

    /// Closes it in the background, once all this is over.
    fn ending(&self, left: Vec<JoinHandle<()>>, commands: TaskTracker) -> Shared<BoxFuture<'static, Result<()>>> {
        let handle = self.handle.clone();
        let closed = self.handle.runtime().spawn(async move {
            let over = async {
                for call in left {
                    // That it was aborted is what was wanted.
                    _ = call.await;
                }
                commands.close();
                commands.wait().await;
            };
            _ = tokio::time::timeout(PATIENCE, over).await;
            handle.close().await
        });
        let ended = |closed: Result<_, JoinError>| match closed {
            Err(e) if e.is_panic() => Err(panicked()),
            // It ends before only with its runtime, and so with the engine.
            closed => closed.unwrap_or(Ok(())),
        };
        closed.map(ended).boxed().shared()
    }

    async fn done(&self, number: i64, operation: &str, args: String) -> Result<String> {
        let events = match operation {
            "events" => self.handle.events(args).await?,
            "views" => self.handle.views(args).await?,
            "next" => return self.next(text::read("what `next` is called with", &args)?).await,
            "close" => return self.close().await.map(|()| "null".to_owned()),
            _ => return self.handle.call(operation, args).await,
        };
        let stream = Stream { events: Arc::new(events), ended: CancellationToken::new() };
        held(&self.streams).insert(number, stream);
        Ok("null".to_owned())
    }

    async fn next(&self, stream: i64) -> Result<String> {
        let stream = held(&self.streams).get(&stream).cloned();
        let Some(Stream { events, ended }) = stream else { return Ok("null".to_owned()) };
        let items = tokio::select! {
            biased;
            () = ended.cancelled() => None,
            items = events.next_many(MOST) => items?,
        };
        Ok(items.unwrap_or_else(|| "null".to_owned()))
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Calls({} under way)", held(&self.work).calls.len())
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

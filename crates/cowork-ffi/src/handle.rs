//! An engine in a host's hand.

use std::{
    fmt,
    future::Future,
    mem,
    panic::AssertUnwindSafe,
    pin::Pin,
    process,
    sync::{Arc, PoisonError, RwLock, mpsc},
    task::{Context, Poll},
    thread,
    time::Duration,
};

use cowork::{CancellationToken, Error, Kind, Result};
use futures_util::FutureExt;
use tokio::{
    runtime::{self, Runtime},
    sync::watch,
};

use crate::{
    Config, Events, Parts, carry,
    config::BuiltinTools,
    events::{self, Source},
    open::Open,
    operations, text, view,
    words::{FollowEvents, OneTask},
};

/// How long an engine that was let go of unclosed has for putting its tasks down.
const GRACE: Duration = Duration::from_secs(5);

/// An engine with a runtime of its own, as a binding holds it.
///
/// - It is called by name, with JSON in and JSON out ([`operations`](crate::operations)). Calls may be made at once, from any thread and
///   on any executor: their futures need no runtime of the caller's.
/// - What panics is an `Internal` error.
/// - Once it is closed, calls are `Cancelled`: those under way and those that come. Then it lets go of the host's functions.
/// - In a process that was forked from the one that opened it, calls are `Unsupported`: its threads are not there.
/// - Dropping it puts its tasks down in the background, as [`Handle::close`] does.
///
/// Cancellation: dropping a call's future ends the call; whether a command came in by then can be read from the log.
pub struct Handle {
    shared: Shared,
    /// None only while it is dropped.
    runtimes: Option<Runtimes>,
    open: RwLock<Option<Arc<Open>>>,
    closing: CancellationToken,
    /// Whether everything was put down.
    ended: watch::Sender<bool>,
}

/// What an engine works on.
struct Runtimes {
    /// Of one thread: more of them would only wake each other, as all that is done there is short.
    engine: Runtime,
    /// Where built-in tools compute, which may take long.
    tools: Option<Runtime>,
}

/// What a handle's streams need of it too.
#[derive(Clone)]
pub(crate) struct Shared {
    pid: u32,
    runtime: runtime::Handle,
}

impl Handle {
    /// Opens an engine, as `config` says ([`Config`], JSON), with what the host brings along. It blocks until that is done, on whatever thread.
    ///
    /// # Errors
    /// `InvalidInput` for a config or a part that does not fit; what [`Builder::build`](cowork::Builder::build) says; `Unavailable` where the
    /// system gives no threads.
    pub fn open(config: &str, parts: Parts) -> Result<Arc<Self>> {
        let config: Config = text::read_object("the config", config)?;
        let made = parts.made()?;
        let runtimes = Runtimes::start(&config)?;
        let (runtime, tools) =
            (runtimes.engine.handle().clone(), runtimes.tools.as_ref().map(|tools| tools.handle().clone()));
        let (tell, told) = mpsc::sync_channel(1);
        runtime.spawn(async move {
            let opened = AssertUnwindSafe(Open::new(config, made, tools)).catch_unwind().await;
            // Whoever waits for it is there until it is told.
            _ = tell.send(opened.unwrap_or_else(|_| Err(panicked())));
        });
        let opened = told.recv().unwrap_or_else(|_| Err(panicked()));
        let opened = match opened {
            Ok(opened) => Arc::new(opened),
            Err(error) => {
                // Dropped, they would be waited for, which a host's executor may not.
                runtimes.end();
                return Err(error);
            }
        };
        let shared = Shared { pid: process::id(), runtime };
        Ok(Arc::new(Self {
            shared,
            runtimes: Some(runtimes),
            closing: opened.closing.clone(),
            open: RwLock::new(Some(opened)),
            ended: watch::Sender::new(false),
        }))
    }

    /// Carries out an operation: `args` and what it gives are JSON, as [`operations`](crate::operations) says.
    ///
    /// # Errors
    /// `NotFound` for an operation that is none; `InvalidInput` for arguments that do not fit; the operation's own; `Cancelled` once the
    /// engine is closed; `Unsupported` in a forked process.
    pub async fn call(&self, operation: &str, args: String) -> Result<String> {
        let open = self.opened()?;
        self.within(operations::run(open, operation, &args)).await
    }

    /// Follows a thread or a task; `args` is a [`FollowEvents`], JSON.
    ///
    /// # Errors
    /// As [`Handle::call`].
    pub async fn events(&self, args: String) -> Result<Events> {
        let open = self.opened()?;
        let args: FollowEvents = text::read_object("what `events` is called with", &args)?;
        let events = self.within(async { events::read(&open, args).await }).await?;
        Ok(Events::new(self.shared.clone(), Source::Events(events)))
    }

    /// Looks at a task: a [`TaskView`](crate::TaskView) now, one whenever it has changed, ten in a second at the most, and a last one once it
    /// has ended, or rests until somebody says something. `args` is a [`OneTask`], JSON.
    ///
    /// # Errors
    /// As [`Handle::call`].
    pub async fn views(&self, args: String) -> Result<Events> {
        let open = self.opened()?;
        let args: OneTask = text::read_object("what `views` is called with", &args)?;
        let views = self.within(view::follow(open, self.closing.clone(), args)).await?;
        Ok(Events::new(self.shared.clone(), Source::Views(views)))
    }

    /// Puts every task down in an orderly way, so that it can be taken up again, and waits until that is recorded. Calls under way are
    /// `Cancelled`; streams end with what was recorded. What is closed already stays so.
    ///
    /// Cancellation: dropping the future does not keep it from being closed.
    ///
    /// # Errors
    /// `Unsupported` in a forked process.
    pub async fn close(&self) -> Result<()> {
        self.shared.check()?;
        let taken = self.open.write().unwrap_or_else(PoisonError::into_inner).take();
        self.closing.cancel();
        if let Some(open) = taken {
            let ended = self.ended.clone();
            self.shared.runtime.spawn(async move {
                open.stop().await;
                drop(open);
                ended.send_replace(true);
            });
        }
        // The sender is ours, so this can't fail.
        _ = self.ended.subscribe().wait_for(|ended| *ended).await;
        Ok(())
    }

    /// Says whether this process is the one that opened it: in one that was forked from that, its runtime never does anything.
    ///
    /// # Errors
    /// `Unsupported` if not.
    pub fn check(&self) -> Result<()> {
        self.shared.check()
    }

    /// Does something, as giving what a function gave, and carries on what of the engine's work wakes of it, on this thread: as long as there is
    /// any, within bounds. For a thread that would else go to sleep until the engine's has done that: neither has to be woken.
    ///
    /// It returns soon, as all that the engine does itself is short. In a process that was forked it only does it. Not for a [`Function`](crate::Function)
    /// to call, nor for what wakes a host: they are called in the middle of that work.
    pub fn carry(&self, give: impl FnOnce()) {
        if self.check().is_ok() { carry::carry(give) } else { give() }
    }

    /// Says whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.closing.is_cancelled()
    }

    /// Gives the runtime that it works on, for a binding that needs one besides. It is there as long as the handle is.
    pub fn runtime(&self) -> &runtime::Handle {
        &self.shared.runtime
    }

    fn opened(&self) -> Result<Arc<Open>> {
        self.shared.check()?;
        self.open.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(closed)
    }

    async fn within<T>(&self, work: impl Future<Output = Result<T>> + Send) -> Result<T> {
        tokio::select! {
            biased;
            () = self.closing.cancelled() => Err(closed()),
            result = self.shared.within(work) => result,
        }
    }
}

impl Shared {
    /// Says whether this process is the one that opened the engine.
    pub(crate) fn check(&self) -> Result<()> {
        let here = process::id();
        if here == self.pid {
            return Ok(());
        }
        let why = format!("the engine was opened by process {}, and this is process {here}, forked from it", self.pid);
        Err(Error::new(Kind::Unsupported, "call engine", why).with_fix("open another one after the fork"))
    }

    /// Does work on whichever executor polls it, as if on the engine's own; what panics in it is an error.
    pub(crate) async fn within<T>(&self, work: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let inside = Inside { runtime: self.runtime.clone(), work: Box::pin(work) };
        AssertUnwindSafe(inside).catch_unwind().await.unwrap_or_else(|_| Err(panicked()))
    }
}

/// Work that finds the engine's runtime, wherever it is polled.
struct Inside<'a, T> {
    runtime: runtime::Handle,
    work: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
}

impl<T> Future for Inside<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = &mut *self;
        let _in_runtime = this.runtime.enter();
        this.work.as_mut().poll(cx)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let open = self.open.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let Some(runtimes) = self.runtimes.take() else { return };
        if self.shared.check().is_err() {
            // Its threads are not here, and what they held is held for ever.
            mem::forget((open, runtimes));
            return;
        }
        self.closing.cancel();
        let Some(open) = open else { return runtimes.end() };
        // Whoever drops it may be on a thread that must not block, its own among them.
        let put_down = move || {
            let stop = async { tokio::time::timeout(GRACE, open.stop()).await };
            _ = runtimes.engine.block_on(stop);
            drop(open);
            runtimes.end();
        };
        _ = thread::Builder::new().name("cowork-close".to_owned()).spawn(put_down);
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("is_closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl Runtimes {
    fn start(config: &Config) -> Result<Self> {
        let of_tools = || start(config.threads()?, "cowork-tool");
        let tools = (config.builtin_tools == BuiltinTools::All).then(of_tools).transpose()?;
        Ok(Self { engine: start(1, "cowork")?, tools })
    }

    /// Waits for nothing.
    fn end(self) {
        self.engine.shutdown_background();
        if let Some(tools) = self.tools {
            tools.shutdown_background();
        }
    }
}

fn start(threads: usize, name: &str) -> Result<Runtime> {
    let mut builder = runtime::Builder::new_multi_thread();
    builder.worker_threads(threads).thread_name(name).enable_all().build().map_err(|e| {
        Error::new(Kind::Unavailable, "open engine", format!("the system gives no threads: {e}")).with_source(e)
    })
}

pub(crate) fn closed() -> Error {
    Error::new(Kind::Cancelled, "call engine", "the engine was closed").with("state", "closed")
}

pub(crate) fn panicked() -> Error {
    Error::new(Kind::Internal, "call engine", "the engine panicked").with_fix("please report it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait<T>(work: impl Future<Output = T>) -> T {
        runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    #[test]
    fn in_another_process_it_says_so_and_touches_nothing() {
        let handle = Handle::open("{}", Parts::new()).unwrap();
        let mut handle = Arc::into_inner(handle).unwrap();
        let events = wait(handle.events("{}".to_owned())).unwrap();
        drop(events);
        handle.shared.pid = 1;
        let wrong = wait(handle.call("tasks", "{}".to_owned())).unwrap_err();
        assert_eq!((wrong.kind, wrong.fix()), (Kind::Unsupported, Some("open another one after the fork")));
        assert_eq!(wait(handle.close()).unwrap_err().kind, Kind::Unsupported);
        // It lets go of nothing: locks that nobody here holds may be taken for ever.
        drop(handle);
    }

    #[test]
    fn a_panic_does_not_cross() {
        let handle = Handle::open("{}", Parts::new()).unwrap();
        let fails = async { if handle.is_closed() { Ok(()) } else { panic!("planned") } };
        let error = wait(handle.within(fails)).unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (Kind::Internal, "the engine panicked"));
    }
}

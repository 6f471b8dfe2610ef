//! What a host asks of an engine by numbers of its own: for languages in which one thread is told later what came of it.

use std::{
    collections::HashMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use cowork::{CancellationToken, Result};
use tokio::task::AbortHandle;

use crate::{Events, Handle, text};

/// How many items of a stream cross at once.
const MOST: usize = 256;

/// Calls of an engine, each with a number of the host's, under which it is told what came of it.
///
/// Besides the operations of the table ([`operations`](crate::operations)) there are:
///
/// - `events` and `views` begin a stream, which has the number of the call;
/// - `next`, called with a stream's number, gives a list of its items, and null at its end;
/// - `close` closes the engine.
pub struct Calls {
    handle: Arc<Handle>,
    tell: Box<dyn Fn(i64, Result<String>) + Send + Sync>,
    work: Mutex<HashMap<i64, AbortHandle>>,
    streams: Mutex<HashMap<i64, Stream>>,
}

/// A stream, and what ends it.
#[derive(Clone)]
struct Stream {
    events: Arc<Events>,
    ended: CancellationToken,
}

type Work = Pin<Box<dyn Future<Output = Result<String>> + Send>>;

impl Calls {
    /// Takes calls for an engine. `tell` is told what came of each, on the thread that called or on one of the engine's.
    pub fn new(handle: Arc<Handle>, tell: impl Fn(i64, Result<String>) + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { handle, tell: Box::new(tell), work: Mutex::default(), streams: Mutex::default() })
    }

    /// Gives the engine.
    pub fn handle(&self) -> &Arc<Handle> {
        &self.handle
    }

    /// Begins a call. What comes of it is told under this number, unless it is left before.
    ///
    /// A stream of a thread is there when this returns: nothing is missed of what is called next.
    ///
    /// # Errors
    /// `Unsupported` in a forked process. All else is told.
    pub fn begin(self: &Arc<Self>, number: i64, operation: &str, args: String) -> Result<()> {
        self.handle.check()?;
        let (me, operation) = (self.clone(), operation.to_owned());
        let is_stream = matches!(operation.as_str(), "events" | "views");
        let mut work: Work = Box::pin(async move { me.done(number, &operation, args).await });
        if is_stream && let Poll::Ready(came) = work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            (self.tell)(number, came);
            return Ok(());
        }
        let me = self.clone();
        // Held until it is listed, so that it can't end before.
        let mut listed = held(&self.work);
        let begun = self.handle.runtime().spawn(async move {
            let came = work.await;
            let is_wanted = held(&me.work).remove(&number).is_some();
            if is_wanted {
                (me.tell)(number, came);
            } else {
                held(&me.streams).remove(&number);
            }
        });
        listed.insert(number, begun.abort_handle());
        Ok(())
    }

    /// Gives up the call of this number: nothing is told of it any more. If it began a stream, that ends: a `next` under way gives null.
    pub fn leave(&self, number: i64) {
        let work = held(&self.work).remove(&number);
        let stream = held(&self.streams).remove(&number);
        if let Some(work) = work {
            work.abort();
        }
        if let Some(stream) = stream {
            stream.ended.cancel();
        }
    }

    async fn done(&self, number: i64, operation: &str, args: String) -> Result<String> {
        let events = match operation {
            "events" => self.handle.events(args).await?,
            "views" => self.handle.views(args).await?,
            "next" => return self.next(text::read("what `next` is called with", &args)?).await,
            "close" => return self.handle.close().await.map(|()| "null".to_owned()),
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
        write!(f, "Calls({} under way)", held(&self.work).len())
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Work of the engine's that a thread of the host's carries on, where that would else go to sleep and the engine's be woken.

use std::{
    cell::RefCell,
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicBool, Ordering::SeqCst, fence},
    },
    task::{Context, Poll},
    time::Duration,
};

use cowork::{BoxFuture, Runtime, Timestamp, TokioRuntime};
use futures_util::task::{AtomicWaker, waker_ref};
use tokio::{runtime::Handle, task::JoinHandle};

/// How often work is polled before the engine's own thread goes on with it: a host's thread is lent, and has a loop to turn.
const MOST: usize = 32;

thread_local! {
    /// What was woken since this thread began to carry on; none where it does not.
    static WOKEN: RefCell<Option<VecDeque<Arc<Work>>>> = const { RefCell::new(None) };
}

/// A tokio runtime whose work [`carry`] carries on.
#[derive(Clone, Debug)]
pub(crate) struct CarriedRuntime {
    tokio: TokioRuntime,
    handle: Handle,
}

/// Something that was spawned. The runtime owns it, and whoever has the future polls it.
struct Work {
    future: Mutex<Option<BoxFuture<()>>>,
    /// Has the runtime poll it.
    owner: AtomicWaker,
    /// Whether the runtime came to poll it while another thread was at it.
    is_missed: AtomicBool,
    handle: Handle,
}

/// A task of tokio's that polls work.
struct Owner(Arc<Work>);

impl CarriedRuntime {
    pub(crate) fn new(handle: Handle) -> Self {
        Self { tokio: TokioRuntime::new(handle.clone()), handle }
    }
}

impl Runtime for CarriedRuntime {
    fn now(&self) -> Timestamp {
        self.tokio.now()
    }

    fn offset(&self, at: Timestamp) -> i32 {
        self.tokio.offset(at)
    }

    fn entropy(&self) -> u128 {
        self.tokio.entropy()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        self.tokio.sleep(duration)
    }

    fn spawn(&self, future: BoxFuture<()>) {
        spawn(&self.handle, future);
    }
}

/// Runs a future on a runtime, or for a while where [`carry`] is called.
pub(crate) fn spawn(handle: &Handle, future: BoxFuture<()>) -> JoinHandle<()> {
    let work = Work {
        future: Mutex::new(Some(future)),
        owner: AtomicWaker::new(),
        is_missed: AtomicBool::new(false),
        handle: handle.clone(),
    };
    handle.spawn(Owner(Arc::new(work)))
}

/// Does something, and then, on this thread, what of the engine's work that wakes: as long as there is any, within bounds.
///
/// It returns soon, as all that the engine does itself is short. What the runtime is at just now is waited for, and gone on with here.
pub(crate) fn carry(give: impl FnOnce()) {
    let _left = Left(WOKEN.replace(Some(VecDeque::new())));
    give();
    for _ in 0..MOST {
        let Some(work) = WOKEN.with_borrow_mut(|woken| woken.as_mut().and_then(VecDeque::pop_front)) else { break };
        work.carry();
    }
}

/// Has the engine's thread go on with what is left.
struct Left(Option<VecDeque<Arc<Work>>>);

impl Drop for Left {
    fn drop(&mut self) {
        let left = WOKEN.replace(self.0.take());
        left.into_iter().flatten().for_each(|work| work.owner.wake());
    }
}

impl Work {
    /// Polls it, whose future this is, and lets go of that once it has ended.
    fn poll(self: &Arc<Self>, mut future: MutexGuard<'_, Option<BoxFuture<()>>>) -> Poll<()> {
        let waker = waker_ref(self);
        let polled = match &mut *future {
            Some(future) => future.as_mut().poll(&mut Context::from_waker(&waker)),
            None => Poll::Ready(()),
        };
        let ended = if polled.is_ready() { future.take() } else { None };
        drop(future);
        drop(ended);
        polled
    }

    fn carry(self: &Arc<Self>) {
        // The runtime may be about to let go of it: it began what was just given back. Were it left to that, each time again both would be woken.
        let Ok(future) = self.future.lock() else {
            return self.owner.wake();
        };
        let _in_runtime = self.handle.enter();
        let polled = catch_unwind(AssertUnwindSafe(|| self.poll(future)));
        // The lock's end is to be seen by whoever says that it missed it.
        fence(SeqCst);
        let is_missed = self.is_missed.swap(false, SeqCst);
        if is_missed || !polled.is_ok_and(|polled| polled.is_pending()) {
            self.owner.wake();
        }
    }
}

impl futures_util::task::ArcWake for Work {
    fn wake_by_ref(this: &Arc<Self>) {
        let is_carried = WOKEN.try_with(|woken| {
            let mut woken = woken.borrow_mut();
            let carried = woken.as_mut().map(|woken| {
                if !woken.iter().any(|there| Arc::ptr_eq(there, this)) {
                    woken.push_back(this.clone());
                }
            });
            carried.is_some()
        });
        if !is_carried.unwrap_or(false) {
            this.owner.wake();
        }
    }
}

impl Future for Owner {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let work = &self.0;
        // First, so that whatever wakes it from here on is not missed.
        work.owner.register(cx.waker());
        let polled = || match work.future.try_lock() {
            Ok(future) => Some(work.poll(future)),
            // What panicked has ended, wherever that was.
            Err(TryLockError::Poisoned(_)) => Some(Poll::Ready(())),
            Err(TryLockError::WouldBlock) => None,
        };
        // A host's thread is at it, which may be kept waiting itself: this one has more to do.
        let again = || {
            work.is_missed.store(true, SeqCst);
            fence(SeqCst);
            polled()
        };
        polled().or_else(again).unwrap_or(Poll::Pending)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let left = held(&self.0.future).take();
        drop(left);
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{atomic::AtomicUsize, mpsc},
        thread::{self, ThreadId},
    };

    use cowork_testkit::runtime::Subject;
    use tokio::{
        runtime::Builder,
        sync::{Notify, oneshot},
    };

    use super::*;

    async fn carried() -> Subject {
        Subject::new(Arc::new(CarriedRuntime::new(Handle::current())))
    }
    cowork_testkit::runtime::suite!(carried);

    /// Long enough for any machine.
    const PATIENCE: Duration = Duration::from_secs(60);

    fn runtime() -> tokio::runtime::Runtime {
        Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
    }

    /// Begins work that waits for something and then says on which thread it is, and lets it wait.
    fn waiting(handle: &Handle) -> (oneshot::Sender<()>, mpsc::Receiver<ThreadId>) {
        let ((go, gone), (tell, told), (at, there)) = (oneshot::channel(), mpsc::channel(), mpsc::channel());
        let work = async move {
            at.send(()).unwrap();
            gone.await.unwrap();
            tell.send(thread::current().id()).unwrap();
        };
        spawn(handle, Box::pin(work));
        there.recv_timeout(PATIENCE).unwrap();
        settle(handle);
        (go, told)
    }

    /// Waits until the runtime's one thread is through with what was spawned before.
    fn settle(handle: &Handle) {
        handle.block_on(async { tokio::spawn(async {}).await.unwrap() });
    }

    #[test]
    fn what_wakes_is_carried_on_where_it_is_called_and_else_by_the_runtime() {
        let runtime = runtime();
        let (go, told) = waiting(runtime.handle());
        carry(|| go.send(()).unwrap());
        assert_eq!(told.try_recv(), Ok(thread::current().id()));

        let (go, told) = waiting(runtime.handle());
        go.send(()).unwrap();
        assert_ne!(told.recv_timeout(PATIENCE), Ok(thread::current().id()));
    }

    #[test]
    fn what_is_carried_on_finds_the_runtime_with_its_time() {
        let runtime = runtime();
        let (go, gone) = oneshot::channel::<()>();
        let (tell, told) = mpsc::channel();
        let work = async move {
            gone.await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
            tokio::spawn(async move { tell.send(()).unwrap() }).await.unwrap();
        };
        spawn(runtime.handle(), Box::pin(work));
        carry(|| go.send(()).unwrap());
        assert_eq!(told.recv_timeout(PATIENCE), Ok(()));
    }

    #[test]
    fn a_thread_is_lent_for_a_while_and_the_runtime_goes_on() {
        let runtime = runtime();
        let (turns, is_enough) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (go, gone) = oneshot::channel::<()>();
        let (tell, told) = mpsc::channel();
        let (turned, enough) = (turns.clone(), is_enough.clone());
        let work = async move {
            gone.await.unwrap();
            while !enough.load(SeqCst) {
                turned.fetch_add(1, SeqCst);
                tokio::task::yield_now().await;
            }
            tell.send(()).unwrap();
        };
        spawn(runtime.handle(), Box::pin(work));
        settle(runtime.handle());
        carry(|| go.send(()).unwrap());
        assert!(turns.load(SeqCst) >= MOST);
        is_enough.store(true, SeqCst);
        assert_eq!(told.recv_timeout(PATIENCE), Ok(()));
    }

    #[test]
    fn what_panics_ends_alone() {
        let runtime = runtime();
        let (go, gone) = oneshot::channel::<()>();
        let (kept, dropped) = mpsc::channel::<()>();
        let work = async move {
            let _kept = kept;
            gone.await.unwrap();
            panic!("planned");
        };
        spawn(runtime.handle(), Box::pin(work));
        let (other, told) = waiting(runtime.handle());
        carry(|| {
            go.send(()).unwrap();
            other.send(()).unwrap();
        });
        assert_eq!(dropped.recv_timeout(PATIENCE), Err(mpsc::RecvTimeoutError::Disconnected));
        assert_eq!(told.recv_timeout(PATIENCE), Ok(thread::current().id()));
    }

    #[test]
    fn what_is_stopped_lets_go_of_what_it_holds() {
        let runtime = runtime();
        let (kept, dropped) = mpsc::channel::<()>();
        let (forever, never) = oneshot::channel::<()>();
        let work = async move {
            let _kept = kept;
            _ = never.await;
        };
        let stop = spawn(runtime.handle(), Box::pin(work));
        stop.abort();
        assert_eq!(dropped.recv_timeout(PATIENCE), Err(mpsc::RecvTimeoutError::Disconnected));
        // Nobody is there to be woken.
        carry(|| drop(forever));

        let (_go, told) = waiting(runtime.handle());
        drop(runtime);
        assert_eq!(told.recv_timeout(PATIENCE), Err(mpsc::RecvTimeoutError::Disconnected));
    }

    /// Many threads carry on the same work while the runtime does too: each thing that was given is taken once, and nothing is missed.
    #[test]
    fn nothing_that_wakes_is_missed() {
        const ROUNDS: usize = 20_000;
        let runtime = runtime();
        let (given, bell) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let (tell, told) = mpsc::channel();
        let (taken, heard) = (given.clone(), bell.clone());
        let work = async move {
            let mut seen = 0;
            loop {
                seen += taken.swap(0, SeqCst);
                if seen == 2 * ROUNDS {
                    break;
                }
                heard.notified().await;
            }
            tell.send(seen).unwrap();
        };
        spawn(runtime.handle(), Box::pin(work));
        thread::scope(|scope| {
            for is_carrying in [true, false] {
                let (given, bell) = (given.clone(), bell.clone());
                scope.spawn(move || {
                    for _ in 0..ROUNDS {
                        let give = || {
                            given.fetch_add(1, SeqCst);
                            bell.notify_one();
                        };
                        if is_carrying { carry(give) } else { give() }
                    }
                });
            }
        });
        assert_eq!(told.recv_timeout(PATIENCE), Ok(2 * ROUNDS));
    }
}

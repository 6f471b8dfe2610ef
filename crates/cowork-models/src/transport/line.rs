//! A connection that speaks HTTP/1.1, moved along by whoever uses it.
//!
//! With a task of its own it would have to be woken for each piece of an answer, and wake the reader for each again.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_util::task::AtomicWaker;
use http::{Request, Response};
use hyper::{
    body::Incoming as Answer,
    client::conn::{
        TrySendError,
        http1::{self, Connection, SendRequest},
    },
};

use super::{body::Body, connect::Conn};

/// How often it is moved along before others have their turn.
const TURNS: usize = 8;

pub(super) struct Line {
    requests: SendRequest<Body>,
    /// None once it has ended.
    connection: Option<Connection<Conn, Body>>,
    bell: Arc<Bell>,
    waker: Waker,
    to_proxy: bool,
}

impl Line {
    pub(super) async fn open(over: Conn) -> hyper::Result<Self> {
        let to_proxy = over.is_to_proxy();
        let (requests, connection) = http1::handshake(over).await?;
        let bell = Arc::<Bell>::default();
        let waker = bell.clone().into();
        Ok(Self { requests, connection: Some(connection), bell, waker, to_proxy })
    }

    /// Says whether a proxy is at its other end that is told each request.
    pub(super) fn is_to_proxy(&self) -> bool {
        self.to_proxy
    }

    /// Sends a request and waits for the head of its answer. What was not sent comes back with the error.
    pub(super) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Answer>, TrySendError<Request<Body>>> {
        let mut answer = pin!(self.requests.try_send_request(request));
        poll_fn(|cx| self.poll_with(cx, |cx| answer.as_mut().poll(cx))).await
    }

    /// Polls what comes of this connection, as far as that can be got without waiting.
    pub(super) fn poll_with<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut what: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.bell.reader.register(cx.waker());
        for _ in 0..TURNS {
            self.bell.hush();
            if let Poll::Ready(done) = what(&mut Context::from_waker(&self.waker)) {
                return Poll::Ready(done);
            }
            self.turn();
            if !self.bell.has_rung() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Says whether it can take another request: its last answer was read to the end, and nobody has closed it.
    pub(super) fn is_free(&mut self) -> bool {
        // Whoever read it last is not held on to.
        self.bell.reader.take();
        self.bell.hush();
        self.turn();
        self.connection.is_some() && self.requests.is_ready()
    }

    fn turn(&mut self) {
        if let Some(connection) = &mut self.connection
            && Pin::new(connection).poll(&mut Context::from_waker(&self.waker)).is_ready()
        {
            // Why, if for a reason, is what the request or its answer ends with.
            self.connection = None;
        }
    }
}

/// Tells the reader that the connection, or what comes of it, can go on; while it is moved along, that it is to be once more.
#[derive(Default)]
struct Bell {
    state: AtomicU8,
    reader: AtomicWaker,
}

/// Nobody looks: the reader is to be woken.
const HEARD: u8 = 0;
/// It is being moved along.
const HUSHED: u8 = 1;
/// It rang meanwhile.
const RUNG: u8 = 2;

impl Bell {
    fn hush(&self) {
        self.state.swap(HUSHED, Ordering::AcqRel);
    }

    /// Says whether it rang since it was hushed; if not, it is heard from now on.
    fn has_rung(&self) -> bool {
        self.state.compare_exchange(HUSHED, HEARD, Ordering::AcqRel, Ordering::Acquire).is_err()
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(RUNG, Ordering::AcqRel) == HEARD {
            self.reader.wake();
        }
    }
}

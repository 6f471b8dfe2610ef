//! A connection of a command: its bytes are heard a second time, and it is known when it was last used.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, sleep_until},
};

use super::{
    Reason,
    head::{Body, Head},
};

/// What a proxy can speak over.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for S {}

/// A stream that notes what is read from it.
#[derive(Debug)]
pub(super) struct Noted<S> {
    stream: S,
    heads: Heads,
    clock: Clock,
}

impl<S> Noted<S> {
    pub(super) fn new(stream: S, clock: Clock) -> (Self, Heads) {
        let heads = Heads::default();
        (Self { stream, heads: heads.clone(), clock }, heads)
    }
}

/// The heads of requests, as they came. hyper reads a connection in order, so what comes after a body is the next head.
#[derive(Clone, Debug, Default)]
pub(super) struct Heads(Arc<Mutex<Next>>);

#[derive(Debug, Default)]
struct Next {
    /// How much of a body is still to come.
    skip: u64,
    bytes: Vec<u8>,
    /// No head is expected any more.
    ended: bool,
}

impl Heads {
    /// Gives the next head. It is asked for when hyper has read it, so it is there.
    pub(super) fn take(&self) -> Result<Head, Reason> {
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let read = if next.ended { Err(Reason::Malformed) } else { Head::read(&next.bytes) };
        let Ok(Some((head, len))) = read else {
            next.end();
            return Err(Reason::Malformed);
        };
        next.bytes.drain(..len);
        match head.body {
            Body::Length(body) if head.method != hyper::Method::CONNECT => {
                let here = body.min(next.bytes.len() as u64);
                next.skip = body - here;
                next.bytes.drain(..usize::try_from(here).unwrap_or(usize::MAX));
            }
            // Where chunks end is not worked out here: there is no request after them on this connection.
            Body::Length(_) | Body::Chunks => next.end(),
        }
        Ok(head)
    }
}

impl Next {
    fn hear(&mut self, bytes: &[u8]) {
        if self.ended {
            return;
        }
        let skipped = self.skip.min(bytes.len() as u64);
        self.skip -= skipped;
        self.bytes.extend_from_slice(bytes.get(usize::try_from(skipped).unwrap_or(usize::MAX)..).unwrap_or_default());
    }

    fn end(&mut self) {
        self.ended = true;
        self.bytes = Vec::new();
    }
}

/// Knows when a connection was last used.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    began: Instant,
    /// Milliseconds after it began.
    used: Arc<AtomicU64>,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), used: Arc::default() }
    }

    fn tick(&self) {
        self.used.store(u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX), Relaxed);
    }

    /// Ends when nothing was read or written for this long.
    pub(super) async fn idle(&self, most: Duration) {
        loop {
            let until = self.began + Duration::from_millis(self.used.load(Relaxed)) + most;
            if Instant::now() >= until {
                return;
            }
            sleep_until(until).await;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Noted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.clock.tick();
        self.heads.0.lock().unwrap_or_else(PoisonError::into_inner).hear(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Noted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf));
        self.clock.tick();
        Poll::Ready(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs));
        self.clock.tick();
        Poll::Ready(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

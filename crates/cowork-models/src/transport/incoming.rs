//! An answer as it arrives, with its deadlines.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use cowork_core::{CancellationToken, Error, Kind, Result, Retry};
use reqwest::{Response, header};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{Limits, Transport, fault};

/// How much of an answer that is no success is read.
const MOST_OF_A_REFUSAL: usize = 64 << 10;

/// How long is waited for the end of a stream after its last event, so that the connection can be used again.
const LINGER: Duration = Duration::from_millis(100);

/// What an answer consists of, as it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// A stream of events, or what does not say.
    Events,
    /// One JSON text.
    Json,
    /// A page for people.
    Page,
}

/// An answer as it arrives. Dropping it closes the connection.
#[derive(Debug)]
pub struct Incoming {
    transport: Transport,
    response: Response,
    wait: Wait,
    left: usize,
}

impl Incoming {
    pub(super) fn new(transport: Transport, response: Response, wait: Wait) -> Self {
        let left = transport.0.limits.most_bytes;
        Self { transport, response, wait, left }
    }

    pub(super) fn ok(&self) -> bool {
        let packed = self.header(header::CONTENT_ENCODING).is_some_and(|e| e != "identity");
        self.response.status().is_success() && self.content() != Content::Page && !packed
    }

    /// Makes the error for an answer that is no success.
    pub(super) async fn refusal(mut self) -> Error {
        self.left = self.left.min(MOST_OF_A_REFUSAL);
        let (headers, status) = (self.response.headers().clone(), self.response.status().as_u16());
        let body = match self.whole().await {
            Err(error) if error.kind == Kind::Cancelled => return error,
            body => body.unwrap_or_default(),
        };
        self.transport.fault(&fault::Fault::of_answer(status, &headers, &body))
    }

    /// Gives the value of a header, if it has one that is text.
    pub fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// Says what it consists of.
    pub fn content(&self) -> Content {
        let kind = self.header(header::CONTENT_TYPE).unwrap_or_default().split(';').next().unwrap_or_default().trim();
        match kind {
            "application/json" => Content::Json,
            "text/html" | "application/xhtml+xml" => Content::Page,
            _ => Content::Events,
        }
    }

    /// Waits for the next bytes; none once it has ended.
    ///
    /// # Errors
    /// `Unavailable` if it was cut off or nothing came in time, `LimitExceeded` if it is longer than allowed, `Cancelled`.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        let chunk = self.wait.until(self.response.chunk()).await?;
        let chunk = chunk.map_err(|e| self.transport.unreached(e))?;
        if let Some(bytes) = &chunk {
            self.wait.begun();
            self.left = self.left.checked_sub(bytes.len()).ok_or_else(|| self.too_long())?;
        }
        Ok(chunk)
    }

    /// Waits for all of it.
    ///
    /// # Errors
    /// As [`Incoming::next`]'s.
    pub async fn whole(&mut self) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(bytes) = self.next().await? {
            all.extend_from_slice(&bytes);
        }
        Ok(all)
    }

    /// Reads what may come after its last event, so that the connection can be used again; gives up soon.
    pub async fn rest(mut self) {
        let end = async { while matches!(self.response.chunk().await, Ok(Some(_))) {} };
        drop(tokio::time::timeout(LINGER, end).await);
    }

    /// Gives the way that it came.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    fn too_long(&self) -> Error {
        let most = self.transport.0.limits.most_bytes;
        let message = format!("the answer of {} has more than {most} bytes and was given up", self.transport.at());
        Error::new(Kind::LimitExceeded, "read an answer", message).with_fix("ask for a shorter answer")
    }
}

pub(super) fn stopped() -> Error {
    Error::new(Kind::Cancelled, "answer", "the answer was stopped")
}

/// Waits for something, but no longer than a deadline, and not after it was cancelled.
#[derive(Debug)]
pub(super) struct Wait {
    cancel: CancellationToken,
    cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
    alarm: Pin<Box<Sleep>>,
    /// When something came last.
    last: Instant,
    /// How long after that is waited.
    most: Duration,
    idle: Duration,
    at: String,
}

impl Wait {
    pub(super) fn new(limits: &Limits, cancel: CancellationToken, at: &str) -> Self {
        let (last, most) = (Instant::now(), limits.first);
        let cancelled = Box::pin(cancel.clone().cancelled_owned());
        let alarm = Box::pin(sleep_until(last + most));
        Self { cancel, cancelled, alarm, last, most, idle: limits.idle, at: at.to_owned() }
    }

    /// Says that something came: from now on only a pause is waited for.
    fn begun(&mut self) {
        self.last = Instant::now();
        self.most = self.idle;
    }

    pub(super) async fn until<T>(&mut self, future: impl Future<Output = T>) -> Result<T> {
        let mut future = pin!(future);
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(_) if self.cancel.is_cancelled() => Poll::Ready(Err(stopped())),
            Poll::Ready(value) => Poll::Ready(Ok(value)),
            Poll::Pending => self.poll_end(cx).map(Err),
        })
        .await
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        if self.cancelled.as_mut().poll(cx).is_ready() {
            return Poll::Ready(stopped());
        }
        // The alarm is set for the first pause and only set anew when it rings: most of what comes, comes in time.
        loop {
            let due = self.last + self.most;
            if due < self.alarm.deadline() {
                self.alarm.as_mut().reset(due);
            }
            if self.alarm.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if Instant::now() >= due {
                return Poll::Ready(self.late());
            }
            self.alarm.as_mut().reset(due);
        }
    }

    fn late(&self) -> Error {
        let message = format!("{} sent nothing for {} seconds", self.at, self.most.as_secs_f32());
        Error::new(Kind::Unavailable, "answer", message)
            .with_retry(Retry::Now)
            .with_fix("try again later, or allow more time for an answer")
    }
}

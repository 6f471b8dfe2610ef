//! An answer as it arrives, with its deadlines.

use std::{
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use cowork_core::{CancellationToken, Error, Kind, Result, Retry};
use http::{
    Response, StatusCode,
    header::{self, HeaderMap, HeaderValue},
};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{Transport, fault, pool::Receiving};

/// How much of an answer that is no success is read.
const MOST_OF_A_REFUSAL: usize = 64 << 10;

/// How long is waited for the end of a stream after its last event, so that the connection can be used again.
const LINGER: Duration = Duration::from_millis(100);

/// How many bytes are gathered before they are read.
const ENOUGH: usize = 8 << 10;

/// Room for what most answers bring at a time.
const USUAL: usize = 2 << 10;

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
    content: Content,
    body: Receiving,
    arrived: Arrived,
    wait: Wait,
    left: usize,
}

/// What has come of a body.
#[derive(Debug, Default)]
struct Arrived {
    /// Copied together: a piece that is kept holds on to all that was read of the connection with it.
    bytes: Vec<u8>,
    /// How it ended, if it has.
    end: Option<hyper::Result<()>>,
}

impl Incoming {
    /// Takes an answer in; one that is no success becomes the error that it stands for.
    pub(super) fn of(
        transport: Transport,
        response: Response<Receiving>,
        wait: Wait,
    ) -> impl Future<Output = Result<Self>> + use<> {
        let (incoming, refusal) = Self::taken(transport, response, wait);
        async move {
            match refusal {
                None => Ok(incoming),
                Some(refusal) => Err(Box::pin(incoming.refused(refusal)).await),
            }
        }
    }

    /// Gives an answer, with its status and headers where it is none.
    fn taken(
        transport: Transport,
        mut response: Response<Receiving>,
        wait: Wait,
    ) -> (Self, Option<Box<(StatusCode, HeaderMap)>>) {
        let (status, left) = (response.status(), transport.0.limits.most_bytes);
        let text = |name| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let packed = text(header::CONTENT_ENCODING).is_some_and(|e| e != "identity");
        let content = Content::named(text(header::CONTENT_TYPE).unwrap_or_default());
        let is_none = !status.is_success() || content == Content::Page || packed;
        // What was read of the connection stays in memory as long as its headers.
        let headers = mem::take(response.headers_mut());
        let (body, arrived) = (response.into_body(), Arrived::default());
        let incoming = Self { transport, content, body, arrived, wait, left };
        (incoming, is_none.then(|| Box::new((status, headers))))
    }

    async fn refused(mut self, refusal: Box<(StatusCode, HeaderMap)>) -> Error {
        self.left = self.left.min(MOST_OF_A_REFUSAL);
        let body = match self.whole().await {
            Err(error) if error.kind == Kind::Cancelled => return error,
            body => body.unwrap_or_default(),
        };
        let (status, headers) = *refusal;
        self.transport.fault(&fault::Fault::of_answer(status.as_u16(), &headers, &body))
    }

    /// Says what it consists of.
    pub fn content(&self) -> Content {
        self.content
    }

    /// Waits for the next bytes; none once it has ended.
    ///
    /// # Errors
    /// `Unavailable` if it was cut off or nothing came in time, `LimitExceeded` if it is longer than allowed, `Cancelled`.
    pub async fn next(&mut self) -> Result<Option<&[u8]>> {
        self.arrived.bytes.clear();
        if self.arrived.end.is_none() {
            self.gather().await?;
            self.wait.begun();
        }
        if self.arrived.bytes.is_empty() {
            // After its end there is nothing more, however often it is asked for.
            let end = self.arrived.end.replace(Ok(())).unwrap_or(Ok(()));
            return end.map(|()| None).map_err(|e| self.transport.unreached(&e, false));
        }
        self.left = self.left.checked_sub(self.arrived.bytes.len()).ok_or_else(|| self.too_long())?;
        Ok(Some(&self.arrived.bytes))
    }

    /// Waits for all of it.
    ///
    /// # Errors
    /// As [`Incoming::next`]'s.
    pub async fn whole(&mut self) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        while let Some(bytes) = self.next().await? {
            all.extend_from_slice(bytes);
        }
        Ok(all)
    }

    /// Reads what may come after its last event, so that the connection can be used again; gives up soon. Then it can be dropped.
    pub async fn rest(&mut self) {
        let end = async {
            while self.arrived.end.is_none() {
                self.arrived.bytes.clear();
                poll_fn(|cx| self.arrived.poll(&mut self.body, cx)).await;
            }
        };
        drop(tokio::time::timeout(LINGER, end).await);
    }

    /// Gives the way that it came.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    async fn gather(&mut self) -> Result<()> {
        let Self { arrived, body, wait, .. } = self;
        poll_fn(|cx| match arrived.poll(body, cx) {
            Poll::Ready(()) => Poll::Ready(wait.go_on()),
            Poll::Pending => wait.poll_end(cx).map(Err),
        })
        .await
    }

    fn too_long(&self) -> Error {
        let most = self.transport.0.limits.most_bytes;
        let most = if most >= 1 << 20 { format!("{} MiB", most >> 20) } else { format!("{most} bytes") };
        let message = format!("the answer of {} has more than {most} and was given up", self.transport.at());
        Error::new(Kind::LimitExceeded, "read an answer", message).with_fix("ask for a shorter answer")
    }
}

impl Content {
    fn named(kind: &str) -> Self {
        match kind.split(';').next().unwrap_or_default().trim() {
            "application/json" => Self::Json,
            "text/html" | "application/xhtml+xml" => Self::Page,
            _ => Self::Events,
        }
    }
}

impl Arrived {
    /// Takes the next bytes, and all that is there behind them: an answer arrives in many small pieces.
    fn poll(&mut self, body: &mut Receiving, cx: &mut Context<'_>) -> Poll<()> {
        while self.end.is_none() && self.bytes.len() < ENOUGH {
            match body.poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    let Some(bytes) = frame.data_ref() else { continue };
                    if self.bytes.capacity() == 0 {
                        self.bytes.reserve(USUAL);
                    }
                    self.bytes.extend_from_slice(bytes);
                }
                Poll::Ready(Some(Err(error))) => self.end = Some(Err(error)),
                Poll::Ready(None) => self.end = Some(Ok(())),
                Poll::Pending if self.bytes.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        Poll::Ready(())
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
    transport: Transport,
}

impl Wait {
    pub(super) fn new(transport: &Transport, cancel: CancellationToken) -> Self {
        let (last, most) = (Instant::now(), transport.0.limits.first);
        let cancelled = Box::pin(cancel.clone().cancelled_owned());
        let alarm = Box::pin(sleep_until(last + most));
        Self { cancel, cancelled, alarm, last, most, transport: transport.clone() }
    }

    /// Says that something came: from now on only a pause is waited for.
    fn begun(&mut self) {
        self.last = Instant::now();
        self.most = self.transport.0.limits.idle;
    }

    pub(super) async fn until<T>(&mut self, mut future: Pin<&mut impl Future<Output = T>>) -> Result<T> {
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(value) => Poll::Ready(self.go_on().map(|()| value)),
            Poll::Pending => self.poll_end(cx).map(Err),
        })
        .await
    }

    fn go_on(&self) -> Result<()> {
        if self.cancel.is_cancelled() { Err(stopped()) } else { Ok(()) }
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
        let message = format!("{} sent nothing for {} seconds", self.transport.at(), self.most.as_secs_f32());
        Error::new(Kind::Unavailable, "answer", message)
            .with_retry(Retry::Now)
            .with_fix("try again later, or allow more time for an answer")
    }
}

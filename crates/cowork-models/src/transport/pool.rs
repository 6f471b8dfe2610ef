//! The connections to one service: those that wait for a request, and the one that takes many at once.

use std::{
    error::Error as StdError,
    fmt, mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderValue, Request, Response, Uri, header::HOST};
use http_body::{Body as _, Frame};
use hyper::{
    body::{Bytes, Incoming as Received},
    client::conn::http2,
};
use hyper_util::rt::TokioExecutor;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep},
};
use tower_service::Service;

use super::{body::Body, connect::Connector, line::Line};

/// How long a connection is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(90);

/// What sends requests to one service. A clone shares its connections.
#[derive(Clone)]
pub(super) struct Client(Arc<Shared>);

struct Shared {
    connector: Connector,
    to: Uri,
    host: HeaderValue,
    kept: Mutex<Kept>,
    /// As many as there may be connections at once.
    turns: Arc<Semaphore>,
}

#[derive(Default)]
struct Kept {
    /// Those that take one request at a time and wait for it, the last used one last.
    lines: Vec<(Box<Line>, Instant)>,
    /// By HTTP/2, and when it was asked for last.
    many: Option<(http2::SendRequest<Body>, Instant)>,
    /// Whether somebody looks after those that nobody uses.
    is_swept: bool,
}

/// Why there is no answer.
pub(super) struct Lost {
    pub(super) error: Box<dyn StdError + Send + Sync>,
    /// Whether there was no connection.
    pub(super) unconnected: bool,
}

/// A body as it is received. Dropped before its end, its connection is closed if it was for it alone.
pub(super) struct Receiving {
    body: Received,
    by: Option<(Box<Line>, Turn, Weak<Shared>)>,
}

/// What a connection is used by: none for one that takes many requests at once.
pub(super) type Turn = Option<OwnedSemaphorePermit>;

/// What a request can go by.
enum By {
    One(Box<Line>),
    Many(http2::SendRequest<Body>),
}

impl Client {
    pub(super) fn new(connector: Connector, to: Uri, host: HeaderValue, most: usize) -> Self {
        let turns = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        Self(Arc::new(Shared { connector, to, host, kept: Mutex::default(), turns }))
    }

    /// Waits for its turn to use a connection.
    pub(super) async fn turn(&self) -> Turn {
        if self.0.kept().many().is_some() {
            return None;
        }
        // It is never closed.
        self.0.turns.clone().acquire_owned().await.ok()
    }

    /// Sends a request, and again only what was not sent because its connection had ended while nobody used it.
    pub(super) async fn request(
        &self,
        mut request: Request<Body>,
        mut turn: Turn,
    ) -> Result<Response<Receiving>, Lost> {
        let uri = request.uri().clone();
        loop {
            let (by, is_new) = match self.0.take() {
                Some(by) => (by, false),
                // The one that takes many has ended meanwhile.
                None if turn.is_none() => {
                    turn = self.0.turns.clone().acquire_owned().await.ok();
                    continue;
                }
                // What is seldom is kept out of the future of a request.
                None => (Box::pin(self.connect()).await?, true),
            };
            self.address(&mut request, &uri, &by);
            let sent = match by {
                By::One(mut line) => {
                    let sent = line.send(request).await;
                    let by = |turn| (line, turn, Arc::downgrade(&self.0));
                    sent.map(|response| response.map(|body| Receiving { body, by: Some(by(turn.take())) }))
                }
                By::Many(mut many) => {
                    // Whoever waits for a turn can go by this one too.
                    drop(turn.take());
                    let sent = many.try_send_request(request).await;
                    sent.map(|response| response.map(|body| Receiving { body, by: None }))
                }
            };
            match sent {
                Ok(response) => return Ok(response),
                Err(mut error) => match error.take_message().filter(|_| !is_new) {
                    Some(unsent) => request = unsent,
                    None => return Err(Lost { error: error.into_error().into(), unconnected: false }),
                },
            }
        }
    }

    async fn connect(&self) -> Result<By, Lost> {
        let unconnected = |error| Lost { error, unconnected: true };
        let conn = self.0.connector.clone().call(self.0.to.clone()).await.map_err(unconnected)?;
        if !conn.is_http2() {
            let line = Line::open(conn).await.map_err(|e| unconnected(e.into()))?;
            return Ok(By::One(line.into()));
        }
        let (many, connection) =
            http2::handshake(TokioExecutor::new(), conn).await.map_err(|e| unconnected(e.into()))?;
        // Of several that were made at once, one serves all.
        if let Some(first) = self.0.kept().many() {
            return Ok(By::Many(first));
        }
        // Whoever asks hears of its end.
        tokio::spawn(async move { drop(connection.await) });
        self.0.keep(|kept| kept.many = Some((many.clone(), Instant::now())));
        Ok(By::Many(many))
    }

    /// Addresses a request as its connection has it: by HTTP/1.1 a proxy is told where it goes, a service only the path.
    fn address(&self, request: &mut Request<Body>, uri: &Uri, by: &By) {
        *request.uri_mut() = match (by, uri.path_and_query()) {
            (By::One(line), Some(path)) if !line.is_to_proxy() => Uri::from(path.clone()),
            _ => uri.clone(),
        };
        // By HTTP/2 the address says it. One that was given stays.
        if let By::One(_) = by {
            request.headers_mut().entry(HOST).or_insert_with(|| self.0.host.clone());
        }
    }
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives what a request can go by at once.
    fn take(&self) -> Option<By> {
        loop {
            let mut kept = self.kept();
            if let Some(many) = kept.many() {
                return Some(By::Many(many));
            }
            let (mut line, since) = kept.lines.pop()?;
            drop(kept);
            if since.elapsed() < IDLE && line.is_free() {
                return Some(By::One(line));
            }
        }
    }

    /// Keeps a connection for other requests, for a while.
    fn keep(self: &Arc<Self>, keep: impl FnOnce(&mut Kept)) {
        let mut kept = self.kept();
        keep(&mut kept);
        let is_swept = mem::replace(&mut kept.is_swept, true);
        drop(kept);
        if !is_swept {
            tokio::spawn(sweep(Sweeping(Arc::downgrade(self))));
        }
    }
}

/// Closes connections that nobody uses, until there is none.
async fn sweep(sweeping: Sweeping) {
    loop {
        sleep(IDLE / 3).await;
        let Some(shared) = sweeping.0.upgrade() else { return };
        let mut kept = shared.kept();
        // The one that was used last is last.
        let old = kept.lines.iter().take_while(|(_, since)| since.elapsed() >= IDLE).count();
        let lines: Vec<_> = kept.lines.drain(..old).collect();
        let many = kept.many.take_if(|(many, since)| since.elapsed() >= IDLE || many.is_closed());
        kept.is_swept = !kept.lines.is_empty() || kept.many.is_some();
        let is_over = !kept.is_swept;
        drop(kept);
        drop((lines, many));
        if is_over {
            return;
        }
    }
}

/// Says so when nobody sweeps any more: the runtime that did may end before the pool does.
struct Sweeping(Weak<Shared>);

impl Drop for Sweeping {
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            shared.kept().is_swept = false;
        }
    }
}

impl Kept {
    /// Gives the connection that takes many requests at once, if there is one.
    fn many(&mut self) -> Option<http2::SendRequest<Body>> {
        self.many.take_if(|(many, _)| many.is_closed());
        let (many, since) = self.many.as_mut()?;
        *since = Instant::now();
        Some(many.clone())
    }
}

impl fmt::Debug for Receiving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiving")
    }
}

impl Receiving {
    pub(super) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let mut body = Pin::new(&mut self.body);
        let Some((line, ..)) = &mut self.by else { return body.poll_frame(cx) };
        let polled = line.poll_with(cx, |cx| body.as_mut().poll_frame(cx));
        if let Poll::Ready(None) = polled
            && let Some((mut line, turn, shared)) = self.by.take()
            && let Some(shared) = shared.upgrade()
            && line.is_free()
        {
            shared.keep(|kept| kept.lines.push((line, Instant::now())));
            drop(turn);
        }
        polled
    }
}

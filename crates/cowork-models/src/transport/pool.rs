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
        if self.0.kept().many.is_some() {
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
            let kept = self.0.kept().take();
            let (by, is_new) = match kept {
                Some(by) => (by, false),
                // What is seldom is kept out of the future of a request.
                None => (Box::pin(self.connect()).await?, true),
            };
            let sent = match by {
                By::One(mut line) => {
                    self.address(&mut request, &uri, line.is_to_proxy());
                    let sent = line.send(request).await;
                    let by = |turn| (line, turn, Arc::downgrade(&self.0));
                    sent.map(|response| response.map(|body| Receiving { body, by: Some(by(turn.take())) }))
                }
                By::Many(mut many) => {
                    *request.uri_mut() = uri.clone();
                    request.headers_mut().remove(HOST);
                    let sent = many.try_send_request(request).await;
                    if sent.is_err() {
                        self.0.kept().many = None;
                    }
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
        // Whoever asks hears of its end.
        tokio::spawn(async move { drop(connection.await) });
        self.0.keep(|kept| kept.many = Some((many.clone(), Instant::now())));
        Ok(By::Many(many))
    }

    /// Addresses a request as HTTP/1.1 has it: a proxy is told where it goes, a service only the path.
    fn address(&self, request: &mut Request<Body>, uri: &Uri, to_proxy: bool) {
        *request.uri_mut() = match uri.path_and_query() {
            Some(path) if !to_proxy => Uri::from(path.clone()),
            _ => uri.clone(),
        };
        request.headers_mut().insert(HOST, self.0.host.clone());
    }
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a connection for other requests, for a while.
    fn keep(self: &Arc<Self>, keep: impl FnOnce(&mut Kept)) {
        let mut kept = self.kept();
        keep(&mut kept);
        if !mem::replace(&mut kept.is_swept, true) {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }
}

/// Closes connections that nobody uses, until there is none.
async fn sweep(shared: Weak<Shared>) {
    loop {
        sleep(IDLE).await;
        let Some(shared) = shared.upgrade() else { return };
        let mut kept = shared.kept();
        kept.lines.retain_mut(|(line, since)| since.elapsed() < IDLE && line.is_free());
        kept.many.take_if(|(many, since)| since.elapsed() >= IDLE || many.is_closed());
        kept.is_swept = !kept.lines.is_empty() || kept.many.is_some();
        if !kept.is_swept {
            return;
        }
    }
}

impl Kept {
    fn take(&mut self) -> Option<By> {
        self.many.take_if(|(many, _)| many.is_closed());
        if let Some((many, since)) = &mut self.many {
            *since = Instant::now();
            return Some(By::Many(many.clone()));
        }
        while let Some((mut line, _)) = self.lines.pop() {
            if line.is_free() {
                return Some(By::One(line));
            }
        }
        None
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

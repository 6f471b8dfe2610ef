//! One connection of a command, from its first byte to its last.

use std::{
    convert::Infallible,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use cowork_core::CancellationToken;
use http_body_util::{Either, Full};
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{CONNECTION, CONTENT_TYPE, HeaderValue, PROXY_AUTHENTICATE},
    server::conn::http1,
    service::service_fn,
    upgrade::OnUpgrade,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ClientConfig;
use tokio::{net::TcpStream, select};

use super::{
    Parts, Reason, Recorder,
    forward::{self, Counted, Upstream},
    gate::{Decision, Gate, Pass, Way, Within},
    head::{Body, Head},
    record::{Direction, Meter, Totals},
    resolve::reach,
    stream::{Clock, Heads, Noted, Stream},
    trust::Authority,
    tunnel,
};

/// What all connections of a proxy have in common.
pub(super) struct Shared {
    pub(super) gate: Arc<Gate>,
    pub(super) parts: Parts,
    pub(super) authority: Arc<Authority>,
    /// How servers are known, where any has to be.
    pub(super) outside: Option<Arc<ClientConfig>>,
    pub(super) totals: Arc<Totals>,
    pub(super) stop: CancellationToken,
}

impl Shared {
    /// Gives the same with another who is told of visits; it ends when this does, or before.
    pub(super) fn recording(&self, recorder: Arc<dyn Recorder>) -> Self {
        Self {
            gate: self.gate.clone(),
            parts: Parts { recorder, ..self.parts.clone() },
            authority: self.authority.clone(),
            outside: self.outside.clone(),
            totals: self.totals.clone(),
            stop: self.stop.child_token(),
        }
    }
}

type Answer = Response<Either<Counted, Full<Bytes>>>;

/// What follows when hyper has let go of a connection.
struct Next {
    stream: OnUpgrade,
    pass: Pass,
    meter: Arc<Meter>,
    server: Server,
}

/// What a tunnel ends at.
enum Server {
    Through(TcpStream),
    Inspected(Upstream),
}

/// Serves a connection until it ends, lies idle or the proxy stops.
pub(super) async fn serve(shared: Arc<Shared>, stream: impl Stream) {
    let clock = Clock::new();
    select! {
        () = shared.stop.cancelled() => {}
        () = clock.idle(shared.parts.limits.idle) => {}
        () = run(&shared, stream, &clock) => {}
    }
}

async fn run(shared: &Arc<Shared>, stream: impl Stream, clock: &Clock) {
    let (stream, heads) = Noted::new(stream, clock.clone());
    let Some(next) = hear(shared, stream, heads, Within::Proxy, Upstream::default()).await else { return };
    let Next { stream, pass, meter, server } = next;
    let Ok(stream) = stream.await else { return };
    let client = TokioIo::new(stream);
    match (server, pass.way) {
        (Server::Through(server), _) => tunnel::through(shared, client, server, &pass.place, &meter).await,
        (Server::Inspected(upstream), Way::Inspect { tls: true }) => {
            let within = Within::Tunnel { place: pass.place.clone(), tls: true };
            match tunnel::end_tls(shared, client, &pass.place).await {
                Ok(inside) => {
                    let (inside, heads) = Noted::new(inside, clock.clone());
                    hear(shared, inside, heads, within, upstream).await;
                }
                Err(reason) => meter.ended(reason),
            }
        }
        (Server::Inspected(upstream), _) => {
            let within = Within::Tunnel { place: pass.place, tls: false };
            let (inside, heads) = Noted::new(client, clock.clone());
            hear(shared, inside, heads, within, upstream).await;
        }
    }
}

/// Answers requests until there are no more, or one of them turns the connection into a tunnel.
async fn hear(
    shared: &Arc<Shared>,
    stream: Noted<impl Stream>,
    heads: Heads,
    within: Within,
    upstream: Upstream,
) -> Option<Next> {
    let limits = &shared.parts.limits;
    let (upstream, next) = (tokio::sync::Mutex::new(upstream), Mutex::new(None));
    let talk = Arc::new(Talk { shared: shared.clone(), within, heads, upstream, next });
    let service = service_fn(|request| {
        let talk = talk.clone();
        async move { Ok::<_, Infallible>(talk.answer(request).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head).max_buf_size(limits.head_bytes);
    let served = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
    if served.is_err_and(|e| e.is_parse()) {
        // hyper has answered it.
        Meter::new(&shared.parts.recorder, &shared.totals).ended(Reason::Malformed);
    }
    talk.next.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// One connection on which requests are heard.
struct Talk {
    shared: Arc<Shared>,
    within: Within,
    heads: Heads,
    upstream: tokio::sync::Mutex<Upstream>,
    next: Mutex<Option<Next>>,
}

impl Talk {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let meter = Arc::new(Meter::new(&self.shared.parts.recorder, &self.shared.totals));
        let head = match self.heads.take() {
            Ok(head) => head,
            Err(reason) => return refuse(&meter, reason),
        };
        meter.asked(&head, &self.within);
        let is_last = head.body == Body::Chunks;
        let answered = match self.shared.gate.decide(&head, &self.within) {
            Decision::Refuse { reason, .. } => Err(reason),
            Decision::Allow(pass @ Pass { way: Way::Request { .. }, .. }) => {
                self.forward(pass, head, request.into_body(), &meter).await
            }
            Decision::Allow(pass) => self.connect(pass, request, &meter).await,
        };
        let mut answer = answered.unwrap_or_else(|reason| refuse(&meter, reason));
        if is_last {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }

    async fn forward(&self, pass: Pass, head: Head, body: Incoming, meter: &Arc<Meter>) -> Result<Answer, Reason> {
        let tls = matches!(pass.way, Way::Request { tls: true, .. });
        let body = Counted::new(body, Direction::Up, meter);
        let request = forward::request(&self.shared, &pass, head, body)?;
        let sent = self.upstream.lock().await.send(&self.shared, &pass, tls, request).await?;
        forward::answer(sent, meter).map(|answer| answer.map(Either::Left))
    }

    /// Connects before it says yes, so that it can still say no.
    async fn connect(&self, pass: Pass, request: Request<Incoming>, meter: &Arc<Meter>) -> Result<Answer, Reason> {
        let server = match pass.way {
            Way::Inspect { tls } => {
                let mut upstream = Upstream::default();
                upstream.ready(&self.shared, &pass, tls).await?;
                Server::Inspected(upstream)
            }
            _ => {
                let Parts { resolve, limits, .. } = &self.shared.parts;
                Server::Through(reach(&**resolve, &pass.place, pass.private, limits.connect).await?)
            }
        };
        let next = Next { stream: hyper::upgrade::on(request), pass, meter: meter.clone(), server };
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
        Ok(Response::new(Either::Right(Full::default())))
    }
}

fn refuse(meter: &Meter, reason: Reason) -> Answer {
    meter.ended(reason);
    let mut answer = Response::new(Either::Right(Full::from(format!("cowork: {reason}\n"))));
    *answer.status_mut() = StatusCode::from_u16(reason.status()).unwrap_or(StatusCode::FORBIDDEN);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    if reason == Reason::Stranger {
        headers.insert(PROXY_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"cowork\""));
    }
    // Where the parties may not be of one mind, nothing more is read.
    if matches!(reason, Reason::Malformed | Reason::HostMismatch) {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("gate", &self.gate).field("limits", &self.parts.limits).finish_non_exhaustive()
    }
}

//! A request goes on to its host, and the answer comes back.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::{Body, Frame, Incoming, SizeHint},
    client::conn::http1::{self, SendRequest},
    header::{self, CONNECTION, HOST, HeaderName, HeaderValue},
};
use hyper_util::rt::TokioIo;
use tokio::{task::JoinSet, time::timeout};
use tokio_rustls::TlsConnector;

use super::{
    Credential, Parts, Place, Reason,
    gate::{Pass, Way},
    head::Head,
    record::{Direction, Meter},
    resolve::reach,
    rules::OTHERWISE,
    serve::Shared,
    stream::Stream,
    trust::server_name,
};

/// The connection to a host that was last used, kept for the next request to it. One connection of a command speaks TLS to all of them
/// or to none.
#[derive(Debug, Default)]
pub(super) struct Upstream {
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    place: Place,
    sender: SendRequest<Counted>,
    /// Dropping it ends the connection.
    _runs: JoinSet<()>,
}

impl Upstream {
    /// Sees to it that there is a connection for this.
    pub(super) async fn ready(&mut self, shared: &Shared, pass: &Pass, tls: bool) -> Result<(), Reason> {
        if let Some(open) = &mut self.open
            && open.place == pass.place
            && open.sender.ready().await.is_ok()
        {
            return Ok(());
        }
        self.open = None;
        self.open = Some(Open::new(shared, pass, tls).await?);
        Ok(())
    }

    /// Sends a request, once more by a new connection if the kept one was just closed.
    pub(super) async fn send(
        &mut self,
        shared: &Shared,
        pass: &Pass,
        tls: bool,
        mut request: Request<Counted>,
    ) -> Result<Response<Incoming>, Reason> {
        loop {
            let is_kept = self.open.is_some();
            self.ready(shared, pass, tls).await?;
            let open = self.open.as_mut().ok_or(Reason::Internal)?;
            match open.sender.try_send_request(request).await {
                Ok(answer) => return Ok(answer),
                Err(mut failed) => {
                    self.open = None;
                    request = failed.take_message().filter(|_| is_kept).ok_or(Reason::Unreachable)?;
                }
            }
        }
    }
}

impl Open {
    async fn new(shared: &Shared, pass: &Pass, tls: bool) -> Result<Self, Reason> {
        let Parts { resolve, limits, .. } = &shared.parts;
        let stream = reach(&**resolve, &pass.place, pass.private, limits.connect).await?;
        let stream: Box<dyn Stream> = if tls {
            let outside = shared.outside.clone().ok_or(Reason::Internal)?;
            let name = server_name(&pass.place.host).ok_or(Reason::OddHost)?;
            let begun = timeout(limits.connect, TlsConnector::from(outside).connect(name, stream)).await;
            Box::new(begun.map_err(|_| Reason::Late)?.map_err(|e| why_no_tls(&e))?)
        } else {
            Box::new(stream)
        };
        let begun = http1::handshake::<_, Counted>(TokioIo::new(stream)).await;
        let (sender, runs) = begun.map_err(|_| Reason::Unreachable)?;
        let mut tasks = JoinSet::new();
        // How it ended is told where a request is waiting for it.
        tasks.spawn(async move { drop(runs.await) });
        Ok(Self { place: pass.place.clone(), sender, _runs: tasks })
    }
}

fn why_no_tls(error: &std::io::Error) -> Reason {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if matches!(inner, Some(rustls::Error::InvalidCertificate(_))) { Reason::Untrusted } else { Reason::Unreachable }
}

/// Makes the request that goes on: this head's, without what is between the command and the proxy, and with the host's credential.
pub(super) fn request(shared: &Shared, pass: &Pass, head: Head, body: Counted) -> Result<Request<Counted>, Reason> {
    let Way::Request { path, tls } = &pass.way else { return Err(Reason::Internal) };
    let rule = shared.gate.rule(pass).ok_or(Reason::Internal)?;
    let mut headers = head.headers;
    strip(&mut headers);
    let mut held = shared.gate.credentials_at(&pass.place).peekable();
    if held.peek().is_some() {
        Credential::strip(&mut headers, held);
    }
    if rule.is_narrower_than_host() {
        OTHERWISE.iter().for_each(|name| drop(headers.remove(name)));
    }
    if let Some(credential) = &rule.credential {
        credential.add(&mut headers);
    }
    let host = pass.place.written(if *tls { 443 } else { 80 });
    headers.insert(HOST, HeaderValue::from_str(&host).map_err(|_| Reason::Internal)?);
    let mut request = Request::new(body);
    *request.uri_mut() = path.parse().map_err(|_| Reason::Malformed)?;
    *request.method_mut() = head.method;
    *request.headers_mut() = headers;
    Ok(request)
}

/// Makes the answer that goes back.
pub(super) fn answer(answer: Response<Incoming>, meter: &Arc<Meter>) -> Result<Response<Counted>, Reason> {
    // Nobody asked for another protocol.
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Reason::Unreachable);
    }
    let (mut head, body) = answer.into_parts();
    strip(&mut head.headers);
    head.version = hyper::Version::HTTP_11;
    // What hyper keeps there of the other connection has no business on this one.
    head.extensions.clear();
    Ok(Response::from_parts(head, Counted::new(body, Direction::Down, meter)))
}

const RUNS: [HeaderName; 11] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::EXPECT,
    HeaderName::from_static("http2-settings"),
];

/// Says whether a header is about the connection or its framing, not about the request.
pub(super) fn runs_connection(name: &HeaderName) -> bool {
    RUNS.contains(name) || *name == HOST || *name == header::CONTENT_LENGTH
}

/// Takes away what is about the connection, by its name or because `Connection` says so.
fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
        // The length is no more between two neighbours than the content is.
        .filter(|name| *name != header::CONTENT_LENGTH && *name != HOST)
        .collect();
    RUNS.iter().chain(&named).for_each(|name| drop(headers.remove(name)));
}

/// Content on its way, counted.
#[derive(Debug)]
pub(super) struct Counted {
    body: Incoming,
    direction: Direction,
    meter: Arc<Meter>,
}

impl Counted {
    pub(super) fn new(body: Incoming, direction: Direction, meter: &Arc<Meter>) -> Self {
        Self { body, direction, meter: meter.clone() }
    }
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        loop {
            let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)) else { return Poll::Ready(None) };
            match frame {
                // Trailers are left out: what they would say nobody has checked.
                Ok(frame) if !frame.is_data() => {}
                Ok(frame) => {
                    let len = frame.data_ref().map_or(0, Bytes::len);
                    let counted = self.meter.count(self.direction, len);
                    return Poll::Ready(Some(counted.map(|()| frame).map_err(|reason| reason.to_string().into())));
                }
                Err(e) => return Poll::Ready(Some(Err(e.into()))),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

//! Connections to a service: straight to it, or by way of a proxy.

use std::{
    error::Error as StdError,
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, Uri, header::USER_AGENT};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::HttpsConnector;
use hyper_util::client::{
    legacy::connect::{Connection, HttpConnector, proxy::Tunnel},
    proxy::matcher::Intercept,
};
use rustls::ClientConfig;
use tower_service::Service;

use super::client::{NAME, is_spoken};

/// After how long without a sign the other end of a connection is asked whether it is still there, and how often.
const ALIVE: (Duration, u32) = (Duration::from_secs(15), 3);
/// How long what was sent may stay unheard before the connection counts as lost.
#[cfg(any(target_os = "android", target_os = "linux"))]
const UNHEARD: Duration = Duration::from_secs(30);

type BoxError = Box<dyn StdError + Send + Sync>;
type Connecting = Pin<Box<dyn Future<Output = Result<Conn, BoxError>> + Send>>;

/// Makes connections to one service. The client holds one with each request, so it is small.
#[derive(Clone)]
pub(super) struct Connector(Arc<(Way, Duration)>);

#[derive(Clone)]
enum Way {
    Straight(HttpsConnector<HttpConnector>),
    /// The proxy is told each request, as it goes over plain HTTP.
    Told(HttpsConnector<HttpConnector>, Uri),
    /// The proxy passes on what it can't read.
    Through(HttpsConnector<Tunnel<HttpsConnector<HttpConnector>>>),
    /// The proxy speaks something else.
    None(String),
}

impl Connector {
    /// Prepares connections with this TLS, by way of this proxy if there is one; each may take so long with all that belongs to it.
    /// `is_tls`: whether the service is spoken to by TLS.
    pub(super) fn new(most: Duration, tls: ClientConfig, proxy: Option<&Intercept>, is_tls: bool) -> Self {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(most));
        http.set_keepalive(Some(ALIVE.0));
        http.set_keepalive_interval(Some(ALIVE.0));
        http.set_keepalive_retries(Some(ALIVE.1));
        #[cfg(any(target_os = "android", target_os = "linux"))]
        http.set_tcp_user_timeout(Some(UNHEARD));
        // A proxy is spoken to by HTTP/1.1.
        let mut to_proxy = tls.clone();
        to_proxy.alpn_protocols.clear();
        let to_proxy = |http| HttpsConnector::from((http, Arc::new(to_proxy)));
        let way = match proxy {
            None => Way::Straight(HttpsConnector::from((http, Arc::new(tls)))),
            Some(proxy) if !is_spoken(proxy) => Way::None(proxy.uri().scheme_str().unwrap_or_default().to_owned()),
            Some(proxy) if !is_tls => Way::Told(to_proxy(http), proxy.uri().clone()),
            Some(proxy) => {
                let tunnel = Tunnel::new(proxy.uri().clone(), to_proxy(http)).with_headers(said_to_proxy(proxy));
                Way::Through(HttpsConnector::from((tunnel, Arc::new(tls))))
            }
        };
        Self(Arc::new((way, most)))
    }
}

fn said_to_proxy(proxy: &Intercept) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static(NAME));
    if let Some(auth) = proxy.basic_auth() {
        let mut auth = auth.clone();
        auth.set_sensitive(true);
        headers.insert(http::header::PROXY_AUTHORIZATION, auth);
    }
    headers
}

impl Service<Uri> for Connector {
    type Response = Conn;
    type Error = BoxError;
    type Future = Connecting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, service: Uri) -> Connecting {
        let (mut way, most) = (*self.0).clone();
        let connect = async move {
            Ok(match &mut way {
                Way::Straight(way) => Conn::new(way.call(service).await?, false),
                Way::Told(way, proxy) => Conn::new(way.call(proxy.clone()).await?, true),
                Way::Through(way) => Conn::new(way.call(service).await?, false),
                Way::None(scheme) => return Err(BoxError::from(Unspoken(scheme.clone()))),
            })
        };
        Box::pin(async move {
            let late = |_| BoxError::from(io::Error::new(io::ErrorKind::TimedOut, "no connection in time"));
            tokio::time::timeout(most, connect).await.map_err(late)?
        })
    }
}

/// The environment names a proxy that speaks this. To try again is of no use.
#[derive(Debug)]
pub(super) struct Unspoken(String);

impl fmt::Display for Unspoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the environment names a proxy that speaks {}, and that is not spoken here", self.0)
    }
}

impl StdError for Unspoken {}

/// A connection, whatever it goes over.
pub(super) struct Conn {
    over: Box<dyn Stream>,
    /// Whether a proxy is at its other end that is told each request.
    to_proxy: bool,
}

trait Stream: Connection + Read + Write + Send + Unpin {}

impl<T: Connection + Read + Write + Send + Unpin> Stream for T {}

impl Conn {
    fn new(over: impl Stream + 'static, to_proxy: bool) -> Self {
        Self { over: Box::new(over), to_proxy }
    }

    pub(super) fn is_to_proxy(&self) -> bool {
        self.to_proxy
    }

    /// Says whether both ends agreed on HTTP/2.
    pub(super) fn is_http2(&self) -> bool {
        self.over.connected().is_negotiated_h2()
    }
}

impl Read for Conn {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.over).poll_read(cx, to)
    }
}

impl Write for Conn {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.over).poll_write(cx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.over).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.over).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.over.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.over).poll_write_vectored(cx, from)
    }
}

#[cfg(test)]
mod tests {
    use cowork_core::{Kind, Retry};
    use hyper_util::client::proxy::matcher::Matcher;

    use super::*;
    use crate::transport::{client::tls_for, fault::network};

    #[tokio::test]
    #[allow(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]
    async fn a_proxy_that_speaks_something_else_is_not_tried_again() {
        let service = Uri::from_static("http://models.example");
        let proxy = Matcher::builder().all("socks5://127.0.0.1:9").build().intercept(&service).unwrap();
        let tls = tls_for("http://models.example").unwrap();
        let mut connector = Connector::new(Duration::from_secs(9), tls, Some(&proxy), false);
        let Err(error) = connector.call(service).await else { panic!("nobody is there") };
        let error = network(&*error, true, "models.example");
        assert_eq!((error.kind, error.retry), (Kind::InvalidInput, Retry::Never), "{error:?}");
        assert!(error.message.contains("speaks socks5") && error.fix().unwrap().contains("NO_PROXY"), "{error:?}");
    }
}

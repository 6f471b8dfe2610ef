//! The way to a service: one client, deadlines, limits, and errors that say what to do.
//!
//! A request is sent once. Nothing is redirected (a key would go along), nothing is unpacked, nothing is kept but connections.
//! Proxies are those of the environment or the system, roots of trust those of the system, and both can be given.

mod body;
mod client;
mod connect;
mod fault;
mod incoming;
mod line;
mod pool;

use std::{
    error::Error as StdError,
    fmt,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use cowork_core::{CancellationToken, Error, Kind, Result};
use http::{
    Method, Request, Uri,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT},
};
use url::Url;

pub use body::Pieces;
pub use client::tls_for;
pub use fault::Fault;
pub use incoming::{Content, Incoming};

use self::body::Body;
use crate::Secret;

/// Where a service is, and how it knows who asks.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its address, to which paths are added: `https://api.anthropic.com`.
    pub base: String,
    /// The key, if it wants one.
    pub key: Option<Secret>,
    /// How the key is sent.
    pub auth: Auth,
    /// Where a person would set the key, for an error: `ANTHROPIC_API_KEY`.
    pub key_from: String,
    /// Headers that every request has.
    pub headers: Vec<(String, String)>,
}

/// How a key is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// As `authorization: Bearer KEY`.
    Bearer,
    /// As this header.
    Header(&'static str),
}

/// How long is waited, how much is taken, and by which way.
#[derive(Clone, Debug)]
pub struct Limits {
    /// For a connection.
    pub connect: Duration,
    /// For the first byte of an answer after the request was begun: a local model reads a long request for minutes.
    pub first: Duration,
    /// For the next bytes of an answer.
    pub idle: Duration,
    /// The most bytes of an answer.
    pub most_bytes: usize,
    /// How many connections there are at once to a service that takes one request at a time on each, as HTTP/1.1 does. What is asked beyond
    /// that waits for one; no deadline runs meanwhile. An answer that is not read to its end holds its connection.
    pub connections: usize,
    /// More roots of trust than the system's, each a certificate in DER or a file of them in PEM.
    pub roots: Vec<Vec<u8>>,
    /// By which proxy.
    pub proxy: Proxy,
    /// Whether a key may go over plain HTTP to another computer.
    pub plain_key: bool,
}

/// By which proxy requests go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// As the environment (`HTTPS_PROXY`, `NO_PROXY`) or the system says.
    #[default]
    System,
    /// None.
    None,
    /// The one with this address.
    At(String),
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first: Duration::from_secs(300),
            idle: Duration::from_secs(300),
            most_bytes: 64 << 20,
            connections: 128,
            roots: Vec::new(),
            proxy: Proxy::System,
            plain_key: false,
        }
    }
}

/// The way to one service. A clone shares its connections.
#[derive(Clone)]
pub struct Transport(Arc<Inner>);

struct Inner {
    client: pool::Client,
    base: Url,
    /// The last path that was asked for, with its address.
    last: Mutex<Option<(String, Uri)>>,
    headers: Headers,
    at: String,
    key: Option<Secret>,
    key_from: String,
    limits: Limits,
}

impl Transport {
    /// Prepares the way; nothing is sent.
    ///
    /// # Errors
    /// `InvalidInput` for an address, a header or a root that can't be, `NotAllowed` for a key that would go to another computer in
    /// the clear.
    pub fn new(endpoint: Endpoint, limits: Limits) -> Result<Self> {
        if limits.connections == 0 {
            let why = "a service is asked over no connection at all";
            return Err(Error::new(Kind::InvalidInput, "reach a model", why).with_fix("allow at least one"));
        }
        let base = client::base(&endpoint.base)?;
        client::guard_key(&base, endpoint.key.is_some() && !limits.plain_key)?;
        let (client, proxy) = client::build(&base, &limits)?;
        let headers = Headers::of(headers(&endpoint)?, proxy);
        let at = client::host(&base);
        let Endpoint { key, key_from, .. } = endpoint;
        let last = Mutex::default();
        Ok(Self(Arc::new(Inner { client, base, last, headers, at, key, key_from, limits })))
    }

    /// Gives where requests go: a host, with its port where it is not the usual one.
    pub fn at(&self) -> &str {
        &self.0.at
    }

    /// Gives the path of its address, without a slash at the end.
    pub fn path(&self) -> &str {
        self.0.base.path().trim_end_matches('/')
    }

    /// Posts a body of JSON to a path, and gives the answer once it begins. The body is written when there is a connection for it.
    ///
    /// Cancellation: by the token, or by dropping the future; the connection is closed.
    ///
    /// # Errors
    /// `Unavailable` if the service is not reached or does not begin to answer in time, what [`Fault`] says of an answer that
    /// is no success, `Cancelled`.
    pub fn post<B: FnOnce() -> Pieces>(
        &self,
        path: &str,
        body: B,
        cancel: &CancellationToken,
    ) -> impl Future<Output = Result<Incoming>> + use<B> {
        self.post_with(path, &[], body, cancel)
    }

    /// Posts a body as [`Transport::post`] does, with headers of its own; one that every request has gets these values besides.
    ///
    /// # Errors
    /// As [`Transport::post`]'s.
    pub fn post_with<B: FnOnce() -> Pieces>(
        &self,
        path: &str,
        headers: &'static [(&'static str, &'static str)],
        body: B,
        cancel: &CancellationToken,
    ) -> impl Future<Output = Result<Incoming>> + use<B> {
        let write = move |way: &Inner, uri| {
            let mut request = way.headers.request(Method::POST, uri, body().into_body());
            for (name, value) in headers {
                let before = request.headers().get(*name).and_then(|before| before.to_str().ok());
                let joined = before.and_then(|before| HeaderValue::from_str(&format!("{before},{value}")).ok());
                request.headers_mut().insert(*name, joined.unwrap_or(HeaderValue::from_static(value)));
            }
            request
        };
        self.send(path, write, cancel)
    }

    /// Gets what is at a path.
    ///
    /// # Errors
    /// As [`Transport::post`]'s.
    pub fn get(&self, path: &str, cancel: &CancellationToken) -> impl Future<Output = Result<Incoming>> + use<> {
        self.send(path, |way: &Inner, uri| way.headers.request(Method::GET, uri, Body::default()), cancel)
    }

    /// Makes the error for what the service says went wrong: of its answer, or in the middle of a stream.
    pub fn fault(&self, fault: &Fault) -> Error {
        fault.error(&self.0.at, self.0.key.as_ref(), &self.0.key_from)
    }

    /// Hides the key in all that an error says, as where it repeats what a service sent.
    #[must_use]
    pub fn hide(&self, error: Error) -> Error {
        match &self.0.key {
            Some(key) => fault::hide(error, key),
            None => error,
        }
    }

    /// Gives the address of a path; most requests go where the one before went.
    fn uri(&self, path: &str) -> Result<Uri> {
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, uri)) = last.as_ref().filter(|(known, _)| known == path) {
            return Ok(uri.clone());
        }
        let mut url = self.0.base.clone();
        let (path_only, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let whole = format!("{}{path_only}", self.path());
        url.set_path(&whole);
        url.set_query(query);
        let uri = url.as_str().parse::<Uri>().map_err(|e| {
            Error::new(Kind::InvalidInput, "reach a model", format!("{} can't be asked for: {e}", url.path()))
        })?;
        *last = Some((path.to_owned(), uri.clone()));
        Ok(uri)
    }

    fn send<W: FnOnce(&Inner, Uri) -> Request<Body>>(
        &self,
        path: &str,
        write: W,
        cancel: &CancellationToken,
    ) -> impl Future<Output = Result<Incoming>> + use<W> {
        let (way, uri, cancel) = (self.clone(), self.uri(path), cancel.clone());
        async move {
            let turn = tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(incoming::stopped()),
                turn = way.0.client.turn() => turn,
            };
            let mut wait = incoming::Wait::new(&way, cancel);
            let answer = way.0.client.request(write(&way.0, uri?), turn);
            let answer = wait.until(pin!(answer)).await?;
            let answer = answer.map_err(|lost| way.unreached(&*lost.error, lost.unconnected))?;
            Incoming::of(way.clone(), answer, wait).await
        }
    }

    fn unreached(&self, error: &(dyn StdError + 'static), unconnected: bool) -> Error {
        self.hide(fault::network(error, unconnected, &self.0.at))
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transport({})", self.0.at)
    }
}

/// Gives the host of an address, with its port where it is not the usual one.
#[cfg(feature = "config")]
pub(crate) fn host_of(base: &str) -> Result<String> {
    client::base(base).map(|url| client::host(&url))
}

/// What every request has.
struct Headers {
    asking: HeaderMap,
    /// With the type of a body.
    telling: HeaderMap,
}

impl Headers {
    fn of(mut asking: HeaderMap, proxy: Option<HeaderValue>) -> Self {
        if let Some(auth) = proxy {
            asking.entry(PROXY_AUTHORIZATION).or_insert(auth);
        }
        asking.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        asking.entry(USER_AGENT).or_insert(HeaderValue::from_static(client::NAME));
        let mut telling = asking.clone();
        telling.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Self { asking, telling }
    }

    fn request(&self, method: Method, uri: Uri, body: Body) -> Request<Body> {
        let headers = if method == Method::POST { &self.telling } else { &self.asking };
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        // The host comes to it, as its connection has it.
        let mut all = HeaderMap::with_capacity(headers.len() + 1);
        all.extend(headers.iter().map(|(name, value)| (name.clone(), value.clone())));
        *request.headers_mut() = all;
        request
    }
}

fn headers(endpoint: &Endpoint) -> Result<HeaderMap> {
    let bad = |name: &str| {
        let message = format!("the header {name} can't be sent: it holds signs that a header may not");
        Error::new(Kind::InvalidInput, "reach a model", message)
    };
    let mut headers = HeaderMap::new();
    for (name, value) in &endpoint.headers {
        let value = HeaderValue::from_str(value).map_err(|_| bad(name))?;
        headers.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad(name))?, value);
    }
    if let Some(key) = &endpoint.key {
        let bad = || {
            let message = format!("the key from {} holds signs that a key may not", key.origin());
            Error::new(Kind::InvalidInput, "reach a model", message).with_fix(format!("set {} anew", key.origin()))
        };
        let (name, value) = match endpoint.auth {
            Auth::Bearer => ("authorization", HeaderValue::from_str(&format!("Bearer {}", key.expose()))),
            Auth::Header(name) => (name, HeaderValue::from_str(key.expose())),
        };
        let mut value = value.map_err(|_| bad())?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}

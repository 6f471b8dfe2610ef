//! A proxy with a resolver that counts, servers that note what they hear, and clients that can say anything.

use cowork_core::HostGrant;
use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use cowork_sandbox::egress::{Parts, Proxy, Resolve, Rules, Stream, Token, Visit};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, client::TlsStream};

pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// Names and their addresses: each answer in turn, the last for ever.
#[derive(Default)]
pub(crate) struct Names {
    known: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
    asked: Mutex<Vec<String>>,
}

impl Names {
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn set(&self, name: &str, answers: Vec<Vec<IpAddr>>) {
        self.known.lock().unwrap().insert(name.to_owned(), answers);
    }
}

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().unwrap().push(name.to_owned());
        let mut known = self.known.lock().unwrap();
        let answers = known.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() })
    }
}

/// A proxy of one session.
pub(crate) struct World {
    pub(crate) proxy: Option<Proxy>,
    pub(crate) token: Token,
    pub(crate) port: u16,
    pub(crate) names: Arc<Names>,
    visits: mpsc::UnboundedReceiver<Visit>,
}

impl World {
    pub(crate) fn new(allowed: Vec<HostGrant>) -> Self {
        Self::with(allowed, Parts::default())
    }

    /// All of `*.test` is at this computer.
    pub(crate) fn with(allowed: Vec<HostGrant>, parts: Parts) -> Self {
        let names = Arc::new(Names::default());
        for name in ["allowed.test", "other.test", "api.allowed.test"] {
            names.set(name, vec![vec![LOOPBACK]]);
        }
        let (recorder, visits) = mpsc::unbounded_channel();
        let recorder = Arc::new(move |visit| drop(recorder.send(visit)));
        let parts = Parts { resolve: names.clone(), recorder, ..parts };
        let listener = std::net::TcpListener::bind((LOOPBACK, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let token = Token::random().unwrap();
        let proxy = Proxy::start(listener, &Rules { allowed }, token.clone(), parts).unwrap();
        Self { proxy: Some(proxy), token, port, names, visits }
    }

    /// The header by which this session's command is known.
    pub(crate) fn auth(&self) -> String {
        auth(&self.token)
    }

    pub(crate) async fn client(&self) -> Client<TcpStream> {
        Client { stream: TcpStream::connect((LOOPBACK, self.port)).await.unwrap(), rest: Vec::new() }
    }

    /// Sends a request for a whole address, and gives the answer.
    pub(crate) async fn get(&self, address: &str) -> Answer {
        let mut client = self.client().await;
        client.say(&self.request("GET", address)).await;
        client.answer().await
    }

    pub(crate) fn request(&self, method: &str, address: &str) -> String {
        let host = address.split_once("://").map_or(address, |(_, rest)| rest.split('/').next().unwrap());
        format!("{method} {address} HTTP/1.1\r\nHost: {host}\r\n{}\r\n", self.auth())
    }

    /// Asks for a tunnel; the client is in it if the answer is 200.
    pub(crate) async fn connect(&self, place: &str) -> (Answer, Client<TcpStream>) {
        let mut client = self.client().await;
        client.say(&self.request("CONNECT", place)).await;
        (client.answer_to_connect().await, client)
    }

    /// Gives the next visit that is over.
    pub(crate) async fn visit(&mut self) -> Visit {
        timeout(LONG, self.visits.recv()).await.unwrap().unwrap()
    }
}

pub(crate) fn auth(token: &Token) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    format!("Proxy-Authorization: Basic {}\r\n", BASE64_STANDARD.encode(format!("cowork:{}", token.expose())))
}

/// A rule for a host of this computer.
pub(crate) fn own(host: &str, port: u16) -> HostGrant {
    HostGrant { host: host.to_owned(), port: Some(port), private: true, ..HostGrant::default() }
}

/// An answer as a client sees it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// A client that says what it is told to.
pub(crate) struct Client<S> {
    pub(crate) stream: S,
    rest: Vec<u8>,
}

impl<S: Stream> Client<S> {
    pub(crate) async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        self.read_answer(true).await.unwrap()
    }

    /// An answer that says yes has no content.
    pub(crate) async fn answer_to_connect(&mut self) -> Answer {
        self.read_answer(false).await.unwrap()
    }

    pub(crate) async fn read_answer(&mut self, content: bool) -> Option<Answer> {
        timeout(LONG, async {
            let head = loop {
                if let Some(at) = self.rest.windows(4).position(|four| four == b"\r\n\r\n") {
                    break String::from_utf8(self.rest.drain(..at + 4).collect()).unwrap();
                }
                (self.stream.read_buf(&mut self.rest).await.ok()? > 0).then_some(())?;
            };
            let status = head.split(' ').nth(1)?.parse().ok()?;
            let length = header(&head, "content-length").filter(|_| content || status != 200);
            let length = length.map_or(0, |length| length.parse().unwrap());
            while self.rest.len() < length {
                (self.stream.read_buf(&mut self.rest).await.ok()? > 0).then_some(())?;
            }
            let body = String::from_utf8(self.rest.drain(..length).collect()).unwrap();
            Some(Answer { status, head, body })
        })
        .await
        .unwrap()
    }

    /// Waits for the end, and gives what came before it.
    pub(crate) async fn end(mut self) -> Vec<u8> {
        // An end that is not orderly is one too.
        let _ = timeout(LONG, self.stream.read_to_end(&mut self.rest)).await.unwrap();
        self.rest
    }

    /// Begins TLS with this name, trusting these roots.
    pub(crate) async fn tls(self, name: &str, roots: &str) -> io::Result<Client<TlsStream<S>>> {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let begun = timeout(LONG, TlsConnector::from(Arc::new(trusting(roots))).connect(name, self.stream)).await;
        Ok(Client { stream: begun.unwrap()?, rest: Vec::new() })
    }
}

pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

pub(crate) fn trusting(roots: &str) -> ClientConfig {
    let mut store = RootCertStore::empty();
    store.add(CertificateDer::from_pem_slice(roots.as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(store).with_no_client_auth()
}

/// What a server heard.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// A server that notes every request. To `/to?X` it answers with a redirect to X, to anything else with its own name.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) root: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    reached: Arc<Mutex<usize>>,
}

impl Server {
    pub(crate) async fn plain(name: &'static str) -> Self {
        Self::over(name, None).await
    }

    /// A server that a root vouches for, by this name.
    pub(crate) async fn tls(name: &'static str) -> Self {
        Self::over(name, Some(name)).await
    }

    async fn over(name: &'static str, vouched: Option<&str>) -> Self {
        Self::on(TcpListener::bind((LOOPBACK, 0)).await.unwrap(), name, vouched)
    }

    pub(crate) fn on(listener: TcpListener, name: &'static str, vouched: Option<&str>) -> Self {
        let port = listener.local_addr().unwrap().port();
        let (config, root) = vouched.map(vouch).unzip();
        let (heard, reached) = (Arc::<Mutex<Vec<Heard>>>::default(), Arc::<Mutex<usize>>::default());
        let server = Self { port, root: root.unwrap_or_default(), heard: heard.clone(), reached: reached.clone() };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *reached.lock().unwrap() += 1;
                stream.set_nodelay(true).unwrap();
                let (heard, config) = (heard.clone(), config.clone());
                tokio::spawn(async move {
                    match config {
                        None => serve(stream, name, &heard).await,
                        Some(config) => {
                            if let Ok(stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await {
                                serve(stream, name, &heard).await;
                            }
                        }
                    }
                });
            }
        });
        server
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// How many connections there were.
    pub(crate) fn reached(&self) -> usize {
        *self.reached.lock().unwrap()
    }
}

fn vouch(name: &str) -> (ServerConfig, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    // Some take what has its issuer's name for its own issuer.
    params.distinguished_name.push(DnType::CommonName, name);
    let certificate = params.signed_by(&key, &root).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    (config, root.pem())
}

async fn serve(mut stream: impl Stream, name: &str, heard: &Mutex<Vec<Heard>>) {
    let mut bytes = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
                return;
            }
        };
        let head = String::from_utf8(bytes.drain(..end).collect()).unwrap();
        let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
        let is_chunked = header(&head, "transfer-encoding").is_some();
        while bytes.len() < length || is_chunked && !bytes.ends_with(b"0\r\n\r\n") {
            if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
                return;
            }
        }
        let length = if is_chunked { bytes.len() } else { length };
        let body = String::from_utf8(bytes.drain(..length).collect()).unwrap();
        let line = head.lines().next().unwrap().to_owned();
        let target = line.split(' ').nth(1).unwrap().to_owned();
        heard.lock().unwrap().push(Heard { line, head, body });
        let answer = match target.strip_prefix("/to?") {
            Some(to) => format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"),
            None => format!("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: {}\r\n\r\n{name}", name.len()),
        };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

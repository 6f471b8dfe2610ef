//! A model service of a test's own: a real HTTP server on loopback that speaks Anthropic Messages, `OpenAI` Chat Completions
//! and Responses, answers what a script says, goes wrong on demand and refuses whatever the real service would refuse.

use std::{
    fmt,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};

use serde_json::Value;
use tokio::sync::oneshot;

pub mod chat;
mod check;
mod flow;
mod http;
pub mod messages;
mod render;
pub mod responses;
mod script;
mod turn;

pub use script::{Ask, CallResult, ScriptFile};
pub use turn::{Fault, Part, Quirk, Reply, Turn};

/// The format of a request and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// Anthropic's Messages.
    Messages,
    /// `OpenAI`'s Chat Completions.
    Chat,
    /// `OpenAI`'s Responses.
    Responses,
}

/// Says what is wrong with a request's body, as a service does.
pub type Validate = fn(&Value) -> Result<(), String>;

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The path, with what stands before `/v1`.
    pub path: String,
    /// Its body, byte for byte.
    pub body: Vec<u8>,
    /// What the service found wrong with it, if anything.
    pub malformed: Option<String>,
    /// Whether the answer to it was read to its end.
    pub answered: bool,
}

pub(crate) type Script = dyn Fn(&Ask) -> Reply + Send + Sync;

/// What the server and the test share.
pub(crate) struct Shared {
    script: Box<Script>,
    key: Option<String>,
    models: Vec<String>,
    chat: Validate,
    most_bytes: usize,
    seed: u64,
    pages: Vec<(String, Value)>,
    seen: Mutex<Vec<Seen>>,
    attempts: Mutex<std::collections::BTreeMap<u64, u64>>,
    open: AtomicU64,
    panicked: AtomicBool,
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn attempt(&self, of: u64) -> u64 {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = attempts.entry(of).or_default();
        *count += 1;
        *count - 1
    }
}

/// Describes a [`MockService`] before it starts.
pub struct Builder(Shared);

impl Builder {
    /// Refuses requests that don't come with this key.
    #[must_use]
    pub fn with_key(mut self, key: &str) -> Self {
        self.0.key = Some(key.to_owned());
        self
    }

    /// Knows these models and no others. Unless told, it knows every name and lists `mock-1`.
    #[must_use]
    pub fn with_models(mut self, models: &[&str]) -> Self {
        self.0.models = models.iter().map(|m| (*m).to_owned()).collect();
        self
    }

    /// Judges requests to Chat Completions by another service's rules than `OpenAI`'s: [`chat::validate_mistral`], …
    #[must_use]
    pub fn with_chat_rules(mut self, rules: Validate) -> Self {
        self.0.chat = rules;
        self
    }

    /// Refuses bodies with more bytes than this; 32 MiB unless told.
    #[must_use]
    pub fn with_most_bytes(mut self, most: usize) -> Self {
        self.0.most_bytes = most;
        self
    }

    /// Splits what it sends elsewhere; 0, as unless told, for one piece an event.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }

    /// Answers this path with this JSON, whatever is asked: what a local server tells of itself.
    #[must_use]
    pub fn with_page(mut self, path: &str, page: Value) -> Self {
        self.0.pages.push((path.to_owned(), page));
        self
    }

    /// Starts it, on a port that is free.
    ///
    /// # Panics
    /// Where loopback has no port left.
    pub fn start(self) -> MockService {
        self.start_at(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port on loopback")
    }

    /// Starts it at an address.
    ///
    /// # Errors
    /// Where somebody else listens there.
    pub fn start_at(self, at: SocketAddr) -> std::io::Result<MockService> {
        let listener = TcpListener::bind(at)?;
        listener.set_nonblocking(true)?;
        let at = listener.local_addr()?;
        let shared = Arc::new(self.0);
        let (stop, stopped) = oneshot::channel();
        let theirs = shared.clone();
        let thread =
            thread::Builder::new().name("mock service".into()).spawn(|| http::serve(theirs, listener, stopped))?;
        Ok(MockService { shared, at, running: Some((stop, thread)) })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("service::Builder")
    }
}

/// A model service on loopback, on a thread and a runtime of its own; dropping it ends it.
///
/// A request that the real service would refuse gets that service's 400 and is a fault of the test: unless
/// [`MockService::take_malformed`] was called for it, dropping the service panics. So does a script that panicked.
///
/// ```
/// use cowork_testkit::{MockService, service::Reply};
///
/// let service = MockService::start(|ask| Reply::text(&format!("You said {}.", ask.text)));
/// assert!(service.url().starts_with("http://127.0.0.1:"));
/// assert_eq!(service.reached(), 0);
/// ```
pub struct MockService {
    shared: Arc<Shared>,
    at: SocketAddr,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl MockService {
    /// Describes one that asks a closure. It should go by the request alone, [`Ask::number`] and [`Ask::attempt`] apart.
    pub fn builder(script: impl Fn(&Ask) -> Reply + Send + Sync + 'static) -> Builder {
        Builder(Shared {
            script: Box::new(script),
            key: None,
            models: Vec::new(),
            chat: chat::validate,
            most_bytes: 32 << 20,
            seed: 0,
            pages: Vec::new(),
            seen: Mutex::default(),
            attempts: Mutex::default(),
            open: AtomicU64::new(0),
            panicked: AtomicBool::new(false),
        })
    }

    /// Starts one that asks a closure.
    pub fn start(script: impl Fn(&Ask) -> Reply + Send + Sync + 'static) -> Self {
        Self::builder(script).start()
    }

    /// Starts one that plays a list, one reply for each turn of its own in the conversation. Past its end it says so.
    pub fn list(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::start(script::list(replies.into_iter().collect()))
    }

    /// Gives an address at which nobody listens.
    ///
    /// # Panics
    /// Where loopback has no port left.
    pub fn refused() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on loopback");
        format!("http://{}", listener.local_addr().expect("it has an address"))
    }

    /// Gives where it is: `http://127.0.0.1:PORT`, without `/v1`.
    pub fn url(&self) -> String {
        format!("http://{}", self.at)
    }

    /// Gives its address.
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    /// Gives how many requests have reached it.
    pub fn reached(&self) -> u64 {
        self.shared.seen().len() as u64
    }

    /// Gives a function that says how many requests have reached it, which may outlive it.
    pub fn counter(&self) -> Box<dyn Fn() -> u64 + Send + Sync> {
        let shared = self.shared.clone();
        Box::new(move || shared.seen().len() as u64)
    }

    /// Gives the requests so far, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen().clone()
    }

    /// Gives how many connections are open.
    pub fn connections(&self) -> u64 {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// Takes note of the malformed requests so far: what the service found wrong with each.
    pub fn take_malformed(&self) -> Vec<String> {
        self.shared.seen().iter_mut().filter_map(|seen| seen.malformed.take()).collect()
    }
}

impl Drop for MockService {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            let _ = stop.send(());
            let _ = thread.join();
        }
        let malformed = self.take_malformed();
        if !thread::panicking() {
            assert!(malformed.is_empty(), "the service refused requests: {malformed:#?}");
            assert!(!self.shared.panicked.load(Ordering::SeqCst), "the script panicked");
        }
    }
}

impl fmt::Debug for MockService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MockService({})", self.url())
    }
}

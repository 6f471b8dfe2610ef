//! The way out of a confined command: a proxy on the host's side.
//!
//! A confined command has no network but its own loopback. There it finds a socket whose other end the host accepts from, and on
//! which [`Proxy`] speaks HTTP: requests by their whole address, and tunnels by `CONNECT`. What may be reached are [`Rules`], by
//! default nothing; who asks has to say the session's [`Token`].
//!
//! # The way of a request
//! 1. Its head is read by hyper, and a second time, strictly, from the same bytes (`head`): two readings are refused.
//! 2. `gate` decides from the head and the rules alone. Until then no name is looked up: a question to DNS is a message
//!    to whoever owns the name.
//! 3. The name is looked up once, every address is checked, and the connection is made to one of these very addresses (`resolve`).
//! 4. The request is written anew (`forward`), and the answer comes back. Redirects are the command's to follow, by a request of its own.
//!
//! # Tunnels
//! What goes through a tunnel of a rule for a whole host is not seen, so it has to begin as TLS for this very host (`hello`); who is asked
//! for inside, on a server with many names, it can't know. Where a rule has methods, paths or a credential, the proxy ends TLS itself, by
//! an authority of the session's own (`trust`), and every request inside is decided again; towards the host there is TLS again, with
//! the system's roots. Port 80 is taken for plain HTTP and looked into too. Other protocols (`Upgrade`, HTTP/2) it does not speak.
//!
//! # Credentials
//! A rule's credential is added on this side. Whatever a command says of who it is, is taken away wherever the host holds one.
//! A server that repeats what it is sent gives it away: only such hosts should be granted one as don't.

mod address;
mod credential;
mod forward;
#[doc(hidden)]
pub mod fuzzed;
mod gate;
mod head;
mod hello;
mod host;
mod reason;
mod record;
mod resolve;
mod rules;
mod serve;
mod stream;
mod token;
mod trust;
mod tunnel;

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use cowork_core::{CancellationToken, Error, Kind, Result};
use tokio::{net::TcpListener, runtime::Handle, select, sync::Semaphore};

pub use credential::Credential;
use gate::Gate;
use host::{Host, Place};
pub use reason::Reason;
pub use record::{Recorder, Verdict, Visit};
pub use resolve::{Resolve, SystemResolver};
pub use rules::Rules;
use serve::Shared;
pub use stream::Stream;
pub use token::Token;

/// What a proxy is made of besides its rules.
#[derive(Clone)]
pub struct Parts {
    /// Looks names up.
    pub resolve: Arc<dyn Resolve>,
    /// Hears of every visit.
    pub recorder: Arc<dyn Recorder>,
    /// Credentials by the names that rules have for them.
    pub credentials: BTreeMap<String, Credential>,
    /// Roots of trust besides the system's, in PEM or DER.
    pub roots: Vec<Vec<u8>>,
    /// How much there may be of everything.
    pub limits: Limits,
}

/// How much there may be of everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest head of a request, in bytes: 8,192 at least.
    pub head_bytes: usize,
    /// How long a head, or the beginning of TLS, may take from when it is waited for.
    pub head: Duration,
    /// How long looking up a name, and connecting, may take, each.
    pub connect: Duration,
    /// After how long a connection on which nothing passes is ended.
    pub idle: Duration,
    /// How many connections there may be at once; more have to wait.
    pub connections: usize,
    /// How many bytes of content a session may send.
    pub bytes_up: Option<u64>,
    /// How many bytes of content it may receive.
    pub bytes_down: Option<u64>,
}

/// A running proxy of one session. Dropping it ends all its connections.
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    room: Arc<Semaphore>,
    runtime: Handle,
    authority: String,
}

impl Proxy {
    /// Gives the same proxy with another who is told of visits.
    #[must_use]
    pub fn recording(&self, recorder: Arc<dyn Recorder>) -> Self {
        let shared = Arc::new(self.shared.recording(recorder));
        Self { shared, room: self.room.clone(), runtime: self.runtime.clone(), authority: self.authority.clone() }
    }

    /// Starts to accept from a listening socket, whichever network it listens in. It needs a tokio runtime with its network and clock.
    ///
    /// # Errors
    /// `InvalidInput` for rules, credentials, roots or limits that can't be meant; `Unavailable` for a socket that can't be used.
    pub fn start(listener: std::net::TcpListener, rules: &Rules, token: Token, parts: Parts) -> Result<Self> {
        let proxy = Self::new(rules, token, parts)?;
        let unusable = |e: std::io::Error| {
            Error::new(Kind::Unavailable, "start proxy", format!("the socket can't be used: {e}"))
                .with_fix("give one that is bound and listens")
        };
        // On Apple's systems a socket does not tell.
        #[cfg(not(target_vendor = "apple"))]
        if !rustix::net::sockopt::socket_acceptconn(&listener).map_err(|e| unusable(e.into()))? {
            return Err(unusable(std::io::ErrorKind::NotConnected.into()));
        }
        listener.set_nonblocking(true).map_err(unusable)?;
        let _inside = proxy.runtime.enter();
        let listener = TcpListener::from_std(listener).map_err(unusable)?;
        let (shared, room) = (proxy.shared.clone(), proxy.room.clone());
        proxy.runtime.spawn(async move {
            select! {
                () = shared.stop.cancelled() => {}
                () = accept(&shared, listener, room) => {}
            }
        });
        Ok(proxy)
    }

    /// Makes a proxy that accepts from nowhere: its connections are handed to [`Proxy::serve`].
    ///
    /// # Errors
    /// As [`Proxy::start`]'s.
    pub fn new(rules: &Rules, token: Token, parts: Parts) -> Result<Self> {
        let runtime = Handle::try_current().map_err(|_| {
            Error::new(Kind::Unsupported, "start proxy", "there is no tokio runtime here")
                .with_fix("call it on one, with its network and clock switched on")
        })?;
        parts.limits.check()?;
        let gate = Gate::new(rules, token, &parts.credentials)?;
        // Reading the system's roots takes a while.
        let outside = gate.looks_inside().then(|| trust::client(&parts.roots).map(Arc::new)).transpose()?;
        let (authority, totals) = (trust::Authority::new()?, Arc::new(record::Totals::new(&parts.limits)));
        let room = Arc::new(Semaphore::new(parts.limits.connections));
        let pem = authority.pem();
        let shared = Arc::new(Shared {
            gate: gate.into(),
            parts,
            authority: authority.into(),
            outside,
            totals,
            stop: CancellationToken::new(),
        });
        Ok(Self { shared, room, runtime, authority: pem })
    }

    /// Gives the certificate, in PEM, that a command has to trust for hosts whose requests are looked at. Its key never leaves this proxy.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Serves one connection, and ends when it does. It counts among the connections that there may be at once.
    pub async fn serve(&self, stream: impl Stream) {
        let Ok(_room) = self.room.clone().acquire_owned().await else { return };
        serve::serve(self.shared.clone(), stream).await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

async fn accept(shared: &Arc<Shared>, listener: TcpListener, room: Arc<Semaphore>) {
    while let Ok(place) = room.clone().acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Small answers must not wait for others.
                let _ = stream.set_nodelay(true);
                let shared = shared.clone();
                tokio::spawn(async move {
                    serve::serve(shared, stream).await;
                    drop(place);
                });
            }
            // A connection that was over before it began; or there are no descriptors for now.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

impl Limits {
    fn check(&self) -> Result<()> {
        let invalid = |why: &str, fix: &str| Err(Error::new(Kind::InvalidInput, "start proxy", why).with_fix(fix));
        if self.head_bytes < 8_192 {
            return invalid("the head of a request needs 8,192 bytes at least", "set head_bytes to 8192 or more");
        }
        if self.connections == 0 || self.connections > Semaphore::MAX_PERMITS {
            return invalid("this many connections there can't be", "set connections to 1 or more");
        }
        if [self.head, self.connect, self.idle].contains(&Duration::ZERO) {
            return invalid("nothing can be done in no time", "set head, connect and idle to more than 0");
        }
        Ok(())
    }
}

impl Default for Limits {
    fn default() -> Self {
        let [head, connect, idle] = [30, 20, 300].map(Duration::from_secs);
        Self { head_bytes: 64 << 10, head, connect, idle, connections: 256, bytes_up: None, bytes_down: None }
    }
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            resolve: Arc::new(SystemResolver),
            recorder: Arc::new(|_: Visit| {}),
            credentials: BTreeMap::new(),
            roots: Vec::new(),
            limits: Limits::default(),
        }
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts")
            .field("credentials", &self.credentials)
            .field("roots", &self.roots.len())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

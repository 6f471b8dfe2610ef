//! The way out of a session's commands: its proxy, and what they have to know to use it.

use std::{collections::BTreeMap, fs, net::TcpListener, sync::Arc, time::Duration};

use cowork_core::{HostGrant, Result, Visit};
use tokio::{
    runtime::Handle,
    task::{JoinHandle, JoinSet},
};

use crate::{
    commands::Visits,
    confine::WayOut,
    egress::{self, Credential, Parts, Proxy, Rules, Token, Verdict},
};

/// Where systems keep the certificates that they trust.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Credentials by their names.
pub(crate) type Credentials = BTreeMap<String, Credential>;

/// A session's proxy. Dropping it ends all connections of its commands.
#[derive(Debug)]
pub(crate) struct Outlet {
    proxy: Arc<Proxy>,
    token: Token,
    trusted: String,
    runtime: Handle,
}

impl Outlet {
    /// Makes one by which these can be reached. It needs a tokio runtime.
    pub(crate) fn new(hosts: &[HostGrant], credentials: &Credentials) -> Result<Self> {
        let rules = Rules { allowed: hosts.to_vec() };
        let token = Token::random()?;
        let proxy = Proxy::new(&rules, token.clone(), Parts { credentials: credentials.clone(), ..Parts::default() })?;
        // A program that is told where certificates are looks nowhere else.
        let system = BUNDLES.iter().find_map(|at| fs::read_to_string(at).ok()).unwrap_or_default();
        let trusted = format!("{}\n{system}", proxy.authority());
        Ok(Self { proxy: Arc::new(proxy), token, trusted, runtime: Handle::current() })
    }

    /// Gives a command its way out, and what it asked for by that.
    pub(crate) fn way_out(&self) -> (WayOut, Visits) {
        let visits = Visits::default();
        let heard = visits.clone();
        let recorder = Arc::new(move |visit: egress::Visit| heard.add(told(visit)));
        let (proxy, runtime) = (Arc::new(self.proxy.recording(recorder)), self.runtime.clone());
        let out = WayOut {
            proxy: self.token.proxy_address(WayOut::PORT),
            trusted: self.trusted.clone(),
            take: Box::new(move |listener| Box::new(Accepting(runtime.spawn(accept(proxy, listener))))),
        };
        (out, visits)
    }
}

/// Somebody who accepts, until this is dropped.
struct Accepting(JoinHandle<()>);

impl Drop for Accepting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How many connections of a command there may be at once; more have to wait.
const CONNECTIONS: usize = 128;

/// Accepts until it is aborted, and all that came of it with it. One that can't be accepted from leads nowhere, so that nothing is reached.
async fn accept(proxy: Arc<Proxy>, listener: TcpListener) {
    let listener = listener.set_nonblocking(true).and_then(|()| tokio::net::TcpListener::from_std(listener));
    let Ok(listener) = listener else { return };
    let mut open = JoinSet::new();
    loop {
        while open.try_join_next().is_some() {}
        if open.len() >= CONNECTIONS {
            open.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                _ = stream.set_nodelay(true);
                let proxy = proxy.clone();
                open.spawn(async move { proxy.serve(stream).await });
            }
            // A connection that was over before it began; or there are no descriptors for now.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

fn told(visit: egress::Visit) -> Visit {
    Visit {
        host: visit.at_host,
        port: visit.port,
        method: visit.method,
        path: visit.path,
        allowed: visit.decision == Verdict::Allowed,
        reason: visit.reason.map(|reason| reason.to_string()),
        sent: visit.bytes_up,
        received: visit.bytes_down,
    }
}

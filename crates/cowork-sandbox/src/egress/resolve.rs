//! From a name to a connection: looked up once, all addresses checked, and one of those very addresses connected to.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use async_trait::async_trait;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::{Host, Place, Reason, address::is_public};

/// How many of a name's addresses are tried.
const MOST: usize = 8;

/// Looks up the addresses of names.
#[async_trait]
pub trait Resolve: Send + Sync {
    /// Gives the addresses of a name. It is asked once for each connection, and only for names that the rules allow.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// Looks names up as this computer does for any program.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Connects to a place that was allowed.
pub(super) async fn reach(
    resolve: &dyn Resolve,
    place: &Place,
    private: bool,
    most: Duration,
) -> Result<TcpStream, Reason> {
    let addresses = match &place.host {
        Host::Address(address) => vec![*address],
        Host::Name(name) => {
            let looked_up = timeout(most, resolve.resolve(name)).await.map_err(|_| Reason::Late)?;
            looked_up.map_err(|_| Reason::NotFound)?
        }
    };
    // One that is not public makes the others suspect too.
    if !private && !addresses.iter().all(|address| is_public(*address)) {
        return Err(Reason::PrivateAddress);
    }
    let mut why = Reason::NotFound;
    for address in addresses.into_iter().take(MOST) {
        match timeout(most, TcpStream::connect(SocketAddr::new(address, place.port))).await {
            Ok(Ok(stream)) => {
                // Small requests must not wait for others.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(_)) => why = Reason::Unreachable,
            Err(_) => why = Reason::Late,
        }
    }
    Err(why)
}

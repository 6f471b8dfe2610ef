//! What follows a `CONNECT`: bytes that go through once TLS has begun as it has to, or TLS that the proxy ends itself.

use std::io;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{LazyConfigAcceptor, server::TlsStream};

use super::{
    Host, Place, Reason,
    hello::{Hello, Said},
    record::{Direction, Meter},
    serve::Shared,
    stream::Stream,
};

/// As much as goes through at once: more, the faster it comes.
const LEAST: usize = 16 << 10;
const MOST: usize = 1 << 20;

/// Lets a tunnel through, until one side ends it or it may carry no more.
pub(super) async fn through(shared: &Shared, mut client: impl Stream, server: TcpStream, place: &Place, meter: &Meter) {
    let begun = match timeout(shared.parts.limits.head, begin(&mut client, &place.host)).await {
        Ok(begun) => begun,
        Err(_) => Err(Reason::Late),
    };
    let first = match begun {
        Ok(first) => first,
        Err(reason) => return meter.ended(reason),
    };
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_server, mut to_server) = server.into_split();
    let up = async {
        meter.count(Direction::Up, first.len()).map_err(io::Error::other)?;
        to_server.write_all(&first).await?;
        drop(first);
        copy(&mut from_client, &mut to_server, meter, Direction::Up).await
    };
    let down = copy(&mut from_server, &mut to_client, meter, Direction::Down);
    // How either side ended is for the other to see, as without a proxy.
    let _ = tokio::try_join!(up, down);
}

/// Reads the first message of TLS, and gives the bytes if it is as it has to be.
async fn begin(client: &mut (impl AsyncRead + Unpin), host: &Host) -> Result<Vec<u8>, Reason> {
    let (mut hello, mut bytes) = (Hello::default(), Vec::with_capacity(2 << 10));
    loop {
        let before = bytes.len();
        let read = client.read_buf(&mut bytes).await.map_err(|_| Reason::NotTls)?;
        if read == 0 {
            return Err(Reason::NotTls);
        }
        if let Some(said) = hello.feed(&bytes[before..])? {
            return said.is_for(host).map(|()| bytes);
        }
    }
}

async fn copy(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    meter: &Meter,
    direction: Direction,
) -> io::Result<()> {
    let mut piece = vec![0; LEAST];
    loop {
        let read = from.read(&mut piece).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        meter.count(direction, read).map_err(io::Error::other)?;
        to.write_all(&piece[..read]).await?;
        if read == piece.len() && read < MOST {
            piece = vec![0; read * 2];
        }
    }
}

/// Ends the command's TLS in the place of the host.
pub(super) async fn end_tls<S: Stream>(shared: &Shared, client: S, place: &Place) -> Result<TlsStream<S>, Reason> {
    let ended = async {
        let acceptor = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), client);
        let begun = acceptor.await.map_err(|_| Reason::NotTls)?;
        let name = begun.client_hello().server_name().map(str::to_owned);
        Said { name }.is_for(&place.host)?;
        let config = shared.authority.server(&place.host).map_err(|_| Reason::Internal)?;
        begun.into_stream(config).await.map_err(|_| Reason::NotTls)
    };
    timeout(shared.parts.limits.head, ended).await.map_err(|_| Reason::Late)?
}

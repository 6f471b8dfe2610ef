//! Streams a task to a web socket, item by item, as a page would show it.

use std::{error::Error, fs, path::Path};

use cowork::{Cowork, Item, Mode, Submit, ThreadId};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{accept_async, client_async, tungstenite::Message};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (data, desk) = (tempfile::tempdir()?, tempfile::tempdir()?);
    fs::write(desk.path().join("photo.jpg"), "not really")?;
    let cowork = Cowork::builder().data_dir(data.path()).build().await?;
    let server = TcpListener::bind("127.0.0.1:0").await?;
    let at = server.local_addr()?;
    let serve = async { tell(&cowork, desk.path(), server.accept().await?.0).await };
    let read = async {
        let (mut socket, _) = client_async(format!("ws://{at}"), TcpStream::connect(at).await?).await?;
        socket.send("Organise these files by type".into()).await?;
        while let Some(message) = socket.next().await {
            let Message::Text(text) = message? else { continue };
            match serde_json::from_str(&text)? {
                Item::Record(record) => println!("{}", record.event.kind()),
                Item::Delta(_) => println!("delta"),
                Item::Lagged { .. } => println!("lagged"),
            }
        }
        Ok::<(), Box<dyn Error>>(())
    };
    tokio::try_join!(serve, read)?;
    cowork.stop().await;
    Ok(())
}

/// Does what the other side asks for, and tells it all that happens.
async fn tell(cowork: &Cowork, desk: &Path, socket: TcpStream) -> Result<(), Box<dyn Error>> {
    let mut socket = accept_async(socket).await?;
    let asked = socket.next().await.ok_or("nothing was asked for")??;
    let folders = vec![cowork::folder(desk)?];
    let task = Submit { folders, mode: Mode::Auto, ..Submit::new(asked.to_text()?) };
    let task = cowork.submit(ThreadId::named("main"), "me", task).await?;
    let mut items = cowork.follow(task, 0).await?;
    while let Some(item) = items.next().await {
        socket.send(serde_json::to_string(&item?)?.into()).await?;
    }
    Ok(socket.close(None).await?)
}

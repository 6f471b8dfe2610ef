//! What becomes of connections: shared, used again, found closed, let go.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on says so by panicking")]

use std::{cell::Cell, time::Duration};

use cowork_core::{CancellationToken, Kind, Result, Retry};
use cowork_models::{
    Auth, Endpoint, Limits, Transport,
    transport::{Pieces, Proxy},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::yield_now,
};

struct Service {
    listener: TcpListener,
    transport: Transport,
}

impl Service {
    async fn new() -> Self {
        Self::with(Limits::default()).await
    }

    async fn with(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let key_from = "TEST_KEY".to_owned();
        let endpoint = Endpoint { base, key: None, auth: Auth::Bearer, key_from, headers: vec![] };
        let transport = Transport::new(endpoint, Limits { proxy: Proxy::None, ..limits }).unwrap();
        Self { listener, transport }
    }

    async fn accept(&self) -> TcpStream {
        self.listener.accept().await.unwrap().0
    }

    /// Posts this, and gives what was answered in whole.
    async fn post(&self, said: &str) -> Result<String> {
        let mut incoming = self.transport.post("/", || body(said), &CancellationToken::new()).await?;
        incoming.whole().await.map(|all| String::from_utf8(all).unwrap())
    }
}

fn body(said: &str) -> Pieces {
    let mut body = Pieces::default();
    body.write(said.as_bytes());
    body
}

/// Reads a request whose body is this.
async fn take(stream: &mut TcpStream, said: &str) {
    let mut all = Vec::new();
    while !all.ends_with(said.as_bytes()) {
        assert_ne!(stream.read_buf(&mut all).await.unwrap(), 0, "it ended in {}", String::from_utf8_lossy(&all));
    }
}

async fn answer(stream: &mut TcpStream, said: &str) {
    let length = said.len();
    stream.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{said}").as_bytes()).await.unwrap();
}

#[tokio::test]
async fn requests_at_once_go_by_their_own_and_later_ones_by_those() {
    let service = Service::new().await;
    let serve = async {
        let (mut a, mut b) = (service.accept().await, service.accept().await);
        for _ in 0..2 {
            let (one, other) = tokio::join!(service_one(&mut a), service_one(&mut b));
            assert_ne!(one, other);
        }
        tokio::select! {
            biased;
            _ = service.accept() => panic!("there are two to use"),
            () = yield_now() => {}
        }
    };
    let ask = async {
        for _ in 0..2 {
            let (one, other) = tokio::join!(service.post("\"1\""), service.post("\"2\""));
            assert_eq!((one.unwrap(), other.unwrap()), ("\"1\"".to_owned(), "\"2\"".to_owned()));
        }
    };
    tokio::join!(serve, ask);
}

/// Takes a request of three bytes, and answers with them.
async fn service_one(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    while !all.ends_with(b"\"1\"") && !all.ends_with(b"\"2\"") {
        assert_ne!(stream.read_buf(&mut all).await.unwrap(), 0);
    }
    let said = String::from_utf8(all.split_off(all.len() - 3)).unwrap();
    answer(stream, &said).await;
    said
}

#[tokio::test]
async fn what_is_asked_beyond_the_connections_there_may_be_waits_for_one_without_a_deadline() {
    let limits = Limits { connections: 1, first: Duration::from_secs(60), ..Limits::default() };
    let service = Service::with(limits).await;
    let written = Cell::new(0);
    let serve = async {
        let mut stream = service.accept().await;
        for _ in 0..3 {
            // No other is begun, nor written, while one is under way, however long it takes.
            tokio::time::pause();
            tokio::time::sleep(Duration::from_secs(59)).await;
            tokio::time::resume();
            service_one(&mut stream).await;
        }
    };
    let (written, transport) = (&written, &service.transport);
    let one = async |said: &'static str, cancel: CancellationToken| {
        let written_once = || {
            written.set(written.get() + 1);
            body(said)
        };
        let answer = transport.post("/", written_once, &cancel).await?.whole().await;
        answer.map(|all| String::from_utf8(all).unwrap())
    };
    let given_up = CancellationToken::new();
    let ask = async {
        let new = CancellationToken::new;
        let third = async {
            tokio::join!(one("\"1\"", new()), one("\"2\"", given_up.clone()), one("\"1\"", new()), one("\"2\"", new()))
        };
        let stop = async {
            assert_eq!(written.get(), 1, "the others wait");
            given_up.cancel();
        };
        let ((a, b, c, d), ()) = tokio::join!(third, stop);
        assert_eq!((a.unwrap(), c.unwrap(), d.unwrap()), ("\"1\"".into(), "\"1\"".into(), "\"2\"".into()));
        assert_eq!(b.unwrap_err().kind, Kind::Cancelled);
    };
    tokio::join!(serve, ask);
    assert_eq!(written.get(), 3);
}

#[tokio::test]
async fn one_that_was_closed_while_nobody_used_it_is_found_out_before_anything_is_sent() {
    let service = Service::new().await;
    let serve = async {
        let mut first = service.accept().await;
        take(&mut first, "one").await;
        answer(&mut first, "1").await;
        drop(first);
        let mut second = service.accept().await;
        take(&mut second, "two").await;
        answer(&mut second, "2").await;
    };
    let ask = async {
        assert_eq!(service.post("one").await.unwrap(), "1");
        // Until the system has told of it.
        for _ in 0..100 {
            yield_now().await;
        }
        assert_eq!(service.post("two").await.unwrap(), "2");
    };
    tokio::join!(serve, ask);
}

#[tokio::test]
async fn what_was_sent_is_not_sent_again() {
    let service = Service::new().await;
    let serve = async {
        let mut stream = service.accept().await;
        take(&mut stream, "one").await;
        answer(&mut stream, "1").await;
        take(&mut stream, "two").await;
        drop(stream);
        // The next connection is for what is asked next.
        let mut stream = service.accept().await;
        take(&mut stream, "three").await;
        answer(&mut stream, "3").await;
    };
    let ask = async {
        assert_eq!(service.post("one").await.unwrap(), "1");
        let error = service.post("two").await.unwrap_err();
        assert_eq!((error.kind, error.retry), (Kind::Unavailable, Retry::Now), "{error:?}");
        assert_eq!(service.post("three").await.unwrap(), "3");
    };
    tokio::join!(serve, ask);
}

#[tokio::test]
async fn one_whose_answer_was_not_read_to_its_end_is_closed() {
    let service = Service::new().await;
    let serve = async {
        let mut stream = service.accept().await;
        take(&mut stream, "one").await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegun").await.unwrap();
        assert_eq!(stream.read(&mut [0; 9]).await.unwrap(), 0);
    };
    let ask = async {
        let mut incoming = service.transport.post("/", || body("one"), &CancellationToken::new()).await.unwrap();
        assert_eq!(incoming.next().await.unwrap(), Some(&b"begun"[..]));
    };
    tokio::join!(serve, ask);
}

#[tokio::test]
async fn one_that_the_service_wants_closed_is_not_kept() {
    let service = Service::new().await;
    let serve = async {
        for said in ["one", "two"] {
            let mut stream = service.accept().await;
            take(&mut stream, said).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 1\r\n\r\n1").await.unwrap();
            assert_eq!(stream.read(&mut [0; 9]).await.unwrap(), 0);
        }
    };
    let ask = async {
        assert_eq!(service.post("one").await.unwrap(), "1");
        assert_eq!(service.post("two").await.unwrap(), "1");
    };
    tokio::join!(serve, ask);
}

#[tokio::test]
async fn one_that_nobody_uses_is_closed_after_a_while() {
    let service = Service::new().await;
    let mut stream = None;
    let serve = async {
        let stream = stream.insert(service.accept().await);
        take(stream, "one").await;
        answer(stream, "1").await;
    };
    let (_, said) = tokio::join!(serve, service.post("one"));
    assert_eq!(said.unwrap(), "1");
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(80)).await;
    let mut stream = stream.unwrap();
    let mut buffer = [0; 9];
    tokio::select! {
        biased;
        read = stream.read(&mut buffer) => panic!("it is kept for longer, and not {read:?}"),
        () = yield_now() => {}
    }
    tokio::time::sleep(Duration::from_secs(120)).await;
    assert_eq!(stream.read(&mut [0; 9]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_host_that_is_given_is_told_instead_of_the_addresss() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (base, key_from) = (format!("http://{}/v1", listener.local_addr().unwrap()), "TEST_KEY".to_owned());
    let headers = vec![("host".to_owned(), "models.internal".to_owned())];
    let endpoint = Endpoint { base, key: None, auth: Auth::Bearer, key_from, headers };
    let transport = Transport::new(endpoint, Limits { proxy: Proxy::None, ..Limits::default() }).unwrap();
    let serve = async {
        let (mut stream, mut all) = (listener.accept().await.unwrap().0, Vec::new());
        while !all.ends_with(b"one") {
            assert_ne!(stream.read_buf(&mut all).await.unwrap(), 0);
        }
        let said = String::from_utf8(all).unwrap();
        assert!(said.starts_with("POST /v1/x?y=1 HTTP/1.1\r\n"), "{said}");
        let hosts: Vec<&str> = said.lines().filter(|line| line.to_lowercase().starts_with("host:")).collect();
        assert_eq!(hosts, ["host: models.internal"]);
        answer(&mut stream, "1").await;
    };
    let ask = async {
        let mut incoming = transport.post("/x?y=1", || body("one"), &CancellationToken::new()).await.unwrap();
        assert_eq!(incoming.whole().await.unwrap(), b"1");
    };
    tokio::join!(serve, ask);
}

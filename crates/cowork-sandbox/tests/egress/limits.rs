//! How much there may be of everything.

use std::time::Duration;

use cowork_sandbox::egress::{Limits, Parts, Reason};
use tokio::io::AsyncWriteExt;

use crate::world::{LOOPBACK, Server, World, header, own};

fn limited(limits: Limits) -> Parts {
    Parts { limits, ..Parts::default() }
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let world = World::with(vec![], limited(Limits { head_bytes: 8_192, ..Limits::default() }));
    for long in [format!("X-Long: {}\r\n", "x".repeat(9_000)), "X: y\r\n".repeat(2_000), "X: y\r\n".repeat(101)] {
        let mut client = world.client().await;
        client.say(&format!("GET http://allowed.test/ HTTP/1.1\r\nHost: allowed.test\r\n{long}")).await;
        let _ = client.stream.write_all(b"\r\n").await;
        let answer = client.read_answer(true).await;
        assert!(answer.is_none_or(|answer| answer.status == 431 || answer.status == 400));
    }
    let mut client = world.client().await;
    client.say(&format!("GET http://allowed.test/{} HTTP/1.1\r\n", "x".repeat(7_000))).await;
    client.say(&format!("Host: allowed.test\r\n{}\r\n", world.auth())).await;
    assert_eq!(client.answer().await.status, 403, "a head that fits is read");
}

#[tokio::test]
async fn a_head_that_never_ends_is_not_waited_for() {
    let server = Server::tls("allowed.test").await;
    let limits = Limits { head: Duration::from_millis(200), ..Limits::default() };
    let mut world = World::with(vec![own("allowed.test", server.port)], limited(limits));
    let mut client = world.client().await;
    client.say("GET http://allowed.test/ HTTP/1.1\r\nHost:").await;
    client.end().await;
    let (_, mut tunnel) = world.connect(&format!("allowed.test:{}", server.port)).await;
    tunnel.stream.write_all(&[22, 3]).await.unwrap();
    assert_eq!(tunnel.end().await, b"");
    assert_eq!(world.visit().await.reason, Some(Reason::Late));
}

#[tokio::test]
async fn a_connection_on_which_nothing_passes_is_ended() {
    let silent = tokio::net::TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let limits = Limits { idle: Duration::from_millis(200), ..Limits::default() };
    let world = World::with(vec![own("allowed.test", port)], limited(limits));
    let mut client = world.client().await;
    client.say(&world.request("GET", &format!("http://allowed.test:{port}/"))).await;
    let (_server, _) = silent.accept().await.unwrap();
    assert_eq!(client.end().await, b"");
}

#[tokio::test]
async fn one_connection_too_many_waits_for_its_turn() {
    let server = Server::plain("here").await;
    let parts = limited(Limits { connections: 1, ..Limits::default() });
    let world = World::with(vec![own("allowed.test", server.port)], parts);
    let address = format!("http://allowed.test:{}/", server.port);
    let (mut first, mut second) = (world.client().await, world.client().await);
    second.say(&world.request("GET", &address)).await;
    for _ in 0..3 {
        first.say(&world.request("GET", &address)).await;
        assert_eq!(first.answer().await.status, 200);
    }
    assert_eq!(server.heard().len(), 3, "the second is not served yet");
    drop(first);
    assert_eq!(second.answer().await.status, 200);
}

#[tokio::test]
async fn a_session_sends_and_receives_no_more_bytes_than_it_may() {
    let server = Server::plain("here").await;
    let parts = limited(Limits { bytes_up: Some(8), bytes_down: Some(10), ..Limits::default() });
    let mut world = World::with(vec![own("allowed.test", server.port)], parts);
    let host = format!("allowed.test:{}", server.port);
    let post =
        format!("POST http://{host}/ HTTP/1.1\r\nHost: {host}\r\n{}Content-Length: 5\r\n\r\nhello", world.auth());
    let mut statuses = Vec::new();
    for _ in 0..2 {
        let mut client = world.client().await;
        client.say(&post).await;
        statuses.push(client.read_answer(true).await.map(|answer| answer.status));
    }
    assert_eq!(statuses[0], Some(200));
    assert_ne!(statuses[1], Some(200), "five more are over eight");
    assert_eq!([world.visit().await.reason, world.visit().await.reason], [None, Some(Reason::TooMuch)]);
    // Four of ten came already.
    let get = world.request("GET", &format!("http://{host}/"));
    let mut bodies = Vec::new();
    for _ in 0..2 {
        let mut client = world.client().await;
        client.say(&get).await;
        bodies.push(client.read_answer(true).await.map(|answer| answer.body));
    }
    assert_eq!(bodies, [Some("here".to_owned()), None]);
    assert_eq!([world.visit().await.reason, world.visit().await.reason], [None, Some(Reason::TooMuch)]);
}

#[tokio::test]
async fn a_proxy_serves_any_stream() {
    let server = Server::plain("here").await;
    let world = World::new(vec![own("allowed.test", server.port)]);
    let (mut near, far) = tokio::io::duplex(4_096);
    let request = world.request("GET", &format!("http://allowed.test:{}/", server.port));
    let proxy = world.proxy.as_ref().unwrap();
    let ask = async {
        near.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"here") {
            tokio::io::AsyncReadExt::read_buf(&mut near, &mut bytes).await.unwrap();
        }
        drop(near);
        String::from_utf8(bytes).unwrap()
    };
    let (answer, ()) = tokio::join!(ask, proxy.serve(far));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(header(&answer, "content-length"), Some("4"));
}

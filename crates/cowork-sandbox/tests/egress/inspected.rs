//! Tunnels that the proxy ends itself, because a rule is about what is in them.

use cowork_core::HostGrant;
use cowork_sandbox::egress::{Credential, Parts, Reason, Verdict};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;

use crate::world::{Client, Server, World, header, own};

/// A rule for `/api` with a credential.
fn rule(server: &Server) -> HostGrant {
    let [methods, paths] = [["GET"], ["/api"]].map(|words| Some(words.map(str::to_owned).to_vec()));
    HostGrant { methods, paths, credential: Some("key".to_owned()), ..own("allowed.test", server.port) }
}

fn parts(server: &Server) -> Parts {
    let key = Credential::bearer("held-by-the-host").unwrap();
    Parts { credentials: [("key".to_owned(), key)].into(), roots: vec![server.root.clone().into()], ..Parts::default() }
}

async fn inside(world: &World, place: &str) -> Client<TlsStream<TcpStream>> {
    let (answer, client) = world.connect(place).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let root = world.proxy.as_ref().unwrap().authority().to_owned();
    client.tls(place.split(':').next().unwrap(), &root).await.unwrap()
}

#[tokio::test]
async fn every_request_inside_is_checked_and_gets_the_hosts_credential() {
    let server = Server::tls("allowed.test").await;
    let mut world = World::with(vec![rule(&server)], parts(&server));
    let place = format!("allowed.test:{}", server.port);
    let mut client = inside(&world, &place).await;
    let says = [("GET /api/1?x", 200), ("GET /other", 403), ("POST /api", 403), ("GET /api/2", 200)];
    let line = |what: &str| format!("{what} HTTP/1.1\r\nHost: {place}\r\nAuthorization: mine\r\nCookie: mine\r\n\r\n");
    client.say(&says.map(|(what, _)| line(what)).concat()).await;
    for (what, status) in says {
        assert_eq!(client.answer().await.status, status, "{what}");
    }
    let heard = server.heard();
    assert_eq!(
        heard.iter().map(|heard| heard.line.as_str()).collect::<Vec<_>>(),
        ["GET /api/1?x HTTP/1.1", "GET /api/2 HTTP/1.1"]
    );
    for heard in heard {
        assert_eq!(header(&heard.head, "authorization"), Some("Bearer held-by-the-host"));
        assert!(!heard.head.contains("mine"), "{heard:?}");
    }
    assert_eq!((server.reached(), world.names.asked().len()), (1, 1), "one connection is kept for all of them");
    drop(client);
    let mut seen = Vec::new();
    for _ in 0..5 {
        let visit = world.visit().await;
        seen.push((visit.method.unwrap(), visit.path.unwrap_or_default(), visit.reason));
    }
    seen.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    let wanted = [
        ("CONNECT", "", None),
        ("GET", "/api/1", None),
        ("GET", "/api/2", None),
        ("GET", "/other", Some(Reason::PathNotAllowed)),
        ("POST", "/api", Some(Reason::MethodNotAllowed)),
    ];
    assert_eq!(seen, wanted.map(|(method, path, reason)| (method.to_owned(), path.to_owned(), reason)));
}

/// Number 63, inside.
#[tokio::test]
async fn a_request_inside_for_another_host_is_refused_and_the_tunnel_closed() {
    let server = Server::tls("allowed.test").await;
    let world = World::with(vec![rule(&server), own("other.test", server.port)], parts(&server));
    let place = format!("allowed.test:{}", server.port);
    let heads = [
        format!("GET /api HTTP/1.1\r\nHost: other.test:{}\r\n\r\n", server.port),
        "GET /api HTTP/1.1\r\nHost: allowed.test\r\n\r\n".to_owned(),
        "GET /api HTTP/1.1\r\n\r\n".to_owned(),
        format!("GET /api HTTP/1.1\r\nHost: {place}\r\nHost: other.test\r\n\r\n"),
        format!("GET http://other.test:{}/api HTTP/1.1\r\nHost: {place}\r\n\r\n", server.port),
        format!("GET https://other.test/api HTTP/1.1\r\nHost: {place}\r\n\r\n"),
        format!("CONNECT other.test:{0} HTTP/1.1\r\nHost: other.test:{0}\r\n\r\n", server.port),
        format!(
            "GET /api HTTP/1.1\r\nHost: {place}\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
    ];
    for head in heads {
        let mut client = inside(&world, &place).await;
        client.say(&format!("{head}GET /api HTTP/1.1\r\nHost: {place}\r\n\r\n")).await;
        let answer = client.answer().await;
        assert!([400, 421].contains(&answer.status), "{head}: {answer:?}");
        assert_eq!(client.end().await, b"", "{head}");
    }
    assert!(server.heard().is_empty());
}

/// Number 63, where the proxy ends TLS.
#[tokio::test]
async fn a_tunnel_that_is_looked_into_needs_the_hosts_name_too() {
    let server = Server::tls("allowed.test").await;
    let mut world = World::with(vec![rule(&server)], parts(&server));
    let root = world.proxy.as_ref().unwrap().authority().to_owned();
    for name in ["other.test", "127.0.0.1"] {
        let (_, client) = world.connect(&format!("allowed.test:{}", server.port)).await;
        assert!(client.tls(name, &root).await.is_err(), "{name}");
        let visit = world.visit().await;
        assert_eq!((visit.decision, visit.reason), (Verdict::Refused, Some(Reason::OtherName)));
    }
    let (_, mut client) = world.connect(&format!("allowed.test:{}", server.port)).await;
    client.say("GET /api HTTP/1.1\r\nHost: allowed.test\r\n\r\n").await;
    client.end().await;
    assert_eq!(world.visit().await.reason, Some(Reason::NotTls));
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_gets_nothing() {
    let (server, other) = (Server::tls("allowed.test").await, Server::tls("other.test").await);
    // A root that is trusted, and another name; the right name, and a root that isn't.
    for (to, roots) in [(&other, &other), (&server, &other)] {
        let mut world = World::with(vec![rule(to)], parts(roots));
        let (answer, _) = world.connect(&format!("allowed.test:{}", to.port)).await;
        assert_eq!(answer.status, 502, "{answer:?}");
        let visit = world.visit().await;
        assert_eq!((visit.decision, visit.reason), (Verdict::Failed, Some(Reason::Untrusted)));
        assert!(to.heard().is_empty());
    }
}

#[tokio::test]
async fn rules_for_a_whole_host_and_for_a_part_of_it_go_together() {
    let server = Server::tls("allowed.test").await;
    let world =
        World::with(vec![rule(&server), own("*.test", server.port)].into_iter().take(1).collect(), parts(&server));
    let place = format!("allowed.test:{}", server.port);
    let mut client = inside(&world, &place).await;
    client.say(&format!("GET /else HTTP/1.1\r\nHost: {place}\r\n\r\n")).await;
    assert_eq!(client.answer().await.status, 403);
    let world = World::with(vec![rule(&server), own("allowed.test", server.port)], parts(&server));
    let mut client = inside(&world, &place).await;
    client.say(&format!("GET /else HTTP/1.1\r\nHost: {place}\r\nAuthorization: mine\r\n\r\n")).await;
    assert_eq!(client.answer().await.status, 200);
    assert_eq!(
        header(&server.heard()[0].head, "authorization"),
        None,
        "there is one identity at a host that the host vouches for"
    );
}

#[tokio::test]
async fn sessions_do_not_vouch_for_each_other() {
    let server = Server::tls("allowed.test").await;
    let [world, other] = [0, 1].map(|_| World::with(vec![rule(&server)], parts(&server)));
    let (_, client) = world.connect(&format!("allowed.test:{}", server.port)).await;
    let root = other.proxy.as_ref().unwrap().authority().to_owned();
    assert!(client.tls("allowed.test", &root).await.is_err());
    assert!(!root.contains("PRIVATE") && root.contains("BEGIN CERTIFICATE"));
}

/// Only the superuser listens on port 80, so that for others this says no more than the decision's own test.
#[tokio::test]
async fn a_tunnel_to_port_80_is_taken_for_plain_http_and_looked_into() {
    let Ok(listener) = TcpListener::bind("127.0.0.80:80").await else { return };
    let server = Server::on(listener, "here", None);
    let world = World::new(vec![own("allowed.test", 80)]);
    world.names.set("allowed.test", vec![vec!["127.0.0.80".parse().unwrap()]]);
    let (answer, mut client) = world.connect("allowed.test:80").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    client.say("GET /a HTTP/1.1\r\nHost: allowed.test\r\n\r\nGET /b HTTP/1.1\r\nHost: other.test\r\n\r\n").await;
    let (first, second) = (client.answer().await, client.answer().await);
    assert_eq!((first.body.as_str(), second.status), ("here", 421));
    assert_eq!(server.heard().len(), 1);
}

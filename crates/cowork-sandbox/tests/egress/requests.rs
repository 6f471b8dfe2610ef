//! Plain requests, by their whole address.

use cowork_core::HostGrant;
use cowork_sandbox::egress::{Credential, Parts, Reason, Verdict};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::world::{LOOPBACK, Server, World, header, own};

#[tokio::test]
async fn a_request_that_is_allowed_goes_through_and_is_recorded() {
    let server = Server::plain("here").await;
    let mut world = World::new(vec![own("allowed.test", server.port)]);
    let answer = world.get(&format!("http://allowed.test:{}/a/b?secret=1", server.port)).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "here"), "{answer:?}");
    let heard = &server.heard()[0];
    assert_eq!(heard.line, "GET /a/b?secret=1 HTTP/1.1");
    assert_eq!(header(&heard.head, "host"), Some(format!("allowed.test:{}", server.port).as_str()));
    assert_eq!(world.names.asked(), ["allowed.test"]);
    let visit = world.visit().await;
    assert_eq!((visit.at_host.as_str(), visit.port), ("allowed.test", server.port));
    assert_eq!((visit.method.as_deref(), visit.path.as_deref()), (Some("GET"), Some("/a/b")));
    assert_eq!((visit.decision, visit.reason, visit.bytes_up, visit.bytes_down), (Verdict::Allowed, None, 0, 4));
}

#[tokio::test]
async fn by_default_nothing_is_allowed() {
    let server = Server::plain("here").await;
    let mut world = World::new(vec![]);
    let answer = world.get(&format!("http://allowed.test:{}/", server.port)).await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("no rule of this session allows this host"), "{answer:?}");
    let visit = world.visit().await;
    assert_eq!((visit.decision, visit.reason), (Verdict::Refused, Some(Reason::NotAllowed)));
    assert_eq!((server.reached(), world.names.asked().len()), (0, 0));
}

#[tokio::test]
async fn content_goes_both_ways_however_it_is_framed_and_is_counted() {
    let server = Server::plain("here").await;
    let mut world = World::new(vec![own("allowed.test", server.port)]);
    let host = format!("allowed.test:{}", server.port);
    let mut client = world.client().await;
    let head = format!("POST http://{host}/x HTTP/1.1\r\nHost: {host}\r\n{}", world.auth());
    client.say(&format!("{head}Content-Length: 5\r\n\r\nhello")).await;
    assert_eq!(client.answer().await.status, 200);
    client.say(&format!("{head}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")).await;
    let answer = client.answer().await;
    assert_eq!((answer.status, header(&answer.head, "connection")), (200, Some("close")));
    client.end().await;
    let heard = server.heard();
    assert_eq!(heard[0].body, "hello");
    assert!(heard[1].body.contains("abc") && heard[1].body.ends_with("0\r\n\r\n"), "{heard:?}");
    assert_eq!(server.reached(), 1, "the connection to the server is kept");
    for _ in 0..2 {
        assert_eq!((world.visit().await.bytes_up, 4), (5, 4));
    }
}

#[tokio::test]
async fn what_is_between_the_command_and_the_proxy_stays_there() {
    let server = Server::plain("here").await;
    let world = World::new(vec![own("allowed.test", server.port)]);
    let host = format!("allowed.test:{}", server.port);
    let mut client = world.client().await;
    let own = "Connection: keep-alive, X-Mine, Upgrade\r\nX-Mine: 1\r\nUpgrade: h2c\r\nKeep-Alive: 5\r\nTE: trailers\r\n\
               Proxy-Connection: keep-alive\r\nX-Kept: 1\r\nAccept: */*\r\n";
    client.say(&format!("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n{}{own}\r\n", world.auth())).await;
    let answer = client.answer().await;
    assert_eq!((answer.status, header(&answer.head, "keep-alive")), (200, None));
    let head = server.heard()[0].head.to_lowercase();
    for gone in ["proxy-", "connection", "x-mine", "upgrade", "keep-alive", "te:", "basic"] {
        assert!(!head.contains(gone), "{gone} in {head}");
    }
    assert!(head.contains("x-kept: 1") && head.contains("accept: */*"), "{head}");
}

#[tokio::test]
async fn a_rule_can_be_for_some_methods_and_paths_only() {
    let server = Server::plain("here").await;
    let some = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
    let rule =
        HostGrant { methods: some(&["GET", "HEAD"]), paths: some(&["/a", "/b/"]), ..own("allowed.test", server.port) };
    let world = World::new(vec![rule]);
    let base = format!("http://allowed.test:{}", server.port);
    for path in ["/a", "/a/", "/a/x?../..", "/b/", "/b/x", "/a/x.y/..z"] {
        assert_eq!(world.get(&format!("{base}{path}")).await.status, 200, "{path}");
    }
    let odd = [
        "/",
        "/ab",
        "/b",
        "/c",
        "/A",
        "/a/../c",
        "/a/./x",
        "/a/%2e%2e/c",
        "/a/%2E./c",
        "/a/..%2fc",
        "/a/..%5Cc",
        "/a/%252e%252e/c",
        "/a/..;/c",
        "/a/..%3b/c",
        "//a",
        "/%61",
    ];
    for path in odd {
        let answer = world.get(&format!("{base}{path}")).await;
        assert!(answer.status == 403 && answer.body.contains("path"), "{path}: {answer:?}");
    }
    for method in ["POST", "DELETE", "get"] {
        let mut client = world.client().await;
        client.say(&world.request(method, &format!("{base}/a"))).await;
        let answer = client.answer().await;
        assert!(answer.status == 403 && answer.body.contains("method"), "{method}: {answer:?}");
    }
    let host = format!("allowed.test:{}", server.port);
    let mut client = world.client().await;
    let other = "X-HTTP-Method-Override: DELETE\r\nX-Original-URL: /c\r\n";
    client.say(&format!("GET {base}/a HTTP/1.1\r\nHost: {host}\r\n{}{other}\r\n", world.auth())).await;
    assert_eq!(client.answer().await.status, 200);
    let heard = server.heard();
    assert_eq!(heard.len(), 7);
    assert!(!heard[6].head.to_lowercase().contains("x-"), "{heard:?}");
}

#[tokio::test]
async fn a_wildcard_is_for_what_is_below_a_name() {
    let server = Server::plain("here").await;
    let world = World::new(vec![own("*.allowed.test", server.port)]);
    assert_eq!(world.get(&format!("http://api.allowed.test:{}/", server.port)).await.status, 200);
    for host in ["allowed.test", "xallowed.test", "api.allowed.test.other.test", "127.0.0.1"] {
        assert_eq!(world.get(&format!("http://{host}:{}/", server.port)).await.status, 403, "{host}");
    }
    assert_eq!(world.names.asked(), ["api.allowed.test"]);
}

#[tokio::test]
async fn a_credential_is_added_and_the_commands_own_is_taken_away() {
    let server = Server::plain("here").await;
    let key = Credential::new("X-Key", "held-by-the-host").unwrap();
    let parts = Parts { credentials: [("key".to_owned(), key)].into(), ..Parts::default() };
    let paths = Some(vec!["/with".to_owned()]);
    let with = HostGrant { paths, credential: Some("key".to_owned()), ..own("allowed.test", server.port) };
    let mut world = World::with(vec![with, own("allowed.test", server.port)], parts);
    let host = format!("allowed.test:{}", server.port);
    let mine = "Authorization: Bearer mine\r\nCookie: mine=1\r\nX-API-Key: mine\r\nx-key: mine\r\nX-KEY: mine\r\n";
    let mut client = world.client().await;
    for path in ["/with/x", "/without"] {
        let head = format!("GET http://{host}{path} HTTP/1.1\r\nHost: {host}\r\n{}{mine}\r\n", world.auth());
        client.say(&head).await;
        assert_eq!(client.answer().await.status, 200);
    }
    let heard = server.heard();
    assert!(heard.iter().all(|heard| !heard.head.contains("mine")), "{heard:?}");
    assert_eq!(header(&heard[0].head, "x-key"), Some("held-by-the-host"));
    assert_eq!(header(&heard[1].head, "x-key"), None, "only where its rule is");
    let visits = [world.visit().await, world.visit().await];
    let shown = format!("{:?} {visits:?}", world.proxy);
    assert!(!shown.contains("held-by") && !shown.contains(world.token.expose()), "{shown}");
}

#[tokio::test]
async fn a_credential_does_not_go_over_the_internet_in_the_clear() {
    let key = Credential::bearer("held-by-the-host").unwrap();
    let parts = Parts { credentials: [("key".to_owned(), key)].into(), ..Parts::default() };
    let rule =
        HostGrant { host: "allowed.test".to_owned(), credential: Some("key".to_owned()), ..HostGrant::default() };
    let mut world = World::with(vec![rule], parts);
    let answer = world.get("http://allowed.test/").await;
    assert!(answer.status == 403 && answer.body.contains("use https://"), "{answer:?}");
    assert_eq!(world.visit().await.reason, Some(Reason::InTheClear));
    assert!(world.names.asked().is_empty());
}

#[tokio::test]
async fn a_host_that_is_not_there_is_said_so() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut world = World::new(vec![own("allowed.test", gone), own("unknown.test", gone)]);
    assert_eq!(world.get(&format!("http://allowed.test:{gone}/")).await.status, 502);
    assert_eq!(world.visit().await.reason, Some(Reason::Unreachable));
    assert_eq!(world.connect(&format!("unknown.test:{gone}")).await.0.status, 502);
    let visit = world.visit().await;
    assert_eq!((visit.decision, visit.reason), (Verdict::Failed, Some(Reason::NotFound)));
}

#[tokio::test]
async fn what_is_recorded_has_no_query_and_no_password_whatever_was_asked() {
    let mut world = World::new(vec![]);
    for (line, host, path) in [
        ("GET http://allowed.test/a?to=http://x/secret", "allowed.test", Some("/a")),
        ("GET http://allowed.test?secret", "allowed.test", Some("/")),
        ("GET http://me:secret@allowed.test/a", "allowed.test", None),
        ("GET /a?to=http://x/secret", "", None),
        ("GET https://allowed.test/a?secret", "allowed.test", None),
        ("CONNECT allowed.test:443", "allowed.test", None),
        ("CONNECT me:secret@allowed.test:443", "allowed.test:443", None),
    ] {
        let mut client = world.client().await;
        client.say(&format!("{line} HTTP/1.1\r\nHost: allowed.test\r\n{}\r\n", world.auth())).await;
        client.answer().await;
        let visit = world.visit().await;
        assert_eq!((visit.at_host.as_str(), visit.path.as_deref()), (host, path), "{line}");
        assert!(!format!("{visit:?}").contains("secret"), "{visit:?}");
    }
}

#[tokio::test]
async fn a_request_that_would_be_shown_as_it_came_is_refused_though_a_rule_allows_all() {
    let server = Server::plain("here").await;
    let world = World::new(vec![own("allowed.test", server.port)]);
    for (method, status) in [("TRACE", 403), ("OPTIONS", 200), ("WHATEVER", 200)] {
        let mut client = world.client().await;
        client.say(&world.request(method, &format!("http://allowed.test:{}/", server.port))).await;
        assert_eq!(client.answer().await.status, status, "{method}");
    }
}

#[tokio::test]
async fn hosts_in_turn_on_one_connection_each_get_what_is_theirs() {
    let (server, other) = (Server::plain("here").await, Server::plain("there").await);
    let world = World::new(vec![own("allowed.test", server.port), own("other.test", other.port)]);
    let mut client = world.client().await;
    for _ in 0..3 {
        for (host, port, body) in [("allowed.test", server.port, "here"), ("other.test", other.port, "there")] {
            client.say(&world.request("GET", &format!("http://{host}:{port}/"))).await;
            assert_eq!(client.answer().await.body, body);
        }
    }
}

/// A server that a test plays itself.
async fn played() -> (TcpListener, u16) {
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

async fn read_until(server: &mut TcpStream, end: &str) {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end.as_bytes()) {
        assert!(server.read_buf(&mut bytes).await.unwrap() > 0, "{}", String::from_utf8_lossy(&bytes));
    }
}

#[tokio::test]
async fn content_that_comes_in_parts_and_looks_like_a_request_is_none() {
    let (listener, port) = played().await;
    let mut world = World::new(vec![own("allowed.test", port)]);
    let address = format!("http://allowed.test:{port}/");
    let hidden = world.request("GET", "http://evil.test/");
    let parts = [hidden.as_str(), "GET http", hidden.as_str()];
    let length = parts.concat().len();
    let mut client = world.client().await;
    let head = world.request("POST", &address);
    client.say(&format!("{}Content-Length: {length}\r\n\r\n", head.strip_suffix("\r\n").unwrap())).await;
    let (mut server, _) = listener.accept().await.unwrap();
    read_until(&mut server, "\r\n\r\n").await;
    for part in parts {
        client.say(part).await;
        // Only when it has come through does the next go.
        read_until(&mut server, part).await;
    }
    for _ in 0..2 {
        server.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
        assert_eq!(client.answer().await.status, 200);
        assert_eq!(world.visit().await.at_host, "allowed.test");
        client.say(&world.request("GET", &address)).await;
        read_until(&mut server, "\r\n\r\n").await;
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_meanwhile_is_made_anew() {
    let (listener, port) = played().await;
    let world = World::new(vec![own("allowed.test", port)]);
    let mut client = world.client().await;
    for _ in 0..3 {
        client.say(&world.request("GET", &format!("http://allowed.test:{port}/"))).await;
        let (mut server, _) = listener.accept().await.unwrap();
        read_until(&mut server, "\r\n\r\n").await;
        server.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
        drop(server);
        assert_eq!(client.answer().await.body, "ok");
    }
    assert_eq!(world.names.asked().len(), 3, "and its address is checked anew");
}

#[tokio::test]
async fn an_answer_that_could_be_read_in_two_ways_or_changes_the_protocol_is_not_passed_on() {
    let answers = [
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
        "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n\r\n",
    ];
    for answer in answers {
        let (listener, port) = played().await;
        let world = World::new(vec![own("allowed.test", port)]);
        let mut client = world.client().await;
        client.say(&world.request("GET", &format!("http://allowed.test:{port}/"))).await;
        let (mut server, _) = listener.accept().await.unwrap();
        read_until(&mut server, "\r\n\r\n").await;
        server.write_all(answer.as_bytes()).await.unwrap();
        assert_eq!(client.answer().await.status, 502, "{answer}");
    }
}

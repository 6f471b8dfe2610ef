//! Ways out that a hostile program would try: what proxies of other sandboxes let through.

use cowork_core::HostGrant;
use cowork_sandbox::egress::{Reason, Token, Verdict};

use crate::world::{Client, LOOPBACK, Server, World, auth, own};

/// A rule as a person would write it.
fn public(host: &str) -> HostGrant {
    HostGrant { host: host.to_owned(), ..HostGrant::default() }
}

/// Number 59.
#[tokio::test]
async fn what_is_refused_asks_no_dns() {
    let world = World::new(vec![public("allowed.test")]);
    for name in ["c2VjcmV0.evil.test", "x.allowed.test", "allowed.test.evil.test", "allowed.test."] {
        assert_eq!(world.get(&format!("http://{name}/")).await.status, 403, "{name}");
        assert_eq!(world.connect(&format!("{name}:443")).await.0.status, 403, "{name}");
    }
    // Allowed hosts, but not this port, this token or this way of asking.
    assert_eq!(world.connect("allowed.test:22").await.0.status, 403);
    assert_eq!(world.get("ftp://allowed.test/").await.status, 400);
    let mut client = world.client().await;
    client.say("CONNECT allowed.test:443 HTTP/1.1\r\nHost: allowed.test:443\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 407);
    assert_eq!(world.names.asked(), [""; 0]);
}

/// Number 60.
#[tokio::test]
async fn an_address_of_the_computers_own_network_is_refused_in_every_notation_and_whatever_a_rule_says() {
    let named = ["169.254.169.254", "127.0.0.1", "[::1]", "[fe80::1]", "[fd00:ec2::254]", "100.100.100.200", "0.0.0.0"];
    let rules = named.map(public).into_iter().chain([public("*.allowed.test")]).collect();
    let mut world = World::new(rules);
    let written = [
        "169.254.169.254",
        "127.0.0.1",
        "[::1]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "0.0.0.0",
        "2852039166",
        "0xa9fea9fe",
        "0xA9.0xFE.0xA9.0xFE",
        "0251.0376.0251.0376",
        "025177524776",
        "169.254.43518",
        "169.16689662",
        "127.1",
        "0",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[::a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::]",
        "[fe80::1%25eth0]",
        "[fe80::1%eth0]",
        "169.254.169.254.",
        "169.254.169.254.allowed.test.",
        "[::]",
        "[169.254.169.254]",
        "10.0.0.1",
        "192.168.1.1",
    ];
    for host in written {
        for (method, target) in [("GET", format!("http://{host}/latest/")), ("CONNECT", format!("{host}:443"))] {
            let mut client = world.client().await;
            client.say(&world.request(method, &target)).await;
            let answer = client.answer().await;
            // A percent sign is nothing that HTTP has in a host.
            assert!(answer.status == 403 || host.contains('%') && answer.status == 400, "{target}: {answer:?}");
        }
    }
    assert_eq!(world.names.asked(), [""; 0]);
    assert_eq!(world.visit().await.reason, Some(Reason::PrivateAddress));
}

/// Number 61.
#[tokio::test]
async fn a_name_that_leads_back_to_this_computer_is_refused() {
    let server = Server::plain("here").await;
    let rule = HostGrant { private: false, ..own("allowed.test", server.port) };
    let mut world = World::new(vec![rule]);
    let anybody = "93.184.216.34".parse().unwrap();
    let mapped = "::ffff:127.0.0.1".parse().unwrap();
    for addresses in [vec![LOOPBACK], vec![anybody, LOOPBACK], vec![LOOPBACK, anybody], vec![mapped]] {
        world.names.set("allowed.test", vec![addresses]);
        assert_eq!(world.get(&format!("http://allowed.test:{}/", server.port)).await.status, 403);
        assert_eq!(world.visit().await.reason, Some(Reason::PrivateAddress));
        assert_eq!(world.connect(&format!("allowed.test:{}", server.port)).await.0.status, 403);
        assert_eq!(world.visit().await.reason, Some(Reason::PrivateAddress));
    }
    assert_eq!(server.reached(), 0);
}

/// Number 61: between the check and the connection nobody is asked again.
#[tokio::test]
async fn a_connection_goes_to_the_very_address_that_was_checked() {
    let server = Server::plain("here").await;
    let world = World::new(vec![own("allowed.test", server.port)]);
    let elsewhere = vec!["192.0.2.1".parse().unwrap()];
    world.names.set("allowed.test", vec![vec![LOOPBACK], elsewhere]);
    assert_eq!(world.get(&format!("http://allowed.test:{}/", server.port)).await.body, "here");
    assert_eq!(world.names.asked(), ["allowed.test"]);
}

/// Number 62.
#[tokio::test]
async fn a_name_that_only_looks_like_an_allowed_one_is_refused() {
    let world = World::new(vec![public("allowed.com"), public("*.allowed.com")]);
    let hosts = [
        "allowed.com.evil",
        "evil-allowed.com",
        "evilallowed.com",
        "allowed.com.",
        "allowed..com",
        ".allowed.com",
        "allowed.com@evil.com",
        "user:pass@allowed.com",
        "allowed.com:443@evil.com",
        "evil%2eallowed.com",
        "evil%00.allowed.com",
        "-.allowed.com",
        "evil_.-.allowed.com",
        "allowed.com:",
        "allowed.com:0",
        "allowed.com:+443",
        "allowed.com:0443",
        "allowed.com:65536",
        "allowed.com:443:443",
        "[allowed.com]",
        "[::1].allowed.com",
        "*.allowed.com",
        "xn--allowed.com.evil",
        "",
    ];
    for host in hosts {
        for (method, target) in [("GET", format!("http://{host}/")), ("CONNECT", format!("{host}:443"))] {
            let mut client = world.client().await;
            client.say(&world.request(method, &target)).await;
            let answer = client.answer().await;
            assert!([400, 403].contains(&answer.status), "{target}: {answer:?}");
        }
    }
    assert_eq!(world.names.asked(), [""; 0]);
}

/// Number 62: characters that end text for some, and not for others.
#[tokio::test]
async fn control_characters_in_a_host_are_refused() {
    let mut world = World::new(vec![public("allowed.com"), public("*.allowed.com")]);
    for odd in ["\0", "\x01", "\t", " ", "\x7f", "\r", "\n", "\u{e4}", "\u{3002}", "\\", "\u{ff0e}"] {
        for target in [format!("http://evil{odd}.allowed.com/"), format!("http://evil.com{odd}.allowed.com:80/")] {
            let mut client = world.client().await;
            client.say(&world.request("GET", &target)).await;
            let answer = client.answer().await;
            assert!([400, 403].contains(&answer.status), "{target:?}: {answer:?}");
            let visit = world.visit().await;
            assert_eq!(visit.decision, Verdict::Refused);
            assert!(!visit.at_host.contains(char::is_control), "{visit:?}");
        }
        let mut client = world.client().await;
        client.say(&world.request("CONNECT", &format!("evil{odd}.allowed.com:443"))).await;
        assert!([400, 403].contains(&client.answer().await.status), "{odd:?}");
        world.visit().await;
    }
    assert_eq!(world.names.asked(), [""; 0]);
}

/// Number 64.
#[tokio::test]
async fn every_request_on_a_connection_is_checked() {
    let (server, other) = (Server::plain("here").await, Server::plain("other").await);
    let mut world = World::new(vec![own("allowed.test", server.port)]);
    let good = format!("http://allowed.test:{}/1", server.port);
    let bad = format!("http://other.test:{}/2", other.port);
    let mut client = world.client().await;
    // All at once.
    let all = [&good, &bad, &good].map(|address| world.request("GET", address)).concat();
    client.say(&all).await;
    let statuses = [client.answer().await.status, client.answer().await.status, client.answer().await.status];
    assert_eq!(statuses, [200, 403, 200]);
    // One after the other, with content between that looks like a request.
    let hidden = world.request("GET", &bad);
    let host = format!("allowed.test:{}", server.port);
    let head =
        format!("POST {good} HTTP/1.1\r\nHost: {host}\r\n{}Content-Length: {}\r\n\r\n", world.auth(), hidden.len());
    client.say(&format!("{head}{hidden}{}", world.request("GET", &bad))).await;
    assert_eq!([client.answer().await.status, client.answer().await.status], [200, 403]);
    assert_eq!((server.heard().len(), other.reached()), (3, 0));
    assert_eq!(world.names.asked(), ["allowed.test"]);
    let mut verdicts = Vec::new();
    for _ in 0..5 {
        verdicts.push(world.visit().await.decision);
    }
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Refused).count(), 2);
}

/// Number 64: a tunnel to the proxy, or one asked for in another.
#[tokio::test]
async fn a_tunnel_does_not_lead_to_another_proxy() {
    let world = World::new(vec![public("allowed.test"), public("127.0.0.1"), public("localhost")]);
    world.names.set("localhost", vec![vec![LOOPBACK]]);
    for host in ["127.0.0.1", "localhost", "allowed.test"] {
        assert_eq!(world.connect(&format!("{host}:{}", world.port)).await.0.status, 403, "{host}");
        assert_eq!(world.connect(&format!("{host}:443")).await.0.status, 403, "{host}");
    }
    let server = Server::plain("here").await;
    let world = World::new(vec![own("allowed.test", server.port)]);
    let (answer, mut client) = world.connect(&format!("allowed.test:{}", server.port)).await;
    assert_eq!(answer.status, 200);
    client.say(&world.request("CONNECT", "other.test:443")).await;
    assert_eq!(client.end().await, b"", "what is no TLS is not passed on");
    assert!(server.heard().is_empty());
}

/// Number 65.
#[tokio::test]
async fn a_redirect_is_the_commands_to_follow_and_is_checked_when_it_does() {
    let (server, other) = (Server::plain("here").await, Server::plain("other").await);
    let world = World::new(vec![own("allowed.test", server.port)]);
    let to = format!("http://other.test:{}/", other.port);
    let answer = world.get(&format!("http://allowed.test:{}/to?{to}", server.port)).await;
    assert_eq!(answer.status, 302);
    assert!(answer.head.contains(&to), "{answer:?}");
    assert_eq!(world.get(&to).await.status, 403);
    assert_eq!((other.reached(), world.names.asked()), (0, vec!["allowed.test".to_owned()]));
}

/// Number 66.
#[tokio::test]
async fn another_sessions_token_is_not_this_ones() {
    let server = Server::plain("here").await;
    let mut world = World::new(vec![own("allowed.test", server.port)]);
    let other = World::new(vec![own("allowed.test", server.port)]);
    let host = format!("allowed.test:{}", server.port);
    let right = world.auth();
    let said = [
        other.auth(),
        String::new(),
        "Proxy-Authorization: Basic\r\n".to_owned(),
        "Proxy-Authorization: Basic \r\n".to_owned(),
        format!("Proxy-Authorization: Bearer {}\r\n", world.token.expose()),
        right.replace("Proxy-", ""),
        format!("{}{right}", other.auth()),
        format!("{right}{right}"),
        right.replace("\r\n", "=\r\n"),
        auth(&Token::random().unwrap()),
    ];
    for said in said {
        for line in [format!("GET http://{host}/ HTTP/1.1"), format!("CONNECT {host} HTTP/1.1")] {
            let mut client = world.client().await;
            client.say(&format!("{line}\r\nHost: {host}\r\n{said}\r\n")).await;
            let answer = client.answer().await;
            assert_eq!(answer.status, 407, "{said:?}");
            assert!(answer.head.to_lowercase().contains("proxy-authenticate: basic"), "{answer:?}");
            assert_eq!(world.visit().await.reason, Some(Reason::Stranger));
        }
    }
    assert_eq!((server.reached(), world.names.asked().len()), (0, 0));
    let mut client = world.client().await;
    let scheme = right.replace("Basic", "bAsIc");
    client.say(&format!("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n{scheme}\r\n")).await;
    assert_eq!(client.answer().await.status, 200);
}

#[tokio::test]
async fn the_host_header_has_to_be_of_the_same_mind() {
    let server = Server::plain("here").await;
    let world = World::new(vec![own("allowed.test", server.port)]);
    let place = format!("allowed.test:{}", server.port);
    let hosts = [
        "Host: other.test\r\n".to_owned(),
        format!("Host: {place}.\r\n"),
        format!("Host: x@{place}\r\n"),
        "Host: \r\n".to_owned(),
        String::new(),
        format!("Host: {place}\r\nHost: {place}\r\n"),
        format!("Host: {place}, other.test\r\n"),
    ];
    for host in hosts {
        let lines = [format!("GET http://{place}/ HTTP/1.1"), format!("CONNECT {place} HTTP/1.1")];
        for line in lines {
            let mut client = world.client().await;
            client.say(&format!("{line}\r\n{host}{}\r\n", world.auth())).await;
            let answer = client.answer().await;
            assert!([400, 421].contains(&answer.status), "{line} {host:?}: {answer:?}");
            client.end().await;
        }
    }
    assert_eq!((server.reached(), world.names.asked().len()), (0, 0));
}

/// Requests that hide another in them for whoever reads them otherwise.
#[tokio::test]
async fn a_request_that_can_be_read_in_two_ways_is_refused() {
    let server = Server::plain("here").await;
    let mut world = World::new(vec![own("allowed.test", server.port)]);
    let host = format!("allowed.test:{}", server.port);
    let rests = [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nGET",
        "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "Content-Length: 5, 5\r\n\r\nhello",
        "Content-Length: +5\r\n\r\nhello",
        "Content-Length: 0x5\r\n\r\nhello",
        "Content-Length: \r\n\r\n",
        "Content-Length: 99999999999999999999999\r\n\r\n",
        "Content-Length : 5\r\n\r\nhello",
        "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        "X-Folded: a\r\n b\r\n\r\n",
        "X-Folded: a\r\n\tb\r\n\r\n",
        "X-Bare: a\nX-Other: b\r\n\r\n",
        "X-Bare: a\rX-Other: b\r\n\r\n",
        "X-Bare: a\r\r\nX-Other: b\r\n\r\n",
        "X-Nul: a\0b\r\n\r\n",
        "X-Last: a\n\n",
        " X-First: a\r\n\r\n",
        ": no name\r\n\r\n",
    ];
    for rest in rests {
        let mut client = world.client().await;
        client.say(&format!("POST http://{host}/ HTTP/1.1\r\nHost: {host}\r\n{}{rest}", world.auth())).await;
        refused(client, rest).await;
        assert_eq!(world.visit().await.reason, Some(Reason::Malformed), "{rest:?}");
    }
    assert_eq!((server.reached(), world.names.asked().len()), (0, 0));
}

#[tokio::test]
async fn a_request_line_that_is_not_one_is_refused() {
    let server = Server::plain("here").await;
    let world = World::new(vec![own("allowed.test", server.port)]);
    let host = format!("allowed.test:{}", server.port);
    let firsts = [
        format!("\r\nGET http://{host}/ HTTP/1.1"),
        format!("\nGET http://{host}/ HTTP/1.1"),
        format!("GET  http://{host}/ HTTP/1.1"),
        format!("GET http://{host}/  HTTP/1.1"),
        format!("GET http://{host}/ HTTP/1.1 "),
        format!("GET http://{host}/#x HTTP/1.1"),
        format!("GET http://{host}/ HTTP/2.0"),
        format!("GET http://{host}/ HTTP/0.9"),
        format!("GET http://{host}/"),
        "GET / HTTP/1.1".to_owned(),
        "GET * HTTP/1.1".to_owned(),
        "OPTIONS * HTTP/1.1".to_owned(),
        format!("GET https://{host}/ HTTP/1.1"),
        format!("GET {host} HTTP/1.1"),
        format!("CONNECT http://{host}/ HTTP/1.1"),
        format!("CONNECT {host} HTTP/1.1\r\nContent-Length: 5"),
        format!("CONNECT {host} HTTP/1.1\r\nTransfer-Encoding: chunked"),
        format!("POST http://{host}/ HTTP/1.0\r\nTransfer-Encoding: chunked"),
    ];
    for first in firsts {
        let mut client = world.client().await;
        client.say(&format!("{first}\r\nHost: {host}\r\n{}\r\n", world.auth())).await;
        refused(client, &first).await;
    }
    assert_eq!((server.reached(), world.names.asked().len()), (0, 0));
}

async fn refused(mut client: Client<tokio::net::TcpStream>, what: &str) {
    let answer = client.answer().await;
    assert!([400, 403, 421].contains(&answer.status), "{what:?}: {answer:?}");
}

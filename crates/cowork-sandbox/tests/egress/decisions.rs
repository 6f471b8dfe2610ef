//! Decisions, without a network: any host, any head, any first message.

use cowork_core::HostGrant;
use std::collections::BTreeMap;

use cowork_sandbox::egress::{
    Reason, Rules, Token,
    fuzzed::{Body, Decision, Gate, Head, Host, Place, Way, Within, decision, hello},
};
use proptest::prelude::*;

use crate::world::auth;

fn gate(hosts: &[&str], token: Token) -> Gate {
    let allowed = |host: &&str| HostGrant { host: (*host).to_owned(), ..HostGrant::default() };
    let allowed: Vec<HostGrant> = hosts.iter().map(allowed).collect();
    Gate::new(&Rules { allowed }, token, &BTreeMap::new()).unwrap()
}

#[test]
fn hosts_are_read_in_one_way_only() {
    let name = |name: &str| Ok(Host::Name(name.to_owned()));
    let address = |address: &str| Ok(Host::Address(address.parse().unwrap()));
    for (text, read) in [
        ("Example.COM", name("example.com")),
        ("a_b.example", name("a_b.example")),
        ("xn--bcher-kva.example", name("xn--bcher-kva.example")),
        ("1.example", name("1.example")),
        ("0x1.example", name("0x1.example")),
        ("localhost", name("localhost")),
        ("1.2.3.4", address("1.2.3.4")),
        ("[::1]", address("::1")),
        ("[2001:DB8::1]", address("2001:db8::1")),
        ("1.2.3", Err(Reason::OddHost)),
        ("1.2.3.04", Err(Reason::OddHost)),
        ("1.2.3.256", Err(Reason::OddHost)),
        ("a.1", Err(Reason::OddHost)),
        ("a.0x", Err(Reason::OddHost)),
        ("::1", Err(Reason::OddHost)),
        ("[::1", Err(Reason::OddHost)),
        ("", Err(Reason::OddHost)),
    ] {
        assert_eq!(Host::read(text), read, "{text}");
    }
    assert_eq!(Host::read(&"a.".repeat(127).replace("a.a", "a.b")), Err(Reason::OddHost));
    assert!(Host::read(&"a".repeat(63)).is_ok() && Host::read(&"a".repeat(64)).is_err());
}

#[test]
fn a_name_in_another_script_is_the_same_as_its_letters() {
    let token = Token::random().unwrap();
    let gate = gate(&["b\u{fc}cher.example", "*.M\u{dc}NCHEN.example"], token.clone());
    for (host, allowed) in [
        ("xn--bcher-kva.example", true),
        ("XN--BCHER-KVA.example", true),
        ("x.xn--mnchen-3ya.example", true),
        ("xn--mnchen-3ya.example", false),
        ("bucher.example", false),
    ] {
        let head = format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n{}\r\n", auth(&token));
        let decided = decision(&gate, &Within::Proxy, head.as_bytes()).unwrap().unwrap();
        assert_eq!(matches!(decided, Decision::Allow(_)), allowed, "{host}: {decided:?}");
    }
}

#[test]
fn a_tunnel_is_looked_into_where_a_rule_needs_it() {
    let token = Token::random().unwrap();
    let paths = Some(vec!["/a".to_owned()]);
    let part = HostGrant { host: "part.example".to_owned(), paths, ..HostGrant::default() };
    let whole = HostGrant { host: "whole.example".to_owned(), ..HostGrant::default() };
    let gate = Gate::new(&Rules { allowed: vec![whole, part] }, token.clone(), &BTreeMap::new()).unwrap();
    for (place, way) in [
        ("whole.example:443", Way::Tunnel),
        ("whole.example:80", Way::Inspect { tls: false }),
        ("part.example:443", Way::Inspect { tls: true }),
        ("part.example:80", Way::Inspect { tls: false }),
    ] {
        let head = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{}\r\n", auth(&token));
        match decision(&gate, &Within::Proxy, head.as_bytes()) {
            Ok(Some(Decision::Allow(pass))) => assert_eq!(pass.way, way, "{place}"),
            other => assert!(matches!(other, Ok(Some(Decision::Allow(_)))), "{place}: {other:?}"),
        }
    }
    let within = Within::Tunnel { place: Place::read("part.example:80", None).unwrap(), tls: false };
    for (line, allowed) in
        [("GET /a", true), ("GET /b", false), ("GET http://part.example/a", false), ("CONNECT x:443", false)]
    {
        let decided = decision(&gate, &within, format!("{line} HTTP/1.1\r\nHost: part.example\r\n\r\n").as_bytes());
        assert_eq!(matches!(decided, Ok(Some(Decision::Allow(_)))), allowed, "{line}: {decided:?}");
    }
}

#[test]
fn a_head_is_read_as_it_is_written() {
    let text = b"POST http://x.example/a?b HTTP/1.1\r\nHost: x.example\r\nContent-Length: 12\r\n\r\nmore";
    let (head, len) = Head::read(text).unwrap().unwrap();
    assert_eq!((head.method.as_str(), head.target.as_str(), len), ("POST", "http://x.example/a?b", text.len() - 4));
    assert_eq!(head.body, Body::Length(12));
    for end in 0..len {
        assert_eq!(Head::read(&text[..end]), Ok(None), "{end}");
    }
}

proptest! {
    /// Whoever is let through asked for the allowed host, by its whole name, with a port of it.
    #[test]
    fn only_what_is_allowed_is_let_through(
        prefix in "[a-z.@:/%\\\\0-9\\[\\]-]{0,6}",
        host in "(allowed\\.com|www\\.allowed\\.com|evil\\.com|1\\.2\\.3\\.4)",
        suffix in "[a-z.@:/%0-9\\[\\]-]{0,6}",
        connect in any::<bool>(),
    ) {
        let token = Token::random().unwrap();
        let gate = gate(&["allowed.com"], token.clone());
        let place = format!("{prefix}{host}{suffix}");
        let (method, target) = if connect { ("CONNECT", format!("{place}:443")) } else { ("GET", format!("http://{place}/")) };
        let authority = target.strip_prefix("http://").unwrap_or(&target).split('/').next().unwrap();
        let head = format!("{method} {target} HTTP/1.1\r\nHost: {authority}\r\n{}\r\n", auth(&token));
        if let Ok(Some(Decision::Allow(pass))) = decision(&gate, &Within::Proxy, head.as_bytes()) {
            prop_assert_eq!(pass.place.host.to_string(), "allowed.com");
            prop_assert!(["allowed.com", "allowed.com:80", "allowed.com:443"].contains(&authority), "{}", target);
        }
    }

    #[test]
    fn a_host_that_is_read_is_read_the_same_again(text in "\\PC{0,20}|[a-zA-Z0-9._-]{1,30}|[0-9xa-f.]{1,16}|\\[[0-9a-f:.]{1,20}\\]") {
        if let Ok(host) = Host::read(&text) {
            prop_assert_eq!(Host::read(&host.to_string()), Ok(host.clone()));
            prop_assert!(host.to_string().eq_ignore_ascii_case(&text) || matches!(host, Host::Address(_)));
        }
    }

    #[test]
    fn any_bytes_can_come(bytes in proptest::collection::vec(any::<u8>(), 0..300), size in 1usize..50) {
        let gate = gate(&["allowed.com"], Token::random().unwrap());
        let decided = decision(&gate, &Within::Proxy, &bytes);
        prop_assert!(!matches!(decided, Ok(Some(Decision::Allow(_)))), "nobody guesses the token");
        let _ = hello(&bytes, size);
        let _ = hello(&[&[22, 3, 1][..], &bytes].concat(), size);
    }
}

//! What can't be meant, and what can't be used: said before anything runs. Number 69.

use cowork_core::HostGrant;
use std::{net::TcpListener, time::Duration};

use cowork_core::{Error, Kind};
use cowork_sandbox::egress::{Credential, Limits, Parts, Proxy, Rules, Token};

use crate::world::LOOPBACK;

fn start(rules: &Rules, parts: Parts) -> Error {
    let listener = TcpListener::bind((LOOPBACK, 0)).unwrap();
    let error = Proxy::start(listener, rules, Token::random().unwrap(), parts).unwrap_err();
    assert!(error.fix().is_some(), "{error:?}");
    error
}

fn wrong_rules(good: &HostGrant) -> Vec<HostGrant> {
    let some = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    let mut wrong: Vec<HostGrant> = [
        "",
        "*",
        "*.",
        "*.com",
        "*.co.uk",
        "*.github.io",
        "*.test",
        "a.*.com",
        "*.*.com",
        "a*.com",
        "https://allowed.test",
        "allowed.test/a",
        "allowed.test:443",
        "user@allowed.test",
        "allowed.test.",
        ".allowed.test",
        "allowed..test",
        "a b.test",
        "*.127.0.0.1",
        "0x7f000001",
        "127.1",
        "2130706433",
        "::1",
        "[::1%lo]",
        "[::ffff:127.0.0.1]",
        "evil\0.allowed.test",
    ]
    .map(|host| HostGrant { host: host.to_owned(), ..good.clone() })
    .into();
    wrong.push(HostGrant { port: Some(0), ..good.clone() });
    for methods in [&[][..], &[""], &["get"], &["GET "], &["CONNECT"], &["TRACE"], &["GET", "*"]] {
        wrong.push(HostGrant { methods: some(methods), ..good.clone() });
    }
    for paths in
        [&[][..], &[""], &["a"], &["/a/../b"], &["/a?b"], &["/a b"], &["/%2e%2e"], &["/a*"], &["/a#b"], &["/\u{e4}"]]
    {
        wrong.push(HostGrant { paths: some(paths), ..good.clone() });
    }
    wrong.push(HostGrant { credential: Some("nobody's".to_owned()), ..good.clone() });
    wrong
}

#[tokio::test]
async fn rules_that_cannot_be_meant_are_refused() {
    let good = HostGrant { host: "allowed.test".to_owned(), ..HostGrant::default() };
    for allowed in wrong_rules(&good) {
        let error = start(&Rules { allowed: vec![good.clone(), allowed.clone()] }, Parts::default());
        assert_eq!((error.kind, error.fact("rule")), (Kind::InvalidInput, Some("2")), "{allowed:?}: {error:?}");
        assert!(!error.message.contains(char::is_control), "{error:?}");
    }
    let credentials = [("key".to_owned(), Credential::bearer("held").unwrap())].into();
    let clear = HostGrant { port: Some(80), credential: Some("key".to_owned()), ..good };
    let error = start(&Rules { allowed: vec![clear] }, Parts { credentials, ..Parts::default() });
    assert!(error.message.contains("in the clear"), "{error:?}");
}

#[tokio::test]
async fn credentials_roots_and_limits_that_cannot_be_used_are_refused() {
    let lines = [
        ("", "x"),
        ("a b", "x"),
        ("host", "x"),
        ("connection", "x"),
        ("content-length", "1"),
        ("x-key", ""),
        ("x-key", "a\nb"),
    ];
    for (header, value) in lines {
        let error = Credential::new(header, value).unwrap_err();
        assert_eq!(error.kind, Kind::InvalidInput, "{header}");
    }
    assert!(Credential::bearer(" ").is_err());
    let shown = format!("{:?}", Credential::new("x-key", "held\nhidden").unwrap_err());
    assert!(!shown.contains("held"), "{shown}");
    let paths = Some(vec!["/".to_owned()]);
    let rules = Rules { allowed: vec![HostGrant { host: "allowed.test".to_owned(), paths, ..HostGrant::default() }] };
    let error = start(&rules, Parts { roots: vec![b"no root".to_vec()], ..Parts::default() });
    assert!(error.message.contains("no certificate"), "{error:?}");
    let usual = Limits::default;
    let limits = [
        Limits { head_bytes: 100, ..usual() },
        Limits { connections: 0, ..usual() },
        Limits { idle: Duration::ZERO, ..usual() },
    ];
    for limits in limits {
        let error = start(&Rules::default(), Parts { limits, ..Parts::default() });
        assert_eq!(error.kind, Kind::InvalidInput, "{error:?}");
    }
}

#[tokio::test]
async fn a_socket_that_does_not_listen_is_refused() {
    use rustix::net::{AddressFamily, SocketType, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    let token = Token::random().unwrap();
    let error = Proxy::start(TcpListener::from(socket), &Rules::default(), token, Parts::default()).unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable, "{error:?}");
    assert!(error.fix().unwrap().contains("listens"), "{error:?}");
}

#[test]
fn without_a_runtime_there_is_no_proxy() {
    let error = start(&Rules::default(), Parts::default());
    assert_eq!(error.kind, Kind::Unsupported, "{error:?}");
}

#[test]
fn rules_are_plain_data_and_a_misspelt_one_is_not_a_wider_one() {
    let text =
        r#"[{"host":"*.example.com","port":443,"methods":["GET"],"paths":["/a"],"credential":"key"},{"host":"x.org"}]"#;
    let rules: Rules = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&rules).unwrap(), text);
    assert!(serde_json::from_str::<Rules>(r#"[{"host":"x.org","method":["GET"]}]"#).is_err());
    assert_eq!(serde_json::from_str::<Rules>("[]").unwrap(), Rules::default());
}

//! Any bytes on a connection to the proxy: nobody gets anywhere but where the rules let them, and TLS is read the same however it is cut.

#![no_main]

use std::{collections::BTreeMap, sync::LazyLock};

use cowork_core::HostGrant;
use cowork_sandbox::egress::{
    Rules, Token,
    fuzzed::{Decision, Gate, Host, Place, Within, decision, hello, is_public},
};

static GATE: LazyLock<Gate> = LazyLock::new(|| {
    let allowed = |host: &str| HostGrant { host: host.to_owned(), ..HostGrant::default() };
    let paths = Some(vec!["/a".to_owned()]);
    let part = HostGrant { paths, methods: Some(vec!["GET".to_owned()]), ..allowed("part.example.com") };
    let rules = Rules { allowed: vec![part, allowed("example.com"), allowed("*.example.net"), allowed("127.0.0.1")] };
    Gate::new(&rules, Token::random().expect("random bytes"), &BTreeMap::new()).expect("rules that can be meant")
});

static INSIDE: LazyLock<Within> = LazyLock::new(|| Within::Tunnel {
    place: Place { host: Host::Name("part.example.com".to_owned()), port: 443 },
    tls: true,
});

libfuzzer_sys::fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = input;
    let outside = decision(&GATE, &Within::Proxy, bytes);
    assert!(!matches!(outside, Ok(Some(Decision::Allow(_)))), "nobody guesses the token");
    if let Ok(Some(Decision::Allow(pass))) = decision(&GATE, &INSIDE, bytes) {
        assert_eq!(pass.place.to_string(), "part.example.com:443");
        assert!(bytes.starts_with(b"GET /a"), "the one path and method of its rule");
    }
    if let Ok(host) = std::str::from_utf8(bytes).map_err(drop).and_then(|text| Host::read(text).map_err(drop)) {
        assert_eq!(Host::read(&host.to_string()), Ok(host.clone()), "it is read the same again");
        if let Host::Address(address) = host {
            let _ = is_public(address);
        }
    }
    let _ = hello(bytes, usize::from(size));
    let _ = hello(&[&[22, 3, 1][..], bytes].concat(), usize::from(size));
});

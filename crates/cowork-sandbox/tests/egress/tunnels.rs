//! Tunnels that go through unseen, once TLS has begun in them as it has to.

use cowork_core::HostGrant;
use std::sync::Arc;

use cowork_sandbox::egress::{
    Reason, Verdict,
    fuzzed::{Hello, Said, hello},
};
use rustls::{ClientConnection, pki_types::ServerName, server::Acceptor};
use tokio::io::AsyncWriteExt;

use crate::world::{LOOPBACK, Server, World, own, trusting};

/// A first message of TLS with these extensions besides what every client says.
fn message(extensions: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let sized = |bytes: &[u8], len: usize| [&bytes.len().to_be_bytes()[8 - len..], bytes].concat();
    let extensions: Vec<u8> =
        extensions.iter().flat_map(|(kind, content)| [&kind.to_be_bytes()[..], &sized(content, 2)].concat()).collect();
    let ciphers = sized(&[0x13, 1, 0x13, 2, 0xc0, 0x2b], 2);
    let body = [&[3, 3][..], &[7; 32], &[0], &ciphers, &[1, 0], &sized(&extensions, 2)].concat();
    [&[1][..], &sized(&body, 3)].concat()
}

fn named(names: &[(u8, &str)]) -> (u16, Vec<u8>) {
    let list: Vec<u8> = names
        .iter()
        .flat_map(|(kind, name)| {
            [&[*kind][..], &u16::try_from(name.len()).unwrap().to_be_bytes(), name.as_bytes()].concat()
        })
        .collect();
    (0, [&u16::try_from(list.len()).unwrap().to_be_bytes()[..], &list].concat())
}

/// The rest that a real client says: versions, groups, signatures.
fn rest() -> [(u16, Vec<u8>); 3] {
    [(43, vec![2, 3, 4]), (10, vec![0, 2, 0, 29]), (13, vec![0, 2, 4, 3])]
}

fn records(message: &[u8], size: usize) -> Vec<u8> {
    let record = |piece: &[u8]| [&[22, 3, 1], &u16::try_from(piece.len()).unwrap().to_be_bytes()[..], piece].concat();
    message.chunks(size).flat_map(record).collect()
}

fn real(name: &str) -> Vec<u8> {
    let server = ServerName::try_from(name.to_owned()).unwrap();
    let root = rcgen::generate_simple_self_signed(vec!["x.test".to_owned()]).unwrap().cert.pem();
    let mut client = ClientConnection::new(Arc::new(trusting(&root)), server).unwrap();
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).unwrap();
    bytes
}

#[tokio::test]
async fn tls_to_an_allowed_host_goes_through_unseen() {
    let server = Server::tls("allowed.test").await;
    let mut world = World::new(vec![own("allowed.test", server.port)]);
    let (answer, client) = world.connect(&format!("allowed.test:{}", server.port)).await;
    assert_eq!(answer.status, 200);
    // It is the host's own certificate that the command sees.
    let mut inside = client.tls("allowed.test", &server.root).await.unwrap();
    inside.say("GET /secret HTTP/1.1\r\nHost: allowed.test\r\nAuthorization: own\r\n\r\n").await;
    assert_eq!(inside.answer().await.body, "allowed.test");
    assert!(server.heard()[0].head.contains("Authorization: own"));
    inside.stream.shutdown().await.unwrap();
    inside.end().await;
    let visit = world.visit().await;
    assert_eq!((visit.at_host.as_str(), visit.port), ("allowed.test", server.port));
    assert_eq!((visit.method.as_deref(), visit.path.as_deref()), (Some("CONNECT"), None));
    assert_eq!((visit.decision, visit.reason), (Verdict::Allowed, None));
    assert!(visit.bytes_up > 100 && visit.bytes_down > 100, "{visit:?}");
}

/// Number 63.
#[tokio::test]
async fn a_tunnel_that_does_not_begin_with_the_hosts_name_is_closed() {
    let server = Server::plain("here").await;
    let mut world = World::new(vec![own("allowed.test", server.port)]);
    let with = |name: (u16, Vec<u8>)| [&[name][..], &rest()].concat();
    let good = named(&[(0, "allowed.test")]);
    let firsts = [
        (records(&message(&with(named(&[(0, "other.test")]))), 9_000), Reason::OtherName),
        (records(&message(&with(named(&[(0, "allowed.test.")]))), 9_000), Reason::OtherName),
        (records(&message(&with(named(&[(0, "allowed.test\0.other.test")]))), 9_000), Reason::OtherName),
        (records(&message(&with(named(&[(0, "allowed.test"), (0, "other.test")]))), 9_000), Reason::OtherName),
        (records(&message(&with(named(&[(1, "allowed.test")]))), 9_000), Reason::OtherName),
        (records(&message(&rest()), 9_000), Reason::OtherName),
        (records(&message(&with(named(&[]))), 9_000), Reason::NotTls),
        (records(&message(&[good.clone(), good.clone()]), 9_000), Reason::NotTls),
        (records(&message(&[good.clone(), (0xfe0d, vec![0; 200])]), 9_000), Reason::HiddenName),
        (records(&message(&[good.clone(), (0xfe0d, vec![])]), 9_000), Reason::HiddenName),
        (b"GET / HTTP/1.1\r\nHost: allowed.test\r\n\r\n".to_vec(), Reason::NotTls),
        (b"SSH-2.0-OpenSSH_9.9\r\n".to_vec(), Reason::NotTls),
        (vec![0x80, 0x2e, 1, 3, 1], Reason::NotTls),
        (vec![22, 3, 1, 0, 0], Reason::NotTls),
        (vec![22, 3, 1, 0xff, 0xff], Reason::NotTls),
        (vec![22, 3, 1, 0, 4, 2, 0, 0, 0], Reason::NotTls),
        ([records(&message(&with(good.clone())), 9_000), vec![22]].concat()[..20].to_vec(), Reason::NotTls),
    ];
    for (first, reason) in firsts {
        let (answer, mut client) = world.connect(&format!("allowed.test:{}", server.port)).await;
        assert_eq!(answer.status, 200);
        client.stream.write_all(&first).await.unwrap();
        client.stream.shutdown().await.unwrap();
        assert_eq!(client.end().await, b"", "{first:?}");
        let visit = world.visit().await;
        assert_eq!((visit.decision, visit.reason), (Verdict::Refused, Some(reason)), "{first:?}");
        assert_eq!((visit.bytes_up, visit.bytes_down), (0, 0));
    }
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn a_first_message_in_many_pieces_goes_through_as_it_came() {
    let listener = tokio::net::TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let world = World::new(vec![own("allowed.test", port)]);
    let extensions = [&[named(&[(0, "Allowed.TEST")])][..], &rest()].concat();
    let bytes = [records(&message(&extensions), 5), b"and more".to_vec()].concat();
    let (_, mut client) = world.connect(&format!("allowed.test:{port}")).await;
    let (mut server, _) = listener.accept().await.unwrap();
    for byte in &bytes {
        client.stream.write_all(&[*byte]).await.unwrap();
    }
    client.stream.shutdown().await.unwrap();
    let mut came = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut server, &mut came).await.unwrap();
    assert_eq!(came, bytes);
    // One direction may end before the other.
    server.write_all(b"the answer").await.unwrap();
    drop(server);
    assert_eq!(client.end().await, b"the answer");
}

#[tokio::test]
async fn what_is_said_before_the_answer_is_not_lost() {
    let server = Server::tls("allowed.test").await;
    let world = World::new(vec![own("allowed.test", server.port)]);
    let mut client = world.client().await;
    client.say(&world.request("CONNECT", &format!("allowed.test:{}", server.port))).await;
    client.stream.write_all(&real("allowed.test")).await.unwrap();
    assert_eq!(client.answer_to_connect().await.status, 200);
    let mut first = [0; 1];
    tokio::io::AsyncReadExt::read_exact(&mut client.stream, &mut first).await.unwrap();
    assert_eq!(first, [22], "the server answers with TLS");
}

#[test]
fn a_clients_first_message_is_read_as_a_library_for_tls_does() {
    for name in ["allowed.test", "a.b.c.example.com", "xn--bcher-kva.example", "127.0.0.1"] {
        let bytes = real(name);
        let mut acceptor = Acceptor::default();
        acceptor.read_tls(&mut &bytes[..]).unwrap();
        let accepted = acceptor.accept().unwrap().unwrap();
        let known = accepted.client_hello().server_name().map(str::to_owned);
        for size in [1, 2, 3, 7, 64, 5_000] {
            assert_eq!(hello(&bytes, size), Ok(Some(Said { name: known.clone() })), "{name} in pieces of {size}");
        }
        assert_eq!(Hello::default().feed(&bytes[..bytes.len() - 1]), Ok(None));
    }
}

#[test]
fn a_message_that_never_ends_is_refused_and_one_that_is_long_is_not() {
    let long = |len| message(&[named(&[(0, "allowed.test")]), (21, vec![0; len])]);
    assert!(hello(&records(&long(15_000), 16_000), 100).unwrap().is_some());
    assert_eq!(hello(&records(&long(17_000), 16_000), 100), Err(Reason::NotTls));
    let empty: Vec<u8> = records(&[1, 0, 0], 1).into_iter().chain([22, 3, 1, 0, 0]).collect();
    assert_eq!(hello(&empty, 3), Err(Reason::NotTls));
}

#[tokio::test]
async fn what_follows_the_message_in_its_record_is_refused() {
    let extra = [message(&[named(&[(0, "allowed.test")])]), vec![1]].concat();
    assert_eq!(hello(&records(&extra, 9_000), 1), Err(Reason::NotTls));
}

#[tokio::test]
async fn a_tunnel_to_an_address_has_no_name() {
    let server = Server::tls("127.0.0.1").await;
    let world = World::new(vec![own("127.0.0.1", server.port)]);
    let (answer, client) = world.connect(&format!("127.0.0.1:{}", server.port)).await;
    assert_eq!(answer.status, 200);
    let mut inside = client.tls("127.0.0.1", &server.root).await.unwrap();
    inside.say("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await;
    assert_eq!(inside.answer().await.body, "127.0.0.1");
    let (_, client) = world.connect(&format!("127.0.0.1:{}", server.port)).await;
    assert!(client.tls("allowed.test", &server.root).await.is_err());
    assert!(world.names.asked().is_empty());
}

#[tokio::test]
async fn dropping_the_proxy_ends_its_tunnels_and_its_connections() {
    let server = Server::tls("allowed.test").await;
    let mut world = World::new(vec![HostGrant { ..own("allowed.test", server.port) }]);
    let idle = world.client().await;
    let (_, client) = world.connect(&format!("allowed.test:{}", server.port)).await;
    let inside = client.tls("allowed.test", &server.root).await.unwrap();
    world.proxy = None;
    assert_eq!(inside.end().await, b"");
    assert_eq!(idle.end().await, b"");
    assert_eq!(world.visit().await.decision, Verdict::Allowed);
    // The socket is closed on a task of its own; from then on nobody is let in.
    while tokio::net::TcpStream::connect((LOOPBACK, world.port)).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

//! What the proxy of a confined command costs: a small request over a kept connection, 2,000 times, and 256 MB through a tunnel, each
//! beside the same without the proxy, in turn. Client and server are threads of this process; the proxy has a runtime beside them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use cowork::HostGrant;
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
    time::Instant,
};

use cowork::sandbox::egress::{Parts, Proxy, Rules, Token};
use cowork_benches::{block_on, report};

const REQUESTS: usize = 2_000;
const MEGABYTES: usize = 256;
const ROUNDS: usize = 7;
const PIECE: usize = 256 << 10;

/// The beginning of TLS to an address, as short as can be: what follows it the proxy does not look at.
const HELLO: [u8; 50] = {
    let mut hello = [0; 50];
    // A record of 45 bytes; in it a message of 41.
    let head = [22, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3];
    let mut n = 0;
    while n < head.len() {
        hello[n] = head[n];
        n += 1;
    }
    // 32 random bytes, no session, one cipher, one compression, no extensions.
    (hello[45], hello[46], hello[47], hello[48]) = (2, 0x13, 1, 1);
    hello
};

fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Reads until a blank line.
fn head(stream: &mut TcpStream) -> Vec<u8> {
    let (mut head, mut piece) = (Vec::new(), [0; 4_096]);
    while !head.ends_with(b"\r\n\r\n") {
        let read = stream.read(&mut piece).unwrap();
        if read == 0 {
            break;
        }
        head.extend_from_slice(&piece[..read]);
    }
    head
}

/// Answers every request with nothing.
fn answers() -> u16 {
    let (listener, port) = listen();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            thread::spawn(move || {
                while !head(&mut stream).is_empty() {
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
                }
            });
        }
    });
    port
}

/// Sends 256 MB to whoever begins as a client of TLS would.
fn sends() -> u16 {
    let (listener, port) = listen();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                stream.read_exact(&mut [0; HELLO.len()]).unwrap();
                let piece = vec![7; PIECE];
                (0..MEGABYTES * (1 << 20) / PIECE).for_each(|_| stream.write_all(&piece).unwrap());
            });
        }
    });
    port
}

fn ask(stream: &mut TcpStream, request: &[u8]) -> f64 {
    let begun = Instant::now();
    stream.write_all(request).unwrap();
    assert!(head(stream).starts_with(b"HTTP/1.1 200"));
    begun.elapsed().as_secs_f64() * 1e3
}

/// Gives how many MB come in a second.
fn fetch(mut stream: TcpStream) -> f64 {
    let begun = Instant::now();
    stream.write_all(&HELLO).unwrap();
    let (mut piece, mut came) = (vec![0; PIECE], 0);
    while came < MEGABYTES << 20 {
        let read = stream.read(&mut piece).unwrap();
        assert!(read > 0, "it ended after {came} bytes");
        came += read;
    }
    MEGABYTES as f64 / begun.elapsed().as_secs_f64()
}

fn tunnel(proxy: u16, auth: &str, port: u16) -> TcpStream {
    let mut stream = connect(proxy);
    let place = format!("127.0.0.1:{port}");
    stream.write_all(format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{auth}\r\n").as_bytes()).unwrap();
    assert!(head(&mut stream).starts_with(b"HTTP/1.1 200"));
    stream
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Base64, as the header has it.
fn encoded(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let bits = three.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - three.len()));
        let letter = |n: usize| if n <= three.len() { LETTERS[bits >> (18 - 6 * n) & 63] as char } else { '=' };
        (0..4).map(letter).collect::<String>()
    };
    text.as_bytes().chunks(3).map(group).collect()
}

fn measure(proxy: u16, auth: &str, answers: u16, sends: u16) {
    let (mut near, mut far) = (connect(answers), connect(proxy));
    let direct = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{answers}\r\n\r\n");
    let proxied = format!("GET http://127.0.0.1:{answers}/ HTTP/1.1\r\nHost: 127.0.0.1:{answers}\r\n{auth}\r\n");
    let mut times: [Vec<f64>; 2] = Default::default();
    for _ in 0..REQUESTS {
        times[0].push(ask(&mut near, direct.as_bytes()));
        times[1].push(ask(&mut far, proxied.as_bytes()));
    }
    let [direct, proxied] = times.map(median);
    println!("  a small request: direct {direct:.3} ms, by the proxy {proxied:.3} ms");
    report("the proxy adds to a request, p50", proxied - direct, "ms", "<= 0.3", proxied - direct <= 0.3);
    let mut rates: [Vec<f64>; 2] = Default::default();
    for _ in 0..ROUNDS {
        rates[0].push(fetch(connect(sends)));
        rates[1].push(fetch(tunnel(proxy, auth, sends)));
    }
    let ratio = median(rates[0].iter().zip(&rates[1]).map(|(direct, tunnel)| tunnel / direct).collect());
    let [direct, tunnel] = rates.map(median);
    println!("  {MEGABYTES} MB: direct {direct:.0} MB/s, through a tunnel {tunnel:.0} MB/s");
    report("throughput of a tunnel against direct", ratio, "x", ">= 0.7", ratio >= 0.7);
}

fn main() {
    if cfg!(debug_assertions) {
        println!("  this is a debug build: the figures are not those that people will see");
    }
    let (answers, sends) = (answers(), sends());
    let allowed =
        |port| HostGrant { host: "127.0.0.1".to_owned(), port: Some(port), private: true, ..HostGrant::default() };
    let rules = Rules { allowed: vec![allowed(answers), allowed(sends)] };
    let (listener, port) = listen();
    let token = Token::random().unwrap();
    let auth = format!("Proxy-Authorization: Basic {}\r\n", encoded(&format!("cowork:{}", token.expose())));
    block_on(2, async {
        let _proxy = Proxy::start(listener, &rules, token, Parts::default()).unwrap();
        tokio::task::spawn_blocking(move || measure(port, &auth, answers, sends)).await.unwrap();
    });
}

//! A service on this computer that answers as a test says, byte for byte.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// What was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("the body is text")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// As it should; the connection can be used again.
    Whole,
    /// The connection is cut.
    Cut,
    /// Never; nothing more comes.
    Never,
}

/// What is answered: the pieces are sent one by one.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) pieces: Vec<Vec<u8>>,
    pub(crate) end: End,
}

impl Answer {
    pub(crate) fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Self { status, headers, pieces: vec![body.into()], end: End::Whole }
    }

    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    pub(crate) fn events(body: impl Into<Vec<u8>>) -> Self {
        Self::new(200, "text/event-stream; charset=utf-8", body)
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub(crate) fn ending(mut self, end: End) -> Self {
        self.end = end;
        self
    }

    /// Cuts the body anew, at these places.
    #[must_use]
    pub(crate) fn cut_at(mut self, cuts: impl IntoIterator<Item = usize>) -> Self {
        let mut rest = self.pieces.concat();
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| (1..rest.len()).contains(cut)).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let mut pieces: Vec<Vec<u8>> = cuts.iter().rev().map(|cut| rest.split_off(*cut)).collect();
        pieces.push(rest);
        pieces.reverse();
        self.pieces = pieces;
        self
    }
}

type Script = dyn Fn(&Asked) -> Answer + Send + Sync;

/// A service. It goes on until the test's process ends.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) base: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    reached: Arc<AtomicU64>,
    opened: Arc<AtomicU64>,
    /// Connections that whoever asked closed while an answer had not ended.
    left: Arc<AtomicU64>,
}

impl Service {
    pub(crate) fn new(script: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::over(None, script)
    }

    /// One behind TLS, if there is something to prove who it is with.
    pub(crate) fn over(
        tls: Option<Arc<rustls::ServerConfig>>,
        script: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let scheme = if tls.is_some() { "https" } else { "http" };
        let base = format!("{scheme}://{}", listener.local_addr().expect("it has an address"));
        let (asked, reached) = (Arc::default(), Arc::default());
        let service = Self { base, asked, reached, opened: Arc::default(), left: Arc::default() };
        let (script, all): (Arc<Script>, _) = (Arc::new(script), service.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                all.opened.fetch_add(1, Ordering::SeqCst);
                stream.set_nodelay(true).expect("it is a socket");
                let (all, script, tls) = (all.clone(), script.clone(), tls.clone());
                thread::spawn(move || match tls {
                    None => all.serve(stream, &*script),
                    Some(config) => {
                        let connection = rustls::ServerConnection::new(config).expect("the configuration is whole");
                        all.serve(rustls::StreamOwned::new(connection, stream), &*script);
                    }
                });
            }
        });
        service
    }

    pub(crate) fn always(answer: Answer) -> Self {
        Self::new(move |_| answer.clone())
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("nobody panics").clone()
    }

    pub(crate) fn reached(&self) -> u64 {
        self.reached.load(Ordering::SeqCst)
    }

    pub(crate) fn opened(&self) -> u64 {
        self.opened.load(Ordering::SeqCst)
    }

    /// Waits until so many connections were closed in the middle of an answer.
    pub(crate) async fn wait_until_left(&self, times: u64) {
        while self.left.load(Ordering::SeqCst) < times {
            tokio::task::yield_now().await;
        }
    }

    fn serve(&self, stream: impl Read + Write, script: &Script) {
        let mut reader = BufReader::new(stream);
        while let Some(asked) = read(&mut reader) {
            self.reached.fetch_add(1, Ordering::SeqCst);
            let answer = script(&asked);
            self.asked.lock().expect("nobody panics").push(asked);
            if write(reader.get_mut(), &answer).is_err() || answer.end == End::Cut {
                if answer.end != End::Cut {
                    self.left.fetch_add(1, Ordering::SeqCst);
                }
                return;
            }
            if answer.end == End::Never {
                // Until whoever asked goes away.
                let gone = reader.read(&mut [0]);
                assert!(!matches!(gone, Ok(1..)), "nothing more is asked on a connection whose answer has not ended");
                self.left.fetch_add(1, Ordering::SeqCst);
                return;
            }
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
    let mut words = line.split(' ').map(str::to_owned);
    let mut asked = Asked { method: words.next()?, path: words.next()?, ..Asked::default() };
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        asked.headers.push((name.to_owned(), value.to_owned()));
    }
    let length = asked.header("content-length").map_or(0, |n| n.parse().expect("a number"));
    asked.body = vec![0; length];
    reader.read_exact(&mut asked.body).ok()?;
    Some(asked)
}

fn write(stream: &mut impl Write, answer: &Answer) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {} Test\r\ntransfer-encoding: chunked\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    for piece in answer.pieces.iter().filter(|piece| !piece.is_empty()) {
        stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes())?;
        stream.write_all(piece)?;
        stream.write_all(b"\r\n")?;
    }
    if answer.end == End::Whole {
        stream.write_all(b"0\r\n\r\n")?;
    }
    stream.flush()
}

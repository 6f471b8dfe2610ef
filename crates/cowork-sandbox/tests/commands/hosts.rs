//! Hosts that are granted: reached by the proxy wherever a command has a network of its own, and refused where it has none.
#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

use std::{
    io::{Read, Write},
    net::TcpListener,
    time::Duration,
};

use cowork_core::{Access, Exec, Exit, HostGrant, Kind, ProcessEvent, Result, Sandbox, SessionSpec};
use cowork_sandbox::{LocalSandbox, LocalSandboxOptions, confine::Options};
use cowork_testkit::sandbox::{a_call, a_task, grant};
use tempfile::TempDir;

/// Serves one page to whoever asks, over and over.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 4_096];
            _ = stream.read(&mut head);
            _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nhere");
        }
    });
    port
}

async fn asked(confinement: Options, hosts: Vec<HostGrant>, line: &str) -> Result<(Exit, String)> {
    let keep = TempDir::new().unwrap();
    let (desk, data) = (keep.path().join("Desk"), keep.path().join("data"));
    std::fs::create_dir(&desk).unwrap();
    let sandbox = LocalSandbox::open(LocalSandboxOptions { data, confinement, ..LocalSandboxOptions::default() });
    let folders = vec![grant("Desk", &desk, Access::Write)];
    let session = sandbox.open(SessionSpec { task: a_task(), folders, hosts, resumed: false }).await?;
    let args = ["python3", "-c", line].map(str::to_owned).to_vec();
    let exec = Exec { args, folder: None, wall: Duration::from_secs(20), input: false, terminal: None };
    let mut process = session.exec(a_call(), exec).await?;
    let mut said = Vec::new();
    loop {
        match process.next().await? {
            ProcessEvent::Stdout(bytes) | ProcessEvent::Stderr(bytes) => said.extend(bytes),
            ProcessEvent::Exited(exit) => return Ok((exit, String::from_utf8_lossy(&said).into_owned())),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_granted_host_is_reached_and_no_other() {
    let (port, other) = (server(), server());
    let hosts =
        || vec![HostGrant { host: "127.0.0.1".to_owned(), port: Some(port), private: true, ..HostGrant::default() }];
    let page =
        |port| format!("import urllib.request as u; print(u.urlopen('http://127.0.0.1:{port}/').read().decode())");
    let past = format!("import socket; socket.create_connection(('127.0.0.1', {port}))");
    for confinement in [Options::default(), Options { namespaces: false, ..Options::default() }] {
        let (exit, said) = asked(confinement.clone(), hosts(), &page(port)).await.unwrap();
        assert_eq!((exit.is_success(), said.as_str()), (true, "here\n"), "{confinement:?}");
        assert_eq!((exit.visits.len(), exit.visits[0].port), (1, port));
        for line in [page(other), past.clone()] {
            let (exit, said) = asked(confinement.clone(), hosts(), &line).await.unwrap();
            assert!(!exit.is_success(), "{confinement:?} {line}: {said}");
        }
        assert!(!asked(confinement, Vec::new(), &page(port)).await.unwrap().0.is_success());
    }
    let without = Options { namespaces: false, bubblewrap: None, ..Options::default() };
    let error = asked(without.clone(), hosts(), &page(port)).await.err().unwrap();
    assert_eq!((error.kind, error.fix().is_some()), (Kind::Unsupported, true), "{error}");
    assert!(!asked(without, Vec::new(), &page(port)).await.unwrap().0.is_success());
}

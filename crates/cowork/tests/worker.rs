//! Workers as they are: processes that the sandbox confines. This test is its own worker, whatever kind of one a story wants.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test stops at what should not be")]

use std::process::ExitCode;

/// Counts what lives, as a host's program does.
#[global_allocator]
static ALLOCATOR: monty_alloc::LimitedAllocator = monty_alloc::LimitedAllocator;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [worker, kind, ..] = args.as_slice()
        && worker == "worker"
    {
        return worker::work(kind);
    }
    stories::all(&args)
}

/// The test as a worker.
mod worker {
    use std::{
        fs,
        io::{Read, Write, stdin, stdout},
        net::{TcpStream, UdpSocket},
        process::{Command, ExitCode},
        thread,
    };

    use cowork::playbooks::worker::serve;

    /// Works as a worker of this kind.
    pub(super) fn work(kind: &str) -> ExitCode {
        match kind {
            "serves" => return serve(stdin(), stdout()).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS),
            "aborts" => {
                wait();
                std::process::abort();
            }
            "babbles" => println!("thread 'main' panicked at nothing"),
            "waits" => {
                println!("here");
                drop(stdin().read_to_end(&mut Vec::new()));
            }
            "eats" => {
                wait();
                let mut all = Vec::new();
                loop {
                    all.push(vec![1_u8; 1 << 20]);
                }
            }
            "spins" => {
                wait();
                thread::spawn(|| {
                    loop {
                        std::hint::spin_loop();
                    }
                });
                loop {
                    std::hint::spin_loop();
                }
            }
            "tries" => tries(),
            other => panic!("no worker is called {other}"),
        }
        ExitCode::SUCCESS
    }

    /// Waits until it was told something.
    fn wait() {
        stdin().read_exact(&mut [0]).unwrap();
    }

    /// Tries all that a program could want, and complains of what it can do.
    fn tries() {
        wait();
        let names = |at: &str| fs::read_dir(at).map(|all| all.flatten().map(|e| e.file_name()).collect::<Vec<_>>());
        let is_known = |name: &std::ffi::OsString| {
            let known =
                ["dev", "etc", "home", "lib", "lib32", "lib64", "proc", "run", "tmp", "usr", "var", "work", "worker"];
            name.to_str().is_some_and(|name| known.contains(&name) || name == ".outside")
        };
        if !names("/").unwrap().iter().all(is_known) {
            eprintln!("there is more in the root: {:?}", names("/"));
        }
        for empty in ["/work", "/home/user", "/.outside", "/run", "/usr/bin", "/etc/ssl"] {
            if let Ok(found) = names(empty)
                && !found.is_empty()
            {
                eprintln!("{empty} holds {found:?}");
            }
        }
        for host in
            ["/etc/shadow", "/root", "/work/main", "/proc/1/root/etc", "/sys/kernel", "/proc/sys", "/proc/1/environ"]
        {
            if fs::metadata(host).is_ok() && (names(host).is_ok() || fs::read(host).is_ok()) {
                eprintln!("{host} can be read");
            }
        }
        for place in ["/a", "/etc/a", "/usr/a", "/work/a", "/worker"] {
            if fs::write(place, "x").is_ok() {
                eprintln!("{place} can be written");
            }
        }
        if TcpStream::connect("127.0.0.1:80").is_err_and(|e| e.kind() != std::io::ErrorKind::PermissionDenied) {
            eprintln!("it can make a socket");
        }
        if UdpSocket::bind("127.0.0.1:0").is_ok() {
            eprintln!("it can listen");
        }
        if Command::new("/worker").arg("worker").arg("babbles").spawn().is_ok() {
            eprintln!("it can start a process");
        }
        let variables: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
        if variables.iter().any(|name| !["HOME", "LANG", "PATH"].contains(&name.as_str())) {
            eprintln!("it is told {variables:?}");
        }
        if thread::spawn(|| 7).join().unwrap() != 7 {
            eprintln!("it has no threads");
        }
        stdout().flush().unwrap();
    }
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
mod stories {
    /// There are none: nothing is confined here yet.
    pub(super) fn all(_: &[String]) -> std::process::ExitCode {
        std::process::ExitCode::SUCCESS
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "worker/stories.rs"]
mod stories;

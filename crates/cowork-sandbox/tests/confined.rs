//! What a confined command can do, and what it can't: real programs that try.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    os::{
        fd::{AsFd, OwnedFd},
        linux::net::SocketAddrExt,
        unix::{
            fs::symlink,
            net::{SocketAddr, UnixListener},
        },
    },
    path::Path,
    time::{Duration, Instant},
};

use cowork_core::{ExecLimits, Kind};
use cowork_sandbox::confine::{Changes, Confinement, Ended, How, Policy, Shared, Take, WayOut, World};
use tempfile::TempDir;

/// A folder, and what may be done in it.
struct Place {
    folder: TempDir,
    confinement: Confinement,
    policy: Policy,
}

/// What came of a command.
#[derive(Debug)]
struct Came {
    ended: Ended,
    out: String,
}

impl Place {
    fn new(may_change: bool) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("poem"), "one\ntwo\n").unwrap();
        let shared =
            Shared::new("Desk", folder.path(), if may_change { Changes::Made } else { Changes::Refused }).unwrap();
        let policy = Policy { folders: vec![shared], limits: ExecLimits::default() };
        Self { folder, confinement: Confinement::new().unwrap(), policy }
    }

    fn world(&self) -> cowork_core::Result<World> {
        self.confinement.world(self.policy.clone(), None)
    }

    fn run(&self, args: &[&str]) -> cowork_core::Result<Came> {
        self.run_within(args, Duration::from_secs(20))
    }

    fn run_within(&self, args: &[&str], most: Duration) -> cowork_core::Result<Came> {
        Self::run_in(&self.world()?, args, most)
    }

    fn run_in(world: &World, args: &[&str], most: Duration) -> cowork_core::Result<Came> {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let null = fs::File::open("/dev/null").unwrap();
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let writer = OwnedFd::from(writer);
        let running = world.start(None, &args, [null.as_fd(), writer.as_fd(), writer.as_fd()])?;
        drop(writer);
        let read = std::thread::spawn(move || {
            let mut out = String::new();
            reader.read_to_string(&mut out).map(|_| out)
        });
        let ended = running.wait(most)?;
        Ok(Came { ended, out: read.join().unwrap().unwrap() })
    }

    /// Runs a line of a shell, which has to end well.
    fn sh(&self, line: &str) -> String {
        let came = self.run(&["sh", "-c", line]).unwrap();
        assert_eq!(came.ended.how, How::Exited(0), "{line}: {}", came.out);
        came.out
    }

    /// Runs a line of Python, which has to fail with these words.
    fn python(&self, line: &str, words: &str) {
        let came = self.run(&["python3", "-c", &format!("import os, socket\n{line}")]).unwrap();
        assert_ne!(came.ended.how, How::Exited(0), "{line}: {}", came.out);
        assert!(came.out.to_lowercase().contains(words), "{line}: {} instead of {words}", came.out);
    }

    /// Makes a system call by its number. What it says is the number of the error.
    fn call(&self, call: &str) -> Came {
        let line = "import ctypes\nc = ctypes.CDLL(None, use_errno=True)\n";
        let line = format!("{line}print(ctypes.get_errno() if c.syscall({call}) == -1 else 'done')");
        self.run(&["python3", "-c", &line]).unwrap()
    }

    /// Runs a line of a shell, which has to be refused, with these words.
    fn refused(&self, line: &str, words: &str) {
        let came = self.run(&["sh", "-c", line]).unwrap();
        assert_ne!(came.ended.how, How::Exited(0), "{line}: {}", came.out);
        assert!(came.out.to_lowercase().contains(words), "{line}: {} instead of {words}", came.out);
    }
}

#[test]
fn a_command_sees_its_folder_and_is_told_how_it_ended() {
    let place = Place::new(true);
    assert_eq!(place.sh("pwd; cat poem; echo three > more"), "/work/Desk\none\ntwo\n");
    assert_eq!(fs::read_to_string(place.folder.path().join("more")).unwrap(), "three\n");
    assert_eq!(place.run(&["sh", "-c", "exit 7"]).unwrap().ended.how, How::Exited(7));
    assert_eq!(place.run(&["sh", "-c", "kill -9 $$"]).unwrap().ended.how, How::Killed(9));
    assert_eq!(
        place.sh("id -un; env | sort; hostname"),
        "user\nHOME=/home/user\nLANG=C.UTF-8\nPATH=/usr/local/bin:/usr/bin:/bin\nPWD=/work/Desk\nsandbox\n"
    );
}

#[test]
fn what_it_was_not_given_is_not_there() {
    let place = Place::new(false);
    let outside = TempDir::new().unwrap();
    let secret = outside.path().join("secret");
    fs::write(&secret, "hidden").unwrap();
    symlink(&secret, place.folder.path().join("link")).unwrap();
    for path in [
        "../../etc/shadow",
        "/etc/shadow",
        secret.to_str().unwrap(),
        "link",
        "/root",
        "/var/run/docker.sock",
        "/dev/mem",
        "/dev/kvm",
        "/dev/tty",
        "/proc/cmdline",
        "/proc/sys/kernel/core_pattern",
        "/proc/kcore",
        "/proc/sysrq-trigger",
        "/sys/kernel",
    ] {
        place.refused(&format!("cat '{path}'"), "no such file");
    }
    let open = place.run(&["python3", "-c", "import os\nprint(len(os.listdir('/proc/self/fd')))"]).unwrap();
    assert_eq!(open.out, "4\n", "its streams, and the folder that it looks into: {open:?}");
    place.refused("cat /proc/1/environ", "permission denied");
    place.refused("ls /proc/1/root/", "permission denied");
    assert_eq!(place.sh("ls /work /home/user /tmp; ls -d /proc/[0-9]* | wc -l").lines().next(), Some("/home/user:"));
}

#[test]
fn only_what_may_be_changed_can_be() {
    let reading = Place::new(false);
    for line in ["echo x > poem", "echo x > new", "rm poem", "mkdir new", "chmod 777 poem", "ln poem new"] {
        reading.refused(line, "read-only file system");
    }
    reading.refused("echo x > /new", "read-only file system");
    reading.refused("echo x > /usr/bin/new", "read-only file system");
    reading.refused("echo x > /etc/passwd", "read-only file system");
    assert_eq!(reading.sh("echo x > /tmp/new; echo y > $HOME/new; cat /tmp/new ~/new"), "x\ny\n");
    assert_eq!(fs::read_to_string(reading.folder.path().join("poem")).unwrap(), "one\ntwo\n");
    assert_eq!(fs::read_dir(reading.folder.path()).unwrap().count(), 1, "nothing of ours stays there");

    let changing = Place::new(true);
    changing.sh("echo x > new && rm poem && mkdir folder && mv new folder/moved");
    assert_eq!(fs::read_to_string(changing.folder.path().join("folder/moved")).unwrap(), "x\n");
    changing.refused("mknod disk b 8 0", "operation not permitted");
    changing.refused("mount -t tmpfs none /tmp", "superuser");
    changing.refused("cp /bin/sh . && chmod u+s sh", "operation not permitted");
    changing.refused("chmod 0 /dev/null", "read-only file system");
    changing.python(
        "import fcntl; fcntl.fcntl(os.open('poem' if os.path.exists('poem') else 'sh', 0), 1024, 1)",
        "not permitted",
    );
    let socket = changing.folder.path().join("socket");
    let _host = UnixListener::bind(&socket).unwrap();
    changing.python("socket.socket(socket.AF_UNIX).connect('socket')", "not permitted");
    for at in ["/", "/proc", "/sys/kernel", "/dev", "/run"] {
        assert_eq!(Shared::new("x", Path::new(at), Changes::Made).unwrap_err().kind, Kind::NotAllowed, "{at}");
    }
    // By a number of its own, since the shell has none for it: a name for an open file that has none.
    changing.python("os.open('/', os.O_TMPFILE | os.O_RDWR)", "read-only file system");
}

#[test]
fn system_calls_that_lead_out_are_refused() {
    let place = Place::new(true);
    for (what, call) in [
        ("unshare", "272, 0x10000000"),
        ("setns", "308, 0, 0"),
        ("chroot", "161, b'/tmp'"),
        ("pivot_root", "155, b'/tmp', b'/tmp'"),
        ("mount", "165, b'none', b'/tmp', b'tmpfs', 0, 0"),
        ("umount", "166, b'/tmp', 0"),
        ("open_tree", "428, -100, b'/tmp', 1"),
        ("move_mount", "429, -100, b'/tmp', -100, b'/tmp', 0"),
        ("clone into a user namespace", "56, 0x10000011, 0, 0, 0, 0"),
        ("open_by_handle_at", "304, -100, 0, 0"),
        ("ptrace", "101, 0, 0, 0, 0"),
        ("process_vm_readv", "310, 1, 0, 0, 0, 0, 0"),
        ("io_uring_setup", "425, 1, 0"),
        ("keyctl", "250, 0, 0"),
        ("bpf", "321, 0, 0, 0"),
        ("perf_event_open", "298, 0, 0, 0, 0, 0"),
        ("userfaultfd", "323, 0"),
        ("syslog", "103, 3, 0, 0"),
        ("TIOCSTI", "16, 0, 0x5412, 0"),
        ("TIOCSTI with a high bit", "16, 0, 0x100005412, 0"),
        ("AF_PACKET", "41, 17, 3, 0"),
        ("AF_VSOCK", "41, 40, 1, 0"),
        ("AF_NETLINK", "41, 16, 3, 0"),
        ("AF_ALG", "41, 38, 5, 0"),
        ("raw ICMP", "41, 2, 3, 1"),
    ] {
        let came = place.call(call);
        assert_eq!(came.out.trim(), "1", "{what}: {came:?}");
    }
    assert_eq!(place.call("435, 0, 88").out.trim(), "38", "programs fall back from clone3 to clone");
    assert_eq!(place.call("0x40000000 + 39").ended.how, How::Killed(31), "by the numbers of x32");
}

#[test]
fn nothing_of_it_is_left_when_it_ends() {
    let place = Place::new(true);
    let line = "(setsid sh -c 'sleep 60; echo late > late' &) ; (trap '' TERM HUP INT; sleep 60) & sleep 60 & echo begun > begun";
    let begun = Instant::now();
    place.sh(line);
    assert!(begun.elapsed() < Duration::from_secs(20), "what it left behind does not hold it up");
    assert!(place.folder.path().join("begun").exists() && !place.folder.path().join("late").exists());

    let stopped = place.run_within(&["sh", "-c", "echo x > ran; kill -STOP $$"], Duration::from_millis(300)).unwrap();
    assert_eq!(stopped.ended.how, How::Late);
    let deaf = "trap '' TERM INT HUP; for i in 1 2 3 4 5 6 7 8 9 10; do (trap '' TERM; sleep 60) & done; wait";
    assert_eq!(place.run_within(&["sh", "-c", deaf], Duration::from_millis(300)).unwrap().ended.how, How::Late);
    assert_eq!(place.sh("ls /tmp"), "", "nor what it wrote beside its folders");
}

/// Who is left behind holds what it was given; so whoever waited for the end of the command finds that held no more.
#[test]
fn who_was_left_behind_has_ended_when_the_host_hears_of_the_end() {
    let place = Place::new(true);
    let world = place.world().unwrap();
    let null = fs::File::open("/dev/null").unwrap();
    for _ in 0..5 {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let line = "n=200; while [ $n -gt 0 ]; do (sleep 60 &); n=$((n-1)); done; echo all";
        let args = ["sh", "-c", line].map(str::to_owned);
        let running = world.start(None, &args, [null.as_fd(), writer.as_fd(), null.as_fd()]).unwrap();
        drop(writer);
        assert_eq!(running.wait(Duration::from_secs(60)).unwrap().how, How::Exited(0));
        rustix::io::ioctl_fionbio(&reader, true).unwrap();
        let mut said = String::new();
        // While somebody could still write, this would have to wait.
        reader.read_to_string(&mut said).unwrap();
        assert_eq!(said, "all\n");
    }
}

/// A host that is killed can't end anything any more.
#[test]
fn it_dies_with_its_host() {
    const HOST: &str = "COWORK_TEST_HOST";
    if std::env::var_os(HOST).is_some() {
        let place = Place::new(true);
        let (null, out) = (fs::File::open("/dev/null").unwrap(), std::io::stdout());
        let streams = [null.as_fd(), out.as_fd(), null.as_fd()];
        let line = "(setsid sleep 60 &); echo begun; exec sleep 60".to_owned();
        let running = place.world().unwrap().start(None, &["sh".to_owned(), "-c".to_owned(), line], streams).unwrap();
        running.wait(Duration::from_secs(60)).unwrap();
        return;
    }
    let mut host = std::process::Command::new("/proc/self/exe");
    host.args(["--exact", "it_dies_with_its_host", "--nocapture"]).env(HOST, "1");
    let mut host = host.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(host.stdout.take().unwrap()).lines();
    assert!(lines.by_ref().any(|line| line.unwrap().ends_with("begun")));
    host.kill().unwrap();
    host.wait().unwrap();
    let begun = Instant::now();
    assert_eq!(lines.count(), 0, "whoever holds the stream holds it no more");
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn it_uses_no_more_than_it_may() {
    let mut place = Place::new(true);
    place.policy.limits = ExecLimits { cpu: 1, file: 1 << 20, open: 32, scratch: 1 << 20, ..ExecLimits::default() };
    assert_eq!(place.run(&["sh", "-c", "while :; do :; done"]).unwrap().ended.how, How::Killed(9), "processor time");
    place.refused("head -c 2000000 /dev/zero > big; test $(wc -c < big) -eq 2000000", "file size limit");
    place.refused("head -c 2000000 /dev/zero > /tmp/big", "");
    place.python("[os.open('/dev/null', 0) for _ in range(64)]", "too many open files");
    place.refused("head -c 900000 /dev/zero > /tmp/a && head -c 900000 /dev/zero > /tmp/b", "no space left");
    assert_eq!(place.sh("ls big && ulimit -c"), "big\n0\n");
}

#[test]
fn it_has_no_network_and_hears_nobody() {
    let place = Place::new(false);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    place.python(&format!("socket.create_connection(('127.0.0.1', {port}), 2)"), "unreachable");
    place.python("socket.create_connection(('8.8.8.8', 53), 2)", "unreachable");
    place.python(
        "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b'x', ('2001:4860:4860::8888', 53))",
        "cannot assign",
    );
    let name = format!("cowork-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _host = UnixListener::bind_addr(&address).unwrap();
    place.python(&format!("socket.socket(socket.AF_UNIX).connect('\\0{name}')"), "not permitted");
    place.python(&format!("os.kill({}, 0)", std::process::id()), "no such process");
    let tables = "cat /proc/[0-9]*/net/tcp /proc/[0-9]*/net/unix /proc/[0-9]*/net/route";
    let seen = place.sh(&format!("{tables} | grep -v -e Num -e local_address -e Iface; true"));
    assert!(!seen.contains(':'), "nor of the host's network by way of its own first process: {seen}");
}

#[test]
fn a_way_out_is_the_one_commands_that_got_it() {
    let place = Place::new(false);
    let world = place.world().unwrap();
    let null = fs::File::open("/dev/null").unwrap();
    let (sender, listens) = std::sync::mpsc::channel();
    let running = [(); 2].map(|()| {
        let sender = sender.clone();
        let take: Take = Box::new(move |socket| {
            sender.send(()).unwrap();
            Box::new(socket)
        });
        let out = WayOut { proxy: "http://127.0.0.1:3128".to_owned(), trusted: String::new(), take };
        let prepared = world.prepare(None, Some(out)).unwrap();
        let running = prepared.start(&["sleep", "60"].map(str::to_owned), [null.as_fd(); 3]).unwrap();
        let ender = running.ender();
        (ender, std::thread::spawn(move || running.wait(Duration::from_secs(60)).unwrap_err().kind))
    });
    // Both listen on the same port, each in a network of its own; and a third command of this world sees neither.
    for _ in &running {
        listens.recv_timeout(Duration::from_secs(20)).unwrap();
    }
    let line = "import socket; socket.create_connection(('127.0.0.1', 3128), 2)";
    let came = Place::run_in(&world, &["python3", "-c", line], Duration::from_secs(20)).unwrap();
    assert!(came.out.contains("unreachable"), "{}", came.out);
    for (ender, waits) in running {
        ender.end();
        assert_eq!(waits.join().unwrap(), Kind::Unavailable);
    }
}

#[test]
fn a_command_that_can_not_be_run_says_why() {
    let place = Place::new(false);
    let error = place.run(&["no-such-program"]).unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.to_string().contains("no-such-program"), "{error}");
    assert_eq!(place.run(&["./poem"]).unwrap_err().kind, Kind::InvalidInput);
    assert_eq!(place.run(&[]).unwrap_err().kind, Kind::InvalidInput);
    assert_eq!(place.run(&["true", "a\0b"]).unwrap_err().kind, Kind::InvalidInput);
    let long = "x".repeat(2 << 20);
    assert_eq!(place.run(&["true", &long]).unwrap_err().kind, Kind::LimitExceeded);
}

#[test]
fn a_folder_that_was_exchanged_is_not_shown() {
    let place = Place::new(false);
    let (at, other) = (place.folder.path().to_owned(), TempDir::new().unwrap());
    fs::rename(&at, at.with_extension("away")).unwrap();
    symlink(other.path(), &at).unwrap();
    let error = place.run(&["true"]).unwrap_err();
    fs::remove_file(&at).unwrap();
    fs::create_dir(&at).unwrap();
    let another = place.run(&["true"]).unwrap_err();
    fs::remove_dir(&at).unwrap();
    fs::rename(at.with_extension("away"), &at).unwrap();
    for error in [error, another] {
        assert_eq!(error.kind, Kind::Unsupported, "{error}");
        assert!(error.to_string().contains("bind"), "{error}");
    }
    assert_eq!(place.sh("cat poem"), "one\ntwo\n");
}

/// The same for somebody without privileges.
#[test]
fn all_of_it_holds_for_a_user_without_privileges_too() {
    const WITHIN: &str = "COWORK_TEST_WITHOUT_PRIVILEGES";
    if std::env::var_os(WITHIN).is_some() || !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = TempDir::with_prefix_in("cowork-confined-", "/tmp").unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    fs::set_permissions(folder.path(), open).unwrap();
    let copy = folder.path().join("tests");
    fs::copy("/proc/self/exe", &copy).unwrap();
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&copy);
    command.env(WITHIN, "1").env("TMPDIR", folder.path()).current_dir(folder.path());
    let came = command.output().unwrap();
    assert!(came.status.success(), "{}", String::from_utf8_lossy(&came.stdout));
}

#[test]
fn what_is_made_ready_starts_at_once_and_is_as_confined() {
    let place = Place::new(true);
    let prepared = place.world().unwrap().prepare(None, None).unwrap();
    drop(place.world().unwrap().prepare(None, None).unwrap());
    fs::write(place.folder.path().join("later"), "three\n").unwrap();
    let (mut reader, writer) = std::io::pipe().unwrap();
    let null = fs::File::open("/dev/null").unwrap();
    let line = ["sh", "-c", "cat later /etc/shadow"].map(str::to_owned);
    let running = prepared.start(&line, [null.as_fd(), writer.as_fd(), writer.as_fd()]).unwrap();
    drop(writer);
    assert_eq!(running.wait(Duration::from_secs(20)).unwrap().how, How::Exited(1));
    let mut out = String::new();
    reader.read_to_string(&mut out).unwrap();
    assert!(out.starts_with("three\n") && out.contains("No such file"), "{out}");
}

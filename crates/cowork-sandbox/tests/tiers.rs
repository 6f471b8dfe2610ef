//! Where this program can make no namespaces: bubblewrap makes them, or there are none; what is enforced is said.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

use std::{
    fs,
    io::{BufRead, Read},
    os::fd::AsFd,
    time::{Duration, Instant},
};

use cowork_core::{ExecLimits, Kind, Worker};
use cowork_sandbox::confine::{
    Changes, Confinement, Ended, Excess, Feature, How, Layers, Options, Policy, Shared, Tier, World,
};
use tempfile::TempDir;

fn by_bubblewrap() -> Options {
    Options { namespaces: false, ..Options::default() }
}

fn without_namespaces() -> Options {
    Options { bubblewrap: None, ..by_bubblewrap() }
}

struct Place {
    folder: TempDir,
    layers: TempDir,
    confinement: Confinement,
    world: World,
    policy: Policy,
}

impl Place {
    fn new(options: &Options) -> Self {
        let (folder, layers) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        fs::write(folder.path().join("poem"), "one\ntwo\n").unwrap();
        let shared = Shared::new("Desk", folder.path(), Changes::Made).unwrap();
        let policy = Policy { folders: vec![shared], limits: ExecLimits::default() };
        let confinement = Confinement::with(options).unwrap();
        let world = confinement.world(policy.clone(), Some(Layers::at(layers.path()).unwrap())).unwrap();
        Self { folder, layers, confinement, world, policy }
    }

    fn run(&self, args: &[&str], most: Duration) -> cowork_core::Result<(Ended, String)> {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let null = fs::File::open("/dev/null").unwrap();
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let layer =
            Layers::at(self.layers.path())?.make(&format!("{:?}", Instant::now()).replace(' ', ""), &self.policy)?;
        let running = self.world.start(Some(&layer), &args, [null.as_fd(), writer.as_fd(), writer.as_fd()])?;
        drop(writer);
        let read = std::thread::spawn(move || {
            let mut out = Vec::new();
            reader.read_to_end(&mut out).map(|_| String::from_utf8_lossy(&out).into_owned())
        });
        let ended = running.wait(most)?;
        Ok((ended, read.join().unwrap().unwrap()))
    }

    fn sh(&self, line: &str) -> (How, String) {
        let (ended, out) = self.run(&["sh", "-c", line], Duration::from_secs(20)).unwrap();
        (ended.how, out)
    }
}

#[test]
fn each_tier_runs_a_command_and_tells_how_it_ended() {
    for (options, tier) in [
        (Options::default(), Tier::Namespaces),
        (by_bubblewrap(), Tier::Bubblewrap),
        (without_namespaces(), Tier::Landlock),
    ] {
        let place = Place::new(&options);
        assert_eq!(place.confinement.tier(), tier);
        assert_eq!(place.sh("cat poem; echo three > more"), (How::Exited(0), "one\ntwo\n".to_owned()), "{tier:?}");
        assert_eq!(fs::read_to_string(place.folder.path().join("more")).unwrap(), "three\n");
        assert_eq!(place.sh("exit 7").0, How::Exited(7));
        assert_eq!(place.sh("kill -9 $$").0, How::Killed(9));
        let none = place.run(&["no-such-program"], Duration::from_secs(20)).unwrap_err();
        assert_eq!(none.kind, Kind::NotFound, "{tier:?} {none}");
        let (late, _) = place.run(&["sleep", "60"], Duration::from_millis(200)).unwrap();
        assert_eq!(late.how, How::Late, "{tier:?}");
    }
}

/// Says whether a process runs; one that has ended and was not waited for does not.
fn runs(process: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

/// Gives the processes that have a word in their command line.
fn named(word: &str) -> Vec<String> {
    let all = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.file_name().into_string().unwrap());
    let has = |process: &String| {
        let line = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(word)
    };
    all.filter(|process| process.parse::<u32>().is_ok() && has(process) && runs(process)).collect()
}

/// Starts many that leave their parents behind, and have themselves not ended by others.
fn scattered(word: &str) -> String {
    format!(
        "for n in 1 2 3 4 5 6 7 8; do setsid sh -c 'trap \"\" TERM HUP INT; (sleep 100; : {word}) & sleep 100; : {word}' & done; sleep 0.2"
    )
}

#[test]
fn all_that_a_command_started_ends_with_it_and_nothing_else_does() {
    let older = Options { landlock: 5, least: vec![Feature::Reading], ..without_namespaces() };
    for (n, options) in [by_bubblewrap(), without_namespaces(), older].iter().enumerate() {
        let mut bystander = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        let place = Place::new(options);
        let word = format!("scattered-{}-{n}-{}", std::process::id(), place.folder.path().display());
        let (how, said) = place.sh(&format!("{}; echo all", scattered(&word)));
        assert_eq!((how, said.as_str()), (How::Exited(0), "all\n"));
        assert_eq!(named(&word), [""; 0], "{options:?}");
        let (late, _) =
            place.run(&["sh", "-c", &format!("{}; sleep 100", scattered(&word))], Duration::from_millis(600)).unwrap();
        assert_eq!(late.how, How::Late);
        assert_eq!(named(&word), [""; 0], "{options:?}");
        assert!(runs(&bystander.id().to_string()), "nobody else was ended");
        bystander.kill().unwrap();
        bystander.wait().unwrap();
    }
}

#[test]
fn what_was_not_given_can_neither_be_read_nor_changed() {
    let outside = TempDir::new().unwrap();
    let secret = outside.path().join("secret");
    fs::write(&secret, "hidden").unwrap();
    let at = secret.to_str().unwrap();
    for options in [by_bubblewrap(), without_namespaces()] {
        let place = Place::new(&options);
        for line in [
            format!("cat {at}"),
            format!("echo x > {at}"),
            format!("echo x > {at}.new"),
            format!("rm {at}"),
            format!("chmod 777 {at}"),
            format!("touch {at}"),
            format!("mv {at} here"),
            format!("ln {at} here"),
            format!("python3 -c \"import os; os.truncate('{at}', 0)\""),
            "cat /etc/shadow".to_owned(),
            "ls /root".to_owned(),
            "cat /proc/1/environ".to_owned(),
            "cat /proc/cmdline | grep .".to_owned(),
            "ls /sys/kernel".to_owned(),
            "echo x > /usr/bin/new".to_owned(),
            "head -c 1 /dev/vda || head -c 1 /dev/mem".to_owned(),
            "unshare -r true".to_owned(),
            "kill -0 $PPID && kill -9 1 && kill -0 1".to_owned(),
            format!("kill -9 {}", std::process::id()),
            "python3 -c \"import socket; socket.create_connection(('127.0.0.1', 1)).send(b'')\"".to_owned(),
        ] {
            let (how, said) = place.sh(&format!("{line} 2>&1"));
            assert_ne!(how, How::Exited(0), "{:?} {line}: {said}", place.confinement.tier());
        }
        assert_eq!(fs::read_to_string(&secret).unwrap(), "hidden");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_program_in_the_place_of_bubblewrap_is_not_trusted() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let fake = folder.path().join("bwrap");
    fs::write(&fake, "#!/bin/sh\necho bubblewrap 9.9.9\n").unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    let tried = |bubblewrap: &str| {
        let options = Options { bubblewrap: Some(bubblewrap.into()), ..by_bubblewrap() };
        Confinement::with(&options).unwrap().probe().tried[1].clone()
    };
    // Whoever may write into a folder on the way may put another in its place.
    assert!(tried(fake.to_str().unwrap()).contains("may be changed by somebody else"));
    assert!(tried("/usr/bin/no-such-program").contains("can't be found"));
    assert!(tried("/bin/true").contains("is too old"));
}

#[test]
fn with_less_than_has_to_be_nothing_is_run() {
    let error = Confinement::with(&Options { landlock: 5, ..without_namespaces() }).unwrap_err();
    assert_eq!(error.kind, Kind::Unsupported);
    assert_eq!(error.fact("missing"), Some("other processes, ending"));
    assert!(
        error.fact("tried").unwrap().contains("namespaces of its own may not be made") && error.fix().is_some(),
        "{error}"
    );
    let all = Options { least: Feature::ALL.into(), ..without_namespaces() };
    assert_eq!(Confinement::with(&all).unwrap_err().fact("missing"), Some("names elsewhere"));
    let none = Confinement::with(&Options { landlock: 0, ..Options::default() }).unwrap_err();
    assert!(none.fact("tried").unwrap().contains("the kernel has no Landlock"), "{none}");
    for landlock in [1, 3, 6] {
        assert_eq!(Confinement::with(&Options { landlock, ..by_bubblewrap() }).unwrap().probe().landlock, landlock);
    }
}

/// In what process namespaces can really not be made.
const BLOCKED: &str = "COWORK_TEST_BLOCKED";

/// Runs this test again where the kernel makes no more namespaces of users.
#[test]
fn where_the_kernel_makes_no_user_namespaces_bubblewrap_or_nothing_makes_them() {
    if std::env::var_os(BLOCKED).is_some() {
        let place = Place::new(&Options::default());
        // Who has privileges needs no namespace of users; who has none gets nothing from bubblewrap.
        println!("tier {:?}: {:?}", place.confinement.tier(), place.confinement.probe().tried);
        assert_ne!(place.confinement.tier(), Tier::Namespaces);
        assert_eq!(place.sh("cat poem"), (How::Exited(0), "one\ntwo\n".to_owned()));
        assert_ne!(place.sh("cat /etc/shadow").0, How::Exited(0));
        return;
    }
    let name = "where_the_kernel_makes_no_user_namespaces_bubblewrap_or_nothing_makes_them";
    let run = |before: &str| {
        let line = format!(
            "echo 0 > /proc/sys/user/max_user_namespaces && exec {before} /proc/self/exe --exact {name} --nocapture"
        );
        let line = line.replace("/proc/self/exe", std::env::current_exe().unwrap().to_str().unwrap());
        let out = std::process::Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", &line])
            .env(BLOCKED, "1")
            .output()
            .unwrap();
        (
            out.status.success(),
            String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr),
        )
    };
    let (is_well, said) = run("");
    if said.contains("unshare failed") {
        eprintln!("left out: this machine makes no namespaces of users");
        return;
    }
    // In namespaces that are not root's, root is nobody who is known, and its programs are not known to be the system's.
    let is_root = rustix::process::geteuid().is_root();
    let tier = if is_root { "tier Bubblewrap" } else { "tier Landlock" };
    assert!(is_well && said.contains(tier) && said.contains("user namespaces can't be made: "), "{said}");
    let (is_well, said) = run("setpriv --bounding-set=-all --no-new-privs");
    assert!(is_well && said.contains("tier Landlock"), "{said}");
}

/// Where the folder is for a host that is killed, and in which tier.
const HOST: &str = "COWORK_TEST_TIERS_HOST";

/// Runs this test again, and kills that.
#[test]
fn all_of_a_command_ends_with_its_host() {
    if let Some(word) = std::env::var_os(HOST) {
        let word = word.into_string().unwrap();
        let options = if word.contains("bubblewrap") { by_bubblewrap() } else { without_namespaces() };
        let place = Place::new(&options);
        let out = std::io::stdout();
        let layer = Layers::at(place.layers.path()).unwrap().make("1", &place.policy).unwrap();
        let args = ["sh", "-c", &format!("{}; echo began; sleep 100", scattered(&word))].map(str::to_owned);
        let null = fs::File::open("/dev/null").unwrap();
        place
            .world
            .start(Some(&layer), &args, [null.as_fd(), out.as_fd(), out.as_fd()])
            .unwrap()
            .wait(Duration::from_secs(60))
            .unwrap();
        return;
    }
    for tier in ["bubblewrap", "landlock"] {
        let word = format!("hosted-{}-{tier}", std::process::id());
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "all_of_a_command_ends_with_its_host", "--nocapture"]).env(HOST, &word);
        let mut child = child.stdout(std::process::Stdio::piped()).spawn().unwrap();
        let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.by_ref().any(|line| line.unwrap().contains("began")));
        assert!(!named(&word).is_empty());
        child.kill().unwrap();
        child.wait().unwrap();
        // Whoever runs holds the stream: its end is theirs.
        assert_eq!(lines.count(), 0);
        let begun = Instant::now();
        while !named(&word).is_empty() && begun.elapsed() < Duration::from_secs(10) {
            std::thread::yield_now();
        }
        assert_eq!(named(&word), [""; 0], "{tier}");
    }
}

#[test]
fn a_command_uses_no_more_than_it_may_in_any_tier() {
    for options in [by_bubblewrap(), without_namespaces()] {
        let mut place = Place::new(&options);
        place.policy.limits = ExecLimits { memory: 64 << 20, processes: 30, file: 1 << 20, ..ExecLimits::default() };
        let layers = Layers::at(place.layers.path()).unwrap();
        place.world = place.confinement.world(place.policy.clone(), Some(layers)).unwrap();
        let (how, said) = place.sh("head -c 400M /dev/zero | tail -c 300M | wc -c");
        assert_eq!(how, How::Over(Excess::Memory), "{said}");
        let (how, said) = place.sh("n=0; while [ $n -lt 60 ]; do sleep 20 & n=$((n+1)); done; echo all");
        assert!(how != How::Exited(0) && !said.contains("all"), "{how:?} {said}");
        let (how, _) = place.sh("head -c 2M /dev/zero > large");
        assert_ne!(how, How::Exited(0));
        assert_eq!(fs::metadata(place.folder.path().join("large")).unwrap().len(), 1 << 20);
        assert_eq!(place.sh("echo fine"), (How::Exited(0), "fine\n".to_owned()));
    }
}

#[test]
fn what_no_namespace_keeps_apart_is_refused_where_there_are_none() {
    let place = Place::new(&without_namespaces());
    let host = std::process::id();
    fs::write(place.folder.path().join("readable"), "x").unwrap();
    for (what, call) in [
        ("a socket for datagrams", "41, 2, 2, 0".to_owned()),
        ("shared memory", "29, 0, 4096, 0o1600".to_owned()),
        ("messages", "68, 0, 0o1600".to_owned()),
        ("semaphores", "64, 0, 1, 0o1600".to_owned()),
        ("a queue", "240, b'q', 0o102, 0o600, 0".to_owned()),
        ("limits of another", format!("302, {host}, 7, 0, 0")),
        ("priority of another", format!("141, 0, {host}, 19")),
        ("processors of another", format!("203, {host}, 8, b'1234567\\0'")),
        ("times by name", "280, -100, b'/etc/passwd', 0, 0".to_owned()),
        ("mode by name", "90, b'/etc/passwd', 0o644".to_owned()),
        ("owner by name", "92, b'/etc/passwd', 0, 0".to_owned()),
        ("an attribute", "188, b'/etc/passwd', b'user.x', b'y', 1, 0".to_owned()),
        ("being told of changes", "254, c.syscall(253), b'/etc', 2".to_owned()),
        ("a file's flags", "16, os.open('readable', 0), 0x40086602, b'1234567\\0'".to_owned()),
    ] {
        let line = "import ctypes, os\nc = ctypes.CDLL(None, use_errno=True)\n";
        let line = format!("{line}print(ctypes.get_errno() if c.syscall({call}) == -1 else 'done')");
        let (ended, said) = place.run(&["python3", "-c", &line], Duration::from_secs(20)).unwrap();
        assert_eq!((ended.how, said.as_str()), (How::Exited(0), "1\n"), "{what}");
    }
    // What a program may do with itself and its own files it may do here too.
    let own = "import os, resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); open('own', 'w').close(); os.utime(os.open('own', 1)); print('ok')";
    assert_eq!(place.run(&["python3", "-c", own], Duration::from_secs(20)).unwrap().1, "ok\n");
}

#[test]
fn a_worker_sees_and_reaches_nothing_in_any_tier() {
    for options in [Options::default(), by_bubblewrap(), without_namespaces()] {
        let confinement = Confinement::with(&options).unwrap();
        let worker = Worker { program: "/bin/sh".into(), args: Vec::new(), cpu: 10, memory: 256 << 20 };
        let workers = confinement.workers(&worker).unwrap();
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("secret"), "hidden\n").unwrap();
        let at = folder.path().display();
        let run = |line: &str| {
            let (mut reader, writer) = std::io::pipe().unwrap();
            let null = fs::File::open("/dev/null").unwrap();
            let args = ["-c", line].map(str::to_owned);
            let running = workers.start(&args, [null.as_fd(), writer.as_fd(), writer.as_fd()]).unwrap();
            drop(writer);
            let mut said = String::new();
            reader.read_to_string(&mut said).unwrap();
            (running.wait(Duration::from_secs(10)).unwrap().how, said)
        };
        assert_eq!(run("echo $((40 + 2)); exit 3"), (How::Exited(3), "42\n".to_owned()), "{options:?}");
        let outside = format!("kill -9 {}", std::process::id());
        let (reads, writes) = (format!("read x < {at}/secret"), format!("echo x > {at}/new"));
        for line in [reads.as_str(), &writes, "(echo started)", "/bin/true", &outside] {
            assert_ne!(run(line).0, How::Exited(0), "{options:?} {line}");
        }
        assert!(!folder.path().join("new").exists());
    }
    let older = Options { landlock: 5, least: vec![Feature::Reading], ..without_namespaces() };
    let worker = Worker { program: "/bin/sh".into(), args: Vec::new(), cpu: 10, memory: 256 << 20 };
    assert_eq!(Confinement::with(&older).unwrap().workers(&worker).unwrap_err().kind, Kind::Unsupported);
}

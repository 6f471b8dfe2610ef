//! Where this program can make no namespaces: bubblewrap makes them, or there are none; what is enforced is said.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

use std::{
    fs,
    io::Read,
    os::fd::AsFd,
    time::{Duration, Instant},
};

use cowork_core::{ExecLimits, Kind};
use cowork_sandbox::confine::{
    Changes, Confinement, Ended, Feature, How, Layers, Options, Policy, Shared, Tier, World,
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

//! Changes that are kept while the folder stays as it is, and what a command may use.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

use std::{fs, io::Read, os::fd::AsFd, time::Duration};

use cowork_core::{ExecLimits, Kind};
use cowork_sandbox::confine::{Changes, Confinement, Ended, Excess, How, Layer, Layers, Policy, Shared, World};
use tempfile::TempDir;

struct Place {
    folder: TempDir,
    data: TempDir,
    layers: Layers,
    policy: Policy,
    world: World,
}

impl Place {
    fn new(limits: ExecLimits) -> Self {
        let (folder, data) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        fs::write(folder.path().join("poem"), "one\ntwo\n").unwrap();
        let shared = Shared::new("Desk", folder.path(), Changes::Kept).unwrap();
        let policy = Policy { folders: vec![shared], limits };
        let layers = Layers::at(&data.path().join("layers")).unwrap();
        let world = Confinement::new().unwrap().world(policy.clone(), Some(layers.clone())).unwrap();
        Self { folder, data, layers, policy, world }
    }

    fn layer(&self, name: &str) -> Layer {
        self.layers.make(name, &self.policy).unwrap()
    }

    fn run(&self, layer: &Layer, line: &str) -> (Ended, String) {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let null = fs::File::open("/dev/null").unwrap();
        let args = ["sh", "-c", line].map(str::to_owned);
        let running = self.world.start(Some(layer), &args, [null.as_fd(), writer.as_fd(), writer.as_fd()]).unwrap();
        drop(writer);
        let read = std::thread::spawn(move || {
            let mut out = String::new();
            reader.read_to_string(&mut out).map(|_| out)
        });
        (running.wait(Duration::from_secs(30)).unwrap(), read.join().unwrap().unwrap())
    }
}

#[test]
fn what_a_command_changes_is_kept_while_the_folder_stays_as_it_is() {
    let place = Place::new(ExecLimits::default());
    let layer = place.layer("1");
    let line = "echo three >> poem && mkdir -p new/deep && echo x > new/deep/file && rm -f gone && cat poem && ls -a /.outside";
    let (ended, out) = place.run(&layer, line);
    assert_eq!((ended.how, out.as_str()), (How::Exited(0), "one\ntwo\nthree\n.\n..\n"));
    assert_eq!(fs::read_to_string(place.folder.path().join("poem")).unwrap(), "one\ntwo\n");
    assert_eq!(fs::read_dir(place.folder.path()).unwrap().count(), 1);
    let upper = layer.upper(0);
    assert_eq!(fs::read_to_string(upper.join("poem")).unwrap(), "one\ntwo\nthree\n");
    assert_eq!(fs::read_to_string(upper.join("new/deep/file")).unwrap(), "x\n");
    // The next command, in a layer of its own, sees the folder as it is.
    assert_eq!(place.run(&place.layer("2"), "cat poem; ls").1, "one\ntwo\npoem\n");
    assert_eq!(place.layers.make("2", &place.policy).unwrap_err().kind, Kind::Conflict);
    assert_eq!(place.world.prepare(None, None).unwrap_err().kind, Kind::InvalidInput, "kept, but not said where");
    drop(place.data);
}

#[test]
fn a_command_uses_no_more_memory_than_it_may() {
    let place = Place::new(ExecLimits { memory: 64 << 20, ..ExecLimits::default() });
    for (n, line) in [
        "python3 -c 'x = bytearray(1 << 30)'",
        "head -c 1G /dev/zero | tail -c 1G | wc -c",
        "head -c 400M /dev/zero > /dev/shm/x",
    ]
    .iter()
    .enumerate()
    {
        let (ended, out) = place.run(&place.layer(&n.to_string()), line);
        assert_eq!(ended.how, How::Over(Excess::Memory), "{line}: {out}");
    }
    assert_eq!(place.run(&place.layer("after"), "echo fine").1, "fine\n");
}

#[test]
fn a_command_starts_no_more_processes_than_it_may() {
    let place = Place::new(ExecLimits { processes: 30, ..ExecLimits::default() });
    let line = "n=0; while [ $n -lt 60 ]; do sleep 20 & n=$((n+1)); done; echo all";
    let (ended, out) = place.run(&place.layer("1"), line);
    assert!(ended.how != How::Exited(0) && !out.contains("all"), "{ended:?} {out}");
}

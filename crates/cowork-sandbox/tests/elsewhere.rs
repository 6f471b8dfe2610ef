//! Another program has a file open and locked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

mod support;

use std::{path::Path, process::Command, sync::Arc};

use cowork_core::{Change, Changed, Clash, Known, Session, Watch, Write};
use cowork_testkit::sandbox::{a_call, path, tree};
use support::{Disks, World, edit};

async fn change(session: &Arc<dyn Session>, changes: Vec<Change>) -> Changed {
    session.files(a_call()).change(changes, Watch::nothing()).await.unwrap()
}

fn write(at: &str, content: &[u8], known: Known) -> Change {
    Change::Write(Write::new(path(at), content.to_vec()).replacing(known))
}

fn relocate(from: &str, to: &str) -> Change {
    Change::Move { from: path(from), to: path(to), clash: Clash::Skip }
}

/// Holds a file as another program does, until its input ends.
fn holder(script: &str, file: &Path) -> Option<std::process::Child> {
    let begin = "import fcntl,os,struct,sys\nfd=os.open(sys.argv[1],os.O_RDWR)";
    let script = format!("{begin}\n{script}\nprint(1,flush=True)\nsys.stdin.read()");
    let mut command = Command::new("python3");
    command.args(["-c", &script]).arg(file);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().ok()?;
    let mut word = [0];
    std::io::Read::read_exact(child.stdout.as_mut()?, &mut word).ok()?;
    Some(child)
}

#[tokio::test]
async fn a_file_that_another_program_has_locked_is_left() {
    let locks = [
        ("a flock", "fcntl.flock(fd, fcntl.LOCK_SH)"),
        ("a lock of a process", "fcntl.lockf(fd, fcntl.LOCK_EX, 1, 2)"),
        ("a lock for reading", "fcntl.fcntl(fd, fcntl.F_SETLK, struct.pack('hhqqi4x', fcntl.F_RDLCK, 0, 0, 0, 0))"),
        ("a lock of an open file", "fcntl.fcntl(fd, 37, struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0))"),
        (
            "a lease",
            "import signal; signal.signal(signal.SIGIO, signal.SIG_IGN); fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)",
        ),
    ];
    for (what, script) in locks {
        let world = World::new(Disks::One);
        let before = tree(&world.folder);
        let Some(mut child) = holder(script, &world.folder.join("a.txt")) else {
            return eprintln!("left out: python3 is not here, or can't take {what}");
        };
        let session = world.open(None, false).await.unwrap();
        let mode = Change::Mode { path: path("F/a.txt"), mode: 0o600 };
        let aside = Change::set_aside(path("F/a.txt"));
        for change in [write("F/a.txt", b"b", Known::Nothing), edit("F/a.txt"), mode, aside] {
            let changed = self::change(&session, vec![change]).await;
            assert_eq!((changed.made, changed.otherwise.len()), (0, 1), "{what}: {changed:?}");
            let reason = &changed.otherwise[0].reason;
            assert!(reason.contains("another program"), "{what}: {reason}");
        }
        assert_eq!(change(&session, vec![relocate("F/a.txt", "F/moved.txt")]).await.made, 1, "its handle goes along");
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(change(&session, vec![write("F/moved.txt", b"b", Known::Nothing)]).await.made, 1, "{what}");
        world.close_and_give_back(session, &before).await;
    }
}

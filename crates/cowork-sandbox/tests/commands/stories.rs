//! What commands of a session change, whatever keeps it until it is decided on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

#[path = "going_on.rs"]
mod going_on;

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cowork_core::{
    Access, CallId, Exec, Exit, ExitKind, Kind, Process, ProcessEvent, Sandbox, Session, SessionSpec, Staged, TaskId,
    UndoSpec, Watch, What,
};
use cowork_sandbox::{LocalSandbox, LocalSandboxOptions};
use cowork_testkit::sandbox::{a_call, a_task, grant, path, put, tree};
use tempfile::TempDir;

struct Place {
    desk: PathBuf,
    sandbox: LocalSandbox,
    task: TaskId,
    session: Arc<dyn Session>,
    keep: TempDir,
}

impl Place {
    async fn new() -> Self {
        let keep = TempDir::new().unwrap();
        let desk = keep.path().join("Desk");
        put(&desk.join("poem"), "one\ntwo\n");
        put(&desk.join("in/deep/notes"), "a long enough note to be known again");
        put(&desk.join("old"), "goes away");
        let data = keep.path().join("data");
        let sandbox =
            LocalSandbox::open(super::options(LocalSandboxOptions { data, ..LocalSandboxOptions::default() }));
        let task = a_task();
        let session = open(&sandbox, task, &desk, false).await;
        Self { desk, sandbox, task, session, keep }
    }

    async fn start(&self, call: CallId, line: &str) -> Box<dyn Process> {
        let args = ["sh", "-c", line].map(str::to_owned).to_vec();
        let exec = Exec { args, folder: None, wall: Duration::from_secs(30), input: false, terminal: None };
        self.session.exec(call, exec).await.unwrap()
    }

    /// Runs a line of a shell for a call; gives what it said.
    async fn sh(&self, call: CallId, line: &str) -> (Exit, String) {
        let mut process = self.start(call, line).await;
        let mut said = Vec::new();
        loop {
            match process.next().await.unwrap() {
                ProcessEvent::Stdout(bytes) | ProcessEvent::Stderr(bytes) => said.extend(bytes),
                ProcessEvent::Exited(exit) => return (exit, String::from_utf8(said).unwrap()),
            }
        }
    }

    /// Runs a line that has to end well, and gives what it changed.
    async fn changed(&self, line: &str) -> (CallId, Staged) {
        let call = a_call();
        let (exit, said) = self.sh(call, line).await;
        assert!(exit.is_success(), "{line}: {exit:?} {said}");
        (call, self.session.staged(call).await.unwrap())
    }

    fn text(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.desk.join(name)).ok()
    }
}

async fn open(sandbox: &LocalSandbox, task: TaskId, desk: &Path, resumed: bool) -> Arc<dyn Session> {
    let folders = vec![grant("Desk", desk, Access::Write)];
    sandbox.open(SessionSpec { task, folders, hosts: Vec::new(), resumed }).await.unwrap()
}

fn told(staged: &Staged) -> Vec<String> {
    let what = |what: &What| match what {
        What::Created => "new".to_owned(),
        What::Edited => "edited".to_owned(),
        What::Moved { from, .. } => format!("from {from}"),
        What::SetAside => "gone".to_owned(),
        What::Mode => "mode".to_owned(),
    };
    staged.changes.changes.iter().map(|change| format!("{} {}", change.path, what(&change.what))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_command_changed_is_shown_then_taken_over_then_given_back() {
    let place = Place::new().await;
    let before = tree(&place.desk);
    let line = "echo three >> poem; rm old; mv in/deep/notes kept; mkdir -p new/sub; echo x > new/sub/file; ln -s ../poem new/link; \
        touch poem";
    let modes = if super::GIVES_PERMISSIONS { "; chmod 700 new/sub/file; chmod 700 in" } else { "" };
    let (call, staged) = place.changed(&format!("{line}{modes}")).await;
    let expected = [
        "Desk/in mode",
        "Desk/kept from Desk/in/deep/notes",
        "Desk/new new",
        "Desk/new/link new",
        "Desk/new/sub new",
        "Desk/new/sub/file new",
        "Desk/old gone",
        "Desk/poem edited",
    ];
    assert_eq!(told(&staged), expected[usize::from(!super::GIVES_PERMISSIONS)..]);
    assert_eq!((staged.guarded, staged.left_out), (vec![], vec![]));
    assert_eq!(tree(&place.desk), before, "shown, and not done");

    let changed = place.session.commit(call, Watch::nothing()).await.unwrap();
    assert_eq!(changed.otherwise, vec![]);
    assert_eq!(place.text("poem").as_deref(), Some("one\ntwo\nthree\n"));
    assert_eq!(place.text("new/link").as_deref(), Some("one\ntwo\nthree\n"));
    assert_eq!(place.text("kept").as_deref(), Some("a long enough note to be known again"));
    assert_eq!((place.text("old"), place.text("in/deep/notes")), (None, None));
    if super::GIVES_PERMISSIONS {
        assert_eq!(fs::metadata(place.desk.join("new/sub/file")).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(place.desk.join("in")).unwrap().permissions().mode() & 0o777, 0o700);
    }
    assert_eq!(place.session.staged(call).await.unwrap_err().kind, Kind::NotFound, "nothing is kept any more");

    drop(place.session);
    let report = place.sandbox.undo(place.task, UndoSpec::all()).await.unwrap();
    assert_eq!(report.kept, vec![]);
    assert_eq!(tree(&place.desk), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_file_that_was_changed_can_be_looked_at_as_it_is_and_as_it_would_be() {
    let place = Place::new().await;
    let (call, _) = place.changed("echo three >> poem; rm old; mkdir new; echo x > new/file; ln -s poem link").await;
    let sides = |name: &str, most| {
        let session = place.session.clone();
        let path = name.parse().unwrap();
        async move {
            let text = |bytes: Option<Vec<u8>>| bytes.map(|bytes| String::from_utf8(bytes).unwrap());
            let sides = session.sides(call, path, most).await?;
            Ok::<_, cowork_core::Error>((text(sides.before), text(sides.after)))
        }
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(sides("Desk/poem", 14).await.unwrap(), (some("one\ntwo\n"), some("one\ntwo\nthree\n")));
    assert_eq!(sides("Desk/poem", 13).await.unwrap(), (some("one\ntwo\n"), None), "longer than was asked for");
    assert_eq!(sides("Desk/new/file", 99).await.unwrap(), (None, some("x\n")));
    assert_eq!(sides("Desk/old", 99).await.unwrap().1, None, "gone");
    assert_eq!(sides("Desk/link", 99).await.unwrap(), (None, None), "a link is not followed");
    assert_eq!(sides("Elsewhere/poem", 99).await.unwrap_err().kind, Kind::NotAllowed);
    assert_eq!(place.session.seen(call), vec![], "for a person to look at, and nothing that the task has seen");
    place.session.discard(call).await.unwrap();
    assert_eq!(sides("Desk/poem", 99).await.unwrap_err().kind, Kind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_discarded_never_was() {
    let place = Place::new().await;
    let before = tree(&place.desk);
    let (call, staged) = place.changed("rm -r in; echo x > poem; mkdir -m 000 locked").await;
    assert_eq!(told(&staged), ["Desk/in gone", "Desk/locked new", "Desk/poem edited"]);
    place.session.discard(call).await.unwrap();
    assert_eq!(place.session.staged(call).await.unwrap_err().kind, Kind::NotFound);
    place.session.discard(call).await.unwrap();
    assert_eq!(tree(&place.desk), before);
    let (_, staged) = place.changed("cat poem; touch poem; echo x > y; rm y; mv old o; mv o old").await;
    assert_eq!(told(&staged), [""; 0], "what comes to the same is no change");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_changes_meanwhile_is_left_as_it_is() {
    let place = Place::new().await;
    let call = a_call();
    let (exit, _) = place.sh(call, "echo mine > poem; rm old; rm -r in; echo n > new").await;
    assert!(exit.is_success());
    let shown = place.session.staged(call).await.unwrap();
    assert_eq!(told(&shown), ["Desk/in gone", "Desk/new new", "Desk/old gone", "Desk/poem edited"]);
    fs::write(place.desk.join("poem"), "theirs").unwrap();
    fs::write(place.desk.join("old"), "wanted after all").unwrap();
    fs::write(place.desk.join("new"), "theirs too").unwrap();
    let changed = place.session.commit(call, Watch::nothing()).await.unwrap();
    let mut left: Vec<&str> = changed.otherwise.iter().map(|o| o.path.as_str()).collect();
    left.sort_unstable();
    assert_eq!(left, ["Desk/new", "Desk/old", "Desk/poem"]);
    assert_eq!(place.text("poem").as_deref(), Some("theirs"));
    assert_eq!(place.text("old").as_deref(), Some("wanted after all"));
    assert_eq!(place.text("new").as_deref(), Some("theirs too"));
    assert!(!place.desk.join("in").exists(), "what nobody touched is done");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leads_out_or_runs_later_is_left_out_or_named() {
    let place = Place::new().await;
    let line = "ln -s /etc/passwd abs; ln -s ../../x up; mkfifo pipe || true; python3 -c 'import socket; socket.socketpair()'; \
        mkdir -p .git/hooks .vscode; echo x > .git/hooks/pre-commit; echo y > .git/index; echo {} > .vscode/tasks.json; \
        echo z > .BASHRC; printf 'a' > \"$(printf 'line\\nbreak')\"";
    let (call, staged) = place.changed(line).await;
    let left: Vec<String> = staged.left_out.iter().map(|remark| format!("{} {}", remark.path, remark.why)).collect();
    assert_eq!(
        left,
        [
            "Desk/abs is a link that leads, or may lead, out of the folder",
            "Desk/up is a link that leads, or may lead, out of the folder",
        ]
    );
    let guarded: Vec<&str> = staged.guarded.iter().map(|remark| remark.path.as_str()).collect();
    assert_eq!(guarded, ["Desk/.BASHRC", "Desk/.git/hooks/pre-commit", "Desk/.vscode/tasks.json"]);
    let changed = place.session.commit(call, Watch::nothing()).await.unwrap();
    assert_eq!(changed.otherwise.len(), 2);
    assert!(fs::symlink_metadata(place.desk.join("abs")).is_err() && !place.desk.join("pipe").exists());
    assert_eq!(place.text("line\nbreak").as_deref(), Some("a"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_was_there_leads_nowhere_inside() {
    let place = Place::new().await;
    let outside = place.desk.parent().unwrap().join("secret");
    fs::write(&outside, "hidden").unwrap();
    symlink(&outside, place.desk.join("link")).unwrap();
    let call = a_call();
    let (exit, said) = place.sh(call, "cat link").await;
    assert!(!exit.is_success() && said.contains(super::ELSEWHERE), "{said}");
    // Written through, it is a file of its own in the layer's view, or nothing: never the one outside.
    place.sh(call, "echo mine > link; rm link; echo mine > link").await;
    let changed = place.session.staged(call).await.unwrap();
    assert_eq!(told(&changed), ["Desk/link gone", "Desk/link new"]);
    place.session.commit(call, Watch::nothing()).await.unwrap();
    assert_eq!(fs::read_to_string(&outside).unwrap(), "hidden");
    assert!(fs::symlink_metadata(place.desk.join("link")).unwrap().is_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_end_with_their_time_and_when_nobody_wants_them() {
    let place = Place::new().await;
    let args = ["sh", "-c", "trap '' TERM; echo begun; sleep 60"].map(str::to_owned).to_vec();
    let exec =
        Exec { args, folder: Some(path("Desk/in")), wall: Duration::from_millis(300), input: false, terminal: None };
    let call = a_call();
    let mut process = place.session.exec(call, exec.clone()).await.unwrap();
    assert_eq!(process.next().await.unwrap(), ProcessEvent::Stdout(b"begun\n".to_vec()));
    assert_eq!(place.session.staged(call).await.unwrap_err().kind, Kind::Busy);
    let ProcessEvent::Exited(exit) = process.next().await.unwrap() else { panic!("it says nothing more") };
    assert_eq!(exit.how, ExitKind::TimedOut);
    assert_eq!(process.next().await.unwrap_err().kind, Kind::InvalidInput);
    assert_eq!(told(&place.session.staged(call).await.unwrap()), [""; 0]);

    let missing = Exec { folder: Some(path("Desk/none")), ..exec.clone() };
    assert_eq!(place.session.exec(call, missing).await.err().unwrap().kind, Kind::NotFound);
    let file = Exec { folder: Some(path("Desk/poem")), ..exec.clone() };
    assert_eq!(place.session.exec(call, file).await.err().unwrap().kind, Kind::InvalidInput);
    let none = Exec { args: vec!["no-such-program".to_owned()], ..exec.clone() };
    let mut process = place.session.exec(call, none).await.unwrap();
    assert_eq!(process.next().await.unwrap_err().kind, Kind::NotFound);
    let mut process =
        place.session.exec(a_call(), Exec { args: vec!["cat".to_owned()], input: true, ..exec }).await.unwrap();
    process.write(b"in and out").await.unwrap();
    process.write(b"").await.unwrap();
    assert_eq!(process.next().await.unwrap(), ProcessEvent::Stdout(b"in and out".to_vec()));
    assert!(matches!(process.next().await.unwrap(), ProcessEvent::Exited(exit) if exit.is_success()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_waited_for_is_let_go_of() {
    let place = Place::new().await;
    let call = a_call();
    for line in ["echo three >> poem; echo begun; exec sleep 60", "echo three >> poem; echo begun"] {
        let mut process = place.start(call, line).await;
        assert_eq!(process.next().await.unwrap(), ProcessEvent::Stdout(b"begun\n".to_vec()));
        drop(process);
        let kept = loop {
            match place.session.staged(call).await {
                Err(e) if e.kind == Kind::Busy => tokio::task::yield_now().await,
                kept => break kept,
            }
        };
        assert_eq!(kept.unwrap_err().kind, Kind::NotFound, "{line}");
    }
    let layers = place.keep.path().join("data/staged").join(place.task.to_string());
    assert_eq!(fs::read_dir(layers).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_can_be_taken_over_by_another_session_of_the_task() {
    let place = Place::new().await;
    let (call, _) = place.changed("echo three >> poem").await;
    let Place { session, sandbox, task, desk, keep: _keep } = place;
    drop(session);
    let session = open(&sandbox, task, &desk, true).await;
    assert_eq!(told(&session.staged(call).await.unwrap()), ["Desk/poem edited"]);
    assert_eq!(session.commit(call, Watch::nothing()).await.unwrap().made, 1);
    assert_eq!(fs::read_to_string(desk.join("poem")).unwrap(), "one\ntwo\nthree\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_does_not_go_with_what_nobody_was_shown() {
    let place = Place::new().await;
    let (call, staged) = place.changed("rm -r in").await;
    assert_eq!(told(&staged), ["Desk/in gone"]);
    put(&place.desk.join("in/deep/new"), "theirs");
    let changed = place.session.commit(call, Watch::nothing()).await.unwrap();
    assert_eq!((changed.made, changed.otherwise[0].path.as_str()), (0, "Desk/in"));
    assert_eq!(place.text("in/deep/new").as_deref(), Some("theirs"));
    // Nor does it go when what was to be moved out of it has to stay.
    let (call, staged) = place.changed("cp in/deep/notes kept; rm -r in").await;
    assert!(told(&staged).contains(&"Desk/kept from Desk/in/deep/notes".to_owned()), "{:?}", told(&staged));
    fs::write(place.desk.join("in/deep/notes"), "theirs too").unwrap();
    place.session.commit(call, Watch::nothing()).await.unwrap();
    assert_eq!(place.text("in/deep/notes").as_deref(), Some("theirs too"));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_do_not_become_guarded_in_steps_or_by_a_link() {
    let place = Place::new().await;
    let (call, staged) = place.changed("mkdir -p x/hooks; echo a > x/config; echo b > x/hooks/pre-commit").await;
    assert!(staged.guarded.is_empty(), "it is a folder like any");
    place.session.commit(call, Watch::nothing()).await.unwrap();
    let (_, staged) = place.changed("mkdir x/objects x/refs; echo 'ref: refs/heads/main' > x/HEAD").await;
    assert_eq!(staged.guarded[0].path.as_str(), "Desk/x/HEAD", "now it is one of Git's own");
    let (_, staged) = place.changed("mkdir -p c/fish; echo x > c/fish/config.fish; ln -s c .config").await;
    assert_eq!(staged.guarded[0].path.as_str(), "Desk/.config");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_over_once_is_told_again_and_not_done_again() {
    let place = Place::new().await;
    let (call, _) = place.changed("echo three >> poem; ln -s /etc out").await;
    let first = place.session.commit(call, Watch::nothing()).await.unwrap();
    fs::write(place.desk.join("poem"), "theirs").unwrap();
    // Cut off before its end was recorded, the call runs again.
    let second = place.session.commit(call, Watch::nothing()).await.unwrap();
    assert_eq!((first.made, &second), (1, &first));
    assert_eq!(place.text("poem").as_deref(), Some("theirs"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_a_hole_stays_one() {
    use std::os::unix::fs::MetadataExt;
    let place = Place::new().await;
    let (call, _) =
        place.changed("truncate -s 64M hollow; printf x | dd of=hollow bs=1 seek=1000000 conv=notrunc 2>&1").await;
    place.session.commit(call, Watch::nothing()).await.unwrap();
    let is = fs::metadata(place.desk.join("hollow")).unwrap();
    assert_eq!(is.len(), 64 << 20);
    assert!(is.blocks() * 512 < 1 << 20, "{}", is.blocks());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_socket_in_a_folder_is_reached_by_a_pair() {
    let place = Place::new().await;
    let socket = std::os::unix::net::UnixDatagram::bind(place.desk.join("listens")).unwrap();
    socket.set_nonblocking(true).unwrap();
    let line = "python3 -c \"import socket; a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); \
        a.sendto(b'x', '/work/Desk/listens')\"";
    let (exit, said) = place.sh(a_call(), line).await;
    assert!(!exit.is_success() && said.contains("Operation not permitted"), "{said}");
    assert_eq!(socket.recv(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    let pair = "python3 -c \"import socket; a, b = socket.socketpair(); a.send(b'x'); print(b.recv(1))\"";
    assert_eq!(place.sh(a_call(), pair).await.1, "b'x'\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_says_much_before_it_reads_on_is_heard() {
    let place = Place::new().await;
    let args = ["sh", "-c", "head -c 3000000 /dev/zero; wc -c"].map(str::to_owned).to_vec();
    let exec = Exec { args, folder: None, wall: Duration::from_secs(20), input: true, terminal: None };
    let mut process = place.session.exec(a_call(), exec).await.unwrap();
    for _ in 0..100 {
        process.write(&[b'x'; 50_000]).await.unwrap();
    }
    process.write(b"").await.unwrap();
    let mut said = Vec::new();
    while let ProcessEvent::Stdout(bytes) = process.next().await.unwrap() {
        said.extend(bytes);
    }
    assert!(said.ends_with(b"5000000\n") && said.len() > 3_000_000);
}

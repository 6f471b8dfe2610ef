//! Folders over which the kernel can't lay what a command changes: it works in a copy, and what comes of it is the same.
#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cowork_core::{
    Access, CallId, Exec, ExitKind, Kind, ProcessEvent, Sandbox, Session, SessionSpec, Staged, TaskId, UndoSpec, Watch,
};
use cowork_sandbox::{Copies, LocalSandbox, LocalSandboxOptions};
use cowork_testkit::sandbox::{a_call, a_task, grant, put, tree};
use tempfile::TempDir;

#[path = "../support/mounts.rs"]
#[allow(dead_code, unreachable_pub, reason = "other tests have it too")]
mod mounts;

use mounts::Mount;

struct Place {
    desk: PathBuf,
    sandbox: LocalSandbox,
    task: TaskId,
    session: Arc<dyn Session>,
    keep: TempDir,
}

impl Place {
    async fn new(desk: PathBuf, keep: TempDir, copies: Copies) -> Self {
        put(&desk.join("poem"), "one\ntwo\n");
        put(&desk.join("in/old"), "goes away");
        let data = keep.path().join("data");
        let sandbox = LocalSandbox::open(LocalSandboxOptions { data, copies, ..LocalSandboxOptions::default() });
        let task = a_task();
        let folders = vec![grant("Desk", &desk, Access::Write)];
        let spec = SessionSpec { task, folders, hosts: Vec::new(), resumed: false };
        let session = sandbox.open(spec).await.unwrap();
        Self { desk, sandbox, task, session, keep }
    }

    async fn try_to(&self, call: CallId, line: &str) -> cowork_core::Result<String> {
        let args = ["sh", "-c", line].map(str::to_owned).to_vec();
        let exec = Exec { args, folder: None, wall: Duration::from_secs(30), input: false, terminal: None };
        let mut process = self.session.exec(call, exec).await?;
        let mut said = Vec::new();
        loop {
            match process.next().await? {
                ProcessEvent::Stdout(bytes) | ProcessEvent::Stderr(bytes) => said.extend(bytes),
                ProcessEvent::Exited(exit) => {
                    let said = String::from_utf8(said).unwrap();
                    assert_eq!(exit.how, ExitKind::Code(0), "{line}: {said}");
                    return Ok(said);
                }
            }
        }
    }

    /// Changes, commits and undoes; gives what was shown, and whether it was worked in a copy.
    async fn told(&self, line: &str) -> (Staged, bool) {
        let (before, call) = (tree(&self.desk), a_call());
        self.try_to(call, line).await.unwrap();
        let layer = self.keep.path().join(format!("data/staged/{}/{call}/0", self.task));
        let is_copy = layer.join("copy").is_dir();
        let staged = self.session.staged(call).await.unwrap();
        assert_eq!(tree(&self.desk), before, "shown, and not done");
        let changed = self.session.commit(call, Watch::nothing()).await.unwrap();
        assert_eq!(changed.otherwise.len(), staged.left_out.len());
        assert_ne!(tree(&self.desk), before);
        (staged, is_copy)
    }

    async fn undone(self, before: &cowork_testkit::sandbox::Tree) {
        let Self { desk, sandbox, task, session, keep: _keep } = self;
        drop(session);
        sandbox.undo(task, UndoSpec::all()).await.unwrap();
        assert_eq!(tree(&desk), *before);
    }
}

fn paths(staged: &Staged) -> Vec<&str> {
    staged.changes.changes.iter().map(|change| change.path.as_str()).collect()
}

fn left(staged: &Staged) -> Vec<String> {
    staged.left_out.iter().map(|remark| format!("{} {}", remark.path, remark.why)).collect()
}

/// A folder, and where to keep data, on a disk that layers can be on.
fn somewhere() -> (PathBuf, TempDir) {
    let keep = TempDir::new().unwrap();
    let desk = keep.path().join("Desk");
    fs::create_dir(&desk).unwrap();
    (desk, keep)
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_stands_against_it_nothing_is_copied() {
    let (desk, keep) = somewhere();
    let place = Place::new(desk, keep, Copies::default()).await;
    let before = tree(&place.desk);
    let (staged, is_copy) = place.told("echo three >> poem; rm in/old").await;
    assert_eq!((paths(&staged), is_copy), (vec!["Desk/in/old", "Desk/poem"], false));
    place.undone(&before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_in_which_another_disk_is_mounted_is_copied_without_it() {
    let (desk, keep) = somewhere();
    let Some(_mount) = Mount::at(&desk.join("stick"), "size=1m") else { return };
    put(&desk.join("stick/far"), "on the stick");
    let place = Place::new(desk, keep, Copies::default()).await;
    let before = tree(&place.desk);
    let (staged, is_copy) = place.told("test ! -e stick && echo three >> poem && rm in/old && echo x > in/new").await;
    assert_eq!((paths(&staged), is_copy), (vec!["Desk/in/new", "Desk/in/old", "Desk/poem"], true));
    assert_eq!(left(&staged), ["Desk/stick is another disk, mounted there: the command did not see it"]);
    assert_eq!(fs::read_to_string(place.desk.join("stick/far")).unwrap(), "on the stick");
    place.undone(&before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_mounted_once_the_session_has_begun_is_seen_before_the_next_command() {
    let (desk, keep) = somewhere();
    let place = Place::new(desk, keep, Copies::default()).await;
    assert!(!place.told("echo three >> poem").await.1);
    let Some(_mount) = Mount::at(&place.desk.join("stick"), "size=1m") else { return };
    assert!(place.told("echo four >> poem").await.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_one_folder_laid_over_another_can_hold_no_layers() {
    let keep = TempDir::new().unwrap();
    let at = |name: &str| {
        let at = keep.path().join(name);
        fs::create_dir(&at).unwrap();
        at
    };
    let (lower, upper, work, merged) = (at("lower"), at("upper"), at("work"), at("data"));
    let options = format!("lowerdir={},upperdir={},workdir={}", lower.display(), upper.display(), work.display());
    let arguments = ["-t", "overlay", "-o", &options, "none"].map(std::ffi::OsStr::new);
    if !mounts::run("mount", &[&arguments[..], &[merged.as_os_str()]].concat()) {
        return;
    }
    let place = Place::new(at("Desk"), keep, Copies::default()).await;
    let before = tree(&place.desk);
    let (staged, is_copy) = place.told("echo three >> poem; mv in/old kept").await;
    mounts::run("umount", &["-l".as_ref(), merged.as_os_str()]);
    assert_eq!((paths(&staged), is_copy), (vec!["Desk/kept", "Desk/poem"], true));
    assert!(before.contains_key(Path::new("in/old")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_somebody_else_can_be_changed_in_a_copy() {
    let (desk, keep) = somewhere();
    put(&desk.join("theirs"), "of another group\n");
    if chown(desk.join("theirs"), None, Some(23_456)).is_err() {
        return;
    }
    let place = Place::new(desk, keep, Copies::default()).await;
    let before = tree(&place.desk);
    let (staged, is_copy) = place.told("echo more >> theirs").await;
    assert_eq!((paths(&staged), is_copy), (vec!["Desk/theirs"], true));
    assert_eq!(fs::metadata(place.desk.join("theirs")).unwrap().gid(), 23_456, "it stays theirs");
    place.undone(&before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_with_too_much_in_it_is_not_copied_and_the_command_does_not_run() {
    for copies in
        [Copies { always: true, bytes: 1 << 20, files: 100 }, Copies { always: true, bytes: 64 << 20, files: 5 }]
    {
        let (desk, keep) = somewhere();
        fs::write(desk.join("large"), vec![b'x'; 2 << 20]).unwrap();
        (0..4).for_each(|n| fs::write(desk.join(n.to_string()), "x").unwrap());
        let place = Place::new(desk, keep, copies).await;
        let call = a_call();
        let error = place.try_to(call, "echo x > new").await.unwrap_err();
        assert_eq!(error.kind, Kind::LimitExceeded, "{error}");
        assert!(error.fix().is_some());
        let layer = place.keep.path().join(format!("data/staged/{}/{call}", place.task));
        while layer.exists() {
            tokio::task::yield_now().await;
        }
        assert!(!place.desk.join("new").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_new_or_other_in_the_folder_meanwhile_is_not_taken_for_the_commands_doing() {
    let (desk, keep) = somewhere();
    put(&desk.join("both"), "once");
    let place = Place::new(desk, keep, Copies { always: true, ..Copies::default() }).await;
    let call = a_call();
    place.try_to(call, "rm -r in; echo mine > both; echo three >> poem").await.unwrap();
    put(&place.desk.join("came"), "theirs");
    put(&place.desk.join("in/came"), "theirs too");
    put(&place.desk.join("both"), "theirs as well");
    let staged = place.session.staged(call).await.unwrap();
    assert_eq!(paths(&staged), ["Desk/poem"]);
    let changed = "was changed by somebody else meanwhile";
    assert_eq!(left(&staged), [format!("Desk/both {changed}"), format!("Desk/in {changed}")]);
    place.session.commit(call, Watch::nothing()).await.unwrap();
    let text = |name: &str| fs::read_to_string(place.desk.join(name)).unwrap();
    assert_eq!([text("came"), text("in/came"), text("both")], ["theirs", "theirs too", "theirs as well"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_what_the_folder_is_but_for_what_no_command_reads() {
    use std::os::unix::fs::symlink;
    let (desk, keep) = somewhere();
    put(&desk.join("tool"), "#!/bin/sh\necho ran\n");
    fs::set_permissions(desk.join("tool"), fs::Permissions::from_mode(0o750)).unwrap();
    symlink("poem", desk.join("link")).unwrap();
    fs::create_dir(desk.join("locked")).unwrap();
    put(&desk.join("locked/file"), "x");
    fs::set_permissions(desk.join("locked"), fs::Permissions::from_mode(0o500)).unwrap();
    let _socket = UnixListener::bind(desk.join("socket")).unwrap();
    let hollow = fs::File::create(desk.join("hollow")).unwrap();
    hollow.set_len(256 << 20).unwrap();
    let place = Place::new(desk, keep, Copies { always: true, bytes: 1 << 20, ..Copies::default() }).await;
    let call = a_call();
    let said = place
        .try_to(call, "./tool; readlink link; stat -c %a tool locked; stat -c %s hollow; test poem -nt hollow || ls")
        .await;
    let said = said.unwrap();
    assert!(said.starts_with("ran\npoem\n750\n500\n268435456\n"), "{said}");
    assert_eq!(paths(&place.session.staged(call).await.unwrap()), [""; 0]);
    fs::set_permissions(place.desk.join("locked"), fs::Permissions::from_mode(0o700)).unwrap();
}

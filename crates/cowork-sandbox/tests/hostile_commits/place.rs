//! A folder, a session in it, and commands of it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use cowork_core::{
    Access, CallId, Changed, Exec, ExecLimits, Exit, ProcessEvent, Result, Sandbox, Session, SessionSpec, Staged,
    TaskId, UndoReport, UndoSpec, Watch,
};
use cowork_sandbox::{LocalSandbox, LocalSandboxOptions};
use cowork_testkit::sandbox::{Tree, a_call, a_task, grant, put, tree};
use tempfile::TempDir;

/// A granted folder, `Desk`, and beside it what must not be reached.
pub(crate) struct Place {
    pub(crate) base: PathBuf,
    pub(crate) desk: PathBuf,
    pub(crate) outside: PathBuf,
    pub(crate) task: TaskId,
    sandbox: LocalSandbox,
    session: Option<Arc<dyn Session>>,
    _keep: TempDir,
}

impl Place {
    /// Makes the folder with these files, each with its name as its content.
    pub(crate) fn bare(files: &[&str]) -> Self {
        let keep = TempDir::new().unwrap();
        let (desk, outside) = (keep.path().join("Desk"), keep.path().join("outside"));
        std::fs::create_dir(&desk).unwrap();
        files.iter().for_each(|name| put(&desk.join(name), &format!("first {name}\n")));
        ["file", "old", "deep/file"].iter().for_each(|name| put(&outside.join(name), &format!("outside {name}\n")));
        let sandbox = LocalSandbox::open(LocalSandboxOptions {
            data: keep.path().join("data"),
            limits: ExecLimits { file: 1 << 30, ..ExecLimits::default() },
            ..LocalSandboxOptions::default()
        });
        Self { base: keep.path().to_owned(), desk, outside, task: a_task(), sandbox, session: None, _keep: keep }
    }

    pub(crate) async fn new(files: &[&str]) -> Self {
        let mut place = Self::bare(files);
        place.open().await;
        place
    }

    /// Opens a session; what is laid into the folder before that is the person's.
    pub(crate) async fn open(&mut self) {
        let folders = vec![grant("Desk", &self.desk, Access::Write)];
        let spec = SessionSpec { task: self.task, folders, hosts: Vec::new(), resumed: false };
        self.session = Some(self.sandbox.open(spec).await.unwrap());
    }

    pub(crate) fn session(&self) -> &Arc<dyn Session> {
        self.session.as_ref().unwrap()
    }

    pub(crate) async fn run(&self, args: &[&str]) -> (CallId, Exit, String) {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        let call = a_call();
        let exec = Exec { args, folder: None, wall: Duration::from_secs(120), input: false, terminal: None };
        let mut process = self.session().exec(call, exec).await.unwrap();
        let mut said = Vec::new();
        loop {
            match process.next().await.unwrap() {
                ProcessEvent::Stdout(bytes) | ProcessEvent::Stderr(bytes) => said.extend(bytes),
                ProcessEvent::Exited(exit) => return (call, exit, String::from_utf8_lossy(&said).into_owned()),
            }
        }
    }

    /// Runs a line of a shell that has to end well, and gives what it changed.
    pub(crate) async fn sh(&self, line: &str) -> (CallId, Staged) {
        self.changed(&["sh", "-c", line]).await
    }

    pub(crate) async fn python(&self, lines: &str) -> (CallId, Staged) {
        self.changed(&["python3", "-c", lines]).await
    }

    pub(crate) async fn changed(&self, args: &[&str]) -> (CallId, Staged) {
        let (call, exit, said) = self.run(args).await;
        assert!(exit.is_success(), "{args:?}: {exit:?} {said}");
        (call, self.session().staged(call).await.unwrap())
    }

    pub(crate) async fn commit(&self, call: CallId) -> Result<Changed> {
        self.session().commit(call, Watch::nothing()).await
    }

    /// Gives everything back.
    pub(crate) async fn undo(&mut self) -> UndoReport {
        self.session = None;
        self.sandbox.undo(self.task, UndoSpec::all()).await.unwrap()
    }

    pub(crate) fn tree(&self) -> Tree {
        tree(&self.desk)
    }

    /// Says how many layers are kept.
    pub(crate) fn kept(&self) -> usize {
        let at = self.base.join("data/staged").join(self.task.to_string());
        // What came of a layer stays until its task is let go of.
        let is_kept = |layer: &std::fs::DirEntry| {
            let all = std::fs::read_dir(layer.path()).map_or(0, Iterator::count);
            all > usize::from(layer.path().join("done").exists())
        };
        std::fs::read_dir(at).map_or(0, |layers| layers.flatten().filter(is_kept).count())
    }
}

/// Gives the paths of remarks, as text.
pub(crate) fn paths(remarks: &[cowork_core::Remark]) -> Vec<String> {
    remarks.iter().map(|remark| remark.path.as_str().to_owned()).collect()
}

//! An engine of its own in a temporary folder: what runs there reaches nothing of the person's.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use cowork::{Answer, ChangeSet, Error, Finish, Folder, Kind, Mode, Status, Submit, ThreadId};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::app::{App, SENDER};

/// No run on a copy takes longer.
const PATIENCE: Duration = Duration::from_secs(600);

/// An engine, and the folder that goes with it when it is dropped.
pub(super) struct Aside {
    app: App,
    dir: TempDir,
}

/// What came of a run.
pub(super) struct Ran {
    /// Its summary, or its error.
    pub(super) end: Result<String, Error>,
    pub(super) changes: ChangeSet,
}

impl Aside {
    /// Starts one.
    pub(super) async fn start() -> cowork::Result<Self> {
        let made = tempfile::Builder::new().prefix("cowork-try-").tempdir();
        let dir = made.map_err(|e| {
            Error::new(Kind::Full, "make copy", format!("no temporary folder can be made: {e}"))
                .with_fix("see whether there is room where $TMPDIR is")
        })?;
        Ok(Self { app: App::open(&dir.path().join("data")).await?, dir })
    }

    /// Makes an empty folder to work in.
    pub(super) fn folder(&self, number: usize, name: &str) -> std::io::Result<PathBuf> {
        let path = self.dir.path().join(number.to_string()).join(name);
        fs::create_dir_all(&path)?;
        Ok(path)
    }

    /// Runs a playbook on folders, with a yes to each question.
    pub(super) async fn run(
        &self,
        source: &str,
        file: &str,
        params: &Map<String, Value>,
        folders: Vec<Folder>,
    ) -> cowork::Result<Ran> {
        let thread = ThreadId::named(file);
        self.app.engine.open(thread, file).await?;
        let mut submit = Submit::new(format!("Try {file}"));
        submit.planner = json!({ "source": source, "file": file, "params": params });
        submit.folders = folders;
        submit.mode = Mode::Auto;
        let task = self.app.engine.submit(thread, SENDER, submit).await?;
        let ended = async {
            loop {
                let found = self.app.engine.settled(task).await?;
                if let Some(result) = found.result {
                    return Ok(result);
                }
                if found.status() != Status::Waiting {
                    return Err(Error::new(Kind::Internal, "try playbook", "the playbook came to rest before its end"));
                }
                for ask in self.app.engine.asks(task).await? {
                    self.app.answer(&ask, Answer::Allow).await?;
                }
            }
        };
        let result = tokio::time::timeout(PATIENCE, ended).await.map_err(|_| {
            let why = format!("it had not ended after {} minutes", PATIENCE.as_secs() / 60);
            Error::new(Kind::LimitExceeded, "try playbook", why).with_fix("try it on a smaller folder")
        })??;
        let end = match result {
            Finish::Done { summary, .. } => Ok(summary),
            Finish::Failed { error } => Err(error),
            Finish::Cancelled => Err(Error::new(Kind::Cancelled, "try playbook", "it was stopped")),
        };
        let changes = match self.app.engine.changes(task).await {
            Err(error) if error.kind == Kind::NotFound => ChangeSet::default(),
            changes => changes?,
        };
        Ok(Ran { end, changes })
    }

    /// Ends it; the temporary folder is gone afterwards.
    pub(super) async fn stop(self) {
        self.app.engine.stop().await;
        open_up(self.dir.path());
    }
}

/// Makes folders that may not be changed such as can be taken away.
fn open_up(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|e| e.file_type().is_ok_and(|t| t.is_dir())) {
        // What can't be opened is left to the system, which empties its temporary folder.
        let _ = fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o700));
        open_up(&entry.path());
    }
}

//! The engine with this computer's defaults, and where its data is.

use std::{
    env,
    path::{Path, PathBuf},
    sync::Arc,
};

use cowork::{
    Answer, Ask, Builder, Claim, Command, CommandId, Cowork, Envelope, Limits, Model, Read, Record, Result, Summary,
    TaskId, ThreadId, TokioRuntime,
};
use tokio::runtime::Handle;

use crate::{
    commands::{exec::OneCommand, playbook},
    fail::{Fail, wrong},
    signals::Signals,
    worker::with_worker,
};

/// Who we are to the engine.
pub(crate) const SENDER: &str = "cli";

/// The engine, for a command.
pub(crate) struct App {
    pub(crate) engine: Cowork,
}

impl App {
    /// Opens the engine over the data folder. It works on nothing but what it is told to, and asks no model.
    pub(crate) async fn open(data: &Path) -> Result<Self> {
        Self::open_with(data, Vec::new(), Limits::default()).await
    }

    /// Opens the engine to follow a playbook at once.
    pub(crate) async fn open_for_playbook(data: &Path) -> Result<Self> {
        Self::open_as(data, with_worker(Cowork::builder()).worker_ahead()).await
    }

    /// Opens the engine with models that tasks may ask.
    pub(crate) async fn open_with(data: &Path, models: Vec<Arc<dyn Model>>, limits: Limits) -> Result<Self> {
        let builder = models.into_iter().fold(with_worker(Cowork::builder()).limits(limits), Builder::model);
        Self::open_as(data, builder).await
    }

    /// Opens the engine with what this builder has besides.
    pub(crate) async fn open_as(data: &Path, builder: Builder) -> Result<Self> {
        let planner = playbook::planner().map_err(|fail| fail.error)?;
        let builder = builder.data_dir(data).claim(Claim::Adopted).playbooks(planner).planner(Arc::new(OneCommand));
        let builder = match home() {
            Some(home) => builder.home_dir(home),
            None => builder,
        };
        Ok(Self { engine: builder.build().await? })
    }

    /// Tells a task something. What comes of it is for its records to say.
    pub(crate) async fn tell(&self, thread: ThreadId, task: TaskId, command: Command) -> Result<()> {
        let envelope = Envelope { thread, task, sender: SENDER.to_owned(), id: self.command_id(), command };
        self.engine.send(envelope).await.map(drop)
    }

    /// Answers a question.
    pub(crate) async fn answer(&self, ask: &Ask, answer: Answer) -> Result<()> {
        self.engine.send(ask.answered(answer, SENDER, self.command_id())).await.map(drop)
    }

    /// Gives the records of a task that there are.
    pub(crate) async fn records(&self, thread: ThreadId, task: TaskId) -> Result<Vec<Record>> {
        let mut records: Vec<Record> = Vec::new();
        loop {
            let after = records.last().map_or(0, |r| r.seq);
            let page = self.engine.read(Read::task(thread, task, after)).await?;
            if page.is_empty() {
                return Ok(records);
            }
            records.extend(page);
        }
    }

    /// Tells a task something, and takes it up unless somebody else works on it: it takes effect either way.
    pub(crate) async fn tell_and_adopt(&self, task: &Summary, command: Command) -> Result<()> {
        self.tell(task.thread, task.task, command).await?;
        self.adopt(task.task).await
    }

    /// Takes a task up unless somebody else works on it.
    pub(crate) async fn adopt(&self, task: TaskId) -> Result<()> {
        match self.engine.adopt(task).await {
            Err(error) if error.kind == cowork::Kind::Busy => Ok(()),
            other => other,
        }
    }

    /// Lets what follows a task come to its end, unless one is asked to stop.
    pub(crate) async fn close(&self, signals: &mut Signals) {
        tokio::select! {
            biased;
            () = signals.next() => {}
            () = self.engine.stop() => {}
        }
    }

    fn command_id(&self) -> CommandId {
        CommandId::new(&TokioRuntime::new(Handle::current()))
    }
}

/// Gives the home folder.
pub(crate) fn home() -> Option<PathBuf> {
    env::var_os("HOME").map(PathBuf::from).filter(|h| h.is_absolute())
}

/// Gives the folder for our own data: as told, else by the environment, else where such data is kept.
pub(crate) fn data_dir(told: Option<PathBuf>) -> Result<PathBuf, Fail> {
    let set = |name: &str| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let found = told
        .filter(|t| !t.as_os_str().is_empty())
        .or_else(|| set("COWORK_DATA"))
        .or_else(|| set("XDG_DATA_HOME").filter(|p| p.is_absolute()).map(|p| p.join("cowork")))
        .or_else(|| home().map(|h| h.join(".local/share/cowork")));
    let found = found.ok_or_else(|| {
        wrong("there is no home folder to keep cowork's own data in", "name a folder for it: cowork --data DIR …")
    })?;
    // A path that is taken from where we stand must not depend on where we stand later.
    std::path::absolute(&found)
        .map_err(|_| wrong(format!("can't use {} for cowork's data", found.display()), "name another folder"))
}

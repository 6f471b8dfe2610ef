//! Operations on tasks.

use std::{env, sync::Arc};

use cowork::{
    Ask, ChangeSet, Command, CommandId, Envelope, Error, Finish, Folder, Kind, Result, Runtime, Summary, TaskId, Undo,
    UndoMode, UndoReport, UndoSpec,
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};

use crate::{
    handle::closed,
    open::{Open, thread},
    place::place,
    state::Told,
    words::{AnswerTask, FolderChoice, Nothing, OneTask, SteerTask, SubmitTask, TellTask, UndoTask},
};

async fn submitted(open: &Open, mut args: SubmitTask) -> Result<TaskId> {
    let folders = std::mem::take(&mut args.folders).into_iter().map(|choice| folder(open, choice));
    let folders = folders.collect::<Result<Vec<_>>>()?;
    check_tools(open, args.tools.iter().flatten())?;
    let planner = match (args.planner.take(), args.model.as_deref()) {
        (serde_json::Value::Null, model) => open.planner(model)?,
        (told, None) => told,
        (..) => {
            let why = "a task names a model, and tells its planner something besides";
            return Err(
                Error::new(Kind::InvalidInput, "submit task", why).with_fix("name the model in `planner` alone")
            );
        }
    };
    let thread = args.thread.as_deref().map_or(open.thread, thread);
    let sender = args.sender.take().unwrap_or_else(|| open.sender.clone());
    open.engine.submit(thread, &sender, args.submit(folders, planner)).await
}

/// Does a task for as long as somebody waits for it.
pub(super) async fn run(open: &Arc<Open>, args: SubmitTask) -> Result<Told> {
    let mut waiting = Waiting::begin(open, args);
    let came = match waiting.name().await {
        Ok(task) => finished(open, OneTask { task }).await,
        Err(error) => Err(error),
    };
    waiting.submitted = None;
    came
}

/// Submits a task for somebody who can't cancel it before its name is known.
pub(super) async fn submit(open: &Arc<Open>, args: SubmitTask) -> Result<TaskId> {
    let mut waiting = Waiting::begin(open, args);
    let came = waiting.name().await;
    waiting.submitted = None;
    came
}

/// Who waits for a task, and cancels it by leaving before that is over.
struct Waiting {
    open: Arc<Open>,
    /// None once it is over.
    submitted: Option<Shared<BoxFuture<'static, Result<TaskId>>>>,
}

impl Waiting {
    fn begin(open: &Arc<Open>, args: SubmitTask) -> Self {
        let me = open.clone();
        let submitted = async move { submitted(&me, args).await }.boxed().shared();
        Self { open: open.clone(), submitted: Some(submitted) }
    }

    async fn name(&self) -> Result<TaskId> {
        let Some(submitted) = self.submitted.clone() else { return Err(closed()) };
        submitted.await
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // Closing an engine puts its tasks down, to be taken up again.
        let Some(submitted) = self.submitted.take().filter(|_| !self.open.closing.is_cancelled()) else { return };
        let open = self.open.clone();
        let cancels = async move {
            if let Ok(task) = submitted.await {
                // What it fails with nobody is there for.
                _ = cancel(&open, TellTask { task, sender: None, id: None }).await;
            }
        };
        self.open.runtime.spawn(Box::pin(self.open.left.track_future(cancels)));
    }
}

/// Refuses names of tools that there are not: a task would only find out when it calls one.
fn check_tools<'a>(open: &Open, mut named: impl Iterator<Item = &'a String>) -> Result<()> {
    let there = open.engine.tools();
    let Some(unknown) = named.find(|name| there.iter().all(|tool| tool.name != **name)) else { return Ok(()) };
    let names: Vec<&str> = there.iter().map(|tool| tool.name.as_str()).collect();
    Err(Error::new(Kind::NotFound, "submit task", format!("there is no tool `{}`", unknown.escape_debug()))
        .with_fix(format!("there are: {}", names.join(", "))))
}

fn folder(open: &Open, choice: FolderChoice) -> Result<Folder> {
    if !open.has_folders {
        let why = "this engine keeps no data, so it could not give back what a task does to files";
        return Err(Error::new(Kind::Unsupported, "grant folder", why).with_fix("open it with a `data_dir`"));
    }
    match choice {
        FolderChoice::Path(path) => cowork::folder(place(path.as_ref(), env::home_dir().as_deref())),
        FolderChoice::Grant(folder) => Ok(folder),
    }
}

pub(super) async fn send(open: &Open, envelope: Envelope) -> Result<()> {
    let (task, submits) = (envelope.task, matches!(envelope.command, Command::Submit(_)));
    open.engine.send(envelope).await?;
    if submits { adopt(open, OneTask { task }).await } else { Ok(()) }
}

pub(super) async fn answer(open: &Open, args: AnswerTask) -> Result<()> {
    let AnswerTask { task, call, args_hash, answer, sender, id } = args;
    tell(open, task, sender, id, Command::Answer { call, args_hash, answer }).await
}

pub(super) async fn steer(open: &Open, args: SteerTask) -> Result<()> {
    tell(open, args.task, args.sender, args.id, Command::Steer { text: args.text }).await
}

pub(super) async fn cancel(open: &Open, args: TellTask) -> Result<()> {
    // One that has ended needs nothing more to be over.
    send_to(open, args.task, args.sender, args.id, Command::Cancel).await.map(drop)
}

pub(super) async fn pause(open: &Open, args: TellTask) -> Result<()> {
    tell(open, args.task, args.sender, args.id, Command::Pause).await
}

pub(super) async fn resume(open: &Open, args: TellTask) -> Result<()> {
    tell(open, args.task, args.sender, args.id, Command::Resume).await
}

/// Tells a task something, and fails with the reason if it will not follow.
async fn tell(
    open: &Open,
    task: TaskId,
    sender: Option<String>,
    id: Option<CommandId>,
    command: Command,
) -> Result<()> {
    send_to(open, task, sender, id, command).await?.map_or(Ok(()), Err)
}

/// Tells a task something, and takes it up unless another process works on it: it has its effect either way. Gives the reason if there
/// is to be none.
async fn send_to(
    open: &Open,
    task: TaskId,
    sender: Option<String>,
    id: Option<CommandId>,
    command: Command,
) -> Result<Option<Error>> {
    let thread = open.engine.task(task).await?.thread;
    let sender = sender.unwrap_or_else(|| open.sender.clone());
    let id = id.unwrap_or_else(|| open.command_id());
    let refused = open.engine.send(Envelope { thread, task, sender, id, command }).await?;
    match adopt(open, OneTask { task }).await {
        Err(error) if error.kind != Kind::Busy => Err(error),
        _ => Ok(refused),
    }
}

pub(super) async fn undo(open: &Open, args: UndoTask) -> Result<UndoReport> {
    let UndoTask { task, paths, calls } = args;
    let found = open.engine.task(task).await?;
    if found.result.is_some() && !found.journalled {
        // Whoever undoes what changed nothing has what they want.
        return Ok(UndoReport::default());
    }
    tell(open, task, None, None, Command::Undo { paths, calls }).await?;
    let wrong = |why: &str| Err(Error::new(Kind::InvalidInput, "undo task", why));
    match open.engine.settled(task).await?.undo {
        Undo::Done(report) => Ok(report),
        Undo::Failed(error) => Err(error),
        Undo::Reclaimed => wrong("the task's journal was let go of, so what it did can't be undone any more"),
        Undo::None | Undo::Wanted(_) => wrong("the task was not undone yet"),
    }
}

pub(super) async fn preview_undo(open: &Open, args: UndoTask) -> Result<UndoReport> {
    let spec = UndoSpec { mode: UndoMode::Show, paths: args.paths, calls: args.calls };
    open.engine.preview_undo(args.task, spec).await
}

pub(super) async fn changes(open: &Open, args: OneTask) -> Result<ChangeSet> {
    open.engine.changes(args.task).await
}

pub(super) async fn adopt(open: &Open, args: OneTask) -> Result<()> {
    open.engine.adopt(args.task).await
}

pub(super) async fn task(open: &Open, args: OneTask) -> Result<Told> {
    open.engine.task(args.task).await.map(Told)
}

pub(super) async fn finished(open: &Open, OneTask { task }: OneTask) -> Result<Told> {
    let found = open.engine.settled(task).await?;
    let told = |error: Error| error.with("task", task.to_string());
    match &found.result {
        Some(Finish::Done { .. }) => Ok(Told(found)),
        Some(Finish::Failed { error }) => Err(told(error.clone())),
        Some(Finish::Cancelled) => Err(told(Error::new(Kind::Cancelled, "run task", "the task was cancelled"))),
        None => {
            let asks = open.engine.asks(task).await?;
            let fault = asks.iter().find_map(|ask| open.faults.of(ask));
            let fault = fault.map(|error| format!(", and the approver gave no answer: {}", error.message));
            let status = format!("{:?}", found.status()).to_lowercase();
            let why = format!("the task is not done: it is {status}{}", fault.unwrap_or_default());
            Err(told(Error::new(Kind::Unavailable, "run task", why))
                .with_fix("answer what `asks` gives, or bring an approver that gives `allow`, `allow_task` or `deny`"))
        }
    }
}

pub(super) async fn settled(open: &Open, args: OneTask) -> Result<Told> {
    open.engine.settled(args.task).await.map(Told)
}

pub(super) async fn asks(open: &Open, args: OneTask) -> Result<Vec<Ask>> {
    open.engine.asks(args.task).await
}

pub(super) async fn held(open: &Open, args: OneTask) -> Result<bool> {
    open.engine.is_held(args.task).await
}

pub(super) async fn all(open: &Open, _: Nothing) -> Result<Vec<Summary>> {
    open.engine.tasks().await
}

pub(super) async fn ready(open: &Open, _: Nothing) -> Result<Vec<TaskId>> {
    open.engine.ready().await
}

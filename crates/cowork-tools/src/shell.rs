//! Commands, run confined.
//!
//! A command sees the task's folders as they are and changes them only for itself: what it changed is looked at when it has ended, and is
//! held back until that is decided on.

mod changes;
mod job;
mod jobs;
pub(crate) mod kept;
mod lines;
pub(crate) mod output;
pub(crate) mod simple;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cowork_core::{
    Access, CallId, Effects, Error, Exec, Exit, ExitKind, FilePath, Kind, Label, Preview, Process, ProcessEvent,
    Resource, Result, Session, TaskId, Terminal, Tool, ToolContext, ToolOutput, ToolSpec,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

pub use self::{job::Job, jobs::Jobs};
use self::{output::Output, simple::Known};
use crate::show::{code, program};

const OP: &str = "run a command";

const ABOUT: &str = "Runs a command line by `sh` in a sandbox: it sees the granted folders as /work/NAME and the system's programs, and reaches \
no network but hosts that were granted. What it changes in the folders is shown to the person and then kept, unless they say no; the rest, and \
what it started, is gone when it ends. With `background` it goes on after the call, to be read from, written to and ended by `job`.\n\nFor files and text the other tools are better: what they do is known beforehand. Use this to compute, \
convert or build, or for a program that is there. Gives `stdout` and `stderr` (the middle is left out where they are long), `ended` (0 if all went \
well), `changed`, and what was `left_out` or `not_changed`.";

/// How long a command may go on in the background.
const LIFE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How large a terminal is.
const SCREEN: Terminal = Terminal { columns: 100, rows: 30 };

/// How long a command may take if nobody says it, and at most, in seconds.
const SECONDS: u32 = 120;
const MOST_SECONDS: u32 = 3_600;

/// Runs a command line in a sandbox: `shell`.
pub struct Shell {
    spec: ToolSpec,
    streams: Option<Arc<dyn Streams>>,
    jobs: Jobs,
}

/// Sees what commands say as they say it, and gives them what they read: for a host that passes their streams through.
#[async_trait]
pub trait Streams: Send + Sync + 'static {
    /// Takes what a command said. While it does, the command waits.
    async fn said(&self, event: &ProcessEvent);

    /// Waits for what a command is to read next; nothing means that it is at its end.
    async fn read(&self) -> Vec<u8>;
}

/// The arguments of `shell`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The line: `python3 sums.py > sums.txt`.
    #[schemars(length(min = 1, max = 65_536))]
    command: String,
    /// Where it begins: `Reports/2026`; the first granted folder if left out.
    #[serde(default)]
    folder: Option<FilePath>,
    /// How many seconds it may take; 120 if left out. In the background, how long to wait for what it says first: 1.
    #[serde(default)]
    #[schemars(range(min = 1, max = 3_600))]
    seconds: Option<u32>,
    /// Whether it goes on when this call has ended.
    #[serde(default)]
    background: bool,
    /// Whether it has a terminal: for a shell, or what asks. Only in the background.
    #[serde(default)]
    terminal: bool,
}

impl Default for Shell {
    fn default() -> Self {
        Self::new()
    }
}

impl Shell {
    /// Makes the tool.
    pub fn new() -> Self {
        let mut schema = schemars::schema_for!(Args).to_value();
        if let Some(object) = schema.as_object_mut() {
            object.remove("$schema");
            object.remove("title");
        }
        Self {
            spec: ToolSpec { name: "shell".to_owned(), about: ABOUT.to_owned(), schema },
            streams: None,
            jobs: Jobs::default(),
        }
    }

    /// Gives the commands that it started and that go on: for [`Job`].
    pub fn jobs(&self) -> Jobs {
        self.jobs.clone()
    }

    /// Passes the commands' streams through to a host.
    #[must_use]
    pub fn passing(mut self, streams: Arc<dyn Streams>) -> Self {
        self.streams = Some(streams);
        self
    }
}

fn parsed(args: &Value) -> Result<Args> {
    Args::deserialize(args)
        .map_err(|e| Error::new(Kind::InvalidInput, OP, format!("the arguments of `shell` do not fit: {e}")))
}

#[async_trait]
impl Tool for Shell {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn effects(&self, args: &Value) -> Result<Effects> {
        let args = parsed(args)?;
        if args.seconds.is_some_and(|seconds| seconds > MOST_SECONDS) {
            return Err(Error::new(
                Kind::InvalidInput,
                OP,
                format!("a command may take {MOST_SECONDS} seconds at most"),
            ));
        }
        if args.terminal && !args.background {
            let error = Error::new(Kind::InvalidInput, OP, "a command has a terminal only in the background");
            return Err(error.with_fix("give `background` too, and go on with `job`"));
        }
        let known = simple::judge(&args.command);
        let command = program(&args.command);
        let mut preview = Preview { title: format!("run {command}"), ..Preview::default() };
        if let Known::Code { why } = &known {
            preview.notes.push(kept::IN_A_SANDBOX.to_owned());
            preview.notes.push(why.clone());
        }
        // Why it is asked about is seen also where there is no room for all of a command.
        if command != args.command.trim() {
            preview.notes.extend(args.command.trim().lines().map(code));
        }
        let files = args.folder.map(|path| cowork_core::FileEffect { path, access: Access::Read });
        let is_code = matches!(known, Known::Code { .. });
        Ok(kept::runs(is_code, files.into_iter().collect()).showing(preview))
    }

    async fn run(&self, args: Value, ctx: ToolContext) -> Result<ToolOutput> {
        let args = parsed(&args)?;
        let session = kept::session(OP, &ctx)?;
        if args.background {
            return self.start(args, session, &ctx).await;
        }
        let exec = Exec {
            args: ["sh", "-c", &args.command].map(str::to_owned).into(),
            folder: args.folder,
            wall: Duration::from_secs(args.seconds.unwrap_or(SECONDS).into()),
            input: self.streams.is_some(),
            terminal: None,
        };
        let mut process = session.exec(ctx.call, exec).await?;
        let (said, exit) = kept::until_stopped(OP, &ctx, self.follow(&mut *process, &ctx)).await?;
        drop(process);
        let staged = kept::staged(session, &ctx).await?;
        let [out, err] = &said;
        let mut value = json!({ "stdout": out.text(), "stderr": err.text() });
        kept::put(&mut value, "ended", ended(&exit));
        kept::tell(&mut value, &exit.visits, &staged);
        let note = format!("{}: {}", program(&args.command), ended_text(&exit));
        Ok(ToolOutput { value, note, label: Label::default() })
    }

    fn holds_back(&self) -> bool {
        true
    }

    async fn held(&self, args: &Value, ctx: &ToolContext, output: &ToolOutput) -> Result<Option<Effects>> {
        // What a command that was ended left is half of something.
        let cut = (!output.value["ended"].is_number())
            .then(|| format!("the command did not come to its end: {}", output.value["ended"]));
        kept::held(OP, &program(&parsed(args)?.command), ctx, cut).await
    }

    async fn release(&self, args: Value, ctx: ToolContext, output: ToolOutput) -> Result<ToolOutput> {
        kept::release(OP, &program(&parsed(&args)?.command), &ctx, output).await
    }

    fn let_go(&self, task: TaskId) {
        self.jobs.let_go(task);
    }
}

impl Shell {
    /// Starts a command that goes on.
    async fn start(&self, args: Args, session: &Arc<dyn Session>, ctx: &ToolContext) -> Result<ToolOutput> {
        let exec = Exec {
            args: ["sh", "-c", &args.command].map(str::to_owned).into(),
            folder: args.folder,
            wall: LIFE,
            input: true,
            terminal: args.terminal.then_some(SCREEN),
        };
        let call = CallId::new(&*ctx.runtime);
        let process = session.exec(call, exec).await?;
        let title = program(&args.command);
        let (job, follow) = self.jobs.start(ctx.task, (call, args.command, args.terminal), process)?;
        ctx.runtime.spawn(Box::pin(follow));
        let most = Duration::from_secs(args.seconds.unwrap_or(1).into());
        let wants = job::Wants { speaks: args.terminal, until: None };
        kept::until_stopped(OP, ctx, async {
            job::wait(&job, &wants, most, ctx).await;
            Ok(())
        })
        .await?;
        let value = job::tell(&job, session, ctx, false).await?;
        let how = if value["ended"].is_null() { "goes on" } else { "ended" };
        Ok(ToolOutput { value, note: format!("{title}: {how} as job {}", job.number), label: Label::default() })
    }

    /// Takes in what a command says until it ends.
    async fn follow(&self, process: &mut dyn Process, ctx: &ToolContext) -> Result<([Output; 2], Exit)> {
        let mut said = [Output::default(), Output::default()];
        let mut reads = self.streams.is_some();
        loop {
            let event = match &self.streams {
                Some(streams) if reads => match next(process, streams).await? {
                    Came::Event(event) => event,
                    Came::Input(bytes) => {
                        // One that reads no more is no trouble: it ends when it likes.
                        reads = process.write(&bytes).await.is_ok() && !bytes.is_empty();
                        continue;
                    }
                },
                _ => process.next().await?,
            };
            if let Some(streams) = &self.streams {
                streams.said(&event).await;
            }
            let (which, bytes) = match &event {
                ProcessEvent::Stdout(bytes) => (0, bytes),
                ProcessEvent::Stderr(bytes) => (1, bytes),
                ProcessEvent::Exited(exit) => return Ok((said, exit.clone())),
            };
            said[which].add(bytes);
            (ctx.watch.progress)(said[0].bytes + said[1].bytes, 0, &said[which].last_line());
        }
    }
}

enum Came {
    Event(ProcessEvent),
    Input(Vec<u8>),
}

/// Waits for what a command says, or for what it is to read.
async fn next(process: &mut dyn Process, streams: &Arc<dyn Streams>) -> Result<Came> {
    use futures_util::future::{Either, select};
    match select(process.next(), streams.read()).await {
        Either::Left((event, _)) => event.map(Came::Event),
        Either::Right((bytes, _)) => Ok(Came::Input(bytes)),
    }
}

fn ended(exit: &Exit) -> Value {
    match &exit.how {
        ExitKind::Code(code) => json!(code),
        _ => json!(ended_text(exit)),
    }
}

pub(crate) fn ended_text(exit: &Exit) -> String {
    match &exit.how {
        ExitKind::Code(0) => "done".to_owned(),
        ExitKind::Code(code) => format!("ended with {code}"),
        ExitKind::Signal(signal) => format!("ended by signal {signal}"),
        ExitKind::TimedOut => "ended because its time was over".to_owned(),
        ExitKind::Exceeded(Resource::Memory) => "ended because it took too much memory".to_owned(),
        ExitKind::Exceeded(Resource::Processes) => "ended because it started too many processes".to_owned(),
        ExitKind::Exceeded(Resource::Disk) => "ended because it left too little room on the disk".to_owned(),
        _ => "ended".to_owned(),
    }
}

/// Gives what somebody would read of what a command said, without what moves about on a terminal and colours it.
fn plain(bytes: &[u8]) -> String {
    let text = anstream::adapter::strip_bytes(bytes).into_vec();
    String::from_utf8_lossy(&text).replace("\r\n", "\n")
}

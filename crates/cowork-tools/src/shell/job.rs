//! Goes on with a command that was started to go on.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cowork_core::{
    Effects, Error, Kind, Label, Preview, Result, Session, TaskId, Tool, ToolContext, ToolOutput, ToolSpec,
};
use futures_util::future::{Either, select};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    ended,
    jobs::{self, Jobs},
    kept, plain,
};
use crate::show::{program, shown};

const OP: &str = "go on with a command";

const ABOUT: &str = "Goes on with a command that `shell` started with `background`: waits, and gives what it said since (`output`, which begins at byte \
`from` of all that it said), whether it is `running`, or how it `ended`. `input` is written to it, or typed at its terminal (end a line with \\n; \\u0003 \
interrupts). What it changed in the folders is shown and kept when it has ended, or before with `keep`.";

/// How long it is waited if nobody says it, and at most, in seconds.
const SECONDS: u32 = 10;
const MOST_SECONDS: u32 = 3_600;

/// How long it is waited for the end of one that was ended.
const DEATH: Duration = Duration::from_secs(5);

/// How long somebody who was spoken to may be silent before that is taken for all that he says.
const SILENCE: Duration = Duration::from_millis(400);

/// Goes on with a command: `job`.
pub struct Job {
    spec: ToolSpec,
    jobs: Jobs,
}

/// The arguments of `job`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// Its number, as `shell` gave it.
    job: u32,
    /// What it is to read: `2+2\n`.
    #[serde(default)]
    #[schemars(length(max = 32_768))]
    input: Option<String>,
    /// How many seconds to wait at most for its end, or, after `input`, for what it says; 10 if left out.
    #[serde(default)]
    #[schemars(range(max = 3_600))]
    seconds: Option<u32>,
    /// Wait until it says this.
    #[serde(default)]
    until: Option<String>,
    /// Whether to end it.
    #[serde(default)]
    end: bool,
    /// Whether to keep what it changed so far, though it goes on.
    #[serde(default)]
    keep: bool,
}

impl Job {
    /// Makes the tool for the commands of a [`Shell`](super::Shell).
    pub fn new(jobs: Jobs) -> Self {
        let mut schema = schemars::schema_for!(Args).to_value();
        if let Some(object) = schema.as_object_mut() {
            object.remove("$schema");
            object.remove("title");
        }
        Self { spec: ToolSpec { name: "job".to_owned(), about: ABOUT.to_owned(), schema }, jobs }
    }
}

fn parsed(args: &Value) -> Result<Args> {
    Args::deserialize(args)
        .map_err(|e| Error::new(Kind::InvalidInput, OP, format!("the arguments of `job` do not fit: {e}")))
}

fn title(args: &Args) -> String {
    match &args.input {
        Some(input) => format!("tell job {} {}", args.job, shown(input.trim_end())),
        None if args.end => format!("end job {}", args.job),
        None => format!("wait for job {}", args.job),
    }
}

#[async_trait]
impl Tool for Job {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn effects(&self, args: &Value) -> Result<Effects> {
        let args = parsed(args)?;
        if args.seconds.is_some_and(|seconds| seconds > MOST_SECONDS) {
            return Err(Error::new(Kind::InvalidInput, OP, format!("it can be waited {MOST_SECONDS} seconds at most")));
        }
        // What a shell reads is run.
        Ok(kept::listens(args.input.is_some()).showing(Preview { title: title(&args), ..Preview::default() }))
    }

    async fn run(&self, args: Value, ctx: ToolContext) -> Result<ToolOutput> {
        let args = parsed(&args)?;
        let session = kept::session(OP, &ctx)?;
        let job = self.jobs.get(ctx.task, args.job)?;
        decided(&job, session, &args, &ctx).await?;
        if let Some(input) = &args.input {
            job.write(input);
        }
        if args.end {
            job.end();
        }
        let most = Duration::from_secs(args.seconds.unwrap_or(SECONDS).into());
        let wants = Wants { speaks: args.input.is_some(), until: args.until.as_deref() };
        kept::until_stopped(OP, &ctx, async {
            wait(&job, &wants, most, &ctx).await;
            Ok(())
        })
        .await?;
        let value = tell(&job, session, &ctx, args.keep).await?;
        let note = format!("{}: {}", title(&args), if value["ended"].is_null() { "it goes on" } else { "it ended" });
        Ok(ToolOutput { value, note, label: Label::default() })
    }

    fn holds_back(&self) -> bool {
        true
    }

    async fn held(&self, args: &Value, ctx: &ToolContext, output: &ToolOutput) -> Result<Option<Effects>> {
        let args = parsed(args)?;
        let job = self.jobs.get(ctx.task, args.job)?;
        let is_cut = !job.has_terminal && !output.value["ended"].is_number() && !output.value["ended"].is_null();
        let cut = is_cut.then(|| format!("the command did not come to its end: {}", output.value["ended"]));
        let held = kept::held(OP, &program(&job.command), ctx, cut).await?;
        job.decide(held.is_some().then_some(ctx.call));
        Ok(held)
    }

    async fn release(&self, args: Value, ctx: ToolContext, output: ToolOutput) -> Result<ToolOutput> {
        let args = parsed(&args)?;
        // It may be gone, with the program that it was started by: what it changed is not.
        let job = self.jobs.get(ctx.task, args.job).ok();
        let what = job.as_ref().map_or_else(|| format!("job {}", args.job), |job| program(&job.command));
        let released = kept::release(OP, &what, &ctx, output).await;
        if let Some(job) = job.filter(|_| released.is_ok()) {
            job.decide(None);
        }
        released
    }

    fn let_go(&self, task: TaskId) {
        self.jobs.let_go(task);
    }
}

/// Sees to it that what was refused of what it changed does not come again.
async fn decided(job: &Arc<jobs::Job>, session: &Arc<dyn Session>, args: &Args, ctx: &ToolContext) -> Result<()> {
    let Some(call) = job.undecided() else { return Ok(()) };
    match session.staged(call).await {
        Err(e) if e.kind == Kind::NotFound => {}
        Err(e) => return Err(e),
        Ok(_) if args.end || call == ctx.call => session.discard(call).await?,
        Ok(_) => {
            return Err(Error::new(Kind::Busy, OP, "what it changed is not decided on yet")
                .with_fix("go on with one job at a time, or end it"));
        }
    }
    job.end();
    wait(job, &Wants { speaks: false, until: None }, DEATH, ctx).await;
    if job.ended().is_some() {
        session.discard(job.call).await?;
    }
    job.settle();
    job.decide(None);
    let text = "the command was ended, since what it had changed was not kept";
    Err(Error::new(Kind::NotAllowed, OP, text).with_fix("start it again if it is needed for something else"))
}

/// What is waited for besides its end.
pub(super) struct Wants<'a> {
    pub(super) speaks: bool,
    pub(super) until: Option<&'a str>,
}

/// Waits until it has ended, said what is wanted, or time is over.
pub(super) async fn wait(job: &jobs::Job, wants: &Wants<'_>, most: Duration, ctx: &ToolContext) {
    let mut over = ctx.runtime.sleep(most);
    loop {
        let news = job.news.notified();
        let mut news = std::pin::pin!(news);
        news.as_mut().enable();
        let (new, has_it) = job.has_said(wants.until);
        if job.ended().is_some() || has_it {
            return;
        }
        let may_be_all = wants.speaks && wants.until.is_none() && new > 0;
        let quiet = if may_be_all { ctx.runtime.sleep(SILENCE) } else { Box::pin(std::future::pending()) };
        match select(select(news, quiet), over).await {
            Either::Left((Either::Left(_), rest)) => over = rest,
            Either::Left((Either::Right(_), _)) | Either::Right(_) => return,
        }
    }
}

/// Says what came of it since, and takes down what it changed if it has ended or that is wanted.
pub(super) async fn tell(job: &jobs::Job, session: &Arc<dyn Session>, ctx: &ToolContext, keeps: bool) -> Result<Value> {
    let ended_now = job.ended();
    let said = job.take_said();
    let mut value = json!({ "job": job.number, "output": plain(&said.bytes), "from": said.from, "to": said.to });
    match &ended_now {
        Some(Ok(exit)) => kept::put(&mut value, "ended", ended(exit)),
        Some(Err(error)) => kept::put(&mut value, "ended", error.message.clone().into()),
        None => kept::put(&mut value, "running", true.into()),
    }
    if (keeps || ended_now.is_some()) && !job.is_settled() {
        match session.take_stock(ctx.call, job.call).await {
            // It could not even begin.
            Err(e) if e.kind == Kind::NotFound => {}
            taken => taken?,
        }
    }
    let staged = kept::staged(session, ctx).await?;
    kept::tell(&mut value, &job.take_visits(), &staged);
    if ended_now.is_some() && !job.is_settled() {
        session.discard(job.call).await?;
        job.settle();
    }
    Ok(value)
}

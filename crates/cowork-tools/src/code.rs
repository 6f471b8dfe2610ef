//! Code, run piece by piece in a program that remembers.
//!
//! A task has one kernel for each language, confined as its commands are. What a piece changed in the folders is looked at when it has
//! ended, and held back until that is decided on, as with a command; the kernel goes on meanwhile, and ends with the task.

mod kernel;

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use cowork_core::{
    Artifact, CallId, Effects, Error, FileEffect, FilePath, Group, Kind, Label, Preview, Result, Session, TaskId, Tool,
    ToolContext, ToolOutput, ToolSpec,
};
use futures_util::lock::Mutex;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use self::kernel::{Came, Kernel, Language};
use crate::{
    shell::{self, kept, output::Output},
    show::{code, count, program, shown},
};

const OP: &str = "run code";

const ABOUT: &str = "Runs Python or JavaScript in a sandbox, piece by piece: names stay from one call to the next. It sees the granted folders as \
/work/NAME, begins in the first, and reaches no network but hosts that were granted (there `pip install` and `npm install` work, by a subprocess). \
What it changes in the folders is shown to the person and then kept, unless they say no.\n\nUse it to compute, to look into data, to draw. Gives \
`output` (what was printed; the middle is left out where it is long), `result` (the value of the last expression), `error`, `artifacts` (plots of \
matplotlib by themselves; `show(path)` or `show(bytes, name)` for any other picture or file) and `kernel` where it began anew, without the names of before.";

/// How long a piece may take if nobody says it, and at most, in seconds.
const SECONDS: u32 = 120;
const MOST_SECONDS: u32 = 3_600;

/// How many kernels there are at once; the one that was not used for the longest time goes.
const KERNELS: usize = 8;

/// How much of a result is given, in bytes.
const RESULT: usize = 20_000;

/// How many lines of the code a person is shown.
const LINES: usize = 40;

/// Runs code in a kernel: `code`.
pub struct Code {
    spec: ToolSpec,
    kernels: std::sync::Mutex<Kernels>,
}

/// The kernels, with how often one had been asked for when each was last.
#[derive(Default)]
struct Kernels {
    all: HashMap<(TaskId, Language), Place>,
    asked: u64,
}

#[derive(Default)]
struct Place {
    slot: Arc<Mutex<Slot>>,
    asked: u64,
}

/// The place of a kernel: one call after the other has it.
#[derive(Default)]
struct Slot {
    kernel: Option<Kernel>,
    /// The call whose changes are held back.
    undecided: Option<CallId>,
    /// Why there is none, or another than before.
    why: Option<&'static str>,
}

/// The arguments of `code`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Args {
    /// The code; the value of its last expression is the result.
    #[schemars(length(min = 1, max = 262_144))]
    code: String,
    /// `python` or `javascript`; Python if left out.
    #[serde(default)]
    language: Language,
    /// How many seconds it may take; 120 if left out.
    #[serde(default)]
    #[schemars(range(min = 1, max = 3_600))]
    seconds: Option<u32>,
    /// Whether to begin anew, without the names of before.
    #[serde(default)]
    anew: bool,
}

impl Default for Code {
    fn default() -> Self {
        Self::new()
    }
}

impl Code {
    /// Makes the tool.
    pub fn new() -> Self {
        let mut schema = schemars::schema_for!(Args).to_value();
        if let Some(object) = schema.as_object_mut() {
            object.remove("$schema");
            object.remove("title");
        }
        let spec = ToolSpec { name: "code".to_owned(), about: ABOUT.to_owned(), schema };
        Self { spec, kernels: std::sync::Mutex::default() }
    }

    fn slot(&self, task: TaskId, language: Language) -> Arc<Mutex<Slot>> {
        let mut kernels = self.kernels.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        kernels.asked += 1;
        let now = kernels.asked;
        let place = kernels.all.entry((task, language)).or_default();
        place.asked = now;
        let slot = place.slot.clone();
        while kernels.all.len() > KERNELS {
            let oldest = kernels.all.iter().min_by_key(|(_, place)| place.asked).map(|(key, _)| *key);
            oldest.map(|key| kernels.all.remove(&key));
        }
        slot
    }
}

fn parsed(args: &Value) -> Result<Args> {
    Args::deserialize(args)
        .map_err(|e| Error::new(Kind::InvalidInput, OP, format!("the arguments of `code` do not fit: {e}")))
}

#[async_trait]
impl Tool for Code {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn effects(&self, args: &Value) -> Result<Effects> {
        let args = parsed(args)?;
        if args.seconds.is_some_and(|seconds| seconds > MOST_SECONDS) {
            return Err(Error::new(Kind::InvalidInput, OP, format!("code may take {MOST_SECONDS} seconds at most")));
        }
        let lines: Vec<String> = args.code.lines().take(LINES).map(code).collect();
        let lines = Group { count: args.code.lines().count() as u64, label: "lines".to_owned(), examples: lines };
        let preview = Preview {
            title: format!("run {}", title(&args)),
            groups: vec![lines],
            notes: vec![kept::IN_A_SANDBOX.to_owned()],
            ..Preview::default()
        };
        Ok(kept::runs(true, Vec::<FileEffect>::new()).showing(preview))
    }

    async fn run(&self, args: Value, ctx: ToolContext) -> Result<ToolOutput> {
        let args = parsed(&args)?;
        let slot = self.slot(ctx.task, args.language);
        let mut slot = slot.lock().await;
        let value = slot.run(&args, &ctx).await?;
        let note = format!("{}: {}", title(&args), ended(&value));
        Ok(ToolOutput { value, note, label: Label::default() })
    }

    fn holds_back(&self) -> bool {
        true
    }

    async fn held(&self, args: &Value, ctx: &ToolContext, output: &ToolOutput) -> Result<Option<Effects>> {
        let args = parsed(args)?;
        let cut = (!output.value["ended"].is_null())
            .then(|| format!("the code did not come to its end: {}", output.value["ended"]));
        let held = kept::held(OP, &title(&args), ctx, cut).await?;
        self.slot(ctx.task, args.language).lock().await.undecided = held.is_some().then_some(ctx.call);
        Ok(held)
    }

    async fn release(&self, args: Value, ctx: ToolContext, output: ToolOutput) -> Result<ToolOutput> {
        let args = parsed(&args)?;
        let released = kept::release(OP, &title(&args), &ctx, output).await;
        let slot = self.slot(ctx.task, args.language);
        let mut slot = slot.lock().await;
        slot.undecided = None;
        if released.is_err() {
            // What could not be kept is not to be seen by what comes next.
            slot.end(UNKEPT);
        }
        released
    }

    fn let_go(&self, task: TaskId) {
        let mut kernels = self.kernels.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        kernels.all.retain(|(of, _), _| *of != task);
    }
}

impl Slot {
    async fn run(&mut self, args: &Args, ctx: &ToolContext) -> Result<Value> {
        let session = kept::session(OP, ctx)?;
        self.settle(args, session, ctx.call).await?;
        let is_new = self.kernel.is_none();
        let mut kernel = match self.kernel.take() {
            Some(kernel) => kernel,
            None => Kernel::start(args.language, None::<FilePath>, session, &*ctx.runtime).await?,
        };
        let most = Duration::from_secs(args.seconds.unwrap_or(SECONDS).into());
        let mut said = Output::default();
        let hear = |said: &Output| (ctx.watch.progress)(said.bytes, 0, &said.last_line());
        let work = kernel.run((args.language, &args.code), (most, &*ctx.runtime), &mut said, &hear);
        // A kernel whose call is stopped goes with it: what it was at is at no end.
        let came = kept::until_stopped(OP, ctx, work).await.inspect_err(|_| self.why = Some(STOPPED))?;
        let stock = session.take_stock(ctx.call, kernel.call).await;
        if matches!(came, Came::Ended(_) | Came::Missing(_)) {
            // Its end was told: nobody else lets go of what it changed.
            session.discard(kernel.call).await?;
        }
        stock?;
        let staged = kept::staged(session, ctx).await?;
        let mut value = json!({ "output": said.text() });
        let mut visits = kernel.visits();
        match came {
            Came::Answer(answer) => {
                answered(&mut value, answer);
                self.kernel = Some(kernel);
            }
            Came::Late { is_there } => {
                let what = if is_there { "its time was over" } else { "its time was over, and it did not stop" };
                kept::put(&mut value, "ended", what.into());
                self.kernel = is_there.then_some(kernel);
                self.why = (!is_there).then_some(LATE);
            }
            Came::Ended(exit) => {
                visits.extend(exit.visits.clone());
                kept::put(&mut value, "ended", format!("the kernel ended: {}", shell::ended_text(&exit)).into());
                self.why = Some(ENDED);
            }
            Came::Missing(why) => kept::put(&mut value, "error", why.into()),
        }
        kept::tell(&mut value, &visits, &staged);
        if is_new {
            let why = self.why.take_if(|_| self.kernel.is_some()).unwrap_or(FIRST);
            kept::put(&mut value, "kernel", why.into());
        }
        Ok(value)
    }

    /// Sees to it that what the kernel sees is what there is.
    async fn settle(&mut self, args: &Args, session: &Arc<dyn Session>, now: CallId) -> Result<()> {
        // With what was not decided on goes the kernel that made it, where that is wanted; so it does if this very call runs again.
        if let Some(call) = self.undecided.take_if(|call| args.anew || *call == now) {
            session.discard(call).await?;
            self.end(REFUSED);
        }
        if let Some(call) = self.undecided.take() {
            match session.staged(call).await {
                Err(e) if e.kind == Kind::NotFound => self.end(REFUSED),
                Err(e) => return Err(e),
                Ok(_) => {
                    self.undecided = Some(call);
                    let text = "what the code before changed is not decided on yet";
                    return Err(Error::new(Kind::Busy, OP, text)
                        .with_fix("run one piece at a time; or give `anew`, and it is let go of"));
                }
            }
        }
        if args.anew {
            self.end(ANEW);
        }
        Ok(())
    }

    fn end(&mut self, why: &'static str) {
        if self.kernel.take().is_some() {
            self.why = Some(why);
        }
    }
}

const FIRST: &str = "began anew";
const STOPPED: &str = "began anew, since the one before was stopped";
const LATE: &str = "began anew, since the one before did not stop when its time was over";
const ENDED: &str = "began anew, since the one before ended";
const REFUSED: &str = "began anew, since what the one before had changed was refused";
const UNKEPT: &str = "began anew, since what the one before had changed could not be kept";
const ANEW: &str = "began anew, as was asked";

fn answered(value: &mut Value, answer: kernel::Answer) {
    let short = |text: String| match text.len() > RESULT {
        true => format!("{}\n[{} more bytes]", &text[..text.floor_char_boundary(RESULT)], text.len() - RESULT),
        false => text,
    };
    if let Some(result) = answer.result {
        kept::put(value, "result", short(result).into());
    }
    if let Some(error) = answer.error {
        kept::put(value, "error", short(error).into());
    }
    if !answer.artifacts.is_empty() {
        kept::put(value, Artifact::KEY, json!(answer.artifacts));
    }
}

fn title(args: &Args) -> String {
    let lines = args.code.lines().count();
    match lines {
        0 | 1 => format!("{} {}", args.language.name(), program(&args.code)),
        lines => format!("{} of {}", count(lines, "line"), args.language.name()),
    }
}

fn ended(value: &Value) -> String {
    match (&value["ended"], &value["error"]) {
        (Value::String(ended), _) => ended.clone(),
        (_, Value::String(error)) => shown(error.lines().last().unwrap_or_default()),
        _ => "done".to_owned(),
    }
}

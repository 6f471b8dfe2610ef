//! Tools that a test looks into, and the conformance suite of [`Tool`].

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use cowork_core::{
    Effects, Error, Kind, Label, Result, Session, ThreadId, Tool, ToolContext, ToolOutput, ToolSpec, Watch,
};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    TestRuntime,
    sandbox::{a_call, a_task},
};

pub mod cases;
mod watched;

/// A tool that does nothing and takes anything: `noop`.
#[derive(Debug)]
pub struct NoopTool {
    spec: ToolSpec,
    value: Value,
}

impl NoopTool {
    /// Makes one that gives back `null`.
    pub fn new() -> Arc<Self> {
        Self::giving(Value::Null)
    }

    /// Makes one that gives back this value.
    pub fn giving(value: Value) -> Arc<Self> {
        Arc::new(Self { spec: spec("noop", "Does nothing."), value })
    }
}

#[async_trait]
impl Tool for NoopTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn effects(&self, _: &Value) -> Result<Effects> {
        Ok(Effects::none())
    }

    async fn run(&self, _: Value, _: ToolContext) -> Result<ToolOutput> {
        Ok(ToolOutput { value: self.value.clone(), note: String::new(), label: Label::trusted() })
    }
}

type EffectsOf = dyn Fn(&Value) -> Result<Effects> + Send + Sync;
type RunOf = dyn Fn(&Value) -> Result<ToolOutput> + Send + Sync;

/// A tool that counts how often it ran with which arguments, has whatever effects a test wants, and can be held.
///
/// Keep the `Arc<ProbeTool>` to look into it, and give a clone of it to the registry.
pub struct ProbeTool {
    spec: ToolSpec,
    effects: Box<EffectsOf>,
    run: Box<RunOf>,
    runs: Mutex<BTreeMap<String, u64>>,
    held: watch::Sender<bool>,
    started: watch::Sender<u64>,
}

impl ProbeTool {
    /// Makes one of this name whose calls all have these effects and give back their own arguments.
    pub fn new(name: &str, effects: Effects) -> Arc<Self> {
        Self::with(
            name,
            move |_| Ok(effects.clone()),
            |args| Ok(ToolOutput { value: args.clone(), ..Default::default() }),
        )
    }

    /// Makes one whose effects and outcome a test works out from the arguments.
    pub fn with(
        name: &str,
        effects: impl Fn(&Value) -> Result<Effects> + Send + Sync + 'static,
        run: impl Fn(&Value) -> Result<ToolOutput> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            spec: spec(name, "Counts its runs."),
            effects: Box::new(effects),
            run: Box::new(run),
            runs: Mutex::default(),
            held: watch::channel(false).0,
            started: watch::channel(0).0,
        })
    }

    /// Gives how often it began to run with these arguments.
    pub fn runs(&self, args: &Value) -> u64 {
        self.all_runs().get(&args.to_string()).copied().unwrap_or(0)
    }

    /// Gives how often it began to run, by arguments in JSON.
    pub fn all_runs(&self) -> BTreeMap<String, u64> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes every run wait inside, once it is counted, until [`ProbeTool::release`] or until it is cancelled.
    pub fn hold(&self) {
        self.held.send_replace(true);
    }

    /// Lets all go that wait, and holds nobody any more.
    pub fn release(&self) {
        self.held.send_replace(false);
    }

    /// Waits until it began to run so many times in all.
    pub async fn started(&self, times: u64) {
        let mut started = self.started.subscribe();
        // The sender lives as long as `self`, so this can't fail.
        let _ = started.wait_for(|n| *n >= times).await;
    }
}

#[async_trait]
impl Tool for ProbeTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn effects(&self, args: &Value) -> Result<Effects> {
        (self.effects)(args)
    }

    async fn run(&self, args: Value, ctx: ToolContext) -> Result<ToolOutput> {
        *self.runs.lock().unwrap_or_else(PoisonError::into_inner).entry(args.to_string()).or_default() += 1;
        self.started.send_modify(|n| *n += 1);
        let mut held = self.held.subscribe();
        tokio::select! {
            _ = held.wait_for(|held| !held) => (self.run)(&args),
            () = ctx.watch.cancel.cancelled() => Err(Error::new(Kind::Cancelled, &self.spec.name, "it was stopped")),
        }
    }
}

impl fmt::Debug for ProbeTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProbeTool({}, {:?})", self.spec.name, self.all_runs())
    }
}

fn spec(name: &str, about: &str) -> ToolSpec {
    ToolSpec { name: name.to_owned(), about: about.to_owned(), schema: json!({ "type": "object" }) }
}

/// Makes what a call runs with: ids of its own, a clock that stands still, and these folders.
pub fn context(session: Option<Arc<dyn Session>>, runtime: Arc<TestRuntime>) -> ToolContext {
    ToolContext {
        thread: ThreadId::named("tool"),
        task: a_task(),
        call: a_call(),
        attempt: 1,
        watch: Watch::nothing(),
        runtime,
        session,
    }
}

/// A tool under test, with calls that are known in kind.
pub struct Subject {
    /// The tool.
    pub tool: Arc<dyn Tool>,
    /// Arguments of a call that gets through.
    pub good: Value,
    /// Arguments that do not fit.
    pub bad: Vec<Value>,
    /// The folders that `good` needs, for a tool that works on files: [`MemorySession`](crate::MemorySession) will do.
    pub session: Option<Arc<dyn Session>>,
    /// Calls that are hard to answer well; a tool that can't be asked such has none.
    pub hard: Hard,
    /// What must live as long as the test.
    pub keep: Box<dyn std::any::Any + Send + Sync>,
}

/// Calls that are hard to answer well.
#[derive(Clone, Default)]
pub struct Hard {
    /// Arguments that ask for far too much. They are refused, or answered in [`MOST_OF_HUGE`].
    pub huge: Vec<Value>,
    /// Calls that can't work in the subject's session, for instance on a file that is not there, on a folder in a file's
    /// place, in a folder that may only be read; and the kind of error that says so.
    pub errors: Vec<(Value, Kind)>,
    /// A call that meets thousands of files, and the session that holds them. It is answered in [`MOST_OF_MANY`].
    pub many: Option<(Value, Arc<dyn Session>)>,
}

/// How many bytes the answer to huge arguments may have, as JSON.
pub const MOST_OF_HUGE: usize = 2 << 20;

/// How many bytes the answer to a call over thousands of files may have, as JSON.
pub const MOST_OF_MANY: usize = 64 << 10;

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({})", self.tool.spec().name)
    }
}

/// Expands to one test for each promise of [`Tool`]. Takes an async function that gives a [`Subject`].
#[doc(inline)]
pub use crate::__tool_suite as suite;

#[doc(hidden)]
#[macro_export]
macro_rules! __tool_suite {
    ($make:expr) => {
        $crate::__tests! { tool, $make;
            it_describes_itself
            bad_arguments_are_refused_before_anything_runs
            effects_go_by_the_arguments_alone
            it_touches_no_more_than_its_effects_name
            files_are_reached_through_the_session_only
            what_it_read_is_not_passed_off_as_trusted
            a_cancelled_call_ends_soon
            a_call_that_is_cancelled_on_its_way_ends_soon_and_harms_nothing
            what_asks_for_too_much_is_refused_or_answered_in_bounds
            what_can_t_work_says_why_and_what_to_do
            a_call_over_many_files_answers_in_few_words
            a_dropped_call_is_harmless
            a_call_that_may_run_again_can
        }
    };
}

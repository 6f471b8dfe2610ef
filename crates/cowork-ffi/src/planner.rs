//! Planners and approvers of the host's.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cowork::{
    Answer, Approver, Ask, CallId, CancellationToken, Error, Hash, Kind, PlanContext, Planner, Proposal, Result, View,
    async_trait,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    function::{self, Function},
    state::TaskState,
    text,
};

/// How a host describes a planner of its own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannerDeclaration {
    /// Its name, as tasks ask for it.
    pub name: String,
    /// Whether it goes by the notes of the thread and the instruction files of the folders: then they are gathered before it is asked first.
    #[serde(default)]
    pub briefed: bool,
    /// Whether it works on this computer alone: it sends what it reads nowhere.
    #[serde(default)]
    pub local: bool,
}

/// What the function of a planner is called with. It gives a [`Proposal`].
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlannerInput<'a> {
    /// The task as the log tells it.
    pub task: TaskState<'a>,
    /// The names of the tools that there are; the operation `tools` describes them.
    pub tools: Vec<&'a str>,
}

/// A planner whose proposals a function of the host's makes.
pub(crate) struct HostPlanner {
    declaration: PlannerDeclaration,
    /// What it gives is called so in errors.
    proposal: String,
    function: Arc<dyn Function>,
}

impl HostPlanner {
    pub(crate) fn new(declaration: PlannerDeclaration, function: Arc<dyn Function>) -> Result<Self> {
        if declaration.name.trim().is_empty() {
            return Err(Error::new(Kind::InvalidInput, "take planner", "a planner has no name").with_fix("give it one"));
        }
        let proposal = format!("the proposal of the planner `{}`", declaration.name);
        Ok(Self { declaration, proposal, function })
    }
}

#[async_trait]
impl Planner for HostPlanner {
    fn name(&self) -> &str {
        &self.declaration.name
    }

    fn is_briefed(&self) -> bool {
        self.declaration.briefed
    }

    fn is_local(&self) -> bool {
        self.declaration.local
    }

    async fn plan(&self, view: View, ctx: PlanContext) -> Result<Proposal> {
        let tools = view.tools.iter().filter(|tool| view.task.may_use(&tool.name)).map(|tool| tool.name.as_str());
        let input = text::write(&PlannerInput { task: TaskState::of(&view.task)?, tools: tools.collect() })?;
        let given = function::call(&*self.function, self.name(), input, ctx.cancel, None).await?;
        text::read_object(&self.proposal, &given)
    }
}

/// An approver whose answers a function of the host's gives: it is called with an [`Ask`] and gives `"allow"`, `"allow_task"`, `"deny"`, or
/// `null`, which leaves the question open. So does an error, which whoever waits for the task is told.
pub(crate) struct HostApprover {
    pub(crate) function: Arc<dyn Function>,
    pub(crate) faults: Arc<Faults>,
}

/// Why questions were left open: what the approver threw, or gave that is no answer.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<HashMap<(CallId, Hash), Error>>);

impl Faults {
    /// So many are remembered.
    const MOST: usize = 1_000;

    /// Gives why a question was left open, unless that was its answer.
    pub(crate) fn of(&self, ask: &Ask) -> Option<Error> {
        self.all().get(&(ask.call.id, ask.args_hash)).cloned()
    }

    /// Notes what became of a question: an answer, or one that is left open on purpose, is no fault.
    fn note(&self, question: (CallId, Hash), answered: Result<Option<Answer>>) -> Option<Answer> {
        let mut all = self.all();
        let error = match answered {
            Ok(answer) => {
                all.remove(&question);
                return answer;
            }
            Err(error) => error,
        };
        tracing::warn!(%error, "an approver gave no answer: the question stays open");
        if all.len() >= Self::MOST {
            all.clear();
        }
        all.insert(question, error);
        None
    }

    fn all(&self) -> MutexGuard<'_, HashMap<(CallId, Hash), Error>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Approver for HostApprover {
    async fn answer(&self, ask: Ask) -> Option<Answer> {
        let question = (ask.call.id, ask.args_hash);
        let answered = async {
            let input = text::write(&ask)?;
            let given = function::call(&*self.function, "approver", input, CancellationToken::new(), None).await?;
            text::read::<Option<Answer>>("the answer of the approver", &given)
        };
        self.faults.note(question, answered.await)
    }
}

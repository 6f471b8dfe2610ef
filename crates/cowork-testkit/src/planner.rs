//! A planner that says what a test wrote down for it, and the conformance suite of [`Planner`].

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use cowork_core::{Call, Models, Outcome, PlanContext, Planner, Proposal, Result, Submit, ToolSpec, View};

pub mod cases;

type Script = dyn Fn(&View) -> Result<Proposal> + Send + Sync;

/// A [`Planner`] whose every word comes from a test.
#[derive(Clone)]
pub struct ScriptedPlanner {
    name: String,
    script: Arc<Script>,
}

impl ScriptedPlanner {
    /// Makes one that asks a closure, which goes by the view alone, as every planner must.
    pub fn new(script: impl Fn(&View) -> Result<Proposal> + Send + Sync + 'static) -> Self {
        Self { name: "scripted".to_owned(), script: Arc::new(script) }
    }

    /// Makes one that plays a list, one proposal a turn; past its end the task is done.
    pub fn list(proposals: impl IntoIterator<Item = Proposal>) -> Self {
        let proposals: Vec<Proposal> = proposals.into_iter().collect();
        Self::new(move |view| {
            let turn = view.task.turns.len();
            Ok(proposals.get(turn).cloned().unwrap_or_else(|| Proposal::done("done")))
        })
    }

    /// Gives it another name than `scripted`.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }
}

#[async_trait]
impl Planner for ScriptedPlanner {
    fn name(&self) -> &str {
        &self.name
    }

    async fn plan(&self, view: View, _: PlanContext) -> Result<Proposal> {
        (self.script)(&view)
    }
}

impl fmt::Debug for ScriptedPlanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScriptedPlanner({})", self.name)
    }
}

/// A planner under test, with a task that it plans to its end.
pub struct Subject {
    /// Makes the planner anew, as another process would: it has seen nothing.
    pub make: Box<dyn Fn() -> Arc<dyn Planner> + Send + Sync>,
    /// Whether it gives an equal proposal for an equal view. A program does; a model need not.
    pub exact: bool,
    /// The task. It has to take at least one call.
    pub submit: Submit,
    /// The tools that there are.
    pub tools: Vec<ToolSpec>,
    /// Plays the tools.
    pub play: Box<dyn Fn(&Call) -> Outcome + Send + Sync>,
    /// The models that it may ask.
    pub models: Models,
    /// A task that it can't plan; none for a planner that plans anything.
    pub hopeless: Option<Submit>,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({})", (self.make)().name())
    }
}

/// Expands to one test for each promise of [`Planner`]. Takes an async function that gives a [`Subject`].
#[doc(inline)]
pub use crate::__planner_suite as suite;

#[doc(hidden)]
#[macro_export]
macro_rules! __planner_suite {
    ($make:expr) => {
        $crate::__tests! { planner, $make;
            it_goes_by_the_view_alone
            another_process_goes_on_from_the_log
            a_proposal_names_calls_or_the_end
            it_comes_to_an_end_whatever_becomes_of_its_calls
            it_goes_on_when_the_person_says_something
            it_has_one_name
            a_cancelled_planning_ends_soon
            a_dropped_planning_harms_nothing
            what_it_can_not_plan_is_an_error_that_says_why
        }
    };
}

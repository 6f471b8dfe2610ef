//! A planner that says what a test wrote down for it.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use cowork_core::{CancellationToken, Planner, Proposal, Result, View};

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

    async fn plan(&self, view: View, _: CancellationToken) -> Result<Proposal> {
        (self.script)(&view)
    }
}

impl fmt::Debug for ScriptedPlanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScriptedPlanner({})", self.name)
    }
}

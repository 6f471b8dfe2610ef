//! What a host brings along.

use std::{fmt, sync::Arc};

use cowork::{Approver, Model, Planner, Registry, Result, Tool, async_trait};

use crate::{
    Function, Invocation,
    model::HostModel,
    planner::{Faults, HostApprover, HostPlanner},
    text,
    tool::host_tool,
};

/// What a host brings along when it opens an engine: functions, each with what it is, as JSON.
///
/// | part | described by | called with | gives |
/// |---|---|---|---|
/// | tool | [`ToolDeclaration`](crate::ToolDeclaration) | [`ToolInput`](crate::ToolInput) | [`ToolResult`](crate::ToolResult) |
/// | model | [`ModelDeclaration`](crate::ModelDeclaration) | [`ModelRequest`](cowork::ModelRequest) | [`HostAnswer`](crate::HostAnswer) |
/// | planner | [`PlannerDeclaration`](crate::PlannerDeclaration) | [`PlannerInput`](crate::PlannerInput) | [`Proposal`](cowork::Proposal) |
/// | approver | – | [`Ask`](cowork::Ask) | an [`Answer`](cowork::Answer), or null |
///
/// What is wrong with one is said when the engine is opened.
#[derive(Default)]
pub struct Parts {
    tools: Vec<(String, Arc<dyn Function>)>,
    models: Vec<(String, Arc<dyn Function>)>,
    planners: Vec<(String, Arc<dyn Function>)>,
    approver: Option<Arc<dyn Function>>,
}

impl Parts {
    /// Brings nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Brings a part of this kind: a `tool`, a `model`, a `planner`, or else an approver, which needs no declaration.
    #[must_use]
    pub fn part(self, kind: &str, declaration: String, function: Arc<dyn Function>) -> Self {
        match kind {
            "tool" => self.tool(declaration, function),
            "model" => self.model(declaration, function),
            "planner" => self.planner(declaration, function),
            _ => self.approver(function),
        }
    }

    /// Brings a tool.
    #[must_use]
    pub fn tool(mut self, declaration: impl Into<String>, function: Arc<dyn Function>) -> Self {
        self.tools.push((declaration.into(), function));
        self
    }

    /// Brings a model. The first is asked where none is named.
    #[must_use]
    pub fn model(mut self, declaration: impl Into<String>, function: Arc<dyn Function>) -> Self {
        self.models.push((declaration.into(), function));
        self
    }

    /// Brings a planner. The first plans tasks that name none.
    #[must_use]
    pub fn planner(mut self, declaration: impl Into<String>, function: Arc<dyn Function>) -> Self {
        self.planners.push((declaration.into(), function));
        self
    }

    /// Brings who answers questions, in the place of the one before.
    #[must_use]
    pub fn approver(mut self, function: Arc<dyn Function>) -> Self {
        self.approver = Some(function);
        self
    }

    /// Makes of them what an engine takes.
    pub(crate) fn made(self) -> Result<Made> {
        let tool =
            |(json, function): (String, _)| host_tool(text::read_object("the declaration of a tool", &json)?, function);
        let model = |(json, function): (String, _)| {
            let model = HostModel::new(text::read_object("the declaration of a model", &json)?, function)?;
            Ok(Arc::new(model) as Arc<dyn Model>)
        };
        let planner = |(json, function): (String, _)| {
            let planner = HostPlanner::new(text::read_object("the declaration of a planner", &json)?, function)?;
            Ok(Arc::new(planner) as Arc<dyn Planner>)
        };
        let faults = Arc::new(Faults::default());
        let approver = |function| Arc::new(HostApprover { function, faults: faults.clone() }) as Arc<dyn Approver>;
        Ok(Made {
            tools: self.tools.into_iter().map(tool).collect::<Result<_>>()?,
            models: self.models.into_iter().map(model).collect::<Result<_>>()?,
            planners: self.planners.into_iter().map(planner).collect::<Result<_>>()?,
            approver: self.approver.map(approver),
            faults,
        })
    }
}

/// Says what is wrong with the declaration of a part of this kind, before an engine is opened with it.
///
/// # Errors
/// `InvalidInput`, as [`Handle::open`](crate::Handle::open) would say it.
pub fn check_part(kind: &str, declaration: &str) -> Result<()> {
    struct Nobody;
    #[async_trait]
    impl Function for Nobody {
        async fn call(&self, _: Invocation) -> Result<String> {
            Ok("null".to_owned())
        }
    }
    let made = Parts::new().part(kind, declaration.to_owned(), Arc::new(Nobody)).made()?;
    made.tools.into_iter().try_for_each(|tool| Registry::new().add(tool))
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parts({} tools, {} models, {} planners)", self.tools.len(), self.models.len(), self.planners.len())
    }
}

/// Parts, made.
pub(crate) struct Made {
    pub(crate) tools: Vec<Arc<dyn Tool>>,
    pub(crate) models: Vec<Arc<dyn Model>>,
    pub(crate) planners: Vec<Arc<dyn Planner>>,
    pub(crate) approver: Option<Arc<dyn Approver>>,
    pub(crate) faults: Arc<Faults>,
}

//! Tools that are async functions.

use std::{any::Any, fmt, sync::Arc};

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Tool, ToolContext, ToolOutput,
    declaration::{ArgumentRole, DeclaredEffects, ToolDeclaration, declared},
    misfit, schema_of,
};
use crate::{BoxFuture, Effects, Error, Kind, Result};

/// Begins to make a tool of an async function.
///
/// - Its arguments are a Rust type; the schema is made from it, and a field's doc comment is its description. Arguments that are not of
///   the type, and such as it does not have, never reach the function.
/// - What the function gives is the result, as JSON. A [`ToolOutput`] is all of it: value, a line for the person, where it came from.
/// - What a call does to the world is declared: [`ToolFn::read_only`], [`ToolFn::idempotent`], [`ToolFn::changes`]; or worked out from the
///   arguments, by [`ToolFn::effects`]. Nothing said is the worst: each call is asked about, and never repeated after an interruption.
/// - An error goes to the planner, as that call's.
///
/// Cancellation: the function's future is dropped.
///
/// For what needs more (state, calls that hold back what they do), there are [`TypedTool`](crate::TypedTool) and [`Tool`].
///
/// ```
/// use cowork_core::{Registry, ToolContext, tool_fn};
/// use cowork_testkit::{TestRuntime, block_on, tool::context};
/// use schemars::JsonSchema;
/// use serde::Deserialize;
/// use serde_json::json;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Exchange {
///     /// Dollars.
///     amount: f64,
///     /// The currency: EUR, GBP.
///     to: String,
/// }
///
/// let exchange = tool_fn("exchange", "Says what dollars are in another currency.", |args: Exchange, ctx| async move {
///     (ctx.watch.progress)(1, 1, "looked up");
///     let rate = if args.to == "EUR" { 0.92 } else { 0.79 };
///     Ok(json!({ "amount": args.amount * rate }))
/// })
/// .read_only()
/// .build()?;
///
/// let mut tools = Registry::new();
/// tools.add(exchange.clone())?;
/// assert!(tools.effects("exchange", &json!({ "amount": 100, "to": "EUR", "by": "post" })).is_err());
/// let output = block_on(exchange.run(json!({ "amount": 100, "to": "EUR" }), context(None, TestRuntime::new())))?;
/// assert_eq!(output.value, json!({ "amount": 92.0 }));
/// # Ok::<(), cowork_core::Error>(())
/// ```
pub fn tool_fn<A, R, F, T>(name: impl Into<String>, about: impl Into<String>, run: F) -> ToolFn<A>
where
    A: DeserializeOwned + JsonSchema + Send + 'static,
    R: Serialize + 'static,
    F: Fn(A, ToolContext) -> T + Send + Sync + 'static,
    T: Future<Output = Result<R>> + Send + 'static,
{
    let name = name.into();
    let tool: Arc<str> = name.as_str().into();
    let run = move |args, ctx: ToolContext| -> BoxFuture<Result<ToolOutput>> {
        let (tool, cancel) = (tool.clone(), ctx.watch.cancel.clone());
        let given = run(args, ctx);
        Box::pin(async move {
            let stopped = || Error::new(Kind::Cancelled, "run tool", format!("`{tool}` was stopped"));
            output(&tool, cancel.run_until_cancelled_owned(given).await.ok_or_else(stopped)??)
        })
    };
    ToolFn { declaration: ToolDeclaration::new(name, about, schema_of::<A>()), effects: None, run: Box::new(run) }
}

/// A tool in the making ([`tool_fn`]): an async function, and what its calls do to the world.
#[must_use = "a tool is made by `build`"]
pub struct ToolFn<A> {
    declaration: ToolDeclaration,
    effects: Option<Box<Effect<A>>>,
    run: Box<dyn Fn(A, ToolContext) -> BoxFuture<Result<ToolOutput>> + Send + Sync>,
}

type Effect<A> = dyn Fn(&A) -> Result<Effects> + Send + Sync;

impl<A: DeserializeOwned + Send + 'static> ToolFn<A> {
    /// Declares that nothing is changed: calls run unasked, at once, and again after an interruption.
    pub fn read_only(self) -> Self {
        self.declared(DeclaredEffects::ReadOnly)
    }

    /// Declares that something is changed, and that doing it twice is the same as once: each call is asked about, and runs again after an
    /// interruption.
    pub fn idempotent(self) -> Self {
        self.declared(DeclaredEffects::Idempotent)
    }

    /// Declares that something is changed: each call is asked about, and is not repeated after an interruption.
    pub fn changes(self) -> Self {
        self.declared(DeclaredEffects::Changes)
    }

    fn declared(mut self, effects: DeclaredEffects) -> Self {
        self.declaration.effects = effects;
        self
    }

    /// Declares what an argument stands for: a text or a list of texts, such as a file's name, which is then one in a granted folder.
    pub fn role(mut self, argument: &str, role: ArgumentRole) -> Self {
        self.declaration.roles.insert(argument.to_owned(), role);
        self
    }

    /// Declares what no two calls use at once, whatever their arguments: `screen`, `account/mail`.
    pub fn lock(mut self, name: &str) -> Self {
        self.declaration.locks.push(name.to_owned());
        self
    }

    /// Says what a person is shown who is asked, after "Wants to": `send {subject} to {to}`, with arguments by their names.
    pub fn title(mut self, title: &str) -> Self {
        self.declaration.title = Some(title.to_owned());
        self
    }

    /// Works out what a call would do from its arguments and from nothing else, in the place of declaring it for all calls.
    pub fn effects(mut self, effects: impl Fn(&A) -> Result<Effects> + Send + Sync + 'static) -> Self {
        self.effects = Some(Box::new(effects));
        self
    }

    /// Makes the tool.
    ///
    /// # Errors
    /// `InvalidInput` where the arguments are not an object's fields, where what is declared does not agree with them or with itself, or
    /// where effects are both declared and worked out.
    pub fn build(self) -> Result<Arc<dyn Tool>> {
        let Self { declaration, effects, run } = self;
        let declaration = declaration.take_roles()?;
        let ToolDeclaration { name, effects: usual, roles, locks, .. } = &declaration;
        if effects.is_some() && (*usual != DeclaredEffects::Unknown || !roles.is_empty() || !locks.is_empty()) {
            let why = format!("the tool `{name}` declares what its calls do, and works it out besides");
            return Err(declared(why).with_fix("leave one of them out"));
        }
        let (here, there) = (Arc::<str>::from(name.as_str()), Arc::<str>::from(name.as_str()));
        declaration.made(
            Box::new(move |args| {
                let args = A::deserialize(args).map_err(|e| misfit(&here, &e.to_string()))?;
                effects.as_ref().map(|effects| effects(&args)).transpose()
            }),
            Box::new(move |args, ctx| match serde_json::from_value(args) {
                Ok(args) => run(args, ctx),
                Err(e) => Box::pin(std::future::ready(Err(misfit(&there, &e.to_string())))),
            }),
        )
    }
}

impl<A> fmt::Debug for ToolFn<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ToolFn({})", self.declaration.name)
    }
}

/// Makes an output of what a function gave. One that gives an output gives all of it: it would be no result of its own.
fn output<R: Serialize + 'static>(tool: &str, given: R) -> Result<ToolOutput> {
    let mut given = Some(given);
    if let Some(whole) = (&mut given as &mut dyn Any).downcast_mut::<Option<ToolOutput>>() {
        return Ok(whole.take().unwrap_or_default());
    }
    let value = serde_json::to_value(given).map_err(|e| {
        let why = format!("what the tool `{tool}` gave can't be written as JSON: {e}");
        Error::new(Kind::InvalidInput, "run tool", why).with_fix("give what has texts as its keys")
    })?;
    Ok(ToolOutput { value, ..ToolOutput::default() })
}

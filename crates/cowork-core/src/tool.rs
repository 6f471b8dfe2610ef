//! Tools: what a planner can call.

mod declaration;
mod function;
mod roles;

use std::{
    collections::BTreeMap,
    fmt,
    marker::PhantomData,
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

pub use self::{
    declaration::{ArgumentRole, DeclaredEffects, ToolDeclaration},
    function::{ToolFn, tool_fn},
};
use crate::{CallId, Effects, Error, Files, Kind, Label, Recovery, Result, Runtime, Session, TaskId, ThreadId, Watch};

/// Something that a planner can call.
///
/// - It describes itself, always in the same words: a proper name, what it does, the schema of its arguments.
/// - Arguments that do not fit are refused by the schema or by `effects`. `run` is only called with such as fit, after the
///   policy allowed exactly these effects.
/// - `effects` looks at the arguments and at nothing else.
/// - `effects` names everything that `run` may touch. What it does not know it says by leaving [`Effects::complete`] false.
/// - It reaches files through [`ToolContext::files`] only.
/// - Its output says where it came from; a label left at its default means untrusted and private. What anybody may have
///   written is never passed off as trusted.
/// - Where its effects say that it may run again ([`Effects::recovery`]), it can: the same call, a second time.
///
/// Cancellation: `ctx.watch.cancel`; a tool that can stop returns [`Kind::Cancelled`] soon after, one that can't ends as
/// ever. Dropping the future must be harmless.
///
/// Errors: any kind; the planner is told.
///
/// Suite: `cowork_testkit::tool::suite!` tells a story for each of these. Most tools are easier to write as an async function
/// ([`tool_fn`]), or as a [`TypedTool`].
///
/// ```
/// use cowork_core::{Effects, Result, Tool, ToolContext, ToolOutput, ToolSpec, async_trait};
/// use cowork_testkit::{TestRuntime, block_on, tool::context};
/// use serde_json::{Value, json};
///
/// struct Add(ToolSpec);
///
/// #[async_trait]
/// impl Tool for Add {
///     fn spec(&self) -> &ToolSpec {
///         &self.0
///     }
///
///     fn effects(&self, _: &Value) -> Result<Effects> {
///         Ok(Effects::none())
///     }
///
///     async fn run(&self, args: Value, _: ToolContext) -> Result<ToolOutput> {
///         let sum = args["a"].as_i64().zip(args["b"].as_i64()).and_then(|(a, b)| a.checked_add(b));
///         Ok(ToolOutput { value: json!(sum), ..ToolOutput::default() })
///     }
/// }
///
/// let number = json!({ "type": "integer" });
/// let schema = json!({ "type": "object", "properties": { "a": number, "b": number }, "required": ["a", "b"] });
/// let add = Add(ToolSpec { name: "add".into(), about: "Adds two whole numbers.".into(), schema });
/// let output = block_on(add.run(json!({ "a": 2, "b": 3 }), context(None, TestRuntime::new())))?;
/// assert_eq!(output.value, 5);
/// # Ok::<(), cowork_core::Error>(())
/// ```
#[async_trait]
pub trait Tool: Send + Sync + 'static {
    /// Describes it.
    fn spec(&self) -> &ToolSpec;

    /// Works out what a call would do.
    fn effects(&self, args: &Value) -> Result<Effects>;

    /// Does it.
    async fn run(&self, args: Value, ctx: ToolContext) -> Result<ToolOutput>;

    /// Says whether it may hold back what a call does until that is known and decided on: then [`Tool::held`] is asked after each.
    fn holds_back(&self) -> bool {
        false
    }

    /// Gives what a call that has just run, and gave this, holds back, as effects of its own; none if nothing. The policy decides on it as on any call.
    async fn held(&self, args: &Value, ctx: &ToolContext, output: &ToolOutput) -> Result<Option<Effects>> {
        let _ = (args, ctx, output);
        Ok(None)
    }

    /// Does what was held back, once it is allowed; `output` is what [`Tool::run`] gave. It may be called again after an interruption, and
    /// in another process than [`Tool::run`].
    async fn release(&self, args: Value, ctx: ToolContext, output: ToolOutput) -> Result<ToolOutput> {
        let _ = (args, ctx);
        Ok(output)
    }

    /// Is told that a task has ended, or is not worked on any more: what was kept for it, such as a program that goes on, can go.
    fn let_go(&self, task: TaskId) {
        let _ = task;
    }
}

/// Describes a tool to a planner and to a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToolSpec {
    /// Its name: lower case, digits, `_`; at most 64 bytes.
    pub name: String,
    /// What it does and when to use it, for a planner.
    pub about: String,
    /// The JSON Schema of its arguments, an object.
    pub schema: Value,
}

/// What a call runs with.
#[derive(Clone)]
pub struct ToolContext {
    /// The thread.
    pub thread: ThreadId,
    /// The task.
    pub task: TaskId,
    /// The call; the same when it runs again after an interruption.
    pub call: CallId,
    /// 1 for the first time.
    pub attempt: u32,
    /// Stops it, and shows how far it is.
    pub watch: Watch,
    /// Time and chance.
    pub runtime: Arc<dyn Runtime>,
    /// The view of the granted folders; none if the call names no file in its effects.
    pub session: Option<Arc<dyn Session>>,
}

impl ToolContext {
    /// Gives the files of the granted folders.
    ///
    /// # Errors
    /// `NotAllowed` if no folder is granted, or if the call did not name any file in its effects.
    pub fn files(&self) -> Result<Arc<dyn Files>> {
        let session = self.session.as_ref().ok_or_else(|| {
            Error::new(Kind::NotAllowed, "open files", "this call has no folder to work in")
                .with_fix("allow a folder first")
        })?;
        Ok(session.files(self.call))
    }
}

impl fmt::Debug for ToolContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ToolContext({}, attempt {})", self.call, self.attempt)
    }
}

/// What a call gives back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToolOutput {
    /// For the planner.
    pub value: Value,
    /// One line for a person; empty if there is nothing to say.
    #[serde(default)]
    pub note: String,
    /// Where it came from.
    #[serde(default)]
    pub label: Label,
}

/// A tool whose arguments are a Rust type; [`tool`] makes a [`Tool`] of it, schema and checks included.
///
/// - The schema is made from the type: a field's doc comment is its description.
/// - Arguments that are not of the type, and such as it does not have, are refused before `effects`, with [`Kind::InvalidInput`]. Inside an
///   argument it is `#[serde(deny_unknown_fields)]` that has the latter refused.
/// - What is marked `#[schemars(extend("x-seldom" = true))]`, the whole type or a field, is seldom needed: where there are many tools, a
///   model is told that it is there, and looks it up when it wants it. So it is told of [`TypedTool::ABOUT`] up to the first blank line.
/// - For the rest, what [`Tool`] says.
///
/// Cancellation and errors: as a [`Tool`]'s.
///
/// Suite: `cowork_testkit::tool::suite!` over `tool(it)`.
///
/// ```
/// use cowork_core::{
///     Effects, FilePath, Label, Registry, Result, ToolContext, ToolOutput, TypedTool, async_trait, tool,
/// };
/// use cowork_testkit::{MemorySession, Node, TestRuntime, block_on, tool::context};
/// use serde_json::json;
///
/// struct CountLines;
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// #[serde(deny_unknown_fields)]
/// struct Args {
///     /// The text file.
///     path: FilePath,
/// }
///
/// #[async_trait]
/// impl TypedTool for CountLines {
///     type Args = Args;
///     const NAME: &'static str = "count_lines";
///     const ABOUT: &'static str = "Counts the lines of a text file.";
///
///     fn effects(&self, args: &Args) -> Result<Effects> {
///         Ok(Effects::reads([args.path.clone()]))
///     }
///
///     async fn run(&self, args: Args, ctx: ToolContext) -> Result<ToolOutput> {
///         let label = Label::file(args.path.as_str());
///         let piece = ctx.files()?.read(args.path, 0, 1 << 20).await?;
///         let lines = piece.bytes.iter().filter(|b| **b == b'\n').count();
///         Ok(ToolOutput { value: json!(lines), note: format!("{lines} lines"), label })
///     }
/// }
///
/// let mut tools = Registry::new();
/// tools.add(tool(CountLines))?;
/// assert!(tools.effects("count_lines", &json!({ "file": "Desk/poem" })).is_err());
///
/// let desk = MemorySession::new(&[("Desk/poem", Node::File(b"one\ntwo\n".to_vec()))]);
/// let ctx = context(Some(desk), TestRuntime::new());
/// let output = block_on(tools.get("count_lines")?.run(json!({ "path": "Desk/poem" }), ctx))?;
/// assert_eq!(output.value, 2);
/// # Ok::<(), cowork_core::Error>(())
/// ```
#[async_trait]
pub trait TypedTool: Send + Sync + 'static {
    /// The arguments, a type with named fields.
    type Args: DeserializeOwned + JsonSchema + Send + 'static;
    /// The tool's name.
    const NAME: &'static str;
    /// What it does and when to use it.
    const ABOUT: &'static str;

    /// Works out what a call would do.
    fn effects(&self, args: &Self::Args) -> Result<Effects>;

    /// Does it.
    async fn run(&self, args: Self::Args, ctx: ToolContext) -> Result<ToolOutput>;

    /// As [`Tool::holds_back`].
    fn holds_back(&self) -> bool {
        false
    }

    /// As [`Tool::held`].
    async fn held(&self, args: Self::Args, ctx: &ToolContext, output: &ToolOutput) -> Result<Option<Effects>> {
        let _ = (args, ctx, output);
        Ok(None)
    }

    /// As [`Tool::release`].
    async fn release(&self, args: Self::Args, ctx: ToolContext, output: ToolOutput) -> Result<ToolOutput> {
        let _ = (args, ctx);
        Ok(output)
    }

    /// As [`Tool::let_go`].
    fn let_go(&self, task: TaskId) {
        let _ = task;
    }
}

/// Makes a [`Tool`] of a [`TypedTool`].
pub fn tool<T: TypedTool>(inner: T) -> Arc<dyn Tool> {
    let spec = ToolSpec { name: T::NAME.to_owned(), about: T::ABOUT.to_owned(), schema: schema_of::<T::Args>() };
    Arc::new(Typed { inner, spec, args: PhantomData })
}

/// What else a schema can say of which fields there are: one that says it is left as it is.
const FIELDS: [&str; 6] = ["additionalProperties", "unevaluatedProperties", "allOf", "anyOf", "oneOf", "$ref"];

/// Gives the schema of arguments, without what only a reader of Rust wants; it refuses arguments that the type does not have.
fn schema_of<A: JsonSchema>() -> Value {
    let mut schema = schemars::schema_for!(A).to_value();
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
        object.remove("title");
        if object.get("type").is_some_and(|kind| kind == "object")
            && FIELDS.iter().all(|key| !object.contains_key(*key))
        {
            object.insert("additionalProperties".to_owned(), false.into());
        }
    }
    schema
}

struct Typed<T: TypedTool> {
    inner: T,
    spec: ToolSpec,
    args: PhantomData<fn() -> T::Args>,
}

#[async_trait]
impl<T: TypedTool> Tool for Typed<T> {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn effects(&self, args: &Value) -> Result<Effects> {
        let args = T::Args::deserialize(args).map_err(|e| misfit(T::NAME, &e.to_string()))?;
        self.inner.effects(&args)
    }

    async fn run(&self, args: Value, ctx: ToolContext) -> Result<ToolOutput> {
        self.inner.run(typed::<T>(args)?, ctx).await
    }

    fn holds_back(&self) -> bool {
        self.inner.holds_back()
    }

    async fn held(&self, args: &Value, ctx: &ToolContext, output: &ToolOutput) -> Result<Option<Effects>> {
        self.inner.held(typed::<T>(args.clone())?, ctx, output).await
    }

    async fn release(&self, args: Value, ctx: ToolContext, output: ToolOutput) -> Result<ToolOutput> {
        self.inner.release(typed::<T>(args)?, ctx, output).await
    }

    fn let_go(&self, task: TaskId) {
        self.inner.let_go(task);
    }
}

fn typed<T: TypedTool>(args: Value) -> Result<T::Args> {
    serde_json::from_value(args).map_err(|e| misfit(T::NAME, &e.to_string()))
}

fn misfit(tool: &str, why: &str) -> Error {
    Error::new(Kind::InvalidInput, "check arguments", format!("the arguments of `{tool}` do not fit: {why}"))
}

/// The tools of an engine, by name.
#[derive(Clone, Default)]
pub struct Registry {
    tools: BTreeMap<String, Arc<Entry>>,
}

struct Entry {
    tool: Arc<dyn Tool>,
    validator: OnceLock<std::result::Result<jsonschema::Validator, String>>,
}

impl Registry {
    /// Makes one without tools.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tool.
    ///
    /// # Errors
    /// `InvalidInput` if the name is not a tool's name; `Conflict` if there is a tool of that name already.
    pub fn add(&mut self, tool: Arc<dyn Tool>) -> Result<()> {
        let name = tool.spec().name.clone();
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if name.is_empty() || name.len() > 64 || !name.bytes().all(fits) {
            let why = format!("`{}` can't be a tool's name", name.escape_debug());
            return Err(Error::new(Kind::InvalidInput, "add tool", why).with_fix("use a-z, 0-9 and _, at most 64"));
        }
        if self.tools.contains_key(&name) {
            return Err(Error::new(Kind::Conflict, "add tool", format!("there are two tools called `{name}`")));
        }
        self.tools.insert(name, Arc::new(Entry { tool, validator: OnceLock::new() }));
        Ok(())
    }

    /// Gives the descriptions, by name.
    pub fn specs(&self) -> Arc<[ToolSpec]> {
        self.tools.values().map(|e| e.tool.spec().clone()).collect()
    }

    /// Gives a tool.
    ///
    /// # Errors
    /// `NotFound`, with the tools that there are.
    pub fn get(&self, name: &str) -> Result<&Arc<dyn Tool>> {
        self.entry(name).map(|e| &e.tool)
    }

    /// Checks a call's arguments against the tool's schema and works out what it would do. Nothing runs.
    ///
    /// # Errors
    /// `NotFound` for an unknown tool; `InvalidInput` for arguments that don't fit, with every place where they don't.
    pub fn effects(&self, name: &str, args: &Value) -> Result<Effects> {
        let entry = self.entry(name)?;
        let compile = || jsonschema::validator_for(&entry.tool.spec().schema).map_err(|e| e.to_string());
        match entry.validator.get_or_init(compile) {
            Err(e) => {
                return Err(Error::new(
                    Kind::Internal,
                    "check arguments",
                    format!("the schema of `{name}` is not valid: {e}"),
                ));
            }
            Ok(validator) if !validator.is_valid(args) => {
                let places: Vec<String> = validator.iter_errors(args).take(5).map(|e| place(&e)).collect();
                return Err(misfit(name, &places.join("; ")));
            }
            Ok(_) => {}
        }
        let mut effects = entry.tool.effects(args)?;
        // What may change something is never taken for a look, whatever the tool says of repeating it.
        if effects.recovery == Recovery::ReadOnly && effects.is_change() {
            effects.recovery = Recovery::Unknown;
        }
        Ok(effects)
    }

    /// Tells every tool that a task has ended.
    pub(crate) fn let_go(&self, task: TaskId) {
        self.tools.values().for_each(|entry| entry.tool.let_go(task));
    }

    fn entry(&self, name: &str) -> Result<&Arc<Entry>> {
        self.tools.get(name).ok_or_else(|| {
            let there: Vec<&str> = self.tools.keys().map(String::as_str).collect();
            Error::new(Kind::NotFound, "find tool", format!("there is no tool called `{}`", name.escape_debug()))
                .with_fix(format!("the tools are: {}", there.join(", ")))
        })
    }
}

fn place(error: &jsonschema::ValidationError<'_>) -> String {
    let at = error.instance_path().to_string();
    let mut what = error.to_string();
    if what.len() > 200 {
        what.truncate(what.floor_char_boundary(200));
        what.push('…');
    }
    if at.is_empty() { what } else { format!("at {at}: {what}") }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.tools.keys()).finish()
    }
}

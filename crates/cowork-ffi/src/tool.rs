//! Tools of the host's.

use std::{collections::BTreeMap, sync::Arc};

use cowork::{
    Access, CallId, Effects, Error, FileEffect, FilePath, Folder, Kind, Label, Lock, Preview, Recovery, Result, TaskId,
    ThreadId, Tool, ToolContext, ToolOutput, ToolSpec, async_trait,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    function::{self, Function, Listener, Tell, Telling},
    text,
};

/// How a host describes a tool of its own. What it does not say is taken to be the worst.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolDeclaration {
    /// Its name: lower case, digits, `_`; at most 64 bytes. It takes the place of a built-in tool of that name.
    pub name: String,
    /// What it does and when to use it, for a planner.
    pub about: String,
    /// The JSON Schema of its arguments, an object. Arguments that do not fit never reach the tool.
    #[serde(default = "no_arguments")]
    pub schema: Value,
    /// What a call does to the world.
    #[serde(default)]
    pub effects: DeclaredEffects,
    /// What arguments stand for, by their names; each is a text or a list of texts.
    #[serde(default)]
    pub roles: BTreeMap<String, Role>,
    /// What no two calls use at once, whatever their arguments: `screen`, `account/mail`.
    #[serde(default)]
    pub locks: Vec<String>,
    /// What a person is shown who is asked, after "Wants to": `send {subject} to {to}`, with arguments by their names.
    #[serde(default)]
    pub title: Option<String>,
}

/// What the calls of a tool do to the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeclaredEffects {
    /// Nobody knows: each call is asked about, runs alone, and is not repeated after an interruption.
    #[default]
    Unknown,
    /// Nothing is changed: calls run unasked, at once, and again after an interruption.
    ReadOnly,
    /// Something is changed, and doing it twice is the same as once: each call is asked about, and runs again after an interruption.
    Idempotent,
    /// Something is changed: each call is asked about, and is not repeated after an interruption.
    Changes,
}

/// What an argument of a tool stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A file or folder that is read, as tools name it: `Downloads/a.txt`. It has to be in a granted folder.
    Reads,
    /// A file or folder that is changed. It has to be in a folder that was granted for changing.
    Changes,
    /// A thing that no other call uses meanwhile: an account, a device.
    Alone,
}

/// What the function of a tool is called with.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ToolInput<'a> {
    /// The arguments, as the tool's schema wants them.
    pub args: &'a Value,
    /// The thread.
    pub thread: ThreadId,
    /// The task.
    pub task: TaskId,
    /// The call; the same when it runs again after an interruption.
    pub call: CallId,
    /// 1 for the first time.
    pub attempt: u32,
    /// The task's folders, where the call names files in them.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub folders: &'a [Folder],
}

/// What the function of a tool gives.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolResult {
    /// For the planner: anything.
    pub value: Value,
    /// One line for a person.
    #[serde(default)]
    pub note: String,
    /// Where it came from; nothing said means untrusted and private.
    #[serde(default)]
    pub label: Label,
}

fn no_arguments() -> Value {
    json!({ "type": "object", "properties": {}, "additionalProperties": false })
}

/// A tool whose work a function of the host's does.
pub(crate) struct HostTool {
    spec: ToolSpec,
    /// What every call does.
    usual: Effects,
    roles: BTreeMap<String, Role>,
    title: Option<String>,
    /// What its result is called in errors.
    result: String,
    function: Arc<dyn Function>,
}

impl HostTool {
    pub(crate) fn new(declaration: ToolDeclaration, function: Arc<dyn Function>) -> Result<Self> {
        let ToolDeclaration { name, about, schema, effects, roles, locks, title } = declaration;
        check_schema(&name, &schema)?;
        if effects == DeclaredEffects::ReadOnly && roles.values().any(|role| *role == Role::Changes) {
            let why = format!("the tool `{name}` changes nothing, it says, and has an argument for what it changes");
            return Err(declared(why).with_fix("declare its effects as `changes`"));
        }
        let known = schema.get("properties").and_then(Value::as_object);
        if let Some(role) = roles.keys().find(|role| known.is_none_or(|known| !known.contains_key(*role))) {
            let why = format!("the tool `{name}` gives a role to `{role}`, which is none of its arguments");
            return Err(declared(why).with_fix("name an argument of its schema"));
        }
        let locks = locks.into_iter().map(|name| Lock { name, alone: true }).collect();
        let usual = Effects { locks, ..effects.effects() };
        let result = format!("the result of the tool `{name}`");
        Ok(Self { spec: ToolSpec { name, about, schema }, usual, roles, title, result, function })
    }

    fn shown(&self, args: &Value) -> String {
        let Some(title) = &self.title else { return format!("use `{}`", self.spec.name) };
        let mut shown = title.clone();
        for (name, value) in args.as_object().into_iter().flatten() {
            let hole = format!("{{{name}}}");
            if shown.contains(&hole) {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let short: String = text.chars().take(100).map(|c| if c.is_control() { ' ' } else { c }).collect();
                shown = shown.replace(&hole, &short);
            }
        }
        shown
    }
}

impl DeclaredEffects {
    fn effects(self) -> Effects {
        let known = |recovery| Effects { undoable: false, recovery, ..Effects::none() };
        match self {
            Self::Unknown => Effects::default(),
            Self::ReadOnly => Effects::none(),
            Self::Idempotent => known(Recovery::Idempotent),
            Self::Changes => known(Recovery::Unknown),
        }
    }
}

#[async_trait]
impl Tool for HostTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn effects(&self, args: &Value) -> Result<Effects> {
        let mut effects = self.usual.clone();
        for (argument, role) in &self.roles {
            for text in texts(args.get(argument)) {
                match role {
                    Role::Reads => effects.files.push(file(argument, text, Access::Read)?),
                    Role::Changes => effects.files.push(file(argument, text, Access::Write)?),
                    Role::Alone => effects.locks.push(Lock { name: format!("{argument}/{text}"), alone: true }),
                }
            }
        }
        effects.preview = Preview { title: self.shown(args), ..Preview::default() };
        Ok(effects)
    }

    async fn run(&self, args: Value, ctx: ToolContext) -> Result<ToolOutput> {
        let input = text::write(&ToolInput {
            args: &args,
            thread: ctx.thread,
            task: ctx.task,
            call: ctx.call,
            attempt: ctx.attempt,
            folders: ctx.session.as_ref().map_or(&[][..], |session| session.folders()),
        })?;
        let progress = ctx.watch.progress;
        let listener: Arc<Listener> = Arc::new(move |telling: Telling<'_>| {
            if let Telling::Progress { done, total, note } = telling {
                progress(done, total, note);
            }
        });
        let tell = Some(Tell::new(&listener));
        let given = function::call(&*self.function, &self.spec.name, input, ctx.watch.cancel, tell).await?;
        let ToolResult { value, note, label } = text::read_object(&self.result, &given)?;
        Ok(ToolOutput { value, note, label })
    }
}

fn file(argument: &str, path: &str, access: Access) -> Result<FileEffect> {
    let path = FilePath::parse(path).map_err(|e| e.with("argument", argument))?;
    Ok(FileEffect { path, access })
}

/// Gives the texts that an argument is: one, or a list of them. What is none has no role.
fn texts(argument: Option<&Value>) -> impl Iterator<Item = &str> {
    let one = argument.and_then(Value::as_str);
    let many = argument.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    one.into_iter().chain(many)
}

fn check_schema(name: &str, schema: &Value) -> Result<()> {
    if schema.get("type").and_then(Value::as_str) != Some("object") {
        let why = format!("the schema of the tool `{name}` is not that of an object");
        return Err(declared(why).with_fix("give it `\"type\": \"object\"` and the arguments as its `properties`"));
    }
    match jsonschema::validator_for(schema) {
        Ok(_) => Ok(()),
        Err(e) => Err(declared(format!("the schema of the tool `{name}` is no JSON Schema: {e}"))),
    }
}

fn declared(why: String) -> Error {
    Error::new(Kind::InvalidInput, "take tool", why)
}

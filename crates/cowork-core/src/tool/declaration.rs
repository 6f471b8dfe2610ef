//! Tools that say what they do to the world once, for all their calls.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Tool, ToolContext, ToolOutput, ToolSpec, roles};
use crate::{Access, BoxFuture, Effects, Error, FileEffect, FilePath, Kind, Lock, Preview, Recovery, Result};

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
    /// What arguments stand for, by their names; each is a text or a list of texts. The schema of an argument may say it too, as `x-cowork-role`.
    #[serde(default)]
    pub roles: BTreeMap<String, ArgumentRole>,
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
#[schemars(rename = "Role")]
pub enum ArgumentRole {
    /// A file or folder that is read, as tools name it: `Downloads/a.txt`. It has to be in a granted folder.
    Reads,
    /// A file or folder that is changed. It has to be in a folder that was granted for changing.
    Changes,
    /// A thing that no other call uses meanwhile: an account, a device.
    Alone,
}

fn no_arguments() -> Value {
    json!({ "type": "object", "properties": {}, "additionalProperties": false })
}

/// What does the calls of a tool.
pub(super) type Run = dyn Fn(Value, ToolContext) -> BoxFuture<Result<ToolOutput>> + Send + Sync;

/// What works out what a call would do, in the place of what is declared, if anything does; and refuses arguments that do not fit.
pub(super) type Work = dyn Fn(&Value) -> Result<Option<Effects>> + Send + Sync;

impl ToolDeclaration {
    /// Declares a tool whose arguments have this schema, and nothing of what it does.
    pub fn new(name: impl Into<String>, about: impl Into<String>, schema: Value) -> Self {
        Self {
            name: name.into(),
            about: about.into(),
            schema,
            effects: DeclaredEffects::default(),
            roles: BTreeMap::new(),
            locks: Vec::new(),
            title: None,
        }
    }

    /// Makes a tool of it, whose calls this function does; it gets the arguments as JSON that fits the schema. Where a Rust type is their
    /// schema, [`tool_fn`](crate::tool_fn) is shorter.
    ///
    /// # Errors
    /// `InvalidInput` where the schema is none, or where what is declared does not agree with it or with itself.
    pub fn tool<F, T>(self, run: F) -> Result<Arc<dyn Tool>>
    where
        F: Fn(Value, ToolContext) -> T + Send + Sync + 'static,
        T: Future<Output = Result<ToolOutput>> + Send + 'static,
    {
        if let Err(e) = jsonschema::validator_for(&self.schema) {
            return Err(declared(format!("the schema of the tool `{}` is no JSON Schema: {e}", self.name)));
        }
        self.made(Box::new(|_| Ok(None)), Box::new(move |args, ctx| Box::pin(run(args, ctx))))
    }

    /// Takes the roles that its schema says to those that are said beside it, which count first.
    ///
    /// # Errors
    /// `InvalidInput` where nothing could hold a call to one: it is said of what is no text and no list of texts, or within something else.
    pub fn take_roles(mut self) -> Result<Self> {
        self.schema = spelled_out(self.schema);
        let said = roles::take(&mut self.schema, &self.name)?;
        self.roles = said.into_iter().chain(self.roles).collect();
        Ok(self)
    }

    pub(super) fn made(self, work: Box<Work>, run: Box<Run>) -> Result<Arc<dyn Tool>> {
        let declared = self.take_roles()?;
        declared.check()?;
        let Self { name, about, schema, effects, roles, locks, title } = declared;
        let locks = locks.into_iter().map(|name| Lock { name, alone: true }).collect();
        let usual = Effects { locks, ..effects.effects() };
        let title = title.unwrap_or_else(|| format!("use `{name}`"));
        Ok(Arc::new(Declared { spec: ToolSpec { name, about, schema }, usual, roles, title, work, run }))
    }

    fn check(&self) -> Result<()> {
        let name = &self.name;
        if self.schema.get("type").and_then(Value::as_str) != Some("object") {
            let why = format!("the schema of the tool `{name}` is not that of an object");
            let is_one_of = ["anyOf", "oneOf"].iter().any(|one_of| self.schema.get(one_of).is_some());
            return Err(declared(why).with_fix(match is_one_of {
                true => "models want one object: give it one, with what it is one of as a property",
                false => "give it `\"type\": \"object\"` and the arguments as its `properties`",
            }));
        }
        if self.effects == DeclaredEffects::ReadOnly && self.roles.values().any(|role| *role == ArgumentRole::Changes) {
            let why = format!("the tool `{name}` changes nothing, it says, and has an argument for what it changes");
            return Err(declared(why).with_fix("declare its effects as `changes`"));
        }
        let known = self.schema.get("properties").and_then(Value::as_object);
        if let Some(role) = self.roles.keys().find(|role| known.is_none_or(|known| !known.contains_key(*role))) {
            let why = format!("the tool `{name}` gives a role to `{role}`, which is none of its arguments");
            return Err(declared(why).with_fix("name an argument of its schema"));
        }
        Ok(())
    }
}

/// Writes a schema that only names one of its own definitions as that definition: an object that was given a name is an object.
fn spelled_out(mut schema: Value) -> Value {
    let named = |schema: &Value| {
        let name = schema.get("$ref")?.as_str()?.strip_prefix('#')?;
        schema.pointer(name)?.as_object().cloned()
    };
    if schema.get("type").is_none()
        && let Some(definition) = named(&schema)
        && let Some(schema) = schema.as_object_mut()
    {
        schema.remove("$ref");
        schema.extend(definition);
    }
    schema
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

/// A tool that was declared.
struct Declared {
    spec: ToolSpec,
    /// What every call does.
    usual: Effects,
    roles: BTreeMap<String, ArgumentRole>,
    title: String,
    work: Box<Work>,
    run: Box<Run>,
}

#[async_trait]
impl Tool for Declared {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn effects(&self, args: &Value) -> Result<Effects> {
        let mut effects = match (self.work)(args)? {
            Some(effects) => effects,
            None => self.declared(args)?,
        };
        if effects.preview.title.is_empty() {
            effects.preview = Preview { title: shown(&self.title, args), ..effects.preview };
        }
        Ok(effects)
    }

    async fn run(&self, args: Value, ctx: ToolContext) -> Result<ToolOutput> {
        (self.run)(args, ctx).await
    }
}

impl Declared {
    fn declared(&self, args: &Value) -> Result<Effects> {
        let mut effects = self.usual.clone();
        for (argument, role) in &self.roles {
            for text in texts(args.get(argument)) {
                match role {
                    ArgumentRole::Reads => effects.files.push(file(argument, text, Access::Read)?),
                    ArgumentRole::Changes => effects.files.push(file(argument, text, Access::Write)?),
                    ArgumentRole::Alone => {
                        effects.locks.push(Lock { name: format!("{argument}/{text}"), alone: true });
                    }
                }
            }
        }
        Ok(effects)
    }
}

/// Puts arguments into a title, in the places that name them. What an argument says is no such place, whatever it looks like.
fn shown(title: &str, args: &Value) -> String {
    let (mut shown, mut rest) = (String::new(), title);
    while let Some((before, hole)) = rest.split_once('{') {
        shown.push_str(before);
        let named = hole.split_once('}').and_then(|(name, after)| Some((args.get(name)?, after)));
        let Some((value, after)) = named else {
            shown.push('{');
            rest = hole;
            continue;
        };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        shown.extend(text.chars().take(100).map(|c| if c.is_control() { ' ' } else { c }));
        rest = after;
    }
    shown + rest
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

pub(super) fn declared(why: String) -> Error {
    Error::new(Kind::InvalidInput, "take tool", why)
}

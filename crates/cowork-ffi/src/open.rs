//! From what a host set and brought along to an engine.

use std::{env, sync::Arc};

use cowork::{
    Builder, CancellationToken, Claim, CommandId, Cowork, Error, Kind, Model, ModelPlanner, Result, ThreadId, Tool,
    models::config::{Keys, Models},
    playbooks::{self, PlaybookPlanner},
};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use crate::{
    carry::CarriedRuntime,
    config::{BuiltinTools, ClaimKind, Config, StoreKind},
    parts::Made,
    place::place,
    planner::Faults,
};

/// What the planner of playbooks is called.
const PLAYBOOK: &str = "playbook";
/// What a planner is called that asks models.
const MODEL: &str = "model";

/// An engine, with what holds where a command does not say it.
pub(crate) struct Open {
    pub(crate) engine: Cowork,
    pub(crate) thread: ThreadId,
    pub(crate) sender: String,
    /// Whether tasks can be given folders.
    pub(crate) has_folders: bool,
    /// Why the approver left questions open.
    pub(crate) faults: Arc<Faults>,
    /// What is still done of what was given up.
    pub(crate) left: TaskTracker,
    /// Whether it is being closed, and what waits is told so.
    pub(crate) closing: CancellationToken,
    pub(crate) runtime: CarriedRuntime,
    choices: Choices,
}

/// Who may plan a task, and who does if it does not say.
struct Choices {
    /// Models that were set.
    models: Models,
    /// All models that there are; the first is asked where none is named.
    names: Vec<String>,
    /// What a task says to its planner that says nothing.
    usual: Value,
}

impl Open {
    /// Opens it. Call it on the runtime that it is to work on; built-in tools have one of their own.
    pub(crate) async fn new(config: Config, made: Made, tools: Option<Handle>) -> Result<Self> {
        let runtime = CarriedRuntime::new(Handle::current());
        let choices = Choices::new(&config, &made)?;
        let mut models = made.models.clone();
        models.extend(make_models(&config, &choices.models).await?);
        let builder = begin(&config)?.runtime(Arc::new(runtime.clone()));
        let builder = models.into_iter().fold(builder, Builder::model);
        let builder = with_planners(builder, &config, &made, choices.names.is_empty())?;
        let builder = tools.into_iter().fold(builder, Builder::tools_on);
        let builder = made.tools.into_iter().fold(builder, Builder::tool);
        let builder = made.approver.into_iter().fold(builder, Builder::approver);
        Ok(Self {
            engine: builder.build().await?,
            thread: thread(config.thread.as_deref().unwrap_or("main")),
            sender: config.sender.unwrap_or_else(|| "host".to_owned()),
            has_folders: config.data_dir.is_some(),
            faults: made.faults,
            left: TaskTracker::new(),
            closing: CancellationToken::new(),
            runtime,
            choices,
        })
    }

    /// Ends what was given up, then puts every task down.
    pub(crate) async fn stop(&self) {
        self.left.close();
        self.left.wait().await;
        self.engine.stop().await;
    }

    /// Makes a new name for a command.
    pub(crate) fn command_id(&self) -> CommandId {
        CommandId::new(&self.runtime)
    }

    /// Says what a task tells its planner that names this model, or none.
    pub(crate) fn planner(&self, model: Option<&str>) -> Result<Value> {
        match model {
            Some(name) => self.choices.model(name),
            None => Ok(self.choices.usual.clone()),
        }
    }
}

/// Gives the thread that a person calls so, or that has this id.
pub(crate) fn thread(name: &str) -> ThreadId {
    name.parse().unwrap_or_else(|_| ThreadId::named(name))
}

impl Choices {
    fn new(config: &Config, made: &Made) -> Result<Self> {
        let own: Vec<&str> = made.models.iter().map(|model| model.name()).collect();
        let models = config.all_models(|name| own.contains(&name))?;
        let set = models.keys().filter(|name| !own.contains(&name.as_str()));
        let names: Vec<String> = own.iter().map(|name| (*name).to_owned()).chain(set.cloned()).collect();
        let mut choices = Self { models, names, usual: Value::Null };
        let first = config.model.as_deref().or(choices.names.first().map(String::as_str));
        choices.usual = match (config.planner.as_deref(), first) {
            (Some(MODEL), None) => return Err(no_model("the planner of tasks asks models, and there is none")),
            (Some(MODEL), Some(name)) => choices.model(name)?,
            (Some(planner), _) => usual_planner(planner, made)?,
            (None, Some(name)) if config.model.is_some() || made.planners.is_empty() => choices.model(name)?,
            (None, _) => Value::Null,
        };
        Ok(choices)
    }

    fn model(&self, name: &str) -> Result<Value> {
        if !self.names.iter().any(|known| known == name) {
            let why = format!("there is no model `{}` here", name.escape_debug());
            let there = self.names.join(", ");
            let fix = if there.is_empty() {
                "set it when the engine is opened".into()
            } else {
                format!("there are: {there}")
            };
            return Err(Error::new(Kind::InvalidInput, "choose model", why).with_fix(fix));
        }
        Ok(self.models.get(name).map_or_else(|| json!({ "name": MODEL, "model": name }), |set| set.planner(name)))
    }
}

fn usual_planner(name: &str, made: &Made) -> Result<Value> {
    let there: Vec<&str> = made.planners.iter().map(|planner| planner.name()).chain([PLAYBOOK, MODEL]).collect();
    if there.contains(&name) {
        return Ok(json!({ "name": name }));
    }
    let why = format!("there is no planner `{}`", name.escape_debug());
    Err(Error::new(Kind::InvalidInput, "read config", why).with_fix(format!("there are: {}", there.join(", "))))
}

fn no_model(why: &str) -> Error {
    Error::new(Kind::InvalidInput, "read config", why).with_fix("set one in `model_settings`, or bring one of your own")
}

async fn make_models(config: &Config, models: &Models) -> Result<Vec<Arc<dyn Model>>> {
    let secrets = config.secrets.clone();
    let keys = Keys::new(None, home(config), move |name| {
        secrets.get(name).map(|secret| secret.expose().to_owned()).or_else(|| env::var(name).ok())
    });
    let (cancel, mut made) = (CancellationToken::new(), Vec::new());
    for (name, settings) in models {
        made.push(settings.make(name, &keys, &cancel).await?);
    }
    Ok(made)
}

fn home(config: &Config) -> Option<std::path::PathBuf> {
    config.home_dir.clone().or_else(env::home_dir)
}

/// Begins with what was set, but for who plans.
fn begin(config: &Config) -> Result<Builder> {
    let claim = match config.claim {
        ClaimKind::All => Claim::All,
        ClaimKind::Adopted => Claim::Adopted,
    };
    let mut builder = Cowork::builder().limits(config.limits()?).exec_limits(config.exec_limits.clone()).claim(claim);
    if let Some(home) = home(config) {
        builder = builder.home_dir(home);
    }
    builder = match (&config.data_dir, config.store) {
        (None, Some(StoreKind::Disk)) => {
            let why = "the log is to be on disk, and no folder was named for it";
            return Err(Error::new(Kind::InvalidInput, "read config", why).with_fix("set `data_dir`"));
        }
        (Some(data), _) if data.as_os_str().is_empty() => {
            let why = "the folder that is to keep the data has no name";
            return Err(
                Error::new(Kind::InvalidInput, "read config", why).with_fix("name one in `data_dir`, or leave it out")
            );
        }
        (Some(data), _) if data.as_os_str().as_encoded_bytes().starts_with(b"file:") => {
            let why = "the folder that is to keep the data is an address, and not a path";
            return Err(Error::new(Kind::InvalidInput, "read config", why)
                .with_fix("name it from `/` on; in Node `fileURLToPath` makes a path of an address"));
        }
        (Some(data), None | Some(StoreKind::Disk)) => builder.data_dir(place(data, env::home_dir().as_deref())),
        (Some(data), Some(StoreKind::Memory)) => builder.data_dir(place(data, env::home_dir().as_deref())).in_memory(),
        (None, _) => builder.without_sandbox().in_memory(),
    };
    if config.builtin_tools == BuiltinTools::None {
        builder = builder.without_builtin_tools();
    }
    for (name, credential) in &config.credentials {
        builder = builder.credential(name, credential.credential(name)?);
    }
    Ok(builder)
}

fn with_planners(mut builder: Builder, config: &Config, made: &Made, is_without_models: bool) -> Result<Builder> {
    builder = made.planners.iter().cloned().fold(builder, Builder::planner);
    if let Some(worker) = &config.worker {
        let args: Vec<&str> = worker.args.iter().map(String::as_str).collect();
        let add = if worker.or_in_process { Builder::worker_where_possible } else { Builder::worker };
        builder = add(builder, worker.program.as_path(), &args);
    } else {
        // After the host's own.
        builder = builder.planner(Arc::new(PlaybookPlanner::new()?));
    }
    let Some(instructions) = config.instructions.as_deref().filter(|_| !is_without_models) else { return Ok(builder) };
    let is_own = |tool: &Arc<dyn Tool>| made.tools.iter().any(|own| own.spec().name == tool.spec().name);
    let script = config.worker.as_ref().map(|_| playbooks::script());
    let tools = ModelPlanner::tools().into_iter().chain(script).filter(|tool| !is_own(tool));
    builder = tools.fold(builder, Builder::tool);
    Ok(builder.planner(Arc::new(ModelPlanner::new().with_instructions(instructions))))
}

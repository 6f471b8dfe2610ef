//! What a host sets when it opens an engine.

use std::{collections::BTreeMap, fmt, num::NonZero, path::PathBuf, thread, time::Duration};

use cowork::{
    DayBudget, Error, ExecLimits, Kind, Limits, Patience, Result,
    models::config::{ModelSettings, Models, Span},
    sandbox::egress::Credential,
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

/// More threads than that for tools are a mistake, and the system may not give them.
const MOST_THREADS: usize = 1_024;

/// How an engine is opened. Everything can be left out.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The folder for the engine's own data: its log, and what is needed to give back what tasks did to files. It is made if it is not
    /// there; `~` is the person's home, and a relative path is one from where the process stands when it opens. Without one nothing is kept, and no task can be given a folder.
    pub data_dir: Option<PathBuf>,
    /// Where the log is. Default: on disk, if there is a `data_dir`.
    pub store: Option<StoreKind>,
    /// The person's home, which is not granted as a whole unless they said so twice. Default: as the system says.
    pub home_dir: Option<PathBuf>,
    /// Models, by names of your choice. A key is never among it, only where it is; by default it is looked for in the service's usual
    /// variable.
    pub model_settings: BTreeMap<String, ModelSettings>,
    /// Keys and other secrets by the names of variables, such as `ANTHROPIC_API_KEY`: looked up before the process's environment.
    pub secrets: BTreeMap<String, Secret>,
    /// The model of tasks that name neither a model nor a planner: one of `model_settings`, one of the host's own, or a service and its model
    /// (`anthropic/claude-sonnet-5-5`). Default: if there are models, the first of the host's own, else of `model_settings`.
    pub model: Option<String>,
    /// The planner of tasks that name neither: `playbook`, `model`, or one of the host's own. Default: the host's own first one, else
    /// `model` if there are models, else `playbook`.
    pub planner: Option<String>,
    /// Standing instructions for models; they come after the engine's own.
    pub instructions: Option<String>,
    /// Which built-in tools there are.
    pub builtin_tools: BuiltinTools,
    /// How much is done at once, and how long it is tried.
    pub limits: LimitSettings,
    /// How much the commands of a task may use.
    pub exec_limits: ExecLimits,
    /// How long what tasks did to files can be given back.
    pub keep_undo: KeepUndo,
    /// Which tasks are taken up; whichever it is, only those whose planner is here, and the tools of their open calls.
    pub claim: ClaimKind,
    /// The thread of tasks that name none. Default: `main`.
    pub thread: Option<String>,
    /// Who sends commands that do not say it. Default: `host`.
    pub sender: Option<String>,
    /// The program that runs playbooks in a process of its own, confined. Default: they run in this process.
    pub worker: Option<WorkerSettings>,
    /// Credentials for hosts that commands may reach, by the names that a task's grants give them. No command ever has one.
    pub credentials: BTreeMap<String, CredentialSettings>,
}

/// Where a log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StoreKind {
    /// In the data folder.
    Disk,
    /// In memory: it is gone when the engine is closed.
    Memory,
}

/// Which built-in tools there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BuiltinTools {
    /// All of them.
    #[default]
    All,
    /// None of them: there are those of the host.
    None,
}

/// Which tasks are taken up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    /// Every task of the store that is ready, those among them that a process left which is dead.
    #[default]
    All,
    /// Those that are submitted or adopted here.
    Adopted,
}

/// How much is done at once, and how long it is tried.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// How many tasks are worked on at once. Default: 64.
    pub tasks: Option<usize>,
    /// How long a task is this process's without a sign of life. Default: 15 s.
    pub lease: Option<Span>,
    /// How often a model's service is asked for one answer. Default: 8.
    pub tries: Option<u32>,
    /// How long one answer is waited for, all tries together. Default: 10 minutes.
    pub patience: Option<Span>,
    /// What may be spent on models in a day, over all tasks.
    pub day: DayBudget,
    /// Threads on which built-in tools compute; the engine has one besides. At most 1,024. Default: as many as processors.
    pub threads: Option<usize>,
}

/// How long what tasks did to files can be given back.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KeepUndo {
    /// So many bytes of journals are kept. Default: 10 GiB.
    pub bytes: Option<u64>,
    /// Each for so many days after it was last written. Default: 30.
    pub days: Option<u32>,
}

/// The program that runs playbooks, one in a process: most often the host's own, started with an argument by which it knows.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkerSettings {
    /// Where it is.
    pub program: PathBuf,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<String>,
    /// Whether playbooks run in this process where none can be confined. They are refused there if not.
    #[serde(default)]
    pub or_in_process: bool,
}

/// A credential, as it is sent: a `bearer` token, or a `header` with its `value`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CredentialSettings {
    /// A token, sent as `Authorization: Bearer`.
    pub bearer: Option<Secret>,
    /// A header's name.
    pub header: Option<String>,
    /// The header's value.
    pub value: Option<Secret>,
}

/// Something that nothing prints.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Gives it, to be sent where it belongs and nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "writeOnly": true, "description": "Something that nothing prints." })
    }
}

impl CredentialSettings {
    pub(crate) fn credential(&self, name: &str) -> Result<Credential> {
        match (&self.bearer, &self.header, &self.value) {
            (Some(token), None, None) => Credential::bearer(token.expose()),
            (None, Some(header), Some(value)) => Credential::new(header, value.expose()),
            _ => {
                let why = format!("the credential `{name}` is neither a token nor a header");
                Err(Error::new(Kind::InvalidInput, "read config", why)
                    .with_fix("give `bearer`, or `header` and `value`, and not both"))
            }
        }
    }
}

impl Config {
    /// Gives how many threads there are for built-in tools.
    pub(crate) fn threads(&self) -> Result<usize> {
        let usual = || thread::available_parallelism().map_or(2, NonZero::get);
        let threads = self.limits.threads.unwrap_or_else(usual);
        if (1..=MOST_THREADS).contains(&threads) {
            return Ok(threads);
        }
        let why = format!("there can't be {threads} threads for tools");
        Err(Error::new(Kind::InvalidInput, "read config", why)
            .with_fix(format!("leave `threads` out, or set 1 to {MOST_THREADS}")))
    }

    pub(crate) fn limits(&self) -> Result<Limits> {
        let set = &self.limits;
        if set.tasks == Some(0) || set.tries == Some(0) {
            let why = "a limit of none at all leaves nothing to be done";
            return Err(Error::new(Kind::InvalidInput, "read config", why).with_fix("leave it out, or set at least 1"));
        }
        let usual = Limits::default();
        let patience = Patience {
            tries: set.tries.unwrap_or(usual.patience.tries),
            total: set.patience.map_or(usual.patience.total, |span| span.0),
            ..usual.patience
        };
        let day = Duration::from_secs(24 * 60 * 60);
        Ok(Limits {
            tasks: set.tasks.unwrap_or(usual.tasks),
            lease: set.lease.map_or(usual.lease, |span| span.0),
            undo_bytes: self.keep_undo.bytes.unwrap_or(usual.undo_bytes),
            undo_age: self.keep_undo.days.map_or(usual.undo_age, |days| day * days),
            patience,
            day: set.day,
        })
    }

    /// Gives the models that are set, and the one that is only named.
    pub(crate) fn all_models(&self, is_own: impl Fn(&str) -> bool) -> Result<Models> {
        let mut models = self.model_settings.clone();
        let named = self.model.iter().chain(self.model_settings.values().filter_map(|model| model.fallback.as_ref()));
        for name in named.filter(|name| !is_own(name)) {
            models.insert(name.clone(), ModelSettings::find(&self.model_settings, name)?);
        }
        Ok(models)
    }
}

//! Putting an engine together.

#[cfg(feature = "egress")]
use std::collections::BTreeMap;
use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use cowork_core::{
    Approver, Claim, Engine, EngineParts, Error, ExecLimits, GrantPolicy, Kind, Limits, MemoryStore, Model,
    ModelPlanner, Planner, Policy, Probe, Registry, Result, Runtime, Sandbox, Store, Tool,
};
use cowork_playbooks::{Apart, PlaybookPlanner};
#[cfg(feature = "egress")]
use cowork_sandbox::egress::Credential;
use cowork_sandbox::{LocalSandbox, LocalSandboxOptions};
use cowork_store::{SqliteOptions, SqliteStore};

use tokio::runtime::Handle;

use crate::{Cowork, TokioRuntime, elsewhere::Elsewhere, is_dead, owner};

/// Puts an engine together. Everything has a default but the folder for its own data, or the store and the sandbox that
/// would need one.
#[derive(Default)]
pub struct Builder {
    data: Option<PathBuf>,
    home: Option<PathBuf>,
    runtime: Option<Arc<dyn Runtime>>,
    store: Option<Arc<dyn Store>>,
    sandbox: Option<Arc<dyn Sandbox>>,
    planners: Vec<Arc<dyn Planner>>,
    playbooks: Option<PlaybookPlanner>,
    worker: Option<Worker>,
    is_ahead: bool,
    models: Vec<Arc<dyn Model>>,
    tools: Vec<Arc<dyn Tool>>,
    tools_on: Option<Handle>,
    is_bare: bool,
    is_in_memory: bool,
    is_without_sandbox: bool,
    policy: Option<Arc<dyn Policy>>,
    approver: Option<Arc<dyn Approver>>,
    probe: Option<Arc<dyn Probe>>,
    claim: Option<Claim>,
    limits: Limits,
    exec_limits: ExecLimits,
    #[cfg(feature = "egress")]
    credentials: BTreeMap<String, Credential>,
}

/// Which program runs playbooks.
struct Worker {
    program: PathBuf,
    args: Vec<String>,
    is_asked_for: bool,
}

impl Builder {
    /// Keeps the log, the journals and what was set aside in this folder, which is made if it is not there. Where the process stands when the
    /// engine is built says where a relative path is, whatever it does later.
    #[must_use]
    pub fn data_dir(mut self, path: impl AsRef<Path>) -> Self {
        self.data = Some(path.as_ref().to_owned());
        self
    }

    /// Says which folder is the person's home: it is not granted as a whole unless they said so twice.
    #[must_use]
    pub fn home_dir(mut self, path: impl AsRef<Path>) -> Self {
        self.home = Some(path.as_ref().to_owned());
        self
    }

    /// Holds a credential for hosts under a name, which a task's grant may have for it ([`HostGrant::credential`](crate::HostGrant)): it is added to
    /// what commands send there, on this side, so that no command ever has it.
    #[cfg(feature = "egress")]
    #[must_use]
    pub fn credential(mut self, name: &str, credential: Credential) -> Self {
        self.credentials.insert(name.to_owned(), credential);
        self
    }

    /// Uses this clock, chance and spawner. Default: the system's, and the tokio runtime that [`Builder::build`] runs on.
    #[must_use]
    pub fn runtime(mut self, runtime: Arc<dyn Runtime>) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Keeps the log here. Default: SQLite, in the data folder.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Keeps the log in memory: it ends with the engine, and what tasks did to files can't be undone by another one.
    #[must_use]
    pub fn in_memory(mut self) -> Self {
        self.is_in_memory = true;
        self
    }

    /// Opens folders with this. Default: the local sandbox, with its journals in the data folder.
    #[must_use]
    pub fn sandbox(mut self, sandbox: Arc<dyn Sandbox>) -> Self {
        self.sandbox = Some(sandbox);
        self
    }

    /// Opens no folders: no task reaches a file. Then, with a store of the host's or [`Builder::in_memory`], no data folder is needed.
    #[must_use]
    pub fn without_sandbox(mut self) -> Self {
        self.is_without_sandbox = true;
        self
    }

    /// Adds a planner; the first one is used by tasks that name none. Default: the playbooks, alone.
    #[must_use]
    pub fn planner(mut self, planner: Arc<dyn Planner>) -> Self {
        self.planners.push(planner);
        self
    }

    /// Uses this planner of playbooks, before all others: with the person's own playbooks, or other limits.
    #[must_use]
    pub fn playbooks(mut self, planner: PlaybookPlanner) -> Self {
        self.playbooks = Some(planner);
        self
    }

    /// Runs each playbook in a process of its own that sees no file and no network ([`Apart`]). It is this program with these arguments,
    /// which then calls [`cowork_playbooks::worker::serve`] before all else: the host's own, most often. Default: playbooks run in this
    /// process.
    ///
    /// Where no process can be confined, playbooks are refused, with `Unsupported`. With a model there is the tool `script` too
    /// ([`cowork_playbooks::script`]).
    #[must_use]
    pub fn worker(self, program: impl AsRef<Path>, args: &[&str]) -> Self {
        self.with_worker(program.as_ref(), args, true)
    }

    /// As [`Builder::worker`]; where no process can be confined, playbooks run in this one, and `cowork doctor` says so. What a model wrote
    /// is still refused there.
    #[must_use]
    pub fn worker_where_possible(self, program: impl AsRef<Path>, args: &[&str]) -> Self {
        self.with_worker(program.as_ref(), args, false)
    }

    fn with_worker(mut self, program: &Path, args: &[&str], is_asked_for: bool) -> Self {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        self.worker = Some(Worker { program: program.to_owned(), args, is_asked_for });
        self
    }

    /// Starts the first worker while all else is opened: a playbook is to be run at once.
    #[must_use]
    pub fn worker_ahead(mut self) -> Self {
        self.is_ahead = true;
        self
    }

    /// Adds a model that planners may ask; the first one is asked where none is named. Default: none.
    ///
    /// With a model there is a [`ModelPlanner`] too, after the other planners: a task has it with `planner.name` set to `model`.
    #[must_use]
    pub fn model(mut self, model: Arc<dyn Model>) -> Self {
        self.models.push(model);
        self
    }

    /// Adds a tool to the built-in ones, or puts it in the place of the one that has its name.
    #[must_use]
    pub fn tool(mut self, tool: Arc<dyn Tool>) -> Self {
        self.tools.push(tool);
        self
    }

    /// Has the built-in tools work on this tokio runtime, which must have time and I/O enabled: then nothing else of the engine waits while
    /// one of them computes. Default: the one that the engine is on.
    #[must_use]
    pub fn tools_on(mut self, runtime: Handle) -> Self {
        self.tools_on = Some(runtime);
        self
    }

    /// Leaves the built-in tools out: there are those that were added, and those that a planner brings.
    #[must_use]
    pub fn without_builtin_tools(mut self) -> Self {
        self.is_bare = true;
        self
    }

    /// Decides by this policy. Default: [`GrantPolicy`].
    #[must_use]
    pub fn policy(mut self, policy: Arc<dyn Policy>) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Lets this answer questions. Default: they stay open until a command answers them.
    #[must_use]
    pub fn approver(mut self, approver: Arc<dyn Approver>) -> Self {
        self.approver = Some(approver);
        self
    }

    /// Says which tasks are taken up. Default: [`Claim::All`].
    #[must_use]
    pub fn claim(mut self, claim: Claim) -> Self {
        self.claim = Some(claim);
        self
    }

    /// Says how much is done at once, and how much is kept.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Says how much the commands of a task may use, with the default sandbox.
    #[must_use]
    pub fn exec_limits(mut self, limits: ExecLimits) -> Self {
        self.exec_limits = limits;
        self
    }

    /// Keeps so many bytes of journals, and each for so many days after it was last written. What is let go of, the oldest
    /// first, can't be undone any more; a task that has not ended is never among it. Default: 10 GiB and 30 days.
    ///
    /// For size alone nothing goes within 7 days after it was last written, nor does the newest journal: so there may be more,
    /// and `cowork doctor` says so. What is due goes a day or more after it was found to be.
    #[must_use]
    pub fn keep_undo(mut self, bytes: u64, days: u32) -> Self {
        self.limits.undo_bytes = bytes;
        self.limits.undo_age = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
        self
    }

    /// Sets a test beside the default store and sandbox.
    #[doc(hidden)]
    #[must_use]
    pub fn probe(mut self, probe: Arc<dyn Probe>) -> Self {
        self.probe = Some(probe);
        self
    }

    /// Opens what is needed and starts the engine. Call it on a tokio runtime with time enabled.
    ///
    /// # Errors
    /// `InvalidInput` if a data folder is needed and none was named; what the store or the sandbox say: `Corrupt`,
    /// `NewerVersion`, `Busy`, `Full`, `NotAllowed`.
    pub async fn build(mut self) -> Result<Cowork> {
        let handle = Handle::try_current().map_err(|e| {
            Error::new(Kind::InvalidInput, "start engine", "there is no tokio runtime here")
                .with_fix("call build() inside one")
                .with_source(e)
        })?;
        let runtime = self.runtime.take().unwrap_or_else(|| Arc::new(TokioRuntime::new(handle)));
        let mut tools = Registry::new();
        let is_replaced = |tool: &Arc<dyn Tool>| self.tools.iter().any(|own| own.spec().name == tool.spec().name);
        let mut all = if self.is_bare { Vec::new() } else { cowork_tools::builtin() };
        all.retain(|tool| !is_replaced(tool));
        if let Some(there) = self.tools_on.take() {
            all = all.into_iter().map(|tool| Arc::new(Elsewhere::new(tool, there.clone())) as Arc<dyn Tool>).collect();
        }
        all.into_iter().chain(self.tools.drain(..)).try_for_each(|t| tools.add(t))?;
        let sandbox = match self.sandbox.take() {
            Some(sandbox) => Some(sandbox),
            None if self.is_without_sandbox => None,
            None => Some(self.default_sandbox()?),
        };
        let has_worker = self.worker.is_some();
        self.add_playbooks(sandbox.as_ref())?;
        if !self.models.is_empty() && self.planners.iter().all(|p| p.name() != "model") {
            self.planners.push(Arc::new(ModelPlanner::new()));
            // A host may have added them itself.
            let script = has_worker.then(cowork_playbooks::script);
            let missing =
                ModelPlanner::tools().into_iter().chain(script).filter(|t| tools.get(&t.spec().name).is_err());
            missing.collect::<Vec<_>>().into_iter().try_for_each(|t| tools.add(t))?;
        }
        let store = match self.store.take() {
            Some(store) => store,
            None if self.is_in_memory => Arc::new(MemoryStore::new(runtime.clone())),
            None => self.default_store(runtime.clone()).await?,
        };
        let parts = EngineParts {
            runtime,
            store,
            sandbox,
            planners: self.planners,
            models: self.models,
            tools,
            policy: self.policy.unwrap_or_else(|| Arc::new(GrantPolicy)),
            approver: self.approver,
            owner: owner(),
            is_dead: Arc::new(is_dead),
            claim: self.claim.unwrap_or(Claim::All),
            limits: self.limits,
        };
        Ok(Cowork { engine: Engine::start(parts) })
    }

    fn add_playbooks(&mut self, sandbox: Option<&Arc<dyn Sandbox>>) -> Result<()> {
        let mut is_first = true;
        let mut playbooks = match self.playbooks.take() {
            Some(playbooks) => playbooks,
            None if self.planners.is_empty() => PlaybookPlanner::new()?,
            // A worker without anybody who has work for it was not what was meant.
            None if self.worker.is_some() => {
                is_first = false;
                PlaybookPlanner::new()?
            }
            None => return Ok(()),
        };
        if self.planners.iter().any(|planner| planner.name() == playbooks.name()) {
            let why = "there are two planners of playbooks";
            return Err(Error::new(Kind::InvalidInput, "start engine", why).with_fix("give one, by playbooks()"));
        }
        if let Some(Worker { program, args, is_asked_for }) = self.worker.take() {
            let sandbox = sandbox.ok_or_else(|| {
                let why = "a worker is confined by the sandbox, and there is none";
                Error::new(Kind::InvalidInput, "start engine", why)
                    .with_fix("leave the worker out, or give it a sandbox")
            })?;
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let apart = Apart::new(sandbox.clone(), program, &args);
            let apart = if is_asked_for { apart } else { apart.or_in_process() };
            if self.is_ahead {
                apart.start_ahead(playbooks.limits());
            }
            playbooks = playbooks.with_interpreter(Arc::new(apart));
        }
        let place = if is_first { 0 } else { self.planners.len() };
        self.planners.insert(place, Arc::new(playbooks));
        Ok(())
    }

    /// Gives the folder for the engine's own data, from `/` on: where the process stands may change while the engine is open.
    fn data(&self) -> Result<PathBuf> {
        let data = self.data.as_deref().ok_or_else(|| {
            Error::new(Kind::InvalidInput, "start engine", "no folder was named for the engine's own data")
                .with_fix("call data_dir(), or give it a store and a sandbox")
        })?;
        std::path::absolute(data).map_err(|e| cant_be_made(data, e))
    }

    async fn default_store(&self, clock: Arc<dyn Runtime>) -> Result<Arc<dyn Store>> {
        let data = self.data()?;
        let probe = self.probe.clone();
        let open = move || {
            make(&data)?;
            SqliteStore::open(SqliteOptions { probe, ..SqliteOptions::new(data.join("log.db"), clock) })
        };
        let opened = tokio::task::spawn_blocking(open).await;
        let opened = opened
            .map_err(|e| Error::new(Kind::Internal, "open store", "opening the store panicked").with_source(e))?;
        Ok(Arc::new(opened?))
    }

    fn default_sandbox(&self) -> Result<Arc<dyn Sandbox>> {
        let data = self.data()?;
        make(&data)?;
        let options = LocalSandboxOptions {
            data,
            probe: self.probe.clone(),
            home: self.home.clone(),
            limits: self.exec_limits.clone(),
            #[cfg(feature = "egress")]
            credentials: self.credentials.clone(),
            ..LocalSandboxOptions::default()
        };
        Ok(Arc::new(LocalSandbox::open(options)))
    }
}

fn make(data: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.map_err(|e| cant_be_made(data, e))
}

fn cant_be_made(data: &Path, e: io::Error) -> Error {
    let why = format!("can't make the folder for the engine's own data, {}: {e}", data.display());
    let (kind, fix) = match e.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            (Kind::NotAllowed, "name a folder that you may write to")
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            (Kind::Full, "make room on the disk, or name a folder on another one")
        }
        _ => (Kind::InvalidInput, "name a folder that is there, or that can be made"),
    };
    Error::new(kind, "start engine", why).with_fix(fix).with_source(e)
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("data", &self.data).finish_non_exhaustive()
    }
}

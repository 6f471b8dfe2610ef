//! The planner that follows playbooks.

use std::sync::Arc;

use async_trait::async_trait;
use cowork_core::{
    Access, CancellationToken, Error, Finding, Finish, Kind, Outcome, PlanContext, Planner, Proposal, ProposedCall,
    Result, Submit, Task, TaskId, Turn, View,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    cache::Cache,
    fault,
    folder::{OwnPlaybook, PlaybookFolder},
    header::{Header, Needs},
    interpreter::{Halt, InProcess, Interpreter, Pause, Program, Running},
    library::{Library, Playbook},
    limits::Limits,
    matcher::{self, Match},
    pinned::Pinned,
};

/// Plans by running a playbook: a small program in a subset of Python, in which the tools are functions.
///
/// It asks nobody and needs no key. Which playbook a task calls is worked out from its words, or named in
/// [`Submit::planner`]: `{"playbook": "organise", "params": {"by": "date"}}`, or
/// `{"source": "…", "file": "mine.py", "params": {…}}` for one that the host read from a file. `{"program": "…"}` is a program without a
/// header that nobody looked at, such as a model's: it runs apart from this process, or not at all.
///
/// - The program pauses at each tool call; the call is the proposal, its outcome is what the program goes on with.
/// - A paused program is only a cache. Where there is none, the program that the log pins is run again over the recorded
///   outcomes; a call that is not the recorded one ends the task with `Corrupt`.
/// - The program's limits are [`Limits`]. [`Limits::memory`] counts in full only if the executable says
///
///   ```text
///   #[global_allocator]
///   static ALLOCATOR: monty_alloc::LimitedAllocator = monty_alloc::LimitedAllocator;
///   ```
///
///   and does *not* call `monty_alloc::set_limit`, which would end the process. Without it, one value that is too large is
///   still refused, slow growth is not.
/// - Programs run in this process ([`InProcess`]), or where [`PlaybookPlanner::with_interpreter`] says. One that is lost on its way, with
///   the worker that ran it, is run once more over what is recorded.
///
/// Cancellation: the token stops a running program at its next check; a dropped future lets it run to its time limit,
/// unheard.
pub struct PlaybookPlanner {
    library: Arc<Library>,
    own: Option<PlaybookFolder>,
    limits: Limits,
    interpreter: Arc<dyn Interpreter>,
    cache: Cache,
}

/// What [`Submit::planner`] may say to this planner.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Which planner is meant: this one, or the task would not be here.
    #[serde(default, rename = "name")]
    _name: Option<String>,
    #[serde(default)]
    playbook: Option<String>,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    file: Option<String>,
    /// A program without a header, which nobody looked at.
    #[serde(default)]
    program: Option<String>,
    #[serde(default)]
    params: Map<String, Value>,
}

/// What tasks call this planner.
pub(crate) const NAME: &str = "playbook";

impl PlaybookPlanner {
    /// Makes one with the built-in playbooks.
    ///
    /// # Errors
    /// `InvalidInput` if a built-in playbook can't be read, which would be a fault of this build.
    pub fn new() -> Result<Self> {
        Ok(Self {
            library: Arc::new(Library::built_in()?),
            own: None,
            limits: Limits::default(),
            interpreter: Arc::new(InProcess),
            cache: Cache::default(),
        })
    }

    /// Sets what a playbook may use.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Gives what a playbook may use.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Sets what runs its programs.
    #[must_use]
    pub fn with_interpreter(mut self, interpreter: Arc<dyn Interpreter>) -> Self {
        self.interpreter = interpreter;
        self
    }

    /// Adds a playbook.
    ///
    /// # Errors
    /// `Conflict` if there is one of its name; `InvalidInput` if its program does not compile.
    pub fn add(&mut self, playbook: Playbook) -> Result<()> {
        Arc::make_mut(&mut self.library).add(playbook)
    }

    /// Takes the person's own playbooks from a folder, beside those that there are.
    ///
    /// The folder is looked at when a task begins, by the names, sizes and times of its files: what is put there or changed
    /// while the process runs counts from the next task on. A file that is not in order hinders nothing else;
    /// [`PlaybookPlanner::own`] says what is wrong with it.
    #[must_use]
    pub fn with_folder(mut self, folder: PlaybookFolder) -> Self {
        self.own = Some(folder);
        self
    }

    /// Gives the playbooks that there are now, by name.
    pub fn playbooks(&self) -> impl Iterator<Item = Header> {
        let all: Vec<Header> = self.library().iter().map(|p| p.header.clone()).collect();
        all.into_iter()
    }

    /// Gives the playbook of a name.
    ///
    /// # Errors
    /// `NotFound`, with those that there are; `InvalidInput` if it is one of the person's own that is not in order.
    pub fn playbook(&self, name: &str) -> Result<Arc<Playbook>> {
        self.library().get(name).cloned().map_err(|missing| match self.own().into_iter().find(|o| o.name == name) {
            Some(OwnPlaybook { file, playbook: Err(problems), .. }) => {
                let first = problems.first().map(ToString::to_string).unwrap_or_default();
                let why = format!("your playbook `{name}` is not in order: {first}");
                Error::new(Kind::InvalidInput, "find playbook", why).with_fix(format!("mend {}", file.display()))
            }
            _ => missing,
        })
    }

    /// Gives the person's own playbooks as they are now, those that are not in order too.
    pub fn own(&self) -> Vec<OwnPlaybook> {
        self.own.as_ref().map(|own| own.read(&self.library).1.to_vec()).unwrap_or_default()
    }

    /// Works out which playbook a task in words calls, and with which parameters. It runs nothing.
    ///
    /// `folders` are the names of the granted folders, which a task may speak of. The same words always give the same answer.
    pub fn match_words(&self, text: &str, folders: &[&str]) -> Match {
        matcher::choose(&self.library(), text, folders)
    }

    /// Gives the parameters for a playbook that a person chose where [`PlaybookPlanner::match_words`] had to ask: those that
    /// the words of the task give it, and over them those that were given otherwise. Defaults are not filled in.
    ///
    /// # Errors
    /// As [`PlaybookPlanner::playbook`]; `InvalidInput` if the words give a parameter two values, if one that must be given is
    /// not, or if one does not fit.
    pub fn params_for(
        &self,
        name: &str,
        text: &str,
        folders: &[&str],
        given: &Map<String, Value>,
    ) -> Result<Map<String, Value>> {
        let playbook = self.playbook(name)?;
        let mut params = matcher::params_for(&self.library(), &playbook.header, text, folders, given)?;
        params.extend(given.clone());
        playbook.fill(&params)?;
        Ok(params)
    }

    /// Gives the playbooks that there are now.
    fn library(&self) -> Arc<Library> {
        self.own.as_ref().map_or_else(|| self.library.clone(), |own| own.read(&self.library).0)
    }

    fn begin(&self, submit: &Submit) -> Result<(Pinned, String)> {
        let (playbook, params) = self.chosen(submit)?;
        let params = playbook.fill(&params)?;
        check_folders(&playbook.header, submit)?;
        let title = title(&playbook.header, submit, &params);
        Ok((Pinned::new(&playbook, params), format!("{title} (playbook {})", playbook.header.name)))
    }

    fn chosen(&self, submit: &Submit) -> Result<(Arc<Playbook>, Map<String, Value>)> {
        let Wanted { playbook, source, file, program, params, .. } = wanted(&submit.planner)?;
        if let Some(program) = program {
            let title = submit.parent.as_ref().map_or("Run a program", |parent| parent.title.as_str());
            return Ok((Arc::new(Playbook::of_program(program, title)), params));
        }
        if let Some(source) = source {
            let playbook = Playbook::read(&source, file.as_deref().unwrap_or("playbook"))?;
            return Ok((Arc::new(playbook), params));
        }
        if let Some(name) = playbook {
            return Ok((self.playbook(&name)?, params));
        }
        let folders: Vec<&str> = submit.folders.iter().map(|f| f.name.as_str()).collect();
        let library = self.library();
        let (name, mut found) = matcher::choose(&library, &submit.text, &folders).called(&library, &submit.text)?;
        found.extend(params);
        Ok((library.get(&name)?.clone(), found))
    }
}

#[async_trait]
impl Planner for PlaybookPlanner {
    fn name(&self) -> &str {
        NAME
    }

    fn is_local(&self) -> bool {
        true
    }

    async fn plan(&self, view: View, ctx: PlanContext) -> Result<Proposal> {
        let (pinned, opening) = match view.task.turns.first() {
            None => self.begin(&view.task.submit).map(|(pinned, title)| (pinned, Some(title)))?,
            Some(turn) => (Pinned::read(&turn.decision.note)?, None),
        };
        let step = Step { pinned: &pinned, view: &view, planner: self, cancel: &ctx.cancel };
        let (program, halt) = step.take().await?;
        let task = &*view.task;
        let mut said: Vec<String> = opening.iter().cloned().chain(halt.said).collect();
        let steers = task.steers.iter().filter(|s| s.turn >= task.turns.len());
        said.extend(steers.map(|_| STEERED.to_owned()));
        let said = Some(said.join("\n")).filter(|said| !said.is_empty());
        let mut proposal = Proposal { say: said, plan: halt.plan, ..Proposal::default() };
        if opening.is_some() {
            proposal.note = pinned.note()?;
        }
        match halt.pause {
            Pause::End(finish) => proposal.finish = Some(finish),
            Pause::Calls(calls) => {
                self.cache.keep(task, &calls, program);
                proposal.calls = calls;
            }
        }
        Ok(proposal)
    }

    fn let_go(&self, task: TaskId) {
        self.cache.forget(task);
    }

    async fn check(&self) -> Vec<Finding> {
        vec![self.interpreter.check().await]
    }
}

/// What is said to somebody who has something to say to a playbook.
const STEERED: &str = "A playbook can't take new instructions while it runs: it goes on as planned. To change it, cancel the task and start \
    again.";

/// One planning step.
struct Step<'a> {
    pinned: &'a Pinned,
    view: &'a View,
    planner: &'a PlaybookPlanner,
    cancel: &'a CancellationToken,
}

impl Step<'_> {
    /// Runs the program to its next halt. One that was lost with what ran it is run again, once: no call is made by that.
    async fn take(&self) -> Result<(Box<dyn Running>, Halt)> {
        let task = &*self.view.task;
        let once = match (self.planner.cache.take(task), task.turns.last()) {
            (Some(mut program), Some(turn)) => {
                program.go_on(outcomes(turn)?, self.cancel).await.map(|halt| (program, halt))
            }
            _ => self.replay(task).await,
        };
        match once {
            Err(lost) if lost.kind == Kind::Unavailable => {
                tracing::warn!(
                    why = lost.message,
                    "a playbook's program was lost, and is run again over what is recorded"
                );
                self.replay(task).await
            }
            once => once,
        }
    }

    /// Runs the program from its start over what the log holds.
    async fn replay(&self, task: &Task) -> Result<(Box<dyn Running>, Halt)> {
        let Pinned { file, source, params, .. } = self.pinned;
        let program = Program::new(file.clone(), source.clone(), params.clone())
            .with_folders(&task.submit.folders)
            .with_tools(&self.view.tools)
            .with_limits(self.planner.limits);
        let program = if is_unseen(&task.submit) { program.apart() } else { program };
        let (mut program, mut halt) = self.planner.interpreter.start(program, self.cancel).await?;
        for (index, turn) in task.turns.iter().enumerate() {
            let calls = match halt.pause {
                Pause::Calls(calls) => calls,
                // Time and memory are not in the log: what they end, they may end earlier this time.
                Pause::End(Finish::Failed { error }) if error.kind == Kind::LimitExceeded => return Err(error),
                Pause::End(_) => Vec::new(),
            };
            check_same(file, index, &calls, turn)?;
            // What was said and shown then is in the log already.
            halt = program.go_on(outcomes(turn)?, self.cancel).await?;
        }
        Ok((program, halt))
    }
}

/// Says whether nobody looked at the task's program.
fn is_unseen(submit: &Submit) -> bool {
    submit.planner.get("program").is_some()
}

/// Gives the outcomes of a turn's calls.
fn outcomes(turn: &Turn) -> Result<Vec<Outcome>> {
    let outcome = |state: &cowork_core::CallState| -> Result<Outcome> {
        state.outcome()?.ok_or_else(|| {
            let why = "the playbook was asked to go on while one of its calls has no outcome";
            Error::new(Kind::Internal, "run playbook", why).with("call", state.id.to_string())
        })
    };
    turn.calls.iter().map(outcome).collect()
}

/// Checks that the program wants what the log says it wanted.
fn check_same(file: &str, index: usize, calls: &[ProposedCall], turn: &Turn) -> Result<()> {
    let recorded = &turn.decision.calls;
    let same = |(a, b): (&ProposedCall, &cowork_core::Call)| a.tool == b.tool && b.args == a.args;
    if calls.len() == recorded.len() && !calls.is_empty() && calls.iter().zip(recorded).all(same) {
        return Ok(());
    }
    let tools = |names: Vec<&str>| if names.is_empty() { "no call".to_owned() } else { names.join(", ") };
    let now = tools(calls.iter().map(|c| c.tool.as_str()).collect());
    let then = tools(recorded.iter().map(|c| c.tool.as_str()).collect());
    let why = format!(
        "{file}: the playbook no longer does what the log says: in step {} it made {then} then, and {now} now",
        index + 1
    );
    Err(fault::placed(Error::new(Kind::Corrupt, "go on with playbook", why), file, None)
        .with_fix("cancel the task, undo it if need be, and start it again"))
}

fn wanted(planner: &Value) -> Result<Wanted> {
    if planner.is_null() {
        return Ok(Wanted::default());
    }
    Wanted::deserialize(planner).map_err(|e| {
        Error::new(Kind::InvalidInput, "read playbook's choice", format!("what the planner is told does not fit: {e}"))
            .with_fix("tell it `playbook` or `source` and `file`, and `params`")
    })
}

fn check_folders(header: &Header, submit: &Submit) -> Result<()> {
    let (fits, what) = match header.folders {
        Needs::None => return Ok(()),
        Needs::Read => (!submit.folders.is_empty(), "at least one folder to look at"),
        Needs::Write => {
            (submit.folders.iter().any(|f| f.access == Access::Write), "at least one folder that it may change")
        }
    };
    if fits {
        return Ok(());
    }
    let why = format!("the playbook {} needs {what}, and none is allowed", header.name);
    Err(Error::new(Kind::NotAllowed, "start playbook", why).with_fix("name one: --folder DIR"))
}

/// Gives what a run is called, for a person: `Organise Downloads by type`.
fn title(header: &Header, submit: &Submit, params: &Map<String, Value>) -> String {
    let needs_write = header.folders == Needs::Write;
    let fits = |f: &&cowork_core::Folder| !needs_write || f.access == Access::Write;
    let names: Vec<&str> = submit.folders.iter().filter(fits).map(|f| f.name.as_str()).collect();
    let folders = match names.as_slice() {
        [] => "no folder".to_owned(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    };
    let mut title = header.title.replace("{folders}", &folders);
    let given = |name: &str, default: &Option<Value>| params.get(name) != default.as_ref();
    let decisive = header.params.iter().filter(|(name, param)| given(name, &param.default));
    for (name, text) in decisive.flat_map(|(_, param)| &param.titles) {
        title = title.replace(&format!("{{{name}}}"), text);
    }
    for (name, value) in params {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        title = title.replace(&format!("{{{name}}}"), &text);
    }
    title.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect()
}

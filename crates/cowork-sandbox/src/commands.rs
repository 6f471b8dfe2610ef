//! The commands of a session: each runs confined, with what it changes kept in a layer under its call.

use std::{
    collections::{HashSet, VecDeque},
    fs::File,
    os::fd::{AsFd, OwnedFd},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use async_trait::async_trait;
use cowork_core::{
    Access, CallId, CancellationToken, Changed, Error, Exec, ExecLimits, Exit, ExitKind, FileKind, FilePath, Finding,
    HostGrant, Kind, Otherwise, Process, ProcessEvent, Reader, Resource, Result, Staged, TaskId, Visit, Watch,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::unix::pipe,
    task::JoinHandle,
};

use crate::{
    change,
    confine::{Changes, Confinement, Ended, Ender, Excess, How, Layer, Layers, Policy, Shared, World},
    fault::{Fault, shown},
    journal::Journal,
    session::{Held, blocking},
    staged::{self, Found},
    sweep, sys,
    view::Dirs,
};

/// What the sessions of a sandbox have in common for commands.
#[derive(Debug)]
pub(crate) struct Ground {
    data: PathBuf,
    limits: ExecLimits,
    confinement: OnceLock<Confinement>,
}

/// What a session may reach, and the proxy by which its commands do.
#[derive(Debug)]
enum Reach {
    Nothing,
    #[cfg(feature = "egress")]
    By(crate::outlet::Outlet),
}

/// What a session needs to run commands, made when the first is to be run.
#[derive(Debug)]
struct Commands {
    policy: Policy,
    layers: Layers,
    world: World,
    reach: Reach,
    /// The calls whose commands have not ended.
    running: Arc<Mutex<HashSet<CallId>>>,
}

/// The commands of one session.
#[derive(Debug)]
pub(crate) struct Room {
    ground: Arc<Ground>,
    task: TaskId,
    hosts: Vec<HostGrant>,
    commands: OnceLock<Arc<Commands>>,
}

/// What commands asked of the network and nobody has heard of yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Visits(Arc<Mutex<Vec<Visit>>>);

impl Visits {
    /// How many are remembered.
    const MOST: usize = 1_000;

    #[cfg(feature = "egress")]
    pub(crate) fn add(&self, visit: Visit) {
        let mut visits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if visits.len() >= Self::MOST {
            visits.remove(0);
        }
        visits.push(visit);
    }

    fn taken(&self) -> Vec<Visit> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How long what was left of a task's commands stays, in milliseconds.
const A_DAY: i64 = 24 * 60 * 60 * 1_000;

/// How large a piece of what a command says may be, in bytes.
const PIECE: usize = 16 << 10;

/// How many pieces are kept for later while a command is written to.
const MOST_SAID: usize = 4_096;

/// What a layer holds besides: when its command began, what was found in it, what is being taken over of that.
const SINCE: &str = "since";
const FOUND: &str = "found";
const TAKEN: &str = "taken";
/// What came of taking it over; then the rest of the layer is gone.
const DONE: &str = "done";

impl Ground {
    pub(crate) fn new(data: PathBuf, limits: ExecLimits) -> Arc<Self> {
        Arc::new(Self { data, limits, confinement: OnceLock::new() })
    }

    /// Gives what confines commands on this computer.
    pub(crate) fn confinement(&self) -> Result<&Confinement> {
        if let Some(there) = self.confinement.get() {
            return Ok(there);
        }
        // Two that begin at once make two, of which one stays.
        let made = Confinement::new()?;
        Ok(self.confinement.get_or_init(|| made))
    }

    /// Says whether commands can be confined here, and by what.
    pub(crate) fn finding(&self) -> Finding {
        let what = "commands".to_owned();
        match self.confinement() {
            Ok(confinement) => Finding { ok: true, what, found: confinement.told(), fix: String::new() },
            Err(e) => {
                let fix =
                    e.context.iter().find(|(name, _)| name == "fix").map_or_else(String::new, |(_, fix)| fix.clone());
                Finding { ok: false, what, found: format!("they can't be run: {}", e.message), fix }
            }
        }
    }

    pub(crate) fn room(self: &Arc<Self>, task: TaskId, hosts: Vec<HostGrant>) -> Room {
        Room { ground: self.clone(), task, hosts, commands: OnceLock::new() }
    }

    /// Lets go of what commands of tasks changed that are none of these, and gives the bytes that came free.
    pub(crate) fn reclaim(&self, unfinished: &[TaskId], now: i64) -> u64 {
        let at = staging(&self.data);
        let Ok(folder) = sys::open_real(&at) else { return 0 };
        let names = sys::names(&folder, usize::MAX).unwrap_or_default();
        // A task that began since the list was made is not in it.
        let is_old = |name: &[u8]| sys::look(&folder, name).is_ok_and(|look| now - look.mtime / 1_000_000 > A_DAY);
        let is_over = |name: &&Vec<u8>| {
            is_old(name) && !unfinished.iter().any(|task| task.to_string().as_bytes() == name.as_slice())
        };
        names.iter().filter(is_over).map(|name| sweep::remove(&folder, name)).sum()
    }
}

/// Where what commands change is kept.
fn staging(data: &Path) -> PathBuf {
    data.join("staged")
}

impl Room {
    /// Gives a room for a part of its session, from which nothing is reached.
    pub(crate) fn part(&self) -> Self {
        self.ground.room(self.task, Vec::new())
    }

    fn commands(&self, held: &Held) -> Result<Arc<Commands>> {
        if let Some(there) = self.commands.get() {
            return Ok(there.clone());
        }
        let folders = held.view.roots.iter().map(|root| {
            let changes = if root.access == Access::Write { Changes::Kept } else { Changes::Refused };
            let shared = Shared::new(root.name.clone(), &root.dir.path, changes)?;
            // What is compared and changed is the folder that the session has open.
            let (dev, ino) = root.chain.first().copied().unwrap_or_default();
            if shared.is(dev, ino) { Ok(shared) } else { Err(exchanged(&root.name)) }
        });
        let policy = Policy { folders: folders.collect::<Result<_>>()?, limits: self.ground.limits.clone() };
        let layers = Layers::at(&self.at())?;
        let world = self.ground.confinement()?.world(policy.clone(), Some(layers.clone()))?;
        let reach = reach(&self.hosts)?;
        let made = Arc::new(Commands { policy, layers, world, reach, running: Arc::default() });
        Ok(self.commands.get_or_init(|| made).clone())
    }

    fn at(&self) -> PathBuf {
        staging(&self.ground.data).join(self.task.to_string())
    }

    fn layer(&self, call: CallId) -> PathBuf {
        self.at().join(call.to_string())
    }

    /// Removes a layer with all that is in it.
    fn remove(&self, call: CallId) -> Result<()> {
        let Ok(folder) = sys::open_real(&self.at()) else { return Ok(()) };
        let name = call.to_string();
        sweep::remove(&folder, name.as_bytes());
        match sys::look(&folder, name.as_bytes()) {
            Err(rustix::io::Errno::NOENT) => Ok(()),
            _ => Err(Error::new(
                Kind::Unavailable,
                "discard changes",
                format!("{} can't be removed", shown(&self.layer(call))),
            )
            .with_fix("look whether the disk is read-only")),
        }
    }

    fn is_still(&self, call: CallId) -> Result<()> {
        let is_running =
            |commands: &Arc<Commands>| commands.running.lock().unwrap_or_else(PoisonError::into_inner).contains(&call);
        match self.commands.get().is_some_and(is_running) {
            true => Err(Error::new(Kind::Busy, "look at changes", "the command has not ended")
                .with_fix("wait for its end, or end it")),
            false => Ok(()),
        }
    }
}

fn exchanged(name: &str) -> Error {
    Error::new(Kind::Conflict, "run command", format!("another folder is where `{name}` was"))
        .with("folder", name)
        .with_fix("bring the former folder back, or start a new task")
}

/// Starts a command for a call.
pub(crate) async fn exec(held: Arc<Held>, call: CallId, exec: Exec) -> Result<Box<dyn Process>> {
    blocking(move || start(&held, call, &exec)).await.map(|running| Box::new(running) as Box<dyn Process>)
}

fn start(held: &Held, call: CallId, exec: &Exec) -> Result<Running> {
    let inside = inside(held, exec.folder.as_ref())?;
    let room = &held.room;
    let commands = room.commands(held)?;
    room.is_still(call)?;
    room.remove(call)?;
    let layer = commands.layers.make(&call.to_string(), &commands.policy)?;
    let failed = |e: std::io::Error| Fault::from(e).error("run command", &shown(&room.layer(call)));
    File::create(room.layer(call).join(SINCE)).map_err(failed)?;
    begin(&commands, &layer, call, (exec, inside)).inspect_err(|_| _ = room.remove(call))
}

fn begin(commands: &Commands, layer: &Layer, call: CallId, (exec, folder): (&Exec, Option<String>)) -> Result<Running> {
    let failed = |e: std::io::Error| Fault::from(e).error("run command", "its streams");
    let pipe = || std::io::pipe().map_err(failed);
    let ((stdin, feed), (out, stdout), (err, stderr)) = (pipe()?, pipe()?, pipe()?);
    let way = match &commands.reach {
        Reach::Nothing => None,
        #[cfg(feature = "egress")]
        Reach::By(outlet) => Some(outlet.way_out()),
    };
    let prepared = commands.world.prepare(Some(layer), way)?;
    let confined = prepared.start_in(folder.as_deref(), &exec.args, [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()])?;
    drop((stdin, stdout, stderr));
    let receiver = |end: OwnedFd| pipe::Receiver::from_owned_fd(end).map_err(failed);
    let (out, err) = (Some(receiver(out.into())?), Some(receiver(err.into())?));
    let input = match exec.input {
        true => Some(pipe::Sender::from_owned_fd(feed.into()).map_err(failed)?),
        false => None,
    };
    let ender = confined.ender();
    let (running, wall) = (commands.running.clone(), exec.wall);
    note(&running, call, true);
    let ended = tokio::task::spawn_blocking(move || {
        let ended = confined.wait(wall);
        note(&running, call, false);
        ended
    });
    let visits = match &commands.reach {
        Reach::Nothing => None,
        #[cfg(feature = "egress")]
        Reach::By(outlet) => Some(outlet.visits()),
    };
    Ok(Running { ended: Some(ended), ender, out, err, input, visits, said: VecDeque::new() })
}

fn note(running: &Mutex<HashSet<CallId>>, call: CallId, is: bool) {
    let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
    if is {
        running.insert(call)
    } else {
        running.remove(&call)
    };
}

#[cfg(feature = "egress")]
fn reach(hosts: &[HostGrant]) -> Result<Reach> {
    if hosts.is_empty() { Ok(Reach::Nothing) } else { crate::outlet::Outlet::new(hosts).map(Reach::By) }
}

#[cfg(not(feature = "egress"))]
fn reach(hosts: &[HostGrant]) -> Result<Reach> {
    if hosts.is_empty() {
        return Ok(Reach::Nothing);
    }
    let error = Error::new(Kind::Unsupported, "run command", "commands can't reach a network here");
    Err(error.with_fix("build the sandbox with its feature `egress`, or grant no hosts"))
}

/// Gives where a command begins, as it is called inside.
fn inside(held: &Held, folder: Option<&FilePath>) -> Result<Option<String>> {
    let Some(folder) = folder else { return Ok(None) };
    if held.view.stat(folder)?.kind != FileKind::Folder {
        let error = Error::new(Kind::InvalidInput, "run command", format!("`{folder}` is not a folder"));
        return Err(error.with("path", folder.as_str()).with_fix("name the folder that it lies in"));
    }
    let names = [Ok(folder.root().to_owned())].into_iter().chain(folder.below().map(String::from_utf8));
    let names = names.collect::<Result<Vec<_>, _>>().map_err(|_| {
        Error::new(Kind::InvalidInput, "run command", format!("`{folder}` has a name that is not UTF-8"))
            .with_fix("run it in the folder above")
    })?;
    Ok(Some(names.join("/")))
}

/// A command that runs. Dropping it ends it.
struct Running {
    ended: Option<JoinHandle<Result<Ended>>>,
    ender: Ender,
    out: Option<pipe::Receiver>,
    err: Option<pipe::Receiver>,
    input: Option<pipe::Sender>,
    visits: Option<Visits>,
    /// What it said while it was written to.
    said: VecDeque<ProcessEvent>,
}

#[async_trait]
impl Process for Running {
    async fn next(&mut self) -> Result<ProcessEvent> {
        if let Some(event) = self.said.pop_front() {
            return Ok(event);
        }
        let (mut here, mut there) = ([0; PIECE], [0; PIECE]);
        while self.out.is_some() || self.err.is_some() {
            let (is_out, read) = tokio::select! {
                read = read(&mut self.out, &mut here) => (true, read),
                read = read(&mut self.err, &mut there) => (false, read),
            };
            match (is_out, read) {
                (true, 0) => self.out = None,
                (false, 0) => self.err = None,
                (true, n) => return Ok(ProcessEvent::Stdout(here[..n].to_vec())),
                (false, n) => return Ok(ProcessEvent::Stderr(there[..n].to_vec())),
            }
        }
        let over = || Error::new(Kind::InvalidInput, "run command", "its end was told already");
        let Some(ended) = &mut self.ended else { return Err(over()) };
        let ended = ended.await.map_err(|e| Error::new(Kind::Internal, "run command", e.to_string()))?;
        self.ended = None;
        let visits = self.visits.take().map_or_else(Vec::new, |visits| visits.taken());
        ended.map(|ended| ProcessEvent::Exited(Exit { visits, ..exit(&ended) }))
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.is_empty() {
            self.input = None;
            return Ok(());
        }
        let gone = || Error::new(Kind::Unavailable, "write to command", "the command reads no more input");
        let Self { input, out, err, said, .. } = self;
        let write = input.as_mut().ok_or_else(gone)?.write_all(bytes);
        tokio::pin!(write);
        let (mut here, mut there) = ([0; PIECE], [0; PIECE]);
        // One that says something before it reads on would wait for ever if nobody took that.
        loop {
            tokio::select! {
                written = &mut write => return written.map_err(|e| gone().with_source(e)),
                n = read(out, &mut here) => match n {
                    0 => *out = None,
                    n => said.push_back(ProcessEvent::Stdout(here[..n].to_vec())),
                },
                n = read(err, &mut there) => match n {
                    0 => *err = None,
                    n => said.push_back(ProcessEvent::Stderr(there[..n].to_vec())),
                },
            }
            if said.len() > MOST_SAID {
                let text = "the command says much and does not read what it is given";
                return Err(Error::new(Kind::LimitExceeded, "write to command", text).with_fix("give it less at once"));
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.ender.end();
    }
}

/// Reads what there is; 0 at the end, and when it can't be read any more. Without a stream it waits for ever.
async fn read(from: &mut Option<pipe::Receiver>, to: &mut [u8]) -> usize {
    match from {
        Some(from) => from.read(to).await.unwrap_or(0),
        None => std::future::pending().await,
    }
}

fn exit(ended: &Ended) -> Exit {
    let how = match ended.how {
        How::Exited(code) => ExitKind::Code(code),
        How::Killed(signal) => ExitKind::Signal(signal),
        How::Late => ExitKind::TimedOut,
        How::Over(Excess::Memory) => ExitKind::Exceeded(Resource::Memory),
        How::Over(Excess::Processes) => ExitKind::Exceeded(Resource::Processes),
        How::Over(Excess::Disk) => ExitKind::Exceeded(Resource::Disk),
    };
    Exit {
        how,
        cpu: u64::try_from(ended.cpu.as_millis()).unwrap_or(u64::MAX),
        memory: ended.memory,
        visits: Vec::new(),
    }
}

/// Says what a call's commands changed, and writes it down: it is what can be committed.
pub(crate) fn staged(held: &Held, call: CallId) -> Result<Staged> {
    held.room.is_still(call)?;
    let at = held.room.layer(call);
    let found = match Found::read(&at.join(TAKEN))? {
        Some(taken) => taken,
        None => look(held, call)?,
    };
    Ok(found.staged(call))
}

fn look(held: &Held, call: CallId) -> Result<Found> {
    let at = held.room.layer(call);
    if let Some(found) = Found::read(&at.join(FOUND))? {
        return Ok(found);
    }
    let since = since(&at)?;
    let all = held.view.roots.iter().enumerate().filter(|(_, root)| root.access == Access::Write);
    let parts: Vec<_> = all.map(|(n, root)| (root, at.join(format!("{n}/upper")))).collect();
    let parts = parts.iter().map(|(root, upper)| (root.name.as_str(), &root.dir.fd, upper.as_path()));
    let found = staged::find(parts, since)?;
    found.write(&at.join(FOUND))?;
    Ok(found)
}

/// Gives when a layer's command began, in nanoseconds since 1970.
fn since(at: &Path) -> Result<i64> {
    let none = |_| {
        Error::new(Kind::NotFound, "look at changes", "no command of this call has anything kept")
            .with_fix("run it again, if it is wanted")
    };
    let marker = File::open(at.join(SINCE)).map_err(none)?;
    Ok(sys::look_at(&marker).map_err(|e| Fault::from(e).error("look at changes", &shown(at)))?.ctime)
}

/// Brings what a call's commands changed into the folders.
pub(crate) fn commit(
    held: &Held,
    journal: &mut Journal,
    call: CallId,
    watch: &Watch,
    left: &CancellationToken,
) -> Result<Changed> {
    held.room.is_still(call)?;
    let at = held.room.layer(call);
    // Cut off between its end and its record.
    if let Some(changed) = done(&at) {
        return Ok(changed);
    }
    let taken = match Found::read(&at.join(TAKEN))? {
        Some(taken) => taken,
        None => {
            let dirs = Dirs::new(&held.view);
            let taken = look(held, call)?.without_changed_since(since(&at)?, &dirs);
            taken.write(&at.join(TAKEN))?;
            taken
        }
    };
    let place = |name: &str| held.view.roots.iter().position(|root| root.name == name);
    let changes = taken.changes(|name| Some(at.join(format!("{}/upper", place(name)?))));
    let mut changed = match changes.is_empty() {
        true => Changed::default(),
        false => change::change(journal, (&held.view, &held.seen), call, (&changes, false), watch, left)?,
    };
    let more = taken.left_out.into_iter().zip(changes.len() as u64..);
    changed.otherwise.extend(more.map(|(remark, index)| Otherwise {
        index,
        reason: format!("`{}` {}", remark.path, remark.why),
        path: remark.path,
        renamed: None,
    }));
    finish(held, call, &changed)?;
    Ok(changed)
}

/// Gives what came of a layer that was taken over.
fn done(at: &Path) -> Option<Changed> {
    serde_json::from_slice(&std::fs::read(at.join(DONE)).ok()?).ok()
}

/// Notes what came of a layer, and removes all else of it.
fn finish(held: &Held, call: CallId, changed: &Changed) -> Result<()> {
    let at = held.room.layer(call);
    let failed = |e: std::io::Error| Fault::from(e).error("commit changes", &shown(&at));
    let text = serde_json::to_vec(changed).map_err(|e| failed(e.into()))?;
    let part = at.join("done.part");
    let written = File::create(&part)
        .and_then(|mut file| std::io::Write::write_all(&mut file, &text).and_then(|()| file.sync_all()));
    written.and_then(|()| std::fs::rename(&part, at.join(DONE))).map_err(failed)?;
    let folder = sys::open_real(&at).map_err(|e| Fault::from(e).error("commit changes", &shown(&at)))?;
    // It is in the folders: what can't be removed now goes with the task.
    for name in sys::names(&folder, usize::MAX).unwrap_or_default().iter().filter(|name| *name != DONE.as_bytes()) {
        if sys::remove_file(&folder, name).is_err() {
            sweep::remove(&folder, name);
        }
    }
    Ok(())
}

/// Lets go of what a call's commands changed.
pub(crate) fn discard(held: &Held, call: CallId) -> Result<()> {
    held.room.is_still(call)?;
    held.room.remove(call)
}

//! The commands of a session: each runs confined, with what it changes kept in a layer under its call.

mod copies;
mod kept;
mod owned;
mod running;
mod sides;
mod stock;
mod streams;

use std::{
    collections::HashSet,
    fs::{File, Permissions},
    io,
    os::{fd::AsFd, unix::fs::PermissionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, Once, OnceLock, PoisonError},
    time::Duration,
};

use cowork_core::{
    Access, CallId, Error, Exec, ExecLimits, FileKind, FilePath, Finding, HostGrant, Kind, Process, Reader, Result,
    TaskId,
};

pub(crate) use self::{
    kept::{commit, discard, staged},
    running::Visits,
    sides::sides,
    stock::take_stock,
};
use self::{
    owned::Owned,
    running::{Kept, Leaving, Running},
    streams::Streams,
};
use crate::{
    Copies, LocalSandboxOptions,
    confine::{Changes, Confinement, Layer, Layers, Options, Policy, Shared, World},
    fault::{Fault, shown},
    session::{Held, blocking},
    sweep, sys,
};

/// What the sessions of a sandbox have in common for commands.
#[derive(Debug)]
pub(crate) struct Ground {
    data: PathBuf,
    limits: ExecLimits,
    copies: Copies,
    ways: Options,
    #[cfg(feature = "egress")]
    credentials: crate::outlet::Credentials,
    confinement: OnceLock<Confinement>,
    leaving: Leaving,
    /// Whether it was looked for what the dead left.
    swept: Once,
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
    /// For each folder, whether commands always work in a copy of it.
    copied: Vec<bool>,
    /// The calls whose commands have not ended, or whose end was not told.
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

/// How long what was left of a task's commands stays, in milliseconds.
const A_DAY: i64 = 24 * 60 * 60 * 1_000;

/// What a layer holds besides the changes: when its command began.
const SINCE: &str = "since";

impl Ground {
    pub(crate) fn new(data: PathBuf, options: &LocalSandboxOptions) -> Arc<Self> {
        Arc::new(Self {
            data,
            limits: options.limits.clone(),
            copies: options.copies.clone(),
            ways: options.confinement.clone(),
            #[cfg(feature = "egress")]
            credentials: options.credentials.clone(),
            confinement: OnceLock::new(),
            leaving: Leaving::default(),
            swept: Once::new(),
        })
    }

    /// Gives what confines commands on this computer.
    pub(crate) fn confinement(&self) -> Result<&Confinement> {
        if let Some(there) = self.confinement.get() {
            return Ok(there);
        }
        // Two that begin at once make two, of which one stays.
        let made = Confinement::with(&self.ways)?;
        Ok(self.confinement.get_or_init(|| made))
    }

    /// Says whether commands can be confined here, by what, and what it holds.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let what = "commands".to_owned();
        match self.confinement().map(Confinement::probe) {
            Ok(it) => {
                let held =
                    Finding { ok: true, what: "what holds them".into(), found: it.told_of_each(), fix: String::new() };
                vec![Finding { ok: true, what, found: it.told(), fix: it.mend() }, held]
            }
            Err(e) => {
                let fix = e.fix().unwrap_or_default().to_owned();
                vec![Finding { ok: false, what, found: format!("they can't be run: {}", e.message), fix }]
            }
        }
    }

    #[cfg(feature = "egress")]
    fn reach(&self, hosts: &[HostGrant]) -> Result<Reach> {
        match hosts {
            [] => Ok(Reach::Nothing),
            hosts => crate::outlet::Outlet::new(hosts, &self.credentials).map(Reach::By),
        }
    }

    #[cfg(not(feature = "egress"))]
    fn reach(&self, hosts: &[HostGrant]) -> Result<Reach> {
        if hosts.is_empty() {
            return Ok(Reach::Nothing);
        }
        let error = Error::new(Kind::Unsupported, "run command", "commands can't reach a network here");
        Err(error.with_fix("build the sandbox with its feature `egress`, or grant no hosts"))
    }

    pub(crate) fn room(self: &Arc<Self>, task: TaskId, hosts: Vec<HostGrant>) -> Room {
        Room { ground: self.clone(), task, hosts, commands: OnceLock::new() }
    }

    /// Removes, once, what commands changed whose host died while they ran: nobody will ask for it.
    pub(crate) fn sweep_dead(&self, locks: &Path) {
        self.swept.call_once(|| {
            let freed = owned::sweep_dead(&staging(&self.data), locks);
            tracing::debug!(freed, "removed what commands left whose host died");
        });
    }

    /// Waits until what nobody will ask for is removed.
    pub(crate) async fn swept(&self) {
        self.leaving.over().await;
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
        let reach = self.ground.reach(&self.hosts)?;
        let copied = copies::needed(held, &world, &self.at(), &self.ground.copies)?;
        let made = Arc::new(Commands { policy, layers, world, reach, copied, running: Arc::default() });
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
        match swept(&self.at(), call) {
            true => Ok(()),
            false => Err(Error::new(
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

/// Removes a layer, and says whether it is gone.
fn swept(at: &Path, call: CallId) -> bool {
    let Ok(folder) = sys::open_real(at) else { return true };
    let name = call.to_string();
    sweep::remove(&folder, name.as_bytes());
    matches!(sys::look(&folder, name.as_bytes()), Err(rustix::io::Errno::NOENT))
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
    let mut layer = commands.layers.make(&call.to_string(), &commands.policy)?;
    let failed = |e: io::Error| Fault::from(e).error("run command", &shown(&room.layer(call)));
    let owned = Owned::new(&room.layer(call)).map_err(failed)?;
    let kept = Kept::new((&commands.running, &room.ground.leaving), room.at(), call, owned);
    // What changes from here on may not be what the command sees.
    mark_beginning(&room.layer(call)).map_err(failed)?;
    copies::fill(held, &mut layer, &commands.copied, &room.ground.copies)?;
    begin(&commands, &layer, kept, (exec, inside))
}

/// Notes in a layer that it begins now.
///
/// A time that was looked at is not given out a second time by a kernel that counts finely: what was changed before has an earlier one,
/// what is changed from here on this or a later one. One that counts in ticks is waited for, to the next.
fn mark_beginning(layer: &Path) -> io::Result<()> {
    const TICKS: u32 = 20;
    let marker = File::create(layer.join(SINCE))?;
    let made = sys::look_at(&marker)?.ctime;
    for _ in 0..TICKS {
        marker.set_permissions(Permissions::from_mode(0o600))?;
        if sys::look_at(&marker)?.ctime > made {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn begin(
    commands: &Arc<Commands>,
    layer: &Layer,
    kept: Arc<Kept>,
    (exec, folder): (&Exec, Option<String>),
) -> Result<Running> {
    let (streams, theirs) = Streams::new(exec)?;
    let (way, visits) = match &commands.reach {
        Reach::Nothing => None,
        #[cfg(feature = "egress")]
        Reach::By(outlet) => Some(outlet.way_out()),
    }
    .unzip();
    let prepared = commands.world.prepare(Some(layer), way)?;
    let is_terminal = exec.terminal.is_some();
    let confined = prepared.start_in(folder.as_deref(), &exec.args, theirs.each_ref().map(AsFd::as_fd), is_terminal)?;
    drop(theirs);
    let (ender, renewer) = (confined.ender(), confined.renewer());
    let (wall, guard) = (exec.wall, kept.clone());
    let ended = tokio::task::spawn_blocking(move || {
        let ended = confined.wait(wall);
        drop(guard);
        ended
    });
    Ok(Running::new((kept, commands.clone()), (ended, ender, renewer), streams, visits))
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

//! A task to be interrupted: what it finds, what it does, and what must hold afterwards.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

pub mod mounts;
pub mod power;

use std::{
    fs,
    io::SeekFrom,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use cowork_core::{
    Access, CallId, Change, Changed, Clash, Content, Error, Kind, Known, Make, Probe, Reader, Result, Sandbox, Session,
    SessionSpec, Sink, Splice, Step, TaskId, UndoReport, UndoSpec, Watch, Write,
};
use cowork_sandbox::{LocalSandbox, LocalSandboxOptions};
use cowork_testkit::sandbox::{Tree, a_call, a_task, age_folders, grant, path, put, shape, tree};

/// A fresh disk with a granted folder, and a task with two calls.
pub struct World {
    pub folder: PathBuf,
    pub data: PathBuf,
    pub before: Tree,
    pub task: TaskId,
    pub calls: [(CallId, Vec<Change>); 2],
    _keep: [tempfile::TempDir; 2],
}

/// On how many disks the folder and the journal are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disks {
    One,
    Two,
}

/// Says whether this machine has a second disk to test with; without one, what needs it is left out and says so.
pub fn has_two_disks() -> bool {
    use std::os::unix::fs::MetadataExt;
    let dev = |path: &std::path::Path| fs::metadata(path).map(|d| d.dev()).ok();
    let second = dev(std::path::Path::new("/dev/shm"));
    let has = second.is_some() && second != dev(&std::env::temp_dir());
    if !has {
        eprintln!("left out: /dev/shm is not a disk of its own here");
    }
    has
}

/// Stops the world before a step, and leaves steps out.
pub struct Stop {
    pub at: usize,
    pub leave_out: fn(&Step, usize) -> bool,
    seen: AtomicUsize,
    pub record: Mutex<power::Record>,
}

impl Stop {
    pub fn at(at: usize) -> Arc<Self> {
        Self::without(at, |_, _| false)
    }

    pub fn without(at: usize, leave_out: fn(&Step, usize) -> bool) -> Arc<Self> {
        Arc::new(Self { at, leave_out, seen: AtomicUsize::new(0), record: Mutex::default() })
    }

    /// Says how many steps were come to.
    pub fn seen(&self) -> usize {
        self.seen.load(Ordering::Relaxed)
    }
}

impl Probe for Stop {
    fn before(&self, step: &Step) -> Result<()> {
        if self.seen.fetch_add(1, Ordering::Relaxed) >= self.at {
            return Err(Error::new(Kind::Interrupted, "test", "the world stopped"));
        }
        self.record.lock().unwrap().before(step);
        Ok(())
    }

    fn leaves_out(&self, step: &Step) -> bool {
        (self.leave_out)(step, self.record.lock().unwrap().log_writes())
    }

    fn after(&self, step: &Step) {
        self.record.lock().unwrap().after(step);
    }
}

impl World {
    pub fn new(disks: Disks) -> Self {
        let folders = tempfile::tempdir().unwrap();
        let data = match disks {
            Disks::One => tempfile::tempdir().unwrap(),
            Disks::Two => tempfile::tempdir_in("/dev/shm").unwrap(),
        };
        let folder = folders.path().join("granted");
        for name in ["a.txt", "b.txt", "c.txt", "d.txt", "run.sh", "old.txt", "box/in.txt", "box/deep/in.txt"] {
            put(&folder.join(name), name);
        }
        fs::set_permissions(folder.join("run.sh"), fs::Permissions::from_mode(0o750)).unwrap();
        age_folders(&folder);
        let before = tree(&folder);
        let data_folder = data.path().join("data");
        let calls = [(a_call(), first_call()), (a_call(), second_call(disks))];
        Self { folder, data: data_folder, before, task: a_task(), calls, _keep: [folders, data] }
    }

    pub fn sandbox(&self, probe: Option<Arc<dyn Probe>>) -> LocalSandbox {
        LocalSandbox::open(LocalSandboxOptions {
            data: self.data.clone(),
            probe,
            home: None,
            ..LocalSandboxOptions::default()
        })
    }

    pub async fn open(&self, probe: Option<Arc<dyn Probe>>, resumed: bool) -> Result<Arc<dyn Session>> {
        let folders = vec![grant("F", &self.folder, Access::Write)];
        self.sandbox(probe).open(SessionSpec { task: self.task, folders, hosts: Vec::new(), resumed }).await
    }

    /// Does the whole task, until it comes to its end or is stopped. Says whether a session was opened.
    pub async fn run(&self, probe: Option<Arc<dyn Probe>>, resumed: bool) -> (bool, Result<Vec<Changed>>) {
        let session = match self.open(probe, resumed).await {
            Ok(session) => session,
            Err(e) => return (false, Err(e)),
        };
        let mut all = Vec::new();
        for (call, changes) in &self.calls {
            match session.files(*call).change(changes.clone(), Watch::nothing()).await {
                Ok(changed) => all.push(changed),
                Err(e) => return (true, Err(e)),
            }
        }
        (true, Ok(all))
    }

    pub async fn undo(&self, probe: Option<Arc<dyn Probe>>) -> Result<UndoReport> {
        self.sandbox(probe).undo(self.task, UndoSpec::all()).await
    }

    /// The task runs again and comes to its end; then everything is as if nothing had happened.
    pub async fn finishes(&self, resumed: bool, calm: &Calm) -> Result<(), String> {
        let (_, all) = self.run(None, resumed).await;
        let all = all.map_err(|e| format!("going on: {e:?}"))?;
        same("what the calls report", &all, &calm.changed)?;
        same("the tree after going on", &shape(&self.folder), &calm.shape)?;
        self.gives_back(Some(calm.undone)).await
    }

    /// Undo brings everything back; there need be no journal if nothing was changed.
    pub async fn gives_back(&self, undone: Option<u64>) -> Result<(), String> {
        match self.undo(None).await {
            Ok(report) if !report.kept.is_empty() => return Err(format!("undo kept {:?}", report.kept)),
            Ok(report) => {
                let all = report.undone + report.already;
                same("the count of undo", &undone.unwrap_or(all), &all)?;
            }
            Err(e) if e.kind == Kind::NotFound && undone.is_none() => {}
            Err(e) => return Err(format!("undo: {e:?}")),
        }
        same("the tree after undo", &tree(&self.folder), &self.before)
    }

    /// Ends a session, and sees all given back.
    pub async fn close_and_give_back(&self, session: Arc<dyn Session>, before: &Tree) {
        drop(session);
        let report = self.undo(None).await.unwrap();
        assert_eq!((&report.kept, &tree(&self.folder)), (&vec![], before));
    }
}

/// What an undisturbed run comes to.
pub struct Calm {
    pub changed: Vec<Changed>,
    pub shape: Tree,
    pub undone: u64,
}

impl Calm {
    pub async fn see(disks: Disks) -> Self {
        let world = World::new(disks);
        let (_, changed) = world.run(None, false).await;
        let (changed, shape) = (changed.unwrap(), shape(&world.folder));
        let report = world.undo(None).await.unwrap();
        assert_eq!((report.kept, tree(&world.folder)), (vec![], world.before.clone()));
        assert!(changed.iter().any(|c| !c.otherwise.is_empty()) && report.undone > 10);
        Self { changed, shape, undone: report.undone }
    }
}

/// Compares, and says where the difference is.
pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, is: &T, should: &T) -> Result<(), String> {
    if is == should { Ok(()) } else { Err(format!("{what}:\n  is        {is:?}\n  should be {should:?}")) }
}

fn first_call() -> Vec<Change> {
    vec![
        relocate("F/a.txt", "F/texts/a.txt", Clash::Skip),
        relocate("F/none.txt", "F/b.txt", Clash::Skip),
        write("F/run.sh", "replaced", Clash::Replace),
        write("F/new/note.txt", "new", Clash::Skip),
        relocate("F/b.txt", "F/step.txt", Clash::Skip),
        relocate("F/step.txt", "F/texts/b.txt", Clash::Skip),
        // What was left out before must not be done when the call runs again.
        write("F/none.txt", "there now", Clash::Skip),
        Change::set_aside(path("F/old.txt")),
        Change::Mode { path: path("F/c.txt"), mode: 0o640 },
        edit("F/d.txt"),
        Change::MakeFolder { path: path("F/empty/folder"), mode: None },
    ]
}

fn second_call(disks: Disks) -> Vec<Change> {
    let mut changes = vec![
        Change::Restore { path: path("F/old.txt") },
        Change::Mode { path: path("F/box"), mode: 0o700 },
        Change::Write(Write::new(path("F/made/by parts"), Content::Made(Arc::new(Parts)))),
        relocate("F/c.txt", "F/texts/a.txt", Clash::Number),
        Change::Copy { from: path("F/d.txt"), to: path("F/texts/a.txt"), clash: Clash::Number },
        write("F/run.sh", "replaced again", Clash::Replace),
        relocate("F/box", "F/texts/box", Clash::Skip),
        relocate("F/texts/box/in.txt", "F/in.txt", Clash::Skip),
        relocate("F/texts", "F/moved", Clash::Skip),
        write("F/moved/a.txt", "another", Clash::Number),
    ];
    if disks == Disks::One {
        changes.push(Change::set_aside(path("F/moved/box")));
    }
    changes.push(relocate("F/d.txt", "F/e.txt", Clash::Skip));
    changes
}

fn write(at: &str, content: &str, clash: Clash) -> Change {
    Change::Write(Write { known: Known::Nothing, clash, ..Write::new(path(at), Vec::from(content)) })
}

/// Replaces a piece in the middle.
pub fn edit(at: &str) -> Change {
    let splices = vec![Splice { at: 1, remove: 2, insert: b"edited".to_vec() }];
    Change::Write(Write::new(path(at), Content::Edited(splices)).replacing(Known::Nothing))
}

/// Content of two parts, the second written first, and of what another file holds.
#[derive(Clone, Copy)]
pub struct Parts;

impl Make for Parts {
    fn key(&self) -> String {
        "parts".into()
    }

    fn make(&self, files: &dyn Reader, to: &mut dyn Sink) -> Result<()> {
        let failed = |e: std::io::Error| Error::new(Kind::Unavailable, "make", e.to_string());
        let mut old = [0; 99];
        let len = match files.open(&path("F/old.txt")) {
            Ok(file) => file.read_at(&mut old, 0)?,
            Err(_) => 0,
        };
        to.seek(SeekFrom::Start(6)).map_err(failed)?;
        to.write_all(b" parts ").and_then(|()| to.write_all(&old[..len])).map_err(failed)?;
        to.rewind().and_then(|()| to.write_all(b"of two")).map_err(failed)
    }
}

fn relocate(from: &str, to: &str, clash: Clash) -> Change {
    Change::Move { from: path(from), to: path(to), clash }
}

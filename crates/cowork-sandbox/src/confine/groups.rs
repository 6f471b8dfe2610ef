//! Control groups: where this program may make some, the kernel itself holds a command's memory and processes to their limits.
//!
//! Both versions of them are files. One that can't be made is none: then what is used is looked at instead (`usage`).

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::fs::FileExt,
    },
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use cowork_core::ExecLimits;

/// Where groups may be made.
#[derive(Debug)]
pub(crate) struct Groups {
    folders: Vec<PathBuf>,
    left: Left,
}

/// Groups that could not be taken away yet, because what was in them was just ending.
type Left = Arc<Mutex<Vec<PathBuf>>>;

/// The group of the commands of one world: a folder in each hierarchy. Dropping it takes it away.
#[derive(Debug)]
pub(crate) struct Group {
    folders: Vec<PathBuf>,
    lists: Vec<File>,
    /// Where it is said how often the kernel ended something in it; they are open, since they are read at both ends of a command.
    ended: Vec<File>,
    /// How many commands began in it, and how many of them have not ended.
    begun: AtomicU64,
    running: AtomicU64,
    left: Left,
}

/// A command's time in a group.
#[derive(Debug)]
pub(crate) struct Stay {
    group: Arc<Group>,
    /// How often the kernel had ended something in it before.
    ended: u64,
    /// How many had begun then, and whether all of them had ended.
    begun: u64,
    was_empty: bool,
}

impl Stay {
    pub(crate) fn new(group: Arc<Group>) -> Self {
        let was_empty = group.running.fetch_add(1, Ordering::AcqRel) == 0;
        let begun = group.begun.fetch_add(1, Ordering::AcqRel) + 1;
        Self { ended: group.ended(), begun, was_empty, group }
    }

    /// Says whether the kernel ended something for its memory that was this command's, if that `ended_well`: of others in the group meanwhile it
    /// can't be told apart then.
    pub(crate) fn was_struck(&self, ended_well: bool) -> bool {
        let was_alone = self.was_empty && self.group.begun.load(Ordering::Acquire) == self.begun;
        self.group.ended() > self.ended && (was_alone || !ended_well)
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        self.group.running.fetch_sub(1, Ordering::AcqRel);
    }
}

/// How the names of groups begin, before the numbers of their host's namespace, of their host, and their own.
const NAME: &str = "cowork-";
/// What a limit is called in the first version and in the second.
const MEMORY: [&str; 2] = ["memory.limit_in_bytes", "memory.max"];
const PROCESSES: &str = "pids.max";
/// How many processes of the helper may be in a group besides.
const KEEPERS: u64 = 16;
/// Who is in a group.
const LIST: &str = "cgroup.procs";
/// Where it is said how often the kernel ended something for its memory.
const ENDED: [&str; 2] = ["memory.oom_control", "memory.events"];

impl Groups {
    /// Finds where this process may make groups with both limits; none if it may not.
    pub(crate) fn find() -> Option<Self> {
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let groups = candidates(&own, &mounts).into_iter().map(Self::of);
        let found = groups.into_iter().find(|groups| groups.make(&ExecLimits::default()).is_some())?;
        found.sweep();
        Some(found)
    }

    fn of(folders: Vec<PathBuf>) -> Self {
        Self { folders, left: Left::default() }
    }

    /// Takes away what hosts left behind that were killed.
    fn sweep(&self) {
        let all = self.folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
        for entry in all {
            let name = entry.file_name();
            // Of another namespace of processes nobody here can say who lives.
            let own = format!("{NAME}{}-", space());
            let host = name.to_str().and_then(|name| name.strip_prefix(&own)?.split('-').next());
            if host.is_some_and(|host| !Path::new("/proc").join(host).exists()) {
                _ = fs::remove_dir(entry.path());
            }
        }
    }

    /// Makes a group with these limits.
    pub(crate) fn make(&self, limits: &ExecLimits) -> Option<Group> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        self.left.lock().unwrap_or_else(PoisonError::into_inner).retain(|folder| fs::remove_dir(folder).is_err());
        let name = format!("{NAME}{}-{}-{}", space(), std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut group = Group {
            folders: Vec::new(),
            lists: Vec::new(),
            ended: Vec::new(),
            begun: AtomicU64::new(0),
            running: AtomicU64::new(0),
            left: self.left.clone(),
        };
        for folder in &self.folders {
            let folder = folder.join(&name);
            fs::create_dir(&folder).ok()?;
            group.folders.push(folder.clone());
            group.lists.push(OpenOptions::new().write(true).open(folder.join(LIST)).ok()?);
            group.ended.extend(ends(&folder));
        }
        let memory = MEMORY.iter().any(|file| group.set(file, limits.memory));
        // Swapped out it would not be less; a kernel that does not count that has no such file.
        group.set("memory.memsw.limit_in_bytes", limits.memory);
        group.set("memory.swap.max", 0);
        // Those that keep the commands are in it too.
        (memory && group.set(PROCESSES, limits.processes.saturating_add(KEEPERS))).then_some(group)
    }
}

impl Group {
    /// Gives what a process writes itself into to be in it.
    pub(crate) fn lists(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.lists.iter().map(AsFd::as_fd)
    }

    /// Says how often the kernel ended something in it for its memory.
    pub(crate) fn ended(&self) -> u64 {
        let count = |file: &File| {
            let mut text = [0; 512];
            let length = file.read_at(&mut text, 0).ok()?;
            let text = std::str::from_utf8(&text[..length]).ok()?;
            text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
        };
        self.ended.iter().filter_map(count).max().unwrap_or(0)
    }

    fn set(&self, file: &str, to: u64) -> bool {
        let there = self.folders.iter().map(|folder| folder.join(file)).find(|file| file.exists());
        // Opened, not made: in a folder that is no hierarchy there is no such file.
        let opened = there.and_then(|file| OpenOptions::new().write(true).open(file).ok());
        opened.is_some_and(|mut file| file.write_all(to.to_string().as_bytes()).is_ok())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        left.extend(self.folders.drain(..).filter(|folder| fs::remove_dir(folder).is_err()));
    }
}

/// Opens where it is said how often the kernel ended something in a group.
fn ends(folder: &Path) -> impl Iterator<Item = File> {
    ENDED.iter().filter_map(|file| File::open(folder.join(file)).ok())
}

/// Gives the number of this process's namespace of processes.
fn space() -> u64 {
    fs::metadata("/proc/self/ns/pid").map_or(0, |space| std::os::unix::fs::MetadataExt::ino(&space))
}

/// Gives, from what the kernel says of this process and of mounts, the sets of folders in which a group may be made, the best first.
fn candidates(own: &str, mounts: &str) -> Vec<Vec<PathBuf>> {
    let mounted = |kind: &str, option: Option<&str>| {
        mounts.lines().find_map(|line| {
            let (fields, rest) = line.split_once(" - ")?;
            let at = fields.split(' ').nth(4)?;
            let mut rest = rest.split(' ');
            let is = rest.next()? == kind
                && option.is_none_or(|o| rest.nth(1).is_some_and(|all| all.split(',').any(|x| x == o)));
            is.then(|| PathBuf::from(at))
        })
    };
    let below = |root: PathBuf, path: &str| root.join(path.trim_start_matches('/'));
    let is_in = |controller: &str| {
        own.lines().find_map(|line| {
            let (names, path) = line.split_once(':')?.1.split_once(':')?;
            names.split(',').any(|name| name == controller).then_some(path)
        })
    };
    let first = |controller: &str| Some(below(mounted("cgroup", Some(controller))?, is_in(controller)?));
    let mut all = Vec::new();
    if let (Some(memory), Some(pids)) = (first("memory"), first("pids")) {
        all.push(if memory == pids { vec![memory] } else { vec![memory, pids] });
    }
    if let Some((root, path)) = mounted("cgroup2", None).zip(own.lines().find_map(|line| line.strip_prefix("0::"))) {
        // A group that holds processes can't hold groups with limits: the next above may.
        let folder = below(root.clone(), path);
        all.extend(folder.ancestors().take_while(|at| at.starts_with(&root)).map(|at: &Path| vec![at.to_owned()]));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_made_where_the_process_is() {
        let old = "4:memory:/user/a\n8:pids:/\n1:cpu,cpuacct:/\n0::/\n";
        let mounts = "30 25 0:27 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n\
            31 25 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n";
        let expected = ["/sys/fs/cgroup/memory/user/a", "/sys/fs/cgroup/pids/"].map(PathBuf::from);
        assert_eq!(candidates(old, mounts), [expected.to_vec()]);
        let new = "30 25 0:27 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
        let found = candidates("0::/user.slice/app\n", new);
        let expected = ["/sys/fs/cgroup/user.slice/app", "/sys/fs/cgroup/user.slice", "/sys/fs/cgroup"];
        assert_eq!(found, expected.map(|at| vec![PathBuf::from(at)]));
        assert_eq!(candidates("", ""), Vec::<Vec<PathBuf>>::new());
    }

    #[test]
    fn a_folder_that_is_no_hierarchy_takes_no_group() {
        let folder = tempfile::TempDir::new().unwrap();
        assert!(Groups::of(vec![folder.path().to_owned()]).make(&ExecLimits::default()).is_none());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "what was begun is taken away");
    }

    #[test]
    fn what_the_kernel_ended_for_its_memory_is_told() {
        let folder = tempfile::TempDir::new().unwrap();
        let at = folder.path().join("cowork");
        fs::create_dir(&at).unwrap();
        fs::write(at.join("memory.events"), "low 0\noom 1\noom_kill 0\n").unwrap();
        let ended = ends(&at).collect();
        let group = Group {
            folders: vec![at.clone()],
            lists: Vec::new(),
            ended,
            begun: AtomicU64::new(0),
            running: AtomicU64::new(0),
            left: Left::default(),
        };
        assert_eq!(group.ended(), 0);
        fs::write(at.join("memory.events"), "low 0\noom 1\noom_kill 2\n").unwrap();
        assert_eq!(group.ended(), 2);
    }
}

//! What a command uses, looked at from time to time: its memory and processes where no control group holds them, and the disk.

use std::{
    collections::{HashMap, HashSet},
    fs,
    os::{fd::OwnedFd, unix::fs::MetadataExt},
    time::Duration,
};

use cowork_core::ExecLimits;

use super::run::Excess;

/// How often it is looked: as seldom as a command can't do much harm in between.
const LOOK: Duration = Duration::from_millis(50);

/// The most open files that are looked at each time, so that to look takes no time either.
const MOST: usize = 16_384;

/// At most so much is left free on the disk, in bytes.
const FREE: u64 = 512 << 20;

/// At most so many files are made there.
const FILES: u64 = 300_000;

/// What is free on a disk.
#[derive(Clone, Copy, Debug)]
struct Free {
    bytes: u64,
    files: u64,
}

/// What is looked at while a command runs.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    /// The number of the root process, once there is one.
    root: Option<u32>,
    limits: Option<ExecLimits>,
    /// Where it keeps what it changes, and what has to stay free there.
    disk: Option<(OwnedFd, Free)>,
}

impl Usage {
    /// Looks at nothing.
    pub(crate) fn nothing() -> Self {
        Self::default()
    }

    /// Looks at memory and processes too.
    pub(crate) fn within(mut self, limits: ExecLimits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Looks at the disk too: half of what is free may be used, and most of it where there is much.
    pub(crate) fn on(mut self, folder: OwnedFd) -> Self {
        self.disk = free(&folder).map(|free| {
            let files = (free.files / 2).max(free.files.saturating_sub(FILES));
            (folder, Free { bytes: FREE.min(free.bytes / 2), files })
        });
        self
    }

    /// Says how often it wants to look.
    pub(crate) fn every(&self) -> Duration {
        if self.limits.is_none() && self.disk.is_none() { Duration::MAX } else { LOOK }
    }

    /// Takes in which process all others descend from.
    pub(crate) fn begin(&mut self, root: u32) {
        self.root = Some(root);
    }

    /// Says what there is too much of.
    pub(crate) fn excess(&self) -> Option<Excess> {
        let is_less = |free: Free, least: &Free| free.bytes < least.bytes || free.files < least.files;
        let is_full = |(folder, least): &(OwnedFd, Free)| free(folder).is_some_and(|free| is_less(free, least));
        if self.disk.as_ref().is_some_and(is_full) {
            return Some(Excess::Disk);
        }
        let (limits, root) = (self.limits.as_ref()?, self.root?);
        let all = processes();
        let theirs = descend(&all, root);
        let (processes, memory) = used(&all, &theirs);
        match () {
            () if processes > limits.processes => Some(Excess::Processes),
            () if memory.saturating_add(nameless(&theirs)) > limits.memory => Some(Excess::Memory),
            () => None,
        }
    }
}

/// A process: its parent, its threads, its memory in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    parent: u32,
    threads: u64,
    memory: u64,
}

fn processes() -> HashMap<u32, Process> {
    let Ok(all) = fs::read_dir("/proc") else { return HashMap::new() };
    let numbers = all.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    // One that has ended since is none.
    numbers.filter_map(|n| Some((n, process(&fs::read_to_string(format!("/proc/{n}/stat")).ok()?)?))).collect()
}

/// Reads what the kernel says of a process. Its name is in brackets, and may hold anything.
fn process(stat: &str) -> Option<Process> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let number = |n: usize| fields.get(n)?.parse::<u64>().ok();
    let page = rustix::param::page_size() as u64;
    Some(Process {
        parent: u32::try_from(number(1)?).ok()?,
        threads: number(17)?,
        memory: number(21)?.saturating_mul(page),
    })
}

/// Gives all that descend from a process, itself too.
fn descend(all: &HashMap<u32, Process>, root: u32) -> Vec<u32> {
    let descends = |n: u32| {
        let chain = std::iter::successors(Some(n), |n| all.get(n).map(|process| process.parent));
        chain.take(all.len() + 1).any(|n| n == root)
    };
    all.keys().copied().filter(|n| descends(*n)).collect()
}

/// Gives the threads and the memory of these.
fn used(all: &HashMap<u32, Process>, these: &[u32]) -> (u64, u64) {
    let these = these.iter().filter_map(|n| all.get(n));
    these.fold((0, 0), |(threads, memory), p| (threads + p.threads, memory + p.memory))
}

/// Gives the memory of the files without a name that these have open: it is no process's own, and on no disk.
fn nameless(these: &[u32]) -> u64 {
    let opened = these.iter().filter_map(|n| fs::read_dir(format!("/proc/{n}/fd")).ok()).flatten().flatten();
    let is_nameless = |at: &fs::DirEntry| fs::read_link(at.path()).is_ok_and(|to| is_memfd(&to));
    let mut seen = HashSet::new();
    let files = opened.take(MOST).filter(is_nameless).filter_map(|at| fs::metadata(at.path()).ok());
    files.filter(|about| seen.insert((about.dev(), about.ino()))).map(|about| about.blocks().saturating_mul(512)).sum()
}

/// Says whether what an open file is called says that it is in memory alone: `/memfd:NAME (deleted)`, where the name may be anything.
fn is_memfd(to: &std::path::Path) -> bool {
    to.as_os_str().as_encoded_bytes().starts_with(b"/memfd:")
}

fn free(folder: &OwnedFd) -> Option<Free> {
    let disk = rustix::fs::fstatvfs(folder).ok()?;
    // Some disks have no number of files that they can hold.
    let files = if disk.f_files == 0 { u64::MAX } else { disk.f_favail };
    Some(Free { bytes: disk.f_bavail.saturating_mul(disk.f_frsize), files })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name_is() {
        let fields: Vec<String> = (5..=52).map(|n| n.to_string()).collect();
        let stat = format!("7 (a) S) b) S 4 {}", fields.join(" "));
        let page = rustix::param::page_size() as u64;
        assert_eq!(process(&stat), Some(Process { parent: 4, threads: 20, memory: 24 * page }));
        assert_eq!(process("7 (a"), None);
    }

    #[test]
    fn files_without_a_name_are_counted_once() {
        let own = [std::process::id()];
        let file = rustix::fs::memfd_create("a name of its own", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
        let again = file.try_clone().unwrap();
        let bytes = vec![1; 32 << 20];
        let mut file = fs::File::from(file);
        std::io::Write::write_all(&mut file, &bytes).unwrap();
        // Other tests of this process may have small ones too.
        assert!((32 << 20..64 << 20).contains(&nameless(&own)), "{}", nameless(&own));
        drop(again);
        assert!(is_memfd("/memfd:a/b (deleted)".as_ref()) && !is_memfd("/tmp/memfd:x".as_ref()));
    }

    #[test]
    fn only_what_descends_from_the_root_process_counts() {
        let process = |parent, memory| Process { parent, threads: 1, memory };
        let all = [(1, process(0, 1)), (5, process(1, 2)), (6, process(5, 4)), (7, process(6, 8)), (8, process(1, 16))];
        let all = all.into();
        assert_eq!(used(&all, &descend(&all, 5)), (3, 14));
        // Processes that seem to be one another's parents end the search.
        let odd = [(2, process(3, 1)), (3, process(2, 1))];
        assert_eq!(descend(&odd.into(), 5), [0; 0]);
    }
}

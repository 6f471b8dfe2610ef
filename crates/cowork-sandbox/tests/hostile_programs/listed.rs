//! The programs as the list names them, and what each has to come to.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::Duration,
};

use cowork_core::{ExecLimits, Exit, ExitKind, Resource, Result};
use cowork_sandbox::confine::{Feature, Tier};
use tempfile::TempDir;

/// How long a program may take that ends by itself.
pub(crate) const WALL: Duration = Duration::from_secs(30);
/// How long one may take that does not.
const SHORT: Duration = Duration::from_millis(400);
/// How many processes of what confines a command may be counted with it.
pub(crate) const KEEPERS: u64 = 16;

/// A program, by its line in the list.
pub(crate) struct Program {
    pub(crate) numbers: String,
    pub(crate) file: String,
}

/// How a program has to end.
enum End {
    Well,
    /// Well, or ended for what it used too much of.
    WellOrOver(Resource),
    /// By the host, at its deadline.
    Late,
}

/// What is known to be other than it has to be, and why it does no harm until it is mended.
const KNOWN: [(&str, &str); 1] = [
    // Of the sandbox's own first process, and only to have it ended before others when memory is short.
    ("what_the_kernel_tells.py", "38 writing /proc/1/oom_score_adj"),
];

/// What is other where bubblewrap makes the mounts.
const KNOWN_BY_BUBBLEWRAP: [(&str, &str); 2] = [
    // It knows no bound for it but the room that they take.
    ("fills.py", "26 names in "),
    // It can't have a device be read-only. For whoever is not root that forbids nothing more, and for root it is done before.
    ("mounts.c", "17 what is mounted at /dev/"),
];

/// What is other where there are no namespaces.
const KNOWN_BY_LANDLOCK: [(&str, &str); 5] = [
    // What is kept for no longer than a command is on the host's disk: of that it is looked that some stays free, and /tmp is not its own.
    ("fills.py", "/scratch/home: it was done"),
    ("fills.py", "24 afterwards: there is none: [Errno 13]"),
    // Who has none can't give up what nobody gives them. No program gives any: that is asked for in a line of its own.
    ("become_root.c", "16 capabilities to be had: "),
    // It is the sandbox's own, and names a folder of its own.
    ("environment.c", "67 the environment: has TMPDIR"),
    // What it would find there is nothing: it has no terminal.
    ("terminals.c", "37 the controlling terminal: refused with EACCES"),
];

/// What is other there for root, who stays root, without a privilege: it becomes who it is.
const KNOWN_OF_ROOT: [(&str, &str); 5] = [
    ("become_root.c", "16 who it is: it is root here"),
    ("become_root.c", "16 setuid: it was done, answer 0"),
    ("become_root.c", "16 setresuid: it was done, answer 0"),
    ("become_root.c", "16 setgid: it was done, answer 0"),
    ("from_memory.c", "51 being root: it was done, answer 0"),
];

/// What a tier without namespaces does not claim to prevent, and what it lacks for it.
const NOT_CLAIMED: [(&str, &str, Feature); 3] = [
    ("reads_outside.py", "2 that this file is there: it was done", Feature::Hiding),
    // That there is such a process is learned; a signal by it is refused as by its number.
    ("other_processes.c", "29 pidfd_open: it was done", Feature::Hiding),
    ("what_the_kernel_tells.py", "40 the host's name: ", Feature::Hiding),
];

/// Small ones: what uses them up takes no time.
pub(crate) fn limits() -> ExecLimits {
    ExecLimits { cpu: 20, memory: 256 << 20, processes: 64, file: 64 << 20, open: 256, scratch: 16 << 20 }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostile")
}

/// Says whether this machine has what the programs are made with. In CI it has to.
pub(crate) fn can_be_tried(tier: Tier) -> bool {
    let is_there =
        |program: &str| Command::new(program).arg("--version").output().is_ok_and(|out| out.status.success());
    let missing = ["cc", "/usr/bin/python3", "bwrap"]
        .into_iter()
        .filter(|program| *program != "bwrap" || tier == Tier::Bubblewrap);
    let missing: Vec<&str> = missing.filter(|program| !is_there(program)).collect();
    assert!(missing.is_empty() || std::env::var_os("CI").is_none(), "{missing:?} are missing");
    if !missing.is_empty() {
        eprintln!("left out: there is no {missing:?} here");
    }
    missing.is_empty()
}

/// Puts the programs into a new folder, those in C compiled.
pub(crate) fn compile(to: &Path) {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let made = TempDir::new().unwrap();
        for name in fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()) {
            let (from, at) = (folder().join(&name), made.path().join(name.trim_end_matches(".c")));
            if name.ends_with(".c") {
                let came =
                    Command::new("cc").args(["-O1", "-Wall", "-o"]).arg(at).arg(from).arg("-lrt").output().unwrap();
                assert!(came.status.success(), "{name}: {}", String::from_utf8_lossy(&came.stderr));
            } else {
                fs::copy(from, at).unwrap();
            }
        }
        made
    });
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(made.path()).unwrap().map(|entry| entry.unwrap()) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Gives them all. None may be missing in the list.
pub(crate) fn all() -> Vec<Program> {
    let list = include_str!("../hostile/list.txt");
    let fields = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
    let all: Vec<Program> =
        list.lines().map(fields).map(|f| Program { numbers: f[0].clone(), file: f[1].clone() }).collect();
    assert!(all.len() > 30);
    all
}

/// Says whether something was refused, if otherwise than where it does not exist. That something is there is learned by it: what hides that
/// are namespaces.
fn is_refused(line: &str) -> bool {
    ["EACCES", "EPERM", "EXDEV"].iter().any(|name| line.contains(&format!(": refused with {name}, which is not")))
}

impl Program {
    /// Says whether it is not run by a session.
    pub(crate) fn is_special(&self) -> bool {
        self.file == "outlives.sh"
    }

    pub(crate) fn is_bomb(&self) -> bool {
        ["fork_bomb.c", "memory_bomb.c", "hidden_memory.c", "spin.c"].contains(&&*self.file)
    }

    /// Gives the command. The last word does nothing: by it processes are told from others.
    pub(crate) fn args(&self, programs: &str, marker: &str) -> Vec<String> {
        let at = format!("{programs}/{}", self.file.trim_end_matches(".c"));
        let before = match self.file.rsplit_once('.') {
            Some((_, "py")) => Some("python3"),
            Some((_, "sh")) => Some("sh"),
            _ => None,
        };
        before.into_iter().chain([&*at, marker]).map(str::to_owned).collect()
    }

    pub(crate) fn wall(&self) -> Duration {
        if matches!(self.end(), End::Late) { SHORT } else { WALL }
    }

    fn end(&self) -> End {
        match &*self.file {
            "spin.c" | "deaf.sh" | "stops.sh" | "flood.py" => End::Late,
            "fork_bomb.c" => End::WellOrOver(Resource::Processes),
            "memory_bomb.c" | "hidden_memory.c" => End::WellOrOver(Resource::Memory),
            _ => End::Well,
        }
    }

    /// Says whether it is known that this is said, and why it does no harm.
    pub(crate) fn is_known(&self, line: &str) -> bool {
        let more: &[_] = match crate::tier() {
            Tier::Namespaces => &[],
            Tier::Bubblewrap => &KNOWN_BY_BUBBLEWRAP,
            Tier::Landlock => &KNOWN_BY_LANDLOCK,
        };
        let is_root = crate::tier() == Tier::Landlock && rustix::process::geteuid().is_root();
        let of_root = KNOWN_OF_ROOT.iter().filter(|_| is_root);
        let is_listed =
            KNOWN.iter().chain(more).chain(of_root).any(|(file, what)| *file == self.file && line.contains(what));
        is_listed || crate::tier() == Tier::Landlock && is_refused(line)
    }

    /// Says what is wrong with what it came to; what is only not claimed here is added to that.
    pub(crate) fn judge(
        &self,
        end: &Result<Exit>,
        said: &str,
        took: Duration,
        not_claimed: &mut Vec<(Feature, String)>,
    ) -> Vec<String> {
        let lacking = |line: &str| {
            let all = NOT_CLAIMED.iter().filter(|_| crate::tier() == Tier::Landlock);
            all.clone().find(|(file, what, _)| *file == self.file && line.contains(what)).map(|(.., feature)| *feature)
        };
        let escaped = said.lines().filter(|line| line.contains("ESCAPED"));
        let (known, faults): (Vec<&str>, Vec<&str>) = escaped.partition(|line| self.is_known(line));
        let (open, faults): (Vec<&str>, Vec<&str>) = faults.into_iter().partition(|line| lacking(line).is_some());
        known.iter().for_each(|line| println!("known: {line}"));
        not_claimed.extend(open.iter().filter_map(|line| Some((lacking(line)?, format!("{}: {line}", self.file)))));
        let mut faults: Vec<String> = faults.into_iter().map(str::to_owned).collect();
        let how = match end {
            Ok(exit) => &exit.how,
            Err(error) => return vec![format!("it did not run to an end: {error}")],
        };
        let is_as_expected = match self.end() {
            End::Well => *how == ExitKind::Code(i32::from(!known.is_empty() || !open.is_empty())),
            End::WellOrOver(resource) => [ExitKind::Code(0), ExitKind::Exceeded(resource)].contains(how),
            End::Late => *how == ExitKind::TimedOut,
        };
        if !is_as_expected {
            faults.push(format!("it ended with {how:?}"));
        }
        if !matches!(how, ExitKind::Exceeded(_)) && !said.lines().any(|line| line.starts_with("ok ")) {
            faults.push("it tried nothing".to_owned());
        }
        // Dead within 50 ms after its deadline on a computer that has nothing else to do.
        if took > self.wall() + Duration::from_secs(5) {
            faults.push(format!("it took {took:?}"));
        }
        faults
    }
}

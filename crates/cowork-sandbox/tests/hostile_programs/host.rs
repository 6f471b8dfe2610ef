//! What the host has while hostile programs run, what they are told of it, and how it is looked at afterwards.

use std::{
    cell::RefCell,
    fs::{self, File, FileTimes},
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{TcpListener, UdpSocket},
    os::{
        fd::OwnedFd,
        linux::net::SocketAddrExt,
        unix::{
            fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink},
            net::{SocketAddr, UnixListener},
        },
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    time::{Duration, SystemTime},
};

use cowork_sandbox::confine::{Feature, Tier};
use cowork_testkit::sandbox::{Tree, put, tree};

use crate::{
    Way,
    listed::{KEEPERS, Program, limits},
};

/// What must not be found inside.
const SECRET: &str = "hostile-secret-0d1f7c";

/// What the host has in its environment, and no program may get.
pub(crate) const ENVIRONMENT: [(&str, &str); 7] = [
    ("COWORK_TEST_SECRET", SECRET),
    ("LD_PRELOAD", "/nonexistent/hostile.so"),
    ("NODE_OPTIONS", "--require=/nonexistent/hostile.js"),
    ("BASH_ENV", "/nonexistent/hostile.sh"),
    ("PYTHONSTARTUP", "/nonexistent/hostile.py"),
    ("SSH_AUTH_SOCK", "/nonexistent/agent"),
    ("BASH_FUNC_hostile%%", "() { :; }"),
];

/// Holds what no standard library makes: shared memory, semaphores, messages, a queue. It says what they are called, and at the end whether
/// they are as they were.
const QUEUES: &str = r#"
import ctypes, os, sys
c = ctypes.CDLL(None, use_errno=True)
c.shmat.restype = ctypes.c_void_p
key, new = 0x5e000000 | os.getpid() & 0xffffff, 0o1600
shm, sem, msg = c.shmget(key, 4096, new), c.semget(key, 1, new), c.msgget(key, new)
memory = (ctypes.c_char * 4096).from_address(c.shmat(shm, None, 0))
memory.value = b"as it was"
name = b"/hostile-%d" % os.getpid()
queue = c.mq_open(name, os.O_CREAT | os.O_RDWR, 0o600, None)
posix = "/dev/shm" + name.decode()
open(posix, "w").write("as it was")
print(key, shm, name.decode() if queue >= 0 else "/hostile-none", flush=True)
sys.stdin.read()
is_same = memory.value == b"as it was" and open(posix).read() == "as it was" and c.msgget(key, 0) == msg and c.semget(key, 0, 0) == sem
c.shmctl(shm, 0, None), c.semctl(sem, 0, 0), c.msgctl(msg, 0, None), c.mq_unlink(name), os.unlink(posix)
print("same" if is_same else "other", flush=True)
"#;

/// The host.
pub(crate) struct Host {
    pub(crate) data: PathBuf,
    pub(crate) programs: PathBuf,
    folder: PathBuf,
    outside: PathBuf,
    abstract_name: String,
    tcp: [TcpListener; 2],
    udp: UdpSocket,
    named: UnixListener,
    /// The listeners in the folders, as they come.
    in_folders: RefCell<Vec<UnixListener>>,
    process: Child,
    queues: Queues,
    before: Before,
    /// What was done that this tier does not claim to prevent, with the feature that it lacks.
    pub(crate) not_claimed: RefCell<Vec<(Feature, String)>>,
    /// Not marked to be closed when something is executed.
    _open: Vec<OwnedFd>,
}

/// What must be as it was.
#[derive(Debug, PartialEq)]
struct Before {
    outside: Tree,
    settings: Vec<String>,
    mounts: Vec<String>,
    priority: String,
    /// How many names the file has that one in a folder shares its content with, at most.
    names: u64,
}

impl Host {
    pub(crate) fn new(folder: &Path) -> Self {
        let at = |name: &str| std::env::temp_dir().join(name);
        let outside = at("outside");
        put(&outside.join("secret"), SECRET);
        put(&outside.join("linked"), "the original\n");
        put(&outside.join("home/.ssh/id_ed25519"), SECRET);
        let name = format!("cowork-hostile-{}", std::process::id());
        let tcp = ["127.0.0.1:0", "[::1]:0"].map(|at| TcpListener::bind(at).unwrap());
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let named = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        tcp.iter().for_each(|tcp| tcp.set_nonblocking(true).unwrap());
        udp.set_nonblocking(true).unwrap();
        named.set_nonblocking(true).unwrap();
        let process = Command::new("sleep").arg("1000").spawn().unwrap();
        let queues = Queues::new();
        let paths = [&outside.join("secret"), &outside, Path::new("/etc/passwd"), Path::new("/")];
        let open = paths.map(handle).into_iter().collect();
        let mut host = Self {
            data: at("data"),
            programs: folder.join("programs"),
            folder: folder.to_owned(),
            before: Before::none(),
            abstract_name: name,
            in_folders: RefCell::default(),
            not_claimed: RefCell::default(),
            outside,
            tcp,
            udp,
            named,
            process,
            queues,
            _open: open,
        };
        host.before = host.now();
        host.age();
        host
    }

    /// Makes a folder for a program, with what it is told.
    pub(crate) fn desk(&self, program: &Program, way: Way) -> PathBuf {
        let desk = std::env::temp_dir().join(format!("desk-{}-{}", program.file, way.name())).join("Desk");
        put(&desk.join("poem"), "one\ntwo\n");
        symlink(self.outside.join("secret"), desk.join("link")).unwrap();
        fs::hard_link(self.outside.join("linked"), desk.join("linked")).unwrap();
        let listener = UnixListener::bind(desk.join("socket")).unwrap();
        listener.set_nonblocking(true).unwrap();
        self.in_folders.borrow_mut().push(listener);
        let mut strange = Vec::new();
        if program.file == "strange_group.py" {
            for entry in fs::read_dir(self.folder.join(format!("strange-{}", way.name()))).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                let from = self.folder.join(format!("strange-{}/{name}", way.name()));
                fs::rename(from, desk.join(&name)).unwrap();
                strange.push(name);
            }
        }
        put(&desk.join("facts"), &self.facts(&desk, &strange.join(",")));
        desk
    }

    fn facts(&self, desk: &Path, strange: &str) -> String {
        let limits = limits();
        let port = |n: usize| self.tcp[n].local_addr().unwrap().port().to_string();
        let user = rustix::process::geteuid().as_raw();
        // Where no control group holds it, it is looked at what it has, and it may have got some more until then.
        let memory = if user == 0 { limits.memory } else { 8 * limits.memory };
        // Where no namespace counts processes, it is looked how many there are.
        let is_looked = crate::tier() == Tier::Landlock;
        let [key, shm, queue] = &self.queues.names;
        let own = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
            // Nothing is sent by this: it asks for the way.
            socket.connect("192.0.2.1:9")?;
            Ok(socket.local_addr()?.ip().to_string())
        });
        let facts = [
            ("outside", self.outside.join("secret").display().to_string()),
            ("home", self.outside.join("home").display().to_string()),
            ("link", "link".to_owned()),
            ("linked", "linked".to_owned()),
            ("host_pid", self.process.id().to_string()),
            ("scratch", limits.scratch.to_string()),
            ("names", "65536".to_owned()),
            ("strange", strange.to_owned()),
            ("hostname", setting("kernel/hostname")),
            ("folder", desk.display().to_string()),
            ("processes", (limits.processes + KEEPERS).to_string()),
            ("looked", u8::from(is_looked).to_string()),
            ("memory", memory.to_string()),
            ("open", limits.open.to_string()),
            ("abstract", self.abstract_name.clone()),
            ("socket", "socket".to_owned()),
            ("user", user.to_string()),
            ("shm_key", key.clone()),
            ("shm_id", shm.clone()),
            ("mq", queue.clone()),
            ("posix_shm", queue.clone()),
            ("port", port(0)),
            ("port6", port(1)),
            ("udp", self.udp.local_addr().unwrap().port().to_string()),
            ("address", own.unwrap_or_else(|_| "192.0.2.1".to_owned())),
            ("secret", SECRET.to_owned()),
            ("environment", String::new()),
        ];
        facts.iter().map(|(key, value)| format!("{key}={value}\n")).collect()
    }

    /// Says what is not as it was, and who was called.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if accessed(&self.outside.join("secret")) != LONG_AGO {
            faults.push("the file outside was read".to_owned());
        }
        let now = self.now();
        if now.outside != self.before.outside {
            faults.push("files outside were changed".to_owned());
        }
        if now.names > self.before.names + 1 {
            faults.push("the linked file outside has more names".to_owned());
        }
        if (&now.settings, &now.priority) != (&self.before.settings, &self.before.priority) {
            faults.push(format!("{:?} {} instead of {:?}", now.settings, now.priority, self.before));
        }
        faults.extend(
            now.mounts.iter().filter(|line| !self.before.mounts.contains(line)).map(|m| format!("mounted: {m}")),
        );
        faults
            .extend(self.before.mounts.iter().filter(|line| !now.mounts.contains(line)).map(|m| format!("gone: {m}")));
        faults.extend(self.called().map(|whom| format!("somebody called {whom}")));
        faults.extend(self.left().into_iter().map(|process| format!("left: {process}")));
        self.age();
        faults
    }

    fn called(&self) -> Option<&'static str> {
        let is_nothing = |came: std::io::Result<()>| came.is_err_and(|e| e.kind() == ErrorKind::WouldBlock);
        let tcp = self.tcp.iter().all(|tcp| is_nothing(tcp.accept().map(drop)));
        let udp = is_nothing(self.udp.recv(&mut [0; 64]).map(drop));
        let named = is_nothing(self.named.accept().map(drop));
        let here = self.in_folders.borrow().iter().all(|listener| is_nothing(listener.accept().map(drop)));
        [
            (tcp, "a port"),
            (udp, "a port for datagrams"),
            (named, "the abstract socket"),
            (here, "the socket in the folder"),
        ]
        .into_iter()
        .find_map(|(is_nothing, whom)| (!is_nothing).then_some(whom))
    }

    /// Gives a word by which the processes of these programs are told from others.
    pub(crate) fn marker(&self) -> String {
        format!("marked={}", self.folder.file_name().unwrap().display())
    }

    /// Gives the processes that are left of programs: who has the word, or sees the folder of the programs and does not keep them.
    fn left(&self) -> Vec<String> {
        let (marker, programs) = (self.marker(), format!("{}/programs", self.folder.file_name().unwrap().display()));
        let all = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        let of = |process: &Path, file: &str| fs::read(process.join(file)).unwrap_or_default();
        let theirs = all.filter(|process| {
            let command = of(process, "cmdline");
            let command = String::from_utf8_lossy(&command);
            let sees = String::from_utf8_lossy(&of(process, "mountinfo")).contains(&programs);
            command.contains(&marker) || sees && !command.starts_with("/proc/self/fd/") && !command.is_empty()
        });
        theirs
            .map(|process| format!("{} {:?}", process.display(), String::from_utf8_lossy(&of(&process, "cmdline"))))
            .collect()
    }

    fn age(&self) {
        let at = self.outside.join("secret");
        let modified = fs::metadata(&at).unwrap().modified().unwrap();
        let times = FileTimes::new().set_accessed(LONG_AGO).set_modified(modified);
        File::options().write(true).open(at).unwrap().set_times(times).unwrap();
    }

    fn now(&self) -> Before {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_ascii_whitespace().collect();
        Before {
            outside: tree(&self.outside),
            settings: ["kernel/core_pattern", "kernel/hostname", "kernel/sysrq", "kernel/domainname"]
                .map(setting)
                .into_iter()
                .chain(["null", "zero", "random", "urandom"].map(device))
                .collect(),
            mounts: self.mounts(),
            // Whether it runs, and its priority.
            priority: format!("{} {}", fields[0].replace('R', "S"), fields[16]),
            names: fs::metadata(self.outside.join("linked")).unwrap().nlink(),
        }
    }

    /// Gives what is mounted; but not what other tests mount in folders of theirs meanwhile.
    fn mounts(&self) -> Vec<String> {
        let all = fs::read_to_string("/proc/self/mountinfo").unwrap();
        let ours = self.folder.to_str().unwrap();
        let is_anothers = |line: &str| {
            let at = line.split(' ').nth(4).unwrap_or_default();
            (at.starts_with("/tmp/") || at.starts_with("/dev/shm/")) && !line.contains(ours)
        };
        all.lines().filter(|line| !is_anothers(line)).map(str::to_owned).collect()
    }

    /// Gives what is wrong at the end of all.
    pub(crate) fn ends(&mut self) -> Vec<String> {
        _ = self.process.kill();
        _ = self.process.wait();
        if self.queues.are_the_same() {
            Vec::new()
        } else {
            vec!["55 the host's memory or queues are other".to_owned()]
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

impl Before {
    fn none() -> Self {
        Self { outside: Tree::new(), settings: Vec::new(), mounts: Vec::new(), priority: String::new(), names: 0 }
    }
}

/// Who holds the host's shared memory and queues.
struct Queues {
    child: Child,
    input: Option<ChildStdin>,
    names: [String; 3],
}

impl Queues {
    fn new() -> Self {
        let mut child = Command::new("/usr/bin/python3");
        let mut child = child.args(["-c", QUEUES]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        child.stdout = Some(out.into_inner());
        let mut names = line.split_ascii_whitespace().map(str::to_owned);
        let names = std::array::from_fn(|_| names.next().unwrap());
        Self { input: child.stdin.take(), child, names }
    }

    fn are_the_same(&mut self) -> bool {
        self.input.take().unwrap().flush().unwrap();
        let mut said = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        _ = self.child.wait();
        said == "same\n"
    }
}

/// When what must not be read was read last.
const LONG_AGO: SystemTime = SystemTime::UNIX_EPOCH;

fn accessed(path: &Path) -> SystemTime {
    let at = fs::metadata(path).unwrap().accessed().unwrap();
    // A disk that does not note it says the same for ever.
    if at.duration_since(LONG_AGO).is_ok_and(|since| since < Duration::from_secs(1)) { LONG_AGO } else { at }
}

fn handle(path: &Path) -> OwnedFd {
    rustix::fs::open(path, rustix::fs::OFlags::RDONLY, rustix::fs::Mode::empty()).unwrap()
}

/// What a device lets whom do.
fn device(name: &str) -> String {
    let about = fs::metadata(Path::new("/dev").join(name)).unwrap();
    format!("{name} {:o} {} {}", about.mode(), about.uid(), about.gid())
}

fn setting(name: &str) -> String {
    fs::read_to_string(Path::new("/proc/sys").join(name)).unwrap_or_default().trim().to_owned()
}

/// Gives how much memory this process has, in bytes.
pub(crate) fn own_memory() -> u64 {
    let pages: u64 = fs::read_to_string("/proc/self/statm").unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    pages * rustix::param::page_size() as u64
}

/// Says what came into a folder that must not: devices, pipes and sockets, files by which somebody becomes their owner, ways out.
pub(crate) fn came_out(folder: &Path, before: &Tree) -> Vec<String> {
    let mut faults = Vec::new();
    for name in tree(folder).keys().filter(|name| !before.contains_key(*name)) {
        let path = folder.join(name);
        let about = fs::symlink_metadata(&path).unwrap();
        let kind = about.file_type();
        if !(kind.is_file() || kind.is_dir() || kind.is_symlink()) || kind.is_socket() {
            faults.push(format!("{} is of an odd kind", path.display()));
        }
        if about.permissions().mode() & 0o6000 != 0 {
            faults.push(format!("{} makes whoever starts it its owner", path.display()));
        }
        if rustix::fs::lgetxattr(&path, "security.capability", &mut [0_u8; 0]).is_ok() {
            faults.push(format!("{} has capabilities", path.display()));
        }
        if kind.is_symlink() && fs::canonicalize(&path).is_ok_and(|to| !to.starts_with(folder)) {
            faults.push(format!("{} leads out", path.display()));
        }
    }
    faults
}

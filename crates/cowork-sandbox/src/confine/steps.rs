//! What the helper does, in order: a plan that can be read by a person, and its bytes.

use std::fmt;

use crate::confine::filters::Filter;

/// One thing that the helper does. Paths without a slash at their beginning are in the new root before it is entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Write a text into a file of the process's own settings.
    Set {
        file: &'static str,
        text: String,
    },
    /// Name the host.
    Name(&'static str),
    /// Make an empty root in memory, mounted there for the time being.
    Root {
        at: &'static str,
        bytes: u64,
        files: u64,
    },
    Folder {
        path: String,
        mode: u32,
    },
    /// Put what is at a path of the host at one inside, if it is still this very file or folder.
    Bind {
        from: String,
        to: String,
        never: Never,
        dev: u64,
        ino: u64,
    },
    /// Mount a new file system.
    Mount {
        kind: &'static str,
        to: &'static str,
        never: Never,
        settings: Vec<(&'static str, String)>,
    },
    Link {
        to: String,
        path: String,
    },
    File {
        path: &'static str,
        content: String,
    },
    /// Make an empty file, over which another is bound.
    Empty {
        path: String,
    },
    /// Make the new root the only one, read-only itself.
    Enter,
    /// Give each command mounts and messages of its own; what follows is done for each, ahead of it.
    Each,
    /// Go to a network in which nobody is, and which leads nowhere.
    Network,
    /// Mount a folder so that what is changed in it is kept in another, with a third to work in.
    Overlay {
        to: String,
        lower: String,
        upper: String,
        work: String,
    },
    /// Take away what is mounted there.
    Detach(&'static str),
    /// Listen on a port of the loopback, for the host to accept from.
    Listen(u16),
    Limit {
        what: Resource,
        most: u64,
    },
    /// Begin the rules of Landlock that handle these kinds of access.
    Rules {
        files: u64,
        network: u64,
        scopes: u64,
    },
    /// Allow access to what is at a path and below.
    Allow {
        path: String,
        access: u64,
    },
    /// Put the rules into force.
    Restrict,
    /// Put a filter of system calls into force.
    Filter(Filter),
    /// Say which version of Landlock the kernel has, and end.
    Ask,
    /// Look whether what is at a path is still this very file or folder.
    Is {
        path: String,
        dev: u64,
        ino: u64,
    },
    /// Go to mounts of one's own, which are what they were.
    Part,
    /// Have another program make namespaces, and begin in them.
    Through {
        program: String,
        args: Vec<String>,
    },
}

/// What is executed, once all steps are done: the one step of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    /// Where it may be, in order.
    pub(crate) programs: Vec<String>,
    /// The working directory.
    pub(crate) folder: String,
    /// Whether what it reads is a terminal, which becomes its own.
    pub(crate) terminal: bool,
    pub(crate) args: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
}

/// What a mount does not allow, as the kernel numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Never(u64);

impl Never {
    const WRITE: u64 = 1;
    const SET_USER: u64 = 2;
    const DEVICES: u64 = 4;

    /// A folder or file that may be read.
    pub(crate) const CHANGED: Self = Self(Self::WRITE | Self::SET_USER | Self::DEVICES);
    /// A folder that may be changed.
    pub(crate) const PRIVILEGED: Self = Self(Self::SET_USER | Self::DEVICES);
    /// A device: it is written to, but its mode and its owner are the host's.
    pub(crate) const REPLACED: Self = Self(Self::WRITE | Self::SET_USER);
}

impl fmt::Display for Never {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [(Self::WRITE, "ro"), (Self::SET_USER, "nosuid"), (Self::DEVICES, "nodev")];
        let names: Vec<&str> = names.iter().filter(|(bit, _)| self.0 & bit != 0).map(|(_, name)| *name).collect();
        f.write_str(&names.join(","))
    }
}

/// What is limited, as `setrlimit` numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    Cpu = 0,
    FileSize = 1,
    /// Memory of its own.
    Data = 2,
    Core = 4,
    Processes = 6,
    OpenFiles = 7,
}

/// Writes a plan as the helper reads it.
pub(crate) fn bytes(steps: &[Step]) -> Vec<u8> {
    let mut all = Vec::new();
    for step in steps {
        let (kind, fields) = step.fields();
        all.extend_from_slice(&u64::from(kind).to_le_bytes());
        put(&mut all, &fields);
    }
    all
}

fn put(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    to.extend_from_slice(bytes);
}

/// The fields of a step as they are gathered.
#[derive(Default)]
struct Fields(Vec<u8>);

impl Fields {
    fn text(mut self, text: &str) -> Self {
        // A null in it would end it early; `Plan` refuses such texts before.
        let mut ended = text.as_bytes().to_vec();
        ended.push(0);
        put(&mut self.0, &ended);
        self
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        put(&mut self.0, bytes);
        self
    }

    fn number(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }
}

impl Step {
    fn fields(&self) -> (u8, Vec<u8>) {
        let with = Fields::default();
        let (kind, Fields(fields)) = match self {
            Self::Set { file, text } => (1, with.text(file).raw(text.as_bytes())),
            Self::Name(name) => (2, with.text(name)),
            Self::Root { at, bytes, files } => (3, with.text(at).text(&bytes.to_string()).text(&files.to_string())),
            Self::Folder { path, mode } => (4, with.text(path).number((*mode).into())),
            Self::Bind { from, to, never, dev, ino } => {
                (5, with.text(from).text(to).number(never.0).number(*dev).number(*ino))
            }
            Self::Mount { kind, to, never, settings } => {
                let with = with.text(kind).text(to).number(never.0);
                (6, settings.iter().fold(with, |with, (key, value)| with.text(key).text(value)))
            }
            Self::Link { to, path } => (7, with.text(to).text(path)),
            Self::File { path, content } => (8, with.text(path).number(0o444).raw(content.as_bytes())),
            Self::Empty { path } => (8, with.text(path).number(0o444).raw(b"")),
            Self::Enter => (9, with),
            Self::Limit { what, most } => (10, with.number(*what as u64).number(*most)),
            Self::Rules { files, network, scopes } => (12, with.number(*files).number(*network).number(*scopes)),
            Self::Allow { path, access } => (13, with.text(path).number(*access)),
            Self::Restrict => (14, with),
            Self::Filter(filter) => (15, with.raw(&filter.0)),
            Self::Ask => (16, with),
            Self::Is { path, dev, ino } => (30, with.text(path).number(*dev).number(*ino)),
            Self::Part => (32, with),
            Self::Through { program, args } => {
                let with = with.text(program).number(args.len() as u64);
                (31, args.iter().fold(with, |with, arg| with.text(arg)))
            }
            Self::Overlay { to, lower, upper, work } => (18, with.text(to).text(lower).text(upper).text(work)),
            Self::Detach(path) => (19, with.text(path)),
            Self::Each => (21, with),
            Self::Network => (22, with),
            Self::Listen(port) => (20, with.number((*port).into())),
        };
        (kind, fields)
    }
}

impl Start {
    /// Writes the order as the helper reads it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        const START: u64 = 17;
        let mut all = START.to_le_bytes().to_vec();
        put(&mut all, &self.fields().0);
        all
    }

    pub(crate) fn at_terminal(mut self) -> Self {
        self.terminal = true;
        self.environment.push(("TERM".to_owned(), "xterm-256color".to_owned()));
        self
    }

    fn fields(&self) -> Fields {
        let with = Fields::default().text(&self.folder).number(self.terminal.into());
        let with = with.number(self.programs.len() as u64);
        let with = self.programs.iter().fold(with, |with, program| with.text(program));
        let with = with.number(self.args.len() as u64);
        let with = self.args.iter().fold(with, |with, arg| with.text(arg)).number(self.environment.len() as u64);
        self.environment.iter().fold(with, |with, (name, value)| with.text(&format!("{name}={value}")))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set { file, text } => write!(f, "set {file} to {text:?}"),
            Self::Name(name) => write!(f, "name the host {name}"),
            Self::Root { at, bytes, files } => write!(f, "make a root at {at} of {bytes} bytes, {files} files"),
            Self::Folder { path, mode } => write!(f, "make folder {path} {mode:o}"),
            Self::Bind { from, to, never, .. } => write!(f, "bind {from:?} at {to:?} {never}"),
            Self::Mount { kind, to, never, settings } => {
                write!(f, "mount {kind} at {to} {never}")?;
                settings.iter().try_for_each(|(key, value)| write!(f, " {key}={value}"))
            }
            Self::Link { to, path } => write!(f, "link {path:?} to {to:?}"),
            Self::File { path, .. } => write!(f, "write {path}"),
            Self::Empty { path } => write!(f, "make empty file {path:?}"),
            Self::Enter => f.write_str("enter the root"),
            Self::Overlay { to, lower, upper, .. } => write!(f, "lay {upper:?} over {lower:?} at {to:?}"),
            Self::Detach(path) => write!(f, "take {path} away"),
            Self::Each => f.write_str("for each command: mounts and messages of its own"),
            Self::Network => f.write_str("go to a network of its own"),
            Self::Listen(port) => write!(f, "listen on port {port}"),
            Self::Limit { what, most } => write!(f, "limit {what:?} to {most}"),
            Self::Rules { files, network, scopes } => {
                write!(f, "begin rules for files {files:#x}, network {network:#x}, scopes {scopes:#x}")
            }
            Self::Allow { path, access } => write!(f, "allow {path:?} {access:#x}"),
            Self::Restrict => f.write_str("put the rules into force"),
            Self::Filter(filter) => write!(f, "filter system calls by {} instructions", filter.0.len() / 8),
            Self::Ask => f.write_str("say what the kernel has"),
            Self::Is { path, .. } => write!(f, "look whether {path:?} is what it was"),
            Self::Part => f.write_str("go to mounts of its own"),
            Self::Through { program, args } => write!(f, "start {program} {}", args.join(" ")),
        }
    }
}

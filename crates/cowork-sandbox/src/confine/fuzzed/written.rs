//! Steps and orders that bytes come to, and what the helper has to make of them.

use super::call;
use crate::confine::{
    filters::Filter,
    steps::{Never, Resource, Start, Step},
};

/// Bytes of which something is made.
pub(super) struct From<'a>(pub(super) &'a [u8]);

const NEVER: [(Never, u64); 3] = [(Never::CHANGED, 7), (Never::PRIVILEGED, 6), (Never::REPLACED, 3)];

const RESOURCES: [Resource; 6] =
    [Resource::Cpu, Resource::FileSize, Resource::Data, Resource::Core, Resource::Processes, Resource::OpenFiles];

impl From<'_> {
    pub(super) fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or_default()
    }

    pub(super) fn number(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    fn raw(&mut self) -> Vec<u8> {
        let length = usize::from(self.byte() % 40).min(self.0.len());
        self.0.split_off(..length).unwrap_or_default().to_vec()
    }

    /// Gives a text as a policy lets it through: without nulls.
    fn text(&mut self) -> String {
        String::from_utf8_lossy(&self.raw()).replace('\0', "")
    }

    fn texts(&mut self) -> Vec<String> {
        (0..self.byte() % 5).map(|_| self.text()).collect()
    }

    pub(super) fn start(&mut self) -> Start {
        Start {
            programs: self.texts(),
            folder: self.text(),
            terminal: self.byte() % 2 == 1,
            args: self.texts(),
            environment: self.texts().into_iter().map(|name| (name, self.text())).collect(),
        }
    }

    pub(super) fn step(&mut self) -> Step {
        let never = |from: &mut Self| NEVER[usize::from(from.byte()) % NEVER.len()].0;
        match self.byte() % 25 {
            0 => Step::Set { file: "/proc/self/uid_map", text: self.text() },
            1 => Step::Name("sandbox"),
            2 => Step::Root { at: "/tmp", bytes: self.number(), files: self.number() },
            3 => Step::Folder { path: self.text(), mode: self.number() as u32 },
            4 => {
                let (from, to) = (self.text(), self.text());
                Step::Bind { from, to, never: never(self), dev: self.number(), ino: self.number() }
            }
            5 => {
                let settings = self.texts().into_iter().map(|value| ("size", value)).collect();
                Step::Mount { kind: "tmpfs", to: "tmp", never: never(self), settings }
            }
            6 => Step::Link { to: self.text(), path: self.text() },
            7 => Step::File { path: "etc/passwd", content: self.text() },
            8 => Step::Empty { path: self.text() },
            9 => Step::Enter,
            10 => Step::Each,
            11 => Step::Overlay { to: self.text(), lower: self.text(), upper: self.text(), work: self.text() },
            12 => Step::Detach(".outside"),
            13 => Step::Listen(self.number() as u16),
            14 => Step::Limit { what: RESOURCES[usize::from(self.byte()) % RESOURCES.len()], most: self.number() },
            15 => Step::Rules { files: self.number(), network: self.number(), scopes: self.number() },
            16 => Step::Allow { path: self.text(), access: self.number() },
            17 => Step::Restrict,
            18 => Step::Filter(Filter(self.raw())),
            19 => Step::Ask,
            20 => Step::Is { path: self.text(), dev: self.number(), ino: self.number() },
            21 => Step::Part,
            22 => Step::Network,
            _ => Step::Through { program: self.text(), args: self.texts() },
        }
    }
}

/// Gives the calls that a step comes to.
pub(super) fn done(step: &Step) -> Vec<String> {
    /// What is mounted has no owner that it gives, and no devices.
    const OWN: u64 = 6;
    let told = |name: &str, texts: &[&str], numbers: &[u64]| {
        call(name, &texts.iter().map(|text| text.as_bytes()).collect::<Vec<_>>(), numbers)
    };
    let bits = |never: &Never| NEVER.iter().find(|(it, _)| it == never).map_or(0, |(_, bits)| *bits);
    match step {
        Step::Each | Step::Part => vec![],
        Step::Set { file, text } => vec![told("open", &[file], &[]), told("write", &[text], &[])],
        Step::Name(name) => vec![told("name", &[name], &[])],
        Step::Root { at, bytes, files } => {
            let (bytes, files) = (bytes.to_string(), files.to_string());
            let settings = ["tmpfs", "size", &bytes, "nr_inodes", &files, "mode", "755"];
            vec![told("mount", &settings, &[OWN]), told("put", &[at], &[])]
        }
        Step::Folder { path, mode } => vec![told("folder", &[path], &[u64::from(*mode)])],
        Step::Bind { from, to, never, .. } => {
            vec![told("point", &[from], &[]), told("never", &[""], &[bits(never), 1]), told("put", &[to], &[])]
        }
        Step::Mount { kind, to, never, settings } => {
            let settings = settings.iter().flat_map(|(key, value)| [*key, value.as_str()]);
            let texts: Vec<&str> = [*kind].into_iter().chain(settings).collect();
            vec![told("mount", &texts, &[bits(never)]), told("put", &[to], &[])]
        }
        Step::Link { to, path } => vec![told("link", &[to, path], &[])],
        Step::File { path, content } => vec![told("create", &[path], &[0o444]), told("write", &[content], &[])],
        Step::Empty { path } => vec![told("create", &[path], &[0o444]), told("write", &[""], &[])],
        Step::Enter => vec![told("enter", &[], &[]), told("never", &["/"], &[7, 0])],
        Step::Overlay { to, lower, upper, work } => {
            let settings = ["overlay", "lowerdir", lower, "upperdir", upper, "workdir", work];
            let settings = [&settings[..], &["userxattr", "", "index", "off", "volatile", ""]].concat();
            vec![told("mount", &settings, &[OWN]), told("put", &[to], &[])]
        }
        Step::Network => vec![told("leave", &[], &[0x4000_0000])],
        Step::Detach(path) => vec![told("detach", &[path], &[])],
        Step::Listen(port) => vec![told("listen", &[], &[u64::from(*port)])],
        Step::Limit { what, most } => vec![told("limit", &[], &[*what as u64, *most])],
        Step::Rules { files, network, scopes } => vec![told("rules", &[], &[*files, *network, *scopes])],
        Step::Allow { path, access } => vec![told("point", &[path], &[]), told("allow", &[], &[*access])],
        Step::Restrict => vec![told("restrict", &[], &[])],
        Step::Filter(filter) => vec![call("filter", &[&filter.0], &[])],
        Step::Ask => vec![told("ask", &[], &[])],
        Step::Is { path, .. } => vec![told("point", &[path], &[])],
        Step::Through { program, args } => {
            let words = args.iter().map(|arg| told("word", &[arg], &[]));
            [told("through", &[program], &[])].into_iter().chain(words).collect()
        }
    }
}

//! The weaknesses: each a name, the test file that has to catch it, and the texts that make it.

/// A weakness.
pub(super) struct Weakness {
    pub(super) name: &'static str,
    pub(super) test: &'static str,
    /// Files of the crate, what is in them once, and what is put in its place.
    pub(super) patches: &'static [(&'static str, &'static str, &'static str)],
    /// Which other hand holds, if it does no harm by itself.
    pub(super) held: Option<&'static str>,
}

/// The tests.
pub(super) const TESTS: [&str; 4] = [PROGRAMS, COMMITS, "commands", "confined"];

const PROGRAMS: &str = "hostile_programs";
const COMMITS: &str = "hostile_commits";

const MAIN: &str = "helper/main.rs";
const STEPS: &str = "helper/steps.rs";
const SYS: &str = "helper/sys.rs";
const POLICY: &str = "src/confine/policy.rs";
const FILTERS: &str = "src/confine/filters.rs";
const NEVER: &str = "src/confine/steps.rs";
const GROUPS: &str = "src/confine/groups.rs";
const USAGE: &str = "src/confine/usage.rs";
const STAGED: &str = "src/staged.rs";
const FIND: &str = "src/staged/find.rs";

type Patches = &'static [(&'static str, &'static str, &'static str)];

const fn weakness(name: &'static str, patches: Patches) -> Weakness {
    Weakness { name, test: PROGRAMS, patches, held: None }
}

const fn by(test: &'static str, name: &'static str, patches: Patches) -> Weakness {
    Weakness { name, test, patches, held: None }
}

const fn held(name: &'static str, hand: &'static str, patches: Patches) -> Weakness {
    Weakness { name, test: PROGRAMS, patches, held: Some(hand) }
}

/// Gives them all.
pub(super) fn all() -> impl Iterator<Item = &'static Weakness> {
    [WORLDS, MOUNTS, PRIVILEGES, CALLS, LIMITS, CHANGES].into_iter().flatten()
}

/// The restriction of the root after it was entered.
const ROOT: &str = "sys::restrict_mount(HERE, c\"/\", sys::READ_ONLY | sys::NO_SUID | sys::NO_DEVICES, false)?;";

const WORLDS: &[Weakness] = &[
    weakness(
        "no network of its own",
        &[
            (POLICY, "[Step::Network, Step::Enter,", "[Step::Enter,"),
            (POLICY, "content }, Step::Network,", "content },"),
        ],
    ),
    by(
        "confined",
        "commands with a way out share their network",
        &[(POLICY, "content }, Step::Network,", "content },")],
    ),
    weakness("no messages of its own", &[(MAIN, "sys::MOUNTS | 0x0800_0000;", "sys::MOUNTS;")]),
    weakness("the commands of a world share their mounts", &[(MAIN, "sys::MOUNTS | 0x0800_0000;", "0x0800_0000;")]),
    weakness(
        "what was made for the last command is there for the next",
        &[(MAIN, "        ready = another();", "        ready = if false { another() } else { Ok(()) };")],
    ),
    weakness(
        "no processes of its own",
        &[(MAIN, "const PROCESSES: usize = 0x2000_0000;", "const PROCESSES: usize = 0;")],
    ),
    weakness(
        "no host name of its own",
        &[
            (MAIN, "0x0002_0000 | 0x0400_0000 | 0x1000_0000;", "0x0002_0000 | 0x1000_0000;"),
            (POLICY, "steps.push(Step::Name(\"sandbox\"));", "_ = Step::Name(\"sandbox\");"),
        ],
    ),
    weakness(
        "control groups are seen whole",
        &[(
            MAIN,
            "    sys::leave(sys::GROUPS).map(drop)",
            "    if false {\n        sys::leave(sys::GROUPS)?;\n    }\n    Ok(())",
        )],
    ),
    held(
        "mounts are not parted from the host's",
        "the kernel makes them slaves where users are others, and none is mounted in a folder of the host that is shared",
        &[(STEPS, "        sys::part_mounts()?;", "        if false {\n            sys::part_mounts()?;\n        }")],
    ),
    weakness("proc is mounted whole", &[(POLICY, "vec![(\"subset\", \"pid\".to_owned())]", "Vec::new()")]),
    weakness(
        "a host's file is not closed",
        &[(STEPS, "    sys::close_on_exec(3)?;", "    if false {\n        sys::close_on_exec(3)?;\n    }")],
    ),
    weakness(
        "the host's environment comes along",
        &[(
            POLICY,
            "let environment = environment.chain(proxy).chain(trusted).collect();",
            "let environment = environment.chain(proxy).chain(trusted).chain(std::env::vars()).collect();",
        )],
    ),
    weakness(
        "its keeper does not die with the host",
        &[(MAIN, "if sys::is_gone(HOST, end, true) {", "if sys::is_gone(end, end, true) {")],
    ),
];

const MOUNTS: &[Weakness] = &[
    weakness(
        "the folders outside are not taken away",
        &[(POLICY, "steps.push(Step::Detach(OUTSIDE));", "_ = Step::Detach(OUTSIDE);")],
    ),
    weakness(
        "the old root is not taken away",
        &[(
            SYS,
            "    call(155, [of(c\".\"), of(c\".\"), 0, 0, 0, 0])?;\n    call(166, [of(c\".\"), DETACHED, 0, 0, 0, 0])?;",
            "    _ = DETACHED;\n    call(155, [of(c\".\"), of(c\".\"), 0, 0, 0, 0])?;",
        )],
    ),
    weakness(
        "the root can be written to",
        &[(
            STEPS,
            ROOT,
            "sys::restrict_mount(HERE, c\"/\", sys::NO_SUID | sys::NO_DEVICES, false)?;\n        _ = sys::READ_ONLY;",
        )],
    ),
    weakness(
        "what is bound can be written to",
        &[(NEVER, "CHANGED: Self = Self(Self::WRITE | Self::SET_USER", "CHANGED: Self = Self(Self::SET_USER")],
    ),
    weakness(
        "what is bound may set users",
        &[(NEVER, "CHANGED: Self = Self(Self::WRITE | Self::SET_USER", "CHANGED: Self = Self(Self::WRITE")],
    ),
    weakness(
        "what is bound may have devices",
        &[(NEVER, "Self::WRITE | Self::SET_USER | Self::DEVICES", "Self::WRITE | Self::SET_USER")],
    ),
    weakness("devices can be replaced", &[(NEVER, "REPLACED: Self = Self(Self::WRITE | ", "REPLACED: Self = Self(")]),
    weakness(
        "what is laid over a folder may set users",
        &[(
            STEPS,
            "c\"overlay\", &settings, (sys::NO_SUID | sys::NO_DEVICES)",
            "c\"overlay\", &settings, (sys::NO_DEVICES)",
        )],
    ),
    held(
        "no rules of Landlock",
        "they are the second hand on files: the mounts hold",
        &[(POLICY, "steps.extend(self.rules(system)?);", "_ = self.rules(system)?;")],
    ),
    weakness(
        "no rules, and what is bound can be written to",
        &[
            (POLICY, "steps.extend(self.rules(system)?);", "_ = self.rules(system)?;"),
            (NEVER, "CHANGED: Self = Self(Self::WRITE | Self::SET_USER", "CHANGED: Self = Self(Self::SET_USER"),
        ],
    ),
];

const PRIVILEGES: &[Weakness] = &[
    held(
        "capabilities are kept until it is executed",
        "whoever is not root loses them then",
        &[(STEPS, "    sys::drop_capabilities()?;", "    if false {\n        sys::drop_capabilities()?;\n    }")],
    ),
    weakness(
        "capabilities can be had again",
        &[(
            STEPS,
            "sys::control(sys::BOUNDING_DROP, capability).is_err()",
            "capability > LAST || sys::BOUNDING_DROP == 0",
        )],
    ),
    weakness(
        "new privileges can be had",
        &[(
            STEPS,
            "sys::control(sys::NO_NEW_PRIVILEGES, 1)?;",
            "if false {\n        sys::control(sys::NO_NEW_PRIVILEGES, 1)?;\n    }",
        )],
    ),
    weakness(
        "it is root inside",
        &[(POLICY, "format!(\"{USER} {outside} 1\")", "format!(\"{} {outside} 1\", USER - 1_000)")],
    ),
];

const CALLS: &[Weakness] = &[
    weakness(
        "no filter of system calls",
        &[(POLICY, "steps.push(Step::Filter(filters::filter()?));", "_ = Step::Filter(filters::filter()?);")],
    ),
    weakness("clone may make namespaces", &[(FILTERS, "When::AnyBit(0, apart)", "When::AnyBit(0, apart & 0)")]),
    weakness("clone3 is there", &[(FILTERS, "&[libc::SYS_clone3, libc::SYS_openat2]", "&[libc::SYS_openat2]")]),
    weakness("unshare is there", &[(FILTERS, "    libc::SYS_unshare,\n", "")]),
    held(
        "mount_setattr is there",
        "the kernel asks for a capability that nobody inside has",
        &[(FILTERS, "    libc::SYS_mount_setattr,\n", "")],
    ),
    weakness("ptrace is there", &[(FILTERS, "    libc::SYS_ptrace,\n", "")]),
    weakness("io_uring is there", &[(FILTERS, "    libc::SYS_io_uring_setup,\n", "")]),
    weakness("a terminal can be typed into", &[(FILTERS, "&[0x5412, 0x541c, 0x5423]", "&[0x541c, 0x5423]")]),
    weakness(
        "sockets with names on the host",
        &[(FILTERS, "&[libc::AF_INET, libc::AF_INET6]", "&[libc::AF_INET, libc::AF_INET6, libc::AF_UNIX]")],
    ),
    weakness(
        "sockets of the kernel's",
        &[(FILTERS, "&[libc::AF_INET, libc::AF_INET6]", "&[libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK]")],
    ),
    held(
        "raw sockets",
        "the kernel asks for a capability that nobody inside has",
        &[
            (
                FILTERS,
                "&[libc::SOCK_STREAM, libc::SOCK_DGRAM]",
                "&[libc::SOCK_STREAM, libc::SOCK_DGRAM, libc::SOCK_RAW]",
            ),
            (
                FILTERS,
                "&[0, libc::IPPROTO_TCP, libc::IPPROTO_UDP]",
                "&[0, libc::IPPROTO_TCP, libc::IPPROTO_UDP, libc::IPPROTO_ICMP]",
            ),
        ],
    ),
    weakness("devices can be made", &[(FILTERS, "    libc::SYS_mknod,\n    libc::SYS_mknodat,\n", "")]),
    weakness("files that make somebody their owner", &[(FILTERS, "    (libc::SYS_fchmod, 1),\n", "")]),
    weakness(
        "files opened by their numbers",
        &[(FILTERS, "    libc::SYS_open_by_handle_at,\n    libc::SYS_name_to_handle_at,\n", "")],
    ),
    weakness(
        "other doors of the kernel",
        &[
            (FILTERS, "begin, at(Answer::Killed), ARCHITECTURE", "begin, begin, ARCHITECTURE"),
            (
                FILTERS,
                "program.below(Self::NOT_BELOW, OTHER_NUMBERS, at(Answer::Killed));",
                "program.below(Self::NOT_BELOW, OTHER_NUMBERS, at(Answer::Made));",
            ),
        ],
    ),
];

const LIMITS: &[Weakness] = &[
    weakness(
        "processes without a limit of the kernel's",
        &[
            (POLICY, "(Resource::Processes, processes)", "(Resource::Processes, processes + 4_000)"),
            (GROUPS, "limits.processes.saturating_add(KEEPERS)", "limits.processes.saturating_add(4_000 * KEEPERS)"),
        ],
    ),
    weakness(
        "open files without a limit",
        &[(POLICY, "(Resource::OpenFiles, open)", "(Resource::OpenFiles, open + 2_000)")],
    ),
    weakness(
        "files of any size",
        &[(POLICY, "(Resource::FileSize, file)", "(Resource::FileSize, file.saturating_mul(1 << 20))")],
    ),
    weakness(
        "scratch of any size",
        &[(POLICY, "self.limits.scratch.to_string()", "(self.limits.scratch * 64).to_string()")],
    ),
    weakness(
        "names without a limit",
        &[(POLICY, "(\"nr_inodes\", \"65536\".to_owned())", "(\"nr_inodes\", \"655360\".to_owned())")],
    ),
    weakness(
        "memory without a limit",
        &[
            (GROUPS, "group.set(file, limits.memory)", "group.set(file, limits.memory * 64)"),
            (
                GROUPS,
                "group.set(\"memory.memsw.limit_in_bytes\", limits.memory);",
                "group.set(\"memory.memsw.limit_in_bytes\", limits.memory * 64);",
            ),
        ],
    ),
    weakness(
        "memory that is not looked at",
        &[(USAGE, "nameless(&theirs)) > limits.memory =>", "nameless(&theirs)) > limits.memory * 64 =>")],
    ),
];

const CHANGES: &[Weakness] = &[
    by(COMMITS, "links are not looked at", &[(FIND, ".filter(|to| asked::stays(path, to))", "")]),
    by(
        COMMITS,
        "nothing is guarded",
        &[(
            FIND,
            "    protect::guarded(&names",
            "    if path.below().count() > 0 {\n        return None;\n    }\n    protect::guarded(&names",
        )],
    ),
    by(
        COMMITS,
        "only plain spellings are guarded",
        &[(
            "src/protect.rs",
            "names.iter().map(|name| plain(&String::from_utf8_lossy(name))).collect();\n    let last = names.last()?;\n    let is_gits",
            "names.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();\n    let last = names.last()?;\n    _ = plain;\n    \
             let is_gits",
        )],
    ),
    by(
        "commands",
        "what somebody changed meanwhile is overwritten",
        &[
            (STAGED, "        look.ctime >= self.time && ", "        look.ctime >= self.time.max(i64::MAX) && "),
            (STAGED, "            _ if is_other(item) => true,\n", ""),
        ],
    ),
    by(
        COMMITS,
        "what is committed is not what was shown",
        &[(STAGED, "if size != self.seen.size {", "if size != self.seen.size && false {")],
    ),
    by(
        COMMITS,
        "moves are thought of twice",
        &[(
            "src/staged/moves.rs",
            "(item.what == Becomes::File).then(|| moved.remove(&item.path)).flatten()",
            "moved.remove(&item.path)",
        )],
    ),
    by(
        "confined",
        "an end is told before all has ended",
        &[(MAIN, "if sys::is_childless() { ALONE }", "if sys::is_childless() || true { ALONE }")],
    ),
    by(
        "confined",
        "a folder that was exchanged is shown",
        &[(STEPS, "if sys::identity(source)? != seen {", "if sys::identity(source)? != seen && false {")],
    ),
];

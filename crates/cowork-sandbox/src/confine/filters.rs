//! The system calls that a confined program may not make: data, with the reason of each, and the program that the kernel runs for it.
//!
//! The kernel tries a filter out on every call number when it is put on, so that a list that is gone through takes it a quarter of a
//! millisecond. Here the number is searched for by halves: nine comparisons find it among all.

use cowork_core::{Error, Kind, Result};
use libc::c_long;

/// A filter in the kernel's form: instructions of eight bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter(pub(crate) Vec<u8>);

/// Calls that are not there. A filter can't look into what these are given, so that programs have to use `clone` and `openat`.
const ABSENT: &[c_long] = &[libc::SYS_clone3, libc::SYS_openat2];

/// Calls that are refused whatever they are given.
const REFUSED: &[c_long] = &[
    // Namespaces and mounts: what is seen is what was set up.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    // `statmount` and `listmount`.
    457,
    458,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    // Files past their names.
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_mknod,
    libc::SYS_mknodat,
    libc::SYS_fanotify_init,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_process_mrelease,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    // Large interfaces of the kernel that commands do without.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_vmsplice,
    libc::SYS_lookup_dcookie,
    libc::SYS_nfsservctl,
    // The computer itself.
    libc::SYS_syslog,
    libc::SYS_acct,
    libc::SYS_reboot,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_vhangup,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
    libc::SYS_mbind,
    libc::SYS_set_mempolicy,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
];

/// Calls that are refused besides where there are no namespaces: what a namespace would keep apart, and what Landlock does not hold.
const REFUSED_ALONE: &[c_long] = &[
    // The network, of any kind.
    libc::SYS_socket,
    // Whose a file is, and what may be done with it: also of files that can't be opened, or only be read.
    libc::SYS_chmod,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchmodat2,
    libc::SYS_chown,
    libc::SYS_fchown,
    libc::SYS_lchown,
    libc::SYS_fchownat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    // `setxattrat` and `removexattrat`.
    463,
    466,
    // Times by names; of what is open they can be set.
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
    // Memory and messages that other programs have too.
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_shmdt,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semctl,
    libc::SYS_semtimedop,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
    // What becomes of other processes, and of files that can't be opened.
    libc::SYS_setpriority,
    libc::SYS_ioprio_set,
    libc::SYS_inotify_add_watch,
];

/// Calls about a process, by an argument: it may only be the one that calls, which is 0.
const OWN_ALONE: &[(c_long, u32)] = &[
    (libc::SYS_prlimit64, 0),
    (libc::SYS_sched_setaffinity, 0),
    (libc::SYS_sched_setparam, 0),
    (libc::SYS_sched_setscheduler, 0),
    (libc::SYS_sched_setattr, 0),
    // Times of what is open: without a name.
    (libc::SYS_utimensat, 1),
];

/// Orders for an open file that change what it is, though it can only be read: its flags, its project, its version.
const CHANGES_ALONE: &[u32] = &[0x4008_6602, 0x401c_5820, 0x4008_7602];

/// New namespaces by `clone`, one bit each.
const APART: &[i32] = &[
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
];

/// Orders to a terminal that would type for the person (`TIOCSTI`) or paste into the console (`TIOCLINUX`), or load a line discipline (`TIOCSETD`).
const ORDERS: &[u32] = &[0x5412, 0x541c, 0x5423];

/// The kinds of sockets that there are; all others are large parts of the kernel, or ways past the network that is not there. A socket in a
/// shared folder would be a way to whoever listens there on the host, which neither a mount nor Landlock closes.
const FAMILIES: &[i32] = &[libc::AF_INET, libc::AF_INET6];

/// The kinds of which a program may have two that only know each other.
const PAIRS: &[i32] = &[libc::AF_UNIX];

/// Of what kind such two may be: ends that stay with one another. One for single messages could send them to any socket that has a path.
const PAIRED: &[i32] = &[libc::SOCK_STREAM, libc::SOCK_SEQPACKET];

/// Of what kind other sockets may be, and for which protocols.
const KINDS: &[i32] = &[libc::SOCK_STREAM, libc::SOCK_DGRAM];
const PROTOCOLS: &[i32] = &[0, libc::IPPROTO_TCP, libc::IPPROTO_UDP];

/// Orders for an open file that make the host wait when it opens it: a lease.
const HOLDS: &[u32] = &[1_024];

/// What a file may not be given: that whoever executes it becomes its owner. Outside of the sandbox that would hold.
const BECOMES_OWNER: u32 = 0o6000;

/// Calls that give a file a mode, and which of their arguments that is.
const MODES: &[(c_long, u32)] = &[
    (libc::SYS_chmod, 1),
    (libc::SYS_fchmod, 1),
    (libc::SYS_fchmodat, 2),
    (libc::SYS_fchmodat2, 2),
    (libc::SYS_open, 2),
    (libc::SYS_openat, 3),
    (libc::SYS_creat, 1),
];

/// Calls that a worker may not make besides: it starts nothing, and has no network, not even one of its own.
const NOT_ALONE: &[c_long] = &[libc::SYS_fork, libc::SYS_vfork, libc::SYS_socket, libc::SYS_socketpair];

/// The number of the architecture that the calls below are numbered for.
const ARCHITECTURE: u32 = 0xc000_003e;

/// Numbers from here on are those of another way of calling on the same architecture (x32), which would slip through.
const OTHER_NUMBERS: u32 = 0x4000_0000;

/// The first number that is not known here: what a later kernel adds under it, nobody has looked at.
const UNKNOWN: u32 = 467;

/// What is answered to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Made,
    /// As if it were not known: programs fall back.
    Absent,
    Refused,
    /// The process is killed.
    Killed,
}

impl Answer {
    const ALL: [Self; 4] = [Self::Made, Self::Absent, Self::Refused, Self::Killed];

    fn number(self) -> u32 {
        match self {
            Self::Made => libc::SECCOMP_RET_ALLOW,
            Self::Absent => libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs(),
            Self::Refused => libc::SECCOMP_RET_ERRNO | libc::EPERM.unsigned_abs(),
            Self::Killed => libc::SECCOMP_RET_KILL_PROCESS,
        }
    }
}

/// When a call is refused: always, or by the lower half of an argument, which is all that the kernel looks at of these.
#[derive(Clone, Debug, PartialEq, Eq)]
enum When {
    Always(Answer),
    /// If this argument has one of these bits.
    AnyBit(u32, u32),
    /// If this argument has none of these bits.
    NoBit(u32, u32),
    /// If this argument is one of these.
    OneOf(u32, Vec<u32>),
    /// If this argument is anything but 0, in either half.
    Given(u32),
    /// If the first argument is none of the families, the second, without its flags, none of the kinds, or the third none of the protocols.
    Socket(Vec<u32>, Vec<u32>, Vec<u32>),
}

/// Gives the filter.
///
/// # Errors
/// `Internal` if it became longer than its jumps reach.
pub(crate) fn filter() -> Result<Filter> {
    let number = |n: &i32| n.unsigned_abs();
    let families: Vec<u32> = FAMILIES.iter().map(number).collect();
    let apart = APART.iter().map(number).fold(0, |all, bit| all | bit);
    let mut calls: Vec<(u32, When)> = Vec::new();
    let mut add = |call: c_long, when: When| calls.push((u32::try_from(call).unwrap_or(u32::MAX), when));
    ABSENT.iter().for_each(|call| add(*call, When::Always(Answer::Absent)));
    REFUSED.iter().for_each(|call| add(*call, When::Always(Answer::Refused)));
    add(libc::SYS_clone, When::AnyBit(0, apart));
    add(libc::SYS_ioctl, When::OneOf(1, ORDERS.to_vec()));
    let numbers = |all: &[i32]| all.iter().map(number).collect::<Vec<u32>>();
    add(libc::SYS_socketpair, When::Socket(numbers(PAIRS), numbers(PAIRED), numbers(&[0])));
    add(libc::SYS_fcntl, When::OneOf(1, HOLDS.to_vec()));
    MODES.iter().for_each(|(call, mode)| add(*call, When::AnyBit(*mode, BECOMES_OWNER)));
    add(libc::SYS_socket, When::Socket(families, numbers(KINDS), numbers(PROTOCOLS)));
    calls.sort_by_key(|(call, _)| *call);
    Program::of(&calls)
}

/// Gives what a worker gets besides the filter: of all that can be started, threads alone.
///
/// # Errors
/// As [`filter`]'s.
pub(crate) fn worker() -> Result<Filter> {
    let number = |call: c_long| u32::try_from(call).unwrap_or(u32::MAX);
    let mut calls: Vec<(u32, When)> =
        NOT_ALONE.iter().map(|call| (number(*call), When::Always(Answer::Refused))).collect();
    calls.push((number(libc::SYS_clone), When::NoBit(0, libc::CLONE_THREAD.unsigned_abs())));
    calls.sort_by_key(|(call, _)| *call);
    Program::of(&calls)
}

/// Gives the filter for where there are no namespaces, which is put on besides the other.
///
/// # Errors
/// As [`filter`]'s.
pub(crate) fn alone() -> Result<Filter> {
    let number = |call: &c_long| u32::try_from(*call).unwrap_or(u32::MAX);
    let refused = REFUSED_ALONE.iter().map(|call| (number(call), When::Always(Answer::Refused)));
    let own = OWN_ALONE.iter().map(|(call, argument)| (number(call), When::Given(*argument)));
    let mut calls: Vec<(u32, When)> = refused.chain(own).collect();
    calls.push((number(&libc::SYS_ioctl), When::OneOf(1, CHANGES_ALONE.to_vec())));
    calls.sort_by_key(|(call, _)| *call);
    Program::of(&calls)
}

/// A program that is being written, from its end to its beginning: jumps go forward, to what is written already.
struct Program {
    /// Instructions, the last first.
    lines: Vec<Line>,
}

/// What to do, where to go on if it holds and if it does not, counted from the end, and a number.
struct Line(u16, usize, usize, u32);

impl Program {
    const LOAD: u16 = 0x20;
    const EQUAL: u16 = 0x15;
    const NOT_BELOW: u16 = 0x35;
    const HAS_BIT: u16 = 0x45;
    const AND: u16 = 0x54;
    const ANSWER: u16 = 0x06;

    fn of(calls: &[(u32, When)]) -> Result<Filter> {
        let mut program = Self { lines: Vec::new() };
        for answer in Answer::ALL {
            program.add(Self::ANSWER, 0, 0, answer.number());
        }
        let ways: Vec<(u32, usize)> = calls.iter().map(|(call, when)| (*call, program.when(when))).collect();
        program.search(&ways);
        program.below(Self::NOT_BELOW, UNKNOWN, at(Answer::Absent));
        program.below(Self::NOT_BELOW, OTHER_NUMBERS, at(Answer::Killed));
        let begin = program.add(Self::LOAD, 0, 0, 0);
        program.add(Self::EQUAL, begin, at(Answer::Killed), ARCHITECTURE);
        program.add(Self::LOAD, 0, 0, 4);
        program.written()
    }

    /// Adds a line before all others. Gives where it is.
    fn add(&mut self, what: u16, yes: usize, no: usize, number: u32) -> usize {
        self.lines.push(Line(what, yes, no, number));
        self.lines.len() - 1
    }

    /// Goes somewhere if it holds, and on if it does not.
    fn below(&mut self, what: u16, number: u32, yes: usize) -> usize {
        let next = self.lines.len() - 1;
        self.add(what, yes, next, number)
    }

    fn load(&mut self, argument: u32) -> usize {
        self.add(Self::LOAD, 0, 0, 16 + 8 * argument)
    }

    /// Writes what decides on a call. Gives where it begins.
    fn when(&mut self, when: &When) -> usize {
        let (made, refused) = (at(Answer::Made), at(Answer::Refused));
        match when {
            When::Always(answer) => at(*answer),
            When::AnyBit(argument, bits) => {
                self.add(Self::HAS_BIT, refused, made, *bits);
                self.load(*argument)
            }
            When::NoBit(argument, bits) => {
                self.add(Self::HAS_BIT, made, refused, *bits);
                self.load(*argument)
            }
            When::OneOf(argument, numbers) => self.is_one(*argument, numbers, refused, made),
            When::Given(argument) => {
                self.add(Self::EQUAL, made, refused, 0);
                let upper = self.add(Self::LOAD, 0, 0, 16 + 8 * argument + 4);
                self.add(Self::EQUAL, upper, refused, 0);
                self.load(*argument)
            }
            When::Socket(families, kinds, protocols) => {
                const KIND: u32 = 0xf;
                let known = self.is_one(2, protocols, made, refused);
                let mut kinds = kinds.iter().rev();
                if let Some(last) = kinds.next() {
                    self.add(Self::EQUAL, known, refused, *last);
                }
                kinds.for_each(|kind| _ = self.below(Self::EQUAL, *kind, known));
                self.add(Self::AND, 0, 0, KIND);
                let kind = self.load(1);
                self.is_one(0, families, kind, refused)
            }
        }
    }

    fn is_one(&mut self, argument: u32, numbers: &[u32], yes: usize, no: usize) -> usize {
        let mut numbers = numbers.iter().rev();
        if let Some(last) = numbers.next() {
            self.add(Self::EQUAL, yes, no, *last);
        }
        numbers.for_each(|number| _ = self.below(Self::EQUAL, *number, yes));
        self.load(argument)
    }

    /// Writes the search for a number among these, which are in order. Gives where it begins.
    fn search(&mut self, ways: &[(u32, usize)]) -> usize {
        match ways {
            [] => at(Answer::Made),
            [(call, way)] => self.add(Self::EQUAL, *way, at(Answer::Made), *call),
            _ => {
                let (low, high) = ways.split_at(ways.len() / 2);
                let (upper, lower) = (self.search(high), self.search(low));
                self.add(Self::NOT_BELOW, upper, lower, high[0].0)
            }
        }
    }

    fn written(self) -> Result<Filter> {
        let mut bytes = Vec::with_capacity(8 * self.lines.len());
        for (n, Line(what, yes, no, number)) in self.lines.iter().enumerate().rev() {
            let is_jump = what & 0x07 == 0x05;
            let far = |to: usize| if is_jump { u8::try_from(n - 1 - to) } else { Ok(0) };
            let [yes, no] = [far(*yes), far(*no)].map(|far| {
                far.map_err(|_| Error::new(Kind::Internal, "confine", "the filter of system calls is too long"))
            });
            bytes.extend_from_slice(&what.to_ne_bytes());
            bytes.extend_from_slice(&[yes?, no?]);
            bytes.extend_from_slice(&number.to_ne_bytes());
        }
        Ok(Filter(bytes))
    }
}

/// Gives where an answer is.
fn at(answer: Answer) -> usize {
    Answer::ALL.iter().position(|known| *known == answer).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does what the kernel does with a filter.
    fn answered(filter: &Filter, architecture: u32, call: u32, arguments: &[u64]) -> u32 {
        let lines: Vec<&[u8]> = filter.0.chunks(8).collect();
        let (mut at, mut value) = (0, 0_u32);
        loop {
            let line = lines[at];
            let what = u16::from_ne_bytes([line[0], line[1]]);
            let number = u32::from_ne_bytes(line[4..].try_into().unwrap());
            let holds = match what {
                Program::EQUAL => value == number,
                Program::NOT_BELOW => value >= number,
                Program::HAS_BIT => value & number != 0,
                Program::ANSWER => return number,
                Program::AND => {
                    value &= number;
                    at += 1;
                    continue;
                }
                _ => {
                    value = match number {
                        0 => call,
                        4 => architecture,
                        n => u32::try_from(arguments.get((n as usize - 16) / 8).unwrap_or(&0) & 0xffff_ffff).unwrap(),
                    };
                    at += 1;
                    continue;
                }
            };
            at += 1 + usize::from(if holds { line[2] } else { line[3] });
        }
    }

    #[test]
    fn each_call_gets_its_answer() {
        let filter = filter().unwrap();
        let listed: Vec<u32> = ABSENT.iter().chain(REFUSED).map(|call| u32::try_from(*call).unwrap()).collect();
        let mut asked = vec![libc::SYS_clone, libc::SYS_ioctl, libc::SYS_socket, libc::SYS_socketpair, libc::SYS_fcntl];
        asked.extend(MODES.iter().map(|(call, _)| *call));
        for call in 0..1_000 {
            let answer = match call {
                n if n >= UNKNOWN || ABSENT.contains(&i64::from(n)) => Answer::Absent,
                n if listed.contains(&n) => Answer::Refused,
                _ => Answer::Made,
            };
            if !asked.contains(&i64::from(call)) {
                assert_eq!(answered(&filter, ARCHITECTURE, call, &[0, 0]), answer.number(), "{call}");
            }
            assert_eq!(answered(&filter, ARCHITECTURE, call | OTHER_NUMBERS, &[0, 0]), Answer::Killed.number());
            assert_eq!(answered(&filter, 0x4000_0003, call, &[0, 0]), Answer::Killed.number(), "of 32 bits");
        }
    }

    #[test]
    fn a_worker_starts_threads_worker() {
        let filter = worker().unwrap();
        let is_made = |call: i64, first: i32| {
            let arguments = [u64::from(first.unsigned_abs())];
            answered(&filter, ARCHITECTURE, u32::try_from(call).unwrap(), &arguments) == Answer::Made.number()
        };
        assert!(is_made(libc::SYS_clone, libc::CLONE_VM | libc::CLONE_THREAD));
        assert!(
            !is_made(libc::SYS_clone, libc::SIGCHLD) && !is_made(libc::SYS_clone, libc::CLONE_VM | libc::CLONE_VFORK)
        );
        assert!(NOT_ALONE.iter().all(|call| !is_made(*call, libc::AF_INET)));
        assert!(
            [libc::SYS_read, libc::SYS_write, libc::SYS_execve, libc::SYS_mmap].iter().all(|call| is_made(*call, 0))
        );
    }

    #[test]
    fn some_are_answered_by_what_they_are_given() {
        let filter = filter().unwrap();
        let is_made = |call: i64, first: i32, second: u64| {
            let arguments = [u64::from(first.unsigned_abs()), second];
            answered(&filter, ARCHITECTURE, u32::try_from(call).unwrap(), &arguments) == Answer::Made.number()
        };
        assert!(is_made(libc::SYS_clone, libc::CLONE_VM | libc::CLONE_THREAD, 0));
        assert!(APART.iter().all(|apart| !is_made(libc::SYS_clone, libc::SIGCHLD | apart, 0)));
        assert!(is_made(libc::SYS_ioctl, 0, libc::TIOCGWINSZ));
        assert!(!is_made(libc::SYS_ioctl, 0, libc::TIOCSTI) && !is_made(libc::SYS_ioctl, 0, libc::TIOCSTI | 1 << 40));
        let (stream, raw) = (libc::SOCK_STREAM.unsigned_abs().into(), libc::SOCK_RAW.unsigned_abs());
        assert!(FAMILIES.iter().all(|family| is_made(libc::SYS_socket, *family, stream)));
        assert!(!is_made(libc::SYS_socket, libc::AF_INET, (raw | libc::SOCK_CLOEXEC.unsigned_abs()).into()));
        for family in [libc::AF_PACKET, libc::AF_VSOCK, libc::AF_NETLINK, libc::AF_ALG] {
            assert!(!is_made(libc::SYS_socket, family, stream) && !is_made(libc::SYS_socketpair, family, stream));
        }
        assert!(
            is_made(libc::SYS_socketpair, libc::AF_UNIX, stream) && !is_made(libc::SYS_socket, libc::AF_UNIX, stream)
        );
        let message = libc::SOCK_DGRAM.unsigned_abs().into();
        assert!(!is_made(libc::SYS_socketpair, libc::AF_UNIX, message), "one could send to any path");
        let of = |protocol: i32| {
            let arguments = [libc::AF_INET.unsigned_abs().into(), stream, protocol.unsigned_abs().into()];
            answered(&filter, ARCHITECTURE, u32::try_from(libc::SYS_socket).unwrap(), &arguments)
        };
        assert_eq!(of(libc::IPPROTO_TCP), Answer::Made.number());
        assert!([libc::IPPROTO_MPTCP, libc::IPPROTO_SCTP].iter().all(|it| of(*it) == Answer::Refused.number()));
        assert!(is_made(libc::SYS_chmod, 0, 0o1777) && is_made(libc::SYS_fcntl, 0, 3));
        assert!(!is_made(libc::SYS_chmod, 0, 0o4755) && !is_made(libc::SYS_creat, 0, 0o2644));
        assert!(!is_made(libc::SYS_fcntl, 0, 1_024), "a lease");
    }
}

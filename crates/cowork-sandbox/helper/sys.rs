//! Every system call of the helper, by number, without a C library.
//!
//! A call is made by [`call`] alone. What it hands to the kernel are numbers, and addresses of values that live until the call has
//! returned: the kernel reads through those of `&[u8]`, [`CStr`] and `&T`, and writes through those of `&mut` alone.

use core::{
    arch::{asm, global_asm},
    ffi::CStr,
    ptr::null,
};

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
compile_error!("the numbers below are those of Linux on x86-64");

/// What the kernel says went wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Errno(pub(crate) i32);

pub(crate) type Result<T> = core::result::Result<T, Errno>;

/// An open file. It is closed by name, or with the process.
#[derive(Clone, Copy)]
pub(crate) struct Fd(pub(crate) i32);

/// The folder that a path without a beginning is looked for in.
pub(crate) const HERE: Fd = Fd(-100);

pub(crate) const ENOENT: Errno = Errno(2);
pub(crate) const EINTR: Errno = Errno(4);
pub(crate) const EINVAL: Errno = Errno(22);
pub(crate) const ESTALE: Errno = Errno(116);

// On the stack is first the number of words that the program was started with.
global_asm!(
    ".globl _start", "_start:", "xor ebp, ebp", "mov rdi, [rsp]", "and rsp, -16", "call {main}", "ud2", main = sym begin
);

extern "C" fn begin(words: usize) -> ! {
    crate::main(words)
}

fn call(number: usize, args: [usize; 6]) -> Result<usize> {
    let [a, b, c, d, e, f] = args;
    let came: isize;
    // SAFETY: the wrappers below hand over addresses of live values only, of the size that the call is told or knows; the
    // kernel keeps all registers but these two.
    unsafe {
        asm!("syscall", inlateout("rax") number as isize => came, in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d,
            in("r8") e, in("r9") f, lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    if (-4095..0).contains(&came) { Err(Errno(-came as i32)) } else { Ok(came as usize) }
}

fn of(path: &CStr) -> usize {
    path.as_ptr() as usize
}

fn fd(came: Result<usize>) -> Result<Fd> {
    came.map(|n| Fd(n as i32))
}

pub(crate) fn read(from: Fd, to: &mut [u8]) -> Result<usize> {
    call(0, [from.0 as usize, to.as_mut_ptr() as usize, to.len(), 0, 0, 0])
}

pub(crate) fn read_at(from: Fd, to: &mut [u8], at: usize) -> Result<usize> {
    call(17, [from.0 as usize, to.as_mut_ptr() as usize, to.len(), at, 0, 0])
}

pub(crate) fn write(to: Fd, bytes: &[u8]) -> Result<usize> {
    call(1, [to.0 as usize, bytes.as_ptr() as usize, bytes.len(), 0, 0, 0])
}

pub(crate) fn close(it: Fd) {
    // A handle that can't be closed is none.
    _ = call(3, [it.0 as usize, 0, 0, 0, 0, 0]);
}

pub(crate) const WRITE: usize = 1;
const CREATE: usize = 0o100;
const NEW: usize = 0o200;
const CLOSED_ON_EXEC: usize = 0o2_000_000;
const PLACE_ONLY: usize = 0o10_000_000;
const NO_LINK: usize = 0o400_000;

pub(crate) fn open(at: Fd, path: &CStr, flags: usize) -> Result<Fd> {
    fd(call(257, [at.0 as usize, of(path), flags | CLOSED_ON_EXEC, 0, 0, 0]))
}

pub(crate) fn create(at: Fd, path: &CStr, mode: u32) -> Result<Fd> {
    fd(call(257, [at.0 as usize, of(path), WRITE | CREATE | NEW | CLOSED_ON_EXEC, mode as usize, 0, 0]))
}

/// Opens what is at a path, without following a link anywhere in it, and without reading it.
pub(crate) fn point(path: &CStr) -> Result<Fd> {
    const NO_MAGIC: u64 = 0x02;
    const NO_LINKS: u64 = 0x04;
    let how: [u64; 3] = [(PLACE_ONLY | CLOSED_ON_EXEC | NO_LINK) as u64, 0, NO_MAGIC | NO_LINKS];
    fd(call(437, [HERE.0 as usize, of(path), (&raw const how) as usize, 24, 0, 0]))
}

/// Gives what a handle is of: the number of its disk (major, minor) and its own.
pub(crate) fn identity(it: Fd) -> Result<(u64, u64)> {
    const EMPTY_PATH: usize = 0x1000;
    const INODE: usize = 0x100;
    let mut stat = [0_u64; 32];
    call(332, [it.0 as usize, of(c""), EMPTY_PATH, INODE, (&raw mut stat) as usize, 0])?;
    // `stx_ino` is at 32, `stx_dev_major` and `stx_dev_minor` are at 136.
    let (dev, ino) = (stat[17], stat[4]);
    Ok(((dev & 0xffff_ffff) << 32 | dev >> 32, ino))
}

pub(crate) fn make_folder(at: Fd, path: &CStr, mode: u32) -> Result<usize> {
    call(258, [at.0 as usize, of(path), mode as usize, 0, 0, 0])
}

pub(crate) fn make_link(to: &CStr, at: Fd, path: &CStr) -> Result<usize> {
    call(266, [of(to), at.0 as usize, of(path), 0, 0, 0])
}

pub(crate) fn enter(folder: Fd) -> Result<usize> {
    call(81, [folder.0 as usize, 0, 0, 0, 0, 0])
}

pub(crate) fn enter_path(path: &CStr) -> Result<usize> {
    call(80, [of(path), 0, 0, 0, 0, 0])
}

/// Takes care that no mount here is seen outside, nor one outside here.
pub(crate) fn part_mounts() -> Result<usize> {
    const ALL_PRIVATE: usize = 0x4000 | 1 << 18;
    call(165, [0, of(c"/"), 0, ALL_PRIVATE, 0, 0])
}

/// Makes a file system that is mounted nowhere yet, with these settings (key, value; an empty value is a flag).
pub(crate) fn new_mount(kind: &CStr, settings: &[(&CStr, &CStr)], attributes: usize) -> Result<Fd> {
    const FLAG: usize = 0;
    const TEXT: usize = 1;
    const CREATE_IT: usize = 6;
    let context = fd(call(430, [of(kind), 1, 0, 0, 0, 0]))?;
    let set = |what: usize, key: usize, value: usize| call(431, [context.0 as usize, what, key, value, 0, 0]);
    for (key, value) in settings {
        if value.is_empty() { set(FLAG, of(key), 0)? } else { set(TEXT, of(key), of(value))? };
    }
    set(CREATE_IT, 0, 0)?;
    let made = fd(call(432, [context.0 as usize, 1, attributes, 0, 0, 0]));
    close(context);
    made
}

/// Has what is mounted at a path forget what it knows of the files that nobody has open. Where nothing is mounted yet nothing is known.
pub(crate) fn renew_mount(at: &CStr) -> Result<()> {
    const CLOSED_ON_EXEC: usize = 1;
    const NO_LINK: usize = 2;
    const RECONFIGURE: usize = 7;
    let context = match fd(call(433, [HERE.0 as usize, of(at), CLOSED_ON_EXEC | NO_LINK, 0, 0, 0])) {
        Err(EINVAL | ENOENT) => return Ok(()),
        context => context?,
    };
    let done = call(431, [context.0 as usize, RECONFIGURE, 0, 0, 0, 0]);
    close(context);
    done.map(drop)
}

/// Copies the mount of what a handle is of, with all that is mounted below it.
pub(crate) fn copy_mount(it: Fd) -> Result<Fd> {
    const COPY: usize = 1;
    const WITH_ALL: usize = 0x8000;
    const EMPTY_PATH: usize = 0x1000;
    fd(call(428, [it.0 as usize, of(c""), COPY | CLOSED_ON_EXEC | WITH_ALL | EMPTY_PATH, 0, 0, 0]))
}

pub(crate) const READ_ONLY: u64 = 1;
pub(crate) const NO_SUID: u64 = 2;
pub(crate) const NO_DEVICES: u64 = 4;

/// Sets what a mount, and with `all` each one below it, does not allow.
pub(crate) fn restrict_mount(mount: Fd, path: &CStr, attributes: u64, all: bool) -> Result<usize> {
    const EMPTY_PATH: usize = 0x1000;
    let set: [u64; 4] = [attributes, 0, 0, 0];
    let how = EMPTY_PATH | if all { 0x8000 } else { 0 };
    call(442, [mount.0 as usize, of(path), how, (&raw const set) as usize, 32, 0])
}

pub(crate) fn put_mount(mount: Fd, at: Fd, path: &CStr) -> Result<usize> {
    const FROM_EMPTY: usize = 4;
    call(429, [mount.0 as usize, of(c""), at.0 as usize, of(path), FROM_EMPTY, 0])
}

/// Makes the folder that is entered the root, and takes the old one away.
pub(crate) fn change_root() -> Result<()> {
    const DETACHED: usize = 2;
    call(155, [of(c"."), of(c"."), 0, 0, 0, 0])?;
    call(166, [of(c"."), DETACHED, 0, 0, 0, 0])?;
    enter_path(c"/").map(drop)
}

/// Takes away what is mounted at a path, in this world alone.
pub(crate) fn detach(path: &CStr) -> Result<usize> {
    const DETACHED: usize = 2;
    call(166, [of(path), DETACHED, 0, 0, 0, 0])
}

pub(crate) fn name_host(name: &CStr) -> Result<usize> {
    call(170, [of(name), name.to_bytes().len(), 0, 0, 0, 0])
}

/// Forks; with `flags` into namespaces of its own. Gives the child's number, and 0 in the child, and what tells of its end.
pub(crate) fn fork(flags: usize) -> Result<(i32, Fd)> {
    const CHILD_ENDED: usize = 17;
    const TELL: usize = 0x1000;
    let mut told = -1_i32;
    // The child goes on with a copy of all memory, this stack too.
    let pid = call(56, [flags | CHILD_ENDED | TELL, 0, (&raw mut told) as usize, 0, 0, 0])?;
    Ok((pid as i32, Fd(told)))
}

/// Makes a pipe: where it is read, where it is written.
pub(crate) fn pipe() -> Result<[Fd; 2]> {
    let mut ends = [-1_i32; 2];
    call(293, [(&raw mut ends) as usize, CLOSED_ON_EXEC, 0, 0, 0, 0])?;
    Ok(ends.map(Fd))
}

/// Mounts of one's own.
pub(crate) const MOUNTS: usize = 0x0002_0000;
/// A network in which nobody is.
pub(crate) const NETWORK: usize = 0x4000_0000;
/// Control groups of which only one's own and those below are seen.
pub(crate) const GROUPS: usize = 0x0200_0000;

/// Takes this process into a new namespace.
pub(crate) fn leave(what: usize) -> Result<usize> {
    call(272, [what, 0, 0, 0, 0, 0])
}

/// Takes this process into a namespace that is there.
pub(crate) fn join(it: Fd, kind: usize) -> Result<usize> {
    call(308, [it.0 as usize, kind, 0, 0, 0, 0])
}

/// What an ended process has used: seconds and microseconds of its own and of the system's time, and the most memory.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) user: u64,
    pub(crate) system: u64,
    pub(crate) memory: u64,
}

/// Waits for any child. Gives its number, how it ended, and what it and what it waited for have used.
pub(crate) fn wait() -> Result<(i32, i32, Used)> {
    let (mut status, mut usage) = (0_i32, [0_u64; 18]);
    let pid = call(61, [usize::MAX, (&raw mut status) as usize, 0, (&raw mut usage) as usize, 0, 0])?;
    let micros = |at: usize| usage[at] * 1_000_000 + usage[at + 1];
    Ok((pid as i32, status, Used { user: micros(0), system: micros(2), memory: usage[4] }))
}

/// Lets others go on first on this processor.
pub(crate) fn give_way() {
    _ = call(24, [0; 6]);
}

/// Takes in what has ended of its children. Says whether it has none any more, of whatever kind.
pub(crate) fn is_childless() -> bool {
    const NO_CHILD: Errno = Errno(10);
    const AT_ONCE_ALL: usize = 0x4000_0001;
    loop {
        match call(61, [usize::MAX, 0, AT_ONCE_ALL, 0, 0, 0]) {
            Ok(1..) | Err(EINTR) => {}
            answer => return answer == Err(NO_CHILD),
        }
    }
}

pub(crate) const KILL: usize = 9;

pub(crate) fn kill(pid: i32) {
    // One that has ended can't be killed.
    _ = call(62, [pid as usize, KILL, 0, 0, 0, 0]);
}

/// Sends a signal; 0 only asks whether it may.
pub(crate) fn signal(pid: i32, signal: usize) -> Result<usize> {
    call(62, [pid as usize, signal, 0, 0, 0, 0])
}

pub(crate) fn parent() -> i32 {
    call(110, [0; 6]).unwrap_or(0) as i32
}

pub(crate) fn own_number() -> i32 {
    call(39, [0; 6]).unwrap_or(0) as i32
}

/// Gives the numbers of this process's children, as far as the kernel lists them.
pub(crate) fn children(give: &mut dyn FnMut(i32)) {
    let mut path = *b"/proc/self/task/0000000000/children\0";
    let mut digits = [0; 10];
    let (mut rest, mut count) = (own_number(), 0);
    while rest > 0 && count < digits.len() {
        digits[count] = b'0' + (rest % 10) as u8;
        (rest, count) = (rest / 10, count + 1);
    }
    for (to, digit) in path[16..].iter_mut().zip(digits[..count].iter().rev()) {
        *to = *digit;
    }
    path.copy_within(26.., 16 + count);
    let Ok(path) = CStr::from_bytes_until_nul(&path) else { return };
    let Ok(list) = open(HERE, path, 0) else { return };
    let (mut bytes, mut at, mut number) = ([0_u8; 512], 0, 0);
    while let Ok(length @ 1..) = read_at(list, &mut bytes, at) {
        for byte in &bytes[..length] {
            match byte {
                b'0'..=b'9' => number = number * 10 + i32::from(byte - b'0'),
                _ => {
                    // 0 would be all of this process's group.
                    if number > 0 {
                        give(number);
                    }
                    number = 0;
                }
            }
        }
        at += length;
    }
    close(list);
}

pub(crate) fn exit(code: i32) -> ! {
    loop {
        _ = call(231, [code as usize, 0, 0, 0, 0, 0]);
    }
}

pub(crate) fn exec(program: &CStr, args: &[*const u8], environment: &[*const u8]) -> Errno {
    // Both lists end with a null, which is what the kernel goes by.
    if args.last() != Some(&null()) || environment.last() != Some(&null()) {
        return EINVAL;
    }
    let came = call(59, [of(program), args.as_ptr() as usize, environment.as_ptr() as usize, 0, 0, 0]);
    came.err().unwrap_or(EINVAL)
}

/// Waits until a child has ended or the other side of a socket is gone, or only looks. Says whether it is gone.
pub(crate) fn is_gone(socket: Fd, child: Fd, waits: bool) -> bool {
    const CAN_BE_READ: u32 = 1;
    const ENDS: u32 = 0x2000;
    const GONE: u32 = ENDS | 0x10 | 0x08;
    // For each the handle, what is asked for, and in the upper half what came.
    let mut watched = [socket.0 as u32, ENDS, child.0 as u32, CAN_BE_READ];
    let most = if waits { usize::MAX } else { 0 };
    loop {
        match call(7, [(&raw mut watched) as usize, 2, most, 0, 0, 0]) {
            Ok(_) => return watched[1] >> 16 & GONE != 0,
            Err(EINTR) => {}
            // One that can't be watched any more is as good as gone.
            Err(_) => return true,
        }
    }
}

/// Waits until one of two can be read, or is at its end.
pub(crate) fn wait_for_any(one: Fd, other: Fd) {
    const CAN_BE_READ: u32 = 1;
    let mut watched = [one.0 as u32, CAN_BE_READ, other.0 as u32, CAN_BE_READ];
    while call(7, [(&raw mut watched) as usize, 2, usize::MAX, 0, 0, 0]) == Err(EINTR) {}
}

/// Waits until a child has ended, the other side of a socket is gone, or something came by another. Says whether it is that.
pub(crate) fn is_asked(socket: Fd, child: Fd, asked: Fd) -> bool {
    const CAN_BE_READ: u32 = 1;
    const ENDS: u32 = 0x2000;
    let mut watched = [socket.0 as u32, ENDS, child.0 as u32, CAN_BE_READ, asked.0 as u32, CAN_BE_READ];
    loop {
        match call(7, [(&raw mut watched) as usize, 3, usize::MAX, 0, 0, 0]) {
            Ok(_) => return watched[1] >> 16 == 0 && watched[3] >> 16 == 0,
            Err(EINTR) => {}
            Err(_) => return false,
        }
    }
}

/// Receives a message and its handles. Gives the bytes that it has and how many handles there were; none if the other side is gone.
pub(crate) fn receive(socket: Fd, message: &mut [u8], handles: &mut [Fd; 8]) -> Result<Option<(usize, usize)>> {
    const CLOSED_THEN: usize = 0x4000_0000;
    let mut control = [0_u64; 8];
    let mut piece = [message.as_mut_ptr() as usize, message.len()];
    let mut header = [0_usize; 7];
    (header[2], header[3]) = ((&raw mut piece) as usize, 1);
    (header[4], header[5]) = ((&raw mut control) as usize, size_of_val(&control));
    let length = call(47, [socket.0 as usize, (&raw mut header) as usize, CLOSED_THEN, 0, 0, 0])?;
    if length == 0 {
        return Ok(None);
    }
    // The length of the control message, its level and type, then the handles.
    let count = if header[5] < 16 { 0 } else { (control[0] as usize).saturating_sub(16) / 4 };
    for (n, handle) in handles.iter_mut().enumerate().take(count) {
        *handle = Fd((control[2 + n / 2] >> (32 * (n % 2))) as u32 as i32);
    }
    Ok(Some((length, count.min(handles.len()))))
}

/// Sends over a socket, with a handle.
pub(crate) fn send_with(socket: Fd, bytes: &[u8], handle: Fd) -> Result<usize> {
    const NO_SIGNAL: usize = 0x4000;
    const RIGHTS: u64 = 1 << 32 | 1;
    // The length of the control message, its level and type, then the handle.
    let control = [20_u64, RIGHTS, handle.0 as u32 as u64];
    let piece = [bytes.as_ptr() as usize, bytes.len()];
    let mut header = [0_usize; 7];
    (header[2], header[3]) = ((&raw const piece) as usize, 1);
    (header[4], header[5]) = ((&raw const control) as usize, size_of_val(&control));
    call(46, [socket.0 as usize, (&raw const header) as usize, NO_SIGNAL, 0, 0, 0])
}

/// Takes the loopback of this process's network into use.
pub(crate) fn raise_loopback() -> Result<()> {
    const SET_FLAGS: usize = 0x8914;
    const UP: u8 = 1;
    let socket = tcp()?;
    // The interface's name, 16 bytes, then its flags.
    let mut request = [0_u8; 40];
    request[..2].copy_from_slice(b"lo");
    request[16] = UP;
    let set = call(16, [socket.0 as usize, SET_FLAGS, (&raw const request) as usize, 0, 0, 0]);
    close(socket);
    set.map(drop)
}

/// Makes the terminal at handle 0 this session's own.
pub(crate) fn take_terminal() -> Result<()> {
    const SET_CONTROLLING: usize = 0x540e;
    call(16, [0, SET_CONTROLLING, 0, 0, 0, 0]).map(drop)
}

/// Listens on a port of the loopback.
pub(crate) fn listen(port: u16) -> Result<Fd> {
    const FAMILY: [u8; 2] = 2_u16.to_ne_bytes();
    const WAITING: usize = 128;
    let socket = tcp()?;
    let [high, low] = port.to_be_bytes();
    let address = [FAMILY[0], FAMILY[1], high, low, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    call(49, [socket.0 as usize, address.as_ptr() as usize, address.len(), 0, 0, 0])?;
    call(50, [socket.0 as usize, WAITING, 0, 0, 0, 0])?;
    Ok(socket)
}

fn tcp() -> Result<Fd> {
    const INTERNET: usize = 2;
    const STREAM: usize = 1;
    fd(call(41, [INTERNET, STREAM | CLOSED_ON_EXEC, 0, 0, 0, 0]))
}

/// Makes a handle another's number, which stays open for what is executed.
pub(crate) fn make_it(it: Fd, number: i32) -> Result<usize> {
    call(33, [it.0 as usize, number as usize, 0, 0, 0, 0])
}

/// Closes every handle from a number on.
pub(crate) fn close_all(from: u32) -> Result<usize> {
    call(436, [from as usize, u32::MAX as usize, 0, 0, 0, 0])
}

/// Sends over a socket; that the other side is gone is an error and no signal.
pub(crate) fn send(socket: Fd, bytes: &[u8]) -> Result<usize> {
    const NO_SIGNAL: usize = 0x4000;
    call(44, [socket.0 as usize, bytes.as_ptr() as usize, bytes.len(), NO_SIGNAL, 0, 0])
}

/// Has every handle from a number on closed by whatever is executed.
pub(crate) fn close_on_exec(from: u32) -> Result<usize> {
    call(436, [from as usize, u32::MAX as usize, 4, 0, 0, 0])
}

pub(crate) fn lead_session() -> Result<usize> {
    call(112, [0; 6])
}

pub(crate) fn limit(resource: u32, most: u64) -> Result<usize> {
    let value = [most, most];
    call(302, [0, resource as usize, (&raw const value) as usize, 0, 0, 0])
}

/// Sets a trait of this process for good.
pub(crate) fn control(what: usize, value: usize) -> Result<usize> {
    call(157, [what, value, 0, 0, 0, 0])
}

pub(crate) const DIE_WITH_PARENT: usize = 1;
pub(crate) const REAPS: usize = 36;
pub(crate) const DUMPABLE: usize = 4;
pub(crate) const BOUNDING_DROP: usize = 24;
pub(crate) const SECURE_BITS: usize = 28;
pub(crate) const NO_NEW_PRIVILEGES: usize = 38;
pub(crate) const AMBIENT: usize = 47;

/// Gives up every capability.
pub(crate) fn drop_capabilities() -> Result<usize> {
    const VERSION: u64 = 0x2008_0522;
    let (header, none) = ([VERSION], [0_u32; 6]);
    call(126, [(&raw const header) as usize, (&raw const none) as usize, 0, 0, 0, 0])
}

/// Has the kernel forget each child when it ends.
pub(crate) fn forget_children() {
    const ENDED: usize = 17;
    const IGNORED: u64 = 1;
    let ignored = [IGNORED, 0, 0, 0];
    _ = call(13, [ENDED, (&raw const ignored) as usize, 0, 8, 0, 0]);
}

/// Lets each signal do what it does by itself, and blocks none.
pub(crate) fn reset_signals() {
    const SET_MASK: usize = 2;
    let (usual, none) = ([0_u64; 4], [0_u64; 1]);
    for signal in 1..=64 {
        // Two of them can't be set.
        _ = call(13, [signal, (&raw const usual) as usize, 0, 8, 0, 0]);
    }
    _ = call(14, [SET_MASK, (&raw const none) as usize, 0, 8, 0, 0]);
}

/// Puts a filter of system calls, in the kernel's own form, on this process for good.
pub(crate) fn filter(program: &[u8]) -> Result<usize> {
    const FILTER: usize = 1;
    let count = program.len() / 8;
    let program = [count, program.as_ptr() as usize];
    call(317, [FILTER, 0, (&raw const program) as usize, 0, 0, 0])
}

/// Gives the version of Landlock that the kernel has.
pub(crate) fn landlock() -> Result<usize> {
    const WHICH: usize = 1;
    call(444, [0, 0, WHICH, 0, 0, 0])
}

/// Makes a ruleset that handles these kinds of access.
pub(crate) fn ruleset(files: u64, network: u64, scopes: u64) -> Result<Fd> {
    let kinds = [files, network, scopes];
    // An older kernel knows less; what it does not know was not asked of it, and it is not told.
    let size = if scopes != 0 { 24 } else if network != 0 { 16 } else { 8 };
    fd(call(444, [(&raw const kinds) as usize, size, 0, 0, 0, 0]))
}

pub(crate) fn allow_below(rules: Fd, access: u64, folder: Fd) -> Result<usize> {
    const BELOW: usize = 1;
    let mut rule = [0_u8; 12];
    rule[..8].copy_from_slice(&access.to_ne_bytes());
    rule[8..].copy_from_slice(&folder.0.to_ne_bytes());
    call(445, [rules.0 as usize, BELOW, rule.as_ptr() as usize, 0, 0, 0])
}

pub(crate) fn restrict(rules: Fd) -> Result<usize> {
    call(446, [rules.0 as usize, 0, 0, 0, 0, 0])
}

/// Gives room for a plan and an order. It is given once.
pub(crate) fn room() -> &'static mut [u8] {
    static mut ROOM: [u8; 2 * crate::MOST] = [0; 2 * crate::MOST];
    let room = &raw mut ROOM;
    // SAFETY: there is one thread, and its start is the one caller.
    unsafe { &mut *room }
}

/// Gives room for the lists of words that a program gets. It is given once.
pub(crate) fn lists() -> &'static mut [*const u8] {
    static mut LISTS: [*const u8; crate::WORDS] = [null(); crate::WORDS];
    let lists = &raw mut LISTS;
    // SAFETY: as above; the last step is the one caller.
    unsafe { &mut *lists }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(101)
}

/// What the compiler calls to copy, fill and compare. It must find them by name, since there is no C library.
mod memory {
    use core::arch::asm;

    // SAFETY of all: the compiler calls them as the C standard says, with memory of the length that it gives.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
        // SAFETY: see above.
        unsafe { asm!("rep movsb", inout("rcx") count => _, inout("rdi") to => _, inout("rsi") from => _, options(nostack)) };
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
        if (to as usize).wrapping_sub(from as usize) >= count {
            // SAFETY: see above; the copy forward reads nothing that it wrote.
            return unsafe { memcpy(to, from, count) };
        }
        // SAFETY: see above; from the end on, for the same reason.
        unsafe {
            asm!("std", "rep movsb", "cld", inout("rcx") count => _, inout("rdi") to.add(count).sub(1) => _,
                inout("rsi") from.add(count).sub(1) => _, options(nostack));
        }
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memset(to: *mut u8, byte: i32, count: usize) -> *mut u8 {
        // SAFETY: see above.
        unsafe { asm!("rep stosb", inout("rcx") count => _, inout("rdi") to => _, in("al") byte as u8, options(nostack)) };
        to
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memcmp(a: *const u8, b: *const u8, count: usize) -> i32 {
        for n in 0..count {
            // SAFETY: see above.
            let (a, b) = unsafe { (a.add(n).read_volatile(), b.add(n).read_volatile()) };
            if a != b {
                return i32::from(a) - i32::from(b);
            }
        }
        0
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn bcmp(a: *const u8, b: *const u8, count: usize) -> i32 {
        // SAFETY: see above.
        unsafe { memcmp(a, b, count) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn strlen(text: *const u8) -> usize {
        let mut length = 0;
        // SAFETY: see above; it ends with a null.
        while unsafe { text.add(length).read_volatile() } != 0 {
            length += 1;
        }
        length
    }
}

/// The tables for unwinding name it; nothing here unwinds.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

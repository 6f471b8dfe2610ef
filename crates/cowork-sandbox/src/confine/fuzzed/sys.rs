//! The helper's system calls, where it is tried how it reads: none is made. What each would have been given is written down.

use std::{cell::RefCell, ffi::CStr};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Errno(pub(crate) i32);

pub(crate) type Result<T> = core::result::Result<T, Errno>;

#[derive(Clone, Copy)]
pub(crate) struct Fd(pub(crate) i32);

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) user: u64,
    pub(crate) system: u64,
    pub(crate) memory: u64,
}

pub(crate) const HERE: Fd = Fd(-100);
pub(crate) const ENOENT: Errno = Errno(2);
pub(crate) const EINVAL: Errno = Errno(22);
pub(crate) const ESTALE: Errno = Errno(116);
pub(crate) const WRITE: usize = 1;
pub(crate) const READ_ONLY: u64 = 1;
pub(crate) const NO_SUID: u64 = 2;
pub(crate) const NO_DEVICES: u64 = 4;
pub(crate) const DUMPABLE: usize = 4;
pub(crate) const BOUNDING_DROP: usize = 24;
pub(crate) const SECURE_BITS: usize = 28;
pub(crate) const NO_NEW_PRIVILEGES: usize = 38;
pub(crate) const AMBIENT: usize = 47;

/// What was to be executed: its program, and where its words and those of its environment lie.
pub(super) struct Executed {
    pub(super) program: Vec<u8>,
    pub(super) args: Vec<usize>,
    pub(super) environment: Vec<usize>,
}

/// What is written down on this thread.
#[derive(Default)]
pub(super) struct Done {
    pub(super) calls: Vec<String>,
    pub(super) executed: Vec<Executed>,
    /// What is found at whichever path: its disk and its number.
    pub(super) found: (u64, u64),
}

thread_local! {
    static DONE: RefCell<Done> = RefCell::default();
}

/// Gives what was done since this was called last, and has this be found at every path from now on.
pub(super) fn take(found: (u64, u64)) -> Done {
    DONE.replace(Done { found, ..Done::default() })
}

pub(super) fn note(call: String) -> Result<usize> {
    DONE.with_borrow_mut(|done| done.calls.push(call));
    Ok(0)
}

fn with(name: &str, texts: &[&CStr], numbers: &[u64]) -> Result<usize> {
    note(super::call(name, &texts.iter().map(|text| text.to_bytes()).collect::<Vec<_>>(), numbers))
}

fn opened(name: &str, path: &CStr) -> Result<Fd> {
    with(name, &[path], &[]).map(|_| Fd(3))
}

pub(crate) fn open(_: Fd, path: &CStr, _: usize) -> Result<Fd> {
    opened("open", path)
}

pub(crate) fn create(_: Fd, path: &CStr, mode: u32) -> Result<Fd> {
    with("create", &[path], &[mode.into()]).map(|_| Fd(3))
}

pub(crate) fn point(path: &CStr) -> Result<Fd> {
    opened("point", path)
}

pub(crate) fn identity(_: Fd) -> Result<(u64, u64)> {
    Ok(DONE.with_borrow(|done| done.found))
}

pub(crate) fn write(_: Fd, bytes: &[u8]) -> Result<usize> {
    note(super::call("write", &[bytes], &[])).map(|_| bytes.len())
}

pub(crate) fn close(_: Fd) {}

pub(crate) fn make_folder(_: Fd, path: &CStr, mode: u32) -> Result<usize> {
    with("folder", &[path], &[mode.into()])
}

pub(crate) fn make_link(to: &CStr, _: Fd, path: &CStr) -> Result<usize> {
    with("link", &[to, path], &[])
}

pub(crate) fn enter(_: Fd) -> Result<usize> {
    with("enter", &[], &[])
}

pub(crate) fn enter_path(path: &CStr) -> Result<usize> {
    with("enter", &[path], &[])
}

pub(crate) fn part_mounts() -> Result<usize> {
    Ok(0)
}

pub(crate) fn new_mount(kind: &CStr, settings: &[(&CStr, &CStr)], attributes: usize) -> Result<Fd> {
    let texts: Vec<&CStr> = [kind].into_iter().chain(settings.iter().flat_map(|(key, value)| [*key, *value])).collect();
    with("mount", &texts, &[attributes as u64]).map(|_| Fd(3))
}

pub(crate) fn copy_mount(_: Fd) -> Result<Fd> {
    Ok(Fd(3))
}

pub(crate) fn restrict_mount(_: Fd, path: &CStr, attributes: u64, all: bool) -> Result<usize> {
    with("never", &[path], &[attributes, all.into()])
}

pub(crate) fn put_mount(_: Fd, _: Fd, path: &CStr) -> Result<usize> {
    with("put", &[path], &[])
}

pub(crate) fn change_root() -> Result<()> {
    Ok(())
}

pub(crate) fn detach(path: &CStr) -> Result<usize> {
    with("detach", &[path], &[])
}

pub(crate) fn name_host(name: &CStr) -> Result<usize> {
    with("name", &[name], &[])
}

pub(crate) const NETWORK: usize = 0x4000_0000;

pub(crate) fn leave(what: usize) -> Result<usize> {
    with("leave", &[], &[what as u64])
}

pub(crate) fn limit(resource: u32, most: u64) -> Result<usize> {
    with("limit", &[], &[resource.into(), most])
}

pub(crate) fn control(_: usize, _: usize) -> Result<usize> {
    Ok(0)
}

pub(crate) fn drop_capabilities() -> Result<usize> {
    Ok(0)
}

pub(crate) fn filter(program: &[u8]) -> Result<usize> {
    note(super::call("filter", &[program], &[]))
}

pub(crate) fn landlock() -> Result<usize> {
    with("ask", &[], &[])
}

pub(crate) fn ruleset(files: u64, network: u64, scopes: u64) -> Result<Fd> {
    with("rules", &[], &[files, network, scopes]).map(|_| Fd(3))
}

pub(crate) fn allow_below(_: Fd, access: u64, _: Fd) -> Result<usize> {
    with("allow", &[], &[access])
}

pub(crate) fn restrict(_: Fd) -> Result<usize> {
    with("restrict", &[], &[])
}

pub(crate) fn make_it(_: Fd, _: i32) -> Result<usize> {
    Ok(0)
}

pub(crate) fn close_on_exec(_: u32) -> Result<usize> {
    Ok(0)
}

pub(crate) fn take_terminal() -> Result<()> {
    with("terminal", &[], &[]).map(drop)
}

pub(super) fn listen(port: u64) {
    _ = with("listen", &[], &[port]);
}

/// Finds no program, so that the next is tried.
pub(crate) fn exec(program: &CStr, args: &[*const u8], environment: &[*const u8]) -> Errno {
    let at = |list: &[*const u8]| list.iter().map(|word| word.addr()).collect();
    let executed = Executed { program: program.to_bytes().to_vec(), args: at(args), environment: at(environment) };
    DONE.with_borrow_mut(|done| done.executed.push(executed));
    ENOENT
}

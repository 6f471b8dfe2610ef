//! The helper that confines commands: it does, one after the other, the steps that its host has worked out, and decides nothing.
//!
//! It is a program of its own, small and without a C library, because a process of many threads must not make namespaces for a child:
//! here there is one thread and nothing that was inherited. There are up to five of it at a time:
//!
//! - the *first* waits for its host to want a world, which is a socket that comes over its handle 0. It forks, and ends when its host does;
//! - the *world* makes the part that the commands of one policy have in common, users and a root, once. It then waits for its host to want
//!   a command run, forks, makes what the next one will have alone, and ends when its host lets go of its socket;
//! - the *keeper* of one command stays outside. What runs inside dies with it, and it dies when the host lets go of the socket;
//! - the *root process* of a new list of processes adds what is the command's own. Whatever the command leaves behind becomes its child, and
//!   ends with it;
//! - the *command's process* begins once its world is there. It gives up what it may do, and waits for its order: what to execute, with
//!   which streams.
//!
//! That is so where this user may make namespaces. Where not: `lower`.
//!
//! To the host goes one message: how the command ended, or which step failed, and why.
#![no_std]
#![no_main]
#![no_builtins]

mod lower;
mod plan;
mod steps;
mod sys;
mod told;

use core::ffi::CStr;

use plan::Plan;
use sys::{Errno, Fd, HERE, Result};
use told::{ALONE, BEGUN, END, LISTENS, NO_WORLD, Told};

/// The most bytes that a plan may have.
const MOST: usize = 1 << 20;

/// The most bytes of a path.
const PATH: usize = 4_096;

/// The most words that a command and its environment may have together.
const WORDS: usize = 16_384;

/// The socket to the host.
const HOST: Fd = Fd(0);

/// The number of a step that stands for the command itself: it could not be executed.
const LAST: u32 = u32::MAX;

/// The number of a step that stands for the limits of its control groups: they could not be joined.
const JOINING: u32 = u32::MAX - 1;

/// New namespaces of a world: mounts, host name, users.
const WORLD: usize = 0x0002_0000 | 0x0400_0000 | 0x1000_0000;

/// New namespaces of a command besides: mounts and messages; and, once it begins, processes.
const COMMAND: usize = sys::MOUNTS | 0x0800_0000;
const PROCESSES: usize = 0x2000_0000;

/// Begins as what its words say, by their number.
fn main(words: usize) -> ! {
    match words {
        2 => lower::first(),
        3 => lower::inner(),
        _ => first(),
    }
}

/// Leaves behind what came with the host.
fn begin_apart() {
    // Whatever the host had open is none of ours.
    _ = sys::close_all(3);
    // What a person types to the host's terminal is the host's.
    _ = sys::lead_session();
    sys::forget_children();
}

fn first() -> ! {
    begin_apart();
    let room = sys::room();
    loop {
        let (socket, _) = wanted();
        match sys::fork(WORLD) {
            Ok((0, _)) => {
                take_place(socket);
                world(room)
            }
            Ok((_, end)) => sys::close(end),
            Err(errno) => tell(socket, &Told { about: NO_WORLD, ..Told::failed(1, errno) }),
        }
        sys::close(socket);
    }
}

/// Waits until the host wants one more, and gives the socket to it, with another by which that is asked for something while it runs. Ends
/// with the host.
fn wanted() -> (Fd, Fd) {
    loop {
        let mut handles = [Fd(-1); 8];
        match sys::receive(HOST, &mut [0], &mut handles) {
            Ok(Some((_, 1 | 2))) => return (handles[0], handles[1]),
            Ok(Some(_)) | Err(sys::EINTR) => {}
            _ => sys::exit(0),
        }
    }
}

/// Has this process speak with the host by a socket of its own.
fn take_place(socket: Fd) {
    _ = sys::make_it(socket, HOST.0);
    sys::close(socket);
}

/// Makes what commands have in common, then one of them after the other.
fn world(room: &'static mut [u8]) -> ! {
    let made = make(room);
    let another = || made.and_then(|(plan, mounts)| make_another(plan, mounts));
    let mut ready = another();
    loop {
        let (socket, asked) = wanted();
        let begun = ready.and_then(|()| {
            let [under_way, teller] = sys::pipe().map_err(|errno| (1, errno))?;
            let forked = sys::fork(0).inspect_err(|_| [under_way, teller].iter().for_each(|it| sys::close(*it)));
            Ok((under_way, teller, forked.map_err(|errno| (1, errno))?))
        });
        match begun {
            Err((step, errno)) => tell(socket, &Told { about: NO_WORLD, ..Told::failed(step, errno) }),
            Ok((under_way, teller, (0, _))) => {
                sys::reset_signals();
                sys::close(under_way);
                take_place(socket);
                keep(room, teller, asked)
            }
            Ok((under_way, teller, (_, end))) => {
                [end, teller].iter().for_each(|it| sys::close(*it));
                // Two that change mounts at once hold one another up: the next waits, unless it is wanted now.
                sys::wait_for_any(under_way, HOST);
                sys::close(under_way);
            }
        }
        [socket, asked].iter().for_each(|it| sys::close(*it));
        ready = another();
    }
}

/// Makes what commands have in common. Gives the plan, and the mounts.
fn make(room: &mut [u8]) -> core::result::Result<(Plan<'_>, Fd), (u32, Errno)> {
    let (plan, groups) = match next(&mut room[..MOST]) {
        Ok(Some(came)) => came,
        Ok(None) => sys::exit(0),
        Err(errno) => return Err((1, errno)),
    };
    // Once for all its commands, which are born in them: to move takes the kernel some milliseconds.
    join(groups).map_err(|errno| (JOINING, errno))?;
    let itself = sys::open(HERE, c"/proc/self/ns/mnt", 0).map_err(|errno| (1, errno))?;
    let mut world = steps::World::default();
    let common = plan.numbered().take_while(|(_, step)| step.as_ref().map_or(true, |step| !step.is_each()));
    for (number, step) in common {
        step.and_then(|step| world.take(step)).map_err(|errno| (number, errno))?;
    }
    Ok((plan, itself))
}

/// Takes this process to where the next command will be born: to mounts of its own, as they are for all, and to messages of its own. They
/// take the kernel some time, so they are made while no one waits for them.
fn make_another(plan: Plan<'_>, mounts: Fd) -> core::result::Result<(), (u32, Errno)> {
    let mut world = steps::World::default();
    let own = plan.numbered().skip_while(|(_, step)| step.as_ref().is_ok_and(|step| !step.is_each()));
    for (number, step) in own {
        let taken = step.and_then(|step| match step.is_each() {
            true => sys::join(mounts, sys::MOUNTS).and_then(|_| sys::leave(COMMAND)).map(drop),
            false => world.take(step),
        });
        taken.map_err(|errno| (number, errno))?;
    }
    Ok(())
}

/// Keeps one command. What it is given is closed once the command needs no more but its order.
fn keep(room: &'static mut [u8], under_way: Fd, mut asked: Fd) -> ! {
    let (child, end) = match sys::fork(PROCESSES) {
        Ok((0, _)) => {
            sys::close(asked);
            inside(room, under_way)
        }
        Ok(child) => child,
        Err(errno) => failed(HOST, 1, errno),
    };
    sys::close(under_way);
    // With the process itself: when that has ended, so has all that was in it, and the host need not wait for this one to say so. A host
    // that is gone needs no answer.
    _ = sys::send_with(HOST, &Told { about: BEGUN, status: child, ..Told::default() }.message(), end);
    while sys::is_asked(HOST, end, asked) {
        asked = renew(asked, &mut room[..PATH]);
    }
    if sys::is_gone(HOST, end, true) {
        sys::kill(child);
    }
    while sys::wait() == Err(sys::EINTR) {}
    // Now the host hears that nothing is left. The mounts end with this process, which it need not wait for.
    sys::close(HOST);
    sys::exit(0)
}

/// Has what is laid over a folder be seen as it is: others work in the folder meanwhile, which the kernel does not look for.
fn renew(asked: Fd, room: &mut [u8]) -> Fd {
    let path = match sys::read(asked, room) {
        Ok(0) => {
            sys::close(asked);
            return Fd(-1);
        }
        Ok(length) => CStr::from_bytes_with_nul(&room[..length]).map_err(|_| sys::EINVAL),
        Err(errno) => Err(errno),
    };
    let Errno(errno) = path.and_then(sys::renew_mount).err().unwrap_or(Errno(0));
    _ = sys::send(asked, &errno.to_le_bytes());
    asked
}

/// The root process of the new namespaces.
fn inside(room: &'static mut [u8], under_way: Fd) -> ! {
    _ = sys::control(sys::DIE_WITH_PARENT, sys::KILL);
    // A keeper that ended before that did so because the host is gone.
    if sys::is_gone(HOST, Fd(-1), false) {
        sys::exit(0);
    }
    let (room, order) = room.split_at_mut(MOST);
    let plan = match next(room) {
        Ok(Some((plan, _))) => plan,
        Ok(None) => sys::exit(0),
        Err(errno) => failed(HOST, 1, errno),
    };
    let mut world = steps::World::default();
    for (number, step) in plan.numbered() {
        let taken = step.and_then(|step| if step.is_inside() { Ok(()) } else { world.take(step) });
        if let Err(errno) = taken {
            failed(HOST, number, errno);
        }
    }
    // It is without privileges before there is a command, so that neither has any.
    match world.close().and_then(|()| sys::fork(0)) {
        Ok((0, _)) => become_command(plan, order, under_way),
        Ok((command, itself)) => {
            [itself, under_way].iter().for_each(|it| sys::close(*it));
            ended(command)
        }
        Err(errno) => failed(HOST, LAST, errno),
    }
}

/// Listens on a port of the loopback, for the host to accept from.
pub(crate) fn listen(port: u64) -> Result<()> {
    sys::raise_loopback()?;
    let socket = sys::listen(u16::try_from(port).map_err(|_| sys::EINVAL)?)?;
    sys::send_with(HOST, &Told { about: LISTENS, ..Told::default() }.message(), socket)?;
    sys::close(socket);
    Ok(())
}

/// Takes this process into the control groups whose lists these are, and makes them all that is seen of such.
fn join(groups: [Fd; 8]) -> Result<()> {
    join_lists(groups)?;
    sys::leave(sys::GROUPS).map(drop)
}

fn join_lists(groups: [Fd; 8]) -> Result<()> {
    for group in groups.iter().skip(1).take_while(|group| group.0 >= 0) {
        sys::write(*group, b"0")?;
        sys::close(*group);
    }
    Ok(())
}

/// The command's process: it gives up what it may do, then waits for its order.
fn become_command(plan: Plan<'_>, order: &mut [u8], under_way: Fd) -> ! {
    let mut part = steps::Part::default();
    for (number, step) in plan.numbered() {
        match step.and_then(|step| if step.is_inside() { part.take(step) } else { Ok(()) }) {
            Ok(()) => {}
            Err(errno) => failed(HOST, number, errno),
        }
    }
    // Nothing that a host has to wait for then.
    if let Err(errno) = sys::lead_session() {
        failed(HOST, LAST, errno);
    }
    sys::close(under_way);
    // From here on it has given up all that it had: it may wait as long as the host wants.
    match next(order) {
        Ok(Some((mut order, handles))) => {
            let step = order.next().unwrap_or(Err(sys::EINVAL));
            let (host, why) = steps::start(step, &handles, sys::lists());
            failed(host, LAST, why)
        }
        Ok(None) => sys::exit(0),
        Err(errno) => failed(HOST, LAST, errno),
    }
}

/// Waits for a plan. Gives it with the handles that came along, from the second place on; none if the host is gone.
fn next(room: &mut [u8]) -> Result<Option<(Plan<'_>, [Fd; 8])>> {
    let mut handles = [Fd(-1); 8];
    let came = loop {
        match sys::receive(HOST, room, &mut handles) {
            Err(sys::EINTR) => {}
            came => break came?,
        }
    };
    match came {
        // A short one is the message itself, behind its first byte.
        Some((length, _)) if room.first() == Some(&b's') => {
            handles.rotate_right(1);
            return Ok(Some((Plan::new(&room[1..length]), handles)));
        }
        Some((_, 1..)) => {}
        _ => return Ok(None),
    }
    let mut length = 0;
    loop {
        match sys::read_at(handles[0], &mut room[length..], length)? {
            0 => break,
            n => length += n,
        }
    }
    sys::close(handles[0]);
    Ok(Some((Plan::new(&room[..length]), handles)))
}

/// Waits for the command, and for whatever was left to this process; says how the command ended. What it left behind ends now.
fn ended(command: i32) -> ! {
    loop {
        match sys::wait() {
            Ok((pid, status, used)) if pid == command => {
                // A host that hears of this need not wait for this process's own end.
                let about = if sys::is_childless() { ALONE } else { END };
                tell(HOST, &Told { about, status, used, ..Told::default() });
                // The kernel may have put the host behind this process, whose end takes some time.
                sys::give_way();
                sys::exit(0);
            }
            Ok(_) | Err(sys::EINTR) => {}
            Err(errno) => failed(HOST, LAST, errno),
        }
    }
}

/// Answers with a number, as if a command had ended with it, and ends.
fn answer(number: usize) -> ! {
    tell(HOST, &Told { status: (number as i32) << 8, ..Told::default() });
    sys::exit(0)
}

/// Says which step failed, and why, and ends.
fn failed(host: Fd, step: u32, errno: Errno) -> ! {
    tell(host, &Told::failed(step, errno));
    sys::exit(1)
}

fn tell(host: Fd, told: &Told) {
    // A host that is gone needs no answer.
    _ = sys::send(host, &told.message());
}

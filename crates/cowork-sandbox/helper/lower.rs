//! Where no namespaces can be made here: bubblewrap makes them, or there are none.
//!
//! The *first*, the *world* and the *keeper* stay outside of all namespaces then; the world only has a control group in common for its
//! commands. A keeper is told by its plan what it starts:
//!
//! - bubblewrap, which makes namespaces and mounts, and executes this program again as the root process in them. That one gets a plan of
//!   its own, for what bubblewrap does not do. It dies with bubblewrap, which dies with the keeper;
//! - or the command's process itself. All that it starts is left to the keeper, which ends it. For that the keeper is under rules of
//!   Landlock by which it can send a signal to what it started, and to nobody else.

use core::ptr::null;

use crate::{
    HOST, JOINING, LAST, MOST, become_command, ended, failed, join_lists, next,
    plan::{Plan, Step},
    steps::{self, Part, World},
    sys::{self, EINVAL, Errno, Fd, Result},
    take_place, tell,
    told::{BEGUN, END, LISTENS, NO_WORLD, Told},
    wanted,
};

/// The number of a step that stands for what the keeper starts.
const STARTING: u32 = u32::MAX - 3;

/// The step by which a keeper starts another program.
const THROUGH: u8 = 31;
/// The step by which it goes to mounts of its own.
const PART: u8 = 32;
/// The step that listens.
const LISTEN: u8 = 20;

/// From which number on a program that the keeper starts has its handles.
const HANDLES: i32 = 10;

/// The first process, which makes one for each world.
pub(crate) fn first() -> ! {
    crate::begin_apart();
    let room = sys::room();
    loop {
        let (socket, _) = wanted();
        match sys::fork(0) {
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

fn world(room: &'static mut [u8]) -> ! {
    let joined = match next(&mut room[..MOST]) {
        Ok(Some((_, groups))) => join_lists(groups).map_err(|errno| (JOINING, errno)),
        Ok(None) => sys::exit(0),
        Err(errno) => Err((1, errno)),
    };
    loop {
        let (socket, _) = wanted();
        match joined {
            Err((step, errno)) => tell(socket, &Told { about: NO_WORLD, ..Told::failed(step, errno) }),
            Ok(()) => match sys::fork(0) {
                Ok((0, _)) => {
                    sys::reset_signals();
                    take_place(socket);
                    keep(room)
                }
                Ok((_, end)) => sys::close(end),
                Err(errno) => tell(socket, &Told::failed(STARTING, errno)),
            },
        }
        sys::close(socket);
    }
}

/// Keeps one command.
fn keep(room: &'static mut [u8]) -> ! {
    let (plan, handles) = match next(&mut room[..MOST]) {
        Ok(Some(came)) => came,
        Ok(None) => sys::exit(0),
        Err(errno) => failed(HOST, STARTING, errno),
    };
    // Whatever loses its parent becomes this process's child.
    if let Err(errno) = sys::control(sys::REAPS, 1) {
        failed(HOST, STARTING, errno);
    }
    match plan.last() {
        Some(Ok(step)) if step.kind == THROUGH => through(plan, &handles),
        _ => match restrict(plan) {
            Ok(is_apart) => alone(is_apart, room),
            Err(errno) => failed(HOST, STARTING, errno),
        },
    }
}

/// Keeps what another program makes namespaces for.
fn through(plan: Plan<'_>, handles: &[Fd; 8]) -> ! {
    let (child, end) = match sys::fork(0) {
        Ok((0, _)) => failed(HOST, STARTING, execute(plan, handles).err().unwrap_or(EINVAL)),
        Ok(child) => child,
        Err(errno) => failed(HOST, STARTING, errno),
    };
    handles.iter().skip(1).take_while(|it| it.0 >= 0).for_each(|it| sys::close(*it));
    tell(HOST, &Told { about: BEGUN, status: child, ..Told::default() });
    if sys::is_gone(HOST, end, true) {
        sys::kill(child);
    }
    let mut last = 0;
    loop {
        match sys::wait() {
            Ok((pid, status, _)) if pid == child => last = status,
            Ok(_) | Err(sys::EINTR) => {}
            Err(_) => break,
        }
    }
    // Nobody listens any more, unless it ended without a word.
    tell(HOST, &Told { step: STARTING, status: last, about: END, ..Told::default() });
    sys::exit(0)
}

fn execute(plan: Plan<'_>, handles: &[Fd; 8]) -> Result<()> {
    let mut world = World::default();
    for step in plan {
        let step = step?;
        match step.kind {
            THROUGH => start(step, handles)?,
            PART => sys::leave(sys::MOUNTS).and_then(|_| sys::part_mounts()).map(drop)?,
            _ => world.take(step)?,
        }
    }
    Err(EINVAL)
}

fn start(step: Step<'_>, handles: &[Fd; 8]) -> Result<()> {
    for (number, handle) in (HANDLES..).zip(handles.iter().skip(1).take_while(|it| it.0 >= 0)) {
        sys::make_it(*handle, number)?;
    }
    let with = &mut { step.fields };
    let program = with.text()?;
    let lists = sys::lists();
    let count = steps::words(with, lists)?;
    Err(sys::exec(program, lists.get(..count).ok_or(EINVAL)?, &[null()]))
}

/// The root process in the namespaces that another program made.
pub(crate) fn inner() -> ! {
    _ = sys::close_all(3);
    sys::reset_signals();
    _ = sys::control(sys::DIE_WITH_PARENT, sys::KILL);
    // Whoever made them ended before that because the host is gone.
    if sys::is_gone(HOST, Fd(-1), false) {
        sys::exit(0);
    }
    let (room, order) = sys::room().split_at_mut(MOST);
    let plan = plan(room);
    make(plan);
    match steps::drop_privileges(false).and_then(|()| sys::fork(0)) {
        Ok((0, _)) => become_command(plan, order, Fd(-1)),
        Ok((command, end)) => {
            sys::close(end);
            ended(command)
        }
        Err(errno) => failed(HOST, LAST, errno),
    }
}

fn plan(room: &mut [u8]) -> Plan<'_> {
    match next(room) {
        Ok(Some((plan, _))) => plan,
        Ok(None) => sys::exit(0),
        Err(errno) => failed(HOST, 1, errno),
    }
}

/// Does what is to be done before a command's process gives up what it may do.
fn make(plan: Plan<'_>) {
    let mut world = World::default();
    for (number, step) in plan.numbered() {
        let taken = step.and_then(|step| match step.kind {
            LISTEN => listen({ step.fields }.number()?),
            _ if step.is_inside() => Ok(()),
            _ => world.take(step),
        });
        if let Err(errno) = taken {
            failed(HOST, number, errno);
        }
    }
}

/// Listens on a port of the loopback, which is in use already, for the host to accept from.
fn listen(port: u64) -> Result<()> {
    let socket = sys::listen(u16::try_from(port).map_err(|_| EINVAL)?)?;
    sys::send_with(HOST, &Told { about: LISTENS, ..Told::default() }.message(), socket)?;
    sys::close(socket);
    Ok(())
}

/// Keeps a command that has no namespaces.
fn alone(is_apart: bool, room: &mut [u8]) -> ! {
    let (child, end) = match sys::fork(0) {
        Ok((0, _)) => {
            _ = sys::control(sys::DIE_WITH_PARENT, sys::KILL);
            if sys::is_gone(HOST, Fd(-1), false) {
                sys::exit(0);
            }
            let (room, order) = room.split_at_mut(MOST);
            let plan = plan(room);
            make(plan);
            if let Err(errno) = steps::drop_privileges(false) {
                failed(HOST, LAST, errno);
            }
            become_command(plan, order, Fd(-1))
        }
        Ok(child) => child,
        Err(errno) => failed(HOST, STARTING, errno),
    };
    tell(HOST, &Told { about: BEGUN, status: sys::own_number(), ..Told::default() });
    if !sys::is_gone(HOST, end, true) {
        tell_end(child);
    }
    end_all(is_apart);
    sys::exit(0)
}

/// Tells how the command ended, which it has.
fn tell_end(command: i32) {
    loop {
        match sys::wait() {
            Ok((pid, status, used)) if pid == command => return tell(HOST, &Told { status, used, ..Told::default() }),
            Ok(_) | Err(sys::EINTR) => {}
            Err(_) => return,
        }
    }
}

/// Puts this process under the rules of its plan. Says whether it is shown that they hold signals back from who is outside: the parent
/// could be sent one before, and can't be now.
fn restrict(plan: Plan<'_>) -> Result<bool> {
    const REFUSED: Errno = Errno(1);
    let world = sys::parent();
    let could = sys::signal(world, 0).is_ok();
    sys::control(sys::NO_NEW_PRIVILEGES, 1)?;
    let mut part = Part::default();
    plan.numbered().try_for_each(|(_, step)| step.and_then(|step| part.take(step)))?;
    let can = sys::signal(world, 0) != Err(REFUSED);
    Ok(could && !can && sys::parent() == world)
}

/// Ends every process that is left to this one: all at once where a signal reaches no others, else one generation after the other.
fn end_all(is_apart: bool) {
    const EVERYBODY: i32 = -1;
    loop {
        match is_apart {
            true => sys::kill(EVERYBODY),
            false => sys::children(&mut sys::kill),
        }
        match sys::wait() {
            Ok(_) | Err(sys::EINTR) => {}
            Err(_) => return,
        }
    }
}

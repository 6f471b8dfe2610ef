//! This process: its time and chance, and its name in a lease.

use std::{
    fs,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cowork_core::{BoxFuture, Runtime, Timestamp};
use rustix::{
    io::Errno,
    process::{Pid, test_kill_process},
};
use tokio::runtime::Handle;

/// The system's clock and entropy, and a tokio runtime.
#[derive(Clone, Debug)]
pub struct TokioRuntime(Handle);

impl TokioRuntime {
    /// Runs things on this tokio runtime, which must have its timer enabled.
    pub fn new(handle: Handle) -> Self {
        Self(handle)
    }
}

impl Runtime for TokioRuntime {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn offset(&self, at: Timestamp) -> i32 {
        // A moment that the calendar does not reach has no day to begin.
        let zone = jiff::tz::TimeZone::system();
        jiff::Timestamp::from_millisecond(at.as_millis()).map_or(0, |at| zone.to_offset(at).seconds())
    }

    fn entropy(&self) -> u128 {
        uuid::Uuid::new_v4().as_u128().rotate_left(48) ^ uuid::Uuid::new_v4().as_u128()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        let _in_runtime = self.0.enter();
        Box::pin(tokio::time::sleep(duration))
    }

    fn spawn(&self, future: BoxFuture<()>) {
        drop(self.0.spawn(future));
    }
}

/// Names this process in a lease, as no other process is or was named: where its number counts, the number, its start and a
/// random part.
///
/// Two engines in one process have two names.
pub fn owner() -> String {
    let pid = std::process::id();
    let start = match life(pid) {
        Life::Since(start) => start,
        Life::Over | Life::Hidden => "?".to_owned(),
    };
    format!("{} {pid} {start} {}", place().unwrap_or_else(|| "?".to_owned()), uuid::Uuid::new_v4().simple())
}

/// Says whether the process behind an [`owner`] name is known to be dead.
///
/// What can't be known (another computer, another container, a process that is hidden from us, a system that does not
/// tell) is not dead: its lease has to run out.
pub fn is_dead(owner: &str) -> bool {
    let mut parts = owner.split(' ');
    let (Some(there), Some(pid), Some(start)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let (Some(here), Ok(pid)) = (place(), pid.parse()) else { return false };
    if here != there || start == "?" {
        return false;
    }
    match life(pid) {
        Life::Since(now) => now != start,
        Life::Over => true,
        Life::Hidden => false,
    }
}

/// What is known of a process.
enum Life {
    /// It was started then, in clock ticks since boot.
    Since(String),
    /// There is none, or it has ended and only waits to be noticed.
    Over,
    /// There is one, or may be one, that we may not look at.
    Hidden,
}

/// Gives where a process number counts: this run of this computer, and the namespace that we see.
fn place() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{}/{}", boot.trim(), space.display()))
}

fn life(pid: u32) -> Life {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        let number = i32::try_from(pid).ok().and_then(Pid::from_raw);
        return match number.map(test_kill_process) {
            Some(Err(Errno::SRCH)) => Life::Over,
            _ => Life::Hidden,
        };
    };
    // The name, in parentheses, may hold anything; what follows it does not.
    let mut fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    match (fields.next(), fields.nth(18)) {
        (Some("Z" | "X"), _) => Life::Over,
        (Some(_), Some(start)) => Life::Since(start.to_owned()),
        _ => Life::Hidden,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_to_be_dead_is_dead() {
        let mine = owner();
        assert!(!is_dead(&mine));
        let part = |at: usize| mine.split(' ').nth(at).unwrap_or_default().to_owned();
        let name = |place: &str, pid: &str, start: &str| format!("{place} {pid} {start} x");
        // Our number, started at another time: a process that was.
        assert!(is_dead(&name(&part(0), &part(1), "1")));
        let mut child = std::process::Command::new("/bin/true").spawn().unwrap();
        let gone = child.id().to_string();
        child.wait().unwrap();
        assert!(is_dead(&name(&part(0), &gone, "1")));
        for unknown in [
            name("another-boot/pid:[1]", &gone, "1"),
            name(&part(0).replace("pid:[", "pid:[9"), &gone, "1"),
            name(&part(0), &gone, "?"),
            name(&part(0), "no number", "1"),
            String::new(),
        ] {
            assert!(!is_dead(&unknown), "{unknown}");
        }
    }
}

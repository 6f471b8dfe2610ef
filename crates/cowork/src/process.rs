//! This process: its time and chance, and its name in a lease.

use std::{
    fs,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cowork_core::{BoxFuture, Runtime, Timestamp};
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

/// Names this process in a lease, as no other process is or was named: boot, pid, start and a random part.
///
/// Two engines in one process have two names.
pub fn owner() -> String {
    let pid = std::process::id();
    let start = started(pid).unwrap_or_default();
    format!("{} {pid} {start} {}", boot().unwrap_or_default(), uuid::Uuid::new_v4().simple())
}

/// Says whether the process behind an [`owner`] name is known to be dead.
///
/// What can't be known (another computer, a system that does not tell) is not dead: its lease has to run out.
pub fn is_dead(owner: &str) -> bool {
    let mut parts = owner.split(' ');
    let (Some(there), Some(pid), Some(start)) = (parts.next(), parts.next(), parts.next()) else { return false };
    let (Some(here), Ok(pid)) = (boot(), pid.parse()) else { return false };
    here == there && started(pid).as_deref() != Some(start)
}

/// Gives what tells this run of this computer from every other.
fn boot() -> Option<String> {
    Some(fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned())
}

/// Gives when a process was started, in clock ticks since boot; none for a dead one.
fn started(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything; what follows it does not.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    (state != "Z" && state != "X").then(|| fields.nth(18).map(str::to_owned)).flatten()
}

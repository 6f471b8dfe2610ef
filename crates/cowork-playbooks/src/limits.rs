//! What a program may use.

use std::time::Duration;

use monty_types::{ResourceLimits, ResourceTracker};
use serde::{Deserialize, Serialize};

/// What one playbook may use, over all of its run; past it the task ends with `LimitExceeded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Time that its program runs; waiting for tools and people does not count.
    pub time: Duration,
    /// Bytes that its program holds. Enforced in full only where the executable counts its memory: see
    /// [`PlaybookPlanner`](crate::PlaybookPlanner).
    pub memory: usize,
    /// How deep its functions may call each other.
    pub recursion: usize,
    /// How many tools it may call.
    pub calls: usize,
    /// How often it may call anything that the planner answers, `say` and `step` among them.
    pub pauses: usize,
    /// Bytes of one value that goes in or comes out, as an estimate.
    pub value: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(10),
            memory: 512 * 1024 * 1024,
            recursion: 200,
            calls: 1_000,
            pauses: 100_000,
            value: 128 * 1024 * 1024,
        }
    }
}

impl Limits {
    pub(crate) fn tracker(&self) -> ResourceTracker {
        ResourceTracker::new(
            ResourceLimits::default()
                .max_duration(self.time)
                .max_memory(self.memory)
                .max_recursion_depth(self.recursion)
                .max_suspensions(self.pauses),
        )
    }
}

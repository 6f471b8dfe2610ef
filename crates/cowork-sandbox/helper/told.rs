//! What is told to the host: one message of 40 bytes.

use super::sys::{Errno, Used};

/// The end of a command, or why there is none.
pub(crate) const END: u32 = 0;
/// A root process has begun.
pub(crate) const BEGUN: u32 = 1;
/// The world is not there.
pub(crate) const NO_WORLD: u32 = 2;
/// The way out listens; its socket comes along.
pub(crate) const LISTENS: u32 = 3;
/// The end of a command that left nothing behind.
pub(crate) const ALONE: u32 = 4;

/// What is told to the host.
#[derive(Default)]
pub(crate) struct Told {
    /// Which step failed, from 1; 0 if all were done.
    pub(crate) step: u32,
    pub(crate) errno: i32,
    /// How the command ended, as the kernel says it; or the number of its root process.
    pub(crate) status: i32,
    /// What this is about.
    pub(crate) about: u32,
    pub(crate) used: Used,
}

impl Told {
    pub(crate) fn failed(step: u32, Errno(errno): Errno) -> Self {
        Self { step, errno, about: END, ..Self::default() }
    }

    pub(crate) fn message(&self) -> [u8; 40] {
        let mut message = [0_u8; 40];
        message[..4].copy_from_slice(&self.step.to_le_bytes());
        message[4..8].copy_from_slice(&self.errno.to_le_bytes());
        message[8..12].copy_from_slice(&self.status.to_le_bytes());
        message[12..16].copy_from_slice(&self.about.to_le_bytes());
        message[16..24].copy_from_slice(&self.used.user.to_le_bytes());
        message[24..32].copy_from_slice(&self.used.system.to_le_bytes());
        message[32..].copy_from_slice(&self.used.memory.to_le_bytes());
        message
    }
}

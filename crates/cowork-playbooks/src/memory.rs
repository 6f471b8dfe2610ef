//! The interpreter's memory limit.
//!
//! The interpreter compares two counters of its own, the bytes that live now and the bytes that lived when it was armed.
//! The first counts only where the executable has `monty_alloc::LimitedAllocator` as its global allocator; without it a
//! single value that is too large is still refused, slow growth is not. The second is armed here, around each run.
//! `monty_alloc::set_limit` is not called: past its hard limit it ends the whole process.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use monty_types::{BASELINE_MEMORY, LIVE_MEMORY};

/// How many programs run at this moment. They share what grows meanwhile: together they may use one program's limit.
static RUNNING: Mutex<usize> = Mutex::new(0);

/// Counts what a program adds to the process's memory for as long as it lives.
pub(crate) struct Armed<'a> {
    own: &'a AtomicUsize,
    live_before: usize,
}

/// Arms the limit for a run of a program that holds `own` bytes already.
pub(crate) fn arm(own: &AtomicUsize) -> Armed<'_> {
    let mut running = RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let live = LIVE_MEMORY.load(Ordering::Relaxed);
    if *running == 0 {
        BASELINE_MEMORY.store(live.saturating_sub(own.load(Ordering::Relaxed)), Ordering::Relaxed);
    }
    *running += 1;
    Armed { own, live_before: live }
}

impl Drop for Armed<'_> {
    fn drop(&mut self) {
        let mut running = RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *running -= 1;
        let live = LIVE_MEMORY.load(Ordering::Relaxed);
        let own = self.own.load(Ordering::Relaxed).saturating_add(live).saturating_sub(self.live_before);
        self.own.store(own, Ordering::Relaxed);
    }
}

//! Jobs shared by threads. Each takes its own newest job first, which goes down before it goes on; one that has none takes
//! another's oldest.

use std::{
    collections::VecDeque,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

/// The jobs of a crew of threads, numbered from 0.
pub(crate) struct Queue<J> {
    own: Vec<Mutex<VecDeque<J>>>,
    /// How many jobs wait or are being done.
    open: AtomicUsize,
    stopped: AtomicBool,
    /// How many threads sleep. Read without the lock by whoever has a new job.
    asleep: AtomicUsize,
    door: Mutex<()>,
    wake: Condvar,
}

impl<J> Queue<J> {
    pub(crate) fn new(threads: usize) -> Self {
        let own = std::iter::repeat_with(Mutex::default).take(threads.max(1)).collect();
        let (open, asleep) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { own, open, asleep, stopped: AtomicBool::new(false), door: Mutex::default(), wake: Condvar::new() }
    }

    /// Adds a job, which `me` or whoever has nothing to do will take.
    pub(crate) fn push(&self, me: usize, job: J) {
        self.open.fetch_add(1, Ordering::SeqCst);
        lock(&self.own[me]).push_back(job);
        // A sleeper counts itself before it looks at the queues for the last time: it saw this job, or we see it.
        if self.asleep.load(Ordering::SeqCst) > 0 {
            let _door = lock(&self.door);
            self.wake.notify_one();
        }
    }

    /// Gives the next job, waiting for one if need be; nothing at the end. Whoever took one says when it is done.
    pub(crate) fn take(&self, me: usize) -> Option<J> {
        loop {
            if self.stopped.load(Ordering::SeqCst) {
                return None;
            }
            if let Some(job) = self.find(me) {
                return Some(job);
            }
            let door = lock(&self.door);
            self.asleep.fetch_add(1, Ordering::SeqCst);
            if self.own.iter().all(|own| lock(own).is_empty()) && !self.is_over() {
                drop(self.wake.wait(door).unwrap_or_else(PoisonError::into_inner));
            }
            self.asleep.fetch_sub(1, Ordering::SeqCst);
            if self.is_over() {
                return None;
            }
        }
    }

    /// Says that a job is done, after the jobs that came of it were added.
    pub(crate) fn done(&self) {
        if self.open.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.wake_all();
        }
    }

    /// Ends it: nobody is given another job.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.wake_all();
    }

    fn find(&self, me: usize) -> Option<J> {
        if let Some(job) = lock(&self.own[me]).pop_back() {
            return Some(job);
        }
        let others = (me + 1..self.own.len()).chain(0..me);
        others.into_iter().find_map(|other| lock(&self.own[other]).pop_front())
    }

    fn is_over(&self) -> bool {
        self.stopped.load(Ordering::SeqCst) || self.open.load(Ordering::SeqCst) == 0
    }

    fn wake_all(&self) {
        let _door = lock(&self.door);
        self.wake.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each job of size n makes two of n - 1, so that threads run dry and are woken all the time.
    #[test]
    fn every_job_is_done_once_and_all_threads_come_to_an_end() {
        for threads in [1, 2, 5] {
            let (queue, done) = (Queue::new(threads), AtomicUsize::new(0));
            queue.push(0, 12);
            std::thread::scope(|scope| {
                let (queue, done) = (&queue, &done);
                for me in 0..threads {
                    scope.spawn(move || {
                        while let Some(n) = queue.take(me) {
                            (0..2 * usize::from(n > 0)).for_each(|_| queue.push(me, n - 1));
                            done.fetch_add(1, Ordering::Relaxed);
                            queue.done();
                        }
                    });
                }
            });
            assert_eq!(done.load(Ordering::Relaxed), (1 << 13) - 1);
        }
    }

    #[test]
    fn a_stop_reaches_threads_that_wait() {
        let queue = Queue::new(3);
        queue.push(0, 7);
        std::thread::scope(|scope| {
            let queue = &queue;
            (1..3).for_each(|me| drop(scope.spawn(move || while queue.take(me).is_some() {})));
            queue.stop();
            assert_eq!(queue.take(0), None);
        });
    }
}

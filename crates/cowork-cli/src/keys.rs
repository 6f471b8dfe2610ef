//! Single keys from the terminal, read beside the work.

use std::{
    io::stdin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    termios::{LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr},
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// Reads keys until it is dropped; then the terminal is as it was.
pub(crate) struct Keys {
    keys: UnboundedReceiver<u8>,
    stop: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
    before: Termios,
}

impl Keys {
    /// Begins to read. What was typed before the question was seen is no answer to it, and is dropped.
    ///
    /// `None`: there is no terminal to read from.
    pub(crate) fn read() -> Option<Self> {
        let before = tcgetattr(stdin()).ok()?;
        let mut now = before.clone();
        // Ctrl-C stays a signal.
        now.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        tcflush(stdin(), QueueSelector::IFlush).ok()?;
        tcsetattr(stdin(), OptionalActions::Now, &now).ok()?;
        let (to, keys) = unbounded_channel();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let reader = thread::Builder::new().name("keys".to_owned()).spawn(move || pass_on(&to, &stopped)).ok();
        Some(Self { keys, stop, reader, before })
    }

    /// Waits for the next key; `None` if none can come any more.
    pub(crate) async fn next(&mut self) -> Option<u8> {
        self.keys.recv().await
    }

    /// Makes the terminal as it was, at once: for a process that is about to end.
    pub(crate) fn restore(&self) {
        // There is nobody left to tell that it failed.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.before);
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.restore();
        if let Some(reader) = self.reader.take() {
            // A panic in it has no more to say than that no key comes.
            let _ = reader.join();
        }
    }
}

fn pass_on(to: &UnboundedSender<u8>, stop: &AtomicBool) {
    let mut bytes = [0; 64];
    while !stop.load(Ordering::Relaxed) {
        let tty = stdin();
        let mut watched = [PollFd::new(&tty, PollFlags::IN)];
        match poll(&mut watched, Some(&LOOK)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => continue,
            Ok(_) => {}
            Err(_) => return,
        }
        // Past the buffer of `std`, which would keep what comes after a key.
        match rustix::io::read(&tty, &mut bytes) {
            Ok(0) | Err(_) => return,
            // An arrow or a function key comes as several bytes at once, and is none of ours.
            Ok(n) if n > 1 && bytes[0] == 0x1b => {}
            Ok(n) => {
                if bytes[..n].iter().any(|key| to.send(*key).is_err()) {
                    return;
                }
            }
        }
    }
}

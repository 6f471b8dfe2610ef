//! Single keys from the terminal, read beside the work, and what they mean where something is asked.

use cowork::{AllowRule, Answer, Effects};

pub(crate) use platform::{Keys, hidden_line};

/// What a person may say to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Do it, this once.
    Once,
    /// Do it, and don't ask again for the like in this task.
    Task,
    /// Do it, and don't ask again for the like in this folder, in later tasks either.
    Always,
    /// Don't.
    No,
    /// Show all of it first.
    Show,
}

/// Which replies are offered besides yes, no and show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offered {
    pub(crate) task: bool,
    pub(crate) always: bool,
}

impl Offered {
    /// Leaves out for good what no rule covers, because it can't be undone or told beforehand: that is asked about each time.
    /// And all of them where it is about one command, `once`.
    pub(crate) fn on(effects: &Effects, once: bool) -> Self {
        if once {
            return Self::default();
        }
        let rules = AllowRule::covering("", effects);
        // Leave to run code is given to a task, not to a folder.
        let always = rules.iter().all(|rule| !rule.folder.is_empty());
        Self { task: !rules.is_empty(), always: always && !rules.is_empty() }
    }
}

impl Reply {
    /// Gives what a key says, if that is offered.
    pub(crate) fn of(key: u8, offered: Offered) -> Option<Self> {
        match key.to_ascii_lowercase() {
            b'y' => Some(Self::Once),
            b'n' => Some(Self::No),
            b's' => Some(Self::Show),
            b't' if offered.task => Some(Self::Task),
            b'a' if offered.always => Some(Self::Always),
            _ => None,
        }
    }

    /// Gives the answer that is sent to the engine; none where there is none to send.
    pub(crate) fn answer(self) -> Option<Answer> {
        match self {
            Self::Once => Some(Answer::Allow),
            Self::Task | Self::Always => Some(Answer::AllowTask),
            Self::No => Some(Answer::Deny),
            Self::Show => None,
        }
    }
}

#[cfg(unix)]
mod platform {
    use std::{
        io::stdin,
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
        },
        thread::{self, JoinHandle},
        time::Instant,
    };

    use rustix::{
        event::{PollFd, PollFlags, Timespec, poll},
        process::getpgrp,
        termios::{LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcgetpgrp, tcsetattr},
    };
    use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
    use zeroize::Zeroizing;

    /// Asks for a line, and reads it without showing it, past the buffer of `std`, which would keep it. None: none was given.
    pub(crate) fn hidden_line(ask: impl FnOnce()) -> Option<Zeroizing<String>> {
        let before = tcgetattr(stdin()).ok()?;
        let mut hidden = before.clone();
        // Also Ctrl-C comes as a key: the terminal must not stay as it is now.
        hidden.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
        tcsetattr(stdin(), OptionalActions::Now, &hidden).ok()?;
        // Not before: what is typed at once must not be seen either.
        ask();
        let line = typed();
        // What is left of a paste is for nobody: a shell would show it and take it for a command.
        while more() && rustix::io::read(stdin(), &mut [0; 64]).is_ok_and(|n| n > 0) {}
        // There is nobody left to tell that it failed.
        let _ = tcsetattr(stdin(), OptionalActions::Flush, &before);
        let line = line?;
        std::str::from_utf8(&line).ok().map(|text| Zeroizing::new(text.to_owned()))
    }

    fn typed() -> Option<Zeroizing<Vec<u8>>> {
        let (mut line, mut byte) = (Zeroizing::new(Vec::with_capacity(TOO_LONG)), [0]);
        loop {
            match rustix::io::read(stdin(), &mut byte) {
                Err(rustix::io::Errno::INTR) => continue,
                Ok(1) => {}
                _ => return None,
            }
            match byte[0] {
                // What was pasted may have several lines: all of it is what was given.
                b'\n' | b'\r' if !more() => return Some(line),
                // Ctrl-C, Ctrl-D, Escape.
                0x03 | 0x04 | 0x1b => return None,
                0x08 | 0x7f => {
                    line.pop();
                }
                // One that is too long is given as such, never cut to a length that fits.
                other if line.len() < TOO_LONG => line.push(other),
                _ => {}
            }
        }
    }

    /// Says whether something comes at once, faster than anybody types.
    fn more() -> bool {
        let tty = stdin();
        poll(&mut [PollFd::new(&tty, PollFlags::IN)], Some(&LOOK)).is_ok_and(|ready| ready > 0)
    }

    /// No key of a service is as long.
    const TOO_LONG: usize = (16 << 10) + 1;

    const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

    /// Reads keys until it is dropped; then the terminal is as it was.
    pub(crate) struct Keys {
        keys: UnboundedReceiver<(Instant, u8)>,
        since: Instant,
        stop: Arc<AtomicBool>,
        reader: Option<JoinHandle<()>>,
        before: Termios,
    }

    impl Keys {
        /// Begins to read. What was typed before is dropped.
        ///
        /// `None`: there is no terminal to read from, or it is another's turn to read from it.
        pub(crate) fn read() -> Option<Self> {
            if !is_in_front() {
                return None;
            }
            let before = tcgetattr(stdin()).ok()?;
            set(&before)?;
            let (to, keys) = unbounded_channel();
            let stop = Arc::new(AtomicBool::new(false));
            let stopped = stop.clone();
            let reader = thread::Builder::new().name("keys".to_owned()).spawn(move || pass_on(&to, &stopped)).ok();
            let mut keys = Self { keys, since: Instant::now(), stop, reader, before };
            keys.forget();
            Some(keys)
        }

        /// Waits for the next key; `None` if none can come any more.
        pub(crate) async fn next(&mut self) -> Option<u8> {
            loop {
                let (at, key) = self.keys.recv().await?;
                if at >= self.since {
                    return Some(key);
                }
            }
        }

        /// Drops what was typed up to now: it is no answer to a question that was not seen yet.
        pub(crate) fn forget(&mut self) {
            // What can't be dropped was read before, and is dropped by its time.
            let _ = tcflush(stdin(), QueueSelector::IFlush);
            self.since = Instant::now();
        }

        /// Asks for single keys again, after a shell had the terminal.
        pub(crate) fn again(&self) {
            if is_in_front() {
                // Without them a key counts once the line is ended.
                let _ = set(&self.before);
            }
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

    /// Says whether the terminal is ours: a job in the background that touches it would be put to sleep.
    fn is_in_front() -> bool {
        tcgetpgrp(stdin()).map_or(true, |group| group == getpgrp())
    }

    fn set(before: &Termios) -> Option<()> {
        let mut now = before.clone();
        // Ctrl-C stays a signal.
        now.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        tcsetattr(stdin(), OptionalActions::Now, &now).ok()
    }

    fn pass_on(to: &UnboundedSender<(Instant, u8)>, stop: &AtomicBool) {
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
                    let at = Instant::now();
                    if bytes[..n].iter().any(|key| to.send((at, *key)).is_err()) {
                        return;
                    }
                }
            }
        }
    }
}

/// Elsewhere no single keys are read: a question is answered with `cowork answer`.
#[cfg(not(unix))]
mod platform {
    pub(crate) enum Keys {}

    pub(crate) fn hidden_line(_: impl FnOnce()) -> Option<zeroize::Zeroizing<String>> {
        None
    }

    impl Keys {
        pub(crate) fn read() -> Option<Self> {
            None
        }

        pub(crate) async fn next(&mut self) -> Option<u8> {
            match *self {}
        }

        pub(crate) fn forget(&mut self) {
            match *self {}
        }

        pub(crate) fn again(&self) {
            match *self {}
        }

        pub(crate) fn restore(&self) {
            match *self {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_only_what_is_offered() {
        let all = Offered { task: true, always: true };
        let said = |offered| b"yYnsta?".map(|key| Reply::of(key, offered));
        let (once, no, show) = (Some(Reply::Once), Some(Reply::No), Some(Reply::Show));
        assert_eq!(said(all), [once, once, no, show, Some(Reply::Task), Some(Reply::Always), None]);
        assert_eq!(said(Offered::default()), [once, once, no, show, None, None, None]);
    }

    #[test]
    fn what_can_not_be_undone_is_asked_about_each_time() {
        let undoable = Effects::changes(["Downloads".parse().unwrap()]);
        assert_eq!(Offered::on(&undoable, false), Offered { task: true, always: true });
        assert_eq!(Offered::on(&Effects { undoable: false, ..undoable.clone() }, false), Offered::default());
        assert_eq!(Offered::on(&Effects { complete: false, ..undoable.clone() }, false), Offered::default());
        assert_eq!(Offered::on(&undoable, true), Offered::default(), "of one command");
    }
}

//! Being asked to stop, and being told that the terminal has changed.

use crate::fail::Fail;

/// What came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Ctrl-C, or being told to end by the system or by a terminal that is closed.
    Stop,
    /// The terminal has another size.
    Resized,
    /// We were put aside and are in front again.
    Back,
}

pub(crate) use platform::Signals;

/// What is added to a signal's number to say that a process ended by it.
const BY_SIGNAL: u8 = 128;

impl Signals {
    /// Gives the code of a process that ended as it was last asked to, or was interrupted.
    pub(crate) fn code(&self) -> u8 {
        BY_SIGNAL + self.asked()
    }

    /// Waits to be asked to stop.
    pub(crate) async fn next(&mut self) {
        while self.heard().await != Heard::Stop {}
    }
}

fn can_not_listen(e: &std::io::Error) -> Fail {
    let why = format!("can't listen for Ctrl-C: {e}");
    cowork::Error::new(cowork::Kind::Internal, "listen for signals", why).into()
}

#[cfg(unix)]
mod platform {
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::{Fail, Heard, can_not_listen};

    /// Hears what the system tells this process.
    pub(crate) struct Signals {
        interrupt: Signal,
        terminate: Signal,
        hangup: Signal,
        resized: Signal,
        back: Signal,
        /// By which it was last asked to stop.
        asked: SignalKind,
    }

    impl Signals {
        /// Begins to listen: from now on these no longer end the process by themselves.
        pub(crate) fn listen() -> Result<Self, Fail> {
            let on = |kind| signal(kind).map_err(|e| can_not_listen(&e));
            Ok(Self {
                interrupt: on(SignalKind::interrupt())?,
                terminate: on(SignalKind::terminate())?,
                hangup: on(SignalKind::hangup())?,
                resized: on(SignalKind::window_change())?,
                back: on(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
                asked: SignalKind::interrupt(),
            })
        }

        pub(super) fn asked(&self) -> u8 {
            u8::try_from(self.asked.as_raw_value()).unwrap_or_default()
        }

        /// Waits for the next.
        pub(crate) async fn heard(&mut self) -> Heard {
            self.asked = tokio::select! {
                _ = self.interrupt.recv() => SignalKind::interrupt(),
                _ = self.terminate.recv() => SignalKind::terminate(),
                _ = self.hangup.recv() => SignalKind::hangup(),
                _ = self.resized.recv() => return Heard::Resized,
                _ = self.back.recv() => return Heard::Back,
            };
            Heard::Stop
        }
    }
}

#[cfg(windows)]
mod platform {
    use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, ctrl_break, ctrl_c, ctrl_close};

    use super::{Fail, Heard, can_not_listen};

    /// Hears what the console tells this process. It tells no size: that is asked for at each picture.
    pub(crate) struct Signals {
        interrupt: CtrlC,
        terminate: CtrlBreak,
        hangup: CtrlClose,
    }

    impl Signals {
        /// Begins to listen: from now on these no longer end the process by themselves.
        pub(crate) fn listen() -> Result<Self, Fail> {
            Ok(Self {
                interrupt: ctrl_c().map_err(|e| can_not_listen(&e))?,
                terminate: ctrl_break().map_err(|e| can_not_listen(&e))?,
                hangup: ctrl_close().map_err(|e| can_not_listen(&e))?,
            })
        }

        /// Consoles have one code for it, that of an interrupt.
        pub(super) fn asked(&self) -> u8 {
            2
        }

        /// Waits for the next.
        pub(crate) async fn heard(&mut self) -> Heard {
            tokio::select! {
                _ = self.interrupt.recv() => Heard::Stop,
                _ = self.terminate.recv() => Heard::Stop,
                _ = self.hangup.recv() => Heard::Stop,
            }
        }
    }
}

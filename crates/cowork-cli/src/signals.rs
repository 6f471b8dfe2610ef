//! Being asked to stop.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::fail::Fail;

/// Hears Ctrl-C, and being told to end by the system or by a terminal that is closed.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    /// Begins to listen: from now on these no longer end the process by themselves.
    pub(crate) fn listen() -> Result<Self, Fail> {
        let on = |kind| {
            signal(kind).map_err(|e| {
                let why = format!("can't listen for Ctrl-C: {e}");
                Fail::from(cowork::Error::new(cowork::Kind::Internal, "listen for signals", why))
            })
        };
        Ok(Self {
            interrupt: on(SignalKind::interrupt())?,
            terminate: on(SignalKind::terminate())?,
            hangup: on(SignalKind::hangup())?,
        })
    }

    /// Waits to be asked to stop.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

//! What was asked of the proxy, for whoever wants to know.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use serde::{Deserialize, Serialize};

use super::{Limits, Reason, gate::Gate, gate::Within, head::Head};

/// The longest text of others that is recorded.
const MOST: usize = 1_024;

/// One thing that was asked of the proxy, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// The host that was asked for; empty if it could not be read.
    pub at_host: String,
    /// Its port; 0 if it could not be read.
    pub port: u16,
    /// The method; `CONNECT` for a tunnel. Requests in a tunnel that was looked into are recorded besides it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The path without what follows `?`; none for a tunnel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What became of it.
    pub decision: Verdict,
    /// Why it was not let through, or came to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Bytes of content that the command sent.
    pub bytes_up: u64,
    /// Bytes of content that it received.
    pub bytes_down: u64,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// What became of what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was let through.
    Allowed,
    /// It was not let through.
    Refused,
    /// It was allowed, but the network or the server was not to be had.
    Failed,
}

/// Hears of every visit, once it is over. It is called on the proxy's tasks, so it must not block.
pub trait Recorder: Send + Sync {
    /// Takes one visit.
    fn visit(&self, visit: Visit);
}

impl<F: Fn(Visit) + Send + Sync> Recorder for F {
    fn visit(&self, visit: Visit) {
        self(visit);
    }
}

/// Counts what all connections of a proxy have carried together.
#[derive(Debug, Default)]
pub(super) struct Totals {
    up: AtomicU64,
    down: AtomicU64,
    most_up: Option<u64>,
    most_down: Option<u64>,
}

impl Totals {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { most_up: limits.bytes_up, most_down: limits.bytes_down, ..Self::default() }
    }
}

/// In which direction bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
}

/// Measures one visit, and has it recorded when nobody holds it any more.
pub(super) struct Meter {
    recorder: Arc<dyn Recorder>,
    totals: Arc<Totals>,
    visit: Mutex<Visit>,
    up: AtomicU64,
    down: AtomicU64,
    began: Instant,
}

impl Meter {
    pub(super) fn new(recorder: &Arc<dyn Recorder>, totals: &Arc<Totals>) -> Self {
        let visit = Visit {
            at_host: String::new(),
            port: 0,
            method: None,
            path: None,
            decision: Verdict::Allowed,
            reason: None,
            bytes_up: 0,
            bytes_down: 0,
            millis: 0,
        };
        let [up, down] = [0, 0].map(AtomicU64::new);
        let (recorder, totals) = (recorder.clone(), totals.clone());
        Self { recorder, totals, visit: Mutex::new(visit), up, down, began: Instant::now() }
    }

    /// Notes what was asked, as far as it can be told.
    pub(super) fn asked(&self, head: &Head, within: &Within) {
        let asked = Gate::asked(head, within);
        self.change(|visit| {
            visit.method = Some(shown(head.method.as_str()));
            match asked {
                Some((place, path)) => {
                    (visit.at_host, visit.port) = (place.host.to_string(), place.port);
                    visit.path = path.map(|path| shown(path.split('?').next().unwrap_or_default()));
                }
                None => visit.at_host = shown(authority(&head.target)),
            }
        });
    }

    /// Notes why it was not let through, or came to nothing. What comes after the first reason comes of it.
    pub(super) fn ended(&self, reason: Reason) {
        self.change(|visit| {
            if visit.reason.is_some() {
                return;
            }
            visit.decision = if reason.is_refusal() { Verdict::Refused } else { Verdict::Failed };
            visit.reason = Some(reason);
        });
    }

    /// Counts bytes before they go on.
    pub(super) fn count(&self, direction: Direction, bytes: usize) -> Result<(), Reason> {
        let (own, all, most) = match direction {
            Direction::Up => (&self.up, &self.totals.up, self.totals.most_up),
            Direction::Down => (&self.down, &self.totals.down, self.totals.most_down),
        };
        let bytes = bytes as u64;
        if all.fetch_add(bytes, Relaxed).saturating_add(bytes) > most.unwrap_or(u64::MAX) {
            self.ended(Reason::TooMuch);
            return Err(Reason::TooMuch);
        }
        own.fetch_add(bytes, Relaxed);
        Ok(())
    }

    fn change(&self, change: impl FnOnce(&mut Visit)) {
        change(&mut self.visit.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").field("visit", &self.visit).finish_non_exhaustive()
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        let mut visit = self.visit.get_mut().unwrap_or_else(PoisonError::into_inner).clone();
        (visit.bytes_up, visit.bytes_down) = (*self.up.get_mut(), *self.down.get_mut());
        visit.millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.recorder.visit(visit);
    }
}

/// Gives the part of a target that could be a host, whatever is in it, but no name and password before it.
fn authority(target: &str) -> &str {
    let host = target.split(['/', '?']).find(|part| !part.is_empty() && !part.ends_with(':'));
    host.and_then(|host| host.rsplit('@').next()).filter(|_| !target.starts_with('/')).unwrap_or_default()
}

/// Gives text of others so that it can be shown anywhere.
fn shown(text: &str) -> String {
    text.chars().flat_map(char::escape_debug).take(MOST).collect()
}

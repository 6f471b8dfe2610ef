//! When a model service is asked again, and when it is left alone.

use std::time::Duration;

use crate::{Error, Retry, Timestamp};

/// How long a failing service is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How often a service is asked for one answer at most.
    pub tries: u32,
    /// How long it is waited after the first failure; twice as long after each further one.
    pub first: Duration,
    /// The longest wait between two tries. A service that wants a longer one gets it, within `total`.
    pub longest: Duration,
    /// How long one answer is waited for, all tries and waits together, before it is given up.
    pub total: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            tries: 8,
            first: Duration::from_millis(500),
            longest: Duration::from_secs(30),
            total: Duration::from_secs(600),
        }
    }
}

impl Patience {
    /// Says how long to wait before a service is asked again; none if it is not worth it any more.
    ///
    /// `tried` is how often it was asked, `passed` how long that took in all, `chance` anything random: tasks that failed
    /// together don't come back together.
    pub fn wait(&self, error: &Error, tried: u32, passed: Duration, chance: u128) -> Option<Duration> {
        let least = match error.retry {
            Retry::Never => return None,
            Retry::Now => Duration::ZERO,
            Retry::AfterMs(ms) => Duration::from_millis(ms),
        };
        if tried >= self.tries {
            return None;
        }
        let doubled = self.first.saturating_mul(1 << tried.saturating_sub(1).min(16)).min(self.longest);
        let share = u32::try_from(chance % 512).unwrap_or(0);
        // Between three quarters and five quarters of it.
        let spread = doubled * (768 + share) / 1_024;
        let wait = spread.max(least);
        (passed.saturating_add(wait) < self.total).then_some(wait)
    }

    /// Says the same of a service that another one stands in for: it is left within two seconds of its first failure.
    pub fn wait_briefly(&self, error: &Error, tried: u32, passed: Duration, chance: u128) -> Option<Duration> {
        // One that answers, if only with an error, may be back sooner than one that is not even reached.
        let most = if error.fact("status").is_some() { 3 } else { 2 };
        let wait = self.wait(error, tried, passed, chance)?;
        (tried < most && passed.saturating_add(wait) <= SOON).then_some(wait)
    }
}

/// How long a service is tried that another one stands in for.
const SOON: Duration = Duration::from_secs(2);

/// After so many failures in a row a service is taken to be down.
const FAILURES: u32 = 5;

/// Whether a service is taken to be down: then one task at a time tries whether it is back, and the others wait.
///
/// Whoever has another service to ask leaves it sooner, and for themselves alone: a task without one goes on asking until the
/// service has failed so often that it is down for everybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circuit {
    failures: u32,
    /// Until then nobody asks.
    closed_until: Option<Timestamp>,
    /// Until then nobody asks who has another one to ask.
    left_until: Option<Timestamp>,
}

impl Circuit {
    /// Says how long to wait before asking; zero if it may be asked now. Whoever is told zero while it is down is the one that
    /// tries: for `pause` everybody else waits.
    pub fn enter(&mut self, now: Timestamp, pause: Duration) -> Duration {
        let held = left(self.closed_until, now, pause);
        if held.is_zero() && self.closed_until.is_some() {
            self.closed_until = Some(now.plus(pause));
        }
        held
    }

    /// Says the same to one that has another one to ask: of these too one tries.
    pub fn enter_briefly(&mut self, now: Timestamp, pause: Duration) -> Duration {
        let held = self.left(now, pause);
        if held.is_zero() {
            self.enter(now, pause);
            self.left_until = self.left_until.map(|_| now.plus(pause));
        }
        held
    }

    /// Says how long it is left alone yet by those who have another one to ask.
    pub fn left(&self, now: Timestamp, pause: Duration) -> Duration {
        left(self.closed_until, now, pause).max(left(self.left_until, now, pause))
    }

    /// Takes it to be down after fewer failures, for those who have another one to ask.
    pub fn leave(&mut self, now: Timestamp, pause: Duration) {
        self.left_until = Some(now.plus(pause));
    }

    /// Takes in how it went. An error that says nothing about the service's health is a success here.
    pub fn ended(&mut self, failed: bool, now: Timestamp, pause: Duration) {
        if !failed {
            *self = Self::default();
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES {
            self.closed_until = Some(now.plus(pause));
        }
    }
}

fn left(until: Option<Timestamp>, now: Timestamp, pause: Duration) -> Duration {
    until.map_or(Duration::ZERO, |until| until.since(now).min(pause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn error(retry: Retry) -> Error {
        Error::new(Kind::Unavailable, "answer", "it is overloaded").with_retry(retry)
    }

    #[test]
    fn pauses_grow_and_end_and_a_service_may_ask_for_longer_ones() {
        let patience = Patience { tries: 4, total: Duration::from_secs(60), ..Patience::default() };
        let waits: Vec<_> =
            (1..=4).map(|tried| patience.wait(&error(Retry::Now), tried, Duration::ZERO, 256)).collect();
        let millis = |ms| Some(Duration::from_millis(ms));
        assert_eq!(waits, [millis(500), millis(1_000), millis(2_000), None]);
        assert_eq!(patience.wait(&error(Retry::AfterMs(9_000)), 1, Duration::ZERO, 0), millis(9_000));
        assert_eq!(
            patience.wait(&error(Retry::AfterMs(9_000)), 1, Duration::from_secs(52), 0),
            None,
            "there is no time"
        );
        assert_eq!(patience.wait(&error(Retry::Never), 1, Duration::ZERO, 0), None);
        let spread = |chance| patience.wait(&error(Retry::Now), 1, Duration::ZERO, chance).unwrap();
        assert!(spread(0) == Duration::from_millis(375) && spread(511) < Duration::from_millis(625));
    }

    #[test]
    fn a_service_that_another_one_stands_in_for_is_left_soon() {
        let (patience, ms) = (Patience::default(), Duration::from_millis);
        let brief = |error: &Error, tried, passed| patience.wait_briefly(error, tried, ms(passed), 256);
        let (refused, busy) = (error(Retry::Now), error(Retry::Now).with("status", "529"));
        assert_eq!([brief(&refused, 1, 10), brief(&refused, 2, 520)], [Some(ms(500)), None]);
        assert_eq!([1, 2, 3].map(|n| brief(&busy, n, 600)), [Some(ms(500)), Some(ms(1_000)), None]);
        assert_eq!(brief(&busy, 2, 1_001), None, "it took too long already");
        assert_eq!(brief(&error(Retry::AfterMs(5_000)).with("status", "429"), 1, 10), None, "it wants too long");
        assert_eq!(brief(&error(Retry::Never), 1, 10), None);
        let once = Patience { tries: 1, ..patience };
        assert_eq!(once.wait_briefly(&busy, 1, ms(10), 256), None, "never more than it may be tried at all");
    }

    #[test]
    fn a_service_that_is_down_is_tried_by_one_and_left_alone_by_the_others() {
        let (mut circuit, pause) = (Circuit::default(), Duration::from_secs(15));
        let at = |s: i64| Timestamp::from_millis(s * 1_000);
        (0..FAILURES).for_each(|_| circuit.ended(true, at(0), pause));
        assert_eq!(circuit.enter(at(5), pause), Duration::from_secs(10));
        assert_eq!(circuit.enter(at(15), pause), Duration::ZERO, "one tries");
        assert_eq!(circuit.enter(at(16), pause), Duration::from_secs(14), "and nobody else meanwhile");
        circuit.ended(false, at(17), pause);
        assert_eq!(circuit.enter(at(17), pause), Duration::ZERO);
        (0..FAILURES).for_each(|_| circuit.ended(true, at(20), pause));
        assert_eq!(circuit.enter(at(35), pause), Duration::ZERO);
        circuit.ended(true, at(36), pause);
        assert_eq!(circuit.enter(at(36), pause), pause, "one failure is enough where it was down before");
        circuit.ended(false, at(60), pause);
        (0..FAILURES).for_each(|_| circuit.ended(true, at(100), pause));
        assert_eq!(circuit.enter(at(50), pause), pause, "a clock that went back holds nobody up for longer");
    }

    #[test]
    fn a_service_is_left_by_those_who_have_another_one_and_asked_by_the_others_until_it_is_down() {
        let (mut circuit, pause) = (Circuit::default(), Duration::from_secs(15));
        let at = |s: i64| Timestamp::from_millis(s * 1_000);
        circuit.ended(true, at(20), pause);
        circuit.leave(at(20), pause);
        let brief = Duration::from_secs(5);
        assert_eq!([circuit.left(at(30), pause), circuit.enter_briefly(at(30), pause)], [brief; 2]);
        assert_eq!(circuit.enter(at(30), pause), Duration::ZERO, "who has no other one asks");
        assert_eq!(circuit.enter(at(30), pause), Duration::ZERO, "and so do all of these");
        assert_eq!(circuit.enter_briefly(at(35), pause), Duration::ZERO, "of those who left it one tries");
        assert_eq!(circuit.enter_briefly(at(36), pause), Duration::from_secs(14));
        (1..FAILURES).for_each(|_| circuit.ended(true, at(40), pause));
        assert_eq!([circuit.enter(at(40), pause), circuit.enter_briefly(at(40), pause)], [pause; 2], "it is down");
        circuit.ended(false, at(60), pause);
        assert_eq!([circuit.enter(at(60), pause), circuit.enter_briefly(at(60), pause)], [Duration::ZERO; 2]);
    }
}

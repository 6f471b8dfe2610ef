//! How fast something goes, and how long it may still take. Both are smoothed: a figure that jumps about is none.

use std::time::Duration;

use cowork::Timestamp;

/// Reports that come closer together are taken as one.
const APART: Duration = Duration::from_millis(200);
/// Nothing is said before as much was seen.
const ENOUGH: Duration = Duration::from_millis(1_500);
/// For how long, in seconds, a report counts.
const MEMORY: f64 = 4.0;
/// What takes longer than this can't be told.
const TOO_LONG: f64 = 86_400.0;

/// The pace of one call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pace {
    began: Timestamp,
    last: (Timestamp, u64),
    /// Things a second.
    speed: Option<f64>,
    /// How long it would still take, and when that was said.
    left: Option<(Timestamp, Duration)>,
}

impl Pace {
    /// Begins with what was done already.
    pub(crate) fn new(now: Timestamp, done: u64) -> Self {
        Self { began: now, last: (now, done), speed: None, left: None }
    }

    /// Takes in how far it is.
    pub(crate) fn heard(&mut self, now: Timestamp, done: u64, total: u64) {
        if done < self.last.1 {
            *self = Self::new(now, done);
            return;
        }
        let gap = now.since(self.last.0);
        if gap < APART {
            return;
        }
        let (gap, spent) = (gap.as_secs_f64(), now.since(self.began));
        let speed = (done - self.last.1) as f64 / gap;
        // At first the mean of all that was seen, later more of what is new.
        let weight = (1.0 - (-gap / MEMORY).exp()).max(gap / spent.as_secs_f64());
        let speed = self.speed.map_or(speed, |old| old + (speed - old) * weight);
        self.speed = Some(speed);
        self.last = (now, done);
        if spent >= ENOUGH {
            self.estimate(now, total.saturating_sub(done), speed);
        }
    }

    fn estimate(&mut self, now: Timestamp, rest: u64, speed: f64) {
        let seconds = rest as f64 / speed;
        if !(0.0..TOO_LONG).contains(&seconds) {
            self.left = None;
            return;
        }
        let said = self.left(now).map(|left| left.as_secs_f64());
        // What was said stands, and counts down, until it is far off.
        if said.is_none_or(|said| (said - seconds).abs() > (said / 4.0).max(1.5)) {
            self.left = Some((now, Duration::from_secs_f64(seconds)));
        }
    }

    /// Gives how many things a second are done, once that can be told.
    pub(crate) fn speed(&self) -> Option<f64> {
        self.speed.filter(|speed| self.last.0.since(self.began) >= ENOUGH && *speed >= 1.0)
    }

    /// Gives how long it may still take, once that can be told.
    pub(crate) fn left(&self, now: Timestamp) -> Option<Duration> {
        let (at, left) = self.left?;
        Some(left.saturating_sub(now.since(at))).filter(|left| !left.is_zero())
    }
}

/// Writes a speed so that its last digits don't flicker.
pub(crate) fn speed_text(speed: f64) -> String {
    let whole = speed.round() as u64;
    let step = match whole {
        0..100 => 1,
        100..1_000 => 10,
        1_000..10_000 => 100,
        _ => 1_000,
    };
    format!("{}/s", super::text::grouped((whole + step / 2) / step * step))
}

/// Writes how long something may still take, the coarser the longer that is.
pub(crate) fn left_text(left: Duration) -> String {
    let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    let minutes = seconds.div_ceil(60);
    match seconds {
        0..10 => format!("{seconds} s left"),
        10..=55 => format!("{} s left", seconds.div_ceil(5) * 5),
        56..3_600 => format!("{minutes} min left"),
        _ => format!("{} h {} min left", minutes / 60, minutes % 60 / 10 * 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_770_000_000_000 + ms)
    }

    #[test]
    fn nothing_is_said_before_enough_was_seen() {
        let mut pace = Pace::new(at(0), 0);
        pace.heard(at(1_000), 100, 1_000);
        assert_eq!((pace.speed(), pace.left(at(1_000))), (None, None));
        pace.heard(at(2_000), 200, 1_000);
        assert_eq!(pace.speed(), Some(100.0));
        assert_eq!(pace.left(at(2_000)), Some(Duration::from_secs(8)));
    }

    #[test]
    fn an_even_pace_counts_down_and_a_ragged_one_does_not_jump() {
        // By turns 20 and 180 things in half a second: 200 a second on the whole.
        let (mut pace, mut done, mut shown) = (Pace::new(at(0), 0), 0, Vec::new());
        for n in 1..=40_i64 {
            done += if n % 2 == 0 { 180 } else { 20 };
            pace.heard(at(n * 500), done, 8_000);
            shown.extend(pace.left(at(n * 500)).map(|left| left.as_secs_f64() + n as f64 / 2.0));
        }
        assert!(shown.len() > 30, "{shown:?}");
        let jumps = shown.windows(2).filter(|w| (w[0] - w[1]).abs() > 0.1).count();
        assert!(jumps <= 2, "the end that is foretold moved {jumps} times: {shown:?}");
        assert!((shown[shown.len() - 1] - 40.0).abs() < 6.0, "{shown:?}");
    }

    #[test]
    fn what_stands_still_has_no_end_and_what_begins_anew_is_new() {
        let mut pace = Pace::new(at(0), 0);
        pace.heard(at(2_000), 100, 200);
        assert_eq!(pace.left(at(2_000)), Some(Duration::from_secs(2)));
        assert_eq!(pace.left(at(9_000)), None);
        pace.heard(at(9_200), 3, 200);
        assert_eq!((pace.speed(), pace.left(at(9_200))), (None, None));
        let mut unknown = Pace::new(at(0), 0);
        unknown.heard(at(2_000), 100, 0);
        assert_eq!(unknown.left(at(2_000)), None);
    }

    #[test]
    fn figures_are_as_coarse_as_they_are_sure() {
        let left = [1, 900, 4_000, 10_000, 12_000, 55_500, 61_000, 4_500_000];
        let said = left.map(|ms| left_text(Duration::from_millis(ms)));
        let wanted = ["1 s", "1 s", "4 s", "10 s", "15 s", "1 min", "2 min", "1 h 10 min"];
        assert_eq!(said, wanted.map(|text| format!("{text} left")));
        assert_eq!([7.4, 156.0, 1_234.0, 48_765.0].map(speed_text), ["7/s", "160/s", "1,200/s", "49,000/s"]);
    }
}

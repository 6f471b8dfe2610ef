//! What every store decides alike: leases, preconditions, counters. Pure; a store only keeps what comes out.

use crate::{Count, Error, Expect, Kind, Lease, LeaseAsk, Result, Timestamp};

/// A task's lease as a store keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaseState {
    /// Who took it last, until they gave it back.
    pub owner: Option<String>,
    /// When it runs out, by the store's clock.
    pub until: Timestamp,
    /// The last fencing number given; 0 before the first. It never goes back, not when the lease is given back either.
    pub fence: u64,
}

impl LeaseState {
    /// Follows what is asked, or changes nothing and gives `None`.
    ///
    /// - [`LeaseAsk::Take`] gives the lease that is now held; `None` if somebody holds it.
    /// - [`LeaseAsk::Keep`] gives it as long as nobody took it since, even if it had run out.
    /// - [`LeaseAsk::Drop`] gives what was given back; `None` if it was not theirs any more.
    /// - [`LeaseAsk::Look`] gives the lease that is held now.
    pub fn ask(&mut self, ask: &LeaseAsk, now: Timestamp) -> Option<Lease> {
        match ask {
            LeaseAsk::Take { owner, ttl, dead } => {
                let known_dead = dead.is_some() && *dead == self.owner;
                if self.is_held(now) && !known_dead {
                    return None;
                }
                *self = Self { owner: Some(owner.clone()), until: now.plus(*ttl), fence: self.fence + 1 };
                self.lease()
            }
            LeaseAsk::Keep { fence, ttl } => {
                if !self.holds(*fence) {
                    return None;
                }
                self.until = now.plus(*ttl);
                self.lease()
            }
            LeaseAsk::Drop { fence } => {
                if !self.holds(*fence) {
                    return None;
                }
                let lease = self.lease();
                self.owner = None;
                lease
            }
            LeaseAsk::Look => self.lease().filter(|_| self.is_held(now)),
        }
    }

    /// Says whether whoever has this fencing number may still write: nobody took the lease since, nor was it given back.
    pub fn holds(&self, fence: u64) -> bool {
        self.owner.is_some() && self.fence == fence
    }

    fn is_held(&self, now: Timestamp) -> bool {
        self.owner.is_some() && self.until > now
    }

    fn lease(&self) -> Option<Lease> {
        self.owner.clone().map(|owner| Lease { owner, fence: self.fence })
    }
}

impl Expect {
    /// Gives the error of a commit for which this does not hold.
    pub fn unmet(&self) -> Error {
        match self {
            Self::Head(task, seq) => {
                let why = format!("task {task} has gone on: its last record is not {seq} any more");
                Error::new(Kind::Conflict, "commit", why).with("expected", "head")
            }
            Self::Fence(task, _) => {
                Error::new(Kind::LeaseLost, "commit", format!("task {task} was taken over by another process"))
            }
            Self::Absent(key) => {
                let why = format!("there is an entry `{}` already", key.escape_debug());
                Error::new(Kind::Conflict, "commit", why).with("expected", "absent").with("key", key)
            }
        }
    }
}

impl Count {
    /// Gives the key of its index entry.
    pub fn key(&self) -> String {
        format!("count/{}", self.name)
    }

    /// Gives the entry's value after the addition to what is `stored`: a number in decimal digits. What is given back
    /// (a negative addition) always fits.
    ///
    /// # Errors
    /// `Conflict` (`expected`: `cap`) if it would pass the cap; `Corrupt` if what is stored is not a number.
    pub fn add_to(&self, stored: Option<&[u8]>) -> Result<Vec<u8>> {
        let parse = |bytes: &[u8]| std::str::from_utf8(bytes).ok()?.parse::<i64>().ok();
        let now = match stored {
            None => 0,
            Some(bytes) => parse(bytes).ok_or_else(|| {
                let why = format!("the counter `{}` is damaged: it is not a number", self.name.escape_debug());
                Error::new(Kind::Corrupt, "count", why)
            })?,
        };
        match now.checked_add(self.add) {
            Some(sum) if self.add <= 0 || sum <= self.cap => Ok(sum.to_string().into_bytes()),
            _ => {
                let why = format!("`{}` would pass its cap of {}", self.name.escape_debug(), self.cap);
                Err(Error::new(Kind::Conflict, "commit", why).with("expected", "cap").with("key", self.key()))
            }
        }
    }
}

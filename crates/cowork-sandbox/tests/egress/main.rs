//! The way out of a confined command: real clients, real servers on loopback, and everything that a hostile one would try.
#![cfg(feature = "egress")]
#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

mod curl;
mod decisions;
mod hostile;
mod inspected;
mod limits;
mod requests;
mod tunnels;
mod world;
mod wrong;

//! The command as its own worker.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story that goes wrong ends")]

mod support;

use support::Place;

const WORKER: &str = "__run-playbook";

#[test]
fn doctor_says_that_playbooks_run_apart() {
    let place = Place::new();
    place.cowork(&["doctor"]).ends(0).says("a process of its own");
}

#[test]
fn a_worker_without_a_host_ends_and_one_that_is_told_nonsense_says_so() {
    let place = Place::new();
    place.cowork_fed(&[WORKER], b"").ends(0);
    place.cowork_fed(&[WORKER], b"\x05\0\0\0hello").ends(1).says("can't be read");
    place.cowork_fed(&[WORKER], b"\xff\xff\xff\xff").ends(1).says("larger than");
    place.cowork_fed(&[WORKER], b"\x05\0\0\0hel").ends(1).says("no host says");
    // With more words it is a command like any other, and there is none of that name.
    place.cowork_fed(&[WORKER, "twice"], b"").ends(2);
}

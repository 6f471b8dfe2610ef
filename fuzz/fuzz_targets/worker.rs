//! Any bytes between a host and the worker of a playbook: whatever a worker says, no more is called than there is and than may be.

#![no_main]

use cowork_playbooks::fuzzed;

libfuzzer_sys::fuzz_target!(|input: (u8, &[u8])| {
    let (piece, bytes) = input;
    let called = fuzzed::worker(bytes, piece.into());
    assert!(called.len() <= 50 && called.iter().all(|tool| tool == "look"));
    // A frame has its length and two bytes at the least.
    assert!(fuzzed::host(bytes, piece.into()) <= bytes.len() / 6);
});

//! Any bytes between a host and the helper that confines its commands: what the one writes the other reads as the same, and nothing but the
//! end of a command is taken for one.

#![no_main]

use cowork_sandbox::confine::fuzzed::{both, helper, host};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    helper(bytes);
    both(bytes);
    if let Some(message) = bytes.first_chunk() {
        host(message);
    }
});

//! Types and encodings by content.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    cowork_tools::fuzzed::text(bytes);
});

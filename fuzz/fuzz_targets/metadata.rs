//! What photos and PDF files say of themselves.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    cowork_tools::fuzzed::metadata(bytes);
});

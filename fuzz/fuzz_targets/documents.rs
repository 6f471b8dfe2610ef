//! The text of PDF, Word, Excel, PowerPoint and OpenDocument files.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    cowork_tools::fuzzed::documents(bytes);
});

//! Any text as a command line: known to only read, or code; with more put behind it it is code.

#![no_main]

libfuzzer_sys::fuzz_target!(|line: &str| {
    cowork_tools::fuzzed::shell(line);
});

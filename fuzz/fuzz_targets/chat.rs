//! A stream of Chat Completions, cut anywhere: an answer that keeps a model's promises, or none.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: (u8, &[u8])| {
    let (size, stream) = input;
    let _ = cowork_models::openai::fuzzed::chat(stream, usize::from(size));
});

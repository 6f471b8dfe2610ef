//! Reads any text as a patch (form: envelope), and makes its hunks on any text.

#![no_main]

use cowork_tools::patch::{Op, apply, parse};

libfuzzer_sys::fuzz_target!(|input: (&str, &[u8], Option<u8>)| {
    let (patch, base, strip) = input;
    let patch = format!("*** Begin Patch\n{patch}");
    for file in parse(&patch, strip.map(usize::from)).into_iter().flatten() {
        if let Op::Update(hunks) | Op::Delete(hunks) | Op::Copy(hunks) = &file.op {
            let _ = apply(hunks, base);
        }
    }
});

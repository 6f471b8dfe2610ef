//! An answer by the Messages API, of any bytes: an error, or what was said, with calls that can be sent back.

#![no_main]

use cowork_core::{ModelRequest, Result};
use cowork_models::{
    anthropic::{Heard, Reader},
    sse::Parser,
};

fn read(stream: &[u8]) -> Result<()> {
    let say = |_: cowork_core::Said<'_>| {};
    let (mut parser, mut reader) = (Parser::default(), Reader::new(&say));
    let mut ended = false;
    parser.feed(stream, |event| {
        ended = ended || reader.event(event.name, event.data)? != Heard::More;
        Ok(())
    })?;
    let answer = reader.answer(&ModelRequest::default())?;
    for call in answer.calls() {
        assert!(call.args.is_object() && !call.id.is_empty() && !call.tool.is_empty(), "{call:?}");
    }
    Ok(())
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = read(bytes);
    let say = |_: cowork_core::Said<'_>| {};
    let _ = Reader::new(&say).whole(bytes);
});

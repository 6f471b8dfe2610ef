//! A stream of server-sent events, cut anywhere: the events are those of the whole.

#![no_main]

use cowork_models::sse::Parser;

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> cowork_core::Result<Vec<(String, String)>> {
    let (mut parser, mut events) = (Parser::new(1_000), Vec::new());
    for piece in pieces {
        parser.feed(piece, |event| {
            events.push((event.name.to_owned(), event.data.to_owned()));
            Ok(())
        })?;
    }
    parser.finish(|event| {
        events.push((event.name.to_owned(), event.data.to_owned()));
        Ok(())
    })?;
    Ok(events)
}

libfuzzer_sys::fuzz_target!(|input: (usize, &[u8])| {
    let (size, stream) = input;
    assert_eq!(read(stream.chunks(size % 32 + 1)), read([stream]));
});

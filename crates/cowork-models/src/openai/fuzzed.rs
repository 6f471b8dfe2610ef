//! What the fuzz targets and their fixed dose call: answers made of bytes that anybody may have sent.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use cowork_core::{Block, ModelAnswer, ModelRequest, Said, Say};

use super::{chat, read::Reader, responses, service};
use crate::sse::Parser;

/// Reads a stream as an answer of Chat Completions, and gives what came of it; the same however it is cut.
pub fn chat(stream: &[u8], size: usize) -> Option<ModelAnswer> {
    let row = service("openrouter").copied()?;
    alike(stream, size, |pieces| read(chat::read::Reader::new(row), pieces, chat::read::Reader::finish))
}

/// Reads a stream as an answer of Responses, and gives what came of it; the same however it is cut.
pub fn responses(stream: &[u8], size: usize) -> Option<ModelAnswer> {
    alike(stream, size, |pieces| read(responses::read::Reader::default(), pieces, responses::read::Reader::finish))
}

fn alike(
    stream: &[u8],
    size: usize,
    read: impl Fn(&mut dyn Iterator<Item = &[u8]>) -> Option<ModelAnswer>,
) -> Option<ModelAnswer> {
    let whole = read(&mut [stream].into_iter());
    let cut = read(&mut stream.chunks(size.max(1)));
    assert_eq!(whole, cut, "it is the same however it is cut");
    whole
}

fn read<R: Reader>(
    mut reader: R,
    pieces: &mut dyn Iterator<Item = &[u8]>,
    finish: impl FnOnce(R, &ModelRequest) -> cowork_core::Result<ModelAnswer>,
) -> Option<ModelAnswer> {
    let said = Arc::new(Mutex::new(String::new()));
    let heard = said.clone();
    let say: Say = Box::new(move |piece| {
        if let (Said::Text(text), Ok(mut said)) = (piece, heard.lock()) {
            said.push_str(text);
        }
    });
    let mut parser = Parser::default();
    for piece in pieces {
        parser.feed(piece, |event| reader.event(event, &say)).ok()?;
        if reader.fault().is_some() {
            return None;
        }
    }
    parser.finish(|event| reader.event(event, &say)).ok()?;
    if reader.fault().is_some() {
        return None;
    }
    let answer = finish(reader, &ModelRequest::default()).ok()?;
    assert_eq!(said.lock().ok().map(|said| said.clone()), Some(answer.text()), "what was said is the answer's text");
    let ids: BTreeSet<&str> = answer.calls().map(|call| call.id.as_str()).collect();
    assert!(ids.len() == answer.calls().count() && !ids.contains(""), "each call has a name of its own");
    assert!(answer.calls().all(|call| call.args.value().is_object()), "arguments are an object");
    let opaque = |block: &Block| match block {
        Block::Opaque { json, .. } => serde_json::from_str::<serde_json::Value>(json).is_ok(),
        _ => true,
    };
    assert!(answer.blocks.iter().all(opaque), "what goes back unchanged is JSON");
    Some(answer)
}

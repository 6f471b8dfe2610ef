//! Streams that went wrong anywhere: an error or an answer, and what is sent after it is always well-formed.

use cowork_core::Said;
use cowork_models::{
    anthropic::{Heard, Reader},
    sse::Parser,
};
use proptest::{prelude::*, sample::Index};

use super::{cached::check, *};

/// What may happen to a stream.
#[derive(Clone, Debug)]
enum Mishap {
    Lost(Index),
    Twice(Index),
    Swapped(Index, Index),
    CutAt(Index),
    Byte(Index, u8),
    Null(Index),
    Text(Index, String),
}

fn mishap() -> impl Strategy<Value = Mishap> {
    let at = any::<Index>;
    prop_oneof![
        at().prop_map(Mishap::Lost),
        at().prop_map(Mishap::Twice),
        (at(), at()).prop_map(|(a, b)| Mishap::Swapped(a, b)),
        at().prop_map(Mishap::CutAt),
        (at(), any::<u8>()).prop_map(|(at, byte)| Mishap::Byte(at, byte)),
        at().prop_map(Mishap::Null),
        (at(), "[a-z{}\"\\[:, ]{0,70}").prop_map(|(at, text)| Mishap::Text(at, text)),
    ]
}

/// Sets the nth value in it, counted through.
fn set(value: &mut Value, n: &mut usize, new: &Value) {
    if *n == 0 {
        *value = new.clone();
    }
    *n = n.wrapping_sub(1);
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|value| set(value, n, new)),
        Value::Array(all) => all.iter_mut().for_each(|value| set(value, n, new)),
        _ => {}
    }
}

fn broken(mut all: Vec<Value>, mishaps: &[Mishap]) -> Vec<u8> {
    for mishap in mishaps {
        let len = all.len().max(1);
        match mishap {
            _ if all.is_empty() => {}
            Mishap::Lost(at) => drop(all.remove(at.index(len))),
            Mishap::Twice(at) => all.insert(at.index(len), all[at.index(len)].clone()),
            Mishap::Swapped(a, b) => all.swap(a.index(len), b.index(len)),
            Mishap::Null(at) => set(&mut all[at.index(len)], &mut (1 + at.index(12)), &Value::Null),
            Mishap::Text(at, text) => set(&mut all[at.index(len)], &mut (1 + at.index(12)), &json!(text)),
            Mishap::CutAt(_) | Mishap::Byte(..) => {}
        }
    }
    let mut stream = events(&all).into_bytes();
    for mishap in mishaps {
        match mishap {
            _ if stream.is_empty() => {}
            Mishap::CutAt(at) => stream.truncate(at.index(stream.len())),
            Mishap::Byte(at, byte) => {
                let at = at.index(stream.len());
                stream[at] = *byte;
            }
            _ => {}
        }
    }
    stream
}

fn read_all(stream: &[u8], request: &ModelRequest) -> Result<ModelAnswer> {
    let said = Mutex::new(String::new());
    let say = |piece: Said<'_>| {
        if let Said::Text(text) = piece {
            said.lock().unwrap().push_str(text);
        }
    };
    let (mut parser, mut reader, mut ended) = (Parser::default(), Reader::new(&say), false);
    for piece in stream.chunks(97) {
        parser.feed(piece, |event| {
            if !ended {
                match reader.event(event.name, event.data)? {
                    Heard::More => {}
                    Heard::End => ended = true,
                    Heard::Fault(fault) => return Err(Error::new(Kind::Unavailable, "test", fault.message)),
                }
            }
            Ok(())
        })?;
    }
    let answer = reader.answer(request)?;
    assert_eq!(answer.text(), *said.lock().unwrap(), "what was said is what was answered");
    Ok(answer)
}

fn whole() -> Vec<Value> {
    let thought = [
        begin(0, &json!({ "type": "thinking", "thinking": "", "signature": "" })),
        delta(0, &json!({ "type": "thinking_delta", "thinking": "Hm" })),
        delta(0, &json!({ "type": "signature_delta", "signature": "c2ln" })),
        stop(0),
    ];
    let search = [
        begin(4, &json!({ "type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {} })),
        delta(4, &json!({ "type": "input_json_delta", "partial_json": "{\"query\":\"x\"}" })),
        begin(5, &json!({ "type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [] })),
    ];
    let calls = [call(2, "toolu_1", &["", "{\"at\":", "1}"]), call(3, "toolu_2", &["{\"at\":2}"])].concat();
    [start()]
        .into_iter()
        .chain(thought)
        .chain(text(1, "Look."))
        .chain(calls)
        .chain(search)
        .chain(end("tool_use"))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_to_a_stream_the_next_request_is_well_formed(mishaps in prop::collection::vec(mishap(), 0..6)) {
        let mut next = hello();
        if let Ok(answer) = read_all(&broken(whole(), &mishaps), &next) {
            let calls = answer.calls().map(|call| Block::Result { call: call.id.clone(), text: "seen".into(), failed: false });
            let results: Vec<Block> = calls.collect();
            next.messages.push(Arc::new(Message::new(Role::Assistant, answer.blocks)));
            next.messages.push(Arc::new(Message::new(Role::User, results)));
        }
        next.messages.push(Arc::new(Message::user("go on")));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let body = runtime.block_on(sent("claude-sonnet-5-5", next));
        prop_assert_eq!(check(&body), Ok(()), "{}", body);
    }
}

//! Streams that were damaged on the way: an answer that keeps a model's promises, or an error; the fixed dose of the fuzz targets.

use cowork_core::ModelAnswer;
use cowork_models::openai::fuzzed;
use proptest::prelude::*;

const CHAT: &[&str] = &[
    r#"data: {"id":"c1","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hel\u00e4","reasoning_details":[{"type":"reasoning.text","text":"a","index":0}]},"finish_reason":null}]}"#,
    r#"data: {"choices":[{"delta":{"content":"lo","reasoning":null,"tool_calls":[]}}],"usage":null}"#,
    ": still here",
    r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"look","arguments":""}}]}}]}"#,
    r#"data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":1}"}},{"index":1,"id":"call_2","function":{"name":"look","arguments":{"b":[2]}}}]}}]}"#,
    r#"data: {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#,
    r#"data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4}}}"#,
    "data: [DONE]",
];

const RESPONSES: &[&str] = &[
    r#"data: {"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[]}}"#,
    r#"data: {"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"x"}}"#,
    r#"data: {"type":"response.output_text.delta","output_index":1,"delta":"Hel\u00e4"}"#,
    r#"data: {"type":"response.output_item.done","output_index":1,"item":{"type":"message","content":[{"type":"output_text","text":"Hel","annotations":[]}]}}"#,
    r#"data: {"type":"response.output_item.added","output_index":2,"item":{"type":"function_call","call_id":"call_1","name":"look","arguments":""}}"#,
    r#"data: {"type":"response.function_call_arguments.delta","output_index":2,"delta":"{\"a\":"}"#,
    r#"data: {"type":"response.function_call_arguments.done","output_index":2,"arguments":"{\"a\":1}"}"#,
    r#"data: {"type":"response.completed","response":{"id":"r","model":"m","status":"completed","usage":{"input_tokens":9,"output_tokens":5}}}"#,
];

/// What happens to a stream: lines are dropped, doubled and swapped, bytes changed, and it is cut.
#[derive(Clone, Debug)]
enum Damage {
    Drop(usize),
    Double(usize),
    Swap(usize, usize),
    Byte(usize, u8),
    Cut(usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = 0_usize..1000;
    prop_oneof![
        at.clone().prop_map(Damage::Drop),
        at.clone().prop_map(Damage::Double),
        (at.clone(), at.clone()).prop_map(|(a, b)| Damage::Swap(a, b)),
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        at.prop_map(Damage::Cut),
    ]
}

fn damaged(lines: &[&str], damages: &[Damage]) -> Vec<u8> {
    let mut lines: Vec<&str> = lines.to_vec();
    for damage in damages {
        let of = |at: usize, lines: &[&str]| at % lines.len();
        match damage {
            Damage::Drop(at) if lines.len() > 1 => drop(lines.remove(of(*at, &lines))),
            Damage::Double(at) => lines.insert(of(*at, &lines), lines[of(*at, &lines)]),
            Damage::Swap(a, b) => {
                let (a, b) = (of(*a, &lines), of(*b, &lines));
                lines.swap(a, b);
            }
            _ => {}
        }
    }
    let mut stream = lines.iter().flat_map(|line| [*line, "\n\n"]).collect::<String>().into_bytes();
    for damage in damages {
        let len = stream.len().max(1);
        match damage {
            Damage::Byte(at, byte) if !stream.is_empty() => stream[at * 7919 % len] = *byte,
            Damage::Cut(at) => stream.truncate(len - at * 7919 % len),
            _ => {}
        }
    }
    stream
}

#[test]
fn undamaged_they_are_answers() {
    let texts = |answer: ModelAnswer| (answer.text(), answer.calls().count(), answer.usage.output);
    assert_eq!(fuzzed::chat(&damaged(CHAT, &[]), 3).map(texts), Some(("Helälo".into(), 2, 5)));
    assert_eq!(fuzzed::responses(&damaged(RESPONSES, &[]), 3).map(texts), Some(("Helä".into(), 1, 5)));
}

proptest! {
    #[test]
    fn damaged_they_keep_a_models_promises_or_are_none(damages in prop::collection::vec(damage(), 1..6), size in 1_usize..64) {
        fuzzed::chat(&damaged(CHAT, &damages), size);
        fuzzed::responses(&damaged(RESPONSES, &damages), size);
    }
}

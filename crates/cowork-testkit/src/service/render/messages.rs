//! Anthropic Messages.

use cowork_core::Stop;
use serde_json::{Value, json};

use super::{Event, Made, Mark, Plan, seal};
use crate::service::Quirk;

pub(super) fn whole(plan: &Plan) -> Value {
    let content: Vec<Value> = plan.made.iter().flat_map(|made| blocks(plan, made)).collect();
    message(plan, &content, &stop_reason(plan), &usage(plan, plan.usage.output))
}

pub(super) fn stream(plan: &Plan) -> Vec<Event> {
    let start = message(plan, &[], &Value::Null, &usage(plan, 1));
    let mut events = vec![Event::new("message_start", json!({ "type": "message_start", "message": start }))];
    let mut index = 0;
    for made in &plan.made {
        for block in blocks(plan, made) {
            streamed(plan, index, block, &mut events);
            if index == 0 {
                events.push(Event::new("ping", json!({ "type": "ping" })));
            }
            index += 1;
        }
    }
    let delta = json!({ "stop_reason": stop_reason(plan), "stop_sequence": null });
    let mut end = json!({ "type": "message_delta", "delta": delta, "usage": usage(plan, plan.usage.output) });
    if plan.has(Quirk::NoUsage) {
        end["usage"] = Value::Null;
    }
    events.push(Event::new("message_delta", end));
    if !plan.has(Quirk::NoDone) {
        events.push(Event::new("message_stop", json!({ "type": "message_stop" })));
    }
    events
}

fn streamed(plan: &Plan, index: usize, mut block: Value, events: &mut Vec<Event>) {
    let mut deltas: Vec<(Value, Mark)> = Vec::new();
    match block["type"].as_str().unwrap_or_default() {
        "text" => {
            let text = block["text"].take();
            let texts = plan.pieces(text.as_str().unwrap_or_default()).into_iter();
            deltas.extend(texts.map(|t| (json!({ "type": "text_delta", "text": t }), Mark::Text)));
            let citations = block.as_object_mut().and_then(|b| b.remove("citations"));
            for citation in citations.iter().flat_map(|c| c.as_array().into_iter().flatten()) {
                deltas.push((json!({ "type": "citations_delta", "citation": citation }), Mark::Nothing));
            }
            block["text"] = json!("");
        }
        "thinking" => {
            let (text, signature) = (block["thinking"].take(), block["signature"].take());
            let texts = plan.pieces(text.as_str().unwrap_or_default()).into_iter();
            deltas.extend(texts.map(|t| (json!({ "type": "thinking_delta", "thinking": t }), Mark::Nothing)));
            deltas.push((json!({ "type": "signature_delta", "signature": signature }), Mark::Nothing));
            (block["thinking"], block["signature"]) = (json!(""), json!(""));
        }
        "tool_use" | "server_tool_use" if !plan.has(Quirk::InputInStart) => {
            let args = match block["input"].take() {
                // As it was written, though it may be no JSON.
                Value::String(written) => written,
                input => input.to_string(),
            };
            let first = (!plan.has(Quirk::WholeArguments)).then_some("");
            let pieces = if plan.has(Quirk::WholeArguments) { vec![args.as_str()] } else { plan.pieces(&args) };
            // A call without arguments has an empty first piece and no more.
            let none = args.is_empty() || args == "{}";
            for piece in first.into_iter().chain(pieces.into_iter().filter(|_| !none)) {
                deltas.push((json!({ "type": "input_json_delta", "partial_json": piece }), Mark::Args));
            }
            block["input"] = json!({});
        }
        _ => {}
    }
    let start = json!({ "type": "content_block_start", "index": index, "content_block": block });
    events.push(Event::new("content_block_start", start));
    for (delta, mark) in deltas {
        let data = json!({ "type": "content_block_delta", "index": index, "delta": delta });
        events.push(Event::new("content_block_delta", data).marked(mark));
    }
    events.push(Event::new("content_block_stop", json!({ "type": "content_block_stop", "index": index })));
}

fn blocks(plan: &Plan, made: &Made) -> Vec<Value> {
    match made {
        Made::Text { text, citations } if citations.is_empty() => vec![json!({ "type": "text", "text": text })],
        Made::Text { text, citations } => vec![json!({ "type": "text", "text": text, "citations": citations })],
        Made::Thinking(text) => {
            vec![json!({ "type": "thinking", "thinking": text, "signature": seal(text) + &plan.binding })]
        }
        Made::Redacted(text) => vec![json!({ "type": "redacted_thinking", "data": seal(text) + &plan.binding })],
        Made::Call { id, tool, args } => {
            let input = serde_json::from_str(args).unwrap_or_else(|_| json!(args));
            let mut call = json!({ "type": "tool_use", "id": id, "name": tool, "input": input });
            if plan.has(Quirk::NoIds) {
                call["id"] = Value::Null;
            }
            vec![call]
        }
        Made::Server { id, tool, input, result } => vec![
            json!({ "type": "server_tool_use", "id": id, "name": tool, "input": input }),
            json!({ "type": format!("{tool}_tool_result"), "tool_use_id": id, "content": result }),
        ],
        Made::Refusal(text) if text.is_empty() => Vec::new(),
        Made::Refusal(text) => vec![json!({ "type": "text", "text": text })],
    }
    .into_iter()
    .chain(plan.has(Quirk::UnknownBlock).then(|| json!({ "type": "mock_unknown", "about": { "it": [1, 2] } })))
    .collect()
}

fn message(plan: &Plan, content: &[Value], stop: &Value, usage: &Value) -> Value {
    json!({
        "id": format!("msg_{}", plan.id), "type": "message", "role": "assistant", "model": plan.model,
        "content": content, "stop_reason": stop, "stop_sequence": null, "usage": usage,
    })
}

fn usage(plan: &Plan, output: u64) -> Value {
    let usage = &plan.usage;
    json!({
        "input_tokens": usage.input, "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read, "output_tokens": output,
    })
}

fn stop_reason(plan: &Plan) -> Value {
    match plan.stop {
        _ if plan.has(Quirk::NullFinish) => Value::Null,
        Stop::Calls if plan.has(Quirk::FinishStop) => json!("end_turn"),
        Stop::Calls => json!("tool_use"),
        Stop::Length => json!("max_tokens"),
        Stop::Full => json!("model_context_window_exceeded"),
        Stop::Refused => json!("refusal"),
        Stop::Paused => json!("pause_turn"),
        _ => json!("end_turn"),
    }
}

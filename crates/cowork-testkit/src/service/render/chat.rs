//! `OpenAI` Chat Completions, and as others speak it.

use cowork_core::Stop;
use serde_json::{Map, Value, json};

use super::{Event, Made, Mark, Plan, seal};
use crate::service::Quirk;

pub(super) fn whole(plan: &Plan) -> Value {
    let mut message = json!({ "role": "assistant", "content": null, "refusal": null, "annotations": [] });
    let mut calls = Vec::new();
    for (at, made) in plan.made.iter().enumerate() {
        match made {
            Made::Text { text, .. } if plan.has(Quirk::ThinkingParts) => {
                push(&mut message["content"], json!({ "type": "text", "text": text }));
            }
            Made::Text { text, .. } => add(&mut message["content"], text),
            Made::Thinking(text) => {
                for (name, value) in thought(plan, at, text, Some(text)) {
                    match &value {
                        Value::String(text) => add(&mut message[&name], text),
                        _ => push(&mut message[&name], value[0].clone()),
                    }
                }
            }
            Made::Refusal(text) => add(&mut message["refusal"], text),
            Made::Call { id, tool, args } => calls.push(call(plan, id, tool, args)),
            Made::Redacted(_) | Made::Server { .. } => {}
        }
    }
    if !calls.is_empty() || plan.has(Quirk::NoCalls) {
        message["tool_calls"] = json!(calls);
    } else if plan.has(Quirk::Nulls) {
        message["tool_calls"] = Value::Null;
    }
    let choice = json!({ "index": 0, "message": message, "logprobs": null, "finish_reason": finish(plan) });
    let mut body = json!({
        "id": format!("chatcmpl-{}", plan.id), "object": "chat.completion", "created": 1_700_000_000, "model": plan.model,
        "choices": [choice], "usage": usage(plan), "system_fingerprint": null,
    });
    if plan.has(Quirk::NullError) {
        body["error"] = Value::Null;
    }
    body
}

pub(super) fn stream(plan: &Plan) -> Vec<Event> {
    let mut deltas = vec![(json!({ "role": "assistant", "content": "" }), Mark::Nothing)];
    if plan.has(Quirk::NullDelta) {
        deltas.push((Value::Null, Mark::Nothing));
    }
    for (at, made) in plan.made.iter().enumerate() {
        match made {
            Made::Text { text, .. } => {
                let texts = plan.pieces(text).into_iter().map(|t| (said(plan, t), Mark::Text));
                deltas.extend(texts);
            }
            Made::Thinking(text) => {
                let pieces = plan.pieces(text).into_iter();
                let pieces = pieces.map(|piece| thought(plan, at, piece, None));
                // The seal comes last, and is that of all.
                let sealed = plan.has(Quirk::ReasoningDetails).then(|| thought(plan, at, "", Some(text)));
                deltas.extend(pieces.chain(sealed).map(|delta| (Value::Object(delta), Mark::Nothing)));
            }
            Made::Refusal(text) => {
                let pieces = plan.pieces(text).into_iter();
                deltas.extend(pieces.map(|t| (json!({ "refusal": t }), Mark::Nothing)));
            }
            Made::Call { .. } | Made::Redacted(_) | Made::Server { .. } => {}
        }
    }
    deltas.extend(call_deltas(plan));
    let mut events: Vec<Event> =
        deltas.into_iter().map(|(delta, mark)| chunk(plan, &delta, &Value::Null).marked(mark)).collect();
    events.push(chunk(plan, &json!({}), &finish(plan)));
    if !plan.has(Quirk::NoUsage) {
        let mut last = chunk(plan, &Value::Null, &Value::Null);
        last.data["choices"] = json!([]);
        last.data["usage"] = usage(plan);
        events.push(last);
    }
    events
}

fn call_deltas(plan: &Plan) -> Vec<(Value, Mark)> {
    let calls = plan.made.iter().filter_map(|made| match made {
        Made::Call { id, tool, args } => Some((id, tool, args)),
        _ => None,
    });
    let whole = plan.has(Quirk::WholeArguments) || plan.has(Quirk::ObjectArguments) || plan.has(Quirk::OneDelta);
    let mut deltas = Vec::new();
    for (index, (id, tool, args)) in calls.enumerate() {
        let indexed = |mut call: Value| {
            match () {
                () if plan.has(Quirk::NoIndex) => {}
                () if plan.has(Quirk::ZeroIndex) => call["index"] = json!(0),
                () => call["index"] = json!(index),
            }
            call
        };
        if whole {
            deltas.push(indexed(call(plan, id, tool, args)));
            continue;
        }
        deltas.push(indexed(call(plan, id, tool, "")));
        for piece in plan.pieces(args) {
            let more = if plan.has(Quirk::RepeatedIds) {
                call(plan, id, tool, piece)
            } else if plan.has(Quirk::Nulls) {
                json!({ "id": null, "type": null, "function": { "name": null, "arguments": piece } })
            } else {
                json!({ "function": { "arguments": piece } })
            };
            deltas.push(indexed(more));
        }
    }
    let delta = |calls: Value| {
        let mut delta = json!({ "tool_calls": calls });
        if plan.has(Quirk::Nulls) {
            delta["content"] = Value::Null;
            delta["role"] = Value::Null;
        }
        (delta, Mark::Args)
    };
    if plan.has(Quirk::OneDelta) && !deltas.is_empty() {
        return vec![delta(Value::Array(deltas))];
    }
    deltas.into_iter().map(|call| delta(json!([call]))).collect()
}

fn said(plan: &Plan, text: &str) -> Value {
    let mut delta = json!({ "content": text });
    if plan.has(Quirk::NoCalls) {
        delta["tool_calls"] = json!([]);
    }
    if plan.has(Quirk::Nulls) {
        delta["tool_calls"] = Value::Null;
        delta["refusal"] = Value::Null;
        delta["role"] = Value::Null;
    }
    delta
}

/// Gives what it thinks as its service writes it; `OpenAI`'s own does not show it.
fn thought(plan: &Plan, at: usize, text: &str, sealed: Option<&str>) -> Map<String, Value> {
    let thought = match () {
        () if plan.has(Quirk::ReasoningContent) => json!({ "reasoning_content": text }),
        () if plan.has(Quirk::ReasoningDetails) => json!({
            "reasoning": text,
            "reasoning_details": [{
                "type": "reasoning.text", "text": text, "signature": sealed.map(seal), "format": "mock", "index": at,
            }],
        }),
        () if plan.has(Quirk::ThinkingParts) => {
            json!({ "content": [{ "type": "thinking", "thinking": [{ "type": "text", "text": text }] }] })
        }
        () => json!({}),
    };
    thought.as_object().cloned().unwrap_or_default()
}

fn call(plan: &Plan, id: &str, tool: &str, args: &str) -> Value {
    let args = if plan.has(Quirk::ObjectArguments) {
        serde_json::from_str(args).unwrap_or_else(|_| json!(args))
    } else {
        json!(args)
    };
    let mut call = json!({ "id": id, "type": "function", "function": { "name": tool, "arguments": args } });
    if plan.has(Quirk::NoIds) {
        call.as_object_mut().map(|c| c.remove("id"));
    }
    call
}

fn chunk(plan: &Plan, delta: &Value, finish: &Value) -> Event {
    let mut chunk = json!({
        "id": format!("chatcmpl-{}", plan.id), "object": "chat.completion.chunk", "created": 1_700_000_000,
        "model": plan.model, "choices": [{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish }],
    });
    if plan.has(Quirk::Nulls) {
        chunk["usage"] = Value::Null;
        chunk["system_fingerprint"] = Value::Null;
    }
    Event::new("", chunk)
}

fn usage(plan: &Plan) -> Value {
    let usage = &plan.usage;
    let read = usage.input + usage.cache_read + usage.cache_write;
    if plan.has(Quirk::NoUsage) {
        return Value::Null;
    }
    json!({
        "prompt_tokens": read, "completion_tokens": usage.output, "total_tokens": read + usage.output,
        "prompt_tokens_details": { "cached_tokens": usage.cache_read },
        "completion_tokens_details": { "reasoning_tokens": usage.thinking },
    })
}

fn finish(plan: &Plan) -> Value {
    match plan.stop {
        _ if plan.has(Quirk::NullFinish) => Value::Null,
        Stop::Calls if !plan.has(Quirk::FinishStop) => json!("tool_calls"),
        Stop::Length | Stop::Full => json!("length"),
        Stop::Refused if plan.made.iter().all(|m| !matches!(m, Made::Refusal(_))) => json!("content_filter"),
        _ => json!("stop"),
    }
}

fn add(to: &mut Value, text: &str) {
    let before = to.as_str().unwrap_or_default();
    *to = json!(format!("{before}{text}"));
}

fn push(to: &mut Value, part: Value) {
    match to {
        Value::Array(parts) => parts.push(part),
        _ => *to = json!([part]),
    }
}

//! `OpenAI` Responses.

use cowork_core::Stop;
use serde_json::{Value, json};

use super::{Event, Made, Mark, Plan, seal};
use crate::service::Quirk;

pub(super) fn whole(plan: &Plan) -> Value {
    response(plan, &items(plan), true)
}

pub(super) fn stream(plan: &Plan) -> Vec<Event> {
    let items = items(plan);
    let mut out = Out(Vec::new());
    out.push("response.created", json!({ "response": response(plan, &[], false) }));
    out.push("response.in_progress", json!({ "response": response(plan, &[], false) }));
    for (index, item) in items.iter().enumerate() {
        if !plan.has(Quirk::OnlyDone) {
            deltas(plan, index, item, &mut out);
        }
        out.push("response.output_item.done", json!({ "output_index": index, "item": item }));
    }
    let last = response(plan, &items, true);
    let end = if last["status"] == "incomplete" { "response.incomplete" } else { "response.completed" };
    if !plan.has(Quirk::NoDone) {
        out.push(end, json!({ "response": last }));
    }
    out.0
}

struct Out(Vec<Event>);

impl Out {
    fn push(&mut self, name: &'static str, data: Value) {
        self.mark(name, data, Mark::Nothing);
    }

    fn mark(&mut self, name: &'static str, mut data: Value, mark: Mark) {
        data["type"] = json!(name);
        data["sequence_number"] = json!(self.0.len());
        self.0.push(Event::new(name, data).marked(mark));
    }
}

/// Writes an item's beginning and its pieces.
fn deltas(plan: &Plan, index: usize, item: &Value, out: &mut Out) {
    let id = &item["id"];
    let mut begun = item.clone();
    if begun["status"].is_string() {
        begun["status"] = json!("in_progress");
    }
    match item["type"].as_str().unwrap_or_default() {
        "message" => {
            begun["content"] = json!([]);
            out.push("response.output_item.added", json!({ "output_index": index, "item": begun }));
            for (at, part) in item["content"].as_array().into_iter().flatten().enumerate() {
                let place = json!({ "item_id": id, "output_index": index, "content_index": at });
                content(plan, &place, part, out);
            }
        }
        "function_call" => {
            begun["arguments"] = json!("");
            out.push("response.output_item.added", json!({ "output_index": index, "item": begun }));
            let args = item["arguments"].as_str().unwrap_or_default();
            for piece in plan.pieces(args) {
                let data = json!({ "item_id": id, "output_index": index, "delta": piece });
                out.mark("response.function_call_arguments.delta", data, Mark::Args);
            }
            let data = json!({ "item_id": id, "output_index": index, "arguments": args, "name": item["name"] });
            out.push("response.function_call_arguments.done", data);
        }
        "reasoning" => {
            (begun["summary"], begun["encrypted_content"]) = (json!([]), json!(""));
            out.push("response.output_item.added", json!({ "output_index": index, "item": begun }));
            for (at, part) in item["summary"].as_array().into_iter().flatten().enumerate() {
                let place = json!({ "item_id": id, "output_index": index, "summary_index": at });
                summary(plan, &place, part, out);
            }
        }
        _ => out.push("response.output_item.added", json!({ "output_index": index, "item": begun })),
    }
}

fn content(plan: &Plan, place: &Value, part: &Value, out: &mut Out) {
    let refusal = part["type"] == "refusal";
    let (key, delta, done) = if refusal {
        ("refusal", "response.refusal.delta", "response.refusal.done")
    } else {
        ("text", "response.output_text.delta", "response.output_text.done")
    };
    let mut empty = part.clone();
    empty[key] = json!("");
    out.push("response.content_part.added", with(place, "part", &empty));
    for piece in plan.pieces(part[key].as_str().unwrap_or_default()) {
        let mut data = with(place, "delta", &json!(piece));
        if !refusal {
            data["logprobs"] = json!([]);
        }
        out.mark(delta, data, Mark::Text);
    }
    let mut data = with(place, key, &part[key]);
    if !refusal {
        data["logprobs"] = json!([]);
    }
    out.push(done, data);
    out.push("response.content_part.done", with(place, "part", part));
}

fn summary(plan: &Plan, place: &Value, part: &Value, out: &mut Out) {
    let empty = json!({ "type": "summary_text", "text": "" });
    out.push("response.reasoning_summary_part.added", with(place, "part", &empty));
    for piece in plan.pieces(part["text"].as_str().unwrap_or_default()) {
        out.push("response.reasoning_summary_text.delta", with(place, "delta", &json!(piece)));
    }
    out.push("response.reasoning_summary_text.done", with(place, "text", &part["text"]));
    out.push("response.reasoning_summary_part.done", with(place, "part", part));
}

fn with(place: &Value, key: &str, value: &Value) -> Value {
    let mut data = place.clone();
    data[key] = value.clone();
    data
}

/// Gives the items of an answer. What it thinks is bound to the call that follows it, as the service binds them.
fn items(plan: &Plan) -> Vec<Value> {
    let mut items: Vec<Value> = Vec::new();
    let mut thought = String::new();
    for (at, made) in plan.made.iter().enumerate() {
        let id = format!("{}{at}", plan.id);
        match made {
            Made::Text { text, citations } => {
                let part = json!({ "type": "output_text", "text": text, "annotations": citations, "logprobs": [] });
                items.push(message(&id, &part));
            }
            Made::Refusal(text) => items.push(message(&id, &json!({ "type": "refusal", "refusal": text }))),
            Made::Thinking(text) | Made::Redacted(text) => {
                let shown = matches!(made, Made::Thinking(_));
                let summary = if shown { json!([{ "type": "summary_text", "text": text }]) } else { json!([]) };
                items.push(json!({
                    "type": "reasoning", "id": format!("rs_{id}"), "summary": summary,
                    "encrypted_content": seal(&summary.to_string()),
                }));
                thought.clone_from(&id);
            }
            Made::Call { id: call, tool, args } => {
                let id = if thought.is_empty() { format!("fc_{id}") } else { format!("fc_{id}_after_{thought}") };
                let call = if plan.has(Quirk::NoIds) { Value::Null } else { json!(call) };
                items.push(json!({
                    "type": "function_call", "id": id, "call_id": call, "name": tool, "arguments": args,
                    "status": if plan.stop == Stop::Length { "incomplete" } else { "completed" },
                }));
            }
            Made::Server { input, .. } => items.push(json!({
                "type": "web_search_call", "id": format!("ws_{id}"), "status": "completed",
                "action": { "type": "search", "query": input["query"] },
            })),
        }
    }
    if plan.has(Quirk::UnknownBlock) {
        items.push(json!({ "type": "mock_unknown", "id": format!("mu_{}", plan.id), "about": { "it": [1, 2] } }));
    }
    items
}

fn message(id: &str, part: &Value) -> Value {
    json!({ "type": "message", "id": format!("msg_{id}"), "status": "completed", "role": "assistant", "content": [part] })
}

fn response(plan: &Plan, items: &[Value], done: bool) -> Value {
    let usage = &plan.usage;
    let read = usage.input + usage.cache_read + usage.cache_write;
    let (status, why) = match plan.stop {
        _ if !done => ("in_progress", Value::Null),
        Stop::Length | Stop::Full => ("incomplete", json!({ "reason": "max_output_tokens" })),
        Stop::Refused if plan.made.iter().all(|m| !matches!(m, Made::Refusal(_))) => {
            ("incomplete", json!({ "reason": "content_filter" }))
        }
        _ => ("completed", Value::Null),
    };
    let usage = json!({
        "input_tokens": read, "input_tokens_details": { "cached_tokens": usage.cache_read },
        "output_tokens": usage.output, "output_tokens_details": { "reasoning_tokens": usage.thinking },
        "total_tokens": read + usage.output,
    });
    json!({
        "id": format!("resp_{}", plan.id), "object": "response", "created_at": 1_700_000_000, "status": status,
        "model": plan.model, "output": items, "error": null, "incomplete_details": why, "instructions": null,
        "metadata": {}, "parallel_tool_calls": true, "temperature": 1.0, "tool_choice": "auto", "tools": [], "top_p": 1.0,
        "store": false, "usage": if done && !plan.has(Quirk::NoUsage) { usage } else { Value::Null },
    })
}

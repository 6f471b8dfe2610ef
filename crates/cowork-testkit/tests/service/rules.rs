//! What the validators let pass and what they refuse.

use cowork_testkit::{
    cassette,
    service::{Validate, chat, messages, responses},
};
use serde_json::{Value, json};

use super::validators;

fn validate(format: &str, body: &Value) -> Result<(), String> {
    validators().iter().find(|(name, _)| *name == format).unwrap().1(body)
}

/// A conversation with two calls and their results, well-formed.
fn messages_body() -> Value {
    json!({
        "model": "m", "max_tokens": 2048, "stream": true, "thinking": { "type": "adaptive" },
        "system": [{ "type": "text", "text": "Be brief.", "cache_control": { "type": "ephemeral" } }],
        "tools": [{ "name": "look", "description": "Looks.", "input_schema": { "type": "object", "properties": {} } }],
        "messages": [
            { "role": "user", "content": "look" },
            { "role": "assistant", "content": [
                { "type": "thinking", "thinking": "hm", "signature": "c2ln" },
                { "type": "text", "text": "I look." },
                { "type": "tool_use", "id": "toolu_1", "name": "look", "input": {} },
                { "type": "tool_use", "id": "toolu_2", "name": "look", "input": {} } ] },
            { "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": "toolu_1", "content": "a" },
                { "type": "tool_result", "tool_use_id": "toolu_2", "content": [{ "type": "text", "text": "b" }], "is_error": true },
                { "type": "text", "text": "go on" } ] },
        ],
    })
}

fn chat_body() -> Value {
    let call = |id: &str| json!({ "id": id, "type": "function", "function": { "name": "look", "arguments": "{}" } });
    json!({
        "model": "m", "stream": true, "stream_options": { "include_usage": true }, "max_completion_tokens": 9,
        "tools": [{ "type": "function", "function": { "name": "look", "parameters": { "type": "object", "properties": {} } } }],
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": [{ "type": "text", "text": "look" },
                { "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } }] },
            { "role": "assistant", "content": null, "tool_calls": [call("call_1"), call("call_2")] },
            { "role": "tool", "tool_call_id": "call_2", "content": "b" },
            { "role": "tool", "tool_call_id": "call_1", "content": "" },
        ],
    })
}

fn responses_body() -> Value {
    let call = |id: &str| json!({ "type": "function_call", "call_id": id, "name": "look", "arguments": "{}" });
    json!({
        "model": "m", "store": false, "include": ["reasoning.encrypted_content"], "max_output_tokens": 16,
        "tools": [{ "type": "function", "name": "look", "strict": false, "parameters": { "type": "object", "properties": {} } }],
        "input": [
            { "role": "user", "content": "look" },
            { "type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "c2VhbGVk" },
            call("call_1"), call("call_2"),
            { "type": "function_call_output", "call_id": "call_1", "output": "a" },
            { "type": "function_call_output", "call_id": "call_2", "output": "b" },
        ],
    })
}

#[test]
fn what_is_well_formed_passes() {
    assert_eq!(validate("messages", &messages_body()), Ok(()));
    assert_eq!(validate("chat", &chat_body()), Ok(()));
    assert_eq!(validate("responses", &responses_body()), Ok(()));
}

/// Changes a well-formed body at a pointer and expects words in what is found wrong.
fn refused(format: &str, body: &Value, at: &str, change: Option<Value>, words: &str) {
    let mut body = body.clone();
    let (parent, name) = at.rsplit_once('/').unwrap();
    match (body.pointer_mut(parent).unwrap(), change) {
        (Value::Array(list), None) => drop(list.remove(name.parse().unwrap())),
        (Value::Array(list), Some(value)) if name == "-" => list.push(value),
        (Value::Object(object), None) => drop(object.remove(name).unwrap()),
        (parent, Some(value)) => match name.parse::<usize>() {
            Ok(i) => parent[i] = value,
            Err(_) => parent[name] = value,
        },
        _ => panic!("{at}"),
    }
    let found = validate(format, &body).expect_err(at);
    assert!(found.contains(words), "{format} {at}: {found}");
}

#[test]
fn messages_are_judged_as_the_service_judges_them() {
    let body = messages_body();
    let wrong = |at: &str, change: Option<Value>, words: &str| refused("messages", &body, at, change, words);
    wrong("/model", None, "Field required");
    wrong("/max_tokens", Some(json!(0)), "at least 1");
    wrong("/n", Some(json!(1)), "Extra inputs");
    wrong("/messages/0", None, "first message must use the \"user\" role");
    wrong("/messages/0/content", Some(json!("")), "non-empty");
    wrong("/messages/0/content", Some(json!([])), "too short");
    wrong("/messages/1/content/1/text", Some(json!("")), "non-empty");
    wrong("/messages/1/content/1/text", Some(json!(" \n")), "non-whitespace");
    wrong("/messages/1/content/2/id", Some(json!("a b")), "pattern");
    wrong("/messages/1/content/2/id", Some(json!("toolu_2")), "must be unique");
    wrong("/messages/1/content/2/input", Some(json!("{}")), "should be an object");
    wrong("/messages/1/content/0/signature", Some(json!("")), "non-empty");
    wrong("/messages/1/content/0/signature", Some(json!("mock-0000000000000000")), "Invalid `signature`");
    wrong("/messages/2/content/1", None, "without `tool_result` blocks immediately after");
    wrong("/messages/2", None, "without `tool_result` blocks immediately after");
    wrong("/messages/2/content/1/tool_use_id", Some(json!("toolu_1")), "must have a single result");
    wrong("/messages/2/content/1/tool_use_id", Some(json!("toolu_9")), "unexpected `tool_use_id`");
    let late = json!([{ "type": "text", "text": "first" }, body["messages"][2]["content"][0], body["messages"][2]["content"][1]]);
    wrong("/messages/2/content", Some(late), "must come first");
    wrong("/messages/-", Some(json!({ "role": "assistant", "content": "then " })), "trailing whitespace");
    wrong("/messages/0/content", Some(json!([{ "type": "novel" }])), "does not match any of the expected tags");
    wrong(
        "/messages/0/content",
        Some(json!([{ "type": "tool_use", "id": "a", "name": "b", "input": {} }])),
        "can only be in `assistant`",
    );
    wrong("/tools/-", Some(body["tools"][0].clone()), "must be unique");
    wrong("/tools/0/input_schema/type", Some(json!("string")), "'object'");
    wrong("/tools/0/input_schema/anyOf", Some(json!([])), "not supported at the top level");
    wrong("/tools/0/name", Some(json!("a.b")), "pattern");
    wrong("/thinking", Some(json!({ "type": "enabled", "budget_tokens": 4096 })), "must be greater than");
    wrong("/thinking", Some(json!({ "type": "adaptive", "budget_tokens": 4096 })), "Extra inputs");
    let mut many = body.clone();
    for i in [1, 2] {
        for j in 1..3 {
            many["messages"][i]["content"][j]["cache_control"] = json!({ "type": "ephemeral" });
        }
    }
    assert!(messages::validate(&many).unwrap_err().contains("A maximum of 4 blocks with cache_control"));
    let mut unthought = body.clone();
    unthought["messages"][1]["content"].as_array_mut().unwrap().remove(0);
    assert_eq!(messages::validate(&unthought), Ok(()), "where it thinks as it likes, it need not have thought");
    unthought["thinking"] = json!({ "type": "enabled", "budget_tokens": 1024 });
    assert!(messages::validate(&unthought).unwrap_err().contains("Expected `thinking`"));
}

#[test]
fn chat_is_judged_as_the_service_judges_it() {
    let body = chat_body();
    let wrong = |at: &str, change: Option<Value>, words: &str| refused("chat", &body, at, change, words);
    wrong("/messages/4", None, "did not have response messages: [\"call_1\"]");
    wrong("/messages/3/tool_call_id", Some(json!("call_9")), "must be a response to a preceding message");
    wrong("/messages/2/tool_calls/0/id", Some(json!("call_2")), "must be unique");
    wrong("/messages/2/tool_calls", Some(json!([])), "too short");
    wrong("/messages/2/tool_calls/0/function/arguments", Some(json!({})), "valid string");
    wrong("/messages/2/tool_calls/0/function/arguments", Some(json!("{\"a")), "no JSON");
    wrong("/messages/2/tool_calls", None, "either content or tool_calls");
    wrong("/messages/2/reasoning_content", Some(json!("hm")), "Extra inputs");
    wrong("/messages/1/content/0/text", Some(json!("")), "non-empty");
    wrong("/messages/1/content/1/image_url/url", Some(json!("data:image/png;base64,A")), "base64");
    wrong("/max_tokens", Some(json!(9)), "at the same time");
    wrong("/stream", Some(json!(false)), "stream_options");
    wrong("/tools", Some(json!([])), "too short");
    wrong("/thinking", Some(json!({})), "Extra inputs");
    wrong("/tools/0/function/strict", Some(json!(true)), "additionalProperties");
    let mistral = chat::validate_mistral(&{
        let mut body = body.clone();
        body["max_tokens"] = body["max_completion_tokens"].take();
        for gone in ["max_completion_tokens", "stream_options"] {
            body.as_object_mut().unwrap().remove(gone);
        }
        body
    });
    assert!(mistral.unwrap_err().contains("with a length of 9"));
}

#[test]
fn responses_are_judged_as_the_service_judges_them() {
    let body = responses_body();
    let wrong = |at: &str, change: Option<Value>, words: &str| refused("responses", &body, at, change, words);
    wrong("/input/4", None, "No tool output found for function call");
    wrong("/input/2", None, "No tool call found for function call output");
    wrong("/input/1/encrypted_content", None, "not found. Items are not persisted");
    wrong("/input/1/encrypted_content", Some(json!("mock-0000000000000000")), "could not be verified");
    wrong(
        "/input/-",
        Some(json!({ "type": "reasoning", "summary": [], "encrypted_content": "x" })),
        "required following item",
    );
    wrong("/input/-", Some(body["input"][1].clone()), "Duplicate item");
    wrong("/input/2/id", Some(json!("fc_1_after_9")), "without its required 'reasoning' item");
    wrong("/input/3/call_id", Some(json!("call_1")), "twice");
    wrong("/input/0/content", Some(json!([{ "type": "text", "text": "a" }])), "none of");
    wrong("/max_output_tokens", Some(json!(4)), "at least 16");
    wrong("/messages", Some(json!([])), "Extra inputs");
    wrong("/input/-", Some(json!({ "type": "item_reference", "id": "rs_9" })), "not persisted");
}

#[test]
fn what_real_services_accepted_passes() {
    let openai: [(&str, Validate); 8] = [
        ("openai_chat_stream", chat::validate),
        ("openai_chat_stream_crusoe", chat::validate_local),
        ("openai_chat_stream_deepseek_reasoning", chat::validate_deepseek),
        ("openai_chat_stream_groq_tool_errors", chat::validate_local),
        ("openai_chat_stream_mistral", chat::validate_mistral),
        ("openai_chat_stream_openrouter_reasoning", chat::validate_openrouter),
        ("openai_responses_stream", responses::validate),
        ("openai_responses_stream_reasoning", responses::validate),
    ];
    let anthropic = [
        "anthropic_parallel_tool_calls",
        "anthropic_stream_advisor_thinking",
        "anthropic_stream_code_execution",
        "anthropic_stream_redacted_thinking",
        "anthropic_stream_thinking",
        "anthropic_stream_web_search",
        "anthropic_tool_with_thinking",
    ];
    let anthropic = anthropic.map(|name| (name, messages::validate as Validate));
    for (name, validate) in openai.into_iter().chain(anthropic) {
        for exchange in cassette(name).into_iter().flatten() {
            assert_eq!(exchange.status, 200, "{name}");
            assert_eq!(validate(&exchange.asked), Ok(()), "{name}: {}", exchange.asked);
        }
    }
}

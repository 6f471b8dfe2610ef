//! What `OpenAI`'s Responses service asks of a request.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    chat::{data_url, parameters},
    check::{
        Check, arguments, at_least, boolean, ensure, list, name, object, one_of, some_text, strict, text, unique,
        within,
    },
    render::broken,
};

const MAY: &[&str] = &[
    "instructions",
    "stream",
    "stream_options",
    "store",
    "include",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "max_output_tokens",
    "max_tool_calls",
    "temperature",
    "top_p",
    "top_logprobs",
    "reasoning",
    "text",
    "truncation",
    "metadata",
    "user",
    "previous_response_id",
    "conversation",
    "service_tier",
    "background",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "context_management",
];

const INCLUDE: &[&str] = &[
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
    "message.input_image.image_url",
    "web_search_call.action.sources",
    "web_search_call.results",
    "file_search_call.results",
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
];

const TOOLS: &[&str] = &[
    "function",
    "custom",
    "web_search",
    "web_search_preview",
    "file_search",
    "code_interpreter",
    "computer_use_preview",
    "image_generation",
    "local_shell",
    "shell",
    "apply_patch",
    "mcp",
];

/// Says what is wrong with the body of a request to `/v1/responses`, as the service does, or nothing.
///
/// # Errors
/// The first thing that is wrong, and where it is.
pub fn validate(body: &Value) -> Result<(), String> {
    object("request", body, &["model", "input"], MAY)?;
    some_text("model", &body["model"])?;
    for key in ["stream", "store", "parallel_tool_calls", "background"] {
        boolean(key, &body[key])?;
    }
    at_least("max_output_tokens", &body["max_output_tokens"], 16)?;
    within("temperature", &body["temperature"], 0.0, 2.0)?;
    within("top_p", &body["top_p"], 0.0, 1.0)?;
    if !body["instructions"].is_null() {
        text("instructions", &body["instructions"])?;
    }
    for (i, what) in body["include"].as_array().into_iter().flatten().enumerate() {
        one_of(&format!("include.{i}"), what, INCLUDE)?;
    }
    reasoning(&body["reasoning"])?;
    tools(body)?;
    format(&body["text"])?;
    if body["input"].is_string() {
        return some_text("input", &body["input"]).map(drop);
    }
    input(body)
}

/// Says what is wrong with the body of a request to `/v1/responses/input_tokens`.
///
/// # Errors
/// As [`validate`]'s.
pub fn validate_count(body: &Value) -> Result<(), String> {
    let may = [
        "instructions",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "reasoning",
        "text",
        "truncation",
        "previous_response_id",
        "conversation",
    ];
    object("request", body, &["model", "input"], &may)?;
    validate(body)
}

fn reasoning(reasoning: &Value) -> Check {
    if reasoning.is_null() {
        return Ok(());
    }
    object("reasoning", reasoning, &[], &["effort", "summary", "generate_summary"])?;
    if !reasoning["effort"].is_null() {
        let all = ["none", "minimal", "low", "medium", "high", "xhigh"];
        one_of("reasoning.effort", &reasoning["effort"], &all)?;
    }
    if reasoning["summary"].is_null() {
        return Ok(());
    }
    one_of("reasoning.summary", &reasoning["summary"], &["auto", "concise", "detailed"]).map(drop)
}

fn tools(body: &Value) -> Check {
    let mut names = BTreeSet::new();
    for (i, tool) in body["tools"].as_array().into_iter().flatten().enumerate() {
        let at = format!("tools.{i}");
        if one_of(&format!("{at}.type"), &tool["type"], TOOLS)? == "function" {
            object(&at, tool, &["type", "name", "parameters"], &["description", "strict", "defer_loading"])?;
            unique(&format!("{at}.name"), &mut names, name(&format!("{at}.name"), &tool["name"], 64)?)?;
            parameters(&at, tool)?;
        }
    }
    match &body["tool_choice"] {
        Value::Null => Ok(()),
        Value::Object(choice) => {
            let named = choice.get("name").and_then(Value::as_str);
            ensure(named.is_none_or(|n| names.contains(n)), || {
                format!("tool_choice: Tool choice {named:?} not found in 'tools'")
            })
        }
        choice => one_of("tool_choice", choice, &["auto", "none", "required"]).map(drop),
    }
}

fn format(text: &Value) -> Check {
    if text.is_null() {
        return Ok(());
    }
    object("text", text, &[], &["format", "verbosity"])?;
    let format = &text["format"];
    if format.is_null()
        || one_of("text.format.type", &format["type"], &["text", "json_object", "json_schema"])? != "json_schema"
    {
        return Ok(());
    }
    object("text.format", format, &["type", "name", "schema"], &["strict", "description"])?;
    name("text.format.name", &format["name"], 64)?;
    if format["strict"] == true { strict("text.format.schema", &format["schema"]) } else { Ok(()) }
}

/// The items that came so far.
#[derive(Default)]
struct Before<'a> {
    ids: BTreeSet<String>,
    /// The calls, and whether each was answered.
    calls: BTreeMap<&'a str, bool>,
}

fn input(body: &Value) -> Check {
    let stored = body["store"] != false;
    let items = list("input", &body["input"])?;
    let mut before = Before::default();
    for (i, one) in items.iter().enumerate() {
        let at = format!("input.{i}");
        if let Some(id) = one["id"].as_str() {
            ensure(before.ids.insert(id.to_owned()), || {
                format!(
                    "{at}: Duplicate item found with id {id}. Remove duplicate items from your input and try again."
                )
            })?;
        }
        item(&at, one, items.get(i + 1), stored, &mut before)?;
    }
    let open: Vec<&&str> = before.calls.iter().filter(|(_, answered)| !**answered).map(|(id, _)| id).collect();
    ensure(open.is_empty(), || format!("No tool output found for function call {open:?}."))
}

fn item<'a>(at: &str, item: &'a Value, next: Option<&Value>, stored: bool, before: &mut Before<'a>) -> Check {
    match item["type"].as_str().unwrap_or("message") {
        "message" => message(at, item),
        "function_call" => {
            let id = call(at, item, &before.ids)?;
            ensure(before.calls.insert(id, false).is_none(), || format!("{at}.call_id: {id} is there twice"))
        }
        "function_call_output" => {
            object(at, item, &["type", "call_id", "output"], &["id", "status"])?;
            let id = some_text(&format!("{at}.call_id"), &item["call_id"])?;
            let answered = before
                .calls
                .get_mut(id)
                .ok_or_else(|| format!("{at}: No tool call found for function call output with call_id {id}."))?;
            ensure(!*answered, || format!("{at}: there are several outputs for the call {id}"))?;
            *answered = true;
            output(at, &item["output"])
        }
        "reasoning" => {
            thought(at, item, stored)?;
            let next = next.and_then(|n| n["type"].as_str().filter(|t| *t != "message").or(n["role"].as_str()));
            let follows = next.is_some_and(|n| n != "function_call_output" && n != "user");
            let id = &item["id"];
            ensure(follows, || {
                format!("{at}: Item '{id}' of type 'reasoning' was provided without its required following item.")
            })
        }
        "item_reference" => ensure(stored, || not_stored(at, item)),
        kind if kind.ends_with("_call") || kind.ends_with("_output") => Ok(()),
        "compaction" | "mcp_list_tools" | "mcp_approval_request" | "mcp_approval_response" | "mock_unknown" => Ok(()),
        kind => Err(format!("{at}.type: Invalid value: '{kind}'")),
    }
}

fn not_stored(at: &str, item: &Value) -> String {
    let id = &item["id"];
    format!("{at}: Item with id '{id}' not found. Items are not persisted when `store` is set to false.")
}

fn message(at: &str, item: &Value) -> Check {
    object(at, item, &["role", "content"], &["type", "id", "status", "phase"])?;
    let role = one_of(&format!("{at}.role"), &item["role"], &["user", "assistant", "system", "developer"])?;
    if item["content"].is_string() {
        return some_text(&format!("{at}.content"), &item["content"]).map(drop);
    }
    let kinds: &[&str] =
        if role == "assistant" { &["output_text", "refusal"] } else { &["input_text", "input_image", "input_file"] };
    for (i, part) in list(&format!("{at}.content"), &item["content"])?.iter().enumerate() {
        let at = format!("{at}.content.{i}");
        one_of(&format!("{at}.type"), &part["type"], kinds)?;
        self::part(&at, part)?;
    }
    Ok(())
}

fn part(at: &str, part: &Value) -> Check {
    match part["type"].as_str().unwrap_or_default() {
        "output_text" => {
            object(at, part, &["type", "text"], &["annotations", "logprobs"])?;
            text(&format!("{at}.text"), &part["text"]).map(drop)
        }
        "refusal" => object(at, part, &["type", "refusal"], &[]).map(drop),
        "input_text" => {
            object(at, part, &["type", "text"], &[])?;
            some_text(&format!("{at}.text"), &part["text"]).map(drop)
        }
        "input_image" => {
            object(at, part, &["type"], &["image_url", "file_id", "detail"])?;
            if part["file_id"].is_null() { data_url(&format!("{at}.image_url"), &part["image_url"]) } else { Ok(()) }
        }
        _ => {
            object(at, part, &["type"], &["file_data", "file_id", "file_url", "filename"])?;
            if part["file_data"].is_null() {
                return Ok(());
            }
            some_text(&format!("{at}.filename"), &part["filename"])?;
            data_url(&format!("{at}.file_data"), &part["file_data"])
        }
    }
}

fn output(at: &str, output: &Value) -> Check {
    if output.is_string() {
        return Ok(());
    }
    for (i, part) in list(&format!("{at}.output"), output)?.iter().enumerate() {
        let at = format!("{at}.output.{i}");
        one_of(&format!("{at}.type"), &part["type"], &["input_text", "input_image", "input_file"])?;
        self::part(&at, part)?;
    }
    Ok(())
}

fn call<'a>(at: &str, item: &'a Value, ids: &BTreeSet<String>) -> Check<&'a str> {
    object(at, item, &["type", "call_id", "name", "arguments"], &["id", "status", "namespace"])?;
    name(&format!("{at}.name"), &item["name"], 64)?;
    arguments(&format!("{at}.arguments"), &item["arguments"])?;
    if let Some(id) = item["id"].as_str() {
        ensure(id.starts_with("fc"), || format!("{at}.id: Invalid '{id}'. Expected an ID that begins with 'fc'."))?;
        // A call that came of a thought goes back with it.
        if let Some((_, thought)) = id.split_once("_after_") {
            let there = ids.contains(&format!("rs_{thought}"));
            ensure(there, || {
                format!(
                    "{at}: Item '{id}' of type 'function_call' was provided without its required 'reasoning' item: 'rs_{thought}'."
                )
            })?;
        }
    }
    some_text(&format!("{at}.call_id"), &item["call_id"])
}

fn thought(at: &str, item: &Value, stored: bool) -> Check {
    object(at, item, &["type", "summary"], &["id", "content", "encrypted_content", "status", "format", "signature"])?;
    let sealed = item["encrypted_content"].as_str().unwrap_or_default();
    ensure(stored || !sealed.is_empty(), || not_stored(at, item))?;
    ensure(!broken(sealed, &item["summary"].to_string()), || {
        format!("{at}: The encrypted content for item {} could not be verified.", item["id"])
    })
}

//! What services that speak Chat Completions ask of a request: `OpenAI`'s rules, and where others are stricter or wider.

use std::collections::BTreeSet;

use serde_json::Value;

use super::check::{
    Check, arguments, at_least, base64, boolean, ensure, list, name, object, one_of, schema, some_text, strict, text,
    unique, within,
};

const MAY: &[&str] = &[
    "stream",
    "stream_options",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "n",
    "stop",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "response_format",
    "seed",
    "user",
    "store",
    "metadata",
    "reasoning_effort",
    "modalities",
    "audio",
    "prediction",
    "service_tier",
    "web_search_options",
    "verbosity",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
];

/// Says what is wrong with the body of a request to `/v1/chat/completions`, by `OpenAI`'s rules, or nothing.
///
/// # Errors
/// The first thing that is wrong, and where it is.
pub fn validate(body: &Value) -> Result<(), String> {
    validate_as(body, MAY, &[])
}

/// Judges by the rules of a service that takes what it does not know: Ollama, llama.cpp, LM Studio, vLLM.
///
/// # Errors
/// As [`validate`]'s.
pub fn validate_local(body: &Value) -> Result<(), String> {
    let may = [MAY, &["top_k", "min_p", "options", "keep_alive", "chat_template_kwargs", "cache_prompt"]].concat();
    validate_as(body, &may, &["reasoning_content", "reasoning"])
}

/// Judges by the rules of Mistral: ids of nine letters and digits, the last turn is the person's or a tool's.
///
/// # Errors
/// As [`validate`]'s.
pub fn validate_mistral(body: &Value) -> Result<(), String> {
    let known = |field: &&&str| {
        !["stream_options", "max_completion_tokens", "store", "user", "reasoning_effort", "verbosity"].contains(field)
    };
    let may: Vec<&str> =
        MAY.iter().filter(known).copied().chain(["random_seed", "safe_prompt", "prompt_mode"]).collect();
    validate_as(body, &may, &["prefix"])?;
    for (i, message) in body["messages"].as_array().into_iter().flatten().enumerate() {
        let ids =
            message["tool_calls"].as_array().into_iter().flatten().map(|c| &c["id"]).chain(message.get("tool_call_id"));
        for id in ids.filter_map(Value::as_str) {
            let fits = id.len() == 9 && id.bytes().all(|b| b.is_ascii_alphanumeric());
            ensure(fits, || {
                format!("messages.{i}: Tool call id was {id} but must be a-z, A-Z, 0-9, with a length of 9.")
            })?;
        }
    }
    let last = body["messages"].as_array().and_then(|m| m.last()).map(|m| &m["role"]);
    ensure(last.is_some_and(|role| role == "user" || role == "tool"), || {
        "Expected last role User or Tool (or Assistant with prefix True) for serving".to_owned()
    })
}

/// Judges by the rules of `DeepSeek`, which wants its thoughts back with the calls that came of them, be they empty.
///
/// # Errors
/// As [`validate`]'s.
pub fn validate_deepseek(body: &Value) -> Result<(), String> {
    let may: Vec<&str> = MAY.iter().filter(|f| **f != "max_completion_tokens").copied().chain(["thinking"]).collect();
    validate_as(body, &may, &["reasoning_content", "prefix"])?;
    for (i, message) in list("messages", &body["messages"])?.iter().enumerate() {
        let calls = message.get("tool_calls").is_some();
        ensure(!calls || message["reasoning_content"].is_string(), || {
            format!("messages.{i}: The `reasoning_content` in the thinking mode must be passed back to the API.")
        })?;
    }
    Ok(())
}

/// Judges by the rules of `OpenRouter`, which takes its `reasoning_details` back.
///
/// # Errors
/// As [`validate`]'s.
pub fn validate_openrouter(body: &Value) -> Result<(), String> {
    let more =
        ["reasoning", "provider", "models", "route", "transforms", "plugins", "usage", "include_reasoning", "top_k"];
    validate_as(body, &[MAY, &more].concat(), &["reasoning", "reasoning_details"])?;
    for (i, message) in body["messages"].as_array().into_iter().flatten().enumerate() {
        for detail in message["reasoning_details"].as_array().into_iter().flatten() {
            let (seal, text) = (detail["signature"].as_str(), detail["text"].as_str());
            let broken = super::render::broken(seal.unwrap_or_default(), text.unwrap_or_default());
            ensure(!broken, || format!("messages.{i}.reasoning_details: the signature does not fit the text"))?;
        }
    }
    Ok(())
}

fn validate_as(body: &Value, may: &[&str], in_assistant: &[&str]) -> Check {
    object("request", body, &["model", "messages"], may)?;
    let model = some_text("model", &body["model"])?;
    boolean("stream", &body["stream"])?;
    within("temperature", &body["temperature"], 0.0, 2.0)?;
    within("top_p", &body["top_p"], 0.0, 1.0)?;
    limits(body, model)?;
    let options = &body["stream_options"];
    ensure(options.is_null() || body["stream"] == true, || {
        "The 'stream_options' parameter is only allowed when 'stream' is enabled.".to_owned()
    })?;
    if options.is_object() {
        object("stream_options", options, &[], &["include_usage", "include_obfuscation"])?;
    }
    if !body["reasoning_effort"].is_null() {
        let all = ["none", "minimal", "low", "medium", "high", "xhigh"];
        one_of("reasoning_effort", &body["reasoning_effort"], &all)?;
    }
    tools(body)?;
    format(&body["response_format"])?;
    messages(body, in_assistant)
}

fn limits(body: &Value, model: &str) -> Check {
    at_least("max_tokens", &body["max_tokens"], 1)?;
    at_least("max_completion_tokens", &body["max_completion_tokens"], 1)?;
    let both = !body["max_tokens"].is_null() && !body["max_completion_tokens"].is_null();
    ensure(!both, || "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.".to_owned())?;
    let reasons = ["o1", "o3", "o4", "gpt-5"].iter().any(|m| model.starts_with(m));
    ensure(!reasons || body["max_tokens"].is_null(), || {
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
            .to_owned()
    })?;
    let usual = body["temperature"].is_null() || body["temperature"] == 1 || body["temperature"] == 1.0;
    ensure(!reasons || usual, || {
        "Unsupported value: 'temperature' does not support anything but 1 with this model.".to_owned()
    })
}

fn tools(body: &Value) -> Check {
    let mut names = BTreeSet::new();
    if let Some(tools) = body.get("tools") {
        let tools = list("tools", tools)?;
        ensure(tools.len() <= 128, || format!("tools: at most 128 are allowed, not {}", tools.len()))?;
        for (i, tool) in tools.iter().enumerate() {
            let at = format!("tools.{i}");
            object(&at, tool, &["type", "function"], &[])?;
            one_of(&format!("{at}.type"), &tool["type"], &["function"])?;
            let function = &tool["function"];
            object(&format!("{at}.function"), function, &["name"], &["description", "parameters", "strict"])?;
            unique(
                &format!("{at}.function.name"),
                &mut names,
                name(&format!("{at}.function.name"), &function["name"], 64)?,
            )?;
            parameters(&format!("{at}.function"), function)?;
        }
    }
    let given = body.get("tools").is_some();
    for key in ["tool_choice", "parallel_tool_calls"] {
        ensure(given || body[key].is_null(), || format!("'{key}' is only allowed when 'tools' are specified."))?;
    }
    match &body["tool_choice"] {
        Value::Null => Ok(()),
        Value::Object(choice) => {
            let named = choice.get("function").and_then(|f| f["name"].as_str()).unwrap_or_default();
            ensure(names.contains(named), || format!("tool_choice: there is no tool {named:?}"))
        }
        choice => one_of("tool_choice", choice, &["auto", "none", "required"]).map(drop),
    }
}

/// Checks the parameters of a function, strictly if it says so.
pub(super) fn parameters(at: &str, function: &Value) -> Check {
    boolean(&format!("{at}.strict"), &function["strict"])?;
    let parameters = &function["parameters"];
    if !parameters.is_null() {
        schema(&format!("{at}.parameters"), parameters)?;
    }
    if function["strict"] == true { strict(&format!("{at}.parameters"), parameters) } else { Ok(()) }
}

fn format(format: &Value) -> Check {
    if format.is_null() {
        return Ok(());
    }
    let kind = one_of("response_format.type", &format["type"], &["text", "json_object", "json_schema"])?;
    if kind != "json_schema" {
        return Ok(());
    }
    let at = "response_format.json_schema";
    object(at, &format["json_schema"], &["name"], &["schema", "strict", "description"])?;
    name(&format!("{at}.name"), &format["json_schema"]["name"], 64)?;
    let exact = format["json_schema"]["strict"] == true;
    if exact { strict(&format!("{at}.schema"), &format["json_schema"]["schema"]) } else { Ok(()) }
}

fn messages(body: &Value, in_assistant: &[&str]) -> Check {
    let mut ids = BTreeSet::new();
    // The calls that still want an answer.
    let mut open: Vec<&str> = Vec::new();
    for (i, message) in list("messages", &body["messages"])?.iter().enumerate() {
        let at = format!("messages.{i}");
        let roles = ["system", "developer", "user", "assistant", "tool"];
        let role = one_of(&format!("{at}.role"), &message["role"], &roles)?;
        ensure(role == "tool" || open.is_empty(), || unanswered(&at, &open))?;
        match role {
            "tool" => {
                object(&at, message, &["role", "content", "tool_call_id"], &["name"])?;
                content(&format!("{at}.content"), &message["content"], &["text"], true)?;
                let id = some_text(&format!("{at}.tool_call_id"), &message["tool_call_id"])?;
                let asked = open.iter().position(|o| *o == id).ok_or_else(|| {
                    format!("{at}: messages with role 'tool' must be a response to a preceding message with 'tool_calls': {id}")
                })?;
                open.remove(asked);
            }
            "assistant" => {
                let may =
                    [&["content", "refusal", "name", "tool_calls", "audio", "annotations"], in_assistant].concat();
                object(&at, message, &["role"], &may)?;
                open = assistant(&at, message, &mut ids)?;
            }
            "user" => {
                object(&at, message, &["role", "content"], &["name"])?;
                content(
                    &format!("{at}.content"),
                    &message["content"],
                    &["text", "image_url", "file", "input_audio"],
                    false,
                )?;
            }
            _ => {
                object(&at, message, &["role", "content"], &["name"])?;
                content(&format!("{at}.content"), &message["content"], &["text"], false)?;
            }
        }
    }
    ensure(open.is_empty(), || unanswered("messages", &open))
}

fn unanswered(at: &str, open: &[&str]) -> String {
    format!(
        "{at}: An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: {open:?}"
    )
}

fn assistant<'a>(at: &str, message: &'a Value, ids: &mut BTreeSet<String>) -> Check<Vec<&'a str>> {
    let mut open = Vec::new();
    if let Some(calls) = message.get("tool_calls") {
        for (i, call) in list(&format!("{at}.tool_calls"), calls)?.iter().enumerate() {
            let at = format!("{at}.tool_calls.{i}");
            object(&at, call, &["id", "type", "function"], &[])?;
            one_of(&format!("{at}.type"), &call["type"], &["function"])?;
            object(&format!("{at}.function"), &call["function"], &["name", "arguments"], &[])?;
            name(&format!("{at}.function.name"), &call["function"]["name"], 64)?;
            arguments(&format!("{at}.function.arguments"), &call["function"]["arguments"])?;
            let id = some_text(&format!("{at}.id"), &call["id"])?;
            unique(&format!("{at}.id"), ids, id)?;
            open.push(id);
        }
    }
    if !message["content"].is_null() {
        content(&format!("{at}.content"), &message["content"], &["text", "refusal", "thinking"], false)?;
    }
    let says = !message["content"].is_null() || !message["refusal"].is_null() || !open.is_empty();
    ensure(says, || format!("{at}: an assistant message must have either content or tool_calls, but not none"))?;
    Ok(open)
}

fn content(at: &str, content: &Value, kinds: &[&str], may_be_empty: bool) -> Check {
    if content.is_string() {
        return if may_be_empty { Ok(()) } else { some_text(at, content).map(drop) };
    }
    for (i, part) in list(at, content)?.iter().enumerate() {
        let at = format!("{at}.{i}");
        match one_of(&format!("{at}.type"), &part["type"], kinds)? {
            "text" => {
                object(&at, part, &["type", "text"], &[])?;
                some_text(&format!("{at}.text"), &part["text"])?;
            }
            "image_url" => {
                object(&format!("{at}.image_url"), &part["image_url"], &["url"], &["detail"])?;
                data_url(&format!("{at}.image_url.url"), &part["image_url"]["url"])?;
            }
            "file" => {
                object(&format!("{at}.file"), &part["file"], &[], &["filename", "file_data", "file_id"])?;
                if part["file"]["file_id"].is_null() {
                    some_text(&format!("{at}.file.filename"), &part["file"]["filename"])?;
                    data_url(&format!("{at}.file.file_data"), &part["file"]["file_data"])?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Checks an address, which may hold its data itself.
pub(super) fn data_url(at: &str, url: &Value) -> Check {
    let url = text(at, url)?;
    match url.strip_prefix("data:") {
        None => ensure(url.starts_with("https://") || url.starts_with("http://"), || format!("{at}: is no valid URL")),
        Some(rest) => {
            let (kind, data) = rest.split_once(";base64,").ok_or_else(|| format!("{at}: is no valid data URL"))?;
            ensure(kind.contains('/'), || format!("{at}: has no media type"))?;
            base64(at, &Value::from(data))
        }
    }
}

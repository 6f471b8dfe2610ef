//! What Anthropic's Messages service asks of a request.

use std::collections::BTreeSet;

use serde_json::Value;

use super::check::{
    Check, at_least, base64, boolean, ensure, list, name, object, one_of, schema, some_text, text, unique, within,
};
use crate::service::render::broken;

pub(super) mod binding;
mod blocks;

const MAY: &[&str] = &[
    "system",
    "tools",
    "tool_choice",
    "stream",
    "temperature",
    "top_p",
    "top_k",
    "stop_sequences",
    "thinking",
    "metadata",
    "service_tier",
    "output_config",
    "container",
    "mcp_servers",
    "context_management",
    "cache_control",
    "inference_geo",
];

/// Says what is wrong with the body of a request to `/v1/messages`, as the service does, or nothing.
///
/// # Errors
/// The first thing that is wrong, and where it is.
pub fn validate(body: &Value) -> Result<(), String> {
    let request = object("request", body, &["model", "max_tokens", "messages"], MAY)?;
    at_least("max_tokens", if body["max_tokens"].is_null() { &Value::Bool(false) } else { &body["max_tokens"] }, 1)?;
    boolean("stream", &body["stream"])?;
    within("temperature", &body["temperature"], 0.0, 1.0)?;
    within("top_p", &body["top_p"], 0.0, 1.0)?;
    at_least("top_k", &body["top_k"], 0)?;
    if let Some(config) = request.get("output_config") {
        output_config(config)?;
    }
    if let Some(thinking) = request.get("thinking") {
        self::thinking(thinking, body)?;
    }
    conversation(body)
}

/// Says what is wrong with the body of a request to `/v1/messages/count_tokens`.
///
/// # Errors
/// As [`validate`]'s.
pub fn validate_count(body: &Value) -> Result<(), String> {
    let may = [
        "system",
        "tools",
        "tool_choice",
        "thinking",
        "output_config",
        "mcp_servers",
        "context_management",
        "cache_control",
    ];
    object("request", body, &["model", "messages"], &may)?;
    conversation(body)
}

fn conversation(body: &Value) -> Check {
    some_text("model", &body["model"])?;
    let mut points = Vec::new();
    point("cache_control", body, &mut points)?;
    let tools = match body.get("tools") {
        Some(tools) => self::tools(tools, &mut points)?,
        None => BTreeSet::new(),
    };
    choice(body, &tools)?;
    if let Some(system) = body.get("system") {
        self::system(system, &mut points)?;
    }
    messages(body, &mut points)?;
    binding::check(body)?;
    ensure(points.len() <= 4, || {
        format!("A maximum of 4 blocks with cache_control may be provided. Found {}.", points.len())
    })?;
    let long_after_short = points.windows(2).any(|two| two[0] == "5m" && two[1] == "1h");
    ensure(!long_after_short, || "cache_control: a ttl='1h' block must not come after a ttl='5m' block".to_owned())
}

/// Notes a block's mark for the cache, if it has one.
fn point(at: &str, block: &Value, points: &mut Vec<String>) -> Check {
    let control = &block["cache_control"];
    if control.is_null() {
        return Ok(());
    }
    object(at, control, &["type"], &["ttl", "scope"])?;
    one_of(at, &control["type"], &["ephemeral"])?;
    let ttl = if control["ttl"].is_null() { "5m" } else { one_of(at, &control["ttl"], &["5m", "1h"])? };
    points.push(ttl.to_owned());
    Ok(())
}

fn tools(tools: &Value, points: &mut Vec<String>) -> Check<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let tools = tools.as_array().ok_or("tools: Input should be a valid list")?;
    for (i, tool) in tools.iter().enumerate() {
        let at = format!("tools.{i}");
        let own = matches!(&tool["type"], Value::Null) || tool["type"] == "custom";
        if own {
            let may = [
                "type",
                "description",
                "cache_control",
                "strict",
                "defer_loading",
                "input_examples",
                "allowed_callers",
                "eager_input_streaming",
            ];
            object(&at, tool, &["name", "input_schema"], &may)?;
            name(&format!("{at}.name"), &tool["name"], 128)?;
            schema(&format!("{at}.input_schema"), &tool["input_schema"])?;
            if !tool["description"].is_null() {
                text(&format!("{at}.description"), &tool["description"])?;
            }
        } else {
            let kind = some_text(&format!("{at}.type"), &tool["type"])?;
            let dated = kind.rsplit('_').next().is_some_and(|d| d.len() == 8 && d.bytes().all(|b| b.is_ascii_digit()));
            ensure(dated || kind == "mcp_toolset", || format!("{at}.type: {kind:?} is no tool of the service"))?;
        }
        if let Some(name) = tool["name"].as_str() {
            unique("tools: Tool names", &mut names, name)?;
        }
        point(&at, tool, points)?;
    }
    Ok(names)
}

fn choice(body: &Value, tools: &BTreeSet<String>) -> Check {
    let choice = &body["tool_choice"];
    if choice.is_null() {
        return Ok(());
    }
    ensure(body.get("tools").is_some(), || "tool_choice: may only be specified while providing tools".to_owned())?;
    object("tool_choice", choice, &["type"], &["name", "disable_parallel_tool_use"])?;
    let kind = one_of("tool_choice.type", &choice["type"], &["auto", "any", "tool", "none"])?;
    if kind == "tool" {
        let name = some_text("tool_choice.name", &choice["name"])?;
        ensure(tools.contains(name), || format!("tool_choice: Tool {name:?} not found in provided tools"))?;
    }
    let thinks = body["thinking"]["type"] == "enabled";
    ensure(!thinks || kind == "auto" || kind == "none", || {
        "Thinking may not be enabled when tool_choice forces tool use.".to_owned()
    })
}

fn output_config(config: &Value) -> Check {
    object("output_config", config, &[], &["effort", "format", "task_budget"])?;
    if !config["effort"].is_null() {
        one_of("output_config.effort", &config["effort"], &["low", "medium", "high", "xhigh", "max"])?;
    }
    if !config["format"].is_null() {
        object("output_config.format", &config["format"], &["type", "schema"], &[])?;
        one_of("output_config.format.type", &config["format"]["type"], &["json_schema"])?;
        super::check::strict_objects("output_config.format.schema", &config["format"]["schema"])?;
    }
    Ok(())
}

fn thinking(thinking: &Value, body: &Value) -> Check {
    object("thinking", thinking, &["type"], &["budget_tokens", "display", "block_binding"])?;
    let kind = one_of("thinking.type", &thinking["type"], &["enabled", "disabled", "adaptive", "between_tools"])?;
    let binding = &thinking["block_binding"];
    if !binding.is_null() {
        ensure(kind == "adaptive", || format!("thinking.{kind}.block_binding: Extra inputs are not permitted"))?;
        object("thinking.block_binding", binding, &["prefix_mismatch_behavior"], &[])?;
        let all = ["error", "drop_block", "allow"];
        one_of("thinking.block_binding.prefix_mismatch_behavior", &binding["prefix_mismatch_behavior"], &all)?;
    }
    if kind == "enabled" {
        ensure(!binding::binds(body), || "\"thinking.type.enabled\" is not supported for this model.".to_owned())?;
        let budget = &thinking["budget_tokens"];
        ensure(budget.as_u64().is_some_and(|n| n >= 1024), || {
            format!("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024, not {budget}")
        })?;
        ensure(budget.as_u64() < body["max_tokens"].as_u64(), || {
            "`max_tokens` must be greater than `thinking.budget_tokens`".to_owned()
        })?;
    } else {
        ensure(thinking["budget_tokens"].is_null(), || {
            format!("thinking.{kind}.budget_tokens: Extra inputs are not permitted")
        })?;
    }
    let temperature = body["temperature"].as_f64().unwrap_or(1.0);
    let usual = kind == "disabled" || ((temperature - 1.0).abs() < f64::EPSILON && body["top_k"].is_null());
    ensure(usual, || "`temperature` may only be set to 1 and `top_k` not at all when thinking is enabled".to_owned())
}

fn system(system: &Value, points: &mut Vec<String>) -> Check {
    if system.is_string() {
        return some_text("system", system).map(drop);
    }
    for (i, block) in list("system", system)?.iter().enumerate() {
        let at = format!("system.{i}");
        object(&at, block, &["type", "text"], &["cache_control", "citations"])?;
        one_of(&format!("{at}.type"), &block["type"], &["text"])?;
        blocks::words(&format!("{at}.text"), &block["text"])?;
        point(&at, block, points)?;
    }
    Ok(())
}

/// A turn: whose it is and its blocks, runs of one role's messages taken together, as the service takes them.
struct TurnOf<'a> {
    role: &'a str,
    at: String,
    blocks: Vec<&'a Value>,
}

fn messages(body: &Value, points: &mut Vec<String>) -> Check {
    let messages = list("messages", &body["messages"])?;
    let mut turns: Vec<TurnOf<'_>> = Vec::new();
    for (i, message) in messages.iter().enumerate() {
        let at = format!("messages.{i}");
        object(&at, message, &["role", "content"], &[])?;
        let role = one_of(&format!("{at}.role"), &message["role"], &["user", "assistant"])?;
        let content = &message["content"];
        let blocks: Vec<&Value> = match content {
            Value::String(_) => blocks::words(&format!("{at}.content"), content).map(|()| vec![content])?,
            _ => list(&format!("{at}.content"), content)?.iter().collect(),
        };
        for (j, block) in blocks.iter().enumerate().filter(|(_, b)| !b.is_string()) {
            blocks::block(&format!("{at}.content.{j}"), role, block, points)?;
        }
        match turns.last_mut() {
            Some(turn) if turn.role == role => turn.blocks.extend(blocks),
            _ => turns.push(TurnOf { role, at, blocks }),
        }
    }
    ensure(turns[0].role == "user", || "messages: first message must use the \"user\" role".to_owned())?;
    let mut ids = BTreeSet::new();
    for (i, turn) in turns.iter().enumerate() {
        let before = i.checked_sub(1).map(|before| &turns[before]);
        match turn.role {
            "user" => results(turn, before)?,
            _ => assistant(turn, turns.get(i + 1), &mut ids)?,
        }
    }
    last(&turns[turns.len() - 1], &turns, body)
}

fn kind(block: &Value) -> &str {
    block["type"].as_str().unwrap_or("text")
}

fn ids_of<'a>(turn: &TurnOf<'a>, of: &str, key: &str) -> Vec<&'a str> {
    turn.blocks.iter().filter(|b| kind(b) == of).filter_map(|b| b[key].as_str()).collect()
}

/// Checks that a turn of the person's answers the calls before it, each once, first, and nothing else.
fn results(turn: &TurnOf<'_>, before: Option<&TurnOf<'_>>) -> Check {
    let at = &turn.at;
    let calls = before.map(|b| ids_of(b, "tool_use", "id")).unwrap_or_default();
    let results = ids_of(turn, "tool_result", "tool_use_id");
    for (i, id) in results.iter().enumerate() {
        ensure(calls.contains(id), || {
            format!(
                "{at}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
            )
        })?;
        ensure(!results[..i].contains(id), || {
            format!("{at}: each tool_use must have a single result. Found multiple `tool_result` blocks with id: {id}")
        })?;
    }
    let missing: Vec<&&str> = calls.iter().filter(|id| !results.contains(id)).collect();
    ensure(missing.is_empty(), || {
        format!(
            "{at}: `tool_use` ids were found without `tool_result` blocks immediately after: {missing:?}. Each `tool_use` block must have a corresponding `tool_result` block in the next message."
        )
    })?;
    let first_other = turn.blocks.iter().position(|b| kind(b) != "tool_result").unwrap_or(results.len());
    ensure(first_other >= results.len(), || format!("{at}: `tool_result` blocks must come first in the content"))
}

fn assistant(turn: &TurnOf<'_>, after: Option<&TurnOf<'_>>, ids: &mut BTreeSet<String>) -> Check {
    let at = &turn.at;
    for id in ids_of(turn, "tool_use", "id").into_iter().chain(ids_of(turn, "server_tool_use", "id")) {
        unique(&format!("{at}: `tool_use` ids"), ids, id)?;
    }
    let calls = ids_of(turn, "tool_use", "id");
    ensure(calls.is_empty() || after.is_some(), || {
        format!("{at}: `tool_use` ids were found without `tool_result` blocks immediately after: {calls:?}.")
    })?;
    for (i, block) in turn.blocks.iter().enumerate() {
        let kind = kind(block);
        if kind.ends_with("_tool_result") {
            let id = block["tool_use_id"].as_str().unwrap_or_default();
            let asked = turn.blocks[..i].iter().any(|b| b["id"] == id);
            ensure(asked, || format!("{at}: `{kind}` block without a corresponding `server_tool_use` block: {id}"))?;
        }
        let thought = block["thinking"].as_str().unwrap_or_default();
        let signature = block["signature"].as_str().unwrap_or_default();
        ensure(kind != "thinking" || !broken(signature, thought), || {
            format!("{at}.content.{i}: Invalid `signature` in `thinking` block")
        })?;
    }
    let ends_thinking = turn.blocks.last().is_some_and(|b| matches!(kind(b), "thinking" | "redacted_thinking"));
    ensure(!ends_thinking, || format!("{at}: The final block in an assistant message cannot be `thinking`."))
}

/// Checks what holds for the end of a conversation only.
fn last(last: &TurnOf<'_>, turns: &[TurnOf<'_>], body: &Value) -> Check {
    if last.role == "assistant" {
        let words = last.blocks.last().and_then(|b| b.as_str().or(b["text"].as_str())).unwrap_or_default();
        ensure(words.trim_end() == words, || {
            "messages: final assistant content cannot end with trailing whitespace".to_owned()
        })?;
    }
    let newest = turns.iter().rev().find(|t| t.role == "assistant");
    let Some(newest) =
        newest.filter(|t| body["thinking"]["type"] == "enabled" && t.blocks.iter().any(|b| kind(b) == "tool_use"))
    else {
        return Ok(());
    };
    let first = newest.blocks.first().map(|b| kind(b)).unwrap_or_default();
    ensure(matches!(first, "thinking" | "redacted_thinking"), || {
        format!(
            "{}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{first}`. When `thinking` is enabled, a final `assistant` message must start with a thinking block.",
            newest.at
        )
    })
}

fn media(at: &str, block: &Value, types: &[&str]) -> Check {
    let source = &block["source"];
    match one_of(&format!("{at}.source.type"), &source["type"], &["base64", "url", "file", "text", "content"])? {
        "base64" => {
            object(&format!("{at}.source"), source, &["type", "media_type", "data"], &[])?;
            one_of(&format!("{at}.source.media_type"), &source["media_type"], types)?;
            base64(&format!("{at}.source.data"), &source["data"])
        }
        "url" => some_text(&format!("{at}.source.url"), &source["url"]).map(drop),
        "file" => some_text(&format!("{at}.source.file_id"), &source["file_id"]).map(drop),
        "text" => some_text(&format!("{at}.source.data"), &source["data"]).map(drop),
        _ => Ok(()),
    }
}

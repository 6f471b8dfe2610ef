//! Thoughts that are bound to what stood before them: the newest models refuse one whose beginning has changed.
//!
//! Source: Anthropic's pages on preserved thinking, as of November 2026.

use serde_json::{Value, json};

use crate::service::{
    check::{Check, ensure},
    script::{hash, list_of},
};

/// The models that bind their thoughts.
const BOUND: &[&str] = &[
    "claude-fable-5-1",
    "claude-fable-5-2",
    "claude-mythos-5-1",
    "claude-mythos-5-2",
    "claude-opus-5-5",
    "claude-sonnet-5-5",
    "claude-haiku-5-5",
];

/// Says whether a model binds its thoughts.
pub(super) fn binds(body: &Value) -> bool {
    let model = body["model"].as_str().unwrap_or_default();
    BOUND.iter().any(|bound| model.contains(bound))
}

/// Gives what stands for all of a request, for the seal of what is thought next.
pub(in crate::service) fn of(body: &Value) -> String {
    let begun = beginnings(body);
    format!("-{:016x}", begun.last().copied().unwrap_or_default())
}

/// Checks that nothing before a thought has changed since it was thought.
pub(super) fn check(body: &Value) -> Check {
    if !binds(body) || body["thinking"]["block_binding"]["prefix_mismatch_behavior"] == "drop_block" {
        return Ok(());
    }
    let begun = beginnings(body);
    // How many blocks there are, and how many there were before this turn of the model's began.
    let (mut at, mut turn) = (0, 0);
    for (i, message) in list_of(body, "messages").iter().enumerate() {
        for (j, block) in blocks(message).iter().enumerate() {
            if message["role"] != "assistant" {
                turn = at + 1;
            }
            let sealed = block["signature"].as_str().or(block["data"].as_str()).unwrap_or_default();
            let ours = sealed.starts_with("mock-") && block["type"].as_str().is_some_and(|t| t.contains("thinking"));
            // One answer may have gone on where another paused.
            let fits = begun[turn..=at].iter().any(|begun| sealed.ends_with(&format!("-{begun:016x}")));
            ensure(!ours || fits, || {
                format!(
                    "messages.{i}.content.{j}: Invalid `signature` in `thinking` block. The block is bound to a different conversation. Remove the block, or set `thinking.block_binding.prefix_mismatch_behavior` to \"drop_block\"."
                )
            })?;
            at += 1;
        }
    }
    Ok(())
}

/// Gives what stands for the beginning of a request up to each of its blocks, and for all of it.
fn beginnings(body: &Value) -> Vec<u64> {
    let head = [plain(&json!(text(&body["system"]))), plain(&body["tools"])];
    let mut begun = vec![hash(&head.map(|part| part.to_string()))];
    for message in list_of(body, "messages") {
        for block in blocks(message) {
            let before = begun[begun.len() - 1];
            begun.push(hash(&(before, message["role"].as_str(), plain(&block).to_string())));
        }
    }
    begun
}

fn blocks(message: &Value) -> Vec<Value> {
    match &message["content"] {
        Value::String(text) => vec![json!({ "type": "text", "text": text })],
        content => content.as_array().cloned().unwrap_or_default(),
    }
}

fn text(system: &Value) -> String {
    match system {
        Value::String(text) => text.clone(),
        parts => parts.as_array().into_iter().flatten().filter_map(|p| p["text"].as_str()).collect(),
    }
}

/// Gives it without marks for the cache, which may move.
fn plain(value: &Value) -> Value {
    match value {
        Value::Array(all) => all.iter().map(plain).collect(),
        Value::Object(all) => {
            let kept = all.iter().filter(|(name, _)| *name != "cache_control");
            Value::Object(kept.map(|(name, value)| (name.clone(), plain(value))).collect())
        }
        other => other.clone(),
    }
}

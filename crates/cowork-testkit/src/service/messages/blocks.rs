//! The blocks of a message.

use serde_json::Value;

use super::{
    super::check::{Check, boolean, ensure, list, name, object, one_of, some_text, text},
    media, point,
};

const IMAGES: &[&str] = &["image/jpeg", "image/png", "image/gif", "image/webp"];

/// Checks text that says something.
pub(super) fn words(at: &str, value: &Value) -> Check {
    let words = text(at, value)?;
    ensure(!words.is_empty(), || format!("{at}: text content blocks must be non-empty"))?;
    ensure(!words.trim().is_empty(), || format!("{at}: text content blocks must contain non-whitespace text"))
}

/// Checks a block by itself.
pub(super) fn block(at: &str, role: &str, block: &Value, points: &mut Vec<String>) -> Check {
    let kind = some_text(&format!("{at}.type"), &block["type"])?;
    let theirs = match kind {
        "text" => return plain(at, block, points),
        "image" | "document" | "search_result" | "tool_result" | "container_upload" => "user",
        "tool_use" | "thinking" | "redacted_thinking" | "server_tool_use" | "mcp_tool_use" | "compaction"
        | "mock_unknown" => "assistant",
        _ if kind.ends_with("_tool_result") => "assistant",
        _ => {
            return Err(format!("{at}: Input tag '{kind}' found using 'type' does not match any of the expected tags"));
        }
    };
    ensure(role == theirs, || format!("{at}: `{kind}` blocks can only be in `{theirs}` messages"))?;
    match role {
        "user" => users(at, kind, block, points)?,
        _ => assistants(at, kind, block)?,
    }
    point(at, block, points)
}

fn users(at: &str, kind: &str, block: &Value, points: &mut Vec<String>) -> Check {
    match kind {
        "image" => {
            object(at, block, &["type", "source"], &["cache_control"])?;
            media(at, block, IMAGES)
        }
        "document" => {
            object(at, block, &["type", "source"], &["cache_control", "title", "context", "citations"])?;
            media(at, block, &["application/pdf"])
        }
        "tool_result" => result(at, block, points),
        _ => Ok(()),
    }
}

fn assistants(at: &str, kind: &str, block: &Value) -> Check {
    match kind {
        "tool_use" | "server_tool_use" => {
            object(at, block, &["type", "id", "name", "input"], &["cache_control", "caller"])?;
            let id = name(&format!("{at}.id"), &block["id"], 256)?;
            ensure(kind == "tool_use" || id.starts_with("srvtoolu_"), || {
                format!("{at}.id: String should match pattern '^srvtoolu_', not {id:?}")
            })?;
            name(&format!("{at}.name"), &block["name"], 200)?;
            let input = &block["input"];
            ensure(input.is_object(), || format!("{at}.input: Input should be an object, not {input}"))
        }
        "thinking" => {
            object(at, block, &["type", "thinking", "signature"], &[])?;
            text(&format!("{at}.thinking"), &block["thinking"])?;
            some_text(&format!("{at}.signature"), &block["signature"]).map(drop)
        }
        "redacted_thinking" => {
            object(at, block, &["type", "data"], &[])?;
            some_text(&format!("{at}.data"), &block["data"]).map(drop)
        }
        // What came of the service's own tools came from the service.
        _ if kind.ends_with("_tool_result") => {
            object(at, block, &["type", "tool_use_id", "content"], &["cache_control", "caller"]).map(drop)
        }
        _ => Ok(()),
    }
}

fn plain(at: &str, block: &Value, points: &mut Vec<String>) -> Check {
    object(at, block, &["type", "text"], &["citations", "cache_control"])?;
    words(&format!("{at}.text"), &block["text"])?;
    if !block["citations"].is_null() {
        for (i, citation) in block["citations"].as_array().into_iter().flatten().enumerate() {
            let place = format!("{at}.citations.{i}.type");
            let kinds = [
                "char_location",
                "page_location",
                "content_block_location",
                "web_search_result_location",
                "search_result_location",
            ];
            one_of(&place, &citation["type"], &kinds)?;
        }
    }
    point(at, block, points)
}

fn result(at: &str, block: &Value, points: &mut Vec<String>) -> Check {
    object(at, block, &["type", "tool_use_id"], &["content", "is_error", "cache_control"])?;
    name(&format!("{at}.tool_use_id"), &block["tool_use_id"], 256)?;
    boolean(&format!("{at}.is_error"), &block["is_error"])?;
    let content = &block["content"];
    if content.is_null() || content.is_string() {
        return Ok(());
    }
    for (i, part) in list(&format!("{at}.content"), content)?.iter().enumerate() {
        let at = format!("{at}.content.{i}");
        match one_of(
            &format!("{at}.type"),
            &part["type"],
            &["text", "image", "document", "search_result", "tool_reference"],
        )? {
            "text" => words(&format!("{at}.text"), &part["text"])?,
            "image" => media(&at, part, IMAGES)?,
            "document" => media(&at, part, &["application/pdf"])?,
            _ => {}
        }
        point(&at, part, points)?;
    }
    Ok(())
}

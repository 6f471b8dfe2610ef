//! Requests as they are written.
//!
//! What stands before the conversation and each message are written once and kept beside them; a request is put together from
//! these and the little that is its own. The marks of the cache that move are put between the pieces.

use bytes::Bytes;
use cowork_core::{Block, Effort, Message, ModelRequest, Role, ToolSpec};
use serde_json::{Value, json};

use super::{Anthropic, DIALECT, Thinking, schema};
use crate::{call, json, transport::Pieces};

/// What marks the end of what the service should keep in its cache.
const MARK: &[u8] = br#","cache_control":{"type":"ephemeral"}"#;

/// How a written message ends after its last block's fields: there a mark is put.
const END: usize = b"}]}".len();

/// The fewest tokens that the service takes as a budget for thinking.
const LEAST_BUDGET: u32 = 1_024;

/// Writes a request for an answer.
pub(super) fn answer(model: &Anthropic, request: &ModelRequest) -> Pieces {
    let most = match request.most_tokens {
        0 => model.card.most_tokens,
        n => n.min(model.card.most_tokens),
    };
    let mut start = Vec::with_capacity(256);
    start.extend_from_slice(b"{\"model\":");
    json::write(&model.model, &mut start);
    start.extend_from_slice(format!(",\"max_tokens\":{most},\"stream\":true").as_bytes());
    body(model, request, most, start)
}

/// Writes a request for a count of its tokens.
pub(super) fn count(model: &Anthropic, request: &ModelRequest) -> Pieces {
    let mut start = b"{\"model\":".to_vec();
    json::write(&model.model, &mut start);
    body(model, request, model.card.most_tokens, start)
}

fn body(model: &Anthropic, request: &ModelRequest, most: u32, mut start: Vec<u8>) -> Pieces {
    settings(model, request, most, &mut start);
    let (ours, theirs) = (!request.head.tools.is_empty(), !model.service_tools.is_empty());
    if ours || theirs {
        start.extend_from_slice(b",\"tools\":[");
        for (n, tool) in model.service_tools.iter().enumerate() {
            start.extend_from_slice(if n == 0 { b"" } else { b"," });
            json::write(tool, &mut start);
        }
        start.extend_from_slice(match (ours, theirs) {
            (true, true) => b",",
            (true, false) => b"",
            _ => b"]",
        });
    }
    let tools = match ours {
        true => request.head.tools.written().get_or(DIALECT, || tools(&request.head.tools)),
        false => Bytes::new(),
    };
    let system = request.head.written.get_or(DIALECT, || system(&request.head.system));
    let mut pieces = Pieces::with_room(&[&start, &tools, &system], &request.messages);
    pieces.write(&start);
    pieces.push(tools);
    pieces.push(system);
    pieces.write(b",\"messages\":[");
    let marked = marks(&request.messages);
    // What stands before the first mark only grows.
    let before = marked.iter().flatten().min().copied().unwrap_or(request.messages.len());
    let mut first = !pieces.push_messages(&request.messages, before, DIALECT, false, message);
    for (n, message) in request.messages.iter().enumerate().skip(before) {
        let written = message.written.get_or(DIALECT, || self::message(message));
        if written.is_empty() {
            continue;
        }
        // Each begins with a comma, so that a message is one piece wherever it stands.
        let written = if std::mem::take(&mut first) { written.slice(1..) } else { written };
        if marked.contains(&Some(n)) {
            let end = written.len() - END;
            pieces.push(written.slice(..end));
            pieces.write(MARK);
            pieces.write(&written[end..]);
        } else {
            pieces.push(written);
        }
    }
    pieces.write(b"]}");
    pieces
}

/// Says after which messages the cache is marked: the person's last, and the one that the request before this one ended with. What that
/// one wrote is found there, however much came since.
fn marks(messages: &[std::sync::Arc<Message>]) -> [Option<usize>; 2] {
    let before = |end: usize, role: Role| {
        messages[..end].iter().rposition(|message| message.role == role && message.blocks.iter().any(is_written))
    };
    let last = before(messages.len(), Role::User);
    let turn = last.and_then(|last| before(last, Role::Assistant));
    [last, turn.and_then(|turn| before(turn, Role::User))]
}

/// Writes how hard to think, and what the answer has to fit.
fn settings(model: &Anthropic, request: &ModelRequest, most: u32, to: &mut Vec<u8>) {
    let shown = || {
        let mut thinking = json!({ "type": "adaptive", "display": "summarized" });
        if model.bound {
            thinking["block_binding"] = json!({ "prefix_mismatch_behavior": "drop_block" });
        }
        thinking
    };
    let word = match request.effort {
        Effort::Usual | Effort::None => None,
        Effort::Low => Some("low"),
        Effort::Medium => Some("medium"),
        Effort::High => Some("high"),
    };
    let (thinking, effort) = match (model.thinking, request.effort) {
        (Thinking::Unknown, _) | (Thinking::Offered, Effort::Usual | Effort::None) => (None, None),
        (Thinking::Budget, effort) => (budget(effort, most, &request.messages), None),
        (thinking, Effort::None) => match off(model, thinking, request) {
            Some(word) => (Some(json!({ "type": word })), None),
            None => (Some(shown()), Some("low")),
        },
        _ => (Some(shown()), word),
    };
    if let Some(thinking) = thinking {
        to.extend_from_slice(b",\"thinking\":");
        json::write(&thinking, to);
    }
    let schema = request.schema.as_ref().filter(|_| model.structured).and_then(|schema| schema::fit(schema));
    let format = schema.map(|schema| json!({ "type": "json_schema", "schema": schema }));
    if effort.is_some() || format.is_some() {
        let settings = [("effort", effort.map(Value::from)), ("format", format)];
        let settings: serde_json::Map<String, Value> =
            settings.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        to.extend_from_slice(b",\"output_config\":");
        json::write(&settings, to);
    }
}

/// Says how thinking is turned off, where that can be had: not where there are thoughts that the service might refuse, since what it does
/// about those can only be said to a model that thinks.
fn off(model: &Anthropic, thinking: Thinking, request: &ModelRequest) -> Option<&'static str> {
    let tools = !request.head.tools.is_empty() || !model.service_tools.is_empty();
    let thoughts = || request.messages.iter().flat_map(|message| &message.blocks).any(is_thinking);
    match thinking {
        Thinking::On if !model.bound || !thoughts() => Some("disabled"),
        Thinking::BetweenTools if !tools && !thoughts() => Some("between_tools"),
        _ => None,
    }
}

fn budget(effort: Effort, most: u32, messages: &[std::sync::Arc<Message>]) -> Option<Value> {
    let wanted = match effort {
        Effort::Usual | Effort::None => return None,
        Effort::Low => 2_048,
        Effort::Medium => 8_192,
        Effort::High => 24_576,
    };
    let tokens = wanted.min(most / 2);
    // A turn that began without thinking can't go on with it.
    let last = messages.iter().rfind(|message| message.role == Role::Assistant);
    let unthought = last.is_some_and(|turn| {
        let calls = turn.blocks.iter().any(|block| matches!(block, Block::Call(_)));
        calls && !turn.blocks.iter().find(|block| is_written(block)).is_some_and(is_thinking)
    });
    (tokens >= LEAST_BUDGET && !unthought).then(|| json!({ "type": "enabled", "budget_tokens": tokens }))
}

/// Writes the end of the list of tools, marked for the cache.
fn tools(specs: &[ToolSpec]) -> Vec<u8> {
    let mut to = Vec::with_capacity(512 * specs.len());
    for (n, spec) in specs.iter().enumerate() {
        to.extend_from_slice(if n == 0 { b"" } else { b"," });
        tool(spec, n + 1 == specs.len(), &mut to);
    }
    to.push(b']');
    to
}

/// Writes the instructions, marked for the cache.
fn system(text: &str) -> Vec<u8> {
    let mut to = Vec::with_capacity(text.len() + 128);
    if !text.trim().is_empty() {
        to.extend_from_slice(b",\"system\":[{\"type\":\"text\",\"text\":");
        json::write(text, &mut to);
        to.extend_from_slice(MARK);
        to.extend_from_slice(b"}]");
    }
    to
}

fn tool(spec: &ToolSpec, last: bool, to: &mut Vec<u8>) {
    to.extend_from_slice(b"{\"name\":");
    json::write(&spec.name, to);
    to.extend_from_slice(b",\"description\":");
    json::write(&spec.about, to);
    to.extend_from_slice(b",\"input_schema\":");
    json::write(&*call::schema(&spec.schema), to);
    to.extend_from_slice(if last { MARK } else { b"" });
    to.push(b'}');
}

/// Writes a message, with a comma before it; nothing if there is nothing in it that the service takes.
fn message(message: &Message) -> Vec<u8> {
    // Results come first: the service wants them right after their calls.
    let results = message.blocks.iter().filter(|block| matches!(block, Block::Result { .. }));
    let others = message.blocks.iter().filter(|block| !matches!(block, Block::Result { .. }));
    let mut blocks: Vec<&Block> = results.chain(others).filter(|block| is_written(block)).collect();
    while message.role == Role::Assistant && blocks.last().is_some_and(|block| is_thinking(block)) {
        // A turn that ends with a thought, because it was cut off there, is refused.
        blocks.pop();
    }
    if blocks.is_empty() {
        return Vec::new();
    }
    let mut to = Vec::with_capacity(message.size() + 32 * blocks.len());
    to.extend_from_slice(match message.role {
        Role::User => b",{\"role\":\"user\",\"content\":[",
        Role::Assistant => b",{\"role\":\"assistant\",\"content\":[",
    });
    for (n, block) in blocks.into_iter().enumerate() {
        to.extend_from_slice(if n == 0 { b"" } else { b"," });
        self::block(block, &mut to);
    }
    to.extend_from_slice(b"]}");
    to
}

/// Says whether the service takes it: a text of blanks it does not, and what another service wrote it would not understand.
fn is_written(block: &Block) -> bool {
    match block {
        Block::Text { text, .. } => !text.trim().is_empty(),
        Block::Opaque { dialect, .. } => dialect == DIALECT,
        _ => true,
    }
}

fn is_thinking(block: &Block) -> bool {
    #[derive(serde::Deserialize)]
    struct Typed<'a> {
        #[serde(borrow, rename = "type")]
        kind: json::Text<'a>,
    }
    let Block::Opaque { json, .. } = block else { return false };
    serde_json::from_str(json).is_ok_and(|typed: Typed<'_>| matches!(&*typed.kind.0, "thinking" | "redacted_thinking"))
}

fn block(block: &Block, to: &mut Vec<u8>) {
    match block {
        Block::Text { text, citations } => {
            to.extend_from_slice(b"{\"type\":\"text\",\"text\":");
            json::write(text, to);
            if !citations.is_empty() {
                to.extend_from_slice(b",\"citations\":");
                json::write(citations, to);
            }
            to.push(b'}');
        }
        Block::Media { name, media_type, data } => media(name, media_type, data, to),
        Block::Call(call) => {
            to.extend_from_slice(b"{\"type\":\"tool_use\",\"id\":");
            json::write(&call.id, to);
            to.extend_from_slice(b",\"name\":");
            json::write(&call.tool, to);
            to.extend_from_slice(b",\"input\":");
            json::write(&call.args, to);
            to.push(b'}');
        }
        Block::Result { call, text, failed } => {
            to.extend_from_slice(b"{\"type\":\"tool_result\",\"tool_use_id\":");
            json::write(call, to);
            to.extend_from_slice(b",\"content\":");
            json::write(text, to);
            to.extend_from_slice(if *failed { b",\"is_error\":true}" } else { b"}" });
        }
        Block::Opaque { json, .. } => to.extend_from_slice(json.as_bytes()),
        // A block of a kind that came later: said, so that it is not lost without a word.
        _ => to.extend_from_slice(br#"{"type":"text","text":"[something that can't be shown here]"}"#),
    }
}

fn media(name: &str, media_type: &str, data: &str, to: &mut Vec<u8>) {
    let kind = match media_type {
        "application/pdf" => "document",
        image if image.starts_with("image/") => "image",
        other => {
            let text = format!("[{name}: a file of the type {other}, which can't be shown here]");
            to.extend_from_slice(b"{\"type\":\"text\",\"text\":");
            json::write(&text, to);
            return to.push(b'}');
        }
    };
    to.extend_from_slice(format!("{{\"type\":\"{kind}\",\"source\":{{\"type\":\"base64\",\"media_type\":").as_bytes());
    json::write(media_type, to);
    to.extend_from_slice(b",\"data\":");
    json::write(data, to);
    to.push(b'}');
    if kind == "document" && !name.is_empty() {
        to.extend_from_slice(b",\"title\":");
        json::write(name, to);
    }
    to.push(b'}');
}

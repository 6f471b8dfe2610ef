//! A request, written. Each message is written once and its bytes are kept beside it.

use bytes::Bytes;
use cowork_core::{Block, Message, ModelRequest, Role, ToolSpec};

use super::{DIALECT, Responses};
use crate::{
    call,
    openai::{
        services::{effort, thinks},
        write::{Json, data_url, file_name, is_strict, messages, tools, unshown},
    },
    transport::Pieces,
};

/// The least that the service takes as the most tokens of an answer.
const LEAST_TOKENS: u32 = 16;

/// Writes the body: the model, the head, the items, and last what may differ from request to request.
pub(super) fn body(model: &Responses, request: &ModelRequest) -> Pieces {
    let mut body = input(model, "\"store\":false,", request);
    body.write(&tail(&model.model, request).0);
    body
}

/// Writes the body of a request to count.
pub(super) fn count(model: &Responses, request: &ModelRequest) -> Pieces {
    let mut body = input(model, "", request);
    body.write(b"]}");
    body
}

/// Writes all up to the end of the items.
fn input(model: &Responses, store: &str, request: &ModelRequest) -> Pieces {
    let mut start = Json::default();
    start.raw("{\"model\":").value(&model.model).raw(",").raw(store);
    let ours = !request.head.tools.is_empty();
    let tools = match ours {
        true => request.head.tools.written().get_or(DIALECT, || functions(&request.head.tools)),
        false => Bytes::new(),
    };
    let instructions = request.head.written.get_or(DIALECT, || instructions(&request.head.system));
    let mut body = Pieces::with_room(&[&start.0, &instructions, &tools], &request.messages);
    body.write(&start.0);
    body.push(instructions);
    if ours || !model.service_tools.is_empty() {
        body.write(b"\"tools\":[");
        body.push(tools);
        let mut theirs = Json::default();
        for (n, tool) in model.service_tools.iter().enumerate() {
            theirs.raw(if ours || n > 0 { "," } else { "" }).value(tool);
        }
        body.write(&theirs.raw("],").0);
    }
    body.write(b"\"input\":[");
    messages(&mut body, false, &request.messages, DIALECT, message);
    body
}

fn instructions(system: &str) -> Vec<u8> {
    let mut json = Json::default();
    if !system.is_empty() {
        json.raw("\"instructions\":").value(system).raw(",");
    }
    json.0
}

fn functions(specs: &[ToolSpec]) -> Vec<u8> {
    let mut json = Json::default();
    tools(&mut json, specs, function);
    json.0
}

fn function(json: &mut Json, tool: &ToolSpec) {
    let schema = call::schema(&tool.schema);
    json.raw("{\"type\":\"function\",\"name\":").value(&tool.name).raw(",\"description\":").value(&tool.about);
    // Unless told otherwise the service takes a schema as strict.
    json.raw(",\"parameters\":").value(&*schema).raw(",\"strict\":").value(&is_strict(&schema)).raw("}");
}

/// Writes what stands after the items.
fn tail(model: &str, request: &ModelRequest) -> Json {
    let mut json = Json::default();
    json.raw("],\"stream\":true");
    if thinks(model) {
        json.raw(",\"include\":[\"reasoning.encrypted_content\"],\"reasoning\":{\"summary\":\"auto\"");
        if let Some(word) = effort(model, request.effort) {
            json.raw(",\"effort\":").value(word);
        }
        json.raw("}");
    }
    if request.most_tokens > 0 {
        json.raw(",\"max_output_tokens\":").number(request.most_tokens.max(LEAST_TOKENS));
    }
    if let Some(schema) = &request.schema {
        json.raw(",\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"answer\",\"strict\":");
        json.value(&is_strict(schema)).raw(",\"schema\":").value(schema.as_ref()).raw("}}");
    }
    json.raw("}");
    json
}

fn message(message: &Message) -> Vec<u8> {
    let mut json = Json::default();
    match message.role {
        Role::User => user(&mut json, &message.blocks),
        Role::Assistant => assistant(&mut json, &message.blocks),
    }
    json.0
}

/// Writes a turn of the person's: the results first, then what was said.
fn user(json: &mut Json, blocks: &[Block]) {
    for block in blocks {
        if let Block::Result { call, text, .. } = block {
            json.comma().raw("{\"type\":\"function_call_output\",\"call_id\":").value(call);
            json.raw(",\"output\":").value(text).raw("}");
        }
    }
    let said = |block: &&Block| match block {
        Block::Text { text, .. } => !text.is_empty(),
        Block::Media { .. } => true,
        _ => false,
    };
    let parts: Vec<&Block> = blocks.iter().filter(said).collect();
    if !parts.is_empty() {
        json.comma().raw("{\"role\":\"user\",\"content\":[");
        parts.iter().for_each(|part| self::part(json, part));
        json.raw("]}");
    }
}

fn part(json: &mut Json, part: &Block) {
    match part {
        Block::Text { text, .. } => drop(json.comma().raw("{\"type\":\"input_text\",\"text\":").value(text).raw("}")),
        Block::Media { media_type, data, .. } if media_type.starts_with("image/") => {
            json.comma().raw("{\"type\":\"input_image\",\"image_url\":");
            data_url(json, media_type, data);
            json.raw("}");
        }
        Block::Media { name, media_type, data } if media_type == "application/pdf" => {
            json.comma().raw("{\"type\":\"input_file\",\"filename\":").value(file_name(name)).raw(",\"file_data\":");
            data_url(json, media_type, data);
            json.raw("}");
        }
        Block::Media { name, media_type, .. } => {
            json.comma().raw("{\"type\":\"input_text\",\"text\":").value(&unshown(name, media_type)).raw("}");
        }
        _ => {}
    }
}

/// Writes a turn of the model's, item by item, in its order.
fn assistant(json: &mut Json, blocks: &[Block]) {
    // What was thought goes back only with what came of it.
    let came = |block: &Block| match block {
        Block::Text { text, .. } => !text.is_empty(),
        Block::Opaque { dialect, json } => dialect == DIALECT && !is_thought(json),
        _ => true,
    };
    let end = blocks.iter().rposition(came).map_or(0, |last| last + 1);
    for block in &blocks[..end] {
        match block {
            Block::Text { text, .. } if !text.is_empty() => {
                json.comma().raw("{\"role\":\"assistant\",\"content\":").value(text).raw("}");
            }
            Block::Call(call) => {
                json.comma().raw("{\"type\":\"function_call\",\"call_id\":").value(&call.id).raw(",\"name\":");
                json.value(&call.tool).raw(",\"arguments\":").value(&call.args.to_string()).raw("}");
            }
            Block::Opaque { dialect, json: item } if dialect == DIALECT => drop(json.comma().raw(item)),
            _ => {}
        }
    }
}

/// Says whether an item is what the model thought.
pub(super) fn is_thought(item: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Item<'a> {
        #[serde(borrow, rename = "type")]
        kind: std::borrow::Cow<'a, str>,
    }
    serde_json::from_str::<Item<'_>>(item).is_ok_and(|item| item.kind == "reasoning")
}

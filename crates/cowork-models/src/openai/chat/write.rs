//! A request, written. Each message is written once and its bytes are kept beside it.

use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use cowork_core::{Block, Effort, Message, ModelRequest, Role, ToolSpec};

use crate::{
    call,
    openai::{
        Ids, MostTokens, Schemas, Service, Think, Thoughts,
        services::{effort, thinks},
        write::{Json, data_url, file_name, is_strict, messages, tools, unshown},
    },
    transport::Pieces,
};

/// Writes the body: the model, the head, the messages, and last what may differ from request to request.
pub(super) fn body(service: &Service, model: &str, request: &ModelRequest) -> Pieces {
    let mut start = Json::default();
    start.raw("{\"model\":").value(model).raw(",");
    let tools = match request.head.tools.is_empty() {
        true => Bytes::new(),
        false => request.head.tools.written().get_or(service.dialect, || functions(service, &request.head.tools)),
    };
    let head = request.head.written.get_or(service.dialect, || head(&request.head.system));
    let begun = head.last() != Some(&b'[');
    let mut body = Pieces::with_room(&[&start.0, &tools, &head], &request.messages);
    body.write(&start.0);
    body.push(tools);
    body.push(head);
    messages(&mut body, begun, &request.messages, service.dialect, |m| message(service, m));
    body.write(&tail(service, model, request).0);
    body
}

fn functions(service: &Service, specs: &[ToolSpec]) -> Vec<u8> {
    let mut json = Json::default();
    json.raw("\"tools\":[");
    tools(&mut json, specs, |json, tool| function(service, json, tool));
    json.raw("],");
    json.0
}

fn head(system: &str) -> Vec<u8> {
    let mut json = Json::default();
    json.raw("\"messages\":[");
    if !system.is_empty() {
        json.raw("{\"role\":\"system\",\"content\":").value(system).raw("}");
    }
    json.0
}

fn function(service: &Service, json: &mut Json, tool: &ToolSpec) {
    let schema = call::schema(&tool.schema);
    json.raw("{\"type\":\"function\",\"function\":{\"name\":").value(&tool.name);
    json.raw(",\"description\":").value(&tool.about).raw(",\"parameters\":").value(&*schema);
    if service.strict && is_strict(&schema) {
        json.raw(",\"strict\":true");
    }
    json.raw("}}");
}

/// Writes what stands after the messages.
fn tail(service: &Service, model: &str, request: &ModelRequest) -> Json {
    let mut json = Json::default();
    json.raw("],\"stream\":true");
    if service.asks_usage {
        json.raw(",\"stream_options\":{\"include_usage\":true}");
    }
    if request.most_tokens > 0 {
        let name = match service.most {
            MostTokens::Max => ",\"max_tokens\":",
            MostTokens::MaxCompletion => ",\"max_completion_tokens\":",
        };
        json.raw(name).number(request.most_tokens);
    }
    think(&mut json, service, model, request.effort);
    match (&request.schema, service.schemas) {
        (Some(schema), Schemas::Schema) => {
            json.raw(",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"answer\",\"strict\":");
            json.value(&is_strict(schema)).raw(",\"schema\":").value(schema.as_ref()).raw("}}");
        }
        (Some(_), Schemas::Object) => drop(json.raw(",\"response_format\":{\"type\":\"json_object\"}")),
        (None, _) => {}
    }
    json.raw("}");
    json
}

fn think(json: &mut Json, service: &Service, model: &str, how: Effort) {
    match (service.think, effort(model, how)) {
        (Think::Effort, Some(word)) if thinks(model) => drop(json.raw(",\"reasoning_effort\":").value(word)),
        (Think::Object, Some(word)) => drop(json.raw(",\"reasoning\":{\"effort\":").value(word).raw("}")),
        (Think::Switch, Some(_)) if how == Effort::None => drop(json.raw(",\"thinking\":{\"type\":\"disabled\"}")),
        (Think::Switch, Some(word)) => drop(json.raw(",\"reasoning_effort\":").value(word)),
        _ => {}
    }
}

fn message(service: &Service, message: &Message) -> Vec<u8> {
    let mut json = Json::default();
    match message.role {
        Role::User => user(service, &mut json, &message.blocks),
        Role::Assistant => assistant(service, &mut json, &message.blocks),
    }
    json.0
}

/// Writes a turn of the person's: the results first, each a message of its own, then what was said.
fn user(service: &Service, json: &mut Json, blocks: &[Block]) {
    for block in blocks {
        if let Block::Result { call, text, .. } = block {
            json.comma().raw("{\"role\":\"tool\",\"tool_call_id\":").value(&id(service, call));
            json.raw(",\"content\":").value(text).raw("}");
        }
    }
    let said = |block: &&Block| match block {
        Block::Text { text, .. } => !text.is_empty(),
        Block::Media { .. } => true,
        _ => false,
    };
    let parts: Vec<&Block> = blocks.iter().filter(said).collect();
    match parts.as_slice() {
        [] => {}
        [Block::Text { text, .. }] => {
            json.comma().raw("{\"role\":\"user\",\"content\":").value(text).raw("}");
        }
        parts => {
            json.comma().raw("{\"role\":\"user\",\"content\":[");
            parts.iter().for_each(|part| self::part(json, part));
            json.raw("]}");
        }
    }
}

fn part(json: &mut Json, part: &Block) {
    match part {
        Block::Text { text, .. } => drop(json.comma().raw("{\"type\":\"text\",\"text\":").value(text).raw("}")),
        Block::Media { media_type, data, .. } if media_type.starts_with("image/") => {
            json.comma().raw("{\"type\":\"image_url\",\"image_url\":{\"url\":");
            data_url(json, media_type, data);
            json.raw("}}");
        }
        Block::Media { name, media_type, data } if media_type == "application/pdf" => {
            json.comma().raw("{\"type\":\"file\",\"file\":{\"filename\":").value(file_name(name));
            json.raw(",\"file_data\":");
            data_url(json, media_type, data);
            json.raw("}}");
        }
        Block::Media { name, media_type, .. } => {
            json.comma().raw("{\"type\":\"text\",\"text\":").value(&unshown(name, media_type)).raw("}");
        }
        _ => {}
    }
}

/// Writes a turn of the model's; nothing if it neither said nor called anything.
fn assistant(service: &Service, json: &mut Json, blocks: &[Block]) {
    let text: String = blocks
        .iter()
        .filter_map(|b| if let Block::Text { text, .. } = b { Some(text.as_str()) } else { None })
        .collect();
    let calls = || blocks.iter().filter_map(|b| if let Block::Call(call) = b { Some(call) } else { None });
    let any = calls().next().is_some();
    if text.is_empty() && !any {
        return;
    }
    json.raw("{\"role\":\"assistant\",\"content\":");
    if text.is_empty() {
        json.raw("null")
    } else {
        json.value(&text)
    };
    let thought = blocks.iter().find_map(|block| match block {
        Block::Opaque { dialect, json } if dialect == service.dialect => Some(json.as_str()),
        _ => None,
    });
    match (service.thoughts, thought) {
        (Thoughts::Content, Some(thought)) => drop(json.raw(",\"reasoning_content\":").raw(thought)),
        (Thoughts::Content, None) if any => drop(json.raw(",\"reasoning_content\":\"\"")),
        (Thoughts::Details, Some(thought)) => drop(json.raw(",\"reasoning_details\":").raw(thought)),
        _ => {}
    }
    if any {
        json.raw(",\"tool_calls\":[");
        for call in calls() {
            json.comma()
                .raw("{\"id\":")
                .value(&id(service, &call.id))
                .raw(",\"type\":\"function\",\"function\":{\"name\":");
            json.value(&call.tool).raw(",\"arguments\":").value(&call.args.to_string()).raw("}}");
        }
        json.raw("]");
    }
    json.raw("}");
}

/// Gives a call's id as the service takes it. The same id always becomes the same, for the call and for its result.
fn id(service: &Service, id: &str) -> String {
    const SIGNS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let fits = id.len() == 9 && id.bytes().all(|b| b.is_ascii_alphanumeric());
    if service.ids == Ids::Any || fits {
        return id.to_owned();
    }
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    let mut rest = hasher.finish();
    let sign = |_| {
        let sign = SIGNS[(rest % 62) as usize];
        rest /= 62;
        char::from(sign)
    };
    (0..9).map(sign).collect()
}

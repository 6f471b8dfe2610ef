//! How an answer is written: what all formats share.

use cowork_core::{Stop, Usage};
use serde_json::{Value, json};

use super::{Ask, Fault, Format, Part, Quirk, Reply, messages::binding, script::hash};

mod chat;
mod messages;
mod responses;

/// Stands in a text for bytes that are no UTF-8, and is replaced once it is written.
const INVALID: char = '\u{E000}';

/// Stands in a text for a filling.
pub(super) const FILL: char = '\u{E001}';

/// An answer that is about to be written.
pub(super) struct Plan {
    pub(super) format: Format,
    /// Sixteen characters that are this turn's.
    pub(super) id: String,
    pub(super) model: String,
    pub(super) made: Vec<Made>,
    pub(super) stop: Stop,
    pub(super) usage: Usage,
    pub(super) quirks: Vec<Quirk>,
    /// What binds a thought to what stands before it.
    pub(super) binding: String,
    seed: u64,
}

/// A part of it, with its ids.
pub(super) enum Made {
    Text { text: String, citations: Vec<Value> },
    Thinking(String),
    Redacted(String),
    Call { id: String, tool: String, args: String },
    Server { id: String, tool: String, input: Value, result: Value },
    Refusal(String),
}

/// An event of a stream.
pub(super) struct Event {
    pub(super) name: &'static str,
    pub(super) data: Value,
    pub(super) mark: Mark,
}

/// What a fault looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Nothing,
    Text,
    Args,
}

/// Bytes of an answer.
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    pub(super) mark: Mark,
}

impl Plan {
    pub(super) fn new(ask: &Ask, reply: &Reply, fault: Option<&Fault>, seed: u64) -> Self {
        let id = format!("{:016x}", hash(&ask.turn_id()));
        let mut plan = Self {
            format: ask.format,
            id,
            model: ask.model.clone(),
            made: Vec::new(),
            stop: reply.turn.stop(),
            usage: reply.turn.usage.unwrap_or_default(),
            quirks: reply.quirks.clone(),
            binding: binding::of(&ask.body),
            seed,
        };
        for part in &reply.turn.parts {
            plan.add(part);
        }
        if reply.turn.usage.is_none() {
            let output = plan.made.iter().map(Made::size).sum::<usize>() / 4 + 1;
            plan.usage =
                Usage { input: (ask.body.to_string().len() / 4) as u64, output: output as u64, ..Usage::default() };
        }
        plan.spoil(fault);
        plan
    }

    fn add(&mut self, part: &Part) {
        let made = match part.clone() {
            Part::Text(text) => Made::Text { text, citations: Vec::new() },
            Part::Cited { text, citations } => Made::Text { text, citations },
            Part::Thinking(text) => Made::Thinking(text),
            Part::Redacted(text) => Made::Redacted(text),
            Part::Refusal(text) => Made::Refusal(text),
            Part::Call { tool, args, id } => {
                let args = match () {
                    () if self.has(Quirk::NullArguments) => "null".to_owned(),
                    () if self.has(Quirk::EmptyArguments) => String::new(),
                    () if args.is_null() => "{}".to_owned(),
                    () => args.to_string(),
                };
                Made::Call { id: id.unwrap_or_else(|| self.call_id()), tool, args }
            }
            Part::Server { tool, input, result } => {
                let id = format!("srvtoolu_{}{}", self.id, self.made.len());
                Made::Server { id, tool, input, result }
            }
        };
        self.made.push(made);
    }

    fn call_id(&self) -> String {
        let at = if self.has(Quirk::SameIds) { 0 } else { self.made.len() };
        match self.format {
            _ if self.has(Quirk::NineIds) => format!("{}{at:02}", &self.id[..7]),
            Format::Messages => format!("toolu_{}{at}", self.id),
            Format::Chat | Format::Responses => format!("call_{}{at}", self.id),
        }
    }

    /// Does to what is said what a fault does to it.
    fn spoil(&mut self, fault: Option<&Fault>) {
        let mark = match fault {
            Some(Fault::InvalidUtf8) => INVALID,
            Some(Fault::Huge { .. } | Fault::Endless) => FILL,
            Some(Fault::HalfArguments) => {
                if let Some(Made::Call { args, .. }) =
                    self.made.iter_mut().rev().find(|m| matches!(m, Made::Call { .. }))
                {
                    let half = args.floor_char_boundary(args.len() / 2);
                    args.truncate(half);
                }
                self.stop = Stop::Length;
                return;
            }
            _ => return,
        };
        let first = self.made.iter_mut().find_map(|m| match m {
            Made::Text { text, .. } => Some(text),
            _ => None,
        });
        match first {
            Some(text) => text.insert(0, mark),
            None => self.made.insert(0, Made::Text { text: format!("{mark}and so on"), citations: Vec::new() }),
        }
    }

    pub(super) fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// Splits a text as it is streamed.
    pub(super) fn pieces<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let mut pieces = Vec::new();
        let mut rest = text;
        let mut state = hash(&(self.seed, text));
        while !rest.is_empty() {
            state = hash(&state);
            let mut at = rest.ceil_char_boundary((1 + state as usize % 24).min(rest.len()));
            // A filling is a piece of its own.
            if rest.starts_with(FILL) {
                at = FILL.len_utf8();
            }
            let (piece, more) = rest.split_at(at);
            pieces.push(piece);
            rest = more;
        }
        pieces
    }

    /// Gives the answer in one.
    pub(super) fn whole(&self) -> Vec<Piece> {
        let body = match self.format {
            Format::Messages => messages::whole(self),
            Format::Chat => chat::whole(self),
            Format::Responses => responses::whole(self),
        };
        vec![Piece { bytes: spoilt(body.to_string().into_bytes()), mark: Mark::Text }]
    }

    /// Gives the answer as a stream.
    pub(super) fn stream(&self) -> Vec<Piece> {
        let mut events = match self.format {
            Format::Messages => messages::stream(self),
            Format::Chat => chat::stream(self),
            Format::Responses => responses::stream(self),
        };
        if self.has(Quirk::UnknownEvents) {
            let unknown =
                || Event::new("mock.unknown", json!({ "type": "mock.unknown", "object": "mock.unknown", "about": {} }));
            events.insert(1.min(events.len()), unknown());
            events.insert(events.len().saturating_sub(1), unknown());
        }
        let mut pieces: Vec<Piece> = events.into_iter().map(|event| self.write(event)).collect();
        if self.format == Format::Chat && !self.has(Quirk::NoDone) {
            pieces.push(Piece { bytes: b"data: [DONE]\n\n".to_vec(), mark: Mark::Nothing });
        }
        pieces
    }

    fn write(&self, mut event: Event) -> Piece {
        if self.has(Quirk::NullError) {
            event.data["error"] = Value::Null;
        }
        let end = if self.has(Quirk::CrLf) { "\r\n" } else { "\n" };
        let space = if self.has(Quirk::NoSpace) { "" } else { " " };
        let comment = if self.has(Quirk::Comments) { format!(": still here{end}{end}") } else { String::new() };
        let nameless = event.name.is_empty() || self.has(Quirk::NoEventNames);
        let name = if nameless { String::new() } else { format!("event:{space}{}{end}", event.name) };
        let text = format!("{comment}{name}data:{space}{}{end}{end}", event.data);
        Piece { bytes: spoilt(text.into_bytes()), mark: event.mark }
    }
}

impl Made {
    fn size(&self) -> usize {
        match self {
            Self::Text { text, .. } | Self::Thinking(text) | Self::Redacted(text) | Self::Refusal(text) => text.len(),
            Self::Call { tool, args, .. } => tool.len() + args.len() + 20,
            Self::Server { result, .. } => result.to_string().len(),
        }
    }
}

impl Event {
    pub(super) fn new(name: &'static str, data: Value) -> Self {
        Self { name, data, mark: Mark::Nothing }
    }

    pub(super) fn marked(mut self, mark: Mark) -> Self {
        self.mark = mark;
        self
    }
}

/// Gives the error of a format, as a body.
pub(super) fn error(format: Format, code: u16, kind: &str, message: &str) -> Value {
    match format {
        Format::Messages => {
            json!({ "type": "error", "error": { "type": kind, "message": message }, "request_id": "req_mock" })
        }
        Format::Chat | Format::Responses => {
            json!({ "error": { "message": message, "type": kind, "param": null, "code": code.to_string() } })
        }
    }
}

/// Gives the error of a format, as an event in a stream.
pub(super) fn error_event(format: Format, kind: &str) -> Piece {
    let message = "Something broke in the middle.";
    let text = match format {
        Format::Messages => format!("event: error\ndata: {}\n\n", error(format, 500, kind, message)),
        Format::Chat => {
            let mut body = error(format, 502, kind, message);
            body["choices"] = json!([]);
            format!("data: {body}\n\n")
        }
        Format::Responses => {
            let body =
                json!({ "type": "error", "code": kind, "message": message, "param": null, "sequence_number": 99 });
            format!("event: error\ndata: {body}\n\n")
        }
    };
    Piece { bytes: text.into_bytes(), mark: Mark::Nothing }
}

/// Gives the kind of error that a service tells with a status.
pub(super) fn kind_of(format: Format, code: u16) -> &'static str {
    match (format, code) {
        (_, 401) => "authentication_error",
        (_, 403) => "permission_error",
        (Format::Messages, 404) => "not_found_error",
        (Format::Messages, 413) => "request_too_large",
        (Format::Messages, 429) => "rate_limit_error",
        (_, 429) => "rate_limit_exceeded",
        (_, 529) => "overloaded_error",
        (Format::Messages, 500..) => "api_error",
        (_, 500..) => "server_error",
        _ => "invalid_request_error",
    }
}

/// Gives a seal of a text that tells whether it came back unchanged.
pub(super) fn seal(text: &str) -> String {
    format!("mock-{:016x}", hash(&text))
}

/// Says whether a seal of ours does not fit its text.
pub(super) fn broken(seal_of_it: &str, text: &str) -> bool {
    seal_of_it.starts_with("mock-") && !seal_of_it.starts_with(&seal(text))
}

fn spoilt(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut mark = [0; 4];
    let mark = INVALID.encode_utf8(&mut mark).as_bytes();
    while let Some(at) = bytes.windows(mark.len()).position(|w| w == mark) {
        bytes[at..at + 3].copy_from_slice(&[0xff, 0xfe, 0xfd]);
    }
    bytes
}

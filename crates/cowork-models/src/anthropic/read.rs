//! Answers as they are read.

use cowork_core::{Block, Error, Kind, ModelAnswer, ModelCall, ModelRequest, Result, Retry, Said, Stop, Usage};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{
    DIALECT,
    block::{Delta, Open, Part, Raw, drop_unanswered, is_brought},
    ids,
};
use crate::{
    call,
    json::{Text, append},
    transport::Fault,
};

const OP: &str = "read an answer";

/// Room for most texts and arguments, so that they are not moved while they grow.
const USUAL: usize = 256;

/// What an event comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The answer goes on.
    More,
    /// The answer has ended.
    End,
    /// The service says that it went wrong.
    Fault(Fault),
}

/// Reads the events of an answer, one after the other, without any I/O.
///
/// ```
/// use cowork_core::{ModelRequest, Said};
/// use cowork_models::anthropic::{Heard, Reader};
///
/// let say = |said: Said<'_>| assert_eq!(said, Said::Text("Hello"));
/// let mut reader = Reader::new(&say);
/// reader.event("", r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#)?;
/// reader.event("", r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}"#)?;
/// reader.event("", r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#)?;
/// assert_eq!(reader.event("", r#"{"type":"message_stop"}"#)?, Heard::End);
/// assert_eq!(reader.answer(&ModelRequest::default())?.text(), "Hello");
/// # Ok::<(), cowork_core::Error>(())
/// ```
pub struct Reader<'s> {
    say: &'s (dyn Fn(Said<'_>) + Send + Sync),
    blocks: Vec<Open>,
    stop: Option<Reason>,
    usage: Usage,
    id: String,
    model: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reason {
    End,
    Cut(Stop),
    Refused,
    Paused,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(default)]
    index: Option<u64>,
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    content_block: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(default)]
    usage: Option<Counts>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow, default)]
    thinking: Option<&'a RawValue>,
}

/// How a block of text or a call begins.
#[derive(Deserialize)]
struct Start<'a> {
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
    #[serde(default)]
    citations: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    model: Option<Text<'a>>,
    #[serde(default)]
    usage: Option<Counts>,
    #[serde(borrow, default)]
    content: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    stop_reason: Option<Text<'a>>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// Counts so far; one that is missing has not changed.
#[derive(Deserialize)]
struct Counts {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    output_tokens_details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    thinking_tokens: Option<u64>,
}

impl<'s> Reader<'s> {
    /// Makes one that tells what it reads to `say`.
    pub fn new(say: &'s (dyn Fn(Said<'_>) + Send + Sync)) -> Self {
        let (id, model) = (String::new(), String::new());
        Self { say, blocks: Vec::new(), stop: None, usage: Usage::default(), id, model }
    }

    /// Reads an event: its name, which counts where the data has no type, and its data.
    ///
    /// # Errors
    /// `Unavailable` for what is no event.
    pub fn event(&mut self, name: &str, data: &str) -> Result<Heard> {
        if data == "[DONE]" {
            return Ok(Heard::End);
        }
        let event: Event<'_> = serde_json::from_str(data).map_err(|e| unreadable(&e))?;
        let kind = event.kind.as_ref().map_or(name, |kind| &*kind.0);
        if kind == "error" || event.error.is_some() {
            return Ok(Heard::Fault(fault(data)));
        }
        match kind {
            "content_block_delta" => self.delta(event.index, event.delta, data)?,
            "content_block_start" => {
                let index = event.index.unwrap_or(self.blocks.len() as u64);
                event.content_block.map_or(Ok(()), |block| self.start(index, block))?;
            }
            "message_start" => {
                if let Some(message) = event.message {
                    let message = serde_json::from_str(message.get()).map_err(|e| unreadable(&e))?;
                    self.message(&message);
                }
            }
            "message_delta" => {
                self.count(event.usage);
                self.reason(event.delta.and_then(|delta| delta.stop_reason));
            }
            "message_stop" => return Ok(Heard::End),
            // A ping, the end of a block, or what came later than this program.
            _ => {}
        }
        Ok(Heard::More)
    }

    /// Reads an answer that came in one piece, as some services send it.
    ///
    /// # Errors
    /// `Unavailable` for what is no answer.
    pub fn whole(&mut self, message: &[u8]) -> Result<Heard> {
        let message: Message<'_> = serde_json::from_slice(message).map_err(|e| unreadable(&e))?;
        if let Some(error) = message.error {
            return Ok(Heard::Fault(fault(error.get())));
        }
        self.message(&message);
        for (index, block) in message.content.unwrap_or_default().into_iter().enumerate() {
            self.start(index as u64, block)?;
        }
        self.reason(message.stop_reason);
        Ok(Heard::End)
    }

    /// Gives the answer, once it has ended.
    ///
    /// # Errors
    /// `Unavailable` for an answer without an end, and for one that ends in the middle of a call.
    pub fn answer(self, request: &ModelRequest) -> Result<ModelAnswer> {
        let Some(reason) = self.stop else {
            let message = "the answer was cut off: the service ended it without saying that it had";
            return Err(Error::new(Kind::Unavailable, OP, message).with_retry(Retry::Now).with_fix("try again"));
        };
        let whole = !matches!(reason, Reason::Cut(_) | Reason::Refused);
        let (mut ids, count) = (ids(request), self.blocks.len());
        let mut blocks = Vec::with_capacity(count);
        for (n, open) in self.blocks.into_iter().enumerate() {
            let cut = matches!(reason, Reason::Cut(_)) && n + 1 == count;
            match open.part {
                Part::Text { text, citations } if !text.is_empty() => blocks.push(Block::Text { text, citations }),
                Part::Text { .. } => {}
                // What the service refused is not done in part.
                Part::Call { .. } if reason == Reason::Refused => {}
                Part::Call { id, tool, given, json } => {
                    let written = if json.is_empty() { given } else { json };
                    let (args, fault) = call::args(&written);
                    if cut && (fault.is_some() || written.is_empty()) {
                        return Err(cut_off(&tool));
                    }
                    let (tool, odd) = call::tool(tool);
                    blocks.push(Block::Call(ModelCall {
                        id: ids.name(id),
                        tool,
                        args: args.into(),
                        fault: odd.or(fault),
                    }));
                }
                Part::Raw(raw) => {
                    blocks.extend(raw.end(whole).map(|json| Block::Opaque { dialect: DIALECT.to_owned(), json }));
                }
            }
        }
        if !whole {
            drop_unanswered(&mut blocks);
        }
        let calls = blocks.iter().any(|block| matches!(block, Block::Call(_)));
        let stop = match reason {
            _ if calls => Stop::Calls,
            Reason::End => Stop::End,
            Reason::Cut(stop) => stop,
            Reason::Refused => Stop::Refused,
            Reason::Paused => Stop::Paused,
        };
        let brought = blocks.iter().any(is_brought);
        Ok(ModelAnswer { blocks, stop, usage: self.usage, id: self.id, model: self.model, brought })
    }

    fn message(&mut self, message: &Message<'_>) {
        let text = |text: &Option<Text<'_>>| text.as_ref().map(|text| text.0.to_string()).unwrap_or_default();
        (self.id, self.model) = (text(&message.id), text(&message.model));
        if let Some(counts) = &message.usage {
            self.count_one(counts);
        }
    }

    fn count(&mut self, counts: Option<Counts>) {
        counts.into_iter().for_each(|counts| self.count_one(&counts));
    }

    fn count_one(&mut self, counts: &Counts) {
        let set = |to: &mut u64, count: Option<u64>| *to = count.unwrap_or(*to);
        set(&mut self.usage.input, counts.input_tokens);
        set(&mut self.usage.output, counts.output_tokens);
        set(&mut self.usage.cache_write, counts.cache_creation_input_tokens);
        set(&mut self.usage.cache_read, counts.cache_read_input_tokens);
        set(&mut self.usage.thinking, counts.output_tokens_details.as_ref().and_then(|d| d.thinking_tokens));
    }

    fn reason(&mut self, reason: Option<Text<'_>>) {
        let Some(Text(reason)) = reason else { return };
        self.stop = Some(match &*reason {
            "max_tokens" => Reason::Cut(Stop::Length),
            "model_context_window_exceeded" => Reason::Cut(Stop::Full),
            "refusal" => Reason::Refused,
            "pause_turn" => Reason::Paused,
            // `end_turn`, `stop_sequence`, `tool_use`, and what came later: whether there are calls is seen from them.
            _ => Reason::End,
        });
    }

    fn start(&mut self, index: u64, block: &RawValue) -> Result<()> {
        let typed: Typed<'_> = serde_json::from_str(block.get()).map_err(|e| unreadable(&e))?;
        let start = || serde_json::from_str::<Start<'_>>(block.get()).map_err(|e| unreadable(&e));
        let text = |text: Option<Text<'_>>| text.map(|text| text.0.into_owned()).unwrap_or_default();
        let part = match typed.kind.as_ref().map_or("", |kind| &*kind.0) {
            "text" => {
                let Start { text: said, citations, .. } = start()?;
                let mut text = text(said);
                if !text.is_empty() {
                    (self.say)(Said::Text(&text));
                }
                text.reserve(USUAL);
                Part::Text { text, citations: citations.unwrap_or_default() }
            }
            "tool_use" => {
                let Start { id, name, input, .. } = start()?;
                let tool = text(name);
                (self.say)(Said::Call(&tool));
                let given = input.map(RawValue::get).filter(|given| *given != "{}").unwrap_or_default().to_owned();
                Part::Call { id: text(id), tool, given, json: String::with_capacity(USUAL) }
            }
            _ => {
                let mut thinking = String::new();
                if typed.thinking.is_some_and(|raw| append(raw, &mut thinking)) && !thinking.is_empty() {
                    (self.say)(Said::Thinking(&thinking));
                }
                Part::Raw(Raw::new(block.get()))
            }
        };
        self.blocks.push(Open { index, part });
        Ok(())
    }

    fn delta(&mut self, index: Option<u64>, delta: Option<Delta<'_>>, data: &str) -> Result<()> {
        let Some(delta) = delta else { return Ok(()) };
        let at = match index {
            Some(index) => self.blocks.iter().rposition(|open| open.index == index),
            None => self.blocks.len().checked_sub(1),
        };
        let at = match at {
            Some(at) => at,
            None => self.begin(index.unwrap_or(0), &delta)?,
        };
        match &mut self.blocks[at].part {
            Part::Text { text, citations } => {
                if let Some(raw) = delta.text {
                    let from = text.len();
                    append(raw, text);
                    if text.len() > from {
                        (self.say)(Said::Text(&text[from..]));
                    }
                }
                if let Some(citation) = delta.citation {
                    citations.push(serde_json::from_str(citation.get()).map_err(|e| unreadable(&e))?);
                }
            }
            Part::Call { json, .. } => {
                if let Some(raw) = delta.partial_json
                    && !append(raw, json)
                    && raw.get() != "null"
                {
                    // An object where a text should be.
                    json.push_str(raw.get());
                }
            }
            Part::Raw(raw) => raw.add(self.say, &delta, data)?,
        }
        Ok(())
    }

    /// Begins a block that the service did not say the beginning of.
    fn begin(&mut self, index: u64, delta: &Delta<'_>) -> Result<usize> {
        let part = if delta.text.is_some() {
            Part::Text { text: String::new(), citations: Vec::new() }
        } else if delta.thinking.is_some() {
            Part::Raw(Raw::new(r#"{"type":"thinking","thinking":"","signature":""}"#))
        } else {
            let message = "the service sent a part of a block that it had not begun";
            return Err(Error::new(Kind::Unavailable, OP, message).with_retry(Retry::Now));
        };
        self.blocks.push(Open { index, part });
        Ok(self.blocks.len() - 1)
    }
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Reader({} blocks)", self.blocks.len())
    }
}

fn fault(data: &str) -> Fault {
    serde_json::from_str(data).map_or_else(|_| Fault::of_body(data.as_bytes()), |value| Fault::of_json(&value))
}

fn cut_off(tool: &str) -> Error {
    let message = format!("the answer reached its most tokens in the middle of a call of {tool}");
    Error::new(Kind::Unavailable, OP, message)
        .with("stop", "length")
        .with("tool", tool)
        .with_fix("allow more tokens for an answer, or have less written in one call")
}

pub(super) fn unreadable(error: &serde_json::Error) -> Error {
    let message = format!("the service sent something that is not as it should be: {error}");
    Error::new(Kind::Unavailable, OP, message).with_retry(Retry::Now).with_fix("try again")
}

//! An answer, read: its items in the order that they have, whichever way they come.

use cowork_core::{Block, ModelAnswer, ModelRequest, Result, Said, Say, Stop, Usage};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{DIALECT, write::is_thought};
use crate::{
    call::Ids,
    openai::{
        calls::{self, Partial},
        read::{self, Args, Number, Text, broken, endless, fault_of, there},
    },
    sse::Event,
    transport::Fault,
};

/// An event: the fields of all that are read.
#[derive(Deserialize)]
struct Piece<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(default)]
    output_index: Number,
    #[serde(borrow, default)]
    delta: Text<'a>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow, default)]
    item: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    model: Text<'a>,
    #[serde(borrow, default)]
    status: Text<'a>,
    #[serde(borrow, default)]
    output: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    usage: Option<Took>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    incomplete_details: Option<Why<'a>>,
}

#[derive(Deserialize)]
struct Why<'a> {
    #[serde(borrow, default)]
    reason: Text<'a>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    call_id: Text<'a>,
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    arguments: Args<'a>,
    #[serde(borrow, default)]
    encrypted_content: Text<'a>,
    #[serde(borrow, default)]
    content: Option<Vec<Part<'a>>>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default)]
    text: Text<'a>,
    #[serde(borrow, default)]
    refusal: Text<'a>,
    #[serde(default)]
    annotations: Option<Vec<Value>>,
}

#[derive(Deserialize)]
struct Took {
    #[serde(default)]
    input_tokens: Number,
    #[serde(default)]
    output_tokens: Number,
    #[serde(default)]
    input_tokens_details: Option<ReadDetails>,
    #[serde(default)]
    output_tokens_details: Option<WriteDetails>,
}

#[derive(Deserialize)]
struct ReadDetails {
    #[serde(default)]
    cached_tokens: Number,
    #[serde(default)]
    cache_write_tokens: Number,
}

#[derive(Deserialize)]
struct WriteDetails {
    #[serde(default)]
    reasoning_tokens: Number,
}

/// What came of an item.
#[derive(Debug)]
enum Slot {
    Text { text: String, citations: Vec<Value> },
    Call(Partial),
    Opaque(String),
}

/// Reads an answer, event by event.
#[derive(Debug, Default)]
pub(in crate::openai) struct Reader {
    /// What came, in the order in which it began, with the place that the service gave it.
    slots: Vec<(u64, Slot)>,
    refused: bool,
    stop: Option<Stop>,
    usage: Usage,
    id: String,
    model: String,
    fault: Option<Fault>,
}

impl Reader {
    fn piece(&mut self, json: &str, say: &Say) -> Result<()> {
        let piece: Piece<'_> =
            serde_json::from_str(json).map_err(|e| broken("an event that is no JSON of this format").with_source(e))?;
        let at = piece.output_index.0;
        match piece.kind.0.as_ref() {
            "response.output_text.delta" => self.text(at, &piece.delta.0, say),
            "response.refusal.delta" => {
                self.refused = true;
                self.text(at, &piece.delta.0, say);
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" if !piece.delta.0.is_empty() => {
                say(Said::Thinking(&piece.delta.0));
            }
            "response.function_call_arguments.delta" => {
                if let Some(call) = self.call(at) {
                    call.args.push_str(&piece.delta.0);
                }
            }
            "response.function_call_arguments.done" => self.arguments(at, piece.arguments)?,
            "response.output_item.added" => self.begun(at, piece.item, say)?,
            "response.output_item.done" => self.item(at, piece.item, say)?,
            "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled" => {
                self.response(piece.response.map_or("{}", RawValue::get), say)?;
            }
            "error" => self.fault = Some(fault_of(json)),
            _ if there(piece.error).is_some() => self.fault = Some(fault_of(json)),
            _ => {}
        }
        Ok(())
    }

    /// Adds to the text that is being said. Text of another place begins anew, so that in the end the texts are what was said.
    fn text(&mut self, at: u64, more: &str, say: &Say) {
        if more.is_empty() {
            return;
        }
        say(Said::Text(more));
        let last = self.slots.iter_mut().rev().find(|(_, slot)| matches!(slot, Slot::Text { .. }));
        match last {
            Some((place, Slot::Text { text, .. })) if *place == at => text.push_str(more),
            _ => self.slots.push((at, Slot::Text { text: more.to_owned(), citations: Vec::new() })),
        }
    }

    fn call(&mut self, at: u64) -> Option<&mut Partial> {
        self.slots.iter_mut().find_map(|(place, slot)| match slot {
            Slot::Call(call) if *place == at => Some(call),
            _ => None,
        })
    }

    fn arguments(&mut self, at: u64, whole: Option<&RawValue>) -> Result<()> {
        let (Some(call), Some(raw)) = (self.call(at), whole) else { return Ok(()) };
        let whole: Args<'_> =
            serde_json::from_str(raw.get()).map_err(|e| broken("arguments that are no JSON").with_source(e))?;
        if !whole.0.is_empty() {
            call.args = whole.0.into_owned();
        }
        Ok(())
    }

    fn opaque(&mut self, at: u64) -> Option<&mut String> {
        self.slots.iter_mut().find_map(|(place, slot)| match slot {
            Slot::Opaque(json) if *place == at => Some(json),
            _ => None,
        })
    }

    /// Takes note of an item that begins: its place, and the name of a call, which its pieces don't tell.
    fn begun(&mut self, at: u64, raw: Option<&RawValue>, say: &Say) -> Result<()> {
        let Some(raw) = raw else { return Ok(()) };
        let item = item_of(raw)?;
        match item.kind.0.as_ref() {
            "message" => {}
            "function_call" if self.call(at).is_none() => {
                say(Said::Call(&item.name.0));
                self.slots.push((at, Slot::Call(call_of(&item))));
            }
            "function_call" => {}
            _ if self.opaque(at).is_none() => self.slots.push((at, Slot::Opaque(String::new()))),
            _ => {}
        }
        Ok(())
    }

    /// Takes an item that is done. What its pieces said counts; where there were none, it says all.
    fn item(&mut self, at: u64, raw: Option<&RawValue>, say: &Say) -> Result<()> {
        let Some(raw) = raw else { return Ok(()) };
        let item = item_of(raw)?;
        match item.kind.0.as_ref() {
            "message" => self.message(at, item.content.unwrap_or_default(), say),
            "function_call" => {
                self.begun(at, Some(raw), say)?;
                if let Some(call) = self.call(at) {
                    let whole = call_of(&item);
                    // Its pieces count where it does not repeat them.
                    let args = if whole.args.is_empty() { std::mem::take(&mut call.args) } else { whole.args };
                    *call = Partial { args, ..whole };
                }
            }
            // What was thought and is neither sealed nor shown is stored there, and can't go back where nothing is stored.
            "reasoning" if item.encrypted_content.0.is_empty() && item.content.is_none_or(|c| c.is_empty()) => {}
            _ => {
                self.begun(at, Some(raw), say)?;
                if let Some(json) = self.opaque(at) {
                    raw.get().clone_into(json);
                }
            }
        }
        Ok(())
    }

    fn message(&mut self, at: u64, parts: Vec<Part<'_>>, say: &Say) {
        let is_text = |(place, slot): &(u64, Slot)| *place == at && matches!(slot, Slot::Text { .. });
        let said = self.slots.iter().any(is_text);
        for part in parts {
            self.refused |= !part.refusal.0.is_empty();
            if !said {
                self.text(at, &part.text.0, say);
                self.text(at, &part.refusal.0, say);
            }
            let last = self.slots.iter_mut().rev().find(|slot| is_text(slot));
            if let Some((_, Slot::Text { citations, .. })) = last {
                citations.extend(part.annotations.unwrap_or_default());
            }
        }
    }

    /// Takes the last event, or all of an answer.
    fn response(&mut self, json: &str, say: &Say) -> Result<()> {
        let whole: Whole<'_> =
            serde_json::from_str(json).map_err(|e| broken("an event that is no JSON of this format").with_source(e))?;
        whole.id.0.as_ref().clone_into(&mut self.id);
        whole.model.0.as_ref().clone_into(&mut self.model);
        self.usage = whole.usage.as_ref().map(Took::usage).unwrap_or_default();
        let status = whole.status.0.as_ref();
        if there(whole.error).is_some() || status == "failed" || status == "cancelled" {
            self.fault = Some(fault_of(json));
            return Ok(());
        }
        if self.slots.is_empty() {
            for (at, item) in whole.output.unwrap_or_default().into_iter().enumerate() {
                self.item(at as u64, Some(item), say)?;
            }
        }
        let why = whole.incomplete_details.map(|why| why.reason.0).unwrap_or_default();
        self.stop = match (status, why.as_ref()) {
            ("in_progress" | "queued", _) => None,
            ("incomplete", "content_filter") => Some(Stop::Refused),
            ("incomplete", _) => Some(Stop::Length),
            _ if self.refused => Some(Stop::Refused),
            _ => Some(Stop::End),
        };
        Ok(())
    }

    /// Gives the answer to this request.
    pub(in crate::openai) fn finish(self, request: &ModelRequest) -> Result<ModelAnswer> {
        let stop = self.stop.ok_or_else(endless)?;
        let (mut blocks, mut ids) = (Vec::new(), Ids::new(request, ""));
        for (_, slot) in self.slots {
            blocks.push(match slot {
                Slot::Opaque(json) if json.is_empty() => continue,
                Slot::Text { text, citations } => Block::Text { text, citations },
                Slot::Opaque(json) => Block::Opaque { dialect: DIALECT.to_owned(), json },
                Slot::Call(partial) => Block::Call(calls::finish(partial, stop == Stop::Length, &mut ids)?),
            });
        }
        let calls = blocks.iter().any(|block| matches!(block, Block::Call(_)));
        let stop = if calls { Stop::Calls } else { stop };
        let brought = blocks.iter().any(|block| matches!(block, Block::Opaque { json, .. } if !is_thought(json)));
        Ok(ModelAnswer { blocks, stop, usage: self.usage, id: self.id, model: self.model, brought })
    }
}

impl read::Reader for Reader {
    fn event(&mut self, event: Event<'_>, say: &Say) -> Result<()> {
        let data = event.data.trim();
        if self.stop.is_some() || self.fault.is_some() || data.is_empty() || data == "[DONE]" {
            return Ok(());
        }
        self.piece(data, say)
    }

    fn whole(&mut self, json: &str, say: &Say) -> Result<()> {
        self.response(json, say)
    }

    fn fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    fn done(&self) -> bool {
        self.stop.is_some()
    }
}

fn item_of(raw: &RawValue) -> Result<Item<'_>> {
    serde_json::from_str(raw.get()).map_err(|e| broken("an item that is no JSON of this format").with_source(e))
}

fn call_of(item: &Item<'_>) -> Partial {
    let text = |text: &str| text.to_owned();
    Partial { index: None, id: text(&item.call_id.0), tool: text(&item.name.0), args: text(&item.arguments.0) }
}

impl Took {
    fn usage(&self) -> Usage {
        let read = self.input_tokens_details.as_ref();
        let cached = read.map_or(0, |r| r.cached_tokens.0);
        let kept = read.map_or(0, |r| r.cache_write_tokens.0);
        Usage {
            input: self.input_tokens.0.saturating_sub(cached).saturating_sub(kept),
            cache_read: cached,
            cache_write: kept,
            output: self.output_tokens.0,
            thinking: self.output_tokens_details.as_ref().map_or(0, |w| w.reasoning_tokens.0),
        }
    }
}

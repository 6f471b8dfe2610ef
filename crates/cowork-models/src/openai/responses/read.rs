//! An answer, read: its items in the order that they have, whichever way they come.

use std::collections::BTreeMap;

use cowork_core::{Block, ModelAnswer, ModelRequest, Result, Said, Say, Stop, Usage};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::DIALECT;
use crate::{
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
    slots: BTreeMap<u64, Slot>,
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
                if let Some(Slot::Call(call)) = self.slots.get_mut(&at) {
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

    fn text(&mut self, at: u64, more: &str, say: &Say) {
        if more.is_empty() {
            return;
        }
        say(Said::Text(more));
        let slot = self.slots.entry(at).or_insert_with(|| Slot::Text { text: String::new(), citations: Vec::new() });
        if let Slot::Text { text, .. } = slot {
            text.push_str(more);
        }
    }

    fn arguments(&mut self, at: u64, whole: Option<&RawValue>) -> Result<()> {
        let (Some(Slot::Call(call)), Some(raw)) = (self.slots.get_mut(&at), whole) else { return Ok(()) };
        let whole: Args<'_> =
            serde_json::from_str(raw.get()).map_err(|e| broken("arguments that are no JSON").with_source(e))?;
        if !whole.0.is_empty() {
            call.args = whole.0.into_owned();
        }
        Ok(())
    }

    /// Takes note of an item that begins: of a call, since its pieces don't name it.
    fn begun(&mut self, at: u64, raw: Option<&RawValue>, say: &Say) -> Result<()> {
        let Some(raw) = raw else { return Ok(()) };
        let item = item_of(raw)?;
        if item.kind.0 == "function_call" && !self.slots.contains_key(&at) {
            say(Said::Call(&item.name.0));
            self.slots.insert(at, Slot::Call(call_of(&item)));
        }
        Ok(())
    }

    /// Takes an item that is done. What its pieces said counts; where there were none, it says all.
    fn item(&mut self, at: u64, raw: Option<&RawValue>, say: &Say) -> Result<()> {
        let Some(raw) = raw else { return Ok(()) };
        let item = item_of(raw)?;
        match item.kind.0.as_ref() {
            "message" => {
                let parts = item.content.unwrap_or_default();
                let said = matches!(self.slots.get(&at), Some(Slot::Text { text, .. }) if !text.is_empty());
                for part in parts {
                    self.refused |= !part.refusal.0.is_empty();
                    if !said {
                        self.text(at, &part.text.0, say);
                        self.text(at, &part.refusal.0, say);
                    }
                    if let Some(Slot::Text { citations, .. }) = self.slots.get_mut(&at) {
                        citations.extend(part.annotations.unwrap_or_default());
                    }
                }
            }
            "function_call" => {
                if !self.slots.contains_key(&at) {
                    say(Said::Call(&item.name.0));
                }
                let before = self.slots.insert(at, Slot::Call(call_of(&item)));
                // Its pieces count where it does not repeat them.
                if let (Some(Slot::Call(before)), Some(Slot::Call(call))) = (before, self.slots.get_mut(&at))
                    && call.args.is_empty()
                {
                    call.args = before.args;
                }
            }
            // What was thought and is neither sealed nor shown is stored there, and can't go back where nothing is stored.
            "reasoning" if item.encrypted_content.0.is_empty() && item.content.is_none_or(|c| c.is_empty()) => {}
            _ => drop(self.slots.insert(at, Slot::Opaque(raw.get().to_owned()))),
        }
        Ok(())
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
        let (mut blocks, mut taken) = (Vec::new(), Vec::new());
        for (at, slot) in self.slots.into_values().enumerate() {
            blocks.push(match slot {
                Slot::Text { text, .. } if text.is_empty() => continue,
                Slot::Text { text, citations } => Block::Text { text, citations },
                Slot::Opaque(json) => Block::Opaque { dialect: DIALECT.to_owned(), json },
                Slot::Call(partial) => {
                    let call = calls::finish(partial, at, stop == Stop::Length, request, &taken)?;
                    taken.push(call.id.clone());
                    Block::Call(call)
                }
            });
        }
        let stop = if taken.is_empty() { stop } else { Stop::Calls };
        Ok(ModelAnswer { blocks, stop, usage: self.usage, id: self.id, model: self.model })
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
        let cached = self.input_tokens_details.as_ref().map_or(0, |r| r.cached_tokens.0);
        Usage {
            input: self.input_tokens.0.saturating_sub(cached),
            cache_read: cached,
            cache_write: 0,
            output: self.output_tokens.0,
            thinking: self.output_tokens_details.as_ref().map_or(0, |w| w.reasoning_tokens.0),
        }
    }
}

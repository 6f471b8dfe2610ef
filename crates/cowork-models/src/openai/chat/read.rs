//! An answer, read.

use cowork_core::{Block, ModelAnswer, ModelRequest, Result, Said, Say, Stop, Usage};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use crate::{
    call::Ids,
    openai::{
        Service, Thoughts,
        calls::{self, Partial, Piece},
        read::{self, Args, First, Number, Text, broken, endless, fault_of, there},
    },
    sse::Event,
    transport::Fault,
};

/// A piece of an answer, or all of it. Whatever is not there, or `null`, is left out.
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    model: Text<'a>,
    #[serde(borrow, default)]
    object: Text<'a>,
    #[serde(borrow, default)]
    choices: First<Choice<'a>>,
    #[serde(default)]
    usage: Option<Took>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default, alias = "message")]
    delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    finish_reason: Text<'a>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    content: read::Said<'a>,
    #[serde(borrow, default)]
    refusal: Text<'a>,
    #[serde(borrow, default)]
    reasoning_content: Text<'a>,
    #[serde(borrow, default)]
    reasoning: Text<'a>,
    #[serde(default)]
    reasoning_details: Option<Vec<Map<String, Value>>>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<Call<'a>>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(default)]
    index: Option<i64>,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    arguments: Args<'a>,
}

#[derive(Deserialize)]
struct Took {
    #[serde(default)]
    prompt_tokens: Number,
    #[serde(default)]
    completion_tokens: Number,
    #[serde(default)]
    prompt_tokens_details: Option<ReadDetails>,
    #[serde(default)]
    completion_tokens_details: Option<WriteDetails>,
    #[serde(default)]
    prompt_cache_hit_tokens: Number,
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

/// Reads an answer, piece by piece.
#[derive(Debug)]
pub(in crate::openai) struct Reader {
    service: Service,
    text: String,
    refused: bool,
    /// What was thought, where it has to go back.
    thought: String,
    details: Vec<Map<String, Value>>,
    calls: Vec<Partial>,
    finish: String,
    usage: Usage,
    id: String,
    model: String,
    fault: Option<Fault>,
    ended: bool,
}

impl Reader {
    pub(in crate::openai) fn new(service: Service) -> Self {
        Self {
            service,
            text: String::new(),
            refused: false,
            thought: String::new(),
            details: Vec::new(),
            calls: Vec::new(),
            finish: String::new(),
            usage: Usage::default(),
            id: String::new(),
            model: String::new(),
            fault: None,
            ended: false,
        }
    }

    fn chunk(&mut self, json: &str, say: &Say) -> Result<()> {
        let chunk: Chunk<'_> =
            serde_json::from_str(json).map_err(|e| broken("an event that is no JSON of this format").with_source(e))?;
        // An error after the end says why it ended there; the answer stands.
        let failed = there(chunk.error).is_some() || chunk.object.0 == "error";
        if failed && self.finish.is_empty() {
            self.fault = Some(fault_of(json));
            return Ok(());
        }
        if self.id.is_empty() {
            chunk.id.0.as_ref().clone_into(&mut self.id);
            chunk.model.0.as_ref().clone_into(&mut self.model);
        }
        if let Some(took) = chunk.usage {
            self.usage = took.usage();
        }
        let Some(choice) = chunk.choices.0 else { return Ok(()) };
        if !choice.finish_reason.0.is_empty() {
            choice.finish_reason.0.as_ref().clone_into(&mut self.finish);
        }
        if let Some(delta) = choice.delta {
            self.delta(delta, say);
        }
        Ok(())
    }

    fn delta(&mut self, delta: Delta<'_>, say: &Say) {
        let thought = [delta.reasoning_content.0.as_ref(), delta.reasoning.0.as_ref(), delta.content.thought.as_str()];
        if let Some(thought) = thought.into_iter().find(|t| !t.is_empty()) {
            say(Said::Thinking(thought));
            if self.service.thoughts == Thoughts::Content {
                self.thought.push_str(thought);
            }
        }
        for detail in delta.reasoning_details.into_iter().flatten() {
            if self.service.thoughts == Thoughts::Details {
                merge(&mut self.details, detail);
            }
        }
        for (text, refusal) in [(&delta.content.text, false), (&delta.refusal.0, true)] {
            if !text.is_empty() {
                say(Said::Text(text));
                self.text.push_str(text);
                self.refused |= refusal;
            }
        }
        for call in delta.tool_calls.into_iter().flatten() {
            let function = call.function.unwrap_or(Function { name: Text::default(), arguments: Args::default() });
            let (id, tool) = (call.id.0.as_ref(), function.name.0.as_ref());
            let piece = Piece { index: call.index, id, tool, args: function.arguments.0 };
            if calls::add(&mut self.calls, &piece) {
                say(Said::Call(tool));
            }
        }
    }

    /// Gives the answer to this request.
    pub(in crate::openai) fn finish(self, request: &ModelRequest) -> Result<ModelAnswer> {
        let stop = match self.finish.as_str() {
            "" if !self.ended => return Err(endless()),
            "error" => return Err(broken("word that it failed")),
            "length" | "max_tokens" => Stop::Length,
            "model_length" => Stop::Full,
            "content_filter" | "refusal" | "safety" => Stop::Refused,
            _ if self.refused => Stop::Refused,
            _ => Stop::End,
        };
        let mut blocks = Vec::new();
        let thoughts = match self.service.thoughts {
            Thoughts::Content if !self.thought.is_empty() => Some(Value::from(self.thought).to_string()),
            Thoughts::Details if !self.details.is_empty() => serde_json::to_string(&self.details).ok(),
            _ => None,
        };
        blocks.extend(thoughts.map(|json| Block::Opaque { dialect: self.service.dialect.to_owned(), json }));
        if !self.text.is_empty() {
            blocks.push(Block::text(self.text));
        }
        let (mut ids, calls) = (Ids::new(request, ""), !self.calls.is_empty());
        for partial in self.calls {
            blocks.push(Block::Call(calls::finish(partial, matches!(stop, Stop::Length | Stop::Full), &mut ids)?));
        }
        let stop = if calls { Stop::Calls } else { stop };
        Ok(ModelAnswer { blocks, stop, usage: self.usage, id: self.id, model: self.model, brought: false })
    }
}

impl read::Reader for Reader {
    fn event(&mut self, event: Event<'_>, say: &Say) -> Result<()> {
        if self.ended || self.fault.is_some() {
            return Ok(());
        }
        let data = event.data.trim();
        if data == "[DONE]" {
            self.ended = true;
        } else if event.name == "error" {
            self.fault = Some(fault_of(data));
        } else if !data.is_empty() {
            self.chunk(data, say)?;
        }
        Ok(())
    }

    fn whole(&mut self, json: &str, say: &Say) -> Result<()> {
        self.chunk(json, say)?;
        // What came in one is whole, if it is an answer at all.
        self.ended = !self.finish.is_empty() || !self.text.is_empty() || !self.calls.is_empty();
        Ok(())
    }

    fn fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }

    fn done(&self) -> bool {
        self.ended
    }
}

/// Adds a piece of what was thought: to the one before, if it goes on with it.
fn merge(details: &mut Vec<Map<String, Value>>, piece: Map<String, Value>) {
    let same = |before: &Map<String, Value>| ["type", "index"].iter().all(|key| before.get(*key) == piece.get(*key));
    match details.last_mut().filter(|before| same(before)) {
        Some(before) => {
            for (key, value) in piece {
                match (before.get_mut(&key), &value) {
                    (Some(Value::String(text)), Value::String(more))
                        if matches!(key.as_str(), "text" | "summary" | "data") =>
                    {
                        text.push_str(more);
                    }
                    (_, Value::Null) => {}
                    _ => drop(before.insert(key, value)),
                }
            }
        }
        None => details.push(piece),
    }
}

impl Took {
    fn usage(&self) -> Usage {
        let read = self.prompt_tokens_details.as_ref();
        let cached = read.map_or(0, |r| r.cached_tokens.0).max(self.prompt_cache_hit_tokens.0);
        let kept = read.map_or(0, |r| r.cache_write_tokens.0);
        Usage {
            input: self.prompt_tokens.0.saturating_sub(cached).saturating_sub(kept),
            cache_read: cached,
            cache_write: kept,
            output: self.completion_tokens.0,
            thinking: self.completion_tokens_details.as_ref().map_or(0, |w| w.reasoning_tokens.0),
        }
    }
}

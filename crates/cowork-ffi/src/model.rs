//! Models of the host's.

use std::sync::{Arc, Mutex, PoisonError};

use cowork::{
    Args, Block, CancellationToken, Effort, Error, Kind, Message, Model, ModelAnswer, ModelCall, ModelCard,
    ModelRequest, Price, Result, Said, Say, Stop, Usage, async_trait,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    function::{self, Function, Listener, Tell, Telling},
    text,
};

/// How a host describes a model of its own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelDeclaration {
    /// Its name, as tasks choose it.
    pub name: String,
    /// Where what a task has seen goes: a host. `unknown` if nothing is said.
    #[serde(default = "unknown")]
    pub at: String,
    /// How many tokens a request and its answer may have together.
    #[serde(default = "window")]
    pub window: u32,
    /// How many tokens an answer may have.
    #[serde(default = "most_tokens")]
    pub most_tokens: u32,
    /// The types of media that it can see: `image/png`.
    #[serde(default)]
    pub sees: Vec<String>,
    /// What it costs. Where that is not known, it is not asked by a task that may spend only so much money.
    #[serde(default)]
    pub price: Option<Price>,
}

/// What the function of a model gives; or only a text, which is the answer's.
///
/// It says `text` and `calls`, or, where more has to be said (what must go back to its service unchanged, say), the whole as `blocks`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HostAnswer {
    /// What it says. If nothing is said here, it is what was told piece by piece.
    pub text: Option<String>,
    /// The calls that it wants.
    pub calls: Vec<HostCall>,
    /// All that it says and wants, in its order, in the place of `text` and `calls`.
    pub blocks: Option<Vec<Block>>,
    /// Why it ended there. Where it wants calls it is `calls`, whatever is said here.
    pub stop: Stop,
    /// What it took.
    pub usage: Usage,
    /// The service's name for the answer, for its support.
    pub id: String,
    /// The model that the service says it was.
    pub model: String,
    /// Whether something is in it that tools brought which the service ran by itself: anybody's words.
    pub brought: bool,
}

/// A call as a host's model wants it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostCall {
    /// The tool.
    pub tool: String,
    /// The arguments.
    #[serde(default)]
    pub args: Value,
    /// Its name in the conversation; one is made if there is none.
    #[serde(default)]
    pub id: Option<String>,
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn window() -> u32 {
    128_000
}

fn most_tokens() -> u32 {
    16_000
}

/// A model that a function of the host's asks.
pub(crate) struct HostModel {
    name: String,
    card: ModelCard,
    /// What its answer is called in errors.
    answer: String,
    function: Arc<dyn Function>,
}

impl HostModel {
    pub(crate) fn new(declaration: ModelDeclaration, function: Arc<dyn Function>) -> Result<Self> {
        let ModelDeclaration { name, at, window, most_tokens, sees, price } = declaration;
        if name.trim().is_empty() {
            return Err(Error::new(Kind::InvalidInput, "take model", "a model has no name").with_fix("give it one"));
        }
        let answer = format!("the answer of the model `{name}`");
        let card = ModelCard { at, window, most_tokens: most_tokens.min(window), sees, price };
        Ok(Self { name, card, answer, function })
    }

    /// Makes the answer of what the function gave; `told` is what it told piece by piece.
    fn answer(&self, given: &str, told: &str, turn: usize) -> Result<ModelAnswer> {
        let given = if given.trim_start().starts_with('"') {
            HostAnswer { text: Some(text::read(&self.answer, given)?), ..HostAnswer::default() }
        } else {
            text::read_object::<HostAnswer>(&self.answer, given)?
        };
        let wrong = |why: &str| Error::new(Kind::InvalidInput, "answer", format!("{} {why}", self.answer));
        let blocks = match given.blocks {
            Some(_) if given.text.is_some() || !given.calls.is_empty() => {
                return Err(wrong("has both `blocks` and `text` or `calls`").with_fix("give one or the other"));
            }
            Some(blocks) => blocks,
            None => blocks(given.text.unwrap_or_else(|| told.to_owned()), given.calls, turn),
        };
        let HostAnswer { stop, usage, id, model, brought, .. } = given;
        let mut answer = ModelAnswer { blocks, stop, usage, id, model, brought };
        if answer.calls().next().is_some() {
            answer.stop = Stop::Calls;
        }
        if !told.is_empty() && answer.text() != told {
            return Err(
                wrong("is not the text that was told piece by piece").with_fix("leave `text` out, or tell all of it")
            );
        }
        Ok(answer)
    }
}

/// What is kept of a conversation under this name, so that a step writes what is new.
const DIALECT: &str = "host";

/// Writes a request as [`ModelRequest`] is written, but what stands in a conversation already is not written anew.
fn written(request: &ModelRequest) -> Result<String> {
    let head = &request.head;
    let tools = head.tools.written().get_or(DIALECT, || serde_json::to_vec(&head.tools).unwrap_or_default());
    let mut out = Vec::with_capacity(tools.len() + request.messages.size() * 5 / 4 + head.system.len() + 512);
    out.extend_from_slice(br#"{"head":{"system":"#);
    out.extend_from_slice(text::write(&head.system)?.as_bytes());
    out.extend_from_slice(br#","tools":"#);
    out.extend_from_slice(&tools);
    out.extend_from_slice(br#"},"messages":["#);
    let one = |message: &Message| {
        let mut json = serde_json::to_vec(message).unwrap_or_default();
        json.push(b',');
        json
    };
    request.messages.joined(DIALECT, request.messages.len(), one, |pieces, last| {
        pieces.iter().for_each(|piece| out.extend_from_slice(piece));
        out.extend_from_slice(last);
    });
    out.pop_if(|byte| *byte == b',');
    let rest = Rest { most_tokens: request.most_tokens, effort: request.effort, schema: request.schema.as_deref() };
    out.extend_from_slice(b"],");
    out.extend_from_slice(&text::write(&rest)?.as_bytes()[1..]);
    String::from_utf8(out).map_err(|e| Error::new(Kind::Internal, "write JSON", "a request is no text").with_source(e))
}

/// What of a request comes after its conversation.
#[derive(Serialize)]
struct Rest<'a> {
    most_tokens: u32,
    effort: Effort,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a Value>,
}

fn blocks(text: String, calls: Vec<HostCall>, turn: usize) -> Vec<Block> {
    let text = (!text.is_empty()).then(|| Block::text(text));
    let calls = calls.into_iter().enumerate().map(|(number, call)| {
        // Of its own in the conversation, which only grows; and the same if it is asked again.
        let id = call.id.unwrap_or_else(|| format!("call_{turn}_{number}"));
        let (args, fault) = match call.args {
            Value::Null => (Value::Object(serde_json::Map::new()), None),
            args @ Value::Object(_) => match Args::fault(&args) {
                None => (args, None),
                Some(fault) => {
                    (Value::Object(serde_json::Map::new()), Some(format!("the arguments can't be kept: {fault}")))
                }
            },
            _ => (Value::Object(serde_json::Map::new()), Some("the arguments are not an object".to_owned())),
        };
        Block::Call(ModelCall { id, tool: call.tool, args: args.into(), fault })
    });
    text.into_iter().chain(calls).collect()
}

#[async_trait]
impl Model for HostModel {
    fn name(&self) -> &str {
        &self.name
    }

    fn card(&self) -> &ModelCard {
        &self.card
    }

    async fn answer(&self, request: ModelRequest, say: Say, cancel: CancellationToken) -> Result<ModelAnswer> {
        let (input, turn) = (written(&request)?, request.messages.len());
        let told = Arc::new(Mutex::new(String::new()));
        let (heard, say) = (told.clone(), Arc::new(say));
        let passed = say.clone();
        let listener: Arc<Listener> = Arc::new(move |telling: Telling<'_>| {
            let Telling::Said(said) = telling else { return };
            if let Said::Text(text) = said {
                heard.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
            }
            passed(said);
        });
        let tell = Some(Tell::new(&listener));
        let given = function::call(&*self.function, &self.name, input, cancel, tell).await?;
        drop(listener);
        let told = std::mem::take(&mut *told.lock().unwrap_or_else(PoisonError::into_inner));
        let answer = self.answer(&given, &told, turn)?;
        if told.is_empty() {
            let text = answer.text();
            if !text.is_empty() {
                say(Said::Text(&text));
            }
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use cowork::{Head, ToolSpec};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_written_as_its_type_is_however_often() {
        let tools = vec![ToolSpec { name: "add".into(), about: "Adds.".into(), schema: json!({ "type": "object" }) }];
        let head = Head { system: "Be \"brief\".".into(), tools: tools.into(), ..Head::default() };
        let mut request = ModelRequest { head: Arc::new(head), most_tokens: 7, ..ModelRequest::default() };
        for turn in 0..3 {
            assert_eq!(written(&request).unwrap(), serde_json::to_string(&request).unwrap(), "{turn}");
            request.messages.push(Message::user(format!("😀 {turn}")));
            request.schema = Some(Arc::new(json!({ "type": "object", "title": turn })));
        }
    }
}

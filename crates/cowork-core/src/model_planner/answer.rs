//! What is made of a model's answer. Pure: nothing is asked or done here.

use serde_json::Value;

use super::{
    note::{Kept, Note},
    own,
};
use crate::conversation::text_of;
use crate::{
    Block, Error, Finish, Kind, Message, ModelAnswer, ModelCall, PlanStep, ProposedCall, Retry, Role, Stop, ToolSpec,
};

/// What comes after an answer.
#[derive(Debug)]
pub(super) enum Next {
    /// It can be followed.
    Turn(Turned),
    /// It is not at its end: it goes on after this is said.
    More(Option<Message>),
    /// It can't be followed: after this is said the model tries again. The error is for the end of patience.
    Repair { said: Vec<Message>, error: Error },
    /// The conversation has become too long.
    Full,
    /// The model will not.
    Refused(Error),
}

/// An answer that can be followed.
#[derive(Debug, Default)]
pub(super) struct Turned {
    pub(super) say: Option<String>,
    pub(super) plan: Option<Vec<PlanStep>>,
    pub(super) calls: Vec<ProposedCall>,
    pub(super) finish: Option<Finish>,
    pub(super) blocks: Vec<Kept>,
}

/// Reads an answer. `begun` is what earlier parts of it said, and what it says so far is left there if it goes on.
pub(super) fn read(answer: ModelAnswer, begun: &mut Vec<Block>, tools: &[ToolSpec], schema: Option<&Value>) -> Next {
    let mut blocks = std::mem::take(begun);
    append(&mut blocks, answer.blocks);
    let has_calls = blocks.iter().any(|b| matches!(b, Block::Call(_)));
    match answer.stop {
        Stop::Full => return Next::Full,
        Stop::Refused => return Next::Refused(refused(&blocks)),
        Stop::Paused => {
            *begun = blocks;
            return Next::More(None);
        }
        Stop::Length if !has_calls && !blocks.is_empty() => {
            *begun = blocks;
            return Next::More(Some(Message::user(
                "Your answer was cut off at its limit. Go on exactly where it stopped.",
            )));
        }
        _ => {}
    }
    if let Some(repair) = unreadable(&blocks, tools) {
        return repair;
    }
    let text = text_of(&blocks);
    if !has_calls && text.trim().is_empty() {
        let error = Error::new(Kind::Unavailable, "plan", "the model gave an empty answer, again and again")
            .with_retry(Retry::Now)
            .with_fix("try again, or choose another model");
        return Next::Repair { said: Vec::new(), error };
    }
    if has_calls { Next::Turn(calls(blocks, text)) } else { end(blocks, text, schema) }
}

/// What a model is told whose answer reached its limit in the middle of a call.
pub(super) fn cut(error: &Error) -> Message {
    let tool = error.fact("tool").map(|tool| format!(" of `{tool}`")).unwrap_or_default();
    Message::user(format!(
        "Your answer reached its limit in the middle of a call{tool}, so nothing of it was done. Write less in one call, \
         in several steps if need be."
    ))
}

/// Joins the parts of one answer: text that was cut goes on in the same block.
fn append(blocks: &mut Vec<Block>, more: Vec<Block>) {
    for block in more {
        match (blocks.last_mut(), block) {
            (Some(Block::Text { text, citations }), Block::Text { text: next, citations: cited }) => {
                text.push_str(&next);
                citations.extend(cited);
            }
            (_, Block::Text { text, .. }) if text.is_empty() => {}
            (_, block) => blocks.push(block),
        }
    }
}

fn refused(blocks: &[Block]) -> Error {
    let said = text_of(blocks);
    let why = match said.trim() {
        "" => "the model, or its service, would not answer this".to_owned(),
        said => format!("the model would not do this: {said}"),
    };
    Error::new(Kind::NotAllowed, "plan", why).with_fix("say it differently, or choose another model")
}

/// Calls whose arguments can't be read, or that could not be shown to a service again.
fn unreadable(blocks: &[Block], tools: &[ToolSpec]) -> Option<Next> {
    let fits = |name: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        !name.is_empty() && name.len() <= 64 && name.bytes().all(plain)
    };
    let wrong = |call: &ModelCall| match &call.fault {
        Some(fault) => Some(format!("The arguments can't be read: {fault}. Nothing was done; call it again.")),
        None if call.args.read::<serde::de::IgnoredAny>().is_err() => {
            Some("The arguments can't be read. Nothing was done; call it again.".to_owned())
        }
        None if !fits(&call.tool) => {
            let there: Vec<&str> = tools.iter().map(|t| t.name.as_str()).collect();
            Some(format!("There is no such tool. The tools are: {}", there.join(", ")))
        }
        None => None,
    };
    let mut calls = blocks.iter().filter_map(|b| match b {
        Block::Call(call) => Some(call),
        _ => None,
    });
    if calls.clone().all(|call| wrong(call).is_none()) {
        return None;
    }
    let result = |call: &ModelCall| {
        let why =
            wrong(call).unwrap_or_else(|| "Not done, because of another call beside it. Call it again.".to_owned());
        Block::Result { call: call.id.clone(), text: why, failed: true }
    };
    let results: Vec<Block> = calls.clone().map(result).collect();
    let said = blocks.iter().cloned().map(|block| match block {
        Block::Call(call) if !fits(&call.tool) => Block::Call(ModelCall { tool: "unknown".to_owned(), ..call }),
        block => block,
    });
    let said = vec![Message::new(Role::Assistant, said.collect()), Message::new(Role::User, results)];
    let first = calls.find_map(wrong).unwrap_or_default();
    let error = Error::new(Kind::Unavailable, "plan", format!("the model wrote calls that can't be read: {first}"))
        .with_retry(Retry::Now)
        .with_fix("try again, or choose another model");
    Some(Next::Repair { said, error })
}

fn calls(blocks: Vec<Block>, text: String) -> Turned {
    let mut turned = Turned { say: Some(text).filter(|t| !t.trim().is_empty()), ..Turned::default() };
    for block in blocks {
        let kept = match block {
            Block::Call(ModelCall { tool, args, .. }) => {
                let (tool, args) = own::called(tool, args.value());
                turned.plan = own::plan(&tool, &args).or(turned.plan);
                turned.calls.push(ProposedCall { tool, args });
                Kept::Call(turned.calls.len() - 1)
            }
            // A service takes no empty text back.
            Block::Text { text, .. } if text.trim().is_empty() => continue,
            block => Kept::Block(block),
        };
        turned.blocks.push(kept);
    }
    if Note::is_plain(&turned.blocks) {
        turned.blocks.clear();
    }
    turned
}

fn end(blocks: Vec<Block>, text: String, schema: Option<&Value>) -> Next {
    let data = match schema.map(|schema| fit(&text, schema)).transpose() {
        Ok(data) => data.unwrap_or_default(),
        Err(why) => {
            let ask = format!("Your answer must be JSON that fits the schema, and nothing else. {why}");
            let said = vec![Message::new(Role::Assistant, blocks), Message::user(ask)];
            let why = format!("the outcome does not fit the schema that was asked for: {why}");
            return Next::Repair { said, error: Error::new(Kind::InvalidInput, "plan", why) };
        }
    };
    let finish = Some(Finish::Done { summary: text, data });
    Next::Turn(Turned { finish, ..Turned::default() })
}

/// What a model is told whose outcome names what nothing of the task made.
pub(super) fn contradicted(finish: &Finish, unmade: &[String]) -> Vec<Message> {
    let Finish::Done { summary, .. } = finish else { return Vec::new() };
    let names = unmade.iter().take(10).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let more = unmade.len().checked_sub(10).filter(|n| *n > 0).map(|n| format!(" and {n} more")).unwrap_or_default();
    let ask = format!(
        "You say that you made or changed {names}{more}; nothing in this task did. Make it now, or answer again without it: say \
         only what was done."
    );
    vec![Message::new(Role::Assistant, vec![Block::text(summary)]), Message::user(ask)]
}

/// Reads an outcome that must fit a schema.
fn fit(text: &str, schema: &Value) -> Result<Value, String> {
    let json = text.trim();
    // Models like to wrap it.
    let json = json.strip_prefix("```json").or(json.strip_prefix("```")).unwrap_or(json);
    let json = json.strip_suffix("```").unwrap_or(json);
    let value: Value = serde_json::from_str(json).map_err(|e| format!("It is not JSON: {e}."))?;
    let validator = jsonschema::validator_for(schema).map_err(|e| format!("The schema itself can't be used: {e}."))?;
    let wrong: Vec<String> =
        validator.iter_errors(&value).take(5).map(|e| format!("At `{}`: {e}.", e.instance_path())).collect();
    if wrong.is_empty() { Ok(value) } else { Err(wrong.join(" ")) }
}

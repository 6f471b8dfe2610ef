//! Blocks of an answer that may still grow.

use cowork_core::{Block, Result, Said};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::read::unreadable;
use crate::json::{Fields, Text, append, write};

/// What is added to a block.
#[derive(Deserialize)]
pub(super) struct Delta<'a> {
    #[serde(borrow, default)]
    pub(super) text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) thinking: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) signature: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) partial_json: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) citation: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) stop_reason: Option<Text<'a>>,
}

/// A block, with the number that the service gave it.
pub(super) struct Open {
    pub(super) index: u64,
    pub(super) part: Part,
}

pub(super) enum Part {
    Text {
        text: String,
        citations: Vec<Value>,
    },
    Call {
        id: String,
        tool: String,
        /// The arguments that it began with; they count where none came after.
        given: String,
        json: String,
    },
    Raw(Raw),
}

/// What is not ours to understand: as it began, and what was added to its fields.
pub(super) struct Raw {
    start: String,
    added: Vec<(String, String)>,
}

/// A delta that came later than this program.
#[derive(Deserialize)]
struct Later<'a> {
    #[serde(borrow)]
    delta: Fields<'a>,
}

impl Raw {
    pub(super) fn new(start: &str) -> Self {
        Self { start: start.to_owned(), added: Vec::new() }
    }

    /// Adds what came: to the fields that are known, or, in a delta that is not, each text to the field of its name.
    pub(super) fn add(&mut self, say: &(dyn Fn(Said<'_>) + Send + Sync), delta: &Delta<'_>, data: &str) -> Result<()> {
        let known = [
            ("thinking", delta.thinking),
            ("signature", delta.signature),
            ("input", delta.partial_json),
            ("text", delta.text),
        ];
        let mut any = false;
        for (name, raw) in known {
            let Some(raw) = raw else { continue };
            any = true;
            let so_far = self.field(name);
            let from = so_far.len();
            append(raw, so_far);
            if name == "thinking" && so_far.len() > from {
                say(Said::Thinking(&so_far[from..]));
            }
        }
        if !any {
            let later: Later<'_> = serde_json::from_str(data).map_err(|e| unreadable(&e))?;
            for (name, raw) in later.delta.0.iter().filter(|(name, _)| name.0 != "type") {
                append(raw, self.field(&name.0));
            }
        }
        Ok(())
    }

    /// Writes it as it was when it ended: what the service sent, byte for byte, where nothing was added. Of a turn that was cut off (it is
    /// not `whole`) it gives none that could not be sent back.
    pub(super) fn end(&self, whole: bool) -> Option<String> {
        let fields: Fields<'_> = serde_json::from_str(&self.start).ok()?;
        let given = |name: &str| fields.0.iter().find(|(n, _)| n.0 == name).map(|(_, raw)| raw.get());
        let signed = self.added("signature").is_some() || given("signature").is_some_and(|raw| !is_nothing(raw));
        if !whole && given("type") == Some("\"thinking\"") && !signed {
            return None;
        }
        if self.added.is_empty() {
            return Some(self.start.clone());
        }
        let new = self.added.iter().map(|(name, _)| name.as_str()).filter(|name| given(name).is_none());
        let mut to = vec![b'{'];
        for (name, old) in
            fields.0.iter().map(|(name, raw)| (&*name.0, raw.get())).chain(new.map(|name| (name, "\"\"")))
        {
            to.extend_from_slice(if to.len() == 1 { b"" } else { b"," });
            write(name, &mut to);
            to.push(b':');
            match self.added(name) {
                Some(json) if name == "input" && serde_json::from_str::<&RawValue>(json).is_ok() => {
                    to.extend_from_slice(json.trim().as_bytes());
                }
                Some(_) if name == "input" && !whole => return None,
                Some(text) if name != "input" => {
                    let before = serde_json::from_str::<String>(old).unwrap_or_default();
                    write(&(before + text), &mut to);
                }
                _ => to.extend_from_slice(old.as_bytes()),
            }
        }
        to.push(b'}');
        String::from_utf8(to).ok()
    }

    fn added(&self, name: &str) -> Option<&str> {
        self.added.iter().find(|(n, text)| n == name && !text.is_empty()).map(|(_, text)| text.as_str())
    }

    fn field(&mut self, name: &str) -> &mut String {
        let at = self.added.iter().position(|(n, _)| n == name).unwrap_or_else(|| {
            self.added.push((name.to_owned(), String::new()));
            self.added.len() - 1
        });
        &mut self.added[at].1
    }
}

/// Takes out what a service's own tools were asked and had not answered when a turn was cut off: sent back so, it is refused.
pub(super) fn drop_unanswered(blocks: &mut Vec<Block>) {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow, rename = "type")]
        kind: Text<'a>,
        #[serde(borrow, default)]
        id: Option<Text<'a>>,
        #[serde(borrow, default)]
        tool_use_id: Option<Text<'a>>,
    }
    let named = |block: &Block| -> (bool, Option<String>) {
        let Block::Opaque { json, .. } = block else { return (false, None) };
        let Ok(named) = serde_json::from_str::<Named<'_>>(json) else { return (false, None) };
        let asks = named.kind.0 == "server_tool_use";
        (asks, if asks { named.id } else { named.tool_use_id }.map(|id| id.0.into_owned()))
    };
    let answered: Vec<String> = blocks.iter().map(named).filter(|(asks, _)| !asks).filter_map(|(_, id)| id).collect();
    blocks.retain(|block| match named(block) {
        (true, id) => id.is_some_and(|id| answered.contains(&id)),
        (false, _) => true,
    });
}

/// Says whether a block is of a tool that the service ran, or of a kind that is not known: of what was thought it is known.
pub(super) fn is_brought(block: &Block) -> bool {
    #[derive(Deserialize)]
    struct Kind<'a> {
        #[serde(borrow, rename = "type")]
        kind: Text<'a>,
    }
    let Block::Opaque { json, .. } = block else { return false };
    let kind = serde_json::from_str::<Kind<'_>>(json).map(|kind| kind.kind.0.into_owned()).unwrap_or_default();
    !matches!(kind.as_str(), "thinking" | "redacted_thinking" | "compaction")
}

fn is_nothing(raw: &str) -> bool {
    matches!(raw, "\"\"" | "null")
}

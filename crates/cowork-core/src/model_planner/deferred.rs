//! Tools that a model is told of by a line each, until it asks for more: descriptions of many would fill what it holds, and cost
//! with every request.

use std::{collections::BTreeSet, fmt::Write as _};

use serde_json::{Value, json};

use super::{brief, own};
use crate::{ModelCard, ToolSpec};

/// All tools together take at most this share of what the model holds.
const SHARE: u64 = 10;
/// Tools that are seldom needed are told of by a line where all descriptions come to more, in bytes: with what else stands before a
/// conversation, 4,000 tokens by estimate.
const FEW: usize = 10_000;
/// How long a tool's line is at the most, in bytes.
const LINE: usize = 100;
/// How many tools a search gives at the most.
const FOUND: usize = 8;

/// Chooses which tools are deferred. If all are more than a few, those that are seldom needed, the largest first; if they still are more
/// than their share, the largest of all.
pub(super) fn choose(tools: &[ToolSpec], card: &ModelCard) -> BTreeSet<String> {
    let room = share(card);
    let mut all: Vec<(bool, usize, &ToolSpec)> =
        tools.iter().map(|tool| (brief::is_seldom(tool), size(&brief::often(tool)), tool)).collect();
    let mut total: usize = tools.iter().map(|tool| size(&brief::whole(tool))).sum();
    let mut deferred = BTreeSet::new();
    if total <= FEW.min(room) {
        return deferred;
    }
    total = all.iter().map(|(_, size, _)| size).sum();
    all.sort_by(|(seldom, a, one), (less, b, other)| {
        less.cmp(seldom).then_with(|| b.cmp(a)).then_with(|| one.name.cmp(&other.name))
    });
    for (seldom, size, tool) in all {
        let most = if seldom { FEW.min(room) } else { room };
        if total > most && !own::is_needed(&tool.name) {
            total = total.saturating_sub(size) + line(tool).len();
            deferred.insert(tool.name.clone());
        }
    }
    deferred
}

/// Gives how many bytes of descriptions a model has room for.
fn share(card: &ModelCard) -> usize {
    usize::try_from(u64::from(card.window) * 3 / SHARE).unwrap_or(usize::MAX)
}

fn size(tool: &ToolSpec) -> usize {
    tool.name.len() + tool.about.len() + tool.schema.to_string().len() + 60
}

/// Says which tools are deferred, and how to come by them.
pub(super) fn listed(tools: &[ToolSpec], deferred: &BTreeSet<String>, card: &ModelCard) -> String {
    let mut left = share(card) / 2;
    let mut text = format!(
        "\n\nMore tools, by a line each. Look them up with `{}` before you use one, then call it with `{}`:\n",
        own::FIND_TOOLS,
        own::CALL_TOOL
    );
    let mut unnamed = 0_usize;
    for tool in tools.iter().filter(|t| deferred.contains(&t.name)) {
        let line = line(tool);
        match left.checked_sub(line.len()) {
            Some(rest) => {
                left = rest;
                text.push_str(&line);
            }
            None => unnamed += 1,
        }
    }
    if unnamed > 0 {
        // Writing to a string can't fail.
        let _ = writeln!(text, "- and {unnamed} more: search for what you need");
    }
    text
}

fn line(tool: &ToolSpec) -> String {
    let ends = [". ", ": ", "; "].iter().filter_map(|end| tool.about.find(end)).min();
    let about = ends.and_then(|end| tool.about.get(..end)).unwrap_or(&tool.about);
    let about = about.lines().next().unwrap_or_default().trim_end_matches('.');
    let line = format!("- {}: {about}", tool.name);
    format!("{}\n", line.get(..line.floor_char_boundary(LINE)).unwrap_or(&line))
}

/// Finds tools by words: in full, those that have most of them first, as JSON.
pub(super) fn find(tools: &[ToolSpec], words: &str) -> Value {
    let words: Vec<String> = words.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|w| !w.is_empty()).collect();
    let score = |tool: &ToolSpec| -> usize {
        let (name, about) = (tool.name.to_lowercase(), tool.about.to_lowercase());
        words.iter().map(|w| 3 * usize::from(name.contains(w)) + usize::from(about.contains(w))).sum()
    };
    let mut found: Vec<(usize, &ToolSpec)> = tools.iter().map(|t| (score(t), t)).filter(|(s, _)| *s > 0).collect();
    found.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.name.cmp(&other.name)));
    let more = found.len().saturating_sub(FOUND);
    let tools: Vec<ToolSpec> = found.into_iter().take(FOUND).map(|(_, t)| brief::whole(t)).collect();
    json!({ "tools": tools, "more": more })
}

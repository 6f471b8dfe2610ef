//! Everything that a call would do, from its arguments: what a person reads before the answer.

use cowork::{Ask, Group};
use serde_json::{Map, Value};

use super::text::{grouped, visible, visible_lines, wrap};

/// Gives what was said before it was asked for, if anything, in lines of so many columns, and then every change.
pub(crate) fn shown(ask: &Ask, said: &str, columns: usize) -> Vec<String> {
    let mut lines = wrap(&visible_lines(said), columns);
    lines.extend((!lines.is_empty()).then(String::new));
    lines.extend(all(ask));
    lines
}

/// Lists it, each change on a line of its own, texts as they stand and edits as what goes and what comes.
pub(crate) fn all(ask: &Ask) -> Vec<String> {
    let mut lines = Vec::new();
    match &ask.call.args.value() {
        Value::Object(args) => fields(args, "", &mut lines),
        other => value("", other, "", &mut lines),
    }
    if lines.is_empty() {
        lines.push("no arguments".to_owned());
    }
    // What its preview says besides: what stays, say, and what is not touched. Before the lists, of whose end some may be left out.
    let notes = &ask.effects.preview.notes;
    lines.extend((!notes.is_empty()).then(String::new));
    lines.extend(notes.iter().map(|note| visible(note).into_owned()));
    ask.effects.preview.groups.iter().filter(|each| is_list(each)).for_each(|each| group(each, &mut lines));
    let comes_and_goes = &ask.effects.preview.lines;
    lines.extend((!comes_and_goes.is_empty()).then(String::new));
    lines.extend(comes_and_goes.lines().map(|line| visible(line).into_owned()));
    lines
}

/// Says whether a group names what is in it, and not only a few for all: the arguments of a command don't, for what it changed is known
/// once it has run.
fn is_list(group: &Group) -> bool {
    const FEW: usize = 100;
    group.examples.len() as u64 == group.count || group.examples.len() > FEW
}

fn group(group: &Group, lines: &mut Vec<String>) {
    lines.extend([String::new(), format!("{}:", visible(&group.label))]);
    lines.extend(group.examples.iter().map(|one| format!("  {}", visible(one))));
    let left = group.count.saturating_sub(group.examples.len() as u64);
    lines.extend((left > 0).then(|| format!("  and {} more", grouped(left))));
}

/// Short ones first, then the lists and texts.
fn fields(fields: &Map<String, Value>, indent: &str, lines: &mut Vec<String>) {
    let is_long = |v: &Value| v.is_array() || v.is_object() || v.as_str().is_some_and(|s| s.contains('\n'));
    for (key, v) in fields.iter().filter(|(_, v)| !is_long(v) && !v.is_null()) {
        value(key, v, indent, lines);
    }
    for (key, v) in fields.iter().filter(|(_, v)| is_long(v)) {
        value(key, v, indent, lines);
    }
}

fn value(key: &str, value: &Value, indent: &str, lines: &mut Vec<String>) {
    let deeper = format!("{indent}  ");
    match value {
        _ if in_words(key, value, indent, lines) => {}
        Value::Array(items) => {
            for one in items {
                item(one, indent, lines);
            }
        }
        Value::Object(inner) => {
            lines.push(format!("{indent}{}:", named(key)));
            fields(inner, &deeper, lines);
        }
        Value::String(text) if text.contains('\n') => {
            lines.push(format!("{indent}{}:", named(key)));
            block(text, &deeper, lines);
        }
        Value::String(text) => lines.push(format!("{indent}{}: {}", named(key), visible(text))),
        Value::Bool(yes) => lines.push(format!("{indent}{}: {}", named(key), if *yes { "yes" } else { "no" })),
        other => lines.push(format!("{indent}{}: {other}", named(key))),
    }
}

/// Says what a setting means where its name would not. What is left out says nothing that is not to be seen anyway.
fn in_words(key: &str, value: &Value, indent: &str, lines: &mut Vec<String>) -> bool {
    let words = match (key, value) {
        ("if_taken", Value::String(how)) if how == "number" => "where a name is taken, the new one gets a number",
        ("if_taken", Value::String(how)) if how == "skip" => "where a name is taken, both stay as they are",
        ("all", Value::Bool(true)) => "everywhere it is found",
        ("all" | "dry_run", Value::Bool(false)) => return true,
        _ => return false,
    };
    lines.push(format!("{indent}{words}"));
    true
}

fn named(key: &str) -> String {
    visible(key).replace('_', " ")
}

/// A text as it stands. A line feed at its very end is only seen by its absence.
fn block(text: &str, start: &str, lines: &mut Vec<String>) {
    lines.extend(text.strip_suffix('\n').unwrap_or(text).split('\n').map(|l| format!("{start}{}", visible(l))));
}

fn item(item: &Value, indent: &str, lines: &mut Vec<String>) {
    let text = |o: &Map<String, Value>, key: &str| o.get(key).and_then(Value::as_str).map(str::to_owned);
    match item {
        Value::String(path) => lines.push(format!("{indent}{}", visible(path))),
        Value::Array(pair) if let [Value::String(from), Value::String(to)] = &pair[..] => {
            lines.push(format!("{indent}{}", transfer(from, to)));
        }
        Value::Object(o) => {
            match (text(o, "from"), text(o, "to"), text(o, "old_text"), text(o, "new_text")) {
                (Some(from), Some(to), ..) => match o.get("names").and_then(Value::as_array) {
                    Some(names) => lines.extend(names.iter().filter_map(Value::as_str).map(|name| {
                        format!("{indent}{}", transfer(&format!("{from}/{name}"), &format!("{to}/{name}")))
                    })),
                    None => lines.push(format!("{indent}{}", transfer(&from, &to))),
                },
                (_, _, Some(old), Some(new)) => {
                    block(&old, &format!("{indent}- "), lines);
                    block(&new, &format!("{indent}+ "), lines);
                    let rest = o.iter().filter(|(k, v)| !matches!(k.as_str(), "old_text" | "new_text") && !v.is_null());
                    rest.for_each(|(k, v)| value(k, v, indent, lines));
                    lines.push(String::new());
                }
                _ => fields(o, indent, lines),
            }
        }
        other => lines.push(format!("{indent}{}", visible(&other.to_string()))),
    }
}

/// Writes where a file goes, without what both paths begin with, and without the name if it stays.
fn transfer(from: &str, to: &str) -> String {
    let folder = from.rfind('/').map_or("", |at| &from[..=at]);
    let (name, below) = (&from[folder.len()..], to.strip_prefix(folder).unwrap_or(to));
    let shown = match below.strip_suffix(name) {
        Some(into) if into.ends_with('/') => into,
        _ => below,
    };
    format!("{} → {}", visible(name), visible(shown))
}

//! A question: what would happen, and on what.

use cowork::{Ask, Effects, Group, Preview};

use super::{
    line::{Line, Role},
    renames,
    text::{count, cut, figures, fold, grouped, one_line, pad, sentence, shorten, visible, visible_lines, width, wrap},
};
use crate::{keys::Offered, look::Look};

const LABEL: usize = 30;
/// So many notes stand in a question.
const NOTES: usize = 12;
/// With fewer lines than this what comes and goes is not shown.
const FEW_LINES: usize = 4;
/// Below this there is room for few words.
const NARROW: usize = 40;

/// Shows what a call wants, its groups aligned, in at most `most` lines.
pub(crate) fn question(ask: &Ask, look: &Look, most: usize) -> Vec<Line> {
    let preview = renames::shown(ask, (most / 3).clamp(2, 5));
    let verb = verb(ask, "Wants to", "wants to");
    let mut lines = effects(&ask.effects, &preview, &ask.call.tool, &verb, Role::Waiting, look, most);
    if !matches!(ask.rule.as_str(), "asks-before-changes" | "") && !ask.reason.is_empty() && lines.len() < most {
        let reason = wrap(&one_line(&sentence(&ask.reason)), look.columns().saturating_sub(6));
        lines.extend(reason.into_iter().map(|l| Line::of("    ").add(Role::Waiting, l)));
    }
    lines
}

/// Says who wants something: the task, or which part of it.
pub(crate) fn verb(ask: &Ask, task: &str, part: &str) -> String {
    let name = ask.subtask.as_deref().map(|title| cut(&one_line(title), LABEL).into_owned());
    name.map_or_else(|| task.to_owned(), |name| format!("The part \"{name}\" {part}"))
}

/// Shows what was said before a question, after a blank line: whole, or as much of it as there are lines.
pub(crate) fn said(text: &str, look: &Look, most: usize) -> Vec<Line> {
    let mut lines = told(text, look);
    if lines.is_empty() || most < 2 {
        return Vec::new();
    }
    let room = most - 1;
    if lines.len() > room {
        let more = lines.len() - (room - 1);
        lines.truncate(room - 1);
        let more = count(more as u64, "more line");
        let how = if look.columns() < NARROW { "[s]" } else { "[s] shows all" };
        lines.push(Line::margin().add(Role::Quiet, format!("… {more}: {how}")));
    }
    lines.insert(0, Line::default());
    lines
}

/// Writes a text of several lines as it was said. Of what goes and what comes each has its colour.
pub(crate) fn told(text: &str, look: &Look) -> Vec<Line> {
    let text = visible_lines(text);
    let begins = |with: &str| text.lines().any(|l| l.trim_start().starts_with(with));
    let edits = begins("- ") && begins("+ ");
    let role = |line: &str| match line.trim_start() {
        l if edits && l.starts_with("- ") => Role::Waiting,
        l if edits && l.starts_with("+ ") => Role::Done,
        _ => Role::Plain,
    };
    let line = |role, text: String| if text.is_empty() { Line::default() } else { Line::margin().add(role, text) };
    let room = look.columns().saturating_sub(4);
    text.lines().flat_map(|l| wrap(l, room).into_iter().map(move |piece| line(role(l), piece))).collect()
}

/// Shows what plan mode held back.
pub(crate) fn withheld(effects: &Effects, look: &Look, most: usize) -> Vec<Line> {
    self::effects(effects, &effects.preview, "", "Would", Role::Accent, look, most)
}

/// Says in a word or two what a tool does, which is what an answer for more than once covers.
pub(crate) fn deed(tool: &str) -> String {
    let known = match tool {
        "move_files" => "moving",
        "copy_files" => "copying",
        "set_aside" => "setting aside",
        "restore_files" => "bringing back",
        "make_folder" => "new folders",
        "write_file" | "combine_tables" | "join_texts" => "writing files",
        "edit_file" | "apply_patch" | "replace_text" => "editing files",
        "set_mode" => "permissions",
        "shell" => "commands",
        "make_archive" => "packing",
        "extract_archive" => "unpacking",
        other => return other.replace('_', " "),
    };
    known.to_owned()
}

/// Names the keys that answer, and what those for more than once cover.
pub(crate) fn keys(offered: Offered, tool: &str, look: &Look) -> Line {
    let all = [
        ("y", "yes", true),
        ("n", "no", true),
        ("s", "show all", true),
        ("t", "yes to all in this task", offered.task),
        ("a", "always in this folder", offered.always),
    ];
    let short = [("y", "yes"), ("n", "no"), ("s", "show"), ("t", "this task"), ("a", "always here")];
    let covers = if offered == Offered::default() { String::new() } else { format!(": {}", deed(tool)) };
    let named = |gap: &str, names: &dyn Fn(usize) -> &'static str, covers: &str| {
        let keys = all.iter().enumerate().filter(|(_, (.., on))| *on);
        let line = keys.fold(Line::margin(), |line, (i, (key, ..))| {
            let what = if names(i).is_empty() { String::new() } else { format!(" {}", names(i)) };
            // The last ones are for more than this once.
            let covers = if i + 1 == all.len() { covers } else { "" };
            let what = what + covers;
            line.add(Role::Strong, format!("[{key}]")).add(Role::Plain, what + gap)
        });
        line.add(Role::Quiet, "?")
    };
    // As much as there is room for.
    let (long, short, none) = (|i: usize| all[i].1, |i: usize| short[i].1, |_| "");
    let lines = [
        named("   ", &long, &covers),
        named("  ", &long, &covers),
        named("  ", &short, &covers),
        named(" ", &short, &covers),
        named("  ", &short, ""),
        named(" ", &short, ""),
        named(" ", &none, ""),
    ];
    let [first, .., least] = &lines;
    let fits = lines.iter().find(|line| line.width() < look.width);
    fits.unwrap_or(if look.live { least } else { first }).clone()
}

/// Explains the keys.
pub(crate) fn help(offered: Offered, tool: &str, once: bool, look: &Look) -> Vec<Line> {
    let deed = deed(tool);
    let like = |where_: &str| format!("do it, and don't ask again about {deed} {where_}, if it can be undone");
    let text = |text: &str| text.to_owned();
    [
        ("y", text("do it, this once, exactly as shown"), true),
        ("n", text("don't; the task is told, and goes on without it if it can"), true),
        ("s", text("show every single change"), true),
        ("t", like("in this task"), offered.task),
        ("a", like("in this folder"), offered.always),
        (
            "Ctrl-C",
            text(if once { "end it: nothing of it is kept" } else { "decide later: the question stays open" }),
            true,
        ),
    ]
    .into_iter()
    .filter(|(.., on)| *on)
    .flat_map(|(key, text, _)| {
        let lines = wrap(&text, look.columns().saturating_sub(14)).into_iter().enumerate();
        let key = move |i| if i == 0 { key } else { "" };
        lines.map(move |(i, text)| Line::of("    ").add(Role::Strong, pad(key(i), 8)).add(Role::Quiet, text))
    })
    .collect()
}

/// Says how to answer from a shell, and how to see what it is about where that is not all seen.
pub(crate) fn how_to_answer(ask: &Ask, seen: bool) -> Vec<Line> {
    let call = ask.call.id.short();
    let how = |what: &str, command: String| {
        Line::margin().add(Role::Plain, format!("{what:<13} ")).add(Role::Strong, command)
    };
    let waiting = Line::margin().add(Role::Waiting, "Waiting for your answer.");
    let see = (!seen).then(|| how("To see all:", format!("cowork show {}", ask.task.short())));
    [waiting.add(Role::Plain, " Nothing is changed meanwhile.")]
        .into_iter()
        .chain(see)
        .chain([
            how("To allow it:", format!("cowork answer {call} allow")),
            how("To refuse:", format!("cowork answer {call} deny")),
        ])
        .collect()
}

fn effects(
    effects: &Effects,
    preview: &Preview,
    tool: &str,
    verb: &str,
    role: Role,
    look: &Look,
    most: usize,
) -> Vec<Line> {
    let columns = look.columns();
    // A program is written as it is: its numbers, and its blanks.
    let told = |text: &str| if effects.code { visible(text).into_owned() } else { figures(&one_line(text)) };
    let title = if preview.title.is_empty() { format!("use `{tool}`") } else { told(&preview.title) };
    let (undo, undo_role) = match (effects.complete, effects.undoable) {
        (false, _) => ("can't be told beforehand", Role::Failed),
        (true, true) => ("can be undone", Role::Quiet),
        (true, false) => ("can't be undone", Role::Failed),
    };
    let text = format!("{verb} {title}");
    let mut lines = Vec::new();
    if width(&text) + width(undo) + 6 <= columns {
        let line = Line::margin().add(role, verb).add(Role::Strong, &text[verb.len()..]);
        lines.push(line.right(undo_role, undo, columns.saturating_sub(2)));
    } else {
        // Nothing of what is asked is left out to make room for what can be said below it.
        for (i, line) in fold(&text, columns.saturating_sub(4), 4).into_iter().enumerate() {
            lines.push(match line.strip_prefix(verb).filter(|_| i == 0) {
                Some(rest) => Line::margin().add(role, verb).add(Role::Strong, rest),
                None => Line::margin().add(Role::Strong, line),
            });
        }
        lines.push(Line::margin().add(undo_role, undo));
    }
    lines.push(Line::default());
    let told: Vec<String> = preview.notes.iter().map(|note| told(note)).collect();
    let notes = notes(&told, if most == usize::MAX { most } else { NOTES }, columns.saturating_sub(6));
    let room = most.saturating_sub(lines.len() + notes.len()).max(1);
    lines.extend(groups(&preview.groups, columns, room));
    lines.extend(notes.into_iter().map(|n| Line::of("    ").add(Role::Plain, n)));
    // Where all of it is shown, that comes below.
    let room = if most == usize::MAX { 0 } else { most.saturating_sub(lines.len() + 1) };
    lines.extend(comes_and_goes(&preview.lines, columns, room));
    if lines.last() == Some(&Line::default()) {
        lines.pop();
    }
    lines
}

/// Shows what comes and goes in files, after a blank line: as much of it as there is room for.
fn comes_and_goes(text: &str, columns: usize, most: usize) -> Vec<Line> {
    let all: Vec<&str> = text.lines().collect();
    if all.is_empty() || most < FEW_LINES {
        return Vec::new();
    }
    let shown = if all.len() > most { most - 1 } else { all.len() };
    let line = |text: &&str| {
        let role = match text.get(..2) {
            Some("- ") => Role::Waiting,
            Some("+ ") => Role::Done,
            Some("  ") => Role::Quiet,
            _ => Role::Strong,
        };
        let indent = if role == Role::Strong { "    " } else { "      " };
        Line::of(indent).add(role, cut(&visible(text), columns.saturating_sub(indent.len() + 2)))
    };
    let left = all.len() - shown;
    let more = (left > 0).then(|| format!("    … {}: show all of it to see them", count(left as u64, "more line")));
    let more = more.map(|text| Line::default().add(Role::Quiet, text));
    [Line::default()].into_iter().chain(all.iter().take(shown).map(line)).chain(more).collect()
}

/// Gives the first notes, each on as many lines as it takes, and says how many there are besides.
fn notes(notes: &[String], most: usize, room: usize) -> Vec<String> {
    let left = notes.len().saturating_sub(most);
    let more = (left > 0).then(|| format!("… {} more: show all of it to see them", grouped(left as u64)));
    notes.iter().take(most).chain(&more).flat_map(|n| wrap(n, room)).collect()
}

fn groups(groups: &[Group], columns: usize, most: usize) -> Vec<Line> {
    let shown = if groups.len() > most { most.saturating_sub(1) } else { groups.len() };
    let digits = groups.iter().map(|g| grouped(g.count).len()).max().unwrap_or(0);
    let labels: Vec<String> = groups.iter().map(|g| one_line(&g.label)).collect();
    let label = labels.iter().take(shown).map(|l| width(l)).max().unwrap_or(0).min(LABEL).min(columns / 2);
    let mut lines: Vec<Line> = Vec::new();
    for (group, name) in groups.iter().zip(&labels).take(shown) {
        let line = Line::of(format!("    {:>digits$}  ", grouped(group.count)))
            .add(Role::Accent, pad(&shorten(name, label), label));
        let room = columns.saturating_sub(line.width() + 4);
        lines.push(line.add(Role::Quiet, examples(&group.examples, room)));
    }
    if shown < groups.len() {
        let rest: u64 = groups.iter().skip(shown).map(|g| g.count).sum();
        let more = if shown == 0 { "" } else { " more" };
        let text = format!("    {:>digits$}  in {}{more} places", grouped(rest), groups.len() - shown);
        lines.push(Line::default().add(Role::Quiet, text));
    }
    lines
}

/// Names as many examples as there is room for, the first one shortened if need be.
fn examples(examples: &[String], room: usize) -> String {
    let Some(first) = examples.first().filter(|_| room >= 16) else { return String::new() };
    let mut text = format!("  e.g. {}", shorten(&one_line(first), room - 7));
    for more in &examples[1..] {
        let more = one_line(more);
        if width(&text) + 2 + width(&more) > room {
            break;
        }
        text.push_str(", ");
        text.push_str(&more);
    }
    text
}

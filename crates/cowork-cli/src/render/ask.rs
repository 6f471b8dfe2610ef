//! A question: what would happen, and on what.

use cowork::{Ask, Effects};

use super::{
    line::{Line, Role},
    text::{grouped, one_line, pad, sentence, shorten, width, wrap},
};
use crate::{keys::Offered, look::Look};

const LABEL: usize = 30;

/// Shows what a call wants, its groups aligned, in at most `most` lines.
pub(crate) fn question(ask: &Ask, look: &Look, most: usize) -> Vec<Line> {
    let mut lines = effects(&ask.effects, &ask.call.tool, "Wants to", Role::Waiting, look, most);
    if !matches!(ask.rule.as_str(), "asks-before-changes" | "") && !ask.reason.is_empty() && lines.len() < most {
        lines.push(Line::of("    ").add(Role::Waiting, one_line(&sentence(&ask.reason))));
    }
    lines
}

/// Shows what plan mode held back.
pub(crate) fn withheld(effects: &Effects, look: &Look, most: usize) -> Vec<Line> {
    self::effects(effects, "", "Would", Role::Accent, look, most)
}

/// Names the keys that answer.
pub(crate) fn keys(offered: Offered, look: &Look) -> Line {
    let all = [
        ("y", "yes", true),
        ("n", "no", true),
        ("s", "show all", true),
        ("t", "yes to all in this task", offered.task),
        ("a", "always in this folder", offered.always),
    ];
    let short = [("y", "yes"), ("n", "no"), ("s", "show"), ("t", "this task"), ("a", "always here")];
    let named = |gap: &str, names: &dyn Fn(usize) -> &'static str| {
        let keys = all.iter().enumerate().filter(|(_, (.., on))| *on);
        let line = keys.fold(Line::margin(), |line, (i, (key, ..))| {
            let what = if names(i).is_empty() { String::new() } else { format!(" {}", names(i)) };
            line.add(Role::Strong, format!("[{key}]")).add(Role::Plain, what + gap)
        });
        line.add(Role::Quiet, "?")
    };
    // As much as there is room for.
    let (long, short, none) = (|i: usize| all[i].1, |i: usize| short[i].1, |_| "");
    let lines = [named("   ", &long), named("  ", &long), named("  ", &short), named(" ", &short), named(" ", &none)];
    let [first, .., least] = &lines;
    let fits = lines.iter().find(|line| line.width() < look.width);
    fits.unwrap_or(if look.live { least } else { first }).clone()
}

/// Explains the keys.
pub(crate) fn help(offered: Offered) -> Vec<Line> {
    [
        ("y  do it, this once, exactly as shown", true),
        ("n  don't; the task is told and goes on without it", true),
        ("s  show every single change", true),
        ("t  do it, and don't ask for the like of it again in this task", offered.task),
        ("a  do it, and don't ask for the like of it again in this folder", offered.always),
        ("Ctrl-C  decide later: the question stays open", true),
    ]
    .into_iter()
    .filter(|(_, on)| *on)
    .map(|(text, _)| Line::of("    ").add(Role::Quiet, text))
    .collect()
}

/// Says how to answer from a shell.
pub(crate) fn how_to_answer(ask: &Ask, look: &Look) -> Vec<Line> {
    let call = ask.call.id.short();
    let dash = if look.signs { "—" } else { "-" };
    vec![
        Line::margin()
            .add(Role::Waiting, "Waiting for your answer.")
            .add(Role::Plain, " Nothing is changed meanwhile."),
        Line::margin().add(Role::Plain, "To allow it:  ").add(Role::Strong, format!("cowork answer {call} allow")),
        Line::margin()
            .add(Role::Plain, "To refuse:    ")
            .add(Role::Strong, format!("cowork answer {call} deny"))
            .add(Role::Quiet, format!("   {dash} all of it: cowork show {}", ask.task.short())),
    ]
}

fn effects(effects: &Effects, tool: &str, verb: &str, role: Role, look: &Look, most: usize) -> Vec<Line> {
    let columns = look.columns();
    let preview = &effects.preview;
    let title = if preview.title.is_empty() { format!("use `{tool}`") } else { one_line(&preview.title) };
    let (undo, undo_role) = match (effects.complete, effects.undoable) {
        (false, _) => ("can't be told beforehand", Role::Failed),
        (true, true) => ("can be undone", Role::Quiet),
        (true, false) => ("can't be undone", Role::Failed),
    };
    let room = columns.saturating_sub(width(undo) + width(verb) + 8);
    let mut lines = Vec::new();
    if room < 20 {
        lines.push(
            Line::margin()
                .add(role, verb)
                .add(Role::Strong, format!(" {}", shorten(&title, columns.saturating_sub(12)))),
        );
        lines.push(Line::margin().add(undo_role, undo));
    } else {
        let line = Line::margin().add(role, verb).add(Role::Strong, format!(" {}", shorten(&title, room)));
        lines.push(line.right(undo_role, undo, columns.saturating_sub(2)));
    }
    lines.push(Line::default());
    let notes: Vec<String> = preview.notes.iter().flat_map(|n| wrap(&one_line(n), columns.saturating_sub(6))).collect();
    let room = most.saturating_sub(lines.len() + notes.len()).max(1);
    lines.extend(groups(effects, columns, room));
    lines.extend(notes.into_iter().map(|n| Line::of("    ").add(Role::Plain, n)));
    if lines.last() == Some(&Line::default()) {
        lines.pop();
    }
    lines
}

fn groups(effects: &Effects, columns: usize, most: usize) -> Vec<Line> {
    let groups = &effects.preview.groups;
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

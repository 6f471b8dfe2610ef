//! What an undo would do, did, and left in place.

use cowork::{ChangeSet, Difference, FileKind, Kept, Task, UndoReport, UndoSpec, What};
use jiff::tz::TimeZone;

use super::{
    line::{Line, Role},
    outcome::{headed, next},
    records::time,
    screen::Screen,
    text::{count, cut, grouped, one_line, shorten, tilde, width, wrap},
    tree,
};
use crate::look::Look;

const MOST_KEPT: usize = 10;

/// Says what undo gave back and took away, and what it kept and why.
pub(crate) fn undone(screen: &Screen, task: &Task, report: &UndoReport, look: &Look) -> Vec<Line> {
    // What an undo of another part gave back is not told again.
    let is_all = |set: &&ChangeSet| number(set, true) <= report.undone;
    let changed = screen.changed.as_ref().filter(|_| report.already == 0).filter(is_all);
    let known = changed.and_then(|set| tree::undone(&set.changes));
    let text = match (report.undone, report.already, report.kept.is_empty()) {
        (1.., _, _) if known.is_some() => format!("{}.", known.unwrap_or_default()),
        (0, 0, true) => "There was nothing to give back.".to_owned(),
        (0, 0, false) => "Nothing was given back.".to_owned(),
        (0, _, _) => "All that could be undone had been already.".to_owned(),
        (n, _, _) => format!("{} taken back.", count(n, "change")),
    };
    // What is left in place is named below, without the folders that it lies in.
    let (head, role, rest) = match report.left {
        _ if !has_more(screen, report) => ("Undone in part.", Role::Waiting, String::new()),
        0 => ("Undone.", Role::Done, String::new()),
        1 => ("Undone in part.", Role::Waiting, " 1 still stands.".to_owned()),
        n => ("Undone in part.", Role::Waiting, format!(" {} still stand.", grouped(n))),
    };
    let mut said = headed(head, role, &format!("{head} {text}{rest}"), look);
    said.push(which(task, look).fit(look.columns()));
    if report.left > 0 && (has_more(screen, report) || report.kept.iter().any(|one| fix(one) != BY_HAND)) {
        said.push(next("The rest:", &format!("cowork undo {}", task.id.short())));
    }
    if report.kept.is_empty() {
        return said;
    }
    let what = format!("{} left in place:", count(report.kept_in_all(), "thing"));
    let mut lines = vec![Line::margin().add(Role::Waiting, what)];
    lines.extend(kept(report, look));
    lines.push(Line::default());
    lines.extend(said);
    lines
}

/// Says which task is given back: its name, what was asked, where, and when.
pub(crate) fn which(task: &Task, look: &Look) -> Line {
    let folders = task.submit.folders.iter().map(|f| tilde(&one_line(&f.at), look.home.as_deref()));
    let about = format!("{}, {}", folders.collect::<Vec<_>>().join(", "), time(task.at, &zone()));
    let room = look.columns().saturating_sub(14 + width(&about));
    let line = Line::margin().add(Role::Plain, format!("Task {} ", task.id.short()));
    line.add(Role::Strong, quoted(&task.submit.text, room.max(16), look)).add(Role::Plain, format!(" {about}"))
}

/// Says what undoing this would do, at most in so many lines for the changes.
pub(crate) fn undo_preview(
    task: &Task,
    spec: &UndoSpec,
    report: &UndoReport,
    set: &ChangeSet,
    most: usize,
    look: &Look,
) -> Vec<Line> {
    let columns = look.columns();
    let id = task.id.short();
    let back = tree::undoing(set, spec, &report.kept);
    let mut gives = if back.is_empty() { "Gives nothing back".to_owned() } else { tree::gives(&back) };
    if report.left > 0 && (report.kept.is_empty() || spec.is_part()) {
        gives.push_str(&format!("; leaves {}", grouped(report.left)));
    }
    let part = if spec.is_part() { "Undo of a part of it: " } else { "Undo: " };
    let mut lines = vec![which(task, look).fit(columns)];
    let gives = wrap(&format!("{part}{gives}"), columns.saturating_sub(4));
    lines.extend(gives.into_iter().map(|l| Line::margin().add(Role::Plain, l)));
    let (drawn, more) = tree::tree(&back, most, look);
    if !drawn.is_empty() {
        lines.push(Line::default());
        lines.extend(drawn);
    }
    if more > 0 {
        lines.extend(folded(more, &format!("cowork undo {id} --show"), columns));
    }
    if !report.kept.is_empty() {
        lines.push(Line::default());
        let what = format!("{} would be left in place:", count(report.kept_in_all(), "thing"));
        lines.extend(wrap(&what, columns.saturating_sub(4)).into_iter().map(|l| Line::margin().add(Role::Waiting, l)));
        lines.extend(kept(report, look));
    }
    lines
}

/// Says how many changes are not drawn, and how to see them.
pub(crate) fn folded(more: usize, command: &str, columns: usize) -> Vec<Line> {
    let text = format!("and {} more: {command}", grouped(more as u64));
    let lines = wrap(&text, columns.saturating_sub(5));
    lines.into_iter().map(|l| Line::of("    ").add(Role::Quiet, l)).collect()
}

/// Says whether more stands than what was left in place and the folders that it lies in.
fn has_more(screen: &Screen, report: &UndoReport) -> bool {
    report.kept.is_empty() || screen.changed.as_ref().is_some_and(|set| number(set, false) > report.kept_in_all())
}

/// Gives how many changes were undone, or how many stand; folders that were made on the way are counted in neither.
fn number(set: &ChangeSet, undone: bool) -> u64 {
    let counts = |c: &&Difference| c.undone == undone && (c.kind != FileKind::Folder || c.what != What::Created);
    set.changes.iter().filter(counts).count() as u64
}

/// Gives the person's time zone. Stories that are told in tests have one of their own.
fn zone() -> TimeZone {
    if cfg!(test) { TimeZone::UTC } else { TimeZone::system() }
}

fn quoted(text: &str, most: usize, look: &Look) -> String {
    let text = cut(&one_line(text), most).into_owned();
    if look.signs { format!("\u{201c}{text}\u{201d}") } else { format!("\"{text}\"") }
}

fn kept(report: &UndoReport, look: &Look) -> Vec<Line> {
    let columns = look.columns();
    let mut lines: Vec<Line> = Vec::new();
    for one in report.kept.iter().take(MOST_KEPT) {
        let path = one_line(one.path.as_str());
        // The path stands before it already.
        let reason = one_line(one.reason.strip_prefix(&format!("`{path}` ")).unwrap_or(&one.reason));
        let line = Line::of("    ").add(Role::Plain, &path);
        if line.width() + 2 + width(&reason) < columns {
            lines.push(line.add(Role::Quiet, format!("  {reason}")));
            continue;
        }
        lines.push(Line::of("    ").add(Role::Plain, shorten(&path, columns.saturating_sub(6))));
        let reason = wrap(&reason, columns.saturating_sub(10));
        lines.extend(reason.into_iter().map(|l| Line::of("        ").add(Role::Quiet, l)));
    }
    let more = report.kept_in_all().saturating_sub(MOST_KEPT as u64);
    if more > 0 {
        lines.push(Line::of("    ").add(Role::Quiet, format!("and {more} more")));
    }
    let mut fixes: Vec<&str> = report.kept.iter().map(fix).collect();
    fixes.sort_unstable();
    fixes.dedup();
    for fix in fixes {
        lines.extend(wrap(fix, columns.saturating_sub(4)).into_iter().map(|l| Line::margin().add(Role::Plain, l)));
    }
    lines
}

const MOVE: &str = "Where another is in its place: move what is there now out of the way, then undo again.";
const FIRST: &str = "Where a later task is in the way: undo that first.";
const BRING: &str = "Where a folder or a disk is missing: bring it back, then undo again.";
const BY_HAND: &str = "What was changed since can only be put right by hand: undo gives nothing back over it.";

/// Says how something that was left in place can be had back.
fn fix(kept: &Kept) -> &'static str {
    // A name can say anything.
    let reason = kept.reason.split('`').step_by(2).collect::<String>();
    let says = |words: &str| reason.contains(words);
    if says("undo that first") {
        FIRST
    } else if says("can't be reached") || says("former folder") || says("is not there") {
        BRING
    } else if reason.ends_with("was changed since") || says("is no longer") && !says("former content") {
        BY_HAND
    } else {
        MOVE
    }
}

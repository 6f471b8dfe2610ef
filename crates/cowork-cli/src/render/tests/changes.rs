//! What a task changed, and what undo would do, as a person sees it.

use cowork::{CallId, ChangeSet, Difference, FileKind, Kept, Mode, Side, UndoMode, UndoReport, UndoSpec, What};

use super::{call_id, colourful, done, look, organising, pipe, written};
use crate::{
    look::Look,
    render::{
        tree,
        undone::{folded, undo_preview},
    },
};

fn side(size: u64, mode: u32) -> Side {
    Side { size, modified: 1_500_000_000_000, mode }
}

fn difference(path: &str, what: What, before: Option<Side>, after: Option<Side>) -> Difference {
    let path = path.parse().unwrap();
    Difference { path, kind: FileKind::File, what, before, after, calls: vec![call_id()], undone: false }
}

fn from(path: &str) -> What {
    What::Moved { from: path.parse().unwrap(), edited: false }
}

fn folder(path: &str) -> Difference {
    Difference { kind: FileKind::Folder, ..difference(path, What::Created, None, Some(side(0, 0o755))) }
}

fn same(size: u64) -> (Option<Side>, Option<Side>) {
    (Some(side(size, 0o644)), Some(side(size, 0o644)))
}

fn office() -> ChangeSet {
    let (a, b) = same(81_200);
    let edited = What::Moved { from: "Downloads/plan.md".parse().unwrap(), edited: true };
    let mut given_back =
        difference("Downloads/letters/may.txt", What::Edited, Some(side(10, 0o644)), Some(side(20, 0o644)));
    given_back.undone = true;
    let changes = vec![
        folder("Downloads/Documents"),
        difference("Downloads/Documents/invoice-2026-03.pdf", from("Downloads/invoice-2026-03.pdf"), a, b),
        difference("Downloads/Documents/plan.md", edited, Some(side(1_100, 0o644)), Some(side(1_103, 0o644))),
        difference(
            "Downloads/archive/2019/q1/report.txt",
            What::Edited,
            Some(side(1_200, 0o644)),
            Some(side(3_400, 0o644)),
        ),
        difference(
            "Downloads/archive/2019/q1/report (old).txt",
            from("Downloads/archive/2019/q1/report-old.txt"),
            None,
            None,
        ),
        difference(
            "Downloads/a name that is so long that no terminal of a usual width can hold it.docx",
            What::SetAside,
            Some(side(4_100_000, 0o644)),
            None,
        ),
        given_back,
        difference("Downloads/new.txt", What::Created, None, Some(side(12, 0o644))),
        difference("Downloads/new.txt", What::SetAside, Some(side(7, 0o644)), None),
        difference("Downloads/run.sh", What::Mode, Some(side(5, 0o644)), Some(side(5, 0o755))),
        difference("Photos/\u{1b}[2J\u{202e}gpj.exe", What::Created, None, Some(side(3, 0o644))),
        difference("Photos/caf\\xe9 図書館.jpg", What::Created, None, Some(side(3_000_000, 0o644))),
    ];
    ChangeSet { changes, bytes_kept: 4_100_007 }
}

fn drawn(set: &ChangeSet, most: usize, look: &Look) -> String {
    let (mut lines, left) = tree::tree(&set.changes, most, look);
    if left > 0 {
        lines.extend(folded(left, "cowork show 7f3a12 --changes --all", look.columns()));
    }
    written(&lines, look) + &tree::counts(&set.changes) + "\n"
}

#[test]
fn a_change_set_is_drawn_as_a_tree() {
    insta::assert_snapshot!("changes", drawn(&office(), 100, &look(80)));
    insta::assert_snapshot!("changes_colour", drawn(&office(), 100, &colourful()));
    insta::assert_snapshot!("changes_narrow", drawn(&office(), 100, &look(40)));
    insta::assert_snapshot!("changes_wide", drawn(&office(), 100, &look(140)));
    insta::assert_snapshot!("changes_pipe", drawn(&office(), 100, &pipe()));
}

#[test]
fn a_long_change_set_is_folded_and_says_how_to_see_the_rest() {
    let one = |n: usize| {
        let (before, after) = same(n as u64);
        difference(&format!("Downloads/Documents/{n:05}.pdf"), from(&format!("Downloads/{n:05}.pdf")), before, after)
    };
    let set = ChangeSet { changes: (0..1_241).map(one).collect(), bytes_kept: 0 };
    let text = drawn(&set, 8, &look(80));
    assert!(text.contains("and 1,234 more: cowork show 7f3a12 --changes --all"), "{text}");
    insta::assert_snapshot!("changes_folded", text);
}

#[test]
fn what_undo_would_do_is_drawn_the_other_way_round() {
    let mut story = organising(Mode::Auto);
    story.start(2);
    done(&mut story);
    let task = story.screen.task.as_ref().unwrap();
    let kept = vec![Kept {
        path: "Downloads/archive/2019/q1/report.txt".parse().unwrap(),
        reason: "its content was changed since".into(),
        was: None,
    }];
    let report = UndoReport { undone: 10, left: 1, kept, ..UndoReport::default() };
    let whole = undo_preview(task, &UndoSpec::show(), &report, &office(), 100, &look(80));
    insta::assert_snapshot!("undo_preview_tree", written(&whole, &look(80)));
    // What lies elsewhere by now stays there, and so do the folders that it lies in.
    let created = office().changes.into_iter().find(|d| d.what == What::Created && d.kind == FileKind::Folder).unwrap();
    let inside = created.path.join_bytes(b"some/where");
    let kept = [Kept { path: "Downloads/else".parse().unwrap(), reason: "moved".into(), was: Some(inside) }];
    let would = tree::undoing(&office(), &UndoSpec::show(), &kept);
    assert!(!would.is_empty() && would.iter().all(|d| d.path != created.path), "{would:?}");

    let mut set = office();
    set.changes[2].calls.push("01993a2b-0000-7000-8000-000000000007".parse::<CallId>().unwrap());
    let spec =
        UndoSpec { mode: UndoMode::Show, paths: vec!["Downloads/Documents".parse().unwrap()], calls: vec![call_id()] };
    let report = UndoReport { undone: 3, left: 8, ..UndoReport::default() };
    let part = undo_preview(task, &spec, &report, &set, 2, &look(80));
    insta::assert_snapshot!("undo_preview_part", written(&part, &look(80)));
}

#[test]
fn what_was_given_back_is_told_apart_from_what_was_taken_away() {
    let undone = |path: &str, what: What| Difference { undone: true, ..difference(path, what, None, None) };
    let changes = vec![
        Difference { undone: true, ..folder("Downloads/Flat") },
        undone("Downloads/Flat/a.pdf", from("Downloads/a.pdf")),
        undone("Downloads/index.md", What::Created),
    ];
    let text = drawn(&ChangeSet { changes, bytes_kept: 0 }, 100, &look(80));
    assert_eq!(text.matches("taken away").count(), 3, "two of them, and how many: {text}");
    assert!(text.contains("from Downloads/, given back") && text.ends_with("\n1 given back, 2 taken away\n"), "{text}");
}

#[test]
fn no_tree_is_wider_than_its_terminal() {
    for width in 1..160 {
        let look = look(width);
        let (lines, _) = tree::tree(&office().changes, 100, &look);
        assert!(lines.iter().all(|l| l.width() <= width), "{width} columns");
    }
}

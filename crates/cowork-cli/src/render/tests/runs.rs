//! Runs as they go on.

use cowork::{Mode, StepState, Timestamp};

use super::{Story, asking, colourful, done, look, moves, organising};
use crate::{
    look::Look,
    render::{
        frame::frame,
        screen::{Details, Note},
    },
};

#[test]
fn a_run_that_may_go_on_by_itself() {
    let mut story = organising(Mode::Auto);
    story.start(2).progress(20, 0, 467, "invoice-2026-03.pdf → Documents/");
    let begun = story.frame(&look(80));
    story.progress(2_000, 311, 467, "IMG_2204.jpg → Images/");
    let middle = story.frame(&look(80));
    let coloured = story.frame(&colourful());
    let narrow = story.frame(&look(36));
    done(&mut story);
    insta::assert_snapshot!("run_begun", begun);
    insta::assert_snapshot!("run_middle", middle);
    insta::assert_snapshot!("run_middle_colour", coloured);
    insta::assert_snapshot!("run_middle_narrow", narrow);
    insta::assert_snapshot!("run_end", story.frame(&look(80)) + &story.end(&look(80)));
    insta::assert_snapshot!("run_end_colour", story.frame(&colourful()) + &story.end(&colourful()));
    insta::assert_snapshot!("run_pipe", story.piped());
}

#[test]
fn no_picture_is_wider_or_higher_than_its_terminal() {
    let mut story = organising(Mode::Ask);
    asking(&mut story);
    story.screen.prompting = true;
    for width in 1..120 {
        for height in [1, 4, 9, 24] {
            let look = Look { height, ..look(width) };
            let lines = frame(&story.screen, &look, Timestamp::from_millis(story.now));
            assert!(lines.iter().all(|l| l.width() <= width.saturating_sub(1)), "{width} columns");
            assert!(lines.len() < height.max(4), "{height} rows at {width}: {}", lines.len());
        }
    }
}

#[test]
fn a_name_that_would_act_on_the_terminal_does_not() {
    let mut story = organising(Mode::Auto);
    story.start(2).progress(1, 1, 2, "\u{1b}[2J\u{202e}fdp.exe → Documents/");
    let shown = story.frame(&look(80));
    assert!(shown.contains("\\u{1b}[2J\\u{202e}fdp.exe"), "{shown}");
}

#[test]
fn what_was_done_is_unfolded_and_the_last_of_it_stands_last() {
    let mut story = organising(Mode::Auto);
    story.start(2).progress(20, 1, 467, "invoice-2026-03.pdf → Documents/");
    story.screen.notes = (1..=30).map(|n| Note::Came(format!("{n} files moved"))).collect();
    story.screen.details = Details::Folded;
    assert!(story.frame(&look(80)).ends_with("[d] what was done\n"), "{}", story.frame(&look(80)));
    story.screen.details = Details::Unfolded;
    let shown = story.frame(&look(80));
    let lines: Vec<&str> = shown.lines().map(str::trim).collect();
    assert_eq!(lines[lines.len() - 2..], ["30 files moved", "invoice-2026-03.pdf → Documents/"], "{shown}");
    assert!(lines.len() < 24 && lines.iter().any(|l| l.starts_with("What was done")), "{shown}");
}

fn wordy() -> Story {
    use StepState::{Active, Done, Pending};
    let mut story =
        Story::of("Find duplicates in ~/Downloads and ~/Pictures, and set aside all but the oldest", Mode::Auto);
    let plan = [
        ("Find files with the same content", Done, "26 files searched, 2 groups of equal ones, 36.0 KB"),
        (
            "Decide which of the files that are equal, byte for byte, stays where it is",
            Done,
            "3 files to set aside, 2 stay, the oldest is kept",
        ),
        ("Wait, and organise what arrives", Active, ""),
        ("Fotos nach 場所と日付 ordnen", Pending, ""),
    ];
    let steps = plan.map(|(title, state, _)| (title, if state == Done { Active } else { Pending }, ""));
    story.decide(3, &steps, None).decide(210, &plan, Some(("move_files", moves())));
    story.start(2).progress(20, 0, 1_467, "").progress(2_000, 311, 1_467, "IMG_2204.jpg → Images/");
    story
}

#[test]
fn a_title_is_broken_between_words_or_shortened_at_its_end() {
    let story = wordy();
    let of = |width, height| story.frame(&Look { height, ..look(width) });
    let sizes = [(40, 24), (60, 24), (80, 24), (120, 24), (200, 24), (80, 10), (40, 10)];
    for (width, height) in sizes {
        let shown = of(width, height);
        let after = |line: &str| line.split('…').skip(1).any(|rest| !rest.is_empty() && !rest.starts_with("  "));
        let middle: Vec<&str> = shown.lines().filter(|l| after(l) && !l.contains("more step")).collect();
        assert!(middle.is_empty(), "{width} x {height}: {middle:?}\n{shown}");
        assert!(shown.contains("311 of 1,467"), "{width} x {height}\n{shown}");
    }
    insta::assert_snapshot!("titles", sizes.map(|(w, h)| format!("{w} x {h}\n{}", of(w, h))).join("\n"));
}

#[test]
fn a_plan_is_never_higher_than_its_room() {
    let story = wordy();
    for width in 20..130 {
        for height in 4..30 {
            let shown = story.frame(&Look { height, ..look(width) });
            assert!(shown.lines().count() < height.max(4), "{width} x {height}\n{shown}");
        }
    }
}

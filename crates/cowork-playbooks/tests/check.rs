//! What a person is told about a playbook that is not in order.
//!
//! Each file in `wrong/` is checked; what is said of it is compared with its snapshot. To add one, write it, run this with
//! `INSTA_UPDATE=always`, and look at the snapshot.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod story;

use std::{fs, path::PathBuf};

use cowork_playbooks::{PlaybookFolder, PlaybookPlanner, Problem, check};
use story::specs;

const WRONG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wrong");
const BUILT_IN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/playbooks");

fn files(folder: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    files
}

fn told(problem: &Problem, source: &str) -> String {
    let place = match problem.excerpt(source, 70) {
        Some((line, at)) => format!("\n  {line}\n  {}{}", " ".repeat(at.start), "^".repeat(at.len())),
        None => String::new(),
    };
    let fix = if problem.fix.is_empty() { String::new() } else { format!("\n  {}", problem.fix) };
    format!("{problem}{place}{fix}")
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_what_to_do() {
    for file in files(WRONG) {
        let source = fs::read_to_string(&file).unwrap();
        let name = file.file_stem().unwrap().to_str().unwrap();
        let problems = check(&source, &specs()).expect_err(name);
        let all: Vec<String> = problems.iter().map(|p| told(p, &source)).collect();
        insta::assert_snapshot!(format!("wrong_{name}"), all.join("\n\n"));
    }
}

#[test]
fn the_built_in_playbooks_are_in_order() {
    for file in files(BUILT_IN) {
        let source = fs::read_to_string(&file).unwrap();
        if let Err(problems) = check(&source, &specs()) {
            panic!("{}: {}", file.display(), told(&problems[0], &source));
        }
    }
    assert!(PlaybookPlanner::new().unwrap().playbooks().count() > 1);
}

#[test]
fn the_examples_are_in_order() {
    for file in files(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/playbooks")) {
        if file.extension().is_some_and(|e| e == "py") {
            let source = fs::read_to_string(&file).unwrap();
            if let Err(problems) = check(&source, &specs()) {
                panic!("{}: {}", file.display(), told(&problems[0], &source));
            }
        }
    }
}

#[test]
fn no_text_at_all_makes_the_check_fail() {
    let good = fs::read_to_string(format!("{BUILT_IN}/organise.py")).unwrap();
    for cut in (0..good.len()).step_by(97).filter(|at| good.is_char_boundary(*at)) {
        for problem in check(&good[..cut], &specs()).err().into_iter().flatten() {
            assert!(!told(&problem, &good[..cut]).is_empty());
        }
    }
    let deep = format!("{}{}{}", "(".repeat(5_000), "1", ")".repeat(5_000));
    for odd in [
        "",
        "\u{feff}",
        "\r\n",
        "# /// playbook",
        "# /// playbook\n# ///\n",
        "# /// playbook\r\n# x\r\n# ///\r\n",
        "\0",
        &deep,
    ] {
        assert!(!check(odd, &specs()).unwrap_err().is_empty(), "{odd:?}");
    }
}

#[test]
fn a_planner_that_runs_sees_what_is_put_into_the_persons_folder() {
    let dir = tempfile::tempdir().unwrap();
    let planner = PlaybookPlanner::new().unwrap().with_folder(PlaybookFolder::new(dir.path()));
    let built_in = planner.playbooks().count();
    assert!(planner.playbook("mine").is_err());
    let good = fs::read_to_string(format!("{BUILT_IN}/find.py")).unwrap();
    fs::write(dir.path().join("mine.py"), good.replace("# name = \"find\"", "# name = \"mine\"")).unwrap();
    assert_eq!(planner.playbook("mine").unwrap().file, "mine.py");
    assert_eq!(planner.playbooks().count(), built_in + 1);
    fs::write(dir.path().join("mine.py"), good.replace("# name = \"find\"", "# name = \"mine\"\n# nam = 1")).unwrap();
    let error = planner.playbook("mine").unwrap_err();
    assert!(error.message.starts_with("your playbook `mine` is not in order: line "), "{error:?}");
    fs::write(dir.path().join("mine.py"), &good).unwrap();
    let problems = planner.own().remove(0).playbook.unwrap_err();
    assert_eq!(problems[0].what, "`find` is the name of a built-in playbook already");
}

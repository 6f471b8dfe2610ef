//! What a task changed, and giving back: all, a part, the rest; seen as a person sees it and as data.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod support;

use std::fs;

use serde_json::Value;
use support::{Place, Said};

const TASK: &str = "Organise these files by type";

fn organised() -> (Place, support::Tree, String) {
    let place = Place::with_files();
    let before = place.tree();
    place.run(&["--mode", "auto", TASK]).ends(0);
    let task = place.last_task();
    (place, before, task[task.len() - 6..].to_owned())
}

fn object(said: &Said) -> Value {
    assert_eq!(said.out.lines().count(), 1, "{}", said.out);
    serde_json::from_str(&said.out).unwrap()
}

#[test]
fn what_a_task_changed_is_a_tree_and_data() {
    let (place, _, task) = organised();
    place.cowork(&["show", &task]).ends(0).says("Changes").says("from Downloads/").says("+ Images/");
    place.cowork(&["show", &task, "--changes"]).ends(0).says("> b b.jpg").says("6 moved");
    let set = object(&place.cowork(&["show", &task, "--changes", "--json"]).ends(0));
    let moved: Vec<&Value> = set["changes"].as_array().unwrap().iter().filter(|d| d["what"]["is"] == "moved").collect();
    assert_eq!(moved.len(), 6);
    assert!(moved.iter().any(|d| d["path"] == "Downloads/Images/b b.jpg" && d["what"]["from"] == "Downloads/b b.jpg"));
    place.cowork(&["show", &task, "--json"]).ends(2).says("--changes");
}

#[test]
fn a_part_is_shown_and_given_back_and_the_rest_later() {
    let (place, before, task) = organised();
    let images = place.folder.join("Images");
    let images = images.to_str().unwrap();
    let organised = place.tree();
    place
        .cowork(&["undo", &task, "--show", "--path", images])
        .ends(0)
        .says("Undo of a part")
        .says("> b b.jpg from Downloads/Images/")
        .says("Nothing was changed.")
        .says(&format!("cowork undo {task} --path {images}"));
    let would = object(&place.cowork(&["undo", &task, "--show", "--json", "--path", "Downloads/Images"]).ends(0));
    assert!(would["report"]["left"].as_u64().unwrap() > 0 && would["would"].as_array().unwrap().len() == 2, "{would}");
    assert_eq!(place.tree(), organised);

    place.cowork(&["undo", &task, "--yes", "--path", images]).ends(0).says("Undone in part.").says("The rest:");
    assert!(place.folder.join("b b.jpg").exists() && !place.folder.join("Images").exists());
    assert!(place.folder.join("Documents/a.pdf").exists());
    place.cowork(&["tasks"]).ends(0).says("done");
    place.cowork(&["show", &task, "--changes"]).ends(0).says("given back");
    place.cowork(&["undo", &task, "--yes", "--path", images]).ends(2).says("nothing to give back there").briefly();
    place.cowork(&["undo", &task, "--yes", "--path", "/etc"]).ends(2).says("none of the folders").briefly();
    place.cowork(&["undo", &task, "--yes", "--call", "abcdef"]).ends(2).says("made no call").briefly();

    place.cowork(&["undo", "--yes"]).ends(0).says("Undone.");
    assert_eq!(place.tree(), before);
    place.cowork(&["undo", &task, "--yes"]).ends(2).says("was undone already").briefly();
}

#[test]
fn a_task_that_changed_nothing_is_named_and_what_is_undone_is_the_one_before() {
    let (place, before, task) = organised();
    place.run(&["find all files that mention content"]).ends(0);
    let idle = place.last_task();
    let idle = &idle[idle.len() - 6..];
    place.cowork(&["undo", idle, "--yes"]).ends(2).says("changed no file").says("nothing to undo").briefly();
    let said = place.cowork(&["undo", "--yes"]).ends(0);
    assert!(
        said.err
            .contains(&format!("Task {idle} \"find all files that mention content\" came later and changed nothing.")),
        "{}",
        said.err
    );
    assert!(said.out.contains(TASK) && said.out.contains("Undone."), "it says which it is: {}", said.out);
    assert_eq!(place.tree(), before);
    place.cowork(&["undo", &task, "--yes"]).ends(2).says("was undone already");
}

#[test]
fn one_call_of_several_is_given_back_by_its_name() {
    let place = Place::with_files();
    let source =
        "make_folder(folders('write')[0] + '/one')\nmake_folder(folders('write')[0] + '/two')\nfinish('Done.')\n";
    let header = "# /// playbook\n# name = \"two\"\n# about = \"Makes two folders\"\n# title = \"Make two\"\n# examples = [\"x\"]\n# folders = \"write\"\n# ///\n";
    fs::write(place.home().join("two.py"), format!("{header}{source}")).unwrap();
    let file = place.home().join("two.py");
    let before = place.tree();
    place.run(&["--mode", "auto", "--playbook", file.to_str().unwrap()]).ends(0);
    let decided: Vec<Value> = place.log().into_iter().filter(|r| r["event"]["type"] == "decided").collect();
    let calls: Vec<&Value> =
        decided.iter().flat_map(|d| d["event"]["calls"].as_array().into_iter().flatten()).collect();
    let second = calls.iter().find(|c| c["args"]["path"] == "Downloads/two").unwrap()["id"].as_str().unwrap();
    let short = &second[second.len() - 6..];
    place.cowork(&["show", &place.last_task()]).ends(0).says(short);
    place.cowork(&["undo", "--yes", "--call", short]).ends(0).says("Undone in part.");
    assert!(place.folder.join("one").exists() && !place.folder.join("two").exists());
    place.cowork(&["undo", "--yes"]).ends(0);
    assert_eq!(place.tree(), before);
}

#[test]
fn what_was_changed_since_is_named_kept_and_given_back_once_it_is_out_of_the_way() {
    let (place, _, task) = organised();
    fs::write(place.folder.join("Documents/a.pdf"), "edited by hand").unwrap();
    place.cowork(&["undo", &task, "--show"]).ends(0).says("1 thing would be left").says("Documents/a.pdf");
    place
        .cowork(&["undo", &task, "--yes"])
        .ends(0)
        .says("1 thing left in place")
        .says("can only be put right by hand")
        .says("Undone in part.");
    assert_eq!(fs::read_to_string(place.folder.join("Documents/a.pdf")).unwrap(), "edited by hand");
    assert!(place.folder.join("d.pdf").exists());
    place.cowork(&["tasks"]).ends(0).says("done");
}

#[test]
fn what_ended_last_is_undone_and_not_what_began_last() {
    let place = Place::new();
    let other = place.folder.with_file_name("Other");
    fs::create_dir(&other).unwrap();
    [&place.folder, &other].iter().for_each(|folder| fs::write(folder.join("a.pdf"), "a").unwrap());
    let run = |folder: &std::path::Path, yes: &[&str]| {
        let folder = folder.to_str().unwrap();
        place.cowork(&[&["run", "--folder", folder, "--playbook", "organise"], yes].concat())
    };
    run(&place.folder, &[]).ends(3);
    let first = place.last_task();
    run(&other, &["--yes"]).ends(0);
    place.cowork(&["resume", &first, "--yes"]).ends(0);
    assert!(!place.folder.join("a.pdf").exists() && !other.join("a.pdf").exists());
    place.cowork(&["undo", "--yes"]).ends(0).says(&first[first.len() - 6..]).says("1 file given back");
    assert!(place.folder.join("a.pdf").exists() && !other.join("a.pdf").exists());
    // What nothing more can be given back of says so once, and does not stand in the way of what was done before.
    fs::write(other.join("b.pdf"), "b").unwrap();
    run(&other, &["--yes"]).ends(0);
    fs::write(other.join("Documents/b.pdf"), "edited by hand").unwrap();
    place.cowork(&["undo", "--yes"]).ends(0).says("b.pdf was changed since").says("only be put right by hand");
    place.cowork(&["undo", "--yes"]).ends(0).says("holds things now").says("then undo again");
    assert!(other.join("a.pdf").exists());
}

#[test]
fn doctor_says_how_much_the_journals_hold() {
    let (place, ..) = organised();
    place.cowork(&["doctor"]).ends(0).says("journal").says("All is well.");
}

/// Lets a file be of that many days ago.
fn days_ago(file: &std::path::Path, days: u64) {
    let then = std::time::SystemTime::now() - std::time::Duration::from_secs(86_400 * days);
    fs::File::options().create(true).append(true).open(file).unwrap().set_modified(then).unwrap();
}

#[test]
fn an_undo_never_finds_its_journal_taken_by_the_command_itself_and_a_later_task_lets_it_go() {
    let (place, before, _) = organised();
    let task = place.last_task();
    let journal = place.data().join("journal").join(&task);
    let due = || {
        days_ago(&journal.join("log"), 40);
        days_ago(&journal.join("due"), 2);
    };
    due();
    place.cowork(&["undo", &task, "--show"]).ends(0).says("Nothing was changed.");
    assert!(!journal.join("due").exists(), "who looks has a day");
    due();
    place.cowork(&["tasks"]).ends(0);
    place.cowork(&["doctor"]).ends(0).says("All is well.");
    place.cowork(&["undo", &task, "--yes"]).ends(0).says("Undone.");
    assert_eq!(place.tree(), before);

    place.run(&["--mode", "auto", TASK]).ends(0);
    let second = place.last_task();
    let journal = place.data().join("journal").join(&second);
    days_ago(&journal.join("log"), 40);
    days_ago(&journal.join("due"), 2);
    place.file("later.pdf", "later", 0o644, 1_700_000_000);
    place.run(&["--mode", "auto", TASK]).ends(0);
    assert!(journal.join("reclaimed").exists() && !journal.join("log").exists());
    place.cowork(&["show", &second]).ends(0);
    place.cowork(&["undo", &second]).ends(2).says("can't be undone any more");
}

//! A person's own playbooks, from the first one to the ones that are wrong, and the first run.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

mod support;

use std::{fs, path::PathBuf};

use serde_json::Value;
use support::Place;

fn own(place: &Place, name: &str, text: &str) -> PathBuf {
    let folder = place.home().join(".config/cowork/playbooks");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), text).unwrap();
    folder.join(name)
}

fn playbook(name: &str, more: &str, program: &str) -> String {
    format!(
        "# /// playbook\n# name = \"{name}\"\n# about = \"Moves texts\"\n# title = \"Move texts in {{folders}}\"\n# examples = [\"x\"]\n# folders = \"write\"\n{more}# ///\n{program}"
    )
}

const MOVE: &str = "\
place = folders('write')[0]
texts = [e for e in list_folder(place)['entries'] if e['name'].endswith('.txt')]
if not texts:
    finish('There are no texts.')
move_files([{'from': e['path'], 'to': f\"{place}/Texts/{e['name']}\"} for e in texts])
finish(f'{len(texts)} moved')
";

#[test]
fn a_new_playbook_works_is_listed_shown_checked_and_run() {
    let place = Place::with_files();
    place.cowork(&["playbook", "new", "large"]).ends(0).says("Written").says("~/.config/cowork/playbooks/large.py");
    place.cowork(&["playbook", "new", "large"]).ends(2).briefly().says("already");
    place.cowork(&["playbook", "new", "find"]).ends(2).briefly().says("already");
    place.cowork(&["playbook", "new", "Large one"]).ends(2).briefly().says("use a-z");
    place.cowork(&["playbook", "check"]).ends(0).says("large.py in order; 2 tests passed");
    place.cowork(&["playbook", "check", "large"]).ends(0).says("2 tests passed");
    place.cowork(&["playbook", "list"]).ends(0).says("large yours").says("organise").says("cowork playbook new NAME");
    place.cowork(&["playbook", "show", "large"]).ends(0).says("kilobytes").says("100 if not given").says("~/.config");
    place.cowork(&["playbook", "show", "organise"]).ends(0).says("built in");
    let folder = place.folder.to_str().unwrap();
    place.cowork(&["playbook", "run", "large", "--folder", folder, "--param", "kilobytes=0"]).ends(0).says("6 files");
    let rows = place.cowork(&["playbook", "list", "--json"]).ends(0).records();
    let large = rows.iter().find(|r| r["name"] == "large").unwrap();
    assert!(large["file"].as_str().unwrap().ends_with("/large.py"));
    let source = place.cowork(&["playbook", "show", "large", "--source"]).ends(0).out;
    assert!(source.starts_with("# /// playbook\n"));
}

#[test]
fn what_is_wrong_is_shown_with_its_line_and_hinders_nothing_else() {
    let place = Place::with_files();
    own(&place, "good.py", &playbook("good", "", MOVE));
    own(&place, "bad.py", &playbook("bad", "", "for place in folders():\n    move_fils([])\n"));
    own(&place, "taken.py", &playbook("find", "", MOVE));
    own(&place, "broken.py", "# /// playbook\n# nam = \"x\"\n# ///\n");
    let said = place.cowork(&["playbook", "check"]).ends(1);
    insta::assert_snapshot!("check_of_all", said.out);
    assert!(said.out.lines().all(|l| l.chars().count() <= 80), "{}", said.out);
    place
        .cowork(&["playbook", "list"])
        .ends(0)
        .says("good yours")
        .says("broken can't be used")
        .says("find can't be used");
    let rows = place.cowork(&["playbook", "check", "--json"]).ends(1).records();
    let bad = rows.iter().find(|r| r["file"].as_str().unwrap().ends_with("/bad.py")).unwrap();
    assert_eq!(
        (&bad["ok"], &bad["problems"][0]["line"], &bad["problems"][0]["column"]),
        (&Value::Bool(false), &9.into(), &5.into())
    );
    place.run(&["--yes", "--playbook", "good"]).ends(0).says("1 moved");
    place.cowork(&["playbook", "run", "bad", "--try"]).ends(1).says("needs at least one folder");
    place.cowork(&["playbook", "run", "broken", "--try"]).ends(2).briefly().says("not in order").says("broken.py");
    place.run(&["--playbook", "broken"]).ends(1).says("not in order").says("broken.py");
    place.run(&["--playbook", "find", "--param", "query=content"]).ends(0);
}

#[test]
fn its_own_tests_run_on_files_made_for_them() {
    let place = Place::with_files();
    let before = place.tree();
    let tests = "\
# [[test]]\n# about = \"moves texts\"\n# files = { \"a.txt\" = \"hello\", \"b.pdf\" = 9, \"c/\" = \"\" }
# moved = { \"a.txt\" = \"Texts/a.txt\" }\n# tree = [\"Texts/a.txt\", \"b.pdf\", \"c/\"]\n# contains = { \"Texts/a.txt\" = \"hell\" }
# [[test]]\n# about = \"has nothing to do\"\n# files = { \"a.txt\" = { size = 3, modified = \"2020-02-29\" } }
# summary = \"no texts\"\n# tree = [\"a.txt\"]
# [[test]]\n# about = \"says no\"\n# fails = \"boom\"\n";
    own(&place, "texts.py", &playbook("texts", tests, MOVE));
    let said = place.cowork(&["playbook", "check", "texts"]).ends(1);
    insta::assert_snapshot!("check_of_tests", said.out);
    let row = &place.cowork(&["playbook", "check", "texts", "--json"]).ends(1).records()[0];
    let passed: Vec<bool> = row["tests"].as_array().unwrap().iter().map(|t| t["ok"].as_bool().unwrap()).collect();
    assert_eq!(passed, [true, false, false]);
    assert_eq!(place.tree(), before);
    assert!(place.cowork(&["tasks", "--json"]).ends(0).out.is_empty(), "tests are no tasks of the person");
}

#[test]
fn a_try_shows_what_it_would_change_and_changes_nothing() {
    let place = Place::with_files();
    place.file("sub/deep.txt", "deep", 0o400, 1_600_000_000);
    own(&place, "texts.py", &playbook("texts", "", MOVE));
    let before = place.tree();
    let folder = place.folder.to_str().unwrap();
    let said = place.cowork(&["playbook", "run", "texts", "--folder", folder, "--try"]).ends(0);
    insta::assert_snapshot!("try", said.out.replace(folder, "FOLDER"));
    assert_eq!(place.tree(), before);
    assert!(place.cowork(&["tasks", "--json"]).ends(0).out.is_empty(), "a try is no task of the person");
    place.cowork(&["playbook", "run", "texts", "--try"]).ends(1).says("needs at least one folder");
    place.cowork(&["playbook", "run", "texts", "--folder", folder, "--dry-run"]).ends(0).says("nothing was changed");
    assert_eq!(place.tree(), before);
    place.cowork(&["playbook", "run", "texts", "--folder", folder, "--yes"]).ends(0).says("1 moved");
    assert!(place.folder.join("Texts/ü.txt").exists());
}

#[test]
fn an_editor_is_opened_and_what_it_left_is_checked() {
    let place = Place::new();
    let file = own(&place, "mine.py", &playbook("mine", "", MOVE));
    place.cowork(&["playbook", "edit", "mine"]).ends(2).briefly().says("no editor is set").says("mine.py");
    place.cowork(&["playbook", "edit", "organise"]).ends(2).briefly().says("built in");
    place.cowork(&["playbook", "edit", "nonesuch"]).ends(2).briefly().says("no playbook called");
    let edited = |editor: &str| {
        let mut command = place.command(&["playbook", "edit", "mine"]);
        support::Said::from(command.env("PATH", "/usr/bin:/bin").env("EDITOR", editor).output().unwrap())
    };
    edited("true").ends(0).says("in order");
    edited("sed -i s/list_folder/list_foldr/").ends(1).says("did you mean `list_folder`");
    assert!(fs::read_to_string(&file).unwrap().contains("list_foldr"));
    edited("false").ends(2).says("ended with an error");
}

#[test]
fn words_are_matched_and_nothing_runs() {
    let place = Place::with_files();
    let matched = |task: &str| {
        let said = place.cowork(&["playbook", "match", "--json", task]).ends(0);
        assert_eq!(said.out.lines().count(), 1);
        said.records().remove(0)
    };
    let found = matched("Organise these files by type");
    assert_eq!((&found["playbook"], &found["params"]["by"]), (&"organise".into(), &"type".into()));
    assert!(!found["why"].as_str().unwrap().is_empty());
    assert_eq!(matched("Write a poem about spring")["playbook"], Value::Null);
    place.cowork(&["playbook", "match", "Organise these files by type"]).ends(0).says("organise").says("by = type");
    assert!(place.cowork(&["tasks", "--json"]).ends(0).out.is_empty());
}

#[test]
fn the_first_run_takes_the_defaults_and_says_what_it_wrote() {
    let place = Place::with_files();
    fs::create_dir(place.home().join("Documents")).unwrap();
    place.cowork(&["init"]).ends(2).briefly().says("cowork init --yes");
    let yes = || support::Said::from(place.command(&["init", "--yes"]).env("SHELL", "/bin/bash").output().unwrap());
    yes().ends(0).says("Wrote ~/.config/cowork/config.toml").says("completions/cowork");
    let config = place.home().join(".config/cowork/config.toml");
    let written = fs::read_to_string(&config).unwrap();
    insta::assert_snapshot!("config", written);
    let completions = place.home().join(".local/share/bash-completion/completions/cowork");
    assert!(fs::read_to_string(completions).unwrap().contains("playbook"));
    let mine = format!("# mine\n{}\n", written.replace("mode = \"ask\"", "mode = \"plan\" # careful"));
    fs::write(&config, &mine).unwrap();
    yes().ends(0);
    assert!(fs::read_to_string(&config).unwrap().contains("# mine"), "what is set and written there stays");
    place.cowork(&["run", "--folder", "downloads", "Organise these files by type"]).ends(0).says("nothing was changed");
    place.cowork(&["run", "-f", "Downloads", "--mode", "auto", "Organise these files by type"]).ends(0).says("moved");
    place
        .cowork(&["run", "--folder", "pictures", "Organise these files by type"])
        .ends(2)
        .briefly()
        .says("documents, downloads");
    fs::write(&config, "mode = \"ask\"\nfolder = 3\n").unwrap();
    place
        .cowork(&["run", "--folder", "downloads", "x"])
        .ends(2)
        .briefly()
        .says("line 2")
        .says("there is no key `folder`");
    place.cowork(&["init", "--yes"]).ends(2).briefly().says("line 2");
}

#[test]
fn a_name_that_means_two_folders_is_asked_about() {
    let place = Place::with_files();
    place.cowork(&["init", "--yes"]).ends(0);
    let elsewhere = place.home().join("work");
    fs::create_dir_all(elsewhere.join("downloads")).unwrap();
    let run = |folder: &str| {
        let mut command = place.command(&["run", "--dry-run", "--folder", folder, "Organise these files by type"]);
        support::Said::from(command.current_dir(&elsewhere).output().unwrap())
    };
    run("downloads").ends(2).briefly().says("./downloads");
    run("./downloads").ends(0).says("Nothing to move");
    let set = place.command(&["playbook", "list"]).env("COWORK_CONFIG", &elsewhere).output().unwrap();
    assert!(set.status.success());
}

#[test]
fn a_finished_task_becomes_a_playbook_that_is_listed_and_run_elsewhere() {
    let place = Place::with_files();
    own(&place, "good.py", &playbook("good", "", MOVE));
    place.run(&["--yes", "--playbook", "good"]).ends(0).says("1 moved");
    let task = place.cowork(&["tasks", "--json"]).ends(0).records()[0]["task"].as_str().unwrap().to_owned();
    let shown = place.cowork(&["playbook", "from-task", &task, "--name", "texts", "--show"]).ends(1);
    // One file is no pattern where the words name neither it nor its kind.
    assert!(shown.err.contains("no rule says why"), "{}", shown.err);
    place.file("more.txt", "more", 0o600, 1_600_000_000);
    place.file("most.txt", "most", 0o600, 1_600_000_000);
    place.run(&["--yes", "--playbook", "good"]).ends(0).says("2 moved");
    let task = place.cowork(&["tasks", "--json"]).ends(0).records()[1]["task"].as_str().unwrap().to_owned();
    let shown = place.cowork(&["playbook", "from-task", &task, "--name", "texts", "--show"]).ends(0).out;
    assert!(
        shown.starts_with("# /// playbook\n# name = \"texts\"\n") && shown.contains("ending(name) == \"txt\""),
        "{shown}"
    );
    place.cowork(&["playbook", "from-task", &task, "--name", "good"]).ends(2).briefly().says("already");
    place.cowork(&["playbook", "from-task", &task, "--name", "texts"]).ends(0).says("Written").says("texts.py");
    place.cowork(&["playbook", "check", "texts"]).ends(0).says("1 test passed");
    place.file("next.txt", "next", 0o600, 1_600_000_000);
    place.run(&["--yes", "--playbook", "texts"]).ends(0).says("1 moved");
    assert!(place.folder.join("Texts/next.txt").exists());
}

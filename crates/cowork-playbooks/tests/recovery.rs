//! Going on from the log: in another process, after an edit, with another interpreter, with a log that is not right.

#![allow(clippy::unwrap_used, clippy::panic)]

mod story;

use cowork_core::{Access, Decision, Event, Kind, PlanContext, Planner, Proposal, Submit};
use cowork_playbooks::{Called, Chosen, INTERPRETER, Playbook, PlaybookPlanner, check};
use serde_json::{Value, json};
use story::{Story, folder, program, specs};

const BODY: &str = "\
a = list_folder('Downloads')
t = now()
b = read_file('Downloads/a.txt')
finish(f\"{a['count']} {t['iso']} {b['text']}\")
";

fn begun(turns: usize) -> Story {
    let mut story = Story::of(program(BODY)).text("Downloads/a.txt", "hello");
    for _ in 0..turns {
        let mut plan = story.view();
        let planner = PlaybookPlanner::new().unwrap();
        plan.task = std::sync::Arc::new(story.task());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let proposal = runtime.block_on(planner.plan(plan, PlanContext::default())).unwrap();
        story.commit(proposal);
    }
    story
}

fn next(story: &Story) -> cowork_core::Result<Proposal> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let planner = PlaybookPlanner::new().unwrap();
    runtime.block_on(planner.plan(story.view(), PlanContext::default()))
}

/// Plays a task whose first decision was written otherwise.
fn with_note(change: impl FnOnce(&mut Value)) -> cowork_core::Result<Proposal> {
    let mut story = Story::of(program(BODY)).text("Downloads/a.txt", "hello");
    let mut first = next(&story).unwrap();
    change(&mut first.note);
    story.commit(first);
    next(&story)
}

#[test]
fn the_log_alone_is_enough_at_every_turn() {
    let finishes: Vec<_> = (0..4).map(|turns| next(&begun(turns)).unwrap()).collect();
    assert_eq!(finishes[1].calls[0].tool, "now");
    let Some(cowork_core::Finish::Done { summary, .. }) = &finishes[3].finish else { panic!("{finishes:?}") };
    assert_eq!(summary, "1 2026-03-20T12:00:00.123Z hello");
    let note = &finishes[0].note;
    assert_eq!((&note["playbook"], &note["interpreter"]), (&json!("mine"), &json!(INTERPRETER)));
    assert!(note["source"].as_str().unwrap().contains("read_file"), "the program itself is in the log");
    assert!(finishes[1].note.is_null(), "it is pinned once");
}

#[test]
fn what_a_task_called_is_read_from_its_first_decision_whichever_interpreter_ran_it() {
    let note = next(&Story::of(program(BODY))).unwrap().note;
    let mut first = Decision { note, ..Decision::default() };
    first.note["interpreter"] = json!("monty 9.9.9");
    let called = Called::read(&first).unwrap();
    assert_eq!(
        (json!(called.header.name), json!(called.params)),
        (first.note["playbook"].clone(), first.note["params"].clone())
    );
    first.note["source"] = json!("no playbook");
    assert_eq!((Called::read(&first), Called::read(&Decision::default())), (None, None));
}

#[test]
fn planning_again_before_the_proposal_reached_the_log_gives_it_again() {
    let story = begun(1);
    let planner = PlaybookPlanner::new().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let plan = || runtime.block_on(planner.plan(story.view(), PlanContext::default())).unwrap();
    assert_eq!(plan(), plan());
}

#[test]
fn another_version_is_refused_by_name() {
    for (version, kind) in
        [("monty 0.0.99", Kind::NewerVersion), ("monty 0.0.9", Kind::Unsupported), ("other 1", Kind::NewerVersion)]
    {
        let error = with_note(|note| note["interpreter"] = json!(version)).unwrap_err();
        assert_eq!(error.kind, kind, "{error:?}");
        assert!(error.message.contains(version) && error.message.contains(INTERPRETER) && error.fix().is_some());
    }
    assert_eq!(with_note(|note| note["rules"] = json!(2)).unwrap_err().kind, Kind::NewerVersion);
}

#[test]
fn a_log_that_is_not_right_is_never_followed() {
    let edited =
        |note: &mut Value| note["source"] = json!(note["source"].as_str().unwrap().replace("now()", "random(5)"));
    assert_eq!(with_note(edited).unwrap_err().kind, Kind::Corrupt, "the hash shows that the program was changed");
    assert_eq!(with_note(|note| *note = Value::Null).unwrap_err().kind, Kind::Corrupt);
    assert_eq!(
        with_note(|note| *note = json!({ "interpreter": INTERPRETER, "rules": 1 })).unwrap_err().kind,
        Kind::Corrupt
    );

    let mut story = Story::of(program(BODY)).text("Downloads/a.txt", "hello");
    let mut first = next(&story).unwrap();
    first.calls[0].args = json!({ "path": "Desktop" });
    story.commit(first);
    let error = next(&story).unwrap_err();
    assert_eq!(error.kind, Kind::Corrupt);
    let why = "mine.py: the playbook no longer does what the log says: in step 1 it made list_folder then, and list_folder now";
    assert_eq!(error.message, why);
}

#[test]
fn an_outcome_that_changed_shows_at_the_next_call() {
    let body = "a = list_folder('Downloads')\nif a['count'] > 1:\n    now()\nelse:\n    random(3)\nread_file('Downloads/a.txt')\n'end'";
    let mut story = Story::of(program(body)).text("Downloads/a.txt", "x");
    for _ in 0..2 {
        let proposal = next(&story).unwrap();
        story.commit(proposal);
    }
    let at = story.records.iter().position(|r| r.event.kind() == "call_finished").unwrap();
    let stored = story.records[at].event.json().replace("\"count\":1", "\"count\":2");
    assert!(matches!(&*story.records[at].event.event().unwrap(), Event::CallFinished { .. }));
    story.records[at].event = cowork_core::Body::stored("call_finished", stored);
    let error = next(&story).unwrap_err();
    assert_eq!(error.kind, Kind::Corrupt);
    assert!(error.message.contains("it made random then, and now now"), "{error:?}");
}

fn refused(submit: Submit) -> cowork_core::Error {
    next(&Story::of(submit)).unwrap_err()
}

fn told(planner: Value) -> Submit {
    let mut submit = Submit::new("organise these files by type");
    submit.folders = vec![folder("Downloads")];
    submit.planner = planner;
    submit
}

#[test]
fn parameters_that_do_not_fit_name_those_there_are() {
    let describes = "organise can be told by: date or name or type (type if you don't say); dry_run: yes or no (no if you don't say); \
        each: month or year (month if you don't say); pattern: any words; rules: any words";
    for (params, why) in [
        (json!({ "colour": "red" }), "the playbook organise has no parameter `colour`"),
        (json!({ "by": "size" }), "the parameter `by` of organise does not fit: it must be date or name or type"),
        (json!({ "by": 3 }), "the parameter `by` of organise does not fit: it must be date or name or type"),
        (json!({ "dry_run": "perhaps" }), "the parameter `dry_run` of organise does not fit: it must be yes or no"),
    ] {
        let error = refused(told(json!({ "playbook": "organise", "params": params })));
        assert_eq!((error.kind, error.message.as_str(), error.fix()), (Kind::InvalidInput, why, Some(describes)));
    }
    let error = refused(told(json!({ "playbook": "find" })));
    assert_eq!(error.message, "the playbook find needs the parameter `query`");
    let words = next(&Story::of(told(json!({ "params": { "dry_run": "true" } })))).unwrap();
    assert_eq!(
        words.note["params"],
        json!({ "by": "type", "dry_run": true, "each": "month", "pattern": "", "rules": "" }),
        "words and parameters together"
    );
}

#[test]
fn what_the_planner_is_told_must_make_sense() {
    assert_eq!(refused(told(json!({ "playbok": "organise" }))).kind, Kind::InvalidInput);
    let error = refused(told(json!({ "playbook": "tidy" })));
    assert_eq!((error.kind, error.message.as_str()), (Kind::NotFound, "there is no playbook called `tidy`"));
    let fix = error.fix().unwrap();
    assert!(fix.ends_with("`cowork playbook list` shows all that there are"), "{fix}");
    let error = refused(told(json!({ "source": "print('hello')", "file": "mine.py" })));
    assert!(error.message.starts_with("mine.py: there is no header"), "{error:?}");
    let mut nowhere = told(Value::Null);
    nowhere.folders.clear();
    assert_eq!(
        refused(nowhere).message,
        "the playbook organise needs at least one folder that it may change, and none is allowed"
    );
    let mut locked = told(Value::Null);
    locked.folders[0].access = Access::Read;
    assert_eq!(refused(locked).kind, Kind::NotAllowed);
    let large = "#".repeat(11 * 1024 * 1024);
    assert_eq!(refused(told(json!({ "source": large, "file": "big.py" }))).kind, Kind::LimitExceeded);
}

/// What the page on playbooks shows must work as it stands there.
#[test]
fn the_playbook_on_the_page_works() {
    let page = include_str!("../../../docs/playbooks.md");
    let (_, rest) = page.split_once("```python\n").unwrap();
    let (source, _) = rest.split_once("```").unwrap();
    let header = check(source, &specs()).unwrap();
    let mut planner = PlaybookPlanner::new().unwrap();
    planner.add(Playbook::read(source, "big-files.py").unwrap()).unwrap();
    let found = planner.match_words(&header.examples[0], &[]);
    assert_eq!(found.playbook, Chosen::One("big-files".to_owned()));
    assert_eq!(found.params["megabytes"], 100);

    let mut submit = told(json!({ "source": source, "file": "big-files.py", "params": { "megabytes": "0" } }));
    submit.folders = vec![folder("Documents"), folder("Downloads")];
    let mut story = Story::of(submit).text("Documents/a.txt", "more than nothing").files(&["Downloads/b.txt"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (summary, data) = runtime.block_on(story.done());
    assert_eq!(summary, "1 files are larger than 0 MB.");
    assert_eq!(data["files"][0]["path"], "Documents/a.txt");
}

#[test]
fn find_tells_what_was_found_and_what_was_not() {
    let find = |text: &str| {
        let mut submit = Submit::new(text);
        submit.folders = vec![folder("Documents"), folder("Downloads")];
        submit.folders[0].access = Access::Read;
        Story::of(submit).text("Documents/lease.md", "the Falcon lease").text("Downloads/b.txt", "nothing")
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut story = find("Find all files that mention Falcon");
    let (summary, data) = runtime.block_on(story.done());
    assert_eq!(story.proposals[0].say.as_deref(), Some("Find “Falcon” in Documents and Downloads (playbook find)"));
    assert_eq!(story.proposals[0].calls.len(), 2, "both folders at once");
    assert_eq!(summary, "“Falcon” is in 1 file (1 hit); 2 files searched.\n\n  Documents/lease.md:1  the Falcon lease");
    assert_eq!(data["hits"], json!([{ "path": "Documents/lease.md", "line": 1, "text": "the Falcon lease" }]));
    let (summary, data) = runtime.block_on(find("where is the passport").done());
    assert_eq!(summary, "Nothing found: “passport” is not in the 2 files searched.");
    assert_eq!(data["hits"], json!([]));
}

//! Runs that go well.

use std::time::{Duration, Instant};

use cowork_testkit::service::{Fault, Reply};
use rustix::process::Signal;
use serde_json::json;

use crate::{
    TASK, fits, moves, organised, service, settings,
    support::{Place, terminal::Terminal, without_folder_times},
    tidy,
};

#[test]
fn free_words_are_done_by_a_plan_and_told_with_what_went_where() {
    for format in ["anthropic", "openai", "openai-responses"] {
        let (place, service) = (Place::with_files(), service(tidy()));
        let before = place.tree();
        settings(&place, format, &service.url(), "price = { input = 3, output = 15 }");
        let said = place.ask(&["--mode", "auto", TASK]).ends(0);
        let at = service.at().to_string();
        let said = said.says(&format!("What is said and read in this task goes to {at}, which is this computer"));
        let said =
            said.says("Look at the papers").says("[x] Bring them together").says("I brought a.pdf and d.pdf into Flat");
        let said = said.says(&format!("tokens to {at}, this computer (mock, asked 3 times)")).says("Cost: $0.0");
        assert!(organised(&place), "{}", said.out);
        fits(&said.out);
        assert_eq!(service.reached(), 3);
        let shown = place.cowork(&["show"]).ends(0).says("mock at").says("step took read cached written cost");
        fits(&shown.out);
        let asked = place.log().into_iter().filter(|r| r["event"]["type"] == "model_asked").count();
        assert_eq!(asked, 3, "each question is in the log");
        place.cowork(&["undo", "--yes"]).ends(0).says("given back");
        assert_eq!(place.tree(), before);
    }
}

#[test]
fn what_is_denied_stays_undone_and_the_model_is_told() {
    let (place, service) = (Place::with_files(), service(tidy()));
    settings(&place, "anthropic", &service.url(), "");
    let asked = place.ask(&[TASK]).ends(3).says("cowork answer");
    let call = asked
        .out
        .lines()
        .find(|l| l.contains("cowork answer"))
        .unwrap()
        .split_whitespace()
        .nth_back(1)
        .unwrap()
        .to_owned();
    assert_eq!(service.reached(), 2);
    let said = place.keyed(&["answer", &call, "deny"]).ends(0);
    fits(&said.out);
    assert!(!organised(&place) && place.folder.join("a.pdf").exists());
    assert!(!said.out.contains("[x] Bring them together"), "what was denied is not done: {}", said.out);
    let last = service.seen().pop().unwrap();
    assert!(String::from_utf8_lossy(&last.body).contains("Not done, and it stays so"), "the model is told");
    assert_eq!(service.reached(), 3, "it went on after the answer, in another process");
}

#[test]
fn a_stream_that_is_cut_is_asked_for_again_and_no_tool_runs_twice() {
    let mut replies = tidy();
    replies[1] = replies[1].clone().after([Fault::Cut { after: 300 }, Fault::CutInArguments]);
    replies[2] = replies[2].clone().after([Fault::Status { code: 429, retry_after: Some("1".into()) }]);
    let (place, service) = (Place::with_files(), service(replies));
    settings(&place, "anthropic", &service.url(), "");
    let began = Instant::now();
    let said = place.ask(&["--mode", "auto", TASK]).ends(0).says("gets too many requests").says("again in");
    assert!(began.elapsed() >= Duration::from_secs(1), "the service said when to come back");
    assert!(organised(&place));
    fits(&said.out);
    let starts = place.log().into_iter().filter(|r| r["event"]["type"] == "call_started").count();
    assert!(starts <= 4, "two plans, a look and a move: {starts}");
    place.cowork(&["show"]).ends(0).says("asked 3 times, in 6 tries").says("3 tries").says("2 tries");
}

#[test]
fn on_a_terminal_it_is_seen_what_the_model_writes_plans_and_costs() {
    let mut replies = tidy();
    let stalled =
        Reply::text("This answer begins well and then nothing comes any more").with_fault(Fault::Stall { after: 900 });
    replies[2] = stalled;
    let (place, service) = (Place::with_files(), service(replies));
    settings(&place, "anthropic", &service.url(), "price = { input = 3, output = 15 }");
    let folder = place.folder.to_str().unwrap().to_owned();
    let args = ["run", "--folder", &folder, "--mode", "auto", TASK];
    let mut terminal = Terminal::run(&place, &args, &[("MOCK_KEY", crate::KEY)]);
    let text =
        terminal.shows("the answer as it is written", |t| t.contains("This answer begins") && t.contains("Bring them"));
    assert!(
        text.contains("✓ Look at the papers") && text.contains("mock · ") && text.contains("tokens · $0.0"),
        "{text}"
    );
    let began = Instant::now();
    terminal.signal(Signal::INT);
    assert_eq!(terminal.end().code(), Some(130));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(organised(&place), "what was done stays done");
    assert!(terminal.text().contains("cowork resume"), "{}", terminal.text());
}

#[test]
fn a_task_that_was_stopped_in_the_middle_of_an_answer_goes_on() {
    let mut replies = tidy();
    replies[2] = replies[2].clone().after([Fault::Stall { after: 900 }]);
    let (place, service) = (Place::with_files(), service(replies));
    settings(&place, "anthropic", &service.url(), "");
    let folder = place.folder.to_str().unwrap().to_owned();
    let mut terminal =
        Terminal::run(&place, &["run", "--folder", &folder, "--mode", "auto", TASK], &[("MOCK_KEY", crate::KEY)]);
    terminal.shows("the last answer", |t| t.contains("I brought"));
    terminal.signal(Signal::INT);
    assert_eq!(terminal.end().code(), Some(130));
    place.keyed(&["resume"]).ends(0).says("I brought a.pdf");
    assert!(organised(&place));
    assert_eq!(service.reached(), 4);
}

#[test]
fn a_task_that_failed_goes_on_by_what_its_end_says_and_is_undone_as_one() {
    let mut replies = tidy();
    replies[2] = replies[2].clone().after([Fault::Status { code: 401, retry_after: None }]);
    let (place, service) = (Place::with_files(), service(replies));
    settings(&place, "anthropic", &service.url(), "");
    let before = place.tree();
    let limited = place.ask(&["--mode", "auto", "--max-steps", "1", TASK]).ends(1);
    let task = place.last_task();
    let task = &task[task.len() - 6..];
    limited.says(&format!("Go on: cowork resume {task}, with its limits once more"));
    place.keyed(&["resume", task]).ends(1).says("did not come to an end");
    assert!(organised(&place));
    let refused = place.keyed(&["resume", task]).ends(1).says("does not accept the key");
    fits(&refused.says(&format!("Go on: cowork resume {task}")).out);
    place.keyed(&["resume", task]).ends(0).says("I brought a.pdf");
    place.keyed(&["resume", task]).ends(2).says("has ended").briefly();
    assert_eq!(service.reached(), 4, "nothing was asked for twice");
    place.cowork(&["undo", "--yes", task]).ends(0);
    assert_eq!(without_folder_times(place.tree()), without_folder_times(before));
}

#[test]
fn a_resume_that_is_stopped_says_which_tasks_wait_still() {
    let stalls = Reply::text("This begins well and then").with_fault(Fault::Stall { after: 900 });
    let (place, service) = (Place::with_files(), service(vec![stalls]));
    settings(&place, "anthropic", &service.url(), "");
    let folder = place.folder.to_str().unwrap().to_owned();
    let stopped = |args: &[&str]| {
        let mut terminal = Terminal::run(&place, args, &[("MOCK_KEY", crate::KEY)]);
        terminal.shows("the answer", |t| t.contains("This begins"));
        terminal.signal(Signal::INT);
        assert_eq!(terminal.end().code(), Some(130));
        terminal.text()
    };
    let run = ["run", "--folder", &folder, "--mode", "auto", TASK];
    let (one, two) = ((stopped(&run), place.last_task()).1, (stopped(&run), place.last_task()).1);
    let [one, two] = [one, two].map(|task| task[task.len() - 6..].to_owned());
    let said = stopped(&["resume"]);
    assert!(said.contains(&format!("Goes on with 2 tasks, one after the other: {one}, {two}.")), "{said}");
    assert!(said.contains(&format!("1 task waits still: {two}")), "{said}");
}

#[test]
fn a_budget_ends_it_before_it_is_spent() {
    for (more, why) in [
        (&["--max-tokens", "500"][..], "the task may use 500 tokens"),
        (&["--max-cost", "0.0001"], "the task may cost $0.0001"),
        (&["--max-steps", "1"], "step"),
    ] {
        let (place, service) = (Place::with_files(), service(tidy()));
        settings(&place, "anthropic", &service.url(), "price = { input = 3, output = 15 }");
        let said = place.ask(&[&["--mode", "auto"], more, &[TASK]].concat()).ends(1).says("Failed").says(why);
        fits(&said.out);
        assert!(!organised(&place));
        assert!(service.reached() <= 1);
    }
    let (place, service) = (Place::with_files(), service(tidy()));
    settings(&place, "anthropic", &service.url(), "[budget]\ntokens = \"1k\"");
    place.ask(&["--mode", "auto", TASK]).ends(1).says("the task may use 1000 tokens");
    place.ask(&["--mode", "auto", "--max-cost", "1 euro", TASK]).ends(2).says("can't be `1 euro`").briefly();
    settings(&place, "anthropic", &service.url(), "");
    place.ask(&["--mode", "auto", "--max-cost", "1", TASK]).ends(1).says("not known");
    assert_eq!(service.reached(), 0);
}

#[test]
fn an_answer_says_what_it_could_not_do() {
    let wrong = Reply::calls(
        "I try.",
        [
            ("move_files", json!({ "moves": [{ "from": "Downloads/none", "to": "Downloads/x" }] })),
            ("no_such_tool", moves()),
        ],
    );
    let (place, service) = (Place::with_files(), service(vec![wrong, Reply::text("I could not move anything.")]));
    let before = place.tree();
    settings(&place, "openai", &service.url(), "");
    let said = place.ask(&["--mode", "auto", TASK]).ends(0).says("I could not move anything");
    fits(&said.out);
    assert_eq!(place.tree(), before);
}

#[test]
fn what_was_made_is_told_from_the_disk_and_a_run_that_changed_nothing_cannot_say_that_it_did() {
    let (place, service) =
        (Place::with_files(), service(vec![Reply::text("I wrote summary.md and moved everything.")]));
    settings(&place, "anthropic", &service.url(), "");
    let said =
        place.ask(&["--mode", "auto", TASK]).ends(0).says("I wrote summary.md").says("Nothing was changed on disk.");
    fits(&said.out);
    place.cowork(&["show"]).ends(0).says("Nothing was changed on disk.");
    let told = |place: &Place| place.log().into_iter().rfind(|r| r["event"]["type"] == "files_checked").unwrap();
    assert_eq!(told(&place)["event"]["report"], json!({}));

    let write = json!({ "path": "Downloads/summary.md", "text": "All about the flat.\n" });
    let replies = vec![
        Reply::calls("I write.", [("write_file", write), ("move_files", moves())]),
        Reply::text("I wrote summary.md."),
    ];
    let (place, service) = (Place::with_files(), crate::service(replies));
    settings(&place, "anthropic", &service.url(), "");
    let said = place
        .ask(&["--mode", "auto", TASK])
        .ends(0)
        .says("On disk: 2 made (1 folder), 2 moved Downloads/summary.md 20 B");
    assert!(!said.out.contains("Nothing was changed"), "{}", said.out);
    fits(&said.out);
    let report = told(&place)["event"]["report"].clone();
    let summary = report["files"].as_array().unwrap().iter().find(|f| f["path"] == "Downloads/summary.md").unwrap();
    let hash = cowork::Hash::of(b"All about the flat.\n").to_string();
    assert_eq!((summary["hash"].as_str(), &summary["bytes"]), (Some(hash.as_str()), &json!(20)));
    let records = place.ask(&["--mode", "auto", "--json", TASK]).ends(0).records();
    let kinds: Vec<&str> = records.iter().map(|r| r["event"]["type"].as_str().unwrap()).collect();
    assert!(kinds.ends_with(&["files_checked", "task_finished"]), "{kinds:?}");
}

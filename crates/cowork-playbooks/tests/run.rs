//! What a program can do, and how each way of going wrong ends.

#![allow(clippy::unwrap_used, clippy::panic)]

mod story;

use std::time::Duration;

use cowork_core::{CancellationToken, Error, Finish, Kind, Outcome, PlanContext, Planner, StepState};
use cowork_playbooks::{Limits, PlaybookPlanner};
use serde_json::json;
use story::{FIRST, Story, denied, program, withheld};

fn short() -> Limits {
    Limits { time: Duration::from_millis(300), ..Limits::default() }
}

/// Checks that a program ends with this kind, at this line counted from its first (0: none is known), for this reason.
async fn ends(body: &str, limits: Limits, kind: Kind, line: u32, why: &str) {
    let error = Story::within(program(body), limits).files(&["Downloads/a.txt"]).fails().await;
    assert_eq!(error.kind, kind, "{body}: {error:?}");
    assert!(error.message.contains(why), "{body}: {error:?} should say {why}");
    let line = (line > 0).then(|| (FIRST + line - 1).to_string());
    assert_eq!(error.fact("line"), line.as_deref(), "{body}: {error:?}");
    assert_eq!(error.fact("playbook"), Some("mine.py"));
}

#[tokio::test]
async fn calls_made_at_once_are_one_proposal() {
    let body = "\
both = gather(later(list_folder, 'Downloads'), later(list_folder, path='Downloads/sub'))
[one] = gather([later(read_file, 'Downloads/a.txt', most=100)])
none = gather([])
finish(f'{both[0][\"count\"]} and {both[1][\"count\"]} {none}', [e['name'] for e in both[1]['entries']])
";
    let mut story = Story::of(program(body)).files(&["Downloads/a.txt", "Downloads/sub/b.txt"]);
    assert_eq!(story.done().await, ("2 and 1 []".to_owned(), json!(["b.txt"])));
    let counts: Vec<usize> = story.proposals.iter().map(|p| p.calls.len()).collect();
    assert_eq!(counts, [2, 1, 0]);
    assert_eq!(story.calls()[2].args, json!({ "path": "Downloads/a.txt", "most": 100 }));
}

#[tokio::test]
async fn the_plan_and_the_words_ride_on_the_next_proposal() {
    let body = "\
plan(['Look', 'Do', 'Rest'])
step('Look', 'at one folder')
say('Here we go.')
list_folder('Downloads')
done('1 file')
step('Do')
now()
step('Extra')
random(10)
'all done'
";
    let mut story = Story::of(program(body)).files(&["Downloads/a.txt"]);
    assert_eq!(story.done().await, ("all done".to_owned(), json!(null)));
    let shown: Vec<Vec<(String, StepState, String)>> = story
        .proposals
        .iter()
        .map(|p| p.plan.iter().flatten().map(|s| (s.title.clone(), s.state, s.detail.clone())).collect())
        .collect();
    let step = |title: &str, state, detail: &str| (title.to_owned(), state, detail.to_owned());
    use StepState::{Active, Done, Pending, Skipped};
    assert_eq!(shown[0], [step("Look", Active, "at one folder"), step("Do", Pending, ""), step("Rest", Pending, "")]);
    assert_eq!(shown[1], [step("Look", Done, "1 file"), step("Do", Active, ""), step("Rest", Pending, "")]);
    let last = [step("Look", Done, "1 file"), step("Do", Done, ""), step("Rest", Skipped, ""), step("Extra", Done, "")];
    assert_eq!(shown[3], last, "what was not begun was left out");
    assert_eq!(story.proposals[0].say.as_deref(), Some("Try it (playbook mine)\nHere we go."));
    assert_eq!(story.proposals[1].say, None);
}

#[tokio::test]
async fn time_and_chance_are_what_the_log_says() {
    let body = "t = now()\nn = random(below=10)\nfinish(f\"{t['iso'][:10]} {n['number']}\")";
    let mut story = Story::of(program(body));
    assert_eq!(story.done().await.0, "2026-03-20 4");
    for (call, line) in [
        ("from datetime import datetime\ndatetime.now()", 2),
        ("from datetime import date\ndate.today()", 2),
        ("import os\nos.getenv('HOME')", 2),
        ("open('/etc/passwd').read()", 1),
        ("from pathlib import Path\nPath('/etc/passwd').read_text()", 2),
    ] {
        ends(call, Limits::default(), Kind::InvalidInput, line, "is not available to a playbook: use").await;
    }
}

#[tokio::test]
async fn a_failed_call_is_an_exception_that_can_be_caught() {
    let body = "\
try:
    read_file('Downloads/gone')
except RuntimeError as e:
    finish(f'caught: {e}')
";
    assert_eq!(Story::of(program(body)).done().await.0, "caught: `Downloads/gone` is not there");
    ends("\nread_file('Downloads/gone')", Limits::default(), Kind::NotFound, 2, "`Downloads/gone` is not there").await;

    let body = "\
got = gather(later(read_file, 'Downloads/gone'), later(read_file, 'Downloads/a.txt'), return_exceptions=True)
finish(f\"{isinstance(got[0], Exception)} {got[0]} {got[1]['text']}\")
";
    let mut kept = Story::of(program(body)).text("Downloads/a.txt", "hello");
    assert_eq!(kept.done().await.0, "True `Downloads/gone` is not there hello");
    let body = "gather(later(read_file, 'Downloads/a.txt'), later(read_file, 'Downloads/gone'))";
    ends(body, Limits::default(), Kind::NotFound, 1, "is not there").await;
}

#[tokio::test]
async fn a_no_ends_the_task_unless_the_program_takes_it() {
    let call = "move_files([{'from': 'Downloads/a', 'to': 'Downloads/b'}])";
    let mut story = Story::of(program(&format!("step('Move it')\n{call}"))).answering(|_| Some(denied()));
    let error = story.fails().await;
    assert_eq!((error.kind, error.message.as_str()), (Kind::NotAllowed, "you said no to “Move it”"));
    let taken = format!("try:\n    {call}\nexcept PermissionError as e:\n    finish(f'fine: {{e}}')");
    let mut story = Story::of(program(&taken)).answering(|_| Some(denied()));
    assert_eq!(story.done().await.0, "fine: you said no to `move_files`");
    let by_rule = || Outcome::Denied {
        rule: "not-granted".to_owned(),
        reason: "`X` is not in one of the folders you allowed".to_owned(),
    };
    let error = Story::of(program(call)).answering(move |_| Some(by_rule())).fails().await;
    let why = "`move_files` is not allowed: `X` is not in one of the folders you allowed";
    assert_eq!((error.kind, error.message.as_str()), (Kind::NotAllowed, why));
}

#[tokio::test]
async fn in_plan_mode_it_stops_and_says_what_it_would_do() {
    let body = "try:\n    gather(later(set_aside, ['D/a']), later(set_aside, ['D/b']))\nexcept Exception:\n    pass\nfinish('went on')";
    let mut story =
        Story::of(program(body)).answering(|c| Some(withheld(&format!("set aside {}", c.args["paths"][0]))));
    let (summary, data) = story.done().await;
    assert_eq!(summary, "Would set aside \"D/a\" and set aside \"D/b\"; nothing was changed.");
    assert_eq!(data["would"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn every_limit_is_an_error_with_its_line() {
    use Kind::LimitExceeded as Over;
    let usual = Limits::default();
    ends("while True:\n    pass", short(), Over, 0, "the program ran for more than 0.3 s").await;
    let caught =
        "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass";
    ends(caught, short(), Over, 0, "the program ran for more than 0.3 s").await;
    ends("x = 1\nx = 7 ** (10 ** 9)", usual, Over, 2, "took more than 512 MiB").await;
    ends("x = [0] * 10 ** 9", usual, Over, 1, "took more than 512 MiB").await;
    ends("def f(n):\n    return f(n + 1)\nf(0)", usual, Over, 2, "it goes more than 200 deep").await;
    let few = Limits { calls: 3, pauses: 50, ..usual };
    ends("while True:\n    now()", few, Over, 2, "called more than 3 tools").await;
    ends("while True:\n    say('x')", few, Over, 2, "called more than 50 functions").await;
}

#[tokio::test]
async fn a_limit_without_a_line_names_the_loops() {
    let error = Story::within(program("x = 1\nwhile True:\n    x = 2"), short()).fails().await;
    assert_eq!(error.fix(), Some("look for a loop that does not end; it has loops in line 8"));
}

#[tokio::test]
async fn values_that_are_too_large_or_can_not_leave_are_refused() {
    let small = Limits { value: 10_000, ..Limits::default() };
    ends("find_text('Downloads', 'x' * 20000)", small, Kind::InvalidInput, 1, "the value is larger than 10000 bytes")
        .await;
    let mut big = Story::within(program("list_folder('Downloads')"), small)
        .answering(|_| Some(Outcome::Done { value: json!("x".repeat(20_000)), note: String::new() }));
    assert_eq!(big.fails().await.message, "what the tools gave is larger than 10000 bytes");
    for (value, why) in [
        ("{1, 2}", "a set has no order"),
        ("{1: 2}", "must be text"),
        ("float('nan')", "not a number"),
        ("10 ** 30", "use str"),
        ("b'x'", "use .decode()"),
        ("now", "can't leave the program"),
    ] {
        ends(&format!("finish('x', {value})"), Limits::default(), Kind::InvalidInput, 1, why).await;
    }
    let deep = "x = []\nfor i in range(100000):\n    x = [x]\nfinish('deep', x)";
    ends(deep, Limits::default(), Kind::InvalidInput, 4, "nested more than 64 deep").await;
}

#[tokio::test]
async fn what_this_python_lacks_is_named_with_its_line() {
    for (body, what) in [
        ("match 1:\n    case 1: pass", "pattern matching"),
        ("x = 1\ndel x", "del"),
        ("def f():\n    yield 1", "yield"),
        ("from os import *", "Wildcard"),
        ("x = (1,", ""),
        ("def f(:", ""),
        ("x = 1 +", ""),
    ] {
        let error = Story::of(program(body)).fails().await;
        assert_eq!(error.kind, Kind::InvalidInput, "{body}: {error:?}");
        let starts = error.message.starts_with("mine.py, line ");
        assert!(starts && error.message.contains(what), "{body}: {error:?}");
        assert!(error.fact("line").is_some() && error.fix().is_some(), "{body}: {error:?}");
    }
    ends("import random", Limits::default(), Kind::InvalidInput, 1, "No module named 'random'").await;
    ends("x = '%d' % 1", Limits::default(), Kind::InvalidInput, 1, "TypeError").await;
    ends("raise ValueError('the month is missing')", Limits::default(), Kind::InvalidInput, 1, "the month is missing")
        .await;
}

#[tokio::test]
async fn a_wrong_call_says_how_it_is_made() {
    for (call, why) in [
        ("list_files('D')", "name 'list_files' is not defined"),
        ("list_folder()", "list_folder() lacks `path`"),
        ("list_folder('D', 'E')", "list_folder() takes 1 arguments without a name"),
        ("list_folder('D', path='D')", "list_folder() got `path` twice"),
        ("list_folder('D', deep=True)", "list_folder() has no argument `deep`; it has: after, "),
        ("gather(list_folder('Downloads'))", "gather() takes calls that were put off"),
        ("later('list_folder')", "later() takes a tool without parentheses"),
        ("later(say, 'x')", "later() takes a tool, and `say` is none"),
        ("plan('Look')", "plan() takes a list of titles"),
        ("finish(1)", "finish() takes a text first"),
        ("folders('all')", "folders() takes \"read\" or \"write\""),
    ] {
        ends(call, Limits::default(), Kind::InvalidInput, 1, why).await;
    }
    let error = Story::of(program("raise ValueError('x\\x1b' * 10000000)")).fails().await;
    assert!(error.message.len() < 600 && !error.message.contains('\u{1b}'), "an error stays readable");
    let error = Story::of(program("list_files('D')")).fails().await;
    assert!(error.fix().unwrap().contains("list_folder"), "{error:?}");
}

#[tokio::test]
async fn a_steer_is_answered_never_followed() {
    let mut story = Story::of(program("list_folder('Downloads')\nnow()\nfinish('done')")).files(&["Downloads/a"]);
    let first = story.plan().await.unwrap();
    story.commit(first);
    story.steer("only the PDFs, please");
    let second = story.plan().await.unwrap();
    assert!(second.say.as_ref().unwrap().starts_with("A playbook can't take new instructions"), "{second:?}");
    story.commit(second);
    let third = story.plan().await.unwrap();
    assert_eq!(third.say, None, "it is said once");
}

#[tokio::test]
async fn a_running_program_can_be_cancelled() {
    let limits = Limits { time: Duration::from_secs(600), ..Limits::default() };
    let story = Story::of(program("while True:\n    pass"));
    let planner = PlaybookPlanner::new().unwrap().with_limits(limits);
    let cancel = CancellationToken::new();
    let (planned, ()) = tokio::join!(
        planner.plan(story.view(), PlanContext { cancel: cancel.clone(), ..PlanContext::default() }),
        async {
            tokio::task::yield_now().await;
            cancel.cancel();
        }
    );
    assert_eq!(planned.unwrap_err().kind, Kind::Cancelled);
}

#[tokio::test]
async fn many_tasks_at_once_do_not_disturb_each_other() {
    let body = "a = now()\nb = list_folder('Downloads')\nfinish(f\"{b['count']}\")";
    let plays = (0..20).map(|n| async move {
        let names: Vec<String> = (0..n).map(|i| format!("Downloads/{i}.txt")).collect();
        let mut story = Story::of(program(body)).files(&names.iter().map(String::as_str).collect::<Vec<_>>());
        story.put("Downloads/always", "file", 0);
        story.done().await.0
    });
    let mut done = Vec::new();
    for play in plays {
        done.push(play.await);
    }
    assert_eq!(done, (1..=20).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_end_with_a_value_of_its_own() {
    let (summary, data) = Story::of(program("{'files': 3, 'names': ('a', None, 1.5, True)}")).done().await;
    assert_eq!(
        (summary.as_str(), data),
        ("The playbook came to its end.", json!({ "files": 3, "names": ["a", null, 1.5, true] }))
    );
    assert!(matches!(Story::of(program("x = 1")).play().await, Finish::Done { .. }));
    let error: Error = Story::of(program("{1: 2}")).fails().await;
    assert_eq!(error.kind, Kind::InvalidInput);
}

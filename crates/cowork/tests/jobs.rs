//! Commands that go on: what they say is read bit by bit, and what they changed is decided on when they have ended, or when that is wanted.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a story that goes wrong ends")]

mod support;

use std::fs;

use cowork::{Answer, Mode};
use serde_json::{Value, json};

use support::{Place, values};

fn started(command: &str) -> (&'static str, Value) {
    ("shell", json!({ "command": command, "background": true }))
}

fn job(args: Value) -> (&'static str, Value) {
    let Value::Object(mut all) = args else { panic!("{args}") };
    all.insert("job".to_owned(), json!(1));
    ("job", Value::Object(all))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_goes_on_hears_and_is_heard() {
    let place = Place::new([
        started("echo begun; read line; echo \"$line\" > heard; echo done"),
        job(json!({ "input": "hello\n", "until": "done" })),
        job(json!({})),
        job(json!({})),
    ])
    .await;
    let values = place.values(Mode::Auto).await;
    assert_eq!(values[0], json!({ "job": 1, "output": "begun\n", "from": 0, "to": 6, "running": true }));
    assert_eq!((&values[1]["output"], &values[1]["from"], &values[1]["to"]), (&json!("done\n"), &json!(6), &json!(11)));
    // Its end comes right after its last word, or a little later.
    let kept: u64 = values.iter().filter_map(|value| value["changed"].as_u64()).sum();
    assert_eq!((kept, &values[3]["ended"]), (1, &json!(0)), "{values:?}");
    assert_eq!(fs::read_to_string(place.desk.join("heard")).unwrap(), "hello\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shell_at_a_terminal_remembers_and_what_it_did_is_kept_on_the_way() {
    let place = Place::new([
        ("shell", json!({ "command": "sh", "background": true, "terminal": true })),
        job(json!({ "input": "x=5; mkdir in; cd in\n" })),
        job(json!({ "input": "echo $((x * 2)) > ten; cat ten; tput setaf 1; pwd\n", "until": "/work/Desk/in\n" })),
        job(json!({ "keep": true, "seconds": 0 })),
        job(json!({ "input": "echo more >> ten; echo so $((1+1))\n", "until": "so 2" })),
        job(json!({ "end": true })),
    ])
    .await;
    let values = place.values(Mode::Auto).await;
    assert_eq!(values[0]["running"], true, "{}", values[0]);
    let said = values[2]["output"].as_str().unwrap();
    assert!(said.contains("10\n/work/Desk/in\n") && !said.contains('\u{1b}'), "{said:?}");
    assert_eq!(values[2]["changed"], Value::Null, "only when that is wanted: {}", values[2]);
    assert_eq!(values[3]["changed"], 2);
    assert_eq!((&values[5]["ended"], &values[5]["changed"]), (&json!("ended by signal 9"), &json!(1)), "{}", values[5]);
    assert_eq!(fs::read_to_string(place.desk.join("in/ten")).unwrap(), "10\nmore\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_says_very_much_is_no_trouble_and_ends_with_its_task() {
    let place = Place::new([
        started("yes; echo x"),
        job(json!({ "seconds": 1 })),
        ("job", json!({ "job": 7 })),
        ("shell", json!({ "command": "sh", "terminal": true })),
    ])
    .await;
    let task = place.submit(Mode::Auto).await;
    let ended = place.settled(task).await;
    let values = values(&ended);
    let (from, to) = (values[1]["from"].as_u64().unwrap(), values[1]["to"].as_u64().unwrap());
    assert_eq!((to - from, values[1]["output"].as_str().unwrap().len()), (256 << 10, 256 << 10));
    assert!(
        from > values[0]["to"].as_u64().unwrap(),
        "what was too much is left out, and can be told from the numbers"
    );
    assert!(values[2]["other"].as_str().unwrap().contains("there are: 1"), "{}", values[2]);
    assert!(values[3]["other"].as_str().unwrap().contains("only in the background"), "{}", values[3]);
    let layers = place.data.join("staged").join(task.to_string());
    while fs::read_dir(&layers).unwrap().count() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_does_not_read_or_says_all_the_time_can_be_ended() {
    let much = "x".repeat(32_000);
    let deaf = [started("echo begun; exec sleep 600"), job(json!({ "input": much, "seconds": 0 }))];
    let again = [
        job(json!({ "input": much, "seconds": 0 })),
        job(json!({ "input": much, "seconds": 0 })),
        job(json!({ "end": true })),
    ];
    let loud = ("shell", json!({ "command": "yes & yes & wait", "background": true }));
    let rest = [loud, ("job", json!({ "job": 2, "end": true }))];
    let values = Place::new([&deaf[..], &again, &rest].concat()).await.values(Mode::Auto).await;
    assert_eq!(values[4]["ended"], "ended by signal 9", "{}", values[4]);
    assert_eq!(values[6]["ended"], "ended by signal 9");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_whose_change_was_refused_is_ended() {
    let place = Place::new([
        started("echo x > new; echo begun; cat"),
        job(json!({ "keep": true, "seconds": 0 })),
        job(json!({})),
    ])
    .await;
    let task = place.submit(Mode::Ask).await;
    // To run it, to keep what it changed.
    for answer in [Answer::Allow, Answer::Deny] {
        place.answer(task, answer).await;
    }
    let values = values(&place.settled(task).await);
    assert!(values[1]["other"].as_str().unwrap().contains("nothing of it was kept"), "{}", values[1]);
    assert!(values[2]["other"].as_str().unwrap().contains("was not kept"), "{}", values[2]);
    assert!(!place.desk.join("new").exists());
}

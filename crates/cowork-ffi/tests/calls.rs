//! An engine and a host with one thread, which call each other by numbers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

mod support;

use std::{
    cell::RefCell,
    collections::VecDeque,
    sync::{Arc, mpsc},
    time::Duration,
};

use cowork_ffi::{Calls, Kind, Result, Wanted};
use serde_json::{Value, json};
use support::{looks, planner};

/// Long enough for any machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A host: it takes what is wanted when it is woken.
struct Host {
    calls: Arc<Calls>,
    woken: mpsc::Receiver<()>,
    taken: RefCell<VecDeque<Wanted>>,
}

impl Host {
    fn open() -> Self {
        Self::with(&json!({ "builtin_tools": "none" }))
    }

    fn with(config: &Value) -> Self {
        let (wake, woken) = mpsc::channel();
        let parts = [("planner", planner("p")), ("tool", looks("it"))];
        let parts = parts.map(|(kind, declaration)| (kind.to_owned(), declaration)).to_vec();
        let wake = move || _ = wake.send(());
        Self { calls: Calls::open(&config.to_string(), parts, wake).unwrap(), woken, taken: RefCell::default() }
    }

    /// Waits until something is wanted.
    fn next(&self) -> Wanted {
        loop {
            if let Some(wanted) = self.taken.borrow_mut().pop_front() {
                return wanted;
            }
            self.woken.recv_timeout(PATIENCE).unwrap();
            self.take();
        }
    }

    fn take(&self) {
        self.taken.borrow_mut().extend(self.calls.take());
    }

    /// Gives what is there at once.
    fn begun(&self) -> Wanted {
        self.take();
        self.taken.borrow_mut().pop_front().unwrap()
    }

    fn begin(&self, number: i64, operation: &str, args: &Value) {
        self.calls.begin(number, operation, args.to_string()).unwrap();
    }

    /// Has a task submitted, and gives its name and the planner's first call.
    fn submitted(&self) -> (Value, i64) {
        self.begin(1, "submit", &json!({ "text": "go" }));
        let (mut task, mut called) = (Value::Null, None);
        while called.is_none() || task.is_null() {
            match self.next() {
                Wanted::Done(1, came) => task = serde_json::from_str(&came.unwrap()).unwrap(),
                Wanted::Call(number, 0, _) => called = Some(number),
                other => panic!("{other:?}"),
            }
        }
        (task, called.unwrap())
    }

    /// Does what functions are called for, a call of the tool and then the end, until a call of ours is done.
    fn done(&self) -> (i64, Result<Value>) {
        loop {
            match self.next() {
                Wanted::Done(number, came) => return (number, came.map(|json| serde_json::from_str(&json).unwrap())),
                Wanted::Call(number, 0, input) => {
                    let is_first = input.contains(r#""turns":[]"#);
                    let end = json!({ "finish": { "end": "done", "summary": "Done." } });
                    let plan = if is_first { json!({ "calls": [{ "tool": "it", "args": {} }] }) } else { end };
                    self.calls.gave_elsewhere(number, Ok(plan.to_string()));
                }
                Wanted::Call(number, ..) => self.calls.gave_elsewhere(number, Ok(r#"{"value":1}"#.to_owned())),
                Wanted::Drop(_) => {}
            }
        }
    }

    /// Gives what a function gave, and what is wanted next.
    fn gave(&self, number: i64, given: &Value) -> Wanted {
        if self.calls.gave(number, Ok(given.to_string())) {
            self.take();
        }
        self.next()
    }
}

#[test]
fn a_thread_that_gives_and_takes_comes_to_the_end() {
    const STEPS: usize = 200;
    let host = Host::open();
    let (task, mut number) = host.submitted();
    host.begin(2, "settled", &json!({ "task": task }));
    for step in 0..STEPS {
        let Wanted::Call(tool, 1, input) = host.gave(number, &json!({ "calls": [{ "tool": "it", "args": {} }] }))
        else {
            panic!("no call of the tool")
        };
        assert_eq!(serde_json::from_str::<Value>(&input).unwrap()["attempt"], 1);
        let Wanted::Call(next, 0, input) = host.gave(tool, &json!({ "value": step })) else { panic!("no plan") };
        let seen: Value = serde_json::from_str(&input).unwrap();
        assert_eq!(seen["task"]["turns"][step]["calls"][0]["outcome"]["value"], step);
        number = next;
    }
    let Wanted::Done(2, Ok(state)) = host.gave(number, &json!({ "finish": { "end": "done", "summary": "Done." } }))
    else {
        panic!("no end")
    };
    let state: Value = serde_json::from_str(&state).unwrap();
    assert_eq!((&state["status"], state["turns"].as_array().map(Vec::len)), (&json!("done"), Some(STEPS + 1)));
}

#[test]
fn what_nobody_wants_any_more_is_told_and_its_answer_goes_nowhere() {
    let host = Host::open();
    let (task, number) = host.submitted();
    host.begin(2, "cancel", &json!({ "task": task }));
    let (mut dropped, mut cancelled) = (false, false);
    while !(dropped && cancelled) {
        match host.next() {
            Wanted::Drop(of) => dropped = of == number,
            Wanted::Done(2, came) => cancelled = came.is_ok(),
            other => panic!("{other:?}"),
        }
    }
    assert!(!host.calls.gave(number, Ok("null".to_owned())));
    assert!(host.calls.tell(number).is_none());
    host.calls.gave_elsewhere(number, Ok("null".to_owned()));
}

#[test]
fn what_a_loop_took_is_lost_with_it_and_what_it_gave_up_or_left_is_called_by_the_next() {
    let host = Host::open();
    let (task, number) = host.submitted();
    // It was taken, so it goes back before the loop is known to have ended.
    host.calls.again(number, 0, "{}".to_owned());
    host.calls.lose();
    let Wanted::Call(again, 0, _) = host.next() else { panic!("no plan") };
    assert_eq!(again, number);

    host.begin(2, "finished", &json!({ "task": task }));
    host.calls.lose();
    let Wanted::Done(2, Err(error)) = host.next() else { panic!("no end") };
    assert_eq!(error.kind, Kind::Unavailable);
    assert!(error.message.contains("is closed"), "{error}");
    // Nobody waits for it any more.
    host.calls.again(number, 0, "{}".to_owned());
    assert!(host.calls.take().is_empty());
}

#[test]
fn calls_are_done_under_their_numbers_and_streams_are_known_by_them() {
    let host = Host::open();
    host.begin(1, "events", &json!({}));
    let Wanted::Done(1, Ok(begun)) = host.begun() else { panic!("it is there at once") };
    assert_eq!(begun, "null");
    let (_, number) = host.submitted();
    host.begin(3, "next", &json!(1));
    let (number_of_next, items) = host.done();
    assert_eq!((number_of_next, &items.unwrap()[0]["event"]["type"]), (3, &json!("thread_opened")));
    host.begin(4, "events", &json!({ "after": 1_000 }));
    let Wanted::Done(4, Ok(_)) = host.begun() else { panic!("it is there at once") };
    host.begin(5, "next", &json!(4));
    host.calls.leave(4);
    let (number_of_end, end) = host.done();
    assert_eq!((number_of_end, end.unwrap()), (5, Value::Null));
    host.begin(6, "next", &json!(4));
    assert_eq!(host.done().1.unwrap(), Value::Null, "it is known no more");
    host.begin(7, "fly", &json!({}));
    assert_eq!(host.done().1.unwrap_err().kind, Kind::NotFound);
    host.calls.leave(77);
    host.calls.gave_elsewhere(number, Ok(json!({ "finish": { "end": "done", "summary": "Done." } }).to_string()));
    host.begin(8, "close", &Value::Null);
    assert_eq!(host.done().1.unwrap(), Value::Null);
    assert!(host.calls.handle().is_closed());
}

#[test]
fn a_stream_of_views_ends_with_its_task_and_what_is_left_is_not_told() {
    let host = Host::open();
    let (task, number) = host.submitted();
    host.begin(2, "settled", &json!({ "task": task }));
    host.calls.leave(2);
    host.begin(3, "views", &json!({ "task": task }));
    assert_eq!(host.done().0, 3, "nothing is told of what was left");
    host.calls.gave_elsewhere(number, Ok(json!({ "finish": { "end": "done", "summary": "Done." } }).to_string()));
    let mut seen = Vec::new();
    loop {
        host.begin(4, "next", &json!(3));
        match host.done() {
            (4, Ok(Value::Array(views))) => seen.extend(views),
            (4, Ok(Value::Null)) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seen.last().unwrap()["status"], "done");
}

#[test]
fn a_task_that_is_run_is_given_at_its_end_and_thrown_as_its_failure() {
    let host = Host::open();
    host.begin(1, "run", &json!({ "text": "go" }));
    let (number, came) = host.done();
    assert_eq!((number, &came.unwrap()["result"]["summary"]), (1, &json!("Done.")));
    host.begin(2, "run", &json!({ "text": "go" }));
    let Wanted::Call(plan, 0, _) = host.next() else { panic!("no plan") };
    host.calls.gave_elsewhere(plan, Ok(json!({ "finish": { "end": "done", "summary": 7 } }).to_string()));
    assert_eq!(host.done().1.unwrap_err().kind, Kind::InvalidInput);
    host.begin(3, "run", &json!({ "text": "" }));
    assert_eq!(host.done().1.unwrap_err().kind, Kind::InvalidInput);
}

#[test]
fn who_leaves_a_task_that_is_run_or_cancels_it_has_it_cancelled_even_if_the_engine_is_closed_at_once() {
    for (leaves, cancels) in [(true, false), (false, false), (false, true)] {
        let place = tempfile::tempdir().unwrap();
        let config = json!({ "builtin_tools": "none", "data_dir": place.path() });
        let host = Host::with(&config);
        host.begin(1, "run", &json!({ "text": "go" }));
        let Wanted::Call(_, 0, input) = host.next() else { panic!("no plan") };
        let task = serde_json::from_str::<Value>(&input).unwrap()["task"]["id"].clone();
        if leaves {
            host.calls.leave(1);
        }
        if cancels {
            host.begin(3, "cancel", &json!({ "task": task }));
        }
        host.begin(2, "close", &Value::Null);
        let (mut told, mut closed) = (None, false);
        while !closed {
            match host.next() {
                Wanted::Done(1, came) => told = Some(came.unwrap_err().kind),
                Wanted::Done(2, came) => closed = came.is_ok(),
                Wanted::Done(_, came) => assert_eq!(came.unwrap(), "null"),
                _ => {}
            }
        }
        assert_eq!(told, (!leaves).then_some(Kind::Cancelled));
        let host = Host::with(&config);
        host.begin(1, "tasks", &json!({}));
        let status = host.done().1.unwrap()[0]["status"].clone();
        assert_eq!(status == "cancelled", leaves || cancels, "{status}");
    }
}

#[test]
fn who_leaves_before_the_task_has_a_name_keeps_no_engine_from_closing() {
    for _ in 0..50 {
        let host = Host::open();
        host.begin(1, "run", &json!({ "text": "go", "thread": "here" }));
        host.calls.leave(1);
        host.begin(2, "close", &Value::Null);
        while !matches!(host.next(), Wanted::Done(2, Ok(_))) {}
    }
}

#[test]
fn who_leaves_a_task_whose_name_nobody_got_has_it_cancelled_and_who_has_it_may_leave() {
    for has_name in [false, true] {
        let host = Host::open();
        let (task, plan) = host.submitted();
        assert!(host.calls.is_wanted(plan));
        if has_name {
            host.calls.got(1);
        }
        host.calls.leave(1);
        host.begin(2, "settled", &json!({ "task": task }));
        if has_name {
            let end = json!({ "finish": { "end": "done", "summary": "Done." } });
            host.calls.gave_elsewhere(plan, Ok(end.to_string()));
        }
        let (number, ended) = host.done();
        assert_eq!((number, &ended.unwrap()["status"]), (2, &json!(if has_name { "done" } else { "cancelled" })));
        assert!(!host.calls.is_wanted(plan));
    }
}

#[test]
fn who_leaves_a_task_whose_name_nobody_got_has_it_cancelled_even_if_the_engine_is_closed_at_once() {
    let place = tempfile::tempdir().unwrap();
    let config = json!({ "builtin_tools": "none", "data_dir": place.path() });
    let host = Host::with(&config);
    host.submitted();
    host.calls.leave(1);
    host.begin(2, "close", &Value::Null);
    while !matches!(host.next(), Wanted::Done(2, Ok(_))) {}
    let host = Host::with(&config);
    host.begin(1, "tasks", &json!({}));
    assert_eq!(host.done().1.unwrap()[0]["status"], "cancelled");
}

#[test]
fn what_is_written_down_soon_is_so_before_the_engine_is_closed() {
    for _ in 0..20 {
        let place = tempfile::tempdir().unwrap();
        let config = json!({ "builtin_tools": "none", "data_dir": place.path() });
        let host = Host::with(&config);
        host.begin(1, "open", &json!({ "thread": "letters" }));
        host.begin(2, "close", &Value::Null);
        while !matches!(host.next(), Wanted::Done(2, Ok(_))) {}
        let host = Host::with(&config);
        host.begin(1, "threads", &json!({}));
        assert_eq!(host.done().1.unwrap().as_array().map(Vec::len), Some(1));
    }
}

#[test]
fn once_it_is_being_closed_nothing_more_is_begun_and_who_leaves_does_not_keep_it_open() {
    let host = Host::open();
    (1..=100).for_each(|number| host.begin(number, "submit", &json!({ "text": "go" })));
    host.begin(200, "close", &Value::Null);
    host.begin(201, "submit", &json!({ "text": "go" }));
    host.calls.leave(200);
    let mut submitted = 0;
    loop {
        match host.next() {
            Wanted::Done(201, came) => {
                assert_eq!(came.unwrap_err().kind, Kind::Cancelled);
                break;
            }
            Wanted::Done(..) => submitted += 1,
            _ => {}
        }
    }
    let wait = tokio::runtime::Builder::new_current_thread().build().unwrap();
    wait.block_on(host.calls.close()).unwrap();
    assert!(host.calls.handle().is_closed());
    while submitted < 100 {
        if let Wanted::Done(_, came) = host.next() {
            came.unwrap();
            submitted += 1;
        }
    }
}

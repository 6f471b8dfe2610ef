#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

use serde_json::{Value, json};

use super::*;

const ID: &str = "0193f0a2-7b7c-7000-8000-000000000001";
const CALL: &str = "0193f0a2-7b7c-7000-8000-000000000002";
const EVIL: &str = "<script>alert('&\"')</script>";

/// A task as a host has it, with this besides.
fn state(more: &Value) -> TaskState<'static> {
    let mut state = json!({
        "id": ID, "thread": ID, "status": "running", "submit": { "text": "Sum  up\n the files" }, "at": 0, "last_at": 0, "head": 1,
        "turns": [], "plan": [], "steers": [], "label": {}, "undo": { "state": "none" },
        "spent": { "usage": {}, "cost": 0, "answers": 0, "time": { "secs": 0, "nanos": 0 }, "open": [] },
    });
    for (name, value) in more.as_object().unwrap() {
        state[name] = value.clone();
    }
    serde_json::from_value(state).unwrap()
}

fn call(stage: &str, more: &Value) -> Value {
    let mut call =
        json!({ "id": CALL, "tool": "look", "args": { "path": "a.txt", "n": [1] }, "stage": stage, "attempt": 1 });
    for (name, value) in more.as_object().unwrap() {
        call[name] = value.clone();
    }
    json!([{ "say": "I look.", "calls": [call] }])
}

fn drawn(state: &TaskState<'_>) -> String {
    let html = html::picture(state, &Between::default());
    let (style, html) = html.split_once("</style>").unwrap();
    assert!(style.starts_with("<style>\n.cowork{"));
    html.to_owned()
}

#[test]
fn a_picture_has_the_plan_the_calls_and_what_was_said() {
    let plan = json!([
        { "title": "Look", "state": "done", "detail": "3 files" }, { "title": "Sum up", "state": "active" },
        { "title": "Tidy", "state": "pending" }, { "title": "Print", "state": "skipped" },
    ]);
    let turns = call("finished", &json!({ "outcome": { "end": "done", "value": 7, "note": "seven" } }));
    assert_eq!(
        drawn(&state(&json!({ "plan": plan, "turns": turns }))),
        "<div class=cowork><div class=head><b>Sum up the files</b><span class='pill busy'>running</span></div>\
         <ul class=plan><li class=done><i>●</i>Look<small>3 files</small></li><li class=active><i>◐</i>Sum up<small></small></li>\
         <li class=pending><i>○</i>Tidy<small></small></li><li class=skipped><i>–</i>Print<small></small></li></ul>\
         <ul class=calls><li class=done><i>✓</i><code>look</code> <small>seven</small></li></ul>\
         <p class=said>I look.</p></div>"
    );
}

#[test]
fn what_comes_from_elsewhere_is_escaped_wherever_it_is() {
    let outcomes = [
        json!({ "end": "failed", "error": { "kind": "internal", "op": EVIL, "message": EVIL } }),
        json!({ "end": "denied", "rule": EVIL, "reason": EVIL }),
        json!({ "end": "done", "value": EVIL, "note": EVIL }),
    ];
    let mut turns: Vec<Value> =
        outcomes.map(|outcome| call("finished", &json!({ "tool": EVIL, "outcome": outcome }))[0].clone()).into();
    turns.push(call("started", &json!({ "tool": EVIL, "args": { EVIL: EVIL, "more": [EVIL] } }))[0].clone());
    turns[3]["say"] = EVIL.into();
    let state = state(&json!({
        "submit": { "text": EVIL }, "plan": [{ "title": EVIL, "state": "active", "detail": EVIL }], "turns": turns,
        "result": { "end": "done", "summary": EVIL },
    }));
    let mut between = Between::default();
    let progress = DeltaKind::Progress { done: 1, total: 2, note: EVIL.to_owned() };
    between.take(Some(CALL.parse().unwrap()), &progress);
    for html in [html::picture(&state, &between), picture(EVIL, None).unwrap()] {
        let (_, html) = html.split_once("</style>").unwrap();
        assert!(!html.contains("<script"), "{html}");
        assert!(html.contains("&lt;script&gt;alert(&#x27;&amp;&quot;&#x27;)&lt;/script&gt;"), "{html}");
    }
}

#[test]
fn how_far_a_call_is_stands_below_it_while_it_runs() {
    let cases = [
        ((1, 2, "half"), "started", Some(("width:50%", "half"))),
        ((9, 2, ""), "started", Some(("width:100%", ""))),
        ((3, 0, "at it"), "started", Some(("width:0%", "at it"))),
        ((3, 0, ""), "started", None),
        ((u64::MAX, u64::MAX, "all"), "started", Some(("width:1%", "all"))),
        ((1, 2, "half"), "finished", None),
    ];
    for ((done, total, note), stage, shown) in cases {
        let mut between = Between::default();
        between.take(Some(CALL.parse().unwrap()), &DeltaKind::Progress { done, total, note: note.to_owned() });
        let html = html::picture(&state(&json!({ "turns": call(stage, &json!({})) })), &between);
        assert_eq!(html.contains("<div class=bar>"), shown.is_some(), "{done} {total} {note} {stage}");
        if let Some((width, note)) = shown {
            assert!(html.contains(&format!("{width}'></u></div><small>{note}</small>")), "{html}");
        }
    }
}

#[test]
fn what_is_being_said_takes_the_place_of_what_was() {
    let mut between = Between::default();
    let text = |text: &str| DeltaKind::Text { text: text.to_owned() };
    let state = state(&json!({ "turns": call("finished", &json!({})) }));
    for (what, said) in [
        (None, "I look."),
        (Some(text("Well, ")), "Well,"),
        (Some(text("then")), "Well, then"),
        (Some(DeltaKind::Restarted), "I look."),
        (Some(DeltaKind::Thinking { text: "hm".to_owned() }), "I look."),
    ] {
        what.iter().for_each(|what| between.take(None, what));
        assert!(html::picture(&state, &between).contains(&format!("<p class=said>{said}</p>")), "{said}");
    }
}

#[test]
fn a_line_says_how_it_stands() {
    let failed = json!({ "end": "failed", "error": { "kind": "full", "op": "", "message": "no room" } });
    for (status, result, text) in [
        ("running", Value::Null, "running"),
        ("waiting", Value::Null, "waiting: It waits for an answer."),
        ("done", json!({ "end": "done", "summary": "Two regions." }), "done: Two regions."),
        ("failed", failed, "failed: no room"),
        ("cancelled", json!({ "end": "cancelled" }), "cancelled"),
    ] {
        let state = state(&json!({ "status": status, "result": result }));
        assert_eq!(lines::text(&state), text);
        assert_eq!(drawn(&state).contains("<p class='end "), text.contains(':'));
    }
}

#[test]
fn a_call_is_told_by_what_came_of_it_or_what_it_is_about() {
    let long = "x".repeat(200);
    let error = json!({ "kind": "internal", "op": "", "message": long });
    for (stage, more, line) in [
        ("finished", json!({ "outcome": { "end": "done", "value": 1 } }), "✓ look [1], a.txt".to_owned()),
        ("finished", json!({ "outcome": { "end": "done", "value": 1, "note": "one" } }), "✓ look one".to_owned()),
        ("finished", json!({ "outcome": { "end": "failed", "error": error } }), format!("✗ look {}…", &long[..120])),
        (
            "finished",
            json!({ "outcome": { "end": "denied", "rule": "answer", "reason": "no" } }),
            "⊘ look no".to_owned(),
        ),
        ("finished", json!({ "args": {}, "outcome": { "end": "done", "value": 1 } }), "✓ look".to_owned()),
        (
            "finished",
            json!({ "args": long, "outcome": { "end": "done", "value": 1 } }),
            format!("✓ look {}…", &long[..80]),
        ),
    ] {
        assert_eq!(lines::all(&state(&json!({ "turns": call(stage, &more) }))), [line]);
    }
    let asked = state(&json!({ "turns": call("asked", &json!({})) }));
    assert_eq!(lines::all(&asked), [""; 0]);
    assert!(
        drawn(&asked).contains("<li class=asked><i>◐</i><code>look</code> <small>waits for an answer</small></li>")
    );
}

#[test]
fn only_the_last_calls_are_drawn_and_all_are_told() {
    let done = json!({ "outcome": { "end": "done", "value": 1 } });
    let turns: Vec<Value> = (0..20).map(|_| call("finished", &done)[0].clone()).collect();
    let state = state(&json!({ "turns": turns }));
    assert_eq!((drawn(&state).matches("<li ").count(), lines::all(&state).len()), (8, 20));
}

#[test]
fn its_foot_says_what_it_changed_and_what_it_took() {
    let spent = json!({
        "usage": { "input": 1_234_567, "output": 4 }, "cost": 1_020_399, "answers": 3, "time": { "secs": 0, "nanos": 0 }, "open": [],
    });
    let files = json!({ "made": 2, "moved": 1 });
    let state = state(&json!({ "spent": spent, "files": files }));
    let foot = "<div class=foot>2 made · 1 moved · 3 answers, 1,234,571 tokens · $1.0204</div>";
    assert!(drawn(&state).contains(foot), "{}", drawn(&state));
}

#[test]
fn a_text_is_cut_between_characters() {
    for (text, begins, ends) in [
        ("", "", ""),
        ("ab", "ab", "ab"),
        ("añb", "añb", "añb"),
        ("añ😀b", "añ😀…", "…ñ😀b"),
        (" a \n b ", "a b", "a b"),
    ] {
        assert_eq!((lines::short(text, 3), lines::short_end(text, 3)), (begins.to_owned(), ends.to_owned()));
    }
}

#[test]
fn a_task_as_a_host_has_it_is_drawn_again_and_nothing_else_is() {
    let known = state(&json!({ "status": "done" }));
    let html = picture(ID, Some(&text::write(&known).unwrap())).unwrap();
    assert!(html.contains("<span class='pill good'>done</span>"));
    assert!(picture(ID, None).unwrap().contains(&format!("<b>Task {ID}</b>")));
    for odd in ["", "[]", "{}", r#"{"id": 1}"#] {
        assert_eq!(picture(ID, Some(odd)).unwrap_err().kind, cowork::Kind::InvalidInput, "{odd}");
    }
}

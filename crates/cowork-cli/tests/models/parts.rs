//! Parts of a task that are worked on by themselves: seen while they are, shown, asked for, undone.

use cowork_testkit::{
    MockService,
    service::{Ask, Part, Reply},
};
use serde_json::json;

use crate::{
    KEY, TASK, fits, settings,
    support::{Place, terminal::Terminal},
};

const PAPERS: &str = "Put the papers about the flat into Flat, and say which";
const PICTURES: &str = "Put the pictures into Pictures, and say which";

/// Has two parts done side by side, and says so.
fn delegates(ask: &Ask) -> Reply {
    let moves = |name: &str, to: &str| json!({ "moves": [{ "from": format!("Downloads/{name}"), "to": format!("Downloads/{to}/{name}") }] });
    let begins = ask.body["messages"].as_array().unwrap().iter().find(|m| m["role"] == "user").unwrap().to_string();
    let (name, to) = if begins.contains(PAPERS) { ("a.pdf", "Flat") } else { ("b b.jpg", "Pictures") };
    match (begins.contains(PAPERS) || begins.contains(PICTURES), ask.turns) {
        (true, 0) => Reply::turn([Part::Text(format!("I move {name}.")), Part::call("move_files", moves(name, to))]),
        (true, _) => Reply::text(&format!("{name} is in {to} now.")),
        (false, 0) => Reply::turn([
            Part::Text("These are two things.".into()),
            Part::call("delegate", json!({ "title": "Papers", "task": PAPERS })),
            Part::call("delegate", json!({ "title": "Pictures", "task": PICTURES })),
        ]),
        (false, _) => Reply::text("Papers and pictures are sorted."),
    }
}

pub(crate) fn service() -> MockService {
    MockService::builder(delegates).with_key(KEY).start()
}

/// Gives the ids of the parts, by what they are to do.
fn part(place: &Place, text: &str) -> String {
    let is_it = |r: &&serde_json::Value| r["event"]["command"]["text"] == text;
    place.log().iter().find(is_it).unwrap()["task"].as_str().unwrap().to_owned()
}

#[test]
fn parts_are_listed_with_their_costs_shown_by_themselves_and_undone_one_by_one() {
    let (place, service) = (Place::with_files(), service());
    let before = place.tree();
    settings(&place, "anthropic", &service.url(), "price = { input = 3, output = 15 }");
    let said = place.ask(&["--mode", "auto", TASK]).ends(0).says("Papers and pictures are sorted.");
    fits(&said.out);
    said.says("Parts:").says("(2 parts of it, asked 4 times)");
    assert!(place.folder.join("Flat/a.pdf").exists() && place.folder.join("Pictures/b b.jpg").exists());
    let (papers, pictures, whole) = (part(&place, PAPERS), part(&place, PICTURES), place.last_task());
    let short = |id: &str| id[id.len() - 6..].to_owned();
    let shown = place.cowork(&["show"]).ends(0).says("Parts").says(&short(&papers)).says(&short(&pictures));
    fits(&shown.out);
    shown.says("tokens, $0.0").says("cowork undo PART");
    let shown = place.cowork(&["show", &short(&papers)]).ends(0).says(&format!("part of {}", short(&whole)));
    fits(&shown.out);
    let shown = shown.says("a.pdf is in Flat now.").says("move_files");
    assert!(!shown.out.contains("b b.jpg"), "only what it did itself: {}", shown.out);
    place.cowork(&["show", &papers, "--changes"]).ends(0).says("a.pdf");
    let tasks = place.cowork(&["tasks"]).ends(0);
    assert!(!tasks.out.contains(&short(&papers)), "a list has whole tasks: {}", tasks.out);

    place.cowork(&["undo", &short(&pictures), "--show"]).ends(0).says("b b.jpg").says("--call");
    place.cowork(&["undo", &short(&pictures), "--yes"]).ends(0).says("given back");
    assert!(place.folder.join("b b.jpg").exists() && place.folder.join("Flat/a.pdf").exists());
    place.cowork(&["undo", "--yes"]).ends(0);
    assert_eq!(place.tree(), before);
}

#[test]
fn what_a_part_asks_is_answered_in_another_process_and_all_goes_on() {
    let (place, service) = (Place::with_files(), service());
    settings(&place, "openai", &service.url(), "");
    place.ask(&[TASK]).ends(3).says("cowork answer");
    let asks = place.log().into_iter().filter(|r| r["event"]["type"] == "permission_asked");
    let calls: Vec<String> = asks.map(|r| r["event"]["call"].as_str().unwrap().to_owned()).collect();
    assert_eq!(calls.len(), 2, "each part asks by itself");
    let shown = place.cowork(&["show", &part(&place, PAPERS)]).ends(0).says("cowork answer");
    fits(&shown.out);
    place.keyed(&["answer", &calls[0], "allow"]);
    place.keyed(&["answer", &calls[1], "deny"]);
    place.keyed(&["resume"]);
    let tasks = place.cowork(&["tasks", "--json"]).records();
    assert_eq!(tasks[0]["status"], "done", "{tasks:?}");
    let moved = [place.folder.join("Flat/a.pdf").exists(), place.folder.join("Pictures/b b.jpg").exists()];
    assert_eq!(moved.iter().filter(|m| **m).count(), 1, "one was allowed, the other was not");
}

#[test]
fn on_a_terminal_each_part_and_what_it_asks_is_seen() {
    let (place, service) = (Place::with_files(), service());
    settings(&place, "anthropic", &service.url(), "");
    let folder = place.folder.to_str().unwrap().to_owned();
    let mut terminal = Terminal::run(&place, &["run", "--folder", &folder, TASK], &[("MOCK_KEY", KEY)]);
    let asks = |t: &str, part: &str| {
        t.contains(&format!("The part \u{201c}{part}\u{201d} wants"))
            || t.contains(&format!("The part \"{part}\" wants"))
    };
    let each_has_a_line = |t: &str| t.contains("waits for your answer");
    let is_asked = |t: &str| asks(t, "Papers") || asks(t, "Pictures");
    let text = terminal.shows("a part's question", |t| is_asked(t) && each_has_a_line(t));
    fits(&text);
    let next = if asks(&text, "Papers") { "Pictures" } else { "Papers" };
    terminal.press("y");
    fits(&terminal.shows("the other's question", |t| asks(t, next)));
    terminal.press("y");
    terminal.until("Papers and pictures are sorted.");
    assert_eq!(terminal.end().code(), Some(0));
}

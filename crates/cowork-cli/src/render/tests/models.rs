//! Runs that a model plans.

use cowork::{
    AskId, Call, Decision, Delta, DeltaKind, Error, Event, FilesReport, Finish, Kind, Mode, Outcome, StepState,
    ThreadId, Timestamp, Usage,
};
use serde_json::{Value, json};

use super::{Story, call_id, look, pipe, task, written};
use crate::{
    look::Look,
    render::{frame::frame, screen::Details},
};

fn ask_id(n: u8) -> AskId {
    format!("01993a2b-0000-7000-8000-0000000000{n:02}").parse().unwrap()
}

impl Story {
    fn asked(&mut self, n: u8) -> &mut Self {
        let most = serde_json::from_value(json!({ "tokens": 20_000, "cost": 200_000 })).unwrap();
        let (model, at) = ("sonnet".to_owned(), "api.anthropic.com".to_owned());
        self.then(4, Event::ModelAsked { ask: ask_id(n), model, at, purpose: "plan".into(), most })
    }

    fn answered(&mut self, n: u8, usage: Usage, tries: u32, error: Option<Error>) -> &mut Self {
        let cost = Some(usage.input * 3 + usage.output * 15 + usage.cache_read * 3 / 10);
        self.then(2_400, Event::ModelAnswered { ask: ask_id(n), usage, cost, tries, error })
    }

    fn hears(&mut self, what: DeltaKind) -> &mut Self {
        self.now += 100;
        let delta = Delta { thread: ThreadId::named("main"), task: task(), call: None, what };
        self.screen.delta(&delta, Timestamp::from_millis(self.now));
        self.piped.extend(self.plain.news(&self.screen, &pipe(), Timestamp::from_millis(self.now)));
        self
    }
}

fn thinking(text: &str) -> DeltaKind {
    DeltaKind::Thinking { text: text.into() }
}

fn text(text: &str) -> DeltaKind {
    DeltaKind::Text { text: text.into() }
}

fn begun() -> Story {
    let mut story = Story::of("Bring the papers about the flat together", Mode::Auto);
    story.asked(1).hears(thinking(
        "They want the papers about the flat. I should look at what is there before I decide anything about it.",
    ));
    story
}

fn moved(story: &mut Story) {
    use StepState::{Active, Done};
    let usage = Usage { input: 4_120, output: 310, thinking: 40, ..Usage::default() };
    story.hears(text("I look at what is there.")).hears(DeltaKind::Calling { tool: "list_folder".into() });
    story.answered(1, usage, 1, None);
    let call = Call { id: call_id(), tool: "list_folder".into(), args: json!({ "path": "Downloads" }).into() };
    story.then(
        1,
        Event::Decided(
            Decision { say: Some("I look at what is there.".into()), calls: vec![call], ..Decision::default() }.into(),
        ),
    );
    story.finish(12, Outcome::Done { value: json!({}), note: "6 files listed".into() });
    story.decide(1, &[("Look at the papers", Done, "6 files"), ("Bring them together", Active, "")], None);
    story.asked(2).hears(text("Two of these belong to the flat: the lease, and its annex. I bring them into a folder of their own, and leave the others where they are."));
}

#[test]
fn what_a_model_thinks_and_writes_is_seen_as_it_comes() {
    let mut story = begun();
    story.screen.details = Details::Folded;
    let thinks = story.frame(&look(80));
    story.hears(DeltaKind::Retrying {
        tries: 2,
        wait_ms: 4_000,
        why: "api.anthropic.com can't answer now: Overloaded".into(),
    });
    let again = story.frame(&look(80));
    moved(&mut story);
    let writes = story.frame(&look(80));
    story.screen.details = Details::Unfolded;
    let unfolded = story.frame(&look(80));
    insta::assert_snapshot!("model_runs", [thinks, again, writes, unfolded].join("────\n"));
    for width in 1..120 {
        for height in [1, 4, 9, 24] {
            let look = Look { height, ..look(width) };
            let lines = frame(&story.screen, &look, Timestamp::from_millis(story.now));
            assert!(lines.iter().all(|l| l.width() <= width.saturating_sub(1)), "{width} columns");
            assert!(lines.len() < height.max(4), "{height} rows at {width}: {}", lines.len());
        }
    }
}

#[test]
fn the_end_says_what_went_where_and_what_it_cost() {
    let mut story = begun();
    moved(&mut story);
    let usage = Usage { input: 260, output: 95, cache_read: 4_430, ..Usage::default() };
    let error = Error::new(Kind::Unavailable, "ask model", "api.anthropic.com can't answer now: Overloaded");
    story.answered(2, usage, 3, None).asked(3).answered(3, Usage::default(), 8, Some(error));
    let report = FilesReport { made: 1, moved: 2, unnamed: 3, ..FilesReport::default() };
    story.then(1, Event::FilesChecked { report });
    story.then(
        0,
        Event::TaskFinished {
            result: Finish::Done { summary: "I brought a.pdf and d.pdf into Flat.".into(), data: Value::Null },
        },
    );
    let steps = written(&story.screen.answers.listed(&look(80)), &look(80));
    insta::assert_snapshot!("model_end", [story.end(&look(80)), steps, story.piped()].join("────\n"));
}

fn finished(story: &mut Story) -> String {
    let summary = "I brought a.pdf and d.pdf into Flat.".to_owned();
    story.then(1, Event::TaskFinished { result: Finish::Done { summary, data: Value::Null } });
    story.end(&look(80))
}

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_question_that_needed_several_tries_says_how_many() {
    let usage = Usage { input: 4_120, output: 310, ..Usage::default() };
    let down = || Error::new(Kind::Unavailable, "ask model", "api.anthropic.com has not answered for a while");
    let end = finished(begun().answered(1, usage, 1, None));
    assert!(end.contains("(sonnet, asked once)"), "{end}");
    let end = finished(begun().answered(1, usage, 2, None));
    assert!(end.contains("4,120 tokens to api.anthropic.com (sonnet, asked once, in 2 tries)"), "{end}");
    let mut story = begun();
    story.answered(1, usage, 2, None).asked(2).answered(2, usage, 1, None);
    // One that its service never heard of went nowhere.
    story.asked(3).answered(3, Usage::default(), 0, Some(down()));
    let end = flat(&finished(&mut story));
    assert!(end.contains("8,240 tokens to api.anthropic.com (sonnet, asked twice, in 3 tries)"), "{end}");
    let end = finished(begun().answered(1, Usage::default(), 0, Some(down())));
    assert!(!end.contains("Sent:"), "{end}");
}

#[test]
fn what_is_counted_for_an_answer_that_was_lost_is_told_apart() {
    let usage = Usage { input: 4_120, output: 310, ..Usage::default() };
    let lost = || Error::new(Kind::Interrupted, "ask model", "the process that asked ended before the answer");
    let most = Usage { output: 20_000, ..Usage::default() };
    let mut story = begun();
    story.answered(1, most, 1, Some(lost())).asked(2).answered(2, usage, 1, None);
    let one = finished(&mut story);
    assert!(flat(&one).contains("24,430 tokens, 310 written, 20,000 counted for an answer that was lost"), "{one}");
    let steps = written(&story.screen.answers.listed(&look(80)), &look(80));
    assert!(steps.contains("20,000 tokens are counted for it"), "{steps}");
    assert!(
        !steps.lines().any(|l| l.trim_start().starts_with('1') && l.contains("20,000")),
        "nobody wrote these: {steps}"
    );
    let mut story = begun();
    story.answered(1, most, 1, Some(lost())).asked(2).answered(2, most, 1, Some(lost()));
    let two = finished(&mut story);
    insta::assert_snapshot!("model_lost", [one, steps, two].join("────\n"));
}

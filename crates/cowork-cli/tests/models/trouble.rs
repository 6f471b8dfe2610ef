//! What can go wrong with a service, each told in a few lines with what to do.

use std::time::{Duration, Instant};

use cowork_testkit::{
    MockService,
    service::{Fault, Reply},
};

use rustix::process::Signal;

use crate::{
    KEY, TASK, fits, organised, service, settings,
    support::{Place, Said, terminal::Terminal},
    tidy, write,
};

/// Runs the task against a service that always answers so.
fn against(reply: Reply, format: &str) -> Said {
    let (place, service) = (Place::with_files(), MockService::start(move |_| reply.clone()));
    let before = place.tree();
    settings(&place, format, &service.url(), "tries = 2");
    let said = place.ask(&["--mode", "auto", TASK]).ends(1);
    assert_eq!(place.tree(), before);
    fits(&said.out);
    place.cowork(&["tasks"]).ends(0).says("failed");
    said
}

#[test]
fn each_fault_of_anthropic_is_an_error_that_says_what_to_do() {
    each_fault("anthropic");
}

#[test]
fn each_fault_of_chat_completions_is_an_error_that_says_what_to_do() {
    each_fault("openai");
}

#[test]
fn each_fault_of_responses_is_an_error_that_says_what_to_do() {
    each_fault("openai-responses");
}

fn each_fault(format: &str) {
    let status = |code| Reply::status(code);
    against(status(401), format)
        .says("does not accept the key from MOCK_KEY")
        .says("set MOCK_KEY to a key that is valid there");
    against(status(403), format).says("does not allow this").says("what the key from MOCK_KEY may do");
    against(status(404), format).says("has no such model or path").says("check the model's name");
    against(status(529), format).says("can't answer now").says("try again later");
    against(status(429), format).says("too many requests").says("wait a little");
    against(Reply::fault(Fault::Html { code: 200 }), format)
        .says("sent a web page instead of an answer")
        .says("check the service's address");
    against(Reply::fault(Fault::Html { code: 502 }), format).says("sent a web page instead of an answer");
    against(Reply::fault(Fault::EmptyBody), format).says("try");
    against(Reply::text(""), format).says("empty");
    against(Reply::fault(Fault::Cut { after: 40 }), format).says("try again");
}

#[test]
fn no_network_no_key_and_an_odd_key_are_told_apart() {
    let place = Place::with_files();
    settings(&place, "anthropic", &MockService::refused(), "tries = 2");
    place
        .ask(&["--mode", "auto", TASK])
        .ends(1)
        .says("can't be reached")
        .says("start the service, or check its address");
    settings(&place, "anthropic", "https://models.invalid", "tries = 2");
    place.ask(&["--mode", "auto", TASK]).ends(1).says("can't be reached").says("check the network, the proxy");
    settings(&place, "anthropic", "http://models.example", "");
    place.ask(&["--mode", "auto", TASK]).ends(1).says("in the clear").briefly();
    settings(&place, "anthropic", &MockService::refused(), "");
    let folder = place.folder.to_str().unwrap();
    let said = place.cowork(&["run", "--folder", folder, TASK]).ends(1);
    said.says("the variable MOCK_KEY, which is not set").says("set MOCK_KEY").briefly();
    let odd: Said =
        place.command(&["run", "--folder", folder, TASK]).env("MOCK_KEY", "two\nlines").output().unwrap().into();
    odd.ends(2).says("the key from MOCK_KEY holds signs that a key may not").briefly();
}

#[test]
fn a_fallback_is_asked_where_the_first_can_not_be_had_and_is_told_before() {
    let (place, other) = (Place::with_files(), service(tidy()));
    let text = format!(
        "model = \"first\"\n[models.first]\nservice = \"anthropic\"\nmodel = \"a\"\nbase = \"{}\"\nkey = \"env:MOCK_KEY\"\ntries = 1\nfallback = \"other\"\n\
         [models.other]\nservice = \"openai\"\nmodel = \"b\"\nbase = \"{}/v1\"\nkey = \"env:MOCK_KEY\"\n",
        MockService::refused(),
        other.url()
    );
    write(&place, &text);
    let said =
        place.ask(&["--mode", "auto", TASK]).ends(0).says("the model other, if 127.0.0.1").says("I brought a.pdf");
    assert!(organised(&place));
    said.says(&format!("{}, this computer (other, asked 3 times)", other.at()));
    // Whoever asks for the other alone does not reach the first.
    let alone = place.ask(&["--mode", "auto", "--model", "other", TASK]).ends(0);
    assert!(!alone.out.contains("first"), "{}", alone.out);
}

fn two_models(place: &Place, first: &str, other: &str, more: &str) {
    write(
        place,
        &format!(
            "model = \"first\"\n[models.first]\nservice = \"anthropic\"\nmodel = \"a\"\nbase = \"{first}\"\nkey = \"env:MOCK_KEY\"\n{more}\n\
             [models.other]\nservice = \"openai\"\nmodel = \"b\"\nbase = \"{other}/v1\"\nkey = \"env:OTHER_KEY\"\n"
        ),
    );
}

#[test]
fn a_service_that_is_not_there_is_left_for_its_fallback_within_seconds() {
    let (place, other) = (Place::with_files(), service(tidy()));
    two_models(&place, &MockService::refused(), &other.url(), "fallback = \"other\"");
    let began = Instant::now();
    let folder = place.folder.to_str().unwrap();
    let mut run = place.command(&["run", "--folder", folder, "--mode", "auto", TASK]);
    let said: Said = run.env("MOCK_KEY", KEY).env("OTHER_KEY", KEY).output().unwrap().into();
    said.ends(0).says("other, asked 3 times");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let models: Vec<_> =
        place.log().into_iter().filter_map(|r| r["event"]["model"].as_str().map(str::to_owned)).collect();
    assert_eq!(models, ["first", "other", "other", "other"], "the first is not asked again while it is down");
}

#[test]
fn a_fallback_without_a_key_is_named_and_left_out() {
    let (place, first) = (Place::with_files(), service(tidy()));
    two_models(&place, &first.url(), &MockService::refused(), "fallback = \"other\"");
    let said = place.ask(&["--mode", "auto", TASK]).ends(0).says("The fallback other is left out");
    let said = said.says("the variable OTHER_KEY, which is not set").says("Set OTHER_KEY").says("I brought a.pdf");
    assert!(!said.out.contains("the model other"), "nothing can go there: {}", said.out);
    fits(&said.out);
    assert!(organised(&place));
    // As JSON it is said beside the records.
    let said = place.ask(&["--mode", "auto", "--json", TASK]).ends(0);
    assert!(said.err.contains("The fallback other is left out"), "{}", said.err);
    said.records();
}

#[test]
fn of_several_tasks_that_one_misses_its_key_keeps_no_other_from_going_on() {
    let stall = Reply::text("This begins well and then").after([Fault::Stall { after: 900 }]);
    let (place, first) = (Place::with_files(), service(vec![stall.clone()]));
    let other = service(vec![stall]);
    two_models(&place, &first.url(), &other.url(), "");
    let folder = place.folder.to_str().unwrap().to_owned();
    for model in ["other", "first"] {
        let args = ["run", "--folder", &folder, "--mode", "auto", "--model", model, TASK];
        let mut terminal = Terminal::run(&place, &args, &[("MOCK_KEY", KEY), ("OTHER_KEY", KEY)]);
        terminal.shows("the answer", |t| t.contains("This begins"));
        terminal.signal(Signal::INT);
        assert_eq!(terminal.end().code(), Some(130));
    }
    let said = place.keyed(&["resume"]).ends(1).says("can't go on").says("the variable OTHER_KEY, which is not set");
    said.says("This begins well and then");
    assert_eq!((first.reached(), other.reached()), (2, 1), "the one with a key went on");
    let tasks = place.cowork(&["tasks", "--json"]).records();
    assert_eq!((&tasks[0]["interrupted"], &tasks[1]["status"]), (&true.into(), &"done".into()), "{tasks:?}");
}

#[test]
fn a_days_budget_holds_over_all_tasks_and_says_when_it_begins_again() {
    let (place, service) = (Place::with_files(), service(tidy()));
    let more = "max_tokens = 1000\nprice = { input = 3, output = 15 }\n[budget]\nday = { tokens = \"60k\", cost = 5 }";
    settings(&place, "anthropic", &service.url(), more);
    place.keyed(&["doctor"]).ends(0).says("models, a day").says("0 of 60,000 tokens and $0.00 of $5.00 used on");
    place.ask(&["--mode", "auto", TASK]).ends(0);
    let spent = place.keyed(&["doctor"]).ends(0);
    assert!(!spent.out.contains("0 of 60,000 tokens and $0.00"), "{}", spent.out);
    let ended = (0..20).map(|_| place.ask(&["--mode", "auto", TASK])).find(|said| said.code != 0);
    let ended = ended.unwrap().ends(1).says("60000 tokens may be used a day").says("it begins again on");
    fits(&ended.out);
    let reached = service.reached();
    place.ask(&["--mode", "auto", TASK]).ends(1).says("raise the budget for a day");
    assert!(service.reached() <= reached + 3, "what does not fit is not asked");
    settings(&place, "anthropic", &service.url(), &more.replace("60k", "9m"));
    place.ask(&["--mode", "auto", TASK]).ends(0);
    let other = Place::with_files();
    settings(&other, "anthropic", &service.url(), "[budget]\nday = { cost = 0 }");
    other.keyed(&["doctor"]).ends(0).says("$0.00 of $0.00 used on");
    settings(&place, "anthropic", &service.url(), "[budget]\nday = { tokens = \"many\" }");
    place.ask(&[TASK]).ends(2).says("`many` is no number").briefly();
}

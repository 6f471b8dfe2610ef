//! What can go wrong with a service, each told in a few lines with what to do.

use cowork_testkit::{
    MockService,
    service::{Fault, Reply},
};

use crate::{
    TASK, fits, organised, service, settings,
    support::{Place, Said},
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
    let said = place.ask(&["--mode", "auto", TASK]).ends(0).says("the model other, if 127.0.0.1").says("Done.");
    assert!(organised(&place));
    said.says(&format!("{}, this computer (other, asked 3 times)", other.at()));
    // Whoever asks for the other alone does not reach the first.
    let alone = place.ask(&["--mode", "auto", "--model", "other", TASK]).ends(0);
    assert!(!alone.out.contains("first"), "{}", alone.out);
}

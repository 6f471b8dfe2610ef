//! Who does a task, and that nothing is sent anywhere unless somebody chose so.

use cowork_testkit::{MockService, service::Reply};
use serde_json::Value;

use crate::{
    KEY, TASK, fits, service, settings,
    support::{Place, terminal::Terminal},
    tidy, write,
};

#[test]
fn a_playbook_goes_first_where_it_surely_fits() {
    let (place, service) = (Place::with_files(), service(tidy()));
    settings(&place, "anthropic", &service.url(), "");
    place.ask(&["--mode", "auto", "Organise these files by type"]).ends(0).says("Done");
    assert!(place.folder.join("Images/b b.jpg").exists());
    assert_eq!(service.reached(), 0);
    let said =
        place.ask(&["--mode", "auto", "--no-model", TASK]).ends(1).says("Not started").says("cowork playbook list");
    fits(&said.out);
    assert_eq!(service.reached(), 0);
    place.ask(&["--mode", "auto", "--model", "mock", "Organise these files by type"]).ends(0).says("I brought a.pdf");
    assert_eq!(service.reached(), 3, "who names a model has it do the task");
}

#[test]
fn a_key_in_the_environment_alone_sends_nothing_anywhere() {
    let place = Place::with_files();
    let folder = place.folder.to_str().unwrap();
    let run = |more: &[&str]| {
        let mut command = place.command(&[&["run", "--folder", folder], more, &[TASK]].concat());
        command.env("ANTHROPIC_API_KEY", KEY).env("OPENAI_API_KEY", KEY).env("HTTPS_PROXY", MockService::refused());
        crate::support::Said::from(command.output().unwrap())
    };
    run(&[]).ends(1).says("Not started").says("cowork models");
    // A service that was named is a choice, and is tried: by a proxy that is not there.
    run(&["--model", "anthropic"]).ends(2).says("which of its models is meant was not said").briefly();
    run(&["--model", "sonnet"]).ends(2).says("there is no model `sonnet`").briefly();
    run(&["--model", "antropic/x"]).ends(2).says("there is no service `antropic`").briefly();
    run(&["--model", "mistral/mistral-large-latest"])
        .ends(1)
        .says("MISTRAL_API_KEY is not set")
        .says("cowork models key set mistral")
        .briefly();
}

/// Fails unless each of these settings is refused at its line, so that it is told and the key is not.
fn refused(all: &[(&str, u32, &str)]) {
    let place = Place::with_files();
    for (text, line, why) in all {
        write(&place, text);
        for args in [&["models"][..], &["run", TASK]] {
            let said = place.keyed(args).ends(2).says(why).briefly();
            let is_placed = said.err.replace('\n', " ").contains(&format!("line {line}"));
            assert!(*line == 0 || is_placed, "{text}: {}", said.err);
            assert!(!said.err.contains(KEY), "{}", said.err);
        }
    }
    place.keyed(&["doctor"]).ends(1).says("your settings").says(all.last().unwrap().2);
}

#[test]
fn settings_that_do_not_fit_are_refused_with_their_line() {
    refused(&[
        ("[models.a]\nservice = \"antropic\"\nmodel = \"m\"\n", 2, "there is no service `antropic`"),
        ("[models.a]\nservice = \"anthropic\"\nmodel = \"m\"\nmodle = 1\n", 4, "there is no key `modle`"),
        (
            "[models]\nanthropic = \"sk-test-0123456789abcdef\"\n",
            2,
            "a text can't stand here. Write a table: [models.NAME]",
        ),
        ("[models.a]\nservice = \"anthropic\"\n", 1, "`model` is missing"),
        ("[models.a]\nservice = \"anthropic\"\nmodel = \"m\"\nfallback = \"b\"\n", 4, "there is no model `b`"),
        ("[models.a]\nservice = \"openai\"\nmodel = \"m\"\nfallback = \"a\"\n", 0, "`a` can't stand in for itself"),
        ("mode = \"ask\"\nmodel = \"b\"\n", 2, "there is no model `b`"),
        ("[budget]\ncost = \"much\"\n", 2, "`much` is no amount of money"),
        ("[budget]\ncost = -1\n", 2, "`-1` is no amount of money"),
        ("[budget]\ncost = \"1e9\"\n", 2, "`1e9` is no amount of money"),
        ("[budget]\ntokens = 0\n", 2, "`0` is no number that can be set"),
        ("[budget]\ntokens = 18446744073709551616\n", 2, "`18446744073709551616` is no number that can be set"),
        ("[budget]\ntime = \"1d\"\n", 2, "`1d` is no time that can be set. Write it so: 90s, 30m or 2h"),
        ("[budget]\nday = 5\n", 2, "such as { tokens = \"2m\", cost = 5 }"),
        ("[models.\"a b\"]\nservice = \"anthropic\"\nmodel = \"m\"\n", 0, "can't be the name of a model"),
    ]);
}

#[test]
fn a_model_that_does_not_fit_is_refused_with_what_to_write_instead() {
    let of = |line: &str| format!("[models.a]\nservice = \"openai\"\nmodel = \"m\"\n{line}\n");
    for (line, why) in [
        ("key = \"sk-test-0123456789abcdef\"", "never the key itself"),
        (
            "api_key = \"x\"",
            "the keys here are service, model, base, key, max_tokens, thinking, window, images, price, timeout, tries, \
             connections, proxy, roots, plain_key, fallback, tools",
        ),
        ("price = 3", "`3` can't stand here. Write dollars for a million tokens, such as { input = 3, output = 15 }"),
        ("price = { input = 3 }", "`output` is missing"),
        ("price = { input = 18446744073709551616, output = 1 }", "`18446744073709551616` is no amount of money"),
        ("tries = 0", "`0` is no number of tries"),
        ("tries = -1", "`-1` is no number of tries"),
        ("images = \"yes\"", "write true or false"),
        ("timeout = 30", "such as { idle = \"30s\" }"),
        ("thinking = \"max\"", "write usual, none, low, medium"),
        ("base = 3", "`3` can't stand here. Put it between quotation marks"),
        ("budget = 5", "there is no key `budget` here. Move it up, above the first line in [ ]"),
    ] {
        refused(&[(&of(line), 4, why)]);
    }
    let all = "the services are anthropic, openai, openai-responses, openrouter, groq, mistral, deepseek, ollama, \
               lmstudio, llamacpp, vllm, local; one that speaks like `openai` is `local` with a base";
    refused(&[("[models.a]\nservice = \"openai-response\"\nmodel = \"m\"\n", 2, all)]);
}

#[test]
fn models_are_listed_with_what_they_can_do_and_whether_they_can_be_had() {
    let place = Place::with_files();
    let service = MockService::builder(|_| Reply::text("never")).with_key(KEY).with_models(&["mock-1"]).start();
    settings(
        &place,
        "openai",
        &service.url(),
        "price = { input = 3, output = 15 }\n[models.gone]\nservice = \"anthropic\"\nmodel = \"claude-sonnet-5-5\"\nbase = \"http://127.0.0.1:9\"\nkey = \"none\"",
    );
    let said = place.keyed(&["models"]).ends(0).says("mock does what no playbook does");
    let said = said
        .says("key from MOCK_KEY")
        .says("holds 128,000 tokens")
        .says("$3.00 read and $15.00 written a million tokens");
    let said = said.says("claude-sonnet-5-5 at 127.0.0.1:9").says("can't be reached");
    fits(&said.out);
    let rows = place.keyed(&["models", "--json"]).ends(0).records();
    let row = |name: &str| -> &Value { rows.iter().find(|r| r["name"] == name).unwrap() };
    assert_eq!((&row("mock")["ready"], &row("mock")["default"]), (&Value::from(true), &Value::from(true)));
    assert_eq!(row("mock")["can"]["price"]["output"], 15_000_000);
    assert_eq!((&row("gone")["ready"], &row("gone")["can"]["window"]), (&Value::from(false), &Value::from(1_000_000)));
    assert_eq!(service.reached(), 0, "no model was asked");

    place.keyed(&["doctor"]).ends(1).says("model mock").says("takes the key from MOCK_KEY").says("can't be reached");
    settings(&place, "openai", &service.url(), "");
    place.keyed(&["doctor"]).ends(0).says("All is well.");
    let wrong: crate::support::Said = place.command(&["doctor"]).env("MOCK_KEY", "sk-wrong").output().unwrap().into();
    wrong.ends(1).says("does not accept the key from MOCK_KEY").says("set MOCK_KEY to a key that is valid there");
    assert_eq!(service.reached(), 0, "the cheapest question is the list");
}

#[test]
fn with_nothing_set_it_says_how_to_come_by_a_model() {
    let place = Place::with_files();
    let said = place.cowork(&["models"]).ends(0).says("cowork init").says("cowork models key set NAME");
    fits(&said.out);
}

#[test]
fn where_it_is_open_which_playbook_is_meant_the_model_is_offered_too() {
    let (place, service) = (Place::with_files(), service(tidy()));
    std::fs::create_dir(place.folder.join("old")).unwrap();
    settings(&place, "anthropic", &service.url(), "");
    let folder = place.folder.to_str().unwrap().to_owned();
    let open = "delete the empty folders and the other junk nobody needs";
    let args = ["run", "--folder", &folder, "--mode", "auto", open];
    let mut terminal = Terminal::run(&place, &args, &[("MOCK_KEY", KEY)]);
    terminal.until("m to have the model mock do it, or n for none");
    assert_eq!(service.reached(), 0, "it is asked first");
    terminal.press("m\n");
    terminal.until("I brought a.pdf");
    assert_eq!(terminal.end().code(), Some(0));
    let submitted = place.log().into_iter().find(|r| r["event"]["command"]["type"] == "submit").unwrap();
    assert_eq!(submitted["event"]["command"]["planner"]["model"], "mock");
}

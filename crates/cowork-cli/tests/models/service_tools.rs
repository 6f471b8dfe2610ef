//! A tool that the service runs by itself: off until it is granted, told before, what it brings anybody's words, and sent back as it came.

use cowork_testkit::{
    MockService,
    service::{Part, Reply},
};
use serde_json::{Value, json};

use crate::{KEY, TASK, fits, settings, support::Place};

const FOUND: &str = "A flat of 60 m\u{b2} costs 900 \u{20ac} there";

/// Searches the web, looks into the folder, and says what it found.
fn service() -> MockService {
    let found = json!([{ "type": "web_search_result", "url": "https://rents.example/a", "title": FOUND, "encrypted_content": "Eo8+/x==" }]);
    let search = Part::Server { tool: "web_search".into(), input: json!({ "query": "rents" }), result: found };
    let replies = [
        Reply::turn([
            Part::Text("I look up the rents.".into()),
            search,
            Part::call("list_folder", json!({ "path": "Downloads" })),
        ]),
        Reply::text("It costs 900 \u{20ac} there."),
    ];
    MockService::builder(move |ask| replies[ask.turns.min(1)].clone()).with_key(KEY).start()
}

fn body(service: &MockService, n: usize) -> Value {
    serde_json::from_slice(&service.seen()[n].body).unwrap()
}

fn offered(body: &Value) -> bool {
    body["tools"].as_array().unwrap().iter().any(|t| t["type"].as_str().is_some_and(|t| t.starts_with("web_search")))
}

/// What the model's own turn had of the search, as the service sent it.
fn searched(body: &Value, format: &str) -> Vec<Value> {
    if format == "anthropic" {
        let blocks = body["messages"].as_array().unwrap().iter().flat_map(|m| m["content"].as_array().unwrap());
        return blocks
            .filter(|b| b["type"] == "server_tool_use" || b["type"] == "web_search_tool_result")
            .cloned()
            .collect();
    }
    body["input"].as_array().unwrap().iter().filter(|i| i["type"] == "web_search_call").cloned().collect()
}

#[test]
fn a_search_of_the_web_is_told_before_and_goes_back_as_it_came_and_is_nobodys_word() {
    for format in ["anthropic", "openai-responses"] {
        let (place, service) = (Place::with_files(), service());
        settings(&place, format, &service.url(), "tools = [\"web_search\"]");
        let said = place.ask(&["--mode", "auto", TASK]).ends(0).says("searches of the web that the service makes");
        fits(&said.out);
        said.says("It costs 900");
        assert!(offered(&body(&service, 0)));
        let back = searched(&body(&service, 1), format);
        match format {
            "anthropic" => {
                assert_eq!((&back[0]["name"], &back[0]["input"]["query"]), (&json!("web_search"), &json!("rents")));
                assert_eq!((&back[1]["content"][0]["title"], &back[1]["tool_use_id"]), (&json!(FOUND), &back[0]["id"]));
                assert_eq!(back[1]["content"][0]["encrypted_content"], "Eo8+/x==");
            }
            _ => assert_eq!((back.len(), &back[0]["action"]["query"]), (1, &json!("rents"))),
        }
        let answers: Vec<Value> = place
            .log()
            .into_iter()
            .filter(|r| r["event"]["type"] == "model_answered")
            .map(|r| r["label"].clone())
            .collect();
        let origin = format!("service:{}", service.at());
        assert_eq!(answers[0]["i"], json!({ "untrusted": [origin] }), "anybody may have written what was found");
        assert_eq!(answers[1]["i"], "trusted", "an answer without a search adds nothing");
    }
}

#[test]
fn without_a_grant_no_service_is_offered_a_search_and_one_that_has_none_says_so() {
    for format in ["anthropic", "openai-responses"] {
        let (place, service) = (Place::with_files(), service());
        settings(&place, format, &service.url(), "");
        let said = place.ask(&["--mode", "auto", TASK]).ends(0);
        assert!(!said.out.contains("searches of the web") && !offered(&body(&service, 0)), "{}", said.out);
    }
    let place = Place::with_files();
    settings(&place, "openai", &MockService::refused(), "tools = [\"web_search\"]");
    place.ask(&["--mode", "auto", TASK]).ends(2).says("runs no tools by itself").briefly();
}

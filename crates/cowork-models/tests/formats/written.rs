//! What is written: byte for byte the same in a growing conversation, and as each service wants it.

use std::sync::Arc;

use cowork_core::{Block, CancellationToken, Effort, Head, Message, Role, ToolSpec};
use cowork_models::{Limits, Secret, openai};
use cowork_testkit::{
    MockService,
    service::{Part, Quirk, Reply, chat, messages},
};
use serde_json::{Value, json};

use super::{Kind, ask, go_on, model, request, transport};

fn bodies(service: &MockService) -> Vec<Value> {
    service.seen().iter().map(|seen| serde_json::from_slice(&seen.body).unwrap()).collect()
}

#[tokio::test]
async fn a_growing_conversation_is_the_same_bytes_and_more() {
    for kind in [Kind::Chat("openai"), Kind::Chat("mistral"), Kind::Responses] {
        let service = MockService::start(|_| {
            let thought = Part::Thinking("Hm.".into());
            let calls = (0..3)
                .map(|i| Part::call("list_folder", json!({ "path": format!("{i}\"ä"), "a": { "z": 1, "b": null } })));
            Reply::turn([thought, Part::Text("I look.".into())].into_iter().chain(calls))
        });
        let (model, mut talk) = (model(kind, &service), request("look"));
        for _ in 0..5 {
            let answer = ask(&model, &talk).await.unwrap();
            go_on(&mut talk, &answer);
        }
        let seen = service.seen();
        for two in seen.windows(2) {
            let last = two[0].body.windows(3).rposition(|w| w == b"],\"").unwrap();
            let same = two[0].body.iter().zip(&two[1].body).take_while(|(a, b)| a == b).count();
            // What may differ stands after the messages.
            let messages = two[0].body.windows(10).rposition(|w| w == b"\"stream\":t").unwrap() - 2;
            assert!(same >= messages, "{kind:?}: {same} of {messages} ({last})");
        }
    }
}

#[tokio::test]
async fn nothing_before_a_thought_changes() {
    let service = MockService::start(|ask| {
        let call = Part::call("list_folder", json!({ "path": "b\"ä", "a": [1, null, { "z": 0.5, "y": {} }] }));
        let parts = [Part::Thinking(format!("Hm {}.", ask.turns)), Part::Text("I look.".into()), call];
        Reply::turn(parts.into_iter().chain([Part::search("weather", "https://example.com")]))
    });
    let (model, mut talk) = (model(Kind::Messages, &service), request("look"));
    for _ in 0..6 {
        let answer = ask(&model, &talk).await.unwrap();
        go_on(&mut talk, &answer);
    }
    for mut body in bodies(&service) {
        // The service would leave out what had changed; it is not to come to that.
        body["thinking"] = json!({ "type": "adaptive" });
        assert_eq!(messages::validate(&body), Ok(()));
    }
}

#[tokio::test]
async fn schemas_that_services_refuse_are_put_together() {
    let of = |property: &str| json!({ "type": "object", "properties": { property: { "type": "string" } } });
    let closed = |property: Value| json!({ "type": "object", "properties": { "default": property }, "required": ["default"], "additionalProperties": false });
    let strict = closed(json!({ "type": "string", "enum": ["a"] }));
    let schemas = [
        json!({ "anyOf": [of("a"), of("b")] }),
        json!(true),
        of("c"),
        strict,
        closed(json!({ "type": "string", "maxLength": 9 })),
    ];
    for kind in [Kind::Chat("openai"), Kind::Responses, Kind::Messages] {
        let service = MockService::start(|_| Reply::text("hello"));
        let mut talk = request("look");
        let tools = schemas.iter().enumerate().map(|(i, schema)| ToolSpec {
            name: format!("t{i}"),
            about: "T.".into(),
            schema: schema.clone(),
        });
        talk.head = Arc::new(Head { tools: tools.collect(), ..Head::default() });
        ask(&model(kind, &service), &talk).await.unwrap();
        assert!(bodies(&service)[0]["tools"][0].to_string().contains("\"b\":{\"type\":\"string\"}"), "{kind:?}");
        let strict = |i: usize| bodies(&service)[0]["tools"][i].to_string().contains("\"strict\":true");
        assert_eq!((strict(2), strict(3), strict(4)), (false, kind != Kind::Messages, false), "{kind:?}");
    }
}

#[tokio::test]
async fn what_mistral_is_sent_has_its_ids() {
    let service = MockService::builder(|ask| {
        if ask.turns == 0 { Reply::calls("", [("list_folder", json!({}))]) } else { Reply::text("Done.") }
    });
    let service = service.with_chat_rules(chat::validate_mistral).start();
    let (model, mut talk) = (model(Kind::Chat("mistral"), &service), request("look"));
    let answer = ask(&model, &talk).await.unwrap();
    go_on(&mut talk, &answer);
    assert_eq!(ask(&model, &talk).await.unwrap().text(), "Done.");
    assert_eq!(bodies(&service)[1]["max_tokens"], 500);
}

#[tokio::test]
async fn what_deepseek_thought_goes_back_with_the_calls_that_came_of_it() {
    let service = MockService::builder(|ask| {
        let thought = Part::Thinking(format!("Thought \"{}\".", ask.turns));
        let then = if ask.turns < 2 { Part::call("list_folder", json!({})) } else { Part::Text("Done.".into()) };
        Reply::turn([thought, then]).with_quirk(Quirk::ReasoningContent)
    });
    let service = service.with_chat_rules(chat::validate_deepseek).with_seed(2).start();
    let (model, mut talk) = (model(Kind::Chat("deepseek"), &service), request("look"));
    for _ in 0..4 {
        let answer = ask(&model, &talk).await.unwrap();
        go_on(&mut talk, &answer);
    }
    let last = bodies(&service).pop().unwrap();
    assert_eq!(last["messages"][2]["reasoning_content"], "Thought \"0\".");
    assert_eq!(
        (&last["messages"][6]["content"], &last["messages"][6]["reasoning_content"]),
        (&json!("Done."), &json!("Thought \"2\"."))
    );
}

#[tokio::test]
async fn deepseek_gets_the_field_for_its_thoughts_though_there_were_none() {
    let service = MockService::builder(|ask| {
        if ask.turns == 0 { Reply::calls("", [("list_folder", json!({}))]) } else { Reply::text("Done.") }
    });
    let service = service.with_chat_rules(chat::validate_deepseek).start();
    let (model, mut talk) = (model(Kind::Chat("deepseek"), &service), request("look"));
    let answer = ask(&model, &talk).await.unwrap();
    go_on(&mut talk, &answer);
    talk.effort = Effort::None;
    ask(&model, &talk).await.unwrap();
    let last = bodies(&service).pop().unwrap();
    assert_eq!(
        (&last["messages"][2]["reasoning_content"], &last["thinking"]["type"]),
        (&json!(""), &json!("disabled"))
    );
}

#[tokio::test]
async fn a_service_that_counts_is_asked_and_one_that_does_not_is_estimated_for() {
    let service = MockService::start(|_| Reply::text("hello"));
    for (kind, estimated) in [(Kind::Responses, false), (Kind::Messages, false), (Kind::Chat("openai"), true)] {
        let tokens = model(kind, &service).count(&request("look")).await.unwrap();
        assert!(tokens.count > 10 && tokens.estimated == estimated, "{kind:?}: {tokens:?}");
    }
    let way = transport(&service.url(), Secret::new("k", "K"), Limits::default());
    assert_eq!(openai::models(&way, &CancellationToken::new()).await.unwrap(), ["mock-1"]);
}

#[test]
fn a_model_is_known_by_its_name_and_one_that_is_not_has_no_price() {
    let price = |name: &str| openai::card(name, "here").price.map(|p| p.output);
    assert_eq!(price("gpt-5-mini-2025-08-07"), Some(2_000_000));
    assert_eq!((price("gpt-5"), price("openai/gpt-6-sol")), (Some(10_000_000), Some(10_000_000)));
    for unknown in ["gpt-5.9", "o3-pro", "gpt-5-audio", "llama"] {
        assert_eq!(price(unknown), None, "{unknown}");
    }
    let card = openai::card("gpt-4o-mini", "here");
    assert_eq!((card.window, card.most_tokens, card.at.as_str()), (128_000, 16_384, "here"));
}

#[tokio::test]
async fn what_openrouter_thought_goes_back_unchanged() {
    let service = MockService::builder(|ask| {
        let then = if ask.turns == 0 { Part::call("list_folder", json!({})) } else { Part::Text("Done.".into()) };
        // In one piece, so that its seal fits its text.
        Reply::turn([Part::Thinking("Hm".into()), then]).with_quirk(Quirk::ReasoningDetails)
    });
    let service = service.with_chat_rules(chat::validate_openrouter).start();
    let (model, mut talk) = (model(Kind::Chat("openrouter"), &service), request("look"));
    for _ in 0..3 {
        let answer = ask(&model, &talk).await.unwrap();
        go_on(&mut talk, &answer);
    }
    let last = bodies(&service).pop().unwrap();
    let details = &last["messages"][2]["reasoning_details"];
    assert_eq!((details.as_array().unwrap().len(), &details[0]["text"]), (1, &json!("Hm")));
}

#[tokio::test]
async fn what_responses_thought_goes_back_sealed_and_only_with_what_came_of_it() {
    let service = MockService::start(|ask| match ask.turns {
        0 => Reply::turn([
            Part::Thinking("Hm".into()),
            Part::call("list_folder", json!({})),
            Part::call("list_folder", json!({})),
        ]),
        1 => Reply::turn([Part::Text("Wait.".into()), Part::Redacted("x".into())]),
        _ => Reply::text("Done."),
    });
    let (model, mut talk) = (model(Kind::Responses, &service), request("look"));
    for _ in 0..3 {
        let answer = ask(&model, &talk).await.unwrap();
        go_on(&mut talk, &answer);
    }
    let last = bodies(&service).pop().unwrap();
    assert_eq!((&last["store"], &last["include"]), (&json!(false), &json!(["reasoning.encrypted_content"])));
    let kinds: Vec<&str> =
        last["input"].as_array().unwrap().iter().map(|i| i["type"].as_str().or(i["role"].as_str()).unwrap()).collect();
    let call = "function_call";
    assert_eq!(kinds[..6], ["user", "reasoning", call, call, "function_call_output", "function_call_output"]);
    assert_eq!(kinds[6..], ["assistant", "user"], "a thought of which nothing came does not go back");
}

#[tokio::test]
async fn pictures_documents_schemas_and_effort_are_written_as_each_format_wants_them() {
    for kind in [Kind::Chat("openai"), Kind::Chat("deepseek"), Kind::Responses] {
        let service = MockService::builder(|_| Reply::text("{}"));
        let rules = if kind == Kind::Chat("deepseek") { chat::validate_deepseek } else { chat::validate };
        let service = service.with_chat_rules(rules).start();
        let media = |media_type: &str| Block::Media {
            name: "a b.pdf".into(),
            media_type: media_type.into(),
            data: "AAAA".into(),
        };
        let mut talk = request("look");
        talk.messages = vec![Arc::new(Message::new(
            Role::User,
            vec![Block::text("see"), media("image/png"), media("application/pdf")],
        ))]
        .into();
        talk.effort = Effort::Low;
        talk.schema = Some(Arc::new(
            json!({ "type": "object", "properties": { "a": { "type": "string" } }, "required": ["a"], "additionalProperties": false }),
        ));
        ask(&model(kind, &service), &talk).await.unwrap();
        let body = bodies(&service).remove(0);
        let text = body.to_string();
        assert!(
            text.contains("data:image/png;base64,AAAA") && text.contains("data:application/pdf;base64,AAAA"),
            "{text}"
        );
        match kind {
            Kind::Responses => assert_eq!(
                (&body["reasoning"]["effort"], &body["text"]["format"]["strict"]),
                (&json!("low"), &json!(true))
            ),
            Kind::Chat("openai") => assert_eq!(body["response_format"]["json_schema"]["strict"], true),
            _ => assert_eq!(body["response_format"], json!({ "type": "json_object" })),
        }
    }
}

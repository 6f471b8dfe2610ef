//! Whatever fails, the next request is well-formed.

use std::{sync::Arc, time::Duration};

use cowork_core::Message;
use cowork_models::Limits;
use cowork_testkit::{
    MockService, block_on,
    service::{Fault, Part, Quirk, Reply, chat},
};
use proptest::prelude::*;
use serde_json::json;

use super::{Kind, ask, go_on, model_at, request};

fn part() -> impl Strategy<Value = Part> {
    let args = prop_oneof![
        Just(json!({})),
        Just(json!({ "path": "ä\"\\\n" })),
        Just(json!(null)),
        Just(json!([1])),
        Just(json!("{}"))
    ];
    let id = prop_oneof![
        Just(None),
        Just(Some("call_0".to_owned())),
        Just(Some("a b!".to_owned())),
        Just(Some(String::new()))
    ];
    prop_oneof![
        "[ -~äö😀]{0,40}".prop_map(Part::Text),
        "[a-z]{1,20}".prop_map(Part::Thinking),
        "[a-z]{0,20}".prop_map(Part::Redacted),
        "[a-z]{0,20}".prop_map(Part::Refusal),
        Just(Part::search("weather", "https://example.com")),
        (args, id, tool()).prop_map(|(args, id, tool)| Part::Call { tool, args, id }),
    ]
}

/// Names of tools, of which one is there.
fn tool() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(vec!["", "a b", "näme", "functions.list_folder:0"]).prop_map(str::to_owned);
    prop_oneof![4 => Just("list_folder".to_owned()), 1 => odd, 1 => "[a-z]{65,80}"]
}

fn fault() -> impl Strategy<Value = Fault> {
    let code = prop_oneof![Just(401), Just(413), Just(429), Just(500), Just(529)];
    prop_oneof![
        code.prop_map(|code| Fault::Status { code, retry_after: None }),
        Just(Fault::Html { code: 502 }),
        Just(Fault::Reset),
        (0_usize..3000).prop_map(|after| Fault::Cut { after }),
        Just(Fault::CutInArguments),
        Just(Fault::HalfArguments),
        Just(Fault::InvalidUtf8),
        Just(Fault::ErrorInStream { kind: "server_error".into() }),
        Just(Fault::EmptyBody),
        Just(Fault::WrongType),
        Just(Fault::NotStreamed),
        Just(Fault::Huge { bytes: 3 << 20 }),
        Just(Fault::Endless),
        (0_usize..2000).prop_map(|after| Fault::Stall { after }),
    ]
}

fn quirk() -> impl Strategy<Value = Quirk> {
    const ALL: &[&str] = &[
        "no_ids",
        "no_index",
        "zero_index",
        "repeated_ids",
        "same_ids",
        "finish_stop",
        "null_finish",
        "nulls",
        "null_delta",
        "one_delta",
        "whole_arguments",
        "object_arguments",
        "null_arguments",
        "empty_arguments",
        "no_calls",
        "null_error",
        "unknown_events",
        "unknown_block",
        "no_done",
        "no_usage",
        "only_done",
        "reasoning_content",
        "reasoning_details",
        "thinking_parts",
        "cr_lf",
        "comments",
    ];
    prop::sample::select(ALL).prop_map(|name| serde_json::from_value(json!(name)).unwrap())
}

fn reply() -> impl Strategy<Value = Reply> {
    let parts = prop::collection::vec(part(), 0..5);
    let faults = prop::collection::vec(fault(), 0..3);
    let quirks = prop::collection::vec(quirk(), 0..3);
    (parts, faults, quirks).prop_map(|(parts, faults, quirks)| {
        let reply = Reply::turn(parts).after(faults);
        quirks.into_iter().fold(reply, Reply::with_quirk)
    })
}

fn kind() -> impl Strategy<Value = Kind> {
    let all = ["openai", "mistral", "deepseek", "openrouter", "ollama"].map(Kind::Chat);
    prop::sample::select(
        [&all[..], &[Kind::Responses, Kind::Responses, Kind::Messages, Kind::Messages, Kind::Messages]].concat(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_next_request_is_always_well_formed(kind in kind(), replies in prop::collection::vec(reply(), 1..6), seed in 0_u64..50) {
        let rules = match kind {
            Kind::Chat("mistral") => chat::validate_mistral,
            Kind::Chat("deepseek") => chat::validate_deepseek,
            Kind::Chat("openrouter") => chat::validate_openrouter,
            Kind::Chat("ollama") => chat::validate_local,
            _ => chat::validate,
        };
        let turns = replies.len();
        let service = MockService::builder(move |ask| replies.get(ask.turns).cloned().unwrap_or_else(|| Reply::text("Done.")));
        let service = service.with_chat_rules(rules).with_seed(seed).start();
        block_on(talk(kind, &service, turns));
        prop_assert_eq!(service.take_malformed(), Vec::<String>::new());
    }
}

/// Talks until every turn was had, or for as long as that could take: an error is met by asking again, and by a word of the
/// person's after that.
async fn talk(kind: Kind, service: &MockService, turns: usize) {
    let limits = Limits { most_bytes: 1 << 20, idle: Duration::from_millis(80), ..Limits::default() };
    let model = model_at(kind, &service.url(), limits);
    let mut talk = request("look");
    for attempt in 0..turns * 4 {
        match ask(&model, &talk).await {
            Ok(answer) => go_on(&mut talk, &answer),
            Err(error) => {
                assert!(!error.message.is_empty(), "{error:?}");
                if attempt % 3 == 2 {
                    talk.messages.push(Arc::new(Message::user("try something else")));
                }
            }
        }
    }
}

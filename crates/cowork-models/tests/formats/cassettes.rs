//! What real services sent, read however it is cut.

use cowork_core::{Block, Error, ModelAnswer, Result, Stop};
use cowork_testkit::{MockService, cassette, service::Reply};
use serde_json::json;

use super::{Kind, ask_aloud, model, request};

/// Reads an exchange of a cassette, cut in several ways; gives the answer and what was said, the same each time.
async fn replayed(kind: Kind, name: &str, at: usize) -> Option<(Result<ModelAnswer>, String)> {
    let body = cassette(name)?.swap_remove(at).answered;
    let mut first = None;
    for seed in [0, 1, 2, 3, 4, 5] {
        let raw = body.clone();
        let service = MockService::builder(move |_| Reply::raw(&raw)).with_seed(seed).start();
        let (answer, said) = ask_aloud(&model(kind, &service), &request("look")).await;
        let at = service.at().to_string();
        let nameless = |mut error: Error| {
            error.message = error.message.replace(&at, "here");
            error
        };
        let got = (answer.map_err(nameless), said);
        let first = first.get_or_insert_with(|| got.clone());
        assert_eq!(*first, got, "{name}, cut by seed {seed}");
    }
    first
}

#[tokio::test]
async fn openai_calls_a_tool_and_then_answers() {
    let Some((answer, said)) = replayed(Kind::Chat("openai"), "openai_chat_stream", 0).await else { return };
    let answer = answer.unwrap();
    let call = answer.calls().next().unwrap();
    assert_eq!(
        (call.tool.as_str(), &call.args.value(), answer.stop),
        ("get_capital", &json!({ "country": "UK" }), Stop::Calls)
    );
    assert_eq!((call.id.as_str(), said.as_str()), ("call_ZR5UUuTt3pf61kjwAJIYdVMj", "[get_capital]"));
    assert!(answer.usage.input > 0 && answer.usage.output > 0 && answer.model.starts_with("gpt-4o-mini"));
    let (answer, said) = replayed(Kind::Chat("openai"), "openai_chat_stream", 1).await.unwrap();
    let answer = answer.unwrap();
    assert_eq!((answer.text(), answer.stop), (said.clone(), Stop::End));
    assert!(said.contains("London"), "{said}");
}

#[tokio::test]
async fn vllm_counts() {
    let Some((answer, _)) = replayed(Kind::Chat("vllm"), "openai_chat_stream_crusoe", 0).await else { return };
    let answer = answer.unwrap();
    assert_eq!((answer.text().as_str(), answer.stop), ("1, 2, 3, 4, 5", Stop::End));
    assert_eq!((answer.usage.input, answer.usage.output), (46, 14));
}

#[tokio::test]
async fn deepseek_thinks_first() {
    let Some((answer, said)) = replayed(Kind::Chat("deepseek"), "openai_chat_stream_deepseek_reasoning", 0).await
    else {
        return;
    };
    let answer = answer.unwrap();
    assert!(said.starts_with("<H><mm><,>") && said.ends_with("today?"), "{said}");
    assert_eq!(answer.usage.thinking, 198);
    let [Block::Opaque { dialect, json }, Block::Text { .. }] = &answer.blocks[..] else { panic!("{answer:?}") };
    assert!(dialect == "chat/deepseek" && json.starts_with("\"Hmm,"), "{json}");
}

#[tokio::test]
async fn groq_says_in_its_stream_that_a_call_did_not_fit() {
    let name = "openai_chat_stream_groq_tool_errors";
    let Some((answer, _)) = replayed(Kind::Chat("groq"), name, 0).await else { return };
    let error = answer.unwrap_err();
    assert!(error.message.contains("did not match schema"), "{error:?}");
    let answer = replayed(Kind::Chat("groq"), name, 1).await.unwrap().0.unwrap();
    assert_eq!(answer.calls().next().unwrap().args.value(), json!({ "name": "example" }));
    assert_eq!(answer.usage.thinking, 23);
    assert_eq!(replayed(Kind::Chat("groq"), name, 2).await.unwrap().0.unwrap().stop, Stop::End);
}

#[tokio::test]
async fn mistral_thinks_in_parts_of_its_content() {
    let Some((answer, said)) = replayed(Kind::Chat("mistral"), "openai_chat_stream_mistral", 0).await else { return };
    let answer = answer.unwrap();
    assert!(said.starts_with("<Okay><, the>") && answer.text().ends_with("crossing."), "{said}");
    assert_eq!((answer.usage.input, answer.usage.output), (10, 232));
}

#[tokio::test]
async fn openrouter_says_why_it_ended_after_the_end() {
    let name = "openai_chat_stream_openrouter_error";
    let Some((answer, said)) = replayed(Kind::Chat("openrouter"), name, 0).await else { return };
    assert_eq!(answer.unwrap().stop, Stop::Length);
    assert!(said.starts_with("<We need>"), "{said}");
}

#[tokio::test]
async fn openrouter_seals_what_was_thought() {
    let name = "openai_chat_stream_openrouter_reasoning";
    let Some((answer, _)) = replayed(Kind::Chat("openrouter"), name, 0).await else { return };
    let answer = answer.unwrap();
    let [Block::Opaque { json, .. }, Block::Text { .. }] = &answer.blocks[..] else { panic!("{answer:?}") };
    assert!(json.contains("reasoning.encrypted") && json.contains("gAAAAABpCCSI"), "{json}");
    assert_eq!((answer.usage.output, answer.stop), (104, Stop::End));
}

#[tokio::test]
async fn responses_call_a_tool_and_then_answer() {
    let Some((answer, said)) = replayed(Kind::Responses, "openai_responses_stream", 0).await else { return };
    let answer = answer.unwrap();
    let call = answer.calls().next().unwrap();
    assert_eq!(
        (call.id.as_str(), &call.args.value()),
        ("call_kL0PCQV7M2WMoVX8V8OtYSAL", &json!({ "country": "France" }))
    );
    assert_eq!(said, "[get_capital]");
    let (answer, said) = replayed(Kind::Responses, "openai_responses_stream", 1).await.unwrap();
    assert_eq!(
        (answer.unwrap().text().as_str(), said.as_str()),
        ("The capital of France is Paris.", "The capital of France is Paris.")
    );
}

#[tokio::test]
async fn responses_keep_what_was_thought_as_it_came() {
    let Some((answer, said)) = replayed(Kind::Responses, "openai_responses_stream_reasoning", 0).await else { return };
    let answer = answer.unwrap();
    let [Block::Opaque { json, .. }, Block::Text { text, .. }] = &answer.blocks[..] else { panic!("{answer:?}") };
    assert!(json.starts_with(r#"{"type":"reasoning","id":"rs_tmp_"#), "{json}");
    assert_eq!(text, "4");
    assert!(said.starts_with("<The") || said.starts_with("<"), "{said}");
}

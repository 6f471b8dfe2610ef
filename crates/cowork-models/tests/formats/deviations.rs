//! What services really send, row by row of what is known of them; the next request is well-formed each time.

use std::collections::BTreeSet;

use cowork_core::{Kind as ErrorKind, ModelAnswer, Result, Retry, Stop, Usage};
use cowork_models::Limits;
use cowork_testkit::{
    MockService,
    service::{Fault, Part, Quirk, Reply},
};
use serde_json::{Value, json};

use super::{Kind, ask, ask_aloud, go_on, model, model_at, request};

const CHAT: Kind = Kind::Chat("local");

fn two() -> Reply {
    Reply::calls("I look.", [("list_folder", json!({ "path": "a" })), ("list_folder", json!({ "path": "b" }))])
}

/// Plays a reply, then goes on with the conversation, which the service judges.
async fn played(kind: Kind, reply: Reply) -> Result<ModelAnswer> {
    let service = MockService::builder(move |ask| if ask.number == 0 { reply.clone() } else { Reply::text("Done.") });
    let service = service.with_seed(5).start();
    let model = model(kind, &service);
    let mut talk = request("look");
    let answer = ask(&model, &talk).await;
    if let Ok(answer) = &answer {
        go_on(&mut talk, answer);
        assert_eq!(ask(&model, &talk).await.unwrap().text(), "Done.");
    }
    assert_eq!(service.take_malformed(), Vec::<String>::new());
    answer
}

fn paths(answer: &ModelAnswer) -> Vec<Value> {
    let ids: BTreeSet<&str> = answer.calls().map(|c| c.id.as_str()).collect();
    assert_eq!((ids.len(), answer.stop), (answer.calls().count(), Stop::Calls), "{answer:?}");
    answer.calls().map(|call| call.args.value()["path"].clone()).collect()
}

async fn two_calls_in_spite_of(quirks: &[Quirk]) {
    for quirk in quirks {
        let answer = played(CHAT, two().with_quirk(*quirk)).await.unwrap();
        assert_eq!(paths(&answer), ["a", "b"], "{quirk:?}");
        assert_eq!(answer.text(), "I look.", "{quirk:?}");
    }
}

#[tokio::test]
async fn a_call_without_arguments_has_none() {
    for kind in [CHAT, Kind::Responses] {
        for quirk in [Quirk::EmptyArguments, Quirk::NullArguments] {
            let answer = played(kind, two().with_quirk(quirk)).await.unwrap();
            assert!(answer.calls().all(|c| c.args.value() == json!({}) && c.fault.is_none()), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn the_whole_input_may_come_at_once() {
    two_calls_in_spite_of(&[Quirk::WholeArguments]).await;
    let answer = played(Kind::Responses, two().with_quirk(Quirk::OnlyDone)).await.unwrap();
    assert_eq!((paths(&answer), answer.text()), (vec![json!("a"), json!("b")], "I look.".into()));
}

#[tokio::test]
async fn empty_arguments_under_a_length_stop_are_a_truncated_call() {
    for kind in [CHAT, Kind::Responses] {
        let reply = two().with_quirk(Quirk::EmptyArguments).with_stop(Stop::Length);
        let error = played(kind, reply).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}");
        assert!(error.message.contains("in the middle of a call"), "{error:?}");
        let error = played(kind, two().with_fault(Fault::HalfArguments)).await.unwrap_err();
        assert!(error.message.contains("in the middle of a call"), "{error:?}");
        let whole = played(kind, two().with_stop(Stop::Length)).await.unwrap();
        assert_eq!(paths(&whole), ["a", "b"], "calls that are whole count");
    }
}

#[tokio::test]
async fn an_index_may_be_missing_or_always_0() {
    two_calls_in_spite_of(&[Quirk::NoIndex, Quirk::ZeroIndex]).await;
    for other in [Quirk::NoIds, Quirk::WholeArguments, Quirk::OneDelta, Quirk::RepeatedIds] {
        let reply = two().with_quirk(Quirk::ZeroIndex).with_quirk(other);
        assert_eq!(paths(&played(CHAT, reply).await.unwrap()), ["a", "b"], "{other:?}");
    }
}

#[tokio::test]
async fn pieces_of_calls_may_take_turns() {
    let piece = |id: &str, name: &str, args: &str| {
        let function = json!({ "name": name, "arguments": args });
        let delta = json!({ "tool_calls": [{ "id": id, "function": function }] });
        format!("data: {}\n\n", json!({ "choices": [{ "delta": delta }] }))
    };
    let begun = [piece("x", "list_folder", "{\"path\":"), piece("y", "list_folder", "{\"path\":")];
    let ended = [piece("x", "", "\"a\"}"), piece("y", "list_folder", "\"b\"}")];
    let raw = [&begun[..], &ended[..], &["data: [DONE]\n\n".to_owned()]].concat().concat();
    assert_eq!(paths(&played(CHAT, Reply::raw(&raw)).await.unwrap()), ["a", "b"]);
}

#[tokio::test]
async fn whatever_the_reason_for_the_end_calls_are_calls() {
    two_calls_in_spite_of(&[Quirk::FinishStop, Quirk::NullFinish, Quirk::NoDone]).await;
}

#[tokio::test]
async fn everything_may_be_null() {
    two_calls_in_spite_of(&[Quirk::Nulls, Quirk::NullDelta, Quirk::NullError]).await;
}

#[tokio::test]
async fn several_calls_may_come_in_one_delta_and_none_in_many() {
    two_calls_in_spite_of(&[Quirk::OneDelta, Quirk::NoCalls]).await;
}

#[tokio::test]
async fn calls_without_an_id_or_with_the_same_one_get_their_own() {
    two_calls_in_spite_of(&[Quirk::NoIds, Quirk::SameIds, Quirk::RepeatedIds]).await;
    let answer = played(Kind::Responses, two().with_quirk(Quirk::NoIds)).await.unwrap();
    assert_eq!(paths(&answer), ["a", "b"]);
}

#[tokio::test]
async fn an_id_that_the_conversation_has_already_is_not_taken_again() {
    let call = || Part::Call { tool: "list_folder".into(), args: json!({}), id: Some("call_0".into()) };
    let service =
        MockService::start(move |ask| if ask.turns < 3 { Reply::turn([call()]) } else { Reply::text("Done.") });
    let (model, mut talk) = (model(CHAT, &service), request("look"));
    for _ in 0..3 {
        let answer = ask(&model, &talk).await.unwrap();
        go_on(&mut talk, &answer);
    }
    assert_eq!(ask(&model, &talk).await.unwrap().text(), "Done.");
}

#[tokio::test]
async fn an_error_inside_a_stream_is_an_error_and_no_error_is_none() {
    for kind in [CHAT, Kind::Responses] {
        let fault = Fault::ErrorInStream { kind: "server_error".into() };
        let error = played(kind, two().with_fault(fault)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}");
        assert!(error.message.contains("Something broke in the middle"), "{error:?}");
        played(kind, two().with_quirk(Quirk::NullError)).await.unwrap();
    }
    let failed = r#"data: {"error":{"message":"boom","code":500},"choices":[]}"#;
    let error = played(CHAT, Reply::raw(&format!("{failed}\n\ndata: [DONE]\n\n"))).await.unwrap_err();
    assert!(error.message.contains("boom"), "{error:?}");
    let failed = r#"data: {"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"boom"}}}"#;
    let error = played(Kind::Responses, Reply::raw(&format!("{failed}\n\n"))).await.unwrap_err();
    assert!(error.message.contains("boom"), "{error:?}");
}

#[tokio::test]
async fn arguments_may_be_an_object_or_in_a_string_of_their_own() {
    two_calls_in_spite_of(&[Quirk::ObjectArguments]).await;
    let quoted = Part::call("list_folder", json!(r#"{"path":"a"}"#));
    assert_eq!(paths(&played(CHAT, Reply::turn([quoted])).await.unwrap()), ["a"]);
}

#[tokio::test]
async fn arguments_that_are_no_object_say_so() {
    for kind in [CHAT, Kind::Responses] {
        let answer = played(kind, Reply::turn([Part::call("list_folder", json!([1]))])).await.unwrap();
        let call = answer.calls().next().unwrap();
        assert_eq!(call.args.value(), json!({}));
        assert!(call.fault.as_ref().unwrap().contains("not an object"), "{call:?}");
        let deep = (0..110).fold(json!(1), |inner, _| json!([inner]));
        let answer = played(kind, Reply::turn([Part::call("list_folder", json!({ "in": deep }))])).await.unwrap();
        assert!(answer.calls().next().unwrap().fault.as_ref().unwrap().contains("nested too deep"), "{answer:?}");
    }
    let bad = r#"{"id":"x","choices":[{"delta":{"tool_calls":[{"id":"c1","function":{"name":"list_folder","arguments":"{path: 1}"}}]},"finish_reason":"tool_calls"}]}"#;
    let answer = played(CHAT, Reply::raw(&format!("data: {bad}\n\ndata: [DONE]\n\n"))).await.unwrap();
    assert!(answer.calls().next().unwrap().fault.as_ref().unwrap().contains("not JSON"), "{answer:?}");
}

#[tokio::test]
async fn lines_comments_names_and_events_that_nobody_knows_don_t_matter() {
    let quirks =
        [Quirk::CrLf, Quirk::Comments, Quirk::NoSpace, Quirk::NoEventNames, Quirk::UnknownEvents, Quirk::NoUsage];
    two_calls_in_spite_of(&quirks).await;
    for quirk in quirks {
        let answer = played(Kind::Responses, two().with_quirk(quirk)).await.unwrap();
        assert_eq!(paths(&answer), ["a", "b"], "{quirk:?}");
    }
    let answer = played(Kind::Responses, two().with_quirk(Quirk::UnknownBlock)).await.unwrap();
    assert_eq!(paths(&answer), ["a", "b"], "an item that nobody knows goes back unchanged");
}

#[tokio::test]
async fn a_service_that_does_not_stream_is_read_too() {
    for kind in [CHAT, Kind::Responses] {
        let answer = played(kind, two().with_fault(Fault::NotStreamed)).await.unwrap();
        assert_eq!((paths(&answer), answer.text()), (vec![json!("a"), json!("b")], "I look.".into()));
    }
    let answer = played(CHAT, two().with_fault(Fault::WrongType)).await.unwrap();
    assert_eq!(paths(&answer), ["a", "b"], "a stream by another name is one");
}

#[tokio::test]
async fn an_answer_without_an_end_is_an_error() {
    for kind in [CHAT, Kind::Responses] {
        for fault in
            [Fault::Cut { after: 700 }, Fault::EmptyBody, Fault::InvalidUtf8, Fault::CutInArguments, Fault::Reset]
        {
            let error = played(kind, two().with_fault(fault.clone())).await.unwrap_err();
            assert_eq!(error.kind, ErrorKind::Unavailable, "{fault:?}: {error:?}");
            assert_ne!(error.retry, Retry::Never, "{fault:?}: {error:?}");
        }
    }
    let error = played(Kind::Responses, two().with_quirk(Quirk::NoDone)).await.unwrap_err();
    assert!(error.message.contains("cut off"), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_is_too_long_or_never_comes_is_given_up() {
    let limits = Limits { most_bytes: 1 << 20, idle: std::time::Duration::from_millis(200), ..Limits::default() };
    for kind in [CHAT, Kind::Responses] {
        for (fault, expected) in [
            (Fault::Endless, ErrorKind::LimitExceeded),
            (Fault::Huge { bytes: 300 << 20 }, ErrorKind::LimitExceeded),
            (Fault::Stall { after: 300 }, ErrorKind::Unavailable),
        ] {
            let service = MockService::start(move |_| two().with_fault(fault.clone()));
            let error = ask(&model_at(kind, &service.url(), limits.clone()), &request("look")).await.unwrap_err();
            assert_eq!(error.kind, expected, "{error:?}");
        }
    }
}

#[tokio::test]
async fn each_refusal_says_what_to_do() {
    let refused = |code: u16| Reply::status(code);
    for kind in [CHAT, Kind::Responses] {
        for (code, expected) in [
            (401, ErrorKind::NotAllowed),
            (403, ErrorKind::NotAllowed),
            (404, ErrorKind::NotFound),
            (413, ErrorKind::LimitExceeded),
            (429, ErrorKind::Unavailable),
            (500, ErrorKind::Unavailable),
            (503, ErrorKind::Unavailable),
            (529, ErrorKind::Unavailable),
        ] {
            let error = played(kind, refused(code)).await.unwrap_err();
            assert_eq!(error.kind, expected, "{code}: {error:?}");
            assert!(error.fix().is_some() && !format!("{error:?}").contains("sk-test"), "{code}: {error:?}");
        }
        let error = played(kind, Reply::fault(Fault::Html { code: 502 })).await.unwrap_err();
        assert!(error.message.contains("web page"), "{error:?}");
        let error =
            ask(&model_at(kind, &MockService::refused(), Limits::default()), &request("look")).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error:?}");
    }
}

#[tokio::test]
async fn an_empty_answer_is_one_and_a_refusal_says_so() {
    for kind in [CHAT, Kind::Responses] {
        let answer = played(kind, Reply::turn([])).await.unwrap();
        assert_eq!((answer.blocks.len(), answer.stop), (0, Stop::End));
        let answer = played(kind, Reply::turn([Part::Refusal("I won't.".into())])).await.unwrap();
        assert_eq!((answer.text().as_str(), answer.stop), ("I won't.", Stop::Refused));
        let answer = played(kind, Reply::text("I").with_stop(Stop::Refused)).await.unwrap();
        assert_eq!(answer.stop, Stop::Refused);
        let answer = played(kind, Reply::text("I was").with_stop(Stop::Length)).await.unwrap();
        assert_eq!(answer.stop, Stop::Length);
    }
    let full = r#"data: {"choices":[{"delta":{"content":"I was"},"finish_reason":"model_length"}]}"#;
    assert_eq!(played(CHAT, Reply::raw(&format!("{full}\n\n"))).await.unwrap().stop, Stop::Full);
}

#[tokio::test]
async fn what_it_took_is_told() {
    let usage = Usage { input: 90, cache_read: 10, cache_write: 0, output: 25, thinking: 5 };
    for kind in [CHAT, Kind::Responses] {
        assert_eq!(played(kind, two().with_usage(usage)).await.unwrap().usage, usage);
        assert_eq!(played(kind, two().with_quirk(Quirk::NoUsage)).await.unwrap().usage, Usage::default());
    }
}

#[tokio::test]
async fn what_it_thinks_is_told_whatever_it_is_called() {
    for quirk in [Quirk::ReasoningContent, Quirk::ReasoningDetails, Quirk::ThinkingParts] {
        let reply =
            Reply::turn([Part::Thinking("Let me see.".into()), Part::Text("It rains.".into())]).with_quirk(quirk);
        let service = MockService::start(move |_| reply.clone());
        let (answer, said) = ask_aloud(&model(CHAT, &service), &request("look")).await;
        assert_eq!(said.replace("><", ""), "<Let me see.>It rains.", "{quirk:?}");
        assert_eq!(answer.unwrap().blocks.len(), 1, "{quirk:?}: no other service is shown it");
    }
}

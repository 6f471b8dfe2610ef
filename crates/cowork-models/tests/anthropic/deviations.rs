//! What services do that speak the API almost.

use super::*;

#[tokio::test]
async fn a_call_whose_first_part_is_empty_or_that_has_none_has_no_arguments() {
    for parts in [&[][..], &[""], &["", ""], &["{}"]] {
        let answer = read_events(stream(call(0, "toolu_1", parts), "tool_use")).await.unwrap();
        assert_eq!((&only_call(&answer).args.value(), &only_call(&answer).fault), (&json!({}), &None));
    }
}

#[tokio::test]
async fn the_whole_input_at_the_start_counts_where_no_part_came() {
    let block = json!({ "type": "tool_use", "id": "toolu_1", "name": "look", "input": { "at": 3 } });
    let answer = read_events(stream([begin(0, &block), stop(0)], "tool_use")).await.unwrap();
    assert_eq!(only_call(&answer).args.value(), json!({ "at": 3 }));
    let part = json!({ "type": "input_json_delta", "partial_json": "{\"at\":4}" });
    let answer = read_events(stream([begin(0, &block), delta(0, &part)], "tool_use")).await.unwrap();
    assert_eq!(only_call(&answer).args.value(), json!({ "at": 4 }), "where parts came, they count");
}

#[tokio::test]
async fn a_call_at_the_limit_without_whole_arguments_was_cut_off() {
    for reason in ["max_tokens", "model_context_window_exceeded"] {
        for parts in [&[][..], &["{\"at\":"]] {
            let error = read_events(stream(call(0, "toolu_1", parts), reason)).await.unwrap_err();
            assert_eq!((error.kind, error.retry), (Kind::Unavailable, Retry::Never), "{error:?}");
            assert_eq!((error.fact("stop"), error.fact("tool")), (Some("length"), Some("look")));
        }
    }
}

#[tokio::test]
async fn an_answer_with_calls_ends_with_calls_whatever_it_says() {
    for reason in ["end_turn", "stop_sequence", "something_new", "pause_turn"] {
        let answer = read_events(stream(call(0, "toolu_1", &["{}"]), reason)).await.unwrap();
        assert_eq!(only_call(&answer).id, "toolu_1");
    }
}

#[tokio::test]
async fn everything_may_be_null() {
    let all = [
        json!({ "type": "message_start", "message": { "id": null, "model": null, "usage": null, "content": null } }),
        json!({ "type": "content_block_start", "index": null, "content_block": { "type": "text", "text": null, "citations": null } }),
        json!({ "type": "content_block_delta", "index": null, "delta": { "type": "text_delta", "text": null } }),
        json!({ "type": "content_block_delta", "delta": { "type": "text_delta", "text": "ok", "thinking": null }, "error": null }),
        json!({ "type": "content_block_delta", "index": 0, "delta": null }),
        json!({ "type": "message_delta", "delta": { "stop_reason": null }, "usage": null }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": { "output_tokens": null } }),
        json!({ "type": null }),
        json!({ "type": "message_stop", "error": null }),
    ];
    assert_eq!(read_events(events(&all)).await.unwrap().text(), "ok");
}

#[tokio::test]
async fn calls_without_a_name_of_their_own_get_one() {
    let ids = ["", "a b", &"x".repeat(65), "call_1", "call_1"];
    let blocks = ids.iter().enumerate().flat_map(|(n, id)| call(n as u64, id, &["{}"]));
    let service = Service::always(Answer::events(stream(blocks, "tool_use")));
    let earlier = ModelCall { id: "call_1".into(), tool: "look".into(), args: json!({}).into(), fault: None };
    let conversation = vec![
        Message::user("hello"),
        Message::new(Role::Assistant, vec![Block::Call(earlier)]),
        Message::new(Role::User, vec![Block::Result { call: "call_1".into(), text: "x".into(), failed: false }]),
    ];
    let answer = ask(&model_of(&service, "claude-sonnet-5-5"), request(conversation)).await.unwrap();
    let ids: Vec<&str> = answer.calls().map(|call| call.id.as_str()).collect();
    assert_eq!(ids, ["call_3_0", "call_3_1", "call_3_2", "call_3_3", "call_3_4"]);
}

#[tokio::test]
async fn an_error_in_an_answer_that_is_a_success_is_one_and_null_is_none() {
    let body = "data: {\"error\":{\"message\":\"Overloaded\",\"code\":529},\"choices\":[]}\n\n";
    let error = read_events(body).await.unwrap_err();
    assert_eq!((error.kind, error.retry), (Kind::Unavailable, Retry::Now), "{error:?}");
    let whole = json!({ "error": { "type": "overloaded_error", "message": "Overloaded" } });
    assert_eq!(read(Answer::json(200, &whole)).await.unwrap_err().kind, Kind::Unavailable);
}

#[tokio::test]
async fn arguments_are_taken_in_every_form_that_can_be_meant() {
    let none = json!({});
    for (part, args) in [
        (json!("null"), &none),
        (json!("\"\""), &none),
        (json!({ "at": 5 }), &json!({ "at": 5 })),
        (json!("\"{\\\"at\\\": 5}\""), &json!({ "at": 5 })),
    ] {
        let block = json!({ "type": "tool_use", "id": "toolu_1", "name": "look", "input": null });
        let blocks = [begin(0, &block), delta(0, &json!({ "type": "input_json_delta", "partial_json": part }))];
        let answer = read_events(stream(blocks, "tool_use")).await.unwrap();
        assert_eq!((&only_call(&answer).args.value(), &only_call(&answer).fault), (args, &None), "{part}");
    }
}

#[tokio::test]
async fn arguments_that_can_not_be_read_are_a_fault_that_says_why() {
    for (part, why) in [("{\"at\": ]", "not JSON"), ("[1]", "a list"), ("7", "a number"), ("\"x\"", "a text")] {
        let answer = read_events(stream(call(0, "toolu_1", &[part]), "tool_use")).await.unwrap();
        let call = only_call(&answer);
        assert_eq!(call.args.value(), json!({}));
        assert!(call.fault.as_ref().is_some_and(|fault| fault.contains(why)), "{call:?}");
    }
}

#[tokio::test]
async fn an_answer_in_one_piece_is_taken_though_a_stream_was_asked_for() {
    let whole = json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "tool_use", "content": [
        { "type": "text", "text": "Look." }, { "type": "tool_use", "id": "toolu_1", "name": "look", "input": { "at": 1 } } ],
        "usage": { "input_tokens": 3, "output_tokens": 4 } });
    let answer = read(Answer::json(200, &whole)).await.unwrap();
    assert_eq!((answer.text().as_str(), &only_call(&answer).args.value()), ("Look.", &json!({ "at": 1 })));
    assert_eq!(answer.usage, Usage { input: 3, output: 4, ..Usage::default() });
}

#[tokio::test]
async fn a_stream_may_end_without_its_last_event_once_it_said_why_it_stopped() {
    let whole = stream(text(0, "ok"), "end_turn");
    let cut = &whole[..whole.find("event: message_stop").unwrap()];
    assert_eq!(read_events(cut).await.unwrap().text(), "ok");
    assert_eq!(read_events(format!("{cut}data: [DONE]\n\n")).await.unwrap().text(), "ok");
}

#[tokio::test]
async fn a_block_may_begin_with_its_first_part() {
    let blocks = [
        delta(0, &json!({ "type": "thinking_delta", "thinking": "Hm" })),
        delta(1, &json!({ "type": "text_delta", "text": "ok" })),
    ];
    let answer = read_events(stream(blocks, "end_turn")).await.unwrap();
    assert_eq!(answer.blocks, [opaque(r#"{"type":"thinking","thinking":"Hm","signature":""}"#), Block::text("ok")]);
}

#[tokio::test]
async fn the_address_may_end_with_the_version() {
    let service = Service::always(Answer::events(stream(text(0, "ok"), "end_turn")));
    for base in [service.base.clone(), format!("{}/v1", service.base), format!("{}/v1/", service.base)] {
        let endpoint = Endpoint { base, ..anthropic::endpoint(None) };
        let model = Anthropic::new(Transport::new(endpoint, Limits::default()).unwrap(), "m");
        ask(&model, hello()).await.unwrap();
    }
    assert!(service.asked().iter().all(|asked| asked.path == "/v1/messages"));
}

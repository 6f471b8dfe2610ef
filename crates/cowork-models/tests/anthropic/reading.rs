//! What is read from a stream.

use super::*;

#[tokio::test]
async fn everything_is_said_as_it_comes_in_its_order() {
    let thinking = [
        begin(0, &json!({ "type": "thinking", "thinking": "", "signature": "" })),
        delta(0, &json!({ "type": "thinking_delta", "thinking": "Hm\u{2026} \"so\"\n" })),
        delta(0, &json!({ "type": "signature_delta", "signature": "c2ln+/==" })),
        stop(0),
    ];
    let blocks = thinking.into_iter().chain(text(1, "I will look.")).chain(call(2, "toolu_9", &["", "{\"at\":", "1}"]));
    let service = Service::always(Answer::events(stream(blocks, "tool_use")));
    let (heard, said) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(())));
    let (listen, _keep) = (heard.clone(), said);
    let say = Box::new(move |said: Said<'_>| listen.lock().unwrap().push(format!("{said:?}")));
    let model = model_of(&service, "claude-sonnet-5-5");
    let answer = model.answer(hello(), say, CancellationToken::new()).await.unwrap();
    let heard = heard.lock().unwrap().clone();
    assert_eq!(heard, [r#"Thinking("Hm… \"so\"\n")"#, r#"Text("I will look.")"#, r#"Call("look")"#]);
    let thought = r#"{"signature":"c2ln+/==","thinking":"Hm… \"so\"\n","type":"thinking"}"#;
    let called = ModelCall { id: "toolu_9".into(), tool: "look".into(), args: json!({ "at": 1 }).into(), fault: None };
    assert_eq!(answer.blocks, [opaque(thought), Block::text("I will look."), Block::Call(called)]);
    assert_eq!((answer.id.as_str(), answer.model.as_str(), answer.stop), ("msg_1", "claude-sonnet-5-5", Stop::Calls));
}

#[tokio::test]
async fn usage_is_what_was_said_last() {
    let first = read_events(stream(text(0, "ok"), "end_turn")).await.unwrap();
    assert_eq!(first.usage, Usage { input: 20, cache_read: 11, cache_write: 7, output: 9, thinking: 0 });
    let last = json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": {
        "input_tokens": 100, "cache_read_input_tokens": null, "output_tokens": 50, "output_tokens_details": { "thinking_tokens": 30 } } });
    let later = read_events(events(&[start(), last, json!({ "type": "message_stop" })])).await.unwrap();
    assert_eq!(later.usage, Usage { input: 100, cache_read: 11, cache_write: 7, output: 50, thinking: 30 });
}

#[tokio::test]
async fn each_reason_to_stop_is_told() {
    let cases = [
        ("end_turn", Stop::End),
        ("stop_sequence", Stop::End),
        ("max_tokens", Stop::Length),
        ("model_context_window_exceeded", Stop::Full),
        ("refusal", Stop::Refused),
        ("pause_turn", Stop::Paused),
        ("something_new", Stop::End),
    ];
    for (reason, stop) in cases {
        let answer = read_events(stream(text(0, "ok"), reason)).await.unwrap();
        assert_eq!((answer.stop, answer.text().as_str()), (stop, "ok"), "{reason}");
    }
}

#[tokio::test]
async fn what_is_not_understood_is_carried_unchanged() {
    let result = r#"{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[{"b":1.50,"a":"\u00e9"}]}"#;
    let redacted = r#"{"type":"redacted_thinking","data":"EqkE+/="}"#;
    let body = format!(
        "{}event: content_block_start\ndata: {{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{redacted} }}\n\n\
         data: {{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{result}}}\n\n{}",
        events(&[start(), json!({ "type": "ping" }), json!({ "type": "brand_new", "x": [1] })]),
        events(&[&[stop(0), stop(1)][..], &text(2, "ok"), &end("end_turn")].concat()),
    );
    let answer = read_events(body).await.unwrap();
    assert_eq!(answer.blocks, [opaque(redacted), opaque(result), Block::text("ok")]);
}

#[tokio::test]
async fn a_service_tools_call_keeps_its_fields_and_gets_its_input() {
    let block = json!({ "type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}, "caller": { "type": "direct" } });
    let parts = ["", "{\"query\":", " \"x\"}"];
    let parts = parts.map(|part| delta(0, &json!({ "type": "input_json_delta", "partial_json": part })));
    let answer =
        read_events(stream([begin(0, &block)].into_iter().chain(parts).chain([stop(0)]), "pause_turn")).await.unwrap();
    let Block::Opaque { json, .. } = &answer.blocks[0] else { panic!("{answer:?}") };
    let mut expected = block;
    expected["input"] = json!({ "query": "x" });
    assert_eq!(serde_json::from_str::<Value>(json).unwrap(), expected);
    assert!(json.contains(r#""input":{"query": "x"}"#), "the input is as it was written: {json}");
    assert_eq!((answer.calls().count(), answer.stop), (0, Stop::Paused));
}

#[tokio::test]
async fn a_delta_that_came_later_than_this_program_is_added_to_its_field() {
    let block = json!({ "type": "compaction", "content": null });
    let parts = ["What was ", "said."].map(|part| delta(0, &json!({ "type": "compaction_delta", "content": part })));
    let answer = read_events(stream([begin(0, &block)].into_iter().chain(parts), "end_turn")).await.unwrap();
    assert_eq!(answer.blocks, [opaque(r#"{"content":"What was said.","type":"compaction"}"#)]);
}

#[tokio::test]
async fn citations_stay_with_their_text() {
    let cited = json!({ "type": "web_search_result_location", "url": "https://x.example", "encrypted_index": "Eo8+" });
    let blocks = [
        begin(0, &json!({ "type": "text", "text": "", "citations": [] })),
        delta(0, &json!({ "type": "citations_delta", "citation": cited })),
        delta(0, &json!({ "type": "text_delta", "text": "It rains." })),
        stop(0),
    ];
    let answer = read_events(stream(blocks, "end_turn")).await.unwrap();
    assert_eq!(answer.blocks, [Block::Text { text: "It rains.".into(), citations: vec![cited] }]);
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_is_one() {
    for (kind, expected, retry) in [
        ("overloaded_error", Kind::Unavailable, Retry::Now),
        ("api_error", Kind::Unavailable, Retry::Now),
        ("rate_limit_error", Kind::Unavailable, Retry::Now),
        ("invalid_request_error", Kind::InvalidInput, Retry::Never),
    ] {
        let error =
            json!({ "type": "error", "error": { "type": kind, "message": "Went wrong" }, "request_id": "req_5" });
        let error = read_events(events(&[&[start()][..], &text(0, "a"), &[error]].concat())).await.unwrap_err();
        assert_eq!((error.kind, error.retry, error.fact("request")), (expected, retry, Some("req_5")), "{error:?}");
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_an_error_wherever_it_is_cut() {
    let whole = stream(call(0, "toolu_1", &["{\"at\":", " 1}"]), "tool_use");
    let reason = whole.find("\"stop_reason\"").unwrap();
    for at in (0..reason).step_by(7) {
        for end in [End::Cut, End::Whole] {
            let error = read(Answer::events(&whole[..at]).ending(end)).await.expect_err("it is cut off");
            assert_eq!((error.kind, error.retry), (Kind::Unavailable, Retry::Now), "at {at}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_refusal_leaves_no_call_behind() {
    let answer =
        read_events(stream(text(0, "I").into_iter().chain(call(1, "toolu_1", &["{}"])), "refusal")).await.unwrap();
    assert_eq!((answer.stop, answer.calls().count(), answer.text().as_str()), (Stop::Refused, 0, "I"));
}

#[tokio::test]
async fn a_thought_that_was_cut_off_is_not_kept() {
    let block = json!({ "type": "thinking", "thinking": "", "signature": "" });
    let thought = [begin(0, &block), delta(0, &json!({ "type": "thinking_delta", "thinking": "Hm" }))];
    let answer = read_events(stream(thought, "max_tokens")).await.unwrap();
    assert_eq!((answer.blocks.as_slice(), answer.stop), (&[][..], Stop::Length));
}

#[tokio::test]
async fn what_a_services_tool_was_asked_and_did_not_answer_before_the_cut_is_not_kept() {
    let asked = |index: u64, id: &str| {
        begin(index, &json!({ "type": "server_tool_use", "id": id, "name": "web_search", "input": { "query": "x" } }))
    };
    let answered = begin(1, &json!({ "type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [] }));
    let blocks = [asked(0, "srvtoolu_1"), answered, asked(2, "srvtoolu_2")];
    for (reason, kept) in [("max_tokens", 2), ("refusal", 2), ("pause_turn", 3)] {
        let answer = read_events(stream(blocks.clone(), reason)).await.unwrap();
        assert_eq!(answer.blocks.len(), kept, "{reason}: {answer:?}");
    }
}

#[tokio::test]
async fn a_call_that_ends_just_at_the_limit_is_whole() {
    let answer = read_events(stream(call(0, "toolu_1", &["{\"at\":1}"]), "max_tokens")).await.unwrap();
    assert_eq!(only_call(&answer).args.value(), json!({ "at": 1 }));
}

#[tokio::test]
async fn what_is_no_stream_of_events_is_said_so() {
    for body in ["hello", "data: {\n\n", "data: [1]\n\n", "data: \u{1F600}\n\n"] {
        let error = read_events(body).await.unwrap_err();
        assert_eq!((error.kind, error.retry), (Kind::Unavailable, Retry::Now), "{body}: {error:?}");
    }
    let error = read_events(&b"data: {\"type\":\"\xff\"}\n\n"[..]).await.unwrap_err();
    assert!(error.message.contains("not UTF-8"), "{error}");
}

#[tokio::test]
async fn an_answer_that_has_ended_is_given_though_its_connection_has_not() {
    let answer = read(Answer::events(stream(text(0, "ok"), "end_turn")).ending(End::Never)).await.unwrap();
    assert_eq!(answer.text(), "ok");
}

#[tokio::test]
async fn an_empty_answer_is_an_answer() {
    let answer = read_events(stream([], "end_turn")).await.unwrap();
    assert_eq!((answer.blocks.len(), answer.stop), (0, Stop::End));
}

//! What is sent.

use super::*;

fn result(call: &str, failed: bool) -> Block {
    Block::Result { call: call.into(), text: "seen".into(), failed }
}

fn called(id: &str) -> Block {
    Block::Call(ModelCall { id: id.into(), tool: "look".into(), args: json!({ "b": 1, "a": [2] }).into(), fault: None })
}

/// A conversation of every kind of block.
fn conversation() -> Vec<Message> {
    let media =
        |media_type: &str| Block::Media { name: "A".into(), media_type: media_type.into(), data: "QUJD".into() };
    let thought = r#"{"type":"thinking","thinking":"Hm","signature":"c2ln"}"#;
    let cited = Block::Text { text: "It rains.".into(), citations: vec![json!({ "url": "x" })] };
    vec![
        Message::new(
            Role::User,
            vec![
                Block::text("hello"),
                Block::text(" \n"),
                media("image/png"),
                media("application/pdf"),
                media("audio/wav"),
            ],
        ),
        Message::new(
            Role::Assistant,
            vec![
                opaque(thought),
                Block::Opaque { dialect: "openai".into(), json: "{}".into() },
                cited,
                called("toolu_1"),
                called("toolu_2"),
            ],
        ),
        Message::new(Role::User, vec![Block::text("and now?"), result("toolu_1", false), result("toolu_2", true)]),
    ]
}

#[tokio::test]
async fn a_request_says_all_that_the_conversation_does() {
    let body = sent("claude-sonnet-4-5", request(conversation())).await;
    let mark = json!({ "type": "ephemeral" });
    assert_eq!(
        body,
        json!({
            "model": "claude-sonnet-4-5", "max_tokens": 1_000, "stream": true,
            "tools": [{ "name": "look", "description": "Looks.", "input_schema": { "type": "object" }, "cache_control": mark }],
            "system": [{ "type": "text", "text": "Be kind.", "cache_control": mark }],
            "messages": [
                { "role": "user", "content": [
                    { "type": "text", "text": "hello" },
                    { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "QUJD" } },
                    { "type": "document", "source": { "type": "base64", "media_type": "application/pdf", "data": "QUJD" }, "title": "A" },
                    { "type": "text", "text": "[A: a file of the type audio/wav, which can't be shown here]", "cache_control": mark },
                ] },
                { "role": "assistant", "content": [
                    { "type": "thinking", "thinking": "Hm", "signature": "c2ln" },
                    { "type": "text", "text": "It rains.", "citations": [{ "url": "x" }] },
                    { "type": "tool_use", "id": "toolu_1", "name": "look", "input": { "a": [2], "b": 1 } },
                    { "type": "tool_use", "id": "toolu_2", "name": "look", "input": { "a": [2], "b": 1 } },
                ] },
                { "role": "user", "content": [
                    { "type": "tool_result", "tool_use_id": "toolu_1", "content": "seen" },
                    { "type": "tool_result", "tool_use_id": "toolu_2", "content": "seen", "is_error": true },
                    { "type": "text", "text": "and now?", "cache_control": mark },
                ] },
            ],
        })
    );
}

#[tokio::test]
async fn what_is_empty_is_left_out() {
    let request = ModelRequest { messages: vec![Arc::new(Message::user("hi"))].into(), ..ModelRequest::default() };
    let body = sent("claude-sonnet-4-5", request).await;
    assert!(body.get("tools").is_none() && body.get("system").is_none(), "{body}");
    assert_eq!(body["max_tokens"], 64_000, "as many as the model can");
    let only_thought = Message::new(Role::Assistant, vec![opaque(r#"{"type":"redacted_thinking","data":"x"}"#)]);
    let body = sent("m", super::request(vec![Message::user("a"), only_thought, Message::user("b")])).await;
    assert_eq!(
        body["messages"].as_array().unwrap().len(),
        2,
        "a turn of nothing but thought is refused, so it is not sent"
    );
}

#[tokio::test]
async fn a_tools_schema_is_always_an_object() {
    let nullable = json!({ "type": ["object", "null"] });
    for schema in [json!({}), json!({ "properties": {} }), json!(null), json!({ "type": "object" }), nullable] {
        let head = Arc::new(Head { tools: vec![ToolSpec { schema, ..look() }, look()].into(), ..Head::default() });
        let body = sent("m", ModelRequest { head, ..hello() }).await;
        assert_eq!(body["tools"][0]["input_schema"]["type"], "object");
        let marks: Vec<bool> =
            body["tools"].as_array().unwrap().iter().map(|t| t.get("cache_control").is_some()).collect();
        assert_eq!(marks, [false, true], "the last one ends what is kept");
    }
}

#[tokio::test]
async fn alternatives_at_the_top_of_a_tools_schema_are_put_together() {
    let schema = json!({ "description": "One or the other.", "properties": { "at": { "type": "integer" } }, "required": ["at"],
        "oneOf": [{ "properties": { "a": { "type": "string" } }, "required": ["a"] }, { "properties": { "b": {}, "at": {} } }] });
    let head = Arc::new(Head { tools: vec![ToolSpec { schema, ..look() }].into(), ..Head::default() });
    let body = sent("m", ModelRequest { head, ..hello() }).await;
    let together = json!({ "type": "object", "description": "One or the other.", "required": ["at"],
        "properties": { "at": { "type": "integer" }, "a": { "type": "string" }, "b": {} } });
    assert_eq!(body["tools"][0]["input_schema"], together);
}

#[tokio::test]
async fn a_services_own_tool_is_offered_only_where_the_host_says_so() {
    let search = json!({ "type": "web_search_20250305", "name": "web_search" });
    for tools in [vec![], vec![look()]] {
        let service = Service::always(Answer::events(stream(text(0, "ok"), "end_turn")));
        let head = Arc::new(Head { tools: tools.clone().into(), ..Head::default() });
        let model = model_of(&service, "m").with_service_tool(search.clone());
        ask(&model, ModelRequest { head, ..hello() }).await.unwrap();
        let body = service.asked()[0].json();
        assert_eq!((&body["tools"][0], body["tools"].as_array().unwrap().len()), (&search, 1 + tools.len()));
    }
}

#[tokio::test]
async fn how_hard_to_think_is_said_in_each_models_way() {
    use Effort::{High, Low, None, Usual};
    let shown = json!({ "type": "adaptive", "display": "summarized" });
    let mut bound = shown.clone();
    bound["block_binding"] = json!({ "prefix_mismatch_behavior": "drop_block" });
    let cases = [
        ("claude-3-5-haiku-latest", High, json!(null), json!(null)),
        ("something-else", High, json!(null), json!(null)),
        ("claude-haiku-4-5-20251001", Usual, json!(null), json!(null)),
        ("claude-haiku-4-5", Low, json!({ "type": "enabled", "budget_tokens": 2_048 }), json!(null)),
        ("claude-opus-4-20250514", High, json!({ "type": "enabled", "budget_tokens": 16_000 }), json!(null)),
        ("claude-opus-4-8", Usual, json!(null), json!(null)),
        ("claude-opus-4-8", Low, shown.clone(), json!({ "effort": "low" })),
        ("claude-sonnet-5", Usual, shown.clone(), json!(null)),
        ("claude-sonnet-5", None, json!({ "type": "disabled" }), json!(null)),
        ("claude-sonnet-5-5", None, bound.clone(), json!({ "effort": "low" })),
        ("us.anthropic.claude-sonnet-5-5-v1:0", High, bound.clone(), json!({ "effort": "high" })),
        ("claude-fable-5-2", None, bound.clone(), json!({ "effort": "low" })),
        ("claude-haiku-5-5", None, json!({ "type": "disabled" }), json!(null)),
    ];
    for (model, effort, thinking, config) in cases {
        let body = sent(model, ModelRequest { effort, most_tokens: 0, ..hello() }).await;
        assert_eq!((&body["thinking"], &body["output_config"]), (&thinking, &config), "{model} {effort:?}");
        for sampling in ["temperature", "top_p", "top_k"] {
            assert!(body.get(sampling).is_none(), "{model}: newer models refuse {sampling}");
        }
    }
}

#[tokio::test]
async fn thoughts_whose_beginning_has_changed_are_left_out_and_not_refused() {
    let thought = opaque(r#"{"type":"thinking","thinking":"Hm","signature":"c2ln"}"#);
    let turn = Message::new(Role::Assistant, vec![thought, Block::text("I see.")]);
    let compacted = request(vec![Message::user("What was said: …"), turn, Message::user("go on")]);
    for (model, effort, dropped) in [
        ("claude-opus-5-5", Effort::Usual, true),
        ("claude-haiku-5-5", Effort::None, true),
        ("claude-opus-5", Effort::Usual, false),
    ] {
        let service = Service::always(Answer::events(stream(text(0, "ok"), "end_turn")));
        ask(&model_of(&service, model), ModelRequest { effort, ..compacted.clone() }).await.unwrap();
        let asked = &service.asked()[0];
        let binding = &asked.json()["thinking"]["block_binding"]["prefix_mismatch_behavior"];
        assert_eq!((binding == "drop_block", asked.header("anthropic-beta").is_some()), (dropped, dropped), "{model}");
    }
    let reader = ModelRequest { head: Arc::default(), effort: Effort::None, ..hello() };
    assert_eq!(sent("claude-sonnet-5-5", reader).await["thinking"], json!({ "type": "between_tools" }));
}

#[tokio::test]
async fn the_hosts_own_beta_headers_stay() {
    let service = Service::always(Answer::events(stream(text(0, "ok"), "end_turn")));
    let mut endpoint = Endpoint { base: service.base.clone(), ..anthropic::endpoint(None) };
    endpoint.headers.push(("anthropic-beta".to_owned(), "mine-2026".to_owned()));
    let model = Anthropic::new(Transport::new(endpoint, Limits::default()).unwrap(), "claude-opus-5-5");
    ask(&model, hello()).await.unwrap();
    let betas = "mine-2026,thinking-binding-controls-2026-08-01";
    assert_eq!(service.asked()[0].header("anthropic-beta"), Some(betas));
}

#[tokio::test]
async fn a_budget_fits_into_the_answer_and_into_the_turn() {
    let small = ModelRequest { effort: Effort::High, most_tokens: 1_500, ..hello() };
    assert_eq!(sent("claude-haiku-4-5", small).await["thinking"], json!(null), "there is no room for it");
    let unthought = vec![
        Message::user("hello"),
        Message::new(Role::Assistant, vec![Block::text("Look."), called("toolu_1")]),
        Message::new(Role::User, vec![result("toolu_1", false)]),
    ];
    let turn = ModelRequest { effort: Effort::High, most_tokens: 20_000, ..request(unthought) };
    assert_eq!(sent("claude-haiku-4-5", turn).await["thinking"], json!(null), "the turn began without");
}

#[tokio::test]
async fn a_schema_is_held_by_the_service_where_it_can() {
    let plain = json!({ "type": "object", "required": ["n"], "properties": {
        "n": { "type": "integer", "minimum": 1, "format": "uint32" }, "at": { "type": "string", "format": "date", "minLength": 1 },
        "all": { "type": "array", "minItems": 3, "items": { "anyOf": [{ "type": "null" }, { "$ref": "#/$defs/x" }] } } },
        "$defs": { "x": { "type": "object", "properties": {} } } });
    let body = sent("claude-sonnet-5", ModelRequest { schema: Some(Arc::new(plain.clone())), ..hello() }).await;
    assert_eq!(
        body["output_config"],
        json!({ "format": { "type": "json_schema", "schema": {
        "type": "object", "required": ["n"], "additionalProperties": false, "properties": {
        "n": { "type": "integer" }, "at": { "type": "string", "format": "date" },
        "all": { "type": "array", "items": { "anyOf": [{ "type": "null" }, { "$ref": "#/$defs/x" }] } } },
        "$defs": { "x": { "type": "object", "properties": {}, "additionalProperties": false } } } } })
    );
    let open = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    let endless = json!({ "$ref": "#/$defs/a", "$defs": { "a": { "type": "object", "properties": { "next": { "$ref": "#/$defs/a" } } } } });
    let pattern = json!({ "type": "string", "pattern": "a(?=b)" });
    for (model, schema) in [
        ("claude-sonnet-5", open),
        ("claude-sonnet-5", endless),
        ("claude-sonnet-5", pattern),
        ("claude-3-haiku", plain),
    ] {
        let body = sent(model, ModelRequest { schema: Some(Arc::new(schema)), ..hello() }).await;
        assert_eq!(body["output_config"], json!(null), "what the service can't hold is left to whoever asked");
    }
}

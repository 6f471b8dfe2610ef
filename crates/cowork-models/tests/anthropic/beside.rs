//! What there is beside answers.

use super::*;

#[tokio::test]
async fn tokens_are_counted_by_the_service() {
    let service = Service::always(Answer::json(200, &json!({ "input_tokens": 2_095 })));
    let counted = model_of(&service, "claude-sonnet-5-5").count(&hello()).await.unwrap();
    assert_eq!((counted.count, counted.estimated), (2_095, false));
    let asked = &service.asked()[0];
    assert_eq!(asked.path, "/v1/messages/count_tokens");
    assert!(asked.json().get("max_tokens").is_none() && asked.json().get("stream").is_none());
}

#[tokio::test]
async fn where_the_service_does_not_count_it_is_an_estimate_that_says_so() {
    let service = Service::always(Answer::new(404, "text/plain", "404 page not found"));
    let counted = model_of(&service, "m").count(&hello()).await.unwrap();
    assert_eq!(counted, hello().estimate());
    let unknown = json!({ "type": "error", "error": { "type": "not_found_error", "message": "model: m" } });
    let service = Service::always(Answer::json(404, &unknown));
    assert_eq!(model_of(&service, "m").count(&hello()).await.unwrap_err().kind, Kind::NotFound);
}

#[tokio::test]
async fn the_models_of_a_service_are_listed() {
    let service = Service::always(Answer::json(
        200,
        &json!({ "data": [{ "id": "claude-a", "type": "model" }, { "id": "claude-b" }] }),
    ));
    let endpoint = Endpoint { base: service.base.clone(), ..anthropic::endpoint(None) };
    let transport = Transport::new(endpoint, Limits::default()).unwrap();
    let models = anthropic::models(&transport, &CancellationToken::new()).await.unwrap();
    assert_eq!(
        (models, service.asked()[0].path.as_str()),
        (vec!["claude-a".to_owned(), "claude-b".to_owned()], "/v1/models?limit=1000")
    );
}

#[test]
fn what_is_known_about_a_model_is_found_by_its_longest_name() {
    let card = |name: &str| anthropic::card(name, "x");
    assert_eq!(card("claude-opus-4-20250514").price.unwrap().input, 15_000_000);
    assert_eq!(card("claude-opus-4-8").price.unwrap().input, 5_000_000);
    assert_eq!(card("claude-opus-5-5-20260101").price.unwrap().cache_write, 5_000_000);
    assert_eq!((card("claude-sonnet-4-5").window, card("claude-sonnet-4-6").window), (200_000, 1_000_000));
    assert_eq!((card("llama").price, card("llama").sees.len()), (None, 0), "an unknown one costs what nobody knows");
}

#[tokio::test]
async fn the_host_knows_better() {
    let service = Service::always(Answer::events(stream(text(0, "ok"), "end_turn")));
    let card = cowork_core::ModelCard { most_tokens: 500, ..cowork_core::ModelCard::local("elsewhere") };
    let model = model_of(&service, "m").with_name("mine").with_card(card);
    assert_eq!((model.name(), model.card().at.as_str()), ("mine", service.base.strip_prefix("http://").unwrap()));
    ask(&model, ModelRequest { most_tokens: 9_000, ..hello() }).await.unwrap();
    assert_eq!(service.asked()[0].json()["max_tokens"], 500);
}

#[tokio::test]
async fn a_wrong_key_says_where_it_came_from() {
    let error = json!({ "type": "error", "error": { "type": "authentication_error", "message": "invalid x-api-key" } });
    let error: Error = read(Answer::json(401, &error)).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotAllowed);
    assert!(error.message.contains("ANTHROPIC_API_KEY") && !error.message.contains("sk-ant"), "{error}");
}

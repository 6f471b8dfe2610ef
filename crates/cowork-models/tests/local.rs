//! Local servers, found.
#![cfg(feature = "openai")]

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use cowork_core::CancellationToken;
use cowork_models::local::{Local, Place, Server, find, places};
use cowork_testkit::{
    MockService,
    service::{Builder, Reply},
};
use serde_json::json;

/// No server of these tests takes long; it only bounds a failing one.
const MOST: Duration = Duration::from_secs(5);

fn server() -> Builder {
    MockService::builder(|_| Reply::text("hello"))
}

async fn found(places: &[Place]) -> Vec<Server> {
    find(places, MOST, &CancellationToken::new()).await
}

fn place(service: &'static str, at: &MockService) -> Place {
    Place { service, at: at.url() }
}

#[tokio::test]
async fn each_server_is_asked_in_its_own_way_and_says_what_its_models_can_do() {
    let show = json!({ "capabilities": ["completion", "tools", "thinking"], "model_info": { "qwen3.context_length": 40960 },
        "parameters": "stop   \"<|im_end|>\"\nnum_ctx                        8192" });
    let ollama = server()
        .with_page("/api/tags", json!({ "models": [{ "name": "qwen3:4b" }] }))
        .with_page("/api/show", show)
        .start();
    let studio = json!({ "data": [
        { "id": "gemma", "type": "vlm", "max_context_length": 8192, "capabilities": ["tool_use"] },
        { "id": "nomic", "type": "embeddings" } ] });
    let studio = server().with_page("/api/v0/models", studio).start();
    let props = json!({ "default_generation_settings": { "n_ctx": 16384 }, "modalities": { "vision": false } });
    let llama = server().with_page("/props", props).with_models(&["llama.gguf"]).start();
    let list =
        json!({ "object": "list", "data": [{ "id": "meta/llama", "max_model_len": 131_072, "owned_by": "vllm" }] });
    let vllm = server().with_page("/v1/models", list).start();
    let places =
        [place("ollama", &ollama), place("lmstudio", &studio), place("llamacpp", &llama), place("vllm", &vllm)];
    let servers = found(&places).await;
    let of = |name: &str, window: u32| Local { name: name.into(), window: Some(window), ..Local::default() };
    let expected = [
        ("ollama", Local { calls: Some(true), sees: Some(false), thinks: Some(true), ..of("qwen3:4b", 8192) }),
        ("lmstudio", Local { calls: Some(true), sees: Some(true), ..of("gemma", 8192) }),
        ("llamacpp", Local { sees: Some(false), ..of("llama.gguf", 16384) }),
        ("vllm", of("meta/llama", 131_072)),
    ];
    assert_eq!(servers.len(), 4, "{servers:?}");
    for (server, (name, model)) in servers.iter().zip(&expected) {
        assert_eq!((server.service.name, &server.models), (*name, &vec![model.clone()]));
        assert!(server.base.ends_with("/v1"));
    }
    let card = servers[1].models[0].card("127.0.0.1:1234");
    assert_eq!((card.window, card.sees.len(), card.price.unwrap().output), (8192, 2, 0));
}

#[tokio::test]
async fn what_is_not_there_or_something_else_or_slow_is_left_out() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = Place { service: "vllm", at: format!("http://{}", silent.local_addr().unwrap()) };
    let page = server().with_page("/v1/models", json!({ "hello": "I am a shop" })).start();
    let gone = Place { service: "ollama", at: MockService::refused() };
    let begun = Instant::now();
    let places = [silent, place("vllm", &page), gone];
    assert_eq!(find(&places, Duration::from_millis(200), &CancellationToken::new()).await, []);
    assert!(begun.elapsed() < MOST, "each is waited for only so long");
}

#[tokio::test]
async fn a_search_that_is_cancelled_ends() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = Place { service: "vllm", at: format!("http://{}", silent.local_addr().unwrap()) };
    let cancel = CancellationToken::new();
    cancel.cancel();
    let ended = tokio::time::timeout(MOST, find(&[silent], Duration::from_secs(600), &cancel)).await;
    assert_eq!(ended, Ok(vec![]));
}

#[test]
fn the_usual_places_are_on_this_computer() {
    let places = places();
    assert_eq!(places.iter().map(|p| p.service).collect::<Vec<_>>(), ["ollama", "lmstudio", "llamacpp", "vllm"]);
    assert!(
        places
            .iter()
            .all(|p| p.at.starts_with("http://127.0.0.1:") && cowork_models::openai::service(p.service).is_some())
    );
}

//! Servers of models on this computer, found on their usual ports.
//!
//! Each is asked what it is and what its models can do, by the pages that only it has; what it does not say is not known. Whatever
//! else listens there is left alone.

use std::time::Duration;

use cowork_core::{CancellationToken, ModelCard, Result};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    Auth, Endpoint, Limits, Transport,
    openai::{Service, service},
    transport::{Pieces, Proxy},
};

/// How long a server is waited for. It is on this computer, and the others wait.
pub const SOON: Duration = Duration::from_millis(700);

/// How many of a server's models are asked about one by one.
const MOST_MODELS: usize = 64;

/// What a window is taken for where a server does not say: the least that is usual.
const WINDOW: u32 = 4_096;

/// Where a server may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What it is: `ollama`, `lmstudio`, `llamacpp`, `vllm`, as [`service`] names them.
    pub service: &'static str,
    /// Its address: `http://127.0.0.1:11434`.
    pub at: String,
}

/// A server that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// What it is.
    pub service: &'static Service,
    /// Its address for [`Chat`](crate::openai::Chat): `http://127.0.0.1:11434/v1`.
    pub base: String,
    /// Its models that talk, in its order.
    pub models: Vec<Local>,
}

/// A model of a local server. What is none was not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Local {
    /// Its name there.
    pub name: String,
    /// How many tokens a request and its answer may have together.
    pub window: Option<u32>,
    /// Whether it can call tools.
    pub calls: Option<bool>,
    /// Whether it can see pictures.
    pub sees: Option<bool>,
    /// Whether it thinks before it answers.
    pub thinks: Option<bool>,
}

impl Local {
    /// Gives its card: it costs nothing, and what it did not say is taken for the least.
    pub fn card(&self, at: &str) -> ModelCard {
        let window = self.window.unwrap_or(WINDOW);
        let sees: &[&str] = if self.sees == Some(true) { &["image/png", "image/jpeg"] } else { &[] };
        let sees = sees.iter().map(|media| (*media).to_owned()).collect();
        ModelCard { window, most_tokens: (window / 4).max(1), sees, ..ModelCard::local(at) }
    }
}

/// Gives the usual places.
pub fn places() -> Vec<Place> {
    let usual = [("ollama", 11434), ("lmstudio", 1234), ("llamacpp", 8080), ("vllm", 8000)];
    usual.map(|(service, port)| Place { service, at: format!("http://127.0.0.1:{port}") }).into()
}

/// Finds the servers at these places, each within this time, all at once. One that is not there, does not answer in time or answers as
/// something else is left out.
///
/// Cancellation: by the token, or by dropping the future; what was found so far is given.
pub async fn find(places: &[Place], most: Duration, cancel: &CancellationToken) -> Vec<Server> {
    let asked = join_all(
        places
            .iter()
            .map(|place| async move { tokio::time::timeout(most, ask(place, most, cancel)).await.ok().flatten() }),
    );
    asked.await.into_iter().flatten().collect()
}

async fn ask(place: &Place, most: Duration, cancel: &CancellationToken) -> Option<Server> {
    let service = service(place.service)?;
    let way = Way { transport: transport(&place.at, most).ok()?, cancel };
    let models = match place.service {
        "ollama" => ollama(&way).await,
        "lmstudio" => lmstudio(&way).await,
        "llamacpp" => llamacpp(&way).await,
        _ => listed(&way).await,
    };
    Some(Server { service, base: format!("{}/v1", place.at), models: models? })
}

/// Makes the way to one: by no proxy, with nothing that takes long.
fn transport(at: &str, most: Duration) -> Result<Transport> {
    let limits =
        Limits { connect: most, first: most, idle: most, most_bytes: 8 << 20, proxy: Proxy::None, ..Limits::default() };
    let endpoint =
        Endpoint { base: at.to_owned(), key: None, auth: Auth::Bearer, key_from: String::new(), headers: Vec::new() };
    Transport::new(endpoint, limits)
}

struct Way<'a> {
    transport: Transport,
    cancel: &'a CancellationToken,
}

impl Way<'_> {
    async fn get(&self, path: &str) -> Option<Value> {
        let mut page = self.transport.get(path, self.cancel).await.ok()?;
        serde_json::from_slice(&page.whole().await.ok()?).ok()
    }

    async fn post(&self, path: &str, body: &Value) -> Option<Value> {
        let mut pieces = Pieces::default();
        pieces.write(body.to_string().as_bytes());
        let mut page = self.transport.post(path, || pieces, self.cancel).await.ok()?;
        serde_json::from_slice(&page.whole().await.ok()?).ok()
    }
}

/// Asks Ollama: a list of names, and for each a page with what it can do.
async fn ollama(way: &Way<'_>) -> Option<Vec<Local>> {
    let tags = way.get("/api/tags").await?;
    let names: Vec<&str> =
        tags["models"].as_array()?.iter().filter_map(|m| m["name"].as_str()).take(MOST_MODELS).collect();
    let shown = join_all(names.iter().map(|name| async move {
        let page = way.post("/api/show", &json!({ "model": name })).await.unwrap_or_default();
        let can = words(&page["capabilities"]);
        let says = |word: &str| can.as_ref().map(|can| can.iter().any(|c| c == word));
        // One that only embeds does not talk.
        (says("completion") != Some(false)).then(|| Local {
            name: (*name).to_owned(),
            window: set_window(&page).or_else(|| longest(&page["model_info"])),
            calls: says("tools"),
            sees: says("vision"),
            thinks: says("thinking"),
        })
    }));
    Some(shown.await.into_iter().flatten().collect())
}

/// Gives the window that a model of Ollama's is set to, which may be less than the model can.
fn set_window(page: &Value) -> Option<u32> {
    let lines = page["parameters"].as_str()?.lines();
    lines.filter_map(|line| line.trim().strip_prefix("num_ctx")).find_map(|n| n.trim().parse().ok())
}

fn longest(info: &Value) -> Option<u32> {
    let mut fields = info.as_object()?.iter();
    fields.find(|(name, _)| name.ends_with(".context_length")).and_then(|(_, value)| number(value))
}

async fn lmstudio(way: &Way<'_>) -> Option<Vec<Local>> {
    let page = way.get("/api/v0/models").await?;
    let talks = |model: &&Value| model["type"] != "embeddings";
    let models = page["data"].as_array()?.iter().filter(talks).filter_map(|model| {
        let can = words(&model["capabilities"]);
        Some(Local {
            name: model["id"].as_str()?.to_owned(),
            window: number(&model["loaded_context_length"]).or_else(|| number(&model["max_context_length"])),
            calls: can.map(|can| can.iter().any(|c| c == "tool_use")),
            sees: model["type"].as_str().map(|kind| kind == "vlm"),
            thinks: None,
        })
    });
    Some(models.collect())
}

/// Asks llama.cpp, which has one model, and tells of it on a page of its own.
async fn llamacpp(way: &Way<'_>) -> Option<Vec<Local>> {
    let (mut models, props) = (listed(way).await?, way.get("/props").await.unwrap_or_default());
    for model in &mut models {
        model.window = number(&props["default_generation_settings"]["n_ctx"]).or(model.window);
        model.sees = props["modalities"]["vision"].as_bool();
        model.calls = props["chat_template_caps"]["supports_tools"].as_bool();
    }
    Some(models)
}

/// Asks for the list that every server of this format has.
async fn listed(way: &Way<'_>) -> Option<Vec<Local>> {
    let page = way.get("/v1/models").await?;
    let models = page["data"].as_array()?.iter().filter_map(|model| {
        let window = number(&model["max_model_len"]).or_else(|| number(&model["meta"]["n_ctx_train"]));
        Some(Local { name: model["id"].as_str()?.to_owned(), window, ..Local::default() })
    });
    Some(models.collect())
}

fn words(list: &Value) -> Option<Vec<String>> {
    Some(list.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().filter(|n| *n > 0).map(|n| u32::try_from(n).unwrap_or(u32::MAX))
}

//! Recorded exchanges with real services.

use std::{fs, path::Path};

use serde::Deserialize;
use serde_json::Value;

/// A request and what came of it, as they were recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// Where it went.
    pub url: String,
    /// The request's body.
    pub asked: Value,
    /// The status of the answer.
    pub status: u16,
    /// The answer's body: a stream as it was sent, or the JSON of one that came whole. Empty where it was recorded otherwise.
    pub answered: String,
}

/// Gives the exchanges of a cassette, in order. The cassettes lie beside the project (`../shared/cassettes`) and are no part of it:
/// where they are not there, says so on the standard error and gives none.
///
/// # Panics
/// Where a cassette that is there can't be read.
pub fn cassette(name: &str) -> Option<Vec<Exchange>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cassettes");
    if !folder.is_dir() {
        eprintln!("SKIPPED: there are no cassettes in {}", folder.display());
        return None;
    }
    let text = fs::read_to_string(folder.join(name).with_extension("yaml")).expect("the cassette can be read");
    let recorded: Recorded = serde_saphyr::from_str(&text).expect("a cassette has this form");
    Some(recorded.interactions.into_iter().map(Interaction::exchange).collect())
}

#[derive(Deserialize)]
struct Recorded {
    interactions: Vec<Interaction>,
}

#[derive(Deserialize)]
struct Interaction {
    request: Request,
    response: Response,
}

#[derive(Deserialize)]
struct Request {
    uri: String,
    #[serde(default)]
    parsed_body: Value,
}

#[derive(Deserialize)]
struct Response {
    status: Status,
    #[serde(default)]
    body: Option<Body>,
    #[serde(default)]
    parsed_body: Option<Value>,
}

#[derive(Deserialize)]
struct Status {
    code: u16,
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    string: Option<String>,
}

impl Interaction {
    fn exchange(self) -> Exchange {
        let Self { request, response } = self;
        let streamed = response.body.and_then(|body| body.string);
        let answered = streamed.or_else(|| response.parsed_body.map(|json| json.to_string())).unwrap_or_default();
        Exchange { url: request.uri, asked: request.parsed_body, status: response.status.code, answered }
    }
}

//! `OpenAI`'s two formats, as `OpenAI` and many others speak them.
//!
//! [`Chat`] speaks Chat Completions to any service of [`SERVICES`]; what differs between them is that table. [`Responses`]
//! speaks the Responses format, with nothing stored at the service.

mod calls;
mod chat;
#[doc(hidden)]
pub mod fuzzed;
mod known;
mod read;
mod responses;
mod services;
mod write;

use cowork_core::{CancellationToken, Result};
use serde::Deserialize;

use crate::Transport;

pub use chat::Chat;
pub use known::card;
pub use responses::Responses;
#[cfg(feature = "config")]
pub(crate) use services::thinks;
pub use services::{Ids, MostTokens, SERVICES, Schemas, Service, Think, Thoughts, service};

/// Gives the names of the models that a service offers this key.
///
/// # Errors
/// As [`Transport::get`]'s.
pub async fn models(transport: &Transport, cancel: &CancellationToken) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Page {
        data: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        id: String,
    }
    let all = transport.get("/models", cancel).await?.whole().await?;
    let page: Page =
        serde_json::from_slice(&all).map_err(|e| read::broken("something else than a list").with_source(e))?;
    Ok(page.data.into_iter().map(|entry| entry.id).collect())
}

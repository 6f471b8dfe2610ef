//! `OpenAI`'s two formats, as `OpenAI` and many others speak them.
//!
//! [`Chat`] speaks Chat Completions to any service of [`SERVICES`]; what differs between them is that table. [`Responses`]
//! speaks the Responses format, with nothing stored at the service.

mod calls;
mod chat;
#[doc(hidden)]
pub mod fuzzed;
mod read;
mod responses;
mod services;
mod write;

pub use chat::Chat;
pub use responses::Responses;
pub use services::{Ids, MostTokens, SERVICES, Schemas, Service, Think, Thoughts, service};

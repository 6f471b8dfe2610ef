//! Clients of model services behind [`Model`](cowork_core::Model): what goes over the wire, and what comes back.
//!
//! They decide nothing: a request is written as its service wants it, sent once, and read as it arrives. Whether it is tried
//! again, what it may cost and where it may go is decided above.
//!
//! - [`transport`] is the way to a service: one client, deadlines, limits, and errors that say what to do.
//! - [`sse`] reads a stream of events, whichever way its bytes are cut.
#![cfg_attr(feature = "anthropic", doc = "- [`anthropic`] speaks the Messages API.")]
#![cfg_attr(feature = "openai", doc = "- [`openai`] speaks Chat Completions and Responses, as many services do.")]
#![cfg_attr(feature = "config", doc = "- [`config`] makes models of what a person set, and finds their keys.")]
#![cfg_attr(feature = "openai", doc = "- [`local`] finds the servers of models on this computer.")]

#[cfg(feature = "anthropic")]
pub mod anthropic;
#[cfg(any(feature = "anthropic", feature = "openai"))]
mod call;
#[cfg(feature = "config")]
pub mod config;
#[cfg(any(feature = "anthropic", feature = "openai"))]
#[cfg_attr(not(feature = "anthropic"), allow(dead_code, reason = "each format reads what it needs"))]
mod json;
#[cfg(feature = "openai")]
pub mod local;
#[cfg(feature = "openai")]
pub mod openai;
pub mod secret;
pub mod sse;
pub mod transport;

pub use secret::Secret;
pub use transport::{Auth, Endpoint, Limits, Transport, tls_for};

//! Scripted models, fake clock, failpoints and one conformance suite per trait of the Cowork SDK.

pub mod sandbox;

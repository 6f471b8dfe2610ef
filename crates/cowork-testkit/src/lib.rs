//! Scripted planners and tools, a fake clock, failpoints and one conformance suite per trait of the Cowork SDK.
//!
//! For tests only: what goes wrong in here panics, as a test should.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on says so by panicking"
)]

pub mod approver;
pub mod blobs;
#[cfg(feature = "service")]
pub mod cassette;
mod faulty;
mod golden;
mod log;
mod memory;
pub mod model;
pub mod planner;
pub mod policy;
pub mod probe;
pub mod runtime;
pub mod sandbox;
#[cfg(feature = "service")]
pub mod service;
pub mod store;
mod tell;
pub mod tool;

pub use approver::ScriptedApprover;
#[cfg(feature = "service")]
pub use cassette::cassette;
pub use faulty::{Fault, FaultyStore};
pub use golden::golden;
pub use log::TaskLog;
pub use memory::{MemorySession, Node};
pub use model::ScriptedModel;
pub use planner::ScriptedPlanner;
pub use runtime::{TestRuntime, block_on};
#[cfg(feature = "service")]
pub use service::MockService;
pub use tell::tell;
pub use tool::{NoopTool, ProbeTool};

//! The view of the granted folders: directory handles, journal and undo.

mod act;
mod change;
mod check;
mod disk;
mod fault;
mod grant;
mod journal;
mod judge;
mod local;
mod lock;
mod number;
mod plan;
mod record;
mod session;
mod settle;
mod stage;
mod state;
mod sys;
mod touched;
mod undo;
mod view;

pub use local::{LocalSandbox, LocalSandboxOptions};

//! The stories, one for each promise of [`Sandbox`](cowork_core::Sandbox), [`Session`](cowork_core::Session) and
//! [`Files`](cowork_core::Files).

mod changes;
mod commands;
mod grants;
mod looks;
mod undo;
mod walk;
mod watch;

use cowork_core::{Change, Clash, Known, Write};

pub use self::{changes::*, commands::*, grants::*, looks::*, undo::*, walk::*, watch::*};
use super::path;

fn write(at: &str, content: &str, clash: Clash) -> Change {
    Change::Write(Write { known: Known::Nothing, clash, ..Write::new(path(at), Vec::from(content)) })
}

fn relocate(from: &str, to: &str, clash: Clash) -> Change {
    Change::Move { from: path(from), to: path(to), clash }
}

fn copy(from: &str, to: &str, clash: Clash) -> Change {
    Change::Copy { from: path(from), to: path(to), clash }
}

fn aside(at: &str) -> Change {
    Change::set_aside(path(at))
}

fn make(at: &str) -> Change {
    Change::MakeFolder { path: path(at), mode: None }
}

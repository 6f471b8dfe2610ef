//! The built-in tools of the Cowork SDK.
//!
//! [`files`] looks at files and changes them through the task's session; [`recorded`] gives time and chance through the
//! log, so that a program that is run again over its log sees the same. Every path is a [`FilePath`](cowork_core::FilePath)
//! in a granted folder; nothing here opens a path by itself.

#[cfg(feature = "archive")]
mod archive;
mod change;
mod edit;
mod find;
mod look;
pub mod patch;
mod recorded;
mod show;
mod write;

use std::sync::Arc;

use cowork_core::{Tool, tool};

/// Gives every built-in tool.
pub fn builtin() -> Vec<Arc<dyn Tool>> {
    let mut all = files();
    all.extend(recorded());
    all
}

/// Gives the tools that look at files and change them.
///
/// What changes is journalled by the session and can be undone: `write_file`, `edit_file`, `apply_patch`, `make_folder`,
/// `move_files`, `copy_files`, `set_aside`, `restore_files`, `set_mode`, and with the feature `archive` `make_archive` and
/// `extract_archive`, beside which `list_archive` only looks. What only looks: `list_folder`, `file_info`, `read_file`, `find_text`.
pub fn files() -> Vec<Arc<dyn Tool>> {
    let all = vec![
        tool(look::ListFolder),
        tool(look::FileInfo),
        tool(look::ReadFile),
        tool(find::FindText),
        tool(write::WriteFile),
        tool(edit::EditFile),
        tool(patch::ApplyPatch),
        tool(change::MakeFolder),
        tool(change::MoveFiles),
        tool(change::CopyFiles),
        tool(change::SetAside),
        tool(change::RestoreFiles),
        tool(change::SetMode),
    ];
    #[cfg(feature = "archive")]
    let all = all.into_iter().chain(archive::tools()).collect();
    all
}

/// Gives the clock and chance as tools, `now` and `random`: what they answered is in the log.
pub fn recorded() -> Vec<Arc<dyn Tool>> {
    vec![tool(recorded::Now), tool(recorded::Random)]
}

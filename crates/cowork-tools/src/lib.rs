//! The built-in tools of the Cowork SDK.
//!
//! `files` (a feature, on by default) looks at files and changes them through the task's session; [`recorded`] gives time and chance through the
//! log, so that a program that is run again over its log sees the same. Every path is a [`FilePath`](cowork_core::FilePath)
//! in a granted folder; nothing here opens a path by itself.

#[cfg(feature = "archive")]
mod archive;
#[cfg(feature = "files")]
mod category;
#[cfg(feature = "files")]
mod change;
#[cfg(feature = "shell")]
pub mod code;
#[cfg(feature = "files")]
mod compare;
#[cfg(feature = "files")]
mod dates;
#[cfg(feature = "files")]
mod document;
#[cfg(feature = "files")]
mod duplicates;
#[cfg(feature = "files")]
mod edit;
#[cfg(feature = "files")]
mod find;
#[cfg(feature = "files")]
mod find_first;
#[cfg(feature = "files")]
mod find_names;
#[cfg(feature = "files")]
mod find_rules;
#[cfg(feature = "files")]
mod folders;
#[doc(hidden)]
#[cfg(feature = "files")]
pub mod fuzzed;
#[cfg(feature = "files")]
mod hash;
#[cfg(feature = "files")]
mod hash_each;
#[cfg(feature = "files")]
mod look;
#[cfg(feature = "files")]
mod look_info;
#[cfg(feature = "files")]
mod look_read;
#[cfg(feature = "files")]
mod look_text;
#[cfg(feature = "files")]
mod look_type;
#[cfg(feature = "metadata")]
mod metadata;
#[cfg(feature = "files")]
mod names;
#[cfg(feature = "files")]
mod notes;
#[cfg(feature = "files")]
pub mod patch;
#[cfg(feature = "places")]
mod places;
#[cfg(feature = "places")]
mod places_cities;
#[cfg(feature = "places")]
mod places_countries;
#[cfg(feature = "files")]
mod reading;
mod recorded;
#[cfg(feature = "files")]
mod search;
#[cfg(feature = "shell")]
pub mod shell;
#[cfg(feature = "files")]
mod show;
#[cfg(any(feature = "documents", feature = "metadata"))]
mod source;
#[cfg(feature = "tables")]
mod table;
#[cfg(feature = "files")]
mod transcode;
#[cfg(feature = "files")]
mod tree;
#[cfg(feature = "files")]
mod watch;
#[cfg(feature = "files")]
mod whole_text;
#[cfg(feature = "files")]
mod write;

use std::sync::Arc;

use cowork_core::{Tool, tool};

/// Gives every built-in tool.
pub fn builtin() -> Vec<Arc<dyn Tool>> {
    #[cfg(feature = "files")]
    let all: Vec<Arc<dyn Tool>> = files().into_iter().chain(recorded()).collect();
    #[cfg(not(feature = "files"))]
    let all = recorded();
    #[cfg(feature = "shell")]
    let all = all.into_iter().chain(running()).collect();
    all
}

/// Gives the tools that run commands and code: `shell`, `job`, `code`.
#[cfg(feature = "shell")]
fn running() -> [Arc<dyn Tool>; 3] {
    let shell = shell::Shell::new();
    let job = shell::Job::new(shell.jobs());
    [Arc::new(shell), Arc::new(job), Arc::new(code::Code::new())]
}

/// Gives the tools that look at files and change them.
///
/// What changes is journalled by the session and can be undone: `write_file`, `edit_file`, `replace_text`, `apply_patch`, `join_texts`,
/// `make_folder`, `move_files`, `copy_files`, `set_aside`, `restore_files`, `set_mode`, with the feature `archive` `make_archive` and
/// `extract_archive`, beside which `list_archive` only looks, and with `tables` `combine_tables`, beside which `read_tables` does. What
/// only looks: `list_folder`, `folder_tree`, `file_info`, `file_metadata`, `read_file`, `find_files`, `find_text`, `hash_files`,
/// `find_duplicates`, `compare_folders`, `suggest_names`, `suggest_folders`, `watch_folder`; with the feature `places` also `name_places`, which looks at no file.
#[cfg(feature = "files")]
pub fn files() -> Vec<Arc<dyn Tool>> {
    let all = vec![
        tool(look::ListFolder),
        tool(tree::FolderTree),
        tool(look_info::FileInfo),
        tool(look_info::FileMetadata),
        tool(look_read::ReadFile),
        tool(find_names::FindFiles),
        tool(find::FindText),
        tool(hash::HashFiles),
        tool(duplicates::FindDuplicates),
        tool(compare::CompareFolders),
        tool(names::SuggestNames),
        tool(folders::SuggestFolders),
        tool(watch::WatchFolder),
        tool(write::WriteFile),
        tool(edit::EditFile),
        tool(edit::ReplaceText),
        tool(notes::JoinTexts),
        tool(patch::ApplyPatch),
        tool(change::MakeFolder),
        tool(change::MoveFiles),
        tool(change::CopyFiles),
        tool(change::SetAside),
        tool(change::RestoreFiles),
        tool(change::SetMode),
    ];
    #[cfg(feature = "archive")]
    let all: Vec<Arc<dyn Tool>> = all.into_iter().chain(archive::tools()).collect();
    #[cfg(feature = "places")]
    let all: Vec<Arc<dyn Tool>> = all.into_iter().chain([tool(places::NamePlaces)]).collect();
    #[cfg(feature = "tables")]
    let all = all.into_iter().chain(table::tools()).collect();
    all
}

/// Gives the clock and chance as tools, `now` and `random`: what they answered is in the log.
pub fn recorded() -> Vec<Arc<dyn Tool>> {
    vec![tool(recorded::Now), tool(recorded::Random)]
}

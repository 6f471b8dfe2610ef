//! What every [`Sandbox`] has to do, as stories: run them with [`suite!`](crate::sandbox_suite).
#![allow(clippy::expect_used, clippy::panic, reason = "a story stops at what should not be")]

use std::{
    any::Any,
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cowork_core::{Access, CallId, FilePath, Files, Folder, Sandbox, Session, SessionSpec, TaskId, Watch};

pub use crate::sandbox_suite as suite;

pub mod stories;

/// What a story is told with: a sandbox over a fresh private folder, and an empty folder to grant.
pub struct Bench {
    /// The sandbox.
    pub sandbox: Arc<dyn Sandbox>,
    /// The folder, with its real path.
    pub folder: PathBuf,
    /// What has to live as long as the bench, such as temporary folders.
    pub keep: Box<dyn Any + Send>,
}

impl Bench {
    /// Grants the folder, under the name `F`.
    pub fn grant(&self, access: Access) -> Folder {
        grant("F", &self.folder, access)
    }

    /// Opens a session that may change the folder.
    pub async fn open(&self, task: TaskId) -> Arc<dyn Session> {
        let spec = SessionSpec { task, folders: vec![self.grant(Access::Write)], hosts: Vec::new(), resumed: false };
        self.sandbox.open(spec).await.expect("the folder is free")
    }

    /// Puts a file into the folder, as a person does, with a modification time long past.
    pub fn put(&self, name: &str, content: &str) {
        put(&self.folder.join(name), content);
    }

    /// Gives what the folder holds.
    pub fn tree(&self) -> Tree {
        tree(&self.folder)
    }
}

/// Writes a grant.
pub fn grant(name: &str, at: &Path, access: Access) -> Folder {
    use std::os::unix::ffi::OsStrExt;
    let at = cowork_core::path::escape(at.as_os_str().as_bytes());
    Folder { name: name.into(), at, access, whole: false }
}

/// Writes a file and the folders above it, with a modification time long past and odd to the nanosecond.
pub fn put(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a folder can be made");
    fs::write(path, content).expect("a file can be written");
    age(path, 1_000_000_000 + content.len() as u64);
}

/// Sets the modification time of a file or folder to so many seconds and 123456789 nanoseconds after 1970.
pub fn age(path: &Path, seconds: u64) {
    let time = std::time::UNIX_EPOCH + std::time::Duration::new(seconds, 123_456_789);
    let file = fs::File::open(path).expect("it is there");
    file.set_modified(time).expect("its time can be set");
}

/// Ages every folder in a tree, itself included.
pub fn age_folders(path: &Path) {
    for entry in fs::read_dir(path).expect("a folder").flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            age_folders(&entry.path());
        }
    }
    age(path, 900_000_000);
}

/// What lies in a folder, by the way down to it; the folder itself is the empty path.
pub type Tree = BTreeMap<PathBuf, Node>;

/// One thing in a [`Tree`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Type and permission bits.
    pub mode: u32,
    /// Modification time: seconds and nanoseconds. None for what was left out of a comparison.
    pub time: Option<(i64, i64)>,
    /// A file's content, a link's target.
    pub content: Vec<u8>,
}

/// Reads all that lies in a folder: names, contents, modification times, permissions.
pub fn tree(folder: &Path) -> Tree {
    let mut tree = Tree::new();
    add(folder, Path::new(""), &mut tree);
    tree
}

/// Reads a tree without times: for comparing two runs, which can't have the same.
pub fn shape(folder: &Path) -> Tree {
    let mut tree = tree(folder);
    tree.values_mut().for_each(|node| node.time = None);
    tree
}

fn add(path: &Path, below: &Path, tree: &mut Tree) {
    let data = fs::symlink_metadata(path).expect("it was listed");
    let content = if data.is_file() {
        fs::read(path).expect("a file can be read")
    } else if data.is_symlink() {
        use std::os::unix::ffi::OsStringExt;
        fs::read_link(path).expect("a link can be read").into_os_string().into_vec()
    } else {
        Vec::new()
    };
    let time = Some((data.mtime(), data.mtime_nsec()));
    tree.insert(below.to_owned(), Node { mode: data.mode(), time, content });
    if data.is_dir() {
        for entry in fs::read_dir(path).expect("a folder can be read").flatten() {
            add(&entry.path(), &below.join(entry.file_name()), tree);
        }
    }
}

/// Gives a task that no other story has.
pub fn a_task() -> TaskId {
    next_id().parse().expect("an id")
}

/// Gives a call that no other story has.
pub fn a_call() -> CallId {
    next_id().parse().expect("an id")
}

/// Reads a path.
pub fn path(text: &str) -> FilePath {
    FilePath::parse(text).expect("a path")
}

/// Makes changes in a call of their own, unwatched.
pub async fn change(files: &Arc<dyn Files>, changes: Vec<cowork_core::Change>) -> cowork_core::Changed {
    files.change(changes, Watch::nothing()).await.expect("the call gets through")
}

fn next_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let process = u64::from(std::process::id());
    format!("00000000-0000-7000-8000-{:012x}", (process << 24) + NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Runs every story on a sandbox: `suite!(make)`, where `make` is a function that gives a fresh [`Bench`]; `suite!(make, commands)` with
/// the stories of commands, where they can be run.
#[macro_export]
macro_rules! sandbox_suite {
    ($make:path) => {
        $crate::sandbox_suite!(@each $make:
            a_session_sees_the_granted_folders_and_nothing_else,
            what_is_not_there_or_not_a_folder_is_not_granted,
            a_part_of_a_session_sees_less_and_never_more,
            a_folder_is_changed_by_one_task_at_a_time,
            every_kind_of_change_is_given_back,
            showing_an_undo_says_the_same_and_does_nothing,
            a_second_undo_finds_everything_given_back,
            what_a_person_changed_since_is_kept_and_named,
            a_task_that_should_have_a_journal_and_has_none_is_refused,
            a_folder_is_listed_by_name_up_to_a_limit,
            a_file_is_read_in_pieces,
            links_are_listed_and_never_followed,
            names_that_are_not_text_stay_apart,
            a_folder_granted_for_reading_is_not_changed,
            a_target_that_is_taken_is_left_numbered_or_replaced,
            one_change_in_trouble_does_not_hold_up_the_others,
            changes_are_made_in_order,
            what_is_not_as_it_was_is_not_set_aside,
            a_cancelled_call_stops_between_two_changes,
            a_call_that_runs_again_makes_nothing_twice,
            a_stamp_changes_when_content_does,
            a_folder_is_made_as_closed_as_asked,
            what_was_seen_is_known_in_the_next_session,
            a_placeholder_is_listed_and_not_read,
            a_walk_shows_each_entry_once_and_a_folder_before_what_is_in_it,
            a_walk_goes_only_where_the_visitor_says,
            a_walk_names_links_and_follows_none,
            a_walk_begins_with_files_and_folders,
            a_walk_reads_what_was_granted_for_reading,
            a_folder_that_vanishes_during_a_walk_is_counted,
            a_cancelled_walk_ends_between_two_parts,
            a_visitors_error_ends_the_walk_and_is_its_result,
            a_walk_says_how_far_it_is,
            what_happens_in_a_watched_folder_is_told,
            a_file_that_is_being_written_is_told_of_when_it_is_closed,
            a_watch_ends_with_its_folder,
        );
    };
    ($make:path, commands) => {
        $crate::sandbox_suite!($make);
        $crate::sandbox_suite!(@each $make:
            a_command_is_run_and_told_how_it_ended,
            what_a_command_changed_is_held_back_then_made_then_given_back,
            what_a_command_changed_and_is_discarded_never_was,
            what_somebody_else_changed_stays_and_what_runs_later_is_named,
            a_command_reads_and_changes_what_was_granted_and_nothing_else,
            a_command_ends_with_its_time_and_with_all_that_it_started,
            a_command_is_held_to_its_limits_and_reaches_no_network,
        );
    };
    (@each $make:path: $($story:ident),+ $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
        async fn $story() {
            $crate::sandbox::stories::$story($make()).await;
        }
    )+};
}

//! The view of the granted folders: directory handles, journal and undo.
//!
//! [`LocalSandbox`] gives a task its session on this computer's own disks, and gives back what the task did there.
//!
//! # The view
//! A granted folder is opened once. Every path is walked from that handle by the kernel (`openat2`, beneath, no links), so
//! nothing outside is reached however the tree is changed meanwhile. All system calls are in `sys`, all changes to the disk
//! go through `disk`, which tells a test's probe of each.
//!
//! # Looking
//! `file` describes and opens one file, `walk` goes through trees on every core, `watch` tells what happens in a folder. Each goes
//! from a folder's handle to a name in it, never by a path; pipes and devices are not opened, another disk that is mounted
//! below is not entered by a walk. What is read is stamped (`stamp`), and the session remembers it.
//!
//! # The way of a change
//! `plan` works out steps, each as near to one rename as there is, against the disk as it is; new content is staged in the
//! journal's `kept/` and made durable. `change` then, for up to 4,096 steps that don't depend on one another:
//!
//! 1. appends them to the log with all that undo needs, and syncs it;
//! 2. does them (`act`): renames that replace nothing, exchanges that keep the old file as the pre-image;
//! 3. syncs every folder touched;
//! 4. notes that they are done. These marks ride on the next frame; what has none after a crash is settled by identity.
//!
//! # The journal
//! `<data>/journal/<task>/log` is a line per frame: `CRC32 DURABLE [RECORD,…]`. DURABLE is the number of bytes before the frame
//! that were durable when it was written: a broken frame before that mark is damage, one after it is a torn end and cut off.
//! The records are in `record`; `state` is their fold, the same while it is written and when it is read. `kept/` holds staged
//! content and what left the person's folders, under numbers that the records name. `<data>/folders/` holds the locks.
//!
//! # What always holds
//! - A step's intent is durable before the step. A mark is never durable before what it says.
//! - No two steps of a batch depend on each other, forward or back: each file is where its step found it, or where it took it.
//! - Nothing that a person had is removed: what leaves the folders is in `kept/`, whole and durable, before its last name goes.
//! - Nothing of ours stays in the folders; a name of ours that is there for a moment is in the journal first.
//! - Undo takes back only what is as the step left it; everything else is kept and named.
//!
//! Reasons: `docs/adr/0002-the-journal.md`.
//!
//! # The way out
//! `egress` (a feature) is the proxy by which a confined command reaches what it was granted of the network, and nothing else.

mod act;
mod asked;
mod change;
mod check;
#[cfg(confined)]
mod commands;
#[cfg(confined)]
pub mod confine;
mod difference;
mod disk;
#[cfg(feature = "egress")]
pub mod egress;
mod fault;
mod file;
mod fill;
mod grant;
mod guard;
mod holders;
mod journal;
mod judge;
mod local;
mod lock;
mod mounts;
mod number;
mod others;
#[cfg(all(confined, feature = "egress"))]
mod outlet;
mod part;
mod place;
mod plan;
mod protect;
mod reclaim;
mod record;
mod session;
mod settle;
mod stage;
#[cfg(confined)]
mod staged;
mod stamp;
mod state;
mod still;
mod sweep;
mod sys;
mod touched;
mod tree;
mod undo;
mod view;
mod walk;
mod watch;
#[cfg(confined)]
mod worker;

pub use local::{Copies, LocalSandbox, LocalSandboxOptions};

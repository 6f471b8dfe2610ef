//! An embeddable engine that works beside a person on their files.
//!
//! With nothing configured it plans with the built-in playbooks, keeps its log in SQLite and reaches no file but those in
//! the folders that a task was given. No key, no server.
//!
//! ```
//! # #[tokio::main]
//! # async fn main() -> cowork::Result<()> {
//! # let data = tempfile::tempdir().unwrap();
//! # let folder = tempfile::tempdir().unwrap();
//! # std::fs::write(folder.path().join("photo.jpg"), "not really").unwrap();
//! use cowork::{Cowork, Mode, Submit, ThreadId};
//!
//! let cowork = Cowork::builder().data_dir(data.path()).build().await?;
//! let mut task = Submit::new("Organise these files by type");
//! task.folders.push(cowork::folder(folder.path())?);
//! task.mode = Mode::Auto;
//! let task = cowork.submit(ThreadId::named("main"), "my-app", task).await?;
//! let ended = cowork.settled(task).await?;
//! println!("{:?}", ended.result);
//! # assert!(folder.path().join("Images/photo.jpg").exists());
//! # cowork.stop().await;
//! # Ok(())
//! # }
//! ```

/// Its snippets are run with those of this crate's pages.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/rust.md")]
struct Page;

mod builder;
mod elsewhere;
mod folder;
#[cfg(feature = "otlp")]
pub mod otlp;
mod process;

use std::ops::Deref;

pub use cowork_core::*;
#[doc(inline)]
pub use cowork_models as models;
#[doc(inline)]
pub use cowork_playbooks as playbooks;
#[doc(inline)]
pub use cowork_sandbox as sandbox;
#[doc(inline)]
pub use cowork_store as store;
#[doc(inline)]
pub use cowork_tools as tools;

pub use self::{
    builder::Builder,
    folder::{folder, folder_named},
    process::{TokioRuntime, is_dead, owner},
};

/// The engine with its defaults. It gives everything that an [`Engine`] gives; a clone is the same one.
#[derive(Clone, Debug)]
pub struct Cowork {
    engine: Engine,
}

impl Cowork {
    /// Begins to put one together.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Deref for Cowork {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}

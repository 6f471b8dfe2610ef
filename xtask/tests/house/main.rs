//! The house rules that neither the compiler nor clippy knows: who may depend on whom, and what no file may hold.

mod graph;
mod source;

use std::path::{Path, PathBuf};

/// Whatever went wrong, for the test's last line.
type Failure = Box<dyn std::error::Error>;

/// Gives the root of the clone that the test runs in.
fn root() -> Result<PathBuf, Failure> {
    let here = std::env::var("CARGO_MANIFEST_DIR")?;
    Ok(Path::new(&here).parent().ok_or("xtask lies in a folder")?.to_owned())
}

/// Names every broken rule at once, so that one run is enough to mend them.
fn none_broken(broken: &[String]) {
    assert!(broken.is_empty(), "broken:\n{}", broken.join("\n"));
}

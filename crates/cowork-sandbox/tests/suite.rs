//! The promises of every sandbox, kept by the local one: on one disk, and with the journal on another.

use std::sync::Arc;

use cowork_sandbox::{LocalSandbox, LocalSandboxOptions};
use cowork_testkit::sandbox::Bench;

fn bench(folders: tempfile::TempDir, data: tempfile::TempDir) -> Bench {
    let folder = folders.path().join("granted");
    std::fs::create_dir(&folder).unwrap();
    let options = LocalSandboxOptions { data: data.path().join("data"), ..LocalSandboxOptions::default() };
    Bench { sandbox: Arc::new(LocalSandbox::open(options)), folder, keep: Box::new((folders, data)) }
}

mod on_one_disk {
    use super::*;

    fn make() -> Bench {
        bench(tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap())
    }

    cowork_testkit::sandbox::suite!(make);
}

//! The promises of every sandbox, kept by the local one, in each way in which commands are confined.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

use std::sync::Arc;

use cowork_sandbox::{LocalSandbox, LocalSandboxOptions};
use cowork_testkit::sandbox::Bench;
use tempfile::TempDir;

fn bench(options: LocalSandboxOptions) -> Bench {
    let (folders, data) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let folder = folders.path().join("granted");
    std::fs::create_dir(&folder).unwrap();
    let options = LocalSandboxOptions { data: data.path().join("data"), ..options };
    Bench { sandbox: Arc::new(LocalSandbox::open(options)), folder, keep: Box::new((folders, data)) }
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
mod without_commands {
    use super::*;

    fn make() -> Bench {
        bench(LocalSandboxOptions::default())
    }

    cowork_testkit::sandbox::suite!(make);
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod with_commands {
    use cowork_sandbox::confine::{Feature, Options};

    use super::*;

    fn confined(confinement: Options) -> Bench {
        bench(LocalSandboxOptions { confinement, ..LocalSandboxOptions::default() })
    }

    mod in_namespaces_of_its_own {
        use super::*;

        fn make() -> Bench {
            confined(Options::default())
        }

        cowork_testkit::sandbox::suite!(make, commands);
    }

    mod by_bubblewrap {
        use super::*;

        fn make() -> Bench {
            confined(Options { namespaces: false, least: Feature::ALL.into(), ..Options::default() })
        }

        cowork_testkit::sandbox::suite!(make, commands);
    }

    mod without_namespaces {
        use super::*;

        fn make() -> Bench {
            confined(Options { namespaces: false, bubblewrap: None, ..Options::default() })
        }

        cowork_testkit::sandbox::suite!(make, commands);
    }
}

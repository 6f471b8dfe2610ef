//! Commands in a session: what they change is shown first, then comes into the folder through the journal. The same stories are told
//! wherever and however what they change is kept.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::duplicate_mod, reason = "the same stories hold in each way")]

mod hosts;
mod reasons;

#[path = "."]
mod laid_over_the_folder {
    use cowork_sandbox::LocalSandboxOptions;

    /// Whether a command can give files other permissions, and what it is told of what lies elsewhere.
    const GIVES_PERMISSIONS: bool = true;
    const ELSEWHERE: &str = "No such file";

    /// Whether a program that goes on sees what others do in the folder.
    const SEES_OTHERS: bool = true;

    fn options(options: LocalSandboxOptions) -> LocalSandboxOptions {
        options
    }

    #[path = "stories.rs"]
    mod stories;
}

#[path = "."]
mod in_a_copy_of_the_folder {
    use cowork_sandbox::{Copies, LocalSandboxOptions};

    /// Whether a command can give files other permissions, and what it is told of what lies elsewhere.
    const GIVES_PERMISSIONS: bool = true;
    const ELSEWHERE: &str = "No such file";

    /// Whether a program that goes on sees what others do in the folder.
    const SEES_OTHERS: bool = false;

    fn options(options: LocalSandboxOptions) -> LocalSandboxOptions {
        LocalSandboxOptions { copies: Copies { always: true, ..Copies::default() }, ..options }
    }

    #[path = "stories.rs"]
    mod stories;
}

/// In the ways that are left where this program can make no namespaces.
#[path = "."]
mod by_bubblewrap {
    use cowork_sandbox::{
        LocalSandboxOptions,
        confine::{Feature, Options},
    };

    /// Whether a command can give files other permissions, and what it is told of what lies elsewhere.
    const GIVES_PERMISSIONS: bool = true;
    const ELSEWHERE: &str = "No such file";

    /// Whether a program that goes on sees what others do in the folder.
    const SEES_OTHERS: bool = false;

    fn options(options: LocalSandboxOptions) -> LocalSandboxOptions {
        let confinement = Options { namespaces: false, least: Feature::ALL.into(), ..Options::default() };
        LocalSandboxOptions { confinement, ..options }
    }

    #[path = "stories.rs"]
    mod stories;
}

#[path = "."]
mod without_namespaces {
    use cowork_sandbox::{LocalSandboxOptions, confine::Options};

    /// Whether a command can give files other permissions, and what it is told of what lies elsewhere.
    const GIVES_PERMISSIONS: bool = false;
    const ELSEWHERE: &str = "Permission denied";

    /// Whether a program that goes on sees what others do in the folder.
    const SEES_OTHERS: bool = false;

    fn options(options: LocalSandboxOptions) -> LocalSandboxOptions {
        let confinement = Options { namespaces: false, bubblewrap: None, ..Options::default() };
        LocalSandboxOptions { confinement, ..options }
    }

    #[path = "stories.rs"]
    mod stories;
}

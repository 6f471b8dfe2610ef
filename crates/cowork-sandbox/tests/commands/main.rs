//! Commands in a session: what they change is shown first, then comes into the folder through the journal. The same stories are told
//! wherever and however what they change is kept.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![allow(clippy::duplicate_mod, reason = "the same stories hold in each way")]

mod reasons;

#[path = "."]
mod laid_over_the_folder {
    use cowork_sandbox::LocalSandboxOptions;

    fn options(options: LocalSandboxOptions) -> LocalSandboxOptions {
        options
    }

    #[path = "stories.rs"]
    mod stories;
}

#[path = "."]
mod in_a_copy_of_the_folder {
    use cowork_sandbox::{Copies, LocalSandboxOptions};

    fn options(options: LocalSandboxOptions) -> LocalSandboxOptions {
        LocalSandboxOptions { copies: Copies { always: true, ..Copies::default() }, ..options }
    }

    #[path = "stories.rs"]
    mod stories;
}

//! The `cowork` command: a host built on the public API alone.

mod app;
mod args;
mod commands;
mod config;
mod fail;
mod folders;
mod follow;
mod keys;
mod look;
mod mistyped;
mod models;
mod names;
mod out;
mod paths;
mod render;
mod signals;
mod view;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    args::{Cli, Command, ModelsCommand, PlaybookCommand},
    fail::{Exit, Fail},
    mistyped::mistyped,
};

/// Counts what lives, which is what the memory limit of playbooks goes by.
#[global_allocator]
static ALLOCATOR: monty_alloc::LimitedAllocator = monty_alloc::LimitedAllocator;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            mistyped(&error).tell(false);
            return ExitCode::from(Exit::Usage as u8);
        }
        Err(help) => {
            // A closed pipe is no reason to complain.
            let _ = help.print();
            return ExitCode::from(Exit::Done as u8);
        }
    };
    let json = cli.command.is_json();
    match start(cli) {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(fail) => {
            fail.tell(json);
            ExitCode::from(fail.exit as u8)
        }
    }
}

fn start(cli: Cli) -> Result<Exit, Fail> {
    let data = app::data_dir(cli.data)?;
    let mut builder = if cli.command.works() {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = builder
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| cowork::Error::new(cowork::Kind::Internal, "start", format!("can't start: {e}")))?;
    let result = runtime.block_on(commands::dispatch(cli.command, &data));
    // What still runs in the background guards nothing any more.
    runtime.shutdown_background();
    result
}

impl Command {
    fn is_json(&self) -> bool {
        match self {
            Self::Run(run) => run.json,
            Self::Tasks { json, .. }
            | Self::Events { json, .. }
            | Self::Show { json, .. }
            | Self::Answer { json, .. }
            | Self::Resume { json, .. }
            | Self::Undo { json, .. } => *json,
            Self::Playbook(command) => command.is_json(),
            Self::Models { json, command: None } => *json,
            _ => false,
        }
    }

    /// Says whether tasks may be worked on.
    fn works(&self) -> bool {
        match self {
            Self::Tasks { .. } | Self::Show { .. } | Self::Events { .. } | Self::Init { .. } => false,
            Self::Models { command: Some(ModelsCommand::Key(_)), .. } => false,
            Self::Playbook(command) => matches!(
                command,
                PlaybookCommand::Run(_) | PlaybookCommand::Check { .. } | PlaybookCommand::FromTask { .. }
            ),
            _ => true,
        }
    }
}

impl PlaybookCommand {
    fn is_json(&self) -> bool {
        match self {
            Self::Run(run) => run.json,
            Self::List { json } | Self::Check { json, .. } | Self::Match { json, .. } => *json,
            _ => false,
        }
    }
}

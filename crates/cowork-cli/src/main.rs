//! The `cowork` command: a host built on the public API alone.

// They panic where nobody reads what is said: `out` says it.
#![deny(clippy::print_stderr, clippy::print_stdout)]

mod app;
mod args;
mod commands;
mod config;
mod confirm;
mod fail;
mod folders;
mod follow;
mod keys;
mod look;
mod mistake;
mod mistyped;
mod models;
mod names;
mod out;
mod paths;
mod render;
mod signals;
mod view;
mod worker;

use std::{path::Path, process::ExitCode};

use clap::Parser;

use crate::{
    args::{Cli, Command, ModelsCommand, PlaybookCommand},
    fail::{Exit, Fail},
    mistyped::mistyped,
};

/// Counts what lives, which is what the memory limit of playbooks goes by.
#[global_allocator]
static ALLOCATOR: monty_alloc::LimitedAllocator = monty_alloc::LimitedAllocator;

/// How long the end waits at most for spans to be sent.
#[cfg(feature = "otlp")]
const FLUSH: std::time::Duration = std::time::Duration::from_secs(2);

fn main() -> ExitCode {
    // A worker gets nothing of what a host sets up.
    if let Some(ended) = worker::worked() {
        return ended;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            mistyped(&error).tell(false);
            return ExitCode::from(Exit::Usage.code());
        }
        Err(help) => {
            // A closed pipe is no reason to complain.
            let _ = help.print();
            return ExitCode::from(Exit::Done.code());
        }
    };
    let json = cli.command.is_json();
    match start(cli) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(fail) => {
            fail.tell(json);
            ExitCode::from(fail.exit.code())
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
    let result = runtime.block_on(watched(cli.command, &data));
    // What still runs in the background guards nothing any more.
    runtime.shutdown_background();
    result
}

/// Does what is wanted, and sends spans of it where the environment says so. That they can't be sent is said, and is no error.
#[cfg(feature = "otlp")]
async fn watched(command: Command, data: &Path) -> Result<Exit, Fail> {
    let warn = |error: cowork::Error| out::aside(format_args!("  {}", render::text::sentence(&error.message)));
    let begun = if command.works() { cowork::otlp::Otlp::from_env() } else { Ok(None) };
    let otlp = begun.and_then(|otlp| otlp.map(|otlp| otlp.install().map(|()| otlp)).transpose());
    let otlp = otlp.unwrap_or_else(|error| {
        warn(error);
        None
    });
    let result = commands::dispatch(command, data).await;
    if let Some(otlp) = otlp
        && let Err(error) = otlp.close(FLUSH).await
    {
        warn(error);
    }
    result
}

#[cfg(not(feature = "otlp"))]
async fn watched(command: Command, data: &Path) -> Result<Exit, Fail> {
    commands::dispatch(command, data).await
}

impl Command {
    fn is_json(&self) -> bool {
        match self {
            Self::Run(run) => run.json,
            Self::Exec(exec) => exec.json,
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

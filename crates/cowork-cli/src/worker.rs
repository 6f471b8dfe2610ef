//! This program as its own worker, which runs one playbook where it sees nothing.

use std::{
    env,
    io::{stdin, stdout},
    process::ExitCode,
};

use cowork::{Builder, playbooks};

use crate::out;

/// The one argument that makes it one.
const WORKER: &str = "__run-playbook";

/// Has playbooks run by this program, started once more.
pub(crate) fn with_worker(builder: Builder) -> Builder {
    match env::current_exe() {
        // A user who may not look at where this program is can't have it shown to a worker either.
        Ok(own) if own.metadata().is_ok() => builder.worker_where_possible(own, &[WORKER]),
        _ => builder,
    }
}

/// Does a worker's work if it was started as one.
pub(crate) fn worked() -> Option<ExitCode> {
    let mut args = env::args_os().skip(1);
    if args.next().is_none_or(|first| first != WORKER) || args.next().is_some() {
        return None;
    }
    Some(match playbooks::worker::serve(stdin(), stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            out::aside(format_args!("{error}"));
            ExitCode::FAILURE
        }
    })
}

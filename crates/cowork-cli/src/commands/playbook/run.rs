//! `cowork playbook run`

use std::path::Path;

use super::{planner, source, try_out};
use crate::{
    args::{PlaybookRun, Run},
    commands::run as task,
    config::Config,
    fail::{Exit, Fail},
};

/// Runs one by its name: as a task like any other, or on a copy that is thrown away.
pub(crate) async fn run(mut args: PlaybookRun, data: &Path) -> Result<Exit, Fail> {
    let config = Config::load()?;
    config.name_folders(&mut args.folder)?;
    config.name_folders(&mut args.whole)?;
    let found = source(&planner()?, &args.name)?;
    if args.try_out {
        return try_out::try_out(&args, &found, data).await;
    }
    let PlaybookRun { name, folder, whole, thread, mode, yes, dry_run, try_out: _, json, param } = args;
    let mode = mode.or(config.mode);
    task::run(Run { task: None, folder, whole, thread, mode, yes, dry_run, json, playbook: Some(name), param }, data)
        .await
}

//! `cowork playbook run`

use std::path::Path;

use super::{Source, planner, source, try_out};
use crate::{
    args::{Most, PlaybookRun, Run},
    commands::run as task,
    config::Config,
    fail::{Exit, Fail},
};

/// Runs one by its name: as a task like any other, or on a copy that is thrown away.
pub(crate) async fn run(mut args: PlaybookRun, data: &Path) -> Result<Exit, Fail> {
    let config = Config::load()?;
    config.name_folders(&mut args.folder)?;
    config.name_folders(&mut args.whole)?;
    let planner = planner()?;
    // By its name it is the one that a task would follow: never one that is not in order.
    let found = if args.name.contains(['/', '.']) {
        source(&planner, &args.name)?
    } else {
        let text = planner.playbook(&args.name)?.source.to_string();
        Source { name: args.name.clone(), text, file: None }
    };
    if args.try_out {
        return try_out::try_out(&args, &found, data).await;
    }
    let PlaybookRun { name, folder, whole, thread, mode, yes, dry_run, try_out: _, json, param } = args;
    let mode = mode.or(config.mode);
    let (playbook, model, most) = (Some(name), None, Most::default());
    let no_model = true;
    let run =
        Run { task: None, folder, whole, thread, mode, yes, dry_run, json, playbook, param, model, no_model, most };
    task::run(run, &config, data).await
}

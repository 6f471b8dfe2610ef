//! One file for each group of commands.

mod answer;
mod doctor;
mod events;
pub(crate) mod exec;
mod init;
mod models;
mod notes;
pub(crate) mod playbook;
mod resume;
mod run;
mod show;
mod tasks;
mod tell;
mod trust;
mod undo;

use std::path::Path;

use cowork::Summary;

use crate::{
    app::App,
    args::{Command, ModelsCommand, Run},
    config::Config,
    fail::{Exit, Fail},
    models::with_models_of,
    names,
};

/// Does what is wanted.
pub(crate) async fn dispatch(command: Command, data: &Path) -> Result<Exit, Fail> {
    let open = || App::open(data);
    match command {
        Command::Run(args) => run_with_settings(args, data).await,
        Command::Exec(args) => exec::exec(args, data).await,
        Command::Playbook(command) => playbook::playbook(command, data).await,
        Command::Models { json, command: None } => models::list(json).await,
        Command::Models { command: Some(ModelsCommand::Key(command)), .. } => models::key(command),
        Command::Init { yes } => init::init(yes).await,
        Command::Doctor => doctor::doctor(data).await,
        Command::Tasks { json, all } => tasks::tasks(&open().await?, json, all).await,
        Command::Show { task, changes, all, json } => {
            let (app, task) = (open().await?, task.as_deref());
            if changes { show::changes(&app, task, all, json).await } else { show::show(&app, task).await }
        }
        Command::Events { thread, follow, json } => events::events(&open().await?, &thread, follow, json).await,
        Command::Notes { thread, json, command } => notes::notes(&open().await?, &thread, json, command).await,
        Command::Trust { file, yes, remove } => trust::trust(file.as_deref(), yes, remove).await,
        Command::Answer { call, answer, no_wait, json } => {
            let app = open().await?;
            let task = if no_wait { None } else { Some(names::ask(&app.engine, &call).await?.task) };
            let tasks: Vec<_> = names::all(&app.engine).await?.into_iter().filter(|t| Some(t.task) == task).collect();
            let app = with_model_of(app, data, &tasks).await?;
            answer::answer(&app, &call, answer, no_wait, json).await
        }
        Command::Steer { task, text } => tell::steer(&open().await?, &task, &text).await,
        Command::Pause { task } => tell::pause(&open().await?, &task).await,
        Command::Cancel { task } => tell::cancel(&open().await?, &task).await,
        Command::Resume { task: Some(task), yes, json } => {
            let app = open().await?;
            let one = names::task(&app.engine, &task).await?;
            resume::one(&with_model_of(app, data, &[one]).await?, &task, yes, json).await
        }
        Command::Resume { task: None, yes, json } => {
            let app = open().await?;
            let ready = app.engine.ready().await?;
            let tasks: Vec<_> = app.engine.tasks().await?.into_iter().filter(|t| ready.contains(&t.task)).collect();
            let (app, unready) = with_models_of(app, data, &tasks).await?;
            resume::all(&app, &unready, yes, json).await
        }
        Command::Undo { task, show, path, call, yes, json } => {
            let wanted = undo::Wanted { task, show, paths: path, calls: call, yes, json };
            undo::undo(&open().await?, wanted).await
        }
    }
}

async fn run_with_settings(mut args: Run, data: &Path) -> Result<Exit, Fail> {
    let config = Config::load()?;
    [&mut args.folder, &mut args.whole].into_iter().try_for_each(|folders| config.name_folders(folders))?;
    args.mode = args.mode.or(config.mode);
    run::run(args, &config, data).await
}

/// Opens the engine anew with the model that this task asks, if it asks one.
async fn with_model_of(app: App, data: &Path, task: &[Summary]) -> Result<App, Fail> {
    let (app, unready) = with_models_of(app, data, task).await?;
    unready.into_iter().next().map_or(Ok(app), |unready| Err(unready.why.into()))
}

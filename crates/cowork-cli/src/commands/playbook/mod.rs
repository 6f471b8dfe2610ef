//! `cowork playbook`: what can be done without a model, and a person's own.

mod check;
mod edit;
mod engine;
mod from_task;
mod list;
mod r#match;
mod problems;
mod run;
mod template;
mod try_out;
mod which;

use std::{fs, path::PathBuf, sync::Arc};

use cowork::playbooks::{Playbook, PlaybookFolder, PlaybookPlanner};

pub(crate) use self::which::{Meant, which};
use crate::{
    app::App,
    args::PlaybookCommand,
    config,
    fail::{Exit, Fail, wrong},
    signals::Signals,
};

/// Does what is wanted of playbooks; `data` is where tasks are kept.
pub(crate) async fn playbook(command: PlaybookCommand, data: &std::path::Path) -> Result<Exit, Fail> {
    match command {
        PlaybookCommand::List { json } => list::list(json),
        PlaybookCommand::Show { name, source } => list::show(&name, source),
        PlaybookCommand::New { name } => edit::new(&name),
        PlaybookCommand::FromTask { task, name, show } => {
            from_task::from_task(&App::open(data).await?, &task, name.as_deref(), show).await
        }
        PlaybookCommand::Edit { name } => edit::edit(&name).await,
        PlaybookCommand::Check { names, json } => check::check(&names, json).await,
        PlaybookCommand::Run(args) => run::run(args, data).await,
        PlaybookCommand::Match { task, json } => r#match::match_words(&task, json),
    }
}

/// Makes the planner: the built-in playbooks and those of the person.
pub(crate) fn planner() -> Result<PlaybookPlanner, Fail> {
    Ok(PlaybookPlanner::new()?.with_folder(PlaybookFolder::new(config::playbooks_dir()?)))
}

/// A playbook's source, wherever it comes from.
struct Source {
    /// What it is called here: its name, or the file that was named.
    name: String,
    text: String,
    /// Where it lies; none for a built-in one.
    file: Option<PathBuf>,
}

/// Finds a playbook by its name, or by the file that it is.
fn source(planner: &PlaybookPlanner, name: &str) -> Result<Source, Fail> {
    if name.contains(['/', '.']) {
        return Ok(Source { name: name.to_owned(), text: read(name.as_ref())?, file: Some(name.into()) });
    }
    if let Some(own) = planner.own().into_iter().find(|own| own.name == name) {
        // Also one whose name is taken: it is the one that lies in the person's folder.
        return Ok(Source { name: name.to_owned(), text: read(&own.file)?, file: Some(own.file) });
    }
    let playbook: Arc<Playbook> = planner.playbook(name)?;
    Ok(Source { name: name.to_owned(), text: playbook.source.to_string(), file: None })
}

fn read(path: &std::path::Path) -> Result<String, Fail> {
    let shown = path.display();
    let fix = "name a file, or one of those that `cowork playbook list` shows";
    let is_file =
        fs::metadata(path).map_err(|e| wrong(format!("can't read the playbook {shown}: {e}"), fix))?.is_file();
    if !is_file {
        return Err(wrong(format!("the playbook {shown} is not a file"), fix));
    }
    let bytes = fs::read(path).map_err(|e| wrong(format!("can't read the playbook {shown}: {e}"), fix))?;
    String::from_utf8(bytes)
        .map_err(|_| wrong(format!("the playbook {shown} is not text in UTF-8"), "save it as UTF-8"))
}

/// Waits for something, unless one is asked to stop.
async fn unless_stopped<T>(signals: &mut Signals, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = signals.next() => None,
        done = work => Some(done),
    }
}

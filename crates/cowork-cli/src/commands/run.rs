//! `cowork run`

use std::{
    ffi::OsStr,
    fs,
    io::{Read, stdin},
    path::Path,
};

use cowork::{Error, Kind, Limits, Mode, Submit, ThreadId, models::config::BudgetSettings};
use serde_json::{Map, Value};

use crate::{
    app::{App, SENDER, home},
    args::{self, Run},
    commands::playbook::{Meant, which},
    config::Config,
    fail::{Exit, Fail, usage, wrong},
    folders,
    follow::{How, follow},
    look::Look,
    models::{Chosen, chosen, make},
    out::{self, Out},
    render::line::{Line, Role},
    signals::Signals,
};

/// The longest task that is read from the standard input; the engine says what is too long.
const LONGEST: u64 = 2 << 20;
/// No program that a person wrote is longer.
const LONGEST_PLAYBOOK: u64 = 1 << 20;

/// Submits a task and follows it.
pub(crate) async fn run(args: Run, config: &Config, data: &Path) -> Result<Exit, Fail> {
    // All that can be wrong with what was typed is found before anything is opened or made.
    let mut submit = Submit::new(text(&args)?);
    submit.planner = planner(&args)?;
    let model = if args.no_model { None } else { chosen(config, args.model.as_deref())? };
    let most = args.most.budget();
    limit(&mut submit, most);
    submit.folders = folders::grants(&args.folder, &args.whole, home().as_deref(), data)?;
    submit.allow = config.allowed(&submit.folders);
    submit.trust = config.trusted(&submit.folders);
    submit.mode = mode(&args);
    if args.thread.trim().is_empty() {
        return Err(wrong("the thread's name is empty", "leave out --thread, or give it a name"));
    }
    let mut signals = Signals::listen()?;
    let by_model = match who(&args, &submit, model.as_ref(), &mut signals).await? {
        Meant::AsTyped => None,
        Meant::This(told) => {
            submit.planner = told;
            None
        }
        Meant::Model => model,
        Meant::None => return Ok(not_run(Exit::Done)),
        Meant::Unanswered => return Ok(not_run(Exit::Interrupted)),
    };
    let app = match by_model {
        None => App::open_for_playbook(data).await?,
        Some(model) => {
            model.give(&mut submit);
            limit(&mut submit, most.or(config.budget));
            let made = make(config, &model.name).await?;
            if args.json {
                made.warning().iter().for_each(|text| out::aside(format_args!("  {text}")));
            } else {
                let look = Look::of_stdout();
                Out::default().lines(&model.told(config, &made, &look)?, &look);
            }
            let limits = Limits { patience: model.settings.patience(), ..config.limits() };
            App::open_with(data, made.models, limits).await?
        }
    };
    let thread = ThreadId::named(&args.thread);
    app.engine.open(thread, &args.thread).await?;
    let task = app.engine.submit(thread, SENDER, submit).await?;
    let exit =
        follow(&app, thread, task, How { yes: args.yes, json: args.json, after: 0, cancels: false }, &mut signals)
            .await?;
    app.close(&mut signals).await;
    Ok(exit)
}

fn mode(args: &Run) -> Mode {
    match args.mode {
        _ if args.dry_run => Mode::Plan,
        None | Some(args::Mode::Ask) => Mode::Ask,
        Some(args::Mode::Plan) => Mode::Plan,
        Some(args::Mode::Auto) => Mode::Auto,
    }
}

/// Says who does the task: a playbook where one surely fits, else the model, if there is one.
async fn who(args: &Run, submit: &Submit, model: Option<&Chosen>, signals: &mut Signals) -> Result<Meant, Fail> {
    if args.model.is_some() {
        return Ok(Meant::Model);
    }
    if args.playbook.is_some() {
        return Ok(Meant::AsTyped);
    }
    // With --yes and --json nobody is there to be asked.
    let asks = !args.yes && !args.json;
    which(submit, &params(&args.param)?, asks, model.map(|m| m.name.as_str()), signals).await
}

/// Sets what the task may spend.
fn limit(submit: &mut Submit, most: BudgetSettings) {
    submit.budget = most.budget();
    if let Some(steps) = most.steps {
        submit.max_steps = u32::try_from(steps.0).unwrap_or(u32::MAX);
    }
}

fn not_run(exit: Exit) -> Exit {
    Out::default().lines(&[Line::margin().add(Role::Plain, "Nothing was run.")], &Look::of_stdout());
    exit
}

fn text(args: &Run) -> Result<String, Fail> {
    match (&args.task, &args.playbook) {
        (Some(dash), _) if dash == "-" => from_stdin(),
        (Some(task), _) => as_text(task, "the task"),
        (None, Some(playbook)) => {
            let name = Path::new(playbook).file_stem().map_or_else(|| playbook.into(), |s| s.to_string_lossy());
            Ok(format!("Follow the playbook {name}"))
        }
        (None, None) => asked(),
    }
}

/// Takes what was typed as text.
pub(crate) fn as_text(typed: &OsStr, what: &str) -> Result<String, Fail> {
    let text = typed.to_str().ok_or_else(|| not_text(what))?;
    Ok(text.to_owned())
}

/// Asks for the words, where somebody can be asked.
fn asked() -> Result<String, Fail> {
    let none = || {
        let example = "cowork run --folder ~/Downloads \"Organise these files by type\"";
        wrong("you did not say what is to be done", format!("say it in a sentence: {example}"))
    };
    let look = Look::of_stdout();
    if !look.asks {
        return Err(none());
    }
    let mut out = Out::default();
    out.lines(&[Line::margin().add(Role::Plain, "What is to be done? A sentence, then Enter.")], &look);
    out.text("  > ");
    let mut line = String::new();
    match stdin().read_line(&mut line) {
        Ok(length) if length > 0 && !line.trim().is_empty() => Ok(line.trim().to_owned()),
        _ => Err(none()),
    }
}

fn from_stdin() -> Result<String, Fail> {
    let mut bytes = Vec::new();
    stdin().lock().take(LONGEST).read_to_end(&mut bytes).map_err(|e| {
        usage(Error::new(Kind::InvalidInput, "read task", format!("can't read the task from the standard input: {e}")))
    })?;
    if bytes.len() as u64 == LONGEST {
        return Err(wrong(
            "the task is longer than 2 MB",
            "put the long part into a file in a folder that you name, and name the file",
        ));
    }
    let text = String::from_utf8(bytes).map_err(|_| not_text("the task"))?;
    Ok(text.trim_end().to_owned())
}

fn not_text(what: &str) -> Fail {
    wrong(format!("{what} is not text in UTF-8"), "say in a sentence what you want")
}

/// Says to the planner which playbook to follow, and with which parameters.
fn planner(args: &Run) -> Result<Value, Fail> {
    let mut told = Map::new();
    match &args.playbook {
        Some(name) if is_file(name) => {
            told.insert("source".to_owned(), source(Path::new(name))?.into());
            told.insert("file".to_owned(), name.as_str().into());
        }
        Some(name) => drop(told.insert("playbook".to_owned(), name.as_str().into())),
        None => {}
    }
    let params = params(&args.param)?;
    if !params.is_empty() {
        told.insert("params".to_owned(), params.into());
    }
    Ok(if told.is_empty() { Value::Null } else { told.into() })
}

/// Takes what was typed after `--param` as parameters.
pub(crate) fn params(typed: &[String]) -> Result<Map<String, Value>, Fail> {
    let mut params = Map::new();
    for param in typed {
        let (key, value) = param.split_once('=').filter(|(key, _)| !key.trim().is_empty()).ok_or_else(|| {
            wrong(format!("`{}` does not set a parameter", param.escape_debug()), "write it so: --param by=date")
        })?;
        if params.insert(key.trim().to_owned(), value.into()).is_some() {
            return Err(wrong(format!("the parameter `{}` is set twice", key.trim().escape_debug()), "set it once"));
        }
    }
    Ok(params)
}

/// Says whether a playbook is meant as a file: names of playbooks have neither a slash nor a dot.
fn is_file(name: &str) -> bool {
    name.contains(['/', '.'])
}

fn source(path: &Path) -> Result<String, Fail> {
    let shown = path.display();
    let fix = "name a file, or one of those that `cowork playbook list` shows";
    let size =
        fs::metadata(path).map_err(|e| wrong(format!("can't read the playbook {shown}: {}", reason(&e)), fix))?;
    if !size.is_file() {
        return Err(wrong(format!("the playbook {shown} is not a file"), fix));
    }
    if size.len() > LONGEST_PLAYBOOK {
        return Err(wrong(format!("the playbook {shown} is longer than 1 MB"), "is it a playbook?"));
    }
    let bytes = fs::read(path).map_err(|e| wrong(format!("can't read the playbook {shown}: {}", reason(&e)), fix))?;
    String::from_utf8(bytes).map_err(|_| wrong(format!("the playbook {shown} is not text in UTF-8"), fix))
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it is not there".to_owned(),
        std::io::ErrorKind::PermissionDenied => "you may not read it".to_owned(),
        _ => error.to_string(),
    }
}

//! The models of this computer's person: what they set, what a task asks, where their keys are.

use std::{env, path::Path, sync::Arc};

use cowork::{
    CancellationToken, Error, Limits, Model, Submit, Summary, TaskId,
    models::config::{Destination, Keys, ModelSettings},
};
use serde_json::Value;

use crate::{
    app::{App, home},
    config::{self, Config},
    fail::Fail,
    look::Look,
    out,
    render::{
        asked::is_here,
        line::{Line, Role},
        text::{one_line, sentence, step, wrap},
    },
};

/// What a task's planner is called that asks a model.
const PLANNER: &str = "model";

/// A model that was chosen for a task.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    pub(crate) name: String,
    pub(crate) settings: ModelSettings,
}

/// Gives the places in which keys are looked for.
pub(crate) fn keys() -> Keys {
    let folder = config::dir().ok().map(|dir| dir.join("keys"));
    Keys::new(folder, home(), |name| env::var(name).ok())
}

/// Finds the model that was named, or the one that does what no playbook does.
pub(crate) fn chosen(config: &Config, named: Option<&str>) -> Result<Option<Chosen>, Fail> {
    let set = env::var("COWORK_MODEL").ok().filter(|name| !name.trim().is_empty());
    let Some(name) = named.or(set.as_deref()).or(config.model.as_deref()) else { return Ok(None) };
    let settings = ModelSettings::find(&config.models, name)?;
    Ok(Some(Chosen { name: name.to_owned(), settings }))
}

impl Chosen {
    /// Says to a task that this model does it.
    pub(crate) fn give(&self, submit: &mut Submit) {
        submit.planner = self.settings.planner(&self.name);
    }

    /// Says where what a task sees will go, before anything goes there, and what of it can't be had.
    pub(crate) fn told(&self, config: &Config, made: &Made, look: &Look) -> Result<Vec<Line>, Fail> {
        let mut settings = self.settings.clone();
        if made.without.is_some() {
            settings.fallback = None;
        }
        let all = settings.destinations(&self.name, &config.models)?;
        let one = |d: &Destination| {
            let stays = if is_here(&d.at) { ", which is this computer" } else { "" };
            format!("{}{stays} ({})", d.at, d.what)
        };
        let places = all.iter().map(one).collect::<Vec<_>>().join("; ");
        let room = look.columns().saturating_sub(4);
        let lines = |role: Role, text: &str| -> Vec<Line> {
            wrap(&one_line(text), room).into_iter().map(|l| Line::margin().add(role, l)).collect()
        };
        let mut told = lines(Role::Quiet, &format!("What is said and read in this task goes to {places}."));
        told.extend(made.warning().iter().flat_map(|text| lines(Role::Waiting, text)));
        Ok(told)
    }
}

/// A model and the one that stands in for it, made to be asked.
pub(crate) struct Made {
    pub(crate) models: Vec<Arc<dyn Model>>,
    /// The one that was to stand in, and why it can't be had: no reason not to ask the first.
    without: Option<(String, Error)>,
}

impl Made {
    /// Says what can't be had.
    pub(crate) fn warning(&self) -> Option<String> {
        let (name, error) = self.without.as_ref()?;
        let fix = error.fix().map(|fix| format!(" {}", step(fix))).unwrap_or_default();
        Some(format!("The fallback {name} is left out: {}{fix}", sentence(&error.message)))
    }
}

/// Makes a model, and the one that is asked where it can't be had.
pub(crate) async fn make(config: &Config, name: &str) -> Result<Made, Fail> {
    let (keys, cancel) = (keys(), CancellationToken::new());
    let settings = ModelSettings::find(&config.models, name)?;
    let mut made = Made { models: vec![settings.make(name, &keys, &cancel).await?], without: None };
    if let Some(fallback) = &settings.fallback {
        let other = ModelSettings::find(&config.models, fallback)?;
        match other.make(fallback, &keys, &cancel).await {
            Ok(other) => made.models.push(other),
            Err(error) => made.without = Some((fallback.clone(), error)),
        }
    }
    Ok(made)
}

/// A task that can't go on here, since its model can't be made.
pub(crate) struct Unready {
    pub(crate) task: TaskId,
    pub(crate) why: Error,
}

/// Opens the engine anew with the models that these tasks ask, if there are such. Gives those tasks too whose model can't be made.
pub(crate) async fn with_models_of(app: App, data: &Path, tasks: &[Summary]) -> Result<(App, Vec<Unready>), Fail> {
    let mut named: Vec<(TaskId, String)> = Vec::new();
    for task in tasks {
        let folded = app.engine.task(task.task).await?;
        if folded.result.is_some() && folded.can_go_on().is_err() {
            continue;
        }
        let told = folded.submit.planner;
        let text = |key: &str| told.get(key).and_then(Value::as_str);
        if text("name") == Some(PLANNER) {
            named.extend(text("model").map(|name| (task.task, name.to_owned())));
        }
    }
    if named.is_empty() {
        return Ok((app, Vec::new()));
    }
    let config = Config::load()?;
    let mut limits = config.limits();
    let (mut models, mut unready) = (Vec::<Arc<dyn Model>>::new(), Vec::new());
    for (task, name) in named {
        if models.iter().any(|m| m.name() == name) {
            continue;
        }
        match made_for(&config, &name, &mut limits).await {
            Ok(made) => made.models.into_iter().for_each(|model| {
                if !models.iter().any(|m| m.name() == model.name()) {
                    models.push(model);
                }
            }),
            Err(fail) => unready.push(Unready { task, why: fail.error }),
        }
    }
    app.engine.stop().await;
    Ok((App::open_with(data, models, limits).await?, unready))
}

/// Makes the models of a task that was begun before, and says what of them can't be had.
async fn made_for(config: &Config, name: &str, limits: &mut Limits) -> Result<Made, Fail> {
    let made = make(config, name).await?;
    limits.patience = ModelSettings::find(&config.models, name)?.patience();
    if let Some(text) = made.warning() {
        out::aside(format_args!("  {text}"));
    }
    Ok(made)
}

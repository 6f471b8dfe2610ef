//! The models of this computer's person: what they set, what a task asks, where their keys are.

use std::{env, path::Path, sync::Arc};

use cowork::{
    CancellationToken, Model, Patience, Submit, Summary,
    models::config::{Destination, Keys, ModelSettings},
};
use serde_json::Value;

use crate::{
    app::{App, home},
    config::{self, Config},
    fail::Fail,
    look::Look,
    render::{
        asked::is_here,
        line::{Line, Role},
        text::{one_line, wrap},
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

    /// Says where what a task sees will go, before anything goes there.
    pub(crate) fn told(&self, config: &Config, look: &Look) -> Result<Vec<Line>, Fail> {
        let all = self.settings.destinations(&self.name, &config.models)?;
        let one = |d: &Destination| {
            let stays = if is_here(&d.at) { ", which is this computer" } else { "" };
            format!("{}{stays} ({})", d.at, d.what)
        };
        let places = all.iter().map(one).collect::<Vec<_>>().join("; ");
        let text = format!("What is said and read in this task goes to {places}.");
        let room = look.columns().saturating_sub(4);
        Ok(wrap(&one_line(&text), room).into_iter().map(|l| Line::margin().add(Role::Quiet, l)).collect())
    }
}

/// Makes a model, and the one that is asked where it can't be had.
pub(crate) async fn make(config: &Config, name: &str) -> Result<Vec<Arc<dyn Model>>, Fail> {
    let (keys, cancel) = (keys(), CancellationToken::new());
    let settings = ModelSettings::find(&config.models, name)?;
    let mut all = vec![settings.make(name, &keys, &cancel).await?];
    if let Some(fallback) = &settings.fallback {
        let other = ModelSettings::find(&config.models, fallback)?;
        all.push(other.make(fallback, &keys, &cancel).await?);
    }
    Ok(all)
}

/// Opens the engine anew with the models that these tasks ask, if there are such.
pub(crate) async fn with_models_of(app: App, data: &Path, tasks: &[Summary]) -> Result<App, Fail> {
    let mut names: Vec<String> = Vec::new();
    for task in tasks.iter().filter(|t| !t.status.is_ended()) {
        let told = app.engine.task(task.task).await?.submit.planner;
        let text = |key: &str| told.get(key).and_then(Value::as_str);
        if text("name") == Some(PLANNER) {
            names.extend(text("model").map(str::to_owned));
        }
    }
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Ok(app);
    }
    let config = Config::load()?;
    let mut models: Vec<Arc<dyn Model>> = Vec::new();
    let mut patience = Patience::default();
    for name in &names {
        patience = ModelSettings::find(&config.models, name)?.patience();
        for model in make(&config, name).await? {
            if !models.iter().any(|m| m.name() == model.name()) {
                models.push(model);
            }
        }
    }
    app.engine.stop().await;
    Ok(App::open_with(data, models, patience).await?)
}

//! The first runner: Rust's.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
    sync::Arc,
    time::Instant,
};

use cowork::{Delta, DeltaKind, Error, Item, Kind, Record, Result};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::{
    Behaviour, Opening, Part, Pieces, Step, Until,
    behaviour::{BEGAN, Behaves, CANCELLED, Signals},
    script,
};
use crate::{Events, Handle, Parts, text};

/// Does the steps of a script, and gives what a runner prints: a line for each.
///
/// # Errors
/// `InvalidInput` for a script that is none.
pub async fn run(text: &str) -> Result<String> {
    let (mut stage, mut out) = (Stage::default(), String::new());
    for (number, step) in script(text)?.into_iter().enumerate() {
        let (began, keep, is_timed) = (Instant::now(), step.keep.clone(), step.within_ms.is_some());
        let came = Box::pin(stage.play(step)).await;
        let mut line = match came {
            Ok(value) => {
                if let Some(name) = keep {
                    stage.kept.insert(name, value.clone());
                }
                json!({ "step": number, "ok": value })
            }
            Err(error) => json!({ "step": number, "error": error }),
        };
        if is_timed {
            line["ms"] = json!(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
        }
        out.push_str(&text::write(&line)?);
        out.push('\n');
    }
    Ok(out)
}

/// What a script has on its stage.
#[derive(Default)]
struct Stage {
    handle: Option<Arc<Handle>>,
    kept: HashMap<String, Value>,
    started: HashMap<String, JoinHandle<Result<Value>>>,
    streams: HashMap<String, Events>,
    folders: Vec<TempDir>,
    signals: Arc<Signals>,
}

impl Stage {
    async fn play(&mut self, step: Step) -> Result<Value> {
        let args = step.args.clone().map_or_else(|| Ok(json!({})), |args| self.put_in(args))?;
        match step {
            Step { folder: Some(files), .. } => self.folder(&files),
            Step { tree: Some(folder), .. } => tree(&self.put_in(folder.into())?),
            Step { open: Some(opening), .. } => self.open(opening).await,
            Step { call: Some(operation), .. } => carry_out(self.handle()?, operation, args).await,
            Step { start: Some(operation), keep: Some(name), .. } => {
                let started = tokio::spawn(carry_out(self.handle()?, operation, args));
                self.started.insert(name, started);
                Ok(Value::Null)
            }
            Step { finish: Some(name), .. } => {
                let started = self.started.remove(&name).ok_or_else(|| nothing_called(&name))?;
                started.await.unwrap_or_else(|e| Err(wrong(&e.to_string())))
            }
            Step { drop: Some(name), .. } => {
                self.streams.remove(&name);
                if let Some(started) = self.started.remove(&name) {
                    started.abort();
                }
                Ok(Value::Null)
            }
            Step { events: Some(args), keep: Some(name), .. } => {
                let events = self.handle()?.events(self.put_in(args)?.to_string()).await?;
                self.streams.insert(name, events);
                Ok(Value::Null)
            }
            Step { next: Some(name), .. } => {
                let item = self.stream(&name)?.next().await?;
                item.map_or(Ok(Value::Null), |item| text::read("an item", &item))
            }
            Step { rest: Some(name), of, .. } => rest(self.stream(&name)?, of).await,
            Step { until: Some(until), .. } => {
                let (name, what) = match &until {
                    Until::Began(name) => (name, BEGAN),
                    Until::Cancelled(name) => (name, CANCELLED),
                };
                self.signals.wait(name, what, 1).await;
                Ok(Value::Null)
            }
            Step { close: true, .. } => self.handle()?.close().await.map(|()| Value::Null),
            Step { decode: Some(word), json: Some(json), .. } => decode(&word, &self.put_in(json)?.to_string()),
            Step { about: Some(_), .. } => Ok(Value::Null),
            _ => Err(wrong("a step does nothing")),
        }
    }

    /// Puts what was kept in the place of its name.
    fn put_in(&self, value: Value) -> Result<Value> {
        match value {
            Value::String(text) if text.starts_with('$') => {
                let mut parts = text[1..].split('.');
                let kept = parts.next().and_then(|name| self.kept.get(name)).ok_or_else(|| nothing_called(&text))?;
                let found = parts.try_fold(kept, |value, part| match value {
                    Value::Array(all) => all.get(part.parse::<usize>().ok()?),
                    other => other.get(part),
                });
                found.cloned().ok_or_else(|| nothing_called(&text))
            }
            Value::Array(all) => all.into_iter().map(|one| self.put_in(one)).collect(),
            Value::Object(fields) => fields.into_iter().map(|(key, value)| Ok((key, self.put_in(value)?))).collect(),
            other => Ok(other),
        }
    }

    fn folder(&mut self, files: &BTreeMap<String, String>) -> Result<Value> {
        let made = tempfile::tempdir().and_then(|folder| {
            for (name, content) in files {
                let path = folder.path().join(name);
                path.parent().map_or(Ok(()), fs::create_dir_all)?;
                fs::write(path, content)?;
            }
            Ok((fs::canonicalize(folder.path())?, folder))
        });
        let (path, folder) = made.map_err(|e| wrong(&e.to_string()))?;
        self.folders.push(folder);
        Ok(json!(path))
    }

    async fn open(&mut self, opening: Opening) -> Result<Value> {
        let config = self.put_in(opening.config)?;
        let function = |part: Part, name: &str, behaviour: Behaviour| {
            Arc::new(Behaves { name: name.to_owned(), part, behaviour, signals: self.signals.clone() })
        };
        let name = |is: &Value| is["name"].as_str().unwrap_or_default().to_owned();
        let mut parts = Parts::new();
        for tool in opening.tools {
            parts = parts.tool(tool.is.to_string(), function(Part::Tool, &name(&tool.is), tool.does));
        }
        for model in opening.models {
            parts = parts.model(model.is.to_string(), function(Part::Model, &name(&model.is), model.does));
        }
        for planner in opening.planners {
            parts = parts.planner(planner.is.to_string(), function(Part::Planner, &name(&planner.is), planner.does));
        }
        if let Some(approver) = opening.approver {
            parts = parts.approver(function(Part::Approver, "approver", approver));
        }
        self.handle = Some(Handle::open(&config.to_string(), parts)?);
        Ok(Value::Null)
    }

    fn handle(&self) -> Result<Arc<Handle>> {
        self.handle.clone().ok_or_else(|| wrong("no engine is open"))
    }

    fn stream(&self, name: &str) -> Result<&Events> {
        self.streams.get(name).ok_or_else(|| nothing_called(name))
    }
}

async fn carry_out(handle: Arc<Handle>, operation: String, args: Value) -> Result<Value> {
    text::read("what came", &handle.call(&operation, args.to_string()).await?)
}

async fn rest(events: &Events, of: Pieces) -> Result<Value> {
    let (mut records, mut said) = (Vec::new(), String::new());
    while let Some(items) = events.next_many(100).await? {
        for item in text::read::<Vec<Item>>("items", &items)? {
            match item {
                Item::Record(record) => records.push(record),
                Item::Delta(Delta { what: DeltaKind::Text { text }, .. }) => said.push_str(&text),
                Item::Delta(_) | Item::Lagged { .. } => {}
            }
        }
    }
    Ok(match of {
        Pieces::Records => json!(records),
        Pieces::Types => records.iter().map(|record| Value::from(record.event.kind())).collect(),
        Pieces::Text => said.into(),
    })
}

fn tree(folder: &Value) -> Result<Value> {
    let root = Path::new(folder.as_str().unwrap_or_default());
    let (mut found, mut folders) = (BTreeMap::new(), vec![root.to_owned()]);
    let unread = |e: std::io::Error| wrong(&e.to_string());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(unread)? {
            let path = entry.map_err(unread)?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            found.insert(name, fs::read_to_string(&path).map_err(unread)?);
        }
    }
    Ok(json!(found))
}

fn decode(word: &str, json: &str) -> Result<Value> {
    let written = match word {
        "Item" => text::write(&text::read::<Item>(word, json)?)?,
        "Record" => text::write(&text::read::<Record>(word, json)?)?,
        "Error" => text::write(&text::read::<Error>(word, json)?)?,
        _ => return Err(nothing_called(word)),
    };
    text::read(word, &written)
}

fn nothing_called(name: &str) -> Error {
    wrong(&format!("there is nothing called `{name}`"))
}

fn wrong(why: &str) -> Error {
    Error::new(Kind::InvalidInput, "play script", why)
}

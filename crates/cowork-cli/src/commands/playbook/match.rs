//! `cowork playbook match`: which playbook words call, and why. Nothing runs.

use cowork::{Kind, playbooks::PlaybookPlanner};
use serde_json::{Map, Value, json};

use super::planner;
use crate::{
    fail::{Exit, Fail},
    look::Look,
    out::Out,
    render::{
        line::{Line, Role},
        text::{one_line, sentence, wrap},
    },
};

/// What words call.
pub(super) struct Matched {
    /// The playbook's name, `ask` if it must be asked, nothing if none fits.
    pub(super) playbook: Option<String>,
    params: Map<String, Value>,
    pub(super) why: String,
}

/// Says what a task in words would call: as one line of JSON, or for a person.
pub(crate) fn match_words(task: &str, json: bool) -> Result<Exit, Fail> {
    let planner = planner()?;
    let Matched { playbook, params, why } = matched(&planner, task)?;
    let mut out = Out::default();
    if json {
        out.text(&format!("{}\n", json!({ "playbook": playbook, "params": params, "why": why })));
        return Ok(Exit::Done);
    }
    let look = Look::of_stdout();
    let (role, head) = match playbook.as_deref() {
        None => (Role::Waiting, "No playbook fits.".to_owned()),
        Some("ask") => (Role::Waiting, "It would have to ask.".to_owned()),
        Some(name) => (Role::Done, name.to_owned()),
    };
    let mut lines = vec![Line::margin().add(role, head)];
    for (name, value) in &params {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        lines.push(Line::of("    ").add(Role::Accent, name).add(Role::Plain, format!(" = {}", one_line(&value))));
    }
    let why = wrap(&one_line(&sentence(&why)), look.columns().saturating_sub(4));
    lines.extend(why.into_iter().map(|l| Line::margin().add(Role::Quiet, l)));
    out.lines(&lines, &look);
    Ok(Exit::Done)
}

/// Asks the planner what words call.
pub(super) fn matched(planner: &PlaybookPlanner, task: &str) -> Result<Matched, Fail> {
    match planner.match_words(task) {
        Ok((header, params)) => {
            let why = format!("its words are those of {}", header.name);
            Ok(Matched { playbook: Some(header.name), params, why })
        }
        Err(error) => {
            let playbook = match error.kind {
                Kind::NotFound => None,
                Kind::InvalidInput => Some("ask".to_owned()),
                _ => return Err(error.into()),
            };
            Ok(Matched { playbook, params: Map::new(), why: error.message })
        }
    }
}

//! `cowork playbook match`: which playbook words call, and why. Nothing runs.

use cowork::playbooks::{Chosen, Match};
use serde_json::json;

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

/// Says what a task in words would call: as one line of JSON, or for a person.
pub(crate) fn match_words(task: &str, json: bool) -> Result<Exit, Fail> {
    let planner = planner()?;
    let found = planner.match_words(task, &[]);
    let mut out = Out::default();
    if json {
        out.text(&format!("{}\n", json!(found)));
        return Ok(Exit::Done);
    }
    let Match { playbook, params, why } = found;
    let look = Look::of_stdout();
    let (role, head) = match playbook {
        Chosen::None => (Role::Waiting, "No playbook fits.".to_owned()),
        Chosen::Ask(_) => (Role::Waiting, "It would have to ask.".to_owned()),
        Chosen::One(name) => (Role::Done, name),
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

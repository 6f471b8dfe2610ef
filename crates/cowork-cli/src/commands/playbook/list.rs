//! `cowork playbook list` and `show`

use cowork::playbooks::{Header, Needs, OwnPlaybook, Param, ParamKind};
use serde_json::{Value, json};

use super::{planner, source};
use crate::{
    config,
    fail::{Exit, Fail},
    look::Look,
    out::Out,
    render::{
        line::{Line, Role},
        text::{one_line, sentence, tilde, width, wrap},
    },
};

/// Lists what can be done without a model, and which of the person's own can't.
pub(crate) fn list(json: bool) -> Result<Exit, Fail> {
    let planner = planner()?;
    let own = planner.own();
    let is_own = |name: &str| own.iter().find(|o| o.name == name && o.playbook.is_ok());
    let all: Vec<Header> = planner.playbooks().collect();
    let broken: Vec<&OwnPlaybook> = own.iter().filter(|o| o.playbook.is_err()).collect();
    let mut out = Out::default();
    if json {
        for header in &all {
            let file = is_own(&header.name).map(|o| o.file.display().to_string());
            out.text(&format!("{}\n", json!({ "name": header.name, "about": header.about, "file": file })));
        }
        for one in broken {
            let problems = one.playbook.as_ref().err();
            out.text(&format!(
                "{}\n",
                json!({ "name": one.name, "file": one.file.display().to_string(), "problems": problems })
            ));
        }
        return Ok(Exit::Done);
    }
    let look = Look::of_stdout();
    let room = look.columns().saturating_sub(6);
    let mut lines = vec![Line::default()];
    for header in &all {
        let whose = if is_own(&header.name).is_some() { "  yours" } else { "" };
        lines.push(Line::margin().add(Role::Strong, &header.name).add(Role::Accent, whose));
        lines.extend(indented(&sentence(&header.about), Role::Plain, room));
        let example = header.examples.first().map(|e| format!("\"{}\"", one_line(e)));
        lines.extend(example.into_iter().flat_map(|e| indented(&e, Role::Quiet, room)));
        lines.push(Line::default());
    }
    for one in broken {
        let why = one.playbook.as_ref().err().and_then(|p| p.first()).map(ToString::to_string).unwrap_or_default();
        lines.push(Line::margin().add(Role::Strong, one_line(&one.name)).add(Role::Failed, "  can't be used"));
        lines.extend(indented(&one_line(&sentence(&why)), Role::Plain, room));
        lines.extend(indented(&format!("cowork playbook check {}", one_line(&one.name)), Role::Quiet, room));
        lines.push(Line::default());
    }
    lines.push(next("Use one:", "cowork run --folder DIR \"what you want\""));
    lines.push(next("More on one:", "cowork playbook show NAME"));
    lines.push(next("Write your own:", "cowork playbook new NAME"));
    out.lines(&lines, &look);
    Ok(Exit::Done)
}

/// Shows one: what it does, takes and is called by, and where it lies.
pub(crate) fn show(name: &str, whole: bool) -> Result<Exit, Fail> {
    let planner = planner()?;
    let found = source(&planner, name)?;
    let mut out = Out::default();
    if whole {
        out.text(&found.text);
        return Ok(Exit::Done);
    }
    let header = cowork::playbooks::Playbook::read(&found.text, &found.name)?.header;
    let look = Look::of_stdout();
    let room = look.columns().saturating_sub(6);
    let mut lines = vec![Line::default(), Line::margin().add(Role::Strong, &header.name)];
    lines.extend(indented(&sentence(&header.about), Role::Plain, room));
    let needs = match header.folders {
        Needs::None => "It needs no folder.",
        Needs::Read => "It needs a folder to look at.",
        Needs::Write => "It needs a folder that it may change.",
    };
    lines.extend(indented(needs, Role::Plain, room));
    if !header.params.is_empty() {
        lines.extend([Line::default(), Line::margin().add(Role::Plain, "Parameters, each with --param NAME=VALUE")]);
        let column = header.params.keys().map(|n| width(n)).max().unwrap_or(0);
        for (name, param) in &header.params {
            let mut about = wrap(&describe(param), room.saturating_sub(column + 2)).into_iter();
            let first = about.next().unwrap_or_default();
            lines.push(Line::of("    ").add(Role::Accent, format!("{name:<column$}  ")).add(Role::Plain, first));
            lines.extend(about.map(|l| Line::default().to(column + 6).add(Role::Plain, l)));
        }
    }
    lines.extend([Line::default(), Line::margin().add(Role::Plain, "Sentences that call it")]);
    lines.extend(header.examples.iter().flat_map(|e| indented(&format!("\"{}\"", one_line(e)), Role::Quiet, room)));
    lines.push(Line::default());
    let place = match &found.file {
        Some(file) => tilde(&file.display().to_string(), look.home.as_deref()),
        None => "built in".to_owned(),
    };
    lines.push(next("It lies in:", &one_line(&place)));
    lines.push(next("Its program:", &format!("cowork playbook show {} --source", found.name)));
    lines.push(next("Its tests:", &format!("cowork playbook check {}", found.name)));
    out.lines(&lines, &look);
    Ok(Exit::Done)
}

/// Says what a parameter is, takes and is without being given.
fn describe(param: &Param) -> String {
    let kind = match param.kind {
        ParamKind::Text => "text".to_owned(),
        ParamKind::Number => "a whole number".to_owned(),
        ParamKind::Bool => "true or false".to_owned(),
        ParamKind::Choice => {
            let choices = param.choices.keys().cloned().collect::<Vec<_>>().join(", ");
            if param.several { format!("{choices}, or several with commas between") } else { choices }
        }
    };
    let default = match &param.default {
        None => "must be given".to_owned(),
        Some(Value::String(text)) if text.is_empty() => return format!("{} ({kind})", one_line(&param.about)),
        Some(Value::String(text)) => format!("{text} if not given"),
        Some(value) => format!("{value} if not given"),
    };
    format!("{} ({kind}; {default})", one_line(&param.about))
}

/// Writes a text below another, as many lines as it takes.
pub(super) fn indented(text: &str, role: Role, room: usize) -> Vec<Line> {
    wrap(text, room).into_iter().map(|l| Line::of("    ").add(role, l)).collect()
}

/// Writes what can be done next, in a column.
pub(super) fn next(what: &str, command: &str) -> Line {
    Line::margin().add(Role::Quiet, format!("{what:<16}")).add(Role::Accent, command)
}

/// Gives the folder of the person's own playbooks as it is shown.
pub(super) fn shown_folder(look: &Look) -> Result<String, Fail> {
    Ok(tilde(&config::playbooks_dir()?.display().to_string(), look.home.as_deref()))
}

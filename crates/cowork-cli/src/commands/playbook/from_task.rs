//! `cowork playbook from-task`

use cowork::{Error, Kind, Task, playbooks};

use super::{Source, check, edit::save, list::next};
use crate::{
    app::App,
    fail::{Exit, Fail},
    look::Look,
    names,
    out::Out,
    render::{
        line::{Line, Role},
        text::{count, one_line, tilde, wrap},
    },
};

/// Writes a playbook out of a finished task. It is saved only if it does what the task did, and passes its own test.
pub(crate) async fn from_task(app: &App, task: &str, name: Option<&str>, show: bool) -> Result<Exit, Fail> {
    let summary = names::task(&app.engine, task).await?;
    let task = Task::fold(&app.records(summary.thread, summary.task).await?)?;
    let specs: Vec<_> = cowork::tools::builtin().iter().map(|t| t.spec().clone()).collect();
    let written = playbooks::from_task(&task, &specs, name)?;
    let name = written.header.name.clone();
    let source = Source { name: name.clone(), text: written.source.clone(), file: None };
    for (_, differs) in check::tests(&written.header, &source).await? {
        if let Some(first) = differs.first() {
            let why = format!("the playbook that was written does not pass its own test: {first}");
            return Err(Error::new(Kind::Conflict, "write playbook", why)
                .with_fix("nothing was saved; write one by hand: cowork playbook new NAME")
                .into());
        }
    }
    let mut out = Out::default();
    if show {
        out.text(&written.source);
        return Ok(Exit::Done);
    }
    let file = save(&name, &written.source)?;
    let look = Look::of_stdout();
    let again = format!("It makes {} of the task again", count(written.calls as u64, "call"));
    let left = match written.left_out {
        0 => String::new(),
        n => format!("; {} that led nowhere left out", count(n as u64, "look")),
    };
    let text = format!("Written. {again}{left}. Run against the task's record, it did the same.");
    let mut lines: Vec<Line> = wrap(&text, look.columns().saturating_sub(4))
        .into_iter()
        .map(|line| Line::margin().add(Role::Plain, line))
        .collect();
    lines.push(next("It lies in:", &one_line(&tilde(&file.display().to_string(), look.home.as_deref()))));
    lines.push(next("Look at it:", &format!("cowork playbook show {name} --source")));
    lines.push(next("Try it:", &format!("cowork playbook run {name} --folder DIR --try")));
    lines.push(next("Run it:", &format!("cowork playbook run {name} --folder DIR")));
    out.lines(&lines, &look);
    Ok(Exit::Done)
}

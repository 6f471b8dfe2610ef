//! `cowork playbooks`

use cowork::playbooks::PlaybookPlanner;

use crate::{
    fail::{Exit, Fail},
    look::Look,
    out::Out,
    render::{
        line::{Line, Role},
        text::{sentence, wrap},
    },
};

/// Lists what can be done without a model.
pub(crate) fn playbooks() -> Result<Exit, Fail> {
    let planner = PlaybookPlanner::new()?;
    let look = Look::of_stdout();
    let room = look.columns().saturating_sub(6);
    let mut lines = vec![Line::default()];
    for playbook in planner.playbooks() {
        lines.push(Line::margin().add(Role::Strong, &playbook.name));
        lines.extend(wrap(&sentence(&playbook.about), room).into_iter().map(|l| Line::of("    ").add(Role::Plain, l)));
        for (name, param) in &playbook.params {
            let values: Vec<&str> = param.choices.keys().map(String::as_str).collect();
            let values = if values.is_empty() { String::new() } else { format!(": {}", values.join(", ")) };
            let text = format!("--param {name}=…  {}{values}", param.about);
            lines.extend(wrap(&text, room).into_iter().map(|l| Line::of("    ").add(Role::Quiet, l)));
        }
        let examples = playbook.examples.iter().take(3).map(|e| format!("cowork run --folder DIR \"{e}\""));
        lines.extend(examples.map(|e| Line::of("    ").add(Role::Accent, e)));
        lines.push(Line::default());
    }
    Out::default().lines(&lines, &look);
    Ok(Exit::Done)
}

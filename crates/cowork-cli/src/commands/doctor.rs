//! `cowork doctor`

use std::path::Path;

use cowork::{
    CancellationToken, DayState, Finding, Limits, dollars, models::config::ModelSettings, store::SqliteStore,
};

use crate::{
    app::App,
    config::Config,
    fail::{Exit, Fail},
    look::Look,
    models::{chosen, keys},
    out::Out,
    render::{
        line::{Line, Role},
        text::{grouped, one_line, sentence, step, tilde, width, wrap},
    },
};

/// Looks at all that is ours, and says how to mend what is not in order. A store that can't be opened is looked at from
/// the outside.
pub(crate) async fn doctor(data: &Path) -> Result<Exit, Fail> {
    let look = Look::of_stdout();
    let limits = Config::load().map_or_else(|_| Limits::default(), |config| config.limits());
    let mut findings = match App::open_with(data, Vec::new(), limits).await {
        Ok(app) => {
            let mut findings = app.engine.check().await;
            findings.extend(app.engine.today().await?.map(|day| of_the_day(&day)));
            app.engine.stop().await;
            findings
        }
        Err(error) => {
            let fix = error.fix().unwrap_or_default().to_owned();
            let mut findings = SqliteStore::examine(&data.join("log.db"));
            if findings.iter().all(|f| f.ok) {
                findings.push(Finding { ok: false, what: "start".into(), found: error.message, fix });
            }
            findings
        }
    };
    findings.extend(models().await);
    findings.sort_by_key(|f| !f.ok);
    findings.iter_mut().for_each(|f| f.what = label(&f.what).to_owned());
    let well = findings.iter().all(|f| f.ok);
    let mut lines = vec![Line::default()];
    let column = findings.iter().map(|f| width(&f.what)).max().unwrap_or(0);
    findings.iter().for_each(|f| lines.extend(told(f, column, &look)));
    let shown = tilde(&data.display().to_string(), look.home.as_deref());
    let end = if well {
        Line::margin().add(Role::Done, "All is well.")
    } else {
        Line::margin().add(Role::Failed, "Something is wrong.")
    };
    lines.extend([Line::default(), end.add(Role::Quiet, format!(" Data: {}", one_line(&shown)))]);
    Out::default().lines(&lines, &look);
    Ok(if well { Exit::Done } else { Exit::Failed })
}

/// Says what was spent on models in the day that goes on, of what may be.
fn of_the_day(state: &DayState) -> Finding {
    let mut parts = Vec::new();
    if let Some(most) = state.budget.tokens {
        parts.push(format!("{} of {} tokens", grouped(state.tokens), grouped(most)));
    }
    if let Some(most) = state.budget.cost {
        parts.push(format!("{} of {}", dollars(state.cost), dollars(most)));
    }
    // Who lets no money be spent at all has used up nothing: there are models that cost none.
    let has_tokens = state.budget.tokens.is_none_or(|most| state.tokens < most);
    let ok = !state.is_used_up() || state.budget.cost == Some(0) && has_tokens;
    let next = state.next();
    let found = format!("{} used on {}", parts.join(" and "), state.day);
    let fix = format!("it begins again on {next} at 00:00; or raise `day` below [budget] in your settings");
    Finding { ok, what: "models, a day".into(), found, fix: if ok { String::new() } else { fix } }
}

/// Looks at the settings, and whether each model of the person's can be had: by the cheapest question to its service.
async fn models() -> Vec<Finding> {
    let config = match Config::load() {
        Ok(config) => config,
        Err(fail) => {
            let (fix, found) = (fail.error.fix().unwrap_or_default().to_owned(), fail.error.message);
            return vec![Finding { ok: false, what: "your settings".into(), found, fix }];
        }
    };
    let mut findings = Vec::new();
    let mut named: Vec<(String, ModelSettings)> = config.models.clone().into_iter().collect();
    match chosen(&config, None) {
        Ok(Some(one)) if !config.models.contains_key(&one.name) => named.push((one.name, one.settings)),
        Ok(_) => {}
        Err(fail) => {
            let (fix, found) = (fail.error.fix().unwrap_or_default().to_owned(), fail.error.message);
            findings.push(Finding { ok: false, what: "the model".into(), found, fix });
        }
    }
    let cancel = CancellationToken::new();
    for (name, settings) in named {
        let checked = settings.check(&name, &keys(), &cancel).await;
        let at = &checked.can.card.at;
        let (ok, found, fix) = match checked.answers {
            Ok(()) => {
                let key = checked.key.map_or_else(String::new, |key| format!(", and takes the key from {key}"));
                (true, format!("{at} has {}{key}", settings.model), String::new())
            }
            Err(error) => (false, error.message.clone(), error.fix().unwrap_or_default().to_owned()),
        };
        findings.push(Finding { ok, what: format!("model {name}"), found, fix });
    }
    findings
}

/// Says in plain words what was looked at.
fn label(what: &str) -> &str {
    match what {
        "store file" => "where tasks are kept",
        "store version" => "version of its format",
        "store pages" => "the file itself",
        "store logs" => "what the tasks did",
        "store blobs" => "larger pieces of that",
        "journal" => "room for undo",
        "journals" => "kept for undo",
        "walking beneath a folder" => "staying in your folders",
        "replacing a file without losing it" => "replacing files safely",
        other => other,
    }
}

fn told(finding: &Finding, column: usize, look: &Look) -> Vec<Line> {
    let (mark, role) = match (finding.ok, look.signs) {
        (true, true) => ("✓", Role::Done),
        (false, true) => ("✗", Role::Failed),
        (true, false) => ("[ok]", Role::Done),
        (false, false) => ("[!!]", Role::Failed),
    };
    let beside = width(mark) + column + 5;
    // Where there is little room what was found stands below.
    let below = look.columns() < beside + 30;
    let indent = if below { width(mark) + 3 } else { beside };
    let room = look.columns().saturating_sub(indent + 2);
    let mut lines = Vec::new();
    if below {
        lines.push(Line::margin().add(role, mark).add(Role::Plain, format!(" {}", finding.what)));
    }
    let found = tilde(&finding.found, look.home.as_deref());
    for text in wrap(&one_line(&sentence(&found)), room) {
        let line = if lines.is_empty() {
            Line::margin().add(role, mark).add(Role::Plain, format!(" {:<column$}  ", finding.what))
        } else {
            Line::default().to(indent)
        };
        lines.push(line.add(Role::Plain, text));
    }
    if !finding.fix.is_empty() {
        let fix = wrap(&one_line(&step(&finding.fix)), room);
        lines.extend(fix.into_iter().map(|l| Line::default().to(indent).add(Role::Strong, l)));
    }
    lines
}

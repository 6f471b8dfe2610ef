//! Which playbook is meant, where the words of a task leave it open: a person at a terminal is asked.

use std::io::stdin;

use cowork::{
    Submit,
    playbooks::{Chosen, Header, Match, PlaybookPlanner},
};
use serde_json::{Map, Value, json};

use super::planner;
use crate::{
    fail::Fail,
    keys::Keys,
    look::Look,
    out::Out,
    render::{
        line::{Line, Role},
        text::{one_line, pad, sentence, width, wrap},
    },
    signals::Signals,
};

/// What came of it.
pub(crate) enum Meant {
    /// The words say enough, or nobody can be asked: the task goes on as it was typed.
    AsTyped,
    /// No playbook surely does it, and there is a model.
    Model,
    /// This is what the planner is told, as for `--playbook`.
    This(Value),
    /// None of those that could be meant.
    None,
    /// Nobody answers: the input has ended, or it was told to stop.
    Unanswered,
}

/// A playbook that could be meant, with the parameters that the words give it.
struct Offer {
    header: Header,
    params: Map<String, Value>,
}

/// Asks which playbook is meant, if the words leave that open. `given` are the parameters that were typed; `model` is what does
/// what no playbook does, if there is such.
pub(crate) async fn which(
    submit: &Submit,
    given: &Map<String, Value>,
    asks: bool,
    model: Option<&str>,
    signals: &mut Signals,
) -> Result<Meant, Fail> {
    let look = Look::of_stdout();
    let asks = asks && look.asks;
    if !asks && model.is_none() {
        return Ok(Meant::AsTyped);
    }
    let planner = planner()?;
    let unasked = if model.is_some() { Meant::Model } else { Meant::AsTyped };
    let folders: Vec<&str> = submit.folders.iter().map(|f| f.name.as_str()).collect();
    let Match { playbook, why, .. } = planner.match_words(&submit.text, &folders);
    let names = match playbook {
        Chosen::One(_) => return Ok(Meant::AsTyped),
        Chosen::None => return Ok(unasked),
        Chosen::Ask(names) => names,
    };
    let offers = offers(&planner, &names, submit, given);
    // What was typed before the question was seen is no answer to it; nor may a job in the background ask.
    if !asks || offers.is_empty() || cfg!(unix) && Keys::read().is_none() {
        return Ok(unasked);
    }
    let mut out = Out::default();
    out.lines(&question(&offers, &why, model, &look), &look);
    loop {
        out.text("  > ");
        let Some(line) = typed(signals).await else {
            out.text("\n");
            return Ok(Meant::Unanswered);
        };
        match answer(&line, &offers, model) {
            Answer::This(offer) => {
                return Ok(Meant::This(json!({ "playbook": offer.header.name, "params": offer.params })));
            }
            Answer::Model => return Ok(Meant::Model),
            Answer::None => return Ok(Meant::None),
            Answer::Unclear => {
                let what = format!("{} is none of them. {}", one_line(line.trim()), how(&offers, model));
                out.lines(&paragraph(&what, Role::Plain, &look), &look);
            }
        }
    }
}

/// Leaves out what could not begin: whose parameters the words give twice, or not at all.
fn offers(planner: &PlaybookPlanner, names: &[String], submit: &Submit, given: &Map<String, Value>) -> Vec<Offer> {
    let folders: Vec<&str> = submit.folders.iter().map(|f| f.name.as_str()).collect();
    let offer = |name: &String| {
        let params = planner.params_for(name, &submit.text, &folders, given).ok()?;
        Some(Offer { header: planner.playbook(name).ok()?.header.clone(), params })
    };
    names.iter().filter_map(offer).collect()
}

/// Waits for a line. `None`: none will come.
async fn typed(signals: &mut Signals) -> Option<String> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        stdin().read_line(&mut line).ok().filter(|length| *length > 0).map(|_| line)
    });
    tokio::select! {
        biased;
        () = signals.next() => None,
        line = read => line.ok().flatten(),
    }
}

enum Answer<'a> {
    This(&'a Offer),
    Model,
    None,
    Unclear,
}

fn answer<'a>(line: &str, offers: &'a [Offer], model: Option<&str>) -> Answer<'a> {
    let typed = line.trim().to_lowercase();
    if matches!(typed.as_str(), "" | "n" | "no" | "none" | "q") {
        return Answer::None;
    }
    if model.is_some() && matches!(typed.as_str(), "m" | "model") {
        return Answer::Model;
    }
    let number = typed.parse::<usize>().ok().and_then(|n| offers.get(n.checked_sub(1)?));
    let only = || offers.first().filter(|_| offers.len() == 1 && matches!(typed.as_str(), "y" | "yes"));
    match number.or_else(|| offers.iter().find(|o| o.header.name == typed)).or_else(only) {
        Some(offer) => Answer::This(offer),
        None => Answer::Unclear,
    }
}

/// Says why it is asked, and what could be meant, each with the parameters that the words give it.
fn question(offers: &[Offer], why: &str, model: Option<&str>, look: &Look) -> Vec<Line> {
    let head = if offers.len() == 1 { "Is this what you mean?" } else { "Which of these do you mean?" };
    let mut lines = vec![Line::default(), Line::margin().add(Role::Waiting, head)];
    lines.extend(paragraph(&sentence(&one_line(why)), Role::Quiet, look));
    lines.push(Line::default());
    let column = offers.iter().map(|o| width(&o.header.name)).max().unwrap_or(0);
    for (n, Offer { header, params }) in offers.iter().enumerate() {
        let set: Vec<String> = params.iter().map(|(name, value)| format!("{name} = {}", shown(value))).collect();
        let about = sentence(&one_line(&header.about));
        if look.spoken {
            let with = if set.is_empty() { String::new() } else { format!(" With {}.", set.join(", ")) };
            lines.push(Line::default().add(Role::Plain, format!("{}: {}. {about}{with}", n + 1, header.name)));
            continue;
        }
        let first = Line::of("    ").add(Role::Strong, format!("{}  ", n + 1));
        let mut first = Some(first.add(Role::Accent, format!("{}  ", pad(&header.name, column))));
        let room = look.columns().saturating_sub(column + 11).max(20);
        for (role, text) in [(Role::Plain, about), (Role::Quiet, set.join(", "))] {
            for line in wrap(&text, room) {
                let start = first.take().unwrap_or_else(|| Line::default().to(column + 9));
                lines.push(start.add(role, line));
            }
        }
    }
    lines.push(Line::default());
    lines.extend(paragraph(&how(offers, model), Role::Plain, look));
    lines
}

/// Says how it is answered.
fn how(offers: &[Offer], model: Option<&str>) -> String {
    let numbers: Vec<String> = (1..=offers.len()).map(|n| n.to_string()).collect();
    let other = model.map(|m| format!(", m to have the model {} do it", one_line(m))).unwrap_or_default();
    format!("Type {} or a name{other}, or n for none: then nothing is run.", numbers.join(", "))
}

fn paragraph(text: &str, role: Role, look: &Look) -> Vec<Line> {
    wrap(text, look.columns().saturating_sub(4)).into_iter().map(|l| Line::margin().add(role, l)).collect()
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), one_line)
}

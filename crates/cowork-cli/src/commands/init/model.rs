//! The model that does what no playbook does, if there is to be one.

use cowork::models::{
    Secret,
    config::{Keys, ModelSettings, ServiceName},
};

use super::guide::{Flow, Guide, Typed};
use crate::{
    fail::Fail,
    keys::hidden_line,
    models::keys,
    render::{
        asked::is_here,
        text::{one_line, width},
    },
};

/// How many models of servers on this computer are offered.
const MOST_LOCAL: usize = 6;

/// A model that can be taken.
struct Offer {
    name: String,
    about: String,
}

pub(super) fn ask(guide: &mut Guide) -> Result<Flow, Fail> {
    if guide.yes {
        return Ok(Flow::Next);
    }
    guide.say(
        "What no playbook does can be given to a model. What such a task says, and what it reads in its folders, is then \
         sent to that model's service. Without one nothing is sent anywhere.",
    );
    let offers = offers(guide);
    loop {
        guide.say("");
        let now = guide.config.model.clone();
        let mark = |on: bool| if on { 'x' } else { ' ' };
        guide.say(&format!("  0 [{}] none", mark(now.is_none())));
        let column = offers.iter().map(|o| width(&o.name)).max().unwrap_or(0);
        for (index, offer) in offers.iter().enumerate() {
            let on = mark(now.as_ref() == Some(&offer.name));
            guide.say(&format!("  {} [{on}] {:<column$}  {}", index + 1, offer.name, offer.about));
        }
        guide.say("");
        let text = match guide.ask("Enter keeps the marked one. A number takes another; or type SERVICE/MODEL.") {
            Typed::Keep | Typed::Skip => return Ok(Flow::Next),
            Typed::Leave => return Ok(Flow::Leave),
            Typed::Text(text) => text,
        };
        let name = match text.parse::<usize>() {
            Ok(0) => {
                guide.set_model(None);
                return Ok(Flow::Next);
            }
            Ok(n) => offers.get(n - 1).map_or(text, |o| o.name.clone()),
            Err(_) => text,
        };
        match ModelSettings::find(&guide.config.models, &name) {
            Ok(settings) => {
                let flow = key(guide, &name, &settings);
                guide.set_model(Some(name));
                return Ok(flow);
            }
            Err(error) => guide.say(&format!("{}; {}", error.message, error.fix().unwrap_or_default())),
        }
    }
}

/// Gives what is set, what runs on this computer, and the services whose key is in the environment.
fn offers(guide: &Guide) -> Vec<Offer> {
    let mut all: Vec<Offer> = Vec::new();
    for (name, settings) in &guide.config.models {
        all.push(Offer { name: name.clone(), about: format!("{} at {}", settings.model, settings.base()) });
    }
    if let Some(name) = guide.config.model.as_ref().filter(|name| name.contains('/')) {
        all.push(Offer { name: name.clone(), about: "as it is set now".to_owned() });
    }
    let local =
        guide.servers.iter().flat_map(|s| s.models.iter().filter(|m| m.calls != Some(false)).map(move |m| (s, m)));
    for (server, model) in local.take(MOST_LOCAL) {
        let name = format!("{}/{}", server.service.name, one_line(&model.name));
        all.push(Offer { name, about: "on this computer".to_owned() });
    }
    let keys = keys();
    for (service, model) in
        [("anthropic", "claude-sonnet-5-5"), ("openai", "gpt-5.6"), ("mistral", "mistral-large-latest")]
    {
        let variable = service.parse::<ServiceName>().map(|s| s.key_from()).unwrap_or_default();
        if keys.is_in_env(variable) {
            all.push(Offer { name: format!("{service}/{model}"), about: format!("its key is in {variable}") });
        }
    }
    let mut seen = Vec::new();
    all.retain(|o| {
        !seen.contains(&o.name) && {
            seen.push(o.name.clone());
            true
        }
    });
    all
}

/// Says where it will go, and asks for the key if there is none.
fn key(guide: &mut Guide, name: &str, settings: &ModelSettings) -> Flow {
    if let Ok(all) = settings.destinations(name, &guide.config.models) {
        for place in all {
            let here = if is_here(&place.at) { ", which is this computer" } else { "" };
            guide.say(&format!("Goes to {}{here} ({}).", place.at, place.what));
        }
    }
    let kept = settings.key_name(name).to_owned();
    if settings.service.key_from().is_empty()
        || keys().usual(settings.service.key_from(), &kept).is_ok_and(|k| k.is_some())
    {
        return Flow::Next;
    }
    guide.say(&format!("It wants a key, and none is there. Type it (it is not shown), or Enter to do so later: cowork models key set {kept}"));
    loop {
        let typed = hidden_line(|| guide.prompt());
        guide.say("");
        let key = match typed.as_ref().map(|line| line.trim()) {
            None | Some("q" | "Q") => return Flow::Leave,
            Some("" | "s" | "S") => return Flow::Next,
            Some(line) => Secret::new(line, "what was typed"),
        };
        match Keys::check(&key) {
            Ok(()) => {
                guide.keep(kept, key);
                return Flow::Next;
            }
            Err(error) => guide.say(&format!("{}; {}", error.message, error.fix().unwrap_or_default())),
        }
    }
}

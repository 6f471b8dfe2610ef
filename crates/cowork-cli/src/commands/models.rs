//! `cowork models`

use std::io::{IsTerminal, Read, stdin};

use cowork::{
    CancellationToken,
    models::{
        Secret,
        config::{Can, Checked, ModelSettings, ServiceName},
        local::{self, Server},
    },
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::{
    args::KeyCommand,
    config::Config,
    fail::{Exit, Fail, wrong},
    keys::hidden_line,
    look::Look,
    models::{chosen, keys},
    out::Out,
    render::{
        line::{Line, Role},
        outcome::next,
        text::{clause, grouped, one_line, step, tilde, width, wrap},
    },
};

/// No key is as long.
const TOO_LONG: u64 = (16 << 10) + 1;

/// A model that the person set, and what came of looking for it.
struct Found {
    name: String,
    settings: ModelSettings,
    checked: Checked,
    chosen: bool,
}

/// Lists the models that can be asked: those that were set, those of servers on this computer, and services with a key.
pub(crate) async fn list(json: bool) -> Result<Exit, Fail> {
    let config = Config::load()?;
    let cancel = CancellationToken::new();
    let (set, servers) =
        tokio::join!(looked_for(&config, &cancel), async { local::find(&local::places(), local::SOON, &cancel).await });
    let set = set?;
    let ready: Vec<ServiceName> = ServiceName::all()
        .filter(|s| s.as_str() != "openai-responses" && keys().is_in_env(s.key_from()))
        .filter(|s| set.iter().all(|f| f.settings.key_name(&f.name) != s.as_str()))
        .collect();
    let mut out = Out::default();
    if json {
        set.iter().for_each(|f| out.text(&format!("{}\n", as_json(f))));
        servers.iter().flat_map(served).for_each(|v| out.text(&format!("{v}\n")));
        return Ok(Exit::Done);
    }
    let look = Look::of_stdout();
    let mut lines = Vec::new();
    section(&mut lines, "Yours", set.iter().flat_map(|f| drawn(f, &look)).collect());
    section(&mut lines, "On this computer", servers.iter().flat_map(|s| on_this_computer(s, &look)).collect());
    let here = ready.iter().flat_map(|service| {
        let text = format!("{service}: a key is in {}", service.key_from());
        [Line::margin().add(Role::Plain, text), Line::of("    ").add(Role::Quiet, format!("--model {service}/MODEL"))]
    });
    section(&mut lines, "A key is there", here.collect());
    if lines.is_empty() {
        let none = "No model is set, no server of models runs on this computer, and no key is in the environment.";
        lines.push(Line::default());
        lines.extend(
            wrap(none, look.columns().saturating_sub(4)).into_iter().map(|l| Line::margin().add(Role::Plain, l)),
        );
    }
    lines.push(Line::default());
    lines.push(next("Choose:", "cowork init, or --model NAME with cowork run"));
    lines.push(next("A key:", "cowork models key set NAME"));
    out.lines(&lines, &look);
    Ok(Exit::Done)
}

async fn looked_for(config: &Config, cancel: &CancellationToken) -> Result<Vec<Found>, Fail> {
    let default = chosen(config, None)?;
    let mut named: Vec<(String, ModelSettings)> = config.models.iter().map(|(n, s)| (n.clone(), s.clone())).collect();
    if let Some(one) = &default
        && !config.models.contains_key(&one.name)
    {
        named.push((one.name.clone(), one.settings.clone()));
    }
    let looks: Vec<_> = named
        .into_iter()
        .map(|(name, settings)| {
            let (cancel, chosen) = (cancel.clone(), default.as_ref().is_some_and(|d| d.name == name));
            tokio::spawn(async move {
                let checked = settings.check(&name, &keys(), &cancel).await;
                Found { name, settings, checked, chosen }
            })
        })
        .collect();
    let mut found = Vec::new();
    for look in looks {
        found.extend(look.await.ok());
    }
    Ok(found)
}

fn section(lines: &mut Vec<Line>, title: &str, content: Vec<Line>) {
    if !content.is_empty() {
        lines.extend([Line::default(), Line::margin().add(Role::Quiet, title)]);
        lines.extend(content);
    }
}

fn drawn(found: &Found, look: &Look) -> Vec<Line> {
    let Found { name, settings, checked, chosen } = found;
    let (mark, role) = match (&checked.answers, look.signs) {
        (Ok(()), true) => ("✓", Role::Done),
        (Ok(()), false) => ("[ok]", Role::Done),
        (Err(_), true) => ("✗", Role::Failed),
        (Err(_), false) => ("[!!]", Role::Failed),
    };
    let head = Line::margin().add(role, mark).add(Role::Plain, " ").add(Role::Strong, one_line(name));
    let head = if *chosen { head.add(Role::Accent, "  does what no playbook does") } else { head };
    let indent = width(mark) + 3;
    let room = look.columns().saturating_sub(indent + 2);
    let below = |role: Role, text: &str| -> Vec<Line> {
        wrap(&one_line(text), room).into_iter().map(|l| Line::default().to(indent).add(role, l)).collect()
    };
    let mut lines = vec![head];
    let key = checked.key.as_deref().map(|key| format!(", key from {}", tilde(key, look.home.as_deref())));
    let at = &checked.can.card.at;
    lines.extend(below(Role::Plain, &format!("{} at {at}{}", settings.model, key.unwrap_or_default())));
    lines.extend(below(Role::Quiet, &able(&checked.can, look)));
    lines.extend(below(Role::Quiet, &price(&checked.can)));
    if let Some(fallback) = &settings.fallback {
        lines.extend(below(Role::Quiet, &format!("if it can't be had: {fallback}")));
    }
    if let Err(error) = &checked.answers {
        lines.extend(below(Role::Failed, &clause(&error.message)));
        lines.extend(error.fix().iter().flat_map(|fix| below(Role::Strong, &step(fix))));
    }
    lines
}

fn on_this_computer(server: &Server, look: &Look) -> Vec<Line> {
    let at = place_of(server);
    let mut lines = vec![Line::margin().add(Role::Plain, format!("{} at {at}", server.service.name))];
    let room = look.columns().saturating_sub(8);
    for model in &server.models {
        let name = format!("{}/{}", server.service.name, one_line(&model.name));
        lines.push(Line::of("    ").add(Role::Strong, name));
        let can = Can::of_local(model, &at);
        let text = [able(&can, look), price(&can)].join(between(look));
        lines.extend(wrap(&text, room).into_iter().map(|l| Line::of("      ").add(Role::Quiet, l)));
    }
    if server.models.is_empty() {
        lines.push(Line::of("    ").add(Role::Quiet, "It has no model yet."));
    }
    lines
}

fn place_of(server: &Server) -> String {
    server.base.trim_start_matches("http://").trim_end_matches("/v1").to_owned()
}

/// Says what a model can do.
fn able(can: &Can, look: &Look) -> String {
    let mut parts = vec![format!("holds {} tokens", grouped(can.card.window.into()))];
    let said = |known: Option<bool>, yes: &str, no: &str| match known {
        Some(true) => Some(yes.to_owned()),
        Some(false) => Some(no.to_owned()),
        None => None,
    };
    parts.extend(said(can.tools, "tools", "no tools"));
    parts.extend(can.images.then(|| "pictures".to_owned()));
    parts.extend(can.card.sees.iter().any(|m| m == "application/pdf").then(|| "PDF".to_owned()));
    parts.extend(said(can.thinks, "thinks", "does not think"));
    parts.join(between(look))
}

fn between(look: &Look) -> &'static str {
    if look.signs { " · " } else { ", " }
}

/// Says what a model costs.
fn price(can: &Can) -> String {
    match can.card.price {
        None => "price not known".to_owned(),
        Some(price) if price == cowork::Price::default() => "free".to_owned(),
        Some(price) => {
            let dollars = cowork::dollars;
            format!("{} read and {} written a million tokens", dollars(price.input), dollars(price.output))
        }
    }
}

fn as_json(found: &Found) -> Value {
    let Found { name, settings, checked, chosen } = found;
    let error = checked.answers.as_ref().err();
    json!({
        "name": name,
        "service": settings.service.as_str(),
        "model": settings.model,
        "default": chosen,
        "ready": error.is_none(),
        "error": error,
        "key": checked.key,
        "can": checked.can,
    })
}

fn served(server: &Server) -> Vec<Value> {
    let at = place_of(server);
    let one = |model: &local::Local| {
        json!({
            "name": format!("{}/{}", server.service.name, model.name),
            "service": server.service.name,
            "model": model.name,
            "default": false,
            "ready": true,
            "error": null,
            "key": null,
            "can": Can::of_local(model, &at),
        })
    };
    server.models.iter().map(one).collect()
}

/// Keeps a key, or takes it away.
pub(crate) fn key(command: KeyCommand) -> Result<Exit, Fail> {
    let look = Look::of_stdout();
    let mut out = Out::default();
    match command {
        KeyCommand::Set { name, file } => {
            known(&name)?;
            let key = typed(&name, &look, &mut out)?;
            let kept = keys().keep(&name, &key, file)?;
            out.lines(
                &[said("Kept", &format!("the key of {name} in {}.", tilde(&kept.to_string(), look.home.as_deref())))],
                &look,
            );
            out.lines(&[next("Try it:", "cowork doctor")], &look);
        }
        KeyCommand::Remove { name } => {
            let gone: Vec<String> =
                keys().forget(&name)?.iter().map(|k| tilde(&k.to_string(), look.home.as_deref())).collect();
            out.lines(&[said("Removed", &format!("the key of {name} from {}.", gone.join(" and ")))], &look);
        }
    }
    Ok(Exit::Done)
}

/// Refuses to keep a key that nothing would look for.
fn known(name: &str) -> Result<(), Fail> {
    let config = Config::load()?;
    let mut all: Vec<String> = ServiceName::all().filter(|s| !s.key_from().is_empty()).map(|s| s.to_string()).collect();
    all.retain(|s| s != "openai-responses");
    all.extend(config.models.iter().filter(|(n, s)| s.key_name(n) == n.as_str()).map(|(n, _)| n.clone()));
    if all.iter().any(|one| one == name) {
        return Ok(());
    }
    Err(wrong(
        format!("nothing asks for a key named `{}`", name.escape_debug()),
        format!("name one of {}", all.join(", ")),
    ))
}

/// Reads a key: not shown on a terminal, else whole from the standard input.
fn typed(name: &str, look: &Look, out: &mut Out) -> Result<Secret, Fail> {
    let unread =
        |why: String| wrong(format!("the key can't be read: {why}"), "give it on the standard input, on one line");
    if stdin().is_terminal() {
        out.lines(&[Line::margin().add(Role::Plain, format!("The key of {name}, then Enter. It is not shown."))], look);
        let line = hidden_line(|| out.text("  > ")).filter(|line| !line.trim().is_empty());
        out.text("\n");
        let line =
            line.ok_or_else(|| wrong("no key was given, and nothing was changed", "begin again when you have it"))?;
        return Ok(Secret::new(&line, "what was typed"));
    }
    let mut text = Zeroizing::new(String::with_capacity(TOO_LONG as usize));
    stdin().lock().take(TOO_LONG).read_to_string(&mut text).map_err(|e| unread(e.to_string()))?;
    if text.trim().is_empty() {
        return Err(wrong(
            "no key was given",
            format!("give it on the standard input: cowork models key set {name} < FILE"),
        ));
    }
    Ok(Secret::new(&text, "the standard input"))
}

fn said(what: &str, more: &str) -> Line {
    Line::margin().add(Role::Done, what).add(Role::Plain, format!(" {}", one_line(more)))
}

//! `cowork init`: a guided first run. Each step asks one thing; a new one is a file here and a line in `STEPS`.

mod always;
mod completions;
mod folders;
mod guide;
mod mode;
mod model;

use cowork::{CancellationToken, models::local};

use self::guide::{Flow, Guide};
use crate::{
    fail::{Exit, Fail, wrong},
    look::Look,
    out::Out,
    render::{
        line::{Line, Role},
        outcome::next,
        text::{one_line, tilde},
    },
};

/// One thing that is asked for.
struct Step {
    title: &'static str,
    /// Whether there is anything to ask.
    applies: fn(&Guide) -> bool,
    ask: fn(&mut Guide) -> Result<Flow, Fail>,
}

const STEPS: [Step; 5] = [
    Step { title: "Your folders", applies: |_| true, ask: folders::ask },
    Step { title: "How much it may do unasked", applies: |_| true, ask: mode::ask },
    Step { title: "What you always allowed", applies: |guide| !guide.config.always.is_empty(), ask: always::ask },
    Step { title: "A model", applies: |_| true, ask: model::ask },
    Step { title: "Shell completions", applies: |_| true, ask: completions::ask },
];

/// Asks for what is to be set, shows what is set now, and writes it. With `yes` it asks nothing.
pub(crate) async fn init(yes: bool) -> Result<Exit, Fail> {
    let look = Look::of_stdout();
    if !yes && !look.asks {
        return Err(wrong("nobody can be asked here", "take what is set and the defaults: cowork init --yes"));
    }
    let none = CancellationToken::new();
    let servers = if yes { Vec::new() } else { local::find(&local::places(), local::SOON, &none).await };
    let mut guide = Guide::begin(yes, look, servers)?;
    if !yes {
        guide.say("");
        guide.say("Enter keeps what is shown; s skips a question; q leaves, and nothing is written.");
    }
    let steps: Vec<&Step> = STEPS.iter().filter(|step| (step.applies)(&guide)).collect();
    for (index, step) in steps.iter().enumerate() {
        if !yes {
            guide.title(&format!("{} of {}  {}", index + 1, steps.len(), step.title));
        }
        if let Flow::Leave = (step.ask)(&mut guide)? {
            guide.say("");
            guide.say("Nothing was written. `cowork init` begins again.");
            return Ok(Exit::Done);
        }
    }
    let look = guide.look.clone();
    let first = guide.folders().keys().next().cloned();
    let wrote = guide.finish()?;
    let mut lines = vec![Line::default()];
    for (place, what) in wrote {
        let shown = one_line(&tilde(&place, look.home.as_deref()));
        lines.push(
            Line::margin().add(Role::Done, "Wrote ").add(Role::Plain, format!("{shown}  ")).add(Role::Quiet, what),
        );
    }
    let folder = first.unwrap_or_else(|| "DIR".to_owned());
    lines.push(next("Try it:", &format!("cowork run --folder {folder} --dry-run \"Organise by type\"")));
    lines.push(next("What it can do:", "cowork playbook list"));
    Out::default().lines(&lines, &look);
    Ok(Exit::Done)
}

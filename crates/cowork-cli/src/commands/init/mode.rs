//! How much a task may do unasked.

use super::guide::{Flow, Guide, Typed};
use crate::{args::Mode, fail::Fail};

const MODES: [(Mode, &str); 3] = [
    (Mode::Ask, "ask before every change"),
    (Mode::Plan, "change nothing, show what would be done"),
    (Mode::Auto, "do what can be undone, ask before anything else"),
];

pub(super) fn ask(guide: &mut Guide) -> Result<Flow, Fail> {
    let now = guide.config.mode.unwrap_or(Mode::Ask);
    if guide.yes {
        guide.set_mode(now);
        return Ok(Flow::Next);
    }
    guide.say("");
    for (index, (mode, what)) in MODES.iter().enumerate() {
        let mark = if *mode == now { 'x' } else { ' ' };
        guide.say(&format!("  {} [{mark}] {:<5} {what}", index + 1, mode.word()));
    }
    guide.say("");
    loop {
        match guide.ask("Enter takes the marked one; or type a number.") {
            Typed::Skip => return Ok(Flow::Next),
            Typed::Leave => return Ok(Flow::Leave),
            Typed::Keep => {
                guide.set_mode(now);
                return Ok(Flow::Next);
            }
            Typed::Text(text) => {
                let by_number = text.parse::<usize>().ok().and_then(|n| MODES.get(n.checked_sub(1)?));
                match by_number.or_else(|| MODES.iter().find(|(mode, _)| mode.word() == text)) {
                    Some((mode, _)) => {
                        guide.set_mode(*mode);
                        return Ok(Flow::Next);
                    }
                    None => guide.say("That is none of them."),
                }
            }
        }
    }
}

//! What may be done without a question because somebody once said "always": here it is taken back.

use super::guide::{Flow, Guide, Typed};
use crate::{
    fail::Fail,
    render::{
        ask::deed,
        text::{one_line, tilde},
    },
};

pub(super) fn ask(guide: &mut Guide) -> Result<Flow, Fail> {
    let mut kept = vec![true; guide.config.always.len()];
    if guide.yes {
        return Ok(Flow::Next);
    }
    let home = guide.look.home.clone();
    loop {
        guide.say("");
        for (index, (rule, on)) in guide.config.always.clone().iter().zip(&kept).enumerate() {
            let mark = if *on { 'x' } else { ' ' };
            let place = tilde(&one_line(&rule.folder), home.as_deref());
            guide.say(&format!("  {} [{mark}] {} in {place}", index + 1, deed(&rule.tool)));
        }
        guide.say("");
        match guide.ask("Enter keeps those marked; the others are asked about again. A number marks or unmarks.") {
            Typed::Keep => break,
            Typed::Skip => return Ok(Flow::Next),
            Typed::Leave => return Ok(Flow::Leave),
            Typed::Text(text) => {
                let one = text.parse::<usize>().ok().and_then(|n| kept.get_mut(n.checked_sub(1)?));
                match one {
                    Some(on) => *on = !*on,
                    None => guide.say("That is none of them."),
                }
            }
        }
    }
    guide.keep_always(&kept);
    Ok(Flow::Next)
}

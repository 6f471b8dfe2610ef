//! Noticing that a model goes round in circles: the same calls with the same results, again and again.

use crate::{Error, Kind, Outcome, Result, Task, Turn};

/// Over how many turns a round goes at the most: 1 for the same call again, 2 for two that take turns.
const LONGEST: usize = 3;
/// After so many equal rounds the model is told.
const TOLD: usize = 3;
/// After so many the task ends: being told did not help.
const ENDED: usize = 6;

/// What to tell the model after a turn, if it goes round in circles. `turns` are all up to this one.
pub(super) fn told(turns: &[Turn]) -> Result<Option<String>> {
    let Some((period, rounds)) = circle(turns, TOLD)? else { return Ok(None) };
    let what = if period == 1 { "the same call".to_owned() } else { format!("the same {period} steps in turn") };
    Ok(Some(format!(
        "You have made {what} {rounds} times, each time with the same result. Again would give the same. Do something else; \
         if there is nothing else to try, end with what you have and say what you could not do."
    )))
}

/// Gives the end of a task that goes on in circles.
pub(super) fn end(task: &Task) -> Result<Option<Error>> {
    let Some((period, rounds)) = circle(&task.turns, ENDED)? else { return Ok(None) };
    let from = task.turns.len().saturating_sub(period);
    let calls = task.turns.iter().skip(from).flat_map(|turn| &turn.decision.calls).take(4);
    let names: Vec<String> = calls.map(|call| format!("`{}`", call.tool)).collect();
    let what = names.join(", ");
    let why = format!("the task went round in circles: {what} gave the same result {rounds} times");
    let error = Error::new(Kind::LimitExceeded, "plan", why);
    Ok(Some(error.with_fix("say more precisely what is wanted, or choose another model")))
}

/// Gives how many turns a round has and how many equal ones there were at the end, if at least so many.
fn circle(turns: &[Turn], least: usize) -> Result<Option<(usize, usize)>> {
    for period in 1..=LONGEST {
        // Most turns differ from the one before already in their calls: nothing else is looked at then.
        let equal = equal_at_the_end(turns, period)?;
        let rounds = equal / period + 1;
        if equal > 0 && rounds >= least {
            return Ok(Some((period, rounds)));
        }
    }
    Ok(None)
}

/// Counts the turns at the end that equal the one `period` before them. No more than it takes to end are looked at.
fn equal_at_the_end(turns: &[Turn], period: usize) -> Result<usize> {
    let most = period * (ENDED + 1);
    let mut equal = 0;
    for at in (period..turns.len()).rev().take(most) {
        let (Some(one), Some(other)) = (turns.get(at), turns.get(at - period)) else { break };
        if !is_equal(one, other)? {
            break;
        }
        equal += 1;
    }
    Ok(equal)
}

fn is_equal(one: &Turn, other: &Turn) -> Result<bool> {
    let (a, b) = (&one.decision.calls, &other.decision.calls);
    if a.is_empty() || a.len() != b.len() || a.iter().zip(b).any(|(a, b)| a.tool != b.tool || a.args != b.args) {
        return Ok(false);
    }
    for (a, b) in one.calls.iter().zip(&other.calls) {
        if !is_same(a.outcome()?, b.outcome()?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Says whether two calls came to the same.
fn is_same(one: Option<Outcome>, other: Option<Outcome>) -> bool {
    match (one, other) {
        (Some(Outcome::Done { value: a, .. }), Some(Outcome::Done { value: b, .. })) => a == b,
        (Some(Outcome::Failed { error: a }), Some(Outcome::Failed { error: b })) => {
            (a.kind, a.message) == (b.kind, b.message)
        }
        (Some(Outcome::Denied { .. }), Some(Outcome::Denied { .. }))
        | (Some(Outcome::Withheld { .. }), Some(Outcome::Withheld { .. })) => true,
        _ => false,
    }
}

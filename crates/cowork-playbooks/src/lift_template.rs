//! The text that all targets of a run are instances of: fixed parts, and what can be said of each entry.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::lift_atoms::Atom;

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Fixed(String),
    /// What this atom, by its place in the list, says of the entry.
    Atom(usize),
}

/// More ways than this are not tried.
const MOST_STATES: usize = 20_000;
const FIXED: u32 = 20;
const ATOM: u32 = 30;

/// Finds the plainest template that gives each target exactly; `values` has for each atom what it is for each entry.
///
/// At least one part is of the entry, and two different targets can't come of the same fixed text: what is fixed is what all
/// targets have in common.
pub(crate) fn of(targets: &[&str], atoms: &[Atom], values: &[Vec<Option<String>>]) -> Option<Vec<Part>> {
    let start = vec![0_usize; targets.len()];
    // The cost of the way to a state, and the step that led there; a state also says whether its last part was fixed.
    let mut best: BTreeMap<(Vec<usize>, bool), (u32, Step)> = BTreeMap::new();
    let mut open = BinaryHeap::from([Reverse((0_u32, start.clone(), false))]);
    best.insert((start, false), (0, None));
    while let Some(Reverse((cost, at, fixed))) = open.pop() {
        if targets.iter().zip(&at).all(|(target, at)| target.len() == *at) {
            return Some(traced(targets, &best, (at, fixed)));
        }
        if best.len() > MOST_STATES {
            return None;
        }
        if best.get(&(at.clone(), fixed)).is_some_and(|(known, _)| *known < cost) {
            continue;
        }
        for (next, price, part) in steps(targets, &at, fixed, atoms, values) {
            let (state, cost) = ((next, part.is_none()), cost + price);
            if best.get(&state).is_none_or(|(known, _)| cost < *known) {
                open.push(Reverse((cost, state.0.clone(), state.1)));
                best.insert(state, (cost, Some((at.clone(), fixed, part))));
            }
        }
    }
    None
}

/// Where a step began, whether fixed text stood before it, and the atom that it is; none for one more fixed letter.
type Step = Option<(Vec<usize>, bool, Option<usize>)>;

fn steps(
    targets: &[&str],
    at: &[usize],
    fixed: bool,
    atoms: &[Atom],
    values: &[Vec<Option<String>>],
) -> Vec<(Vec<usize>, u32, Option<usize>)> {
    let rest = || targets.iter().zip(at).map(|(target, at)| &target[*at..]);
    let mut found = Vec::new();
    for (index, of) in values.iter().enumerate().take(atoms.len()) {
        let fits =
            rest().zip(of).all(|(rest, value)| value.as_ref().is_some_and(|value| rest.starts_with(value.as_str())));
        if fits {
            let next = at.iter().zip(of).map(|(at, value)| at + value.as_ref().map_or(0, String::len)).collect();
            // Of two that fit, the plainer one comes first in the list. The ending is preferred to the same letters.
            let ending = atoms[index].python == "name[len(stem(name)):]";
            let index_cost = u32::try_from(index).unwrap_or(ATOM) / 8;
            found.push((next, if ending { 10 } else { ATOM + index_cost }, Some(index)));
        }
    }
    let mut first = rest().map(|rest| rest.chars().next());
    if let Some(Some(letter)) = first.next()
        && first.all(|other| other == Some(letter))
    {
        let next = at.iter().map(|at| at + letter.len_utf8()).collect();
        found.push((next, if fixed { 1 } else { FIXED + 1 }, None));
    }
    found
}

fn traced(targets: &[&str], best: &BTreeMap<(Vec<usize>, bool), (u32, Step)>, end: (Vec<usize>, bool)) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut state = end;
    while let Some((_, Some((before, was_fixed, atom)))) = best.get(&state) {
        match (atom, parts.last_mut()) {
            (Some(index), _) => parts.push(Part::Atom(*index)),
            (None, last) => {
                let piece = targets.first().map_or("", |target| &target[before[0]..state.0[0]]);
                match last {
                    Some(Part::Fixed(text)) => text.insert_str(0, piece),
                    _ => parts.push(Part::Fixed(piece.to_owned())),
                }
            }
        }
        state = (before.clone(), *was_fixed);
    }
    parts.reverse();
    parts
}

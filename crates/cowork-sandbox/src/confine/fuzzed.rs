//! What the fuzz target and its fixed dose call: what a host and its helper hear of each other.
//!
//! How the helper reads is the helper's own code, with system calls that only write down what they are given.
#![allow(clippy::expect_used, clippy::panic, reason = "it stops at what should not be")]

#[path = "../../helper/plan.rs"]
mod plan;
#[path = "../../helper/steps.rs"]
#[allow(dead_code, reason = "what gives up privileges reads nothing")]
mod steps;
mod sys;
#[path = "../../helper/told.rs"]
#[allow(dead_code, reason = "not each kind of message is written here")]
mod told;
mod written;

use std::{ptr::null, time::Duration};

use plan::Plan;
use sys::{Fd, Result};
use told::{ALONE, END, Told};

use super::{
    How,
    run::tell,
    steps::{Start, Step, bytes},
};
use written::{From, done};

/// Where the helper speaks with its host.
const HOST: Fd = Fd(0);

/// How many words a program may get here; the helper takes more.
const WORDS: usize = 256;

/// Has the helper read bytes as a plan, and as an order; gives how many steps that were.
pub fn helper(plan: &[u8]) -> usize {
    let kinds = kinds(plan);
    let (mut count, mut world, mut part) = (0, steps::World::default(), steps::Part::default());
    for (number, step) in Plan::new(plan).numbered() {
        let Ok(step) = step else { break };
        assert_eq!(Some(&u64::from(step.kind)), kinds.get(count), "step {number} is the one that was written");
        count += 1;
        _ = if step.is_inside() { part.take(step) } else { world.take(step) };
    }
    assert!(count <= plan.len() / 16, "a step has a number and a length");
    executed(plan);
    count
}

/// Has the host read bytes as what the helper tells; gives whether they say that a command ended well.
pub fn host(message: &[u8; 40]) -> bool {
    let number = |at: usize| u32::from_le_bytes(std::array::from_fn(|n| message[at + n]));
    let Some(Ok(ended)) = tell(message, &[Step::Enter]) else { return false };
    assert!(number(0) == 0 && [END, ALONE].contains(&number(12)), "only a command that ended has an end");
    let is_well = ended.how == How::Exited(0);
    assert!(!is_well || number(8) & 0xffff == 0, "status {:x} is no good end", number(8));
    is_well
}

/// Writes steps, an order and an end that these bytes come to; whoever reads them reads the same.
pub fn both(from: &[u8]) {
    let mut from = From(from);
    let start = from.start();
    assert_eq!(executed(&start.bytes()), expected(&start), "{start:?}");
    let (code, user, system) = (from.byte(), from.number() >> 32, from.number() >> 32);
    let used = sys::Used { user, system, memory: 1 };
    let about = if from.byte() % 2 == 0 { END } else { ALONE };
    let told = Told { about, status: i32::from(code) << 8, used, ..Told::default() };
    let ended = tell(&told.message(), &[]).and_then(std::result::Result::ok).map(|it| (it.how, it.cpu, it.memory));
    assert_eq!(ended, Some((How::Exited(code.into()), Duration::from_micros(user + system), 1_024)));
    while !from.0.is_empty() {
        let step = from.step();
        assert_eq!(taken(&step), done(&step), "{step}");
    }
}

/// What listens, in the helper.
fn listen(port: u64) -> Result<()> {
    sys::listen(port);
    Ok(())
}

/// What answers with a number, in the helper.
fn answer(_: usize) {}

/// Writes down a call of the system.
fn call(name: &str, texts: &[&[u8]], numbers: &[u64]) -> String {
    let texts = texts.iter().map(|text| format!(" {:?}", text.escape_ascii().to_string()));
    let numbers = numbers.iter().map(|number| format!(" {number}"));
    [name.to_owned()].into_iter().chain(texts).chain(numbers).collect()
}

/// Gives the numbers of the steps in a plan: read once more, in another way.
fn kinds(mut plan: &[u8]) -> Vec<u64> {
    let mut kinds = Vec::new();
    while let Some((head, rest)) = plan.split_first_chunk::<16>() {
        let [kind, length] = [0, 8].map(|at| u64::from_le_bytes(std::array::from_fn(|n| head[at + n])));
        let Some(rest) = usize::try_from(length).ok().and_then(|length| rest.get(length..)) else { break };
        kinds.push(kind);
        plan = rest;
    }
    kinds
}

/// Gives the calls that the helper makes for a step.
fn taken(step: &Step) -> Vec<String> {
    let plan = bytes(std::slice::from_ref(step));
    let found = match step {
        Step::Bind { dev, ino, .. } | Step::Is { dev, ino, .. } => (*dev, *ino),
        _ => (0, 0),
    };
    sys::take(found);
    let read: Vec<_> = Plan::new(&plan).collect();
    let [Ok(read)] = <[_; 1]>::try_from(read).ok().expect("one step") else { panic!("it can't be read") };
    let is_each = matches!(step, Step::Each);
    assert_eq!(read.is_each(), is_each);
    match step {
        Step::Each | Step::Part => assert!(read.fields.is_empty()),
        Step::Through { .. } => through(&plan, read),
        _ if read.is_inside() => steps::Part::default().take(read).expect("a step of a command's own process"),
        _ => steps::World::default().take(read).expect("a step of a world"),
    }
    sys::take((0, 0)).calls
}

/// Reads the words of another program.
fn through(plan: &[u8], step: plan::Step<'_>) {
    let (with, mut list) = (&mut { step.fields }, [null(); WORDS]);
    let program = with.text().expect("a program").to_bytes().to_vec();
    let count = steps::words(with, &mut list).expect("words");
    let at: Vec<usize> = list[..count].iter().map(|word| word.addr()).collect();
    let words = words(plan, &at).into_iter().map(|word| call("word", &[&word], &[]));
    _ = sys::note(call("through", &[&program], &[]));
    words.for_each(|word| _ = sys::note(word));
}

/// What the helper would execute: in which folder, at a terminal or not, and each program with its words and its environment.
type Executed = (Vec<String>, Vec<(Vec<u8>, Vec<Vec<u8>>, Vec<Vec<u8>>)>);

/// Has the helper read an order, and execute it.
fn executed(order: &[u8]) -> Executed {
    sys::take((0, 0));
    let step = Plan::new(order).next().unwrap_or(Err(sys::EINVAL));
    _ = steps::start(step, &[HOST; 8], &mut [null(); WORDS]);
    let done = sys::take((0, 0));
    let each = |it: sys::Executed| (it.program, words(order, &it.args), words(order, &it.environment));
    (done.calls, done.executed.into_iter().map(each).collect())
}

fn expected(start: &Start) -> Executed {
    let texts = |words: &[String]| words.iter().map(|word| word.as_bytes().to_vec()).collect::<Vec<_>>();
    let terminal = start.terminal.then(|| call("terminal", &[], &[]));
    let calls = [call("enter", &[start.folder.as_bytes()], &[])].into_iter().chain(terminal).collect();
    let environment: Vec<_> =
        start.environment.iter().map(|(name, value)| format!("{name}={value}").into_bytes()).collect();
    let each = |program| (program, texts(&start.args), environment.clone());
    (calls, texts(&start.programs).into_iter().map(each).collect())
}

/// Gives the words of a list that ends with a null: each lies in these bytes and has a null behind it.
fn words(bytes: &[u8], list: &[usize]) -> Vec<Vec<u8>> {
    let begin = bytes.as_ptr().addr();
    let Some((0, list)) = list.split_last().map(|(last, list)| (*last, list)) else { panic!("a list without an end") };
    let word = |at: &usize| {
        let rest = at.checked_sub(begin).and_then(|at| bytes.get(at..)).expect("a word of the order");
        let end = rest.iter().position(|byte| *byte == 0).expect("a word with an end");
        rest[..end].to_vec()
    };
    list.iter().map(word).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_dose_of_what_is_fuzzed(bytes: Vec<u8>, kinds in proptest::collection::vec(0_u64..40, 0..6), message: [u8; 40], about in 0_u8..5) {
            helper(&bytes);
            // What is framed as steps are gets further.
            let framed = |kind: &u64| [&kind.to_le_bytes()[..], &(bytes.len() as u64).to_le_bytes(), &bytes].concat();
            prop_assert_eq!(helper(&kinds.iter().flat_map(framed).collect::<Vec<_>>()), kinds.len());
            both(&bytes);
            let mut message = message;
            host(&message);
            message[12..16].copy_from_slice(&u32::from(about).to_le_bytes());
            host(&message);
            message[..8].fill(0);
            host(&message);
        }
    }

    /// The kernel keeps a handle if this process has too many files open; the message comes without it.
    #[test]
    fn a_way_out_whose_socket_did_not_come_is_no_command_that_ended_well() {
        let told = Told { about: told::LISTENS, ..Told::default() };
        assert!(!host(&told.message()));
        let told = Told { about: told::NO_WORLD, ..Told::default() };
        assert!(!host(&told.message()));
        for of_none in [0x137f, 0x80, 0x1_0000] {
            assert!(!host(&Told { status: of_none, ..Told::default() }.message()));
        }
    }

    #[test]
    fn a_step_whose_number_is_too_large_is_not_taken_for_another() {
        let plan = [&0x1_0009_u64.to_le_bytes()[..], &0_u64.to_le_bytes()].concat();
        assert_eq!(helper(&plan), 0);
    }

    #[test]
    fn a_text_with_a_null_in_it_is_refused() {
        let plan = bytes(&[Step::Name("sand\0box")]);
        assert!(Plan::new(&plan).all(|step| step.and_then(|step| steps::World::default().take(step)).is_err()));
        assert_eq!(sys::take((0, 0)).calls, Vec::<String>::new());
    }
}

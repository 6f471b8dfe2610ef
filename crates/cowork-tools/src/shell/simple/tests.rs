#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

mod real;
mod table;

use super::{Known, judge};
use table::{CODE, SIMPLE};

/// Gives where a line reads, `~` marked; nothing if it is code.
fn reads(line: &str) -> Option<Vec<String>> {
    match judge(line) {
        Known::Simple { reads } => {
            Some(reads.into_iter().map(|p| if p.home { format!("home:{}", p.path) } else { p.path }).collect())
        }
        Known::Code { .. } => None,
    }
}

#[test]
fn what_only_reads_is_known_with_its_places() {
    let wrong = SIMPLE.iter().filter(|(line, places)| reads(line).is_none_or(|found| found != *places));
    let wrong: Vec<_> =
        wrong.map(|(line, places)| format!("{line:?} wants {places:?}, is {:?}", judge(line))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn whatever_may_do_more_is_code_and_says_why() {
    let said = |line: &str, says: &str| matches!(judge(line), Known::Code { why } if why.contains(says));
    let wrong = CODE.iter().filter(|(line, says)| !said(line, says));
    let wrong: Vec<_> = wrong.map(|(line, says)| format!("{line:?} wants {says:?}, is {:?}", judge(line))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

//! From words to a playbook with 200 playbooks, each with as many words as the largest built-in one: the median and the slowest
//! of sentences short and long.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use cowork::playbooks::{Chosen, Playbook, PlaybookPlanner};
use cowork_benches::{Cost, cost, median, report};

const PLAYBOOKS: usize = 200;
const SOURCE: &str = include_str!("../../../crates/cowork-playbooks/playbooks/organise.py");
const SENTENCES: [&str; 5] = [
    "organise these files by type",
    "delete the duplicates and the rest of the old stuff",
    "find all files that mention Project Falcon",
    "Could you please sort all the documents in my Downloads folder into folders by month, but only show me what you would do?",
    "compare budget.xlsx with actuals.xlsx and explain the variance",
];

fn main() {
    let mut planner = PlaybookPlanner::new().unwrap();
    for n in planner.playbooks().count()..PLAYBOOKS {
        let source = SOURCE.replacen("name = \"organise\"", &format!("name = \"organise-{n}\""), 1);
        planner.add(Playbook::read(&source, "copy.py").unwrap()).unwrap();
    }
    // As long as a task may be.
    let longest = SENTENCES[3].repeat(4_000 / SENTENCES[3].len());
    println!("{PLAYBOOKS} playbooks, median of 51 runs each\n");
    let mut slowest: f64 = 0.0;
    for text in SENTENCES {
        let costs: Vec<Cost> = (0..51).map(|_| cost(|| planner.match_words(text, &["Downloads"])).0).collect();
        let millis = median(&costs, |c| c.wall).as_secs_f64() * 1e3;
        println!("  {millis:.2} ms  {text}");
        slowest = slowest.max(millis);
    }
    let (cost, found) = cost(|| planner.match_words(&longest, &[]));
    assert!(!matches!(found.playbook, Chosen::One(_)), "{found:?}");
    println!("  {:.2} ms  a text of {} bytes", cost.wall.as_secs_f64() * 1e3, longest.len());
    report("words to a playbook, the slowest sentence", slowest, "ms", "<= 5", slowest <= 5.0);
}

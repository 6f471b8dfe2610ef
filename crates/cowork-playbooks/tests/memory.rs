//! The memory limit, in a program that counts its memory and does nothing besides.

#![allow(clippy::unwrap_used, clippy::panic)]

mod story;

use std::time::Instant;

use cowork_core::{Finish, Kind, PlanContext, Planner};
use cowork_playbooks::{Limits, PlaybookPlanner};
use story::{Story, program};

#[global_allocator]
static ALLOCATOR: monty_alloc::LimitedAllocator = monty_alloc::LimitedAllocator;

const MIB: usize = 1024 * 1024;

/// Plays a program with one planner alone, so that nothing else takes memory. Gives the turns it took.
async fn play(body: &str, limits: Limits) -> (usize, Finish) {
    let mut story = Story::within(program(body), limits);
    let planner = PlaybookPlanner::new().unwrap().with_limits(limits);
    for turn in 0.. {
        let proposal = planner.plan(story.view(), PlanContext::default()).await.unwrap();
        let finish = proposal.finish.clone();
        story.commit(proposal);
        if let Some(finish) = finish {
            return (turn, finish);
        }
    }
    unreachable!()
}

/// One test, because the count is the whole process's.
#[tokio::test]
async fn memory_is_limited_however_it_grows() {
    let limits = Limits { memory: 64 * MIB, ..Limits::default() };
    let growing = [
        "x = []\nwhile True:\n    x.append('a' * 1000 + str(len(x)))",
        "x = 'a' * 1000000\nwhile True:\n    x = x + x",
        "x = {}\nwhile True:\n    x[len(x)] = [len(x)] * 100",
        "x = 7 ** (10 ** 9)",
    ];
    for body in growing {
        let began = Instant::now();
        let (_, finish) = play(body, limits).await;
        let Finish::Failed { error } = finish else { panic!("{body}: {finish:?}") };
        assert_eq!(error.kind, Kind::LimitExceeded, "{body}: {error:?}");
        assert!(error.message.contains("took more than 64 MiB of memory"), "{body}: {error:?}");
        eprintln!("{:?} for {body:?}", began.elapsed());
    }

    let keeps = "x = []\nfor i in range(60):\n    x.append('a' * 2000000 + str(i))\n    now()\nfinish('kept')";
    let (turns, finish) = play(keeps, limits).await;
    assert!(matches!(&finish, Finish::Failed { error } if error.kind == Kind::LimitExceeded), "{finish:?}");
    assert!((25..40).contains(&turns), "what it holds over its pauses counts: it ended after {turns} of 2 MB each");

    let lets_go = keeps.replace("x.append(", "x = (");
    let (turns, finish) = play(&lets_go, limits).await;
    assert!(matches!(finish, Finish::Done { .. }) && turns == 60, "what it lets go does not count: {turns} {finish:?}");
}

//! Workers that don't do what a worker does: each is an error of its program, and of nothing else; what was done is not done again.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

mod story;

use std::{
    io::{Read, Write},
    sync::Arc,
};

use cowork_core::{Error, ExitKind, Finish, Kind, PlanContext, Planner, Sandbox};
use cowork_playbooks::{Apart, Interpreter, Limits, PlaybookPlanner};
use story::{
    Story, program,
    threads::{Does, Input, Output, Threads, served},
};

const LOOKS: &str = "for n in range(5):\n    list_folder('Downloads')\nfinish('looked')";

fn planner(threads: &Arc<Threads>) -> PlaybookPlanner {
    let apart = Apart::new(threads.clone() as Arc<dyn Sandbox>, "/worker", &[]);
    PlaybookPlanner::new().unwrap().with_interpreter(Arc::new(apart))
}

/// Plays to the end with this planner alone, as an engine would; gives how many calls were made.
async fn play(planner: &PlaybookPlanner) -> (Result<Finish, Error>, usize) {
    let mut story = Story::of(program(LOOKS)).files(&["Downloads/a.txt"]);
    loop {
        match planner.plan(story.view(), PlanContext::default()).await {
            Err(error) => return (Err(error), story.calls().len()),
            Ok(proposal) => {
                let finish = proposal.finish.clone();
                story.commit(proposal);
                if let Some(finish) = finish {
                    return (Ok(finish), story.calls().len());
                }
            }
        }
    }
}

/// Gives a worker that serves so many orders and then does something else.
fn after(orders: usize, then: impl Fn(&mut Output) -> ExitKind + Send + Sync + 'static) -> Arc<Does> {
    Arc::new(move |input: &mut Input, output: &mut Output| {
        let said = &mut 0;
        let mut counted = Counted { output: output.clone(), said, most: orders };
        let ended = cowork_playbooks::worker::serve(input, &mut counted);
        if ended.is_ok() { ExitKind::Code(0) } else { then(output) }
    })
}

/// Lets so many frames through, then fails.
struct Counted<'a> {
    output: Output,
    said: &'a mut usize,
    most: usize,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if *self.said >= self.most {
            return Err(std::io::ErrorKind::Other.into());
        }
        self.output.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        *self.said += 1;
        Ok(())
    }
}

#[tokio::test]
async fn one_worker_runs_a_whole_program() {
    let threads = Threads::serving();
    let (end, calls) = play(&planner(&threads)).await;
    assert!(matches!(end.unwrap(), Finish::Done { summary, .. } if summary == "looked"));
    assert_eq!((calls, threads.started()), (5, 1));
}

#[tokio::test]
async fn a_worker_that_is_killed_is_replaced_once_a_step_and_no_call_is_made_again() {
    let threads = Threads::doing(|before| match before {
        0 => after(3, |_| ExitKind::Signal(9)),
        _ => Arc::new(served),
    });
    let (end, calls) = play(&planner(&threads)).await;
    assert!(matches!(end.unwrap(), Finish::Done { .. }));
    assert_eq!((calls, threads.started()), (5, 2));
}

#[tokio::test]
async fn a_program_that_aborts_every_worker_ends_as_an_error_that_says_so() {
    let threads = Threads::doing(|_| {
        after(2, |output| {
            output.complain("memory allocation of 9 bytes failed\u{7}\n");
            ExitKind::Signal(6)
        })
    });
    let (end, calls) = play(&planner(&threads)).await;
    let error = end.unwrap_err();
    assert_eq!((error.kind, calls, threads.started()), (Kind::Unavailable, 2, 2), "{error:?}");
    assert!(error.message.contains("signal 6"), "{error:?}");
    assert_eq!(error.fact("worker"), Some("memory allocation of 9 bytes failed "), "{error:?}");
    assert!(error.fix().is_some());
}

#[tokio::test]
async fn garbage_is_an_error_at_once() {
    for garbage in [&b"\x10\0\0\0{\"halt\": [1, 2]}"[..], b"thread 'main' panicked", b"\x02\0\0\0{}\x02\0\0\0{}"] {
        let threads = Threads::doing(move |_| {
            Arc::new(move |_: &mut Input, output: &mut Output| {
                drop(output.write_all(garbage));
                ExitKind::Code(0)
            })
        });
        let (end, calls) = play(&planner(&threads)).await;
        let error = end.unwrap_err();
        assert!(matches!(error.kind, Kind::Internal | Kind::LimitExceeded), "{error:?}");
        assert_eq!((calls, threads.started()), (0, 1), "it is not tried again");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_never_answers_is_not_waited_for_for_ever() {
    let threads = Threads::doing(|_| {
        Arc::new(|input: &mut Input, _: &mut Output| {
            // Until its host lets go of it.
            drop(std::io::copy(input, &mut std::io::sink()));
            ExitKind::Code(0)
        })
    });
    let (end, _) = play(&planner(&threads)).await;
    let error = end.unwrap_err();
    assert_eq!((error.kind, threads.started()), (Kind::LimitExceeded, 1), "{error:?}");
    assert!(error.message.contains("said nothing for 20 s"), "{error:?}");
}

#[tokio::test]
async fn one_that_floods_is_ended_as_soon_as_it_is_too_much() {
    let threads = Threads::doing(|_| {
        Arc::new(|_: &mut Input, output: &mut Output| {
            drop(output.write_all(&u32::MAX.to_le_bytes()));
            while output.write_all(&[b' '; 10_000]).is_ok() {}
            ExitKind::Code(0)
        })
    });
    let (end, _) = play(&planner(&threads)).await;
    assert_eq!((end.unwrap_err().kind, threads.started()), (Kind::LimitExceeded, 1));
}

#[tokio::test(start_paused = true)]
async fn one_that_complains_without_end_is_one_that_does_not_answer() {
    let threads = Threads::doing(|_| {
        Arc::new(|input: &mut Input, output: &mut Output| {
            (0..1_000).for_each(|_| output.complain("no"));
            drop(input.read_to_end(&mut Vec::new()));
            ExitKind::Code(0)
        })
    });
    let (end, _) = play(&planner(&threads)).await;
    assert_eq!(end.unwrap_err().kind, Kind::LimitExceeded);
}

#[tokio::test]
async fn where_no_worker_can_be_a_host_that_asked_for_one_is_told_and_another_runs_it_itself() {
    let sandbox: Arc<dyn Sandbox> = Threads::refusing();
    let asked = Apart::new(sandbox.clone(), "/worker", &[]);
    let finding = asked.check().await;
    assert!(!finding.ok && !finding.fix.is_empty(), "{finding:?}");
    let (end, _) = play(&PlaybookPlanner::new().unwrap().with_interpreter(Arc::new(asked))).await;
    assert_eq!(end.unwrap_err().kind, Kind::Unsupported);
    let other = Apart::new(sandbox, "/worker", &[]).or_in_process();
    let finding = other.check().await;
    assert!(finding.ok && finding.found.contains("in this process"), "{finding:?}");
    let (end, _) = play(&PlaybookPlanner::new().unwrap().with_interpreter(Arc::new(other))).await;
    assert!(matches!(end.unwrap(), Finish::Done { .. }));
}

#[tokio::test]
async fn a_worker_can_t_have_its_program_run_by_the_host() {
    let threads = Threads::doing(|_| {
        Arc::new(|_: &mut Input, output: &mut Output| {
            let failed = r#"{"failed":{"kind":"unsupported","op":"x","message":"run it yourself"}}"#;
            drop(output.write_all(&u32::try_from(failed.len()).unwrap().to_le_bytes()));
            drop(output.write_all(failed.as_bytes()));
            ExitKind::Code(0)
        })
    });
    let apart = Apart::new(threads.clone() as Arc<dyn Sandbox>, "/worker", &[]).or_in_process();
    let (end, calls) = play(&PlaybookPlanner::new().unwrap().with_interpreter(Arc::new(apart))).await;
    assert_eq!((end.unwrap_err().kind, calls), (Kind::Internal, 0));
}

#[tokio::test]
async fn a_worker_that_was_started_ahead_gets_the_next_program_with_its_limits() {
    for (limits, started) in [(Limits::default(), 1), (Limits { recursion: 1, memory: 1, ..Limits::default() }, 2)] {
        let threads = Threads::serving();
        let apart = Apart::new(threads.clone() as Arc<dyn Sandbox>, "/worker", &[]);
        apart.start_ahead(&limits);
        let (end, _) = play(&PlaybookPlanner::new().unwrap().with_interpreter(Arc::new(apart))).await;
        assert!(matches!(end.unwrap(), Finish::Done { .. }));
        assert_eq!(threads.started(), started);
    }
}

#[tokio::test]
async fn what_is_stopped_is_stopped() {
    let threads = Threads::serving();
    let planner = planner(&threads).with_limits(Limits { calls: usize::MAX, ..Limits::default() });
    let story = Story::of(program("while True:\n    pass"));
    let ctx = PlanContext::default();
    let cancel = ctx.cancel.clone();
    let (planned, ()) = tokio::join!(planner.plan(story.view(), ctx), async move { cancel.cancel() });
    assert_eq!(planned.unwrap_err().kind, Kind::Cancelled);
}

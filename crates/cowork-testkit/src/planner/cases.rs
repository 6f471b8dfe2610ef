//! The stories that [`suite!`](super::suite) tells, one for each promise of [`Planner`].

use std::sync::Arc;

use cowork_core::{
    Call, CancellationToken, Command, Effects, Error, Finish, Kind, Outcome, PlanContext, Planner, Proposal, Result,
};

use super::Subject;
use crate::{
    TaskLog,
    tell::{begin_and_drop, soon},
};

/// No task of a suite needs so many; a planner that passes this goes on for ever.
const MOST_TURNS: usize = 200;

/// Asked twice about the same view, at every turn, an exact planner wants the same; any planner wants something sound.
pub async fn it_goes_by_the_view_alone(subject: Subject) {
    let planner = (subject.make)();
    let mut log = TaskLog::new(subject.submit.clone());
    for _ in 0..MOST_TURNS {
        let first = plan(&subject, &planner, &log).await.expect("the task can be planned");
        let again = plan(&subject, &planner, &log).await.expect("it could be planned a moment ago");
        if subject.exact {
            assert_eq!(first, again, "it gives an equal proposal for an equal view");
        }
        log.decide(&again, &subject.play);
        if again.finish.is_some() {
            return;
        }
    }
    panic!("it came to no end in {MOST_TURNS} turns");
}

/// A planner that has seen nothing, at every turn, comes to the end as the one that saw it all.
pub async fn another_process_goes_on_from_the_log(subject: Subject) {
    let whole = (subject.make)();
    let one = run(&subject, TaskLog::new(subject.submit.clone()), |_| whole.clone(), &subject.play, |_| {}).await;
    let many = run(&subject, TaskLog::new(subject.submit.clone()), |_| (subject.make)(), &subject.play, |_| {}).await;
    assert!(!one[0].calls.is_empty(), "the task of the subject has to take at least one call");
    if subject.exact {
        assert_eq!(one, many, "whatever it keeps between calls is only a cache");
    }
}

/// Never both, never neither.
pub async fn a_proposal_names_calls_or_the_end(subject: Subject) {
    let planner = (subject.make)();
    // `run` checks each proposal; this one is of the undisturbed way.
    let all = run(&subject, TaskLog::new(subject.submit.clone()), |_| planner.clone(), &subject.play, |_| {}).await;
    assert!(all.iter().rev().skip(1).all(|p| p.finish.is_none()), "only the last one is the end");
}

/// Denied, failed or withheld: it is told, and comes to an end, be it an error.
pub async fn it_comes_to_an_end_whatever_becomes_of_its_calls(subject: Subject) {
    let denied = |_: &Call| Outcome::Denied { rule: "answer".to_owned(), reason: "you said no".to_owned() };
    let failed = |_: &Call| Outcome::Failed { error: Error::new(Kind::Unavailable, "try", "nothing answers") };
    let withheld = |_: &Call| Outcome::Withheld { effects: Effects::default() };
    let outcomes: [&(dyn Fn(&Call) -> Outcome + Send + Sync); 3] = [&denied, &failed, &withheld];
    for outcome in outcomes {
        let planner = (subject.make)();
        run(&subject, TaskLog::new(subject.submit.clone()), |_| planner.clone(), outcome, |_| {}).await;
    }
}

/// Before the first turn and after each; and in another process too.
pub async fn it_goes_on_when_the_person_says_something(subject: Subject) {
    let say = |log: &mut TaskLog| log.command(Command::Steer { text: "and be quick about it".to_owned() });
    let mut log = TaskLog::new(subject.submit.clone());
    say(&mut log);
    let whole = (subject.make)();
    let one = run(&subject, log.clone(), |_| whole.clone(), &subject.play, say).await;
    let many = run(&subject, log, |_| (subject.make)(), &subject.play, say).await;
    if subject.exact {
        assert_eq!(one, many, "what was said is in the view, and the view is all it goes by");
    }
}

/// The name by which a task may ask for it is not empty and does not change.
pub async fn it_has_one_name(subject: Subject) {
    let (one, other) = ((subject.make)(), (subject.make)());
    assert!(!one.name().trim().is_empty(), "a planner has a name");
    assert_eq!(one.name(), other.name());
}

/// Cancelled before it begins, it gives a proposal all the same or says that it was cancelled; it never goes on for long.
pub async fn a_cancelled_planning_ends_soon(subject: Subject) {
    let cancel = CancellationToken::new();
    cancel.cancel();
    let view = TaskLog::new(subject.submit.clone()).view(&subject.tools);
    match soon(
        "a cancelled planning",
        (subject.make)().plan(view, PlanContext { cancel, models: subject.models.clone(), ..PlanContext::default() }),
    )
    .await
    {
        Ok(proposal) => sound(&proposal),
        Err(error) => assert_eq!(error.kind, Kind::Cancelled, "{error:?}"),
    }
}

/// Dropped in the middle, at every turn, it then plans as if that had not been.
pub async fn a_dropped_planning_harms_nothing(subject: Subject) {
    let (planner, undisturbed) = ((subject.make)(), (subject.make)());
    let start = || TaskLog::new(subject.submit.clone());
    let expected = run(&subject, start(), |_| undisturbed.clone(), &subject.play, |_| {}).await;
    let mut log = start();
    for expected in expected {
        begin_and_drop(planner.plan(log.view(&subject.tools), context(&subject))).await;
        let proposal = plan(&subject, &planner, &log).await.expect("it can be planned");
        if subject.exact {
            assert_eq!(proposal, expected, "a dropped planning changes nothing");
        }
        log.decide(&proposal, &subject.play);
        if proposal.finish.is_some() {
            return;
        }
    }
}

/// The task ends as failed, with this: so it says what and why.
pub async fn what_it_can_not_plan_is_an_error_that_says_why(subject: Subject) {
    let Some(hopeless) = subject.hopeless.clone() else { return };
    let error = plan(&subject, &(subject.make)(), &TaskLog::new(hopeless)).await.expect_err("it can't plan this");
    assert!(!error.message.trim().is_empty() && !error.message.ends_with('.'), "one plain sentence: {error:?}");
    assert_ne!(error.kind, Kind::Internal, "a task that can't be planned is no fault of the program: {error:?}");
}

/// Plays a task to its end, by whichever planner is given at each turn, and gives the proposals.
async fn run(
    subject: &Subject,
    mut log: TaskLog,
    planner: impl Fn(usize) -> Arc<dyn Planner>,
    play: &(impl Fn(&Call) -> Outcome + ?Sized),
    between: impl Fn(&mut TaskLog),
) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    for turn in 0..MOST_TURNS {
        let proposal = match plan(subject, &planner(turn), &log).await {
            Ok(proposal) => proposal,
            // An error is an end as well: the task is failed with it.
            Err(error) => Proposal { finish: Some(Finish::Failed { error }), ..Proposal::default() },
        };
        log.decide(&proposal, play);
        between(&mut log);
        proposals.push(proposal);
        if proposals[turn].finish.is_some() {
            return proposals;
        }
    }
    panic!("it came to no end in {MOST_TURNS} turns");
}

fn context(subject: &Subject) -> PlanContext {
    PlanContext { models: subject.models.clone(), ..PlanContext::default() }
}

async fn plan(subject: &Subject, planner: &Arc<dyn Planner>, log: &TaskLog) -> Result<Proposal> {
    let proposal = soon("a planning", planner.plan(log.view(&subject.tools), context(subject))).await?;
    sound(&proposal);
    Ok(proposal)
}

fn sound(proposal: &Proposal) {
    assert!(
        proposal.calls.is_empty() != proposal.finish.is_none(),
        "a proposal names calls or the end, never both, and never neither: {proposal:?}"
    );
}

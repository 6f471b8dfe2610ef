//! The suite of policies over the policy of grants, and policies that it catches.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use cowork_core::{GrantPolicy, Mode, Policy, Question, Ruling, Verdict};
use cowork_testkit::{
    policy::{Subject, cases},
    tell,
};

async fn grants() -> Subject {
    Arc::new(GrantPolicy)
}
cowork_testkit::policy::suite!(grants);

/// The policy of grants, but for what a closure says otherwise.
struct But<F>(F);

impl<F: Fn(&Question<'_>) -> Option<Verdict> + Send + Sync + 'static> Policy for But<F> {
    fn evaluate(&self, question: &Question<'_>) -> Verdict {
        (self.0)(question).unwrap_or_else(|| GrantPolicy.evaluate(question))
    }
}

async fn but(otherwise: impl Fn(&Question<'_>) -> Option<Verdict> + Send + Sync + 'static) -> Subject {
    Arc::new(But(otherwise))
}

fn allow() -> Verdict {
    Verdict::Allow(Ruling { rule: "careless", reason: String::new() })
}

#[test]
#[should_panic(expected = "the same words get the same answer")]
fn a_policy_that_tires_of_asking_is_caught() {
    let asked = AtomicU64::new(0);
    let tired = move |_: &Question<'_>| (asked.fetch_add(1, Ordering::SeqCst) > 2_000).then(allow);
    tell(|| but(tired), cases::the_same_question_gets_the_same_answer);
}

#[test]
#[should_panic(expected = "not granted, so denied")]
fn a_policy_that_asks_about_what_was_not_granted_is_caught() {
    let ask = |_: &Question<'_>| Some(Verdict::Ask(Ruling { rule: "asks", reason: "who knows".to_owned() }));
    tell(|| but(ask), cases::what_was_not_granted_is_denied);
}

#[test]
#[should_panic(expected = "not known, so not allowed")]
fn a_policy_that_hopes_for_the_best_is_caught() {
    let hopeful = |q: &Question<'_>| (!q.effects.complete && q.effects.files.is_empty()).then(allow);
    tell(|| but(hopeful), cases::what_is_not_known_is_never_allowed);
}

#[test]
#[should_panic(expected = "the rule says nothing of this")]
fn a_policy_that_takes_leave_for_one_tool_as_leave_for_all_is_caught() {
    let generous = |q: &Question<'_>| (!q.task.allowed.is_empty() && q.effects.complete).then(allow);
    tell(|| but(generous), cases::leave_given_beforehand_covers_what_it_names_and_no_more);
}

#[test]
#[should_panic(expected = "plan mode changes nothing")]
fn a_policy_that_changes_things_in_plan_mode_is_caught() {
    let eager = |q: &Question<'_>| (q.task.submit.mode == Mode::Plan && q.effects.undoable).then(allow);
    tell(|| but(eager), cases::in_plan_mode_no_change_is_allowed);
}

#[test]
#[should_panic(expected = "ask mode asks before every change")]
fn a_policy_that_does_not_ask_is_caught() {
    let eager = |q: &Question<'_>| (q.task.submit.mode == Mode::Ask && q.effects.undoable).then(allow);
    tell(|| but(eager), cases::in_ask_mode_no_change_is_allowed_unasked);
}

#[test]
#[should_panic(expected = "so a person decides")]
fn a_policy_that_allows_what_can_not_be_undone_is_caught() {
    let eager = |q: &Question<'_>| (q.task.submit.mode == Mode::Auto && q.effects.complete).then(allow);
    tell(|| but(eager), cases::what_can_not_be_undone_is_never_allowed_unasked);
}

#[test]
#[should_panic(expected = "a yes overrules no no")]
fn a_policy_that_gives_in_to_a_person_is_caught() {
    let gives_in =
        |q: &Question<'_>| q.task.call(q.call.id).is_some_and(|(_, state)| state.asked.is_some()).then(allow);
    tell(|| but(gives_in), cases::a_persons_yes_does_not_overrule_a_no);
}

#[test]
#[should_panic(expected = "a person is told why")]
fn a_policy_that_gives_no_reason_is_caught() {
    let curt = |_: &Question<'_>| Some(Verdict::Deny(Ruling { rule: "no", reason: String::new() }));
    tell(|| but(curt), cases::every_verdict_names_its_rule_and_its_reason);
}

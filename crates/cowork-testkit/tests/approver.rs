//! The suite of approvers over the scripted one, and approvers that it catches.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use cowork_core::{Answer, Ask};
use cowork_testkit::{
    ScriptedApprover,
    approver::{Subject, cases},
    tell,
};

async fn scripted() -> Subject {
    subject(|ask| match ask.call.tool.as_str() {
        "yes" => Some(Answer::Allow),
        "no" => Some(Answer::Deny),
        _ => None,
    })
}
cowork_testkit::approver::suite!(scripted);

fn subject(script: impl Fn(&Ask) -> Option<Answer> + Send + Sync + 'static) -> Subject {
    Subject { approver: Arc::new(ScriptedApprover::new(script)), waits: false, keep: Box::new(()) }
}

/// Says yes, once, to whatever it is asked first.
async fn careless() -> Subject {
    let asked = AtomicU64::new(0);
    subject(move |_| (asked.fetch_add(1, Ordering::SeqCst) == 0).then_some(Answer::Allow))
}

#[test]
#[should_panic(expected = "the answer is to the question that was asked")]
fn an_approver_that_does_not_look_is_caught() {
    tell(careless, cases::an_answer_is_to_the_question_that_was_asked);
}

#[test]
#[should_panic(expected = "what nobody answers stays open")]
fn an_approver_that_speaks_for_the_person_is_caught() {
    tell(careless, cases::what_nobody_answers_stays_open);
}

#[test]
#[should_panic(expected = "it may be asked the same thing again")]
fn an_approver_that_answers_only_once_is_caught() {
    tell(careless, cases::it_may_be_asked_the_same_thing_again);
}

#[test]
#[should_panic(expected = "a dropped question can be asked again")]
fn an_approver_that_loses_a_dropped_question_is_caught() {
    tell(careless, cases::a_dropped_question_can_be_asked_again);
}

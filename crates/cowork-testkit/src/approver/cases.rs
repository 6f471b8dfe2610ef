//! The stories that [`suite!`](super::suite) tells, one for each promise of [`Approver`](cowork_core::Approver).

use cowork_core::{Answer, Ask};
use futures_util::future::join_all;

use super::{Subject, ask};
use crate::tell::{begin_and_drop, soon};

/// Also when many are asked at once, in several tasks.
pub async fn an_answer_is_to_the_question_that_was_asked(subject: Subject) {
    let asks: Vec<Ask> = (0..12).map(|n| ask(["yes", "no"][n % 2], n)).collect();
    let answers = join_all(asks.iter().map(|ask| subject.approver.answer(ask.clone())));
    let answers = soon("answers to many questions", answers).await;
    for (ask, answer) in asks.iter().zip(answers) {
        assert_eq!(answer, Some(expected(ask)), "the answer is to the question that was asked: {}", ask.call.args);
    }
}

/// `None`, or no answer for as long as it is waited for: never a yes, never a no.
pub async fn what_nobody_answers_stays_open(subject: Subject) {
    let open = ask("open", 0);
    if subject.waits {
        begin_and_drop(async {
            let answer = subject.approver.answer(open).await;
            panic!("what nobody answers stays open: {answer:?}");
        })
        .await;
    } else {
        let answer = soon("leaving a question open", subject.approver.answer(open)).await;
        assert_eq!(answer, None, "what nobody answers stays open");
    }
    let other = ask("yes", 1);
    let answer = soon("an answer beside an open question", subject.approver.answer(other)).await;
    assert_eq!(answer, Some(Answer::Allow), "a question that is open holds up no other");
}

/// As after a restart: one after the other, and at once.
pub async fn it_may_be_asked_the_same_thing_again(subject: Subject) {
    for tool in ["yes", "no"] {
        let asked = ask(tool, 0);
        let first = soon("an answer", subject.approver.answer(asked.clone())).await;
        let (again, beside) = soon("the same answers again", async {
            tokio::join!(subject.approver.answer(asked.clone()), subject.approver.answer(asked.clone()))
        })
        .await;
        let all = [first, again, beside];
        assert_eq!(all, [Some(expected(&asked)); 3], "it may be asked the same thing again");
    }
}

/// As when the engine stops in the middle.
pub async fn a_dropped_question_can_be_asked_again(subject: Subject) {
    for (n, tool) in ["yes", "no", "open"].into_iter().enumerate() {
        let asked = ask(tool, n);
        begin_and_drop(subject.approver.answer(asked.clone())).await;
        if tool != "open" {
            let answer = soon("an answer to a question that was dropped", subject.approver.answer(asked.clone())).await;
            assert_eq!(answer, Some(expected(&asked)), "a dropped question can be asked again");
        }
    }
}

fn expected(ask: &Ask) -> Answer {
    if ask.call.tool == "yes" { Answer::Allow } else { Answer::Deny }
}

//! The stories that [`suite!`](super::suite) tells, one for each promise of [`Model`](cowork_core::Model).

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use cowork_core::{CancellationToken, Error, Kind, ModelAnswer, ModelCall, ModelRequest, Result, Retry, Said, Stop};
use tokio::sync::{Notify, oneshot};

use super::Subject;
use crate::tell::soon;

/// A request is answered the same after another one, and beside it.
pub async fn it_keeps_no_conversation(subject: Subject) {
    let first = answer(&subject, &subject.talk).await.expect("it is answered");
    let calls = answer(&subject, &subject.call).await.expect("it is answered");
    let again = answer(&subject, &subject.talk).await.expect("it is answered");
    assert_eq!(first, again, "the request is all it goes by");
    let (talk, call) = tokio::join!(answer(&subject, &subject.talk), answer(&subject, &subject.call));
    assert_eq!((talk.ok(), call.ok()), (Some(first), Some(calls)), "requests at once don't mix");
}

/// Said by piece as it arrives, joined it is the whole text.
pub async fn what_it_said_is_the_answers_text(subject: Subject) {
    for request in [&subject.talk, &subject.call] {
        let said = Arc::new(Mutex::new(String::new()));
        let heard = said.clone();
        let say = Box::new(move |piece: Said<'_>| {
            if let Said::Text(text) = piece {
                heard.lock().expect("nobody panics").push_str(text);
            }
        });
        let answer = subject.model.answer(request.clone(), say, CancellationToken::new());
        let answer = soon("an answer", answer).await.expect("it is answered");
        assert_eq!(answer.text(), *said.lock().expect("nobody panics"), "what was said is the answer's text");
    }
    let talk = answer(&subject, &subject.talk).await.expect("it is answered");
    assert!(!talk.text().is_empty(), "the request to talk is answered with text");
}

/// Objects, of tools that it was given, each call with a name of its own.
pub async fn calls_have_parsed_arguments(subject: Subject) {
    let answer = answer(&subject, &subject.call).await.expect("it is answered");
    let calls: Vec<&ModelCall> = answer.calls().collect();
    assert!(calls.len() >= 2, "the request to call is answered with at least two calls");
    assert_eq!(answer.stop, Stop::Calls, "an answer with calls ends so");
    for call in &calls {
        assert!(call.args.value().is_object() && call.fault.is_none(), "arguments are parsed: {call:?}");
        assert!(subject.call.head.tools.iter().any(|t| t.name == call.tool), "a tool that it was given: {call:?}");
    }
    let ids: BTreeSet<&str> = calls.iter().map(|c| c.id.as_str()).collect();
    assert!(ids.len() == calls.len() && !ids.contains(""), "each call has a name of its own: {calls:?}");
}

/// Never a call without arguments, never an answer that looks whole.
pub async fn a_call_that_was_cut_off_is_an_error(subject: Subject) {
    let error = answer(&subject, &subject.cut_off).await.expect_err("a call that was cut off is an error");
    assert_eq!(error.kind, Kind::Unavailable, "{error:?}");
    assert!(!error.message.trim().is_empty(), "{error:?}");
}

/// One request reaches the service, and the error says that it may be tried again.
pub async fn nothing_is_tried_again_inside(subject: Subject) {
    let before = (subject.reached)();
    let error = answer(&subject, &subject.overloaded).await.expect_err("the service is overloaded");
    assert_eq!((subject.reached)() - before, 1, "nothing is tried again inside");
    assert_eq!(error.kind, Kind::Unavailable, "{error:?}");
    assert_ne!(error.retry, Retry::Never, "it says that it may be tried again: {error:?}");
}

/// The policy knows it as a destination, so it is not empty and does not change.
pub async fn it_has_one_name(subject: Subject) {
    let before = subject.model.name().to_owned();
    drop(answer(&subject, &subject.talk).await);
    assert!(!before.trim().is_empty(), "a model has a name");
    assert_eq!(subject.model.name(), before);
    let card = subject.model.card();
    assert!(!card.at.is_empty() && card.most_tokens > 0 && card.window >= card.most_tokens, "{card:?}");
}

/// Before it begins, and after its first words.
pub async fn a_cancelled_answer_ends_soon(subject: Subject) {
    let cancel = CancellationToken::new();
    cancel.cancel();
    let early = subject.model.answer(subject.talk.clone(), Box::new(|_| {}), cancel);
    stopped(soon("an answer that was cancelled before", early).await);

    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    let midway = subject.model.answer(subject.endless.clone(), Box::new(move |_| stop.cancel()), cancel);
    stopped(soon("an answer that was cancelled midway", midway).await);
}

/// It lets go of whom it spoke to, and the next request is answered.
pub async fn a_dropped_answer_is_given_up(subject: Subject) {
    let spoke = Arc::new(Notify::new());
    let (listener, gone) = oneshot::channel::<()>();
    let (heard, listener) = (spoke.clone(), Mutex::new(Some(listener)));
    let say = Box::new(move |_: Said<'_>| {
        assert!(listener.lock().expect("nobody panics").is_some());
        heard.notify_one();
    });
    let answer_for_ever = subject.model.answer(subject.endless.clone(), say, CancellationToken::new());
    tokio::select! {
        _ = answer_for_ever => panic!("the endless request is never answered in full"),
        () = soon("the first words", spoke.notified()) => {}
    }
    assert!(soon("letting go of a dropped answer", gone).await.is_err(), "whom it spoke to is let go");
    answer(&subject, &subject.talk).await.expect("the next request is answered");
}

async fn answer(subject: &Subject, request: &ModelRequest) -> Result<ModelAnswer> {
    soon("an answer", subject.model.answer(request.clone(), Box::new(|_| {}), CancellationToken::new())).await
}

fn stopped(result: Result<ModelAnswer>) {
    match result {
        Err(Error { kind: Kind::Cancelled, .. }) => {}
        other => panic!("a cancelled answer is `Cancelled`, and not {other:?}"),
    }
}

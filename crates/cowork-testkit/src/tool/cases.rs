//! The stories that [`suite!`](super::suite) tells, one for each promise of [`Tool`](cowork_core::Tool).

use std::sync::{Arc, PoisonError};

use cowork_core::{
    Access, Effects, FilePath, Integrity, Kind, Recovery, Registry, Result, Session, ToolContext, ToolOutput, Watch,
};
use serde_json::Value;

use super::{MOST_OF_HUGE, MOST_OF_MANY, Subject, context, watched::Watched};
use crate::{
    TestRuntime,
    tell::{begin_and_drop, soon},
};

/// A name that the registry takes, a word for the planner, the schema of an object; and always the same.
pub async fn it_describes_itself(subject: Subject) {
    let spec = subject.tool.spec().clone();
    registry(&subject);
    assert!(!spec.about.trim().is_empty(), "it says what it does and when to use it");
    assert_eq!(spec.schema["type"], "object", "its arguments are an object: {}", spec.schema);
    drop(run(&subject, &subject.good).await);
    assert_eq!(*subject.tool.spec(), spec, "its description does not change");
}

/// The registry refuses them by the schema, or the tool does in `effects`; good ones pass.
pub async fn bad_arguments_are_refused_before_anything_runs(subject: Subject) {
    let registry = registry(&subject);
    let name = &subject.tool.spec().name;
    registry.effects(name, &subject.good).expect("good arguments fit");
    assert!(!subject.bad.is_empty(), "the subject has arguments that do not fit");
    for bad in &subject.bad {
        let error = registry.effects(name, bad).expect_err("bad arguments are refused");
        assert!(matches!(error.kind, Kind::InvalidInput | Kind::LimitExceeded), "{bad}: {error:?}");
        assert!(!error.message.trim().is_empty(), "{bad}: {error:?}");
    }
}

/// The same before a call and after it, which may have changed what the arguments name.
pub async fn effects_go_by_the_arguments_alone(subject: Subject) {
    let before = effects(&subject);
    assert_eq!(effects(&subject), before, "effects go by the arguments alone");
    drop(run(&subject, &subject.good).await);
    assert_eq!(effects(&subject), before, "effects go by the arguments alone");
}

/// What is read or changed through the session lies within the named files, and is named as such.
pub async fn it_touches_no_more_than_its_effects_name(subject: Subject) {
    let named = effects(&subject);
    let Some(session) = subject.session.clone() else {
        assert!(named.files.is_empty() || !named.complete, "its effects name files, so the subject needs a session");
        return;
    };
    let (session, touched) = Watched::new(session);
    let ctx = ToolContext { session: Some(session), ..fresh(&subject) };
    soon("a call", subject.tool.run(subject.good.clone(), ctx)).await.expect("a good call gets through");
    let touched = touched.lock().unwrap_or_else(PoisonError::into_inner);
    for (path, access) in touched.iter() {
        let covers = |path: &FilePath| named.files.iter().any(|f| path.is_within(&f.path) && f.access >= *access);
        assert!(covers(path) || !named.complete, "it touched `{path}` ({access:?}), which its effects do not name");
        assert!(*access == Access::Read || named.is_change(), "it changed `{path}` and called that no change");
    }
}

/// Without a session, a call that names files can't work; one that names none works all the same.
pub async fn files_are_reached_through_the_session_only(subject: Subject) {
    let ctx = ToolContext { session: None, ..fresh(&subject) };
    let result = soon("a call without folders", subject.tool.run(subject.good.clone(), ctx)).await;
    let named = effects(&subject);
    if named.files.is_empty() {
        if named.complete {
            result.expect("a call that names no file needs no folder");
        }
        return;
    }
    let error = result.expect_err("files are reached through the session only");
    assert_eq!(error.kind, Kind::NotAllowed, "{error:?}");
}

/// What anybody may have written is untrusted, whoever read it. (A tool that reads elsewhere than in files has to see to
/// this by itself.)
pub async fn what_it_read_is_not_passed_off_as_trusted(subject: Subject) {
    let output = run(&subject, &subject.good).await.expect("a good call gets through");
    let reads = effects(&subject).files.iter().any(|f| f.access == Access::Read);
    let untrusted = matches!(output.label.integrity, Integrity::Untrusted(_));
    assert!(untrusted || !reads, "what it read is not passed off as trusted: {:?}", output.label);
}

/// With what it was asked for, or as cancelled; never otherwise, and never after long.
pub async fn a_cancelled_call_ends_soon(subject: Subject) {
    let ctx = fresh(&subject);
    ctx.watch.cancel.cancel();
    let result = soon("a cancelled call", subject.tool.run(subject.good.clone(), ctx)).await;
    if let Err(error) = result {
        assert_eq!(error.kind, Kind::Cancelled, "a cancelled call is `Cancelled`: {error:?}");
    }
}

/// Cancelled when it first touches a file or tells how far it is: with what it was asked for, or as cancelled, and soon.
/// Then it runs as if that had not been; as the same call, where that is allowed.
pub async fn a_call_that_is_cancelled_on_its_way_ends_soon_and_harms_nothing(subject: Subject) {
    let calls = [Some((subject.good.clone(), subject.session.clone())), many(&subject)];
    for (args, session) in calls.into_iter().flatten() {
        let ctx = context(session.clone(), TestRuntime::new());
        let cancel = ctx.watch.cancel.clone();
        let told = cancel.clone();
        let watch = Watch { cancel: cancel.clone(), progress: Arc::new(move |_, _, _| told.cancel()) };
        let watched = session.clone().map(|s| Watched::cancelling(s, cancel) as Arc<dyn Session>);
        let on_its_way = ToolContext { session: watched, watch, ..ctx.clone() };
        let result = soon("a call that is cancelled on its way", subject.tool.run(args.clone(), on_its_way)).await;
        if let Err(error) = result {
            assert_eq!(error.kind, Kind::Cancelled, "a call that is cancelled on its way is `Cancelled`: {error:?}");
        }
        let again = match effects(&subject).recovery {
            Recovery::Unknown => context(session, TestRuntime::new()),
            _ => ToolContext { attempt: 2, watch: Watch::nothing(), ..ctx },
        };
        let result = soon("a call after a cancelled one", subject.tool.run(args, again)).await;
        result.expect("a call that was cancelled on its way is harmless");
    }
}

/// By the schema, or by the tool when it runs; an answer is not larger than whoever asked can take.
pub async fn what_asks_for_too_much_is_refused_or_answered_in_bounds(subject: Subject) {
    let registry = registry(&subject);
    for args in &subject.hard.huge {
        let refused = match registry.effects(&subject.tool.spec().name, args) {
            Err(error) => Some(error),
            Ok(_) => match run(&subject, args).await {
                Err(error) => Some(error),
                Ok(output) => {
                    let size = size(&output);
                    assert!(size <= MOST_OF_HUGE, "an answer of {size} bytes to what asked for too much");
                    None
                }
            },
        };
        if let Some(error) = refused {
            let fits = matches!(error.kind, Kind::InvalidInput | Kind::LimitExceeded | Kind::NotFound);
            assert!(fits, "what asks for too much is refused as such: {error:?}");
        }
    }
}

/// The kind is as listed, the message says why, and the error says what to do.
pub async fn what_can_t_work_says_why_and_what_to_do(subject: Subject) {
    for (args, kind) in &subject.hard.errors {
        let error = run(&subject, args).await.expect_err("what can't work is an error");
        assert_eq!(error.kind, *kind, "{args}: {error:?}");
        assert!(!error.message.trim().is_empty(), "{args}: {error:?}");
        let fix = error.fix().is_some_and(|fix| !fix.trim().is_empty());
        assert!(fix, "the error does not say what to do: {args}: {error:?}");
    }
}

/// Counts, the first lines, and how to get the rest: not all at once.
pub async fn a_call_over_many_files_answers_in_few_words(subject: Subject) {
    let Some((args, session)) = many(&subject) else { return };
    let ctx = context(session, TestRuntime::new());
    let output = soon("a call over many files", subject.tool.run(args, ctx)).await.expect("a good call gets through");
    let size = size(&output);
    assert!(size <= MOST_OF_MANY, "an answer of {size} bytes about many files");
    assert!(output.note.len() <= 500 && !output.note.contains('\n'), "a note is one line: {}", output.note);
}

/// Dropped in the middle, it then runs as if that had not been; as the same call, where that is allowed.
pub async fn a_dropped_call_is_harmless(subject: Subject) {
    let ctx = fresh(&subject);
    begin_and_drop(subject.tool.run(subject.good.clone(), ctx.clone())).await;
    let again = match effects(&subject).recovery {
        Recovery::Unknown => fresh(&subject),
        _ => ToolContext { attempt: 2, ..ctx },
    };
    let result = soon("a call after a dropped one", subject.tool.run(subject.good.clone(), again)).await;
    result.expect("a dropped call is harmless");
}

/// A call that was cut off is run again, unless its effects say that its outcome can't be known.
pub async fn a_call_that_may_run_again_can(subject: Subject) {
    let recovery = effects(&subject).recovery;
    if recovery == Recovery::Unknown {
        return;
    }
    let ctx = fresh(&subject);
    let first = soon("a call", subject.tool.run(subject.good.clone(), ctx.clone())).await;
    let first = first.expect("a good call gets through");
    let ctx = ToolContext { attempt: 2, ..ctx };
    let again = soon("a call that runs again", subject.tool.run(subject.good.clone(), ctx)).await;
    let again = again.expect("a call that may run again can");
    if recovery == Recovery::Journalled {
        assert_eq!(again, first, "a journalled call that runs again says what it said the first time");
    }
}

fn registry(subject: &Subject) -> Registry {
    let mut registry = Registry::new();
    registry.add(subject.tool.clone()).expect("the registry takes it");
    registry
}

fn effects(subject: &Subject) -> Effects {
    subject.tool.effects(&subject.good).expect("good arguments have effects")
}

fn fresh(subject: &Subject) -> ToolContext {
    let session: Option<Arc<dyn Session>> = subject.session.clone();
    context(session, TestRuntime::new())
}

fn many(subject: &Subject) -> Option<(Value, Option<Arc<dyn Session>>)> {
    subject.hard.many.clone().map(|(args, session)| (args, Some(session)))
}

fn size(output: &ToolOutput) -> usize {
    output.value.to_string().len()
}

async fn run(subject: &Subject, args: &Value) -> Result<ToolOutput> {
    soon("a call", subject.tool.run(args.clone(), fresh(subject))).await
}

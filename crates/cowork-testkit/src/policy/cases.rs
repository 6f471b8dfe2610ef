//! The stories that [`suite!`](super::suite) tells, one for each promise of [`Policy`](cowork_core::Policy).

use cowork_core::{Access, Actor, AllowRule, Answer, Command, Event, Hash, Label, Mode, Proposal, Ruling, Verdict};
use serde_json::json;

use super::{
    Subject,
    questions::{Asked, all},
};
use crate::TaskLog;

/// Asked again, in another order, and by several at once.
pub async fn the_same_question_gets_the_same_answer(policy: Subject) {
    let questions = all();
    let first: Vec<Verdict> = questions.iter().map(|q| policy.evaluate(&q.question())).collect();
    let again = || {
        for (asked, verdict) in questions.iter().zip(&first).rev() {
            let now = policy.evaluate(&asked.question());
            assert_eq!(now, *verdict, "the same words get the same answer: {:?}", asked.effects);
        }
    };
    std::thread::scope(|threads| {
        let all = [threads.spawn(again), threads.spawn(again)];
        all.into_iter().for_each(|t| t.join().expect("the same words get the same answer"));
    });
}

/// Outside the granted folders, or a change in one granted for reading: denied, whatever the mode.
pub async fn what_was_not_granted_is_denied(policy: Subject) {
    for (asked, verdict) in judged(&policy, Asked::is_outside) {
        assert!(matches!(verdict, Verdict::Deny(_)), "not granted, so denied: {}", told(&asked, &verdict));
    }
}

/// A call that does not name all its effects.
pub async fn what_is_not_known_is_never_allowed(policy: Subject) {
    for (asked, verdict) in judged(&policy, |q| !q.effects.complete) {
        assert!(!is_allowed(&verdict), "not known, so not allowed: {}", told(&asked, &verdict));
    }
}

/// Nothing that changes anything runs.
pub async fn in_plan_mode_no_change_is_allowed(policy: Subject) {
    for (asked, verdict) in judged(&policy, |q| q.task.submit.mode == Mode::Plan && q.effects.is_change()) {
        assert!(!is_allowed(&verdict), "plan mode changes nothing: {}", told(&asked, &verdict));
        let asks = matches!(verdict, Verdict::Ask(_)) && asked.effects.complete;
        assert!(!asks, "plan mode changes nothing, so there is nothing to ask: {}", told(&asked, &verdict));
    }
}

/// Every change is asked about.
pub async fn in_ask_mode_no_change_is_allowed_unasked(policy: Subject) {
    for (asked, verdict) in judged(&policy, |q| q.task.submit.mode == Mode::Ask && q.effects.is_change()) {
        assert!(!is_allowed(&verdict), "ask mode asks before every change: {}", told(&asked, &verdict));
    }
}

/// A rule names a tool and a folder: not another tool, not another folder, not what can't be undone or told.
pub async fn leave_given_beforehand_covers_what_it_names_and_no_more(policy: Subject) {
    let rule = |tool: &str, folder: &str| AllowRule { tool: tool.to_owned(), folder: folder.to_owned() };
    let whole = |q: &Asked| q.effects.complete && q.effects.undoable && !q.is_outside();
    let here = |q: &Asked| whole(q) && q.effects.files.iter().any(|f| f.access == Access::Write);
    let changes = |q: &Asked| q.task.submit.mode == Mode::Ask && q.effects.is_change();
    for (asked, _) in judged(&policy, changes) {
        for (rule, fits) in
            [(rule("work", "Desk"), here(&asked)), (rule("play", "Desk"), false), (rule("work", "Secret"), false)]
        {
            let with = asked.with_leave(rule);
            let verdict = policy.evaluate(&with.question());
            assert!(fits || !is_allowed(&verdict), "the rule says nothing of this: {}", told(&with, &verdict));
        }
    }
}

/// In no mode.
pub async fn what_can_not_be_undone_is_never_allowed_unasked(policy: Subject) {
    for (asked, verdict) in judged(&policy, |q| !q.effects.undoable) {
        assert!(!is_allowed(&verdict), "it can't be undone, so a person decides: {}", told(&asked, &verdict));
    }
}

/// A no stays a no when the log holds the person's yes to this very call. (That the engine keeps to it is the engine's
/// own story.)
pub async fn a_persons_yes_does_not_overrule_a_no(policy: Subject) {
    for asked in all().into_iter().filter(Asked::is_outside) {
        let mut log = TaskLog::new(asked.task.submit.clone());
        let call = log.propose(&Proposal::call("work", json!({ "n": 1 }))).remove(0);
        let args_hash = Hash::of_call(&call.tool, &call.args);
        let (rule, reason, effects) = ("asked".to_owned(), "it was asked".to_owned(), asked.effects.clone());
        let event = Event::PermissionAsked { call: call.id, args_hash, effects, rule, reason };
        log.add(Actor::Engine, Label::trusted(), event);
        log.command(Command::Answer { call: call.id, args_hash, answer: Answer::Allow });
        let answered = Asked { task: log.task(), call, ..asked };
        let verdict = policy.evaluate(&answered.question());
        assert!(matches!(verdict, Verdict::Deny(_)), "a yes overrules no no: {}", told(&answered, &verdict));
    }
}

/// A rule like `not-granted`, and one plain sentence wherever a person has to live with it.
pub async fn every_verdict_names_its_rule_and_its_reason(policy: Subject) {
    for (asked, verdict) in judged(&policy, |_| true) {
        let (Verdict::Allow(Ruling { rule, reason })
        | Verdict::Ask(Ruling { rule, reason })
        | Verdict::Deny(Ruling { rule, reason })
        | Verdict::Withhold(Ruling { rule, reason })) = &verdict;
        let named = !rule.is_empty() && rule.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        assert!(named, "a rule's name is like `not-granted`: {}", told(&asked, &verdict));
        let said = !reason.trim().is_empty() && !reason.ends_with('.');
        assert!(said || is_allowed(&verdict), "a person is told why: {}", told(&asked, &verdict));
    }
}

fn judged(policy: &Subject, which: impl Fn(&Asked) -> bool) -> Vec<(Asked, Verdict)> {
    let asked = all().into_iter().filter(|q| which(q));
    asked.map(|q| (q.clone(), policy.evaluate(&q.question()))).collect()
}

fn is_allowed(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Allow(_))
}

fn told(asked: &Asked, verdict: &Verdict) -> String {
    let Asked { task, effects, context, .. } = asked;
    let (mode, folders) = (task.submit.mode, &task.submit.folders);
    format!("{verdict:?} for {effects:?} in {mode:?} with {folders:?} after {context:?}")
}

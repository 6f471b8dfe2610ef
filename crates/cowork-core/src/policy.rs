//! The policy: what may be done, what is asked about, what is not.

use crate::{Access, Call, Effects, Label, Mode, Task};

/// Decides on a call before it runs: pure, synchronous, the same answer for the same words.
///
/// - The engine asks it before every call of every task, whoever gave the task and wherever it runs.
/// - The same question gets the same answer, in whatever order and by whatever thread it is asked.
/// - A file outside the granted folders, or a change in one that was granted for reading, is denied in every mode.
/// - What it does not understand ([`Effects::complete`] is false) it asks about or denies, never allows.
/// - In [`Mode::Plan`] no change is allowed, nor asked about if its effects are known.
/// - In [`Mode::Ask`] no change is allowed unasked, but what the person gave leave for beforehand ([`Task::allows`]).
/// - What can't be undone is allowed unasked in no mode; nor is what is guarded ([`Effects::guarded`]), whatever leave was given.
/// - Code runs ([`Effects::code`]) in [`Mode::Auto`], with leave in [`Mode::Ask`], never in [`Mode::Plan`].
/// - A person's `Allow` turns an [`Verdict::Ask`] into leave for exactly the call that was shown; it never overrules a
///   [`Verdict::Deny`].
/// - Every verdict names its rule, like `not-granted`; every one but `Allow` gives a reason that a person can read.
///
/// Cancellation and errors: none; it awaits nothing, and what it can't decide it denies.
///
/// Suite: `cowork_testkit::policy::suite!` asks every question of a small world.
///
/// ```
/// use cowork_core::{Effects, GrantPolicy, Label, Policy, Proposal, Question, Recovery, Ruling, Submit, Verdict};
/// use cowork_testkit::TaskLog;
/// use serde_json::json;
///
/// /// The policy of grants, but nothing runs that can't be undone.
/// struct Careful;
///
/// impl Policy for Careful {
///     fn evaluate(&self, question: &Question<'_>) -> Verdict {
///         if question.effects.is_change() && !question.effects.undoable {
///             return Verdict::Deny(Ruling { rule: "careful", reason: "it can't be undone".to_owned() });
///         }
///         GrantPolicy.evaluate(question)
///     }
/// }
///
/// let mut log = TaskLog::new(Submit::new("Send the letter"));
/// let call = log.propose(&Proposal::call("send", json!({}))).remove(0);
/// let effects = Effects { undoable: false, recovery: Recovery::Unknown, ..Effects::none() };
/// let question = Question { task: &log.task(), call: &call, effects: &effects, context: &Label::user() };
/// assert!(matches!(GrantPolicy.evaluate(&question), Verdict::Ask(_)));
/// assert!(matches!(Careful.evaluate(&question), Verdict::Deny(_)));
/// ```
pub trait Policy: Send + Sync + 'static {
    /// Decides.
    fn evaluate(&self, question: &Question<'_>) -> Verdict;
}

/// What the policy is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The task, with its grants and its mode.
    pub task: &'a Task,
    /// The call.
    pub call: &'a Call,
    /// What it would do.
    pub effects: &'a Effects,
    /// Everything that the planner has seen, joined.
    pub context: &'a Label,
}

/// What the policy says, with its rule and its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may run.
    Allow(Ruling),
    /// A person decides.
    Ask(Ruling),
    /// It may not run.
    Deny(Ruling),
    /// It is worked out and shown, not run.
    Withhold(Ruling),
}

/// A rule and its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// The rule's name: `not-granted`.
    pub rule: &'static str,
    /// Why, for a person.
    pub reason: String,
}

impl Ruling {
    fn new(rule: &'static str, reason: impl Into<String>) -> Self {
        Self { rule, reason: reason.into() }
    }
}

/// The policy of grants and modes: nothing outside the granted folders, changes by the task's [`Mode`].
#[derive(Clone, Copy, Debug, Default)]
pub struct GrantPolicy;

impl Policy for GrantPolicy {
    fn evaluate(&self, question: &Question<'_>) -> Verdict {
        let Question { task, effects, .. } = *question;
        if let Some(reason) = outside(task, effects) {
            return Verdict::Deny(Ruling::new("not-granted", reason));
        }
        if effects.note.is_some() && task.submit.mode == Mode::Plan {
            return Verdict::Withhold(Ruling::new("plan-mode", "in plan mode nothing is noted"));
        }
        let is_allowed = || task.allows(question.call, effects);
        match task.submit.mode {
            Mode::Plan if effects.code => {
                return Verdict::Withhold(Ruling::new("plan-mode", "in plan mode no code is run"));
            }
            Mode::Ask if effects.code && !is_allowed() => {
                return Verdict::Ask(Ruling::new("runs-code", "this task asks before it runs code"));
            }
            Mode::Ask | Mode::Auto if effects.guarded => {
                let why = "this is asked about in every mode, for the reason given with it";
                return Verdict::Ask(Ruling::new("guarded-names", why));
            }
            _ => {}
        }
        if !effects.is_change() {
            return Verdict::Allow(Ruling::new("looks-only", String::new()));
        }
        match task.submit.mode {
            Mode::Plan => Verdict::Withhold(Ruling::new("plan-mode", "in plan mode nothing is changed")),
            _ if !effects.complete => {
                Verdict::Ask(Ruling::new("unknown-effects", "what it would do can't be told from its arguments"))
            }
            Mode::Auto if effects.undoable => Verdict::Allow(Ruling::new("undoable-in-grant", String::new())),
            Mode::Auto => Verdict::Ask(Ruling::new("cannot-be-undone", "it can't be undone")),
            Mode::Ask if is_allowed() => Verdict::Allow(Ruling::new("allowed-before", String::new())),
            Mode::Ask => Verdict::Ask(Ruling::new("asks-before-changes", "this task asks before it changes anything")),
        }
    }
}

fn outside(task: &Task, effects: &Effects) -> Option<String> {
    effects.files.iter().find_map(|effect| {
        let root = effect.path.root();
        let grant = task.submit.folders.iter().find(|f| f.name == root);
        match (grant, effect.access) {
            (None, _) => Some(format!("`{}` is not in one of the folders you allowed", effect.path)),
            (Some(g), Access::Write) if g.access == Access::Read => {
                Some(format!("`{}` may be looked at but not changed", g.name))
            }
            _ => None,
        }
    })
}

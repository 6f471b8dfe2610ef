//! What holds for whatever runs code: what it changed is looked at when it has ended, held back, and kept once that is decided.

use std::sync::Arc;

use cowork_core::{
    Access, Effects, Error, FileEffect, Kind, Lock, Recovery, Result, Session, Staged, ToolContext, ToolOutput, Visit,
};
use serde_json::{Value, json};

use super::{changes, lines};
use crate::show::{count, stopped};

/// What a person is told before code runs. Which hosts its task was granted is not known here.
pub(crate) const IN_A_SANDBOX: &str =
    "it runs in a sandbox and reaches no host that was not granted; what it changes is shown before it is kept";

/// How much of what it asked of the network is told.
const VISITS: usize = 50;

/// Gives the effects of running something that sees all folders.
pub(crate) fn runs(code: bool, files: Vec<FileEffect>) -> Effects {
    // Nobody changes files while it looks at them: it would take that for its own doing.
    let alone = Lock { name: "files".to_owned(), alone: true };
    Effects {
        files,
        everywhere: Some(Access::Read),
        code,
        locks: vec![alone],
        // What it changed and was not decided on is discarded when it runs again.
        recovery: Recovery::ReadOnly,
        ..Effects::none()
    }
}

/// Gives the effects of listening to something that goes on: others may work in the folders meanwhile, as they do while nobody listens.
pub(crate) fn listens(code: bool) -> Effects {
    Effects { locks: Vec::new(), ..runs(code, Vec::new()) }
}

/// Gives the session of a call.
pub(crate) fn session<'a>(op: &'static str, ctx: &'a ToolContext) -> Result<&'a Arc<dyn Session>> {
    ctx.session.as_ref().ok_or_else(|| {
        Error::new(Kind::NotAllowed, op, "a command needs a folder to work in").with_fix("allow a folder first")
    })
}

/// Does it until it is stopped.
pub(crate) async fn until_stopped<T>(
    op: &'static str,
    ctx: &ToolContext,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let stop = ctx.watch.cancel.clone();
    stop.run_until_cancelled_owned(work).await.unwrap_or_else(|| Err(stopped(op)))
}

/// Gives what the call's command changed; a session in which nothing is kept has nothing.
pub(crate) async fn staged(session: &Arc<dyn Session>, ctx: &ToolContext) -> Result<Staged> {
    match session.staged(ctx.call).await {
        Err(e) if e.kind == Kind::NotFound => Ok(Staged::default()),
        staged => staged,
    }
}

/// Adds what was asked of the network, and what can't be kept.
pub(crate) fn tell(value: &mut Value, visits: &[Visit], staged: &Staged) {
    if !visits.is_empty() {
        put(value, "network", json!(visits[visits.len().saturating_sub(VISITS)..]));
    }
    if !staged.left_out.is_empty() {
        put(value, "left_out", changes::remarks(&staged.left_out));
    }
}

/// Gives what is held back, as effects; `what` made it, and `cut` says why it is only half of something.
pub(crate) async fn held(
    op: &'static str,
    what: &str,
    ctx: &ToolContext,
    cut: Option<String>,
) -> Result<Option<Effects>> {
    let session = session(op, ctx)?;
    let staged = staged(session, ctx).await?;
    if staged.is_empty() {
        session.discard(ctx.call).await?;
        return Ok(None);
    }
    let mut effects = changes::effects(what, &staged);
    effects.preview.lines = lines::lines(session, ctx.call, &staged).await;
    if let Some(cut) = cut {
        effects.guarded = true;
        effects.preview.notes.insert(0, cut);
    }
    Ok(Some(effects))
}

/// Keeps what was held back, and says so.
pub(crate) async fn release(
    op: &'static str,
    what: &str,
    ctx: &ToolContext,
    mut output: ToolOutput,
) -> Result<ToolOutput> {
    let changed = session(op, ctx)?.commit(ctx.call, ctx.watch.clone()).await?;
    put(&mut output.value, "changed", changed.made.into());
    if !changed.otherwise.is_empty() {
        let reasons: Vec<&str> = changed.otherwise.iter().map(|o| o.reason.as_str()).collect();
        put(&mut output.value, "not_changed", json!(reasons));
    }
    let kept = count(usize::try_from(changed.made).unwrap_or(usize::MAX), "change");
    output.note = format!("{what}: {kept} made");
    Ok(output)
}

/// Puts a value under a name into an object.
pub(crate) fn put(value: &mut Value, name: &str, what: Value) {
    if let Some(object) = value.as_object_mut() {
        object.insert(name.to_owned(), what);
    }
}

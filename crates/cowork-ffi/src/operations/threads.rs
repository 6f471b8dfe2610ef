//! Operations on threads, and on the engine as a whole.

use std::env;

use cowork::{Finding, Folder, Noting, Read, Record, Result, ThreadId, ThreadNote, ToolSpec};

use crate::{
    open::{Open, thread},
    place::place,
    words::{FolderAt, KeepNote, Nothing, OneThread, OpenThread, ReadRecords, ThreadEntry},
};

/// How many records are read at once at the most.
const MOST: usize = 512;

pub(super) async fn all(open: &Open, _: Nothing) -> Result<Vec<ThreadEntry>> {
    let all = open.engine.threads().await?;
    Ok(all.into_iter().map(|(thread, title)| ThreadEntry { thread, title }).collect())
}

pub(super) async fn open(open: &Open, args: OpenThread) -> Result<ThreadId> {
    let OpenThread { thread: name, title } = args;
    let id = of(open, name.as_deref());
    let title = title.or(name).unwrap_or_else(|| "main".to_owned());
    open.engine.open(id, &title).await?;
    Ok(id)
}

pub(super) async fn read(open: &Open, args: ReadRecords) -> Result<Vec<Record>> {
    let ReadRecords { thread: name, task, after, most } = args;
    let thread = match (name, task) {
        (None, Some(task)) => open.engine.task(task).await?.thread,
        (name, _) => of(open, name.as_deref()),
    };
    open.engine.read(Read { thread, task, after, most: most.unwrap_or(MOST).min(MOST) }).await
}

pub(super) async fn notes(open: &Open, args: OneThread) -> Result<Vec<ThreadNote>> {
    open.engine.notes(of(open, args.thread.as_deref())).await
}

pub(super) async fn note(open: &Open, args: KeepNote) -> Result<()> {
    let KeepNote { thread, name, text } = args;
    open.engine.note(of(open, thread.as_deref()), Noting { name, text }).await
}

pub(super) async fn folder(_: &Open, args: FolderAt) -> Result<Folder> {
    let path = place(args.path.as_ref(), env::home_dir().as_deref());
    let granted = match &args.name {
        Some(name) => cowork::folder_named(path, name)?,
        None => cowork::folder(path)?,
    };
    Ok(Folder { access: args.access.unwrap_or(granted.access), whole: args.whole, ..granted })
}

pub(super) async fn tools(open: &Open, _: Nothing) -> Result<Vec<ToolSpec>> {
    Ok(open.engine.tools().to_vec())
}

pub(super) async fn check(open: &Open, _: Nothing) -> Result<Vec<Finding>> {
    Ok(open.engine.check().await)
}

fn of(open: &Open, name: Option<&str>) -> ThreadId {
    name.map_or(open.thread, thread)
}

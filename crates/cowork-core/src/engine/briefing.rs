//! What a task is told besides its words, gathered before it is planned first; and the notes of a thread.

use std::sync::Arc;

use super::{Engine, Inner, calls::Allowed, driver::Driver};
use crate::{
    Access, Actor, Batch, Briefing, CallId, Draft, Error, Event, FileKind, FilePath, Files, Folder, Kind, Label,
    Noting, Outcome, Result, Session, SessionSpec, ThreadId, ThreadNote,
    briefing::{self, LONGEST_INSTRUCTIONS, MOST_NOTES, There},
    index,
};

impl Driver {
    /// Writes down what the task is told besides its words, if there is anything.
    pub(super) async fn brief(&mut self) -> Result<()> {
        let mut briefing = Briefing { notes: self.engine.notes_of(self.task.thread).await?, ..Briefing::default() };
        if !self.task.submit.folders.is_empty() && self.engine.parts.sandbox.is_some() {
            match self.only_to_read().await {
                Ok(session) => self.instructions(&*session, &mut briefing).await,
                Err(error) => briefing.trouble = Some(error),
            }
        }
        if briefing.is_empty() {
            return Ok(());
        }
        let label = briefing.label();
        self.draft_by(Event::Briefed { briefing }, Actor::Engine, label)
    }

    /// Gives a view of the task's folders in which nothing can be changed, so that nobody else has to wait.
    async fn only_to_read(&mut self) -> Result<Arc<dyn Session>> {
        if self.session.is_some() || self.task.submit.parent.is_some() {
            self.open_session().await?;
        }
        if let Some(session) = &self.session {
            return Ok(session.own.clone());
        }
        let only = |folder: &Folder| Folder { access: Access::Read, ..folder.clone() };
        let folders = self.task.submit.folders.iter().map(only).collect();
        let spec = SessionSpec { task: self.task.id, folders, hosts: Vec::new(), resumed: self.task.journalled };
        self.engine.sandbox()?.open(spec).await
    }

    async fn instructions(&mut self, session: &dyn Session, briefing: &mut Briefing) {
        let files = session.files(CallId::new(&*self.engine.parts.runtime));
        for path in briefing::places(&self.task.submit.folders) {
            if let Some(there) = look(&*files, &path).await {
                briefing.add(path, there, &self.task.submit.trust);
            }
        }
    }

    /// Keeps the notes that calls ask for; those that can't be kept end with the reason.
    pub(super) async fn keep_notes(&mut self, calls: Vec<Allowed>) -> Result<()> {
        let known = self.engine.notes_of(self.task.thread).await?;
        let mut names: Vec<String> = known.into_iter().map(|note| note.name).collect();
        for ready in calls {
            let call = ready.call.id;
            let Some(noting) = ready.effects.note else { continue };
            let said = if noting.text.is_empty() { "forgotten" } else { "noted" };
            let outcome = match self.may_note(&noting, &mut names) {
                Ok(()) => Outcome::Done { value: serde_json::Value::Null, note: format!("{said}: {}", noting.name) },
                Err(error) => Outcome::Failed { error },
            };
            if matches!(outcome, Outcome::Done { .. }) {
                let Noting { name, text } = *noting;
                // What it says follows from all that the task has seen.
                let label = self.task.label.clone();
                self.draft_by(Event::Noted { call: Some(call), name, text }, Actor::Tool, label)?;
            }
            self.close(call, outcome)?;
        }
        Ok(())
    }

    fn may_note(&self, noting: &Noting, names: &mut Vec<String>) -> Result<()> {
        if self.task.submit.parent.is_some() {
            let why = "a sub-task keeps no notes: they are its task's";
            return Err(Error::new(Kind::NotAllowed, "keep note", why).with_fix("say it in your answer"));
        }
        noting.check()?;
        let at = names.iter().position(|name| *name == noting.name);
        match (noting.text.is_empty(), at) {
            (true, Some(at)) => drop(names.remove(at)),
            (false, None) if names.len() >= MOST_NOTES => return Err(briefing::too_many()),
            (false, None) => names.push(noting.name.clone()),
            _ => {}
        }
        Ok(())
    }
}

/// Reads what may be an instruction file; nothing if there is nothing. What is read is read in one piece.
async fn look(files: &dyn Files, path: &FilePath) -> Option<There> {
    let entry = match files.stat(path.clone()).await {
        Ok(entry) => entry,
        Err(error) if error.kind == Kind::NotFound => return None,
        Err(_) => return Some(There::Unread),
    };
    if entry.kind != FileKind::File {
        return Some(There::Other);
    }
    // Its size may change until it is read: the piece says what there was.
    Some(match files.read(path.clone(), 0, LONGEST_INSTRUCTIONS + 1).await {
        Ok(piece) if piece.bytes.len() > LONGEST_INSTRUCTIONS => There::Long(piece.size),
        Ok(piece) if piece.bytes.len() as u64 == piece.size => There::Whole(piece.bytes),
        _ => There::Unread,
    })
}

impl Engine {
    /// Gives the notes of a thread, by name: what its tasks are told besides their words, if their planner wants to know.
    ///
    /// # Errors
    /// Whatever the store says.
    pub async fn notes(&self, thread: ThreadId) -> Result<Vec<ThreadNote>> {
        self.inner.notes_of(thread).await
    }

    /// Keeps a note in a thread's log for a person, in place of the one of that name; an empty text forgets that one. Tasks that are
    /// under way go on with the notes that they began with.
    ///
    /// # Errors
    /// `InvalidInput` if it can't be a note; `NotFound` if there is no such thread, or no such note to forget; `LimitExceeded` for
    /// too many.
    pub async fn note(&self, thread: ThreadId, noting: Noting) -> Result<()> {
        self.inner.note(thread, noting).await
    }
}

impl Inner {
    pub(super) async fn notes_of(&self, thread: ThreadId) -> Result<Vec<ThreadNote>> {
        let rows = index::scan_all(&*self.parts.store, &index::notes_key(thread)).await?;
        rows.iter().map(|(_, value)| index::read_note(value)).collect()
    }

    async fn note(&self, thread: ThreadId, noting: Noting) -> Result<()> {
        noting.check()?;
        let missing = |why: String| Err(Error::new(Kind::NotFound, "keep note", why));
        let key = index::thread_key(thread);
        if self.parts.store.scan(key.clone(), None, 1).await?.first().is_none_or(|(found, _)| *found != key) {
            return missing(format!("there is no thread {thread}"));
        }
        let notes = self.notes_of(thread).await?;
        let is_there = notes.iter().any(|note| note.name == noting.name);
        if noting.text.is_empty() && !is_there {
            return missing(format!("there is no note called `{}`", noting.name));
        }
        if !noting.text.is_empty() && !is_there && notes.len() >= MOST_NOTES {
            return Err(briefing::too_many());
        }
        let Noting { name, text } = noting;
        let draft = Draft::new(None, self.parts.runtime.now(), Event::Noted { call: None, name, text })?;
        let draft = draft.by(Actor::Person, Label::user());
        let put = index::note_entry(thread, &draft)?.into_iter().collect();
        let batch = Batch { append: vec![draft], put, durable: true, ..Batch::new(thread) };
        self.parts.store.commit(batch).await.map(drop)
    }
}

//! The one door: how a command gets into the log.

use std::collections::HashSet;

use super::Inner;
use crate::{
    Actor, Batch, Command, Draft, Envelope, Error, Event, Expect, Kind, Label, Result, Submit, Task, TaskId, ThreadId,
    briefing,
    index::{self, Entries},
};

/// The longest task text, in bytes.
const LONGEST_TEXT: usize = 1 << 20;
/// The most often that a command is tried again because the task, or a sub-task of it, moved meanwhile.
const MOST_TRIES: usize = 256;

impl Inner {
    /// Gives the reason if the command is in the log and will not be followed.
    pub(super) async fn send(&self, envelope: Envelope) -> Result<Option<Error>> {
        check(&envelope)?;
        let seen = index::seen_key(envelope.thread, &envelope.sender, envelope.id);
        for _ in 0..MOST_TRIES {
            let (batch, refused) = match &envelope.command {
                Command::Submit(_) => (self.submission(&envelope, &seen).await?, None),
                _ => self.to_task(&envelope, &seen).await?,
            };
            match self.parts.store.commit(batch).await {
                Ok(_) => {
                    if !self.crew.tell(envelope.task) {
                        self.crew.ring();
                    }
                    return Ok(refused);
                }
                Err(e) if e.kind == Kind::Conflict && self.has(&seen).await? => return Ok(None),
                Err(e) if e.kind == Kind::Conflict => self.is_free(&envelope).await?,
                Err(e) => return Err(e),
            }
        }
        Err(Error::new(Kind::Busy, "send command", "the task changes too fast to be told something")
            .with_retry(crate::Retry::Now))
    }

    /// Names a task that comes after all that there are: the last one is the one that was submitted last, also by a clock that was
    /// set back.
    pub(super) async fn next_task(&self) -> Result<TaskId> {
        let runtime = &*self.parts.runtime;
        let mut task = TaskId::new(runtime);
        loop {
            let later = self.parts.store.scan("task/".to_owned(), Some(index::task_key(task)), 1_000).await?;
            let Some((key, _)) = later.last() else { return Ok(task) };
            let last: TaskId = key.trim_start_matches("task/").parse()?;
            let next = last.after(runtime);
            if next < last {
                // A name from elsewhere, past all time.
                return Ok(task);
            }
            task = next;
        }
    }

    pub(super) async fn open(&self, thread: ThreadId, title: &str) -> Result<()> {
        if self.has(&index::thread_key(thread)).await? {
            return Ok(());
        }
        let mut batch = Batch { durable: true, ..Batch::new(thread) };
        self.opening(&mut batch, title.chars().take(200).collect())?;
        match self.parts.store.commit(batch).await {
            // Somebody else has just made it.
            Err(error) if error.kind == Kind::Conflict => Ok(()),
            other => other.map(drop),
        }
    }

    fn opening(&self, batch: &mut Batch, title: String) -> Result<()> {
        let key = index::thread_key(batch.thread);
        batch.expect.push(Expect::Absent(key.clone()));
        batch.put.push((key, Some(title.clone().into_bytes())));
        batch.append.push(Draft::new(None, self.parts.runtime.now(), Event::ThreadOpened { title })?);
        Ok(())
    }

    async fn submission(&self, envelope: &Envelope, seen: &str) -> Result<Batch> {
        let mut batch = Batch { durable: true, ..Batch::new(envelope.thread) };
        if !self.has(&index::thread_key(envelope.thread)).await? {
            self.opening(&mut batch, title(envelope))?;
        }
        let draft = self.commanded(envelope)?;
        let (record, _) = draft.clone().stamp(envelope.thread, 1, crate::Hash::default());
        batch.expect.extend([Expect::Absent(seen.to_owned()), Expect::Head(envelope.task, 0)]);
        batch.append.push(draft);
        batch.put.push((seen.to_owned(), Some(Vec::new())));
        batch.put.extend(index::difference(&Entries::new(), &index::entries(&Task::begin(&record)?)));
        Ok(batch)
    }

    /// Checks that the task of a submission that was not accepted is not there by another one.
    async fn is_free(&self, envelope: &Envelope) -> Result<()> {
        if !matches!(envelope.command, Command::Submit(_)) || !self.has(&index::task_key(envelope.task)).await? {
            return Ok(());
        }
        let why = format!("there is a task {} already", envelope.task);
        Err(Error::new(Kind::Conflict, "submit task", why).with_fix("give every task a new id"))
    }

    /// Gives what to commit, and why the task will not follow it. That is sure: the commit holds only for the task as it was read.
    async fn to_task(&self, envelope: &Envelope, seen: &str) -> Result<(Batch, Option<Error>)> {
        let summary = self.summary(envelope.task).await?;
        if summary.thread != envelope.thread {
            let why = format!("task {} is not in thread {}", envelope.task, envelope.thread);
            return Err(Error::new(Kind::NotFound, "send command", why));
        }
        let task = self.fold(envelope.thread, envelope.task).await?;
        // What is said to a task is said to its sub-tasks, in the same commit. An answer is to one question.
        let is_for_all =
            matches!(envelope.command, Command::Steer { .. } | Command::Cancel | Command::Pause | Command::Resume);
        let tasks = if is_for_all { self.family(task, false).await? } else { vec![task] };
        let (mut batch, mut refused) = (Batch { durable: true, ..Batch::new(envelope.thread) }, None);
        batch.expect.push(Expect::Absent(seen.to_owned()));
        batch.put.push((seen.to_owned(), Some(Vec::new())));
        for mut task in tasks {
            let (before, others) = (index::entries(&task), task.refuse.len());
            let draft = Draft { task: Some(task.id), ..self.commanded(envelope)? };
            batch.expect.push(Expect::Head(task.id, task.head));
            task.foresee(&draft)?;
            if task.id == envelope.task {
                refused = task.refuse.get(others).map(|(_, error)| error.clone());
            }
            batch.put.extend(index::difference(&before, &index::entries(&task)));
            batch.append.push(draft);
        }
        Ok((batch, refused))
    }

    fn commanded(&self, envelope: &Envelope) -> Result<Draft> {
        let Envelope { task, sender, id, command, .. } = envelope.clone();
        let event = Event::Commanded { sender, id, command };
        Ok(Draft::new(Some(task), self.parts.runtime.now(), event)?.by(Actor::Person, Label::user()))
    }

    async fn has(&self, key: &str) -> Result<bool> {
        Ok(self.parts.store.scan(key.to_owned(), None, 1).await?.first().is_some_and(|(found, _)| found == key))
    }
}

fn title(envelope: &Envelope) -> String {
    match &envelope.command {
        Command::Submit(submit) => submit.text.chars().take(80).collect(),
        _ => ThreadId::to_string(&envelope.thread),
    }
}

fn check(envelope: &Envelope) -> Result<()> {
    let wrong = |why: String, fix: &str| Err(Error::new(Kind::InvalidInput, "send command", why).with_fix(fix));
    if envelope.sender.is_empty() || envelope.sender.len() > 128 || envelope.sender.contains('/') {
        return wrong("the sender's name is empty, too long or holds a `/`".into(), "use at most 128 bytes");
    }
    match &envelope.command {
        Command::Submit(submit) => check_submission(submit),
        Command::Steer { text } => check_text("what you say", text),
        _ => Ok(()),
    }
}

fn check_submission(submit: &Submit) -> Result<()> {
    let wrong = |why: String, fix: &str| Err(Error::new(Kind::InvalidInput, "submit task", why).with_fix(fix));
    check_text("the task", &submit.text)?;
    if submit.parent.is_some() {
        return wrong("a sub-task is started by its task".into(), "leave `parent` out");
    }
    let mut names = HashSet::new();
    for folder in &submit.folders {
        if crate::FilePath::parse(&folder.name).is_err() || folder.name.contains('/') {
            let why = format!("`{}` can't be a folder's name here", folder.name.escape_debug());
            return wrong(why, "use one name, without `/`");
        }
        if !folder.at.starts_with('/') {
            return wrong(
                format!("`{}` is not an absolute path", folder.at.escape_debug()),
                "name the folder from `/` on",
            );
        }
        if !names.insert(&folder.name) {
            return wrong(format!("two folders are called `{}`", folder.name), "give each folder its own name");
        }
    }
    if let Some(rule) = submit.allow.iter().find(|rule| !rule.folder.is_empty() && !names.contains(&rule.folder)) {
        let why = format!("`{}` may work unasked in `{}`, which is none of the folders", rule.tool, rule.folder);
        return wrong(why, "allow a tool only in a folder that the task gets");
    }
    let places = briefing::places(&submit.folders);
    if let Some(file) = submit.trust.iter().find(|file| !places.contains(&file.path)) {
        let why = format!("`{}` is no instruction file of these folders", file.path);
        return wrong(why, "trust AGENTS.md or CLAUDE.md in a folder that the task gets");
    }
    if submit.max_steps == 0 {
        return wrong("a task with no steps can do nothing".into(), "allow at least one step");
    }
    Ok(())
}

fn check_text(what: &str, text: &str) -> Result<()> {
    let wrong = |why: String, fix: &str| Err(Error::new(Kind::InvalidInput, "submit task", why).with_fix(fix));
    if text.trim().is_empty() {
        return wrong(format!("{what} is empty"), "say in a sentence what you want");
    }
    if text.len() > LONGEST_TEXT {
        let why = format!("{what} is {} bytes long; the most is {LONGEST_TEXT}", text.len());
        return wrong(why, "put the long part into a file in a granted folder, and name the file");
    }
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().any(odd) {
        return wrong(format!("{what} holds control characters, so it is not text"), "say in a sentence what you want");
    }
    Ok(())
}

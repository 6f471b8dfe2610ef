//! The indexes: what the log says of every task, for a list and for the queue.
//!
//! Every entry is a function of a task's fold, written in the commit that changes it. [`rebuild`] makes them again from
//! the log alone; a test drops them and finds them equal.
//!
//! | key | value | there while |
//! |---|---|---|
//! | `thread/THREAD` | its title | always |
//! | `task/TASK` | a [`Summary`] | always |
//! | `ready/TASK` | its thread; a sub-task's also the task at the top | an engine has something to do for it |
//! | `ask/CALL` | its thread and task | a person is asked about it |
//! | `note/THREAD/NAME` | a [`ThreadNote`] | until it is forgotten |
//! | `seen/THREAD/SENDER/COMMAND` | nothing | always: a command is accepted once |
//! | `count/day/DATE/WHAT` | tokens or money | always: what was spent on models in a day that has a budget |

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    AskId, Batch, Command, CommandId, DayBudget, Draft, Error, Event, Kind, Label, Mode, Read, Record, Reserve, Result,
    Stage, Status, Store, Task, TaskId, ThreadId, ThreadNote, Timestamp, day,
};

/// A task in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Its name.
    pub task: TaskId,
    /// Its thread.
    pub thread: ThreadId,
    /// The first 200 characters of what was asked for.
    pub text: String,
    /// Where its folders are.
    pub folders: Vec<String>,
    /// How much it may do unasked.
    pub mode: Mode,
    /// When it came in.
    pub at: Timestamp,
    /// Where it is, as far as the log knows: whether a running one's process still lives is for the lease to say.
    pub status: Status,
    /// When it ended; none while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// The task at the top, if it is a sub-task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<TaskId>,
}

impl Summary {
    fn of(task: &Task) -> Self {
        Self {
            task: task.id,
            thread: task.thread,
            text: task.submit.text.chars().take(200).collect(),
            folders: task.submit.folders.iter().map(|f| f.at.clone()).collect(),
            mode: task.submit.mode,
            at: task.at,
            status: task.status(),
            ended: task.ended,
            part_of: task.submit.parent.as_ref().map(|parent| parent.root),
        }
    }
}

/// Index entries, by key.
pub(crate) type Entries = BTreeMap<String, Vec<u8>>;

/// Gives the entries of a task.
pub(crate) fn entries(task: &Task) -> Entries {
    let mut entries = Entries::from([(task_key(task.id), to_json(&Summary::of(task)))]);
    if task.wants_engine() {
        let value = match &task.submit.parent {
            None => task.thread.to_string(),
            Some(parent) => format!("{} {}", task.thread, parent.root),
        };
        entries.insert(ready_key(task.id), value.into_bytes());
    }
    let asked = task.turns.last().map_or(&[][..], |t| &t.calls).iter().filter(|c| c.stage == Stage::Asked);
    if task.result.is_none() {
        entries.extend(asked.map(|c| (format!("ask/{}", c.id), format!("{} {}", task.thread, task.id).into_bytes())));
    }
    entries
}

/// Gives what to put so that `before` becomes `after`.
pub(crate) fn difference(before: &Entries, after: &Entries) -> Vec<(String, Option<Vec<u8>>)> {
    let gone = before.keys().filter(|k| !after.contains_key(*k)).map(|k| (k.clone(), None));
    let new = after.iter().filter(|(k, v)| before.get(*k) != Some(v)).map(|(k, v)| (k.clone(), Some(v.clone())));
    gone.chain(new).collect()
}

pub(crate) fn task_key(task: TaskId) -> String {
    format!("task/{task}")
}

pub(crate) fn ready_key(task: TaskId) -> String {
    format!("ready/{task}")
}

pub(crate) fn thread_key(thread: ThreadId) -> String {
    format!("thread/{thread}")
}

pub(crate) fn seen_key(thread: ThreadId, sender: &str, id: CommandId) -> String {
    format!("seen/{thread}/{sender}/{id}")
}

/// Gives what the keys of a thread's notes begin with.
pub(crate) fn notes_key(thread: ThreadId) -> String {
    format!("note/{thread}/")
}

pub(crate) fn read_note(value: &[u8]) -> Result<ThreadNote> {
    serde_json::from_slice(value).map_err(|e| {
        Error::new(Kind::Corrupt, "read notes", "a note can't be read").with_fix("run `cowork doctor`").with_source(e)
    })
}

/// Gives what to put for a record that keeps or forgets a note; nothing for every other.
pub(crate) fn note_entry(thread: ThreadId, draft: &Draft) -> Result<Option<(String, Option<Vec<u8>>)>> {
    if draft.body.kind() != "noted" {
        return Ok(None);
    }
    Ok(noted(thread, &*draft.body.event()?, draft.task, draft.at, &draft.label))
}

fn noted(
    thread: ThreadId,
    event: &Event,
    task: Option<TaskId>,
    at: Timestamp,
    label: &Label,
) -> Option<(String, Option<Vec<u8>>)> {
    let Event::Noted { name, text, .. } = event else { return None };
    let note = ThreadNote { name: name.clone(), text: text.clone(), task, at, label: label.clone() };
    Some((notes_key(thread) + name, (!text.is_empty()).then(|| to_json(&note))))
}

/// Makes every index again from the log, and mends what differs.
///
/// Gives how many entries were wrong. Tasks that run meanwhile are better stopped first: their entries would be mended to
/// what they were when the log was read.
///
/// # Errors
/// Whatever the store says; `Corrupt` if a record can't be read.
pub async fn rebuild(store: &dyn Store) -> Result<u64> {
    let (mut wrong, mut days, mut last) = (0, Days::default(), None);
    for (key, _) in scan_all(store, "log/").await? {
        let thread: ThreadId = key.trim_start_matches("log/").parse()?;
        last = Some(thread);
        let want = from_log(store, thread, &mut days).await?;
        let mut have = Entries::new();
        for key in want.keys() {
            have.extend(store.scan(key.clone(), None, 1).await?.into_iter().filter(|(k, _)| k == key));
        }
        have.extend(scan_all(store, &notes_key(thread)).await?);
        // Other entries that should not be there are only ever of these two kinds.
        for (key, value) in scan_all(store, "ready/").await?.into_iter().chain(scan_all(store, "ask/").await?) {
            if value.starts_with(thread.to_string().as_bytes()) {
                have.insert(key, value);
            }
        }
        let put = difference(&have, &want);
        wrong += put.len() as u64;
        if !put.is_empty() {
            store.commit(Batch { put, ..Batch::new(thread) }).await?;
        }
    }
    if let Some(thread) = last {
        // What is spent in a day is counted over all threads.
        let put = difference(&scan_all(store, day::KEYS).await?.into_iter().collect(), &days.entries());
        wrong += put.len() as u64;
        if !put.is_empty() {
            store.commit(Batch { put, ..Batch::new(thread) }).await?;
        }
    }
    Ok(wrong)
}

/// What the log says was spent, or is set aside, in each day that has a budget.
#[derive(Default)]
struct Days {
    open: HashMap<AskId, Reserve>,
    sums: BTreeMap<String, i64>,
}

impl Days {
    fn take(&mut self, event: &Event) {
        let counts = match event {
            Event::ModelAsked { ask, most, .. } => {
                self.open.insert(*ask, *most);
                DayBudget::default().set_aside(most)
            }
            Event::ModelAnswered { ask, usage, cost, .. } => {
                self.open.remove(ask).map_or_else(Vec::new, |aside| day::settled(&aside, usage, *cost))
            }
            _ => return,
        };
        for count in counts {
            let sum = self.sums.entry(count.key()).or_default();
            *sum = sum.saturating_add(count.add);
        }
    }

    fn entries(&self) -> Entries {
        self.sums.iter().map(|(key, sum)| (key.clone(), sum.to_string().into_bytes())).collect()
    }
}

async fn from_log(store: &dyn Store, thread: ThreadId, days: &mut Days) -> Result<Entries> {
    let mut all = Entries::new();
    let mut tasks: HashMap<TaskId, Task> = HashMap::new();
    let mut after = 0;
    loop {
        let records = store.read(Read::thread(thread, after)).await?;
        let Some(last) = records.last() else { break };
        after = last.seq;
        for record in &records {
            if matches!(record.event.kind(), "model_asked" | "model_answered") {
                days.take(&*record.event.event()?);
            }
            take(&mut all, &mut tasks, record)?;
        }
    }
    tasks.values().for_each(|t| all.extend(entries(t)));
    Ok(all)
}

fn take(all: &mut Entries, tasks: &mut HashMap<TaskId, Task>, record: &Record) -> Result<()> {
    let event = (record.event.kind() != "call_finished").then(|| record.event.event()).transpose()?;
    match event.as_deref() {
        Some(Event::ThreadOpened { title }) => {
            all.insert(thread_key(record.thread), title.clone().into_bytes());
        }
        Some(event @ Event::Noted { .. }) => match noted(record.thread, event, record.task, record.at, &record.label) {
            Some((key, Some(value))) => drop(all.insert(key, value)),
            Some((key, None)) => drop(all.remove(&key)),
            None => {}
        },
        Some(Event::Commanded { sender, id, command }) => {
            all.insert(seen_key(record.thread, sender, *id), Vec::new());
            if let (Command::Submit(_), Some(id)) = (command, record.task)
                && !tasks.contains_key(&id)
            {
                tasks.insert(id, Task::begin(record)?);
                return Ok(());
            }
        }
        _ => {}
    }
    record.task.and_then(|id| tasks.get_mut(&id)).map_or(Ok(()), |t| t.apply(record))
}

/// Reads every entry under a prefix.
pub(crate) async fn scan_all(store: &dyn Store, prefix: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    loop {
        let page = store.scan(prefix.to_owned(), all.last().map(|(k, _)| k.clone()), 1_000).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

pub(crate) fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

//! A task's log, written by hand.

use std::{fmt, sync::Arc};

use cowork_core::{
    Actor, Call, CallId, Command, CommandId, Decision, Draft, Event, Hash, Label, Outcome, Proposal, Record, Runtime,
    Submit, Task, TaskId, ThreadId, ToolSpec, View,
};

use crate::TestRuntime;

/// Writes a task's log without an engine, for what goes by a task alone: planners and policies.
///
/// ```
/// use cowork_core::{Outcome, Proposal, Submit};
/// use cowork_testkit::TaskLog;
/// use serde_json::json;
///
/// let mut log = TaskLog::new(Submit::new("Look around"));
/// log.decide(&Proposal::call("list_folder", json!({ "path": "Desk" })), |_| {
///     Outcome::Done { value: json!({ "count": 0 }), note: String::new() }
/// });
/// assert_eq!(log.task().turns.len(), 1);
/// ```
#[derive(Clone)]
pub struct TaskLog {
    clock: Arc<TestRuntime>,
    thread: ThreadId,
    task: TaskId,
    last: Hash,
    records: Vec<Record>,
}

impl TaskLog {
    /// Begins a log with a task's submission.
    pub fn new(submit: Submit) -> Self {
        let clock = TestRuntime::new();
        let (thread, task) = (ThreadId::new(&*clock), TaskId::new(&*clock));
        let mut log = Self { clock, thread, task, last: Hash::default(), records: Vec::new() };
        log.command(Command::Submit(submit));
        log
    }

    /// Gives the records so far.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Gives the task as the log tells it.
    pub fn task(&self) -> Task {
        Task::fold(&self.records).expect("a log that can be folded")
    }

    /// Gives what a planner goes by.
    pub fn view(&self, tools: &[ToolSpec]) -> View {
        View { task: Arc::new(self.task()), tools: tools.into() }
    }

    /// Adds a decision and the outcome of each of its calls. Gives the calls.
    pub fn decide(&mut self, proposal: &Proposal, mut outcome: impl FnMut(&Call) -> Outcome) -> Vec<Call> {
        let calls = self.propose(proposal);
        for call in &calls {
            let event = Event::CallFinished { call: call.id, outcome: outcome(call), seen: Vec::new() };
            self.add(Actor::Tool, Label::default(), event);
        }
        calls
    }

    /// Adds a decision whose calls have no outcome yet. Gives the calls.
    pub fn propose(&mut self, proposal: &Proposal) -> Vec<Call> {
        let Proposal { say, plan, calls, finish, note } = proposal.clone();
        let id = || CallId::new(&*self.clock);
        let calls: Vec<Call> =
            calls.into_iter().map(|c| Call { id: id(), tool: c.tool, args: c.args.into() }).collect();
        let heard = self.steers();
        let decision = Decision { say, plan, calls: calls.clone(), finish, note, heard };
        self.add(Actor::Planner, Label::trusted(), Event::Decided(decision.into()));
        calls
    }

    fn steers(&self) -> u32 {
        let steer = |r: &&Record| {
            let event = r.event.event().unwrap();
            matches!(&*event, Event::Commanded { command: Command::Steer { .. }, .. })
        };
        u32::try_from(self.records.iter().filter(steer).count()).unwrap()
    }

    /// Adds what the person commands.
    pub fn command(&mut self, command: Command) {
        let event = Event::Commanded { sender: "test".to_owned(), id: CommandId::new(&*self.clock), command };
        self.add(Actor::Person, Label::user(), event);
    }

    /// Adds an event.
    pub fn add(&mut self, actor: Actor, label: Label, event: Event) {
        let draft = Draft::new(Some(self.task), self.clock.now(), event).expect("an event in JSON").by(actor, label);
        let (record, hash) = draft.stamp(self.thread, self.records.len() as u64 + 1, self.last);
        self.last = hash;
        // As it comes back from a store: bytes, not values.
        let bytes = serde_json::to_vec(&record).expect("a record in JSON");
        self.records.push(serde_json::from_slice(&bytes).expect("a record from its JSON"));
    }
}

impl fmt::Debug for TaskLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskLog({}, {} records)", self.task, self.records.len())
    }
}

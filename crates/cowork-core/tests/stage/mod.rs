//! A stage for stories about the engine: a store, a clock, scripted planners, and engines that can die.
#![allow(dead_code, missing_docs, unreachable_pub, clippy::unwrap_used, reason = "every story uses its own part of it")]

use std::{sync::Arc, time::Duration};

use cowork_core::{
    Claim, Command, CommandId, Engine, EngineParts, Envelope, GrantPolicy, Item, Limits, MemoryStore, Planner, Read,
    Record, Registry, Store, Submit, Task, TaskId, ThreadId, Tool,
};
use cowork_testkit::TestRuntime;

pub struct Stage {
    pub runtime: Arc<TestRuntime>,
    pub store: Arc<dyn Store>,
    pub thread: ThreadId,
}

impl Stage {
    pub fn new() -> Self {
        let runtime = TestRuntime::new();
        let store = Arc::new(MemoryStore::new(runtime.clone()));
        Self { thread: ThreadId::named("story"), runtime, store }
    }

    pub fn parts(&self, planner: impl Planner, tools: &[Arc<dyn Tool>]) -> EngineParts {
        let mut registry = Registry::new();
        tools.iter().for_each(|t| registry.add(t.clone()).unwrap());
        EngineParts {
            runtime: self.runtime.clone(),
            store: self.store.clone(),
            sandbox: None,
            planners: vec![Arc::new(planner)],
            models: Vec::new(),
            tools: registry,
            policy: Arc::new(GrantPolicy),
            approver: None,
            owner: "first".into(),
            is_dead: Arc::new(|_| false),
            claim: Claim::All,
            limits: Limits::default(),
        }
    }

    pub fn engine(&self, planner: impl Planner, tools: &[Arc<dyn Tool>]) -> Engine {
        Engine::start(self.parts(planner, tools))
    }

    pub async fn submit(&self, engine: &Engine, submit: Submit) -> TaskId {
        engine.submit(self.thread, "test", submit).await.unwrap()
    }

    pub async fn run(&self, engine: &Engine, text: &str) -> Task {
        let task = self.submit(engine, Submit::new(text)).await;
        engine.settled(task).await.unwrap()
    }

    pub async fn send(&self, engine: &Engine, task: TaskId, command: Command) {
        let id = CommandId::new(&*self.runtime);
        engine.send(Envelope { thread: self.thread, task, sender: "test".into(), id, command }).await.unwrap();
    }

    pub async fn log(&self) -> Vec<Record> {
        self.store.read(Read { most: usize::MAX, ..Read::thread(self.thread, 0) }).await.unwrap()
    }

    /// Lets time pass, so much at once, until a task has settled.
    pub async fn settle(&self, engine: &Engine, task: TaskId, step: Duration) -> Task {
        let mut settled = std::pin::pin!(engine.settled(task));
        loop {
            tokio::select! {
                biased;
                task = &mut settled => return task.unwrap(),
                () = tokio::task::yield_now() => self.runtime.advance(step),
            }
        }
    }

    /// Waits for the next record of a kind.
    pub async fn until(&self, engine: &Engine, kind: &str) -> Record {
        let mut events = engine.events(self.thread, 0);
        loop {
            if let Item::Record(record) = events.next().await.unwrap().unwrap()
                && record.event.kind() == kind
            {
                return record;
            }
        }
    }

    pub async fn entries(&self) -> Vec<(String, Vec<u8>)> {
        self.store.scan(String::new(), None, usize::MAX).await.unwrap()
    }
}

/// Runs an engine in a runtime of its own, so that it can die as a process does: at once, saying nothing.
pub struct Mortal(tokio::runtime::Runtime);

impl Mortal {
    pub fn start(stage: &Stage, planner: impl Planner, tools: &[Arc<dyn Tool>]) -> (Self, Engine) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let inside = runtime.enter();
        let engine = stage.engine(planner, tools);
        drop(inside);
        (Self(runtime), engine)
    }

    pub fn die(self) {
        self.0.shutdown_background();
    }
}

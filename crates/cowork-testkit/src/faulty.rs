//! A store that fails when told to.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use cowork_core::{Batch, Error, Finding, Lease, LeaseAsk, Read, Record, Result, Store, StoreChange, TaskId};
use tokio::sync::broadcast;

/// How a commit goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nothing is written; the caller gets the error.
    Refuse(Error),
    /// It is written, but the caller gets the error: the answer was lost.
    LoseAnswer(Error),
    /// Nothing is written and no answer ever comes.
    Hang,
    /// It is written and no answer ever comes.
    HangAfter,
}

/// A [`Store`] over another one, whose n-th commit goes wrong.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    plan: Mutex<Plan>,
}

#[derive(Default)]
struct Plan {
    commits: u64,
    faults: BTreeMap<u64, Fault>,
}

impl FaultyStore {
    /// Wraps a store; until told otherwise it behaves as that one does.
    pub fn new(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self { inner, plan: Mutex::default() })
    }

    /// Makes the n-th commit from now go wrong; 1 is the next one.
    pub fn fail(&self, nth: u64, fault: Fault) {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        let at = plan.commits + nth;
        plan.faults.insert(at, fault);
    }

    /// Gives how many commits were asked for so far, those that went wrong included.
    pub fn commits(&self) -> u64 {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).commits
    }

    fn next(&self) -> Option<Fault> {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan.commits += 1;
        let at = plan.commits;
        plan.faults.remove(&at)
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn commit(&self, batch: Batch) -> Result<Arc<[Record]>> {
        match self.next() {
            None => self.inner.commit(batch).await,
            Some(Fault::Refuse(error)) => Err(error),
            Some(Fault::LoseAnswer(error)) => self.inner.commit(batch).await.and(Err(error)),
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::HangAfter) => {
                self.inner.commit(batch).await?;
                std::future::pending().await
            }
        }
    }

    async fn read(&self, read: Read) -> Result<Vec<Record>> {
        self.inner.read(read).await
    }

    async fn scan(&self, prefix: String, after: Option<String>, most: usize) -> Result<Vec<(String, Vec<u8>)>> {
        self.inner.scan(prefix, after, most).await
    }

    async fn lease(&self, task: TaskId, ask: LeaseAsk) -> Result<Option<Lease>> {
        self.inner.lease(task, ask).await
    }

    fn watch(&self) -> broadcast::Receiver<StoreChange> {
        self.inner.watch()
    }

    async fn check(&self) -> Vec<Finding> {
        self.inner.check().await
    }
}

impl fmt::Debug for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultyStore")
    }
}

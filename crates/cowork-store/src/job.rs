//! What is asked of the writer, what it answers, and how both get there.

use std::sync::{Arc, atomic::AtomicUsize, mpsc};

use cowork_core::{Batch, Error, Hash, Kind, Lease, LeaseAsk, Record, Result, TaskId};
use tokio::sync::{mpsc as mail, oneshot};

use crate::connect::PAGE;

/// How many bytes a record takes besides its body, about.
const ROW: usize = 200;

/// What waits for the writing thread.
pub(crate) struct Waiting {
    pub(crate) jobs: mpsc::Receiver<Option<Job>>,
    /// How many jobs there are that it has not taken.
    pub(crate) count: Arc<AtomicUsize>,
}

/// Something to write, and who waits for it.
pub(crate) struct Job {
    pub(crate) work: Work,
    pub(crate) reply: Reply,
}

pub(crate) type Reply = oneshot::Sender<Result<Answer>>;

/// Something to write.
pub(crate) enum Work {
    Commit(Batch),
    Lease(TaskId, LeaseAsk),
    Put(Hash, Vec<u8>),
}

/// What came of it.
pub(crate) enum Answer {
    Records(Arc<[Record]>),
    Lease(Option<Lease>),
    Kept,
}

impl Answer {
    /// Gives the error of an answer to something else than was asked.
    pub(crate) fn unfit(&self) -> Error {
        Error::new(Kind::Internal, "commit", "the store's writer answered something else than was asked")
    }
}

/// What came of a group's jobs, on its way to those who wait. However it is let go of, each gets the answer.
pub(crate) struct Answered(pub(crate) Vec<(Reply, Result<Answer>)>);

impl Drop for Answered {
    fn drop(&mut self) {
        for (reply, answer) in self.0.drain(..) {
            // A reply that nobody waits for any more is not sent: see the contract on cancellation.
            drop(reply.send(answer));
        }
    }
}

/// Hands answers on, among the tasks that wait for them: to wake many from another thread costs several times as much.
pub(crate) async fn hand_out(mut answered: mail::UnboundedReceiver<Answered>) {
    while let Some(answers) = answered.recv().await {
        drop(answers);
    }
}

impl Work {
    pub(crate) fn is_durable(&self) -> bool {
        match self {
            Self::Commit(batch) => batch.durable,
            // A fencing number that was given must not come again after a power cut.
            Self::Lease(_, ask) => matches!(ask, LeaseAsk::Take { .. }),
            Self::Put(..) => true,
        }
    }

    /// Gives how many pages it makes the write-ahead log longer, by estimate: the ends of two tables, and what it holds.
    pub(crate) fn pages(&self) -> u64 {
        let bytes = match self {
            Self::Commit(batch) => {
                let (records, entries) = (batch.append.iter(), batch.put.iter());
                let records: usize = records.map(|draft| draft.body.json().len() + ROW).sum();
                records + entries.map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum::<usize>()
            }
            Self::Lease(..) => ROW,
            Self::Put(_, bytes) => bytes.len(),
        };
        2 + bytes as u64 / u64::from(PAGE)
    }
}

/// Gives the records of every batch that was committed.
pub(crate) fn committed(answers: &[Result<Answer>]) -> Arc<[Arc<[Record]>]> {
    let records = |answer: &Result<Answer>| match answer {
        Ok(Answer::Records(records)) if !records.is_empty() => Some(records.clone()),
        _ => None,
    };
    answers.iter().filter_map(records).collect()
}

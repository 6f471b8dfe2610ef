//! The one thread that writes: everything that waits goes into one transaction.

use std::{
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use cowork_core::{Batch, Error, Hash, Kind, Lease, LeaseAsk, Record, Result, Step, StoreChange, TaskId};
use rusqlite::Connection;
use tokio::sync::{broadcast, mpsc as mail, oneshot};

use crate::{
    fault::fault,
    ledger::Ledger,
    schema::NEWEST,
    sqlite::{SqliteOptions, Synchronous},
};

/// How often other processes' commits are looked for while somebody watches.
const LOOK_OUT: Duration = Duration::from_millis(75);

/// How many jobs share a transaction at the most, so that nobody waits for too long a one.
const MOST: usize = 256;

/// For how long others are waited for at the most, before a transaction that is synced.
const LONGEST: Duration = Duration::from_millis(2);

/// A sync that takes no longer than this costs less than to wait for others: they go on meanwhile.
const QUICK: Duration = Duration::from_millis(1);

/// Nobody else is coming if nobody came for so long.
const QUIET: Duration = Duration::from_micros(50);

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
pub(crate) struct Answered(Vec<(Reply, Result<Answer>)>);

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
    fn is_durable(&self) -> bool {
        match self {
            Self::Commit(batch) => batch.durable,
            // A fencing number that was given must not come again after a power cut.
            Self::Lease(_, ask) => matches!(ask, LeaseAsk::Take { .. }),
            Self::Put(..) => true,
        }
    }
}

/// Gives the records of every batch that was committed.
fn committed(answers: &[Result<Answer>]) -> Arc<[Arc<[Record]>]> {
    let records = |answer: &Result<Answer>| match answer {
        Ok(Answer::Records(records)) if !records.is_empty() => Some(records.clone()),
        _ => None,
    };
    answers.iter().filter_map(records).collect()
}

/// The writing thread's state.
pub(crate) struct Writer {
    conn: Connection,
    options: SqliteOptions,
    changes: broadcast::Sender<StoreChange>,
    answered: mail::UnboundedSender<Answered>,
    ledger: Ledger,
    /// What SQLite's counter of other connections' commits said last.
    seen: i64,
    /// Whether SQLite syncs in each commit now.
    syncs: bool,
    last: Last,
}

/// What the last transactions were like.
#[derive(Default)]
struct Last {
    /// How many jobs come together: the largest of the last groups, forgotten by and by.
    crowd: usize,
    /// How long the last two were being committed: written and synced. The shorter counts; the other may have folded the
    /// write-ahead log in.
    syncs: [Duration; 2],
}

impl Writer {
    pub(crate) fn new(
        conn: Connection,
        options: SqliteOptions,
        changes: broadcast::Sender<StoreChange>,
        answered: mail::UnboundedSender<Answered>,
    ) -> Result<Self> {
        let ledger = Ledger::new(options.path.clone());
        let syncs = options.synchronous != Synchronous::Off;
        let mut writer = Self { conn, options, changes, answered, ledger, seen: 0, syncs, last: Last::default() };
        writer.seen = writer.data_version()?;
        Ok(writer)
    }

    /// Works until the store is dropped and nothing waits any more.
    pub(crate) fn run(mut self, waiting: &mpsc::Receiver<Option<Job>>) {
        while let Some(first) = self.next(waiting) {
            let (works, replies) = self.gather(first, waiting);
            self.last.crowd = works.len().max(self.last.crowd - self.last.crowd.div_ceil(16));
            let answers = self.settle(works).unwrap_or_else(|error| {
                tracing::warn!(%error, batches = replies.len(), "a commit failed");
                replies.iter().map(|_| Err(error.clone())).collect()
            });
            let watched = if self.changes.receiver_count() > 0 { committed(&answers) } else { Arc::new([]) };
            // Both at once: whoever watches is mostly where somebody waits for the commit, and is woken once for both.
            if !watched.is_empty() {
                drop(self.changes.send(StoreChange::Here(watched)));
            }
            self.answer(Answered(replies.into_iter().zip(answers).collect()));
        }
    }

    fn answer(&self, answered: Answered) {
        // One alone is woken from here. So are all if nobody is left who would hand their answers out.
        if answered.0.len() > 1 {
            drop(self.answered.send(answered));
        }
    }

    fn next(&mut self, waiting: &mpsc::Receiver<Option<Job>>) -> Option<Job> {
        loop {
            let next = if self.changes.receiver_count() == 0 {
                waiting.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected)
            } else {
                waiting.recv_timeout(LOOK_OUT)
            };
            match next {
                Ok(Some(job)) => return Some(job),
                Ok(None) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return None,
                // An error shows itself at the next commit, to somebody who can act on it.
                Err(mpsc::RecvTimeoutError::Timeout) => drop(self.look_out()),
            }
        }
    }

    /// Takes all that waits.
    ///
    /// While one group is written and synced, the next one comes together. Only where a sync takes long are as many as came
    /// lately waited for, since it costs as much for one as for all: as long as they keep coming, and no longer than it takes.
    fn gather(&self, first: Job, waiting: &mpsc::Receiver<Option<Job>>) -> (Vec<Work>, Vec<Reply>) {
        let [before, last] = self.last.syncs;
        let until = Instant::now() + before.min(last).saturating_sub(QUICK).min(LONGEST);
        let mut durable = first.work.is_durable();
        let (mut works, mut replies) = (vec![first.work], vec![first.reply]);
        loop {
            let before = works.len();
            while works.len() < MOST
                && let Ok(next) = waiting.try_recv()
            {
                let Some(job) = next else { continue };
                durable |= job.work.is_durable();
                works.push(job.work);
                replies.push(job.reply);
            }
            let keep_coming = works.len() > before || before == 1;
            if !durable || works.len() >= self.last.crowd || !keep_coming || Instant::now() >= until {
                return (works, replies);
            }
            // Asleep rather than waiting: to be woken for each one would cost more than it gains.
            thread::sleep(QUIET);
        }
    }

    /// Does everything in one transaction. An error is everybody's; a precondition that does not hold is one's own.
    fn settle(&mut self, works: Vec<Work>) -> Result<Vec<Result<Answer>>> {
        self.sync_in_commit(works.iter().any(Work::is_durable))?;
        self.execute("BEGIN IMMEDIATE")?;
        let answers = self.inside(works);
        if answers.is_err() {
            // What is cached may be of this transaction. SQLite may have rolled back by itself, which is as good.
            self.ledger.forget();
            if !self.conn.is_autocommit() {
                drop(self.execute("ROLLBACK"));
            }
        }
        answers
    }

    fn inside(&mut self, works: Vec<Work>) -> Result<Vec<Result<Answer>>> {
        self.look_out()?;
        let before = self.conn.total_changes();
        let now = self.options.clock.now();
        let mut answers = Vec::with_capacity(works.len());
        let mut must_sync = false;
        for work in works {
            let durable = work.is_durable();
            let answer = match work {
                Work::Commit(batch) => self.ledger.commit(&self.conn, batch)?.map(Answer::Records),
                Work::Lease(task, ask) => Ok(Answer::Lease(self.ledger.lease(&self.conn, task, &ask, now)?)),
                Work::Put(hash, bytes) => self.ledger.put(&self.conn, hash, &bytes).map(|()| Ok(Answer::Kept))?,
            };
            // A lease that somebody else holds was only looked at.
            let nothing = matches!(answer, Ok(Answer::Lease(None)));
            must_sync |= durable && answer.is_ok() && !nothing;
            answers.push(answer);
        }
        let wrote = self.conn.total_changes() != before;
        if must_sync && !wrote && self.syncs {
            // What it relies on may have been committed without a sync. SQLite syncs only where something was written, so
            // write what is there already.
            self.execute(&format!("PRAGMA user_version = {NEWEST}"))?;
        }
        self.commit(answers.len())?;
        Ok(answers)
    }

    fn commit(&mut self, batches: usize) -> Result<()> {
        let (began, step) = (Instant::now(), Step::Commit(batches));
        if let Some(probe) = &self.options.probe {
            probe.before(&step)?;
        }
        self.execute("COMMIT")?;
        self.last.syncs = [self.last.syncs[1], began.elapsed()];
        if let Some(probe) = &self.options.probe {
            probe.after(&step);
        }
        Ok(())
    }

    /// Finds out whether anybody else wrote: then what is cached may be stale, and whoever watches is told.
    fn look_out(&mut self) -> Result<()> {
        let version = self.data_version()?;
        if version != self.seen {
            self.seen = version;
            self.ledger.forget();
            // An error means that nobody watches.
            drop(self.changes.send(StoreChange::Elsewhere));
        }
        Ok(())
    }

    /// Switches whether commits are synced. A commit that is not survives this process, and is synced by the next one
    /// that is: SQLite then syncs the whole write-ahead log.
    fn sync_in_commit(&mut self, durable: bool) -> Result<()> {
        let syncs = durable && self.options.synchronous == Synchronous::Full;
        if syncs != self.syncs && self.options.synchronous != Synchronous::Off {
            self.execute(if syncs { "PRAGMA synchronous = FULL" } else { "PRAGMA synchronous = NORMAL" })?;
            self.syncs = syncs;
        }
        Ok(())
    }

    fn data_version(&self) -> Result<i64> {
        let mut ask = self.conn.prepare_cached("PRAGMA data_version").map_err(|e| self.wrong(e))?;
        ask.query_row([], |row| row.get(0)).map_err(|e| self.wrong(e))
    }

    fn execute(&self, sql: &str) -> Result<()> {
        // A setting acts when it is prepared, so only the others may be kept prepared.
        let done = if sql.starts_with("PRAGMA") {
            self.conn.execute_batch(sql)
        } else {
            self.conn.prepare_cached(sql).and_then(|mut s| s.raw_execute()).map(drop)
        };
        done.map_err(|e| self.wrong(e))
    }

    fn wrong(&self, error: rusqlite::Error) -> Error {
        fault("commit", &self.options.path, error)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use cowork_core::{TaskId, ThreadId};
    use cowork_testkit::{TestRuntime, store::cases::notes};

    use super::*;
    use crate::connect;

    struct Scene {
        writer: Writer,
        clock: Arc<TestRuntime>,
        dir: tempfile::TempDir,
    }

    fn scene(synchronous: Synchronous) -> Scene {
        let (dir, clock) = (tempfile::tempdir().unwrap(), TestRuntime::new());
        let options = SqliteOptions { synchronous, ..SqliteOptions::new(dir.path().join("log.db"), clock.clone()) };
        let conn = connect::writer(&options).unwrap();
        let writer = Writer::new(conn, options, broadcast::channel(9).0, mail::unbounded_channel().0).unwrap();
        Scene { writer, clock, dir }
    }

    impl Scene {
        fn batch(&self, n: usize, durable: bool) -> Work {
            let notes = notes(&*self.clock, ThreadId::new(&*self.clock), TaskId::new(&*self.clock), n);
            Work::Commit(Batch { durable, ..notes })
        }

        fn settle(&mut self, works: Vec<Work>) -> Vec<Result<Answer>> {
            self.writer.settle(works).unwrap()
        }

        /// How SQLite syncs now: 0 never, 1 now and then, 2 in each commit.
        fn level(&self) -> i64 {
            self.writer.conn.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap()
        }

        fn wal(&self) -> u64 {
            fs::metadata(self.dir.path().join(Path::new("log.db-wal"))).unwrap().len()
        }
    }

    #[test]
    fn only_a_group_with_something_durable_is_synced() {
        let mut scene = scene(Synchronous::Full);
        for (durable, level) in [(vec![false, false], 1), (vec![false, true], 2), (vec![true], 2), (vec![false], 1)] {
            let works = durable.iter().map(|d| scene.batch(1, *d)).collect();
            scene.settle(works);
            assert_eq!(scene.level(), level, "{durable:?}");
        }
        let take = LeaseAsk::Take { owner: "a".into(), ttl: Duration::from_secs(9), dead: None };
        let task = TaskId::new(&*scene.clock);
        scene.settle(vec![Work::Lease(task, take)]);
        assert_eq!(scene.level(), 2, "a fencing number never comes again");
        scene.settle(vec![Work::Lease(task, LeaseAsk::Keep { fence: 1, ttl: Duration::from_secs(9) })]);
        assert_eq!(scene.level(), 1);
        scene.settle(vec![Work::Put(Hash::of(b"x"), b"x".to_vec())]);
        assert_eq!(scene.level(), 2);
    }

    #[test]
    fn the_other_settings_stay_as_they_are() {
        for (synchronous, level) in [(Synchronous::Off, 0), (Synchronous::Normal, 1)] {
            let mut scene = scene(synchronous);
            for durable in [true, false, true] {
                let work = scene.batch(1, durable);
                scene.settle(vec![work]);
                assert_eq!(scene.level(), level);
            }
        }
    }

    #[test]
    fn a_durable_commit_that_writes_nothing_still_makes_those_before_it_durable() {
        let mut scene = scene(Synchronous::Full);
        let work = scene.batch(1, false);
        scene.settle(vec![work]);
        for (works, grows) in [
            (vec![scene.batch(0, true)], true),
            (vec![scene.batch(0, false)], false),
            (vec![Work::Put(Hash::of(b"x"), b"x".to_vec())], true),
            (vec![Work::Put(Hash::of(b"x"), b"x".to_vec())], true),
        ] {
            let before = scene.wal();
            scene.settle(works);
            // SQLite syncs a commit if it wrote a page, and never otherwise.
            assert_eq!(scene.wal() > before, grows);
        }
    }

    #[test]
    fn all_that_waits_is_taken_at_once_and_up_to_a_limit() {
        let mut scene = scene(Synchronous::Off);
        scene.writer.last = Last { crowd: 9, syncs: [Duration::from_secs(9); 2] };
        let (jobs, waiting) = mpsc::channel();
        for n in 0..MOST + 3 {
            let (reply, _) = oneshot::channel();
            jobs.send(Some(Job { work: scene.batch(1, n % 2 == 0), reply })).unwrap();
            jobs.send(None).unwrap();
        }
        drop(jobs);
        let taken: Vec<usize> = std::iter::from_fn(|| {
            let first = scene.writer.next(&waiting)?;
            Some(scene.writer.gather(first, &waiting).0.len())
        })
        .collect();
        assert_eq!(taken, [MOST, 3]);
    }

    #[test]
    fn what_waits_together_is_one_transaction() {
        let mut scene = scene(Synchronous::Off);
        let recorder = cowork_testkit::probe::Recorder::new();
        scene.writer.options.probe = Some(recorder.clone());
        let works = (0..20).map(|n| scene.batch(n % 3, n == 5)).collect();
        let answers = scene.settle(works);
        assert!(answers.len() == 20 && answers.iter().all(Result::is_ok));
        assert_eq!(recorder.steps(), [Step::Commit(20)]);
    }
}

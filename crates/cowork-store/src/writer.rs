//! The one writer. What must not wait for a disk where it is asked for, it writes on a thread of its own: everything that waits goes
//! into one transaction. What need not, and is alone, it writes at once: to change threads and back costs more than to write.

use std::{
    sync::{Arc, Mutex, atomic::Ordering, mpsc},
    thread,
    time::{Duration, Instant},
};

use cowork_core::{Error, Kind, Result, Step, StoreChange, ThreadId};
use rusqlite::Connection;
use tokio::sync::{broadcast, mpsc as mail};

use crate::{
    fault::fault,
    job::{Answer, Answered, Job, Reply, Waiting, Work, committed},
    ledger::Ledger,
    schema::NEWEST,
    sqlite::{SqliteOptions, Synchronous},
};

/// How often other processes' commits are looked for while somebody watches.
const LOOK_OUT: Duration = Duration::from_millis(75);

/// How many jobs share a transaction at the most, so that nobody waits for too long a one.
const MOST: usize = 256;

/// How many pages are written where they are asked for, at the most: what is longer takes longer than to change threads.
const MOST_AT_ONCE: u64 = 16;

/// For how long others are waited for at the most, before a transaction that is synced.
const LONGEST: Duration = Duration::from_millis(2);

/// A sync that takes no longer than this costs less than to wait for others: they go on meanwhile.
const QUICK: Duration = Duration::from_millis(1);

/// Nobody else is coming if nobody came for so long.
const QUIET: Duration = Duration::from_micros(50);

/// How many pages the write-ahead log has, by estimate, when it is folded into the file. SQLite would do it within a commit.
const FOLD: u64 = 1_000;

/// How many it has when SQLite folds it in, whatever the estimate: 32 MiB.
pub(crate) const FOLD_AT_LAST: u32 = 4_000;

/// Works until the store is dropped and nothing waits any more.
pub(crate) fn run(writer: &Mutex<Writer>, waiting: &Waiting) {
    while let Some(job) = next(writer, waiting) {
        // A panic elsewhere has left it in no good state; from now on the store is closed.
        let Ok(mut writer) = writer.lock() else { return };
        if let Some(first) = job {
            waiting.count.fetch_sub(1, Ordering::Release);
            writer.work(first, waiting);
        }
        writer.fold();
    }
}

/// Waits for something to do: a job, or a look at what it does by itself.
fn next(writer: &Mutex<Writer>, waiting: &Waiting) -> Option<Option<Job>> {
    loop {
        let is_watched = writer.lock().ok()?.changes.receiver_count() > 0;
        let next = if is_watched {
            waiting.jobs.recv_timeout(LOOK_OUT)
        } else {
            waiting.jobs.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected)
        };
        match next {
            Ok(job) => return Some(job),
            Err(mpsc::RecvTimeoutError::Disconnected) => return None,
            // An error shows itself at the next commit, to somebody who can act on it.
            Err(mpsc::RecvTimeoutError::Timeout) => drop(writer.lock().ok()?.look_out()),
        }
    }
}

/// The one connection that writes, and what it knows.
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
    wal: Wal,
}

/// The write-ahead log, by estimate.
struct Wal {
    pages: u64,
    /// Whether the next commit may begin it anew, which SQLite syncs.
    begins: bool,
}

/// What the last transactions were like.
struct Last {
    /// How many jobs come together: the largest of the last groups, forgotten by and by.
    crowd: usize,
    /// How long the last two that were synced were being committed. The shorter counts; the other may have folded the
    /// write-ahead log in.
    syncs: [Duration; 2],
    /// Whose the last commit was, and when.
    thread: Option<ThreadId>,
    at: Instant,
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
        let last = Last { crowd: 0, syncs: Default::default(), thread: None, at: Instant::now() };
        let wal = Wal { pages: 0, begins: true };
        let mut writer = Self { conn, options, changes, answered, ledger, seen: 0, syncs, last, wal };
        writer.seen = writer.data_version()?;
        Ok(writer)
    }

    /// Writes something at once, if no disk is waited for and nobody else's would be written with it. Gives it back where it is to
    /// be handed over.
    pub(crate) fn at_once(&mut self, work: Work) -> std::result::Result<Result<Answer>, Work> {
        if !self.is_alone(&work) {
            return Err(work);
        }
        // Another process that holds the file is waited for elsewhere.
        drop(self.conn.busy_timeout(Duration::ZERO));
        let begun = self.begin(false);
        drop(self.conn.busy_timeout(self.options.busy_timeout));
        let answers = match begun {
            Err(error) if error.kind == Kind::Busy => return Err(work),
            Err(error) => Err(error),
            Ok(()) => self.inside(vec![work]),
        };
        let answers = answers.inspect(|answers| self.publish(answers));
        Ok(answers.and_then(|answers| answers.into_iter().next().unwrap_or_else(|| Err(Answer::Kept.unfit()))))
    }

    /// Says whether nothing is gained by handing it over: no disk is waited for, and the same log goes on or nobody else's does.
    fn is_alone(&self, work: &Work) -> bool {
        let waits = work.is_durable() && self.options.synchronous != Synchronous::Off;
        if waits || self.wal.begins || work.pages() > MOST_AT_ONCE || self.wal.pages + work.pages() >= FOLD {
            return false;
        }
        match work {
            Work::Commit(batch) => self.last.thread == Some(batch.thread) || self.last.at.elapsed() > LONGEST,
            Work::Lease(..) => true,
            Work::Put(..) => false,
        }
    }

    /// Writes what waits, in one transaction, and tells those who wait for it.
    fn work(&mut self, first: Job, waiting: &Waiting) {
        let (works, replies) = self.gather(first, waiting);
        self.last.crowd = works.len().max(self.last.crowd - self.last.crowd.div_ceil(16));
        let answers = self.settle(works).unwrap_or_else(|error| {
            tracing::warn!(%error, batches = replies.len(), "a commit failed");
            replies.iter().map(|_| Err(error.clone())).collect()
        });
        // Both at once: whoever watches is mostly where somebody waits for the commit, and is woken once for both.
        self.publish(&answers);
        self.answer(Answered(replies.into_iter().zip(answers).collect()));
    }

    fn publish(&self, answers: &[Result<Answer>]) {
        let watched = if self.changes.receiver_count() > 0 { committed(answers) } else { Arc::new([]) };
        if !watched.is_empty() {
            drop(self.changes.send(StoreChange::Here(watched)));
        }
    }

    fn answer(&self, answered: Answered) {
        // One alone is woken from here. So are all if nobody is left who would hand their answers out.
        if answered.0.len() > 1 {
            drop(self.answered.send(answered));
        }
    }

    /// Folds the write-ahead log into the file once it is long. An error shows itself at a commit, to somebody who can act on it.
    fn fold(&mut self) {
        if self.wal.pages >= FOLD {
            let folded = self.conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
            tracing::trace!(?folded, "the write-ahead log was folded in");
            self.wal = Wal { pages: 0, begins: true };
        }
    }

    /// Takes all that waits.
    ///
    /// While one group is written and synced, the next one comes together. Only where a sync takes long are as many as came
    /// lately waited for, since it costs as much for one as for all: as long as they keep coming, and no longer than it takes.
    fn gather(&self, first: Job, waiting: &Waiting) -> (Vec<Work>, Vec<Reply>) {
        let [before, last] = self.last.syncs;
        let until = Instant::now() + before.min(last).saturating_sub(QUICK).min(LONGEST);
        let mut durable = first.work.is_durable();
        let (mut works, mut replies) = (vec![first.work], vec![first.reply]);
        loop {
            let before = works.len();
            while works.len() < MOST
                && let Ok(next) = waiting.jobs.try_recv()
            {
                let Some(job) = next else { continue };
                waiting.count.fetch_sub(1, Ordering::Release);
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
        self.begin(works.iter().any(Work::is_durable))?;
        self.inside(works)
    }

    fn begin(&mut self, durable: bool) -> Result<()> {
        self.sync_in_commit(durable)?;
        self.execute("BEGIN IMMEDIATE")
    }

    fn inside(&mut self, works: Vec<Work>) -> Result<Vec<Result<Answer>>> {
        let answers = self.write(works);
        if answers.is_err() {
            // What is cached may be of this transaction. SQLite may have rolled back by itself, which is as good.
            self.ledger.forget();
            if !self.conn.is_autocommit() {
                drop(self.execute("ROLLBACK"));
            }
        }
        answers
    }

    fn write(&mut self, works: Vec<Work>) -> Result<Vec<Result<Answer>>> {
        self.look_out()?;
        let before = self.conn.total_changes();
        let now = self.options.clock.now();
        let mut answers = Vec::with_capacity(works.len());
        let mut must_sync = false;
        for work in works {
            let durable = work.is_durable();
            self.wal.pages += work.pages();
            let answer = match work {
                Work::Commit(batch) => {
                    self.last.thread = Some(batch.thread);
                    self.ledger.commit(&self.conn, batch)?.map(Answer::Records)
                }
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
        self.wal.begins = false;
        let now = Instant::now();
        if self.syncs {
            self.last.syncs = [self.last.syncs[1], now.duration_since(began)];
        }
        self.last.at = now;
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
    use std::{fs, path::Path, sync::atomic::AtomicUsize};

    use cowork_core::{Batch, Hash, LeaseAsk, TaskId};
    use cowork_testkit::{TestRuntime, store::cases::notes};
    use tokio::sync::oneshot;

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

        /// A batch of one record that goes on with this log.
        fn goes_on(&self, thread: ThreadId, durable: bool) -> Work {
            Work::Commit(Batch { durable, ..notes(&*self.clock, thread, TaskId::new(&*self.clock), 1) })
        }

        /// Whether it was written at once.
        fn at_once(&mut self, work: Work) -> bool {
            self.writer.at_once(work).is_ok_and(|answer| answer.is_ok())
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
        scene.writer.last.crowd = 9;
        scene.writer.last.syncs = [Duration::from_secs(9); 2];
        let (jobs, waiting) = mpsc::channel();
        let waiting = Waiting { jobs: waiting, count: Arc::new(AtomicUsize::new(MOST + 3)) };
        for n in 0..MOST + 3 {
            let (reply, _) = oneshot::channel();
            jobs.send(Some(Job { work: scene.batch(1, n % 2 == 0), reply })).unwrap();
            jobs.send(None).unwrap();
        }
        drop(jobs);
        let taken: Vec<usize> = std::iter::from_fn(|| {
            let first = waiting.jobs.try_iter().flatten().next()?;
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

    #[test]
    fn what_goes_on_alone_and_waits_for_no_disk_is_written_at_once() {
        let mut scene = scene(Synchronous::Full);
        let [one, other] = [1, 2].map(|n| ThreadId::named(&n.to_string()));
        let log = |scene: &Scene, durable| scene.goes_on(one, durable);
        let first = log(&scene, false);
        assert!(!scene.at_once(first), "the first may begin the write-ahead log, which is synced");
        let first = log(&scene, false);
        scene.settle(vec![first]);
        for (thread, durable, at_once) in
            [(one, false, true), (one, true, false), (other, false, false), (one, false, true)]
        {
            // Somebody committed just now, however long this test was kept waiting.
            scene.writer.last.at = Instant::now() + LONGEST * 1_000;
            let work = scene.goes_on(thread, durable);
            assert_eq!(scene.at_once(work), at_once, "{thread} {durable}");
        }
        assert!(!scene.at_once(Work::Put(Hash::of(b"x"), b"x".to_vec())));
        let work = scene.goes_on(other, false);
        scene.settle(vec![work]);
        scene.writer.last.at = Instant::now() + LONGEST * 1_000;
        let work = log(&scene, false);
        assert!(!scene.at_once(work), "two logs that take turns are written together");
        scene.writer.last.at = Instant::now().checked_sub(LONGEST * 2).unwrap();
        let work = log(&scene, false);
        assert!(scene.at_once(work), "nobody else has come for a while");
    }

    #[test]
    fn a_lease_that_waits_for_no_disk_is_written_at_once() {
        for (synchronous, taken) in [(Synchronous::Full, false), (Synchronous::Off, true)] {
            let mut scene = scene(synchronous);
            let (first, task) = (scene.batch(1, false), TaskId::new(&*scene.clock));
            scene.settle(vec![first]);
            let ttl = Duration::from_secs(9);
            let take = || Work::Lease(task, LeaseAsk::Take { owner: "a".into(), ttl, dead: None });
            assert_eq!(scene.at_once(take()), taken, "a fencing number never comes again");
            scene.settle(vec![take()]);
            assert!(scene.at_once(Work::Lease(task, LeaseAsk::Keep { fence: 1, ttl })));
            assert!(scene.at_once(Work::Lease(task, LeaseAsk::Drop { fence: 1 })));
        }
    }

    #[test]
    fn what_another_process_holds_up_is_handed_over_and_not_lost() {
        let mut scene = scene(Synchronous::Off);
        let thread = ThreadId::named("one");
        let work = scene.goes_on(thread, true);
        scene.settle(vec![work]);
        let other = connect::writer(&scene.writer.options).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let work = scene.goes_on(thread, true);
        let Err(work) = scene.writer.at_once(work) else { panic!("it is held") };
        other.execute_batch("ROLLBACK").unwrap();
        assert!(matches!(scene.settle(vec![work])[..], [Ok(Answer::Records(_))]));
    }

    #[test]
    fn a_long_write_ahead_log_is_folded_in_by_the_thread_alone() {
        let mut scene = scene(Synchronous::Off);
        let thread = ThreadId::named("one");
        let work = scene.goes_on(thread, false);
        scene.settle(vec![work]);
        let mut times = 0;
        loop {
            let work = scene.goes_on(thread, false);
            if !scene.at_once(work) {
                break;
            }
            times += 1;
        }
        assert!((200..=u64::MAX).contains(&times) && times <= FOLD, "{times}");
        // The one that would make it long is the thread's.
        let work = scene.goes_on(thread, false);
        scene.settle(vec![work]);
        let (long, path) = (scene.wal(), scene.dir.path().join("log.db"));
        let file = fs::metadata(&path).unwrap().len();
        scene.writer.fold();
        assert!(fs::metadata(&path).unwrap().len() > file, "it is in the file now");
        for _ in 0..times / 2 {
            let work = scene.goes_on(thread, false);
            scene.settle(vec![work]);
        }
        assert_eq!(scene.wal(), long, "and the log began anew");
    }
}

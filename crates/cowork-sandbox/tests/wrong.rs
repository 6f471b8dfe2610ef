//! Sandboxes that are wrong, each in one way, and the story of the suite that catches it. They are the local one with
//! something in between.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

use std::{fs, path::PathBuf, sync::Arc};

use cowork_core::{
    Access, Arrivals, CallId, Change, ChangeSet, Changed, Content, Entry, FilePath, Files, Finding, Folder, Keep, Kind,
    Piece, Reclaimed, Result, Sandbox, Session, SessionSpec, Sight, Stamp, TaskId, UndoMode, UndoReport, UndoSpec,
    Visitor, Walked, Watch, async_trait,
};
use cowork_sandbox::{LocalSandbox, LocalSandboxOptions};
use cowork_testkit::{
    MemorySession,
    sandbox::{Bench, a_call, stories},
};

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    Nothing,
    /// Reads by path, wherever that leads.
    FollowsLinks,
    /// Writes without a journal.
    NeverJournals,
    /// Gives back when it should only say what it would do.
    ShowActs,
    /// Does not say what it kept.
    KeepsInSilence,
    /// Changes what may only be read.
    IgnoresGrants,
    /// Lets everybody in at once.
    NeverBusy,
    /// Does not know a call again.
    ForgetsCalls,
    ForgetsSights,
    /// Makes changes after it was told to stop.
    NeverStops,
    /// Turns the order of changes round.
    AnyOrder,
    /// Gives every content the same stamp.
    OneStamp,
    /// Gives all of it where a part was asked for.
    PartsAreWhole,
}

struct Wrong {
    inner: LocalSandbox,
    flaw: Flaw,
}

struct WrongSession {
    inner: Arc<dyn Session>,
    flaw: Flaw,
}

struct WrongFiles {
    inner: Arc<dyn Files>,
    folders: Vec<Folder>,
    flaw: Flaw,
}

#[async_trait]
impl Sandbox for Wrong {
    async fn open(&self, mut spec: SessionSpec) -> Result<Arc<dyn Session>> {
        if self.flaw == Flaw::IgnoresGrants {
            spec.folders.iter_mut().for_each(|f| f.access = Access::Write);
        }
        let folders = spec.folders.clone();
        let inner = match self.inner.open(spec).await {
            Err(error) if error.kind == Kind::Busy && self.flaw == Flaw::NeverBusy => {
                MemorySession::granting(folders, &[])
            }
            opened => opened?,
        };
        Ok(Arc::new(WrongSession { inner, flaw: self.flaw }))
    }

    async fn undo(&self, task: TaskId, mut spec: UndoSpec) -> Result<UndoReport> {
        if self.flaw == Flaw::ShowActs {
            spec.mode = UndoMode::Act;
        }
        let mut report = self.inner.undo(task, spec).await?;
        if self.flaw == Flaw::KeepsInSilence {
            report.kept.clear();
        }
        Ok(report)
    }

    async fn changes(&self, task: TaskId) -> Result<ChangeSet> {
        self.inner.changes(task).await
    }

    async fn reclaim(&self, keep: Keep) -> Result<Reclaimed> {
        self.inner.reclaim(keep).await
    }

    async fn check(&self, limit: u64) -> Vec<Finding> {
        self.inner.check(limit).await
    }
}

impl Session for WrongSession {
    fn folders(&self) -> &[Folder] {
        self.inner.folders()
    }

    fn files(&self, call: CallId) -> Arc<dyn Files> {
        let call = if self.flaw == Flaw::ForgetsCalls { a_call() } else { call };
        let folders = self.inner.folders().to_vec();
        Arc::new(WrongFiles { inner: self.inner.files(call), folders, flaw: self.flaw })
    }

    fn seen(&self, call: CallId) -> Vec<Sight> {
        self.inner.seen(call)
    }

    fn recall(&self, seen: Vec<Sight>) {
        if self.flaw != Flaw::ForgetsSights {
            self.inner.recall(seen);
        }
    }

    fn part(&self, folders: &[Folder]) -> Result<Arc<dyn Session>> {
        let wanted = if self.flaw == Flaw::PartsAreWhole { self.inner.folders() } else { folders };
        Ok(Arc::new(Self { inner: self.inner.part(wanted)?, flaw: self.flaw }))
    }
}

impl WrongFiles {
    fn at(&self, path: &FilePath) -> PathBuf {
        let folder = self.folders.iter().find(|f| f.name == path.root()).unwrap();
        PathBuf::from(&folder.at).join(path.as_str().strip_prefix(path.root()).unwrap().trim_start_matches('/'))
    }
}

#[async_trait]
impl Files for WrongFiles {
    async fn list(&self, folder: FilePath, most: usize) -> Result<Vec<Entry>> {
        self.inner.list(folder, most).await
    }

    async fn stat(&self, path: FilePath) -> Result<Entry> {
        self.inner.stat(path).await
    }

    async fn read(&self, path: FilePath, offset: u64, most: usize) -> Result<Piece> {
        if self.flaw == Flaw::FollowsLinks
            && let Ok(bytes) = fs::read(self.at(&path))
        {
            return Ok(Piece { size: bytes.len() as u64, bytes, stamp: Stamp::default() });
        }
        let mut piece = self.inner.read(path, offset, most).await?;
        if self.flaw == Flaw::OneStamp {
            piece.stamp = Stamp("the same".into());
        }
        Ok(piece)
    }

    async fn walk(&self, from: Vec<FilePath>, visitor: Arc<dyn Visitor>, watch: Watch) -> Result<Walked> {
        self.inner.walk(from, visitor, watch).await
    }

    async fn watch(&self, folder: FilePath) -> Result<Box<dyn Arrivals>> {
        self.inner.watch(folder).await
    }

    async fn change(&self, mut changes: Vec<Change>, watch: Watch) -> Result<Changed> {
        match self.flaw {
            Flaw::NeverJournals => changes.retain(|change| {
                let Change::Write(write) = change else { return true };
                let Content::Bytes(bytes) = &write.content else { return true };
                fs::write(self.at(&write.path), bytes).is_err()
            }),
            Flaw::AnyOrder => changes.reverse(),
            Flaw::NeverStops => return self.inner.change(changes, Watch::nothing()).await,
            _ => {}
        }
        self.inner.change(changes, watch).await
    }
}

fn with(flaw: Flaw) -> Bench {
    let (folders, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder = folders.path().join("granted");
    fs::create_dir(&folder).unwrap();
    let options = LocalSandboxOptions { data: data.path().join("data"), ..LocalSandboxOptions::default() };
    let sandbox = Arc::new(Wrong { inner: LocalSandbox::open(options), flaw });
    Bench { sandbox, folder, keep: Box::new((folders, data)) }
}

/// One test for each flaw: the story that catches it, which passes without the flaw.
macro_rules! caught {
    ($($name:ident: $flaw:ident by $story:ident;)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
            #[should_panic]
            async fn $name() {
                stories::$story(with(Flaw::$flaw)).await;
            }
        )+

        #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
        async fn without_a_flaw_the_same_stories_pass() {
            $(stories::$story(with(Flaw::Nothing)).await;)+
        }
    };
}

caught! {
    one_that_follows_links_is_caught: FollowsLinks by links_are_listed_and_never_followed;
    one_that_never_journals_is_caught: NeverJournals by every_kind_of_change_is_given_back;
    one_that_acts_when_it_should_show_is_caught: ShowActs by showing_an_undo_says_the_same_and_does_nothing;
    one_that_keeps_in_silence_is_caught: KeepsInSilence by what_a_person_changed_since_is_kept_and_named;
    one_that_changes_what_may_only_be_read_is_caught: IgnoresGrants by a_folder_granted_for_reading_is_not_changed;
    one_that_lets_everybody_in_is_caught: NeverBusy by a_folder_is_changed_by_one_task_at_a_time;
    one_that_forgets_its_calls_is_caught: ForgetsCalls by a_call_that_runs_again_makes_nothing_twice;
    one_that_never_stops_is_caught: NeverStops by a_cancelled_call_stops_between_two_changes;
    one_that_changes_in_any_order_is_caught: AnyOrder by changes_are_made_in_order;
    one_that_forgets_what_was_seen_is_caught: ForgetsSights by what_was_seen_is_known_in_the_next_session;
    one_whose_parts_are_the_whole_is_caught: PartsAreWhole by a_part_of_a_session_sees_less_and_never_more;
    one_whose_stamps_are_all_the_same_is_caught: OneStamp by a_stamp_changes_when_content_does;
}

//! The suites over the store in memory, and a store that they catch.

use std::sync::Arc;

use cowork_core::MemoryStore;
use cowork_testkit::TestRuntime;

mod store {
    use super::{Arc, MemoryStore, TestRuntime};
    use cowork_testkit::store::Subject;

    async fn make(runtime: Arc<TestRuntime>) -> Subject {
        Subject::new(Arc::new(MemoryStore::new(runtime)))
    }
    cowork_testkit::store::suite!(make);
}

mod blobs {
    use super::{Arc, MemoryStore, TestRuntime};
    use cowork_testkit::blobs::Subject;

    async fn make() -> Subject {
        Subject::new(Arc::new(MemoryStore::new(TestRuntime::new())))
    }
    cowork_testkit::blobs::suite!(make);
}

/// A store that looks at no precondition, reads from the start, and keeps every blob under one hash.
mod wrong {
    use super::{Arc, MemoryStore, TestRuntime};
    use async_trait::async_trait;
    use cowork_core::{Batch, Blobs, Finding, Hash, Lease, LeaseAsk, Read, Record, Result, Store, StoreChange, TaskId};
    use cowork_testkit::{blobs, store, tell};
    use tokio::sync::broadcast;

    struct Wrong(MemoryStore);

    #[async_trait]
    impl Store for Wrong {
        async fn commit(&self, batch: Batch) -> Result<Arc<[Record]>> {
            self.0.commit(Batch { expect: Vec::new(), ..batch }).await
        }

        async fn read(&self, read: Read) -> Result<Vec<Record>> {
            self.0.read(Read { after: 0, ..read }).await
        }

        async fn scan(&self, prefix: String, after: Option<String>, most: usize) -> Result<Vec<(String, Vec<u8>)>> {
            self.0.scan(prefix, after, most).await
        }

        async fn lease(&self, task: TaskId, ask: LeaseAsk) -> Result<Option<Lease>> {
            self.0.lease(task, ask).await
        }

        fn watch(&self) -> broadcast::Receiver<StoreChange> {
            self.0.watch()
        }

        async fn check(&self) -> Vec<Finding> {
            self.0.check().await
        }
    }

    #[async_trait]
    impl Blobs for Wrong {
        async fn put(&self, bytes: Vec<u8>) -> Result<Hash> {
            self.0.put(bytes).await.map(|_| Hash::of(b"one for all"))
        }

        async fn get(&self, hash: Hash) -> Result<Vec<u8>> {
            self.0.get(hash).await
        }
    }

    async fn make(runtime: Arc<TestRuntime>) -> store::Subject {
        store::Subject::new(Arc::new(Wrong(MemoryStore::new(runtime))))
    }

    #[test]
    #[should_panic(expected = "left == right")]
    fn a_store_that_reads_from_the_start_is_caught() {
        store::run(make, store::cases::reads_begin_after_a_seq_and_end_at_most);
    }

    #[test]
    #[should_panic(expected = "called `Result::unwrap_err()` on an `Ok` value")]
    fn a_store_that_heeds_no_fence_is_caught() {
        store::run(make, store::cases::a_stale_fence_is_refused);
    }

    #[test]
    #[should_panic(expected = "left == right")]
    fn blobs_under_another_hash_are_caught() {
        let make = async || blobs::Subject::new(Arc::new(Wrong(MemoryStore::new(TestRuntime::new()))));
        tell(make, blobs::cases::what_went_in_comes_back);
    }
}

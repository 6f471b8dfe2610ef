//! The suites over the store in memory.

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

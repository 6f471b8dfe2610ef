//! The suite of runtimes over the one on tokio.

use std::sync::Arc;

use cowork::TokioRuntime;
use cowork_testkit::runtime::Subject;

async fn tokio_runtime() -> Subject {
    Subject::new(Arc::new(TokioRuntime::new(tokio::runtime::Handle::current())))
}
cowork_testkit::runtime::suite!(tokio_runtime);

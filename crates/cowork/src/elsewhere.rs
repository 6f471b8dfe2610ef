//! Tools that work on another runtime than the engine's.

use std::{panic, sync::Arc};

use cowork_core::{Effects, Error, Kind, Result, TaskId, Tool, ToolContext, ToolOutput, ToolSpec, async_trait};
use serde_json::Value;
use tokio::{runtime::Handle, task::JoinHandle};

/// A tool that works there, however long it computes between two waits.
pub(crate) struct Elsewhere {
    tool: Arc<dyn Tool>,
    there: Handle,
}

impl Elsewhere {
    pub(crate) fn new(tool: Arc<dyn Tool>, there: Handle) -> Self {
        Self { tool, there }
    }

    /// Has work done there. To drop it ends the work at its next wait.
    async fn done(&self, work: impl Future<Output = Result<ToolOutput>> + Send + 'static) -> Result<ToolOutput> {
        let mut working = Working(self.there.spawn(work));
        (&mut working.0).await.unwrap_or_else(|lost| match lost.try_into_panic() {
            Ok(panicked) => panic::resume_unwind(panicked),
            Err(lost) => {
                Err(Error::new(Kind::Cancelled, "run tool", "the runtime of the tools was stopped").with_source(lost))
            }
        })
    }
}

struct Working(JoinHandle<Result<ToolOutput>>);

impl Drop for Working {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[async_trait]
impl Tool for Elsewhere {
    fn spec(&self) -> &ToolSpec {
        self.tool.spec()
    }

    fn effects(&self, args: &Value) -> Result<Effects> {
        self.tool.effects(args)
    }

    async fn run(&self, args: Value, ctx: ToolContext) -> Result<ToolOutput> {
        let tool = self.tool.clone();
        self.done(async move { tool.run(args, ctx).await }).await
    }

    fn holds_back(&self) -> bool {
        self.tool.holds_back()
    }

    async fn held(&self, args: &Value, ctx: &ToolContext, output: &ToolOutput) -> Result<Option<Effects>> {
        self.tool.held(args, ctx, output).await
    }

    async fn release(&self, args: Value, ctx: ToolContext, output: ToolOutput) -> Result<ToolOutput> {
        let tool = self.tool.clone();
        self.done(async move { tool.release(args, ctx, output).await }).await
    }

    fn let_go(&self, task: TaskId) {
        self.tool.let_go(task);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

    use std::thread;

    use cowork_testkit::{TestRuntime, tool::context};
    use futures_util::FutureExt;
    use serde_json::json;
    use tokio::{runtime, sync::mpsc};

    use super::*;

    /// Says where it works; waits for ever, or panics, where it is told so.
    struct Where(ToolSpec, mpsc::UnboundedSender<&'static str>);

    struct Gone(mpsc::UnboundedSender<&'static str>);

    impl Drop for Gone {
        fn drop(&mut self) {
            _ = self.0.send("gone");
        }
    }

    #[async_trait]
    impl Tool for Where {
        fn spec(&self) -> &ToolSpec {
            &self.0
        }

        fn effects(&self, _: &Value) -> Result<Effects> {
            Ok(Effects::none())
        }

        async fn run(&self, args: Value, _: ToolContext) -> Result<ToolOutput> {
            let _gone = Gone(self.1.clone());
            _ = self.1.send("here");
            match args.as_str() {
                Some("wait") => std::future::pending().await,
                Some("panic") => panic!("planned"),
                _ => Ok(ToolOutput { value: json!(thread::current().name()), ..ToolOutput::default() }),
            }
        }
    }

    #[test]
    fn work_is_done_there_ends_when_it_is_dropped_and_panics_as_it_would_here() {
        let there = runtime::Builder::new_multi_thread().worker_threads(1).thread_name("there").build().unwrap();
        let (said, mut says) = mpsc::unbounded_channel();
        let spec = ToolSpec {
            name: "where".into(),
            about: "Says where it works.".into(),
            schema: json!({ "type": "object" }),
        };
        let tool = Elsewhere::new(Arc::new(Where(spec, said)), there.handle().clone());
        let run = |how: &str| tool.run(json!(how), context(None, TestRuntime::new()));
        let story = async {
            assert_eq!(run("work").await.unwrap().value, "there");
            assert_eq!((says.recv().await, says.recv().await), (Some("here"), Some("gone")));
            let mut waits = run("wait");
            assert!((&mut waits).now_or_never().is_none());
            assert_eq!(says.recv().await, Some("here"));
            drop(waits);
            assert_eq!(says.recv().await, Some("gone"));
            let panicked = panic::AssertUnwindSafe(run("panic")).catch_unwind().await.unwrap_err();
            assert_eq!(panicked.downcast_ref::<&str>(), Some(&"planned"));
        };
        runtime::Builder::new_current_thread().build().unwrap().block_on(story);
    }
}

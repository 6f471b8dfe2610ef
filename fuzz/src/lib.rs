//! The built-in tools on files in memory, as a target gives them theirs.

#![cfg(feature = "tools")]

use std::sync::{Arc, LazyLock};

use cowork_core::{Registry, Result, Timestamp, ToolOutput};
use cowork_testkit::{MemorySession, TestRuntime, tool::context};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// Every built-in tool.
pub static TOOLS: LazyLock<Registry> = LazyLock::new(|| {
    let mut tools = Registry::new();
    cowork_tools::builtin().into_iter().for_each(|tool| tools.add(tool).expect("each has its own name"));
    tools
});

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime"));

/// Calls a tool as the engine does: what doesn't fit is refused before it runs.
pub fn call(files: &Arc<MemorySession>, tool: &str, args: Value) -> Result<ToolOutput> {
    TOOLS.effects(tool, &args)?;
    let runtime = TestRuntime::new();
    runtime.set(Timestamp::from_millis(1_774_008_000_123));
    RUNTIME.block_on(TOOLS.get(tool)?.run(args, context(Some(files.clone()), runtime)))
}

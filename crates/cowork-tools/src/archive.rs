use std::sync::Arc;
use cowork_core::Tool;
pub(crate) fn tools() -> Vec<Arc<dyn Tool>> { Vec::new() }

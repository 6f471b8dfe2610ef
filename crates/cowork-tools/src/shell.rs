//! Command lines of a shell.

mod output;
pub(crate) mod simple;

//! Command lines of a shell.

pub(crate) mod simple;

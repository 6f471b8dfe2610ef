//! The cowork command.
fn main() {}

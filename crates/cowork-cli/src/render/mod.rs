//! From records to lines, without touching anything: `(record or delta) → screen → lines`.

pub(crate) mod ask;
pub(crate) mod asked;
pub(crate) mod briefed;
pub(crate) mod found;
pub(crate) mod frame;
pub(crate) mod left;
pub(crate) mod line;
pub(crate) mod outcome;
pub(crate) mod pace;
pub(crate) mod pager;
pub(crate) mod painter;
pub(crate) mod parts;
pub(crate) mod plain;
pub(crate) mod plan;
pub(crate) mod records;
pub(crate) mod renames;
pub(crate) mod screen;
pub(crate) mod spoken;
pub(crate) mod text;
pub(crate) mod tree;
pub(crate) mod understood;
pub(crate) mod undone;
pub(crate) mod whole;

#[cfg(test)]
mod tests;

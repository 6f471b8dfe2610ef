//! Deterministic tasks as small Python-subset programs, paused at each tool call.
//!
//! A playbook is one file: a header in comments, then a program in which the tools are functions. [`PlaybookPlanner`] runs
//! it with the `monty` interpreter, proposes each call it makes, and goes on with the outcome. `docs/playbooks.md` says how
//! to write one; [`check`] says whether one is in order.

mod cache;
mod calls;
mod check;
mod check_calls;
mod check_header;
mod check_program;
mod check_schema;
mod check_syntax;
mod fault;
mod fit;
mod fit_clauses;
mod fit_doubts;
mod fit_limits;
mod fit_params;
mod folder;
mod header;
mod host;
mod library;
mod limits;
mod machine;
mod matcher;
mod memory;
mod phrases;
mod pinned;
mod planner;
mod sentence;
mod sentence_asks;
mod sentence_words;
mod slots;
mod slots_number;
mod terms;
mod trial;
mod values;
mod vocabulary;

pub use check::{Problem, check};
pub use folder::{OwnPlaybook, PlaybookFolder};
pub use header::{Header, Needs, Param, ParamKind, Unit, Words};
pub use library::Playbook;
pub use limits::Limits;
pub use matcher::{Chosen, Match};
pub use pinned::{Called, INTERPRETER};
pub use planner::PlaybookPlanner;
pub use trial::{Content, Full, Ran, TEST_FOLDER, Test};

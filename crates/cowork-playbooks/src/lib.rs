//! Deterministic tasks as small Python-subset programs, paused at each tool call.
//!
//! A playbook is one file: a header in comments, then a program in which the tools are functions. [`PlaybookPlanner`] runs
//! it with the `monty` interpreter, proposes each call it makes, and goes on with the outcome. `docs/playbooks.md` says how
//! to write one; [`check`] says whether one is in order, and [`from_task`] writes one out of a finished run.

mod cache;
mod calls;
mod check;
mod check_calls;
mod check_header;
mod check_program;
mod check_schema;
mod check_syntax;
mod dialogue;
mod fault;
mod fit;
mod fit_clauses;
mod fit_doubts;
mod fit_limits;
mod fit_params;
mod folder;
mod frames;
#[doc(hidden)]
pub mod fuzzed;
mod header;
mod host;
mod interpreter;
mod library;
mod lift;
mod lift_atoms;
mod lift_batch;
mod lift_build;
mod lift_head;
mod lift_proof;
mod lift_quote;
mod lift_rules;
mod lift_template;
mod lift_text;
mod limits;
mod machine;
mod matcher;
mod memory;
mod phrases;
mod pinned;
mod planner;
mod script;
mod sentence;
mod sentence_asks;
mod sentence_words;
mod slots;
mod slots_number;
mod terms;
mod trial;
mod values;
mod vocabulary;
pub mod worker;

pub use check::{Problem, check};
pub use folder::{OwnPlaybook, PlaybookFolder};
pub use header::{Header, Needs, Param, ParamKind, Unit, Words};
pub use interpreter::{Apart, Halt, InProcess, Interpreter, Pause, Program, Running};
pub use library::Playbook;
pub use lift::{Written, from_task};
pub use limits::Limits;
pub use matcher::{Chosen, Match};
pub use pinned::{Called, INTERPRETER};
pub use planner::PlaybookPlanner;
pub use script::script;
pub use trial::{Content, Full, Ran, TEST_FOLDER, Test};

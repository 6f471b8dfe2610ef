//! The suite of tools over those for tests, and tools that it catches.

#![allow(clippy::unwrap_used, reason = "a story that goes wrong ends")]

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use async_trait::async_trait;
use cowork_core::{
    Change, Effects, Error, FilePath, Kind, Known, Label, Recovery, Result, Tool, ToolContext, ToolOutput, ToolSpec,
    Write,
};
use cowork_testkit::{
    MemorySession, Node, NoopTool, ProbeTool, tell,
    tool::{Hard, Subject, cases},
};
use serde_json::{Value, json};

fn subject(tool: Arc<dyn Tool>) -> Subject {
    let files = [("Desk/a", Node::File(b"a".to_vec())), ("Desk/b", Node::File(b"b".to_vec()))];
    Subject {
        tool,
        good: json!({ "n": 1 }),
        bad: vec![json!([])],
        session: Some(MemorySession::new(&files)),
        hard: Hard {
            huge: vec![json!({ "times": 1_000_000 })],
            errors: vec![(json!({ "read": "Desk/gone" }), Kind::NotFound)],
            many: Some((json!({ "times": 10_000 }), MemorySession::new(&files))),
        },
        keep: Box::new(()),
    }
}

mod noop {
    use super::{Hard, NoopTool, Subject, subject};

    async fn make() -> Subject {
        Subject { hard: Hard::default(), ..subject(NoopTool::new()) }
    }
    cowork_testkit::tool::suite!(make);
}

mod probe {
    use super::{Effects, Hard, ProbeTool, Recovery, Subject, subject};

    async fn make() -> Subject {
        let tool = ProbeTool::new("work", Effects { recovery: Recovery::Unknown, ..Effects::none() });
        Subject { hard: Hard::default(), ..subject(tool) }
    }
    cowork_testkit::tool::suite!(make);
}

/// A tool that is wrong in the way that its fields say.
struct Wrong {
    spec: ToolSpec,
    effects: fn(u64) -> Result<Effects>,
    asked: AtomicU64,
    label: Label,
    /// Whether it reads a file that it did not name.
    reads_more: bool,
    /// Whether it changes what it said it only reads.
    changes: bool,
    /// Whether it works without a session as well.
    elsewhere: bool,
    /// Whether it stays locked when it is dropped in the middle.
    sticks: bool,
    stuck: AtomicBool,
    /// Whether it breaks when it is cancelled on its way.
    startled: bool,
    /// Whether it says all that it has to say, however much that is.
    wordy: bool,
    /// Whether it takes whatever went wrong for nothing.
    careless: bool,
    /// Whether it says what to do about an error.
    helpless: bool,
}

impl Wrong {
    fn new() -> Self {
        let schema = json!({ "type": "object" });
        Self {
            spec: ToolSpec { name: "wrong".into(), about: "Reads Desk/a.".into(), schema },
            effects: |_| Ok(Effects::reads([path("Desk/a")])),
            asked: AtomicU64::new(0),
            label: Label::file("Desk/a"),
            reads_more: false,
            changes: false,
            elsewhere: false,
            sticks: false,
            stuck: AtomicBool::new(false),
            startled: false,
            wordy: false,
            careless: false,
            helpless: false,
        }
    }
}

fn path(text: &str) -> FilePath {
    FilePath::parse(text).unwrap()
}

#[async_trait]
impl Tool for Wrong {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn effects(&self, _: &Value) -> Result<Effects> {
        (self.effects)(self.asked.fetch_add(1, Ordering::SeqCst))
    }

    async fn run(&self, args: Value, ctx: ToolContext) -> Result<ToolOutput> {
        if self.stuck.swap(self.sticks, Ordering::SeqCst) {
            return Err(Error::new(Kind::Busy, "work", "it is stuck"));
        }
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        self.stuck.store(false, Ordering::SeqCst);
        if ctx.watch.cancel.is_cancelled() && self.elsewhere {
            return Err(Error::new(Kind::Internal, "work", "it was disturbed"));
        }
        let files = match ctx.files() {
            Err(_) if self.elsewhere => return Ok(ToolOutput::default()),
            files => files?,
        };
        let other = args.get("read").and_then(Value::as_str).map(path);
        let wanted = other.unwrap_or_else(|| path(if self.reads_more { "Desk/b" } else { "Desk/a" }));
        match files.read(wanted, 0, 9).await {
            Err(error) if !self.careless && !self.helpless => return Err(error.with_fix("look where it went")),
            Err(error) if !self.careless => return Err(Error::new(error.kind, "work", error.message)),
            _ => {}
        }
        if ctx.watch.cancel.is_cancelled() && self.startled {
            return Err(Error::new(Kind::Internal, "work", "it was disturbed"));
        }
        let times = args.get("times").and_then(Value::as_u64).unwrap_or(1);
        let said = if self.wordy { times } else { times.min(100) };
        let value = json!("a line of it\n".repeat(usize::try_from(said).unwrap()));
        if self.changes {
            let change = Change::Write(Write::new(path("Desk/a"), Vec::new()).replacing(Known::Nothing));
            files.change(vec![change], ctx.watch.clone()).await?;
        }
        Ok(ToolOutput { value, note: String::new(), label: self.label.clone() })
    }
}

mod honest {
    use super::{Arc, Subject, Wrong, subject};

    /// As it is made, nothing is wrong with it: so what is caught below is what each test changes.
    async fn make() -> Subject {
        subject(Arc::new(Wrong::new()))
    }
    cowork_testkit::tool::suite!(make);
}

async fn wrong(change: impl FnOnce(&mut Wrong)) -> Subject {
    let mut tool = Wrong::new();
    change(&mut tool);
    subject(Arc::new(tool))
}

#[test]
#[should_panic(expected = "the registry takes it")]
fn a_tool_without_a_proper_name_is_caught() {
    tell(|| wrong(|t| t.spec.name = "Wrong Tool".into()), cases::it_describes_itself);
}

#[test]
#[should_panic(expected = "bad arguments are refused")]
fn a_tool_that_takes_anything_is_caught() {
    tell(|| wrong(|t| t.spec.schema = json!({})), cases::bad_arguments_are_refused_before_anything_runs);
}

#[test]
#[should_panic(expected = "effects go by the arguments alone")]
fn effects_that_change_are_caught() {
    let moody = |n| Ok(if n == 0 { Effects::none() } else { Effects::reads([path("Desk/a")]) });
    tell(|| wrong(|t| t.effects = moody), cases::effects_go_by_the_arguments_alone);
}

#[test]
#[should_panic(expected = "which its effects do not name")]
fn a_tool_that_reads_what_it_did_not_name_is_caught() {
    tell(|| wrong(|t| t.reads_more = true), cases::it_touches_no_more_than_its_effects_name);
}

#[test]
#[should_panic(expected = "touched `Desk/a` (Write)")]
fn a_tool_that_changes_what_it_said_it_reads_is_caught() {
    tell(|| wrong(|t| t.changes = true), cases::it_touches_no_more_than_its_effects_name);
}

#[test]
#[should_panic(expected = "through the session only")]
fn a_tool_that_finds_another_way_to_files_is_caught() {
    tell(|| wrong(|t| t.elsewhere = true), cases::files_are_reached_through_the_session_only);
}

#[test]
#[should_panic(expected = "not passed off as trusted")]
fn a_tool_that_vouches_for_a_file_is_caught() {
    tell(|| wrong(|t| t.label = Label::trusted()), cases::what_it_read_is_not_passed_off_as_trusted);
}

#[test]
#[should_panic(expected = "a cancelled call is `Cancelled`")]
fn a_tool_that_breaks_when_it_is_cancelled_is_caught() {
    tell(|| wrong(|t| t.elsewhere = true), cases::a_cancelled_call_ends_soon);
}

#[test]
#[should_panic(expected = "a dropped call is harmless")]
fn a_tool_that_sticks_when_it_is_dropped_is_caught() {
    tell(|| wrong(|t| t.sticks = true), cases::a_dropped_call_is_harmless);
}

#[test]
#[should_panic(expected = "a call that is cancelled on its way is `Cancelled`")]
fn a_tool_that_is_startled_when_it_is_cancelled_on_its_way_is_caught() {
    tell(|| wrong(|t| t.startled = true), cases::a_call_that_is_cancelled_on_its_way_ends_soon_and_harms_nothing);
}

#[test]
#[should_panic(expected = "bytes to what asked for too much")]
fn a_tool_that_gives_whatever_is_asked_for_is_caught() {
    tell(|| wrong(|t| t.wordy = true), cases::what_asks_for_too_much_is_refused_or_answered_in_bounds);
}

#[test]
#[should_panic(expected = "bytes about many files")]
fn a_tool_that_names_every_file_is_caught() {
    tell(|| wrong(|t| t.wordy = true), cases::a_call_over_many_files_answers_in_few_words);
}

#[test]
#[should_panic(expected = "what can't work is an error")]
fn a_tool_that_takes_a_missing_file_for_nothing_is_caught() {
    tell(|| wrong(|t| t.careless = true), cases::what_can_t_work_says_why_and_what_to_do);
}

#[test]
#[should_panic(expected = "the error does not say what to do")]
fn an_error_that_says_not_what_to_do_is_caught() {
    tell(|| wrong(|t| t.helpless = true), cases::what_can_t_work_says_why_and_what_to_do);
}

//! Tools that are async functions: what their calls do is declared or worked out, and they keep what every tool promises.

#![allow(clippy::unwrap_used, reason = "a story that goes wrong ends")]

use std::{collections::HashMap, sync::Arc};

use cowork_core::{
    Access, ArgumentRole, Effects, Error, FilePath, Kind, Label, Lock, Recovery, Registry, Result, Tool, ToolContext,
    ToolDeclaration, ToolFn, ToolOutput, tool_fn,
};
use cowork_testkit::{
    MemorySession, Node, TestRuntime, block_on,
    tool::{Hard, Subject, context},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Deserialize, JsonSchema)]
struct One {
    /// The text file.
    path: String,
    #[serde(default)]
    note: Option<String>,
}

async fn first_line(args: One, ctx: ToolContext) -> Result<ToolOutput> {
    let path = FilePath::parse(&args.path)?;
    let label = Label::file(path.as_str());
    let piece = ctx.files()?.read(path, 0, 1 << 10).await.map_err(|e| e.with_fix("look where it went"))?;
    let line = String::from_utf8_lossy(&piece.bytes).lines().next().unwrap_or_default().to_owned();
    Ok(ToolOutput { value: json!(line), note: "1 line".into(), label })
}

fn reads() -> ToolFn<One> {
    tool_fn("first_line", "Reads the first line of a file.", first_line).read_only().role("path", ArgumentRole::Reads)
}

fn subject(tool: Arc<dyn Tool>) -> Subject {
    Subject {
        tool,
        good: json!({ "path": "Desk/a" }),
        bad: vec![json!({}), json!({ "path": 1 }), json!({ "path": "Desk/a", "more": 1 }), json!({ "path": "../a" })],
        session: Some(MemorySession::new(&[("Desk/a", Node::File(b"one\ntwo\n".to_vec()))])),
        hard: Hard {
            errors: vec![(json!({ "path": "Desk/gone" }), Kind::NotFound)],
            huge: vec![json!({ "path": "Desk/a", "note": "x".repeat(1 << 20) })],
            many: None,
        },
        keep: Box::new(()),
    }
}

mod declared {
    use super::{Subject, reads, subject};

    async fn make() -> Subject {
        subject(reads().build().unwrap())
    }
    cowork_testkit::tool::suite!(make);
}

mod worked_out {
    use super::{Effects, FilePath, One, Subject, first_line, subject, tool_fn};

    async fn make() -> Subject {
        let tool = tool_fn("first_line", "Reads the first line of a file.", first_line)
            .effects(|args: &One| Ok(Effects::reads([FilePath::parse(&args.path)?])));
        subject(tool.build().unwrap())
    }
    cowork_testkit::tool::suite!(make);
}

mod raw {
    use super::{ArgumentRole, Subject, ToolDeclaration, first_line, reads, subject};

    async fn make() -> Subject {
        let schema = reads().build().unwrap().spec().schema.clone();
        let mut declaration = ToolDeclaration::new("first_line", "Reads the first line of a file.", schema);
        declaration.effects = cowork_core::DeclaredEffects::ReadOnly;
        declaration.roles.insert("path".into(), ArgumentRole::Reads);
        let tool =
            declaration.tool(|args, ctx| async move { first_line(serde_json::from_value(args).unwrap(), ctx).await });
        subject(tool.unwrap())
    }
    cowork_testkit::tool::suite!(make);
}

/// Makes a tool that gives its note, as it was declared here.
fn notes(declare: impl FnOnce(ToolFn<One>) -> ToolFn<One>) -> Result<Arc<dyn Tool>> {
    declare(tool_fn("note", "Notes it.", |args: One, _| async move { Ok(args.note) })).build()
}

#[test]
fn a_schema_that_only_names_an_object_is_that_of_an_object() {
    let made = |schema: Value| {
        let tool = ToolDeclaration::new("it", "x", schema).tool(|_, _| async { Ok(ToolOutput::default()) });
        tool.map(|tool| tool.spec().schema.clone())
    };
    let place = json!({ "type": "object", "properties": { "in": { "$ref": "#/$defs/Place" } } });
    let schema = made(json!({ "$ref": "#/$defs/Place", "$defs": { "Place": place } })).unwrap();
    assert_eq!(schema, json!({ "type": "object", "properties": place["properties"], "$defs": { "Place": place } }));
    let one_of = made(json!({ "oneOf": [{ "type": "object" }, { "type": "object" }] })).unwrap_err();
    assert!(one_of.fix().unwrap().contains("with what it is one of as a property"), "{one_of:?}");
    assert!(made(json!({ "$ref": "#/$defs/Nothing" })).is_err());
}

fn effects(tool: Arc<dyn Tool>, args: &Value) -> Result<Effects> {
    let mut tools = Registry::new();
    let name = tool.spec().name.clone();
    tools.add(tool)?;
    tools.effects(&name, args)
}

#[test]
fn what_is_not_declared_is_the_worst() {
    let args = json!({ "path": "Desk/a" });
    let of = |declare: fn(ToolFn<One>) -> ToolFn<One>| effects(notes(declare).unwrap(), &args).unwrap();
    let nothing = of(|tool| tool);
    assert_eq!((nothing.complete, nothing.undoable, nothing.recovery), (false, false, Recovery::Unknown));
    let looks = of(ToolFn::read_only);
    assert_eq!((looks.complete, looks.is_change(), looks.recovery), (true, false, Recovery::ReadOnly));
    for (changes, recovery) in
        [(of(ToolFn::changes), Recovery::Unknown), (of(ToolFn::idempotent), Recovery::Idempotent)]
    {
        assert_eq!((changes.complete, changes.undoable, changes.recovery), (true, false, recovery));
    }
    assert_eq!(looks.preview.title, "use `note`");
}

#[test]
fn a_person_is_shown_arguments_where_the_title_names_them_and_nowhere_else() {
    let shown = |args: Value| {
        let tool = notes(|tool| tool.changes().title("write {note} to {path} {or} {")).unwrap();
        effects(tool, &args).unwrap().preview.title
    };
    assert_eq!(shown(json!({ "path": "Desk/a", "note": "a\nb" })), "write a b to Desk/a {or} {");
    assert_eq!(shown(json!({ "path": "Desk/a", "note": "{path}" })), "write {path} to Desk/a {or} {");
    assert_eq!(shown(json!({ "path": "Desk/a", "note": "é".repeat(200) })).chars().filter(|c| *c == 'é').count(), 100);
}

#[test]
fn roles_name_files_and_what_is_used_alone() {
    let tool =
        notes(|tool| tool.changes().role("path", ArgumentRole::Changes).role("note", ArgumentRole::Alone).lock("desk"));
    let found = effects(tool.unwrap(), &json!({ "path": "Desk/a", "note": "pen" })).unwrap();
    assert_eq!((found.files[0].path.as_str(), found.files[0].access), ("Desk/a", Access::Write));
    let lock = |name: &str| Lock { name: name.to_owned(), alone: true };
    assert_eq!(found.locks, [lock("desk"), lock("note/pen")]);
}

#[test]
fn what_does_not_agree_with_itself_is_no_tool() {
    let wrong = |tool: Result<Arc<dyn Tool>>| tool.err().unwrap().message;
    let role = |tool: ToolFn<One>| tool.role("paht", ArgumentRole::Reads);
    assert!(wrong(notes(role)).contains("`paht`, which is none of its arguments"));
    let looks = |tool: ToolFn<One>| tool.read_only().role("path", ArgumentRole::Changes);
    assert!(wrong(notes(looks)).contains("changes nothing, it says"));
    let both = |tool: ToolFn<One>| tool.read_only().effects(|_| Ok(Effects::none()));
    assert!(wrong(notes(both)).contains("and works it out besides"));
    let text = tool_fn("say", "Says it.", |text: String, _| async move { Ok(text) });
    assert!(wrong(text.build()).contains("not that of an object"));
}

#[derive(Deserialize, JsonSchema)]
struct Open {
    #[serde(flatten)]
    all: HashMap<String, u8>,
}

#[test]
fn what_the_type_takes_is_not_refused() {
    let sum =
        tool_fn(
            "sum",
            "Adds.",
            |args: Open, _| async move { Ok(args.all.values().map(|n| u64::from(*n)).sum::<u64>()) },
        );
    assert!(effects(sum.read_only().build().unwrap(), &json!({ "a": 1, "b": 2 })).is_ok());
}

fn run(tool: &Arc<dyn Tool>, ctx: ToolContext) -> Result<ToolOutput> {
    block_on(tool.run(json!({ "path": "Desk/a", "note": "n" }), ctx))
}

#[test]
fn what_it_gives_is_the_value_unless_it_is_the_whole_output() {
    #[derive(Serialize)]
    struct Found {
        lines: u64,
    }
    let given = |tool: Arc<dyn Tool>| run(&tool, context(None, TestRuntime::new()));
    let plain = tool_fn("count", "Counts.", |_: One, _| async move { Ok(Found { lines: 2 }) }).build().unwrap();
    assert_eq!(given(plain).unwrap(), ToolOutput { value: json!({ "lines": 2 }), ..ToolOutput::default() });
    let whole = ToolOutput { value: json!(2), note: "2 lines".into(), label: Label::trusted() };
    let out = whole.clone();
    let full = tool_fn("count", "Counts.", move |_: One, _| std::future::ready(Ok(out.clone()))).build().unwrap();
    assert_eq!(given(full).unwrap(), whole);
    let odd = tool_fn("odd", "Odd.", |_: One, _| async move { Ok(HashMap::from([((1, 2), 3)])) }).build().unwrap();
    let error = given(odd).unwrap_err();
    assert_eq!(error.kind, Kind::InvalidInput);
    assert!(error.message.contains("what the tool `odd` gave can't be written as JSON"), "{error}");
    let fails = tool_fn("fails", "Fails.", |_: One, _| async move {
        Err::<(), _>(Error::new(Kind::Unavailable, "ask", "nobody is there"))
    });
    assert_eq!(given(fails.build().unwrap()).unwrap_err().kind, Kind::Unavailable);
}

#[test]
fn a_call_that_is_cancelled_is_dropped_where_it_stands() {
    let waits = tool_fn("wait", "Waits.", |_: One, _| async move {
        std::future::pending::<()>().await;
        Ok(())
    });
    let ctx = context(None, TestRuntime::new());
    ctx.watch.cancel.cancel();
    let error = run(&waits.build().unwrap(), ctx).unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (Kind::Cancelled, "`wait` was stopped"));
}

//! What the built-in tools cost: a model reads them with every request.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a story that goes wrong ends")]

use std::{
    fs,
    sync::{Arc, Mutex},
};

use cowork::{
    Block, Cowork, Finish, Messages, Mode, ModelAnswer, ModelCall, ModelCard, ModelRequest, Stop, Submit, Task,
    ThreadId,
};
use cowork_testkit::{ScriptedModel, model::Reply};
use serde_json::{Value, json};

/// So many tokens, by estimate, may stand before the conversation: rules, tools, and the lines of those that are deferred.
const MOST: u64 = 5_000;

fn call(tool: &str, args: Value) -> Reply {
    let blocks = vec![Block::Call(ModelCall { id: "one".into(), tool: tool.into(), args: args.into(), fault: None })];
    Reply::Answer(ModelAnswer { blocks, stop: Stop::Calls, ..ModelAnswer::default() })
}

/// Runs a task with a model that answers so; gives what it was asked.
async fn asked(submit: Submit, replies: Vec<Reply>) -> (Task, Vec<ModelRequest>) {
    let data = tempfile::tempdir().unwrap();
    let asked: Arc<Mutex<Vec<ModelRequest>>> = Arc::default();
    let seen = asked.clone();
    let model = ScriptedModel::new(move |request| {
        let mut seen = seen.lock().unwrap();
        seen.push(request.clone());
        replies[(seen.len() - 1).min(replies.len() - 1)].clone()
    });
    let model = model.with_card(ModelCard { window: 200_000, ..ModelCard::local("usual") });
    let cowork = Cowork::builder().data_dir(data.path()).model(Arc::new(model)).build().await.unwrap();
    let planner = json!({ "name": "model" });
    let task = Submit { planner, ..submit };
    let task = cowork.submit(ThreadId::named("main"), "test", task).await.unwrap();
    let task = cowork.settled(task).await.unwrap();
    let asked = asked.lock().unwrap().clone();
    (task, asked)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stands_before_the_conversation_costs_a_model_few_tokens() {
    let (_, asked) = asked(Submit::new("Say hello"), vec![Reply::text("Hello.")]).await;
    let head = ModelRequest { messages: Messages::default(), ..asked[0].clone() };
    let tokens = head.estimate().count;
    let sizes: Vec<String> = head
        .head
        .tools
        .iter()
        .map(|tool| format!("{} {}", tool.name, serde_json::to_string(tool).unwrap().len()))
        .collect();
    assert!(
        tokens <= MOST,
        "{tokens} tokens; {} bytes of rules and lines; {sizes:#?}\n{}",
        head.head.system.len(),
        head.head.system
    );
    let shown = |name: &str| head.head.tools.iter().any(|tool| tool.name == name);
    for often in
        ["list_folder", "find_files", "find_text", "read_file", "write_file", "edit_file", "move_files", "set_aside"]
    {
        assert!(shown(often), "{often} is shown");
    }
    assert!(!shown("combine_tables") && head.head.system.contains("- combine_tables: "), "{}", head.head.system);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_that_is_seldom_needed_is_found_described_in_full_and_called() {
    let desk = tempfile::tempdir().unwrap();
    for name in ["a.txt", "b.txt"] {
        fs::write(desk.path().join(name), "the same in both").unwrap();
    }
    let folder = cowork::folder(desk.path()).unwrap();
    let args = json!({ "folders": [folder.name] });
    let mut submit = Submit::new("Which files are there twice?");
    submit.folders.push(folder);
    submit.mode = Mode::Auto;
    let replies = vec![
        call("find_tools", json!({ "words": "duplicates of equal files" })),
        call("call_tool", json!({ "tool": "find_duplicates", "args": args })),
        Reply::text("Two are the same."),
    ];
    let (task, asked) = asked(submit, replies).await;
    assert!(matches!(&task.result, Some(Finish::Done { .. })), "{:?}", task.result);
    let told = |n: usize| serde_json::to_string(&asked[n].messages.last().unwrap().blocks).unwrap();
    assert!(told(1).contains("find_duplicates") && told(1).contains("description"), "{}", told(1));
    assert!(told(2).contains("a.txt") && told(2).contains("b.txt"), "{}", told(2));
}

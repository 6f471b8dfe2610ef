//! Approval in code: what changes something is shown first, exactly as it would be done.

use std::fs;

use cowork::{
    Answer, Cowork, Finish, Outcome, Proposal, ProposedCall, Submit, ThreadId, View, approver_fn, planner_fn,
};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let approver = approver_fn(|ask| async move {
        println!("It wants to {}", ask.effects.preview.title);
        Some(if ask.call.tool == "write_file" { Answer::Allow } else { Answer::Deny })
    });
    let writer = planner_fn("writer", |view, _| async move { write(&view) });

    let (data, place) = (tempfile::tempdir()?, tempfile::tempdir()?);
    fs::write(place.path().join("old.txt"), "old")?;
    let cowork = Cowork::builder().data_dir(data.path()).planner(writer).approver(approver).build().await?;
    let desk = cowork::folder_named(place.path(), "Desk")?;
    let task = Submit { folders: vec![desk], ..Submit::new("Write a note and clear up") };
    let task = cowork.submit(ThreadId::named("main"), "me", task).await?;
    if let Some(Finish::Done { summary, .. }) = cowork.settled(task).await?.result {
        let names = fs::read_dir(place.path())?.map(|entry| entry.map(|entry| entry.file_name()));
        let mut names = names.collect::<Result<Vec<_>, _>>()?;
        names.sort();
        println!("{summary} {names:?}");
    }
    cowork.stop().await;
    Ok(())
}

fn write(view: &View) -> cowork::Result<Proposal> {
    let Some(turn) = view.task.turns.first() else {
        let write = json!({ "path": "Desk/note.txt", "text": "hello" });
        let clear = json!({ "paths": ["Desk/old.txt"] });
        let calls = [("write_file", write), ("set_aside", clear)];
        let calls = calls.map(|(tool, args)| ProposedCall { tool: tool.to_owned(), args });
        return Ok(Proposal { calls: calls.into(), ..Proposal::default() });
    };
    let mut ends = Vec::new();
    for call in &turn.calls {
        ends.push(match call.outcome()? {
            Some(Outcome::Done { .. }) => "done",
            Some(Outcome::Denied { .. }) => "denied",
            _ => "neither",
        });
    }
    Ok(Proposal::done(format!("One was {}, one was {}.", ends[0], ends[1])))
}

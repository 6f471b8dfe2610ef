//! The suite of planners over the one that follows playbooks.

#![allow(clippy::unwrap_used, reason = "a story that goes wrong ends")]

use std::sync::Arc;

use cowork_core::{Access, Call, Error, Folder, Kind, Models, Outcome, Planner, Submit, ToolSpec};
use cowork_playbooks::PlaybookPlanner;
use cowork_testkit::planner::Subject;
use serde_json::json;

async fn organise() -> Subject {
    let mut submit = Submit::new("Organise these files by type");
    for name in ["Downloads", "Desktop"] {
        submit.folders.push(Folder {
            name: name.into(),
            at: format!("/home/anna/{name}"),
            access: Access::Write,
            whole: false,
        });
    }
    let tools: Vec<ToolSpec> = serde_json::from_str(include_str!("../../cowork-tools/tests/specs.json")).unwrap();
    Subject {
        make: Box::new(|| Arc::new(PlaybookPlanner::new().unwrap()) as Arc<dyn Planner>),
        exact: true,
        submit,
        tools,
        play: Box::new(play),
        models: Models::default(),
        hopeless: Some(Submit::new("Fold the laundry")),
    }
}

/// Two folders with a file to move in each.
fn play(call: &Call) -> Outcome {
    let value = match call.tool.as_str() {
        "list_folder" => {
            let folder = call.args["path"].as_str().unwrap();
            let file = |name: &str| json!({ "path": format!("{folder}/{name}"), "name": name, "kind": "file", "size": 1, "modified": 0, "mode": 420 });
            json!({ "count": 2, "entries": [file("a.pdf"), file("b.png")] })
        }
        "move_files" => json!({ "made": 2, "renamed": 0, "left": 0, "left_at": [], "reasons": [], "otherwise": [] }),
        other => {
            let error = Error::new(Kind::NotFound, "play", format!("there is no `{other}` here"));
            return Outcome::Failed { error };
        }
    };
    Outcome::Done { value, note: String::new() }
}

cowork_testkit::planner::suite!(organise);

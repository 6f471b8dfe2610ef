//! The suite of planners over the one that follows playbooks.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a story that goes wrong ends")]

mod story;

use std::sync::Arc;

use cowork_core::{Access, Call, Error, Folder, Kind, Models, Outcome, Planner, Submit, ToolSpec};
use cowork_playbooks::{Limits, PlaybookPlanner};
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
        "suggest_folders" => {
            let args = call.args.value();
            let folder = args["folder"].as_str().unwrap();
            let one = |to: &str, name: &str| json!({ "from": folder, "to": format!("{folder}/{to}"), "names": [name] });
            json!({ "count": 2, "inside": 0, "more": false, "moves": [one("Documents", "a.pdf"), one("Images", "b.png")], "along": [], "folders": [],
                "stay": {}, "dated": {}, "project": null })
        }
        "move_files" => {
            json!({ "made": 2, "renamed": 0, "left": 0, "left_at": [], "reasons": [], "told": "", "otherwise": [], "each": [1, 1] })
        }
        other => {
            let error = Error::new(Kind::NotFound, "play", format!("there is no `{other}` here"));
            return Outcome::Failed { error };
        }
    };
    Outcome::Done { value, note: String::new() }
}

/// The same, with programs in workers.
async fn organise_apart() -> Subject {
    Subject { make: Box::new(|| Arc::new(story::apart(Limits::default())) as Arc<dyn Planner>), ..organise().await }
}

cowork_testkit::planner::suite!(organise);

mod in_workers {
    cowork_testkit::planner::suite!(super::organise_apart);
}

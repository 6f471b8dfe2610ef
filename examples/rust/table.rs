//! A table job: sums sales up by region. The same in Python and in Node leaves the same records, but for ids and times.

use std::fs;

use cowork::{Cowork, Mode, Proposal, Read, Submit, ThreadId, planner_fn};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sums = planner_fn("sums", |view, _| async move {
        Ok(match view.task.turns.len() {
            0 => Proposal::call("read_tables", json!({ "paths": ["Desk/sales.csv"] })),
            1 => {
                let (path, sources) = ("Desk/by region.csv", ["Desk/sales.csv"]);
                let args = json!({ "path": path, "sources": sources, "group_by": ["region"], "sum": ["amount"] });
                Proposal::call("combine_tables", args)
            }
            _ => Proposal::done("Two regions."),
        })
    });

    let (data, place) = (tempfile::tempdir()?, tempfile::tempdir()?);
    fs::write(place.path().join("sales.csv"), "region,amount\nnorth,10.5\nsouth,4\nnorth,2.25\n")?;
    let cowork = Cowork::builder().data_dir(data.path()).planner(sums).build().await?;
    let desk = cowork::folder_named(place.path(), "Desk")?;
    let task = Submit { folders: vec![desk], mode: Mode::Auto, ..Submit::new("Sum up the sales by region") };
    let thread = ThreadId::named("main");
    let task = cowork.submit(thread, "host", task).await?;
    cowork.settled(task).await?;
    println!("{}", fs::read_to_string(place.path().join("by region.csv"))?);
    for record in cowork.read(Read::task(thread, task, 0)).await? {
        eprintln!("{}", serde_json::to_string(&record)?);
    }
    cowork.stop().await;
    Ok(())
}

//! A tool of your own: an async function whose arguments have a type. The planner here calls it once; a model would call it just so.

use cowork::{Cowork, Finish, Outcome, Proposal, Result, Submit, ThreadId, ToolContext, planner_fn, tool_fn};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize, JsonSchema)]
struct Exchange {
    amount: f64,
    /// The currency
    to: Currency,
}

#[derive(Deserialize, JsonSchema)]
enum Currency {
    #[serde(rename = "EUR")]
    Eur,
    #[serde(rename = "GBP")]
    Gbp,
}

async fn exchange(args: Exchange, ctx: ToolContext) -> Result<Value> {
    (ctx.watch.progress)(1, 1, "looked up");
    let rate = match args.to {
        Currency::Eur => 0.92,
        Currency::Gbp => 0.79,
    };
    Ok(json!({ "amount": (args.amount * rate * 100.0).round() / 100.0 }))
}

#[tokio::main]
async fn main() -> Result<()> {
    let about = "Says what so many dollars are in another currency.";
    let exchange = tool_fn("exchange", about, exchange).read_only().build()?;
    let once = planner_fn("once", |view, _| async move {
        let Some(turn) = view.task.turns.first() else {
            return Ok(Proposal::call("exchange", json!({ "amount": 120, "to": "EUR" })));
        };
        Ok(match turn.calls[0].outcome()? {
            Some(Outcome::Done { value, .. }) => Proposal::done(format!("It is {} EUR.", value["amount"])),
            other => Proposal::done(format!("Nobody knows: {other:?}")),
        })
    });
    let cowork = Cowork::builder().in_memory().without_sandbox().tool(exchange).planner(once).build().await?;
    let task = cowork.submit(ThreadId::named("main"), "me", Submit::new("What are 120 dollars in euro?")).await?;
    if let Some(Finish::Done { summary, .. }) = cowork.settled(task).await?.result {
        println!("{summary}");
    }
    cowork.stop().await;
    Ok(())
}

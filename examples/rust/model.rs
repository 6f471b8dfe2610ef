//! A model of your own, which gives its answer piece by piece. Put the client of your service here.

use std::sync::Arc;

use cowork::{
    Block, CancellationToken, Cowork, Delta, DeltaKind, Finish, Item, Model, ModelAnswer, ModelCard, ModelRequest,
    Result, Said, Say, Submit, ThreadId, Usage, async_trait,
};
use serde_json::json;

struct Parrot {
    card: ModelCard,
}

#[async_trait]
impl Model for Parrot {
    fn name(&self) -> &str {
        "parrot"
    }

    fn card(&self) -> &ModelCard {
        &self.card
    }

    async fn answer(&self, request: ModelRequest, say: Say, _: CancellationToken) -> Result<ModelAnswer> {
        let asked = request.messages.last().map(|message| message.text()).unwrap_or_default();
        let answer = format!("You said so yourself: {}", asked.lines().next().unwrap_or_default());
        answer.split_inclusive(' ').for_each(|word| say(Said::Text(word)));
        let usage = Usage { input: 12, output: 9, ..Usage::default() };
        Ok(ModelAnswer { blocks: vec![Block::text(answer)], usage, ..ModelAnswer::default() })
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let parrot = Parrot { card: ModelCard::local("here") };
    let cowork = Cowork::builder().in_memory().without_sandbox().model(Arc::new(parrot)).build().await?;
    // Whoever listens before the task begins hears every piece.
    let thread = ThreadId::named("main");
    let mut items = cowork.events(thread, 0);
    let task = Submit { planner: json!({ "name": "model" }), ..Submit::new("Polly wants a cracker") };
    let task = cowork.submit(thread, "me", task).await?;
    while let Some(item) = items.next().await {
        match item? {
            Item::Delta(Delta { what: DeltaKind::Text { text }, .. }) => print!("{text}"),
            Item::Record(record) if record.event.kind() == "task_finished" => break,
            _ => {}
        }
    }
    if let Some(Finish::Done { summary, .. }) = cowork.settled(task).await?.result {
        println!("\n{summary}");
    }
    cowork.stop().await;
    Ok(())
}

//! A model of your own, which gives its answer piece by piece. Put the client of your service here.

use std::sync::Arc;

use cowork::{
    Block, CancellationToken, Cowork, DeltaKind, Finish, Item, Model, ModelAnswer, ModelCard, ModelRequest, Result,
    Said, Say, Submit, ThreadId, Usage, async_trait,
};

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
    // Whoever has a model and names no planner has the one that asks it behind that of the playbooks.
    let cowork = Cowork::builder().in_memory().without_sandbox().model(Arc::new(parrot)).build().await?;
    let task = Submit { planner: serde_json::json!({ "name": "model" }), ..Submit::new("Polly wants a cracker") };
    let task = cowork.submit(ThreadId::named("main"), "me", task).await?;
    let mut items = cowork.follow(task, 0).await?;
    while let Some(item) = items.next().await {
        if let Item::Delta(delta) = item?
            && let DeltaKind::Text { text } = delta.what
        {
            print!("{text}");
        }
    }
    if let Some(Finish::Done { summary, .. }) = cowork.settled(task).await?.result {
        println!("\n{summary}");
    }
    cowork.stop().await;
    Ok(())
}

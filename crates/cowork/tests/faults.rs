//! Tasks that a model plans, while its service fails in every way that it can: whatever happens, no request is malformed, no
//! call runs twice, and every task comes to an end.
//!
//! A small dose by default. `COWORK_SOAK_RUNS` and `COWORK_SOAK_SEED` make it a campaign (`cargo xtask soak faults`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story that goes wrong ends")]

use std::{
    collections::BTreeMap,
    env,
    sync::{Arc, Mutex},
    time::Duration,
};

use cowork::{
    Claim, Effects, Engine, EngineParts, Finish, GrantPolicy, Limits, MemoryStore, Mode, Model, ModelCard,
    ModelPlanner, Patience, Registry, Result, Submit, ThreadId, TokioRuntime, Tool, ToolContext, ToolOutput, ToolSpec,
    async_trait,
    models::{
        Endpoint, Secret, Transport,
        anthropic::{self, Anthropic},
        openai::{Chat, Responses, service},
    },
};
use cowork_testkit::service::{Fault, MockService, Part, Quirk, Reply, Turn};
use serde_json::{Value, json};

/// A number from a seed, as good as random.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())].clone()
    }
}

/// What passes: the same request may be answered the next time.
fn passing(dice: &mut Dice) -> Fault {
    let status = |code| Fault::Status { code, retry_after: None };
    dice.pick(&[
        status(429),
        status(500),
        status(503),
        status(529),
        Fault::Html { code: 502 },
        Fault::Reset,
        Fault::Cut { after: 40 },
        Fault::Cut { after: 400 },
        Fault::CutInArguments,
        Fault::Stall { after: 60 },
        Fault::ErrorInStream { kind: "overloaded_error".into() },
        Fault::InvalidUtf8,
        Fault::EmptyBody,
        Fault::HalfArguments,
    ])
}

/// What does not.
fn lasting(dice: &mut Dice) -> Fault {
    let status = |code| Fault::Status { code, retry_after: None };
    dice.pick(&[
        status(401),
        status(403),
        status(404),
        Fault::Html { code: 404 },
        Fault::Endless,
        Fault::Huge { bytes: 3_000_000 },
    ])
}

const QUIRKS: [Quirk; 12] = [
    Quirk::EmptyFirst,
    Quirk::WholeArguments,
    Quirk::UnknownEvents,
    Quirk::CrLf,
    Quirk::Comments,
    Quirk::NoSpace,
    Quirk::NullError,
    Quirk::NoCalls,
    Quirk::FinishStop,
    Quirk::OneDelta,
    Quirk::NoIds,
    Quirk::ZeroIndex,
];

/// One conversation: a few turns with calls, then words; here and there a service that fails.
fn script(dice: &mut Dice) -> Vec<Reply> {
    let turns = 1 + dice.roll(4);
    let mut replies = Vec::new();
    for turn in 0..=turns {
        let mut parts = Vec::new();
        if dice.roll(3) == 0 {
            parts.push(Part::Thinking(format!("hm {turn}")));
        }
        if turn == turns || dice.roll(2) == 0 {
            parts.push(Part::Text(format!("Turn {turn}: größer, \"quoted\", 日本.\n")));
        }
        if turn < turns {
            for n in 0..=dice.roll(3) {
                let tool = if dice.roll(12) == 0 { "nowhere" } else { "note" };
                parts.push(Part::Call { tool: tool.into(), args: json!({ "at": format!("{turn}.{n}") }), id: None });
            }
        }
        let mut reply = Reply { turn: Turn { parts, ..Turn::default() }, ..Reply::default() };
        reply.first = (0..dice.roll(3)).map(|_| passing(dice)).collect();
        if dice.roll(25) == 0 {
            reply.fault = Some(lasting(dice));
        }
        if dice.roll(2) == 0 {
            reply.quirks.push(dice.pick(&QUIRKS));
        }
        replies.push(reply);
    }
    replies
}

/// Counts how often each call ran.
struct Note {
    spec: ToolSpec,
    runs: Arc<Mutex<BTreeMap<String, u64>>>,
}

#[async_trait]
impl Tool for Note {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn effects(&self, _: &Value) -> Result<Effects> {
        Ok(Effects::none())
    }

    async fn run(&self, args: Value, _: ToolContext) -> Result<ToolOutput> {
        let at = args["at"].as_str().unwrap_or_default().to_owned();
        *self.runs.lock().unwrap().entry(at).or_default() += 1;
        Ok(ToolOutput { value: json!({ "noted": args["at"] }), ..ToolOutput::default() })
    }
}

fn model(format: usize, url: &str) -> Arc<dyn Model> {
    let limits = cowork::models::Limits {
        first: Duration::from_millis(400),
        idle: Duration::from_millis(400),
        most_bytes: 1 << 20,
        ..cowork::models::Limits::default()
    };
    let endpoint = Endpoint { base: url.to_owned(), ..anthropic::endpoint(Some(Secret::new("sk-secret", "the test"))) };
    let openai = Endpoint { base: format!("{url}/v1"), headers: Vec::new(), ..endpoint.clone() };
    let card = ModelCard { price: None, ..ModelCard::local("the test") };
    match format {
        0 => Arc::new(Anthropic::new(Transport::new(endpoint, limits).unwrap(), "mock-1")),
        1 => Arc::new(Chat::new(service("openai").unwrap(), "mock-1", card, Transport::new(openai, limits).unwrap())),
        _ => Arc::new(Responses::new("openai", "mock-1", card, Transport::new(openai, limits).unwrap())),
    }
}

fn engine(model: Arc<dyn Model>, runs: &Arc<Mutex<BTreeMap<String, u64>>>) -> Engine {
    let runtime = Arc::new(TokioRuntime::new(tokio::runtime::Handle::current()));
    let at = json!({ "type": "string" });
    let schema = json!({ "type": "object", "properties": { "at": at }, "required": ["at"] });
    let spec = ToolSpec { name: "note".into(), about: "Notes.".into(), schema };
    let mut tools = Registry::new();
    tools.add(Arc::new(Note { spec, runs: runs.clone() })).unwrap();
    ModelPlanner::tools().into_iter().for_each(|tool| tools.add(tool).unwrap());
    let patience =
        Patience { tries: 6, first: Duration::from_millis(1), total: Duration::from_secs(10), ..Patience::default() };
    Engine::start(EngineParts {
        store: Arc::new(MemoryStore::new(runtime.clone())),
        runtime,
        sandbox: None,
        planners: vec![Arc::new(ModelPlanner::new())],
        models: vec![model],
        tools,
        policy: Arc::new(GrantPolicy),
        approver: None,
        owner: "test".into(),
        is_dead: Arc::new(|_| false),
        claim: Claim::All,
        limits: Limits { patience, ..Limits::default() },
    })
}

async fn life(seed: u64, format: usize) {
    let mut dice = Dice(seed);
    let replies = script(&mut dice);
    let service = MockService::builder({
        let (replies, asked) = (replies.clone(), Mutex::new(BTreeMap::<usize, usize>::new()));
        move |ask| {
            let mut asked = asked.lock().unwrap();
            let times = asked.entry(ask.turns).or_default();
            *times += 1;
            let reply = replies.get(ask.turns).cloned().unwrap_or_else(|| Reply::text("Over."));
            // However the conversation goes on, what passes has passed.
            let fault = reply.first.get(*times - 1).cloned().or(reply.fault.clone());
            Reply { first: Vec::new(), fault, ..reply }
        }
    })
    .with_seed(seed)
    .start();
    let runs = Arc::default();
    let engine = engine(model(format, &service.url()), &runs);
    let thread = ThreadId::named("life");
    let task = engine.submit(thread, "test", Submit { mode: Mode::Auto, ..Submit::new("note things") }).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(60), engine.settled(task)).await.expect("it comes to an end");
    let task = ended.unwrap();
    let told = || format!("seed {seed}, format {format}: {:?}\n{replies:#?}", task.result);
    assert_eq!(service.take_malformed(), Vec::<String>::new(), "{}", told());
    assert!(task.spent.open.is_empty(), "{}", told());
    let runs = runs.lock().unwrap().clone();
    assert!(runs.values().all(|n| *n == 1), "{runs:?} {}", told());
    match &task.result {
        Some(Finish::Done { .. }) => {
            let wanted = replies.iter().flat_map(|r| &r.turn.parts);
            let wanted = wanted.filter(|p| matches!(p, Part::Call { tool, .. } if tool == "note")).count();
            assert_eq!(runs.len(), wanted, "{}", told());
        }
        Some(Finish::Failed { error }) => {
            assert!(replies.iter().any(|r| r.fault.is_some()), "it failed, and nothing lasting happened: {}", told());
            assert!(!error.message.is_empty() && !error.message.contains("sk-secret"), "{}", told());
        }
        _ => panic!("{}", told()),
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_a_service_does_no_request_is_malformed_and_nothing_runs_twice() {
    let set = |name: &str, default: u64| env::var(name).map_or(default, |v| v.parse().unwrap());
    let (runs, seed) = (set("COWORK_SOAK_RUNS", 60), set("COWORK_SOAK_SEED", 1));
    for first in (seed..seed + runs).step_by(8) {
        let lives = (first..(first + 8).min(seed + runs)).map(|seed| tokio::spawn(life(seed, (seed % 3) as usize)));
        for life in lives.collect::<Vec<_>>() {
            life.await.unwrap();
        }
    }
}

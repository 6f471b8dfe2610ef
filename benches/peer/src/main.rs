//! The engine as a peer: a model's tool loop against the harness's mock service, one line of JSON at the end.
//!
//! What it takes and prints is the harness's. A session is a task of its own, in a thread of its own, with the usual policy and
//! the usual log; `--store sqlite:PATH` keeps that in a file, without waiting for the disk. A long answer (`--extra kbN`) is read
//! along by a subscriber, delta by delta. `kb_idle` is what is left of a session once all have ended: a thread in which nothing happens.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement that goes wrong ends")]

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use clap::Parser;
use cowork::models::{
    Endpoint, Secret, Transport,
    anthropic::{self, Anthropic},
    openai::{Chat, Responses, service},
};
use cowork::store::{SqliteOptions, SqliteStore, Synchronous};
use cowork::{
    Claim, Delta, DeltaKind, Effects, Engine, EngineParts, Finish, GrantPolicy, Item, Label, Limits, MemoryStore, Mode,
    Model, ModelCard, ModelPlanner, Patience, Registry, Result, Store, Submit, ThreadId, TokioRuntime, Tool,
    ToolContext, ToolOutput, ToolSpec, async_trait,
};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

/// The harness's options.
#[derive(Clone, Debug, Parser)]
struct Options {
    /// `run`.
    command: String,
    #[arg(long, default_value = "http://127.0.0.1:8787")]
    url: String,
    #[arg(long, default_value = "anthropic")]
    api: String,
    #[arg(long, default_value_t = 50)]
    steps: usize,
    #[arg(long, default_value_t = 1)]
    tools: usize,
    #[arg(long, default_value_t = 1)]
    sessions: usize,
    #[arg(long, default_value_t = 0)]
    concurrency: usize,
    #[arg(long, default_value_t = 16)]
    result_bytes: usize,
    #[arg(long, default_value = "")]
    extra: String,
    #[arg(long, default_value_t = 1)]
    stream: u8,
    #[arg(long, default_value = "")]
    store: String,
    #[arg(long, default_value_t = 1)]
    warmup: u8,
}

/// The model of the warm-up: two steps.
const WARM_UP: &str = "mock-steps2-tools1";

struct Echo {
    spec: ToolSpec,
    payload: Value,
    runs: Arc<AtomicU64>,
}

#[async_trait]
impl Tool for Echo {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn effects(&self, _: &Value) -> Result<Effects> {
        Ok(Effects::none())
    }

    async fn run(&self, _: Value, _: ToolContext) -> Result<ToolOutput> {
        self.runs.fetch_add(1, Relaxed);
        Ok(ToolOutput { value: self.payload.clone(), note: String::new(), label: Label::trusted() })
    }
}

/// Gives the model that is measured, and the one of the warm-up.
fn models(options: &Options) -> Vec<Arc<dyn Model>> {
    let endpoint = Endpoint { base: options.url.clone(), ..anthropic::endpoint(Some(Secret::new("k", "the harness"))) };
    let transport = Transport::new(endpoint, cowork::models::Limits::default()).unwrap();
    let extra = if options.extra.is_empty() { String::new() } else { format!("-{}", options.extra) };
    let measured = format!("mock-steps{}-tools{}{extra}", options.steps, options.tools);
    [measured, WARM_UP.to_owned()].into_iter().map(|name| model(options, transport.clone(), &name)).collect()
}

fn model(options: &Options, transport: Transport, name: &str) -> Arc<dyn Model> {
    match options.api.as_str() {
        "chat" => Arc::new(Chat::new(service("openai").unwrap(), name, ModelCard::local("the harness"), transport)),
        "responses" => Arc::new(Responses::new("harness", name, ModelCard::local("the harness"), transport)),
        _ => {
            // However long the history grows, it is not summarized here.
            let card = ModelCard { window: 100_000_000, ..ModelCard::local("the harness") };
            Arc::new(Anthropic::new(transport, name).with_card(card))
        }
    }
}

fn store(options: &Options, runtime: Arc<TokioRuntime>) -> Arc<dyn Store> {
    match options.store.strip_prefix("sqlite:") {
        None => Arc::new(MemoryStore::new(runtime)),
        Some(path) => {
            let sqlite = SqliteOptions { synchronous: Synchronous::Off, ..SqliteOptions::new(path, runtime) };
            Arc::new(SqliteStore::open(sqlite).unwrap())
        }
    }
}

fn engine(options: &Options, models: Vec<Arc<dyn Model>>, runs: &Arc<AtomicU64>) -> Engine {
    let runtime = Arc::new(TokioRuntime::new(tokio::runtime::Handle::current()));
    let text = json!({ "type": "string" });
    let schema = json!({ "type": "object", "properties": { "text": text }, "required": ["text"] });
    let spec = ToolSpec { name: "echo".into(), about: "Echo".into(), schema };
    let mut tools = Registry::new();
    let payload = Value::String("r".repeat(options.result_bytes));
    tools.add(Arc::new(Echo { spec, payload, runs: runs.clone() })).unwrap();
    let patience = Patience { total: Duration::from_secs(30), ..Patience::default() };
    Engine::start(EngineParts {
        store: store(options, runtime.clone()),
        runtime,
        sandbox: None,
        planners: vec![Arc::new(ModelPlanner::new())],
        models,
        tools,
        policy: Arc::new(GrantPolicy),
        approver: None,
        owner: cowork::owner(),
        is_dead: Arc::new(|_| false),
        claim: Claim::All,
        limits: Limits { tasks: options.sessions.max(64), patience, ..Limits::default() },
    })
}

async fn session(engine: &Engine, n: usize, model: Option<&str>, read_along: bool) -> Option<String> {
    let thread = ThreadId::named(&format!("session {n}"));
    let text = format!("Session {n} {}. Use the tool.", std::process::id());
    let planner = model.map_or(Value::Null, |model| json!({ "model": model }));
    let submit = Submit { mode: Mode::Auto, planner, ..Submit::new(text) };
    let mut events = read_along.then(|| engine.events(thread, 0));
    let task = engine.submit(thread, "peer", submit).await.unwrap();
    let mut said = String::new();
    while let Some(events) = &mut events {
        match events.next().await.unwrap().unwrap() {
            Item::Delta(delta) => said.push_str(text_of(&delta)),
            Item::Record(record) if record.event.kind() == "task_finished" => break,
            Item::Record(_) | Item::Lagged { .. } => {}
        }
    }
    match engine.settled(task).await.unwrap().result {
        Some(Finish::Done { summary, .. }) if read_along && summary != said => Some("a delta is missing".to_owned()),
        Some(Finish::Done { .. }) => None,
        Some(Finish::Failed { error }) => Some(error.message),
        other => Some(format!("{other:?}")),
    }
}

fn text_of(delta: &Delta) -> &str {
    match &delta.what {
        DeltaKind::Text { text } => text,
        _ => "",
    }
}

fn status(key: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(key)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn cpu() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.try_into().unwrap(), now.tv_nsec.try_into().unwrap()).as_secs_f64()
}

async fn measure(options: Options) -> Value {
    let runs = Arc::new(AtomicU64::new(0));
    let models = models(&options);
    let warm_up = models[1].name().to_owned();
    let engine = engine(&options, models, &runs);
    if options.warmup > 0 {
        // As the floor does: the client, its connection and what is behind them are there when it begins.
        assert_eq!(session(&engine, usize::MAX, Some(&warm_up), false).await, None);
        runs.store(0, Relaxed);
    }
    let (base, before, begun) = (status("VmRSS"), cpu(), Instant::now());
    let at_once = if options.concurrency == 0 { options.sessions } else { options.concurrency };
    let read_along = options.extra.starts_with("kb");
    let sessions = stream::iter((0..options.sessions).map(|n| session(&engine, n, None, read_along)));
    let ends: Vec<Option<String>> = sessions.buffer_unordered(at_once).collect().await;
    let (wall, used, peak) = (begun.elapsed().as_secs_f64(), cpu() - before, status("VmHWM"));
    let left = status("VmRSS");
    let mut errors: BTreeMap<&str, u64> = BTreeMap::new();
    ends.iter().flatten().for_each(|error| *errors.entry(error).or_default() += 1);
    let ok = ends.iter().filter(|end| end.is_none()).count();
    engine.stop().await;
    #[allow(clippy::cast_precision_loss, reason = "small counts")]
    let (steps, sessions) = ((options.steps * options.sessions).max(options.sessions) as f64, options.sessions as f64);
    #[allow(clippy::cast_precision_loss, reason = "small counts")]
    let each = |kb: u64| kb.saturating_sub(base) as f64 / sessions;
    json!({
        "peer": "cowork", "version": { "cowork": env!("CARGO_PKG_VERSION") }, "api": options.api, "stream": options.stream,
        "sessions": options.sessions, "steps": options.steps, "tools": options.tools, "wall_s": wall, "cpu_s": used,
        "wall_ms_step": wall * 1e3 / steps, "cpu_ms_step": used * 1e3 / steps, "steps_s": steps / wall,
        "rss_base_kb": base, "rss_peak_kb": peak, "kb_session": each(peak), "kb_idle": each(left),
        "tool_execs": runs.load(Relaxed),
        "ok": ok, "errors": errors,
    })
}

fn main() {
    let options = Options::parse();
    assert_eq!((options.command.as_str(), options.stream), ("run", 1), "only `run`, streamed");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    println!("{}", runtime.block_on(measure(options)));
}

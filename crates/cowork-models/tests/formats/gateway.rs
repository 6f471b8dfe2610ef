//! A gateway that somebody else wrote (`litellm`), as the service itself and between us and a service: what it makes of our
//! requests, a service of ours judges; what it makes of the answers, we have to read.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
};

use cowork_core::{Model, ModelCard, Retry};
use cowork_models::{
    Endpoint, Limits, Secret, Transport,
    anthropic::{self, Anthropic},
    openai::{Chat, Responses},
};
use cowork_testkit::{
    MockService,
    service::{Ask, Part, Reply},
};
use serde_json::json;

use super::{ask, ask_aloud, go_on, request, row, transport};

const GATEWAY: &str = "litellm[proxy]==1.106.2";
const KEY: &str = "sk-test-0123456789";

/// A gateway, ended with the test.
struct Gateway {
    child: Child,
    base: String,
}

impl Gateway {
    /// Starts one before a service; `None` where it can't be had.
    fn start(behind: &MockService) -> Option<Self> {
        let venv = venv()?;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("gateway-{port}.json"));
        fs::write(&config, routes(&behind.url()).to_string()).unwrap();
        let mut command = Command::new(venv.join("bin/litellm"));
        command.args(["--host", "127.0.0.1", "--port", &port.to_string(), "--config"]).arg(&config);
        command.env("LITELLM_MASTER_KEY", KEY).env("LITELLM_LOCAL_MODEL_COST_MAP", "True").env("NO_PROXY", "*");
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut before = Vec::new();
        let up = said.by_ref().inspect(|line| before.push(line.clone())).any(|line| line.contains("running on http"));
        assert!(up, "the gateway doesn't start:\n{}", before.join("\n"));
        // It would wait for its reader otherwise.
        thread::spawn(move || said.count());
        let _ = fs::remove_file(config);
        Some(Self { child, base: format!("http://127.0.0.1:{port}") })
    }

    fn chat(&self, model: &str) -> Arc<dyn Model> {
        let transport = transport(&self.base, Secret::new(KEY, "TEST_KEY"), Limits::default());
        let card = ModelCard { at: transport.at().to_owned(), ..ModelCard::local("") };
        Arc::new(Chat::new(row("openai"), model, card, transport))
    }

    fn responses(&self, model: &str) -> Arc<dyn Model> {
        let transport = transport(&self.base, Secret::new(KEY, "TEST_KEY"), Limits::default());
        let card = ModelCard { at: transport.at().to_owned(), ..ModelCard::local("") };
        Arc::new(Responses::new("openai", model, card, transport))
    }

    fn messages(&self, model: &str) -> Arc<dyn Model> {
        let key = Secret::new(KEY, "TEST_KEY");
        let endpoint = Endpoint { base: self.base.clone(), ..anthropic::endpoint(Some(key)) };
        Arc::new(Anthropic::new(Transport::new(endpoint, Limits::default()).unwrap(), model))
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the gateway serves itself, and where it sends the rest.
fn routes(behind: &str) -> serde_json::Value {
    let route = |name: &str, params: serde_json::Value| json!({ "model_name": name, "litellm_params": params });
    let own = |name: &str, says: &str| {
        route(name, json!({ "model": "openai/mock-1", "api_key": "none", "mock_response": says }))
    };
    let on = |name: &str, model: &str, base: String| {
        route(name, json!({ "model": model, "api_key": "sk-behind", "api_base": base }))
    };
    json!({
        "model_list": [
            own("said", "The folder holds three files."),
            own("busy", "litellm.RateLimitError"),
            on("claude-behind", "anthropic/claude-sonnet-5-5", behind.to_owned()),
            on("chat-behind", "openai/mock-1", format!("{behind}/v1")),
        ],
        "litellm_settings": { "telemetry": false, "num_retries": 0 },
    })
}

/// Two calls at once, then a sentence about as many results as came.
fn script(ask: &Ask) -> Reply {
    if !ask.results.is_empty() {
        return Reply::text(&format!("There are {} folders.", ask.results.len()));
    }
    let call = |path: &str| Part::call("list_folder", json!({ "path": path }));
    Reply::turn([Part::Text("I look. Ä€😀".into()), call("a"), call("b \"quoted\"")])
}

fn venv() -> Option<PathBuf> {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("litellm-1.106.2");
    let ready = venv.join("ready");
    if ready.exists() {
        return Some(venv);
    }
    let quiet = |command: &mut Command| command.stdout(Stdio::null()).status().is_ok_and(|s| s.success());
    let made = quiet(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))
        && quiet(Command::new(venv.join("bin/python")).args(["-m", "pip", "install", "--quiet", GATEWAY]))
        && fs::write(&ready, "").is_ok();
    if !made {
        let ci = env::var("CI").is_ok_and(|v| !v.is_empty() && v != "false");
        assert!(!ci, "{GATEWAY} can't be installed");
        eprintln!("SKIPPED: {GATEWAY} can't be installed");
    }
    made.then_some(venv)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_gateway_is_understood_and_understands_us() {
    let service = MockService::builder(script).with_seed(5).start();
    let Some(gateway) = Gateway::start(&service) else { return };
    answers_of_its_own(&gateway).await;
    let ways = [
        ("chat to Messages", gateway.chat("claude-behind")),
        ("chat to chat", gateway.chat("chat-behind")),
        ("Messages to Messages", gateway.messages("claude-behind")),
        ("Messages to chat", gateway.messages("chat-behind")),
        ("Responses to Responses", gateway.responses("chat-behind")),
        ("Responses to Messages", gateway.responses("claude-behind")),
    ];
    for (way, model) in &ways {
        a_task_goes_through(way, model).await;
    }
    assert_eq!(service.reached(), 2 * ways.len() as u64, "nothing was asked twice");
}

async fn answers_of_its_own(gateway: &Gateway) {
    let (answer, aloud) = ask_aloud(&gateway.chat("said"), &request("look")).await;
    let answer = answer.unwrap();
    assert_eq!((answer.text().as_str(), aloud.as_str()), ("The folder holds three files.", answer.text().as_str()));
    let busy = ask(&gateway.chat("busy"), &request("look")).await.unwrap_err();
    assert!(busy.retry != Retry::Never, "{busy:?}");
    let unknown = ask(&gateway.chat("nobody"), &request("look")).await.unwrap_err();
    assert!(unknown.retry == Retry::Never && unknown.to_string().contains("nobody"), "{unknown:?}");
}

/// Two parallel calls and their results, by a model behind the gateway.
async fn a_task_goes_through(way: &str, model: &Arc<dyn Model>) {
    let mut asked = request("look");
    let (answer, aloud) = ask_aloud(model, &asked).await;
    let answer = answer.map_err(|e| format!("{way}: {e:?}")).unwrap();
    let paths: Vec<_> = answer.calls().map(|call| (call.tool.clone(), call.args.value(), call.fault.clone())).collect();
    let call = |path: &str| ("list_folder".to_owned(), json!({ "path": path }), None);
    assert_eq!(paths, [call("a"), call("b \"quoted\"")], "{way}: {answer:?}");
    assert!(aloud.starts_with("I look. Ä€😀"), "{way}: {aloud}");
    go_on(&mut asked, &answer);
    let answer = ask(model, &asked).await.map_err(|e| format!("{way}: {e:?}")).unwrap();
    assert_eq!(answer.text(), "There are 2 folders.", "{way}");
}

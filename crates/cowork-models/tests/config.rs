//! Models as a person sets them: what is decoded, what is refused and how, where keys are looked for.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can't go on says so by panicking")]
#![cfg(feature = "config")]

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use cowork_core::{CancellationToken, Effort, Kind};
use cowork_models::{
    Secret,
    config::{BudgetSettings, Kept, KeySource, Keys, ModelSettings, Models, ServiceName},
};
use cowork_testkit::{MockService, service::Reply};
use serde_json::json;

const KEY: &str = "sk-canary-71c0ffee-9d";

fn models(text: &str) -> Result<Models, toml::de::Error> {
    toml::from_str(text)
}

fn keys(folder: &Path, env: &'static [(&'static str, &'static str)]) -> Keys {
    let get = move |name: &str| env.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
    Keys::new(Some(folder.join("keys")), Some(folder.to_owned()), get)
}

#[test]
fn everything_that_can_be_set_is_read() {
    let all = models(
        r#"
        [work]
        service = "local"
        model = "gpt-oss"
        base = "https://models.example/v1"
        key = "env:WORK_KEY"
        max_tokens = "8k"
        thinking = "high"
        window = 200_000
        images = true
        timeout = { connect = "5s", first = "2m", idle = 30, total = "5m" }
        tries = 3
        connections = 500
        proxy = "none"
        fallback = "claude"
        price = { input = 1.5, output = "$6", cache_read = 0.15 }

        [claude]
        service = "anthropic"
        model = "claude-sonnet-5-5"
        tools = ["web_search"]
        "#,
    )
    .unwrap();
    let work = &all["work"];
    assert_eq!((work.key.clone(), work.thinking), (Some(KeySource::Env("WORK_KEY".into())), Effort::High));
    assert_eq!(work.connections, Some(500));
    assert_eq!((work.patience().tries, work.patience().total.as_secs()), (3, 300));
    let price = work.price.unwrap().price();
    assert_eq!(
        (price.input, price.cache_read, price.cache_write, price.output),
        (1_500_000, 150_000, 1_500_000, 6_000_000)
    );
    let told =
        json!({ "name": "model", "model": "work", "effort": "high", "most_tokens": 8_000, "fallback": "claude" });
    assert_eq!(work.planner("work"), told);
    let places = |name: &str| all[name].destinations(name, &all).unwrap();
    let at: Vec<String> = places("work").into_iter().map(|d| d.at).collect();
    assert_eq!(at, ["models.example", "api.anthropic.com"], "a fallback is a destination");
    assert!(places("claude")[1].what.contains("searches of the web"), "so is what the service does by itself");
    let budget: BudgetSettings = toml::from_str("tokens = \"200k\"\ncost = 0.5\nsteps = 40\ntime = \"30m\"").unwrap();
    let held = budget.budget();
    assert_eq!((held.tokens, held.cost, held.time), (Some(200_000), Some(500_000), Some(1_800_000)));
}

#[test]
fn what_does_not_fit_is_refused_with_its_place_and_what_to_do() {
    for (line, why) in [
        ("service = \"antropic\"", "there is no service `antropic`; the services are anthropic, openai"),
        ("service = \"anthropic\"\nkey = \"sk-canary-71c0ffee-9d\"", "never the key itself"),
        ("service = \"anthropic\"\nkey = \"file:key.txt\"", "file:PATH (whole"),
        ("service = \"anthropic\"\nthinking = \"lots\"", "`lots`"),
        (
            "service = \"anthropic\"\ntimeout = { first = \"soon\" }",
            "`soon` is no time that can be set; write it so: 90s",
        ),
        ("service = \"anthropic\"\nprice = { input = -1, output = 2 }", "no amount of money"),
        ("service = \"anthropic\"\ntools = [\"shell\"]", "`shell`"),
        ("service = \"anthropic\"\nwindow = \"lots\"", "`lots` is no number of tokens of a model; write it so: 128k"),
        ("service = \"anthropic\"\nwindow = \"8000m\"", "`8000m` is no number of tokens of a model"),
        (
            "service = \"anthropic\"\nprice = { input = 18446744073709551616, output = 2 }",
            "`18446744073709551616` is no amount",
        ),
        ("service = \"anthropic\"\nprice = 3", "expected dollars for a million tokens, such as { input = 3, output"),
        ("service = \"anthropic\"\ntimeout = 30", "expected which wait is meant, such as { idle"),
        ("service = \"anthropic\"\ntries = 0", "`0` is no number of tries; write it so: 8"),
        ("service = \"anthropic\"\nconnections = 0", "`0` is no number of connections; write it so: 128"),
        ("service = \"anthropic\"\nmodle = \"x\"", "unknown field `modle`"),
    ] {
        let text = format!("[one]\nmodel = \"m\"\n{line}\n");
        let error = models(&text).unwrap_err();
        assert!(error.message().contains(why), "{line}: {}", error.message());
        assert!(!error.message().contains(KEY), "{}", error.message());
        assert!(error.span().is_some_and(|s| s.start >= 6), "{line}: it has its place");
    }
    let none = Models::new();
    let find = |name: &str| ModelSettings::find(&none, name).unwrap_err();
    assert_eq!(find("sonnet").kind, Kind::InvalidInput);
    assert!(find("anthropic").fix().unwrap().contains("anthropic/claude-sonnet-5-5"));
    assert!(find("antropic/x").message.contains("no service"));
    assert_eq!(ServiceName::all().count(), 12);
}

#[tokio::test]
async fn a_key_comes_from_the_environment_or_a_file_that_only_its_owner_reads() {
    let dir = tempfile::tempdir().unwrap();
    let one = ModelSettings::named("anthropic/claude-sonnet-5-5").unwrap();
    let cancel = CancellationToken::new();
    let make = async |keys: &Keys| one.make("one", keys, &cancel).await.map(|m| m.card().at.clone());
    let bare = keys(dir.path(), &[]);
    let error = make(&bare).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.message.contains("ANTHROPIC_API_KEY is not set"), "{error}");
    assert_eq!(
        error.fix(),
        Some("say where it is, as `key` (\"env:NAME\"), or keep one: cowork models key set anthropic")
    );
    assert_eq!(make(&keys(dir.path(), &[("ANTHROPIC_API_KEY", KEY)])).await.unwrap(), "api.anthropic.com");

    let kept = bare.keep("anthropic", &Secret::new(KEY, "a test"), true).unwrap();
    let file = dir.path().join("keys/anthropic");
    assert_eq!(kept, Kept::File(file.clone()));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    make(&bare).await.unwrap();
    for loose in [0o640, 0o604, 0o660, 0o666] {
        fs::set_permissions(&file, fs::Permissions::from_mode(loose)).unwrap();
        let error = make(&bare).await.unwrap_err();
        assert_eq!(error.kind, Kind::NotAllowed, "{loose:o}");
        assert_eq!(error.fix(), Some(format!("chmod 600 {}", file.display()).as_str()));
        assert!(!format!("{error:?}").contains(KEY));
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    make(&bare).await.unwrap();
    let longest = "k".repeat((16 << 10) - 1);
    bare.keep("anthropic", &Secret::new(&longest, "a test"), true).unwrap();
    make(&bare).await.unwrap();
    let longer = bare.keep("anthropic", &Secret::new(&format!("{longest}k"), "a test"), true);
    assert_eq!(longer.unwrap_err().kind, Kind::InvalidInput, "what is kept can be read again");
    assert_eq!(bare.forget("anthropic").unwrap(), [Kept::File(file)]);
    assert_eq!(bare.forget("anthropic").unwrap_err().kind, Kind::NotFound);
}

#[tokio::test]
async fn a_services_key_goes_to_no_other_address_unless_that_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let all = models("[one]\nservice = \"anthropic\"\nmodel = \"m\"\nbase = \"https://elsewhere.example\"\n").unwrap();
    let keys = keys(dir.path(), &[("ANTHROPIC_API_KEY", KEY)]);
    let error = all["one"].make("one", &keys, &CancellationToken::new()).await.err().unwrap();
    assert!(error.message.contains("no key for one"), "{error}");
    let said = models(
        "[one]\nservice = \"anthropic\"\nmodel = \"m\"\nbase = \"https://elsewhere.example\"\nkey = \"env:ANTHROPIC_API_KEY\"\n",
    );
    let model = said.unwrap()["one"].make("one", &keys, &CancellationToken::new()).await.unwrap();
    assert_eq!(model.card().at, "elsewhere.example");
    let plain = models(
        "[one]\nservice = \"openai\"\nmodel = \"m\"\nbase = \"http://elsewhere.example\"\nkey = \"env:ANTHROPIC_API_KEY\"\n",
    );
    let error = plain.unwrap()["one"].make("one", &keys, &CancellationToken::new()).await.err().unwrap();
    assert!(error.message.contains("in the clear"), "{error}");
}

#[test]
fn names_and_keys_that_can_not_be_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let keys = keys(dir.path(), &[]);
    for name in ["", "..", "../x", "a/b", ".x", "a b", "ü"] {
        assert_eq!(keys.keep(name, &Secret::new(KEY, "a test"), true).unwrap_err().kind, Kind::InvalidInput, "{name}");
        assert!(keys.forget(name).is_err(), "{name}");
    }
    for key in ["", "  ", "two words", "two\nlines", "bell\u{7}"] {
        assert_eq!(
            keys.keep("openai", &Secret::new(key, "a test"), true).unwrap_err().kind,
            Kind::InvalidInput,
            "{key:?}"
        );
    }
    assert!(!dir.path().join("keys").exists());
}

#[tokio::test]
async fn a_model_is_looked_for_by_the_list_of_its_service_and_no_model_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let service =
        MockService::builder(|_| Reply::text("never")).with_key(KEY).with_models(&["gpt-5.6-2026-10-01"]).start();
    let text = |model: &str, key: &str| {
        format!("[m]\nservice = \"openai\"\nmodel = {model:?}\nbase = \"{}/v1\"\nkey = \"env:{key}\"\n", service.url())
    };
    let keys = keys(dir.path(), &[("RIGHT", KEY), ("WRONG", "sk-wrong")]);
    let check = async |model: &str, key: &str| {
        models(&text(model, key)).unwrap()["m"].check("m", &keys, &CancellationToken::new()).await
    };
    let right = check("gpt-5.6", "RIGHT").await;
    right.answers.unwrap();
    assert_eq!((right.key.as_deref(), right.can.images, right.can.thinks), (Some("RIGHT"), true, Some(true)));
    let wrong = check("gpt-5.6", "WRONG").await.answers.unwrap_err();
    assert!(wrong.kind == Kind::NotAllowed && wrong.message.contains("the key from WRONG"), "{wrong}");
    let other = check("gpt-9", "RIGHT").await.answers.unwrap_err();
    assert_eq!(other.kind, Kind::NotFound);
    assert!(other.fix().unwrap().contains("gpt-5.6-2026-10-01"), "{other}");
    let unset = check("gpt-5.6", "UNSET").await.answers.unwrap_err();
    assert!(unset.message.contains("UNSET, which is not set"), "{unset}");
    assert_eq!(service.reached(), 0, "no model was asked");
}

#[tokio::test]
async fn a_server_on_this_computer_says_what_its_model_holds() {
    let dir = tempfile::tempdir().unwrap();
    let show =
        json!({ "capabilities": ["completion", "tools", "vision"], "model_info": { "qwen3.context_length": 40_960 } });
    let service = MockService::builder(|_| Reply::text("never"))
        .with_page("/api/tags", json!({ "models": [{ "name": "qwen3" }] }))
        .with_page("/api/show", show)
        .start();
    let text =
        |more: &str| format!("[m]\nservice = \"ollama\"\nmodel = \"qwen3\"\nbase = \"{}/v1\"\n{more}", service.url());
    let keys = keys(dir.path(), &[]);
    let (said, set) = (models(&text("")).unwrap(), models(&text("window = 8_192\nimages = false")).unwrap());
    let cancel = CancellationToken::new();
    let model = said["m"].make("m", &keys, &cancel).await.unwrap();
    assert_eq!((model.card().window, model.card().sees.is_empty()), (40_960, false));
    let model = set["m"].make("m", &keys, &cancel).await.unwrap();
    assert_eq!((model.card().window, model.card().sees.is_empty()), (8_192, true), "what a person sets counts");
    let checked = said["m"].check("m", &keys, &cancel).await;
    checked.answers.unwrap();
    assert_eq!((checked.can.tools, checked.can.card.price), (Some(true), Some(cowork_core::Price::default())));
    assert_eq!(service.reached(), 0, "no model was asked");
}

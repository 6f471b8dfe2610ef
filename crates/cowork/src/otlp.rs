//! Spans for a collector, by OTLP over HTTP, where the environment names one.
//!
//! What is sent are the engine's own spans, by OpenTelemetry's conventions for generative AI: which task, which model, how many
//! tokens, which tool, how long, which kind of error. Nothing that was said, read or written, no path and no key.

use std::{
    env,
    error::Error as StdError,
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use cowork_core::{Error, Kind, Result};
use cowork_models::tls_for;
use opentelemetry::{Array, StringValue, Value, trace::TracerProvider};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SdkTracerProvider, SpanData, SpanExporter as Exporter},
};
use tokio::runtime::Handle;
use tracing_subscriber::{Layer, Registry, filter::filter_fn, layer::SubscriberExt, registry::LookupSpan};

const OP: &str = "send spans";
/// How long one request may take, where the environment does not say.
const TIMEOUT: Duration = Duration::from_secs(10);
/// More of a collector's answer is not read.
const MOST: usize = 64 << 10;
/// Which spans are sent: the engine's.
const TARGET: &str = "cowork_core::engine";
/// What the conventions have as a list. `tracing` knows no lists.
const LIST: &str = "gen_ai.response.finish_reasons";

/// Sends spans to a collector until it is closed.
pub struct Otlp {
    provider: SdkTracerProvider,
    at: String,
    fault: Arc<OnceLock<String>>,
}

impl Otlp {
    /// Begins to send, if the environment says where to: `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, with
    /// `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_SERVICE_NAME` and what else OpenTelemetry's SDKs go by. Call it on a tokio runtime.
    ///
    /// # Errors
    /// `Unsupported` for another protocol than `http/protobuf`, `InvalidInput` for an address that can't be used.
    pub fn from_env() -> Result<Option<Self>> {
        let Some(endpoint) = endpoint() else { return Ok(None) };
        let wanted = signal("PROTOCOL").unwrap_or_else(|| "http/protobuf".to_owned());
        if wanted != "http/protobuf" {
            let why = format!("spans are sent by http/protobuf, not by {}", wanted.escape_debug());
            return Err(Error::new(Kind::Unsupported, OP, why)
                .with_fix("unset OTEL_EXPORTER_OTLP_PROTOCOL, and name the collector's HTTP port, usually 4318"));
        }
        let wrong = |why: String| {
            Error::new(Kind::InvalidInput, OP, why).with_fix("check OTEL_EXPORTER_OTLP_ENDPOINT, or unset it")
        };
        let tls = tls_for(&endpoint).map_err(|e| wrong(e.message.replace("model service", "collector")))?;
        let client = reqwest::Client::builder().user_agent(concat!("cowork/", env!("CARGO_PKG_VERSION")));
        let client = client.tls_backend_preconfigured(tls).redirect(reqwest::redirect::Policy::none());
        let client = client.retry(reqwest::retry::never()).connect_timeout(TIMEOUT);
        let client = client.build().map_err(|e| wrong(e.to_string()))?;
        let timeout = signal("TIMEOUT").and_then(|ms| ms.parse().ok()).map_or(TIMEOUT, Duration::from_millis);
        let fault: Arc<OnceLock<String>> = Arc::default();
        let carrier = Carrier { client, runtime: Handle::current(), timeout, fault: fault.clone() };
        let exporter = SpanExporter::builder().with_http().with_http_client(carrier);
        let exporter = exporter.with_protocol(Protocol::HttpBinary).build().map_err(|e| wrong(e.to_string()))?;
        let provider = SdkTracerProvider::builder().with_batch_exporter(Fitting(exporter)).with_resource(resource());
        let at = endpoint.split("://").nth(1).unwrap_or(&endpoint).split('/').next().unwrap_or_default().to_owned();
        Ok(Some(Self { provider: provider.build(), at, fault }))
    }

    /// Gives the layer that passes spans on, for a host with a subscriber of its own.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    {
        let layer = tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("cowork"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false);
        // Events tell of paths and of what services said.
        layer.with_filter(filter_fn(|what| what.is_span() && what.target().starts_with(TARGET)))
    }

    /// Makes it the process's subscriber, for a host that has none.
    ///
    /// # Errors
    /// `Conflict` if there is one.
    pub fn install(&self) -> Result<()> {
        let set = tracing::subscriber::set_global_default(Registry::default().with(self.layer()));
        set.map_err(|e| Error::new(Kind::Conflict, OP, "the process has a subscriber already").with_source(e))
    }

    /// Sends what is left, and waits for that at most so long. Whatever was not sent by then is let go.
    ///
    /// # Errors
    /// `Unavailable` if spans could not be sent.
    pub async fn close(self, most: Duration) -> Result<()> {
        let provider = self.provider.clone();
        let closed = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(most));
        let ended = tokio::time::timeout(most, closed).await;
        let why = match (self.fault.get(), ended) {
            (Some(fault), _) => fault.clone(),
            (None, Ok(Ok(Ok(())))) => return Ok(()),
            (None, _) => format!("it did not answer within {} s", most.as_secs()),
        };
        let why = format!("the spans of this run could not be sent to {}: {why}", self.at);
        Err(Error::new(Kind::Unavailable, OP, why)
            .with_fix("start the collector, or unset OTEL_EXPORTER_OTLP_ENDPOINT"))
    }
}

/// Gives where spans are to go, if anywhere.
fn endpoint() -> Option<String> {
    let is = |name: &str, value: &str| set(name).is_some_and(|v| v.eq_ignore_ascii_case(value));
    if is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none") {
        return None;
    }
    signal("ENDPOINT")
}

/// Reads what is set for spans, or else for all signals.
fn signal(name: &str) -> Option<String> {
    set(&format!("OTEL_EXPORTER_OTLP_TRACES_{name}")).or_else(|| set(&format!("OTEL_EXPORTER_OTLP_{name}")))
}

fn set(name: &str) -> Option<String> {
    env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// Says who sends: as the environment names it.
fn resource() -> Resource {
    let named = set("OTEL_SERVICE_NAME").is_some()
        || set("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|all| all.contains("service.name="));
    let builder = Resource::builder();
    if named { builder.build() } else { builder.with_service_name("cowork").build() }
}

/// Carries batches on the runtime: they come from a thread of their own.
struct Carrier {
    client: reqwest::Client,
    runtime: Handle,
    timeout: Duration,
    /// What went wrong first.
    fault: Arc<OnceLock<String>>,
}

impl Carrier {
    fn failed(&self, why: String) -> HttpError {
        let _ = self.fault.set(why.clone());
        why.into()
    }
}

#[async_trait]
impl HttpClient for Carrier {
    async fn send_bytes(&self, request: Request<Bytes>) -> std::result::Result<Response<Bytes>, HttpError> {
        let mut request = reqwest::Request::try_from(request)?;
        *request.timeout_mut() = Some(self.timeout);
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move {
            let mut answer = client.execute(request).await?;
            let (status, mut body) = (answer.status(), Vec::new());
            while let Some(piece) = answer.chunk().await? {
                body.extend_from_slice(&piece[..piece.len().min(MOST - body.len())]);
                if body.len() == MOST {
                    break;
                }
            }
            Ok::<_, reqwest::Error>((status, body))
        });
        let answered = sent.await.map_err(|_| self.failed("the client was stopped".to_owned()))?;
        let (status, body) = answered.map_err(|e| self.failed(cause(&e)))?;
        if !status.is_success() {
            let _ = self.fault.set(format!("it answered {status}"));
        }
        Ok(Response::builder().status(status).body(body.into())?)
    }
}

/// Gives the last cause, without the address, which may hold a key.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it did not answer in time".to_owned();
    }
    let mut at: &dyn StdError = error;
    while let Some(next) = at.source() {
        at = next;
    }
    at.to_string()
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carrier")
    }
}

/// Writes what `tracing` can't: lists.
#[derive(Debug)]
struct Fitting(SpanExporter);

impl Exporter for Fitting {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        // What was filled in twice counts as it was filled in last.
        for span in &mut batch {
            let all = std::mem::take(&mut span.attributes);
            let last = |n: usize| all[n + 1..].iter().all(|other| other.key != all[n].key);
            span.attributes = (0..all.len()).filter(|n| last(*n)).map(|n| all[n].clone()).collect();
        }
        for one in batch.iter_mut().flat_map(|span| &mut span.attributes).filter(|one| one.key.as_str() == LIST) {
            let text: StringValue = one.value.as_str().into_owned().into();
            one.value = Value::Array(Array::String(vec![text]));
        }
        self.0.export(batch).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Otlp({})", self.at)
    }
}

//! Spans for whoever watches: named and filled as OpenTelemetry's conventions for generative AI say.
//!
//! Source: OpenTelemetry semantic conventions for generative AI, as of November 2026: the spans `invoke_agent` (internal), inference
//! and `execute_tool`. What was said, read and written is never in a span, nor is a path, a key or an error's message.

use tracing::{Span, field, info_span};

use super::Inner;
use crate::{CallId, Error, Finish, Kind, Model, ModelAnswer, ModelRequest, Result, Stop, Task, TaskId, ThreadId};

/// What the agent is called, and whose it is where no model is asked.
const AGENT: &str = "cowork";

/// A task, from being taken up to being put down. Below it is all that is done for it, its sub-tasks too.
pub(super) fn task(thread: ThreadId, task: TaskId) -> Span {
    agent(None, thread, task)
}

/// A sub-task, below the task at the top.
pub(super) fn subtask(root: &Span, thread: ThreadId, task: TaskId) -> Span {
    agent(Some(root), thread, task)
}

fn agent(parent: Option<&Span>, thread: ThreadId, task: TaskId) -> Span {
    info_span!(
        parent: parent.and_then(Span::id),
        "invoke_agent",
        "otel.name" = format_args!("invoke_agent {AGENT}"),
        "otel.kind" = "internal",
        "otel.status_code" = field::Empty,
        "gen_ai.operation.name" = "invoke_agent",
        "gen_ai.provider.name" = field::Empty,
        "gen_ai.agent.name" = AGENT,
        "gen_ai.conversation.id" = %thread,
        "gen_ai.request.model" = field::Empty,
        "cowork.task" = %task,
        "error.type" = field::Empty,
    )
}

/// Fills in who does a task.
pub(super) fn planned_by(span: &Span, engine: &Inner, task: &Task) {
    if span.is_disabled() {
        return;
    }
    let asks = engine.planner(&task.submit).is_ok_and(|planner| planner.name() == "model");
    let wanted = task.submit.planner.get("model").and_then(serde_json::Value::as_str);
    let model = engine.parts.models.iter().find(|m| asks && wanted.is_none_or(|name| m.name() == name));
    span.record("gen_ai.provider.name", model.map_or(AGENT, |m| m.provider()));
    if let Some(model) = model {
        span.record("gen_ai.request.model", model.known_as());
    }
}

/// Fills in how a task ended, if it did.
pub(super) fn ended(span: &Span, task: &Task) {
    if let Some(Finish::Failed { error }) = &task.result {
        failed(span, error);
    }
}

/// A question to a model, all tries together.
pub(super) fn chat(model: &dyn Model, thread: Option<ThreadId>, purpose: &str, request: &ModelRequest) -> Span {
    let at = model.card().at.as_str();
    let (host, port) = at.rsplit_once(':').and_then(|(h, p)| Some((h, p.parse().ok()?))).unwrap_or((at, 443_i64));
    let span = info_span!(
        "chat",
        "otel.name" = format_args!("chat {}", model.known_as()),
        "otel.kind" = "client",
        "otel.status_code" = field::Empty,
        "gen_ai.operation.name" = "chat",
        "gen_ai.provider.name" = model.provider(),
        "gen_ai.conversation.id" = field::Empty,
        "gen_ai.output.type" = field::Empty,
        "gen_ai.request.model" = model.known_as(),
        "gen_ai.request.max_tokens" = i64::from(request.most_tokens),
        "gen_ai.request.stream" = true,
        "gen_ai.response.model" = field::Empty,
        "gen_ai.response.id" = field::Empty,
        "gen_ai.response.finish_reasons" = field::Empty,
        "gen_ai.usage.input_tokens" = field::Empty,
        "gen_ai.usage.output_tokens" = field::Empty,
        "gen_ai.usage.cache_read.input_tokens" = field::Empty,
        "gen_ai.usage.cache_creation.input_tokens" = field::Empty,
        "gen_ai.usage.reasoning.output_tokens" = field::Empty,
        "server.address" = host,
        "server.port" = port,
        "cowork.model" = model.name(),
        "cowork.purpose" = purpose,
        "cowork.tries" = field::Empty,
        "error.type" = field::Empty,
    );
    if let Some(thread) = thread {
        span.record("gen_ai.conversation.id", field::display(thread));
    }
    if request.schema.is_some() {
        span.record("gen_ai.output.type", "json");
    }
    span
}

/// Fills in what a question came to.
pub(super) fn answered(span: &Span, tries: u32, answer: &Result<ModelAnswer>) {
    if span.is_disabled() {
        return;
    }
    span.record("cowork.tries", i64::from(tries));
    match answer {
        Err(error) => failed(span, error),
        Ok(answer) => {
            let usage = &answer.usage;
            span.record("gen_ai.response.model", answer.model.as_str());
            span.record("gen_ai.response.id", answer.id.as_str());
            span.record("gen_ai.response.finish_reasons", finish_reason(answer.stop));
            // The conventions count what came from a cache as read too.
            span.record("gen_ai.usage.input_tokens", int(usage.input + usage.cache_read + usage.cache_write));
            span.record("gen_ai.usage.output_tokens", int(usage.output));
            span.record("gen_ai.usage.cache_read.input_tokens", int(usage.cache_read));
            span.record("gen_ai.usage.cache_creation.input_tokens", int(usage.cache_write));
            if usage.thinking > 0 {
                span.record("gen_ai.usage.reasoning.output_tokens", int(usage.thinking));
            }
        }
    }
}

/// A run of a tool.
pub(super) fn tool(name: &str, thread: ThreadId, call: CallId, attempt: u32) -> Span {
    info_span!(
        "execute_tool",
        "otel.name" = format_args!("execute_tool {name}"),
        "otel.kind" = "internal",
        "otel.status_code" = field::Empty,
        "gen_ai.operation.name" = "execute_tool",
        "gen_ai.conversation.id" = %thread,
        "gen_ai.tool.name" = name,
        "gen_ai.tool.type" = "function",
        "gen_ai.tool.call.id" = %call,
        "cowork.attempt" = i64::from(attempt),
        "error.type" = field::Empty,
    )
}

/// Says that what a span stands for failed, and by what kind of error.
pub(super) fn failed(span: &Span, error: &Error) {
    if span.is_disabled() {
        return;
    }
    span.record("otel.status_code", "error");
    match error.fact("status").filter(|status| status.parse::<u16>().is_ok()) {
        Some(status) => span.record("error.type", status),
        None => span.record("error.type", word(error.kind)),
    };
}

/// Gives the conventions' word for why an answer ended.
fn finish_reason(stop: Stop) -> &'static str {
    match stop {
        Stop::End => "stop",
        Stop::Calls => "tool_call",
        Stop::Length | Stop::Full => "length",
        Stop::Refused => "content_filter",
        Stop::Paused => "pause",
    }
}

/// The conventions' whole numbers are signed.
fn int(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn word(kind: Kind) -> String {
    let value = serde_json::to_value(kind).ok();
    value.as_ref().and_then(serde_json::Value::as_str).unwrap_or("_OTHER").to_owned()
}

//! Spans for whoever watches: named and filled as OpenTelemetry's conventions for generative AI say.
//!
//! Source: OpenTelemetry semantic conventions, `gen_ai` spans (`invoke_agent`, `chat`, `execute_tool`). What was said, read and
//! written is never in a span.

use tracing::{Span, field, info_span};

use crate::{CallId, Error, Model, ModelAnswer, ModelRequest, Result, TaskId, ThreadId};

/// A task, from being taken up to being put down.
pub(super) fn task(thread: ThreadId, task: TaskId) -> Span {
    info_span!(
        "invoke_agent",
        "otel.kind" = "internal",
        "gen_ai.operation.name" = "invoke_agent",
        "gen_ai.conversation.id" = %thread,
        "cowork.task" = %task,
        "error.type" = field::Empty,
    )
}

/// A question to a model, all tries together.
pub(super) fn chat(model: &dyn Model, purpose: &str, request: &ModelRequest) -> Span {
    info_span!(
        "chat",
        "otel.name" = format_args!("chat {}", model.name()),
        "otel.kind" = "client",
        "gen_ai.operation.name" = "chat",
        "gen_ai.request.model" = model.name(),
        "gen_ai.request.max_tokens" = request.most_tokens,
        "gen_ai.response.model" = field::Empty,
        "gen_ai.response.id" = field::Empty,
        "gen_ai.response.finish_reasons" = field::Empty,
        "gen_ai.usage.input_tokens" = field::Empty,
        "gen_ai.usage.output_tokens" = field::Empty,
        "gen_ai.usage.cache_read.input_tokens" = field::Empty,
        "gen_ai.usage.cache_creation.input_tokens" = field::Empty,
        "server.address" = model.card().at.as_str(),
        "cowork.purpose" = purpose,
        "cowork.tries" = field::Empty,
        "error.type" = field::Empty,
    )
}

/// Fills in what a question came to.
pub(super) fn answered(span: &Span, tries: u32, answer: &Result<ModelAnswer>) {
    if span.is_disabled() {
        return;
    }
    span.record("cowork.tries", tries);
    match answer {
        Err(error) => failed(span, error),
        Ok(answer) => {
            let usage = &answer.usage;
            span.record("gen_ai.response.model", answer.model.as_str());
            span.record("gen_ai.response.id", answer.id.as_str());
            span.record("gen_ai.response.finish_reasons", field::debug(answer.stop));
            // The conventions count what came from a cache as read too.
            span.record("gen_ai.usage.input_tokens", usage.input + usage.cache_read + usage.cache_write);
            span.record("gen_ai.usage.output_tokens", usage.output);
            span.record("gen_ai.usage.cache_read.input_tokens", usage.cache_read);
            span.record("gen_ai.usage.cache_creation.input_tokens", usage.cache_write);
        }
    }
}

/// A run of a tool.
pub(super) fn tool(name: &str, call: CallId, attempt: u32) -> Span {
    info_span!(
        "execute_tool",
        "otel.name" = format_args!("execute_tool {name}"),
        "otel.kind" = "internal",
        "gen_ai.operation.name" = "execute_tool",
        "gen_ai.tool.name" = name,
        "gen_ai.tool.call.id" = %call,
        "cowork.attempt" = attempt,
        "error.type" = field::Empty,
    )
}

/// Says that what a span stands for failed.
pub(super) fn failed(span: &Span, error: &Error) {
    span.record("error.type", field::debug(error.kind));
}

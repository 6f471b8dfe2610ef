//! What a service answers, in words that fit each format, and how it goes wrong.

use cowork_core::{Stop, Usage};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What the service does with a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reply {
    /// What its first requests meet, one each; then it goes on as the rest says.
    pub first: Vec<Fault>,
    /// What is answered.
    pub turn: Turn,
    /// How it goes wrong, each time.
    pub fault: Option<Fault>,
    /// In what way it is written otherwise than the format's documents say.
    pub quirks: Vec<Quirk>,
    /// The answer's body instead of all that, as a service sent it: a stream where one is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Turn {
    /// What it is made of, in order.
    pub parts: Vec<Part>,
    /// Why it ends; unless told, [`Stop::Calls`] with calls and else [`Stop::End`].
    pub stop: Option<Stop>,
    /// What it took; unless told, an estimate.
    pub usage: Option<Usage>,
}

/// A part of an answer. What a format has no word for is left out of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Text.
    Text(String),
    /// Text with citations, as the service writes them.
    Cited {
        /// What is said.
        text: String,
        /// Where it has it from.
        citations: Vec<Value>,
    },
    /// What it thinks, with a signature that [`super::messages::validate`] knows again.
    Thinking(String),
    /// What it thinks and does not show.
    Redacted(String),
    /// A call.
    Call {
        /// The tool.
        tool: String,
        /// The arguments.
        #[serde(default)]
        args: Value,
        /// Its id; one is minted unless told.
        #[serde(default)]
        id: Option<String>,
    },
    /// A tool of the service's own, and what came of it.
    Server {
        /// The tool: `web_search`.
        tool: String,
        /// What it was asked.
        input: Value,
        /// What came of it.
        result: Value,
    },
    /// That it won't.
    Refusal(String),
}

/// How an answer goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The service refuses: 401, 403, 404, 413, 429, 500, 503, 529, with its format's error.
    Status {
        /// The status.
        code: u16,
        /// The header `retry-after`.
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// Something between answers with a page of HTML.
    Html {
        /// The status.
        code: u16,
    },
    /// The connection is reset before any header.
    Reset,
    /// The connection is cut after so many bytes of the body.
    Cut {
        /// So many.
        after: usize,
    },
    /// The connection is cut in the middle of the last call's arguments.
    CutInArguments,
    /// Nothing comes after so many bytes of the body, for ever.
    Stall {
        /// So many.
        after: usize,
    },
    /// Text without end.
    Endless,
    /// Text of so many bytes, then the rest.
    Huge {
        /// So many.
        bytes: u64,
    },
    /// Bytes in the first text that are no UTF-8.
    InvalidUtf8,
    /// An error inside a stream that began well; a 500 with the error where nothing is streamed.
    ErrorInStream {
        /// Its type: `overloaded_error`.
        kind: String,
    },
    /// No body.
    EmptyBody,
    /// The right body, called `text/plain`.
    WrongType,
    /// A stream was asked for, and the answer comes whole, as JSON.
    NotStreamed,
    /// The arguments of the last call end in their middle; the answer ends as if it had reached its most tokens.
    HalfArguments,
}

/// A way in which services differ from what the format's documents say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quirk {
    /// Calls have no id.
    NoIds,
    /// Calls have no index.
    NoIndex,
    /// Every call has the index 0.
    ZeroIndex,
    /// Each piece of a call repeats its id and its name.
    RepeatedIds,
    /// Every call has the same id.
    SameIds,
    /// Ids of nine letters and digits, as Mistral's.
    NineIds,
    /// An answer with calls ends with `stop` or `end_turn`.
    FinishStop,
    /// No reason is given for the end.
    NullFinish,
    /// Whatever may be null is null.
    Nulls,
    /// A delta that is null.
    NullDelta,
    /// All calls in one delta.
    OneDelta,
    /// The arguments of a call in one delta, with its beginning.
    WholeArguments,
    /// The arguments are an object and not a string.
    ObjectArguments,
    /// The arguments are `"null"`.
    NullArguments,
    /// The arguments are an empty string, or never come.
    EmptyArguments,
    /// The first piece of arguments is empty.
    EmptyFirst,
    /// `tool_calls: []` in each delta of text.
    NoCalls,
    /// `error: null` in each event.
    NullError,
    /// The whole input in the block's start, and no delta.
    InputInStart,
    /// Events that nobody knows.
    UnknownEvents,
    /// A block that nobody knows.
    UnknownBlock,
    /// No `[DONE]`, no last event.
    NoDone,
    /// No usage.
    NoUsage,
    /// Only items that are done, no deltas.
    OnlyDone,
    /// What it thinks is called `reasoning_content`, as by `DeepSeek`.
    ReasoningContent,
    /// What it thinks is called `reasoning`, with `reasoning_details`, as by `OpenRouter`.
    ReasoningDetails,
    /// What it thinks is a part of the content, as by Mistral.
    ThinkingParts,
    /// Lines end with a carriage return and a line feed.
    CrLf,
    /// Comments between events.
    Comments,
    /// No space after `data:`.
    NoSpace,
    /// Events without their name.
    NoEventNames,
}

impl Reply {
    /// Says something.
    pub fn text(text: &str) -> Self {
        Self::turn([Part::Text(text.to_owned())])
    }

    /// Says something and wants calls made: each a tool and its arguments.
    pub fn calls(text: &str, calls: impl IntoIterator<Item = (&'static str, Value)>) -> Self {
        let text = (!text.is_empty()).then(|| Part::Text(text.to_owned()));
        Self::turn(text.into_iter().chain(calls.into_iter().map(|(tool, args)| Part::call(tool, args))))
    }

    /// Answers with these parts.
    pub fn turn(parts: impl IntoIterator<Item = Part>) -> Self {
        let turn = Turn { parts: parts.into_iter().collect(), ..Turn::default() };
        Self { turn, ..Self::default() }
    }

    /// Answers with this body, as a service sent it.
    pub fn raw(body: &str) -> Self {
        Self { raw: Some(body.to_owned()), ..Self::default() }
    }

    /// Goes wrong, each time.
    pub fn fault(fault: Fault) -> Self {
        Self::text("This never arrives whole.").with_fault(fault)
    }

    /// Refuses with a status, each time.
    pub fn status(code: u16) -> Self {
        Self::fault(Fault::Status { code, retry_after: None })
    }

    /// Goes wrong in this way, each time.
    #[must_use]
    pub fn with_fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// Goes wrong in these ways first, each once.
    #[must_use]
    pub fn after(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.first.extend(faults);
        self
    }

    /// Is written in this way.
    #[must_use]
    pub fn with_quirk(mut self, quirk: Quirk) -> Self {
        self.quirks.push(quirk);
        self
    }

    /// Ends for this reason.
    #[must_use]
    pub fn with_stop(mut self, stop: Stop) -> Self {
        self.turn.stop = Some(stop);
        self
    }

    /// Took so many tokens.
    #[must_use]
    pub fn with_usage(mut self, usage: Usage) -> Self {
        self.turn.usage = Some(usage);
        self
    }
}

impl Part {
    /// Makes a call.
    pub fn call(tool: &str, args: Value) -> Self {
        Self::Call { tool: tool.to_owned(), args, id: None }
    }

    /// Makes a search of the web, as the service does it, that found one page.
    pub fn search(query: &str, url: &str) -> Self {
        let found = json!({ "type": "web_search_result", "title": query, "url": url, "encrypted_content": "c2VhbGVk", "page_age": null });
        Self::Server { tool: "web_search".into(), input: json!({ "query": query }), result: json!([found]) }
    }
}

impl Turn {
    /// Gives why it ends.
    pub fn stop(&self) -> Stop {
        let calls = self.parts.iter().any(|p| matches!(p, Part::Call { .. }));
        let refused = self.parts.iter().any(|p| matches!(p, Part::Refusal(_)));
        let unless_told = match (calls, refused) {
            (true, _) => Stop::Calls,
            (_, true) => Stop::Refused,
            _ => Stop::End,
        };
        self.stop.unwrap_or(unless_told)
    }
}

//! What a service says went wrong, in the words of the one error.

use std::{error::Error as StdError, io, time::SystemTime};

use cowork_core::{Error, Kind, Retry};
use http::header::{self, HeaderMap};
use serde_json::Value;

use super::connect::Unspoken;
use crate::Secret;

const OP: &str = "ask a model";

/// The status by which a proxy asks who asks, and how the client says that it came where a connection was to be passed on.
const PROXY: u16 = 407;
const WHO: &str = "proxy authorization required";

/// How many characters of a service's own words are repeated.
const MOST_QUOTED: usize = 500;

/// What a service says went wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// The HTTP status; 0 in the middle of a stream.
    pub status: u16,
    /// What kind of error the service calls it: `overloaded_error`, `insufficient_quota`.
    pub kind: String,
    /// The service's own words.
    pub message: String,
    /// When to try again, as the service says; none if it does not.
    pub after_ms: Option<u64>,
    /// Whether the service says that it may, or may not, be tried again.
    pub again: Option<bool>,
    /// The service's name for the request, for its support.
    pub request: String,
    /// Whether this is no word of a service but a page for people; `message` is its title.
    pub page: bool,
}

impl Fault {
    /// Reads the answer of a service that is no success.
    pub fn of_answer(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let mut fault = Self::of_body(body);
        fault.status = status;
        fault.after_ms = after_ms(headers);
        fault.again = text("x-should-retry").parse().ok();
        if fault.request.is_empty() {
            fault.request = [text("request-id"), text("x-request-id")]
                .into_iter()
                .find(|id| !id.is_empty())
                .unwrap_or_default()
                .to_owned();
        }
        let encoding = text(header::CONTENT_ENCODING.as_str());
        if (200..300).contains(&status) && !fault.page && !encoding.is_empty() {
            fault.message = format!("the answer is packed ({encoding}), though that was not asked for");
        }
        if (300..400).contains(&status) {
            fault.message = format!("it points to {}", text(header::LOCATION.as_str()));
        }
        fault
    }

    /// Reads the body of such an answer: JSON as services write it, a page, or some text.
    pub fn of_body(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let trimmed = text.trim_start_matches('\u{feff}').trim();
        if trimmed.starts_with('<') {
            return Self { message: title(trimmed), page: true, ..Self::default() };
        }
        match serde_json::from_str::<Value>(trimmed) {
            Ok(value) => Self::of_json(&value),
            Err(_) => Self { message: trimmed.to_owned(), ..Self::default() },
        }
    }

    /// Reads an error as services write it: `{"error":{"type","code","message"}}`, `{"error":"…"}`, `{"message":"…"}`, `{"detail":…}`.
    pub fn of_json(value: &Value) -> Self {
        let value = value.get(0).unwrap_or(value);
        let error = value.get("error").filter(|e| !e.is_null()).unwrap_or(value);
        let text = |value: &Value, name: &str| match value.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(other) if !other.is_null() => other.to_string(),
            _ => String::new(),
        };
        let first = |names: &[&str]| names.iter().map(|n| text(error, n)).find(|t| !t.is_empty()).unwrap_or_default();
        let message = error.as_str().map_or_else(|| first(&["message", "detail", "msg"]), str::to_owned);
        let (kind, code) = (text(error, "type"), text(error, "code"));
        let status = code.parse().ok().filter(|status| (400..600).contains(status)).unwrap_or(0);
        // OpenAI's `code` says more than its `type`; where it is a status, it says less.
        let kind = if code.is_empty() || code.parse::<u64>().is_ok() { kind } else { code };
        Self { status, kind, message, request: text(value, "request_id"), ..Self::default() }
    }

    /// Makes the error: for this host, with this key.
    pub(super) fn error(&self, at: &str, key: Option<&Secret>, key_from: &str) -> Error {
        let (what, retry) = self.sort();
        let said = quoted(&self.message, key);
        let said = if said.is_empty() { quoted(&self.kind, key) } else { said };
        let (said, origin) = (with_colon(&said), key.map_or(key_from, Secret::origin));
        let (kind, message, fix) = what.words(at, &said, origin, key.is_some());
        let message = if self.page && self.status != PROXY { page(at, &said) } else { message };
        let fix = if self.page && self.status != PROXY {
            "check the service's address, and whether a proxy or a login page stands before it".to_owned()
        } else {
            fix
        };
        let retry = self.retry(retry);
        let fix = long(retry).unwrap_or(fix);
        let mut error = Error::new(kind, OP, message).with_retry(retry).with_fix(fix);
        let status = if self.status == 0 { String::new() } else { self.status.to_string() };
        for (name, value) in [("status", status.as_str()), ("service_error", &self.kind), ("request", &self.request)] {
            if !value.is_empty() {
                error = error.with(name, quoted(value, key));
            }
        }
        error
    }

    fn retry(&self, may: bool) -> Retry {
        match (self.again.unwrap_or(may), self.after_ms) {
            (false, _) => Retry::Never,
            (true, None | Some(0)) => Retry::Now,
            (true, Some(ms)) => Retry::AfterMs(ms),
        }
    }

    /// Says what it is, and whether that may go away by itself.
    fn sort(&self) -> (What, bool) {
        let kind = self.kind.as_str();
        let said = |words: &[&str]| {
            let lower = self.message.to_lowercase();
            words.iter().any(|word| lower.contains(word))
        };
        let full = [
            "prompt is too long",
            "context length",
            "context window",
            "maximum context",
            "too many tokens",
            "exceeds the context",
        ];
        let empty = ["credit balance", "insufficient_quota", "exceeded your current quota"];
        if kind == "context_length_exceeded" || (matches!(self.status, 0 | 400 | 413 | 422) && said(&full)) {
            return (What::TooLong, false);
        }
        if matches!(kind, "billing_error" | "insufficient_quota")
            || self.status == 402
            || (self.status / 100 == 4 && said(&empty))
        {
            return (What::NoMoney, false);
        }
        match kind {
            _ if self.status == PROXY => return (What::Proxy, false),
            "authentication_error" | "invalid_api_key" => return (What::Key, false),
            "permission_error" => return (What::Forbidden, false),
            "not_found_error" | "model_not_found" => return (What::NoModel, false),
            "request_too_large" => return (What::TooLong, false),
            "rate_limit_error" | "rate_limit_exceeded" => return (What::Rate, true),
            "overloaded_error" | "api_error" | "server_error" | "timeout_error" => return (What::Overloaded, true),
            "invalid_request_error" if self.status == 0 => return (What::Request, false),
            _ => {}
        }
        match self.status {
            401 => (What::Key, false),
            403 => (What::Forbidden, false),
            404 | 405 => (What::NoModel, false),
            413 => (What::TooLong, false),
            429 => (What::Rate, true),
            0 | 408 | 409 | 425 | 500..=599 => (What::Overloaded, true),
            200..=299 => (What::NoAnswer, self.page),
            300..=399 => (What::NoAnswer, false),
            _ => (What::Request, false),
        }
    }
}

/// What a fault comes to.
#[derive(Clone, Copy)]
enum What {
    Key,
    Forbidden,
    NoModel,
    TooLong,
    NoMoney,
    Proxy,
    Rate,
    Overloaded,
    NoAnswer,
    Request,
}

impl What {
    /// Says what is wrong with a key, or that there is none.
    fn of_key(self, at: &str, said: &str, key: &str, has_key: bool) -> (Kind, String, String) {
        let (what, fix) = match (self, has_key, key) {
            (Self::Forbidden, true, key) => {
                (format!("{at} does not allow this{said}"), format!("check what the key from {key} may do there"))
            }
            (Self::Forbidden, false, _) => (
                format!("{at} does not allow this{said}"),
                "no key was given: give one that may do this, as the model's `key`".to_owned(),
            ),
            (_, true, key) => (
                format!("{at} does not accept the key from {key}{said}"),
                format!("set {key} to a key that is valid there"),
            ),
            (_, false, "") => (
                format!("{at} wants a key, and none was given{said}"),
                "give a key of that service as the model's `key`".to_owned(),
            ),
            (_, false, key) => {
                (format!("{at} wants a key, and none was given{said}"), format!("set {key} to a key of that service"))
            }
        };
        (Kind::NotAllowed, what, fix)
    }

    fn words(self, at: &str, said: &str, key: &str, has_key: bool) -> (Kind, String, String) {
        let fix = |text: &str| text.to_owned();
        match self {
            Self::Key | Self::Forbidden => self.of_key(at, said, key, has_key),
            Self::NoModel => (
                Kind::NotFound,
                format!("{at} has no such model or path{said}"),
                fix("check the model's name and the service's address"),
            ),
            Self::TooLong => (
                Kind::LimitExceeded,
                format!("the conversation is too long for the model{said}"),
                fix("shorten it, or take a model that holds more"),
            ),
            Self::NoMoney => (
                Kind::LimitExceeded,
                format!("the account at {at} is used up{said}"),
                fix("add credit there, or use another key"),
            ),
            Self::Proxy => (
                Kind::NotAllowed,
                format!("the proxy before {at} wants to know who asks{said}"),
                fix("put the name and the password into its address: http://NAME:PASSWORD@proxy.example:3128"),
            ),
            Self::Rate => (
                Kind::Unavailable,
                format!("{at} gets too many requests from this account{said}"),
                fix("wait a little, then try again"),
            ),
            Self::Overloaded => (Kind::Unavailable, format!("{at} can't answer now{said}"), fix("try again later")),
            Self::NoAnswer => (
                Kind::Unavailable,
                format!("{at} did not answer as a model service does{said}"),
                fix("check the service's address"),
            ),
            Self::Request => (
                Kind::InvalidInput,
                format!("{at} can't take this request{said}"),
                fix("change what it names, then try again"),
            ),
        }
    }
}

/// Says when to come back, where that is longer than a person waits at the screen.
fn long(retry: Retry) -> Option<String> {
    let Retry::AfterMs(ms) = retry else { return None };
    let minutes = ms.div_ceil(60_000);
    let when = match minutes {
        0 | 1 => return None,
        2..120 => format!("{minutes} minutes"),
        _ => format!("{} hours", minutes.div_ceil(60)),
    };
    Some(format!("it asks to be left alone: try again in {when}"))
}

fn page(at: &str, said: &str) -> String {
    format!("{at} sent a web page instead of an answer{said}")
}

/// Makes the error for a service that is not reached, or lost on the way.
pub(super) fn network(error: &(dyn StdError + 'static), unconnected: bool, at: &str) -> Error {
    let Root { said, refused, late, unspoken } = Root::of(error);
    if unspoken {
        return Error::new(Kind::InvalidInput, OP, format!("{at} can't be reached: {said}"))
            .with_fix("name one such as http://proxy.example:3128, or put the service into NO_PROXY");
    }
    if unconnected && said.ends_with(WHO) {
        return Fault { status: PROXY, ..Fault::default() }.error(at, None, "");
    }
    let lost = |message: String| Error::new(Kind::Unavailable, OP, message).with_retry(Retry::Now);
    if said.contains("certificate") || said.contains("UnknownIssuer") {
        Error::new(Kind::Unavailable, OP, format!("{at} can't prove that it is who it says: {said}"))
            .with_fix("if a proxy of your organisation stands between, give its root certificate as one to trust")
    } else if unconnected && late {
        lost(format!("{at} can't be reached: no connection in time")).with_fix("check the network and the proxy")
    } else if unconnected {
        let fix = if refused {
            "start the service, or check its address"
        } else {
            "check the network, the proxy and the service's address"
        };
        lost(format!("{at} can't be reached: {said}")).with_fix(fix)
    } else {
        lost(format!("the connection to {at} was lost: {said}")).with_fix("try again")
    }
}

/// What an error comes from.
struct Root {
    said: String,
    refused: bool,
    late: bool,
    /// Whether it is a proxy that speaks something else.
    unspoken: bool,
}

impl Root {
    fn of(error: &(dyn StdError + 'static)) -> Self {
        let (mut at, mut refused, mut late, mut unspoken) = (error, false, false, false);
        loop {
            let kind = at.downcast_ref::<io::Error>().map(io::Error::kind);
            refused |= kind == Some(io::ErrorKind::ConnectionRefused);
            late |= kind == Some(io::ErrorKind::TimedOut);
            unspoken |= at.is::<Unspoken>();
            match at.source() {
                Some(next) => at = next,
                None => return Self { said: at.to_string(), refused, late, unspoken },
            }
        }
    }
}

/// Hides a key in all that an error says.
pub(super) fn hide(mut error: Error, key: &Secret) -> Error {
    error.message = key.hide(&error.message);
    for (_, value) in &mut error.context {
        *value = key.hide(value);
    }
    error
}

/// Gives words of a service as they can be repeated: on one line, not too long, without the key.
fn quoted(text: &str, key: Option<&Secret>) -> String {
    let hidden = key.map_or_else(|| text.to_owned(), |key| key.hide(text));
    let mut out = String::new();
    for (n, word) in hidden.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).enumerate() {
        if out.len() + word.len() >= MOST_QUOTED {
            out.extend(word.chars().take(MOST_QUOTED.saturating_sub(out.len())));
            out.push('…');
            break;
        }
        out.push_str(if n == 0 { "" } else { " " });
        out.push_str(word);
    }
    out
}

fn with_colon(said: &str) -> String {
    let said = said.trim_end_matches('.');
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

/// Gives the title of a page.
fn title(page: &str) -> String {
    let lower = page.to_ascii_lowercase();
    let found = lower.find("<title").and_then(|from| {
        let from = from + lower[from..].find('>')? + 1;
        Some(&page[from..from + lower[from..].find("</title")?])
    });
    found.unwrap_or_default().chars().take(100).collect()
}

fn after_ms(headers: &HeaderMap) -> Option<u64> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    let number = |text: &str| text.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
    if let Some(ms) = text("retry-after-ms").and_then(number) {
        return Some(ms.ceil() as u64);
    }
    let after = text("retry-after")?;
    if let Some(seconds) = number(after) {
        return Some((seconds * 1_000.0).ceil() as u64);
    }
    let then = httpdate::parse_http_date(after).ok()?;
    // By the service's own clock, where it tells it.
    let now = text("date").and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or_else(SystemTime::now);
    Some(then.duration_since(now).map_or(0, |d| d.as_millis().try_into().unwrap_or(u64::MAX)))
}

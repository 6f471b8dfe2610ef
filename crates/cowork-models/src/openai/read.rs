//! How an answer is read, whichever of the two formats it has.

use std::{borrow::Cow, fmt};

use cowork_core::{CancellationToken, Error, Kind, Result, Retry, Say};
use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Value, value::RawValue};

use crate::{
    sse::{Event, Parser},
    transport::{Content, Fault, Pieces, Transport},
};

/// Reads the answer of one format. It does no I/O.
pub(super) trait Reader {
    /// Reads an event of a stream.
    fn event(&mut self, event: Event<'_>, say: &Say) -> Result<()>;

    /// Reads an answer that came in one.
    fn whole(&mut self, json: &str, say: &Say) -> Result<()>;

    /// Gives the error that the service put into its answer, if it did.
    fn fault(&mut self) -> Option<Fault>;

    /// Says whether the last event has come.
    fn done(&self) -> bool;
}

/// Sends a request and has its answer read.
pub(super) async fn answer(
    transport: &Transport,
    path: &str,
    body: impl FnOnce() -> Pieces,
    reader: &mut (impl Reader + Send),
    say: &Say,
    cancel: &CancellationToken,
) -> Result<()> {
    let mut incoming = transport.post(path, body, cancel).await?;
    let check = |reader: &mut dyn Reader| reader.fault().map_or(Ok(()), |fault| Err(transport.fault(&fault)));
    if incoming.content() == Content::Json {
        let all = incoming.whole().await?;
        let text = std::str::from_utf8(&all).map_err(|_| broken("bytes that are not UTF-8"))?;
        reader.whole(text, say)?;
        return check(reader);
    }
    let mut parser = Parser::default();
    while let Some(bytes) = incoming.next().await? {
        parser.feed(bytes, |event| reader.event(event, say))?;
        check(reader)?;
        if reader.done() {
            incoming.rest().await;
            return Ok(());
        }
    }
    parser.finish(|event| reader.event(event, say))?;
    check(reader)
}

/// Makes the error for an answer that is none.
pub(super) fn broken(what: &str) -> Error {
    let message = format!("the service sent {what} instead of an answer");
    Error::new(Kind::Unavailable, "read an answer", message)
        .with_retry(Retry::Now)
        .with_fix("try again; if it stays so, check that the address is that of a model service")
}

/// Makes the error for an answer that has no end.
pub(super) fn endless() -> Error {
    Error::new(Kind::Unavailable, "read an answer", "the answer was cut off before its end")
        .with_retry(Retry::Now)
        .with_fix("try again")
}

/// Makes a fault of an error as a service writes it.
pub(super) fn fault_of(json: &str) -> Fault {
    serde_json::from_str::<Value>(json)
        .map_or_else(|_| Fault { message: json.to_owned(), ..Fault::default() }, |v| Fault::of_json(&v))
}

/// Gives what stands for something: none for what is not there, `null` and `false`.
pub(super) fn there(raw: Option<&RawValue>) -> Option<&str> {
    raw.map(RawValue::get).filter(|json| !matches!(*json, "null" | "false" | "\"\"" | "{}"))
}

/// Text, borrowed where it has no escapes. What is no text counts as none.
#[derive(Debug, Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

/// A whole number. What is none counts as 0.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Number(pub(super) u64);

/// The content of a message: text, and what was thought among it.
#[derive(Debug, Default)]
pub(super) struct Said<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) thought: String,
}

/// The arguments of a call: a string as it should be, or what else there is as JSON.
#[derive(Debug, Default)]
pub(super) struct Args<'a>(pub(super) Cow<'a, str>);

/// The first of a list, the others being left out.
#[derive(Debug)]
pub(super) struct First<T>(pub(super) Option<T>);

impl<T> Default for First<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// Writes a visitor that takes whatever comes; what is not told apart counts as nothing.
macro_rules! lenient {
    ($name:ident<$de:lifetime>, $value:ty, $about:literal, { $($special:tt)* }) => {
        struct $name;
        impl<$de> Visitor<$de> for $name {
            type Value = $value;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($about)
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Default::default())
            }
            $($special)*
        }
    };
}

lenient!(TextVisitor<'de>, Text<'de>, "a text", {
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
    fn visit_bool<E>(self, _: bool) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }
    fn visit_u64<E>(self, number: u64) -> Result<Text<'de>, E> {
        Ok(Text(Cow::Owned(number.to_string())))
    }
    fn visit_i64<E>(self, _: i64) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }
    fn visit_f64<E>(self, _: f64) -> Result<Text<'de>, E> {
        Ok(Text::default())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Text<'de>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text::default())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text::default())
    }
});

lenient!(NumberVisitor<'de>, Number, "a number", {
    fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
        Ok(Number(number))
    }
    fn visit_i64<E>(self, _: i64) -> Result<Number, E> {
        Ok(Number(0))
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float is cut to what fits")]
    fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
        Ok(Number(number as u64))
    }
    fn visit_bool<E>(self, _: bool) -> Result<Number, E> {
        Ok(Number(0))
    }
    fn visit_str<E>(self, text: &str) -> Result<Number, E> {
        Ok(Number(text.parse().unwrap_or_default()))
    }
});

lenient!(ContentVisitor<'de>, Said<'de>, "text or parts", {
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Said<'de>, E> {
        Ok(Said { text: Cow::Borrowed(text), thought: String::new() })
    }
    fn visit_str<E>(self, text: &str) -> Result<Said<'de>, E> {
        Ok(Said { text: Cow::Owned(text.to_owned()), thought: String::new() })
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Said<'de>, A::Error> {
        let (mut text, mut thought) = (String::new(), String::new());
        while let Some(part) = seq.next_element::<Value>()? {
            let of = |part: &Value| part["text"].as_str().or(part.as_str()).unwrap_or_default().to_owned();
            match &part["thinking"] {
                Value::Array(parts) => thought.extend(parts.iter().map(of)),
                Value::String(whole) => thought.push_str(whole),
                _ => text.push_str(&of(&part)),
            }
        }
        Ok(Said { text: Cow::Owned(text), thought })
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Said<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Said::default())
    }
});

lenient!(ArgsVisitor<'de>, Args<'de>, "arguments", {
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Args<'de>, E> {
        Ok(Args(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Args<'de>, E> {
        Ok(Args(Cow::Owned(text.to_owned())))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Args<'de>, A::Error> {
        let object = Value::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Args(Cow::Owned(object.to_string())))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Args<'de>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Args(Cow::Borrowed("[]")))
    }
});

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Said<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Args<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ArgsVisitor)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for First<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FirstVisitor<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for FirstVisitor<T> {
            type Value = First<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_unit<E: de::Error>(self) -> Result<First<T>, E> {
                Ok(First(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<First<T>, A::Error> {
                let first = seq.next_element()?;
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(First(first))
            }
        }
        deserializer.deserialize_any(FirstVisitor(std::marker::PhantomData))
    }
}

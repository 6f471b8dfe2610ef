//! A call's arguments.

use std::{borrow::Cow, fmt, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

/// How deep arguments may be nested: what is written around them in a log has to be read with them.
const DEEPEST: usize = 100;

/// A member's name that the reader of JSON keeps for itself: an object with it is not read as one.
const KEPT: &str = "$serde_json::private::RawValue";

/// A call's arguments: JSON, kept as text. A task remembers those of all of its calls, and reads them seldom.
///
/// They are written as what they are by `serde_json`; to write them in another format, write their [`Args::value`].
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct Args(Arc<RawValue>);

impl Args {
    /// Says why a value can't be a call's arguments, if it can't: some could be written and not be read again.
    pub fn fault(value: &Value) -> Option<&'static str> {
        is_within(value, DEEPEST).err()
    }

    /// Gives the text: without blanks, the members of each object by name.
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// Reads them; nothing where [`Args::fault`] was not asked and has one.
    pub fn value(&self) -> Value {
        self.read().unwrap_or_default()
    }

    /// Reads them as what a tool takes.
    ///
    /// # Errors
    /// What serde says of arguments that are something else.
    pub fn read<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.text())
    }
}

fn is_within(value: &Value, levels: usize) -> Result<(), &'static str> {
    const DEEP: &str = "they are nested too deep";
    match value {
        Value::Array(_) | Value::Object(_) if levels == 0 => Err(DEEP),
        Value::Array(all) => all.iter().try_for_each(|value| is_within(value, levels - 1)),
        Value::Object(all) if all.contains_key(KEPT) => Err("a name in them can't be read"),
        Value::Object(all) => all.values().try_for_each(|value| is_within(value, levels - 1)),
        _ => Ok(()),
    }
}

impl From<&Value> for Args {
    fn from(value: &Value) -> Self {
        // A value can always be written.
        Self(serde_json::value::to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned()).into())
    }
}

impl From<Value> for Args {
    fn from(value: Value) -> Self {
        Self::from(&value)
    }
}

impl Default for Args {
    fn default() -> Self {
        Self::from(Value::Object(serde_json::Map::new()))
    }
}

impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Display for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl PartialEq for Args {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Args {}

impl PartialEq<Value> for Args {
    fn eq(&self, other: &Value) -> bool {
        self.value() == *other
    }
}

impl<'de> Deserialize<'de> for Args {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Value::deserialize(from).map(Self::from)
    }
}

impl JsonSchema for Args {
    fn inline_schema() -> bool {
        Value::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        Value::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Value::json_schema(generator)
    }
}

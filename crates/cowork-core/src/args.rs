//! A call's arguments.

use std::{borrow::Cow, fmt, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

/// A call's arguments: JSON, kept as text. A task remembers those of all of its calls, and reads them seldom.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct Args(Arc<RawValue>);

impl Args {
    /// Gives the text: without blanks, the members of each object by name.
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// Reads them.
    pub fn value(&self) -> Value {
        // They were a value before they were text.
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

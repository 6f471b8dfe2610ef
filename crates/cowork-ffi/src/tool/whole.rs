//! Whole numbers, as every language knows them: a model writes 1.0 as well as 1, and to JSON Schema both are whole.

use serde::{Serialize, Serializer};
use serde_json::Value;

/// Beyond it a float has no place for all whole numbers.
const MOST: f64 = 9_007_199_254_740_992.0;

/// Writes a value, and each whole number in it without a fraction.
pub(super) fn write<S: Serializer>(value: &Value, to: S) -> Result<S::Ok, S::Error> {
    Whole(value).serialize(to)
}

struct Whole<'a>(&'a Value);

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Number(number) => match number.as_f64().filter(|float| number.is_f64() && is_whole(*float)) {
                #[allow(clippy::cast_possible_truncation, reason = "it is whole, and not too large")]
                Some(float) => to.serialize_i64(float as i64),
                None => number.serialize(to),
            },
            Value::Array(all) => to.collect_seq(all.iter().map(Whole)),
            Value::Object(all) => to.collect_map(all.iter().map(|(name, value)| (name, Whole(value)))),
            other => other.serialize(to),
        }
    }
}

/// Says whether nothing is lost of it as a whole number: -0 has a sign.
fn is_whole(float: f64) -> bool {
    float.fract() == 0.0 && float.abs() < MOST && (float != 0.0 || float.is_sign_positive())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_written_as_such_wherever_they_are() {
        let given = r#"{"a":[1.0,-2e3,0.5,-0.0,1e300,9007199254740992.0,7],"b":{"c":"1.0","d":null,"e":0.0}}"#;
        let written = r#"{"a":[1,-2000,0.5,-0.0,1e+300,9007199254740992.0,7],"b":{"c":"1.0","d":null,"e":0}}"#;
        let mut text = Vec::new();
        write(&serde_json::from_str::<Value>(given).unwrap(), &mut serde_json::Serializer::new(&mut text)).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), written);
    }
}

//! Values on their way between the log, as JSON, and the program.

use monty_types::MontyObject;
use serde_json::{Map, Number, Value};

const DEEPEST: usize = 64;

/// Gives a JSON value to the program. Its texts are handed over, not copied.
pub(crate) fn to_program(value: Value) -> MontyObject {
    match value {
        Value::Null => MontyObject::None,
        Value::Bool(b) => MontyObject::Bool(b),
        Value::Number(n) => n.as_i64().map_or_else(|| MontyObject::Float(n.as_f64().unwrap_or(0.0)), MontyObject::Int),
        Value::String(s) => MontyObject::String(s),
        Value::Array(items) => MontyObject::List(items.into_iter().map(to_program).collect()),
        Value::Object(fields) => MontyObject::dict(
            fields.into_iter().map(|(k, v)| (MontyObject::String(k), to_program(v))).collect::<Vec<_>>(),
        ),
    }
}

/// Estimates what a JSON value weighs once the program has it.
pub(crate) fn weight(value: &Value) -> usize {
    const EACH: usize = 48;
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => EACH,
        Value::String(s) => EACH + s.len(),
        Value::Array(items) => EACH + items.iter().map(weight).sum::<usize>(),
        Value::Object(fields) => EACH + fields.iter().map(|(k, v)| EACH + k.len() + weight(v)).sum::<usize>(),
    }
}

/// Takes a value from the program as JSON, as long as it weighs no more than `most` bytes; or says why it can't.
pub(crate) fn from_program(value: &MontyObject, most: usize) -> Result<Value, String> {
    let mut left = most;
    convert(value, DEEPEST, &mut left).map_err(|why| match why {
        Misfit::Large => format!("the value is larger than {most} bytes"),
        Misfit::Deep => format!("the value is nested more than {DEEPEST} deep"),
        Misfit::Type(why) => why,
    })
}

enum Misfit {
    Large,
    Deep,
    Type(String),
}

fn convert(value: &MontyObject, deep: usize, left: &mut usize) -> Result<Value, Misfit> {
    let deeper = deep.checked_sub(1).ok_or(Misfit::Deep)?;
    *left = left.checked_sub(value.host_size()).ok_or(Misfit::Large)?;
    let misfit = |why: &str| Err(Misfit::Type(why.to_owned()));
    match value {
        MontyObject::None => Ok(Value::Null),
        MontyObject::Bool(b) => Ok(Value::Bool(*b)),
        MontyObject::Int(i) => Ok(Value::from(*i)),
        MontyObject::Float(f) => Number::from_f64(*f).map(Value::Number).ok_or_else(|| {
            Misfit::Type("a number that is infinite or not a number can't leave the program".to_owned())
        }),
        MontyObject::String(s) | MontyObject::Path(s) => Ok(Value::String(s.clone())),
        MontyObject::List(items) | MontyObject::Tuple(items) | MontyObject::NamedTuple { values: items, .. } => {
            items.iter().map(|item| convert(item, deeper, left)).collect::<Result<_, _>>().map(Value::Array)
        }
        MontyObject::Dict(pairs) => {
            let mut fields = Map::new();
            for (key, item) in pairs {
                let MontyObject::String(key) = key else {
                    return misfit("the keys of a dict that leaves the program must be text: use str(key)");
                };
                fields.insert(key.clone(), convert(item, deeper, left)?);
            }
            Ok(Value::Object(fields))
        }
        MontyObject::Set(_) | MontyObject::FrozenSet(_) => {
            misfit("a set has no order and can't leave the program: use sorted(…)")
        }
        MontyObject::Date(_) | MontyObject::DateTime(_) | MontyObject::Time(_) => {
            misfit("a date can't leave the program: use .isoformat()")
        }
        MontyObject::BigInt(_) => misfit("a whole number this large can't leave the program: use str(…)"),
        MontyObject::Bytes(_) => misfit("bytes can't leave the program: use .decode()"),
        other => {
            Err(Misfit::Type(format!("{} can't leave the program: use text, numbers, lists and dicts", short(other))))
        }
    }
}

fn short(value: &MontyObject) -> String {
    let mut text = value.py_repr();
    if text.len() > 60 {
        text.truncate(text.floor_char_boundary(60));
        text.push('…');
    }
    format!("`{text}`")
}

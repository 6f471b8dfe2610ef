//! What a value is.

use serde_json::Value;

use super::{Object, Reader, choices, is_null, only, variants};
use crate::r#gen::model::{Definition, Format, Model, Shape, Type, names::of_type};

impl Reader<'_> {
    /// Reads what a value is. What needs a name and has none gets `name`.
    pub(super) fn of(&mut self, at: &str, name: &str, schema: &Value) -> Result<Type, String> {
        let object = match schema {
            Value::Bool(true) => return Ok(Type::Json),
            Value::Object(object) => object,
            _ => return Err(format!("{at}: nothing fits {schema}")),
        };
        if let Some(of) = self.nullable(at, name, object)? {
            return Ok(of);
        }
        if let (Some(to), false) = (object.get("$ref"), object.contains_key("properties")) {
            only(at, object, &["$ref"])?;
            return Ok(Type::Named(self.named(at, to)?));
        }
        let needs_name = object.contains_key("properties") || variants(object).is_some() || choices(object).is_some();
        if needs_name {
            let definition = self.definition(name, schema)?;
            self.add(name, definition)?;
            return Ok(Type::Named(name.to_owned()));
        }
        match object.get("type").and_then(Value::as_str) {
            None if object.contains_key("type") => Err(format!("{at}: it is of several types: {schema}")),
            None => only(at, object, &[]).map(|()| Type::Json),
            Some("null") => only(at, object, &["type"]).map(|()| Type::Null),
            Some("boolean") => only(at, object, &["type"]).map(|()| Type::Bool),
            Some("number") => only(at, object, &["type", "format", "minimum", "maximum"]).map(|()| Type::Float),
            Some("integer") => integer(at, object),
            Some("string") => text(at, object),
            Some("array") => self.array(at, name, object),
            Some("object") => self.map(at, name, object),
            Some(other) => Err(format!("{at}: the type `{other}` is not known here")),
        }
    }

    /// Reads a reference to a type of the document.
    pub(super) fn named(&self, at: &str, to: &Value) -> Result<String, String> {
        let name = to.as_str().and_then(|to| to.strip_prefix("#/$defs/"));
        let name = name.ok_or_else(|| format!("{at}: {to} leads out of `$defs`"))?;
        match self.defs.contains_key(name) {
            true => Ok(of_type(name).to_owned()),
            false => Err(format!("{at}: there is no type {name}")),
        }
    }

    /// Reads what may be `null`: `[T, "null"]`, or any of a schema and null.
    fn nullable(&mut self, at: &str, name: &str, object: &Object) -> Result<Option<Type>, String> {
        if let Some([Value::String(of), Value::String(null)]) =
            object.get("type").and_then(Value::as_array).map(Vec::as_slice)
            && null == "null"
        {
            let mut without = object.clone();
            without.insert("type".to_owned(), of.as_str().into());
            let of = self.of(at, name, &Value::Object(without))?;
            return Ok(Some(Type::Nullable(Box::new(of))));
        }
        let Some(any) = object.get("anyOf").or_else(|| object.get("oneOf")).and_then(Value::as_array) else {
            return Ok(None);
        };
        let mut rest = any.iter().filter(|schema| !is_null(schema));
        match (any.iter().any(is_null), rest.next(), rest.next()) {
            (true, Some(of), None) => {
                only(at, object, &["anyOf", "oneOf"])?;
                Ok(Some(Type::Nullable(Box::new(self.of(at, name, of)?))))
            }
            (true, ..) => Err(format!("{at}: null is one of several alternatives; put them into a type of their own")),
            (false, ..) => Ok(None),
        }
    }

    fn array(&mut self, at: &str, name: &str, object: &Object) -> Result<Type, String> {
        if let Some(parts) = object.get("prefixItems").and_then(Value::as_array) {
            only(at, object, &["type", "prefixItems", "minItems", "maxItems"])?;
            let is_whole = ["minItems", "maxItems"].iter().all(|n| object.get(*n).is_some_and(|n| *n == parts.len()));
            if !is_whole {
                return Err(format!("{at}: a tuple of more or less than its {} parts is not known here", parts.len()));
            }
            let parts = parts.iter().enumerate();
            let parts = parts.map(|(i, part)| self.of(&format!("{at}[{i}]"), &format!("{name}{}", i + 1), part));
            return Ok(Type::Tuple(parts.collect::<Result<_, _>>()?));
        }
        only(at, object, &["type", "items", "uniqueItems", "minItems", "maxItems"])?;
        let items = object.get("items").ok_or_else(|| format!("{at}: a list says nothing of what is in it"))?;
        Ok(Type::List(Box::new(self.of(&format!("{at}[]"), &format!("{name}Item"), items)?)))
    }

    fn map(&mut self, at: &str, name: &str, object: &Object) -> Result<Type, String> {
        only(at, object, &["type", "additionalProperties"])?;
        let values = object.get("additionalProperties").unwrap_or(&Value::Bool(true));
        Ok(Type::Map(Box::new(self.of(&format!("{at}{{}}"), &format!("{name}Value"), values)?)))
    }
}

fn integer(at: &str, object: &Object) -> Result<Type, String> {
    only(at, object, &["type", "format", "minimum", "maximum"])?;
    let format = object.get("format").and_then(Value::as_str).unwrap_or_default();
    let (signed, width) = format.strip_prefix('u').map_or((true, format), |rest| (false, rest));
    let bits = match width.strip_prefix("int") {
        // `usize` and `isize`.
        Some("") => 64,
        Some(bits @ ("8" | "16" | "32" | "64")) => bits.parse().unwrap_or(64),
        _ => return Err(format!("{at}: a whole number of the width `{format}` is not known here")),
    };
    Ok(Type::Int { signed, bits })
}

fn text(at: &str, object: &Object) -> Result<Type, String> {
    only(at, object, &["type", "format", "pattern", "minLength", "maxLength"])?;
    match object.get("format").and_then(Value::as_str) {
        None => Ok(Type::Text(Format::Plain)),
        Some("uuid") => Ok(Type::Text(Format::Uuid)),
        Some(other) => Err(format!("{at}: a text of the format `{other}` is not known here")),
    }
}

/// Refuses what not every language can have: variants called as a type, names that hold only themselves, what extends no record.
pub(super) fn check(model: &Model) -> Result<(), String> {
    if model.types.contains_key("Json") {
        return Err("Json: each language calls any JSON so".to_owned());
    }
    for (name, Definition { shape, .. }) in &model.types {
        let records: Vec<_> = match shape {
            Shape::Record(record) => vec![record],
            Shape::Union(union) => {
                let mut names = union.variants.iter().filter(|_| union.has_types()).map(|variant| &variant.name);
                if let Some(twice) = names.find(|name| model.types.contains_key(*name)) {
                    return Err(format!("{name}: there is a type {twice} already"));
                }
                union.variants.iter().filter_map(|variant| variant.content.fields()).collect()
            }
            _ => Vec::new(),
        };
        for base in records.iter().filter_map(|record| record.extends.as_deref()) {
            if !matches!(model.types.get(base), Some(Definition { shape: Shape::Record(_), .. })) {
                return Err(format!("{name}: it extends {base}, which is no object with known fields"));
            }
        }
        if holds(model, name, &mut vec![name]) {
            return Err(format!("{name}: it holds itself with no object between"));
        }
    }
    Ok(())
}

/// Says whether a name leads back to one that it came from, by other names alone.
fn holds<'a>(model: &'a Model, name: &str, from: &mut Vec<&'a str>) -> bool {
    let names: Vec<&str> = match model.types.get(name).map(|definition| &definition.shape) {
        Some(Shape::Alias(of)) => of.names(),
        Some(Shape::Union(union)) if !union.has_types() => {
            union.variants.iter().filter_map(|variant| variant.content.one()).flat_map(Type::names).collect()
        }
        _ => return false,
    };
    names.into_iter().any(|name| {
        if from.contains(&name) {
            return true;
        }
        from.push(name);
        let holds = holds(model, name, from);
        from.pop();
        holds
    })
}

//! From JSON Schema to the model. A shape that is not known here is an error that says where, never a type that takes anything.

mod shape;
mod union;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    Choice, Definition, ErrorKind, Field, Model, Operation, Prose, Record, Shape, Type,
    names::{of_error, of_type, pascal},
};

type Object = Map<String, Value>;

/// What may be said of any schema and is no part of its shape.
const ANYWHERE: [&str; 6] = ["default", "deprecated", "description", "examples", "title", "writeOnly"];

/// Reads a document: `$defs`, and `operations` if there are any.
///
/// # Errors
///
/// Says where a shape is that is not known, or a name that is there twice.
pub(crate) fn read(document: &Value) -> Result<Model, String> {
    let defs = document.get("$defs").and_then(Value::as_object).ok_or("The document has no `$defs`.")?;
    let mut reader = Reader { defs, types: BTreeMap::new() };
    for (name, schema) in defs {
        let name = of_type(name);
        let definition = reader.definition(name, schema)?;
        reader.add(name, definition)?;
    }
    let operations = document.get("operations").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let operations = operations.iter().map(|operation| reader.operation(operation)).collect::<Result<_, _>>()?;
    let errors = error_kinds(&reader.types);
    let model = Model { types: reader.types, operations, errors };
    shape::check(&model)?;
    Ok(model)
}

struct Reader<'a> {
    defs: &'a Object,
    types: BTreeMap<String, Definition>,
}

impl Reader<'_> {
    fn add(&mut self, name: &str, definition: Definition) -> Result<(), String> {
        match self.types.insert(name.to_owned(), definition) {
            None => Ok(()),
            Some(_) => Err(format!("{name}: there are two types of this name")),
        }
    }

    /// Reads what has a name.
    fn definition(&mut self, name: &str, schema: &Value) -> Result<Definition, String> {
        let Value::Object(object) = schema else {
            let of = self.of(name, name, schema)?;
            return Ok(Definition { about: Prose::default(), shape: Shape::Alias(of) });
        };
        let shape = if let Some(choices) = choices(object) {
            Shape::Enum(choices)
        } else if let Some(one_of) = variants(object) {
            only(name, object, &["oneOf", "anyOf"])?;
            Shape::Union(self.union(name, one_of)?)
        } else if is_record(object) {
            Shape::Record(self.record(name, object)?)
        } else {
            Shape::Alias(self.of(name, name, schema)?)
        };
        Ok(Definition { about: about(object), shape })
    }

    /// Reads an object with known fields.
    fn record(&mut self, name: &str, object: &Object) -> Result<Record, String> {
        only(name, object, &["type", "properties", "required", "additionalProperties", "$ref"])?;
        if object.get("additionalProperties").is_some_and(|more| *more != Value::Bool(false)) {
            return Err(format!("{name}: it has known fields and others besides"));
        }
        let extends = object.get("$ref").map(|to| self.named(name, to)).transpose()?;
        let properties = object.get("properties").and_then(Value::as_object).into_iter().flatten();
        let required = required(object);
        let fields =
            properties.map(|(field, schema)| self.field(name, field, schema, required.contains(&field.as_str())));
        Ok(Record { extends, fields: fields.collect::<Result<_, _>>()? })
    }

    fn field(&mut self, owner: &str, name: &str, schema: &Value, required: bool) -> Result<Field, String> {
        let of = self.of(&format!("{owner}.{name}"), &format!("{owner}{}", pascal(name)), schema)?;
        let default = schema.get("default").map(Value::to_string);
        let about = schema.as_object().map(about).unwrap_or_default();
        Ok(Field { name: name.to_owned(), about, of, required, default })
    }

    /// Reads an operation. Its arguments are an object's fields, or those of a type of the document.
    fn operation(&mut self, operation: &Value) -> Result<Operation, String> {
        let name = operation.get("name").and_then(Value::as_str).ok_or("An operation has no name.")?;
        let of_it = pascal(name);
        let args = self.args(name, &of_it, operation.get("args"))?;
        let result = match operation.get("result") {
            None => Type::Null,
            Some(schema) => self.of(&format!("{name}()"), &format!("{of_it}Result"), schema)?,
        };
        let about = operation.get("about").and_then(Value::as_str).map(Prose::read).unwrap_or_default();
        let is_stream = operation.get("kind").is_some_and(|kind| kind == "stream");
        Ok(Operation { name: name.to_owned(), about, args, result, is_stream })
    }

    fn args(&mut self, name: &str, of_it: &str, schema: Option<&Value>) -> Result<Vec<Field>, String> {
        let at = format!("{name}()");
        let Some(mut schema) = schema.filter(|schema| !schema.is_null()) else { return Ok(Vec::new()) };
        if let Some(to) = schema.get("$ref").and_then(Value::as_str) {
            let name = to.strip_prefix("#/$defs/").unwrap_or(to);
            schema = self.defs.get(name).ok_or_else(|| format!("{at}: there is no type {name}"))?;
        }
        let object = schema.as_object().filter(|object| object.get("type").is_some_and(|of| of == "object"));
        let object = object.ok_or_else(|| format!("{at}: its arguments are not an object: {schema}"))?;
        let Record { extends: None, fields } = self.record(of_it, object)? else {
            return Err(format!("{at}: its arguments extend another type"));
        };
        let order = required(object);
        let mut fields = fields;
        fields.sort_by_key(|field| order.iter().position(|name| *name == field.name).unwrap_or(order.len()));
        Ok(fields)
    }
}

fn error_kinds(types: &BTreeMap<String, Definition>) -> Vec<ErrorKind> {
    let kinds = types.contains_key(of_type("Error")).then(|| types.get(of_type("Kind"))).flatten();
    let Some(Definition { shape: Shape::Enum(kinds), .. }) = kinds else { return Vec::new() };
    kinds
        .iter()
        .map(|Choice { value, about }| ErrorKind { kind: value.clone(), class: of_error(value), about: about.clone() })
        .collect()
}

/// Gives the texts, if it is an enum of texts.
fn choices(object: &Object) -> Option<Vec<Choice>> {
    let Some(one_of) = variants(object) else {
        // What is said of it is said of them all, not of each.
        let without = |choice: Choice| Choice { about: Prose::default(), ..choice };
        return texts(object).map(|choices| choices.into_iter().map(without).collect());
    };
    let each = one_of.iter().map(|schema| schema.as_object().and_then(texts));
    each.collect::<Option<Vec<_>>>().map(|choices| choices.into_iter().flatten().collect())
}

/// Gives the texts that one schema names.
fn texts(object: &Object) -> Option<Vec<Choice>> {
    only("", object, &["type", "const", "enum"]).ok()?;
    let choice = |value: &Value, about| Some(Choice { value: value.as_str()?.to_owned(), about });
    match (object.get("const"), object.get("enum")) {
        (Some(value), None) => Some(vec![choice(value, about(object))?]),
        (None, Some(values)) => values.as_array()?.iter().map(|value| choice(value, Prose::default())).collect(),
        _ => None,
    }
}

/// Gives the alternatives of a union, but not those of something that may be `null`.
fn variants(object: &Object) -> Option<&[Value]> {
    let of = object.get("oneOf").or_else(|| object.get("anyOf"))?.as_array()?;
    (!of.iter().any(is_null)).then_some(of.as_slice())
}

/// Says whether it is an object whose fields are known, or known to be none.
fn is_record(object: &Object) -> bool {
    object.contains_key("properties") || object.get("additionalProperties") == Some(&Value::Bool(false))
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").is_some_and(|of| of == "null")
}

fn required(object: &Object) -> Vec<&str> {
    object.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

fn about(object: &Object) -> Prose {
    object.get("description").and_then(Value::as_str).map(Prose::read).unwrap_or_default()
}

/// Refuses a schema that says more than what is read of it.
fn only(at: &str, object: &Object, known: &[&str]) -> Result<(), String> {
    let unknown = object.keys().find(|key| !known.contains(&key.as_str()) && !ANYWHERE.contains(&key.as_str()));
    match unknown {
        None => Ok(()),
        Some(key) => Err(format!("{at}: `{key}` is not known here")),
    }
}

#[cfg(test)]
mod tests;

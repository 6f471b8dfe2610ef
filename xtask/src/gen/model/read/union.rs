//! One of several things, and how data says which.

use serde_json::{Map, Value};

use super::{Object, Reader, about, only, required, texts};
use crate::r#gen::model::{Content, Prose, Tag, Union, Variant, names::pascal};

impl Reader<'_> {
    /// Reads the alternatives of the union of this name.
    pub(super) fn union(&mut self, name: &str, of: &[Value]) -> Result<Union, String> {
        let objects: Vec<&Object> = of.iter().filter_map(Value::as_object).collect();
        if objects.len() == of.len() {
            if let Some(tag) = tag_within(&objects) {
                let variants =
                    objects.iter().map(|object| self.tagged(name, &tag, object)).collect::<Result<_, _>>()?;
                return Ok(Union { tag: Tag::Inside(tag), variants });
            }
            if objects.iter().all(|object| texts(object).is_some() || key(object).is_some()) {
                let mut variants = Vec::new();
                for object in objects {
                    variants.extend(self.keyed(name, object)?);
                }
                return Ok(Union { tag: Tag::Outside, variants });
            }
        }
        let each = of.iter().enumerate().map(|(i, schema)| self.untagged(name, i, schema));
        Ok(Union { tag: Tag::Missing, variants: each.collect::<Result<_, _>>()? })
    }

    /// Reads a variant that has its tag as a field.
    fn tagged(&mut self, union: &str, tag: &str, object: &Object) -> Result<Variant, String> {
        let value = constant(object, tag).unwrap_or_default().to_owned();
        let name = format!("{union}{}", pascal(&value));
        let mut without = object.clone();
        if let Some(Value::Object(fields)) = without.get_mut("properties") {
            fields.remove(tag);
        }
        let fields = self.record(&name, &without)?;
        Ok(Variant { tag: value, name, about: about(object), content: Content::Fields(fields) })
    }

    /// Reads variants that are their tags, or one whose tag is its only key.
    fn keyed(&mut self, union: &str, object: &Object) -> Result<Vec<Variant>, String> {
        let name = |tag: &str| format!("{union}{}", pascal(tag));
        if let Some(choices) = texts(object) {
            let variant = choices.into_iter().map(|choice| Variant {
                name: name(&choice.value),
                tag: choice.value,
                about: choice.about,
                content: Content::Nothing,
            });
            return Ok(variant.collect());
        }
        let Some((tag, schema)) = key(object) else { return Err(format!("{union}: a variant has no tag")) };
        let of = self.of(&format!("{union}.{tag}"), &format!("{}Content", name(tag)), schema)?;
        Ok(vec![Variant { tag: tag.to_owned(), name: name(tag), about: about(object), content: Content::One(of) }])
    }

    /// Reads a variant that only its shape tells from others.
    fn untagged(&mut self, union: &str, i: usize, schema: &Value) -> Result<Variant, String> {
        let name = format!("{union}{}", i + 1);
        let of = self.of(&format!("{union}[{i}]"), &name, schema)?;
        let about = schema.as_object().map_or_else(Prose::default, about);
        Ok(Variant { tag: String::new(), name, about, content: Content::One(of) })
    }
}

/// Gives the field that holds another constant text in each object.
fn tag_within(objects: &[&Object]) -> Option<String> {
    let mut names = properties(objects.first()?)?.keys();
    let is_tag = |name: &&String| {
        let mut tags: Vec<&str> = objects.iter().filter_map(|object| constant(object, name)).collect();
        tags.sort_unstable();
        tags.dedup();
        tags.len() == objects.len()
    };
    names.find(is_tag).cloned()
}

/// Gives the only text that a required field may hold.
fn constant<'a>(object: &'a Object, field: &str) -> Option<&'a str> {
    let text = properties(object)?.get(field)?.get("const")?.as_str();
    text.filter(|_| required(object).contains(&field))
}

/// Gives the only key that an object may have, and must, with what is below it.
fn key(object: &Object) -> Option<(&str, &Value)> {
    only("", object, &["type", "properties", "required", "additionalProperties"]).ok()?;
    let mut properties = properties(object)?.iter();
    let (Some((name, schema)), None) = (properties.next(), properties.next()) else { return None };
    let is_closed = object.get("additionalProperties") == Some(&Value::Bool(false));
    (is_closed && required(object) == [name.as_str()]).then_some((name.as_str(), schema))
}

fn properties(object: &Object) -> Option<&Map<String, Value>> {
    object.get("properties")?.as_object()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tag_is_a_field_with_another_text_in_each() {
        let object = |value: Value| value.as_object().cloned().unwrap();
        let of = |tag: &str| {
            let kind = json!({ "const": "same" });
            object(json!({ "properties": { "a": kind, "end": { "const": tag } }, "required": ["a", "end"] }))
        };
        assert_eq!(tag_within(&[&of("done"), &of("failed")]), Some("end".to_owned()));
        assert_eq!(tag_within(&[&of("done"), &of("done")]), None);
        let optional = object(json!({ "properties": { "end": { "const": "gone" } } }));
        assert_eq!(tag_within(&[&of("done"), &optional]), None);
    }
}

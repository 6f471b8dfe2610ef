//! What there is to write down in each language, as no language in particular has it.
//!
//! It is read from JSON Schema ([`read`]); what writes a language is a function of it alone. Everything that a language may need has a name
//! of its own here: an object within an object is a type, and so is each variant of a union.

pub(crate) mod names;
pub(crate) mod prose;
mod read;

use std::collections::BTreeMap;

pub(crate) use prose::Prose;
pub(crate) use read::read;

/// The types and operations of a document.
pub(crate) struct Model {
    /// Types by name, in the order of their names.
    pub(crate) types: BTreeMap<String, Definition>,
    /// Operations, in the order of the document.
    pub(crate) operations: Vec<Operation>,
    /// The kinds of errors, if the document has errors.
    pub(crate) errors: Vec<ErrorKind>,
}

/// A type that has a name.
pub(crate) struct Definition {
    pub(crate) about: Prose,
    pub(crate) shape: Shape,
}

/// What a named type is.
pub(crate) enum Shape {
    Record(Record),
    /// One of some texts.
    Enum(Vec<Choice>),
    Union(Union),
    /// Another name for a type.
    Alias(Type),
}

/// An object with known fields.
#[derive(Default)]
pub(crate) struct Record {
    /// A record whose fields it has too.
    pub(crate) extends: Option<String>,
    pub(crate) fields: Vec<Field>,
}

/// A field of a record, or an argument of an operation.
pub(crate) struct Field {
    /// Its name in data, in every language.
    pub(crate) name: String,
    pub(crate) about: Prose,
    pub(crate) of: Type,
    /// Whether it may not be left out.
    pub(crate) required: bool,
    /// What it is where it is left out, as JSON, if the schema says so.
    pub(crate) default: Option<String>,
}

/// One text of an enum.
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) about: Prose,
}

/// One of some things.
pub(crate) struct Union {
    pub(crate) tag: Tag,
    pub(crate) variants: Vec<Variant>,
}

/// How data says which variant it is.
#[derive(Debug, PartialEq)]
pub(crate) enum Tag {
    /// This field of the object has the variant's tag.
    Inside(String),
    /// The tag is the object's only key; a variant that holds nothing is the tag alone.
    Outside,
    /// It can only be seen from its shape.
    Missing,
}

/// One variant of a union.
pub(crate) struct Variant {
    /// What data says; empty where there are no tags.
    pub(crate) tag: String,
    /// The name of a type for it: the union's name, and its own.
    pub(crate) name: String,
    pub(crate) about: Prose,
    pub(crate) content: Content,
}

/// What a variant holds.
pub(crate) enum Content {
    /// The tag alone ([`Tag::Outside`]).
    Nothing,
    /// Fields beside the tag ([`Tag::Inside`]).
    Fields(Record),
    /// What is below its key ([`Tag::Outside`]), or it itself ([`Tag::Missing`]).
    One(Type),
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    Null,
    Bool,
    /// A whole number of so many bits.
    Int {
        signed: bool,
        bits: u8,
    },
    Float,
    Text(Format),
    /// Any JSON.
    Json,
    /// A type of the model.
    Named(String),
    List(Box<Type>),
    /// Values by names that are not known beforehand.
    Map(Box<Type>),
    Tuple(Vec<Type>),
    /// It, or `null`.
    Nullable(Box<Type>),
}

/// What is known of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Format {
    Plain,
    Uuid,
}

/// Something that an engine can be asked to do.
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) about: Prose,
    /// Those that are required first, in the order in which the schema requires them.
    pub(crate) args: Vec<Field>,
    /// What it gives, or each thing of its stream; [`Type::Null`] if nothing.
    pub(crate) result: Type,
    /// Whether it gives one thing after the other.
    pub(crate) is_stream: bool,
}

/// An operation as a method.
pub(crate) struct Method<'a> {
    pub(crate) name: &'a str,
    pub(crate) operation: &'a Operation,
    /// What it is called with.
    pub(crate) args: Vec<&'a Field>,
}

/// A kind of errors.
pub(crate) struct ErrorKind {
    pub(crate) kind: String,
    /// The name of its class, the same in every language.
    pub(crate) class: String,
    pub(crate) about: Prose,
}

/// What a link in a description leads to.
#[derive(Debug, PartialEq)]
pub(crate) enum Target {
    Type(String),
    Field(String, String),
    /// A text of an enum, or the tag of a variant without a type.
    Value(String),
    /// Something that is not among these types, by its parts.
    Elsewhere(String),
}

impl Model {
    /// Gives what a link leads to.
    pub(crate) fn target(&self, link: &[String]) -> Target {
        let elsewhere = || Target::Elsewhere(link.join("."));
        let [owner, rest @ ..] = link else { return elsewhere() };
        let name = names::of_type(owner);
        match (self.types.get(name), rest) {
            (Some(_), []) => Target::Type(name.to_owned()),
            (Some(definition), [member]) => definition.member(name, member).unwrap_or_else(elsewhere),
            _ => elsewhere(),
        }
    }
}

impl Definition {
    /// Gives what a member of the type of this name is.
    fn member(&self, name: &str, member: &str) -> Option<Target> {
        let value = names::snake(member);
        match &self.shape {
            Shape::Record(record) => {
                let is_there = record.fields.iter().any(|field| field.name == member);
                is_there.then(|| Target::Field(name.to_owned(), member.to_owned()))
            }
            Shape::Enum(choices) => {
                choices.iter().find(|choice| choice.value == value).map(|choice| Target::Value(choice.value.clone()))
            }
            Shape::Union(union) => {
                let variant = union.variants.iter().find(|variant| variant.tag == value)?;
                Some(match variant.content {
                    Content::Nothing => Target::Value(value),
                    _ => Target::Type(variant.name.clone()),
                })
            }
            Shape::Alias(_) => None,
        }
    }
}

impl Operation {
    /// Says whether it begins a task that nobody else knows, so that to give the call up has that cancelled.
    pub(crate) fn begins_task(&self) -> bool {
        matches!(self.name.as_str(), "submit" | "run")
    }

    /// Gives it as a method of the task that it is about, which has no need to be named, nor its thread; none if it is about something else.
    pub(crate) fn of_task(&self) -> Option<Method<'_>> {
        let is_whose = |arg: &&Field| arg.name == "task" || arg.name == "thread";
        let (whose, args): (Vec<_>, Vec<_>) = self.args.iter().partition(is_whose);
        let is_own =
            whose.iter().any(|arg| arg.name == "task") && !whose.iter().any(|arg| arg.name == "thread" && arg.required);
        // A question may be a sub-task's: whoever answers it names that.
        (is_own && self.name != "answer").then(|| Method { name: names::of_task(&self.name), operation: self, args })
    }

    /// Gives it as a method of the engine.
    pub(crate) fn of_engine(&self) -> Method<'_> {
        Method { name: &self.name, operation: self, args: self.args.iter().collect() }
    }
}

impl Model {
    /// Gives the methods of an engine, or of a task.
    pub(crate) fn methods(&self, of_task: bool) -> Vec<Method<'_>> {
        let all = self.operations.iter();
        if of_task { all.filter_map(Operation::of_task).collect() } else { all.map(Operation::of_engine).collect() }
    }
}

impl Union {
    /// Says whether a variant is a type of its own: an object with a tag.
    pub(crate) fn has_types(&self) -> bool {
        self.tag != Tag::Missing
    }
}

impl Content {
    /// Gives the fields beside the tag.
    pub(crate) fn fields(&self) -> Option<&Record> {
        if let Self::Fields(record) = self { Some(record) } else { None }
    }

    /// Gives what is below the key, or what it is itself.
    pub(crate) fn one(&self) -> Option<&Type> {
        if let Self::One(of) = self { Some(of) } else { None }
    }
}

impl Type {
    /// Gives the names of the types that it is made of.
    pub(crate) fn names(&self) -> Vec<&str> {
        match self {
            Self::Named(name) => vec![name],
            Self::List(of) | Self::Map(of) | Self::Nullable(of) => of.names(),
            Self::Tuple(parts) => parts.iter().flat_map(Self::names).collect(),
            _ => Vec::new(),
        }
    }
}

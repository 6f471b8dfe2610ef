//! One document from which every language's types and methods are made.

use cowork::{
    Ask, Delta, Envelope, Error, Event, Item, ModelAnswer, ModelRequest, Proposal, Record, ToolDeclaration, VERSION,
};
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Value, json};

use crate::{
    Config, HostAnswer, ModelDeclaration, PlannerDeclaration, PlannerInput, ToolInput, ToolResult,
    operations::{self, Operation},
};

/// Gives every operation: its name, what it does, what it is called with and what it gives, as references into [`schema`]'s `$defs`.
pub fn operations() -> Vec<Operation> {
    operations::all(&mut generator())
}

/// Gives one JSON Schema document: under `$defs` every word of core's, [`Config`], what parts are described by and exchange, and what
/// operations take and give; under `operations` the table of these.
///
/// # Errors
/// None in fact; the table is written as JSON.
pub fn schema() -> Value {
    let mut generator = generator();
    let operations = operations::all(&mut generator);
    generator.subschema_for::<Envelope>();
    generator.subschema_for::<Event>();
    generator.subschema_for::<Record>();
    generator.subschema_for::<Delta>();
    generator.subschema_for::<Item>();
    generator.subschema_for::<Error>();
    generator.subschema_for::<Config>();
    generator.subschema_for::<ToolDeclaration>();
    generator.subschema_for::<ToolInput<'_>>();
    generator.subschema_for::<ToolResult>();
    generator.subschema_for::<ModelDeclaration>();
    generator.subschema_for::<ModelRequest>();
    generator.subschema_for::<ModelAnswer>();
    generator.subschema_for::<HostAnswer>();
    generator.subschema_for::<PlannerDeclaration>();
    generator.subschema_for::<PlannerInput<'_>>();
    generator.subschema_for::<Proposal>();
    generator.subschema_for::<Ask>();
    let defs = generator.take_definitions(true);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "version": VERSION,
        "operations": operations,
        "$defs": defs,
    })
}

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().into_generator()
}

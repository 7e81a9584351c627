//! Tables keyed by names of the user's own, and values that may stand alone or in a list.

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::json;

use super::{Field, Reader, Shape, schema};
use crate::source::Span;
use crate::source::tree::{Node, Table, Value};

/// A table whose keys are names that the user chose, in the order in which they were written.
#[derive(Clone, Debug)]
pub struct Map<T> {
    /// The entries by name. The span of an entry is its name's, which is where a caret helps most.
    pub entries: IndexMap<String, Field<T>>,
    /// Entries that `enabled = false` took out, with the place that says so.
    pub dropped: IndexMap<String, Span>,
}

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self { entries: IndexMap::new(), dropped: IndexMap::new() }
    }
}

impl<T> Map<T> {
    /// Names and entries.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Field<T>)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry))
    }
}

impl<T: Shape> Map<T> {
    /// Reads all entries but those whose key is `except`.
    pub(crate) fn read_entries(table: &Table, except: &[&str], reader: &mut Reader) -> Self {
        let mut out = Self::default();
        for (name, entry) in table.iter().filter(|(name, _)| !except.contains(&name.as_str())) {
            if let Some(span) = dropped::<T>(&entry.node) {
                out.dropped.insert(name.clone(), span);
                continue;
            }
            T::NAMES.check(name, entry.key, reader);
            if let Some(field) = reader.enter::<T>(name, &entry.node) {
                out.entries.insert(name.clone(), Field { span: Some(entry.key), ..field });
            }
        }
        out
    }
}

/// Where a droppable entry says `enabled = false`.
fn dropped<T: Shape>(node: &Node) -> Option<Span> {
    let Value::Table(table) = &node.value else { return None };
    let enabled = table.get("enabled").filter(|_| T::NAMES.droppable())?;
    matches!(enabled.node.value, Value::Bool(false)).then_some(enabled.node.span)
}

impl<T: Shape> Shape for Map<T> {
    const EXPECTED: &'static str = "a table";

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Value::Table(table) = &node.value else {
            reader.wrong_type::<Self>(node);
            return None;
        };
        Some(Self::read_entries(table, &[], reader))
    }
}

impl<T: Shape> JsonSchema for Map<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("MapOf{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let entry = generator.subschema_for::<T>();
        let mut map = json!({"type": "object", "additionalProperties": entry});
        if let Some(pattern) = T::NAMES.pattern() {
            map["propertyNames"] = json!({"pattern": pattern});
        }
        schema::object(map)
    }
}

/// One value, or a list of them.
#[derive(Clone, Debug)]
pub struct OneOrMany<T>(pub Vec<Field<T>>);

impl<T: Shape> Shape for OneOrMany<T> {
    const EXPECTED: &'static str = "a string or a list of strings";

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match &node.value {
            Value::Array(_) => Vec::read(node, reader).map(Self),
            Value::Table(_) => {
                reader.wrong_type::<Self>(node);
                None
            }
            _ => {
                let value = T::read(node, reader)?;
                Some(Self(vec![Field { value, span: Some(node.span), path: reader.path().to_owned() }]))
            }
        }
    }
}

impl<T: JsonSchema> JsonSchema for OneOrMany<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("OneOrMany{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        let many = generator.subschema_for::<Vec<T>>();
        schema::object(json!({"anyOf": [one, many]}))
    }
}

//! The JSON Schema of policies.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::TomlPolicy;
use crate::shape::{OneOrMany, Shape};

/// The JSON Schema (draft 07, which editors of TOML read) as text with a line end.
///
/// It is made of the same declarations as the reader. A key ending in `+` appends to a base, so each key
/// with a list has such a twin.
#[must_use]
pub fn schema() -> String {
    let mut text = serde_json::to_string_pretty(&schema_value()).unwrap_or_default();
    text.push('\n');
    text
}

/// The same as a value.
#[must_use]
pub fn schema_value() -> Value {
    let generator = SchemaSettings::draft07().into_generator();
    let mut value = generator.into_root_schema_for::<TomlPolicy>().to_value();
    if let Some(root) = value.as_object_mut() {
        root.insert("title".into(), "lifeboat policy".into());
    }
    if let Some(properties) = value.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("extends".into(), extends());
    }
    add_appends(&mut value);
    value
}

fn extends() -> Value {
    json!({
        "description": format!(
            "The policies that this one builds on, relative to this file: {}. Tables merge, everything else is \
             replaced, a key that ends in `+` appends its list, and `enabled = false` takes a base's entry out.",
            OneOrMany::<String>::EXPECTED
        ),
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
        "examples": ["../base.toml"],
    })
}

/// Gives each key with a list its twin with a `+`.
fn add_appends(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) {
                let lists: Vec<_> = properties
                    .iter()
                    .filter(|(key, schema)| *key != "extends" && takes_list(schema))
                    .map(|(key, _)| key.clone())
                    .collect();
                for key in lists {
                    let twin = json!({
                        "description": format!("Appends to the `{key}` of the bases."),
                        "type": "array",
                    });
                    properties.insert(format!("{key}+"), twin);
                }
            }
            object.values_mut().for_each(add_appends);
        }
        Value::Array(items) => items.iter_mut().for_each(add_appends),
        _ => {}
    }
}

fn takes_list(schema: &Value) -> bool {
    let branches = schema.get("anyOf").and_then(Value::as_array);
    schema.get("type") == Some(&json!("array"))
        || branches.is_some_and(|branches| branches.iter().any(takes_list))
}

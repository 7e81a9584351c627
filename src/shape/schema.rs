//! Pieces of JSON Schema that the declarations are made of.

use schemars::Schema;
use serde_json::{Map, Value, json};

/// The schema of a table under construction.
pub(crate) struct Table {
    description: String,
    properties: Map<String, Value>,
}

impl Table {
    pub(crate) fn new(about: &[&str]) -> Self {
        Self { description: paragraph(about), properties: Map::new() }
    }

    /// Adds a key. A reference to another schema is wrapped, because older drafts ignore what stands
    /// beside `$ref`.
    pub(crate) fn key(&mut self, key: &str, schema: Schema, doc: &[&str], facts: &[(&str, &str)]) {
        let mut object = match schema.to_value() {
            Value::Object(object) if object.contains_key("$ref") => {
                Map::from_iter([("allOf".to_owned(), json!([Value::Object(object)]))])
            }
            Value::Object(object) => object,
            _ => Map::new(),
        };
        object.insert("description".into(), paragraph(doc).into());
        for (what, text) in facts {
            match *what {
                "default" => object.insert("default".into(), toml_to_json(text)),
                "example" => object.insert("examples".into(), json!([toml_to_json(text)])),
                "about_default" => {
                    let all = format!("{} Default: {text}.", paragraph(doc));
                    object.insert("description".into(), all.into())
                }
                "min" => object.insert("minimum".into(), toml_to_json(text)),
                "max" => object.insert("maximum".into(), toml_to_json(text)),
                _ => None,
            };
        }
        self.properties.insert(key.to_owned(), Value::Object(object));
    }

    pub(crate) fn finish(self) -> Schema {
        object(json!({
            "type": "object",
            "description": self.description,
            "properties": self.properties,
            "additionalProperties": false,
        }))
    }
}

/// The schema of a choice between words.
pub(crate) fn choice(about: &[&str], words: &[(&str, &[&str])]) -> Schema {
    let one_of: Vec<_> =
        words.iter().map(|(word, doc)| json!({"const": word, "description": paragraph(doc)})).collect();
    object(json!({"type": "string", "description": paragraph(about), "oneOf": one_of}))
}

/// A schema from a JSON object.
pub(crate) fn object(value: Value) -> Schema {
    match value {
        Value::Object(map) => map.into(),
        _ => Schema::default(),
    }
}

/// Doc lines as one paragraph.
pub(crate) fn paragraph(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ").trim().to_owned()
}

fn toml_to_json(text: &str) -> Value {
    let parsed = format!("x = {text}").parse::<toml::Table>().ok();
    let value = parsed.and_then(|mut table| table.remove("x"));
    value.and_then(|value| serde_json::to_value(value).ok()).unwrap_or_else(|| text.into())
}

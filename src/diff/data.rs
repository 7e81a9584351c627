//! YAML compared as data: comments, order of keys and quoting are no changes, and the entries of a list
//! are matched by what identifies them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::yaml;

/// One changed place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DataChange {
    /// Keys down to it; entries of lists in brackets by their identity.
    pub path: String,
    /// What was there; none if it is new.
    pub before: Option<String>,
    /// What is there; none if it is gone.
    pub after: Option<String>,
}

/// Keys that identify an entry of a list, the first that all entries have.
const IDENTITIES: [&[&str]; 5] =
    [&["name"], &["key", "effect"], &["key"], &["topologyKey"], &["metadata", "name"]];

/// What changed between two texts; `None` if one of them is no YAML.
#[must_use]
pub fn changes(before: &str, after: &str) -> Option<Vec<DataChange>> {
    let read = |text| {
        let documents = yaml::read_all(text, &yaml::Budget::default()).ok()?;
        let values: Vec<Value> =
            documents.into_iter().filter_map(|d| d.root).map(yaml::Node::into_json).collect();
        Some(values)
    };
    let (before, after) = (documents(read(before)?), documents(read(after)?));
    let mut found = Vec::new();
    maps(&mut found, "", &before, &after);
    Some(found)
}

/// Documents by what they are: `PriorityClass critical`; a lone document without a kind has no name.
fn documents(values: Vec<Value>) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (i, value) in values.into_iter().enumerate() {
        let text = |path: &str| value.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let name = [text("/kind"), text("/metadata/namespace"), text("/metadata/name")];
        let mut name = name.iter().filter(|n| !n.is_empty()).cloned().collect::<Vec<_>>().join(" ");
        if name.is_empty() && i > 0 {
            name = format!("document {}", i + 1);
        }
        let mut unique = name.clone();
        let mut n = 2;
        while found.contains_key(&unique) {
            unique = format!("{name} ({n})");
            n += 1;
        }
        found.insert(unique, value);
    }
    found
}

fn maps(
    found: &mut Vec<DataChange>,
    path: &str,
    before: &BTreeMap<String, Value>,
    after: &BTreeMap<String, Value>,
) {
    for (key, old) in before {
        values(found, &join(path, key), Some(old), after.get(key));
    }
    for (key, new) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
        values(found, &join(path, key), None, Some(new));
    }
}

fn join(path: &str, key: &str) -> String {
    match (path, key) {
        ("", key) => key.to_owned(),
        (path, "") => path.to_owned(),
        (path, key) if key.starts_with('[') => format!("{path}{key}"),
        (path, key) => format!("{path}.{key}"),
    }
}

fn values(found: &mut Vec<DataChange>, path: &str, before: Option<&Value>, after: Option<&Value>) {
    match (before, after) {
        (Some(old), Some(new)) if old == new => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            for (key, value) in old {
                values(found, &join(path, key), Some(value), new.get(key));
            }
            for (key, value) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
                values(found, &join(path, key), None, Some(value));
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) => lists(found, path, old, new),
        _ => found.push(DataChange {
            path: path.to_owned(),
            before: before.map(short),
            after: after.map(short),
        }),
    }
}

fn lists(found: &mut Vec<DataChange>, path: &str, before: &[Value], after: &[Value]) {
    let named =
        IDENTITIES.iter().find_map(|keys| Some((identified(before, keys)?, identified(after, keys)?)));
    if let Some((old, new)) = named {
        return maps(found, path, &old, &new);
    }
    // Without a name, equal entries are the same; what is left is compared in order.
    let mut left: Vec<&Value> = after.iter().collect();
    let mut gone: Vec<&Value> = Vec::new();
    for old in before {
        match left.iter().position(|new| *new == old) {
            Some(at) => {
                left.remove(at);
            }
            None => gone.push(old),
        }
    }
    for i in 0..gone.len().max(left.len()) {
        values(found, &format!("{path}[]"), gone.get(i).copied(), left.get(i).copied());
    }
}

/// Entries by identity, if each has one of its own.
fn identified(list: &[Value], keys: &[&str]) -> Option<BTreeMap<String, Value>> {
    let mut found = BTreeMap::new();
    for value in list {
        let names: Vec<String> = if keys == ["metadata", "name"] {
            vec![value.pointer("/metadata/name")?.as_str()?.to_owned()]
        } else {
            keys.iter().map(|key| value.get(key)?.as_str().map(str::to_owned)).collect::<Option<_>>()?
        };
        if found.insert(format!("[{}]", names.join(" ")), value.clone()).is_some() {
            return None;
        }
    }
    Some(found)
}

/// A value on one line, cut where it grows long.
fn short(value: &Value) -> String {
    const MOST: usize = 160;
    let text = match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    if text.chars().count() <= MOST {
        return text;
    }
    text.chars().take(MOST).collect::<String>() + "…"
}

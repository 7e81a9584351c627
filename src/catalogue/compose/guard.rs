//! From editions of several versions to one tree with version guards.

use semver::Version;
use serde_json::{Map, Value, json};

/// Keys below which a difference is told for each key of its own; a deeper value is one fact.
fn splits(path: &[String]) -> bool {
    match path.first().map(String::as_str) {
        None => true,
        Some("components") => match path.get(2).map(String::as_str) {
            None => true,
            Some("containers") => path.len() < 5,
            Some(_) => false,
        },
        Some("defaults" | "custom") => path.len() == 1,
        Some(_) => false,
    }
}

/// Merges editions, ascending by version. `edges` holds known versions of change by dotted prefix.
pub(super) fn merge(editions: &[(Version, Map<String, Value>)], edges: &Value) -> Map<String, Value> {
    let values: Vec<_> =
        editions.iter().map(|(version, tree)| (version, Some(Value::Object(tree.clone())))).collect();
    match node(&values, &mut Vec::new(), edges) {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn node(values: &[(&Version, Option<Value>)], path: &mut Vec<String>, edges: &Value) -> Option<Value> {
    let first = &values.first()?.1;
    if values.iter().all(|(_, value)| value == first) {
        return first.clone();
    }
    let tables = values.iter().all(|(_, value)| value.as_ref().is_none_or(Value::is_object));
    let all = values.iter().all(|(_, value)| value.is_some());
    // A component that some versions lack is guarded whole; what differs inside is guarded inside.
    if tables && splits(path) && (all || path.is_empty()) {
        return Some(Value::Object(table(values, path, edges)));
    }
    if tables && splits(path) {
        return Some(partly(values, path, edges));
    }
    Some(runs(values, path, edges))
}

fn table(values: &[(&Version, Option<Value>)], path: &mut Vec<String>, edges: &Value) -> Map<String, Value> {
    let mut keys: Vec<String> = Vec::new();
    // The newest version's order leads.
    for (_, value) in values.iter().rev() {
        for key in value.as_ref().and_then(Value::as_object).into_iter().flat_map(Map::keys) {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
    }
    let mut out = Map::new();
    for key in keys {
        let below: Vec<_> = values
            .iter()
            .map(|(version, value)| (*version, value.as_ref().and_then(|value| value.get(&key)).cloned()))
            .collect();
        path.push(key.clone());
        if let Some(value) = node(&below, path, edges) {
            out.insert(key, value);
        }
        path.pop();
    }
    out
}

/// A table that some versions lack: one guard whose present part is merged inside.
fn partly(values: &[(&Version, Option<Value>)], path: &mut Vec<String>, edges: &Value) -> Value {
    let mut cases = Vec::new();
    let mut start = 0;
    while start < values.len() {
        let there = values[start].1.is_some();
        let run = values[start..].iter().take_while(|(_, value)| value.is_some() == there).count();
        let end = start + run;
        let is = there.then(|| node(&values[start..end], path, edges)).flatten();
        cases.push(case(values, start, end, is, path, edges));
        start = end;
    }
    json!({ "versions": cases })
}

fn runs(values: &[(&Version, Option<Value>)], path: &[String], edges: &Value) -> Value {
    let mut cases = Vec::new();
    let mut start = 0;
    while start < values.len() {
        let run = values[start..].iter().take_while(|(_, value)| *value == values[start].1).count();
        let end = start + run;
        cases.push(case(values, start, end, values[start].1.clone(), path, edges));
        start = end;
    }
    json!({ "versions": cases })
}

fn case(
    values: &[(&Version, Option<Value>)],
    start: usize,
    end: usize,
    is: Option<Value>,
    path: &[String],
    edges: &Value,
) -> Value {
    let mut case = Map::new();
    if start > 0 {
        case.insert("from".into(), edge(values[start - 1].0, values[start].0, path, edges).into());
    }
    if end < values.len() {
        case.insert("until".into(), edge(values[end - 1].0, values[end].0, path, edges).into());
    }
    match is {
        Some(value) => case.insert("is".into(), value),
        None => case.insert("none".into(), true.into()),
    };
    Value::Object(case)
}

/// The version after `before` and at most `after` at which the fact changed.
fn edge(before: &Version, after: &Version, path: &[String], edges: &Value) -> String {
    let dotted = path.join(".");
    let known = edges.as_object().into_iter().flatten();
    let mut fitting: Vec<(usize, Version)> = known
        .filter(|(prefix, _)| glob(prefix, &dotted))
        .flat_map(|(prefix, list)| {
            let versions = list.as_array().into_iter().flatten().filter_map(Value::as_str);
            versions
                .filter_map(|text| text.parse().ok())
                .map(|version| (prefix.len(), version))
                .collect::<Vec<_>>()
        })
        .filter(|(_, version)| version > before && version <= after)
        .collect();
    fitting.sort();
    match fitting.pop() {
        Some((_, version)) => version.to_string(),
        None if after.major > before.major => Version::new(after.major, 0, 0).to_string(),
        None => after.to_string(),
    }
}

/// Whether a pattern with `*` for any text is a prefix of a path.
fn glob(pattern: &str, path: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| path.strip_prefix(first)) else { return false };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

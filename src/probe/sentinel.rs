//! Values that are recognised wherever they come out.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// Kinds of values that are tried for a field, in order. A refusal of the first tries the next.
pub(super) fn kinds(field: &str, default: &Value) -> &'static [&'static str] {
    match field {
        "affinity" if default.is_string() && default.as_str() != Some("") => &["yaml-text"],
        "affinity" => &["nodeAffinity", "podAntiAffinity"],
        "podAntiAffinity" if *default == json!(true) => &["false"],
        "podAntiAffinity" if *default == json!(false) => &["true"],
        "podAntiAffinity" => &["hard", "soft", "empty"],
        "topologySpreadConstraints" if default.get("enabled").is_some() => &["parts"],
        _ => &["value"],
    }
}

/// The kind to try where every value was refused.
pub(super) fn fallback(field: &str, kind: &str) -> Option<&'static str> {
    match (field, kind) {
        ("replicas", "value") => Some("zero"),
        ("affinity", "nodeAffinity") => Some("yaml-text"),
        ("tolerations" | "topologySpreadConstraints" | "nodeSelector", "value") => Some("yaml-text"),
        _ => None,
    }
}

/// The mark of candidate `n`: no other text looks like it, and every schema takes it as a name.
pub(super) fn token(n: usize) -> String {
    format!("lbp{n}x")
}

/// The value of a kind for a field, with a mark in it where the field has room for one.
pub(super) fn value(field: &str, kind: &str, mark: &str) -> Value {
    if kind == "yaml-text" {
        let kind = if field == "affinity" { "nodeAffinity" } else { "value" };
        return crate::yaml::write::write(&crate::yaml::write::Node::from(value(field, kind, mark)))
            .text
            .into();
    }
    match (field, kind) {
        ("affinity", "podAntiAffinity") => json!({ "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                { "podAffinityTerm": { "labelSelector": { "matchLabels": { "lbprobe": mark } }, "topologyKey": "lbprobe" }, "weight": 7 },
            ] } }),
        ("affinity", _) => json!({ "nodeAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                { "preference": { "matchExpressions": [{ "key": mark, "operator": "Exists" }] }, "weight": 7 },
            ] } }),
        ("podAntiAffinity", "empty") => "".into(),
        ("podAntiAffinity", "true" | "false") => (kind == "true").into(),
        ("podAntiAffinity", kind) => kind.into(),
        ("tolerations", _) => json!([{ "key": mark, "operator": "Exists" }]),
        ("nodeSelector", _) => json!({ "lbprobe": mark }),
        ("topologySpreadConstraints", "parts") => {
            json!({ "enabled": true, "maxSkew": 1, "topologyKey": mark, "whenUnsatisfiable": "ScheduleAnyway" })
        }
        ("topologySpreadConstraints", _) => {
            json!([{ "maxSkew": 1, "topologyKey": mark, "whenUnsatisfiable": "ScheduleAnyway" }])
        }
        ("resources", _) => {
            json!({ "requests": { "cpu": "7m", "memory": "13Mi", format!("lifeboat.probe/{mark}"): "1" } })
        }
        ("replicas", "zero") => 0.into(),
        ("replicas", _) => 23.into(),
        _ => mark.into(),
    }
}

/// All marks in a text.
pub(super) fn tokens(text: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut rest = text;
    while let Some(at) = rest.find("lbp") {
        let after = &rest[at + 3..];
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 && after[digits..].starts_with('x') {
            out.insert(format!("lbp{}x", &after[..digits]));
        }
        rest = after;
    }
    out
}

/// A value as facts keep it: all marks alike.
pub(super) fn without_marks(value: &Value) -> Value {
    let text = |text: &str| {
        let mut out = text.to_owned();
        for token in tokens(text) {
            out = out.replace(&token, "lbprobe");
        }
        out
    };
    match value {
        Value::String(s) => text(s).into(),
        Value::Array(items) => items.iter().map(without_marks).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| {
                let value = without_marks(value);
                // A node selector's mark is its value.
                let plain = key == "lbprobe" && value == "lbprobe";
                (text(key), if plain { "true".into() } else { value })
            })
            .collect(),
        other => other.clone(),
    }
}

//! Values paths that may reach a field of a pod: those that `values.yaml` has, those that templates
//! name, and those that people would try.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::package::Package;
use crate::catalogue::ValuePath;

/// Deepest path that is looked at.
const MOST_DEPTH: usize = 10;
/// Most paths that are tried.
const MOST: usize = 4_000;

/// Endings of keys, and the field that they mean. The longer ones come first.
const ENDINGS: [(&str, &str); 11] = [
    ("podantiaffinity", "podAntiAffinity"),
    ("topologyspreadconstraints", "topologySpreadConstraints"),
    ("priorityclassname", "priorityClassName"),
    ("priorityclass", "priorityClassName"),
    ("nodeselector", "nodeSelector"),
    ("tolerations", "tolerations"),
    ("affinity", "affinity"),
    ("resources", "resources"),
    ("replicacount", "replicas"),
    ("replicascount", "replicas"),
    ("replicas", "replicas"),
];

/// Endings of keys whose maps are about something else than pods: nobody looks for a field of a pod there, unless the
/// chart lists it.
const NO_PODS: [&str; 18] = [
    "service",
    "ingress",
    "route",
    "poddisruptionbudget",
    "pdb",
    "servicemonitor",
    "podmonitor",
    "prometheusrule",
    "serviceaccount",
    "persistence",
    "persistentvolume",
    "networkpolicy",
    "autoscaling",
    "image",
    "probe",
    "securitycontext",
    "rbac",
    "certificate",
];

/// Fields that are tried where a component does not list them.
const TRIED: [&str; 7] = [
    "tolerations",
    "affinity",
    "nodeSelector",
    "priorityClassName",
    "topologySpreadConstraints",
    "resources",
    "replicas",
];

/// One path to try.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) path: ValuePath,
    pub(super) field: &'static str,
    pub(super) default: Value,
    pub(super) in_values: bool,
    pub(super) found: &'static str,
}

/// All candidates of a chart, by path; `more` are paths that somebody claims to matter, with their field.
pub(super) fn candidates(package: &Package, more: &[(ValuePath, String)]) -> Vec<Candidate> {
    let mut out: BTreeMap<ValuePath, Candidate> = BTreeMap::new();
    let mut add = |path: ValuePath, field: &'static str, found: &'static str| {
        if path.keys().len() > MOST_DEPTH || out.len() >= MOST {
            return;
        }
        let default = path.get(&package.values).cloned();
        if !fits(field, default.as_ref()) {
            return;
        }
        let in_values = default.is_some();
        out.entry(path.clone()).or_insert_with(|| Candidate {
            path,
            field,
            default: default.unwrap_or_default(),
            in_values,
            found,
        });
    };
    let mut parts = BTreeSet::new();
    parts.insert(Vec::new());
    parts.insert(vec!["global".to_owned()]);
    for path in package.paths() {
        let Some((last, above)) = path.keys().split_last() else { continue };
        if above.iter().any(|key| field_of(key).is_some()) {
            continue;
        }
        let part = is_part(&path, package);
        if let Some(field) = field_of(last) {
            parts.insert(above.to_vec());
            add(path, field, "values");
        } else if part {
            parts.insert(path.keys().to_vec());
        }
    }
    for template in &package.templates {
        for keys in named(&template.text) {
            // Sub-charts see the root's `global` as their own.
            let shared = keys.first().is_some_and(|first| first == "global");
            let under = template.under.iter().filter(|_| !shared);
            let path = ValuePath::of(under.chain(&keys).cloned());
            if let Some(field) = keys.last().and_then(|last| field_of(last)) {
                parts.insert(path.keys()[..path.keys().len() - 1].to_vec());
                add(path, field, "template");
            }
        }
    }
    for (path, field) in more {
        let known = ENDINGS.iter().find(|(_, known)| known == field).map(|(_, field)| *field);
        if let Some(field) = known {
            add(path.clone(), field, "catalogue");
        }
    }
    let about_pods = |part: &&Vec<String>| {
        let lower = part.last().map(|key| key.to_lowercase()).unwrap_or_default();
        !NO_PODS.iter().any(|ending| lower.ends_with(ending))
    };
    for part in parts.iter().filter(about_pods) {
        for field in TRIED {
            add(ValuePath::of(part.clone()).child(field), field, "synthetic");
        }
    }
    out.into_values().collect()
}

/// Boolean paths that may switch objects on and off.
pub(super) fn switches(package: &Package) -> Vec<(ValuePath, bool)> {
    let named = |key: &str| {
        let key = key.to_lowercase();
        ["enabled", "create", "install", "deploy", "enable", "active"].iter().any(|word| key == *word)
            || key.ends_with("enabled")
            || key.ends_with("mode")
    };
    let paths = package.paths().into_iter();
    let switches = paths.filter_map(|path| {
        let last = path.keys().last()?;
        let value = path.get(&package.values)?.as_bool()?;
        named(last).then_some((path, value))
    });
    switches.take(MOST).collect()
}

/// The field that a key means.
pub(super) fn field_of(key: &str) -> Option<&'static str> {
    let lower = key.to_lowercase();
    // A service's, and a name alone.
    if lower.ends_with("sessionaffinity") {
        return None;
    }
    ENDINGS.iter().find(|(ending, _)| lower.ends_with(ending)).map(|(_, field)| *field)
}

/// Whether a value of the field could stand where the default is of this type.
fn fits(field: &str, default: Option<&Value>) -> bool {
    let Some(default) = default.filter(|value| !value.is_null()) else { return field != "podAntiAffinity" };
    match field {
        "podAntiAffinity" => default.is_string() || default.is_boolean(),
        // Some charts take the parts of one constraint, and a switch.
        "topologySpreadConstraints" if default.get("enabled").is_some() => true,
        "replicas" => default.is_number() || default.is_string(),
        "resources" | "nodeSelector" => default.is_object() || default.is_string(),
        "affinity" => default.is_object() || default.is_string(),
        "priorityClassName" => default.is_string(),
        _ => {
            default.is_array()
                || default.is_string()
                || default.as_object().is_some_and(serde_json::Map::is_empty)
        }
    }
}

/// Whether a map looks like the values of something that runs.
fn is_part(path: &ValuePath, package: &Package) -> bool {
    let Some(map) = path.get(&package.values).and_then(Value::as_object) else { return false };
    ["image", "enabled", "resources", "replicas", "replicaCount", "podLabels", "podAnnotations", "extraArgs"]
        .iter()
        .any(|key| map.contains_key(*key))
}

/// Paths after `.Values` in a template's text.
fn named(text: &str) -> Vec<Vec<String>> {
    let mut out = Vec::new();
    for (at, _) in text.match_indices(".Values.") {
        let rest = &text[at + ".Values.".len()..];
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))).unwrap_or(rest.len());
        let keys: Vec<String> =
            rest[..end].split('.').filter(|key| !key.is_empty()).map(str::to_owned).collect();
        if !keys.is_empty() {
            out.push(keys);
        }
    }
    out
}

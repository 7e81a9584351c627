//! What a new version of a chart changes for those who have an overlay for the old one.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::candidates::field_of;
use super::package::Package;
use super::shot::Shot;
use crate::catalogue::ValuePath;

/// A default that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Default {
    /// Its path.
    pub path: ValuePath,
    /// What it was; `None` if the key is new.
    pub was: Option<Value>,
    /// What it is; `None` if the key is gone.
    pub is: Option<Value>,
}

/// Defaults of fields that decide where pods run, and of the paths that an overlay sets, that differ
/// between two versions.
#[must_use]
pub fn defaults(old: &Package, new: &Package, overlay: &[ValuePath]) -> Vec<Default> {
    let mut was = leaves(old);
    let mut out = Vec::new();
    for (path, is) in leaves(new) {
        let before = was.remove(&path);
        if before.as_ref() != Some(&is) {
            out.push(Default { path, was: before, is: Some(is) });
        }
    }
    out.extend(was.into_iter().map(|(path, was)| Default { path, was: Some(was), is: None }));
    out.retain(|d| {
        d.path.keys().iter().any(|key| field_of(key).is_some())
            || overlay.iter().any(|set| set.contains(&d.path) || d.path.contains(set))
    });
    out
}

/// Scalars, lists and empty maps with their paths; a field of a pod is taken whole.
fn leaves(package: &Package) -> BTreeMap<ValuePath, Value> {
    let mut out = BTreeMap::new();
    walk(&package.values, &mut Vec::new(), &mut out);
    out
}

fn walk(value: &Value, at: &mut Vec<String>, out: &mut BTreeMap<ValuePath, Value>) {
    let field = at.last().is_some_and(|key| field_of(key).is_some());
    match value {
        Value::Object(map) if !map.is_empty() && !field => {
            for (key, below) in map {
                at.push(key.clone());
                walk(below, at, out);
                at.pop();
            }
        }
        _ if at.is_empty() => {}
        _ => {
            out.insert(ValuePath::of(at.clone()), value.clone());
        }
    }
}

/// What became of an object with a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Appeared(String),
    /// It is gone.
    Vanished(String),
    /// It has another kind or name, before and now.
    Moved(String, String),
    /// Its containers differ: its id, those before, those now.
    Containers(String, Vec<String>, Vec<String>),
    /// Its selector differs, so that it cannot be updated in place.
    Selector(String),
}

/// What changed between the pods of two renders.
#[must_use]
pub fn carriers(old: &Shot, new: &Shot) -> Vec<Change> {
    let mut out = Vec::new();
    let mut gone: Vec<(&String, &Map<String, Value>)> =
        old.carriers.iter().filter(|(id, _)| !new.carriers.contains_key(*id)).collect();
    for (id, is) in &new.carriers {
        let Some(was) = old.carriers.get(id) else {
            let before = gone.iter().position(|(_, was)| same_pods(was, is));
            out.push(match before {
                Some(at) => Change::Moved(gone.remove(at).0.clone(), id.clone()),
                None => Change::Appeared(id.clone()),
            });
            continue;
        };
        let (before, now) = (containers(was), containers(is));
        if before != now {
            out.push(Change::Containers(id.clone(), before, now));
        }
        if was.get("selector") != is.get("selector") {
            out.push(Change::Selector(id.clone()));
        }
    }
    out.extend(gone.into_iter().map(|(id, _)| Change::Vanished(id.clone())));
    out
}

fn containers(carrier: &Map<String, Value>) -> Vec<String> {
    let list = carrier.get("containers").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|c| Some(c.get("name")?.as_str()?.to_owned())).collect()
}

/// Whether two objects of different names stand for the same pods: same name with another kind, same
/// selector, or the same containers with the same component label.
fn same_pods(was: &Map<String, Value>, is: &Map<String, Value>) -> bool {
    let selector = |carrier: &Map<String, Value>| carrier.get("selector").filter(|s| !s.is_null()).cloned();
    let label = |carrier: &Map<String, Value>, key: &str| {
        carrier.get("podLabels").and_then(|labels| labels.get(key)).cloned()
    };
    let component = |carrier: &Map<String, Value>| {
        label(carrier, "app.kubernetes.io/component").or_else(|| label(carrier, "app.kubernetes.io/name"))
    };
    was.get("name") == is.get("name")
        || selector(was).is_some() && selector(was) == selector(is)
        || component(was).is_some() && component(was) == component(is) && containers(was) == containers(is)
}

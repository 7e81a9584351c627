//! What a version's facts say nothing of, because the package that was probed lacked a sub-chart, is taken from the
//! nearest version whose package had it: the sub-chart did not vanish, nobody looked.

use std::collections::BTreeSet;

use semver::Version;
use serde_json::{Map, Value, json};

use super::Facts;
use crate::catalogue::{ValuePath, merge_files};

/// A version and what its facts say, as tables of a catalogue file.
type Edition = (Version, Map<String, Value>);

/// Completes the editions of packages that lacked sub-charts. Both lists are in the same order.
pub(super) fn complete(editions: &mut [Edition], facts: &[&Facts], judged: &Map<String, Value>) {
    for (i, mine) in facts.iter().enumerate().filter(|(_, facts)| !facts.lacks.is_empty()) {
        let whole = (0..facts.len()).filter(|&j| facts[j].lacks.is_empty());
        let Some(nearest) = whole.min_by_key(|j| j.abs_diff(i)) else { continue };
        let source = editions[nearest].1.clone();
        borrow(&mut editions[i].1, &source, mine, judged);
    }
}

fn borrow(
    target: &mut Map<String, Value>,
    source: &Map<String, Value>,
    facts: &Facts,
    judged: &Map<String, Value>,
) {
    let inside = |path: &str| facts.knows_nothing_of(&ValuePath::parse(path));
    let brought: BTreeSet<&String> = judged
        .get("components")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(_, component)| {
            component
                .get("when")
                .and_then(Value::as_object)
                .is_some_and(|when| when.keys().any(|path| inside(path)))
        })
        .map(|(name, _)| name)
        .collect();
    copy(target, source, "components", &|name| brought.iter().any(|known| *known == name));
    copy(target, source, "defaults", &inside);
    copy(target, source, "custom", &inside);
    for key in ["tpl", "text"] {
        let list = source.get(key).and_then(Value::as_array).into_iter().flatten();
        let more: Vec<&Value> = list.filter(|path| path.as_str().is_some_and(inside)).collect();
        if let (Some(Value::Array(known)), false) = (target.get_mut(key), more.is_empty()) {
            known.extend(more.into_iter().cloned());
            known.sort_by_key(Value::to_string);
        }
    }
    for (name, layer) in source.get("probe").and_then(|p| p["profiles"].as_object()).into_iter().flatten() {
        let layer = layer.as_object().into_iter().flatten();
        let layer: Map<String, Value> =
            layer.filter(|(key, _)| inside(key)).map(|(key, value)| (key.clone(), value.clone())).collect();
        if !layer.is_empty() {
            let probe = target.entry("probe").or_insert_with(|| json!({}));
            let whole = merge_files(&probe["profiles"][name], &layer.into());
            probe["profiles"][name] = whole;
        }
    }
}

/// Copies the entries of a table whose key holds.
fn copy(
    target: &mut Map<String, Value>,
    source: &Map<String, Value>,
    table: &str,
    holds: &dyn Fn(&str) -> bool,
) {
    let entries = source.get(table).and_then(Value::as_object).into_iter().flatten();
    for (key, value) in entries.filter(|(key, _)| holds(key)) {
        if let Some(target) = target.entry(table).or_insert_with(|| json!({})).as_object_mut() {
            target.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}

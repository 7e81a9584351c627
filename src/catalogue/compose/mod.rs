//! Writes a catalogue file: facts of several versions of a chart, and judgement that no probe can make.
//!
//! The facts are what a probe saw (see [`Facts`]). The judgement is a TOML text in the catalogue's own
//! form, but that its components name their `carrier`, from which everything measurable is filled in,
//! and that `edges` says at which version a fact changed when two probed versions differ:
//! `edges = { "components.canary.name" = ["18.0.0"] }`. Without an edge, a fact changes at the first
//! release of the later version's major, or at the later version itself.

mod carrier;
mod facts;
mod guard;
mod lack;
mod print;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

pub use facts::{Carrier, Effect, Facts, PathFact, Probe};

use super::tree;
use crate::source::FileId;
use crate::source::tree::parse;

/// Writes the catalogue file of one chart.
///
/// # Errors
/// A judgement that is not TOML, or a carrier of the facts that no component of the judgement names.
pub fn compose(judgement: &str, facts: &[Facts]) -> Result<String, String> {
    let (root, errors) = parse(FileId(0), judgement);
    if let Some(error) = errors.first() {
        return Err(format!("the judgement is not TOML at byte {}: {}", error.span.start, error.message));
    }
    let Value::Object(judged) = tree::json(&root) else { return Err("the judgement is no table".into()) };
    let heading = "# Written by `cargo xtask catalogue` from facts and charts/judgement; edit the judgement, not this file.\n\n";
    let facts: Vec<&Facts> = facts.iter().collect();
    compose_with(heading, judged, facts)
}

/// The same for a judgement that is a tree already, under another heading.
///
/// # Errors
/// A carrier of the facts that no component of the judgement names.
pub fn compose_tree(heading: &str, judged: Map<String, Value>, facts: &[Facts]) -> Result<String, String> {
    compose_with(heading, judged, facts.iter().collect())
}

fn compose_with(
    heading: &str,
    mut judged: Map<String, Value>,
    mut facts: Vec<&Facts>,
) -> Result<String, String> {
    let edges = judged.shift_remove("edges").unwrap_or_default();
    facts.sort_by(|a, b| a.version.cmp(&b.version));
    let mut editions = facts
        .iter()
        .map(|facts| Ok((facts.version.clone(), carrier::edition(facts, &judged)?)))
        .collect::<Result<Vec<_>, String>>()?;
    lack::complete(&mut editions, &facts, &judged);
    judged.shift_remove("tpl");
    let measured = guard::merge(&editions, &edges);
    judged.insert("tested".into(), tested(&judged, &facts));
    let order = judged.get("order").cloned().unwrap_or_default();
    let merged = lay_over(measured, judged);
    Ok(heading.to_owned() + &print::file(&merged, &order))
}

fn tested(judged: &Map<String, Value>, facts: &[&Facts]) -> Value {
    let mut versions: Vec<semver::Version> = facts.iter().map(|facts| facts.version.clone()).collect();
    let more = judged.get("tested").and_then(Value::as_array).into_iter().flatten();
    versions.extend(more.filter_map(Value::as_str).filter_map(|text| text.parse().ok()));
    versions.sort();
    versions.dedup();
    versions.iter().map(ToString::to_string).collect()
}

/// Judgement over measured facts, key by key; the measured components come in the judgement's order.
fn lay_over(measured: Map<String, Value>, judged: Map<String, Value>) -> Map<String, Value> {
    let mut out = Map::new();
    for (key, mut value) in judged {
        if key == "components" {
            value = components(value, measured.get("components"));
        } else if let (Value::Object(ours), Some(Value::Object(theirs))) = (&value, measured.get(&key)) {
            let mut both = theirs.clone();
            match both.get_mut("profiles").filter(|_| key == "probe") {
                // Profiles of people's own come first: a probe begins with the last, and looks in others for what is new.
                Some(Value::Object(known)) => {
                    let mut all =
                        ours.get("profiles").and_then(Value::as_object).cloned().unwrap_or_default();
                    all.extend(std::mem::take(known));
                    *known = all;
                }
                _ => both.extend(ours.clone()),
            }
            value = Value::Object(both);
        }
        out.insert(key, value);
    }
    for (key, value) in measured {
        out.entry(key).or_insert(value);
    }
    out
}

fn components(judged: Value, measured: Option<&Value>) -> Value {
    let Value::Object(judged) = judged else { return judged };
    let merged = judged.into_iter().map(|(name, component)| {
        let Value::Object(component) = component else { return (name, component) };
        let mut out = measured.and_then(|m| m.get(&name)).cloned().unwrap_or_else(|| json!({}));
        match out.get_mut("versions").and_then(Value::as_array_mut) {
            Some(cases) => {
                cases.iter_mut().filter_map(|c| c.get_mut("is")).for_each(|is| judge(is, &component))
            }
            None => judge(&mut out, &component),
        }
        (name, out)
    });
    Value::Object(merged.collect())
}

/// Adds what people say of a component to what was measured.
fn judge(measured: &mut Value, component: &Map<String, Value>) {
    // A container's `resources` where it was another one between two recorded versions.
    let per_container = [("suggested", "suggested"), ("container-when", "when"), ("resources", "resources")];
    let Value::Object(out) = measured else { return };
    for (key, value) in component {
        if !matches!(key.as_str(), "carrier" | "main-container" | "operated")
            && per_container.iter().all(|(ours, _)| ours != key)
        {
            out.insert(key.clone(), value.clone());
        }
    }
    // Containers that no render shows, because an operator adds them.
    for (container, table) in component.get("operated").and_then(Value::as_object).into_iter().flatten() {
        let Some(Value::Object(containers)) = out.get_mut("containers") else { continue };
        let mut added = json!({ "operated": true });
        for (key, value) in table.as_object().into_iter().flatten() {
            added[key] = value.clone();
        }
        containers.insert(container.clone(), added);
    }
    for (ours, theirs) in per_container {
        for (container, value) in component.get(ours).and_then(Value::as_object).into_iter().flatten() {
            let Some(at) = out.get_mut("containers").and_then(|c| c.get_mut(container)) else { continue };
            match at.get_mut("versions").and_then(Value::as_array_mut) {
                Some(cases) => {
                    cases
                        .iter_mut()
                        .filter_map(|c| c.get_mut("is"))
                        .for_each(|is| is[theirs] = value.clone());
                }
                None => at[theirs] = value.clone(),
            }
        }
    }
}

/// Keeps entries in a table that do not say nothing.
fn without_empty(entries: Vec<(&str, Value)>) -> Map<String, Value> {
    let said = |value: &Value| !matches!(value, Value::Null) && *value != json!({}) && *value != json!([]);
    entries.into_iter().filter(|(_, value)| said(value)).map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Names in the facts, longest first: `{release}-argocd` is the name `{argocd}`.
fn names(judged: &Map<String, Value>) -> IndexMap<String, String> {
    let names = judged.get("names").and_then(Value::as_object).into_iter().flatten();
    let mut names: Vec<(String, String)> = names
        .filter_map(|(key, name)| {
            Some((format!("{{release}}-{}", name.get("base")?.as_str()?), format!("{{{key}}}")))
        })
        .collect();
    names.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
    let mut out = IndexMap::new();
    for (text, name) in names {
        out.entry(text).or_insert(name);
    }
    out
}

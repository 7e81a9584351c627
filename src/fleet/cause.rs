//! Which line of the policy sets one site apart from another: found by writing the other site's value there and
//! judging again, not by guessing.

use std::collections::BTreeSet;

use crate::source::tree::{Entry, Table, Value};

/// Trials that one question may take.
const MOST_TRIALS: usize = 96;

/// A difference between two policies: at this path, this is what the other one has.
#[derive(Clone, Debug)]
struct Change {
    path: Vec<String>,
    there: Option<Entry>,
}

/// The paths that make `from` differ from `to` in what `judge` says: as few as suffice, and empty if there is no such
/// set within the budget. `wanted` is what `judge` says of `to`.
pub fn paths(
    from: &Table,
    to: &Table,
    wanted: &[String],
    mut judge: impl FnMut(&Table) -> Vec<String>,
) -> Vec<String> {
    // What does not come from the policy (drift, a full disk), no line of it explains.
    if judge(from) == wanted {
        return Vec::new();
    }
    let mut changes = Vec::new();
    collect(from, to, &mut Vec::new(), &mut changes);
    // The name says nothing, and where the outputs go neither.
    changes.retain(|change| !matches!(change.path.join(".").as_str(), "cluster.name" | "cluster.output"));
    let mut trials = 0;
    let mut holds = |set: &[&Change]| {
        trials += 1;
        trials <= MOST_TRIALS && judge(&changed(from, set)) == wanted
    };
    let all: Vec<&Change> = changes.iter().collect();
    for change in &all {
        if all.len() <= MOST_TRIALS / 2 && holds(&[*change]) {
            return vec![shown(&change.path)];
        }
    }
    if !holds(&all) {
        return Vec::new();
    }
    // Halves first, as most of what differs does not matter, then one by one.
    let mut kept = all;
    let mut size = kept.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < kept.len() {
            let mut without = kept.clone();
            without.drain(at..(at + size).min(kept.len()));
            if !without.is_empty() && holds(&without) { kept = without } else { at += size }
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    let names: BTreeSet<String> = kept.iter().map(|change| shown(&change.path)).collect();
    names.into_iter().collect()
}

fn collect(from: &Table, to: &Table, path: &mut Vec<String>, found: &mut Vec<Change>) {
    let keys = from.keys().chain(to.keys().filter(|key| !from.contains_key(*key)));
    for key in keys {
        path.push(key.clone());
        match (from.get(key).map(|e| &e.node.value), to.get(key).map(|e| &e.node.value)) {
            (Some(Value::Table(a)), Some(Value::Table(b))) => collect(a, b, path, found),
            (Some(a), Some(b)) if same(a, b) => {}
            _ => found.push(Change { path: path.clone(), there: to.get(key).cloned() }),
        }
        path.pop();
    }
}

/// Equality of what is written, wherever it is written.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) | (Value::Datetime(a), Value::Datetime(b)) => a == b,
        (Value::Integer(a), Value::Integer(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(&a.value, &b.value))
        }
        (Value::Table(a), Value::Table(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(&a.node.value, &b.node.value)))
        }
        _ => false,
    }
}

fn changed(table: &Table, changes: &[&Change]) -> Table {
    let mut out = table.clone();
    for change in changes {
        let Some((last, parents)) = change.path.split_last() else { continue };
        let mut at = Some(&mut out);
        for key in parents {
            at = at.and_then(|table| match table.get_mut(key).map(|entry| &mut entry.node.value) {
                Some(Value::Table(inner)) => Some(inner),
                _ => None,
            });
        }
        let Some(at) = at else { continue };
        match &change.there {
            Some(entry) => {
                at.insert(last.clone(), entry.clone());
            }
            None => {
                at.shift_remove(last);
            }
        }
    }
    out
}

/// A path as TOML writes it.
fn shown(path: &[String]) -> String {
    let bare = |key: &String| {
        !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    let key = |key: &String| if bare(key) { key.clone() } else { format!("{key:?}") };
    path.iter().map(key).collect::<Vec<_>>().join(".")
}

//! Keys of a values file that nothing reads. Only a render can tell: a template may read a key that
//! `values.yaml` mentions in a comment at most, or not at all.

use serde_json::Value;

use super::package::Package;
use crate::catalogue::{Edition, ValuePath};
use crate::shape::did_you_mean;
use crate::yaml::{self, Node, Place};

/// A key that may be dead, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspect {
    /// Its path.
    pub path: ValuePath,
    /// The key's place in its file.
    pub at: Place,
}

/// Keys of a values file that the chart's defaults do not have: the topmost unknown key of each branch,
/// or, below a map that is empty by default, the key right below it.
#[must_use]
pub fn suspects(file: &Node, package: &Package) -> Vec<Suspect> {
    let mut out = Vec::new();
    walk(file, &package.values, &mut Vec::new(), &mut out);
    out
}

fn walk(node: &Node, known: &Value, at: &mut Vec<String>, out: &mut Vec<Suspect>) {
    for entry in node.entries() {
        at.push(entry.key.clone());
        match known.get(&entry.key) {
            // Keys of an unknown map are asked one by one: some may live.
            None if !entry.value.entries().is_empty() => walk(&entry.value, &Value::Null, at, out),
            None => out.push(Suspect { path: ValuePath::of(at.clone()), at: entry.key_at }),
            Some(below) => walk(&entry.value, below, at, out),
        }
        at.pop();
    }
}

/// Values without one key, and without the maps that this leaves empty.
#[must_use]
pub fn without(values: &Value, path: &ValuePath) -> Value {
    let mut out = values.clone();
    remove(&mut out, path.keys());
    out
}

fn remove(value: &mut Value, keys: &[String]) {
    let (Some((first, rest)), Some(map)) = (keys.split_first(), value.as_object_mut()) else { return };
    if rest.is_empty() {
        map.shift_remove(first);
        return;
    }
    let Some(below) = map.get_mut(first) else { return };
    remove(below, rest);
    if below.as_object().is_some_and(serde_json::Map::is_empty) {
        map.shift_remove(first);
    }
}

/// Whether a render equals two renders of the same values, but for lines that differ between those two:
/// charts make passwords and certificates anew each time.
#[must_use]
pub fn same(first: &str, second: &str, other: &str) -> bool {
    if other == first || other == second {
        return true;
    }
    if first == second {
        return false;
    }
    let (first, second): (Vec<&str>, Vec<&str>) = (first.lines().collect(), second.lines().collect());
    let other: Vec<&str> = other.lines().collect();
    first.len() == second.len()
        && first.len() == other.len()
        && first.iter().zip(&second).zip(&other).all(|((a, b), c)| a != b || a == c)
}

/// The path that people mean by a dead one: what the catalogue says, else the known path that is spelt
/// most like it.
#[must_use]
pub fn living(path: &ValuePath, package: &Package, edition: Option<&Edition>) -> Option<ValuePath> {
    if let Some(edition) = edition {
        for (dead, living) in edition.dead.iter() {
            if dead == path {
                return Some(living.clone());
            }
            if dead.contains(path) {
                let rest = &path.keys()[dead.keys().len()..];
                return Some(ValuePath::of(living.keys().iter().chain(rest).cloned()));
            }
        }
    }
    let (last, above) = path.keys().split_last()?;
    let above = ValuePath::of(above.to_vec());
    if let Some(siblings) = above.get(&package.values).and_then(Value::as_object)
        && let Some(near) = did_you_mean(last, siblings.keys().map(String::as_str))
    {
        return Some(above.child(near));
    }
    let paths = package.paths();
    // The same key elsewhere: under the part whose name is spelt most like it.
    let ends: Vec<&ValuePath> = paths.iter().filter(|known| known.keys().last() == Some(last)).collect();
    if let [only] = ends[..] {
        return Some(only.clone());
    }
    let texts: Vec<String> = paths.iter().map(ToString::to_string).collect();
    let near = did_you_mean(&path.to_string(), texts.iter().map(String::as_str))?;
    Some(ValuePath::parse(near))
}

/// Reads a values file.
///
/// # Errors
/// What is wrong with it, with the place.
pub fn read(text: &str) -> Result<Option<Node>, String> {
    let document = yaml::read(text, 1, &yaml::Budget::default())
        .map_err(|error| format!("{}: {}", error.at, error.message))?;
    Ok(document.root)
}

//! Keys of a values file that nothing reads. Only a render can tell: a template may read a key that
//! `values.yaml` mentions in a comment at most, or not at all.

use serde_json::{Value, json};

use super::package::Package;
use crate::catalogue::{Edition, ValuePath, merge_files};
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

/// Whether some template of the chart names the key, or the map that it is in where the defaults leave that map
/// open. Then the chart reads it, if not with these values.
#[must_use]
pub fn named(path: &ValuePath, package: &Package) -> bool {
    package.templates.iter().any(|template| {
        let local = match path.keys().strip_prefix(&template.under[..]) {
            Some(local) => local,
            // A sub-chart sees the parent's `global`.
            None if path.keys().first().is_some_and(|first| first == "global") => path.keys(),
            None => return false,
        };
        (1..=local.len()).any(|depth| {
            let above = ValuePath::of(path.keys()[..path.keys().len() - local.len() + depth].to_vec());
            (depth == local.len() || open(&above, package))
                && mentions(&template.text, &local[..depth], depth == local.len())
        })
    })
}

/// Whether a value's default leaves open what is in it.
fn open(path: &ValuePath, package: &Package) -> bool {
    match path.get(&package.values) {
        None | Some(Value::Null | Value::Array(_)) => true,
        Some(Value::Object(map)) => map.is_empty(),
        Some(_) => false,
    }
}

/// Whether a template says `.Values.a.b`, and, unless `deeper` will do, not a key of it.
fn mentions(text: &str, keys: &[String], deeper: bool) -> bool {
    let wanted = format!(".Values.{}", keys.join("."));
    text.match_indices(&wanted).any(|(at, _)| {
        let rest = &text[at + wanted.len()..];
        match rest.chars().next() {
            Some('.') => deeper || !rest[1..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'),
            Some(c) => !(c.is_ascii_alphanumeric() || c == '_'),
            None => true,
        }
    })
}

/// Values that switch on what a key may be part of: every `enabled` above it that is off; `None` if there is
/// none. `values` are those that the chart would be rendered with.
#[must_use]
pub fn switched_on(path: &ValuePath, values: &Value) -> Option<Value> {
    let mut switches = None;
    for depth in 1..path.keys().len() {
        let switch = ValuePath::of(path.keys()[..depth].to_vec()).child("enabled");
        if switch.get(values) == Some(&Value::Bool(false)) {
            let on = switch.keys().iter().rev().fold(Value::Bool(true), |below, key| json!({ key: below }));
            switches = Some(merge_files(&switches.unwrap_or_else(|| json!({})), &on));
        }
    }
    switches
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

/// The path that people mean by a dead one: what the catalogue says, else the same path with one key spelt as
/// its neighbours are. Nothing where nothing is near.
#[must_use]
pub fn meant(path: &ValuePath, package: &Package, edition: Option<&Edition>) -> Option<ValuePath> {
    if let Some(known) = edition.and_then(|edition| replaced(path, edition)) {
        return Some(known);
    }
    let keys = path.keys();
    let (mut level, mut depth) = (&package.values, 0);
    while let Some(below) = keys.get(depth).and_then(|key| level.get(key)) {
        (level, depth) = (below, depth + 1);
    }
    let siblings = level.as_object()?;
    let near = did_you_mean(keys.get(depth)?, siblings.keys().map(String::as_str))?;
    if !resembles(&keys[depth], near) {
        return None;
    }
    let above = keys[..depth].iter().cloned().chain([near.to_owned()]);
    let meant = ValuePath::of(above.chain(keys[depth + 1..].iter().cloned()));
    // What stands below must be known too, or the neighbour is another thing.
    let known = meant.get(&package.values).is_some()
        || open(&ValuePath::of(meant.keys()[..=depth].to_vec()), package);
    known.then_some(meant)
}

/// A slip of the pen changes few letters of many.
fn resembles(word: &str, near: &str) -> bool {
    let letters = |word: &str| {
        let mut letters: Vec<char> = word.to_lowercase().chars().collect();
        letters.sort_unstable();
        letters
    };
    let (a, b) = (letters(word), letters(near));
    let common = a.iter().filter(|c| b.contains(c)).count();
    a.len().min(b.len()) >= 4 && common * 4 >= a.len() * 3
}

/// What the catalogue says that a dead path stands for.
fn replaced(path: &ValuePath, edition: &Edition) -> Option<ValuePath> {
    edition.dead.iter().find_map(|(dead, living)| {
        if dead == path {
            return Some(living.clone());
        }
        let rest = dead.contains(path).then(|| &path.keys()[dead.keys().len()..])?;
        Some(ValuePath::of(living.keys().iter().chain(rest).cloned()))
    })
}

/// Where a path of an older version of the chart may have gone: what is near it, else the path that is spelt most
/// like it.
#[must_use]
pub fn living(path: &ValuePath, package: &Package, edition: Option<&Edition>) -> Option<ValuePath> {
    if let Some(known) = edition.and_then(|edition| replaced(path, edition)) {
        return Some(known);
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

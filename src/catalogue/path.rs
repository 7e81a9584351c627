//! Paths in a values file, and Helm's merge of values.

use std::fmt;

use serde_json::{Map, Value};

/// A path in a values file: the keys from the root. Written dotted; a dot inside a key is `\.`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValuePath(Vec<String>);

impl ValuePath {
    /// Parses a dotted path. Every text is a path; empty keys are kept.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut keys = vec![String::new()];
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            let last = keys.len() - 1;
            match c {
                '\\' => keys[last].extend(chars.next()),
                '.' => keys.push(String::new()),
                _ => keys[last].push(c),
            }
        }
        Self(keys)
    }

    /// The path of the given keys.
    #[must_use]
    pub fn of(keys: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(keys.into_iter().map(Into::into).collect())
    }

    /// The keys from the root.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.0
    }

    /// This path and one key more.
    #[must_use]
    pub fn child(&self, key: &str) -> Self {
        let mut keys = self.0.clone();
        keys.push(key.to_owned());
        Self(keys)
    }

    /// Whether `self` is `other` or a path above it.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    /// The value at this path, if all keys exist; a null is a value.
    #[must_use]
    pub fn get<'v>(&self, values: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(values, |at, key| at.as_object()?.get(key))
    }

    /// Sets the value at this path; what is no map on the way is replaced by one.
    pub fn set(&self, values: &mut Value, value: Value) {
        let mut at = values;
        for key in &self.0 {
            if !at.is_object() {
                *at = Value::Object(Map::new());
            }
            let Value::Object(map) = at else { return };
            at = map.entry(key.clone()).or_insert(Value::Null);
        }
        *at = value;
    }
}

impl ValuePath {
    /// Takes the value at this path out, with the maps that are empty without it.
    pub fn take(&self, values: &mut Value) -> Option<Value> {
        take(&self.0, values)
    }
}

fn take(path: &[String], values: &mut Value) -> Option<Value> {
    let (key, rest) = path.split_first()?;
    let map = values.as_object_mut()?;
    if rest.is_empty() {
        return map.shift_remove(key);
    }
    let below = map.get_mut(key)?;
    let taken = take(rest, below)?;
    if below.as_object().is_some_and(Map::is_empty) {
        map.shift_remove(key);
    }
    Some(taken)
}

impl fmt::Display for ValuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, key) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            f.write_str(&key.replace('\\', "\\\\").replace('.', "\\."))?;
        }
        Ok(())
    }
}

/// Merges one values tree over another as Helm does for values files over a chart's defaults: maps are
/// merged key by key, everything else is replaced whole, a null over an existing key deletes it, and a
/// null over a missing key stays and is rendered (`CoalesceValues` in Helm 3.22 and 4.3).
#[must_use]
pub fn coalesce(beneath: &Value, above: &Value) -> Value {
    let (Value::Object(low), Value::Object(high)) = (beneath, above) else { return above.clone() };
    let mut out = low.clone();
    for (key, value) in high {
        match (out.get(key), value) {
            (Some(_), Value::Null) => {
                out.shift_remove(key);
            }
            (Some(old), _) => {
                let merged = coalesce(old, value);
                out.insert(key.clone(), merged);
            }
            (None, _) => {
                out.insert(key.clone(), value.clone());
            }
        }
    }
    Value::Object(out)
}

/// Whether a Go template takes a value for true in `if` and `with`.
#[must_use]
pub fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(b) => *b,
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::String(s) => !s.is_empty(),
        Value::Array(a) => !a.is_empty(),
        Value::Object(o) => !o.is_empty(),
    }
}

/// Merges one values file over another as Helm does for `-f` files: like [`coalesce`], but nulls stay,
/// to delete a default of the chart later.
#[must_use]
pub fn merge_files(earlier: &Value, later: &Value) -> Value {
    merged_files(earlier, later.clone())
}

/// The same for a later file that nobody needs by itself.
pub(crate) fn merged_files(earlier: &Value, later: Value) -> Value {
    match (earlier, later) {
        (Value::Object(low), later @ Value::Object(_)) if low.is_empty() => later,
        (Value::Object(low), Value::Object(high)) => {
            let mut out = low.clone();
            merge_over(&mut out, high);
            Value::Object(out)
        }
        (_, later) => later,
    }
}

fn merge_over(low: &mut Map<String, Value>, high: Map<String, Value>) {
    for (key, value) in high {
        match (low.get_mut(&key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge_over(old, new),
            (Some(old), new) => *old = new,
            (None, new) => drop(low.insert(key, new)),
        }
    }
}

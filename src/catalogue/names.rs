//! Names that charts make of the release's name.

use std::collections::BTreeMap;

use serde_json::Value;

use super::path::ValuePath;

/// The `fullname` helper of a chart or sub-chart: `<release>-<name>`, or the release alone if it
/// contains the name; cut, then without trailing `-`; overridable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FullName {
    /// The chart's name, or what its `nameOverride` defaults to.
    pub(super) base: String,
    /// Longest result, in bytes; names are ASCII.
    pub(super) cut: usize,
    /// The key of the sub-chart under which the overrides stand; the root if `None`.
    pub(super) under: Option<ValuePath>,
    /// Whether a release that contains the base stands alone.
    pub(super) shortens: bool,
}

impl FullName {
    /// The name for a release with these values.
    #[must_use]
    pub(super) fn expand(&self, release: &str, values: &Value) -> String {
        let text = |key: &str| {
            let at = self.under.as_ref().map_or_else(|| ValuePath::of([key]), |under| under.child(key));
            at.get(values).and_then(Value::as_str).filter(|s| !s.is_empty()).map(str::to_owned)
        };
        let full = text("fullnameOverride").unwrap_or_else(|| {
            let base = text("nameOverride").unwrap_or_else(|| self.base.clone());
            if self.shortens && release.contains(&base) {
                release.to_owned()
            } else {
                format!("{release}-{base}")
            }
        });
        cut(&full, self.cut).to_owned()
    }
}

/// `trunc` and `trimSuffix "-"`; a cut inside a character (which no valid name has) cuts before it.
fn cut(name: &str, at: usize) -> &str {
    let mut end = at.min(name.len());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let name = &name[..end];
    name.strip_suffix('-').unwrap_or(name)
}

/// Replaces `{key}` by the value of `key`; unknown keys stay as they are.
#[must_use]
pub(super) fn fill(template: &str, names: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        out.push_str(before);
        let key = from.find('}').map(|close| &from[1..close]);
        match key.and_then(|key| Some((key.len(), names.get(key)?))) {
            Some((len, name)) => {
                out.push_str(name);
                rest = &from[len + 2..];
            }
            None => {
                out.push('{');
                rest = &from[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// [`fill`] for every key and string of a tree.
#[must_use]
pub(super) fn fill_value(value: &Value, names: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => Value::String(fill(text, names)),
        Value::Array(items) => items.iter().map(|item| fill_value(item, names)).collect(),
        Value::Object(map) => {
            map.iter().map(|(key, item)| (fill(key, names), fill_value(item, names))).collect()
        }
        other => other.clone(),
    }
}

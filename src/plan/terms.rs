//! Affinity, toleration and spread terms in the API's JSON, collected part by part so that every part
//! keeps its reason.

use serde_json::{Map, Value, json};

use crate::why::Why;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
/// The topology of "another node".
pub(super) const HOSTNAME: &str = "kubernetes.io/hostname";

/// A pod affinity term.
#[derive(Clone, Debug)]
pub struct PodTerm {
    /// `labelSelector`.
    pub selector: Value,
    /// `namespaces`; never empty, because a term without them sees only the pod's own namespace.
    pub namespaces: Vec<String>,
    /// `topologyKey`.
    pub topology: String,
}

impl PodTerm {
    fn json(&self) -> Value {
        json!({
            "labelSelector": self.selector,
            "namespaces": self.namespaces,
            "topologyKey": self.topology,
        })
    }
}

/// An affinity under construction.
#[derive(Clone, Debug, Default)]
pub struct Affinity {
    value: Map<String, Value>,
    parts: Vec<(Vec<String>, Why)>,
}

impl Affinity {
    /// Starts from what the team's values say; their terms stay.
    #[must_use]
    pub fn on(base: Option<&Value>) -> Self {
        let value = base.and_then(Value::as_object).cloned().unwrap_or_default();
        Self { value, parts: Vec::new() }
    }

    fn push(&mut self, group: &str, list: &str, term: Value, why: Why) {
        let group_value = self.value.entry(group).or_insert_with(|| json!({}));
        let Some(map) = group_value.as_object_mut() else { return };
        let Some(terms) = map.entry(list).or_insert_with(|| json!([])).as_array_mut() else { return };
        let index = terms.iter().position(|t| *t == term).unwrap_or_else(|| {
            terms.push(term);
            terms.len() - 1
        });
        self.parts.push((vec![group.to_owned(), list.to_owned(), index.to_string()], why));
    }

    /// Prefers nodes that lack a label.
    pub fn prefer_without_label(&mut self, weight: i32, key: &str, why: Why) {
        let term = json!({
            "weight": weight,
            "preference": {"matchExpressions": [{"key": key, "operator": "DoesNotExist"}]},
        });
        self.push("nodeAffinity", PREFERRED, term, why);
    }

    /// Prefers nodes whose label is none of the values.
    pub fn prefer_not_in(&mut self, weight: i32, key: &str, values: &[String], why: Why) {
        let term = json!({
            "weight": weight,
            "preference": {"matchExpressions": [{"key": key, "operator": "NotIn", "values": values}]},
        });
        self.push("nodeAffinity", PREFERRED, term, why);
    }

    /// Stays away from, or goes to, pods; `weight` `None` is required.
    pub fn pods(&mut self, anti: bool, weight: Option<i32>, term: &PodTerm, why: Why) {
        let group = if anti { "podAntiAffinity" } else { "podAffinity" };
        match weight {
            None => self.push(group, REQUIRED, term.json(), why),
            Some(weight) => {
                let term = json!({"weight": weight, "podAffinityTerm": term.json()});
                self.push(group, PREFERRED, term, why);
            }
        }
    }

    /// Whether nothing was added to the base.
    #[must_use]
    pub fn untouched(&self) -> bool {
        self.parts.is_empty()
    }

    /// The affinity in a fixed order of keys, and the reasons of its parts.
    #[must_use]
    pub fn finish(mut self) -> (Value, Vec<(Vec<String>, Why)>) {
        let mut ordered = Map::new();
        for group in ["nodeAffinity", "podAffinity", "podAntiAffinity"] {
            if let Some(value) = self.value.shift_remove(group) {
                ordered.insert(group.to_owned(), value);
            }
        }
        ordered.append(&mut self.value);
        (Value::Object(ordered), self.parts)
    }
}

/// Adds entries to a list that do not stand in it yet; returns the index of each.
pub(super) fn union(list: &mut Vec<Value>, entries: impl IntoIterator<Item = Value>) -> Vec<usize> {
    let mut at = Vec::new();
    for entry in entries {
        let index = list.iter().position(|e| *e == entry).unwrap_or_else(|| {
            list.push(entry);
            list.len() - 1
        });
        at.push(index);
    }
    at
}

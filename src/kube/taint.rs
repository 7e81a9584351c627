//! Taints and tolerations.

use serde::{Deserialize, Serialize};

use super::read::null;

/// What a taint does to pods that do not tolerate it. An unknown effect is kept and does nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Effect {
    /// No new pods.
    NoSchedule,
    /// New pods only if other nodes score lower.
    PreferNoSchedule,
    /// No new pods, and running ones are evicted.
    NoExecute,
    /// None of Kubernetes' effects.
    #[serde(untagged)]
    Other(String),
}

impl Effect {
    /// As written in a manifest.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Effect::NoSchedule => "NoSchedule",
            Effect::PreferNoSchedule => "PreferNoSchedule",
            Effect::NoExecute => "NoExecute",
            Effect::Other(name) => name,
        }
    }
}

/// A taint of a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Taint {
    /// Key.
    pub key: String,
    /// Value; empty if none is stated.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// Effect.
    pub effect: Effect,
}

/// How a toleration compares.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TolerationOperator {
    /// Key and value must be equal.
    #[default]
    Equal,
    /// Any value of the key, or any key at all if none is stated.
    Exists,
    /// The taint's value is a number below the toleration's (1.35 and later, behind a gate that is off
    /// by default: it never matches here).
    Lt,
    /// The taint's value is a number above the toleration's (as `Lt`).
    Gt,
    /// None of Kubernetes' operators: it never matches.
    #[serde(untagged)]
    Other(String),
}

/// A toleration of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Toleration {
    /// Key; empty with `Exists` means every key.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Operator; absent is `Equal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<TolerationOperator>,
    /// Value for `Equal`.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// Effect; absent means every effect.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "effect")]
    pub effect: Option<Effect>,
    /// For `NoExecute`: seconds until eviction; absent is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toleration_seconds: Option<i64>,
}

/// An empty effect is an absent one.
fn effect<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<Effect>, D::Error> {
    Ok(Option::<Effect>::deserialize(d)?.filter(|e| !e.as_str().is_empty()))
}

impl Toleration {
    /// Whether it tolerates `taint`, as `Toleration.ToleratesTaint` decides.
    #[must_use]
    pub fn tolerates(&self, taint: &Taint) -> bool {
        if self.effect.as_ref().is_some_and(|e| *e != taint.effect) {
            return false;
        }
        if !self.key.is_empty() && self.key != taint.key {
            return false;
        }
        match &self.operator {
            None | Some(TolerationOperator::Equal) => self.value == taint.value,
            Some(TolerationOperator::Exists) => true,
            Some(TolerationOperator::Other(name)) if name.is_empty() => self.value == taint.value,
            Some(_) => false,
        }
    }
}

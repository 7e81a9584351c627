//! Disruption budgets and priority classes.

use serde::{Deserialize, Serialize};

use super::read::null;
use super::{IntOrString, LabelSelector, ObjectMeta};

/// A disruption budget.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodDisruptionBudget {
    /// Metadata.
    #[serde(default, deserialize_with = "null")]
    pub metadata: ObjectMeta,
    /// What it guards.
    #[serde(default, deserialize_with = "null")]
    pub spec: PodDisruptionBudgetSpec,
    /// How many pods may go now.
    #[serde(default, deserialize_with = "null")]
    pub status: PodDisruptionBudgetStatus,
}

/// What a budget guards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodDisruptionBudgetSpec {
    /// Which pods; absent or empty guards none for preemption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// How many must stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_available: Option<IntOrString>,
    /// How many may go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<IntOrString>,
}

/// The state of a budget.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodDisruptionBudgetStatus {
    /// How many pods may be disrupted now.
    #[serde(default, deserialize_with = "null")]
    pub disruptions_allowed: i32,
    /// Names of pods whose disruption is under way.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "serde_json::Map::is_empty")]
    pub disrupted_pods: serde_json::Map<String, serde_json::Value>,
}

/// A priority class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PriorityClass {
    /// Metadata.
    #[serde(default, deserialize_with = "null")]
    pub metadata: ObjectMeta,
    /// Priority.
    #[serde(default, deserialize_with = "null")]
    pub value: i32,
    /// Whether pods without a class get it.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "std::ops::Not::not")]
    pub global_default: bool,
    /// `PreemptLowerPriority` or `Never`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preemption_policy: Option<String>,
}

//! Disruption budgets, priority classes and resource quotas.

use serde::{Deserialize, Serialize};

use super::read::null;
use super::{IntOrString, LabelSelector, ObjectMeta, Operator, ResourceList};

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

/// A resource quota.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceQuota {
    /// Metadata.
    #[serde(default, deserialize_with = "null")]
    pub metadata: ObjectMeta,
    /// What it limits.
    #[serde(default, deserialize_with = "null")]
    pub spec: ResourceQuotaSpec,
}

/// What a quota limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceQuotaSpec {
    /// Most of each resource: `requests.cpu`, `cpu`, `requests.memory`, `memory`, `pods` and others.
    #[serde(default, deserialize_with = "null")]
    pub hard: ResourceList,
    /// Which pods count; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope_selector: Option<ScopeSelector>,
}

/// Which pods a quota counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScopeSelector {
    /// Requirements, all of which must hold.
    #[serde(default, deserialize_with = "null")]
    pub match_expressions: Vec<ScopeRequirement>,
}

/// A requirement on the pods that a quota counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScopeRequirement {
    /// `PriorityClass`, `Terminating`, `BestEffort` …
    pub scope_name: String,
    /// How the scope compares.
    pub operator: Operator,
    /// Values for `In` and `NotIn`.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

impl ResourceQuota {
    /// Whether pods that name this priority class count; the empty name stands for none. Other scopes are
    /// taken to hold. Source: `pkg/quota/v1/evaluator/core/pods.go` (`podMatchesSelector`), v1.34.
    #[must_use]
    pub fn counts_class(&self, class: &str) -> bool {
        let requirements = self.spec.scope_selector.iter().flat_map(|s| &s.match_expressions);
        requirements.filter(|r| r.scope_name == "PriorityClass").all(|r| {
            let named = r.values.iter().any(|v| v == class);
            match r.operator {
                Operator::In => named,
                Operator::NotIn => !named,
                Operator::Exists => !class.is_empty(),
                Operator::DoesNotExist => class.is_empty(),
                Operator::Gt | Operator::Lt | Operator::Other(_) => false,
            }
        })
    }

    /// The limit of a pod's requests of a resource, by either of its names.
    #[must_use]
    pub fn hard(&self, resource: &str) -> Option<super::Quantity> {
        let requests = format!("requests.{resource}");
        self.spec.hard.get(&requests).or_else(|| self.spec.hard.get(resource)).copied()
    }
}

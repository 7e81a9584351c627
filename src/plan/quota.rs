//! The application budget as ResourceQuotas, as data for the YAML writer.
//!
//! A quota here counts every pod whose class is *not* one of the other tiers': the scope
//! `PriorityClass NotIn […]` also matches a pod without a class, so that leaving the class out is no
//! way around the budget. Source: kubernetes 1.34, `pkg/quota/v1/evaluator/core/pods.go`,
//! `podMatchesSelector`: a pod without a class is an empty label set, which `NotIn` matches.

use serde::Serialize;
use serde_json::{Value, json};

/// The budget of one namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quota {
    /// The namespace.
    pub namespace: String,
    /// Most of the sum of `requests.cpu`, in Kubernetes' form.
    pub cpu: String,
    /// Most of the sum of `requests.memory`, in Kubernetes' form.
    pub memory: String,
    /// Classes that do not count: those of all other tiers, the lock's, and Kubernetes' own. At least one.
    pub other_classes: Vec<String>,
}

/// The ResourceQuota of one namespace.
#[must_use]
pub fn quota(context: &Quota) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": { "name": "lifeboat-application-budget", "namespace": context.namespace },
        "spec": {
            "hard": { "requests.cpu": context.cpu, "requests.memory": context.memory },
            "scopeSelector": { "matchExpressions": [{
                "scopeName": "PriorityClass",
                "operator": "NotIn",
                "values": context.other_classes,
            }] },
        },
    })
}

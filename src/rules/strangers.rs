//! Pods that the policy does not name are of the default tier: their class must not lift them above it. Above
//! the highest tier they would evict whomever the policy protects.

use std::collections::BTreeMap;

use super::Found;
use crate::cluster::{SYSTEM_CLUSTER_CRITICAL, SYSTEM_NODE_CRITICAL};
use crate::diag::{Severity, codes::verify as codes};
use crate::plan::Plan;

/// The namespace in which a distribution keeps its own pods.
const SYSTEM_NAMESPACE: &str = "kube-system";

/// A pod of no carrier, by namespace and class; `input` are the values of the input's classes, which count
/// before the plan's.
#[must_use]
pub fn check(plan: &Plan, input: &BTreeMap<&str, i32>, namespace: &str, class: &str) -> Option<Found> {
    let planned = plan.classes.iter().find(|known| known.name == class);
    let value = match (input.get(class), planned, class) {
        (Some(value), ..) => *value,
        (None, Some(known), _) => known.value,
        (None, None, "system-cluster-critical") => SYSTEM_CLUSTER_CRITICAL,
        (None, None, "system-node-critical") => SYSTEM_NODE_CRITICAL,
        _ => return None,
    };
    let default = plan.policy.tier(plan.policy.default_tier);
    if value <= default.priority.value {
        return None;
    }
    let highest = plan.policy.tiers.iter().max_by_key(|tier| tier.priority.value)?;
    let above = value > highest.priority.value;
    let system = namespace == SYSTEM_NAMESPACE;
    let severity = match (above, system) {
        (_, true) => Severity::Note,
        (true, false) => Severity::Error,
        (false, false) => Severity::Warning,
    };
    let than = if above {
        format!("above the highest tier's {}", highest.priority.value)
    } else {
        format!("above the default tier's {}", default.priority.value)
    };
    let message = format!("is not in the policy, but names class `{class}` ({value}), {than}");
    let mut finding = Found::new(codes::CLASS_WRONG, &["priorityClassName"], message)
        .severity(severity)
        .policy(if above { highest.priority.span } else { default.priority.span })
        .help("name the workload in the policy, or take the class out");
    if above {
        finding = finding.note("it evicts pods of every tier, and the proof does not count it");
    }
    finding.why = planned.filter(|_| !above).map(|known| known.why);
    Some(finding)
}

//! Priority classes in the input: those that workloads name exist, have the plan's values, and stand in
//! the order of the tiers.

use std::collections::BTreeSet;

use super::Found;
use crate::diag::{Severity, codes::verify as codes};
use crate::kube::PriorityClass;
use crate::plan::Plan;

/// Whether pods that name the class would be admitted: it is planned, in the input, or Kubernetes' own.
#[must_use]
pub fn exists(plan: &Plan, input: &BTreeSet<&str>, class: &str) -> bool {
    class.is_empty()
        || matches!(class, "system-cluster-critical" | "system-node-critical")
        || plan.classes.iter().any(|known| known.name == class)
        || input.contains(class)
}

/// A workload names a class that nobody has.
#[must_use]
pub fn unknown(class: &str) -> Found {
    Found::new(
        codes::CLASS_UNKNOWN,
        &["priorityClassName"],
        format!("names priority class `{class}`, which does not exist"),
    )
    .note("the API server refuses such pods: the controller shows none of them, not even pending ones")
    .help("create the class first, or name one of the policy's")
}

/// One class of the input against the plan.
#[must_use]
pub fn value(plan: &Plan, class: &PriorityClass) -> Vec<Found> {
    let mut found = Vec::new();
    let Some(planned) = plan.classes.iter().find(|planned| planned.name == class.metadata.name) else {
        if class.global_default
            && !plan.classes.iter().any(|planned| planned.global_default)
            && class.value != 0
        {
            let message = format!(
                "is the cluster's default class with value {}; the plan takes pods without a class for 0",
                class.value
            );
            found.push(
                Found::new(codes::CLASS_VALUE_CHANGED, &["globalDefault"], message)
                    .severity(Severity::Warning),
            );
        }
        return found;
    };
    if planned.value != class.value {
        let message = format!("has value {}; the plan says {}", class.value, planned.value);
        found.push(
            Found::new(codes::CLASS_VALUE_CHANGED, &["value"], message)
                .why(planned.why)
                .note("a class's value cannot be changed: the class has to be deleted and made again, and pods keep the value that they were admitted with")
                .help("take the cluster's value into the policy, or plan the migration"),
        );
    }
    let never = class.preemption_policy.as_deref() == Some("Never");
    if never != (planned.preemption.word() == "Never") {
        let message = format!(
            "has preemptionPolicy {}; the plan says {}",
            if never { "Never" } else { "PreemptLowerPriority" },
            planned.preemption.word()
        );
        found.push(Found::new(codes::CLASS_VALUE_CHANGED, &["preemptionPolicy"], message).why(planned.why));
    }
    found
}

/// Whether the input's values put the tiers' classes into another order than the policy does: pairs of
/// the higher tier's class and the one that is not below it.
#[must_use]
pub fn order<'a>(plan: &Plan, input: &[&'a PriorityClass]) -> Vec<(&'a PriorityClass, Found)> {
    let mut found = Vec::new();
    let find = |name: &str| input.iter().find(|class| class.metadata.name == name).copied();
    let tiers: Vec<_> =
        plan.policy.tiers.iter().filter_map(|tier| Some((tier, find(&tier.class.value)?))).collect();
    for pair in tiers.windows(2) {
        let [(above, high), (below, low)] = pair else { continue };
        if high.value <= low.value {
            let message = format!(
                "of tier `{}` has value {}, which is not below the {} of `{}`, the class of tier `{}` above it",
                below.name.value, low.value, high.value, high.metadata.name, above.name.value
            );
            found.push((
                *low,
                Found::new(codes::CLASS_ORDER, &["value"], message).policy(below.priority.span),
            ));
        }
    }
    found
}

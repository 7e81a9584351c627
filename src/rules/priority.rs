//! Each pod of a tier names the tier's priority class; pods of no tier name none above the default's.

use super::{Found, Subject};
use crate::diag::{Severity, codes::verify as codes};
use crate::plan::{Owner, PRIORITY_CLASS};

pub(super) fn check(subject: Subject<'_>, found: &mut Vec<Found>) {
    let class = &subject.pod().priority_class_name;
    let Some(carrier) = subject.carrier else { return foreign(subject, class, found) };
    let Some(wanted) = carrier.field(&PRIORITY_CLASS).and_then(|value| value.as_str()) else { return };
    if class == wanted || carrier.owner == Owner::Packaged {
        return;
    }
    let path = ["priorityClassName"];
    let mut finding = if class.is_empty() {
        Found::new(codes::CLASS_MISSING, &path, format!("names no priority class; the plan says `{wanted}`"))
            .note("without a class the pod has the default priority, and nothing is evicted for it")
    } else {
        Found::new(
            codes::CLASS_WRONG,
            &path,
            format!("names priority class `{class}`; the plan says `{wanted}`"),
        )
    };
    if let Some(decision) = carrier.fields.get(&PRIORITY_CLASS) {
        finding = finding.why(decision.value.why);
    }
    found.push(finding.policy(carrier.span));
}

/// A pod that the policy does not name is of the default tier.
fn foreign(subject: Subject<'_>, class: &str, found: &mut Vec<Found>) {
    let plan = subject.plan;
    let default = plan.policy.tier(plan.policy.default_tier);
    let Some(class) = plan.classes.iter().find(|known| known.name == *class) else { return };
    if class.value <= default.priority.value {
        return;
    }
    let message = format!(
        "is not in the policy, but names class `{}` ({}), above the default tier's {}",
        class.name, class.value, default.priority.value
    );
    found.push(
        Found::new(codes::CLASS_WRONG, &["priorityClassName"], message)
            .severity(Severity::Warning)
            .why(class.why)
            .help("name the workload in the policy, or take the class out"),
    );
}

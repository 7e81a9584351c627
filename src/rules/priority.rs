//! Each pod of a tier names the tier's priority class.

use super::{Found, Subject};
use crate::diag::{Severity, codes::verify as codes};
use crate::plan::{Owner, PRIORITY_CLASS};

pub(super) fn check(subject: Subject<'_>, found: &mut Vec<Found>) {
    let class = &subject.pod().priority_class_name;
    let Some(carrier) = subject.carrier else { return };
    let Some(wanted) = carrier.field(&PRIORITY_CLASS).and_then(|value| value.as_str()) else {
        return unreachable(subject, class, found);
    };
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

/// A pod of a tier that no value of its chart gives a class.
fn unreachable(subject: Subject<'_>, class: &str, found: &mut Vec<Found>) {
    let Some(carrier) = subject.carrier else { return };
    let (Some(reason), Some(tier)) = (carrier.unreachable.get(&PRIORITY_CLASS), carrier.tier) else { return };
    let wanted = &subject.plan.policy.tier(tier.value).class.value;
    if class == wanted {
        return;
    }
    let is =
        if class.is_empty() { "no priority class".to_owned() } else { format!("priority class `{class}`") };
    let code = if class.is_empty() { codes::CLASS_MISSING } else { codes::CLASS_WRONG };
    let message = format!("names {is}; its tier's is `{wanted}`");
    found.push(
        Found::new(code, &["priorityClassName"], message)
            .severity(Severity::Warning)
            .why(tier.why)
            .policy(carrier.span)
            .note(format!("no value of the chart reaches it: {reason}"))
            .help("accept it with `[allow.NAME]` and a reason, or patch what Helm renders"),
    );
}

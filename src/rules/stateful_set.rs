//! StatefulSets: a pod on a dead node is not replaced until the node is back or somebody fences it.

use super::{Found, Subject};
use crate::cluster::WorkloadKind;
use crate::diag::codes::verify as codes;
use crate::policy::Fencing;

pub(super) fn check(subject: Subject<'_>, found: &mut Vec<Found>) {
    let Some(carrier) = subject.ranked() else { return };
    let fencing = &subject.plan.policy.recovery.fencing;
    if subject.workload.kind != WorkloadKind::StatefulSet || fencing.value == Fencing::Automatic {
        return;
    }
    // A Deployment by plan that renders as a StatefulSet is a surprise; a planned one is known to the proof.
    let planned = carrier.runs_as == "StatefulSet";
    let message =
        "waits on a dead node until somebody fences it: a StatefulSet replaces no pod that may still run";
    let finding = Found::new(codes::STATEFUL_SET_HANGS, &[] as &[&str], message).policy(fencing.span);
    found.push(if planned {
        finding.note("the proof counts it; `fencing = \"automatic\"` shortens it")
    } else {
        finding
            .severity(crate::diag::Severity::Error)
            .note(format!("the plan takes it for a {}", carrier.runs_as))
    });
}

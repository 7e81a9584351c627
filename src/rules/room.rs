//! There must be a node that a pod fits, even if it stood there alone. Otherwise it is Pending for ever, and with a
//! priority it evicts nobody, because no eviction would help.

use super::pod_requests::{of, version};
use super::{Found, Subject, eligible_nodes};
use crate::diag::{Severity, codes::observed as codes};
use crate::kube::Quantity;
use crate::plan::NodePlan;

pub(super) fn check(subject: Subject<'_>, found: &mut Vec<Found>) {
    let nodes: Vec<&NodePlan> = eligible_nodes(subject.plan, subject.pod()).collect();
    // A pod that names nodes which the policy does not have is no business of theirs.
    if nodes.is_empty() {
        return;
    }
    let needs = of(subject.pod().clone(), version(subject.plan));
    let milli = u64::try_from(needs.milli_cpu).unwrap_or(0);
    let bytes = u64::try_from(needs.memory).unwrap_or(0);
    if nodes.iter().any(|node| milli <= node.milli.value && bytes <= node.bytes.value) {
        return;
    }
    let message = format!(
        "requests {} CPU and {} of memory for a pod, more than any node that admits it has",
        Quantity::from_milli(needs.milli_cpu),
        Quantity::from_bytes(needs.memory)
    );
    let mut finding = Found::new(codes::REQUEST_FITS_NOWHERE, &["containers"], message)
        .policy(subject.carrier.and_then(|carrier| carrier.span))
        .help("lower the request, or look for a unit that is wrong");
    if subject.carrier.is_some() {
        finding = finding.severity(Severity::Error);
    }
    found.push(finding);
}

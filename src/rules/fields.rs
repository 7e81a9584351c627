//! The other fields that the plan decides: replicas, spread, node selector.

use serde_json::Value;

use super::{Found, Subject};
use crate::catalogue::Target;
use crate::cluster::WorkloadKind;
use crate::diag::{Severity, codes::verify as codes};
use crate::kube::TopologySpreadConstraint;
use crate::plan::{Carrier, NODE_SELECTOR, REPLICAS, SPREAD};
use crate::why::Why;

pub(super) fn check(subject: Subject<'_>, found: &mut Vec<Found>) {
    let Some(carrier) = subject.carrier else { return };
    replicas(subject, found);
    let spread = normal(serde_json::to_value(&subject.pod().topology_spread_constraints).unwrap_or_default());
    let selector = serde_json::to_value(&subject.pod().node_selector).unwrap_or_default();
    let real = [(SPREAD, spread, "topologySpreadConstraints"), (NODE_SELECTOR, selector, "nodeSelector")];
    for (target, real, key) in real {
        let Some((planned, why)) = planned(subject, carrier, &target) else { continue };
        let planned = if target == SPREAD { normal(planned) } else { planned };
        if planned == real || (is_empty(&planned) && is_empty(&real)) {
            continue;
        }
        // Who only prefers a place can stand anywhere.
        let soft = target == SPREAD && why.is_none() && hard(&planned) == hard(&real);
        let message = format!("has {key} {real}; the plan says {}", said(&planned));
        let mut finding = Found::new(codes::FIELD_DIFFERS, &[key], message).policy(carrier.span);
        if soft {
            finding = finding.severity(Severity::Note);
        }
        finding.why = why;
        found.push(finding);
    }
}

/// What the plan decides about a field, or what the proof takes it for where it decides nothing; `None` if the
/// catalogue cannot say.
fn planned(subject: Subject<'_>, carrier: &Carrier, target: &Target) -> Option<(Value, Option<Why>)> {
    if let Some(decision) = carrier.fields.get(target) {
        return Some((decision.value.value.clone().unwrap_or_default(), Some(decision.value.why)));
    }
    let counted = subject.counted().is_some() && !carrier.base.opaque.contains_key(target);
    counted.then(|| (carrier.field(target).cloned().unwrap_or_default(), None))
}

/// The constraints that keep a pod from a node.
fn hard(spread: &Value) -> Vec<&Value> {
    let all = spread.as_array().map_or(&[][..], Vec::as_slice).iter();
    all.filter(|constraint| constraint["whenUnsatisfiable"] != "ScheduleAnyway").collect()
}

fn said(planned: &Value) -> String {
    if is_empty(planned) { "none".to_owned() } else { planned.to_string() }
}

/// Replicas are part of the proof whoever decided them.
fn replicas(subject: Subject<'_>, found: &mut Vec<Found>) {
    let Some(carrier) = subject.ranked() else { return };
    let kind = subject.workload.kind;
    if !matches!(kind, WorkloadKind::Deployment | WorkloadKind::StatefulSet | WorkloadKind::ReplicaSet) {
        return;
    }
    let (real, planned) = (subject.workload.replicas, carrier.replicas());
    if u32::try_from(real).ok() == Some(planned) {
        return;
    }
    let message = format!("has replicas {real}; the plan says {planned}");
    let mut finding =
        Found::new(codes::FIELD_DIFFERS, &["replicas"], message).of_controller().policy(carrier.span);
    finding.why = carrier.fields.get(&REPLICAS).map(|decision| decision.value.why);
    found.push(finding);
}

/// Spread constraints as the API's types write them.
fn normal(value: Value) -> Value {
    let typed: Vec<TopologySpreadConstraint> = serde_json::from_value(value).unwrap_or_default();
    serde_json::to_value(typed).unwrap_or_default()
}

fn is_empty(value: &Value) -> bool {
    value.is_null()
        || value.as_array().is_some_and(Vec::is_empty)
        || value.as_object().is_some_and(serde_json::Map::is_empty)
}

//! The other fields that the plan decides: replicas, spread, node selector.

use serde_json::Value;

use super::{Found, Subject};
use crate::cluster::WorkloadKind;
use crate::diag::codes::verify as codes;
use crate::kube::TopologySpreadConstraint;
use crate::plan::{NODE_SELECTOR, REPLICAS, SPREAD};

pub(super) fn check(subject: Subject<'_>, found: &mut Vec<Found>) {
    let Some(carrier) = subject.carrier else { return };
    replicas(subject, found);
    let spread = normal(serde_json::to_value(&subject.pod().topology_spread_constraints).unwrap_or_default());
    let selector = serde_json::to_value(&subject.pod().node_selector).unwrap_or_default();
    let real = [(SPREAD, spread, "topologySpreadConstraints"), (NODE_SELECTOR, selector, "nodeSelector")];
    for (target, real, key) in real {
        let Some(decision) = carrier.fields.get(&target) else { continue };
        let planned = decision.value.value.clone().unwrap_or_default();
        let planned = if target == SPREAD { normal(planned) } else { planned };
        if planned == real || (planned.is_null() && is_empty(&real)) {
            continue;
        }
        let message = format!("has {key} {real}; the plan says {planned}");
        found.push(
            Found::new(codes::FIELD_DIFFERS, &[key], message).why(decision.value.why).policy(carrier.span),
        );
    }
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
    let mut finding = Found::new(codes::FIELD_DIFFERS, &[] as &[&str], message).policy(carrier.span);
    finding.why = carrier.fields.get(&REPLICAS).map(|decision| decision.value.why);
    found.push(finding);
}

/// Spread constraints as the API's types write them.
fn normal(value: Value) -> Value {
    let typed: Vec<TopologySpreadConstraint> = serde_json::from_value(value).unwrap_or_default();
    serde_json::to_value(typed).unwrap_or_default()
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(serde_json::Map::is_empty)
}

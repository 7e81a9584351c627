//! The other fields that the plan decides: replicas, spread, node selector.

use serde_json::Value;

use super::{Found, Subject};
use crate::diag::codes::verify as codes;
use crate::kube::TopologySpreadConstraint;
use crate::plan::{NODE_SELECTOR, REPLICAS, SPREAD};

pub(super) fn check(subject: Subject<'_>, found: &mut Vec<Found>) {
    let Some(carrier) = subject.carrier else { return };
    let workload = subject.workload;
    let spread = normal(serde_json::to_value(&subject.pod().topology_spread_constraints).unwrap_or_default());
    let selector = serde_json::to_value(&subject.pod().node_selector).unwrap_or_default();
    let real = [
        (REPLICAS, Value::from(workload.replicas), "replicas"),
        (SPREAD, spread, "topologySpreadConstraints"),
        (NODE_SELECTOR, selector, "nodeSelector"),
    ];
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

/// Spread constraints as the API's types write them.
fn normal(value: Value) -> Value {
    let typed: Vec<TopologySpreadConstraint> = serde_json::from_value(value).unwrap_or_default();
    serde_json::to_value(typed).unwrap_or_default()
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(serde_json::Map::is_empty)
}

//! Eviction delay: `tolerationSeconds` for `not-ready` and `unreachable`. Without them the API server
//! adds 300 seconds to every pod.

use serde_json::{Value, json};

use super::TOLERATIONS;
use super::terms::union;
use super::{CarrierId, Owner, make::Draft};
use crate::shape;
use crate::why::Rule;

/// Taints of a node that nobody hears of any more.
const LOST: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

/// Adds the tolerations where policy, tier or component asks for a delay of its own. DaemonSets are
/// left alone: their controller tolerates both taints for ever.
pub(super) fn decide(draft: &mut Draft, id: CarrierId) {
    if draft.carrier(id).runs_as == "DaemonSet" {
        return;
    }
    let Some(delay) = delay_of(draft, id) else { return };
    let stated = draft.ledger.add(delay.reason());
    let why = draft.ledger.add(delay.reason_for(Rule::EvictionDelay, vec![stated]));
    let mut list = draft.list(id, &TOLERATIONS);
    list.retain(|t| !is_lost(t));
    let entries = LOST.map(|key| {
        json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": delay.value})
    });
    let parts = union(&mut list, entries).into_iter().map(|i| (vec![i.to_string()], why)).collect();
    draft.set(id, TOLERATIONS, Some(Value::Array(list)), why, parts);
}

fn is_lost(toleration: &Value) -> bool {
    let key = toleration.get("key").and_then(Value::as_str);
    key.is_some_and(|key| LOST.contains(&key)) && toleration.get("effect") == Some(&json!("NoExecute"))
}

/// The component's, else the tier's.
fn delay_of(draft: &Draft, id: CarrierId) -> Option<shape::Field<u64>> {
    let carrier = draft.carrier(id);
    let own = match &carrier.owner {
        Owner::Workload(index) => draft.policy.workloads[*index].eviction_delay.clone(),
        _ => draft.stated(id).and_then(|component| component.eviction_delay.clone()),
    };
    own.or_else(|| carrier.tier.and_then(|tier| draft.policy.tier(tier.value).eviction_delay.clone()))
}

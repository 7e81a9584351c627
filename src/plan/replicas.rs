//! Replica counts: only where the policy states one. What the chart or the team's values say is
//! otherwise kept, and is what the proof counts with.

use serde_json::json;

use super::REPLICAS;
use super::{CarrierId, make::Draft};
use crate::why::Rule;

/// Sets what the policy states.
pub(super) fn decide(draft: &mut Draft, id: CarrierId) {
    let Some(replicas) = draft.stated(id).and_then(|component| component.replicas.clone()) else { return };
    let stated = draft.ledger.add(replicas.reason());
    let why = draft.ledger.add(replicas.reason_for(Rule::Replicas, vec![stated]));
    draft.set(id, REPLICAS, Some(json!(replicas.value)), why, Vec::new());
}

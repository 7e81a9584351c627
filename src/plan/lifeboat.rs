//! Boarding the lifeboat. A toleration forbids nothing and attracts nobody: it only makes an emptier
//! node eligible, so the scheduler prefers it. What makes the lifeboat a *last resort* are the twin
//! taint (on the node), a preference for every other node (here) and the lock.

use serde_json::{Value, json};

use super::TOLERATIONS;
use super::terms::{Affinity, union};
use super::{CarrierId, make::Draft};
use crate::policy::Role;
use crate::why::Rule;

/// The label of a node that runs the control plane; its value differs between distributions.
pub(super) const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";

/// Tolerates exactly the lifeboat's taint, effect included: a toleration without an effect would
/// tolerate the `PreferNoSchedule` twin as well and undo it.
pub(super) fn tolerate(draft: &mut Draft, id: CarrierId) {
    let policy = draft.policy;
    let Some(lifeboat) = &policy.lifeboat else { return };
    let Some(tier) = draft.carrier(id).tier else { return };
    let boards = &policy.tier(tier.value).lifeboat;
    if !boards.value || draft.carrier(id).runs_as == "DaemonSet" {
        return;
    }
    let taint = draft.ledger.add(lifeboat.taint.reason());
    let why = draft.ledger.add(boards.reason_for(Rule::BoardLifeboat, vec![tier.why, taint]));
    let toleration = json!({
        "key": lifeboat.taint.value.key,
        "operator": "Exists",
        "effect": lifeboat.taint.value.effect.word(),
    });
    let mut list = draft.list(id, &TOLERATIONS);
    let parts = union(&mut list, [toleration]).into_iter().map(|i| (vec![i.to_string()], why)).collect();
    draft.set(id, TOLERATIONS, Some(Value::Array(list)), why, parts);
}

/// Prefers every node that is not a lifeboat, at full weight.
pub(super) fn prefer_others(draft: &mut Draft, id: CarrierId, affinity: &mut Affinity) {
    let policy = draft.policy;
    let Some(lifeboat) = &policy.lifeboat else { return };
    let Some(lever) = &lifeboat.node_affinity else { return };
    if !draft.boards(id) {
        return;
    }
    let asked = draft.ledger.add(lever.reason());
    let why = draft.ledger.add(lever.reason_for(Rule::LastResort, vec![asked]));
    let servers = policy.node_ids().filter(|(_, node)| node.role.value == Role::Server);
    let servers: Vec<_> = servers.map(|(node, _)| node).collect();
    let mut boats = lifeboat.nodes.value.clone();
    boats.sort_unstable();
    if boats == servers {
        affinity.prefer_without_label(100, CONTROL_PLANE, why);
    } else {
        let names: Vec<String> = boats.iter().map(|&node| policy.node(node).name.value.clone()).collect();
        affinity.prefer_not_in(100, super::terms::HOSTNAME, &names, why);
    }
}

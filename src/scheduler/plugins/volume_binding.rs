//! VolumeBinding: bound volumes must be reachable from the node; unbound claims that wait for their
//! first pod need a free volume there, or a class that makes one.

use crate::scheduler::decide::Cycle;
use crate::scheduler::world::Class;
use crate::scheduler::{ClaimBinding, NodeId, NodeSet, PreFilterReason, Reason, Rejected, State, World};

/// Rejects pods with an unbound claim that does not wait for them.
pub(super) fn pre_filter(world: &World, state: &State, class: &Class) -> Option<PreFilterReason> {
    let at_once = |c: usize| state.claims[c] == ClaimBinding::Unbound && !world.volumes.claims[c].waits;
    class.existing_claims().any(at_once).then_some(PreFilterReason::UnboundImmediateClaim)
}

pub(super) fn filter(cycle: &Cycle<'_>, scope: NodeSet) -> Rejected {
    if cycle.class.claims.is_empty() {
        return Rejected::NONE;
    }
    let fails = |n: &NodeId| {
        !bound_reachable(cycle, *n) || bindings(cycle.world, cycle.state, cycle.class, *n).is_none()
    };
    Rejected::unresolvable(scope.iter().filter(fails).collect())
}

pub(super) fn reasons(cycle: &Cycle<'_>, node: NodeId) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if !bound_reachable(cycle, node) {
        reasons.push(Reason::VolumeNodeAffinity);
    }
    if bindings(cycle.world, cycle.state, cycle.class, node).is_none() {
        reasons.push(Reason::NoVolume);
    }
    reasons
}

fn bound_reachable(cycle: &Cycle<'_>, node: NodeId) -> bool {
    cycle.class.existing_claims().all(|claim| match cycle.state.claims[claim] {
        ClaimBinding::Volume(volume) => cycle.world.volumes.volumes[volume].nodes.contains(node),
        ClaimBinding::Provisioned(nodes) => nodes.contains(node),
        ClaimBinding::Unbound | ClaimBinding::Missing => true,
    })
}

/// How the class's unbound claims would be bound on a node; `None` if they cannot be.
pub(in crate::scheduler) fn bindings(
    world: &World,
    state: &State,
    class: &Class,
    node: NodeId,
) -> Option<Vec<(usize, ClaimBinding)>> {
    let mut unbound: Vec<usize> =
        class.existing_claims().filter(|c| state.claims[*c] == ClaimBinding::Unbound).collect();
    if unbound.is_empty() {
        return Some(Vec::new());
    }
    unbound.sort_by_key(|c| world.volumes.claims[*c].size);
    let mut chosen: Vec<usize> = Vec::new();
    let mut result = Vec::new();
    for index in unbound {
        let claim = &world.volumes.claims[index];
        let usable = |v: &&usize| {
            !state.volume_taken[**v]
                && !chosen.contains(*v)
                && world.volumes.volumes[**v].nodes.contains(node)
        };
        let binding = match claim.selected {
            Some(selected) if !selected.contains(node) => return None,
            Some(_) => None,
            None => claim.volumes.iter().find(usable).copied(),
        };
        match binding {
            Some(volume) => {
                chosen.push(volume);
                result.push((index, ClaimBinding::Volume(volume)));
            }
            None if claim.provisionable.contains(node) => {
                result.push((index, ClaimBinding::Provisioned(world.volumes.same_host[node.index()])));
            }
            None => return None,
        }
    }
    Some(result)
}

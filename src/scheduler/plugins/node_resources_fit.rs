//! NodeResourcesFit: requests must fit into what is left of the allocatable amounts; the score is
//! LeastAllocated over CPU and memory.

use super::{MAX_SCORE, Scores};
use crate::scheduler::decide::Cycle;
use crate::scheduler::{NodeId, NodeSet, Reason, Rejected};

/// Whether a resource is short on a node, and whether even an empty node would be too small.
fn shortage(cycle: &Cycle<'_>, node: NodeId, resource: usize) -> Option<bool> {
    let request = cycle.class.request[resource];
    if request <= 0 {
        return None;
    }
    let allocatable = cycle.world.nodes[node.index()].allocatable[resource];
    let used = cycle.state.used[node.index() * cycle.state.resource_count + resource];
    (request > allocatable - used).then_some(request > allocatable)
}

fn too_many_pods(cycle: &Cycle<'_>, node: NodeId) -> bool {
    cycle.state.pod_count[node.index()] + 1 > cycle.world.nodes[node.index()].max_pods
}

pub(super) fn filter(cycle: &Cycle<'_>, scope: NodeSet) -> Rejected {
    let mut rejected = Rejected::NONE;
    for node in scope.iter() {
        let mut short = too_many_pods(cycle, node);
        let mut too_small = false;
        if cycle.class.requests_any {
            for resource in 0..cycle.class.request.len() {
                if let Some(never) = shortage(cycle, node, resource) {
                    short = true;
                    too_small |= never;
                }
            }
        }
        if too_small {
            rejected.unresolvable.insert(node);
        } else if short {
            rejected.unschedulable.insert(node);
        }
    }
    rejected
}

pub(super) fn reasons(cycle: &Cycle<'_>, node: NodeId) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if too_many_pods(cycle, node) {
        reasons.push(Reason::TooManyPods);
    }
    let short = (0..cycle.class.request.len()).filter(|r| shortage(cycle, node, *r).is_some());
    reasons.extend(short.map(|r| Reason::Insufficient(u16::try_from(r).unwrap_or(u16::MAX))));
    reasons
}

/// Mean over CPU and memory of the share that would stay free, by requests with scoring defaults.
pub(super) fn score(cycle: &Cycle<'_>, feasible: NodeSet, scores: &mut Scores<'_>) -> bool {
    for node in feasible.iter() {
        let allocatable = &cycle.world.nodes[node.index()].allocatable;
        let used = cycle.state.nonzero[node.index()];
        let mut sum = 0;
        let mut resources = 0;
        for resource in 0..2 {
            if allocatable[resource] == 0 {
                continue;
            }
            resources += 1;
            let asked = used[resource] + cycle.class.nonzero[resource];
            if asked <= allocatable[resource] {
                sum += free_share(allocatable[resource] - asked, allocatable[resource]);
            }
        }
        let score = if resources == 0 { 0 } else { sum / resources };
        scores.raw[node.index()] = score;
        scores.normalised[node.index()] = score;
    }
    true
}

/// `free × 100 / allocatable`, in 128 bits where 64 would overflow.
fn free_share(free: i64, allocatable: i64) -> i64 {
    match free.checked_mul(MAX_SCORE) {
        Some(product) => product / allocatable,
        None => {
            i64::try_from(i128::from(free) * i128::from(MAX_SCORE) / i128::from(allocatable)).unwrap_or(0)
        }
    }
}

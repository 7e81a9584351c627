//! TaintToleration: NoSchedule and NoExecute taints keep pods out, PreferNoSchedule taints cost score.

use super::{Scores, normalise_by_maximum};
use crate::scheduler::decide::Cycle;
use crate::scheduler::{NodeSet, Rejected};

pub(super) fn filter(cycle: &Cycle<'_>, scope: NodeSet) -> Rejected {
    Rejected::unresolvable(scope - tolerated(cycle))
}

/// Nodes whose taints are tolerated now, those of failing nodes included.
pub(super) fn tolerated(cycle: &Cycle<'_>) -> NodeSet {
    let mut nodes = cycle.class.tolerated;
    if !cycle.class.tolerates.not_ready {
        nodes -= cycle.state.not_ready;
    }
    if !cycle.class.tolerates.unreachable {
        nodes -= cycle.state.unreachable;
    }
    nodes
}

pub(super) fn score(cycle: &Cycle<'_>, feasible: NodeSet, scores: &mut Scores<'_>) -> bool {
    for node in feasible.iter() {
        scores.raw[node.index()] = cycle.class.disliked_taints[node.index()];
    }
    normalise_by_maximum(feasible, scores, true);
    true
}

//! NodeAffinity: node selector and required affinity filter, preferred terms score.

use super::{Scores, normalise_by_maximum};
use crate::scheduler::decide::Cycle;
use crate::scheduler::{NodeSet, Rejected};

pub(super) fn filter(cycle: &Cycle<'_>, scope: NodeSet) -> Rejected {
    cycle.class.affinity.map_or(Rejected::NONE, |allowed| Rejected::unresolvable(scope - allowed))
}

pub(super) fn score(cycle: &Cycle<'_>, feasible: NodeSet, scores: &mut Scores<'_>) -> bool {
    let Some(preference) = &cycle.class.node_preference else { return false };
    for node in feasible.iter() {
        scores.raw[node.index()] = preference[node.index()];
    }
    normalise_by_maximum(feasible, scores, false);
    true
}

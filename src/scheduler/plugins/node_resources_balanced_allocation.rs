//! NodeResourcesBalancedAllocation: CPU and memory should be used in equal shares.
//!
//! Up to 1.35 the score is the balance that results; from 1.36 it is how the pod changes the balance.

use super::{MAX_SCORE, Scores};
use crate::scheduler::decide::Cycle;
use crate::scheduler::{NodeId, NodeSet};

pub(super) fn score(cycle: &Cycle<'_>, feasible: NodeSet, scores: &mut Scores<'_>) -> bool {
    let class = cycle.class;
    let skips = cycle.world.version.skips_balance_without_requests();
    if skips && class.request[0] == 0 && class.request[1] == 0 {
        return false;
    }
    for node in feasible.iter() {
        let after = balance(cycle, node, true);
        let score = if cycle.world.version.scores_change_of_balance() {
            let half = MAX_SCORE / 2;
            half + (half + after - balance(cycle, node, false)) / 2
        } else {
            after
        };
        scores.raw[node.index()] = score;
        scores.normalised[node.index()] = score;
    }
    true
}

/// `(1 - standard deviation of the used shares) × 100`, with or without the pod.
#[expect(clippy::cast_precision_loss, reason = "the scheduler computes in float64 as well")]
#[expect(clippy::cast_possible_truncation, reason = "0..=100, cut as Go cuts it")]
fn balance(cycle: &Cycle<'_>, node: NodeId, with_pod: bool) -> i64 {
    let share = |resource: usize| {
        let allocatable = cycle.world.nodes[node.index()].allocatable[resource];
        let used = cycle.state.used[node.index() * cycle.state.resource_count + resource];
        let pod = if with_pod { cycle.class.request[resource] } else { 0 };
        (allocatable != 0).then(|| ((used + pod) as f64 / allocatable as f64).min(1.0))
    };
    let deviation = match (share(0), share(1)) {
        (Some(cpu), Some(memory)) => ((cpu - memory) / 2.0).abs(),
        _ => 0.0,
    };
    ((1.0 - deviation) * MAX_SCORE as f64) as i64
}

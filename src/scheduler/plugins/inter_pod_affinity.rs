//! InterPodAffinity: required affinity and anti-affinity in both directions, preferred terms of the
//! pod and of all pods around it.

use super::{MAX_SCORE, Scores};
use crate::scheduler::decide::Cycle;
use crate::scheduler::world::{Class, ClassId};
use crate::scheduler::{NodeId, NodeSet, Reason, Rejected, State, World};

/// Whether PreFilter skips: no required terms of the pod, and none of others that match it.
pub(super) fn skips(world: &World, state: &State, class: &Class) -> bool {
    class.affinity_topologies.is_empty() && class.anti.is_empty() && repelled(world, state, class).is_empty()
}

fn with_any(state: &State, classes: &[ClassId]) -> NodeSet {
    let nodes = classes.iter().fold(NodeSet::EMPTY, |all, c| all | state.present[c.index()]);
    nodes & state.registered
}

/// Nodes in the domain of a pod whose required anti-affinity matches the class.
fn repelled(world: &World, state: &State, class: &Class) -> NodeSet {
    class.repelled_by.iter().fold(NodeSet::EMPTY, |all, (topology, other)| {
        all | world.topologies[*topology].expand(state.present[other.index()] & state.registered)
    })
}

/// Nodes in the domain of a pod that the class's own required anti-affinity matches.
fn shunned(cycle: &Cycle<'_>) -> NodeSet {
    cycle.class.anti.iter().fold(NodeSet::EMPTY, |all, (topology, classes)| {
        all | cycle.world.topologies[*topology].expand(with_any(cycle.state, classes))
    })
}

/// Nodes that fulfil the class's required affinity. The first pod of a group that matches its own terms
/// may go wherever the labels are.
fn attracted(cycle: &Cycle<'_>, scope: NodeSet) -> NodeSet {
    let class = cycle.class;
    if class.affinity_topologies.is_empty() {
        return scope;
    }
    let topologies = || class.affinity_topologies.iter().map(|t| &cycle.world.topologies[*t]);
    let labelled = topologies().fold(scope, |nodes, t| nodes & t.labelled);
    let friends = with_any(cycle.state, &class.affinity_matches);
    let alone = topologies().all(|t| (friends & t.labelled).is_empty());
    if alone && class.affinity_matches_self {
        return labelled;
    }
    topologies().fold(labelled, |nodes, t| nodes & t.expand(friends))
}

pub(super) fn filter(cycle: &Cycle<'_>, scope: NodeSet) -> Rejected {
    let attracted = attracted(cycle, scope);
    let blocked = shunned(cycle) | repelled(cycle.world, cycle.state, cycle.class);
    Rejected { unresolvable: scope - attracted, unschedulable: attracted & blocked }
}

pub(super) fn reasons(cycle: &Cycle<'_>, node: NodeId) -> Vec<Reason> {
    let reason = if !attracted(cycle, NodeSet::of(node)).contains(node) {
        Reason::PodAffinity
    } else if shunned(cycle).contains(node) {
        Reason::PodAntiAffinity
    } else {
        Reason::ExistingPodAntiAffinity
    };
    vec![reason]
}

pub(super) fn score(cycle: &Cycle<'_>, feasible: NodeSet, scores: &mut Scores<'_>) -> bool {
    let mut any = false;
    for node in feasible.iter() {
        scores.raw[node.index()] = 0;
    }
    let state = cycle.state;
    for pull in &cycle.class.pull {
        let topology = &cycle.world.topologies[pull.topology];
        for node in (state.present[pull.class.index()] & state.registered & topology.labelled).iter() {
            any = true;
            let at = pull.class.index() * state.node_count + node.index();
            let pods = i64::from(state.running[at]) + i64::from(state.ending[at]);
            let domain = topology.members[topology.domain_of(node)];
            for affected in (domain & feasible).iter() {
                scores.raw[affected.index()] += pull.weight * pods;
            }
        }
    }
    if any {
        normalise(feasible, scores);
    }
    any
}

#[expect(clippy::cast_precision_loss, reason = "the scheduler computes in float64 as well")]
#[expect(clippy::cast_possible_truncation, reason = "0..=100, cut as Go cuts it")]
fn normalise(feasible: NodeSet, scores: &mut Scores<'_>) {
    let raw = || feasible.iter().map(|n| scores.raw[n.index()]);
    let (least, most) = (raw().min().unwrap_or(0), raw().max().unwrap_or(0));
    for node in feasible.iter() {
        let share = (scores.raw[node.index()] - least) as f64 / (most - least) as f64;
        scores.normalised[node.index()] = if most > least { (MAX_SCORE as f64 * share) as i64 } else { 0 };
    }
}

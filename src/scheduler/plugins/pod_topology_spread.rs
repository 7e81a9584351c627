//! PodTopologySpread: hard constraints filter, soft ones (the system's defaults among them) score.

use super::{MAX_SCORE, Scores, taint_toleration};
use crate::scheduler::decide::Cycle;
use crate::scheduler::topology::Topology;
use crate::scheduler::world::{Class, ClassId, Spread};
use crate::scheduler::{MAX_NODES, NodeId, NodeSet, Reason, Rejected, State, World};

/// Pods per domain of each hard constraint. Counted once per cycle; pods that are added or removed
/// while filters run in the same cycle are added or subtracted, as the scheduler does it: terminating
/// pods are not counted at first, but subtracted when preemption takes them away.
#[derive(Debug, Default)]
pub(in crate::scheduler) struct SpreadCounts {
    /// By constraint and domain.
    counts: Vec<i64>,
    /// By constraint: nodes that count.
    eligible: Vec<NodeSet>,
    /// By constraint: domains that hold an eligible node, as bits.
    domains: Vec<u128>,
}

/// Room for one constraint's domains, the one without the label included.
const STRIDE: usize = MAX_NODES + 1;

impl SpreadCounts {
    /// Counts for a class.
    pub(in crate::scheduler) fn count(&mut self, world: &World, state: &State, class: &Class) {
        self.counts.clear();
        self.eligible.clear();
        self.domains.clear();
        let nothing_yet = SpreadCounts::default();
        let cycle = Cycle { world, state, class, skipped: 0, spread: &nothing_yet };
        let keys = labelled(world, &class.hard_spread, state.registered);
        self.counts.resize(class.hard_spread.len() * STRIDE, 0);
        self.domains.resize(class.hard_spread.len(), 0);
        for (i, spread) in class.hard_spread.iter().enumerate() {
            let topology = &world.topologies[spread.topology];
            let eligible = eligible(&cycle, spread, keys);
            let slot = slot(world, &class.hard_spread, i);
            for node in eligible.iter() {
                let domain = topology.domain_of(node);
                self.domains[slot] |= 1 << domain;
                self.counts[slot * STRIDE + domain] += running(state, &spread.counts, node);
            }
            self.eligible.push(eligible);
        }
    }

    /// A pod of `class` comes to (`1`) or leaves (`-1`) `node` within the cycle.
    pub(in crate::scheduler) fn shift(
        &mut self,
        world: &World,
        spreads: &[Spread],
        class: ClassId,
        node: NodeId,
        sign: i64,
    ) {
        for (i, spread) in spreads.iter().enumerate() {
            if self.eligible[i].contains(node) && spread.matches.contains(&class) {
                let domain = world.topologies[spread.topology].domain_of(node);
                self.counts[slot(world, spreads, i) * STRIDE + domain] += sign;
            }
        }
    }

    fn least(&self, constraint: usize) -> (i64, i64) {
        let mut left = self.domains[constraint];
        let domains = i64::from(left.count_ones());
        let mut least = i64::MAX;
        while left != 0 {
            let domain = left.trailing_zeros() as usize;
            left &= left - 1;
            least = least.min(self.counts[constraint * STRIDE + domain]);
        }
        (least, domains)
    }
}

/// Where a constraint's pods are counted: by itself, or (up to 1.32) together with the first constraint
/// of the same topology key.
fn slot(world: &World, spreads: &[Spread], constraint: usize) -> usize {
    if world.version.counts_spread_by_constraint() {
        return constraint;
    }
    let topology = spreads[constraint].topology;
    spreads.iter().position(|s| s.topology == topology).unwrap_or(constraint)
}

fn labelled(world: &World, spreads: &[Spread], nodes: NodeSet) -> NodeSet {
    spreads.iter().fold(nodes, |nodes, s| nodes & world.topologies[s.topology].labelled)
}

/// Nodes whose pods count for a constraint, by its inclusion policies.
fn eligible(cycle: &Cycle<'_>, spread: &Spread, nodes: NodeSet) -> NodeSet {
    let mut nodes = nodes;
    if spread.honor_affinity {
        nodes &= cycle.class.affinity.unwrap_or(nodes);
    }
    if spread.honor_taints {
        nodes &= taint_toleration::tolerated(cycle);
        // Cordoning taints the node as well.
        if !cycle.class.tolerates.unschedulable {
            nodes -= cycle.state.cordoned;
        }
    }
    nodes
}

fn running(state: &State, classes: &[ClassId], node: NodeId) -> i64 {
    classes.iter().map(|c| i64::from(state.running_on(*c, node))).sum()
}

/// The verdict of the first constraint that a node breaks.
fn broken(cycle: &Cycle<'_>, least: &[i64], node: NodeId) -> Option<Reason> {
    for (i, spread) in cycle.class.hard_spread.iter().enumerate() {
        let topology = &cycle.world.topologies[spread.topology];
        if !topology.labelled.contains(node) {
            return Some(Reason::SpreadLabel);
        }
        let slot = slot(cycle.world, &cycle.class.hard_spread, i);
        let count = cycle.spread.counts[slot * STRIDE + topology.domain_of(node)];
        if count + i64::from(spread.matches_self) - least[i] > spread.max_skew {
            return Some(Reason::SpreadSkew);
        }
    }
    None
}

fn least(cycle: &Cycle<'_>) -> Vec<i64> {
    let spreads = cycle.class.hard_spread.iter().enumerate();
    let least = spreads.map(|(i, spread)| {
        let (least, domains) = cycle.spread.least(slot(cycle.world, &cycle.class.hard_spread, i));
        if domains < spread.min_domains || domains == 0 { 0 } else { least }
    });
    least.collect()
}

pub(super) fn filter(cycle: &Cycle<'_>, scope: NodeSet) -> Rejected {
    let least = least(cycle);
    let mut rejected = Rejected::NONE;
    for node in scope.iter() {
        match broken(cycle, &least, node) {
            Some(Reason::SpreadLabel) => rejected.unresolvable.insert(node),
            Some(_) => rejected.unschedulable.insert(node),
            None => {}
        }
    }
    rejected
}

pub(super) fn reasons(cycle: &Cycle<'_>, node: NodeId) -> Vec<Reason> {
    broken(cycle, &least(cycle), node).into_iter().collect()
}

/// Scores soft constraints: fewer matching pods in the domain score higher.
pub(super) fn score(cycle: &Cycle<'_>, feasible: NodeSet, scores: &mut Scores<'_>) -> bool {
    let class = cycle.class;
    if class.soft_spread.is_empty() {
        return false;
    }
    let labelled = labelled(cycle.world, &class.soft_spread, cycle.state.registered);
    let counted = if class.default_spread { cycle.state.registered } else { labelled };
    let scored = feasible & counted;
    let mut sums = [0.0_f64; MAX_NODES];
    for constraint in 0..class.soft_spread.len() {
        add_constraint(cycle, constraint, scored, counted, &mut sums);
    }
    for node in feasible.iter() {
        scores.raw[node.index()] = if scored.contains(node) { round(sums[node.index()]) } else { 0 };
    }
    normalise(feasible, scored, scores);
    true
}

#[expect(clippy::cast_precision_loss, reason = "the scheduler computes in float64 as well")]
fn add_constraint(
    cycle: &Cycle<'_>,
    constraint: usize,
    scored: NodeSet,
    counted: NodeSet,
    sums: &mut [f64; MAX_NODES],
) {
    let spreads = &cycle.class.soft_spread;
    let spread = &spreads[constraint];
    let topology = &cycle.world.topologies[spread.topology];
    let skew = (spread.max_skew - 1) as f64;
    if topology.hostname {
        let weight = cycle.world.spread_weight[scored.len()];
        for node in (scored & topology.labelled).iter() {
            sums[node.index()] += running(cycle.state, &spread.counts, node) as f64 * weight + skew;
        }
        return;
    }
    let slot_of = |i: usize| slot(cycle.world, spreads, i);
    // A constraint that shares another's counts finds all domains taken, so that its own size is 0.
    let size = if slot_of(constraint) == constraint { domains(topology, scored) } else { 0 };
    let weight = cycle.world.spread_weight[size];
    let pods_in = |domain: NodeSet| -> i64 {
        let together = (0..spreads.len()).filter(|i| slot_of(*i) == slot_of(constraint));
        let pods = |i: usize| -> i64 {
            let nodes = domain & eligible(cycle, &spreads[i], counted);
            nodes.iter().map(|n| running(cycle.state, &spreads[i].counts, n)).sum()
        };
        together.map(pods).sum()
    };
    let mut left = scored & topology.labelled;
    while let Some(first) = left.first() {
        let domain = topology.members[topology.domain_of(first)];
        let count = pods_in(domain);
        for node in (domain & left).iter() {
            sums[node.index()] += count as f64 * weight + skew;
        }
        left -= domain;
    }
}

/// Number of different values among nodes; nodes without the label share one.
fn domains(topology: &Topology, nodes: NodeSet) -> usize {
    topology.members.iter().filter(|m| !(**m & nodes).is_empty()).count()
}

/// Rounds half away from zero, as Go's `math.Round`.
#[expect(clippy::cast_possible_truncation, reason = "pods times ln(102) is far below 2^53")]
fn round(sum: f64) -> i64 {
    sum.round() as i64
}

/// `100 × (max + min - raw) / max` among the scored nodes; the others get 0.
fn normalise(feasible: NodeSet, scored: NodeSet, scores: &mut Scores<'_>) {
    let raw = || scored.iter().map(|n| scores.raw[n.index()]);
    let (least, most) = (raw().min().unwrap_or(0), raw().max().unwrap_or(0).max(0));
    for node in feasible.iter() {
        scores.normalised[node.index()] = if !scored.contains(node) {
            0
        } else if most == 0 {
            MAX_SCORE
        } else {
            MAX_SCORE * (most + least - scores.raw[node.index()]) / most
        };
    }
}

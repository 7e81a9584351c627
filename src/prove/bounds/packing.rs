//! Nobody waits: pods that a pod cannot evict cannot fill every node that would take it.
//!
//! A settled pod that waits was turned down by every node even with all evictable pods removed. So on
//! each node that admits it, the pods that it cannot evict (priority at least its own; all pods, if it
//! never preempts) leave too little of some resource, or one of them repels it. If no assignment of
//! those pods to nodes does that to all nodes at once, the pod does not wait.

use std::collections::BTreeMap;

use super::loads::Loads;
use super::{Bounds, NodeSet, State, bit};
use crate::lifecycle::{NodeId, WorkloadId};
use crate::prove::verdict::Argument;
use crate::prove::world::{Amounts, CPU, MEMORY, add, within};

/// Nodes for which all combinations of exhausted resources are tried.
const MOST_COMBINED: usize = 8;
/// Steps of the weight between CPU and memory.
const STEPS: i128 = 24;

/// What may stand in the way of a pod.
pub(super) struct Crowd {
    /// Class, how many of its pods, where they may be.
    pub(super) pods: Vec<(WorkloadId, i64, NodeSet)>,
    /// What pods on their way out may take on a node besides.
    pub(super) leaving: Vec<(NodeId, Amounts)>,
}

/// What the answer for a class depends on that nobody repels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Alike<'a> {
    request: &'a Amounts,
    targets: NodeSet,
    may: NodeSet,
    /// Its priority, if it preempts.
    from: Option<i32>,
    any: bool,
}

/// A crowd, summed up for weighing.
struct Weighed<'a> {
    groups: Vec<Group<'a>>,
    /// What all of it asks for of each resource, at least 1.
    scales: Vec<i128>,
}

/// Pods of a crowd that are alike.
struct Group<'a> {
    request: &'a Amounts,
    may: NodeSet,
    daemon: bool,
    number: i64,
}

impl Crowd {
    fn leaving(&self, node: NodeId, resource: usize) -> i64 {
        self.leaving.iter().filter(|(n, _)| *n == node).map(|(_, a)| a[resource]).sum()
    }
}

impl<'a> Bounds<'a> {
    /// The argument that pods of the class never wait in a settled state, if there is one.
    pub(super) fn always_placed(
        self,
        class: WorkloadId,
        (state, loads): (&State, &Loads),
    ) -> Option<Argument> {
        let facts = self.world.class(class);
        if facts.beyond.is_some() {
            return None;
        }
        let targets = self.admitted(class) & state.alive;
        if targets == 0 {
            // A DaemonSet without a node wants no pod.
            return facts.daemon.then_some(Argument::StaysPut);
        }
        if !self.wakes_for_all(class, state) {
            return None;
        }
        if facts.daemon {
            let mut widest = None;
            for node in self.set(targets) {
                widest = Some(self.fits_on(class, node, false, (state, loads))?);
            }
            return widest;
        }
        self.fits_with_crowd(class, targets, false, (state, loads)).or_else(|| {
            if self.too_many(class, targets) {
                return None;
            }
            let crowd = self.crowd(class, state, |other| !facts.preempts || other >= facts.priority);
            self.cannot_be_filled(class, targets, &crowd)
        })
    }

    /// Two classes with equal keys have equal answers from [`Bounds::always_placed`]; `None` where something
    /// else than these figures counts.
    pub(super) fn alike(self, class: WorkloadId, state: &State) -> Option<Alike<'a>> {
        let facts = self.world.class(class);
        let plain = !facts.daemon && facts.beyond.is_none() && self.world.foes(class).is_empty();
        plain.then(|| Alike {
            request: &facts.request,
            targets: self.admitted(class) & state.alive,
            may: state.may[usize::from(class.0)] & state.alive,
            from: facts.preempts.then_some(facts.priority),
            any: facts.replicas > 0,
        })
    }

    /// Pods of other classes, and siblings, that count.
    pub(super) fn crowd(self, class: WorkloadId, state: &State, counts: impl Fn(i32) -> bool) -> Crowd {
        let mut pods = Vec::new();
        for other in self.world.ids() {
            let facts = self.world.class(other);
            if !counts(facts.priority) {
                continue;
            }
            let own = i64::from(other == class && !facts.daemon);
            let number = if facts.daemon { 1 } else { facts.replicas - own };
            let may = state.may[usize::from(other.0)] & state.alive;
            if number > 0 && may != 0 && !(facts.daemon && other == class) {
                pods.push((other, number, may));
            }
        }
        Crowd { pods, leaving: Vec::new() }
    }

    /// A waiting pod must hear of what frees its place. Where a lower class repels it, the queueing hint
    /// asks whether the pod that went matches *all* of the waiting pod's own anti-affinity terms. And a victim
    /// without grace period may be gone before a second pod that wants it gone is known to wait for it.
    /// Either would be tried again after five minutes, which nobody wants to wait for.
    fn wakes_for_all(self, class: WorkloadId, state: &State) -> bool {
        let priority = self.world.class(class).priority;
        let place = |other: WorkloadId| {
            let lower = self.world.class(other).priority < priority;
            if lower { state.may[usize::from(other.0)] & self.admitted(class) & state.alive } else { 0 }
        };
        let mut foes = self.world.foes(class).iter();
        let heard = foes.all(|&other| place(other) == 0 || self.world.matches_all_terms(class, other));
        let mut instant = self.world.ids().filter(|o| self.facts.workloads[usize::from(o.0)].grace == 0);
        heard && instant.all(|other| !self.missed(class, other, place(other), state))
    }

    /// Whether a pod of `class` may miss the end of a victim of class `other`, which has no grace period, on one of these nodes, because a
    /// second pod wants it gone too.
    fn missed(self, class: WorkloadId, other: WorkloadId, place: NodeSet, state: &State) -> bool {
        let evictable = !state.keeps[usize::from(other.0)] && self.world.class(class).preempts;
        let rival = |c: WorkloadId| {
            let facts = self.world.class(c);
            let pods = if facts.daemon { 1 } else { facts.replicas };
            let others = pods > i64::from(c == class);
            let above = facts.preempts && facts.priority > self.world.class(other).priority;
            others && above && self.admitted(c) & place != 0
        };
        place != 0 && evictable && self.world.ids().any(rival)
    }

    /// Whether the pod fits the node together with everybody who counts and may be there.
    pub(super) fn fits_alone(self, class: WorkloadId, node: NodeId, crowd: &Crowd) -> Option<Argument> {
        let mut sum = self.world.class(class).request.clone();
        for &(other, number, may) in &crowd.pods {
            if may & bit(node) == 0 {
                continue;
            }
            if self.world.conflict(class, other) {
                return None;
            }
            add(&mut sum, &self.world.class(other).request, number);
        }
        for (_, amounts) in crowd.leaving.iter().filter(|(n, _)| *n == node) {
            add(&mut sum, amounts, 1);
        }
        let place = self.world.place(node);
        within(&sum, &place.allocatable).then(|| Argument::FitsTogether {
            node: place.name.clone(),
            cpu: sum[CPU],
            memory: sum[MEMORY],
            of_cpu: place.allocatable[CPU],
            of_memory: place.allocatable[MEMORY],
            from_priority: self.world.class(class).priority,
        })
    }

    /// Whether the crowd cannot block all of `targets` at once.
    pub(super) fn not_blocked(self, class: WorkloadId, targets: NodeSet, crowd: &Crowd) -> Option<Argument> {
        let nodes: Vec<NodeId> = self.world.nodes().filter(|&n| targets & bit(n) != 0).collect();
        nodes
            .iter()
            .find_map(|&node| self.fits_alone(class, node, crowd))
            .or_else(|| self.cannot_be_filled(class, targets, crowd))
    }

    /// More nodes than combinations are tried for, and nobody repels the class from any of them.
    pub(super) fn too_many(self, class: WorkloadId, targets: NodeSet) -> bool {
        self.world.foes(class).is_empty() && self.set(targets).count() > MOST_COMBINED
    }

    /// Whether the crowd cannot use up every one of `targets`, though it may use up each alone.
    pub(super) fn cannot_be_filled(
        self,
        class: WorkloadId,
        targets: NodeSet,
        crowd: &Crowd,
    ) -> Option<Argument> {
        let foes = self.world.foes(class);
        let there: Vec<NodeSet> =
            crowd.pods.iter().filter(|(o, ..)| foes.contains(o)).map(|&(_, _, may)| may).collect();
        let free: Vec<NodeId> = self
            .set(targets)
            .filter(|&n| {
                let repelled = there.iter().any(|may| may & bit(n) != 0);
                !repelled && within(&self.world.class(class).request, &self.world.place(n).allocatable)
            })
            .collect();
        if free.is_empty() || free.len() > MOST_COMBINED {
            return None;
        }
        self.cannot_fill(class, &free, crowd).then(|| Argument::CannotFill {
            nodes: free.iter().map(|&n| self.world.place(n).name.clone()).collect(),
            cpu: self.total(crowd, CPU),
            memory: self.total(crowd, MEMORY),
        })
    }

    fn total(self, crowd: &Crowd, resource: usize) -> i64 {
        let one =
            |&(c, n, _): &(WorkloadId, i64, NodeSet)| self.world.class(c).request[resource].saturating_mul(n);
        let leaving = crowd.leaving.iter().map(|(_, a)| a[resource]);
        crowd.pods.iter().map(one).chain(leaving).fold(0, i64::saturating_add)
    }

    /// For every choice of the resource that runs short on each node there are weights under which all
    /// pods together weigh less than what it takes. Sound for any weights; only their choice is a guess.
    fn cannot_fill(self, class: WorkloadId, nodes: &[NodeId], crowd: &Crowd) -> bool {
        let kinds = self.world.resources.len();
        let scarce: Vec<usize> = (0..kinds)
            .filter(|&r| {
                nodes.iter().any(|&n| {
                    let limit =
                        self.world.place(n).allocatable[r].saturating_sub(self.world.class(class).request[r]);
                    self.total(crowd, r) > limit
                })
            })
            .collect();
        let combinations = scarce.len().checked_pow(u32::try_from(nodes.len()).unwrap_or(u32::MAX));
        let Some(combinations) = combinations.filter(|&c| c <= 1 << 14) else { return false };
        let weighed = Weighed {
            groups: self.groups(crowd),
            scales: (0..kinds).map(|r| i128::from(self.total(crowd, r).max(1))).collect(),
        };
        (0..combinations).all(|mut code| {
            let choice: Vec<usize> = nodes
                .iter()
                .map(|_| {
                    let r = scarce[code % scarce.len()];
                    code /= scarce.len();
                    r
                })
                .collect();
            self.outweighed(class, (nodes, &choice), crowd, &weighed)
        })
    }

    /// Pods that ask for the same and may stand on the same nodes weigh the same: they are counted together.
    fn groups(self, crowd: &Crowd) -> Vec<Group<'a>> {
        let mut numbers: BTreeMap<(&'a Amounts, NodeSet, bool), i64> = BTreeMap::new();
        for &(class, number, may) in &crowd.pods {
            let facts = self.world.class(class);
            let counted = numbers.entry((&facts.request, may, facts.daemon)).or_default();
            *counted = counted.saturating_add(number);
        }
        let group = |((request, may, daemon), number)| Group { request, may, daemon, number };
        numbers.into_iter().map(group).collect()
    }

    fn outweighed(
        self,
        class: WorkloadId,
        (nodes, choice): (&[NodeId], &[usize]),
        crowd: &Crowd,
        weighed: &Weighed<'_>,
    ) -> bool {
        let scale = |r: usize| weighed.scales[r];
        let first = choice[0];
        let second = choice.iter().copied().find(|&r| r != first);
        (0..=STEPS).any(|step| {
            let weight = |r: usize| match second {
                None => 1,
                // Common weights of the two resources that run short; a third gets none, which is sound.
                Some(other) if r == first => step * scale(other),
                Some(other) if r == other => (STEPS - step) * scale(first),
                Some(_) => 0,
            };
            let needed: i128 = nodes
                .iter()
                .zip(choice)
                .map(|(&n, &r)| {
                    let limit = self.world.place(n).allocatable[r]
                        - self.world.class(class).request[r]
                        - crowd.leaving(n, r);
                    weight(r) * i128::from(limit.saturating_add(1))
                })
                .sum();
            let there: i128 = weighed
                .groups
                .iter()
                .map(|group| {
                    let reachable = nodes.iter().zip(choice).filter(|(n, _)| group.may & bit(**n) != 0);
                    let each = reachable.map(|(_, &r)| weight(r) * i128::from(group.request[r]));
                    // A DaemonSet has one on every node.
                    let most = if group.daemon { each.sum::<i128>() } else { each.max().unwrap_or(0).max(0) };
                    most * i128::from(group.number)
                })
                .sum();
            needed > 0 && there < needed
        })
    }
}

//! Nobody waits: pods that a pod cannot evict cannot fill every node that would take it.
//!
//! A settled pod that waits was turned down by every node even with all evictable pods removed. So on
//! each node that admits it, the pods that it cannot evict (priority at least its own; all pods, if it
//! never preempts) leave too little of some resource, or one of them repels it. If no assignment of
//! those pods to nodes does that to all nodes at once, the pod does not wait.

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

impl Crowd {
    fn leaving(&self, node: NodeId, resource: usize) -> i64 {
        self.leaving.iter().filter(|(n, _)| *n == node).map(|(_, a)| a[resource]).sum()
    }
}

impl Bounds<'_> {
    /// The argument that pods of the class never wait in a settled state, if there is one.
    pub(super) fn always_placed(self, class: WorkloadId, state: &State) -> Option<Argument> {
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
        let crowd = self.crowd(class, state, |other| !facts.preempts || other >= facts.priority);
        if facts.daemon {
            let mut widest = None;
            for node in self.world.nodes().filter(|&n| targets & bit(n) != 0) {
                widest = Some(self.fits_alone(class, node, &crowd)?);
            }
            return widest;
        }
        self.not_blocked(class, targets, &crowd)
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
    /// asks whether the pod that went matches *all* of the waiting pod's own anti-affinity terms.
    fn wakes_for_all(self, class: WorkloadId, state: &State) -> bool {
        let priority = self.world.class(class).priority;
        self.world.ids().all(|other| {
            let meets = state.may[usize::from(other.0)] & self.admitted(class) & state.alive != 0;
            let lower = self.world.class(other).priority < priority;
            !self.world.conflict(class, other)
                || !meets
                || !lower
                || self.world.matches_all_terms(class, other)
        })
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
        for &node in &nodes {
            if let Some(argument) = self.fits_alone(class, node, crowd) {
                return Some(argument);
            }
        }
        let free: Vec<NodeId> = nodes
            .into_iter()
            .filter(|&n| {
                let repelled =
                    crowd.pods.iter().any(|&(o, _, may)| may & bit(n) != 0 && self.world.conflict(class, o));
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
        (0..combinations).all(|mut code| {
            let choice: Vec<usize> = nodes
                .iter()
                .map(|_| {
                    let r = scarce[code % scarce.len()];
                    code /= scarce.len();
                    r
                })
                .collect();
            self.outweighed(class, nodes, &choice, crowd)
        })
    }

    fn outweighed(self, class: WorkloadId, nodes: &[NodeId], choice: &[usize], crowd: &Crowd) -> bool {
        let scale = |r: usize| i128::from(self.total(crowd, r).max(1));
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
            let there: i128 = crowd
                .pods
                .iter()
                .map(|&(other, number, may)| {
                    let request = &self.world.class(other).request;
                    let reachable = nodes.iter().zip(choice).filter(|(n, _)| may & bit(**n) != 0);
                    let each = reachable.map(|(_, &r)| weight(r) * i128::from(request[r]));
                    if self.world.class(other).daemon {
                        // One on every node.
                        each.sum::<i128>()
                    } else {
                        each.max().unwrap_or(0).max(0) * i128::from(number)
                    }
                })
                .sum();
            needed > 0 && there < needed
        })
    }
}

//! Nobody waits: pods that a pod cannot evict cannot fill every node that would take it.
//!
//! A settled pod that waits was turned down by every node even with all evictable pods removed. So on
//! each node that admits it, the pods that it cannot evict (priority at least its own; all pods, if it
//! never preempts) leave too little of some resource, or one of them repels it. If no assignment of
//! those pods to nodes does that to all nodes at once, the pod does not wait.

use super::scene::Scene;
use super::weigh::Crowd;
use super::{Bounds, NodeSet, State, bit};
use crate::lifecycle::{NodeId, WorkloadId};
use crate::prove::verdict::Argument;
use crate::prove::world::{Amounts, CPU, MEMORY, within};

/// Nodes for which all combinations of exhausted resources are tried.
const MOST_COMBINED: usize = 8;

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

impl<'a> Bounds<'a> {
    /// The argument that pods of the class never wait in a settled state, if there is one.
    pub(super) fn always_placed(self, class: WorkloadId, scene: &Scene<'a, '_>) -> Option<Argument> {
        let (facts, state) = (self.world.class(class), scene.state);
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
        let crowd = Crowd { from: facts.preempts.then_some(facts.priority), ..Crowd::everybody() };
        if facts.daemon {
            let mut widest = None;
            for node in self.set(targets) {
                widest = Some(self.fits_on(class, node, &crowd, scene)?);
            }
            return widest;
        }
        let mut alone = self.set(targets).map(|node| self.fits_on(class, node, &crowd, scene));
        alone.find_map(|fits| fits).or_else(|| {
            if self.too_many(class, targets) {
                None
            } else {
                self.cannot_be_filled(class, targets, &crowd, scene)
            }
        })
    }

    /// Two classes with equal keys have equal answers from [`Bounds::always_placed`]; `None` where something
    /// else than these figures counts.
    pub(super) fn alike(self, class: WorkloadId, state: &State) -> Option<Alike<'a>> {
        let facts = self.world.class(class);
        let gated = state.gated[usize::from(class.0)];
        let plain = !facts.daemon && facts.beyond.is_none() && !gated && self.world.foes(class).is_empty();
        plain.then(|| Alike {
            request: &facts.request,
            targets: self.admitted(class) & state.alive,
            may: state.may[usize::from(class.0)] & state.alive,
            from: facts.preempts.then_some(facts.priority),
            any: facts.replicas > 0,
        })
    }

    /// A waiting pod must hear of what frees its place. Where a lower class repels it, the queueing hint
    /// asks whether the pod that went matches *all* of the waiting pod's own anti-affinity terms; it is tried
    /// again after five minutes, which nobody wants to wait for. And a victim without grace period may be
    /// gone before a second pod that wants it gone is known to wait for it, which then is gated for good.
    fn wakes_for_all(self, class: WorkloadId, state: &State) -> bool {
        let priority = self.world.class(class).priority;
        let place = |other: WorkloadId| {
            let lower = self.world.class(other).priority < priority;
            if lower { state.may[usize::from(other.0)] & self.admitted(class) & state.alive } else { 0 }
        };
        let mut foes = self.world.foes(class).iter();
        let heard = foes.all(|&other| place(other) == 0 || self.world.matches_all_terms(class, other));
        heard && !state.gated[usize::from(class.0)] && !self.may_miss(class, state)
    }

    /// Whether a pod of the class may miss the end of a victim without grace period: it is gated then, and stays so
    /// whatever else happens.
    pub(super) fn may_miss(self, class: WorkloadId, state: &State) -> bool {
        let priority = self.world.class(class).priority;
        let mut instant = self.world.ids().filter(|o| self.facts.workloads[usize::from(o.0)].grace == 0);
        instant.any(|other| {
            let here = state.may[usize::from(other.0)] & self.admitted(class) & state.alive;
            self.world.class(other).priority < priority && self.missed(class, other, here, state)
        })
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

    /// Whether the pod fits the node together with everybody of the crowd who may be there, and nobody there repels it.
    pub(super) fn fits_on(
        self,
        class: WorkloadId,
        node: NodeId,
        crowd: &Crowd,
        scene: &Scene<'a, '_>,
    ) -> Option<Argument> {
        if !self.fits(class, node, crowd, scene) {
            return None;
        }
        let sum = scene.load(class, node, crowd)?;
        let place = self.world.place(node);
        Some(Argument::FitsTogether {
            node: place.name.clone(),
            cpu: sum[CPU],
            memory: sum[MEMORY],
            of_cpu: place.allocatable[CPU],
            of_memory: place.allocatable[MEMORY],
            from_priority: self.world.class(class).priority,
        })
    }

    /// The same without the words.
    fn fits(self, class: WorkloadId, node: NodeId, crowd: &Crowd, scene: &Scene<'a, '_>) -> bool {
        self.repelled(class, crowd, scene.state) & bit(node) == 0 && scene.fits(class, node, crowd)
    }

    /// Whether the crowd cannot block all of `targets` at once: [`Bounds::not_blocked`] without the words.
    pub(super) fn always_finds(
        self,
        class: WorkloadId,
        targets: NodeSet,
        crowd: &Crowd,
        scene: &Scene<'a, '_>,
    ) -> bool {
        self.set(targets).any(|node| self.fits(class, node, crowd, scene))
            || !self.too_many(class, targets) && self.not_filled(class, targets, crowd, scene).is_some()
    }

    /// Living nodes where a pod of the crowd may stand that cannot share a node with one of the class.
    fn repelled(self, class: WorkloadId, crowd: &Crowd, state: &State) -> NodeSet {
        let foes = self.world.foes(class).iter().filter(|&&foe| crowd.counts(foe, self.world));
        foes.filter(|&&foe| self.others(foe, class) > 0)
            .fold(0, |nodes, foe| nodes | state.may[usize::from(foe.0)] & state.alive)
    }

    /// Pods of `other` beside one pod of `class`: all of them, or its siblings. Of a DaemonSet one a node.
    pub(super) fn others(self, other: WorkloadId, class: WorkloadId) -> i64 {
        let facts = self.world.class(other);
        let pods = if facts.daemon { 1 } else { facts.replicas };
        pods - i64::from(other == class)
    }

    /// Whether the crowd cannot block all of `targets` at once.
    pub(super) fn not_blocked(
        self,
        class: WorkloadId,
        targets: NodeSet,
        crowd: &Crowd,
        scene: &Scene<'a, '_>,
    ) -> Option<Argument> {
        let mut alone = self.set(targets).map(|node| self.fits_on(class, node, crowd, scene));
        alone.find_map(|fits| fits).or_else(|| self.cannot_be_filled(class, targets, crowd, scene))
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
        scene: &Scene<'a, '_>,
    ) -> Option<Argument> {
        let (nodes, total) = self.not_filled(class, targets, crowd, scene)?;
        Some(Argument::CannotFill {
            nodes: nodes.iter().map(|&n| self.world.place(n).name.clone()).collect(),
            cpu: total[CPU],
            memory: total[MEMORY],
        })
    }

    /// The nodes that the crowd cannot use up all at once, with what all of it asks for.
    fn not_filled(
        self,
        class: WorkloadId,
        targets: NodeSet,
        crowd: &Crowd,
        scene: &Scene<'a, '_>,
    ) -> Option<(Vec<NodeId>, Amounts)> {
        let repelled = self.repelled(class, crowd, scene.state);
        let request = &self.world.class(class).request;
        let free: Vec<NodeId> = self
            .set(targets & !repelled)
            .filter(|&n| within(request, &self.world.place(n).allocatable))
            .collect();
        if free.is_empty() || free.len() > MOST_COMBINED {
            return None;
        }
        let total = scene.cannot_fill(class, &free, crowd)?;
        Some((free, total))
    }
}

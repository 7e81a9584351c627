//! The model of kube-scheduler as the engine's [`Placer`].

use super::compiled::Compiled;
use super::facts::{NodeId, PodId, WorkloadId};
use super::placer::{Candidate, Keyed, Mark, News, Placer, Rejectors, Verdict};
use super::sim::Naming;
use crate::scheduler::{
    ClaimBinding, ClassId, Decision, Incoming, NodeSet, Nomination, Observer, Placed, Plugin,
    PreFilterReason, Reason, Rejected, Scheduler, State,
};

/// Start time of a pod that has not started: the least important among its equals.
const NOT_STARTED: i64 = i64::MAX;
/// So many orders among pods that have not started are tried for one preemption.
const MOST_ORDERS: usize = 32;

/// A pod of the engine as the scheduler knows it.
#[derive(Clone, Copy, Debug)]
struct Known {
    workload: WorkloadId,
    class: ClassId,
    ordinal: u32,
    node: Option<NodeId>,
    nominated: Option<NodeId>,
}

/// The scheduler's view in one run.
#[derive(Clone, Debug)]
pub struct Board<'w> {
    compiled: &'w Compiled,
    /// Who runs where.
    pub state: State,
    /// By the number of the pod; none where it is gone.
    pods: Vec<Option<Known>>,
    marks: Vec<Vec<Mark>>,
}

impl<'w> Board<'w> {
    /// An empty cluster.
    #[must_use]
    pub fn new(compiled: &'w Compiled) -> Self {
        let nodes = compiled.world.nodes.len();
        Self {
            compiled,
            state: State::new(&compiled.world),
            pods: Vec::new(),
            marks: vec![Vec::new(); nodes],
        }
    }

    fn known(&self, pod: PodId) -> Option<&Known> {
        self.pods.get(pod.0 as usize)?.as_ref()
    }

    /// The class of a pod.
    #[must_use]
    pub fn class(&self, pod: PodId) -> Option<ClassId> {
        self.known(pod).map(|k| k.class)
    }

    /// Whether the API knows that a node is unreachable or fenced.
    #[must_use]
    pub fn known_dead(&self, node: crate::scheduler::NodeId) -> bool {
        let dead = |mark: &Mark| *mark != Mark::Cordoned;
        self.marks.get(node.index()).is_some_and(|marks| marks.iter().any(dead))
    }

    /// Decides about a pod, and tells an observer how.
    pub fn decide_observed<O: Observer>(&mut self, pod: PodId, observer: &mut O) -> Decision {
        let Some(known) = self.known(pod) else { return Decision::Pending };
        let incoming =
            Incoming { pod: theirs(pod), class: known.class, nominated: known.nominated.map(their_node) };
        Scheduler::new(&self.compiled.world).decide(&mut self.state, incoming, observer)
    }

    /// Candidates for every order among victims that have not started, the given ones first.
    ///
    /// kube-scheduler takes the current time for the start of such a pod (`GetPodStartTime` in
    /// `pkg/scheduler/util/utils.go`), anew in each comparison, so that which of them is the least important depends
    /// on how its sort meets them; and that is the order of a list which every update of a pod's status shuffles
    /// (`removeFromSlice` in `pkg/scheduler/framework/types.go`). Each of them is therefore taken as the last once.
    fn in_any_order(
        &mut self,
        pod: PodId,
        priority: i32,
        candidates: Vec<crate::scheduler::Candidate>,
    ) -> Vec<crate::scheduler::Candidate> {
        let world = &self.compiled.world;
        let mut all = candidates.clone();
        for candidate in candidates {
            let open = |p: &&Placed| p.start == NOT_STARTED && world.class(p.class).priority < priority;
            let unstarted: Vec<Placed> =
                self.state.pods_on(candidate.node).iter().filter(open).copied().collect();
            let is_victim = |p: &Placed| candidate.victims.iter().any(|v| v.pod == p.pod);
            if unstarted.len() < 2 || !unstarted.iter().any(is_victim) {
                continue;
            }
            for last in unstarted.iter().filter(|p| !is_victim(p)).take(MOST_ORDERS) {
                self.restart_clock(candidate.node, &unstarted, Some(*last));
                if let Decision::Preempt(others) = self.decide_observed(pod, &mut ()) {
                    let same = |c: &crate::scheduler::Candidate| {
                        let ids = |c: &crate::scheduler::Candidate| {
                            c.victims.iter().map(|v| v.pod).collect::<Vec<_>>()
                        };
                        all.iter().any(|other| other.node == c.node && ids(other) == ids(c))
                    };
                    let new = others.into_iter().find(|c| c.node == candidate.node && !same(c));
                    all.extend(new);
                }
                self.restart_clock(candidate.node, &unstarted, None);
            }
        }
        all
    }

    /// Gives pods that have not started a start each: all a little before `last`, or all the same again. They keep
    /// their places in the node's list.
    fn restart_clock(&mut self, node: crate::scheduler::NodeId, pods: &[Placed], last: Option<Placed>) {
        for placed in pods {
            let earlier = last.is_some_and(|last| last.pod != placed.pod);
            let start = if earlier { NOT_STARTED - 1 } else { NOT_STARTED };
            self.state.set_start(node, placed.pod, start);
        }
    }

    fn start(&mut self, pod: PodId, start: i64, terminating: bool, preempted: bool) {
        let Some(Known { class, node: Some(node), .. }) = self.known(pod).copied() else { return };
        let world = &self.compiled.world;
        self.state.remove(world, their_node(node), theirs(pod));
        let placed = Placed { pod: theirs(pod), class, start, terminating, preempted };
        self.state.place(world, their_node(node), placed);
    }
}

fn theirs(pod: PodId) -> crate::scheduler::PodId {
    crate::scheduler::PodId(pod.0)
}

fn their_node(node: NodeId) -> crate::scheduler::NodeId {
    crate::scheduler::NodeId(u8::try_from(node.0).unwrap_or(u8::MAX))
}

fn our_node(node: crate::scheduler::NodeId) -> NodeId {
    NodeId(u16::from(node.0))
}

/// Collects the plugins that rejected some node.
#[derive(Default)]
struct Plugins(u32);

impl Observer for Plugins {
    fn rejected(&mut self, plugin: Plugin, _: Rejected, _: &dyn Fn(crate::scheduler::NodeId) -> Vec<Reason>) {
        self.0 |= bit(plugin);
    }
    fn pre_filter(&mut self, reason: &PreFilterReason) {
        self.0 |= bit(reason.plugin());
    }
}

/// The plugins that are told of a binding ([`Hints::bound`]).
const HEAR_OF_BINDINGS: u32 = bit(Plugin::InterPodAffinity) | bit(Plugin::PodTopologySpread);

const fn bit(plugin: Plugin) -> u32 {
    1 << plugin as u32
}

impl Placer for Board<'_> {
    fn mark(&mut self, node: NodeId, mark: Mark, on: bool) {
        if let Some(marks) = self.marks.get_mut(usize::from(node.0)) {
            marks.retain(|m| *m != mark);
            if on {
                marks.push(mark);
            }
        }
        let node = their_node(node);
        match mark {
            Mark::UnreachableNoSchedule => self.state.set_unreachable(node, on),
            // Every admitted pod tolerates it, for a while at least.
            Mark::UnreachableNoExecute => {}
            // The scheduler's state has no such taint; who tolerates neither is kept out by either.
            Mark::OutOfService => self.state.set_not_ready(node, on),
            Mark::Cordoned => self.state.set_cordoned(node, on),
        }
    }

    fn register(&mut self, node: NodeId, exists: bool) {
        if !exists && let Some(marks) = self.marks.get_mut(usize::from(node.0)) {
            for mark in std::mem::take(marks) {
                self.mark(node, mark, false);
            }
        }
        self.state.set_registered(their_node(node), exists);
    }

    fn add(&mut self, pod: PodId, workload: WorkloadId, ordinal: u32, _: Option<NodeId>) {
        let class = self.compiled.class(workload, ordinal);
        let at = pod.0 as usize;
        if self.pods.len() <= at {
            self.pods.resize(at + 1, None);
        }
        self.pods[at] = Some(Known { workload, class, ordinal, node: None, nominated: None });
        let classes = &self.compiled.workloads[usize::from(workload.0)];
        // A volume of one node cannot be made before somebody says which.
        if !classes.local {
            for &claim in classes.claims.get(ordinal as usize).into_iter().flatten() {
                self.state.bind_at_once(&self.compiled.world, claim);
            }
        }
    }

    fn bind(&mut self, pod: PodId, node: NodeId) {
        let Some(Some(known)) = self.pods.get_mut(pod.0 as usize) else { return };
        known.node = Some(node);
        let known = *known;
        let world = &self.compiled.world;
        let classes = &self.compiled.workloads[usize::from(known.workload.0)];
        for &claim in classes.claims.get(known.ordinal as usize).into_iter().flatten() {
            if self.state.claim(claim) == ClaimBinding::Unbound {
                let nodes = if classes.local { NodeSet::of(their_node(node)) } else { world.all_nodes() };
                self.state.bind_claim(world, claim, ClaimBinding::Provisioned(nodes));
            }
        }
        let placed = Placed {
            pod: theirs(pod),
            class: known.class,
            start: NOT_STARTED,
            terminating: false,
            preempted: false,
        };
        self.state.place(world, their_node(node), placed);
    }

    fn started(&mut self, pod: PodId, at: i64) {
        self.start(pod, at, false, false);
    }

    fn terminate(&mut self, pod: PodId, preempted: bool) {
        if let Some(Known { node: Some(node), .. }) = self.known(pod) {
            self.state.terminate(&self.compiled.world, their_node(*node), theirs(pod), preempted);
        }
    }

    fn remove(&mut self, pod: PodId) {
        self.state.clear_nomination(theirs(pod));
        let gone = self.pods.get_mut(pod.0 as usize).and_then(Option::take);
        if let Some(Known { node: Some(node), .. }) = gone {
            self.state.remove(&self.compiled.world, their_node(node), theirs(pod));
        }
    }

    fn nominate(&mut self, pod: PodId, node: Option<NodeId>) {
        let Some(Some(known)) = self.pods.get_mut(pod.0 as usize) else { return };
        known.nominated = node;
        match node {
            Some(node) => {
                self.state.nominate(Nomination {
                    pod: theirs(pod),
                    class: known.class,
                    node: their_node(node),
                });
            }
            None => self.state.clear_nomination(theirs(pod)),
        }
    }

    fn decide(&mut self, pod: PodId) -> Verdict {
        let mut plugins = Plugins::default();
        match self.decide_observed(pod, &mut plugins) {
            Decision::Bind(nodes) => Verdict::Bind(nodes.iter().map(our_node).collect()),
            Decision::Pending => Verdict::Unschedulable(Rejectors(plugins.0)),
            Decision::Preempt(candidates) => {
                let priority = self.known(pod).map_or(0, |k| self.compiled.world.class(k.class).priority);
                let candidates = self.in_any_order(pod, priority, candidates);
                let lower = |n: &&Nomination| self.compiled.world.class(n.class).priority < priority;
                let ours = candidates.into_iter().map(|c| Candidate {
                    node: our_node(c.node),
                    victims: c.victims.iter().map(|v| PodId(v.pod.0)).collect(),
                    denominated: self
                        .state
                        .nominations()
                        .iter()
                        .filter(|n| n.node == c.node)
                        .filter(lower)
                        .map(|n| PodId(n.pod.0))
                        .collect(),
                });
                Verdict::Preempt(ours.collect(), Rejectors(plugins.0))
            }
        }
    }

    fn wakes(&self, pod: PodId, rejectors: Rejectors, news: News) -> bool {
        let Some(known) = self.known(pod) else { return false };
        let waiting = known.workload;
        let other = |p: PodId| self.known(p).map(|k| k.workload);
        let any = |hint: &dyn Fn(Plugin) -> bool| {
            Plugin::FILTERS.into_iter().any(|p| rejectors.0 & bit(p) != 0 && hint(p))
        };
        match news {
            News::Gone(_, other, _) => any(&|p| self.compiled.hints.gone(p, waiting, other)),
            News::Denominated(_) if !self.compiled.hints.nominations() => false,
            News::Denominated(other) => self.known(other).is_some_and(|other| {
                // Nobody yields to the nomination of a lower priority.
                let priority = |k: &Known| self.compiled.world.class(k.class).priority;
                priority(known) <= priority(other)
                    && any(&|p| self.compiled.hints.gone(p, waiting, other.workload))
            }),
            News::Bound(..) if rejectors.0 & HEAR_OF_BINDINGS == 0 => false,
            News::Bound(bound, _) => {
                other(bound).is_some_and(|o| any(&|p| self.compiled.hints.bound(p, waiting, o)))
            }
            News::Registered(_) => rejectors.0 != 0,
            News::Tainted(node) | News::Untainted(node) => {
                let classes = &self.compiled.workloads[usize::from(waiting.0)];
                let marks = &self.marks[usize::from(node.0)];
                let tolerated = marks.iter().all(|m| classes.tolerates.contains(m));
                let cordoned = marks.contains(&Mark::Cordoned);
                let hints = &self.compiled.hints;
                let looks = hints.enabled() || tolerated && !cordoned;
                let lifted = matches!(news, News::Untainted(_))
                    && (tolerated && rejectors.0 & bit(Plugin::TaintToleration) != 0
                        || !cordoned && rejectors.0 & bit(Plugin::NodeUnschedulable) != 0);
                lifted || looks && any(&|p| hints.retainted(p))
            }
        }
    }
}

impl Keyed for Board<'_> {
    fn pod_key(&self, pod: PodId, naming: &Naming<'_>, out: &mut Vec<u32>) {
        let Some(Known { node: Some(node), .. }) = self.known(pod) else { return };
        if !naming.ordered {
            return;
        }
        let list = self.state.pods_on(their_node(*node));
        let Some(at) = list.iter().position(|p| p.pod == theirs(pod)) else { return };
        let earlier = |start: i64| {
            let nodes = self.compiled.world.all_nodes();
            let mut starts: Vec<i64> = nodes
                .iter()
                .flat_map(|n| self.state.pods_on(n))
                .map(|p| p.start)
                .filter(|s| *s < start)
                .collect();
            starts.sort_unstable();
            starts.dedup();
            starts.len()
        };
        out.push(u32::try_from(at).unwrap_or(u32::MAX));
        out.push(naming.start(list[at].start, earlier));
        out.push(u32::from(list[at].preempted));
    }

    fn key(&self, naming: &Naming<'_>, named: &dyn Fn(PodId) -> u32, out: &mut Vec<u32>) {
        let mut marks: Vec<(u32, u32)> = (0..self.marks.len())
            .map(|n| {
                let bits = self.marks[n].iter().fold(0, |bits, m| bits | 1 << *m as u32);
                (naming.node(u16::try_from(n).ok().map(NodeId)), bits)
            })
            .collect();
        marks.sort_unstable();
        out.extend(marks.into_iter().map(|(_, bits)| bits));
        for nomination in self.state.nominations() {
            out.extend([named(PodId(nomination.pod.0)), naming.node(Some(our_node(nomination.node)))]);
        }
        out.push(u32::MAX);
        self.state.volatile(&mut |node| naming.node(node.map(our_node)), out);
    }
}

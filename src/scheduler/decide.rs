//! One scheduling cycle: PreFilter, Filter, Score, and preemption where nothing fits.

use super::observer::{NoHelp, Observer};
use super::plugins::default_preemption;
use super::plugins::pod_topology_spread::SpreadCounts;
use super::plugins::{self, Scores};
use super::state::{Placed, PodId, State};
use super::world::{Class, ClassId, World};
use super::{NodeId, NodeSet, Plugin, Rejected};

/// The pod to be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Which pod; its own nomination does not stand in its way.
    pub pod: PodId,
    /// Its class.
    pub class: ClassId,
    /// Node on which preemption made room for it (`status.nominatedNodeName`).
    pub nominated: Option<NodeId>,
}

/// A node on which preemption would help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The node.
    pub node: NodeId,
    /// Pods that would be evicted, most important first.
    pub victims: Vec<Placed>,
    /// How many of them break a disruption budget.
    pub pdb_violations: i64,
}

/// What the scheduler would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Bind to one of these nodes, which score equally (the real scheduler picks at random).
    Bind(NodeSet),
    /// Evict the victims of one of these candidates, which are equally good, nominate its node, and try
    /// again.
    Preempt(Vec<Candidate>),
    /// Leave the pod pending.
    Pending,
}

/// What filters of one cycle read. Handed to observers, which may ask plugins alone.
#[derive(Clone, Copy)]
pub struct Cycle<'a> {
    pub(super) world: &'a World,
    pub(super) state: &'a State,
    pub(super) class: &'a Class,
    /// Plugins whose PreFilter returned Skip, as bits.
    pub(super) skipped: u32,
    pub(super) spread: &'a SpreadCounts,
}

impl Cycle<'_> {
    /// Whether PreFilter skipped the plugin, so that its filter does not run.
    #[must_use]
    pub fn skips(&self, plugin: Plugin) -> bool {
        self.skipped & plugin.bit() != 0
    }

    /// Nodes that the filters examine.
    #[must_use]
    pub fn scope(&self) -> NodeSet {
        self.state.registered & self.class.named_by_field.unwrap_or(self.world.all_nodes())
    }

    /// Whether PreFilter narrowed the nodes down, because the pod names its possible nodes by field.
    #[must_use]
    pub fn narrows(&self) -> bool {
        self.class.named_by_field.is_some()
    }

    /// The names of those nodes, unknown ones included.
    #[must_use]
    pub fn field_names(&self) -> &[String] {
        &self.class.field_names
    }

    /// What one filter alone rejects, nominated pods not added.
    #[must_use]
    pub fn rejects_alone(&self, plugin: Plugin) -> Rejected {
        if self.skips(plugin) { Rejected::NONE } else { plugins::filter(plugin, self, self.scope()) }
    }
}

/// Result of the filters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Filtered {
    pub(super) feasible: NodeSet,
    pub(super) rejected: Rejected,
    /// Plugin of the last rejection; for single nodes the one that counts.
    plugin: Option<Plugin>,
}

/// Decides placements in one world. Holds scratch space only: decisions depend on the state alone.
#[derive(Debug)]
pub struct Scheduler<'w> {
    pub(super) world: &'w World,
    pub(super) spread: SpreadCounts,
    pub(super) skipped: u32,
    /// Raw and normalised scores and their sum, each by node; made when something is scored.
    scores: Vec<i64>,
    decisions: u64,
}

impl<'w> Scheduler<'w> {
    /// A scheduler for a world.
    #[must_use]
    pub fn new(world: &'w World) -> Scheduler<'w> {
        Scheduler { world, spread: SpreadCounts::default(), skipped: 0, scores: Vec::new(), decisions: 0 }
    }

    /// The world.
    #[must_use]
    pub fn world(&self) -> &'w World {
        self.world
    }

    /// Number of decisions so far: the unit in which budgets count.
    #[must_use]
    pub fn decisions(&self) -> u64 {
        self.decisions
    }

    /// Decides about one pod. The state is lent mutably because filters try pods on and off; it is
    /// unchanged afterwards.
    pub fn decide<O: Observer>(
        &mut self,
        state: &mut State,
        incoming: Incoming,
        observer: &mut O,
    ) -> Decision {
        self.decisions += 1;
        let world = self.world;
        let class = world.class(incoming.class);
        let (skipped, rejection) = plugins::pre_filter(world, state, class);
        self.skipped = skipped;
        if !class.hard_spread.is_empty() {
            self.spread.count(world, state, class);
        }
        observer.cycle(&self.cycle(state, class));
        if state.registered.is_empty() {
            return Decision::Pending;
        }
        if let Some(reason) = rejection {
            observer.pre_filter(&reason);
            return Decision::Pending;
        }
        let filtered = self.find_nodes(state, incoming, observer);
        observer.feasible(filtered.feasible);
        match filtered.feasible.len() {
            0 => self.preempt(state, incoming, filtered.rejected, observer),
            1 => Decision::Bind(filtered.feasible),
            _ => Decision::Bind(self.score(state, class, filtered.feasible, observer)),
        }
    }

    pub(super) fn cycle<'a>(&'a self, state: &'a State, class: &'a Class) -> Cycle<'a> {
        Cycle { world: self.world, state, class, skipped: self.skipped, spread: &self.spread }
    }

    /// `findNodesThatFitPod`: the nominated node alone if it passes, else all nodes.
    fn find_nodes<O: Observer>(
        &mut self,
        state: &mut State,
        incoming: Incoming,
        observer: &mut O,
    ) -> Filtered {
        let class = self.world.class(incoming.class);
        let scope = self.cycle(state, class).scope();
        let mut first = Filtered::default();
        if let Some(node) = incoming.nominated.filter(|n| state.registered.contains(*n)) {
            first = self.filter(state, incoming, NodeSet::of(node), observer);
            if !first.feasible.is_empty() {
                return first;
            }
        }
        let mut filtered = self.filter(state, incoming, scope, observer);
        let unnamed = state.registered - scope;
        if !unnamed.is_empty() {
            // A nominated node keeps its own verdict even when PreFilter leaves it out.
            let kept = first.rejected.nodes() & unnamed;
            observer.not_named(unnamed - kept);
            filtered.rejected.unschedulable |= first.rejected.unschedulable & kept;
            filtered.rejected.unresolvable |= unnamed - (first.rejected.unschedulable & kept);
        }
        filtered
    }

    /// Runs the filters on `scope`. Where pods of equal or higher priority are nominated, a node must
    /// pass with them and without them.
    pub(super) fn filter<O: Observer>(
        &mut self,
        state: &mut State,
        incoming: Incoming,
        scope: NodeSet,
        observer: &mut O,
    ) -> Filtered {
        let contested = scope & state.nominated_nodes;
        if contested.is_empty() {
            return self.run_filters(state, incoming.class, scope, observer);
        }
        let mut plain = scope;
        let mut all = Filtered::default();
        for node in contested.iter() {
            let Some(with) = self.filter_with_nominated(state, incoming, node, observer) else { continue };
            if with.feasible.is_empty() {
                plain.remove(node);
                all.add(with);
            }
        }
        all.add(self.run_filters(state, incoming.class, plain, observer));
        all
    }

    /// The filters with the nominated pods of a node added; `None` if there is none to add.
    fn filter_with_nominated<O: Observer>(
        &mut self,
        state: &mut State,
        incoming: Incoming,
        node: NodeId,
        observer: &mut O,
    ) -> Option<Filtered> {
        let world = self.world;
        let priority = world.class(incoming.class).priority;
        let counts = |state: &State, i: usize| {
            let nomination = state.nominations()[i];
            let yields = world.class(nomination.class).priority >= priority && nomination.pod != incoming.pod;
            (nomination.node == node && yields).then_some(nomination)
        };
        let added = state.nominations().len();
        let ports = state.port_holders.clone();
        let mut any = false;
        for i in 0..added {
            if let Some(nomination) = counts(state, i) {
                self.shift(state, incoming.class, node, placed(nomination.pod, nomination.class), 1);
                any = true;
            }
        }
        if !any {
            return None;
        }
        let filtered = self.run_filters(state, incoming.class, NodeSet::of(node), observer);
        for i in 0..added {
            if let Some(nomination) = counts(state, i) {
                self.shift(state, incoming.class, node, placed(nomination.pod, nomination.class), -1);
            }
        }
        state.port_holders = ports;
        Some(filtered)
    }

    /// Adds a pod to a node, or takes it away, for the rest of the cycle.
    pub(super) fn shift(&mut self, state: &mut State, class: ClassId, node: NodeId, pod: Placed, sign: i64) {
        state.count(self.world, node, pod, sign);
        let spreads = &self.world.class(class).hard_spread;
        if !spreads.is_empty() {
            self.spread.shift(self.world, spreads, pod.class, node, sign);
        }
    }

    fn run_filters<O: Observer>(
        &self,
        state: &State,
        class: ClassId,
        scope: NodeSet,
        observer: &mut O,
    ) -> Filtered {
        let cycle = self.cycle(state, self.world.class(class));
        let mut filtered = Filtered { feasible: scope, ..Filtered::default() };
        for plugin in Plugin::FILTERS {
            if filtered.feasible.is_empty() {
                break;
            }
            if cycle.skips(plugin) {
                continue;
            }
            let rejected = plugins::filter(plugin, &cycle, filtered.feasible);
            if rejected.nodes().is_empty() {
                continue;
            }
            filtered.plugin = Some(plugin);
            filtered.feasible -= rejected.nodes();
            filtered.rejected.unschedulable |= rejected.unschedulable;
            filtered.rejected.unresolvable |= rejected.unresolvable;
            if O::TRACE {
                observer.rejected(plugin, rejected, &|node| plugins::reasons(plugin, &cycle, node));
            }
        }
        filtered
    }

    /// Sums the weighted scores; the nodes with the highest sum are the decision.
    fn score<O: Observer>(
        &mut self,
        state: &State,
        class: &Class,
        feasible: NodeSet,
        observer: &mut O,
    ) -> NodeSet {
        let cycle = Cycle { world: self.world, state, class, skipped: self.skipped, spread: &self.spread };
        let nodes = self.world.nodes.len();
        self.scores.resize(3 * nodes, 0);
        let (raw, rest) = self.scores.split_at_mut(nodes);
        let (normalised, total) = rest.split_at_mut(nodes);
        for node in feasible.iter() {
            total[node.index()] = 0;
        }
        for plugin in Plugin::SCORES {
            let mut scores = Scores { raw, normalised };
            if !plugins::score(plugin, &cycle, feasible, &mut scores) {
                continue;
            }
            for node in feasible.iter() {
                total[node.index()] += plugin.weight() * normalised[node.index()];
            }
            observer.score(plugin, raw, normalised);
        }
        let highest = feasible.iter().map(|n| total[n.index()]).max();
        let best = feasible.iter().filter(|n| Some(total[n.index()]) == highest).collect();
        observer.total(total, best);
        best
    }

    fn preempt<O: Observer>(
        &mut self,
        state: &mut State,
        incoming: Incoming,
        rejected: Rejected,
        observer: &mut O,
    ) -> Decision {
        if let Err(message) = default_preemption::eligible(self.world, state, incoming, rejected) {
            observer.not_eligible(message);
            return Decision::Pending;
        }
        observer.potential(rejected.unschedulable);
        let mut candidates = Vec::new();
        for node in rejected.unschedulable.iter() {
            match default_preemption::dry_run::<O>(self, state, incoming, node) {
                Ok(candidate) => {
                    observer.candidate(&candidate);
                    candidates.push(candidate);
                }
                Err(why) => observer.no_help(node, &why),
            }
        }
        default_preemption::keep_best(self.world, &mut candidates);
        if candidates.is_empty() { Decision::Pending } else { Decision::Preempt(candidates) }
    }

    /// The filters on one node; `Err` carries the rejection, with reasons if they are wanted.
    pub(super) fn fits<O: Observer>(
        &mut self,
        state: &mut State,
        incoming: Incoming,
        node: NodeId,
    ) -> Result<(), NoHelp> {
        let mut reasons = Reasons { node, wanted: O::TRACE, reasons: Vec::new() };
        let filtered = if O::TRACE {
            self.filter(state, incoming, NodeSet::of(node), &mut reasons)
        } else {
            self.filter(state, incoming, NodeSet::of(node), &mut ())
        };
        match filtered.plugin {
            Some(plugin) if filtered.feasible.is_empty() => {
                Err(NoHelp::Rejected(plugin, filtered.rejected, reasons.reasons))
            }
            _ => Ok(()),
        }
    }
}

impl Filtered {
    fn add(&mut self, other: Filtered) {
        self.feasible |= other.feasible;
        self.rejected.unschedulable |= other.rejected.unschedulable;
        self.rejected.unresolvable |= other.rejected.unresolvable;
        self.plugin = other.plugin.or(self.plugin);
    }
}

fn placed(pod: PodId, class: ClassId) -> Placed {
    Placed { pod, class, start: 0, terminating: false, preempted: false }
}

/// Keeps the reasons of one node.
struct Reasons {
    node: NodeId,
    wanted: bool,
    reasons: Vec<super::Reason>,
}

impl Observer for Reasons {
    fn rejected(
        &mut self,
        _plugin: Plugin,
        rejected: Rejected,
        reasons: &dyn Fn(NodeId) -> Vec<super::Reason>,
    ) {
        if self.wanted && rejected.nodes().contains(self.node) {
            self.reasons = reasons(self.node);
        }
    }
}

//! Planned work: what is established at each of its quiet moments, the end last.
//!
//! *Drain* is a loss without a dead node: its pods end and their successors find room on what is left, while DaemonSets
//! stay. *Uncordon* lets in what waits and moves nobody else. After a *reboot* everybody may be where they were or
//! where an eviction took them. A *cold start* and a *rolling update* may move anybody anywhere; of an update the pods
//! beyond the wanted number are counted too.

use super::scene::Scene;
use super::{Bounds, Depth, Ends, NodeSet, State, bit};
use crate::lifecycle::{Kind, NodeId, WorkloadId};
use crate::policy::EventKind;
use crate::prove::claim::Event;
use crate::prove::verdict::Argument;

impl<'a> Bounds<'a> {
    /// The states at the quiet moments at which a claim about planned work has to hold, the end last; `None` where
    /// bounds do not follow it: without a control plane, where a disruption budget may hold a drain up, where pods
    /// ignore cordons, and where dead nodes that were not fenced may yet change.
    #[must_use]
    pub fn work(self, before: &State, event: &Event) -> Option<Vec<State>> {
        if !before.api || event.nodes.iter().any(|n| usize::from(n.0) >= self.world.places.len()) {
            return None;
        }
        let calm = before.ends.iter().all(|end| !end.stuck && !end.lost);
        let nodes: Vec<NodeId> =
            event.nodes.iter().copied().filter(|&n| before.alive & bit(n) != 0).collect();
        let mut moments = Vec::new();
        let mut now = before.clone();
        match event.kind {
            EventKind::Drain | EventKind::Upgrade => {
                for node in nodes {
                    if event.kind == EventKind::Upgrade && !calm {
                        return None;
                    }
                    let drained = self.drained(&now, node)?;
                    now = self.uncordoned(&drained, node);
                    moments.extend([drained, now.clone()]);
                }
            }
            EventKind::Reboot => {
                for node in nodes.into_iter().filter(|_| calm) {
                    now = self.rebooted(&now, node);
                    moments.push(now.clone());
                }
                if !calm {
                    return None;
                }
            }
            EventKind::ColdStart => {
                let all = self.world.nodes().fold(0, |set, node| set | bit(node));
                if !calm || before.alive != all {
                    return None;
                }
                moments.push(self.shaken(before, before.alive));
            }
            EventKind::RollingUpdate => moments.push(self.rolled(before, &event.pods)),
        }
        if moments.is_empty() {
            moments.push(now);
        }
        Some(moments)
    }

    /// A node is cordoned, and its pods are somewhere else.
    fn drained(self, before: &State, node: NodeId) -> Option<State> {
        let mut state = State { untouched: false, ..before.clone() };
        state.alive &= !bit(node);
        let count = self.world.classes.len();
        let (mut moves, mut held) = (vec![false; count], before.ends.clone());
        for class in self.world.ids() {
            let i = usize::from(class.0);
            let facts = self.world.class(class);
            let hit = before.may[i] & bit(node) != 0;
            moves[i] = before.ends[i].pending || !before.keeps[i];
            if facts.daemon {
                // A pod of it that waits for this very node is not looked for on the others.
                if before.ends[i].pending && self.admitted(class) & bit(node) != 0 {
                    return None;
                }
            } else {
                if self.world.cordons_ignored[i] || hit && self.world.guarded[i] {
                    return None;
                }
                match self.facts.workloads[i].kind {
                    Kind::Bare => held[i].gone |= hit,
                    _ => moves[i] |= hit,
                }
                state.may[i] &= !bit(node);
            }
            if moves[i] {
                state.may[i] |= self.admitted(class) & state.alive;
            }
        }
        let empty = |scene: &Scene<'a, '_>| self.nobody_boards_now(before, scene);
        self.settle(&mut state, before, empty, (&moves, &held));
        Some(state)
    }

    /// The drained node takes pods again: what waits is placed.
    fn uncordoned(self, drained: &State, node: NodeId) -> State {
        let mut state = drained.clone();
        state.alive |= bit(node);
        let mut moves = Vec::new();
        for class in self.world.ids() {
            let i = usize::from(class.0);
            moves.push(drained.ends[i].pending || !drained.keeps[i]);
            if moves[i] || self.world.class(class).daemon {
                state.may[i] |= self.admitted(class) & state.alive;
            }
        }
        let empty = |scene: &Scene<'a, '_>| self.nobody_boards_now(drained, scene);
        self.settle(&mut state, drained, empty, (&moves, &drained.ends));
        state
    }

    /// Concludes a step in which nothing ends but what is evicted for others.
    fn settle(
        self,
        state: &mut State,
        before: &State,
        empty: impl FnOnce(&Scene<'a, '_>) -> Option<Vec<Argument>>,
        (moves, ends): (&[bool], &[Ends]),
    ) {
        let keep = |end: &Ends| Ends { worker: false, lifeboat: false, ..*end };
        let held: Vec<Ends> = ends.iter().map(keep).collect();
        state.why_empty = None;
        let keeps = |state: &State, loads: &super::Loads| self.still_kept(before, state, loads);
        let loads = self.loads(state);
        state.keeps = keeps(state, &loads);
        self.conclude(state, loads, (empty, keeps), moves, &held);
    }

    /// A node went away unannounced and is back, before or after its pods were evicted.
    fn rebooted(self, before: &State, node: NodeId) -> State {
        let away = self.lose(before, &[node], Depth::Evicted);
        let moved = |now: &State| -> NodeSet { now.alive & !before.alive };
        debug_assert_eq!(moved(&away), 0);
        // With the lifeboat itself its lock goes, and nobody says who is back first.
        let locked = !away.api || self.lifeboats() & bit(node) == 0;
        let empty = |scene: &Scene<'a, '_>| {
            away.why_empty.as_ref().filter(|_| locked).and_then(|_| self.nobody_boards_now(before, scene))
        };
        self.anywhere(before, Some(&away), before.alive, empty)
    }

    /// Everything was away and is back, one node after the other.
    fn shaken(self, before: &State, alive: NodeSet) -> State {
        self.anywhere(before, None, alive, |_| None)
    }

    /// New pods take the place of old ones, and run beside them for a while.
    fn rolled(self, before: &State, pods: &[WorkloadId]) -> State {
        let mut world = self.world.clone();
        for &class in pods {
            let i = usize::from(class.0);
            if let (Some(facts), Some(Kind::RollingUpdate { surge, .. })) =
                (world.classes.get_mut(i), self.facts.workloads.get(i).map(|w| w.kind))
            {
                facts.runs(facts.replicas.saturating_add(i64::from(surge)));
            }
        }
        Bounds { world: &world, facts: self.facts }.shaken(before, before.alive)
    }

    /// Everybody may be anywhere, and whoever can be evicted may have been. `away`: the state in between, if it is known.
    fn anywhere(
        self,
        before: &State,
        away: Option<&State>,
        alive: NodeSet,
        empty: impl FnOnce(&Scene<'a, '_>) -> Option<Vec<Argument>>,
    ) -> State {
        let mut state = State { untouched: false, ..before.clone() };
        state.alive = alive;
        let mut held = Vec::new();
        for class in self.world.ids() {
            let i = usize::from(class.0);
            state.may[i] |= self.admitted(class) & alive | away.map_or(0, |away| away.may[i]);
            let end = before.ends[i];
            let ended = away.is_none_or(|away| away.ends[i].stuck || away.ends[i].gone);
            let gone = end.gone || self.facts.workloads[i].kind == Kind::Bare && ended;
            held.push(Ends { gone, stuck: end.stuck, lost: end.lost, ..Ends::default() });
        }
        state.why_empty = None;
        state.keeps = self.world.ids().map(|_| false).collect();
        let keeps = |state: &State, _: &super::Loads| state.keeps.clone();
        let loads = self.loads(&state);
        self.conclude(&mut state, loads, (empty, keeps), &vec![true; self.world.classes.len()], &held);
        state
    }
}

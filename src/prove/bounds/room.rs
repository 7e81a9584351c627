//! There is room: a pod finds a node without evicting anybody, whatever stands where.
//!
//! Pods that are being evicted take room on their way out while their successors take room elsewhere. Only a
//! pod that lacks room evicts; one that takes `r` of a scarce resource needs at most `r / smallest`, rounded up,
//! victims for it, because victims are let back in as long as it still fits.

use std::collections::BTreeMap;

use super::scene::Scene;
use super::weigh::Crowd;
use super::{Bounds, NodeSet, State, bit};
use crate::lifecycle::{NodeId, WorkloadId};
use crate::prove::verdict::Argument;
use crate::prove::world::{Amounts, add};

/// Rounds after which the number of evictions is taken to have no bound.
const ROUNDS: usize = 8;

impl<'a> Bounds<'a> {
    /// The class finds room on one of `targets`. `elsewhere` is known to stand on another node.
    pub(super) fn room(
        self,
        class: WorkloadId,
        targets: NodeSet,
        scene: &Scene<'a, '_>,
        elsewhere: Option<WorkloadId>,
    ) -> Option<Argument> {
        let mut crowd = Crowd { elsewhere, ..Crowd::everybody() };
        for node in self.set(targets) {
            let leaving = scene.leaving(node)?;
            if leaving > 0 {
                let mut amounts = vec![0; self.world.resources.len()];
                add(&mut amounts, scene.largest_victim(), leaving);
                crowd.leaving.push((node, amounts));
            }
        }
        self.not_blocked(class, targets, &crowd, scene)
    }

    /// In each resource the most that a pod takes which may be evicted.
    pub(super) fn largest_victim(self, state: &State) -> Amounts {
        let mut most = vec![0; self.world.resources.len()];
        for class in self.world.ids().filter(|c| !state.keeps[usize::from(c.0)]) {
            for (m, r) in most.iter_mut().zip(&self.world.class(class).request) {
                *m = (*m).max(*r);
            }
        }
        most
    }

    /// Most pods that can be on their way out of a node at one time; `None` if there is no bound.
    pub(super) fn leaving(self, node: NodeId, scene: &Scene<'a, '_>) -> Option<i64> {
        let state = scene.state;
        let here = |c: WorkloadId| state.may[usize::from(c.0)] & state.alive & bit(node) != 0;
        let evictable = self.world.ids().any(|c| here(c) && !state.keeps[usize::from(c.0)]);
        if !evictable {
            return Some(0);
        }
        if self.crowded(node, state) {
            return None;
        }
        let total = scene.loads.at(node, scene.loads.level_from(None))?;
        let mut leaving = 0_i64;
        for _ in 0..ROUNDS {
            let mut load = total.to_vec();
            add(&mut load, scene.largest_victim(), leaving);
            let limits = &self.world.place(node).allocatable;
            let scarce: Vec<bool> = load.iter().zip(limits).map(|(l, limit)| l > limit).collect();
            let next = self.victims(node, &scarce, (state, scene.never_evict()));
            if next <= leaving {
                return Some(leaving);
            }
            leaving = next;
        }
        None
    }

    /// Whether somebody may evict others from a node who may be back before they are gone.
    fn crowded(self, node: NodeId, state: &State) -> bool {
        let evictable = |c: WorkloadId| {
            let i = usize::from(c.0);
            state.may[i] & state.alive & bit(node) != 0 && !state.keeps[i]
        };
        let evicts = |c: WorkloadId, victim: WorkloadId| {
            let facts = self.world.class(c);
            let above = facts.preempts && facts.priority > self.world.class(victim).priority;
            above && self.admitted(c) & bit(node) != 0 && self.world.crowded(c, victim)
        };
        let mut victims = self.world.ids().filter(|&c| evictable(c));
        victims.any(|victim| self.world.rivals(victim).iter().any(|&c| evicts(c, victim)))
    }

    /// The classes that always find a node without evicting anybody, so that they never evict.
    pub(super) fn never_evict(self, scene: &Scene<'a, '_>) -> Vec<bool> {
        let everybody = Crowd::everybody();
        let finds = |class: WorkloadId| {
            let targets = self.admitted(class) & scene.state.alive;
            self.is_free(class, scene.state) && self.always_finds(class, targets, &everybody, scene)
        };
        self.world.ids().map(|class| !self.world.class(class).daemon && finds(class)).collect()
    }

    /// Whether nothing but room and company decides about the class. Volumes do not, as long as each of its pods is placed
    /// for the first time and they are made where that is.
    fn is_free(self, class: WorkloadId, state: &State) -> bool {
        let (i, facts) = (usize::from(class.0), self.world.class(class));
        let first = state.untouched && state.keeps[i] && self.facts.workloads[i].follows;
        facts.beyond.is_none() || facts.claims_alone && first
    }

    /// Victims that all preemptors of a node can need together, if only some resources are scarce.
    fn victims(self, node: NodeId, scarce: &[bool], (state, free): (&State, &[bool])) -> i64 {
        let mut smallest: BTreeMap<i32, Option<Amounts>> = BTreeMap::new();
        let mut sum = 0_i64;
        for class in self.world.ids() {
            let facts = self.world.class(class);
            if free[usize::from(class.0)] || !facts.preempts || self.admitted(class) & bit(node) == 0 {
                continue;
            }
            let pods = if facts.daemon { 1 } else { facts.replicas };
            let repelled = self.displaced(class, node, state);
            sum = sum.saturating_add(repelled.saturating_mul(pods));
            let lower =
                smallest.entry(facts.priority).or_insert_with(|| self.smallest(node, facts.priority, state));
            let Some(lower) = lower else { continue };
            for (r, &need) in facts.request.iter().enumerate().filter(|(r, _)| scarce[*r]) {
                let small = lower[r];
                if need > 0 && small > 0 {
                    let each = need.saturating_add(small - 1) / small;
                    sum = sum.saturating_add(each.saturating_mul(pods));
                }
            }
        }
        sum
    }

    /// Pods of a node that one of the class may need gone because they cannot stand beside it.
    fn displaced(self, class: WorkloadId, node: NodeId, state: &State) -> i64 {
        let priority = self.world.class(class).priority;
        let evictable = |v: &&WorkloadId| {
            let i = usize::from(v.0);
            let here = state.may[i] & state.alive & bit(node) != 0;
            here && !state.keeps[i] && self.world.class(**v).priority < priority
        };
        let pods = |v: &WorkloadId| self.others(*v, class);
        self.world.foes(class).iter().filter(evictable).map(pods).fold(0, i64::saturating_add)
    }

    /// Of the pods on a node that may be evicted for that priority, the least that one frees of each resource
    /// (0: none of them frees any); `None` if there are no such pods.
    fn smallest(self, node: NodeId, priority: i32, state: &State) -> Option<Amounts> {
        let mut found: Option<Amounts> = None;
        for class in self.world.ids() {
            let (i, facts) = (usize::from(class.0), self.world.class(class));
            let here = state.may[i] & state.alive & bit(node) != 0 && !state.keeps[i];
            if !here || facts.priority >= priority {
                continue;
            }
            let least = found.get_or_insert_with(|| vec![0; self.world.resources.len()]);
            for (least, &frees) in least.iter_mut().zip(&facts.request) {
                if frees > 0 && (*least == 0 || frees < *least) {
                    *least = frees;
                }
            }
        }
        found
    }
}

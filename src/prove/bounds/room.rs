//! There is room: a pod finds a node without evicting anybody, whatever stands where.
//!
//! Pods that are being evicted take room on their way out while their successors take room elsewhere. Only a
//! pod that lacks room evicts; one that takes `r` of a scarce resource needs at most `r / smallest`, rounded up,
//! victims for it, because victims are let back in as long as it still fits.

use super::{Bounds, NodeSet, State, bit};
use crate::lifecycle::{NodeId, WorkloadId};
use crate::prove::verdict::Argument;
use crate::prove::world::{Amounts, add};

/// Rounds after which the number of evictions is taken to have no bound.
const ROUNDS: usize = 8;

impl Bounds<'_> {
    /// The class finds room on one of `targets`. `elsewhere` is known to stand on another node.
    pub(super) fn room(
        self,
        class: WorkloadId,
        targets: NodeSet,
        state: &State,
        elsewhere: Option<WorkloadId>,
    ) -> Option<Argument> {
        let mut crowd = self.crowd(class, state, |_| true);
        crowd.pods.retain(|(c, ..)| Some(*c) != elsewhere);
        let largest = self.largest_victim(state);
        for node in self.set(targets) {
            let leaving = self.leaving(node, state)?;
            if leaving > 0 {
                let mut amounts = vec![0; largest.len()];
                add(&mut amounts, &largest, leaving);
                crowd.leaving.push((node, amounts));
            }
        }
        self.not_blocked(class, targets, &crowd)
    }

    /// In each resource the most that a pod takes which may be evicted.
    fn largest_victim(self, state: &State) -> Amounts {
        let mut most = vec![0; self.world.resources.len()];
        for class in self.world.ids().filter(|c| !state.keeps[usize::from(c.0)]) {
            for (m, r) in most.iter_mut().zip(&self.world.class(class).request) {
                *m = (*m).max(*r);
            }
        }
        most
    }

    /// Most pods that can be on their way out of a node at one time; `None` if there is no bound.
    fn leaving(self, node: NodeId, state: &State) -> Option<i64> {
        let here = |c: WorkloadId| state.may[usize::from(c.0)] & state.alive & bit(node) != 0;
        let evictable = self.world.ids().any(|c| here(c) && !state.keeps[usize::from(c.0)]);
        if !evictable {
            return Some(0);
        }
        let largest = self.largest_victim(state);
        let mut total = vec![0; self.world.resources.len()];
        for class in self.world.ids().filter(|&c| here(c)) {
            let facts = self.world.class(class);
            add(&mut total, &facts.request, if facts.daemon { 1 } else { facts.replicas });
        }
        let mut leaving = 0_i64;
        for _ in 0..ROUNDS {
            let mut load = total.clone();
            add(&mut load, &largest, leaving);
            let limits = &self.world.place(node).allocatable;
            let scarce: Vec<bool> = load.iter().zip(limits).map(|(l, limit)| l > limit).collect();
            let next = self.victims(node, &scarce, state);
            if next <= leaving {
                return Some(leaving);
            }
            leaving = next;
        }
        None
    }

    /// Victims that all preemptors of a node can need together, if only some resources are scarce.
    fn victims(self, node: NodeId, scarce: &[bool], state: &State) -> i64 {
        let mut sum = 0_i64;
        for class in self.world.ids() {
            let facts = self.world.class(class);
            if !facts.preempts || self.admitted(class) & bit(node) == 0 {
                continue;
            }
            let lower = || {
                self.world.ids().filter(|&c| {
                    let i = usize::from(c.0);
                    let here = state.may[i] & state.alive & bit(node) != 0 && !state.keeps[i];
                    here && self.world.class(c).priority < facts.priority
                })
            };
            // Whoever always finds another node never evicts.
            let crowd = self.crowd(class, state, |_| true);
            let free = self.not_blocked(class, self.admitted(class) & state.alive, &crowd).is_some();
            if lower().next().is_none() || !facts.daemon && free {
                continue;
            }
            for (r, &need) in facts.request.iter().enumerate().filter(|(r, _)| scarce[*r]) {
                let small = lower().map(|c| self.world.class(c).request[r]).filter(|&x| x > 0).min();
                if need > 0
                    && let Some(small) = small
                {
                    let each = need.saturating_add(small - 1) / small;
                    let pods = if facts.daemon { 1 } else { facts.replicas };
                    sum = sum.saturating_add(each.saturating_mul(pods));
                }
            }
        }
        sum
    }
}

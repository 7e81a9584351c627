//! Nobody evicts it: when room is made, victims are let back in by priority, the highest first. A pod
//! stays if on every node where it may stand all pods of its priority and above fit together, because
//! then each of them is let back in before any lower one.

use super::{Bounds, State, bit};
use crate::lifecycle::WorkloadId;
use crate::prove::world::{add, within};

impl Bounds<'_> {
    /// Whether no preemption ever takes a pod of the class from a living node.
    pub(super) fn never_evicted(self, class: WorkloadId, state: &State) -> bool {
        let priority = self.world.class(class).priority;
        let i = usize::from(class.0);
        let higher = |c: WorkloadId| self.world.class(c).priority > priority && self.world.class(c).preempts;
        let preemptors: Vec<WorkloadId> = self.world.ids().filter(|&c| higher(c)).collect();
        if preemptors.is_empty() {
            return true;
        }
        self.world.nodes().filter(|&n| state.may[i] & state.alive & bit(n) != 0).all(|node| {
            let here = preemptors.iter().filter(|&&c| self.admitted(c) & bit(node) != 0);
            let mut here = here.peekable();
            if here.peek().is_none() {
                return true;
            }
            if here.any(|&c| self.world.conflict(c, class)) {
                return false;
            }
            // Pods under a disruption budget are let back in before those without, whatever their priority.
            let budgeted = self.world.ids().any(|c| {
                self.world.guarded[usize::from(c.0)]
                    && self.world.class(c).priority < priority
                    && state.may[usize::from(c.0)] & bit(node) != 0
            });
            if budgeted {
                return false;
            }
            let mut sum = vec![0; self.world.resources.len()];
            for other in self.world.ids() {
                let facts = self.world.class(other);
                if facts.priority >= priority && state.may[usize::from(other.0)] & bit(node) != 0 {
                    add(&mut sum, &facts.request, if facts.daemon { 1 } else { facts.replicas });
                }
            }
            within(&sum, &self.world.place(node).allocatable)
        })
    }
}

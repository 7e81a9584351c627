//! Nobody evicts it: when room is made, victims are let back in by priority, the highest first. A pod
//! stays if on every node where it may stand all pods of its priority and above fit together, because
//! then each of them is let back in before any lower one.

use super::loads::Loads;
use super::{Bounds, State, bit};
use crate::lifecycle::WorkloadId;
use crate::prove::world::within;

impl Bounds<'_> {
    /// Which classes no preemption ever takes a pod of from a living node.
    pub(super) fn never_evicted(self, state: &State, loads: &Loads) -> Vec<bool> {
        self.world.ids().map(|class| self.stays(class, (state, loads))).collect()
    }

    fn stays(self, class: WorkloadId, (state, loads): (&State, &Loads)) -> bool {
        let priority = self.world.class(class).priority;
        let may = state.may[usize::from(class.0)] & state.alive;
        self.set(may).all(|node| {
            if !loads.meets_preemptor(node, priority) {
                return true;
            }
            let preempts_here = |&c: &WorkloadId| {
                let facts = self.world.class(c);
                facts.priority > priority && facts.preempts && self.world.admitted(c) & bit(node) != 0
            };
            if self.world.rivals(class).iter().any(preempts_here) {
                return false;
            }
            // Pods under a disruption budget are let back in before those without, whatever their priority.
            if loads.meets_budgeted(node, priority) {
                return false;
            }
            within(loads.above(node, priority), &self.world.place(node).allocatable)
        })
    }
}

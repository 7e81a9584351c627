//! What may come together on a node, summed once a state: for every node, the requests of all pods that may
//! stand there, from each priority upwards. It answers most questions about room without going through all
//! classes again for each of them.

use std::ops::Range;

use super::{Bounds, State};
use crate::lifecycle::NodeId;
use crate::prove::world::add;

/// Sums of requests by node and priority, over where pods may stand in one state.
#[derive(Debug)]
pub(super) struct Loads {
    /// The priorities of all classes, the highest first.
    priorities: Vec<i32>,
    /// Requests of the pods of each priority and above that may stand on each node: by node, priority and resource.
    sums: Vec<i64>,
    /// Number of resources.
    kinds: usize,
    /// The highest priority of a class that preempts and is admitted to the node.
    preemptor: Vec<Option<i32>>,
    /// The lowest priority of a class that may stand on the node and is under a disruption budget.
    budgeted: Vec<Option<i32>>,
}

impl Bounds<'_> {
    /// Sums up a state.
    pub(super) fn loads(self, state: &State) -> Loads {
        let world = self.world;
        let mut priorities: Vec<i32> = world.classes.iter().map(|class| class.priority).collect();
        priorities.sort_unstable_by(|a, b| b.cmp(a));
        priorities.dedup();
        let nodes = world.places.len();
        let mut loads = Loads {
            sums: vec![0; world.resources.len() * priorities.len() * nodes],
            kinds: world.resources.len(),
            preemptor: vec![None; nodes],
            budgeted: vec![None; nodes],
            priorities,
        };
        for id in world.ids() {
            let class = world.class(id);
            let level = loads.level(class.priority);
            let may = state.may[usize::from(id.0)] & state.alive;
            for node in self.set(may) {
                let at = usize::from(node.0);
                let pods = if class.daemon { 1 } else { class.replicas };
                let cell = loads.cell(at, level);
                add(&mut loads.sums[cell], &class.request, pods);
                if world.guarded[usize::from(id.0)] {
                    let lowest = &mut loads.budgeted[at];
                    *lowest = Some(lowest.map_or(class.priority, |p| p.min(class.priority)));
                }
            }
            if class.preempts {
                for node in self.set(world.admitted(id)) {
                    let highest = &mut loads.preemptor[usize::from(node.0)];
                    *highest = (*highest).max(Some(class.priority));
                }
            }
        }
        for at in 0..nodes {
            for level in 1..loads.priorities.len() {
                let start = loads.cell(at, level).start;
                let (above, here) = loads.sums.split_at_mut(start);
                add(&mut here[..loads.kinds], &above[above.len() - loads.kinds..], 1);
            }
        }
        loads
    }
}

impl Loads {
    /// Where a priority stands in the list of them; the last place, for everybody, if none is given.
    pub(super) fn level_from(&self, priority: Option<i32>) -> usize {
        priority.map_or(self.priorities.len().saturating_sub(1), |p| self.level(p))
    }

    /// Requests of all pods of that level and above that may stand on the node; `None` where there are no classes.
    pub(super) fn at(&self, node: NodeId, level: usize) -> Option<&[i64]> {
        (level < self.priorities.len()).then(|| &self.sums[self.cell(usize::from(node.0), level)])
    }

    /// Where the amounts of a node and a priority stand.
    fn cell(&self, node: usize, level: usize) -> Range<usize> {
        debug_assert!(level < self.priorities.len(), "a priority that no class has");
        let start = (node * self.priorities.len() + level) * self.kinds;
        start..start + self.kinds
    }

    /// Where a priority stands in the list of them.
    fn level(&self, priority: i32) -> usize {
        self.priorities.partition_point(|&p| p > priority)
    }

    /// Requests of all pods of that priority and above that may stand on the node.
    pub(super) fn above(&self, node: NodeId, priority: i32) -> &[i64] {
        &self.sums[self.cell(usize::from(node.0), self.level(priority))]
    }

    /// Whether a preemptor of a higher priority is admitted to the node.
    pub(super) fn meets_preemptor(&self, node: NodeId, priority: i32) -> bool {
        self.preemptor[usize::from(node.0)].is_some_and(|p| p > priority)
    }

    /// Whether a pod of a lower priority that is under a disruption budget may stand on the node.
    pub(super) fn meets_budgeted(&self, node: NodeId, priority: i32) -> bool {
        self.budgeted[usize::from(node.0)].is_some_and(|p| p < priority)
    }
}

//! What a run did, told by workload: a way to follow it with fewer pods.

use super::play::Run;
use crate::lifecycle::{Choose, Happening, NodeId, Pending, PodId, Point, What, WorkloadId};

/// What a run did, in a form that survives the loss of other pods: follows a recorded order as far as it can.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    /// Happenings by workload and kind, in the order in which they came.
    order: Vec<(u8, WorkloadId)>,
    /// Nodes chosen, by workload, in order.
    nodes: Vec<(WorkloadId, NodeId)>,
    at: usize,
    used: Vec<bool>,
    who: Vec<WorkloadId>,
    /// The answers so far.
    pub(super) given: Vec<usize>,
}

impl Script {
    /// The script of a run.
    #[must_use]
    pub(super) fn of(run: &Run<'_>) -> Self {
        let mut order = Vec::new();
        let mut nodes = Vec::new();
        let of = |pod: PodId| run.pods[pod.0 as usize].workload;
        for event in run.log.iter() {
            match event.what {
                What::Fired(Happening::Create(w, _)) => order.push((0, w)),
                What::Fired(Happening::Schedule(p)) => order.push((1, of(p))),
                What::Bound(p, n) | What::Preempts(p, n) => nodes.push((of(p), n)),
                _ => {}
            }
        }
        let used = vec![false; order.len()];
        Self { order, nodes, at: 0, used, who: Vec::new(), given: Vec::new() }
    }

    /// Tells the script whose pod a pod is; pods are created in the order of the calls.
    fn owner(&self, pod: PodId) -> Option<WorkloadId> {
        self.who.get(pod.0 as usize).copied()
    }

    fn rank(&self, entry: &Pending) -> (usize, u64) {
        let key = match entry.what {
            Happening::Create(w, _) => Some((0, w)),
            Happening::Schedule(p) => self.owner(p).map(|w| (1, w)),
            _ => None,
        };
        let at = key.and_then(|k| self.order.iter().zip(&self.used).position(|(o, used)| !used && *o == k));
        (at.unwrap_or(self.at), entry.when.earliest)
    }
}

impl Choose for Script {
    fn choose(&mut self, point: Point<'_>, _: usize) -> usize {
        let answer = self.answer(point);
        self.given.push(answer);
        answer
    }
}

impl Script {
    fn answer(&mut self, point: Point<'_>) -> usize {
        match point {
            Point::Next(entries) => {
                let best = (0..entries.len()).min_by_key(|&i| self.rank(&entries[i])).unwrap_or(0);
                let (at, _) = self.rank(&entries[best]);
                match entries[best].what {
                    Happening::Create(w, _) => {
                        self.who.push(w);
                        self.mark(at);
                    }
                    Happening::Schedule(_) => self.mark(at),
                    _ => {}
                }
                best
            }
            Point::Node(pod, nodes) => {
                let Some(w) = self.owner(pod) else { return 0 };
                self.wanted(w, |n| nodes.iter().position(|x| *x == n))
            }
            Point::Victims(pod, candidates) => {
                let Some(w) = self.owner(pod) else { return 0 };
                self.wanted(w, |n| candidates.iter().position(|c| c.node == n))
            }
            Point::Missed(_) | Point::Over => 0,
        }
    }

    fn mark(&mut self, at: usize) {
        if let Some(used) = self.used.get_mut(at) {
            *used = true;
            self.at = at;
        }
    }

    fn wanted(&self, workload: WorkloadId, find: impl Fn(NodeId) -> Option<usize>) -> usize {
        self.nodes.iter().filter(|(w, _)| *w == workload).find_map(|(_, n)| find(*n)).unwrap_or(0)
    }
}

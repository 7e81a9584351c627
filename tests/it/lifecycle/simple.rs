//! A stand-in for the scheduler: room and taints, no scores. Every node with room is as good as any
//! other, so stories show what the controllers do, whatever the scheduler would prefer.

use std::collections::BTreeMap;
use std::rc::Rc;

use lifeboat::lifecycle::{Mark, News, NodeId, Placer, PodId, Rejectors, Verdict, WorkloadId};

/// What the stand-in knows of a workload: requests, and the nodes that its pods may use.
#[derive(Clone, Debug)]
pub(crate) struct Needs {
    pub(crate) request: u64,
    pub(crate) nodes: Vec<NodeId>,
}

/// The stand-in.
#[derive(Clone, Debug)]
pub(crate) struct Simple {
    needs: Rc<Vec<Needs>>,
    room: Rc<Vec<u64>>,
    pods: BTreeMap<PodId, (WorkloadId, Option<NodeId>, Option<NodeId>)>,
    marks: BTreeMap<NodeId, Vec<Mark>>,
}

impl Simple {
    pub(crate) fn new(needs: Vec<Needs>, room: Vec<u64>) -> Self {
        Self { needs: Rc::new(needs), room: Rc::new(room), pods: BTreeMap::new(), marks: BTreeMap::new() }
    }

    fn used(&self, node: NodeId) -> u64 {
        self.pods.values().filter(|p| p.2 == Some(node)).map(|p| self.needs[usize::from(p.0.0)].request).sum()
    }
}

impl Placer for Simple {
    fn mark(&mut self, node: NodeId, mark: Mark, on: bool) {
        let marks = self.marks.entry(node).or_default();
        marks.retain(|m| *m != mark);
        // Pods tolerate `unreachable:NoExecute` for a while, so it keeps nobody away.
        if on && mark != Mark::UnreachableNoExecute {
            marks.push(mark);
        }
    }
    fn register(&mut self, node: NodeId, exists: bool) {
        self.marks.insert(node, if exists { Vec::new() } else { vec![Mark::Cordoned] });
    }
    fn add(&mut self, pod: PodId, workload: WorkloadId, _: u32, target: Option<NodeId>) {
        self.pods.insert(pod, (workload, target, None));
    }
    fn bind(&mut self, pod: PodId, node: NodeId) {
        if let Some(entry) = self.pods.get_mut(&pod) {
            entry.2 = Some(node);
        }
    }
    fn started(&mut self, _: PodId, _: i64) {}
    fn terminate(&mut self, _: PodId, _: bool) {}
    fn remove(&mut self, pod: PodId) {
        self.pods.remove(&pod);
    }
    fn nominate(&mut self, _: PodId, _: Option<NodeId>) {}
    fn decide(&mut self, pod: PodId) -> Verdict {
        let (workload, target, _) = self.pods[&pod];
        let needs = &self.needs[usize::from(workload.0)];
        let fits = |n: &NodeId| {
            target.is_none_or(|t| t == *n)
                && self.marks.get(n).is_none_or(Vec::is_empty)
                && self.used(*n) + needs.request <= self.room[usize::from(n.0)]
        };
        let nodes: Vec<NodeId> = needs.nodes.iter().copied().filter(fits).collect();
        if nodes.is_empty() { Verdict::Unschedulable(Rejectors(1)) } else { Verdict::Bind(nodes) }
    }
    fn wakes(&self, _: PodId, _: Rejectors, _: News) -> bool {
        true
    }
}

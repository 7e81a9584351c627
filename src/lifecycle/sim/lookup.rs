//! Who is where in a simulation.

use super::{NodeState, PodState, Sim};
use crate::lifecycle::facts::{NodeId, PodId, WorkloadFacts, WorkloadId};
use crate::lifecycle::placer::Placer;
use crate::lifecycle::window::Window;

impl<P: Placer> Sim<P> {
    pub(super) fn node_ids(&self) -> impl Iterator<Item = NodeId> + use<P> {
        (0..self.nodes.len()).map(|i| NodeId(u16::try_from(i).unwrap_or(u16::MAX)))
    }

    /// Existing pods, in order of creation.
    pub fn live(&self) -> impl Iterator<Item = (PodId, &PodState)> {
        self.pods
            .iter()
            .enumerate()
            .filter(|(_, p)| p.exists)
            .map(|(i, p)| (PodId(u32::try_from(i).unwrap_or(u32::MAX)), p))
    }

    /// Existing pods of a workload, in order of creation.
    #[must_use]
    pub fn live_of(&self, workload: WorkloadId) -> Vec<PodId> {
        let mut pods: Vec<PodId> = self.newest_of(workload).map(|(id, _)| id).collect();
        pods.reverse();
        pods
    }

    /// Existing pods of a workload, the newest first.
    pub(super) fn newest_of(&self, workload: WorkloadId) -> impl Iterator<Item = (PodId, &PodState)> {
        let newest = self.workloads[usize::from(workload.0)].newest;
        let chain = std::iter::successors(newest, |&pod| self.pod(pod).earlier);
        chain.map(|id| (id, self.pod(id))).filter(|(_, pod)| pod.exists)
    }

    pub(super) fn on(&self, node: NodeId) -> Vec<PodId> {
        self.live().filter(|(_, p)| p.node == Some(node)).map(|(id, _)| id).collect()
    }

    pub(crate) fn pod(&self, pod: PodId) -> &PodState {
        &self.pods[pod.0 as usize]
    }

    pub(super) fn pod_mut(&mut self, pod: PodId) -> &mut PodState {
        &mut self.pods[pod.0 as usize]
    }

    pub(super) fn node(&self, node: NodeId) -> &NodeState {
        &self.nodes[usize::from(node.0)]
    }

    pub(super) fn node_mut(&mut self, node: NodeId) -> &mut NodeState {
        &mut self.nodes[usize::from(node.0)]
    }

    pub(super) fn facts_of(&self, pod: PodId) -> &WorkloadFacts {
        &self.facts.workloads[usize::from(self.pod(pod).workload.0)]
    }

    pub(super) fn api_available(&self) -> bool {
        self.facts.api(|node| self.node(node).alive)
    }

    /// Indices of the agenda's entries that may be next in a step that ends at `end`.
    #[must_use]
    pub fn enabled_until(&self, end: Option<Window>) -> Vec<usize> {
        let mut enabled = self.enabled();
        if let Some(last) = end.and_then(|end| end.latest) {
            enabled.retain(|&i| self.agenda[i].when.earliest <= last);
        }
        enabled
    }

    /// Whether a step that ends at `end` may end before any entry of the agenda happens.
    #[must_use]
    pub fn may_end(&self, end: Option<Window>) -> bool {
        let deadline = self.agenda.iter().filter_map(|e| e.when.latest).min();
        end.is_some_and(|end| deadline.is_none_or(|deadline| end.earliest <= deadline))
    }
}

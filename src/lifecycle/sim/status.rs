//! Where every pod is, as `kubectl` and a person who knows which machines are dead would say it.

use super::{PodState, Sim};
use crate::lifecycle::facts::{Data, NodeId, PodId, Storage, WorkloadId};
use crate::lifecycle::placer::Placer;

/// What a pod is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PodStatus {
    /// Ready on a live node.
    Up(NodeId),
    /// Bound to a live node, not ready.
    Starting(NodeId),
    /// Unbound.
    Pending,
    /// Terminating on a live node.
    Ending(NodeId),
    /// Terminating on a dead node: stays until the node returns or is fenced.
    Stuck(NodeId),
    /// Bound to a dead node and not marked for deletion.
    Lost(NodeId),
}

/// The pods of a workload by what they are doing; nodes in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadStatus {
    /// Ready, by node.
    pub up: Vec<NodeId>,
    /// Bound to a live node, not ready.
    pub starting: Vec<NodeId>,
    /// Unbound pods.
    pub pending: u32,
    /// Terminating on a live node.
    pub ending: Vec<NodeId>,
    /// Terminating on a dead node.
    pub stuck: Vec<NodeId>,
    /// Bound to a dead node, not marked for deletion.
    pub lost: Vec<NodeId>,
}

impl<P: Placer> Sim<P> {
    /// What a pod is doing; `None` if it is gone.
    #[must_use]
    pub fn pod_status(&self, pod: PodId) -> Option<PodStatus> {
        self.status_of(self.pods.get(pod.0 as usize)?)
    }

    fn status_of(&self, state: &PodState) -> Option<PodStatus> {
        if !state.exists {
            return None;
        }
        let Some(node) = state.node else { return Some(PodStatus::Pending) };
        let dead = !self.node(node).alive || !self.node(node).exists;
        Some(match (state.terminating, dead, state.ready) {
            (true, true, _) => PodStatus::Stuck(node),
            (true, false, _) => PodStatus::Ending(node),
            (false, true, _) => PodStatus::Lost(node),
            (false, false, true) => PodStatus::Up(node),
            (false, false, false) => PodStatus::Starting(node),
        })
    }

    /// How many pods of a workload are ready on a live node.
    #[must_use]
    pub fn running(&self, workload: WorkloadId) -> usize {
        let up = |pod: &PodState| matches!(self.status_of(pod), Some(PodStatus::Up(_)));
        self.newest_of(workload).filter(|(_, pod)| up(pod)).count()
    }

    /// What the pods of a workload are doing.
    #[must_use]
    pub fn status(&self, workload: WorkloadId) -> WorkloadStatus {
        let mut status = WorkloadStatus::default();
        for (_, pod) in self.newest_of(workload) {
            match self.status_of(pod) {
                Some(PodStatus::Up(n)) => status.up.push(n),
                Some(PodStatus::Starting(n)) => status.starting.push(n),
                Some(PodStatus::Pending) => status.pending += 1,
                Some(PodStatus::Ending(n)) => status.ending.push(n),
                Some(PodStatus::Stuck(n)) => status.stuck.push(n),
                Some(PodStatus::Lost(n)) => status.lost.push(n),
                None => {}
            }
        }
        for list in
            [&mut status.up, &mut status.starting, &mut status.ending, &mut status.stuck, &mut status.lost]
        {
            list.sort_unstable();
        }
        status
    }

    /// What became of the data of a workload's pod with that ordinal.
    #[must_use]
    pub fn data(&self, workload: WorkloadId, ordinal: u32) -> Data {
        let facts = &self.facts.workloads[usize::from(workload.0)];
        let state = &self.workloads[usize::from(workload.0)];
        match facts.storage {
            Storage::None | Storage::Replicated => Data::Kept,
            Storage::Ephemeral => {
                let made =
                    self.pods.iter().filter(|p| p.workload == workload && p.ordinal == ordinal).count();
                let first =
                    if state.wanted.len() > 1 || facts.replicas == 0 { 1 } else { facts.replicas as usize };
                let each = match facts.kind {
                    crate::lifecycle::facts::Kind::StatefulSet { .. }
                    | crate::lifecycle::facts::Kind::DaemonSet => 1,
                    _ => first,
                };
                if made > each { Data::Lost } else { Data::Kept }
            }
            Storage::Local => {
                let home = state.volume.get(ordinal as usize).copied().flatten();
                let away = home.is_some_and(|n| !self.node(n).alive || !self.node(n).exists);
                if away { Data::Pinned } else { Data::Kept }
            }
        }
    }
}

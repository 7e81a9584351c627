//! What happens to a cluster from outside: failures, returns, fences and planned work.

use super::facts::{NodeId, PodId, WorkloadId};
use super::window::Millis;

/// How a person (or automation) tells Kubernetes that a node is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fence {
    /// Taint `node.kubernetes.io/out-of-service:NoExecute`.
    OutOfService,
    /// `kubectl delete node`.
    DeleteNode,
    /// `kubectl delete pod --force --grace-period=0` of every Terminating pod on it.
    ForceDelete,
}

/// One act from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// A workload is created; its controller makes its pods.
    Create(WorkloadId),
    /// Every workload is created at once: Green, in any order.
    CreateAll,
    /// A machine dies silently.
    Lose(NodeId),
    /// A machine comes back.
    Return(NodeId),
    /// Somebody says that it is dead.
    Fence(NodeId, Fence),
    /// The out-of-service taint is removed.
    Unfence(NodeId),
    /// `kubectl cordon`.
    Cordon(NodeId),
    /// `kubectl uncordon`.
    Uncordon(NodeId),
    /// `kubectl drain --ignore-daemonsets`: cordon, and evict within the budgets.
    Drain(NodeId),
    /// `kubectl rollout restart`, or any change of the pod template.
    Restart(WorkloadId),
    /// `kubectl delete pod`.
    Delete(PodId),
    /// The controller manager restarts or another leader takes over: its timers start anew.
    RestartControllers,
}

/// How long a step lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Until {
    /// Until nothing more happens by itself.
    Settled,
    /// For so long after the acts of the step; what is not over by then goes on in the next step.
    After(Millis),
    /// Until the API knows that every dead node is not ready.
    Noticed,
}

/// Acts at one instant, and what follows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step {
    /// Name of the phase that it begins: `yellow`, `fenced` …
    pub name: String,
    /// Acts, in order.
    pub acts: Vec<Act>,
    /// Its end.
    pub until: Until,
}

/// A sequence of steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Story {
    /// The steps.
    pub steps: Vec<Step>,
}

impl Story {
    /// A story that begins with everything created on an empty cluster whose nodes are all up.
    #[must_use]
    pub fn green() -> Self {
        Self::default().then("green", [Act::CreateAll])
    }

    /// Adds a step that lasts until everything is quiet.
    #[must_use]
    pub fn then(self, name: &str, acts: impl IntoIterator<Item = Act>) -> Self {
        self.until(name, acts, Until::Settled)
    }

    /// Adds a step with its own end.
    #[must_use]
    pub fn until(mut self, name: &str, acts: impl IntoIterator<Item = Act>, until: Until) -> Self {
        self.steps.push(Step { name: name.to_owned(), acts: acts.into_iter().collect(), until });
        self
    }

    /// All these nodes die at once.
    #[must_use]
    pub fn lose(self, nodes: &[NodeId]) -> Self {
        self.then("lost", nodes.iter().copied().map(Act::Lose))
    }

    /// They are fenced with the out-of-service taint.
    #[must_use]
    pub fn fence(self, nodes: &[NodeId]) -> Self {
        self.then("fenced", nodes.iter().map(|&n| Act::Fence(n, Fence::OutOfService)))
    }

    /// They come back, and the fence is lifted once they are ready.
    #[must_use]
    pub fn back(self, nodes: &[NodeId]) -> Self {
        self.then("back", nodes.iter().copied().map(Act::Return))
            .then("returned", nodes.iter().copied().map(Act::Unfence))
    }

    /// A node is drained.
    #[must_use]
    pub fn drain(self, node: NodeId) -> Self {
        self.then("drained", [Act::Drain(node)])
    }

    /// A node goes away for `length` and comes back, unannounced.
    #[must_use]
    pub fn reboot(self, node: NodeId, length: Millis) -> Self {
        self.until("rebooting", [Act::Lose(node)], Until::After(length)).then("rebooted", [Act::Return(node)])
    }

    /// Each node in turn is drained, rebooted and uncordoned.
    #[must_use]
    pub fn upgrade(mut self, nodes: &[NodeId], length: Millis) -> Self {
        for &node in nodes {
            self = self.drain(node).reboot(node, length).then("upgraded", [Act::Uncordon(node)]);
        }
        self
    }

    /// A power cut: all nodes die at once, and come back one after the other, each `gap` later. Node
    /// and pod objects survive in the datastore, so pods keep their places unless a node stays away
    /// for longer than detection and toleration take.
    #[must_use]
    pub fn cold_start(mut self, nodes: &[NodeId], gap: Millis) -> Self {
        self = self.until("power cut", nodes.iter().copied().map(Act::Lose), Until::After(gap));
        for (i, &node) in nodes.iter().enumerate() {
            let until = if i + 1 == nodes.len() { Until::Settled } else { Until::After(gap) };
            self = self.until("joined", [Act::Return(node)], until);
        }
        self
    }
}

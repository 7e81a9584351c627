//! What the engine needs to know of a cluster, compiled once: names become numbers, tolerations become
//! patience, volumes become consequences.

use super::clocks::Clocks;
use super::control_plane::{self, Datastore};
use super::window::Millis;

/// A node, by its place in [`Facts::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u16);

/// A workload, by its place in [`Facts::workloads`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadId(pub u16);

/// A pod, by its place in the engine's list; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodId(pub u32);

/// How long a pod bears a NoExecute taint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Patience {
    /// Not tolerated: evicted at once.
    None,
    /// `tolerationSeconds`, in milliseconds.
    For(Millis),
    /// Tolerated without end.
    Forever,
}

/// How a controller makes, replaces and updates its pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Deployment with `RollingUpdate`: at most `surge` pods more and `unavailable` fewer than wanted.
    RollingUpdate {
        /// Resolved `maxSurge`.
        surge: u32,
        /// Resolved `maxUnavailable`.
        unavailable: u32,
    },
    /// Deployment with `Recreate`: an update waits for the end of every old pod.
    Recreate,
    /// A bare ReplicaSet: replaces pods, never updates them.
    ReplicaSet,
    /// At most one pod per ordinal; `parallel` pods do not wait for each other.
    StatefulSet {
        /// `podManagementPolicy: Parallel`.
        parallel: bool,
    },
    /// One pod on each node that it may run on.
    DaemonSet,
    /// Pods that are replaced until they complete.
    Job,
    /// A pod without a controller: nobody replaces it.
    Bare,
}

/// What holds a workload's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Storage {
    /// No volume that outlives a container.
    None,
    /// `emptyDir` and the like: the data end with the pod object.
    Ephemeral,
    /// A volume of one node: the pod is pinned to it.
    Local,
    /// A volume that can be attached elsewhere.
    Replicated,
}

/// What became of a workload's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Data {
    /// There are none, or they are where the pod is.
    Kept,
    /// The pod started anew without them.
    Lost,
    /// They are on a node that is gone, and the pod waits for it.
    Pinned,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFacts {
    /// Name.
    pub name: String,
    /// Region and zone labels, joined.
    pub zone: String,
    /// Labelled `node.kubernetes.io/exclude-disruption`.
    pub excluded: bool,
    /// Runs the control plane.
    pub server: bool,
}

/// A workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadFacts {
    /// `namespace/name`.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Controller.
    pub kind: Kind,
    /// Wanted pods; of a DaemonSet it is not used.
    pub replicas: u32,
    /// Priority of its pods.
    pub priority: i32,
    /// Patience with `node.kubernetes.io/unreachable:NoExecute`.
    pub unreachable: Patience,
    /// Patience with `node.kubernetes.io/not-ready:NoExecute`.
    pub not_ready: Patience,
    /// Patience with `node.kubernetes.io/out-of-service:NoExecute`.
    pub out_of_service: Patience,
    /// Whether new pods tolerate `unreachable:NoSchedule`.
    pub boards_unreachable: bool,
    /// Of a DaemonSet: nodes whose own taints and labels admit its pods.
    pub eligible: Vec<bool>,
    /// `terminationGracePeriodSeconds`, in milliseconds.
    pub grace: Millis,
    /// What holds its data.
    pub storage: Storage,
    /// Whether its first pods wait until their claims are bound (`volumeBindingMode: Immediate`).
    pub provisioned: bool,
    /// Whether no volume of its pods is there yet, and each is made wherever its pod is first placed.
    pub follows: bool,
    /// Requests of one pod, milli-CPU and bytes, for quotas.
    pub requests: (u64, u64),
    /// Priority class, for quotas.
    pub class: String,
}

/// A disruption budget, resolved to workloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetFacts {
    /// `namespace/name`.
    pub name: String,
    /// Workloads whose pods it guards.
    pub guards: Vec<WorkloadId>,
    /// Ready pods that must remain.
    pub must_remain: u32,
}

/// A ResourceQuota on requests and pods, possibly scoped by priority classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaFacts {
    /// Namespace.
    pub namespace: String,
    /// Whether it counts the pods of a workload, by workload.
    pub counts: Vec<bool>,
    /// `requests.cpu` in milli-CPU.
    pub cpu: Option<u64>,
    /// `requests.memory` in bytes.
    pub memory: Option<u64>,
    /// Number of pods.
    pub pods: Option<u64>,
}

/// Everything the engine needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Clocks.
    pub clocks: Clocks,
    /// Where the control plane keeps its state.
    pub datastore: Datastore,
    /// Nodes in the order of the cluster.
    pub nodes: Vec<NodeFacts>,
    /// Workloads in the order of the cluster.
    pub workloads: Vec<WorkloadFacts>,
    /// Disruption budgets.
    pub budgets: Vec<BudgetFacts>,
    /// Quotas.
    pub quotas: Vec<QuotaFacts>,
}

impl Facts {
    /// How many pods are wanted.
    #[must_use]
    pub fn pods(&self) -> u64 {
        let wanted = |workload: &WorkloadFacts| match workload.kind {
            Kind::DaemonSet => {
                u64::try_from(workload.eligible.iter().filter(|e| **e).count()).unwrap_or(u64::MAX)
            }
            _ => u64::from(workload.replicas),
        };
        self.workloads.iter().map(wanted).fold(0, u64::saturating_add)
    }

    /// The node of that name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<NodeId> {
        self.nodes.iter().position(|n| n.name == name).and_then(|i| u16::try_from(i).ok()).map(NodeId)
    }

    /// Whether the control plane answers when exactly the nodes that `lives` names are up.
    #[must_use]
    pub fn api(&self, lives: impl Fn(NodeId) -> bool) -> bool {
        let servers = || {
            let numbered = self.nodes.iter().zip(0_u16..);
            numbered.filter(|(n, _)| n.server).map(|(_, id)| NodeId(id))
        };
        let count = |nodes: usize| u32::try_from(nodes).unwrap_or(u32::MAX);
        let up = servers().filter(|n| lives(*n)).count();
        control_plane::available(self.datastore, count(servers().count()), count(up))
    }

    /// The workload of that `namespace/name`.
    #[must_use]
    pub fn workload(&self, name: &str) -> Option<WorkloadId> {
        self.workloads.iter().position(|w| w.name == name).and_then(|i| u16::try_from(i).ok()).map(WorkloadId)
    }
}

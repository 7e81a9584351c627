//! What the engine asks of the scheduler. The engine knows when a pod asks for a node; a [`Placer`]
//! knows which nodes it may get.

use super::facts::{NodeId, PodId, WorkloadId};
use super::sim::Naming;

/// A taint that the engine puts on nodes and takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// `node.kubernetes.io/unreachable:NoSchedule`.
    UnreachableNoSchedule,
    /// `node.kubernetes.io/unreachable:NoExecute`.
    UnreachableNoExecute,
    /// `node.kubernetes.io/out-of-service=nodeshutdown:NoExecute`.
    OutOfService,
    /// `spec.unschedulable`, with its taint.
    Cordoned,
}

/// The plugins that rejected a pod in its last attempt, one bit each; which bit is the placer's affair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rejectors(pub u32);

/// One way to make room.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Candidate {
    /// The node that the pod is nominated for.
    pub node: NodeId,
    /// Pods that must go.
    pub victims: Vec<PodId>,
    /// Pods of lower priority that lose their own nomination for this node.
    pub denominated: Vec<PodId>,
}

/// What one scheduling attempt can end in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Bound to one of these nodes; kube-scheduler picks among them at random. Never empty.
    Bind(Vec<NodeId>),
    /// No node has room; one of these preemptions follows. Never empty.
    Preempt(Vec<Candidate>, Rejectors),
    /// No node, and no preemption helps.
    Unschedulable(Rejectors),
}

/// Something that may make room or lift a rejection: what queueing hints are asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum News {
    /// A bound pod of that workload has gone.
    Gone(PodId, WorkloadId, NodeId),
    /// A waiting pod lost the node that preemption had made room on.
    Denominated(PodId),
    /// A pod was bound.
    Bound(PodId, NodeId),
    /// A node was registered.
    Registered(NodeId),
    /// A node got another taint, or was cordoned.
    Tainted(NodeId),
    /// Taints of a node went away, or it was uncordoned.
    Untainted(NodeId),
}

/// The scheduler as the engine sees it: state in, verdict out. Implementations are deterministic.
pub trait Placer: Clone {
    /// A taint is set or removed.
    fn mark(&mut self, node: NodeId, mark: Mark, on: bool);
    /// A Node object appears or disappears.
    fn register(&mut self, node: NodeId, exists: bool);
    /// A pod object appears, unbound. `target` is the node of a DaemonSet's pod, `ordinal` a
    /// StatefulSet's.
    fn add(&mut self, pod: PodId, workload: WorkloadId, ordinal: u32, target: Option<NodeId>);
    /// A pod is bound.
    fn bind(&mut self, pod: PodId, node: NodeId);
    /// A bound pod's kubelet reports its start, in seconds; among pods of equal priority the one that
    /// started last is the first victim.
    fn started(&mut self, pod: PodId, at: i64);
    /// A pod is marked for deletion, by preemption or otherwise, and still takes its room.
    fn terminate(&mut self, pod: PodId, preempted: bool);
    /// A pod object disappears.
    fn remove(&mut self, pod: PodId);
    /// A pod is nominated for a node, or no longer.
    fn nominate(&mut self, pod: PodId, node: Option<NodeId>);
    /// What an attempt to schedule the pod ends in now.
    fn decide(&mut self, pod: PodId) -> Verdict;
    /// Whether a queueing hint of one of the plugins that rejected `pod` wakes it.
    fn wakes(&self, pod: PodId, rejectors: Rejectors, news: News) -> bool;
}

/// A placer whose state can be compared: what an exploration needs besides.
pub trait Keyed: Placer {
    /// Appends what distinguishes a pod beyond what the engine knows of it.
    fn pod_key(&self, pod: PodId, naming: &Naming<'_>, out: &mut Vec<u32>);
    /// Appends the rest of the state; `named` gives a pod's place in the canonical order.
    fn key(&self, naming: &Naming<'_>, named: &dyn Fn(PodId) -> u32, out: &mut Vec<u32>);
}

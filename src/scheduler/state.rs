//! Who runs where: the part of the scheduler's view that changes.

use super::world::{ClassId, World};
use super::{NodeId, NodeSet};

/// Identity of a pod, given by the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PodId(pub u32);

/// A pod on a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Placed {
    /// Which pod.
    pub pod: PodId,
    /// Its class.
    pub class: ClassId,
    /// Start time in seconds; among pods of equal priority the earlier one is more important.
    pub start: i64,
    /// Whether it is being deleted. It still holds its resources.
    pub terminating: bool,
    /// Whether it is being deleted because the scheduler preempted it.
    pub preempted: bool,
}

/// A pending pod for which preemption made room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nomination {
    /// Which pod.
    pub pod: PodId,
    /// Its class.
    pub class: ClassId,
    /// Where.
    pub node: NodeId,
}

/// What a claim is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClaimBinding {
    /// Nothing yet.
    Unbound,
    /// The volume with this index in the cluster's list.
    Volume(usize),
    /// A volume made for it, reachable from these nodes only.
    Provisioned(NodeSet),
    /// A volume that does not exist.
    Missing,
}

/// Who runs where. Integer deltas only: whatever was added can be removed again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub(super) node_count: usize,
    pub(super) resource_count: usize,
    /// Used amount, by node and resource.
    pub(super) used: Vec<i64>,
    /// Used milli-CPU and bytes with scoring defaults, by node.
    pub(super) nonzero: Vec<[i64; 2]>,
    /// Number of pods, by node.
    pub(super) pod_count: Vec<i64>,
    /// Pods by node, in the order of the scheduler's own list.
    pods: Vec<Vec<Placed>>,
    /// Pods that are not terminating, by class and node.
    pub(super) running: Vec<u16>,
    /// Pods that are terminating, by class and node.
    pub(super) ending: Vec<u16>,
    /// Nodes that hold any pod of a class.
    pub(super) present: Vec<NodeSet>,
    /// Nodes on which each host port is taken. A set, as in the scheduler's own cache: if two pods hold
    /// a port, the first to leave frees it.
    pub(super) port_holders: Vec<NodeSet>,
    nominated: Vec<Nomination>,
    /// Nodes with a nomination.
    pub(super) nominated_nodes: NodeSet,
    /// Registered nodes.
    pub(super) registered: NodeSet,
    /// Nodes cordoned since the world was compiled.
    pub(super) cordoned: NodeSet,
    /// Nodes tainted `node.kubernetes.io/not-ready:NoSchedule`.
    pub(super) not_ready: NodeSet,
    /// Nodes tainted `node.kubernetes.io/unreachable:NoSchedule`.
    pub(super) unreachable: NodeSet,
    pub(super) claims: Vec<ClaimBinding>,
    /// Number of pods on nodes that use each claim.
    pub(super) claim_users: Vec<u16>,
    /// Volumes that a claim of this state holds.
    pub(super) volume_taken: Vec<bool>,
}

impl State {
    /// A state in which nothing runs, all nodes are registered and healthy.
    #[must_use]
    pub fn new(world: &World) -> State {
        let (nodes, classes) = (world.nodes.len(), world.classes.len());
        State {
            node_count: nodes,
            resource_count: world.resources.len(),
            used: vec![0; nodes * world.resources.len()],
            nonzero: vec![[0; 2]; nodes],
            pod_count: vec![0; nodes],
            pods: vec![Vec::new(); nodes],
            running: vec![0; nodes * classes],
            ending: vec![0; nodes * classes],
            present: vec![NodeSet::EMPTY; classes],
            port_holders: vec![NodeSet::EMPTY; world.port_count],
            nominated: Vec::new(),
            nominated_nodes: NodeSet::EMPTY,
            registered: NodeSet::first_n(nodes),
            cordoned: NodeSet::EMPTY,
            not_ready: NodeSet::EMPTY,
            unreachable: NodeSet::EMPTY,
            claims: world.volumes.initial.clone(),
            claim_users: vec![0; world.volumes.initial.len()],
            volume_taken: world.volumes.taken(&world.volumes.initial),
        }
    }

    /// Puts a pod on a node.
    pub fn place(&mut self, world: &World, node: NodeId, placed: Placed) {
        self.pods[node.index()].push(placed);
        self.count(world, node, placed, 1);
    }

    /// Takes a pod off a node, if it is there. As in the scheduler's own list, the last pod of the node
    /// takes its position.
    pub fn remove(&mut self, world: &World, node: NodeId, pod: PodId) -> Option<Placed> {
        let list = &mut self.pods[node.index()];
        let at = list.iter().position(|p| p.pod == pod)?;
        let placed = list.swap_remove(at);
        self.count(world, node, placed, -1);
        Some(placed)
    }

    /// Marks a pod as terminating.
    pub fn terminate(&mut self, world: &World, node: NodeId, pod: PodId, preempted: bool) {
        let Some(at) = self.pods[node.index()].iter().position(|p| p.pod == pod) else { return };
        let before = self.pods[node.index()][at];
        if before.terminating {
            return;
        }
        self.count(world, node, before, -1);
        let after = Placed { terminating: true, preempted, ..before };
        self.pods[node.index()][at] = after;
        self.count(world, node, after, 1);
    }

    /// Sets the start time of a pod, in seconds, where it stands in its node's list.
    pub fn set_start(&mut self, node: NodeId, pod: PodId, start: i64) {
        if let Some(placed) = self.pods[node.index()].iter_mut().find(|p| p.pod == pod) {
            placed.start = start;
        }
    }

    /// Pods on a node.
    #[must_use]
    pub fn pods_on(&self, node: NodeId) -> &[Placed] {
        &self.pods[node.index()]
    }

    /// The node that holds a pod.
    #[must_use]
    pub fn node_of(&self, pod: PodId) -> Option<NodeId> {
        let holds = |list: &Vec<Placed>| list.iter().any(|p| p.pod == pod);
        self.pods.iter().position(holds).and_then(|n| u8::try_from(n).ok()).map(NodeId)
    }

    /// Number of pods of a class on a node that are not terminating.
    #[must_use]
    pub fn running_on(&self, class: ClassId, node: NodeId) -> u16 {
        self.running[class.index() * self.node_count + node.index()]
    }

    /// Nodes that hold a pod of a class, terminating or not.
    #[must_use]
    pub fn nodes_with(&self, class: ClassId) -> NodeSet {
        self.present[class.index()]
    }

    /// Records that preemption made room for a pod; replaces an earlier nomination of the pod.
    pub fn nominate(&mut self, nomination: Nomination) {
        self.clear_nomination(nomination.pod);
        self.nominated.push(nomination);
        self.nominated_nodes.insert(nomination.node);
    }

    /// Drops the nomination of a pod.
    pub fn clear_nomination(&mut self, pod: PodId) {
        self.nominated.retain(|n| n.pod != pod);
        self.nominated_nodes = self.nominated.iter().map(|n| n.node).collect();
    }

    /// All nominations, in the order in which they were made.
    #[must_use]
    pub fn nominations(&self) -> &[Nomination] {
        &self.nominated
    }

    /// Registers or removes a node object. Pods on it are the caller's affair.
    pub fn set_registered(&mut self, node: NodeId, on: bool) {
        set(&mut self.registered, node, on);
    }

    /// Cordons or uncordons a node.
    pub fn set_cordoned(&mut self, node: NodeId, on: bool) {
        set(&mut self.cordoned, node, on);
    }

    /// Adds or removes the taint `node.kubernetes.io/not-ready:NoSchedule`.
    pub fn set_not_ready(&mut self, node: NodeId, on: bool) {
        set(&mut self.not_ready, node, on);
    }

    /// Adds or removes the taint `node.kubernetes.io/unreachable:NoSchedule`.
    pub fn set_unreachable(&mut self, node: NodeId, on: bool) {
        set(&mut self.unreachable, node, on);
    }

    /// What a claim is bound to; claims have the order of the cluster's list.
    #[must_use]
    pub fn claim(&self, claim: usize) -> ClaimBinding {
        self.claims[claim]
    }

    /// Binds a claim, or frees it.
    pub fn bind_claim(&mut self, world: &World, claim: usize, binding: ClaimBinding) {
        self.claims[claim] = binding;
        self.volume_taken = world.volumes.taken(&self.claims);
    }

    /// What the volume controllers do with a new claim whose class does not wait for its first pod: they bind it to the
    /// smallest free volume that serves it, else to one that the class's provisioner makes. Without either it stays
    /// unbound. Source: `syncUnboundClaim` in `pkg/controller/volume/persistentvolume/pv_controller.go`, v1.34.
    pub fn bind_at_once(&mut self, world: &World, index: usize) {
        let claim = &world.volumes.claims[index];
        if self.claims[index] != ClaimBinding::Unbound || claim.waits || claim.neglected {
            return;
        }
        let free = claim.volumes.iter().find(|v| !self.volume_taken[**v]);
        if let Some(&volume) = free {
            self.bind_claim(world, index, ClaimBinding::Volume(volume));
        } else if claim.provisionable != NodeSet::EMPTY {
            self.bind_claim(world, index, ClaimBinding::Provisioned(claim.provisionable));
        }
    }

    /// Appends what does not follow from which pods are where: holders of host ports, bindings of claims.
    /// `name` gives the word of a node.
    pub fn volatile(&self, name: &mut impl FnMut(Option<NodeId>) -> u32, out: &mut Vec<u32>) {
        let mut set = |nodes: NodeSet, out: &mut Vec<u32>| {
            let mut names: Vec<u32> = nodes.iter().map(|n| name(Some(n))).collect();
            names.sort_unstable();
            out.extend(names);
            out.push(u32::MAX);
        };
        for holders in &self.port_holders {
            set(*holders, out);
        }
        for claim in &self.claims {
            match claim {
                ClaimBinding::Unbound => out.push(0),
                ClaimBinding::Missing => out.push(1),
                ClaimBinding::Volume(volume) => out.extend([2, u32::try_from(*volume).unwrap_or(u32::MAX)]),
                ClaimBinding::Provisioned(nodes) => {
                    out.push(3);
                    set(*nodes, out);
                }
            }
        }
    }

    /// Adds (`1`) or subtracts (`-1`) a pod in all sums, without touching the node's list.
    pub(super) fn count(&mut self, world: &World, node: NodeId, placed: Placed, sign: i64) {
        let class = &world.classes[placed.class.index()];
        let n = node.index();
        let used = &mut self.used[n * self.resource_count..(n + 1) * self.resource_count];
        for (sum, request) in used.iter_mut().zip(&class.request) {
            // Wrapping stays reversible where amounts are absurd.
            *sum = sum.wrapping_add(sign * request);
        }
        for (sum, request) in self.nonzero[n].iter_mut().zip(&class.nonzero) {
            *sum = sum.wrapping_add(sign * request);
        }
        self.pod_count[n] += sign;
        let at = placed.class.index() * self.node_count + n;
        let counter = if placed.terminating { &mut self.ending[at] } else { &mut self.running[at] };
        *counter = if sign > 0 { counter.saturating_add(1) } else { counter.saturating_sub(1) };
        let any = self.running[at] > 0 || self.ending[at] > 0;
        set(&mut self.present[placed.class.index()], node, any);
        for port in &class.ports {
            set(&mut self.port_holders[*port], node, sign > 0);
        }
        for claim in class.existing_claims() {
            let users = &mut self.claim_users[claim];
            *users = if sign > 0 { users.saturating_add(1) } else { users.saturating_sub(1) };
        }
    }
}

fn set(nodes: &mut NodeSet, node: NodeId, on: bool) {
    if on { nodes.insert(node) } else { nodes.remove(node) }
}

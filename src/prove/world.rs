//! What the bounds need to know of a cluster, compiled once: per class of identical pods where it may
//! ever stand, what it takes, whom it cannot stand beside, and which way scores pull it.
//!
//! Everything here holds in *every* state of the cluster: it rests on node objects and pod templates
//! alone. The one exception is the set of lost nodes, which the bounds subtract themselves.

mod between;

use std::collections::BTreeMap;

use crate::cluster::matching::{
    barrier, budget_selects, disliked_taints, preference, selects_node, tolerates_condition,
};
use crate::cluster::{Cluster, HOSTNAME_LABEL, Node, Workload, WorkloadKind, ZONE_LABEL};
use crate::kube::{Pod, PodSpec, ResourceQuota, Taint};
use crate::lifecycle::{NodeId, WorkloadId};
use crate::scheduler::Requests;

/// Resources that are counted: CPU in thousandths, memory in bytes, pods, then every other resource
/// that some pod requests, in whole units.
pub type Amounts = Vec<i64>;

/// The index of CPU in [`Amounts`].
pub const CPU: usize = 0;
/// The index of memory in [`Amounts`].
pub const MEMORY: usize = 1;
/// The index of the number of pods in [`Amounts`].
pub const PODS: usize = 2;

/// A required spread decides about a class.
const SPREAD: &str = "topology spread with DoNotSchedule";
/// A claim of a volume decides about a class.
const CLAIM: &str = "a volume claim";

/// Identical pods: those of one workload.
#[derive(Clone, Debug)]
pub struct Class {
    /// `namespace/name`.
    pub name: String,
    /// Priority as admission resolves it.
    pub priority: i32,
    /// Whether it may preempt.
    pub preempts: bool,
    /// What one pod takes.
    pub request: Amounts,
    /// What one pod counts for in scores: CPU in thousandths and memory in bytes, with the defaults of
    /// containers that request nothing.
    pub scored: [i64; 2],
    /// Whether claims are about it: it has a tier, or, without a policy, is not the distribution's own.
    pub ranked: bool,
    /// Pods that run at once in the steady state; of a DaemonSet one per node.
    pub replicas: i64,
    /// Made by a DaemonSet: one pod per node, tied to it.
    pub daemon: bool,
    /// Nodes that the static filters admit it to (names, labels, taints).
    pub allowed: Vec<bool>,
    /// Why a node is not allowed: the first rejecting plugin and its reason.
    pub rejected: Vec<Option<Reject>>,
    /// Untolerated `PreferNoSchedule` taints per node.
    pub prefer_not: Vec<i64>,
    /// Sum of the weights of preferred node affinity per node.
    pub node_affinity: Vec<i64>,
    /// Soft topology spread may move its score: own constraints, or the system defaults with siblings.
    pub spreads: bool,
    /// So many pods its required spreads always let in.
    pub even: i64,
    /// Some preferred pod (anti-)affinity term of it, or towards it, exists.
    pub pod_pull: bool,
    /// Something that decides about it and that the bounds do not model.
    pub beyond: Option<&'static str>,
    /// That is its volume claims and nothing else.
    pub claims_alone: bool,
}

impl Class {
    /// So many pods run at once.
    pub fn runs(&mut self, replicas: i64) {
        self.replicas = replicas;
        if replicas > self.even {
            self.goes_beyond(SPREAD);
        }
    }

    fn goes_beyond(&mut self, why: &'static str) {
        (self.beyond, self.claims_alone) = (Some(why), false);
    }
}

/// Why a node never takes a pod: plugin and reason in kube-scheduler's words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reject {
    /// Plugin.
    pub plugin: &'static str,
    /// Reason as kube-scheduler words it.
    pub reason: String,
}

/// A node.
#[derive(Clone, Debug)]
pub struct Place {
    /// Name.
    pub name: String,
    /// What pods may use.
    pub allocatable: Amounts,
    /// Whether it is one of the last resorts of the policy.
    pub lifeboat: bool,
}

/// A cluster as the bounds see it.
#[derive(Clone, Debug)]
pub struct World {
    /// Minor version of Kubernetes.
    pub minor: u8,
    /// Nodes in the order of the cluster.
    pub places: Vec<Place>,
    /// Workloads in the order of the cluster.
    pub classes: Vec<Class>,
    /// Names of the counted resources.
    pub resources: Vec<String>,
    /// `[a][b]`: what pods of `a` mean to those of `b`, a set of [`CONFLICT`], [`OWNS`], [`ALL_TERMS`] and [`CROWDED`].
    between: Vec<u8>,
    /// The same, as a list for each class.
    foes: Vec<Vec<WorkloadId>>,
    /// Who may need a class gone from a node, for each class.
    rivals: Vec<Vec<WorkloadId>>,
    /// Nodes that the static filters admit each class to; of the first 128.
    admitted: Vec<u128>,
    /// `repels[a][b]`: weight with which `a` prefers not to share a host with `b`.
    repels: BTreeMap<(usize, usize), i64>,
    /// Classes with required pod affinity.
    company: Vec<bool>,
    /// `cordons_ignored[c]`: pods of the class tolerate the taint of a cordoned node.
    pub cordons_ignored: Vec<bool>,
    /// `guarded[c]`: a disruption budget matches pods of the class.
    pub guarded: Vec<bool>,
    /// Nodes are alike in the labels that system default spreading reads.
    pub even_topology: bool,
    /// Every node has a host-name label of its own, so that terms over it are about single nodes.
    hosts: bool,
}

impl World {
    /// Compiles a cluster. `lifeboat` names the nodes of the last resort.
    #[must_use]
    pub fn of(cluster: &Cluster, lifeboat: &[String]) -> Self {
        Self::of_pods(cluster, &cluster.samples(), lifeboat)
    }

    /// The same with a sample of each workload's pods ([`Cluster::samples`]).
    #[must_use]
    pub fn of_pods(cluster: &Cluster, pods: &[Pod], lifeboat: &[String]) -> Self {
        let mut resources = vec!["cpu".to_owned(), "memory".to_owned(), "pods".to_owned()];
        let requests: Vec<Requests> =
            pods.iter().map(|pod| Requests::of(&pod.spec, cluster.version)).collect();
        if requests.iter().any(|r| r.ephemeral_storage > 0) {
            resources.push("ephemeral-storage".to_owned());
        }
        for name in requests.iter().flat_map(|r| r.scalar.keys()) {
            if !resources.contains(name) {
                resources.push(name.clone());
            }
        }
        let places = cluster
            .nodes
            .iter()
            .map(|n| Place {
                name: n.name.clone(),
                allocatable: resources
                    .iter()
                    .map(|r| match n.allocatable.get(r) {
                        Some(q) if r == "cpu" => q.milli(),
                        Some(q) => q.value(),
                        None => 0,
                    })
                    .collect(),
                lifeboat: lifeboat.contains(&n.name),
            })
            .collect::<Vec<_>>();
        let count = pods.len();
        let mut world = Self {
            minor: cluster.version.minor(),
            hosts: hosts(cluster),
            even_topology: hosts(cluster) && even_zones(cluster),
            places,
            classes: Vec::with_capacity(count),
            resources,
            between: vec![0; count * count],
            foes: Vec::new(),
            rivals: Vec::new(),
            admitted: Vec::new(),
            repels: BTreeMap::new(),
            company: vec![false; count],
            cordons_ignored: pods.iter().map(|p| tolerates_condition(&p.spec, "unschedulable")).collect(),
            guarded: vec![false; count],
        };
        for ((workload, pod), requests) in cluster.workloads.iter().zip(pods).zip(&requests) {
            let class = class(cluster, &world, workload, (pod, requests));
            world.classes.push(class);
        }
        world.relations(cluster, pods);
        world.crowds(cluster, pods);
        world.foes = world.ids().map(|a| world.ids().filter(|&b| world.conflict(a, b)).collect()).collect();
        world.rivals =
            world.ids().map(|b| world.ids().filter(|&a| world.displaces(a, b)).collect()).collect();
        let bits = |class: &Class| {
            let admits = class.allowed.iter().take(128).enumerate().filter(|(_, admits)| **admits);
            admits.fold(0, |set, (node, _)| set | 1_u128 << node)
        };
        world.admitted = world.classes.iter().map(bits).collect();
        for pdb in &cluster.pdbs {
            for (i, pod) in pods.iter().enumerate() {
                world.guarded[i] |= budget_selects(pdb, pod);
            }
        }
        world
    }

    /// Nodes that the static filters admit the class to, one bit each; of the first 128.
    #[must_use]
    pub fn admitted(&self, class: WorkloadId) -> u128 {
        self.admitted[usize::from(class.0)]
    }

    /// The class behind a workload.
    #[must_use]
    pub fn class(&self, id: WorkloadId) -> &Class {
        &self.classes[usize::from(id.0)]
    }

    /// The node behind an id.
    #[must_use]
    pub fn place(&self, id: NodeId) -> &Place {
        &self.places[usize::from(id.0)]
    }

    /// All classes.
    pub fn ids(&self) -> impl Iterator<Item = WorkloadId> + use<> {
        (0..self.classes.len()).map(|i| WorkloadId(u16::try_from(i).unwrap_or(u16::MAX)))
    }

    /// All nodes.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.places.len()).map(|i| NodeId(u16::try_from(i).unwrap_or(u16::MAX)))
    }

    /// Whether static filters admit the class to the node.
    #[must_use]
    pub fn allowed(&self, class: WorkloadId, node: NodeId) -> bool {
        self.class(class).allowed[usize::from(node.0)]
    }
}

fn class(cluster: &Cluster, world: &World, workload: &Workload, (pod, requests): (&Pod, &Requests)) -> Class {
    let spec = &pod.spec;
    let rejected: Vec<Option<Reject>> = cluster.nodes.iter().map(|n| reject(spec, n)).collect();
    let counted = |q: &ResourceQuota| {
        q.metadata.namespace() == workload.namespace && q.counts_class(&spec.priority_class_name)
    };
    let refused = cluster.priority_of(&workload.template.spec.priority_class_name).class_is_missing
        || cluster.quotas.iter().any(counted);
    let beyond = if refused { Some("admission that may refuse it") } else { beyond(workload, pod) };
    Class {
        name: workload.key(),
        priority: spec.priority.unwrap_or(0),
        preempts: spec.preemption_policy.as_deref() != Some("Never"),
        request: world.resources.iter().map(|name| requests.get(name)).collect(),
        scored: [requests.nonzero_milli_cpu, requests.nonzero_memory],
        ranked: match &workload.owner.tier {
            Some(_) => true,
            None => {
                let tiers = cluster.workloads.iter().any(|w| w.owner.tier.is_some());
                !tiers && workload.namespace != "kube-system"
            }
        },
        replicas: i64::from(workload.replicas.max(0)),
        daemon: workload.kind == WorkloadKind::DaemonSet,
        allowed: rejected.iter().map(Option::is_none).collect(),
        rejected,
        prefer_not: cluster.nodes.iter().map(|n| disliked_taints(spec, n)).collect(),
        node_affinity: cluster.nodes.iter().map(|n| preference(spec, n).unwrap_or(0)).collect(),
        spreads: !spec.topology_spread_constraints.is_empty()
            || workload.replicas > 1
            || !matches!(
                workload.kind,
                WorkloadKind::Deployment
                    | WorkloadKind::ReplicaSet
                    | WorkloadKind::StatefulSet
                    | WorkloadKind::DaemonSet
            ),
        even: i64::MAX,
        pod_pull: false,
        claims_alone: beyond == Some(CLAIM),
        beyond,
    }
}

fn beyond(workload: &Workload, pod: &Pod) -> Option<&'static str> {
    if !pod.spec.resource_claims.is_empty() {
        Some("a resource claim")
    } else if !pod.spec.scheduler_name.is_empty() && pod.spec.scheduler_name != "default-scheduler" {
        Some("another scheduler")
    } else if !workload.claims(0).is_empty() || pod.spec.volumes.iter().any(|v| v.ephemeral.is_some()) {
        Some(CLAIM)
    } else {
        None
    }
}

/// The first static filter that rejects the pod, in kube-scheduler's order. A taint is named, as releases before 1.34 do.
fn reject(spec: &PodSpec, node: &Node) -> Option<Reject> {
    let no = |plugin, reason: String| Some(Reject { plugin, reason });
    if node.unschedulable && !tolerates_condition(spec, "unschedulable") {
        return no("NodeUnschedulable", "node(s) were unschedulable".to_owned());
    }
    if !spec.node_name.is_empty() && spec.node_name != node.name {
        return no("NodeName", "node(s) didn't match the requested node name".to_owned());
    }
    if let Some(Taint { key, value, .. }) = barrier(spec, &node.taints) {
        return no("TaintToleration", format!("node(s) had untolerated taint {{{key}: {value}}}"));
    }
    if !selects_node(spec, &node.name, &node.labels) {
        return no("NodeAffinity", "node(s) didn't match Pod's node affinity/selector".to_owned());
    }
    None
}

/// Whether every node has a host-name label that no other has.
fn hosts(cluster: &Cluster) -> bool {
    let mut names: Vec<&String> = cluster.nodes.iter().filter_map(|n| n.labels.get(HOSTNAME_LABEL)).collect();
    names.sort_unstable();
    names.dedup();
    names.len() == cluster.nodes.len()
}

/// Whether either all nodes or none have a zone.
fn even_zones(cluster: &Cluster) -> bool {
    let zoned = cluster.nodes.iter().filter(|n| n.labels.contains_key(ZONE_LABEL)).count();
    zoned == 0 || zoned == cluster.nodes.len()
}

/// Adds `times` × `what` to `sum`, saturating.
pub fn add(sum: &mut [i64], what: &[i64], times: i64) {
    for (s, w) in sum.iter_mut().zip(what) {
        *s = s.saturating_add(w.saturating_mul(times));
    }
}

/// Whether `sum` is within `limit` in every resource.
#[must_use]
pub fn within(sum: &[i64], limit: &[i64]) -> bool {
    sum.iter().zip(limit).all(|(s, l)| s <= l)
}

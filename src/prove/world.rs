//! What the bounds need to know of a cluster, compiled once: per class of identical pods where it may
//! ever stand, what it takes, whom it cannot stand beside, and which way scores pull it.
//!
//! Everything here holds in *every* state of the cluster: it rests on node objects and pod templates
//! alone. The one exception is the set of lost nodes, which the bounds subtract themselves.

use std::collections::BTreeMap;

use crate::cluster::{Cluster, HOSTNAME_LABEL, Workload, WorkloadKind};
use crate::kube::{Effect, Pod, PodAffinityTerm, ResourceQuota, Taint};
use crate::lifecycle::{NodeId, WorkloadId};

/// Resources that are counted: CPU in thousandths, memory in bytes, pods, then every other resource
/// that some pod requests, in whole units.
pub type Amounts = Vec<i64>;

/// The index of CPU in [`Amounts`].
pub const CPU: usize = 0;
/// The index of memory in [`Amounts`].
pub const MEMORY: usize = 1;
/// The index of the number of pods in [`Amounts`].
pub const PODS: usize = 2;

/// They cannot share a node: required anti-affinity of either side over the host name, or a host port.
const CONFLICT: u8 = 1;
/// The first one has the anti-affinity term (or both want the port).
const OWNS: u8 = 2;
/// The first one has required anti-affinity terms and the second matches every one of them.
const ALL_TERMS: u8 = 4;

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
    /// Some preferred pod (anti-)affinity term of it, or towards it, exists.
    pub pod_pull: bool,
    /// Something that decides about it and that the bounds do not model.
    pub beyond: Option<&'static str>,
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
    /// `[a][b]`: what pods of `a` and `b` mean to each other, a set of [`CONFLICT`], [`OWNS`] and [`ALL_TERMS`].
    between: Vec<u8>,
    /// The same, as a list for each class.
    foes: Vec<Vec<WorkloadId>>,
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
        for pod in pods {
            for container in pod.spec.containers.iter().chain(&pod.spec.init_containers) {
                for name in container.resources.requests.keys() {
                    if !resources.contains(name) {
                        resources.push(name.clone());
                    }
                }
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
                        None if r == "pods" => 110,
                        None => 0,
                    })
                    .collect(),
                lifeboat: lifeboat.contains(&n.name),
            })
            .collect::<Vec<_>>();
        let count = pods.len();
        let mut world = Self {
            minor: cluster.version.minor(),
            even_topology: even_topology(cluster),
            places,
            classes: Vec::with_capacity(count),
            resources,
            between: vec![0; count * count],
            foes: Vec::new(),
            admitted: Vec::new(),
            repels: BTreeMap::new(),
            company: vec![false; count],
            cordons_ignored: ignore_cordons(pods),
            guarded: vec![false; count],
        };
        for (workload, pod) in cluster.workloads.iter().zip(pods) {
            let class = class(cluster, &world, workload, pod);
            world.classes.push(class);
        }
        world.relations(cluster, pods);
        world.foes = world.ids().map(|a| world.ids().filter(|&b| world.conflict(a, b)).collect()).collect();
        let bits = |class: &Class| {
            let admits = class.allowed.iter().take(128).enumerate().filter(|(_, admits)| **admits);
            admits.fold(0, |set, (node, _)| set | 1_u128 << node)
        };
        world.admitted = world.classes.iter().map(bits).collect();
        for pdb in &cluster.pdbs {
            let Some(selector) = &pdb.spec.selector else { continue };
            for (i, pod) in pods.iter().enumerate() {
                world.guarded[i] |= pod.metadata.namespace == pdb.metadata.namespace
                    && selector.matches(&pod.metadata.labels);
            }
        }
        world
    }

    fn relations(&mut self, cluster: &Cluster, pods: &[Pod]) {
        let count = pods.len();
        for (a, pod) in pods.iter().enumerate() {
            let Some(affinity) = &pod.spec.affinity else { continue };
            let anti = affinity.pod_anti_affinity.as_ref();
            for term in anti.into_iter().flat_map(|s| &s.required) {
                for (b, other) in pods.iter().enumerate() {
                    if matches(cluster, pod, term, other) {
                        if term.topology_key == HOSTNAME_LABEL {
                            self.between[a * count + b] |= CONFLICT | OWNS;
                            self.between[b * count + a] |= CONFLICT;
                        } else {
                            let beyond = "required anti-affinity over more than one host";
                            self.classes[a].beyond = Some(beyond);
                            self.classes[b].beyond = Some(beyond);
                        }
                    }
                }
            }
            let required = anti.map_or(&[][..], |s| &s.required);
            for (b, other) in pods.iter().enumerate() {
                let all = !required.is_empty() && required.iter().all(|t| matches(cluster, pod, t, other));
                self.between[a * count + b] |= if all { ALL_TERMS } else { 0 };
            }
            let near = affinity.pod_affinity.as_ref();
            if near.is_some_and(|s| !s.required.is_empty()) {
                self.company[a] = true;
                self.classes[a].beyond = Some("required pod affinity");
            }
            // The scheduler counts required affinity of bound pods towards a new one with weight 1.
            let hard = near.into_iter().flat_map(|s| s.required.iter().map(|t| (t, -1)));
            let soft = near
                .into_iter()
                .flat_map(|s| s.preferred.iter().map(|t| (&t.pod_affinity_term, -i64::from(t.weight))));
            let away = anti
                .into_iter()
                .flat_map(|s| s.preferred.iter().map(|t| (&t.pod_affinity_term, i64::from(t.weight))));
            for (term, weight) in hard.chain(soft).chain(away) {
                for (b, other) in pods.iter().enumerate() {
                    if matches(cluster, pod, term, other) {
                        self.classes[a].pod_pull = true;
                        self.classes[b].pod_pull = true;
                        if term.topology_key == HOSTNAME_LABEL {
                            *self.repels.entry((a, b)).or_default() += weight;
                        }
                    }
                }
            }
        }
        let ports: Vec<_> = pods.iter().map(host_ports).enumerate().filter(|(_, p)| !p.is_empty()).collect();
        for (a, mine) in &ports {
            for (b, taken) in &ports {
                if mine.iter().any(|port| taken.contains(port)) {
                    self.between[a * count + b] |= CONFLICT | OWNS;
                }
            }
        }
    }

    /// Whether pods of two classes cannot share a node.
    #[must_use]
    pub fn conflict(&self, a: WorkloadId, b: WorkloadId) -> bool {
        self.between(a, b) & CONFLICT != 0
    }

    fn between(&self, a: WorkloadId, b: WorkloadId) -> u8 {
        self.between[usize::from(a.0) * self.classes.len() + usize::from(b.0)]
    }

    /// The classes whose pods cannot share a node with this one's, itself included.
    #[must_use]
    pub fn foes(&self, class: WorkloadId) -> &[WorkloadId] {
        &self.foes[usize::from(class.0)]
    }

    /// Nodes that the static filters admit the class to, one bit each; of the first 128.
    #[must_use]
    pub fn admitted(&self, class: WorkloadId) -> u128 {
        self.admitted[usize::from(class.0)]
    }

    /// Whether the first class states the conflict itself.
    #[must_use]
    pub fn owns(&self, a: WorkloadId, b: WorkloadId) -> bool {
        self.between(a, b) & OWNS != 0
    }

    /// The weight with which `a` prefers not to share a host with `b`.
    #[must_use]
    pub fn repels(&self, a: WorkloadId, b: WorkloadId) -> i64 {
        self.repels.get(&(a.0.into(), b.0.into())).copied().unwrap_or(0)
    }

    /// Whether `b` matches every required anti-affinity term of `a`, of which there is at least one.
    #[must_use]
    pub fn matches_all_terms(&self, a: WorkloadId, b: WorkloadId) -> bool {
        self.between(a, b) & ALL_TERMS != 0
    }

    /// Whether the class has required pod affinity.
    #[must_use]
    pub fn wants_company(&self, class: WorkloadId) -> bool {
        self.company[usize::from(class.0)]
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

fn class(cluster: &Cluster, world: &World, workload: &Workload, pod: &Pod) -> Class {
    let spec = &pod.spec;
    let rejected: Vec<Option<Reject>> = cluster.nodes.iter().map(|n| reject(pod, n)).collect();
    let affinity = spec.affinity.as_ref().and_then(|a| a.node_affinity.as_ref());
    Class {
        name: workload.key(),
        priority: spec.priority.unwrap_or(0),
        preempts: spec.preemption_policy.as_deref() != Some("Never"),
        request: world
            .resources
            .iter()
            .map(|r| match r.as_str() {
                "pods" => 1,
                name => crate::prove::requests::of(spec, name),
            })
            .collect(),
        scored: crate::prove::requests::scored(spec),
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
        prefer_not: cluster
            .nodes
            .iter()
            .map(|n| {
                let soft = n.taints.iter().filter(|t| t.effect == Effect::PreferNoSchedule);
                let counted = soft.filter(|t| {
                    let tolerated = spec.tolerations.iter().any(|x| {
                        x.effect.as_ref().is_none_or(|e| *e == Effect::PreferNoSchedule) && x.tolerates(t)
                    });
                    !tolerated
                });
                i64::try_from(counted.count()).unwrap_or(i64::MAX)
            })
            .collect(),
        node_affinity: cluster
            .nodes
            .iter()
            .map(|n| {
                let terms = affinity.into_iter().flat_map(|a| &a.preferred);
                terms.filter(|t| t.preference.matches(&n.name, &n.labels)).map(|t| i64::from(t.weight)).sum()
            })
            .collect(),
        spreads: !spec.topology_spread_constraints.is_empty()
            || workload.replicas > 1
            || !matches!(
                workload.kind,
                WorkloadKind::Deployment
                    | WorkloadKind::ReplicaSet
                    | WorkloadKind::StatefulSet
                    | WorkloadKind::DaemonSet
            ),
        pod_pull: false,
        beyond: beyond(workload, pod).or_else(|| {
            let counted = |q: &ResourceQuota| {
                q.metadata.namespace() == workload.namespace && q.counts_class(&spec.priority_class_name)
            };
            let refused = cluster.priority_of(&workload.template.spec.priority_class_name).class_is_missing;
            (refused || cluster.quotas.iter().any(counted)).then_some("admission that may refuse it")
        }),
    }
}

fn beyond(workload: &Workload, pod: &Pod) -> Option<&'static str> {
    if pod.spec.topology_spread_constraints.iter().any(|c| c.is_hard()) {
        Some("topology spread with DoNotSchedule")
    } else if !workload.claims(0).is_empty() || pod.spec.volumes.iter().any(|v| v.ephemeral.is_some()) {
        Some("a volume claim")
    } else if !pod.spec.resource_claims.is_empty() {
        Some("a resource claim")
    } else if !pod.spec.scheduler_name.is_empty() && pod.spec.scheduler_name != "default-scheduler" {
        Some("another scheduler")
    } else if pod.spec.resources.is_some() {
        Some("pod-level resources")
    } else {
        None
    }
}

/// The first static filter that rejects the pod, in kube-scheduler's order.
fn reject(pod: &Pod, node: &crate::cluster::Node) -> Option<Reject> {
    let no = |plugin, reason: String| Some(Reject { plugin, reason });
    if node.unschedulable {
        return no("NodeUnschedulable", "node(s) were unschedulable".to_owned());
    }
    if !pod.spec.node_name.is_empty() && pod.spec.node_name != node.name {
        return no("NodeName", "node(s) didn't match the requested node name".to_owned());
    }
    for taint in &node.taints {
        let hard = matches!(taint.effect, Effect::NoSchedule | Effect::NoExecute);
        if hard && !pod.spec.tolerations.iter().any(|t| t.tolerates(taint)) {
            let (key, value) = (&taint.key, &taint.value);
            return no("TaintToleration", format!("node(s) had untolerated taint {{{key}: {value}}}"));
        }
    }
    let selected = pod.spec.node_selector.iter().all(|(k, v)| node.labels.get(k) == Some(v));
    let affinity = pod.spec.affinity.as_ref().and_then(|a| a.node_affinity.as_ref());
    let required = affinity.and_then(|a| a.required.as_ref());
    if !selected || required.is_some_and(|r| !r.matches(&node.name, &node.labels)) {
        return no("NodeAffinity", "node(s) didn't match Pod's node affinity/selector".to_owned());
    }
    None
}

/// Which pods a cordon does not keep off a node.
fn ignore_cordons(pods: &[Pod]) -> Vec<bool> {
    let (key, value) = ("node.kubernetes.io/unschedulable".to_owned(), String::new());
    let taint = Taint { key, value, effect: Effect::NoSchedule };
    pods.iter().map(|pod| pod.spec.tolerations.iter().any(|t| t.tolerates(&taint))).collect()
}

/// Whether a term of `pod` selects `other`.
fn matches(cluster: &Cluster, pod: &Pod, term: &PodAffinityTerm, other: &Pod) -> bool {
    let namespace = &other.metadata.namespace;
    let unqualified = term.namespaces.is_empty() && term.namespace_selector.is_none();
    let here = unqualified && *namespace == pod.metadata.namespace
        || term.namespaces.contains(namespace)
        || term.namespace_selector.as_ref().is_some_and(|s| s.matches(&cluster.namespace_labels(namespace)));
    here && term.label_selector.as_ref().is_some_and(|s| s.matches(&other.metadata.labels))
}

/// Ports of the host that a pod takes.
fn host_ports(pod: &Pod) -> Vec<(i32, &str)> {
    let all = pod.spec.containers.iter().flat_map(|c| &c.ports).filter(|p| p.host_port > 0);
    all.map(|p| (p.host_port, p.protocol.as_str())).collect()
}

/// Whether every node has the host-name label and either all or none have a zone.
fn even_topology(cluster: &Cluster) -> bool {
    let zoned = cluster.nodes.iter().filter(|n| n.labels.contains_key(crate::cluster::ZONE_LABEL)).count();
    cluster.nodes.iter().all(|n| n.labels.contains_key(HOSTNAME_LABEL))
        && (zoned == 0 || zoned == cluster.nodes.len())
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

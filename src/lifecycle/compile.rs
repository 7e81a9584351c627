//! [`Facts`] out of a [`Cluster`].

use super::clocks::Clocks;
use super::control_plane::Datastore;
use super::facts::{BudgetFacts, Facts, Kind, NodeFacts, Patience, QuotaFacts, WorkloadFacts, WorkloadId};
use super::storage::{follows, provisioned, storage};
use super::window::Millis;
use crate::cluster::matching::{barrier, budget_selects, selects_node, tolerates};
use crate::cluster::{Cluster, Node, Workload, WorkloadKind, ZONE_LABEL, pin_to_node};
use crate::kube::{Effect, Pod, Quantity, ResourceQuota, Taint, Toleration};
use crate::scheduler::Requests;

/// The node label of a region.
const REGION_LABEL: &str = "topology.kubernetes.io/region";
/// Nodes with this label do not count for the disruption modes.
const EXCLUDE_DISRUPTION: &str = "node.kubernetes.io/exclude-disruption";
/// Nodes with this label run the control plane.
const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";
/// Kubernetes' default grace period.
const DEFAULT_GRACE_SECONDS: i64 = 30;

impl Facts {
    /// What the engine needs to know of a cluster. `datastore` is the policy's; a cluster without
    /// control-plane labels is taken to have its servers elsewhere.
    #[must_use]
    pub fn of(cluster: &Cluster, clocks: Clocks, datastore: Datastore) -> Self {
        Self::of_pods(cluster, &cluster.samples(), clocks, datastore)
    }

    /// The same with a sample of each workload's pods ([`Cluster::samples`]).
    #[must_use]
    pub fn of_pods(cluster: &Cluster, pods: &[Pod], clocks: Clocks, datastore: Datastore) -> Self {
        let nodes = cluster.nodes.iter().map(node_facts).collect();
        let taints = LostTaints::new();
        let workloads = cluster.workloads.iter().zip(pods);
        let workloads = workloads.map(|(w, pod)| workload_facts(cluster, w, pod, &clocks, &taints)).collect();
        let budgets = cluster
            .pdbs
            .iter()
            .filter_map(|pdb| {
                let guarded = |(i, pod): (usize, &Pod)| {
                    budget_selects(pdb, pod).then(|| u16::try_from(i).ok()).flatten()
                };
                let guards: Vec<_> = pods.iter().enumerate().filter_map(guarded).map(WorkloadId).collect();
                let total: i32 = guards.iter().map(|w| cluster.workloads[usize::from(w.0)].replicas).sum();
                let stays = pdb.spec.min_available.as_ref().and_then(|m| m.of(total, true));
                let goes = pdb.spec.max_unavailable.as_ref().and_then(|m| m.of(total, true));
                let must_remain = stays.or(goes.map(|g| total - g)).unwrap_or(0).max(0);
                (!guards.is_empty()).then(|| BudgetFacts {
                    name: format!("{}/{}", pdb.metadata.namespace, pdb.metadata.name),
                    guards,
                    must_remain: u32::try_from(must_remain).unwrap_or(0),
                })
            })
            .collect();
        let mut quotas: Vec<_> = cluster.quotas.iter().map(|q| quota(cluster, q)).collect();
        quotas.extend(without_class(cluster));
        Self { clocks, datastore, nodes, workloads, budgets, quotas }
    }
}

fn quota(cluster: &Cluster, quota: &ResourceQuota) -> QuotaFacts {
    let namespace = quota.metadata.namespace().to_owned();
    let counts =
        |w: &Workload| w.namespace == namespace && quota.counts_class(&w.template.spec.priority_class_name);
    let amount = |name: &str, value: fn(Quantity) -> i64| {
        quota.hard(name).map(|q| u64::try_from(value(q)).unwrap_or(0))
    };
    QuotaFacts {
        counts: cluster.workloads.iter().map(counts).collect(),
        cpu: amount("cpu", Quantity::milli),
        memory: amount("memory", Quantity::value),
        pods: quota.spec.hard.get("pods").map(|q| u64::try_from(q.value()).unwrap_or(0)),
        namespace,
    }
}

/// Pods that name a priority class which does not exist are refused by admission: a quota of no pods.
/// Source: `plugin/pkg/admission/priority/admission.go`, v1.34.
fn without_class(cluster: &Cluster) -> Option<QuotaFacts> {
    let missing = |w: &Workload| cluster.priority_of(&w.template.spec.priority_class_name).class_is_missing;
    let counts: Vec<bool> = cluster.workloads.iter().map(missing).collect();
    let any = counts.contains(&true);
    any.then(|| QuotaFacts { namespace: String::new(), counts, cpu: None, memory: None, pods: Some(0) })
}

fn node_facts(node: &Node) -> NodeFacts {
    let label = |key: &str| node.labels.get(key).map_or("", String::as_str);
    let (region, zone) = (label(REGION_LABEL), label(ZONE_LABEL));
    NodeFacts {
        name: node.name.clone(),
        zone: if region.is_empty() && zone.is_empty() { String::new() } else { format!("{region}:{zone}") },
        excluded: node.labels.contains_key(EXCLUDE_DISRUPTION),
        server: node.labels.contains_key(CONTROL_PLANE),
    }
}

/// What a lost node may be tainted with.
struct LostTaints {
    unreachable: Taint,
    not_ready: Taint,
    out_of_service: Taint,
    /// Before anybody is evicted.
    cordoned: Taint,
}

impl LostTaints {
    fn new() -> Self {
        let evicts = |key| taint(key, Effect::NoExecute);
        Self {
            unreachable: evicts("node.kubernetes.io/unreachable"),
            not_ready: evicts("node.kubernetes.io/not-ready"),
            out_of_service: evicts("node.kubernetes.io/out-of-service"),
            cordoned: taint("node.kubernetes.io/unreachable", Effect::NoSchedule),
        }
    }
}

fn workload_facts(
    cluster: &Cluster,
    workload: &Workload,
    pod: &Pod,
    clocks: &Clocks,
    taints: &LostTaints,
) -> WorkloadFacts {
    let requests = Requests::of(&pod.spec, cluster.version);
    let counted = |amount: i64| u64::try_from(amount).unwrap_or(0);
    let grace = pod.spec.termination_grace_period_seconds.unwrap_or(DEFAULT_GRACE_SECONDS).max(0);
    WorkloadFacts {
        name: workload.key(),
        namespace: workload.namespace.clone(),
        kind: kind(workload),
        replicas: u32::try_from(workload.replicas).unwrap_or(0),
        priority: pod.spec.priority.unwrap_or(0),
        unreachable: patience(pod, &taints.unreachable, clocks.unreachable_toleration),
        not_ready: patience(pod, &taints.not_ready, clocks.not_ready_toleration),
        out_of_service: patience(pod, &taints.out_of_service, 0),
        boards_unreachable: tolerates(&pod.spec, &taints.cordoned),
        eligible: eligible(cluster, workload),
        grace: u64::try_from(grace).unwrap_or(0).saturating_mul(1000),
        storage: storage(cluster, workload),
        provisioned: provisioned(cluster, workload),
        follows: follows(cluster, workload),
        requests: (counted(requests.milli_cpu), counted(requests.memory)),
        class: pod.spec.priority_class_name.clone(),
    }
}

fn kind(workload: &Workload) -> Kind {
    match workload.kind {
        WorkloadKind::Deployment if workload.strategy.kind == "Recreate" => Kind::Recreate,
        WorkloadKind::Deployment => Kind::RollingUpdate {
            surge: u32::try_from(workload.max_surge()).unwrap_or(0),
            unavailable: u32::try_from(workload.max_unavailable()).unwrap_or(0),
        },
        WorkloadKind::ReplicaSet => Kind::ReplicaSet,
        WorkloadKind::StatefulSet => Kind::StatefulSet { parallel: workload.parallel },
        WorkloadKind::DaemonSet => Kind::DaemonSet,
        WorkloadKind::Job | WorkloadKind::CronJob => Kind::Job,
        WorkloadKind::Pod => Kind::Bare,
    }
}

fn taint(key: &str, effect: Effect) -> Taint {
    Taint { key: key.to_owned(), value: "nodeshutdown".to_owned(), effect }
}

/// The shortest `tolerationSeconds` among the tolerations that match; one without an end only if none
/// has one. A toleration that admission wrote with its default stands for the cluster's own default.
fn patience(pod: &Pod, taint: &Taint, default: Millis) -> Patience {
    let matching: Vec<&Toleration> = pod.spec.tolerations.iter().filter(|t| t.tolerates(taint)).collect();
    let written =
        |t: &&Toleration| t.key == taint.key && t.effect == Some(Effect::NoExecute) && t.value.is_empty();
    match matching.iter().filter_map(|t| t.toleration_seconds).min() {
        _ if matching.is_empty() => Patience::None,
        None => Patience::Forever,
        Some(seconds) if seconds <= 0 => Patience::None,
        // Admission in the model writes 300 s; the API server's flags may say otherwise.
        Some(300) if default > 0 && matching.len() == 1 && matching.first().is_some_and(written) => {
            Patience::For(default)
        }
        Some(seconds) => Patience::For(u64::try_from(seconds).unwrap_or(0).saturating_mul(1000)),
    }
}

/// The healthy nodes on which the DaemonSet controller wants a pod.
fn eligible(cluster: &Cluster, workload: &Workload) -> Vec<bool> {
    if workload.kind != WorkloadKind::DaemonSet {
        return vec![false; cluster.nodes.len()];
    }
    let mut pod = workload.daemon_pod(cluster, "");
    let admits = |node: &Node| {
        pin_to_node(&mut pod.spec, &node.name);
        admits_daemon(&pod, node)
    };
    cluster.nodes.iter().map(admits).collect()
}

/// Whether the DaemonSet controller wants this pod on a healthy node: the node's own taints and labels admit it.
/// Source: `pkg/controller/daemon/daemon_controller.go` (`NodeShouldRunDaemonPod`).
fn admits_daemon(pod: &Pod, node: &Node) -> bool {
    selects_node(&pod.spec, &node.name, &node.labels) && barrier(&pod.spec, &node.taints).is_none()
}

//! The recorded files: one JSON document per scenario, variant and clock profile, and one per variant
//! with the objects as they were applied.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::cluster::{Cluster, KubernetesVersion};
use crate::lifecycle::clocks::Clocks;
use crate::lifecycle::control_plane::Datastore;
use crate::lifecycle::facts::Facts;
use crate::lifecycle::window::Window;

/// A recorded file.
#[derive(Clone, Debug, Deserialize)]
pub struct Recording {
    /// `v1.34.4`.
    pub kubernetes: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the variant, which names the objects.
    pub variant: String,
    /// `default` or `fast` clocks.
    pub profile: String,
    /// The nodes.
    pub nodes: Vec<RecordedNode>,
    /// Repetitions.
    pub runs: Vec<Run>,
}

/// A node as the harness made it.
#[derive(Clone, Debug, Deserialize)]
pub struct RecordedNode {
    /// Name.
    pub name: String,
    /// Carries the control-plane label and the variant's taints.
    pub master: bool,
    /// CPU, 4 if absent.
    #[serde(default)]
    pub cpu: Option<String>,
    /// Memory, 8Gi if absent.
    #[serde(default)]
    pub memory: Option<String>,
}

/// One repetition.
#[derive(Clone, Debug, Deserialize)]
pub struct Run {
    /// Seed of the order of creation.
    pub seed: u64,
    /// Steps with the state at their ends.
    pub steps: Vec<RecordedStep>,
    /// API events.
    #[serde(default)]
    pub events: Vec<ApiEvent>,
    /// Changes of nodes and pods.
    pub timeline: Vec<Entry>,
}

/// A step and the state at its end.
#[derive(Clone, Debug, Deserialize)]
pub struct RecordedStep {
    /// Name.
    pub name: String,
    /// Start in seconds.
    #[serde(default)]
    pub from_s: f64,
    /// End in seconds.
    #[serde(default)]
    pub to_s: f64,
    /// What each workload's pods did at the end.
    #[serde(default)]
    pub workloads: BTreeMap<String, RecordedStatus>,
}

/// What a workload's pods did.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct RecordedStatus {
    /// Tier label.
    #[serde(default)]
    pub tier: Option<String>,
    /// Nodes of ready pods.
    #[serde(default)]
    pub up: Vec<String>,
    /// Unbound pods.
    #[serde(default)]
    pub pending: u32,
    /// Terminating on dead nodes.
    #[serde(default)]
    pub stuck_terminating: Vec<String>,
    /// Bound to dead nodes.
    #[serde(default)]
    pub lost: Vec<String>,
    /// Terminating on live nodes.
    #[serde(default)]
    pub terminating: Vec<String>,
    /// Bound to live nodes, not ready.
    #[serde(default)]
    pub orphan: Vec<String>,
    /// Seconds from the start of the step to the first pod that became ready.
    #[serde(default)]
    pub ready_again_s: Option<f64>,
}

/// An API event.
#[derive(Clone, Debug, Deserialize)]
pub struct ApiEvent {
    /// Seconds.
    pub t: f64,
    /// Reason.
    pub reason: String,
    /// `Kind/name`.
    pub object: String,
    /// Text.
    pub message: String,
}

/// An entry of the timeline.
#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    /// Seconds.
    pub t: f64,
    /// `pod`, `node`, `action` or `volume`.
    pub kind: String,
    /// What happened.
    pub what: String,
    /// Workload label of a pod.
    #[serde(default)]
    pub workload: String,
    /// Name of a pod.
    #[serde(default)]
    pub pod: String,
    /// Start of the uid of a pod.
    #[serde(default)]
    pub uid: String,
    /// Node.
    #[serde(default)]
    pub node: Option<String>,
    /// Nodes of an action.
    #[serde(default)]
    pub nodes: Vec<String>,
    /// Reason of a deletion.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The objects of a variant.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Objects {
    /// Name of the variant.
    pub variant: String,
    /// Taints of the master.
    pub master_taints: Vec<Value>,
    /// Priority classes by name.
    pub priority_classes: Map<String, Value>,
    /// Budgets and quotas.
    #[serde(default)]
    pub other: Vec<Value>,
    /// Workloads.
    pub items: Vec<Value>,
}

/// A cluster as recorded, ready for the engine.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The cluster.
    pub cluster: Cluster,
    /// What the engine needs of it.
    pub facts: Facts,
    /// By the label that the recordings use, the index of the workload.
    pub workloads: BTreeMap<String, u16>,
}

/// Clocks of a profile: Kubernetes' own, or the harness's shorter ones; start and end of a simulated
/// pod take one second each.
#[must_use]
pub fn clocks(profile: &str, minor: u32) -> Clocks {
    let mut clocks = Clocks::of_minor(minor);
    if profile == "fast" {
        clocks.monitor_grace = 12_000;
        clocks.monitor_period = 1_000;
        clocks.lease_renew = 2_000;
        clocks.unreachable_toleration = 10_000;
        clocks.not_ready_toleration = 10_000;
    }
    clocks.start = Window::between(500, 1_000);
    clocks.shutdown = Some(1_000);
    clocks
}

impl Recording {
    /// The cluster of the recording.
    ///
    /// # Errors
    /// If an object is not what Kubernetes would accept, or the version is not modelled.
    pub fn stage(&self, objects: &Objects) -> Result<Stage, String> {
        let version: KubernetesVersion = self.kubernetes.parse().map_err(|e| format!("{e}"))?;
        let mut documents: Vec<Value> =
            self.nodes.iter().map(|n| node(n, &objects.master_taints, &self.kubernetes)).collect();
        for name in ["platform-observability", "platform-infrastructure", "apps", "logging", "kube-system"] {
            documents.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
        }
        let mut classes = objects.priority_classes.clone();
        for (name, value) in [("platform-critical", 1_000_000), ("platform-important", 500_000)] {
            classes.entry(name).or_insert_with(|| value.into());
        }
        for (name, value) in classes {
            documents.push(json!({"kind": "PriorityClass", "metadata": {"name": name}, "value": value}));
        }
        documents.push(json!({"kind": "StorageClass", "metadata": {"name": "local-path"},
            "provisioner": "rancher.io/local-path", "volumeBindingMode": "WaitForFirstConsumer"}));
        documents.extend(objects.other.iter().cloned());
        documents.extend(objects.items.iter().cloned());
        if self.scenario.starts_with("preempt") {
            documents.extend([filler("filler-a"), filler("filler-b")]);
        }
        let reading = Cluster::from_objects(version, &documents);
        if let Some(error) = reading.errors.first() {
            return Err(format!("{}: {}: {}", error.object, error.error.path, error.error.message));
        }
        let cluster = reading.cluster;
        let minor = u32::from(version.minor());
        let facts = Facts::of(&cluster, clocks(&self.profile, minor), Datastore::Etcd);
        let mut workloads = BTreeMap::new();
        for (i, workload) in cluster.workloads.iter().enumerate() {
            let label = workload.template.metadata.labels.get("replay/workload").unwrap_or(&workload.name);
            workloads.insert(label.clone(), u16::try_from(i).map_err(|e| e.to_string())?);
        }
        Ok(Stage { cluster, facts, workloads })
    }
}

fn node(node: &RecordedNode, taints: &[Value], version: &str) -> Value {
    let mut labels = json!({"kubernetes.io/hostname": node.name, "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux", "node.kubernetes.io/instance-type": "k3s"});
    if node.master {
        labels["node-role.kubernetes.io/control-plane"] = "true".into();
    }
    let resources = json!({"cpu": node.cpu.as_deref().unwrap_or("4"),
        "memory": node.memory.as_deref().unwrap_or("8Gi"), "pods": "110", "ephemeral-storage": "100Gi"});
    let taints = if node.master { taints } else { &[] };
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node.name, "labels": labels},
        "spec": {"taints": taints}, "status": {"capacity": resources, "allocatable": resources,
        "nodeInfo": {"kubeletVersion": version}, "conditions": [{"type": "Ready", "status": "True"}]}})
}

/// The harness fills the workers with two of these where a scenario's name begins with `preempt`; they
/// are in no file of objects.
fn filler(name: &str) -> Value {
    let labels = json!({"app": name, "replay/workload": name, "replay/tier": "application"});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "apps"},
        "spec": {"replicas": 12, "selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": labels},
        "spec": {"containers": [{"name": "app", "image": "registry.invalid/app:1",
            "resources": {"requests": {"cpu": "250m", "memory": "700Mi"}}}]}}}})
}

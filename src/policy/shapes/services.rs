//! `[tiers.*]`, `[services.*]` and `[workloads]`.

use super::{Duration, Labels, Memory, Toleration, TomlResources};
use crate::shape::{Field, Map, Name, Reader, Shape, Text, choice, schema, table};
use crate::source::tree::{Node, Value};

choice! {
    /// Whether pods of a class may evict others (`preemptionPolicy`).
    pub enum PreemptionPolicy {
        /// They may evict pods of lower priority.
        PreemptLowerPriority = "PreemptLowerPriority",
        /// They wait their turn.
        Never = "Never",
    }
}

choice! {
    /// Where a pod's data live, which decides whether it can ever move.
    pub enum Storage {
        /// In the pod: it moves, its data are lost on every move.
        Ephemeral = "ephemeral",
        /// On the node (local-path): its data stay, and it cannot move.
        Local = "local",
        /// Somewhere that every node reaches: it moves and keeps its data.
        Replicated = "replicated",
    }
}

choice! {
    /// The kind of a workload.
    pub enum WorkloadKind {
        /// Interchangeable pods; a lost one is replaced once it is evicted.
        Deployment = "Deployment",
        /// Pods with identity; a lost one is replaced only when its node is back or fenced.
        StatefulSet = "StatefulSet",
        /// One pod on every node that it tolerates.
        DaemonSet = "DaemonSet",
        /// Pods that end.
        Job = "Job",
    }
}

table! {
    /// A tier: one priority class.
    pub struct TomlTier: named Label {
        /// The class's value, at most 1 000 000 000. No two tiers share one.
        priority: i64 { min: "-2147483648", max: "1000000000", example: "1000000" },
        /// The class's name.
        class: String { about_default: "the tier's name", example: "\"platform-critical\"" },
        /// A class that the cluster already has, with this priority; lifeboat then writes none.
        existing_class: String { example: "\"platform-critical\"" },
        /// One line on the class.
        description: Text { example: "\"what the site cannot do without\"" },
        /// Whether its pods may board the lifeboat.
        lifeboat: bool { default: "false" },
        /// Whether its pods may evict pods of lower tiers.
        preemption_policy: PreemptionPolicy { default: "\"PreemptLowerPriority\"" },
        /// How long its pods stay bound to a node that is not ready or unreachable.
        eviction_delay: Duration { about_default: "`cluster.timings.default-eviction-delay`; nothing is emitted", example: "\"60s\"" },
        /// Whether pods that the policy does not name count as this tier's.
        default: bool { default: "false" },
        /// Whether its class is the cluster's default class. It then also changes pods that lifeboat
        /// has never heard of.
        global_default: bool { default: "false" },
        /// `false` takes a tier of a base out.
        enabled: bool { default: "true" },
    }
}

table! {
    /// A Helm release.
    pub struct TomlService: named Label {
        /// The chart's name in the catalogue (`lifeboat charts list`).
        chart: String { example: "\"argo-cd\"" },
        /// The chart's version.
        version: String { example: "\"10.1.1\"" },
        /// The chart's repository: its name in the catalogue, where two lines share a chart name, or a URL.
        repository: String { example: "\"grafana-community\"" },
        /// The release's name.
        release: Name { about_default: "the service's name" },
        /// Its namespace.
        namespace: Name { example: "\"platform-infrastructure\"" },
        /// The tier of its components, unless they have their own.
        tier: String { about_default: "the tier with `default = true`", example: "\"important\"" },
        /// The team's own values files, relative to this file, in Helm's order. The overlay is computed
        /// on top of them and is passed after them.
        values: Vec<Field<String>> { default: "[]", example: "[\"values/argo-cd.yaml\"]" },
        /// Whether its own pods spread softly over the nodes, so that one loss does not take all.
        spread: bool { default: "true" },
        /// Its components by their names in the catalogue, and instances of its custom resources.
        components: Map<TomlComponent>,
        /// `false` takes a service of a base out.
        enabled: bool { default: "true" },
    }
}

table! {
    /// A component of a service: one pod carrier of its chart, or, with `kind`, a custom resource of
    /// which an operator makes pods.
    pub struct TomlComponent: named Part {
        /// The kind of the custom resource (`EventBus`, `Sensor`, `EventSource`) whose name is this
        /// component's key. Components of the chart itself have none.
        kind: String { example: "\"EventBus\"" },
        /// Its tier.
        tier: String { about_default: "the service's", example: "\"critical\"" },
        /// Whether it is installed.
        enabled: bool { about_default: "the chart's" },
        /// How many pods.
        replicas: u32 { about_default: "the chart's", example: "2" },
        /// What one pod's main container requests. Without it the catalogue suggests a figure, and every
        /// verdict counts it as a guess.
        requests: TomlResources,
        /// Limits of the main container. lifeboat invents none.
        limits: TomlResources,
        /// Further containers of the pod, by name.
        containers: Map<TomlContainer>,
        /// Where its data live. StatefulSets have no default.
        storage: Storage,
        /// Size of its volume.
        storage_size: Memory { example: "\"10Gi\"" },
        /// Class of its volume.
        storage_class: String { example: "\"local-path\"" },
        /// What losing its data costs, in the team's words; the runbook repeats it.
        data: Text { example: "\"silences only\"" },
        /// How long it stays bound to a node that is not ready or unreachable.
        eviction_delay: Duration { about_default: "the tier's" },
    }
}

table! {
    /// A container beside the main one.
    pub struct TomlContainer: named Part {
        /// What it requests.
        requests: TomlResources,
        /// Its limits.
        limits: TomlResources,
    }
}

table! {
    /// A workload that no service of the policy brings.
    pub struct TomlWorkload: named Label {
        /// Its kind.
        kind: WorkloadKind { default: "\"Deployment\"" },
        /// Its namespace.
        namespace: Name { default: "\"default\"" },
        /// How many pods; of a DaemonSet, none is written.
        replicas: u32 { default: "1" },
        /// Its tier.
        tier: String { about_default: "the tier with `default = true`", example: "\"important\"" },
        /// What one pod requests.
        requests: TomlResources,
        /// The limits of one pod.
        limits: TomlResources,
        /// Labels of its pods.
        labels: Labels { about_default: "`app` with the workload's name" },
        /// What its pods tolerate.
        tolerations: Vec<Field<Toleration>> { default: "[]", example: "[\"example.com/gpu:NoSchedule\"]" },
        /// Labels that its nodes must have.
        node_selector: Labels,
        /// Where its data live. StatefulSets have no default.
        storage: Storage,
        /// Size of its volume.
        storage_size: Memory,
        /// Class of its volume.
        storage_class: String { example: "\"local-path\"" },
        /// What losing its data costs.
        data: Text { example: "\"a cache\"" },
        /// How long it stays bound to a node that is not ready or unreachable.
        eviction_delay: Duration { about_default: "the tier's" },
        /// How many of its pods a drain may take at a time (a PodDisruptionBudget that exists).
        max_unavailable: u32 { example: "1" },
        /// How many pods a rolling update adds at most.
        max_surge: u32 { about_default: "a quarter of the replicas, rounded up", example: "0" },
        /// How long a pod takes to end.
        grace_period: Duration { default: "\"30s\"" },
        /// `false` takes a workload of a base out.
        enabled: bool { default: "true" },
    }
}

/// Workloads by name, and files to read others from.
#[derive(Clone, Debug, Default)]
pub struct TomlWorkloads {
    /// Globs of rendered manifests, relative to the policy.
    pub from: Option<Field<Vec<Field<String>>>>,
    /// Workloads by hand.
    pub named: Map<TomlWorkload>,
}

impl Shape for TomlWorkloads {
    const EXPECTED: &'static str = "a table";

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Value::Table(table) = &node.value else {
            reader.wrong_type::<Self>(node);
            return None;
        };
        let from = table.get("from").and_then(|entry| reader.enter("from", &entry.node));
        Some(Self { from, named: Map::read_entries(table, &["from"], reader) })
    }
}

impl schemars::JsonSchema for TomlWorkloads {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Workloads".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let workload = generator.subschema_for::<TomlWorkload>();
        schema::object(serde_json::json!({
            "type": "object",
            "description": "Workloads by name, and files to read others from.",
            "properties": {
                "from": {
                    "description": "Globs of rendered manifests or dumps, relative to this file, whose workloads are part of the proof as they are: named by their names, in the tier whose class they name, else in the default tier; without a namespace, in `default`. What is of a service of the policy or in `kube-system`, hooks, Jobs and CronJobs are left out.",
                    "type": "array",
                    "items": {"type": "string"},
                    "examples": [["rendered/apps/*.yaml"]],
                },
            },
            "additionalProperties": workload,
        }))
    }
}

//! Pods and pod templates.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::read::null;
use super::{Affinity, ClaimSpec, Labels, ObjectMeta, ResourceList, Toleration, TopologySpreadConstraint};

/// A pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pod {
    /// Metadata.
    #[serde(default, deserialize_with = "null")]
    pub metadata: ObjectMeta,
    /// What it asks for.
    #[serde(default, deserialize_with = "null")]
    pub spec: PodSpec,
    /// What became of it.
    #[serde(default, deserialize_with = "null")]
    pub status: PodStatus,
}

/// The pods that a controller makes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PodTemplateSpec {
    /// Labels and annotations of the pods.
    #[serde(default, deserialize_with = "null")]
    pub metadata: ObjectMeta,
    /// What the pods ask for.
    #[serde(default, deserialize_with = "null")]
    pub spec: PodSpec,
}

/// The status fields that matter for scheduling.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodStatus {
    /// RFC 3339 time at which a kubelet took the pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// Node on which preemption made room for it.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub nominated_node_name: String,
}

/// The part of a pod's spec that decides where it runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodSpec {
    /// Ordinary containers.
    #[serde(default, deserialize_with = "null")]
    pub containers: Vec<Container>,
    /// Init containers; those with `restartPolicy: Always` are sidecars.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub init_containers: Vec<Container>,
    /// Resources of the sandbox itself.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "ResourceList::is_empty")]
    pub overhead: ResourceList,
    /// Requests and limits of the whole pod (pod-level resources, beta and on from 1.34).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Volumes.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Volume>,
    /// The node it is bound to.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub node_name: String,
    /// Labels that the node must carry.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Labels::is_empty")]
    pub node_selector: Labels,
    /// Affinity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affinity: Option<Affinity>,
    /// Tolerations.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub tolerations: Vec<Toleration>,
    /// Spread.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub topology_spread_constraints: Vec<TopologySpreadConstraint>,
    /// Priority class.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub priority_class_name: String,
    /// Priority as resolved at admission.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// `PreemptLowerPriority` or `Never`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preemption_policy: Option<String>,
    /// Whether the pod shares the node's network, so that its ports are host ports.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "std::ops::Not::not")]
    pub host_network: bool,
    /// Scheduler; empty is `default-scheduler`.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub scheduler_name: String,
    /// While any is present the pod does not enter the scheduling queue.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub scheduling_gates: Vec<Value>,
    /// Claims of dynamic resource allocation: not modelled, but counted.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub resource_claims: Vec<Value>,
    /// `Always`, `OnFailure` or `Never`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<String>,
    /// Seconds between the request to stop and the kill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub termination_grace_period_seconds: Option<i64>,
}

/// A container.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// Name.
    #[serde(default, deserialize_with = "null")]
    pub name: String,
    /// Image.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub image: String,
    /// Requests and limits.
    #[serde(default, deserialize_with = "null")]
    pub resources: Resources,
    /// Ports.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub ports: Vec<ContainerPort>,
    /// Of an init container: `Always` makes it a sidecar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<String>,
}

impl Container {
    /// Whether this init container goes on running beside the ordinary ones.
    #[must_use]
    pub fn is_sidecar(&self) -> bool {
        self.restart_policy.as_deref() == Some("Always")
    }
}

/// Requests and limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// What the scheduler reserves.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "ResourceList::is_empty")]
    pub requests: ResourceList,
    /// What the kubelet enforces.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "ResourceList::is_empty")]
    pub limits: ResourceList,
}

/// A port of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerPort {
    /// Port within the pod.
    #[serde(default, deserialize_with = "null")]
    pub container_port: i32,
    /// Port of the node; 0 is none.
    #[serde(default, deserialize_with = "null")]
    pub host_port: i32,
    /// Address of the node; empty is all of them.
    #[serde(default, rename = "hostIP", deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub host_ip: String,
    /// `TCP` if empty.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub protocol: String,
}

/// A volume of a pod: only what decides placement is typed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    /// Name within the pod.
    #[serde(default, deserialize_with = "null")]
    pub name: String,
    /// An existing claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persistent_volume_claim: Option<ClaimSource>,
    /// A claim that lives as long as the pod, named `<pod>-<volume>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ephemeral: Option<EphemeralSource>,
    /// All other sources, by their Kubernetes name (`emptyDir`, `hostPath`, `awsElasticBlockStore` …).
    #[serde(flatten)]
    pub other: serde_json::Map<String, Value>,
}

/// Reference to a claim in the pod's namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimSource {
    /// Name of the claim.
    pub claim_name: String,
    /// Whether the pod only reads.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
}

/// A generic ephemeral volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EphemeralSource {
    /// The claim to make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_claim_template: Option<EphemeralClaim>,
}

/// The claim of a generic ephemeral volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EphemeralClaim {
    /// What it asks for.
    #[serde(default, deserialize_with = "null")]
    pub spec: ClaimSpec,
}

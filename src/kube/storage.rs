//! Volumes, claims and storage classes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::read::null;
use super::{LabelSelector, NodeSelector, ObjectMeta, Resources};

/// A claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersistentVolumeClaim {
    /// Metadata.
    #[serde(default, deserialize_with = "null")]
    pub metadata: ObjectMeta,
    /// What it asks for.
    #[serde(default, deserialize_with = "null")]
    pub spec: ClaimSpec,
    /// `Pending`, `Bound` or `Lost`.
    #[serde(default, deserialize_with = "null")]
    pub status: PhaseStatus,
}

/// A claim that a StatefulSet makes for each of its pods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimTemplate {
    /// Metadata; the name is the volume's.
    #[serde(default, deserialize_with = "null")]
    pub metadata: ObjectMeta,
    /// What it asks for.
    #[serde(default, deserialize_with = "null")]
    pub spec: ClaimSpec,
}

/// What a claim asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimSpec {
    /// `ReadWriteOnce`, `ReadWriteMany`, `ReadOnlyMany`, `ReadWriteOncePod`.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub access_modes: Vec<String>,
    /// Requests `storage`.
    #[serde(default, deserialize_with = "null")]
    pub resources: Resources,
    /// Class; absent means the default class, empty means none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class_name: Option<String>,
    /// The volume it is bound to.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub volume_name: String,
    /// `Filesystem` (default) or `Block`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_mode: Option<String>,
    /// Labels that the volume must carry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// A status with a phase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseStatus {
    /// The phase.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub phase: String,
}

/// A volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersistentVolume {
    /// Metadata.
    #[serde(default, deserialize_with = "null")]
    pub metadata: ObjectMeta,
    /// What it offers.
    #[serde(default, deserialize_with = "null")]
    pub spec: PersistentVolumeSpec,
    /// `Available`, `Bound`, `Released` or `Failed`.
    #[serde(default, deserialize_with = "null")]
    pub status: PhaseStatus,
}

/// What a volume offers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PersistentVolumeSpec {
    /// Its `storage`.
    #[serde(default, deserialize_with = "null")]
    pub capacity: super::ResourceList,
    /// Access modes.
    #[serde(default, deserialize_with = "null")]
    pub access_modes: Vec<String>,
    /// Class; empty is none.
    #[serde(default, deserialize_with = "null")]
    pub storage_class_name: String,
    /// `Filesystem` (default) or `Block`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_mode: Option<String>,
    /// Nodes that can reach it; absent is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_affinity: Option<VolumeNodeAffinity>,
    /// The claim that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim_ref: Option<ClaimReference>,
    /// A disk of the node that its affinity names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<Value>,
    /// A folder of a node (`rancher.io/local-path` makes these).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_path: Option<Value>,
    /// A driver's volume.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csi: Option<Value>,
}

/// Nodes that can reach a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeNodeAffinity {
    /// Absent is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<NodeSelector>,
}

/// The claim that holds a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimReference {
    /// Namespace of the claim.
    #[serde(default, deserialize_with = "null")]
    pub namespace: String,
    /// Name of the claim.
    #[serde(default, deserialize_with = "null")]
    pub name: String,
    /// Unique id of the claim; empty if the volume was only reserved.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "String::is_empty")]
    pub uid: String,
}

/// A storage class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StorageClass {
    /// Metadata; an annotation makes it the default class.
    #[serde(default, deserialize_with = "null")]
    pub metadata: ObjectMeta,
    /// Who makes the volumes; `kubernetes.io/no-provisioner` is nobody.
    #[serde(default, deserialize_with = "null")]
    pub provisioner: String,
    /// `Immediate` (default) or `WaitForFirstConsumer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_binding_mode: Option<String>,
    /// `Delete` (default) or `Retain`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reclaim_policy: Option<String>,
    /// Where volumes may be made; empty is everywhere.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub allowed_topologies: Vec<TopologySelectorTerm>,
}

/// One alternative of allowed topologies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TopologySelectorTerm {
    /// All of these must hold.
    #[serde(default, deserialize_with = "null")]
    pub match_label_expressions: Vec<TopologySelectorRequirement>,
}

/// A requirement on a node's label.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopologySelectorRequirement {
    /// Label key.
    #[serde(default, deserialize_with = "null")]
    pub key: String,
    /// The label's value is one of these.
    #[serde(default, deserialize_with = "null")]
    pub values: Vec<String>,
}

impl StorageClass {
    /// Whether volumes wait for the first pod that uses the claim.
    #[must_use]
    pub fn waits_for_first_consumer(&self) -> bool {
        self.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer")
    }

    /// Whether claims without a class get this one.
    #[must_use]
    pub fn is_default(&self) -> bool {
        let yes = |key: &str| self.metadata.annotations.get(key).is_some_and(|v| v == "true");
        yes("storageclass.kubernetes.io/is-default-class")
            || yes("storageclass.beta.kubernetes.io/is-default-class")
    }
}

//! Nodes.

use serde::{Deserialize, Serialize};

use super::read::null;
use super::{ObjectMeta, ResourceList, Taint};

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Metadata.
    #[serde(default, deserialize_with = "null")]
    pub metadata: ObjectMeta,
    /// What an administrator set.
    #[serde(default, deserialize_with = "null")]
    pub spec: NodeSpec,
    /// What the kubelet reported.
    #[serde(default, deserialize_with = "null")]
    pub status: NodeStatus,
}

/// What an administrator or a controller set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSpec {
    /// Taints.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub taints: Vec<Taint>,
    /// Cordoned.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "std::ops::Not::not")]
    pub unschedulable: bool,
}

/// What the kubelet reported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// What pods may use in sum.
    #[serde(default, deserialize_with = "null")]
    pub allocatable: ResourceList,
    /// What the machine has.
    #[serde(default, deserialize_with = "null")]
    pub capacity: ResourceList,
    /// Conditions.
    #[serde(default, deserialize_with = "null")]
    pub conditions: Vec<NodeCondition>,
    /// Images on the node.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ContainerImage>,
}

/// A condition of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeCondition {
    /// `Ready`, `MemoryPressure` …
    #[serde(rename = "type", default, deserialize_with = "null")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    #[serde(default, deserialize_with = "null")]
    pub status: String,
}

/// An image on a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerImage {
    /// Names with tag or digest.
    #[serde(default, deserialize_with = "null")]
    pub names: Vec<String>,
    /// Bytes.
    #[serde(default, deserialize_with = "null")]
    pub size_bytes: i64,
}

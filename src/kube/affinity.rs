//! Affinity of pods to nodes and to each other, and topology spread.

use serde::{Deserialize, Serialize};

use super::read::null;
use super::{LabelSelector, NodeSelector, NodeSelectorTerm};

/// `spec.affinity`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Affinity {
    /// To nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_affinity: Option<NodeAffinity>,
    /// To pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_affinity: Option<PodAffinity>,
    /// Away from pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod_anti_affinity: Option<PodAffinity>,
}

/// Affinity to nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeAffinity {
    /// The node must match.
    #[serde(
        rename = "requiredDuringSchedulingIgnoredDuringExecution",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub required: Option<NodeSelector>,
    /// Matching nodes score higher.
    #[serde(
        rename = "preferredDuringSchedulingIgnoredDuringExecution",
        default,
        deserialize_with = "null",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub preferred: Vec<PreferredSchedulingTerm>,
}

/// A weighted preference for nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreferredSchedulingTerm {
    /// 1 to 100.
    pub weight: i32,
    /// Which nodes.
    pub preference: NodeSelectorTerm,
}

/// Affinity or anti-affinity to pods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodAffinity {
    /// All of these must hold.
    #[serde(
        rename = "requiredDuringSchedulingIgnoredDuringExecution",
        default,
        deserialize_with = "null",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub required: Vec<PodAffinityTerm>,
    /// These shift the score.
    #[serde(
        rename = "preferredDuringSchedulingIgnoredDuringExecution",
        default,
        deserialize_with = "null",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub preferred: Vec<WeightedPodAffinityTerm>,
}

/// A weighted affinity to pods.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WeightedPodAffinityTerm {
    /// 1 to 100.
    pub weight: i32,
    /// Which pods, and how near.
    pub pod_affinity_term: PodAffinityTerm,
}

/// Which pods, and within which domain of nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodAffinityTerm {
    /// Selects pods; absent matches none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_selector: Option<LabelSelector>,
    /// Namespaces of the pods; with no selector of namespaces either, the pod's own.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// Node label whose equal values make a domain.
    #[serde(default, deserialize_with = "null")]
    pub topology_key: String,
    /// Namespaces by their labels, in addition to `namespaces`; `{}` is all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<LabelSelector>,
    /// Labels whose value must equal the pod's own; the API server merges them into the selector.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub match_label_keys: Vec<String>,
    /// Labels whose value must differ from the pod's own; merged likewise.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub mismatch_label_keys: Vec<String>,
}

/// How pods of one kind are spread over domains of nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TopologySpreadConstraint {
    /// Largest difference between domains.
    #[serde(default, deserialize_with = "null")]
    pub max_skew: i32,
    /// Node label whose equal values make a domain.
    #[serde(default, deserialize_with = "null")]
    pub topology_key: String,
    /// `DoNotSchedule` or `ScheduleAnyway`.
    #[serde(default, deserialize_with = "null")]
    pub when_unsatisfiable: String,
    /// Selects pods; absent matches none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_selector: Option<LabelSelector>,
    /// With fewer domains than this, the smallest count is taken as zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_domains: Option<i32>,
    /// `Honor` (default) or `Ignore` the pod's node selector and affinity when domains are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_affinity_policy: Option<String>,
    /// `Honor` or `Ignore` (default) the nodes' taints when domains are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_taints_policy: Option<String>,
    /// Labels whose value must equal the pod's own.
    #[serde(default, deserialize_with = "null", skip_serializing_if = "Vec::is_empty")]
    pub match_label_keys: Vec<String>,
}

impl TopologySpreadConstraint {
    /// Whether a node that breaks it is filtered out rather than scored lower.
    #[must_use]
    pub fn is_hard(&self) -> bool {
        self.when_unsatisfiable == "DoNotSchedule"
    }
}

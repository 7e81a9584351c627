//! The subset of Kubernetes' API types that decides where a pod runs, as native JSON.
//!
//! Field names are Kubernetes' own (camelCase); unknown fields are ignored; `null` reads as absent, as
//! Go reads it. [`read`] turns a `serde_json::Value` into a type and names the path of what is wrong.
//! Types carry no decisions beyond what the API machinery itself defines (quantity arithmetic,
//! selector and toleration matching): admission and scheduling live in [`crate::cluster`] and
//! [`crate::scheduler`].

mod affinity;
mod meta;
mod node;
mod pod;
mod policy;
pub mod quantity;
mod read;
mod selector;
mod storage;
mod taint;
mod workload;

pub use affinity::{
    Affinity, NodeAffinity, PodAffinity, PodAffinityTerm, PreferredSchedulingTerm, TopologySpreadConstraint,
    WeightedPodAffinityTerm,
};
pub use meta::{Namespace, ObjectMeta, OwnerReference, parse_time};
pub use node::{ContainerImage, Node, NodeCondition, NodeSpec, NodeStatus};
pub use pod::{
    ClaimSource, Container, ContainerPort, EphemeralClaim, EphemeralSource, Pod, PodSpec, PodStatus,
    PodTemplateSpec, Resources, Volume,
};
pub use policy::{
    PodDisruptionBudget, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus, PriorityClass, ResourceQuota,
    ResourceQuotaSpec, ScopeRequirement, ScopeSelector,
};
pub use quantity::{Quantity, QuantityError};
pub use read::{ReadError, read};
pub use selector::{
    LabelSelector, LabelSelectorRequirement, LabelSet, NodeSelector, NodeSelectorRequirement,
    NodeSelectorTerm, Operator, SelectorError,
};
pub use storage::{
    ClaimReference, ClaimSpec, ClaimTemplate, PersistentVolume, PersistentVolumeClaim, PersistentVolumeSpec,
    PhaseStatus, StorageClass, TopologySelectorRequirement, TopologySelectorTerm, VolumeNodeAffinity,
};
pub use taint::{Effect, Taint, Toleration, TolerationOperator};
pub use workload::{
    CronJob, CronJobSpec, DaemonSet, DaemonSetSpec, Deployment, DeploymentSpec, IntOrString, Job, JobSpec,
    JobTemplate, ReplicaSet, ReplicaSetSpec, RollingUpdate, Service, ServiceSpec, StatefulSet,
    StatefulSetSpec, UpdateStrategy,
};

/// Labels, in byte order of their keys.
pub type Labels = std::collections::BTreeMap<String, String>;
/// Resource amounts by resource name.
pub type ResourceList = std::collections::BTreeMap<String, Quantity>;

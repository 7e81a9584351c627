//! The one model of a cluster: what the scheduler, the node lifecycle, the prover and the verify rules
//! all speak about.
//!
//! A [`Cluster`] comes from the plan, from Kubernetes objects ([`Cluster::from_objects`]) or from a
//! recorded scheduler case ([`case::Case`]). Pods in it are *admitted* ([`Cluster::admit`]): they look
//! as the scheduler would see them, after the API server's defaults.

mod admission;
pub mod case;
pub mod matching;
mod objects;
mod version;
mod workload;

use std::collections::BTreeMap;

use crate::kube::{
    ContainerImage, LabelSelector, Labels, PersistentVolume, PersistentVolumeClaim, Pod, PodDisruptionBudget,
    PriorityClass, ResourceList, ResourceQuota, Service, StorageClass, Taint,
};

pub use admission::{Priority, SYSTEM_CLUSTER_CRITICAL, SYSTEM_NODE_CRITICAL};
pub use objects::{ObjectError, Reading};
pub use version::{KubernetesVersion, UnknownVersion};
pub(crate) use workload::pin_to_node;
pub use workload::{Claim, Owner, Workload, WorkloadKind};

/// The namespace label that the API server sets by itself.
pub const NAMESPACE_NAME_LABEL: &str = "kubernetes.io/metadata.name";
/// The node label that names the host.
pub const HOSTNAME_LABEL: &str = "kubernetes.io/hostname";
/// The node label that names the zone.
pub const ZONE_LABEL: &str = "topology.kubernetes.io/zone";

/// A node, as far as placement is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Name.
    pub name: String,
    /// Labels; `kubernetes.io/hostname` is not implied.
    pub labels: Labels,
    /// Taints.
    pub taints: Vec<Taint>,
    /// What pods may use in sum: `cpu`, `memory`, `pods`, `ephemeral-storage`, extended resources.
    pub allocatable: ResourceList,
    /// Cordoned.
    pub unschedulable: bool,
    /// Images present, with sizes.
    pub images: Vec<ContainerImage>,
    /// Whether its kubelet reports Ready.
    pub ready: bool,
}

/// The selector of a controller that owns pods; topology spread's system defaults read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControllerSelector {
    /// `ReplicaSet`, `StatefulSet` or `ReplicationController`.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Its pods; absent selects none.
    pub selector: Option<LabelSelector>,
}

/// Everything that decides where pods run.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    /// The version whose scheduler and controllers are modelled.
    pub version: KubernetesVersion,
    /// Nodes, in the order in which they were registered.
    pub nodes: Vec<Node>,
    /// Namespaces and their labels, `kubernetes.io/metadata.name` included.
    pub namespaces: BTreeMap<String, Labels>,
    /// Priority classes; Kubernetes' own two need not be listed.
    pub priority_classes: Vec<PriorityClass>,
    /// Services.
    pub services: Vec<Service>,
    /// Selectors of the controllers that own pods directly.
    pub controllers: Vec<ControllerSelector>,
    /// Disruption budgets.
    pub pdbs: Vec<PodDisruptionBudget>,
    /// Resource quotas.
    pub quotas: Vec<ResourceQuota>,
    /// Storage classes.
    pub storage_classes: Vec<StorageClass>,
    /// Volumes.
    pub volumes: Vec<PersistentVolume>,
    /// Claims.
    pub claims: Vec<PersistentVolumeClaim>,
    /// Controllers of pods, and what they make.
    pub workloads: Vec<Workload>,
    /// Pods that exist: bound (`spec.nodeName`), terminating (`metadata.deletionTimestamp`) or pending.
    pub pods: Vec<Pod>,
}

impl Cluster {
    /// All of it but workloads and pods, which are most of it.
    #[must_use]
    pub fn without_pods(&self) -> Self {
        Self {
            version: self.version,
            nodes: self.nodes.clone(),
            namespaces: self.namespaces.clone(),
            priority_classes: self.priority_classes.clone(),
            services: self.services.clone(),
            controllers: self.controllers.clone(),
            pdbs: self.pdbs.clone(),
            quotas: self.quotas.clone(),
            storage_classes: self.storage_classes.clone(),
            volumes: self.volumes.clone(),
            claims: self.claims.clone(),
            workloads: Vec::new(),
            pods: Vec::new(),
        }
    }

    /// One admitted pod of each workload, in their order.
    #[must_use]
    pub fn samples(&self) -> Vec<Pod> {
        self.workloads.iter().map(|workload| workload.sample(self)).collect()
    }

    /// The node of this name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|n| n.name == name)
    }

    /// Adds a namespace, or labels to it, with the label that the API server sets.
    pub fn add_namespace(&mut self, name: &str, labels: &Labels) {
        let entry = self.namespaces.entry(name.to_owned()).or_default();
        entry.extend(labels.iter().map(|(k, v)| (k.clone(), v.clone())));
        entry.insert(NAMESPACE_NAME_LABEL.to_owned(), name.to_owned());
    }

    /// Adds a workload, with the selector of the controller that owns its pods and its namespace.
    pub fn add_workload(&mut self, workload: Workload) {
        if !self.namespaces.contains_key(&workload.namespace) {
            self.add_namespace(&workload.namespace, &Labels::new());
        }
        self.controllers.extend(workload.controller_selector());
        self.workloads.push(workload);
    }

    /// The labels of a namespace; of an unknown one only the label that the API server sets.
    #[must_use]
    pub fn namespace_labels(&self, name: &str) -> Labels {
        self.namespaces
            .get(name)
            .cloned()
            .unwrap_or_else(|| Labels::from([(NAMESPACE_NAME_LABEL.to_owned(), name.to_owned())]))
    }

    /// The selector of a controller.
    #[must_use]
    pub fn controller(&self, kind: &str, namespace: &str, name: &str) -> Option<&ControllerSelector> {
        self.controllers.iter().find(|c| c.kind == kind && c.namespace == namespace && c.name == name)
    }
}

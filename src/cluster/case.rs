//! Recorded scheduler cases: a cluster, pods that arrive, and what the real kube-scheduler did.
//!
//! The format is described in `tests/data/scheduler-cases/README.md`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{Cluster, ControllerSelector, KubernetesVersion, Node, UnknownVersion};
use crate::kube::{self, Labels};

/// One case.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Case {
    /// Name.
    pub name: String,
    /// Group, by feature.
    #[serde(default)]
    pub group: String,
    /// What to look at.
    #[serde(default)]
    pub note: String,
    /// How the case is run.
    pub options: Options,
    /// Nodes, in order of registration.
    pub nodes: Vec<CaseNode>,
    #[serde(default)]
    namespaces: Vec<CaseNamespace>,
    #[serde(default)]
    priority_classes: Vec<kube::PriorityClass>,
    #[serde(default)]
    services: Vec<kube::Service>,
    #[serde(default)]
    replica_sets: Vec<kube::ReplicaSet>,
    #[serde(default)]
    stateful_sets: Vec<kube::StatefulSet>,
    #[serde(default)]
    pdbs: Vec<kube::PodDisruptionBudget>,
    #[serde(default)]
    storage_classes: Vec<kube::StorageClass>,
    #[serde(default)]
    pvs: Vec<kube::PersistentVolume>,
    #[serde(default)]
    pvcs: Vec<kube::PersistentVolumeClaim>,
    #[serde(default)]
    pods: Vec<kube::Pod>,
    /// Pods that arrive, in order; not admitted.
    pub pending: Vec<kube::Pod>,
    /// What was recorded, as it stands in the file.
    #[serde(default)]
    pub expect: Value,
}

/// How a case is run.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// `activeQ` (highest priority, then arrival) or `given` (list order).
    #[serde(default)]
    pub queue: String,
    /// `requeue` (victims arrive again at the back) or `drop`.
    #[serde(default)]
    pub victims: String,
    /// Whether the admission plugin DefaultTolerationSeconds is on.
    #[serde(default)]
    pub default_tolerations: bool,
    /// Whether claims that waited for their pod are completed once it is bound.
    #[serde(default)]
    pub provision: bool,
}

/// A node in short form.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CaseNode {
    name: String,
    #[serde(default)]
    labels: Labels,
    #[serde(default)]
    taints: Vec<kube::Taint>,
    #[serde(default)]
    allocatable: kube::ResourceList,
    #[serde(default)]
    unschedulable: bool,
    #[serde(default)]
    images: Vec<kube::ContainerImage>,
}

#[derive(Clone, Debug, Deserialize)]
struct CaseNamespace {
    name: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

impl Case {
    /// Reads a case.
    ///
    /// # Errors
    /// The first field that is missing or ill-typed, with its path.
    pub fn read(value: &Value) -> Result<Case, kube::ReadError> {
        kube::read(value)
    }

    /// The version that recorded it.
    ///
    /// # Errors
    /// If that version is not modelled.
    pub fn version(&self) -> Result<KubernetesVersion, UnknownVersion> {
        self.expect.get("version").and_then(Value::as_str).unwrap_or_default().parse()
    }

    /// Admits a pod with the case's admission plugins.
    pub fn admit(&self, cluster: &Cluster, pod: &mut kube::Pod) {
        if self.options.default_tolerations {
            cluster.admit(pod);
        } else {
            cluster.admit_without_default_tolerations(pod);
        }
    }

    /// The cluster before the first pod arrives: bound pods admitted, nothing pending.
    #[must_use]
    pub fn cluster(&self, version: KubernetesVersion) -> Cluster {
        let mut cluster = Cluster {
            version,
            nodes: self.nodes.iter().map(CaseNode::node).collect(),
            priority_classes: self.priority_classes.clone(),
            services: self.services.clone(),
            controllers: self.controllers(),
            pdbs: self.pdbs.clone(),
            storage_classes: self.storage_classes.clone(),
            volumes: self.pvs.clone(),
            claims: self.pvcs.clone(),
            ..Cluster::default()
        };
        for namespace in &self.namespaces {
            cluster.add_namespace(&namespace.name, &namespace.labels);
        }
        let mut pods = self.pods.clone();
        pods.iter_mut().for_each(|pod| self.admit(&cluster, pod));
        cluster.pods = pods;
        cluster
    }

    fn controllers(&self) -> Vec<ControllerSelector> {
        let sets = self.replica_sets.iter().map(|s| ("ReplicaSet", &s.metadata, &s.spec.selector));
        let stateful = self.stateful_sets.iter().map(|s| ("StatefulSet", &s.metadata, &s.spec.selector));
        sets.chain(stateful)
            .map(|(kind, metadata, selector)| ControllerSelector {
                kind: kind.to_owned(),
                namespace: metadata.namespace().to_owned(),
                name: metadata.name.clone(),
                selector: selector.clone(),
            })
            .collect()
    }
}

impl CaseNode {
    fn node(&self) -> Node {
        Node {
            name: self.name.clone(),
            labels: self.labels.clone(),
            taints: self.taints.clone(),
            allocatable: self.allocatable.clone(),
            unschedulable: self.unschedulable,
            images: self.images.clone(),
            ready: true,
        }
    }
}

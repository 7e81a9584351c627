//! A cluster out of Kubernetes objects: a dump, or what Helm rendered.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Cluster, ControllerSelector, KubernetesVersion, Node, Workload, WorkloadKind};
use crate::kube::{self, ReadError};

/// Lists may hold lists; deeper than this is refused.
const MAX_LIST_DEPTH: usize = 8;

/// An object that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectError {
    /// Index of the document among those given.
    pub document: usize,
    /// `Kind namespace/name`, as far as known.
    pub object: String,
    /// Path and message; the path starts within the object (`items[3].spec…` within a List).
    pub error: ReadError,
}

/// A cluster, and what could not be used for it.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// What was read.
    pub cluster: Cluster,
    /// Objects that are broken.
    pub errors: Vec<ObjectError>,
    /// Kinds that decide nothing here, with the number of objects.
    pub skipped: BTreeMap<String, usize>,
    /// Finished pods (Succeeded, Failed), which hold no resources.
    pub finished_pods: usize,
    /// Pods with scheduling gates, which the scheduler does not see.
    pub gated_pods: usize,
}

impl Cluster {
    /// Builds a cluster of Kubernetes objects in native JSON; `List` objects are opened. Pods are
    /// admitted. Broken objects and unknown kinds are reported, never silently dropped.
    pub fn from_objects(
        version: KubernetesVersion,
        documents: impl IntoIterator<Item = impl Borrow<Value>>,
    ) -> Reading {
        Self::from_workloads(version, documents, Vec::new())
    }

    /// The same with workloads that somebody read already, which come first.
    pub fn from_workloads(
        version: KubernetesVersion,
        documents: impl IntoIterator<Item = impl Borrow<Value>>,
        workloads: Vec<Workload>,
    ) -> Reading {
        let mut reading = Reading::default();
        reading.cluster.version = version;
        reading.cluster.workloads = workloads;
        for (document, value) in documents.into_iter().enumerate() {
            reading.object(document, value.borrow(), "", 0);
        }
        reading.finish();
        reading
    }
}

impl Reading {
    fn object(&mut self, document: usize, value: &Value, path: &str, depth: usize) {
        if value.is_null() {
            return;
        }
        let Some(kind) = value.get("kind").and_then(Value::as_str) else {
            let message = "an object has a kind and an apiVersion".to_owned();
            return self.error(document, value, path, ReadError { path: "kind".to_owned(), message });
        };
        if let Some(items) = value.get("items").and_then(Value::as_array)
            && kind.ends_with("List")
        {
            if depth >= MAX_LIST_DEPTH {
                let message = format!("lists are nested deeper than {MAX_LIST_DEPTH}");
                return self.error(document, value, path, ReadError { path: "items".to_owned(), message });
            }
            for (i, item) in items.iter().enumerate() {
                self.list_item(document, kind, item, &format!("{path}items[{i}]."), depth);
            }
            return;
        }
        if let Err(error) = self.typed(kind, value) {
            self.error(document, value, path, error);
        }
    }

    /// Items of a typed list (`PodList`) may leave out their kind.
    fn list_item(&mut self, document: usize, list: &str, item: &Value, path: &str, depth: usize) {
        let kind = list.strip_suffix("List").unwrap_or_default();
        if item.get("kind").is_none() && !kind.is_empty() {
            if let Err(error) = self.typed(kind, item) {
                self.error(document, item, path, error);
            }
        } else {
            self.object(document, item, path, depth + 1);
        }
    }

    fn error(&mut self, document: usize, value: &Value, path: &str, error: ReadError) {
        let text = |pointer| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (kind, namespace, name) = (text("/kind"), text("/metadata/namespace"), text("/metadata/name"));
        let slash = if namespace.is_empty() { "" } else { "/" };
        let object = format!("{kind} {namespace}{slash}{name}").trim().to_owned();
        let error = ReadError { path: format!("{path}{}", error.path), message: error.message };
        self.errors.push(ObjectError { document, object, error });
    }

    fn typed(&mut self, kind: &str, value: &Value) -> Result<(), ReadError> {
        match kind {
            "Node" => self.cluster.nodes.push(node(named(value)?)),
            "Namespace" => {
                let namespace: kube::Namespace = named(value)?;
                self.cluster.add_namespace(&namespace.metadata.name, &namespace.metadata.labels);
            }
            "PriorityClass" => self.cluster.priority_classes.push(named(value)?),
            "Service" => {
                self.cluster.services.push(in_namespace(value, |s: &mut kube::Service| &mut s.metadata)?)
            }
            "PodDisruptionBudget" => {
                let pdb = in_namespace(value, |p: &mut kube::PodDisruptionBudget| &mut p.metadata)?;
                self.cluster.pdbs.push(pdb);
            }
            "ResourceQuota" => {
                let quota = in_namespace(value, |q: &mut kube::ResourceQuota| &mut q.metadata)?;
                self.cluster.quotas.push(quota);
            }
            "StorageClass" => self.cluster.storage_classes.push(named(value)?),
            "PersistentVolume" => self.cluster.volumes.push(named(value)?),
            "PersistentVolumeClaim" => {
                let claim = in_namespace(value, |c: &mut kube::PersistentVolumeClaim| &mut c.metadata)?;
                self.cluster.claims.push(claim);
            }
            "Pod" => self.pod(in_namespace(value, |p: &mut kube::Pod| &mut p.metadata)?),
            "Deployment" => self.cluster.workloads.push(named::<kube::Deployment>(value)?.into()),
            "StatefulSet" => self.cluster.workloads.push(named::<kube::StatefulSet>(value)?.into()),
            "DaemonSet" => self.cluster.workloads.push(named::<kube::DaemonSet>(value)?.into()),
            "ReplicaSet" | "ReplicationController" => self.replica_set(kind, named(value)?),
            "Job" => self.job(named(value)?),
            "CronJob" => self.cron_job(named(value)?),
            _ => *self.skipped.entry(kind.to_owned()).or_default() += 1,
        }
        Ok(())
    }

    fn pod(&mut self, pod: kube::Pod) {
        if matches!(pod.status.phase.as_str(), "Succeeded" | "Failed") {
            self.finished_pods += 1;
        } else if !pod.spec.scheduling_gates.is_empty() {
            self.gated_pods += 1;
        } else {
            self.cluster.pods.push(pod);
        }
    }

    /// A ReplicaSet of a Deployment is only a selector; one of nobody is a workload of its own.
    fn replica_set(&mut self, kind: &str, object: kube::ReplicaSet) {
        let kube::ReplicaSetSpec { replicas, selector, template } = object.spec;
        if object.metadata.controller().is_some() {
            self.cluster.controllers.push(ControllerSelector {
                kind: kind.to_owned(),
                namespace: object.metadata.namespace().to_owned(),
                name: object.metadata.name,
                selector,
            });
        } else {
            let workload = workload(WorkloadKind::ReplicaSet, object.metadata, template);
            let replicas = replicas.unwrap_or(1);
            self.cluster.workloads.push(Workload { replicas, selector, ..workload });
        }
    }

    fn job(&mut self, object: kube::Job) {
        let replicas = job_pods(&object.spec);
        let workload = workload(WorkloadKind::Job, object.metadata, object.spec.template);
        self.cluster.workloads.push(Workload { replicas, ..workload });
    }

    fn cron_job(&mut self, object: kube::CronJob) {
        let job = object.spec.job_template.spec;
        let replicas = job_pods(&job);
        let workload = workload(WorkloadKind::CronJob, object.metadata, job.template);
        self.cluster.workloads.push(Workload { replicas, ..workload });
    }

    /// What needs all objects: namespaces, selectors of controllers, admission.
    fn finish(&mut self) {
        let cluster = &mut self.cluster;
        let mut used: Vec<String> = cluster.workloads.iter().map(|w| w.namespace.clone()).collect();
        used.extend(cluster.pods.iter().map(|p| p.metadata.namespace.clone()));
        for namespace in used {
            if !cluster.namespaces.contains_key(&namespace) {
                cluster.add_namespace(&namespace, &kube::Labels::new());
            }
        }
        let selectors: Vec<_> = cluster.workloads.iter().filter_map(Workload::controller_selector).collect();
        cluster.controllers.extend(selectors);
        let mut pods = std::mem::take(&mut cluster.pods);
        pods.iter_mut().for_each(|pod| cluster.admit(pod));
        cluster.pods = pods;
    }
}

impl From<kube::Deployment> for Workload {
    fn from(object: kube::Deployment) -> Self {
        let kube::DeploymentSpec { replicas, selector, template, strategy } = object.spec;
        let workload = workload(WorkloadKind::Deployment, object.metadata, template);
        Workload { replicas: replicas.unwrap_or(1), selector, strategy, ..workload }
    }
}

impl From<kube::StatefulSet> for Workload {
    fn from(object: kube::StatefulSet) -> Self {
        let spec = object.spec;
        let workload = workload(WorkloadKind::StatefulSet, object.metadata, spec.template);
        Workload {
            replicas: spec.replicas.unwrap_or(1),
            selector: spec.selector,
            strategy: spec.update_strategy,
            parallel: spec.pod_management_policy == "Parallel",
            claim_templates: spec.volume_claim_templates,
            ..workload
        }
    }
}

impl From<kube::DaemonSet> for Workload {
    fn from(object: kube::DaemonSet) -> Self {
        let kube::DaemonSetSpec { selector, template, update_strategy } = object.spec;
        let workload = workload(WorkloadKind::DaemonSet, object.metadata, template);
        Workload { selector, strategy: update_strategy, ..workload }
    }
}

fn job_pods(spec: &kube::JobSpec) -> i32 {
    spec.parallelism.unwrap_or(1).min(spec.completions.unwrap_or(i32::MAX)).max(0)
}

fn workload(kind: WorkloadKind, metadata: kube::ObjectMeta, template: kube::PodTemplateSpec) -> Workload {
    let namespace =
        if metadata.namespace.is_empty() { metadata.namespace().to_owned() } else { metadata.namespace };
    Workload { kind, namespace, name: metadata.name, template, ..Workload::default() }
}

/// Reads an object that must have a name.
fn named<T: DeserializeOwned>(value: &Value) -> Result<T, ReadError> {
    let object = kube::read(value)?;
    match value.pointer("/metadata/name").and_then(Value::as_str) {
        Some(name) if !name.is_empty() => Ok(object),
        _ => Err(ReadError { path: "metadata.name".to_owned(), message: "an object has a name".to_owned() }),
    }
}

/// Reads an object with a name, in namespace `default` if it states none.
fn in_namespace<T: DeserializeOwned>(
    value: &Value,
    metadata: fn(&mut T) -> &mut kube::ObjectMeta,
) -> Result<T, ReadError> {
    let mut object = named(value)?;
    let metadata = metadata(&mut object);
    metadata.namespace = metadata.namespace().to_owned();
    Ok(object)
}

fn node(node: kube::Node) -> Node {
    let ready = node.status.conditions.iter().find(|c| c.kind == "Ready");
    let allocatable =
        if node.status.allocatable.is_empty() { node.status.capacity } else { node.status.allocatable };
    Node {
        name: node.metadata.name,
        labels: node.metadata.labels,
        taints: node.spec.taints,
        allocatable,
        unschedulable: node.spec.unschedulable,
        images: node.status.images,
        ready: ready.is_none_or(|c| c.status == "True"),
    }
}

//! The plan as Kubernetes objects in the API's JSON: what the cluster will hold once the outputs are
//! applied, as far as scheduler and node lifecycle see it. The model of the cluster is read from these,
//! by the same reader that reads dumps and renders, so that plan and reality cannot drift apart.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Carrier, Plan};
use crate::catalogue::{Field, Target};
use crate::policy::Storage;

/// Name of the claim template that stands for a planned volume.
const CLAIM: &str = "data";
/// The class of volumes that stay on their node; K3s's own.
pub const LOCAL_CLASS: &str = "local-path";
/// The class that stands for volumes which every node reaches, where the policy names none.
const REPLICATED_CLASS: &str = "replicated";

impl Plan {
    /// Nodes, namespaces, classes, disruption budgets, quotas and workloads, in this order.
    #[must_use]
    pub fn objects(&self) -> Vec<Value> {
        let workloads = self.carriers.iter().filter(|c| c.lasting()).map(workload);
        self.each_object().chain(workloads).collect()
    }

    /// The same without workloads, made one by one.
    pub(super) fn each_object(&self) -> impl Iterator<Item = Value> {
        let lasting = || self.carriers.iter().filter(|c| c.lasting());
        let namespaces: BTreeSet<&str> = lasting().map(|c| c.namespace.as_str()).collect();
        let namespace = |name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let cluster = self.nodes.iter().map(node).chain(namespaces.into_iter().map(namespace));
        let classes = self.classes.iter().map(class).chain(storage_classes());
        let given = self.policy.given.others.iter().filter(|object| !self.has(object));
        let given = given.map(|object| Value::clone(object));
        let limits = given.chain(self.budgets()).chain(self.quotas.iter().map(super::quota::quota));
        cluster.chain(classes).chain(limits)
    }

    /// Whether a class of manifests is one that the plan has.
    fn has(&self, object: &Value) -> bool {
        let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        match object["kind"].as_str() {
            Some("PriorityClass") => self.classes.iter().any(|class| class.name == name),
            Some("StorageClass") => [LOCAL_CLASS, REPLICATED_CLASS].contains(&name),
            _ => false,
        }
    }

    /// PodDisruptionBudgets of the workloads by hand.
    fn budgets(&self) -> impl Iterator<Item = Value> {
        self.policy.workloads.iter().filter_map(|workload| {
            let max = workload.max_unavailable.as_ref()?;
            Some(json!({
                "apiVersion": "policy/v1",
                "kind": "PodDisruptionBudget",
                "metadata": {"name": workload.name.value, "namespace": workload.namespace.value},
                "spec": {
                    "maxUnavailable": max.value,
                    "selector": {"matchLabels": workload.labels.value.0},
                },
            }))
        })
    }
}

fn node(node: &super::NodePlan) -> Value {
    let taints: Vec<Value> = node
        .taints
        .iter()
        .map(|t| json!({"key": t.value.key, "value": t.value.value, "effect": t.value.effect.word()}))
        .collect();
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": node.name, "labels": node.labels},
        "spec": {"taints": taints},
        "status": {"allocatable": {
            "cpu": format!("{}m", node.milli.value),
            "memory": node.bytes.value.to_string(),
            "pods": node.pods.to_string(),
        }},
    })
}

/// A priority class as it is applied.
#[must_use]
pub fn class(class: &super::Class) -> Value {
    json!({
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": class.name},
        "value": class.value,
        "globalDefault": class.global_default,
        "preemptionPolicy": class.preemption.word(),
        "description": class.description,
    })
}

fn storage_classes() -> [Value; 2] {
    [LOCAL_CLASS, REPLICATED_CLASS].map(|name| {
        let local = name == LOCAL_CLASS;
        json!({
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            // K3s makes its own class the default.
            "metadata": {
                "name": name,
                "annotations": {"storageclass.kubernetes.io/is-default-class": local.to_string()},
            },
            "provisioner": if local { "rancher.io/local-path" } else { "example.com/replicated" },
            "volumeBindingMode": if local { "WaitForFirstConsumer" } else { "Immediate" },
        })
    })
}

/// The workload that a carrier's pods come from.
#[must_use]
pub fn workload(carrier: &Carrier) -> Value {
    if let Some(given) = &carrier.given {
        return Value::clone(given);
    }
    let mut template = json!({"metadata": {"labels": *carrier.labels}});
    template["spec"] = pod_spec(carrier);
    let mut spec = Map::clone(&carrier.controller);
    let selector = if carrier.selector.is_empty() { &carrier.labels } else { &carrier.selector };
    spec.insert("selector".to_owned(), json!({"matchLabels": **selector}));
    if carrier.runs_as != "DaemonSet" {
        spec.insert("replicas".to_owned(), json!(carrier.replicas()));
    }
    spec.insert("template".to_owned(), template);
    if carrier.runs_as == "StatefulSet" {
        spec.insert("serviceName".to_owned(), json!(carrier.workload));
        if let Some(claim) = claim(carrier) {
            spec.insert("volumeClaimTemplates".to_owned(), json!([claim]));
        }
    }
    let mut workload = json!({
        "apiVersion": "apps/v1",
        "kind": carrier.runs_as,
        "metadata": {"name": carrier.workload, "namespace": carrier.namespace, "labels": *carrier.labels},
    });
    workload["spec"] = Value::Object(spec);
    workload
}

pub(super) fn claim(carrier: &Carrier) -> Option<Value> {
    let class = match carrier.storage.as_ref()?.value {
        Storage::Ephemeral => return None,
        Storage::Local => LOCAL_CLASS,
        Storage::Replicated => REPLICATED_CLASS,
    };
    Some(json!({
        "metadata": {"name": CLAIM},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": class,
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }))
}

fn pod_spec(carrier: &Carrier) -> Value {
    let mut spec = Map::clone(&carrier.pod);
    let ports = spec.shift_remove("ports");
    for (key, value) in overrides(carrier) {
        spec.insert(key.to_owned(), value.clone());
    }
    let container = |name: &String| {
        let mut container = Map::new();
        container.insert("name".to_owned(), json!(name));
        container.insert("image".to_owned(), json!(image(carrier, name)));
        if let Some(resources) = carrier.field(&Target::Resources(name.clone())) {
            container.insert("resources".to_owned(), resources.clone());
        }
        Value::Object(container)
    };
    let mut containers: Vec<Value> = carrier.containers.iter().map(container).collect();
    if let (Some(main), Some(ports)) = (containers.first_mut().and_then(Value::as_object_mut), ports) {
        main.insert("ports".to_owned(), ports);
    }
    spec.insert("containers".to_owned(), Value::Array(containers));
    if !carrier.init_containers.is_empty() {
        spec.insert("initContainers".to_owned(), carrier.init_containers.iter().map(container).collect());
    }
    if let Some(volumes) = emptied(carrier) {
        spec.insert("volumes".to_owned(), volumes);
    }
    Value::Object(spec)
}

/// Fields of the pod that are decided about, by their keys.
pub(super) fn overrides(carrier: &Carrier) -> impl Iterator<Item = (&'static str, &Value)> {
    let fields = Field::ALL.into_iter().filter(|field| *field != Field::Replicas);
    fields.filter_map(|field| Some((field.key(), carrier.field(&Target::Field(field))?)))
}

/// Volumes whose data go with the pod.
pub(super) fn emptied(carrier: &Carrier) -> Option<Value> {
    let ephemeral = carrier.storage.as_ref().is_some_and(|storage| storage.value == Storage::Ephemeral);
    ephemeral.then(|| json!([{"name": CLAIM, "emptyDir": {}}]))
}

/// The plan knows no images; a name per container keeps image locality neutral.
pub(super) fn image(carrier: &Carrier, container: &str) -> String {
    format!("lifeboat.invalid/{}/{container}", carrier.name)
}

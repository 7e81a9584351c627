//! A planned workload as the cluster model holds it, without the detour over an object in JSON: a fleet plans
//! tens of thousands of them. What it says is what [`super::objects::workload`] says, field by field.

use std::collections::BTreeMap;

use serde::de::{Deserialize, value::MapDeserializer};
use serde_json::{Map, Value};

use super::Carrier;
use super::objects::{claim, emptied, image, overrides};
use crate::catalogue::Target;
use crate::cluster::Workload;
use crate::kube::{
    self, Container, ContainerPort, DaemonSet, DaemonSetSpec, Deployment, DeploymentSpec, LabelSelector,
    ObjectMeta, PodSpec, PodTemplateSpec, StatefulSet, StatefulSetSpec,
};

/// The workload; `None` for a kind that is left to the reader of objects, or if a field is ill-typed, which that
/// reader says better.
pub(super) fn workload(carrier: &Carrier) -> Option<Workload> {
    if carrier.given.is_some() {
        return None;
    }
    let selector = if carrier.selector.is_empty() { &carrier.labels } else { &carrier.selector };
    let selector =
        Some(LabelSelector { match_labels: BTreeMap::clone(selector), ..LabelSelector::default() });
    let metadata = ObjectMeta {
        name: carrier.workload.clone(),
        namespace: carrier.namespace.clone(),
        ..ObjectMeta::default()
    };
    let replicas = i32::try_from(carrier.replicas()).ok();
    let template = PodTemplateSpec {
        metadata: ObjectMeta { labels: BTreeMap::clone(&carrier.labels), ..ObjectMeta::default() },
        spec: pod_spec(carrier)?,
    };
    let rest = &carrier.controller;
    match carrier.runs_as.as_str() {
        "Deployment" => {
            let spec = DeploymentSpec { replicas, selector, template, ..read(rest)? };
            Some(Deployment { metadata, spec }.into())
        }
        "StatefulSet" => {
            let claims = claim(carrier).map(|claim| kube::read(&claim)).transpose().ok()?;
            let read: StatefulSetSpec = read(rest)?;
            let volume_claim_templates =
                claims.map_or(read.volume_claim_templates, |claim: kube::ClaimTemplate| vec![claim]);
            let spec = StatefulSetSpec {
                replicas,
                selector,
                template,
                volume_claim_templates,
                service_name: carrier.workload.clone(),
                update_strategy: read.update_strategy,
                pod_management_policy: read.pod_management_policy,
            };
            Some(StatefulSet { metadata, spec }.into())
        }
        "DaemonSet" => {
            let spec = DaemonSetSpec { selector, template, ..read(rest)? };
            Some(DaemonSet { metadata, spec }.into())
        }
        _ => None,
    }
}

/// What the fields of a map say that this type has.
fn read<'de, T: Deserialize<'de>>(map: &'de Map<String, Value>) -> Option<T> {
    entries(map.iter().map(|(key, value)| (key.as_str(), value)))
}

fn entries<'de, T: Deserialize<'de>>(entries: impl Iterator<Item = (&'de str, &'de Value)>) -> Option<T> {
    T::deserialize(MapDeserializer::<_, serde_json::Error>::new(entries)).ok()
}

fn pod_spec(carrier: &Carrier) -> Option<PodSpec> {
    let fields: Vec<(&str, &Value)> = overrides(carrier).collect();
    let decided = |key: &str| key == "ports" || fields.iter().any(|(field, _)| *field == key);
    let own = carrier.pod.iter().map(|(key, value)| (key.as_str(), value)).filter(|(key, _)| !decided(key));
    let mut spec: PodSpec = entries(own.chain(fields.iter().copied()))?;
    let container = |name: &String| {
        let resources = carrier.field(&Target::Resources(name.clone()));
        Some(Container {
            name: name.clone(),
            image: image(carrier, name),
            resources: resources.map_or(Ok(kube::Resources::default()), kube::read).ok()?,
            ..Container::default()
        })
    };
    spec.containers = carrier.containers.iter().map(container).collect::<Option<_>>()?;
    if let (Some(main), Some(ports)) = (spec.containers.first_mut(), carrier.pod.get("ports")) {
        main.ports = kube::read::<Option<Vec<ContainerPort>>>(ports).ok()?.unwrap_or_default();
    }
    if !carrier.init_containers.is_empty() {
        spec.init_containers = carrier.init_containers.iter().map(container).collect::<Option<_>>()?;
    }
    if let Some(volumes) = emptied(carrier) {
        spec.volumes = kube::read(&volumes).ok()?;
    }
    Some(spec)
}

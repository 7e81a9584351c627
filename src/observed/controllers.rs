//! Pods whose controllers are not in the dump: what would replace them is read from their owner references.

use std::collections::BTreeMap;

use crate::cluster::{Cluster, Workload, WorkloadKind};
use crate::kube::{
    ClaimSpec, ClaimTemplate, NodeSelectorTerm, ObjectMeta, Pod, PodSpec, PodTemplateSpec, Toleration,
};

/// Labels that controllers put on their pods.
const MADE: &[&str] = &[
    "pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/job-name",
    "batch.kubernetes.io/controller-uid",
    "job-name",
    "controller-uid",
];

/// Takes the pods out of a cluster and adds a workload for each group that no workload stands for. Returns
/// the keys of the workloads that were made so.
pub(super) fn of_pods(cluster: &mut Cluster) -> Vec<String> {
    let pods = std::mem::take(&mut cluster.pods);
    let mut groups: BTreeMap<(String, String, WorkloadKind), Vec<Pod>> = BTreeMap::new();
    for pod in pods {
        let (kind, name) = owner(&pod);
        let namespace = pod.metadata.namespace.clone();
        let stands = |w: &&Workload| {
            let same = w.name == name || w.kind == WorkloadKind::CronJob && is_run_of(&name, &w.name);
            w.namespace == namespace && same
        };
        let selected = cluster.workloads.iter().any(|w| stands(&w));
        if !selected {
            groups.entry((namespace, name, kind)).or_default().push(pod);
        }
    }
    let mut made = Vec::new();
    for ((namespace, name, kind), pods) in groups {
        let Some(first) = pods.first() else { continue };
        let workload = Workload {
            kind,
            replicas: i32::try_from(pods.len()).unwrap_or(i32::MAX),
            claim_templates: claim_templates(cluster, kind, first),
            template: template(first, kind),
            namespace,
            name,
            // Pods of one StatefulSet run side by side, so its order decides nothing once they do.
            parallel: true,
            ..Workload::default()
        };
        made.push(workload.key());
        cluster.add_workload(workload);
    }
    made
}

/// Kind and name of what would replace a pod.
fn owner(pod: &Pod) -> (WorkloadKind, String) {
    let own = (WorkloadKind::Pod, pod.metadata.name.clone());
    let Some(owner) = pod.metadata.controller() else { return own };
    let hash = pod.metadata.labels.get("pod-template-hash");
    match owner.kind.as_str() {
        "ReplicaSet" => match hash.and_then(|hash| owner.name.strip_suffix(&format!("-{hash}"))) {
            Some(deployment) => (WorkloadKind::Deployment, deployment.to_owned()),
            None => (WorkloadKind::ReplicaSet, owner.name.clone()),
        },
        "ReplicationController" => (WorkloadKind::ReplicaSet, owner.name.clone()),
        "StatefulSet" => (WorkloadKind::StatefulSet, owner.name.clone()),
        "DaemonSet" => (WorkloadKind::DaemonSet, owner.name.clone()),
        "Job" => (WorkloadKind::Job, owner.name.clone()),
        // A static pod, whose node is its owner, and what unknown controllers make.
        _ => own,
    }
}

/// Whether a Job is a run of a CronJob: its name and a time.
fn is_run_of(job: &str, cron_job: &str) -> bool {
    job.strip_prefix(cron_job)
        .and_then(|rest| rest.strip_prefix('-'))
        .is_some_and(|time| time.bytes().all(|b| b.is_ascii_digit()))
}

/// The template that a pod was made of, as far as it shows.
fn template(pod: &Pod, kind: WorkloadKind) -> PodTemplateSpec {
    let mut labels = pod.metadata.labels.clone();
    labels.retain(|key, _| !MADE.contains(&key.as_str()));
    let mut spec = pod.spec.clone();
    let is_static = pod.metadata.controller().is_some_and(|o| o.kind == "Node");
    if !is_static {
        spec.node_name.clear();
    }
    spec.tolerations.retain(|t| !by_admission(t));
    if kind == WorkloadKind::DaemonSet {
        untie(&mut spec);
    }
    if kind == WorkloadKind::StatefulSet {
        spec.volumes.retain(|v| template_of_claim(pod, v).is_none());
    }
    let metadata =
        ObjectMeta { labels, annotations: pod.metadata.annotations.clone(), ..ObjectMeta::default() };
    PodTemplateSpec { metadata, spec }
}

/// The two tolerations that admission adds to every pod.
fn by_admission(toleration: &Toleration) -> bool {
    matches!(toleration.key.as_str(), "node.kubernetes.io/not-ready" | "node.kubernetes.io/unreachable")
        && toleration.toleration_seconds == Some(300)
}

/// Takes the node out of a DaemonSet's pod.
fn untie(spec: &mut PodSpec) {
    let node_affinity = spec.affinity.as_mut().and_then(|a| a.node_affinity.as_mut());
    let Some(required) = node_affinity.and_then(|n| n.required.as_mut()) else { return };
    for term in &mut required.node_selector_terms {
        term.match_fields.retain(|f| f.key != "metadata.name");
    }
    let empty = |t: &NodeSelectorTerm| t.match_fields.is_empty() && t.match_expressions.is_empty();
    if required.node_selector_terms.iter().all(empty)
        && let Some(affinity) = spec.affinity.as_mut().and_then(|a| a.node_affinity.as_mut())
    {
        affinity.required = None;
    }
}

/// Name of the claim template behind a StatefulSet's volume: the claim is `<template>-<pod>`.
fn template_of_claim(pod: &Pod, volume: &crate::kube::Volume) -> Option<String> {
    let claim = &volume.persistent_volume_claim.as_ref()?.claim_name;
    let template = claim.strip_suffix(&format!("-{}", pod.metadata.name))?;
    (template == volume.name).then(|| template.to_owned())
}

fn claim_templates(cluster: &Cluster, kind: WorkloadKind, pod: &Pod) -> Vec<ClaimTemplate> {
    if kind != WorkloadKind::StatefulSet {
        return Vec::new();
    }
    let templates = pod.spec.volumes.iter().filter_map(|volume| {
        let name = template_of_claim(pod, volume)?;
        let claim = &volume.persistent_volume_claim.as_ref()?.claim_name;
        let known = cluster
            .claims
            .iter()
            .find(|c| c.metadata.name == *claim && c.metadata.namespace == pod.metadata.namespace);
        let mut spec = known.map_or_else(ClaimSpec::default, |c| c.spec.clone());
        spec.volume_name.clear();
        Some(ClaimTemplate { metadata: ObjectMeta { name, ..ObjectMeta::default() }, spec })
    });
    templates.collect()
}

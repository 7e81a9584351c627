//! What holds a workload's data, read off its claims and their classes.

use super::facts::Storage;
use crate::cluster::{Cluster, Workload};
use crate::kube::{ClaimSpec, ClaimTemplate, PersistentVolumeClaim, StorageClass};

/// What holds a workload's data: a claim of a class with node affinity is local, any other claim is replicated, a
/// writable volume that lives with the pod is ephemeral.
pub(super) fn storage(cluster: &Cluster, workload: &Workload) -> Storage {
    let claims = claims(cluster, workload);
    let local = |spec: &ClaimSpec| {
        let provisioner =
            |c: &StorageClass| c.provisioner.contains("local") || c.provisioner.contains("no-provisioner");
        let named = spec.storage_class_name.as_ref().is_some_and(|name| name.contains("local"));
        named || class(cluster, spec).is_some_and(provisioner)
    };
    let bound_locally = |name: &str| {
        cluster.volumes.iter().any(|v| {
            v.spec.node_affinity.is_some()
                && v.spec
                    .claim_ref
                    .as_ref()
                    .is_some_and(|c| c.name == name && c.namespace == workload.namespace)
        })
    };
    if claims.iter().any(|(name, spec)| spec.is_some_and(local) || bound_locally(name)) {
        Storage::Local
    } else if !claims.is_empty() {
        Storage::Replicated
    } else if workload.template.spec.volumes.iter().any(|v| v.other.contains_key("emptyDir")) {
        Storage::Ephemeral
    } else {
        Storage::None
    }
}

/// Whether a claim of its first pod is still to be bound, by a class that does not wait for the pod.
pub(super) fn provisioned(cluster: &Cluster, workload: &Workload) -> bool {
    let at_once = |spec: &ClaimSpec| {
        spec.volume_name.is_empty()
            && class(cluster, spec)
                .is_some_and(|c| !c.waits_for_first_consumer() && !c.provisioner.is_empty())
    };
    claims(cluster, workload).iter().any(|(_, spec)| spec.is_some_and(at_once))
}

/// Whether no claim of its pods is there yet, and their classes make volumes on whatever node a pod is placed.
pub(super) fn follows(cluster: &Cluster, workload: &Workload) -> bool {
    let anywhere = |c: &StorageClass| {
        let made = !c.provisioner.is_empty() && !c.provisioner.contains("no-provisioner");
        c.waits_for_first_consumer() && made && c.allowed_topologies.is_empty()
    };
    let to_come = |t: &ClaimTemplate| {
        let of_any_pod = |c: &PersistentVolumeClaim| {
            let ordinal = c.metadata.name.strip_prefix(&format!("{}-{}-", t.metadata.name, workload.name));
            c.metadata.namespace() == workload.namespace && ordinal.is_some()
        };
        class(cluster, &t.spec).is_some_and(anywhere) && !cluster.claims.iter().any(of_any_pod)
    };
    // Whatever is no template's claim exists before the pod, or is made by somebody else.
    workload.claims(0).len() == workload.claim_templates.len() && workload.claim_templates.iter().all(to_come)
}

/// The claims of a workload's first pod by name, with what they ask for where that is known.
fn claims<'a>(cluster: &'a Cluster, workload: &'a Workload) -> Vec<(String, Option<&'a ClaimSpec>)> {
    let spec = |name: &str| {
        let template =
            workload.claim_templates.iter().find(|t| workload.claim_name(&t.metadata.name, 0) == name);
        let is_it = |c: &&PersistentVolumeClaim| {
            c.metadata.name == name && c.metadata.namespace == workload.namespace
        };
        let existing = || cluster.claims.iter().find(is_it).map(|c| &c.spec);
        template.map(|t| &t.spec).or_else(existing)
    };
    workload.claims(0).into_iter().map(|claim| (claim.name.clone(), spec(&claim.name))).collect()
}

/// The class of a claim: the one it names, or the cluster's default.
fn class<'a>(cluster: &'a Cluster, spec: &ClaimSpec) -> Option<&'a StorageClass> {
    cluster.storage_classes.iter().find(|c| match &spec.storage_class_name {
        Some(name) => c.metadata.name == *name,
        None => c.is_default(),
    })
}

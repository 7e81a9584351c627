//! What a pod requests of a node.
//!
//! Source: `k8s.io/component-helpers/resource/helpers.go` (`PodRequests`) and
//! `pkg/scheduler/framework/types.go` (`calculateResource`), v1.34.

use std::collections::BTreeMap;

use crate::cluster::KubernetesVersion;
use crate::kube::{Container, PodSpec, ResourceList};

/// Milli-CPU that scoring assumes for a container without a CPU request.
const DEFAULT_MILLI_CPU: i128 = 100;
/// Bytes that scoring assumes for a container without a memory request.
const DEFAULT_MEMORY: i128 = 200 * 1024 * 1024;
/// Nanos in one unit of a quantity.
const UNIT: i128 = 1_000_000_000;

/// A pod's requests as the scheduler's plugins see them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Milli-CPU, rounded up.
    pub milli_cpu: i64,
    /// Bytes, rounded up.
    pub memory: i64,
    /// Bytes of `ephemeral-storage`, rounded up.
    pub ephemeral_storage: i64,
    /// Extended resources, huge pages and attachable volumes.
    pub scalar: BTreeMap<String, i64>,
    /// Milli-CPU with the default for containers that state none.
    pub nonzero_milli_cpu: i64,
    /// Bytes with the default for containers that state none.
    pub nonzero_memory: i64,
}

impl Requests {
    /// The requests of an admitted pod: the larger of (containers and sidecars together) and of each
    /// init container with the sidecars before it, plus overhead.
    #[must_use]
    pub fn of(spec: &PodSpec, version: KubernetesVersion) -> Requests {
        let mut sum = total(spec, version, false);
        let nonzero = total(spec, version, true);
        let mut take = |name: &str, unit: i128| round_up(sum.remove(name).unwrap_or(0), unit);
        Requests {
            milli_cpu: take("cpu", UNIT / 1000),
            memory: take("memory", UNIT),
            ephemeral_storage: take("ephemeral-storage", UNIT),
            nonzero_milli_cpu: round_up(nonzero.get("cpu").copied().unwrap_or(0), UNIT / 1000),
            nonzero_memory: round_up(nonzero.get("memory").copied().unwrap_or(0), UNIT),
            scalar: sum
                .into_iter()
                .filter(|(name, _)| is_scalar(name))
                .map(|(name, nanos)| (name.to_owned(), round_up(nanos, UNIT)))
                .collect(),
        }
    }
}

/// Whether the scheduler counts a resource besides CPU, memory, storage and pods.
pub(super) fn is_scalar(name: &str) -> bool {
    name.contains('/') || name.starts_with("hugepages-") || name.starts_with("attachable-volumes-")
}

type Sum<'a> = BTreeMap<&'a str, i128>;

fn total(spec: &PodSpec, version: KubernetesVersion, defaults: bool) -> Sum<'_> {
    let mut sum = Sum::new();
    for container in &spec.containers {
        add(&mut sum, &request(container, defaults));
    }
    let mut largest_init = Sum::new();
    let mut sidecars = Sum::new();
    for container in &spec.init_containers {
        let mut now = request(container, defaults);
        if container.is_sidecar() {
            add(&mut sum, &now);
            add(&mut sidecars, &now);
            now.clone_from(&sidecars);
        } else {
            add(&mut now, &sidecars);
        }
        maximum(&mut largest_init, &now);
    }
    maximum(&mut sum, &largest_init);
    if let Some(pod) = spec.resources.as_ref().filter(|_| version.has_pod_level_resources()) {
        // A limit of the whole pod is its request as well; only these resources exist at this level.
        for (name, quantity) in pod.limits.iter().chain(&pod.requests) {
            if matches!(name.as_str(), "cpu" | "memory") || name.starts_with("hugepages-") {
                sum.insert(name, quantity.nanos());
            }
        }
    }
    add(&mut sum, &list(&spec.overhead));
    sum
}

fn list(resources: &ResourceList) -> Sum<'_> {
    resources.iter().map(|(name, quantity)| (name.as_str(), quantity.nanos())).collect()
}

fn request(container: &Container, defaults: bool) -> Sum<'_> {
    let mut sum = list(&container.resources.requests);
    if defaults {
        sum.entry("cpu").or_insert(DEFAULT_MILLI_CPU * UNIT / 1000);
        sum.entry("memory").or_insert(DEFAULT_MEMORY * UNIT);
    }
    sum
}

fn add<'a>(sum: &mut Sum<'a>, more: &Sum<'a>) {
    for (name, nanos) in more {
        let entry = sum.entry(name).or_default();
        *entry = entry.saturating_add(*nanos);
    }
}

fn maximum<'a>(sum: &mut Sum<'a>, other: &Sum<'a>) {
    for (name, nanos) in other {
        let entry = sum.entry(name).or_insert(*nanos);
        *entry = (*entry).max(*nanos);
    }
}

fn round_up(nanos: i128, unit: i128) -> i64 {
    let rounded = nanos / unit + (nanos % unit).signum();
    // Sums of several pods must not overflow either; no node has a quarter of i64's range.
    i64::try_from(rounded).unwrap_or(i64::MAX).clamp(i64::MIN / 1024, i64::MAX / 1024)
}

//! What a pod requests of a node.
//!
//! Source: `k8s.io/component-helpers/resource/helpers.go` (`PodRequests`) and
//! `pkg/scheduler/framework/types.go` (`calculateResource`), v1.34.

use std::collections::BTreeMap;

use crate::cluster::{Cluster, KubernetesVersion, Workload};
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
        let sum = total(spec, version, false);
        let nonzero = total(spec, version, true);
        let scalar = |(name, nanos): (&str, i128)| (name.to_owned(), round_up(nanos, UNIT));
        Requests {
            milli_cpu: round_up(sum.cpu, UNIT / 1000),
            memory: round_up(sum.memory, UNIT),
            ephemeral_storage: round_up(sum.storage, UNIT),
            nonzero_milli_cpu: round_up(nonzero.cpu, UNIT / 1000),
            nonzero_memory: round_up(nonzero.memory, UNIT),
            scalar: sum.others.into_iter().filter(|(name, _)| is_scalar(name)).map(scalar).collect(),
        }
    }

    /// The requests of one pod of a workload.
    #[must_use]
    pub fn of_workload(cluster: &Cluster, workload: &Workload) -> Requests {
        Requests::of(&workload.pod(cluster, 0).spec, cluster.version)
    }

    /// CPU in thousandths and memory in bytes.
    #[must_use]
    pub fn cpu_and_memory(&self) -> (i64, i64) {
        (self.milli_cpu, self.memory)
    }

    /// The request of a resource by its name: milli-CPU of `cpu`, one of `pods`, of all else whole units.
    #[must_use]
    pub fn get(&self, resource: &str) -> i64 {
        match resource {
            "cpu" => self.milli_cpu,
            "memory" => self.memory,
            "ephemeral-storage" => self.ephemeral_storage,
            "pods" => 1,
            other => self.scalar.get(other).copied().unwrap_or(0),
        }
    }
}

/// Whether the scheduler counts a resource besides CPU, memory, storage and pods.
pub(super) fn is_scalar(name: &str) -> bool {
    name.contains('/') || name.starts_with("hugepages-") || name.starts_with("attachable-volumes-")
}

/// Nanos of each resource.
#[derive(Clone, Default)]
struct Sum<'a> {
    cpu: i128,
    memory: i128,
    storage: i128,
    others: BTreeMap<&'a str, i128>,
}

impl<'a> Sum<'a> {
    fn of(resources: &'a ResourceList) -> Self {
        let mut sum = Self::default();
        for (name, quantity) in resources {
            *sum.slot(name) = quantity.nanos();
        }
        sum
    }

    fn slot(&mut self, name: &'a str) -> &mut i128 {
        match name {
            "cpu" => &mut self.cpu,
            "memory" => &mut self.memory,
            "ephemeral-storage" => &mut self.storage,
            other => self.others.entry(other).or_default(),
        }
    }

    fn join(&mut self, with: &Self, join: fn(i128, i128) -> i128) {
        self.cpu = join(self.cpu, with.cpu);
        self.memory = join(self.memory, with.memory);
        self.storage = join(self.storage, with.storage);
        for (name, nanos) in &with.others {
            let entry = self.others.entry(name).or_default();
            *entry = join(*entry, *nanos);
        }
    }

    fn add(&mut self, more: &Self) {
        self.join(more, i128::saturating_add);
    }
}

fn total(spec: &PodSpec, version: KubernetesVersion, defaults: bool) -> Sum<'_> {
    let mut sum = Sum::default();
    for container in &spec.containers {
        sum.add(&request(container, defaults));
    }
    let mut largest_init = Sum::default();
    let mut sidecars = Sum::default();
    for container in &spec.init_containers {
        let mut now = request(container, defaults);
        if container.is_sidecar() {
            sum.add(&now);
            sidecars.add(&now);
            now.clone_from(&sidecars);
        } else {
            now.add(&sidecars);
        }
        largest_init.join(&now, i128::max);
    }
    sum.join(&largest_init, i128::max);
    if let Some(pod) = spec.resources.as_ref().filter(|_| version.has_pod_level_resources()) {
        // A limit of the whole pod is its request as well; only these resources exist at this level.
        for (name, quantity) in pod.limits.iter().chain(&pod.requests) {
            if matches!(name.as_str(), "cpu" | "memory") || name.starts_with("hugepages-") {
                *sum.slot(name) = quantity.nanos();
            }
        }
    }
    sum.add(&Sum::of(&spec.overhead));
    sum
}

fn request(container: &Container, defaults: bool) -> Sum<'_> {
    let requests = &container.resources.requests;
    let mut sum = Sum::of(requests);
    if defaults && !requests.contains_key("cpu") {
        sum.cpu = DEFAULT_MILLI_CPU * UNIT / 1000;
    }
    if defaults && !requests.contains_key("memory") {
        sum.memory = DEFAULT_MEMORY * UNIT;
    }
    sum
}

fn round_up(nanos: i128, unit: i128) -> i64 {
    let rounded = nanos / unit + (nanos % unit).signum();
    // Sums of several pods must not overflow either; no node has a quarter of i64's range.
    i64::try_from(rounded).unwrap_or(i64::MAX).clamp(i64::MIN / 1024, i64::MAX / 1024)
}

//! What a pod takes of a node. Source: `k8s.io/component-helpers/resource` (`PodRequests`), v1.34.

use crate::kube::{Container, PodSpec};

/// The request of one resource: CPU in thousandths, everything else in whole units.
///
/// Sidecars run beside the containers; an ordinary init container runs beside the sidecars that stand
/// before it; the larger of both, plus the overhead.
#[must_use]
pub fn of(spec: &PodSpec, resource: &str) -> i64 {
    let one = |c: &Container| {
        c.resources
            .requests
            .get(resource)
            .map_or(0, |q| if resource == "cpu" { q.milli() } else { q.value() })
    };
    let mut sum = spec.containers.iter().map(one).fold(0_i64, i64::saturating_add);
    let (mut sidecars, mut largest) = (0_i64, 0_i64);
    for container in &spec.init_containers {
        let request = one(container);
        if container.is_sidecar() {
            sidecars = sidecars.saturating_add(request);
            sum = sum.saturating_add(request);
            largest = largest.max(sidecars);
        } else {
            largest = largest.max(sidecars.saturating_add(request));
        }
    }
    let overhead =
        spec.overhead.get(resource).map_or(0, |q| if resource == "cpu" { q.milli() } else { q.value() });
    sum.max(largest).saturating_add(overhead)
}

/// What a pod counts for in NodeResourcesFit's and BalancedAllocation's scores: a container without a request
/// counts as 100m and 200 MiB. Source: `pkg/scheduler/util/pod_resources.go`, v1.34.
#[must_use]
pub fn scored(spec: &PodSpec) -> [i64; 2] {
    let mut sum = [of(spec, "cpu"), of(spec, "memory")];
    for container in &spec.containers {
        if !container.resources.requests.contains_key("cpu") {
            sum[0] = sum[0].saturating_add(100);
        }
        if !container.resources.requests.contains_key("memory") {
            sum[1] = sum[1].saturating_add(200 << 20);
        }
    }
    sum
}

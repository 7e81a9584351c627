//! Required pod affinity that no order of creation fulfils: cycles, and terms that match nobody.
//!
//! kube-scheduler lets the first pod of a group in although nobody is there yet, if it matches all of its own
//! terms (`pkg/scheduler/framework/plugins/interpodaffinity/filtering.go`, `satisfyPodAffinity`). So a workload can
//! start once every term is matched by one that has started, or by itself in all terms at once.

use super::{Observed, found};
use crate::cluster::Workload;
use crate::cluster::matching::term_selects;
use crate::diag::codes::observed as codes;
use crate::kube::{Pod, PodAffinityTerm};

/// Tells workloads that can never start.
pub(super) fn check(observed: &mut Observed) {
    let cluster = &observed.cluster;
    let pods: Vec<Pod> = cluster.workloads.iter().map(|w| w.pod(cluster, 0)).collect();
    let terms = |i: usize| required(&pods[i]);
    let mut started: Vec<bool> = (0..pods.len()).map(|i| terms(i).is_empty()).collect();
    loop {
        let more: Vec<usize> = (0..pods.len())
            .filter(|&i| !started[i])
            .filter(|&i| {
                let by_others = |t: &PodAffinityTerm| {
                    (0..pods.len()).any(|o| started[o] && term_selects(cluster, &pods[i], t, &pods[o]))
                };
                terms(i).iter().all(by_others)
                    || terms(i).iter().all(|t| term_selects(cluster, &pods[i], t, &pods[i]))
            })
            .collect();
        if more.is_empty() {
            break;
        }
        more.into_iter().for_each(|i| started[i] = true);
    }
    let stuck: Vec<usize> = (0..pods.len()).filter(|&i| !started[i]).collect();
    let mut findings = Vec::new();
    for &i in &stuck {
        let waits: Vec<String> = stuck
            .iter()
            .filter(|&&o| terms(i).iter().any(|t| term_selects(cluster, &pods[i], t, &pods[o])))
            .map(|&o| cluster.workloads[o].key())
            .collect();
        let workload: &Workload = &cluster.workloads[i];
        let message = if waits.is_empty() {
            format!("{} requires to stand beside pods that nobody makes", workload.key())
        } else {
            format!("{} waits for {}, which can never start either", workload.key(), waits.join(", "))
        };
        findings.push(found(codes::AFFINITY_CYCLE, message, None));
    }
    observed.findings.append(&mut findings);
}

fn required(pod: &Pod) -> &[PodAffinityTerm] {
    let affinity = pod.spec.affinity.as_ref().and_then(|a| a.pod_affinity.as_ref());
    affinity.map_or(&[], |a| &a.required)
}

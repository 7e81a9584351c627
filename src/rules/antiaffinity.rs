//! Required anti-affinity of a workload against its own pods: there must be a node for each, and during a
//! rolling update one more for each pod that comes before an old one goes.

use super::{Found, Subject, eligible_nodes};
use crate::cluster::{HOSTNAME_LABEL, Workload, WorkloadKind};
use crate::diag::codes::verify as codes;

pub(super) fn check(subject: Subject<'_>, found: &mut Vec<Found>) {
    let workload = subject.workload;
    let pod = subject.pod();
    let Some(anti) = pod.affinity.as_ref().and_then(|a| a.pod_anti_affinity.as_ref()) else { return };
    if matches!(workload.kind, WorkloadKind::DaemonSet | WorkloadKind::Job | WorkloadKind::CronJob) {
        return;
    }
    let labels = &workload.template.metadata.labels;
    let own = anti.required.iter().position(|term| {
        let here = term.namespaces.is_empty() || term.namespaces.contains(&workload.namespace);
        let label_selector = term.label_selector.as_ref().is_some_and(|selector| selector.matches(labels));
        term.topology_key == HOSTNAME_LABEL && here && label_selector
    });
    let Some(n) = own else { return };
    let eligible = eligible_nodes(subject.plan, pod).count();
    let replicas = usize::try_from(workload.replicas).unwrap_or(0);
    let path =
        ["affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution", &n.to_string()];
    let nodes = if eligible == 1 { "1 node".to_owned() } else { format!("{eligible} nodes") };
    if replicas > eligible {
        let message = format!("needs a node for each of its {replicas} pods, and may stand on {nodes}");
        found.push(
            Found::new(codes::ANTI_AFFINITY_UNSATISFIABLE, &path, message)
                .policy(subject.carrier.and_then(|carrier| carrier.span))
                .help("prefer the anti-affinity instead of requiring it, or run fewer replicas"),
        );
    } else if surge_first(workload) > 0 && replicas + surge_first(workload) > eligible {
        let message = format!(
            "cannot be updated: the update starts a pod before it stops one, and all {nodes} that its {replicas} pods may stand on are taken"
        );
        found.push(
            Found::new(codes::ANTI_AFFINITY_UNSATISFIABLE, &path, message)
                .policy(subject.carrier.and_then(|carrier| carrier.span))
                .help("prefer the anti-affinity instead of requiring it, or let the update stop a pod first (maxSurge: 0, maxUnavailable: 1)"),
        );
    }
}

/// How many new pods must run before an old one may go.
fn surge_first(workload: &Workload) -> usize {
    if workload.kind != WorkloadKind::Deployment || workload.max_unavailable() > 0 {
        return 0;
    }
    usize::try_from(workload.max_surge().min(1)).unwrap_or(0)
}

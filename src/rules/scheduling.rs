//! The pod as it is meets the same filters as the pod that was proved: everything in its spec that no other
//! rule compares, and that the scheduler or a controller reads.

use std::collections::BTreeSet;

use super::{Found, Subject, taint, tolerates};
use crate::cluster::WorkloadKind;
use crate::diag::{Severity, codes::verify as codes};
use crate::kube::{Effect, PodSpec};
use crate::plan::{Carrier, Owner};

/// The scheduler of pods that name none.
const DEFAULT_SCHEDULER: &str = "default-scheduler";

pub(super) fn check(subject: Subject<'_>, found: &mut Vec<Found>) {
    let Some((carrier, proved)) = subject.counted() else { return };
    let pod = subject.pod();
    let mut differences = Vec::new();
    node_name(subject, pod, &mut differences);
    scheduler(pod, proved, &mut differences);
    preemption(subject, carrier, &mut differences);
    gates(pod, &mut differences);
    network(carrier, pod, proved, &mut differences);
    node_taints(subject, proved, &mut differences);
    for difference in &mut differences {
        difference.policy = difference.policy.or(carrier.span);
        let help = match carrier.owner {
            Owner::Workload(_) => {
                "take it out: the policy has no word for it, and the proof does not count it"
            }
            _ => "take it out of the values: the proof does not count it",
        };
        difference.help.get_or_insert_with(|| help.to_owned());
    }
    found.append(&mut differences);
}

fn differs(path: &str, message: impl Into<String>) -> Found {
    Found::new(codes::FIELD_DIFFERS, &[path], message)
}

/// A bound pod of a dump has a node; a template that has one passes the scheduler by.
fn node_name(subject: Subject<'_>, pod: &PodSpec, out: &mut Vec<Found>) {
    if subject.workload.kind != WorkloadKind::Pod && !pod.node_name.is_empty() {
        let message = format!(
            "is tied to node `{}` by `nodeName`: its pods pass the scheduler by, and go nowhere else",
            pod.node_name
        );
        out.push(differs("nodeName", message));
    }
}

fn scheduler(pod: &PodSpec, proved: &PodSpec, out: &mut Vec<Found>) {
    let name = |pod: &PodSpec| {
        if pod.scheduler_name.is_empty() { DEFAULT_SCHEDULER.to_owned() } else { pod.scheduler_name.clone() }
    };
    let (is, was) = (name(pod), name(proved));
    if is != was {
        out.push(differs(
            "schedulerName",
            format!("is placed by scheduler `{is}`; the proof is about `{was}`"),
        ));
    }
}

/// What the pod says must be what its class says: admission refuses anything else, or takes it from there.
fn preemption(subject: Subject<'_>, carrier: &Carrier, out: &mut Vec<Found>) {
    let Some(is) = subject.pod().preemption_policy.as_deref() else { return };
    let class = carrier.field(&crate::plan::PRIORITY_CLASS).and_then(|class| class.as_str());
    let planned = subject.plan.classes.iter().find(|known| match class {
        Some(name) => known.name == name,
        None => known.global_default,
    });
    let was = planned.map_or("PreemptLowerPriority", |class| class.preemption.word());
    if is != was {
        let mut finding =
            differs("preemptionPolicy", format!("has preemptionPolicy {is}; the plan says {was}"));
        finding.why = planned.map(|class| class.why);
        out.push(finding);
    }
}

fn gates(pod: &PodSpec, out: &mut Vec<Found>) {
    if !pod.scheduling_gates.is_empty() {
        let message = "has scheduling gates: until somebody takes them away, its pods wait";
        out.push(differs("schedulingGates", message));
    }
    if !pod.resource_claims.is_empty() {
        let message = "claims devices (`resourceClaims`), which the proof does not count";
        out.push(differs("resourceClaims", message));
    }
}

/// Two pods with one host port cannot stand on one node. Those of a DaemonSet never do.
fn network(carrier: &Carrier, pod: &PodSpec, proved: &PodSpec, out: &mut Vec<Found>) {
    let severity = if carrier.runs_as == "DaemonSet" { Severity::Note } else { Severity::Error };
    let differs = |path: &str, message: String| differs(path, message).severity(severity);
    let (is, was) = (host_ports(pod), host_ports(proved));
    let list = |ports: Vec<&(i32, String, String)>| {
        let ports: Vec<String> = ports.iter().map(|(port, ..)| port.to_string()).collect();
        ports.join(", ")
    };
    let more = list(is.difference(&was).collect());
    let fewer = list(was.difference(&is).collect());
    let key = if pod.host_network == proved.host_network { "containers" } else { "hostNetwork" };
    if !more.is_empty() {
        let message = format!(
            "takes host port {more} of its node, which the plan does not: two pods that do need two nodes"
        );
        out.push(differs(key, message));
    }
    if !fewer.is_empty() {
        out.push(differs(key, format!("does not take host port {fewer} of its node, which the plan does")));
    } else if more.is_empty() && pod.host_network != proved.host_network {
        let message = format!("has hostNetwork {}; the plan says {}", pod.host_network, proved.host_network);
        out.push(differs(key, message));
    }
}

fn host_ports(pod: &PodSpec) -> BTreeSet<(i32, String, String)> {
    let sidecars = pod.init_containers.iter().filter(|container| container.is_sidecar());
    let ports = pod.containers.iter().chain(sidecars).flat_map(|container| &container.ports);
    ports
        .filter_map(|port| {
            let host =
                if port.host_port == 0 && pod.host_network { port.container_port } else { port.host_port };
            let protocol = if port.protocol.is_empty() { "TCP" } else { &port.protocol };
            (host != 0).then(|| (host, protocol.to_owned(), port.host_ip.clone()))
        })
        .collect()
}

/// Taints of nodes besides the lifeboat's, of which another rule speaks.
fn node_taints(subject: Subject<'_>, proved: &PodSpec, out: &mut Vec<Found>) {
    let plan = subject.plan;
    let lifeboat = plan.policy.lifeboat.as_ref();
    let own = |key: &str| {
        lifeboat.is_some_and(|boat| {
            boat.taint.value.key == key || boat.twin.as_ref().is_some_and(|twin| twin.value.key == key)
        })
    };
    let mut told = BTreeSet::new();
    for decided in plan.nodes.iter().flat_map(|node| &node.taints).filter(|t| !own(&t.value.key)) {
        let of_node = taint(&decided.value);
        let is = tolerates(&subject.pod().tolerations, &of_node);
        let was = tolerates(&proved.tolerations, &of_node);
        let shown = format!("{}={}:{}", of_node.key, of_node.value, of_node.effect.as_str());
        if is == was || of_node.effect == Effect::PreferNoSchedule || !told.insert(shown.clone()) {
            continue;
        }
        let verb = if is { "tolerates" } else { "does not tolerate" };
        let other = if is { "does not" } else { "does" };
        out.push(
            differs("tolerations", format!("{verb} the taint `{shown}`; the planned pod {other}"))
                .why(decided.why),
        );
    }
}

//! Is this the cluster that was proved? Node objects against the policy's nodes.

use super::{Found, taint};
use crate::diag::{Severity, codes::verify as codes};
use crate::kube::{Node, Taint};
use crate::plan::{NodePlan, Plan};
use crate::policy::Role;

const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";
const EXCLUDE_DISRUPTION: &str = "node.kubernetes.io/exclude-disruption";
const ZONE: &str = "topology.kubernetes.io/zone";
/// Taints and labels that come and go by themselves.
const TRANSIENT: &str = "node.kubernetes.io/";

/// Compares one node; `version` is what its kubelet reports.
#[must_use]
pub fn check(plan: &Plan, node: &Node, version: Option<&str>) -> Vec<Found> {
    let Some(planned) = plan.nodes.iter().find(|planned| planned.name == node.metadata.name) else {
        let message = "is not in the policy: what runs on it was not proved";
        return vec![
            Found::new(codes::NODE_UNKNOWN, &["metadata", "name"], message).help("add it under `[nodes]`"),
        ];
    };
    let policy = plan.policy.node(planned.id);
    let mut found = Vec::new();
    role(node, planned, &mut found);
    taints(plan, node, planned, &mut found);
    labels(node, planned, &mut found);
    allocatable(node, planned, &mut found);
    health(node, &mut found);
    if let Some(version) = version {
        minor(plan, version, &mut found);
    }
    for finding in &mut found {
        finding.policy = finding.policy.or(policy.name.span).or(policy.role.span);
    }
    found
}

/// A planned node that is not among those of the input.
#[must_use]
pub fn missing(plan: &Plan, planned: &NodePlan) -> Found {
    let node = plan.policy.node(planned.id);
    let message = format!("node `{}` of the policy is not in the cluster", planned.name);
    Found::new(codes::NODE_MISSING, &["metadata", "name"], message).policy(node.name.span.or(node.role.span))
}

fn role(node: &Node, planned: &NodePlan, found: &mut Vec<Found>) {
    let server = node.metadata.labels.contains_key(CONTROL_PLANE);
    if server != (planned.role == Role::Server) {
        let is = if server { "a server" } else { "an agent" };
        let message = format!("is {is}; the policy says {}", planned.role.word());
        found.push(Found::new(codes::NODE_ROLE, &["metadata", "labels"], message));
    }
}

fn taints(plan: &Plan, node: &Node, planned: &NodePlan, found: &mut Vec<Found>) {
    let wanted: Vec<Taint> = planned.taints.iter().map(|t| taint(&t.value)).collect();
    let show = |t: &Taint| {
        let equals = if t.value.is_empty() { "" } else { "=" };
        format!("{}{equals}{}:{}", t.key, t.value, t.effect.as_str())
    };
    for (n, missing) in wanted.iter().enumerate().filter(|(_, t)| !node.spec.taints.contains(t)) {
        let message = format!("lacks the taint `{}`", show(missing));
        found.push(
            Found::new(codes::NODE_TAINT, &["spec", "taints"], message)
                .why(planned.taints[n].why)
                .note("`node-taint` in K3s's configuration works at registration only")
                .help("cluster/taints.sh apply"),
        );
    }
    for (n, extra) in node.spec.taints.iter().enumerate() {
        if wanted.contains(extra) || extra.key.starts_with(TRANSIENT) {
            continue;
        }
        let boat = plan.policy.lifeboat.as_ref().is_some_and(|boat| boat.taint.value.key == extra.key);
        let severity = if boat { Severity::Error } else { Severity::Warning };
        let message = format!("has the taint `{}`, which the policy does not know", show(extra));
        found.push(
            Found::new(codes::NODE_TAINT, &["spec", "taints", &n.to_string()], message).severity(severity),
        );
    }
}

fn labels(node: &Node, planned: &NodePlan, found: &mut Vec<Found>) {
    let labels = &node.metadata.labels;
    for (key, value) in &planned.own_labels {
        if labels.get(key) != Some(value) {
            let is = labels.get(key).map_or("it has none".to_owned(), |is| format!("it has `{is}`"));
            let message = format!("lacks the label `{key}={value}`: {is}");
            found.push(Found::new(codes::NODE_LABEL, &["metadata", "labels"], message));
        }
    }
    if let Some(zone) = labels.get(ZONE).filter(|_| !planned.own_labels.contains_key(ZONE)) {
        let message =
            format!("is in zone `{zone}`, which the policy does not know: evictions are counted by zone");
        found.push(Found::new(codes::NODE_LABEL, &["metadata", "labels", ZONE], message));
    }
    if labels.contains_key(EXCLUDE_DISRUPTION) && !planned.own_labels.contains_key(EXCLUDE_DISRUPTION) {
        let message = format!(
            "carries `{EXCLUDE_DISRUPTION}`: it does not count when Kubernetes decides whether to evict"
        );
        found.push(Found::new(codes::NODE_LABEL, &["metadata", "labels", EXCLUDE_DISRUPTION], message));
    }
}

/// The proof starts from nodes that take pods.
fn health(node: &Node, found: &mut Vec<Found>) {
    if node.spec.unschedulable {
        let message = "is cordoned: it takes no new pod, and the proof counts on its room";
        found.push(
            Found::new(codes::NODE_UNREADY, &["spec", "unschedulable"], message).help("kubectl uncordon"),
        );
    }
    let ready = node.status.conditions.iter().position(|condition| condition.kind == "Ready");
    if let Some(n) = ready.filter(|n| node.status.conditions[*n].status != "True") {
        let message = format!(
            "is not ready (`Ready` is `{}`): the proof starts from nodes that are",
            node.status.conditions[n].status
        );
        let path = ["status", "conditions", &n.to_string(), "status"];
        found.push(Found::new(codes::NODE_UNREADY, &path, message));
    }
}

fn allocatable(node: &Node, planned: &NodePlan, found: &mut Vec<Found>) {
    let of = |name: &str| node.status.allocatable.get(name).copied();
    let absent: Vec<&str> = ["cpu", "memory"].into_iter().filter(|name| of(name).is_none()).collect();
    if !absent.is_empty() {
        let message = format!("says nothing of its allocatable {}", absent.join(" and "));
        found.push(
            Found::new(codes::NODE_ALLOCATABLE, &["status", "allocatable"], message)
                .severity(Severity::Warning)
                .note("whether there is the room that the proof rests on cannot be said"),
        );
    }
    if let Some(pods) = of("pods").map(|pods| pods.value()).filter(|pods| *pods != i64::from(planned.pods)) {
        let message = format!("takes {pods} pods; the proof rests on {}", planned.pods);
        let severity = if pods < i64::from(planned.pods) { Severity::Error } else { Severity::Note };
        found.push(
            Found::new(codes::NODE_ALLOCATABLE, &["status", "allocatable", "pods"], message)
                .severity(severity)
                .help("state it as the node's `pods` in the policy"),
        );
    }
    if let Some(cpu) = of("cpu") {
        let milli = u64::try_from(cpu.milli()).unwrap_or(0);
        if milli < planned.milli.value {
            let message =
                format!("has {milli}m CPU allocatable; the proof rests on {}m", planned.milli.value);
            found.push(
                Found::new(codes::NODE_ALLOCATABLE, &["status", "allocatable", "cpu"], message)
                    .why(planned.milli.why),
            );
        } else if milli > planned.milli.value {
            let message =
                format!("has {milli}m CPU allocatable, more than the {}m of the policy", planned.milli.value);
            found.push(
                Found::new(codes::NODE_ALLOCATABLE, &["status", "allocatable", "cpu"], message)
                    .severity(Severity::Note),
            );
        }
    }
    if let Some(memory) = of("memory") {
        let bytes = u64::try_from(memory.value()).unwrap_or(0);
        let mib = |bytes: u64| format!("{}Mi", bytes >> 20);
        if bytes < planned.bytes.value {
            let message = format!(
                "has {} of memory allocatable; the proof rests on {}",
                mib(bytes),
                mib(planned.bytes.value)
            );
            found.push(
                Found::new(codes::NODE_ALLOCATABLE, &["status", "allocatable", "memory"], message)
                    .why(planned.bytes.why),
            );
        } else if bytes >> 20 > planned.bytes.value >> 20 {
            let message = format!(
                "has {} of memory allocatable, more than the {} of the policy",
                mib(bytes),
                mib(planned.bytes.value)
            );
            found.push(
                Found::new(codes::NODE_ALLOCATABLE, &["status", "allocatable", "memory"], message)
                    .severity(Severity::Note),
            );
        }
    }
}

/// `v1.34.8+k3s1` is minor 34.
fn minor(plan: &Plan, version: &str, found: &mut Vec<Found>) {
    let minor = version.trim_start_matches('v').split('.').nth(1).and_then(|n| n.parse::<u32>().ok());
    let planned = &plan.policy.cluster.minor;
    if let Some(minor) = minor.filter(|minor| *minor != planned.value) {
        let message = format!("runs Kubernetes 1.{minor}; the policy says 1.{}", planned.value);
        found.push(
            Found::new(codes::NODE_VERSION, &["status", "nodeInfo", "kubeletVersion"], message)
                .policy(planned.span),
        );
    }
}

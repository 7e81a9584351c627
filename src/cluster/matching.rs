//! What two objects mean to each other: a pod and a node, a term and a pod, a budget and a pod, two host ports. Each
//! rule stands here once; filters, bounds, hints, controllers and findings all ask it.
//!
//! Pods are admitted ones ([`Cluster::admit`]), so that defaults and merged label keys are in them.

use super::{Cluster, KubernetesVersion, Node};
use crate::kube::{
    ContainerPort, Effect, Labels, NodeSelector, Pod, PodAffinityTerm, PodDisruptionBudget, PodSpec, Taint,
    TopologySpreadConstraint,
};

/// Whether any toleration of the pod tolerates the taint.
#[must_use]
pub fn tolerates(spec: &PodSpec, taint: &Taint) -> bool {
    spec.tolerations.iter().any(|toleration| toleration.tolerates(taint))
}

/// Whether the pod tolerates the `NoSchedule` taint `node.kubernetes.io/<condition>`.
#[must_use]
pub fn tolerates_condition(spec: &PodSpec, condition: &str) -> bool {
    let key = format!("node.kubernetes.io/{condition}");
    tolerates(spec, &Taint { key, value: String::new(), effect: Effect::NoSchedule })
}

/// The first of these taints that keeps the pod out. Source: `pkg/scheduler/framework/plugins/tainttoleration`.
pub fn barrier<'t>(spec: &PodSpec, taints: impl IntoIterator<Item = &'t Taint>) -> Option<&'t Taint> {
    let hard = |taint: &&Taint| matches!(taint.effect, Effect::NoSchedule | Effect::NoExecute);
    taints.into_iter().filter(hard).find(|taint| !tolerates(spec, taint))
}

/// How many `PreferNoSchedule` taints of the node the pod does not tolerate. Only tolerations of this effect, or of
/// all, count.
#[must_use]
pub fn disliked_taints(spec: &PodSpec, node: &Node) -> i64 {
    let soft = |effect: &Option<Effect>| effect.as_ref().is_none_or(|e| *e == Effect::PreferNoSchedule);
    let accepts = |taint: &Taint| spec.tolerations.iter().any(|t| soft(&t.effect) && t.tolerates(taint));
    let disliked = node.taints.iter().filter(|t| t.effect == Effect::PreferNoSchedule && !accepts(t));
    i64::try_from(disliked.count()).unwrap_or(i64::MAX)
}

/// The pod's required affinity to nodes.
#[must_use]
pub fn required_nodes(spec: &PodSpec) -> Option<&NodeSelector> {
    spec.affinity.as_ref()?.node_affinity.as_ref()?.required.as_ref()
}

/// Whether node selector and required affinity of the pod select a node of this name with these labels.
#[must_use]
pub fn selects_node(spec: &PodSpec, name: &str, labels: &Labels) -> bool {
    spec.node_selector.iter().all(|(key, value)| labels.get(key) == Some(value))
        && required_nodes(spec).is_none_or(|required| required.matches(name, labels))
}

/// The sum of the weights of the pod's preferences that the node fulfils; `None` without preferences.
#[must_use]
pub fn preference(spec: &PodSpec, node: &Node) -> Option<i64> {
    let preferred = &spec.affinity.as_ref()?.node_affinity.as_ref()?.preferred;
    let fulfilled =
        preferred.iter().filter(|p| p.weight != 0 && p.preference.matches(&node.name, &node.labels));
    (!preferred.is_empty()).then(|| fulfilled.map(|p| i64::from(p.weight)).sum())
}

/// Host ports of everything that runs as long as the pod.
pub fn host_ports(version: KubernetesVersion, spec: &PodSpec) -> impl Iterator<Item = &ContainerPort> {
    let counted = version.counts_sidecar_ports();
    let sidecars = spec.init_containers.iter().filter(move |c| counted && c.is_sidecar());
    sidecars.chain(&spec.containers).flat_map(|c| &c.ports).filter(|p| p.host_port > 0)
}

/// Whether two pods with these host ports cannot share a node.
#[must_use]
pub fn ports_collide(a: &ContainerPort, b: &ContainerPort) -> bool {
    let protocol = |port: &ContainerPort| match port.protocol.as_str() {
        "" => "TCP".to_owned(),
        stated => stated.to_owned(),
    };
    a.host_port == b.host_port
        && protocol(a) == protocol(b)
        && (any_ip(a) || any_ip(b) || a.host_ip == b.host_ip)
}

/// Whether the port is taken on all addresses of the host.
#[must_use]
pub fn any_ip(port: &ContainerPort) -> bool {
    port.host_ip.is_empty() || port.host_ip == "0.0.0.0"
}

/// Whether a term of `owner` selects `target`: its namespace by list or by labels, then itself.
#[must_use]
pub fn term_selects(cluster: &Cluster, owner: &Pod, term: &PodAffinityTerm, target: &Pod) -> bool {
    let namespace = target.metadata.namespace();
    let by_labels = term.namespace_selector.as_ref();
    let reaches = if term.namespaces.is_empty() && by_labels.is_none() {
        owner.metadata.namespace() == namespace
    } else {
        term.namespaces.iter().any(|n| n == namespace)
            || by_labels.is_some_and(|s| s.matches(&cluster.namespace_labels(namespace)))
    };
    reaches && term.label_selector.as_ref().is_some_and(|s| s.matches(&target.metadata.labels))
}

/// Whether a spread constraint of a pod with these labels counts one with those. Both are in one namespace.
#[must_use]
pub fn spread_counts(constraint: &TopologySpreadConstraint, own: &Labels, other: &Labels) -> bool {
    let same = |key: &String| own.get(key).is_none_or(|value| other.get(key) == Some(value));
    constraint.label_selector.as_ref().is_some_and(|s| s.matches(other))
        && constraint.match_label_keys.iter().all(same)
}

/// Whether the budget's selector selects the pod; an empty one selects all of its namespace.
#[must_use]
pub fn budget_selects(budget: &PodDisruptionBudget, pod: &Pod) -> bool {
    budget.metadata.namespace() == pod.metadata.namespace()
        && budget.spec.selector.as_ref().is_some_and(|s| s.matches(&pod.metadata.labels))
}

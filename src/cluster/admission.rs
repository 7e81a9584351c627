//! What the API server makes of a pod before the scheduler sees it: priority, defaults, merged label
//! keys, default tolerations.
//!
//! Sources, all v1.34: `plugin/pkg/admission/priority`, `plugin/pkg/admission/defaulttolerationseconds`,
//! `pkg/apis/core/v1/defaults.go` (`SetDefaults_Pod`), `pkg/registry/core/pod/strategy.go`
//! (`applyMatchLabelKeysAndMismatchLabelKeys`).

use super::Cluster;
use crate::kube::{
    Affinity, Effect, LabelSelectorRequirement, Labels, Operator, Pod, PodAffinityTerm, PodSpec, Resources,
    Toleration, TolerationOperator,
};

/// Value of the class `system-cluster-critical`.
pub const SYSTEM_CLUSTER_CRITICAL: i32 = 2_000_000_000;
/// Value of the class `system-node-critical`.
pub const SYSTEM_NODE_CRITICAL: i32 = 2_000_001_000;

/// Seconds for which an admitted pod tolerates a node that is not ready or unreachable.
const DEFAULT_TOLERATION_SECONDS: i64 = 300;

/// A priority as admission resolves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priority {
    /// Value.
    pub value: i32,
    /// Whether pods of the class may preempt.
    pub preempts: bool,
    /// Whether the pod names a class that does not exist; the API server would refuse the pod.
    pub class_is_missing: bool,
}

impl Cluster {
    /// Resolves a priority class name; the empty name is the global default class, or priority 0.
    #[must_use]
    pub fn priority_of(&self, class: &str) -> Priority {
        let found = self
            .priority_classes
            .iter()
            .find(|c| if class.is_empty() { c.global_default } else { c.metadata.name == class });
        let value = match (found, class) {
            (Some(c), _) => c.value,
            (None, "system-cluster-critical") => SYSTEM_CLUSTER_CRITICAL,
            (None, "system-node-critical") => SYSTEM_NODE_CRITICAL,
            (None, "") => 0,
            (None, _) => return Priority { value: 0, preempts: true, class_is_missing: true },
        };
        let never = found.and_then(|c| c.preemption_policy.as_deref()) == Some("Never");
        Priority { value, preempts: !never, class_is_missing: false }
    }

    /// Admits a pod: afterwards it looks as the scheduler sees it. Idempotent.
    pub fn admit(&self, pod: &mut Pod) {
        self.admit_without_default_tolerations(pod);
        add_default_tolerations(&mut pod.spec);
    }

    /// As [`Cluster::admit`] on a cluster without the admission plugin DefaultTolerationSeconds.
    pub fn admit_without_default_tolerations(&self, pod: &mut Pod) {
        if pod.metadata.namespace.is_empty() {
            "default".clone_into(&mut pod.metadata.namespace);
        }
        self.resolve_priority(&mut pod.spec);
        default_spec(&mut pod.spec);
        if self.version.merges_affinity_label_keys() {
            merge_label_keys(pod.spec.affinity.as_mut(), &pod.metadata.labels);
        }
    }

    fn resolve_priority(&self, spec: &mut PodSpec) {
        if spec.priority.is_none() {
            let priority = self.priority_of(&spec.priority_class_name);
            spec.priority = Some(priority.value);
            if !priority.preempts && spec.preemption_policy.is_none() {
                spec.preemption_policy = Some("Never".to_owned());
            }
        }
        spec.preemption_policy.get_or_insert_with(|| "PreemptLowerPriority".to_owned());
    }
}

fn default_spec(spec: &mut PodSpec) {
    let host_network = spec.host_network;
    for container in spec.containers.iter_mut().chain(&mut spec.init_containers) {
        limits_are_requests(&mut container.resources);
        for port in &mut container.ports {
            if port.protocol.is_empty() {
                "TCP".clone_into(&mut port.protocol);
            }
            if host_network && port.host_port == 0 {
                port.host_port = port.container_port;
            }
        }
    }
}

/// A limit without a request is the request.
fn limits_are_requests(resources: &mut Resources) {
    for (name, limit) in &resources.limits {
        resources.requests.entry(name.clone()).or_insert(*limit);
    }
}

fn merge_label_keys(affinity: Option<&mut Affinity>, labels: &Labels) {
    let Some(affinity) = affinity else { return };
    for side in [&mut affinity.pod_affinity, &mut affinity.pod_anti_affinity].into_iter().flatten() {
        side.required.iter_mut().for_each(|term| merge_term(term, labels));
        side.preferred.iter_mut().for_each(|term| merge_term(&mut term.pod_affinity_term, labels));
    }
}

fn merge_term(term: &mut PodAffinityTerm, labels: &Labels) {
    let Some(selector) = &mut term.label_selector else { return };
    let keys = term.match_label_keys.iter().map(|k| (k, Operator::In));
    let other_keys = term.mismatch_label_keys.iter().map(|k| (k, Operator::NotIn));
    for (key, operator) in keys.chain(other_keys) {
        let Some(value) = labels.get(key) else { continue };
        let merged = LabelSelectorRequirement { key: key.clone(), operator, values: vec![value.clone()] };
        // A pod read from a dump was admitted before.
        if !selector.match_expressions.contains(&merged) {
            selector.match_expressions.push(merged);
        }
    }
}

fn add_default_tolerations(spec: &mut PodSpec) {
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerated = spec.tolerations.iter().any(|t| {
            (t.key == key || t.key.is_empty()) && t.effect.as_ref().is_none_or(|e| *e == Effect::NoExecute)
        });
        if !tolerated {
            spec.tolerations.push(Toleration {
                key: key.to_owned(),
                operator: Some(TolerationOperator::Exists),
                effect: Some(Effect::NoExecute),
                toleration_seconds: Some(DEFAULT_TOLERATION_SECONDS),
                ..Toleration::default()
            });
        }
    }
}

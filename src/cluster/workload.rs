//! Controllers of pods, reduced to what they make and how they replace it.

use std::fmt;

use super::{Cluster, ControllerSelector};
use crate::kube::{
    Affinity, ClaimSource, ClaimTemplate, Effect, IntOrString, LabelSelector, NodeAffinity, NodeSelector,
    NodeSelectorRequirement, NodeSelectorTerm, ObjectMeta, Operator, OwnerReference, PersistentVolumeClaim,
    Pod, PodSpec, PodTemplateSpec, Toleration, TolerationOperator, UpdateStrategy, Volume,
};

/// The label by which a Deployment tells its ReplicaSets' pods apart.
const TEMPLATE_HASH: &str = "pod-template-hash";

/// Kind of a controller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkloadKind {
    /// Stateless replicas by way of a ReplicaSet.
    #[default]
    Deployment,
    /// A ReplicaSet (or ReplicationController) without a Deployment.
    ReplicaSet,
    /// Ordered replicas with stable names and claims.
    StatefulSet,
    /// One pod per node that admits it.
    DaemonSet,
    /// Runs to completion.
    Job,
    /// Makes Jobs; its pods exist only now and then.
    CronJob,
    /// A pod that nobody replaces.
    Pod,
}

impl WorkloadKind {
    /// Kubernetes' name of the kind.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            WorkloadKind::Deployment => "Deployment",
            WorkloadKind::ReplicaSet => "ReplicaSet",
            WorkloadKind::StatefulSet => "StatefulSet",
            WorkloadKind::DaemonSet => "DaemonSet",
            WorkloadKind::Job => "Job",
            WorkloadKind::CronJob => "CronJob",
            WorkloadKind::Pod => "Pod",
        }
    }
}

impl fmt::Display for WorkloadKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whose a workload is, in the policy's words; empty for workloads that no policy names.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// Service.
    pub service: Option<String>,
    /// Component of the service.
    pub component: Option<String>,
    /// Tier.
    pub tier: Option<String>,
}

/// A controller and the pods it makes.
#[derive(Clone, Debug, Default)]
pub struct Workload {
    /// Kind.
    pub kind: WorkloadKind,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Number of pods; of a DaemonSet meaningless.
    pub replicas: i32,
    /// Its pods. Absent: the template's labels.
    pub selector: Option<LabelSelector>,
    /// How it replaces its pods.
    pub strategy: UpdateStrategy,
    /// Of a StatefulSet: all pods at once rather than in order.
    pub parallel: bool,
    /// The pods it makes, not yet admitted.
    pub template: PodTemplateSpec,
    /// Of a StatefulSet: claims for each pod.
    pub claim_templates: Vec<ClaimTemplate>,
    /// Whose it is.
    pub owner: Owner,
}

/// A claim that a pod of a workload needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Name within the workload's namespace.
    pub name: String,
    /// Whether the workload makes it (and a new pod finds the old one).
    pub made_by_workload: bool,
}

impl Workload {
    /// `namespace/name`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// Pods beyond `replicas` during a rolling update of a Deployment (default 25 %, rounded up).
    #[must_use]
    pub fn max_surge(&self) -> i32 {
        if self.kind != WorkloadKind::Deployment || self.strategy.kind == "Recreate" {
            return 0;
        }
        let stated = self.strategy.rolling_update.as_ref().and_then(|r| r.max_surge.as_ref());
        self.share(stated, true)
    }

    /// Pods below `replicas` during a rolling update of a Deployment (default 25 %, rounded down; 1 if
    /// there is no surge either, because the update would never move).
    #[must_use]
    pub fn max_unavailable(&self) -> i32 {
        if self.kind != WorkloadKind::Deployment || self.strategy.kind == "Recreate" {
            return self.replicas;
        }
        let stated = self.strategy.rolling_update.as_ref().and_then(|r| r.max_unavailable.as_ref());
        let unavailable = self.share(stated, false);
        if unavailable == 0 && self.max_surge() == 0 { 1 } else { unavailable }
    }

    fn share(&self, stated: Option<&IntOrString>, round_up: bool) -> i32 {
        let quarter = IntOrString::Text("25%".to_owned());
        stated.unwrap_or(&quarter).of(self.replicas, round_up).unwrap_or(0).max(0)
    }

    /// The pod with this ordinal, admitted. Of a Deployment, the ordinal stands for the random suffix.
    #[must_use]
    pub fn pod(&self, cluster: &Cluster, ordinal: i32) -> Pod {
        let suffix = if self.kind == WorkloadKind::Pod { String::new() } else { format!("-{ordinal}") };
        let mut pod = self.bare_pod(format!("{}{suffix}", self.name));
        for template in &self.claim_templates {
            self.use_claim(&mut pod.spec, &template.metadata.name, ordinal);
        }
        cluster.admit(&mut pod);
        pod
    }

    /// The DaemonSet's pod for `node`, admitted: with the controller's tolerations, and tied to the node.
    /// Source: `pkg/controller/daemon/util/daemonset_util.go`, v1.34.
    #[must_use]
    pub fn daemon_pod(&self, cluster: &Cluster, node: &str) -> Pod {
        let mut pod = self.bare_pod(format!("{}-{node}", self.name));
        let mut tolerate = |key: &str, effect| {
            let toleration = Toleration {
                key: format!("node.kubernetes.io/{key}"),
                operator: Some(TolerationOperator::Exists),
                effect: Some(effect),
                ..Toleration::default()
            };
            if !pod.spec.tolerations.contains(&toleration) {
                pod.spec.tolerations.push(toleration);
            }
        };
        tolerate("not-ready", Effect::NoExecute);
        tolerate("unreachable", Effect::NoExecute);
        tolerate("disk-pressure", Effect::NoSchedule);
        tolerate("memory-pressure", Effect::NoSchedule);
        tolerate("pid-pressure", Effect::NoSchedule);
        tolerate("unschedulable", Effect::NoSchedule);
        if self.template.spec.host_network {
            tolerate("network-unavailable", Effect::NoSchedule);
        }
        pin_to_node(&mut pod.spec, node);
        cluster.admit(&mut pod);
        pod
    }

    /// An admitted pod that stands for all of the workload's; of a DaemonSet one that is not tied to its node.
    #[must_use]
    pub fn sample(&self, cluster: &Cluster) -> Pod {
        if self.kind == WorkloadKind::DaemonSet {
            let mut pod = self.daemon_pod(cluster, "");
            pod.spec.affinity.clone_from(&self.template.spec.affinity);
            pod
        } else {
            self.pod(cluster, 0)
        }
    }

    fn bare_pod(&self, name: String) -> Pod {
        let mut metadata = ObjectMeta {
            name,
            namespace: self.namespace.clone(),
            labels: self.template.metadata.labels.clone(),
            annotations: self.template.metadata.annotations.clone(),
            ..ObjectMeta::default()
        };
        if self.kind == WorkloadKind::Deployment {
            metadata.labels.insert(TEMPLATE_HASH.to_owned(), self.name.clone());
        }
        if self.kind != WorkloadKind::Pod {
            let kind = if self.kind == WorkloadKind::Deployment { "ReplicaSet" } else { self.kind.as_str() };
            metadata.owner_references.push(OwnerReference {
                api_version: "apps/v1".to_owned(),
                kind: kind.to_owned(),
                name: self.name.clone(),
                uid: String::new(),
                controller: true,
            });
        }
        Pod { metadata, spec: self.template.spec.clone(), status: Default::default() }
    }

    /// A claim template's volume replaces a volume of the same name.
    fn use_claim(&self, spec: &mut PodSpec, template: &str, ordinal: i32) {
        spec.volumes.retain(|v| v.name != template);
        spec.volumes.push(Volume {
            name: template.to_owned(),
            persistent_volume_claim: Some(ClaimSource {
                claim_name: self.claim_name(template, ordinal),
                read_only: false,
            }),
            ..Volume::default()
        });
    }

    /// Name of the claim that a StatefulSet makes from a template for one pod.
    #[must_use]
    pub fn claim_name(&self, template: &str, ordinal: i32) -> String {
        format!("{template}-{}-{ordinal}", self.name)
    }

    /// The claims of the pod with this ordinal.
    #[must_use]
    pub fn claims(&self, ordinal: i32) -> Vec<Claim> {
        let made = |t: &ClaimTemplate| Claim {
            name: self.claim_name(&t.metadata.name, ordinal),
            made_by_workload: true,
        };
        let named = self.template.spec.volumes.iter().filter_map(|v| v.persistent_volume_claim.as_ref());
        let named = named.map(|c| Claim { name: c.claim_name.clone(), made_by_workload: false });
        self.claim_templates.iter().map(made).chain(named).collect()
    }

    /// The unbound claims that a StatefulSet makes for one pod, to be added to [`Cluster::claims`].
    #[must_use]
    pub fn new_claims(&self, ordinal: i32) -> Vec<PersistentVolumeClaim> {
        let claim = |t: &ClaimTemplate| PersistentVolumeClaim {
            metadata: ObjectMeta {
                name: self.claim_name(&t.metadata.name, ordinal),
                namespace: self.namespace.clone(),
                ..t.metadata.clone()
            },
            spec: t.spec.clone(),
            status: Default::default(),
        };
        self.claim_templates.iter().map(claim).collect()
    }

    /// The selector by which topology spread's system defaults find the pods' siblings.
    pub(super) fn controller_selector(&self) -> Option<ControllerSelector> {
        let (kind, hash) = match self.kind {
            WorkloadKind::Deployment => ("ReplicaSet", true),
            WorkloadKind::ReplicaSet => ("ReplicaSet", false),
            WorkloadKind::StatefulSet => ("StatefulSet", false),
            _ => return None,
        };
        let mut selector =
            self.selector.clone().unwrap_or_else(|| LabelSelector::of(&self.template.metadata.labels));
        if hash {
            selector.match_labels.insert(TEMPLATE_HASH.to_owned(), self.name.clone());
        }
        let (namespace, name) = (self.namespace.clone(), self.name.clone());
        Some(ControllerSelector { kind: kind.to_owned(), namespace, name, selector: Some(selector) })
    }
}

/// Replaces the node selector's name requirement as the DaemonSet controller does: each term of a
/// required node affinity gets it; without one, a single term is made.
pub(crate) fn pin_to_node(spec: &mut PodSpec, node: &str) {
    let by_name = NodeSelectorRequirement {
        key: "metadata.name".to_owned(),
        operator: Operator::In,
        values: vec![node.to_owned()],
    };
    let affinity = spec.affinity.get_or_insert_with(Affinity::default);
    let node_affinity = affinity.node_affinity.get_or_insert_with(NodeAffinity::default);
    let required = node_affinity.required.get_or_insert_with(NodeSelector::default);
    if required.node_selector_terms.is_empty() {
        required.node_selector_terms.push(NodeSelectorTerm::default());
    }
    for term in &mut required.node_selector_terms {
        term.match_fields = vec![by_name.clone()];
    }
}

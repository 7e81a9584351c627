//! Which of the policy's nodes a pod may stand on.

use crate::cluster::matching::{barrier, selects_node};
use crate::kube::{Effect, PodSpec, Taint, Toleration};
use crate::plan::{NodePlan, Plan};

/// A taint of the policy in the API's words.
#[must_use]
pub fn taint(taint: &crate::policy::Taint) -> Taint {
    let effect = match taint.effect.word() {
        "NoExecute" => Effect::NoExecute,
        "PreferNoSchedule" => Effect::PreferNoSchedule,
        _ => Effect::NoSchedule,
    };
    Taint { key: taint.key.clone(), value: taint.value.clone(), effect }
}

/// Whether any toleration tolerates a taint.
#[must_use]
pub fn tolerates(tolerations: &[Toleration], taint: &Taint) -> bool {
    tolerations.iter().any(|toleration| toleration.tolerates(taint))
}

/// Nodes of the plan whose taints, labels and names let the pod in. Room is not asked about.
pub fn eligible_nodes<'a>(plan: &'a Plan, pod: &PodSpec) -> impl Iterator<Item = &'a NodePlan> {
    plan.nodes.iter().filter(move |node| {
        let taints: Vec<Taint> = node.taints.iter().map(|t| taint(&t.value)).collect();
        barrier(pod, &taints).is_none() && selects_node(pod, &node.name, &node.labels)
    })
}

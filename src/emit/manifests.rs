//! `cluster/`: priority classes, the lock, the application budget, taints, host files.

use super::Artifact;
use super::cluster::{self, Builds, ClusterInputs, Content};
use super::template::RenderError;
use crate::plan::quota::quota;
use crate::plan::{Carrier, CarrierId, Owner, Plan, objects};
use crate::policy::{ClassDelivery, Distribution};
use crate::why::{Rule, Why};

/// Whether Argo CD brings the manifests to the cluster; else K3s does, from a folder of each server.
pub(super) fn by_argocd(plan: &Plan) -> bool {
    let stated = plan.policy.argocd.as_ref().map(|argocd| argocd.priority_classes.value);
    stated == Some(ClassDelivery::Application)
}

/// Whether a person applies the manifests before the services: where Argo CD brings them, which itself needs them first,
/// and where there is no K3s to apply what lies in a folder of its servers.
pub(super) fn by_hand(plan: &Plan) -> bool {
    by_argocd(plan) || plan.policy.cluster.distribution.value != Distribution::K3s
}

/// What the cluster must have before the services: classes, the lock, the budget. Paths begin with `cluster/`.
pub(super) fn manifests(plan: &Plan) -> Vec<Artifact> {
    let mut files = Vec::new();
    let classes: Vec<_> =
        plan.classes.iter().filter(|c| !c.adopted).map(|c| (objects::class(c), c.why)).collect();
    if !classes.is_empty() {
        let about = "one priority class per tier. They come before their users.";
        files.push(Artifact::objects(plan, "cluster/priority-classes.yaml", about, classes));
    }
    files.extend(lock(plan));
    if !plan.quotas.is_empty() {
        // Without the namespaces: K3s would delete one with everything in it once the budget names it no more.
        let why = ordinary(plan);
        let quotas = plan.quotas.iter().map(|context| (quota(context), why)).collect();
        let about = "what the claims leave to the applications. Its namespaces must be there.";
        files.push(Artifact::objects(plan, "cluster/application-budget.yaml", about, quotas));
    }
    files
}

/// Every file of `cluster/`, and the build labels of each node.
pub(super) fn files(plan: &Plan, known: &super::Known<'_>) -> Result<(Vec<Artifact>, Builds), RenderError> {
    let mut files = manifests(plan);
    // Without a proof boarding carriers in the order of the plan: one rollout brings each home.
    let planned: Vec<CarrierId> =
        plan.carrier_ids().filter(|(_, carrier)| boards(plan, carrier)).map(|(id, _)| id).collect();
    let named = |file: &'_ Artifact| file.path.trim_start_matches("cluster/").to_owned();
    let names: Vec<String> = if by_hand(plan) { Vec::new() } else { files.iter().map(named).collect() };
    let add_ons: Vec<(&str, &str)> =
        names.iter().zip(&files).map(|(name, file)| (name.as_str(), file.text.as_str())).collect();
    let inputs = ClusterInputs {
        rebalance: known.rebalance.map_or(&planned, |found| &found.order),
        earlier: Some(known.earlier),
        add_ons: &add_ons,
    };
    let (rest, builds) = cluster::files(plan, &inputs)?;
    for file in rest {
        files.push(match file.content {
            Content::Text(text) => {
                Artifact { executable: file.executable, ..Artifact::text(file.path, text) }
            }
            Content::Yaml { comment, documents } => {
                let why = ordinary(plan);
                let documents = documents.into_iter().map(|document| (document, why)).collect();
                Artifact::objects(plan, &file.path, &comment, documents)
            }
        });
    }
    Ok((files, builds))
}

fn boards(plan: &Plan, carrier: &Carrier) -> bool {
    carrier.lasting()
        && carrier.runs_as != "DaemonSet"
        && carrier.tier.is_some_and(|tier| plan.policy.tier(tier.value).lifeboat.value)
}

/// The lock with its namespace.
fn lock(plan: &Plan) -> Option<Artifact> {
    let carrier = plan.carriers.iter().find(|c| c.owner == Owner::Lock)?;
    let stated = plan.policy.lifeboat.as_ref()?.lock.as_ref()?;
    let why = carrier.enabled.why;
    let mut deployment = objects::workload(carrier);
    let container = "/spec/template/spec/containers/0";
    if let Some(container) = deployment.pointer_mut(container).and_then(serde_json::Value::as_object_mut) {
        container.insert("image".to_owned(), stated.image.value.clone().into());
    }
    let namespace = serde_json::json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": carrier.namespace},
    });
    let mut objects = Vec::new();
    if carrier.namespace != "kube-system" && carrier.namespace != "default" {
        objects.push((namespace, why));
    }
    objects.push((deployment, why));
    let about = "the pod that holds the lifeboat closed until nothing else is left to evict.";
    Some(Artifact::objects(plan, "cluster/lifeboat-lock.yaml", about, objects))
}

/// The reason for what every cluster gets.
pub(super) fn ordinary(plan: &Plan) -> Why {
    plan.ledger.iter().find(|(_, reason)| reason.rule == Rule::Default).map_or(Why(0), |(why, _)| why)
}

//! `cluster/`: priority classes, the lock, the application budget, taints, host files.

use super::Artifact;
use super::cluster::{self, ClusterInputs, Content};
use super::template::RenderError;
use crate::plan::{Carrier, CarrierId, Owner, Plan, objects};
use crate::policy::ClassDelivery;
use crate::why::{Rule, Why};

pub(super) fn files(plan: &Plan, known: &super::Known<'_>) -> Result<Vec<Artifact>, RenderError> {
    let mut files = Vec::new();
    let mut add_ons = Vec::new();
    let classes: Vec<_> =
        plan.classes.iter().filter(|c| !c.adopted).map(|c| (objects::class(c), c.why)).collect();
    if !classes.is_empty() {
        let by_argocd = plan.policy.argocd.as_ref().map(|argocd| argocd.priority_classes.value);
        if by_argocd != Some(ClassDelivery::Application) {
            add_ons.push("priority-classes.yaml");
        }
        let about = "one priority class per tier. They come before their users.";
        files.push(Artifact::objects(plan, "cluster/priority-classes.yaml", about, classes));
    }
    if let Some(lock) = lock(plan) {
        add_ons.push("lifeboat-lock.yaml");
        files.push(lock);
    }
    // Without a proof boarding carriers in the order of the plan: one rollout brings each home.
    let planned: Vec<CarrierId> =
        plan.carrier_ids().filter(|(_, carrier)| boards(plan, carrier)).map(|(id, _)| id).collect();
    let inputs = ClusterInputs {
        rebalance: known.rebalance.map_or(&planned, |found| &found.order),
        add_ons: &add_ons,
        builds: known.builds.clone(),
    };
    for file in cluster::files(plan, &inputs)? {
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
    Ok(files)
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

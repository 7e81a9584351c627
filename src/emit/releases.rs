//! Helm releases that leave the policy. Nothing stops a renamed one: old and new would run side by side, with twice the
//! requests that the proof counts with.

use std::collections::BTreeMap;

use super::delivery::application_name;
use crate::plan::Plan;
use crate::policy::{ArgoCd, ArgoCdForm, Policy, Sync};

/// Every release of the plan, `namespace/release`, with its service, after which its Application is called.
#[must_use]
pub fn of(plan: &Plan) -> BTreeMap<String, String> {
    let name = |planned: &crate::plan::ServicePlan| {
        let service = &plan.policy.services[planned.index];
        (format!("{}/{}", service.namespace.value, service.release.value), service.name.value.clone())
    };
    plan.services.iter().map(name).collect()
}

/// What a person must do about releases that are in `before` and not in the plan: what is left, and how it goes.
#[must_use]
pub fn left(before: &BTreeMap<String, String>, plan: &Plan) -> Vec<(String, String)> {
    let now = of(plan);
    let gone = before.iter().filter(|(release, _)| !now.contains_key(*release));
    gone.filter_map(|(place, service)| {
        let (namespace, release) = place.split_once('/')?;
        let kept = now.values().any(|name| name == service);
        let way = match &plan.policy.argocd {
            None => format!("helm uninstall {release} --namespace {namespace}"),
            Some(argocd) => by_argocd(&plan.policy, argocd, service, kept)?,
        };
        Some((format!("release `{release}` in namespace `{namespace}`"), way))
    })
    .collect()
}

/// How Argo CD lets go of what an Application installed; `None` where it does so by itself.
fn by_argocd(policy: &Policy, argocd: &ArgoCd, service: &str, kept: bool) -> Option<String> {
    let (namespace, name) = (&argocd.namespace.value, application_name(policy, argocd, service));
    if kept {
        let prunes = argocd.sync.value == Sync::Automated && argocd.prune.value;
        return (!prunes).then(|| format!("argocd app sync {name} --prune"));
    }
    // A set deletes what it made, with all that was installed by it.
    if argocd.form.value == ArgoCdForm::ApplicationSet {
        return None;
    }
    // Without the finalizer the Application goes and what it installed stays.
    Some(format!(
        "kubectl -n {namespace} patch application {name} --type merge -p \
         '{{\"metadata\":{{\"finalizers\":[\"resources-finalizer.argocd.argoproj.io\"]}}}}' && \
         kubectl -n {namespace} delete application {name}"
    ))
}

//! What Kubernetes cannot change in place, as a build records it, and how a change of it is carried out.
//!
//! `volumeClaimTemplates` and `selector` of a StatefulSet and the selectors of Deployments and DaemonSets are immutable
//! (kubernetes 1.34, `pkg/apis/apps/validation/validation.go`), and so are a PriorityClass's value and preemption
//! policy (`pkg/apis/scheduling/validation/validation.go`) and a claim's spec, except that it may grow where its class
//! allows it (`pkg/apis/core/validation/validation.go`).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::catalogue::{Storage as Claim, ValuePath};
use crate::plan::{Carrier, Owner, Plan};
use crate::policy::Storage;

/// No claim.
pub(super) const NONE: &str = "none";
/// How the names of what is recorded begin.
const CLASS: &str = "PriorityClass ";
const CLAIM: &str = "claim template of StatefulSet ";
const SELECTOR: &str = "selector of ";
const VOLUME: &str = "PersistentVolumeClaim ";

/// Everything of a plan that cannot be changed in place: what it is, and its value.
#[must_use]
pub fn of(plan: &Plan) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for class in plan.classes.iter().filter(|class| !class.adopted) {
        out.insert(format!("{CLASS}{}", class.name), format!("{} {}", class.value, class.preemption.word()));
    }
    let others = |carrier: &Carrier| matches!(carrier.owner, Owner::Packaged | Owner::Given(_));
    let applied = |carrier: &&Carrier| carrier.lasting() && !others(carrier);
    for carrier in plan.carriers.iter().filter(applied) {
        let name = format!("{}/{}", carrier.namespace, carrier.workload);
        let operator = carrier.kind != carrier.runs_as;
        if carrier.runs_as == "StatefulSet" && carrier.storage.is_some() {
            let by = if operator { format!(" ({})", carrier.kind) } else { String::new() };
            let claims = claims(plan, carrier);
            let texts: Vec<String> = claims.iter().map(|(name, text)| format!("{name}{text}")).collect();
            let texts = if texts.is_empty() { NONE.to_owned() } else { texts.join("; ") };
            out.insert(format!("{CLAIM}{name}{by}"), texts);
        }
        out.extend(volumes(plan, carrier));
        // An operator writes the selectors of what it makes, and sees to their changes.
        let selects = matches!(carrier.runs_as.as_str(), "Deployment" | "StatefulSet" | "DaemonSet");
        if selects && !operator && !carrier.selector.is_empty() {
            let labels: Vec<String> = carrier.selector.iter().map(|(k, v)| format!("{k}={v}")).collect();
            out.insert(format!("{SELECTOR}{} {name}", carrier.runs_as), labels.join(","));
        }
    }
    out
}

/// The claims of a chart that no StatefulSet makes, by their names: Grafana's, for one.
fn volumes(plan: &Plan, carrier: &Carrier) -> Vec<(String, String)> {
    let stated = carrier.storage.as_ref().filter(|storage| storage.value != Storage::Ephemeral);
    let (Some(storage), Owner::Component { service, component }) = (stated, &carrier.owner) else {
        return Vec::new();
    };
    let known = plan.services[*service].edition.components.get(component);
    let claims = known.map_or(&[][..], |known| &known.storage[..]).iter().filter(|claim| !claim.template);
    let namespace = &carrier.namespace;
    claims
        .map(|claim| {
            let text = described(plan, *service, component, Some(claim), storage.value);
            (format!("{VOLUME}{namespace}/{}", claim.claim), text)
        })
        .collect()
}

/// The claim templates of a StatefulSet: the name with a colon, if it is known, and what may not change.
fn claims(plan: &Plan, carrier: &Carrier) -> Vec<(String, String)> {
    let Some(storage) = carrier.storage.as_ref().filter(|s| s.value != Storage::Ephemeral) else {
        return Vec::new();
    };
    let (service, component) = match &carrier.owner {
        Owner::Component { service, component } | Owner::Custom { service, component } => {
            (*service, component)
        }
        Owner::Workload(index) => {
            let stated = &plan.policy.workloads[*index];
            let size = stated.storage_size.as_ref().map(|size| size.value.text.clone());
            let class = stated.storage_class.as_ref().map(|class| class.value.clone());
            return vec![(String::new(), text(size, class, None, storage.value))];
        }
        Owner::Given(_) | Owner::Lock | Owner::Packaged => return Vec::new(),
    };
    let known = plan.services[service].edition.components.get(component);
    let templates: Vec<&Claim> =
        known.map_or(&[][..], |known| &known.storage[..]).iter().filter(|claim| claim.template).collect();
    let described = |claim| described(plan, service, component, claim, storage.value);
    if templates.is_empty() {
        return vec![(String::new(), described(None))];
    }
    templates.into_iter().map(|claim| (format!("{}: ", claim.claim), described(Some(claim)))).collect()
}

/// A claim as the policy states it, else as the chart with the team's values makes it.
fn described(
    plan: &Plan,
    service: usize,
    component: &str,
    claim: Option<&Claim>,
    storage: Storage,
) -> String {
    let release = &plan.services[service];
    let effective = |path: &ValuePath| match release.edition.effective(path, &release.team)? {
        Value::Null => None,
        Value::String(text) => Some(text).filter(|text| !text.is_empty()),
        Value::Array(all) => Some(all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")),
        other => Some(other.to_string()),
    };
    let stated = plan.policy.services[release.index].components.iter().find(|c| c.name.value == component);
    let size = stated.and_then(|c| c.storage_size.as_ref()).map(|size| size.value.text.clone());
    let class = stated.and_then(|c| c.storage_class.as_ref()).map(|class| class.value.clone());
    let Some(claim) = claim else { return text(size, class, None, storage) };
    let size_path = claim.size.0.as_ref();
    let size = size.or_else(|| size_path.and_then(effective)).or_else(|| claim.size.1.clone());
    let class = class.or_else(|| claim.class.as_ref().and_then(effective));
    let modes = size_path.and_then(access_modes).and_then(|path| effective(&path));
    text(size, class, modes, storage)
}

fn text(size: Option<String>, class: Option<String>, modes: Option<String>, storage: Storage) -> String {
    let size = size.unwrap_or_else(|| "no stated size".to_owned());
    let class = class.map_or_else(|| "the default class".to_owned(), |class| format!("class {class}"));
    let modes = modes.unwrap_or_else(|| "ReadWriteOnce".to_owned());
    format!("{size}, {class}, {modes}, {}", storage.word())
}

/// Where a claim's access modes stand: beside its size in a chart's own block, beside its resources in a claim's spec.
fn access_modes(size: &ValuePath) -> Option<ValuePath> {
    let (_, block) = size.keys().split_last()?;
    let block = block.strip_suffix(&["resources".to_owned(), "requests".to_owned()]).unwrap_or(block);
    let keys = block.iter().cloned().chain(["accessModes".to_owned()]);
    Some(ValuePath::of(keys))
}

/// Whether what leaves the plan is deleted from the cluster with the data in it: Helm and Argo CD delete the claims of a
/// chart, and no StatefulSet's.
#[must_use]
pub fn goes_with_its_data(what: &str) -> bool {
    what.starts_with(VOLUME)
}

/// How a change is carried out.
#[must_use]
pub fn migration(what: &str, before: &str, now: &str) -> String {
    if let Some(name) = what.strip_prefix(CLASS) {
        return format!(
            "kubectl delete priorityclass {name}, apply cluster/priority-classes.yaml, then restart the pods of the \
             class: running pods keep the old value"
        );
    }
    if let Some((kind, name)) = what.strip_prefix(SELECTOR).and_then(|rest| rest.split_once(' '))
        && let Some((namespace, name)) = name.split_once('/')
    {
        let kind = kind.to_lowercase();
        return format!(
            "kubectl -n {namespace} delete {kind} {name}, then sync the new one at once: its pods go with it, and come \
             back with the labels {now}; whatever selects {before} (Services, budgets, network policies) must be changed \
             with it"
        );
    }
    if let Some((namespace, name)) = what.strip_prefix(VOLUME).and_then(|name| name.split_once('/')) {
        if now == NONE {
            return format!(
                "the next sync deletes the claim {name} in {namespace} with the data in it: save them before"
            );
        }
        return format!(
            "save the data, kubectl -n {namespace} delete pvc {name} and the pod that uses it, then sync the new claim and \
             restore the data. Where only the size grows and the class has `allowVolumeExpansion`, a sync does it \
             (`local-path` has not)"
        );
    }
    let Some(rest) = what.strip_prefix(CLAIM) else { return "delete and recreate it".to_owned() };
    let (name, operator) = match rest.split_once(" (") {
        Some((name, kind)) => (name, Some(kind.trim_end_matches(')'))),
        None => (rest, None),
    };
    let (namespace, name) = name.split_once('/').unwrap_or(("default", name));
    let recreate = match operator {
        Some(kind) => format!(
            "the operator of the {kind} deletes the StatefulSet {name} and makes it anew once the {kind} is synced \
             (if it does not: kubectl -n {namespace} delete statefulset {name} --cascade=orphan)"
        ),
        None => {
            format!(
                "kubectl -n {namespace} delete statefulset {name} --cascade=orphan, then sync the new one"
            )
        }
    };
    format!("{recreate}; {}", pods(namespace, name, before, now))
}

/// What becomes of a StatefulSet's volumes: a claim that exists keeps its size, class and data, whatever the template says.
fn pods(namespace: &str, workload: &str, before: &str, now: &str) -> String {
    if before == NONE {
        return "then delete its pods one by one if they are still the old ones: what they keep in themselves is lost, save \
                it before"
            .to_owned();
    }
    let named = |text: &str| -> Vec<String> {
        let names = text.split("; ").filter_map(|claim| claim.split_once(": "));
        names.map(|(name, _)| format!("{name}-{workload}-N")).collect()
    };
    let claims = match named(before) {
        names if names.is_empty() => format!("the claims of {workload}-N"),
        names => names.join(" and "),
    };
    if now == NONE {
        return format!(
            "then delete its pods one by one if they are still the old ones; {claims} in {namespace} keeps its data until \
             it is deleted"
        );
    }
    format!(
        "{claims} in {namespace} stays as it is, size and class too: new templates make new claims only. For each pod \
         N: save the data, delete the claim and the pod, restore the data into the new claim. Where only the size grows \
         and the class has `allowVolumeExpansion`, patch the claim's `spec.resources.requests.storage` instead \
         (`local-path` has not)"
    )
}

//! Numbers and keys of controllers and of placement that the API server refuses.
//! Source: kubernetes 1.34, `pkg/apis/core/validation/validation.go` and `pkg/apis/apps/validation/validation.go`.

use super::problems::{Refused, refuse};
use crate::manifest::Object;
use crate::yaml::{Node, Value};

/// Kinds that the API server itself validates; what an operator makes of its own is the operator's business.
const CONTROLLERS: [&str; 6] = ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob"];

/// Looks at one object, whose pod's spec stands at `pod`.
pub(super) fn check(object: &Object, pod: &[&str], refused: &mut Refused) {
    if object.kind != "Pod" && !CONTROLLERS.contains(&object.kind.as_str()) {
        return;
    }
    let path = |steps: &[&str]| -> Vec<String> { steps.iter().map(|step| (*step).to_owned()).collect() };
    if let Some(replicas) = object.tree.find(&["spec", "replicas"]).and_then(whole).filter(|n| *n < 0) {
        refuse(&path(&["spec", "replicas"]), &format!("{replicas} replicas"), refused);
    }
    selector(object, pod, refused);
    let Some(spec) = object.tree.find(pod) else { return };
    let at = path(pod);
    if spec.get("containers").is_none_or(|list| list.items().is_empty()) {
        refuse(&with(&at, &["containers"]), "a pod without a container", refused);
    }
    let spreads = spec.get("topologySpreadConstraints").map_or(&[][..], |list| list.items());
    for (n, spread) in spreads.iter().enumerate() {
        let at = with(&at, &["topologySpreadConstraints", &n.to_string()]);
        if let Some(skew) = spread.get("maxSkew").and_then(whole).filter(|skew| *skew < 1) {
            refuse(&with(&at, &["maxSkew"]), &format!("a maxSkew of {skew}; at least 1"), refused);
        }
        topology(spread, &at, refused);
    }
    for kind in ["podAffinity", "podAntiAffinity", "nodeAffinity"] {
        let terms = |when: &str| spec.find(&["affinity", kind, when]).map_or(&[][..], |list| list.items());
        let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
        let required = "requiredDuringSchedulingIgnoredDuringExecution";
        for (n, term) in terms(preferred).iter().enumerate() {
            let at = with(&at, &["affinity", kind, preferred, &n.to_string()]);
            let weight = term.get("weight").and_then(whole).unwrap_or(0);
            if !(1..=100).contains(&weight) {
                refuse(&with(&at, &["weight"]), &format!("a weight of {weight}; 1 to 100"), refused);
            }
            if let Some(term) = term.get("podAffinityTerm") {
                topology(term, &with(&at, &["podAffinityTerm"]), refused);
            }
        }
        for (n, term) in terms(required).iter().enumerate().filter(|_| kind != "nodeAffinity") {
            topology(term, &with(&at, &["affinity", kind, required, &n.to_string()]), refused);
        }
    }
}

fn with(path: &[String], more: &[&str]) -> Vec<String> {
    path.iter().cloned().chain(more.iter().map(|step| (*step).to_owned())).collect()
}

fn whole(node: &Node) -> Option<i64> {
    match &node.value {
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

fn topology(term: &Node, at: &[String], refused: &mut Refused) {
    if term.get("topologyKey").and_then(Node::as_str).is_none_or(str::is_empty) {
        refuse(&with(at, &["topologyKey"]), "no topologyKey", refused);
    }
}

/// A controller has to select the pods that it makes.
fn selector(object: &Object, pod: &[&str], refused: &mut Refused) {
    let wanted = object.tree.find(&["spec", "selector", "matchLabels"]).map_or(&[][..], |map| map.entries());
    let Some((_, template)) = pod.split_last().filter(|_| object.kind != "Pod") else { return };
    let labels: Vec<&str> = template.iter().copied().chain(["metadata", "labels"]).collect();
    let labels = object.tree.find(&labels);
    for entry in wanted {
        let has = labels.and_then(|labels| labels.get(&entry.key)).and_then(Node::as_str);
        if has != entry.value.as_str() {
            let path = ["spec", "selector", "matchLabels", &entry.key].map(str::to_owned);
            refuse(&path, "selects none of its own pods: the template has no such label", refused);
        }
    }
}

//! Values that the API server refuses, with their places.

use super::{Observed, found, placement};
use crate::diag::Diagnostic;
use crate::diag::codes::{observed as codes, verify as verify_codes};
use crate::kube::Quantity;
use crate::manifest::{self, Object, Origin};
use crate::rules;
use crate::yaml::{Node, Value};

/// Looks at one object. Returns whether a value of a wrong type was told.
pub(super) fn check(object: &Object, observed: &mut Observed) -> bool {
    let problems = of(object);
    let told = problems.iter().any(|(finding, _)| finding.code == verify_codes::WRONG_API_TYPE);
    observed.findings.extend(problems.into_iter().map(|(finding, origin)| {
        let placed = found(finding.code, &finding.message, Some(&origin));
        Diagnostic { message: placed.message, ..finding }
    }));
    told
}

/// What the API server refuses of one object, each with its place, which the message leaves out.
pub(crate) fn of(object: &Object) -> Vec<(Diagnostic, Origin)> {
    let mut findings = Vec::new();
    let pod = manifest::pod_spec_path(object);
    let wrong = rules::types::check(&object.tree, &pod);
    for wrong in &wrong {
        let key = wrong.path.last().map_or("", String::as_str);
        let message =
            format!("{} has {} at `{key}`, where the API wants {}", object.title(), wrong.is, wrong.wants);
        let finding = Diagnostic::new(verify_codes::WRONG_API_TYPE, message).help(wrong.help());
        findings.push((finding, object.at(&wrong.path)));
    }
    let mut refused = Refused::new();
    requirements(&object.tree, false, &mut Vec::new(), &mut refused);
    for list in ["containers", "initContainers"] {
        let mut path: Vec<String> = pod.iter().map(|&step| step.to_owned()).collect();
        path.push(list.to_owned());
        let containers = object.tree.find(&path).map_or(&[][..], |list| list.items());
        for (n, container) in containers.iter().enumerate() {
            let mut path = path.clone();
            path.extend([n.to_string(), "resources".to_owned()]);
            if let Some(resources) = container.get("resources") {
                requests(resources, &path, &mut refused);
            }
        }
    }
    tolerations(object, &pod, &mut refused);
    placement::check(object, &pod, &mut refused);
    // A word that the API does not know there was told already.
    refused.retain(|(path, _)| wrong.iter().all(|wrong| wrong.path != *path));
    for (path, what) in refused {
        let message = format!("{}: {what}", object.title());
        findings.push((Diagnostic::new(codes::INVALID_VALUE, message), object.at(&path)));
    }
    findings
}

/// What the API server refuses, and the path to it.
pub(super) type Refused = Vec<(Vec<String>, String)>;

pub(super) fn refuse(path: &[String], what: &str, refused: &mut Refused) {
    refused.push((path.to_vec(), what.to_owned()));
}

/// Negative requests, and requests above their limits.
fn requests(resources: &Node, path: &[String], refused: &mut Refused) {
    let amount = |list: &str, name: &str| -> Option<Quantity> {
        match &resources.get(list)?.get(name)?.value {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.to_string().parse().ok(),
            _ => None,
        }
    };
    for list in ["requests", "limits"] {
        for entry in resources.get(list).map_or(&[][..], |list| list.entries()) {
            let at = || path.iter().cloned().chain([list.to_owned(), entry.key.clone()]).collect::<Vec<_>>();
            let Some(value) = amount(list, &entry.key) else { continue };
            if value.is_negative() {
                refuse(&at(), &format!("a negative amount of {}: {value}", entry.key), refused);
            } else if list == "requests"
                && let Some(limit) = amount("limits", &entry.key)
                && limit < value
            {
                let what = format!("requests {value} of {}, more than its limit of {limit}", entry.key);
                refuse(&at(), &what, refused);
            }
        }
    }
}

/// Operators of label selectors and node selectors, wherever they stand.
fn requirements(node: &Node, of_nodes: bool, path: &mut Vec<String>, refused: &mut Refused) {
    for (n, item) in node.items().iter().enumerate() {
        path.push(n.to_string());
        requirements(item, of_nodes, path, refused);
        path.pop();
    }
    for entry in node.entries() {
        let of_nodes = of_nodes || entry.key == "nodeAffinity";
        path.push(entry.key.clone());
        if matches!(entry.key.as_str(), "matchExpressions" | "matchFields") {
            for (n, item) in entry.value.items().iter().enumerate() {
                if let Some(what) = requirement(item, of_nodes) {
                    path.extend([n.to_string(), "operator".to_owned()]);
                    refuse(path, &what, refused);
                    path.truncate(path.len() - 2);
                }
            }
        } else if entry.key != "status" && entry.key != "annotations" {
            requirements(&entry.value, of_nodes, path, refused);
        }
        path.pop();
    }
}

fn requirement(item: &Node, of_nodes: bool) -> Option<String> {
    let operator = item.get("operator")?.as_str()?;
    let values = item.get("values").map_or(&[][..], |values| values.items());
    match operator {
        "In" | "NotIn" if values.is_empty() => {
            Some(format!("operator `{operator}` needs at least one value"))
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            Some(format!("operator `{operator}` takes no values"))
        }
        "Gt" | "Lt" if of_nodes => {
            let number = values.len() == 1 && values[0].as_str().is_some_and(|v| v.parse::<i64>().is_ok());
            (!number).then(|| format!("operator `{operator}` needs one whole number, as a text"))
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => None,
        "Gt" | "Lt" => {
            Some(format!("operator `{operator}` is one of node selectors, not of label selectors"))
        }
        other => Some(format!("`{other}` is no operator of a selector")),
    }
}

fn tolerations(object: &Object, pod: &[&str], refused: &mut Refused) {
    let mut at: Vec<String> = pod.iter().map(|&step| step.to_owned()).collect();
    at.push("tolerations".to_owned());
    let pods = object.tree.find(&at).map_or(&[][..], |list| list.items());
    for (n, toleration) in pods.iter().enumerate() {
        let mut path = at.clone();
        path.push(n.to_string());
        effect(toleration, &path, refused);
        let text = |key: &str| toleration.get(key).and_then(Node::as_str).unwrap_or_default();
        let operator = text("operator");
        path.push("operator".to_owned());
        if !matches!(operator, "" | "Equal" | "Exists" | "Lt" | "Gt") {
            refuse(&path, &format!("`{operator}` is no operator of a toleration"), refused);
        } else if operator == "Exists" && !text("value").is_empty() {
            refuse(&path, "operator `Exists` takes no value", refused);
        } else if operator != "Exists" && text("key").is_empty() {
            refuse(&path, "a toleration without a key needs operator `Exists`", refused);
        }
    }
    if object.kind == "Node" {
        let at = ["spec".to_owned(), "taints".to_owned()];
        for (n, taint) in object.tree.find(&at).map_or(&[][..], |list| list.items()).iter().enumerate() {
            let path: Vec<String> = at.iter().cloned().chain([n.to_string()]).collect();
            effect(taint, &path, refused);
        }
    }
}

fn effect(node: &Node, path: &[String], refused: &mut Refused) {
    let Some(effect) = node.get("effect").and_then(Node::as_str) else { return };
    if !matches!(effect, "" | "NoSchedule" | "PreferNoSchedule" | "NoExecute") {
        let path: Vec<String> = path.iter().cloned().chain(["effect".to_owned()]).collect();
        refuse(&path, &format!("`{effect}` is no effect of a taint"), refused);
    }
}

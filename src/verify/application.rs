//! Argo CD Applications: inline values and parameters beat every values file, the overlay included.
//! Precedence: parameters, `valuesObject`, `values`, `valueFiles` (Argo CD v3.5,
//! `pkg/apis/application/v1alpha1/types.go`).

use std::collections::BTreeSet;

use serde_json::Value;

use super::Finding;
use super::examine::finding;
use crate::catalogue::ValuePath;
use crate::diag::codes::verify as codes;
use crate::manifest::Object;
use crate::plan::{Owner, Plan};
use crate::rules::Found;
use crate::yaml::{self, Budget, Node};

/// Findings on one Application.
pub(super) fn check(plan: &Plan, object: &Object) -> Vec<Finding> {
    let mut findings = Vec::new();
    let sources: Vec<(Vec<String>, &Node)> = match object.tree.find(&["spec", "sources"]) {
        // With `sources`, Argo CD ignores `source`.
        Some(list) => {
            let path = |n: usize| vec!["spec".to_owned(), "sources".to_owned(), n.to_string()];
            list.items().iter().enumerate().map(|(n, source)| (path(n), source)).collect()
        }
        None => object
            .tree
            .find(&["spec", "source"])
            .map(|source| (vec!["spec".to_owned(), "source".to_owned()], source))
            .into_iter()
            .collect(),
    };
    for (path, source) in sources {
        let Some(chart) = source.get("chart").and_then(Node::as_str) else { continue };
        let Some(helm) = source.get("helm") else { continue };
        let release = helm.get("releaseName").and_then(Node::as_str).unwrap_or(&object.name);
        let service = plan.services.iter().position(|service| {
            let policy = &plan.policy.services[service.index];
            policy.chart.value == chart && policy.release.value == release
        });
        let Some(service) = service else { continue };
        let planned = planned_paths(plan, service);
        if planned.is_empty() {
            continue;
        }
        let name = plan.policy.services[plan.services[service].index].name.value.clone();
        if let Some(found) = order(&name, helm) {
            let mut at = path.clone();
            at.extend(["helm".to_owned(), "valueFiles".to_owned()]);
            findings.push(finding(plan, &object.title(), Some(&name), found, Some(object.at(&at))));
        }
        for (field, inline) in inline(helm) {
            for leaf in inline {
                let leaf = ValuePath::of(leaf);
                let beaten = planned.iter().find(|path| path.contains(&leaf) || leaf.contains(path));
                let Some(beaten) = beaten else { continue };
                let mut at = path.clone();
                at.extend(["helm".to_owned(), field.to_owned()]);
                let message =
                    format!("sets `{leaf}` inline in `{field}`, which beats the overlay's `{beaten}`");
                let found = Found::new(codes::APPLICATION_OVERRIDES, &[] as &[&str], message)
                    .help("move the value into a file that stands before the overlay in `valueFiles`");
                findings.push(finding(plan, &object.title(), Some(&name), found, Some(object.at(&at))));
            }
        }
    }
    findings
}

/// Of values files the last one wins, so the overlay must be the last.
fn order(service: &str, helm: &Node) -> Option<Found> {
    let overlay = format!("{service}/values.yaml");
    let files: Vec<&str> =
        helm.get("valueFiles").map_or(&[][..], Node::items).iter().filter_map(Node::as_str).collect();
    let is_overlay = |file: &&str| file.strip_suffix(&overlay).is_some_and(|rest| rest.ends_with('/'));
    let message = match files.iter().position(is_overlay) {
        Some(at) if at + 1 == files.len() => return None,
        Some(at) => format!("reads `{}` after the overlay, which it may beat", files[at + 1]),
        None => format!("reads no overlay: none of its values files is `{overlay}`"),
    };
    let help = format!("name the overlay last in `valueFiles`: `$values/…/{overlay}`");
    Some(Found::new(codes::OVERLAY_NOT_LAST, &[] as &[&str], message).help(help))
}

/// Values paths that the plan decides about for a service.
fn planned_paths(plan: &Plan, service: usize) -> Vec<ValuePath> {
    let edition = &plan.services[service].edition;
    let mut paths = BTreeSet::new();
    for carrier in &plan.carriers {
        let Owner::Component { service: of, component } = &carrier.owner else { continue };
        let Some(known) = edition.components.get(component).filter(|_| *of == service) else { continue };
        for target in carrier.fields.keys() {
            let wiring = known.reach(target).and_then(crate::catalogue::Reach::wiring);
            paths.extend(wiring.iter().flat_map(|wiring| wiring.chain.iter().map(|wire| wire.path.clone())));
        }
    }
    paths.into_iter().collect()
}

/// Inline leaves by field; only their paths are kept, values may be secret.
fn inline(helm: &Node) -> Vec<(&'static str, Vec<Vec<String>>)> {
    let mut all = Vec::new();
    if let Some(values) = helm.get("values").and_then(Node::as_str)
        && let Ok(document) = yaml::read(values, 1, &Budget::default())
        && let Some(root) = document.root
    {
        all.push(("values", leaves(&root.to_json())));
    }
    if let Some(values) = helm.get("valuesObject") {
        all.push(("valuesObject", leaves(&values.to_json())));
    }
    for field in ["parameters", "fileParameters"] {
        let names = helm.get(field).map_or(&[][..], Node::items).iter();
        let names = names.filter_map(|parameter| parameter.get("name").and_then(Node::as_str));
        // `--set` syntax: keys joined by dots, a dot within a key escaped, list indices in brackets.
        let path = |name: &str| {
            let name = name.split('[').next().unwrap_or(name);
            ValuePath::parse(name).keys().to_vec()
        };
        let paths: Vec<_> = names.map(path).collect();
        if !paths.is_empty() {
            all.push((field, paths));
        }
    }
    all
}

fn leaves(value: &Value) -> Vec<Vec<String>> {
    fn walk(value: &Value, path: &mut Vec<String>, out: &mut Vec<Vec<String>>) {
        match value {
            Value::Object(map) if !map.is_empty() => {
                for (key, value) in map {
                    path.push(key.clone());
                    walk(value, path, out);
                    path.pop();
                }
            }
            _ => out.push(path.clone()),
        }
    }
    let mut out = Vec::new();
    walk(value, &mut Vec::new(), &mut out);
    out
}

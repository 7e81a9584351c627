//! Argo CD Applications: inline values and parameters beat every values file, the overlay included.
//! Precedence: parameters, `valuesObject`, `values`, `valueFiles` (Argo CD v3.5,
//! `pkg/apis/application/v1alpha1/types.go`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::Finding;
use super::examine::finding;
use crate::catalogue::ValuePath;
use crate::diag::codes::verify as codes;
use crate::manifest::Object;
use crate::plan::{Owner, Plan};
use crate::policy;
use crate::rules::Found;
use crate::why::Why;
use crate::yaml::{self, Budget, Node};

/// Findings on one Application.
pub(super) fn check(plan: &Plan, object: &Object) -> Vec<Finding> {
    let mut findings = Vec::new();
    // An ApplicationSet has the Application in its template, with words that its generators fill in.
    let (spec, name): (&[&str], _) = if object.kind == "ApplicationSet" {
        (&["spec", "template", "spec"], object.text(&["spec", "template", "metadata", "name"]))
    } else {
        (&["spec"], Some(object.name.as_str()))
    };
    let below =
        |steps: &[&str]| -> Vec<String> { spec.iter().chain(steps).map(|&step| step.to_owned()).collect() };
    let sources: Vec<(Vec<String>, &Node)> = match object.tree.find(&below(&["sources"])) {
        // With `sources`, Argo CD ignores `source`.
        Some(list) => {
            let path = |n: usize| below(&["sources", &n.to_string()]);
            list.items().iter().enumerate().map(|(n, source)| (path(n), source)).collect()
        }
        None => {
            let source = object.tree.find(&below(&["source"]));
            source.map(|source| (below(&["source"]), source)).into_iter().collect()
        }
    };
    let destination = object.tree.find(&below(&["destination", "namespace"])).and_then(Node::as_str);
    let destination = destination.filter(|text| !filled_in(text));
    for (path, source) in sources {
        let Some(chart) = source.get("chart").and_then(Node::as_str) else { continue };
        let helm = source.get("helm");
        let release =
            helm.and_then(|helm| helm.get("releaseName")).and_then(Node::as_str).or(name).unwrap_or_default();
        let Some(service) = service(plan, chart, release, destination) else { continue };
        let policy = &plan.policy.services[plan.services[service].index];
        let name = policy.name.value.clone();
        for (field, found) in identity(policy, source, release, destination) {
            let at = match field {
                "namespace" => below(&["destination", field]),
                _ => path.iter().cloned().chain(field.split('.').map(str::to_owned)).collect(),
            };
            findings.push(finding(plan, &object.title(), Some(&name), found, Some(object.at(&at))));
        }
        let planned = planned_paths(plan, service);
        if planned.is_empty() {
            continue;
        }
        let nothing = Node { at: source.at, value: crate::yaml::Value::Null };
        let helm = helm.unwrap_or(&nothing);
        if let Some(found) = order(&name, helm) {
            let found = found.policy(policy.name.span);
            let mut at = path.clone();
            at.extend(["helm".to_owned(), "valueFiles".to_owned()]);
            findings.push(finding(plan, &object.title(), Some(&name), found, Some(object.at(&at))));
        }
        for (field, inline) in inline(helm) {
            for (leaf, value) in inline {
                let Some(found) = beats(plan, service, &planned, field, &leaf, value.as_ref()) else {
                    continue;
                };
                let mut at = path.clone();
                at.extend(["helm".to_owned(), field.to_owned()]);
                let found = found.policy(policy.name.span);
                findings.push(finding(plan, &object.title(), Some(&name), found, Some(object.at(&at))));
            }
        }
    }
    findings
}

/// An inline value that beats the overlay, or changes what the plan counts on without the overlay.
fn beats(
    plan: &Plan,
    service: usize,
    planned: &[(ValuePath, Why)],
    field: &str,
    leaf: &ValuePath,
    value: Option<&Value>,
) -> Option<Found> {
    let found = |message: String| Found::new(codes::APPLICATION_OVERRIDES, &[] as &[&str], message);
    if let Some((beaten, why)) = planned.iter().find(|(path, _)| path.contains(leaf) || leaf.contains(path)) {
        let message = format!("sets `{leaf}` inline in `{field}`, which beats the overlay's `{beaten}`");
        let help = "move the value into a file that stands before the overlay in `valueFiles`";
        return Some(found(message).why(*why).help(help));
    }
    let change = super::inline::changes(plan, service, leaf, value?)?;
    let help = "move the value into a values file that the policy names, so that the plan counts it";
    Some(found(format!("sets `{leaf}` inline in `{field}`, which {change}")).help(help))
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

/// The service that an Application installs: of its chart, with its release name, or at least in its namespace.
fn service(plan: &Plan, chart: &str, release: &str, destination: Option<&str>) -> Option<usize> {
    let of_chart = |fits: &dyn Fn(&policy::Service) -> bool| {
        plan.services.iter().position(|service| {
            let policy = &plan.policy.services[service.index];
            policy.chart.value == chart && fits(policy)
        })
    };
    of_chart(&|policy| policy.release.value == release)
        .or_else(|| of_chart(&|policy| Some(policy.namespace.value.as_str()) == destination))
}

/// Whether a generator of an ApplicationSet fills a text in.
fn filled_in(text: &str) -> bool {
    text.contains("{{")
}

/// Release, version and namespace against the policy's, by the field that says so.
fn identity(
    policy: &policy::Service,
    source: &Node,
    release: &str,
    destination: Option<&str>,
) -> Vec<(&'static str, Found)> {
    let mut found = Vec::new();
    let mut differs = |field, message: String, span| {
        let finding = Found::new(codes::APPLICATION_DIFFERS, &[] as &[&str], message).policy(span);
        found.push((field, finding));
    };
    if release != policy.release.value && !filled_in(release) {
        let message = format!("installs release `{release}`; the policy says `{}`", policy.release.value);
        differs("helm.releaseName", message, policy.release.span.or(policy.name.span));
    }
    let wanted = &policy.version.value;
    let revision = source.get("targetRevision").and_then(Node::as_str);
    match revision.map(|revision| (revision, revision.trim_start_matches('v').parse::<semver::Version>())) {
        Some((_, Ok(version))) if version == *wanted => {}
        Some((template, _)) if filled_in(template) => {}
        Some((revision, Ok(_))) => {
            let message = format!("installs version {revision}; the policy says {wanted}");
            differs("targetRevision", message, policy.version.span);
        }
        Some((range, Err(_))) => {
            let message = format!("installs whatever version fits `{range}`; the policy says {wanted}");
            differs("targetRevision", message, policy.version.span);
        }
        None => {
            let message = format!("states no `targetRevision`; the policy says {wanted}");
            differs("targetRevision", message, policy.version.span);
        }
    }
    if let Some(namespace) = destination.filter(|namespace| *namespace != policy.namespace.value) {
        let message =
            format!("deploys into namespace `{namespace}`; the policy says `{}`", policy.namespace.value);
        differs("namespace", message, policy.namespace.span.or(policy.name.span));
    }
    found
}

/// Values paths that the plan decides about for a service, and why.
fn planned_paths(plan: &Plan, service: usize) -> Vec<(ValuePath, Why)> {
    let edition = &plan.services[service].edition;
    let mut paths = BTreeMap::new();
    for carrier in &plan.carriers {
        let Owner::Component { service: of, component } = &carrier.owner else { continue };
        let Some(known) = edition.components.get(component).filter(|_| *of == service) else { continue };
        for (target, decision) in &carrier.fields {
            let wiring = known.reach(target).and_then(crate::catalogue::Reach::wiring);
            for wire in wiring.iter().flat_map(|wiring| &wiring.chain) {
                paths.entry(wire.path.clone()).or_insert(decision.value.why);
            }
        }
        for condition in &carrier.switches {
            paths.entry(condition.path.clone()).or_insert(carrier.enabled.why);
        }
    }
    paths.into_iter().collect()
}

/// A leaf and its value, where that can be known.
type Inline = (ValuePath, Option<Value>);

/// Inline leaves by field. Values may be secret: they are looked at, and never shown.
fn inline(helm: &Node) -> Vec<(&'static str, Vec<Inline>)> {
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
        let items = helm.get(field).map_or(&[][..], Node::items).iter();
        let paths: Vec<Inline> = items.filter_map(parameter).collect();
        if !paths.is_empty() {
            all.push((field, paths));
        }
    }
    all
}

/// One parameter, in the syntax of `--set`: keys joined by dots, a dot within a key escaped, list indices in
/// brackets. What a part of a list makes of the whole is not known here.
fn parameter(parameter: &Node) -> Option<Inline> {
    let text = |key: &str| parameter.get(key).and_then(Node::as_str);
    let name = text("name")?;
    let (path, whole) = name.split_once('[').map_or((name, true), |(path, _)| (path, false));
    let forced =
        matches!(parameter.get("forceString").map(|node| &node.value), Some(yaml::Value::Bool(true)));
    let value = text("value").filter(|_| whole).map(|value| match value {
        "true" | "false" if !forced => Value::Bool(value == "true"),
        "null" if !forced => Value::Null,
        number if !forced && (number == "0" || !number.starts_with('0')) => {
            number.parse::<i64>().map_or_else(|_| Value::from(number), Value::from)
        }
        text => Value::from(text),
    });
    Some((ValuePath::parse(path), value))
}

fn leaves(value: &Value) -> Vec<Inline> {
    fn walk(value: &Value, path: &mut Vec<String>, out: &mut Vec<Inline>) {
        match value {
            Value::Object(map) if !map.is_empty() => {
                for (key, value) in map {
                    path.push(key.clone());
                    walk(value, path, out);
                    path.pop();
                }
            }
            _ => out.push((ValuePath::of(path.iter()), Some(value.clone()))),
        }
    }
    let mut out = Vec::new();
    walk(value, &mut Vec::new(), &mut out);
    out
}

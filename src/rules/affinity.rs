//! Affinity, term by term: what the plan wants is there, and nothing else is.

use serde_json::Value;

use super::{Found, Subject};
use crate::diag::{Severity, codes::verify as codes};
use crate::kube::{Affinity, NodeAffinity, PodAffinity};
use crate::plan::AFFINITY;
use crate::why::Why;

/// One term of an affinity: where it stands, and its content.
type Term = (&'static str, &'static str, usize, Value);

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

pub(super) fn check(subject: Subject<'_>, found: &mut Vec<Found>) {
    let Some(carrier) = subject.carrier else { return };
    let Some(decision) = carrier.fields.get(&AFFINITY) else { return };
    let planned: Affinity =
        decision.value.value.clone().and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
    let planned = terms(&planned);
    let rendered = terms(&subject.pod().affinity.clone().unwrap_or_default());
    for (group, list, n, term) in &rendered {
        if planned.iter().any(|(g, l, _, t)| g == group && l == list && t == term) {
            continue;
        }
        let message = format!("has a term that the plan does not have in {}", name(group, list));
        found.push(
            Found::new(codes::AFFINITY_SURVIVES, &["affinity", group, list, &n.to_string()], message)
                .note("a chart's default survives Helm's merge unless a null erases it; a later values file can bring it back")
                .help("give the overlay as the last values file, and take the term out of the others")
                .why(decision.value.why),
        );
    }
    for (group, list, n, term) in &planned {
        if rendered.iter().any(|(g, l, _, t)| g == group && l == list && t == term) {
            continue;
        }
        let why = part(&decision.parts, group, list, *n).unwrap_or(decision.value.why);
        let away = *group == "nodeAffinity" && *list == PREFERRED;
        let finding = if away {
            let message = "does not prefer other nodes to the lifeboat, so that it boards before it must";
            Found::new(codes::AWAY_PREFERENCE_MISSING, &["affinity", group, list], message)
        } else {
            let message = format!("lacks a planned term in {}", name(group, list));
            Found::new(codes::AFFINITY_MISSING, &["affinity", group, list], message)
        };
        let finding = if carrier.unreachable.contains_key(&AFFINITY) {
            finding.severity(Severity::Warning)
        } else {
            finding
        };
        found.push(finding.note(format!("the plan's term: {term}")).why(why));
    }
}

fn name(group: &str, list: &str) -> String {
    let strength = if list == REQUIRED { "required" } else { "preferred" };
    let group = match group {
        "nodeAffinity" => "node affinity",
        "podAffinity" => "pod affinity",
        _ => "pod anti-affinity",
    };
    format!("{strength} {group}")
}

fn part(parts: &[(Vec<String>, Why)], group: &str, list: &str, n: usize) -> Option<Why> {
    let n = n.to_string();
    let found = parts.iter().find(|(path, _)| path.iter().map(String::as_str).eq([group, list, &n]));
    found.map(|(_, why)| *why)
}

/// All terms, normalised by the API's types.
fn terms(affinity: &Affinity) -> Vec<Term> {
    let mut terms = Vec::new();
    if let Some(node) = &affinity.node_affinity {
        node_terms(node, &mut terms);
    }
    for (group, side) in
        [("podAffinity", &affinity.pod_affinity), ("podAntiAffinity", &affinity.pod_anti_affinity)]
    {
        if let Some(side) = side {
            pod_terms(group, side, &mut terms);
        }
    }
    terms
}

fn node_terms(node: &NodeAffinity, terms: &mut Vec<Term>) {
    if let Some(required) = &node.required {
        terms.push(("nodeAffinity", REQUIRED, 0, json(required)));
    }
    for (n, term) in node.preferred.iter().enumerate() {
        terms.push(("nodeAffinity", PREFERRED, n, json(term)));
    }
}

fn pod_terms(group: &'static str, side: &PodAffinity, terms: &mut Vec<Term>) {
    for (n, term) in side.required.iter().enumerate() {
        terms.push((group, REQUIRED, n, json(term)));
    }
    for (n, term) in side.preferred.iter().enumerate() {
        terms.push((group, PREFERRED, n, json(term)));
    }
}

fn json<T: serde::Serialize>(term: &T) -> Value {
    serde_json::to_value(term).unwrap_or_default()
}

//! Affinity, term by term: what the plan wants is there, and nothing else is.

use serde_json::Value;

use super::{Found, Subject};
use crate::cluster::WorkloadKind;
use crate::diag::{Severity, codes::verify as codes};
use crate::kube::{Affinity, NodeAffinity, PodAffinity};
use crate::plan::{AFFINITY, Owner};
use crate::why::Why;

/// One term of an affinity: where it stands, and its content.
type Term = (&'static str, &'static str, usize, Value);

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

pub(super) fn check(subject: Subject<'_>, found: &mut Vec<Found>) {
    let Some(carrier) = subject.carrier else { return };
    let Some(decision) = carrier.fields.get(&AFFINITY) else { return undecided(subject, found) };
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

/// Where the plan decides nothing, the proof has what stands there without lifeboat. Preferences may differ:
/// they move a pod, but keep none from a node.
fn undecided(subject: Subject<'_>, found: &mut Vec<Found>) {
    let Some((carrier, proved)) = subject.counted() else { return };
    if carrier.base.opaque.contains_key(&AFFINITY) {
        return;
    }
    let planned = terms(&proved.affinity.clone().unwrap_or_default());
    let rendered = terms(&subject.pod().affinity.clone().unwrap_or_default());
    // A DaemonSet's controller ties each pod to its node.
    let tied = subject.workload.kind == WorkloadKind::Pod && carrier.runs_as == "DaemonSet";
    let other = |a: &[Term], b: &[Term]| -> Vec<Term> {
        let alike =
            |(g, l, _, t): &Term| b.iter().any(|(group, list, _, term)| (group, list, term) == (g, l, t));
        let required =
            a.iter().filter(|(group, list, ..)| *list == REQUIRED && !(tied && *group == "nodeAffinity"));
        required.filter(|term| !alike(term)).cloned().collect()
    };
    // The policy has no word for the terms of a workload by hand.
    let by_hand = matches!(carrier.owner, Owner::Workload(_));
    let severity =
        |group: &str| if by_hand && group != "nodeAffinity" { Severity::Warning } else { Severity::Error };
    for (group, list, n, _) in other(&rendered, &planned) {
        let message = format!("has a term that the plan does not have in {}", name(group, list));
        found.push(
            Found::new(codes::AFFINITY_SURVIVES, &["affinity", group, list, &n.to_string()], message)
                .severity(severity(group))
                .note("the proof does not count it: these pods may find fewer nodes than it says")
                .policy(carrier.span),
        );
    }
    for (group, list, _, term) in other(&planned, &rendered) {
        let message = format!("lacks a term of the plan in {}", name(group, list));
        found.push(
            Found::new(codes::AFFINITY_MISSING, &["affinity", group, list], message)
                .severity(severity(group))
                .note(format!("the plan's term: {term}"))
                .policy(carrier.span),
        );
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

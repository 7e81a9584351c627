//! Requests: the policy's figure, else the team's, else the chart's, else the catalogue's suggestion,
//! which is a guess and counted as one. A pod without requests can neither preempt nor be proved.
//! Limits are never invented.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{CarrierId, Owner, make::Draft};
use crate::catalogue::{Origin, Target};
use crate::diag::{Diagnostic, codes::build as codes};
use crate::policy::Resources;
use crate::why::{Rule, Why};

/// Sets requests and limits of each container of a component.
pub(super) fn decide(draft: &mut Draft, id: CarrierId) {
    if !matches!(draft.carrier(id).owner, Owner::Component { .. } | Owner::Custom { .. }) {
        return;
    }
    let carrier = draft.carrier(id);
    let (containers, init) = (Arc::clone(&carrier.containers), Arc::clone(&carrier.init_containers));
    let containers: Vec<&String> = containers.iter().chain(init.iter()).collect();
    for (index, container) in containers.iter().enumerate() {
        let field = Target::Resources((*container).clone());
        let (requests, limits) = stated(draft, id, index, container);
        let silent = |figures: Option<&Resources>| figures.is_none_or(Resources::is_empty);
        if silent(requests) && silent(limits) && follows(draft, id, &containers[..index], &field) {
            continue;
        }
        let baseline = draft.baseline(id, &field);
        let from_team = matches!(baseline, Some((_, Origin::Team)));
        let mut value = baseline.and_then(|(v, _)| v.as_object().cloned()).unwrap_or_default();
        let mut because = Vec::new();
        let mut parts = Vec::new();
        for (kind, figures) in [("requests", requests), ("limits", limits)] {
            if let Some(figures) = figures {
                if from_team {
                    overridden(draft, id, &value, kind, figures);
                }
                put(draft, &mut value, kind, figures, &mut because, &mut parts);
            }
        }
        let guessed = suggest(draft, id, container, from_team, &mut value, &mut because, &mut parts);
        if parts.is_empty() {
            continue;
        }
        let why = because.first().copied().unwrap_or(draft.unasked);
        draft.set(id, field.clone(), Some(Value::Object(value)), why, parts);
        if guessed {
            draft.mark_guessed(id, &field);
        }
    }
}

/// A container that listens to the path of an earlier one of the same pod gets what that one gets.
fn follows(draft: &mut Draft, id: CarrierId, earlier: &[&String], field: &Target) -> bool {
    let paths = draft.live_paths(id, field);
    let leader = earlier
        .iter()
        .map(|name| Target::Resources((*name).clone()))
        .find(|target| draft.live_paths(id, target).first().is_some_and(|first| paths.contains(first)));
    let Some(leader) = leader else { return false };
    if let Some(decision) = draft.carrier(id).fields.get(&leader).cloned() {
        draft.carrier_mut(id).fields.insert(field.clone(), decision);
    }
    true
}

/// What the policy states of a container: the component's own figures are the main container's.
fn stated<'a>(
    draft: &Draft<'a>,
    id: CarrierId,
    index: usize,
    container: &str,
) -> (Option<&'a Resources>, Option<&'a Resources>) {
    let Some(component) = draft.stated(id) else { return (None, None) };
    if let Some(named) = component.containers.iter().find(|c| c.name.value == container) {
        return (Some(&named.requests), Some(&named.limits));
    }
    match index {
        0 => (Some(&component.requests), Some(&component.limits)),
        _ => (None, None),
    }
}

/// Says which of the team's figures the policy's own replace.
fn overridden(draft: &mut Draft, id: CarrierId, team: &Map<String, Value>, kind: &str, figures: &Resources) {
    let cpu = figures.cpu.iter().map(|cpu| ("cpu", cpu.value.text.clone(), cpu.span));
    let memory = figures.memory.iter().map(|memory| ("memory", memory.value.text.clone(), memory.span));
    for (name, text, span) in cpu.chain(memory).collect::<Vec<_>>() {
        let Some(theirs) = team.get(kind).and_then(|map| map.get(name)) else { continue };
        let theirs = theirs.as_str().map_or_else(|| theirs.to_string(), str::to_owned);
        if theirs == text {
            continue;
        }
        let who = draft.names(&[id]);
        let message = format!("{kind}.{name} of {who}: {text} replaces the {theirs} of the team's values");
        let mut diagnostic =
            Diagnostic::new(codes::TEAM_OVERRIDDEN, message).help("say it in one of the two places only");
        if let Some(span) = span {
            diagnostic = diagnostic.at(span, "stated here");
        }
        draft.diagnostics.push(diagnostic);
    }
}

fn put(
    draft: &mut Draft,
    value: &mut Map<String, Value>,
    kind: &str,
    resources: &Resources,
    because: &mut Vec<Why>,
    parts: &mut Vec<(Vec<String>, Why)>,
) {
    let mut insert = |draft: &mut Draft, name: &str, text: &str, reason: crate::why::Reason| {
        let stated = draft.ledger.add(reason.clone());
        let why =
            draft.ledger.add(crate::why::Reason { rule: Rule::Request, because: vec![stated], ..reason });
        if let Some(map) = value.entry(kind).or_insert_with(|| json!({})).as_object_mut() {
            map.insert(name.to_owned(), json!(text));
        }
        because.push(why);
        parts.push((vec![kind.to_owned(), name.to_owned()], why));
    };
    if let Some(cpu) = &resources.cpu {
        insert(draft, "cpu", &cpu.value.text, cpu.reason());
    }
    if let Some(memory) = &resources.memory {
        insert(draft, "memory", &memory.value.text, memory.reason());
    }
}

/// Fills what nobody stated with the catalogue's figure. Returns whether that happened.
fn suggest(
    draft: &mut Draft,
    id: CarrierId,
    container: &str,
    from_team: bool,
    value: &mut Map<String, Value>,
    because: &mut Vec<Why>,
    parts: &mut Vec<(Vec<String>, Why)>,
) -> bool {
    let Some((suggestion, why)) = draft.suggested(id, container) else { return false };
    let limits = value.get("limits").cloned();
    let Some(requests) = value.entry("requests").or_insert_with(|| json!({})).as_object_mut() else {
        return false;
    };
    let mut guessed = false;
    for (name, text) in suggestion {
        // A limit without a request is the request; and a team that set requests has decided.
        let limited = limits.as_ref().is_some_and(|limits| limits.get(&name).is_some());
        let decided = from_team && name == "cpu" && requests.contains_key("memory");
        if requests.contains_key(&name) || limited || decided {
            continue;
        }
        requests.insert(name.clone(), json!(text));
        because.push(why);
        parts.push((vec!["requests".to_owned(), name], why));
        guessed = true;
    }
    if requests.is_empty() {
        value.shift_remove("requests");
    }
    guessed
}

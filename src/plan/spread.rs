//! Topology spread: a service's own pods softly over the nodes, and the rules that the policy states.
//! After a loss everything stands on one node; without a soft spread a restart leaves it there.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::SPREAD;
use super::apart::Sides;
use super::make::Draft;
use super::select::selector_for;
use super::terms::{HOSTNAME, union};
use super::{CarrierId, Owner};
use crate::diag::{Diagnostic, codes::build as codes};
use crate::policy::PlacementKind;
use crate::why::{Rule, Why};

/// A soft spread needs at least this many carriers to have something to even out.
const LEAST: usize = 2;

/// For each service that spreads: the selector of its own pods and who carries the constraint.
pub(super) struct Groups(BTreeMap<CarrierId, (Value, Why)>);

/// Finds the pods that a service's spread is about: its lasting components of the service's own tier
/// and namespace. DaemonSets stand everywhere anyway.
pub(super) fn groups(draft: &mut Draft) -> Groups {
    let policy = draft.policy;
    let mut groups = BTreeMap::new();
    for service in &policy.services {
        if !service.spread.value {
            continue;
        }
        let members: Vec<CarrierId> = draft
            .ids()
            .filter(|&id| {
                let carrier = draft.carrier(id);
                draft.service_name(id) == Some(&service.name.value)
                    && matches!(carrier.owner, Owner::Component { .. })
                    && carrier.lasting()
                    && carrier.runs_as != "DaemonSet"
                    && carrier.tier.is_some_and(|tier| tier.value == service.tier.value)
            })
            .collect();
        if members.len() < LEAST {
            continue;
        }
        let stated = draft.ledger.add(service.spread.reason());
        let why = draft.ledger.add(service.spread.reason_for(Rule::SpreadOwn, vec![stated]));
        match selector_for(&draft.carriers, &members) {
            Ok(selection) => {
                groups.extend(members.into_iter().map(|id| (id, (selection.selector.clone(), why))));
            }
            Err(ambiguous) => {
                let why = match &ambiguous.others[..] {
                    [] => "no label is common to all of them".to_owned(),
                    others => format!("no label tells them from {}", draft.names(others)),
                };
                let name = &service.name;
                let mut diagnostic = Diagnostic::new(
                    codes::SPREAD_SELECTOR_AMBIGUOUS,
                    format!("the pods of `{}` are not spread: {why}", name.value),
                )
                .help(format!("write `{} = false` if that is meant", service.spread.path));
                if let Some(span) = service.spread.span.or(name.span) {
                    diagnostic = diagnostic.at(span, "no label is common to these pods alone");
                }
                draft.diagnostics.push(diagnostic);
            }
        }
    }
    Groups(groups)
}

/// Adds the constraints of a carrier.
pub(super) fn decide(draft: &mut Draft, id: CarrierId, groups: &Groups, sides: &Sides) {
    let mut list = draft.list(id, &SPREAD);
    let mut parts = Vec::new();
    let mut last = None;
    if let Some((selector, why)) = groups.0.get(&id) {
        let constraint = json!({
            "maxSkew": 1,
            "topologyKey": HOSTNAME,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": selector,
        });
        parts.extend(union(&mut list, [constraint]).into_iter().map(|i| (vec![i.to_string()], *why)));
        last = Some(*why);
    }
    for (constraint, why) in stated(draft, id, sides) {
        parts.extend(union(&mut list, [constraint]).into_iter().map(|i| (vec![i.to_string()], why)));
        last = Some(why);
    }
    if let Some(why) = last {
        draft.set(id, SPREAD, Some(Value::Array(list)), why, parts);
    }
}

/// The constraints of the policy's spread rules that a carrier is part of. A constraint sees only its
/// own namespace, so the rule's pods there are the ones that are counted.
fn stated(draft: &mut Draft, id: CarrierId, sides: &Sides) -> Vec<(Value, Why)> {
    let policy = draft.policy;
    let mut constraints = Vec::new();
    for (placement, rule) in policy.placements.iter().zip(&sides.rules) {
        let PlacementKind::Spread { max_skew, min_domains } = &placement.kind else { continue };
        let namespace = draft.carrier(id).namespace.clone();
        let all: Vec<CarrierId> =
            rule.iter().flatten().copied().filter(|&c| draft.carrier(c).namespace == namespace).collect();
        if !all.contains(&id) {
            continue;
        }
        let Ok(selection) = selector_for(&draft.carriers, &all) else {
            let mut diagnostic = Diagnostic::new(
                codes::SELECTOR_MATCHES_OTHERS,
                format!("no selector for `{}` matches these pods alone", placement.name.path),
            )
            .help("name fewer pods, or pods that share a label of their own");
            if let Some(span) = placement.name.span {
                diagnostic = diagnostic.at(span, "these pods cannot be told apart by labels");
            }
            draft.diagnostics.push(diagnostic);
            continue;
        };
        let mut constraint = json!({
            "maxSkew": max_skew.value,
            "topologyKey": placement.across.value,
            "whenUnsatisfiable": if placement.required.value { "DoNotSchedule" } else { "ScheduleAnyway" },
            "labelSelector": selection.selector,
        });
        if let (Some(min), Some(map)) = (min_domains, constraint.as_object_mut()) {
            map.insert("minDomains".to_owned(), json!(min.value));
        }
        let why = draft.ledger.add(placement.name.reason_for(Rule::SpreadOwn, Vec::new()));
        constraints.push((constraint, why));
    }
    constraints
}

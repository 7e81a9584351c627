//! Storage decides whether a pod can ever move, so a StatefulSet that can lose data must say where they
//! live. The plan then makes the chart's claim agree with the policy.

use super::make::Draft;
use super::{CarrierId, Owner};
use crate::catalogue::Condition;
use crate::diag::{Diagnostic, codes::build as codes};
use crate::policy::Storage;
use crate::why::{Decided, Rule};

/// Decides where a component's data live.
pub(super) fn decide(draft: &mut Draft, id: CarrierId) {
    if !draft.carrier(id).lasting()
        || !matches!(draft.carrier(id).owner, Owner::Component { .. } | Owner::Custom { .. })
    {
        return;
    }
    let stated = draft.stated(id).and_then(|component| component.storage.clone());
    let claims = claims(draft, id);
    let Some(storage) = stated else {
        if draft.carrier(id).runs_as == "StatefulSet" {
            unstated(draft, id, claims);
        }
        return;
    };
    let line = draft.ledger.add(storage.reason());
    let why = draft.ledger.add(storage.reason_for(Rule::Storage, vec![line]));
    draft.carrier_mut(id).storage = Some(Decided { value: storage.value, why });
    let wants = storage.value != Storage::Ephemeral;
    if wants == claims {
        return;
    }
    match switch(draft, id, wants) {
        Some(conditions) => draft.carrier_mut(id).switches.extend(conditions),
        None => {
            let name = draft.names(&[id]);
            let message = if wants {
                format!("the catalogue knows no value that gives {name} a volume")
            } else {
                format!("the catalogue knows no value that takes the volume of {name} away")
            };
            let mut diagnostic = Diagnostic::new(codes::STORAGE_UNREACHABLE, message)
                .help("set it in the team's own values file, which `values` names; lifeboat reads it there");
            if let Some(span) = storage.span {
                diagnostic = diagnostic.at(span, "not what the chart renders");
            }
            draft.diagnostics.push(diagnostic);
        }
    }
}

/// Whether the chart with the team's values claims a volume.
fn claims(draft: &Draft, id: CarrierId) -> bool {
    let Owner::Component { service, component } = &draft.carrier(id).owner else { return false };
    let plan = &draft.services[*service];
    let Some(known) = plan.edition.components.get(component) else { return false };
    known.storage.iter().any(|storage| plan.edition.holds(&storage.when, &plan.team))
}

/// The conditions that make every claim of the component appear or go.
fn switch(draft: &Draft, id: CarrierId, wants: bool) -> Option<Vec<Condition>> {
    let Owner::Component { service, component } = &draft.carrier(id).owner else { return None };
    let known = draft.services[*service].edition.components.get(component)?;
    let conditions: Vec<Condition> = known
        .storage
        .iter()
        .flat_map(|storage| storage.when.last())
        .filter(|condition| condition.is.is_boolean())
        .map(|condition| Condition {
            path: condition.path.clone(),
            is: serde_json::Value::Bool(condition.is == serde_json::Value::Bool(wants)),
        })
        .collect();
    (!conditions.is_empty()).then_some(conditions)
}

fn unstated(draft: &mut Draft, id: CarrierId, claims: bool) {
    let name = draft.names(&[id]);
    let today = if claims { "a volume claim of the chart" } else { "nothing but the pod itself" };
    let mut diagnostic = Diagnostic::new(
        crate::diag::codes::policy::STORAGE_UNSTATED,
        format!("{name} is a StatefulSet and the policy does not say where its data live"),
    )
    .note(format!("today it has {today}"))
    .help("write `storage = \"ephemeral\"`, `\"local\"` or `\"replicated\"`, and `data = \"what losing it costs\"`");
    if let Some(span) = draft.stated(id).and_then(|c| c.name.span).or(draft.carrier(id).span) {
        diagnostic = diagnostic.at(span, "its data decide whether it can move");
    }
    draft.diagnostics.push(diagnostic);
}

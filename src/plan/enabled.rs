//! Which components are installed: the chart with the team's values decides, unless the policy does.

use super::make::Draft;
use super::{CarrierId, Owner};
use crate::catalogue::Condition;
use crate::diag::{Diagnostic, codes::build as codes};
use crate::why::{Decided, Rule};

/// Switches a component on or off where the policy says so.
pub(super) fn decide(draft: &mut Draft, id: CarrierId) {
    let Some(enabled) = draft.stated(id).and_then(|component| component.enabled.clone()) else { return };
    let stated = draft.ledger.add(enabled.reason());
    let why = draft.ledger.add(enabled.reason_for(Rule::Enable, vec![stated]));
    let before = draft.carrier(id).enabled.value;
    draft.carrier_mut(id).enabled = Decided { value: enabled.value, why };
    if before == enabled.value {
        return;
    }
    match switches(draft, id, enabled.value) {
        Some(conditions) => draft.carrier_mut(id).switches = conditions,
        None => {
            let name = draft.names(&[id]);
            let mut diagnostic =
                Diagnostic::new(codes::NO_SWITCH, format!("no value of the chart switches {name} off alone"))
                    .help("leave `enabled` out, or switch off the components that come with it too");
            if let Some(span) = enabled.span {
                diagnostic = diagnostic.at(span, "cannot be done with this chart");
            }
            draft.diagnostics.push(diagnostic);
        }
    }
}

/// The values that must change. On: every condition that does not hold. Off: one condition that no
/// other component depends on which stays, and whose opposite brings none that is not wanted.
fn switches(draft: &Draft, id: CarrierId, on: bool) -> Option<Vec<Condition>> {
    let Owner::Component { service, component } = &draft.carrier(id).owner else { return Some(Vec::new()) };
    let plan = &draft.services[*service];
    let edition = &plan.edition;
    let when = &edition.components.get(component)?.when;
    if on {
        let missing = when.iter().filter(|c| !edition.holds(std::slice::from_ref(*c), &plan.team));
        return Some(missing.map(first).collect());
    }
    let stays = |name: &String| {
        draft.ids().any(|other| {
            matches!(&draft.carrier(other).owner, Owner::Component { service: s, component } if s == service && component == name)
                && draft.carrier(other).enabled.value
                && draft.stated(other).is_none_or(|c| c.enabled.as_ref().is_none_or(|e| e.value))
        })
    };
    when.iter().rev().find_map(|condition| {
        let off = negate(condition)?;
        let shared = edition
            .components
            .iter()
            .any(|(name, other)| name != component && other.when.contains(condition) && stays(name));
        let brings = edition.components.iter().any(|(name, other)| {
            let rest: Vec<Condition> = other.when.iter().filter(|c| **c != off).cloned().collect();
            name != component
                && rest.len() < other.when.len()
                && edition.holds(&rest, &plan.team)
                && !stays(name)
        });
        (!shared && !brings).then(|| vec![off])
    })
}

/// A condition with the first of several values that would do.
fn first(condition: &Condition) -> Condition {
    let is = condition.is.as_array().and_then(|any| any.first()).unwrap_or(&condition.is);
    Condition { path: condition.path.clone(), is: is.clone() }
}

/// The condition under which a component is not there; only switches and counts can be turned off.
fn negate(condition: &Condition) -> Option<Condition> {
    let is = match &condition.is {
        serde_json::Value::Bool(value) => serde_json::Value::Bool(!value),
        _ => return None,
    };
    Some(Condition { path: condition.path.clone(), is })
}

//! Which components are installed: the chart with the team's values decides, unless the policy does.
//!
//! A switch is taken only if it changes nothing that nobody asked for. A hook or a test goes with the component
//! that it belongs to, and what the chart then refuses to render is mended where a switch of its own mends it.

use serde_json::{Value, json};

use super::make::Draft;
use super::{CarrierId, Owner};
use crate::catalogue::{Condition, Refusal, ValuePath};
use crate::diag::{Diagnostic, codes::build as codes};
use crate::shape::Field;
use crate::why::{Decided, Rule, Why};

/// Switches components on or off where the policy says so.
pub(super) fn decide(draft: &mut Draft) {
    let mut asked: Vec<(CarrierId, &Field<bool>, Why)> = Vec::new();
    for id in draft.all() {
        let Some(enabled) = draft.stated(id).and_then(|component| component.enabled.as_ref()) else {
            continue;
        };
        let stated = draft.ledger.add(enabled.reason());
        let why = draft.ledger.add(enabled.reason_for(Rule::Enable, vec![stated]));
        draft.carrier_mut(id).enabled = Decided { value: enabled.value, why };
        asked.push((id, enabled, why));
    }
    // What comes may take along what is to go.
    asked.sort_by_key(|(_, enabled, _)| !enabled.value);
    let mut values: Vec<Value> = draft.services.iter().map(|service| service.team.clone()).collect();
    for (id, enabled, why) in asked {
        let Owner::Component { service, .. } = draft.carrier(id).owner else { continue };
        match Switch::of(draft, id, service, enabled.value, &values[service]) {
            Ok(switch) => {
                for follower in switch.follow {
                    draft.carrier_mut(follower).enabled = Decided { value: enabled.value, why };
                }
                for condition in &switch.conditions {
                    condition.path.set(&mut values[service], condition.is.clone());
                }
                draft.carrier_mut(id).switches = switch.conditions;
            }
            Err(none) => none.report(draft, id, enabled),
        }
    }
}

/// Values that switch a component.
#[derive(Debug, Default)]
struct Switch {
    conditions: Vec<Condition>,
    /// Hooks and tests that come or go with it.
    follow: Vec<CarrierId>,
}

/// Why there is no switch.
#[derive(Debug)]
enum NoSwitch {
    /// The chart always makes it.
    Always,
    /// A setting that is no switch decides it.
    Mode(Condition),
    /// The value also moves others.
    TakesAlong { by: Condition, others: Vec<CarrierId> },
    /// The chart refuses to render without it.
    Refused(String),
}

impl Switch {
    /// The values that must change. On: every condition that does not hold. Off: the first condition from the end
    /// that changes nobody else.
    fn of(draft: &Draft, id: CarrierId, service: usize, on: bool, values: &Value) -> Result<Self, NoSwitch> {
        let Owner::Component { component, .. } = &draft.carrier(id).owner else { return Ok(Self::default()) };
        let edition = &draft.services[service].edition;
        let Some(known) = edition.components.get(component) else { return Ok(Self::default()) };
        if edition.holds(&known.when, values) == on {
            return Ok(Self::default());
        }
        let attempt = Attempt { draft, id, service, values };
        if on {
            let missing = known.when.iter().filter(|c| !edition.holds(std::slice::from_ref(*c), values));
            let conditions: Vec<Condition> = missing.map(first).collect();
            // How many there should be is not for a switch to say.
            if let Some(count) = conditions.iter().find(|c| attempt.counts(&c.path)) {
                return Err(NoSwitch::Mode(count.clone()));
            }
            return attempt.with(conditions);
        }
        let mut failure = known.when.last().map_or(NoSwitch::Always, |c| NoSwitch::Mode(c.clone()));
        for condition in known.when.iter().rev().filter_map(|c| attempt.negated(c)) {
            match attempt.with(vec![condition]) {
                Ok(switch) => return Ok(switch),
                Err(other) if other.rank() < failure.rank() => failure = other,
                Err(_) => {}
            }
        }
        Err(failure)
    }
}

/// A switch under trial.
#[derive(Clone, Copy)]
struct Attempt<'d> {
    draft: &'d Draft<'d>,
    id: CarrierId,
    service: usize,
    values: &'d Value,
}

impl Attempt<'_> {
    fn with(self, mut conditions: Vec<Condition>) -> Result<Switch, NoSwitch> {
        let edition = &self.draft.services[self.service].edition;
        let by = conditions.first().cloned();
        let mut moved = self.moved(&conditions);
        // What the chart refuses only now, a switch of what it refuses it for may mend.
        let refused = |conditions: &[Condition]| {
            let after = self.after(conditions);
            let new = |r: &&Refusal| edition.holds(&r.when, &after) && !edition.holds(&r.when, self.values);
            edition.refuses.iter().find(new)
        };
        while let Some(refusal) = refused(&conditions) {
            let mends = refusal.when.iter().filter(|c| conditions.iter().all(|own| own.path != c.path));
            let mended =
                mends.filter_map(|c| self.negated(c)).map(|mend| [&conditions[..], &[mend]].concat());
            let mut free =
                mended.map(|all| (self.moved(&all), all)).filter(|(m, _)| m.taken.len() <= moved.taken.len());
            let Some((after, all)) = free.next() else { return Err(NoSwitch::Refused(refusal.says.clone())) };
            (moved, conditions) = (after, all);
        }
        match by {
            Some(by) if !moved.taken.is_empty() => Err(NoSwitch::TakesAlong { by, others: moved.taken }),
            _ => Ok(Switch { conditions, follow: moved.follow }),
        }
    }

    /// Whether a path holds a number.
    fn counts(self, path: &ValuePath) -> bool {
        let edition = &self.draft.services[self.service].edition;
        edition.effective(path, self.values).is_some_and(|value| value.is_number())
    }

    /// The condition under which a component is not there; only switches can be turned, and counts be zero.
    fn negated(self, condition: &Condition) -> Option<Condition> {
        let wanted = condition.is.as_bool()?;
        let is = match (self.counts(&condition.path), wanted) {
            (true, true) => json!(0),
            (true, false) => return None,
            (false, wanted) => json!(!wanted),
        };
        Some(Condition { path: condition.path.clone(), is })
    }

    fn after(self, conditions: &[Condition]) -> Value {
        let mut after = self.values.clone();
        conditions.iter().for_each(|condition| condition.path.set(&mut after, condition.is.clone()));
        after
    }

    /// Who else comes or goes with these values, unless the policy wants it.
    fn moved(self, conditions: &[Condition]) -> Moved {
        let edition = &self.draft.services[self.service].edition;
        let after = self.after(conditions);
        let mut moved = Moved::default();
        for other in self.draft.ids().filter(|other| *other != self.id) {
            let carrier = self.draft.carrier(other);
            let Owner::Component { service, component } = &carrier.owner else { continue };
            let Some(known) = edition.components.get(component).filter(|_| *service == self.service) else {
                continue;
            };
            let now = edition.holds(&known.when, &after);
            if edition.holds(&known.when, self.values) == now {
                continue;
            }
            let wanted = self.draft.stated(other).and_then(|stated| stated.enabled.as_ref());
            match wanted {
                Some(wanted) if wanted.value == now => {}
                None if carrier.transient => moved.follow.push(other),
                _ => moved.taken.push(other),
            }
        }
        moved
    }
}

/// Who comes or goes with a switch.
#[derive(Debug, Default)]
struct Moved {
    follow: Vec<CarrierId>,
    taken: Vec<CarrierId>,
}

impl NoSwitch {
    /// How far it is from a switch.
    fn rank(&self) -> usize {
        match self {
            Self::Refused(_) => 0,
            Self::TakesAlong { others, .. } => others.len(),
            Self::Mode(_) | Self::Always => usize::MAX,
        }
    }

    fn report(self, draft: &mut Draft, id: CarrierId, enabled: &Field<bool>) {
        let name = draft.names(&[id]);
        let word = if enabled.value { "on" } else { "off" };
        let (why, help) = match &self {
            Self::Always => ("the chart always makes it".to_owned(), "leave `enabled` out".to_owned()),
            Self::Mode(condition) => (
                format!("the chart's `{}` decides it", condition.path),
                format!("leave `enabled` out, or set `{}` in the team's values file", condition.path),
            ),
            Self::Refused(says) => (
                format!("the chart would refuse to render: {says}"),
                "leave `enabled` out, or change in the team's values file what the chart asks for".to_owned(),
            ),
            Self::TakesAlong { by, others } => {
                let (off, on): (Vec<CarrierId>, Vec<CarrierId>) =
                    others.iter().partition(|other| draft.carrier(**other).enabled.value);
                let moves = [(&off, "off"), (&on, "on")].into_iter().filter(|(ids, _)| !ids.is_empty());
                let moves: Vec<String> =
                    moves.map(|(ids, word)| format!("{} {word}", draft.names(ids))).collect();
                let lines = others.iter().filter_map(|other| {
                    let to = !draft.carrier(*other).enabled.value;
                    Some(format!("`{} = {{ enabled = {to} }}`", draft.component_name(*other)?))
                });
                let lines: Vec<String> = lines.collect();
                (
                    format!("`{}: {}` would switch {}, too", by.path, by.is, moves.join(" and ")),
                    format!("write {}, too, or leave `enabled` out", lines.join(" and ")),
                )
            }
        };
        let message = format!("no value of the chart switches {name} {word} alone: {why}");
        let mut diagnostic = Diagnostic::new(codes::NO_SWITCH, message).help(help);
        if let Some(span) = enabled.span {
            diagnostic = diagnostic.at(span, "cannot be done with this chart alone");
        }
        draft.diagnostics.push(diagnostic);
    }
}

/// A condition with the first of several values that would do.
fn first(condition: &Condition) -> Condition {
    let is = condition.is.as_array().and_then(|any| any.first()).unwrap_or(&condition.is);
    Condition { path: condition.path.clone(), is: is.clone() }
}

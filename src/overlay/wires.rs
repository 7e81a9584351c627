//! Which values path carries a decision. Paths that reach several carriers make this a small constraint
//! problem: a path can be used only if everything that it reaches and that listens to it wants the same
//! value.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::catalogue::{Reach, Target, ValuePath, Wire, Wiring};
use crate::plan::{Carrier, CarrierId, Owner, Plan};

/// The carriers of one service by component name, and what each wants.
pub(super) struct Wants<'p> {
    plan: &'p Plan,
    service: usize,
    by_component: BTreeMap<&'p str, CarrierId>,
}

/// Why no path can be used.
#[derive(Clone, Debug)]
pub(super) enum NoWire {
    /// Every path also reaches a component that wants something else.
    Conflict {
        /// The path that came closest.
        path: ValuePath,
        /// The component in the way.
        component: String,
    },
    /// The form of the value is the chart's own.
    Form(ValuePath),
    /// There is none.
    None,
}

impl<'p> Wants<'p> {
    pub(super) fn of(plan: &'p Plan, service: usize) -> Self {
        let by_component = plan
            .carrier_ids()
            .filter_map(|(id, carrier)| match &carrier.owner {
                Owner::Component { service: s, component } if *s == service => Some((component.as_str(), id)),
                _ => None,
            })
            .collect();
        Self { plan, service, by_component }
    }

    fn carrier(&self, component: &str) -> Option<&'p Carrier> {
        self.by_component.get(component).map(|&id| self.plan.carrier(id))
    }

    /// The wiring of a decided field.
    pub(super) fn wiring(&self, component: &str, target: &Target) -> Option<&'p Wiring> {
        let known = self.plan.services[self.service].edition.components.get(component)?;
        known.reach(target).and_then(Reach::wiring)
    }

    /// The first path of the chain that can carry the value. Later paths lose against earlier ones, so
    /// one is skipped only if nobody has set it.
    pub(super) fn choose(&self, component: &str, target: &Target) -> Result<&'p Wire, NoWire> {
        let Some(wiring) = self.wiring(component, target) else { return Err(NoWire::None) };
        let wanted = self.carrier(component).and_then(|c| c.field(target));
        let plan = &self.plan.services[self.service];
        let mut failure = NoWire::None;
        for wire in &wiring.chain {
            if !plan.edition.holds(&wire.when, &plan.team) {
                continue;
            }
            if !wire.shape.is_writable() {
                failure = NoWire::Form(wire.path.clone());
            } else {
                match self.in_the_way(wire, wanted) {
                    None => return Ok(wire),
                    Some(component) => failure = NoWire::Conflict { path: wire.path.clone(), component },
                }
            }
            let set = plan.edition.effective(&wire.path, &plan.team);
            if set.as_ref().is_some_and(crate::catalogue::is_set) {
                return Err(failure);
            }
        }
        Err(failure)
    }

    /// A component that the path reaches, that listens to it, and that wants another value.
    fn in_the_way(&self, wire: &Wire, wanted: Option<&Value>) -> Option<String> {
        wire.reaches.iter().find_map(|(other, target)| {
            let carrier = self.carrier(other)?;
            if !carrier.enabled.value
                || carrier.field(target) == wanted
                || !self.listens(other, target, &wire.path)
            {
                return None;
            }
            Some(other.clone())
        })
    }

    /// Whether a value at the path would decide the field: nothing before it in the chain is set, or
    /// will be because the field is decided and can use an earlier path of its own.
    fn listens(&self, component: &str, target: &Target, path: &ValuePath) -> bool {
        let Some(wiring) = self.wiring(component, target) else { return true };
        let plan = &self.plan.services[self.service];
        let decided = self.carrier(component).is_some_and(|c| c.fields.contains_key(target));
        for wire in &wiring.chain {
            if wire.path == *path {
                return true;
            }
            let set = plan.edition.effective(&wire.path, &plan.team);
            let own = wire.reaches.iter().all(|(c, _)| c == component);
            if set.as_ref().is_some_and(crate::catalogue::is_set) || (decided && own) {
                return false;
            }
        }
        true
    }

    /// Every carrier that a path reaches and that is installed.
    pub(super) fn reached(&self, wire: &Wire) -> Vec<CarrierId> {
        let mut ids: Vec<CarrierId> = wire
            .reaches
            .iter()
            .filter_map(|(component, _)| self.by_component.get(component.as_str()).copied())
            .filter(|&id| self.plan.carrier(id).enabled.value)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

//! Custom resources from which an operator makes pods (Argo Events' EventBus, Sensor, EventSource): the
//! part of the object that the plan decides.

use serde_json::{Map, Value, json};

use super::{Carrier, Owner, Plan};
use crate::catalogue::{Place, Reach, ValuePath};

/// The object with the decided fields, and the values path of the chart that carries whole objects, if
/// it has one. `None` for anything but a custom resource of the service.
#[must_use]
pub fn object(plan: &Plan, service: usize, carrier: &Carrier) -> Option<(Value, Option<ValuePath>)> {
    let Owner::Custom { service: s, .. } = &carrier.owner else { return None };
    if *s != service {
        return None;
    }
    let edition = &plan.services[service].edition;
    let known = edition.components.values().find(|c| c.kind == carrier.kind && c.place != Place::Chart)?;
    let Place::CustomResource { api_version, carried_by } = &known.place else { return None };
    let mut object = json!({
        "apiVersion": api_version,
        "kind": carrier.kind,
        "metadata": {"name": carrier.name, "namespace": carrier.namespace},
        "spec": Map::new(),
    });
    for (target, decision) in &carrier.fields {
        let Some(Reach::Wired(wiring)) = known.reach(target) else { continue };
        let (Some(wire), Some(value)) = (wiring.chain.first(), &decision.value.value) else { continue };
        wire.path.set(&mut object, value.clone());
    }
    Some((object, carried_by.clone()))
}

//! Custom resources from which an operator makes pods (Argo Events' EventBus, Sensor, EventSource): the part of the
//! object that the plan decides, over what the team's values already say of the same object.

use serde_json::{Value, json};

use super::{Carrier, Owner, Plan};
use crate::catalogue::{Component, Edition, Place, Reach, ValuePath};

/// An object of an overlay, and where it stands.
#[derive(Clone, Debug)]
pub struct Carried {
    /// The values path that takes a list of whole objects.
    pub path: ValuePath,
    /// The place of the team's own object in that list; none if it is to be added.
    pub place: Option<usize>,
    /// The whole object.
    pub object: Value,
}

/// The object with the decided fields, if a value of the chart carries it: the team's own object there, completed, or a
/// new one of a kind that needs nothing that only the team can say. `None` for anything but a custom resource of the
/// service.
#[must_use]
pub fn carried(plan: &Plan, service: usize, carrier: &Carrier) -> Option<Carried> {
    let Owner::Custom { service: s, .. } = &carrier.owner else { return None };
    if *s != service || !carrier.enabled.value {
        return None;
    }
    let known = template(&plan.services[service].edition, &carrier.kind)?;
    let plan = &plan.services[service];
    let own = own(&plan.edition, known, &plan.team, (&carrier.name, &carrier.namespace));
    let Place::CustomResource { api_version, carried_by: Some(path), spec } = &known.place else {
        return None;
    };
    let (place, mut object) = match (own, spec) {
        (Some((place, object)), _) => (Some(place), object),
        (None, Some(spec)) => (
            None,
            json!({
                "apiVersion": api_version,
                "kind": carrier.kind,
                "metadata": {"name": carrier.name, "namespace": carrier.namespace},
                "spec": spec,
            }),
        ),
        (None, None) => return None,
    };
    for (target, decision) in &carrier.fields {
        let Some(Reach::Wired(wiring)) = known.reach(target) else { continue };
        let (Some(wire), Some(value)) = (wiring.chain.first(), &decision.value.value) else { continue };
        wire.path.set(&mut object, value.clone());
    }
    Some(Carried { path: path.clone(), place, object })
}

/// The catalogue's template for a kind of custom resource.
pub(super) fn template<'e>(edition: &'e Edition, kind: &str) -> Option<&'e Component> {
    edition.components.values().find(|c| c.kind == kind && c.place != Place::Chart)
}

/// The team's own object of a kind by its name and namespace, and its place in the list that carries it.
pub(super) fn own(
    edition: &Edition,
    known: &Component,
    team: &Value,
    (name, namespace): (&str, &str),
) -> Option<(usize, Value)> {
    let Place::CustomResource { carried_by: Some(path), .. } = &known.place else { return None };
    let list = edition.effective(path, team)?;
    let text = |object: &Value, at: &str| object.pointer(at).and_then(Value::as_str).map(str::to_owned);
    let same = |object: &&Value| {
        text(object, "/kind").as_deref() == Some(known.kind.as_str())
            && text(object, "/metadata/name").as_deref() == Some(name)
            && text(object, "/metadata/namespace").is_none_or(|own| own == namespace)
    };
    let place = list.as_array()?.iter().position(|object| same(&object))?;
    Some((place, list.get(place)?.clone()))
}

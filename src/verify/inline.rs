//! Inline values of an Application that the overlay does not write, and that change what the plan counts all the
//! same: fields that it left as the chart has them, and which components there are.

use serde_json::Value;

use crate::catalogue::{Condition, ValuePath, merge_files};
use crate::plan::{Owner, Plan};

/// What one inline value changes, in words that do not show the value; `None` if it changes nothing that the
/// plan knows of.
pub(super) fn changes(plan: &Plan, service: usize, path: &ValuePath, value: &Value) -> Option<String> {
    let planned = &plan.services[service];
    let edition = &planned.edition;
    let ours = || {
        plan.carriers.iter().filter_map(|carrier| match &carrier.owner {
            Owner::Component { service: of, component } if *of == service => {
                Some((carrier, edition.components.get(component)?))
            }
            _ => None,
        })
    };
    let overlaps = |other: &ValuePath| other.contains(path) || path.contains(other);
    let touched = |conditions: &[Condition]| conditions.iter().any(|condition| overlaps(&condition.path));
    let mut switched = Value::Null;
    for condition in ours().flat_map(|(carrier, _)| &carrier.switches) {
        condition.path.set(&mut switched, condition.is.clone());
    }
    let before = merge_files(&planned.team, &switched);
    let mut inline = Value::Null;
    path.set(&mut inline, value.clone());
    let after = merge_files(&before, &inline);
    for (carrier, component) in ours() {
        let name = plan.display(carrier);
        if touched(&component.when) {
            let is = edition.holds(&component.when, &after);
            if is != edition.holds(&component.when, &before) {
                return Some(format!("switches {name} {}", if is { "on" } else { "off" }));
            }
        }
        if !carrier.enabled.value {
            continue;
        }
        for storage in component.storage.iter().filter(|storage| touched(&storage.when)) {
            let is = edition.holds(&storage.when, &after);
            if is != edition.holds(&storage.when, &before) {
                let word = if is { "claims a volume for" } else { "takes the volume from" };
                return Some(format!("{word} {name}"));
            }
        }
        for (target, reach) in component.targets() {
            let reached = reach.wiring().is_some_and(|w| w.chain.iter().any(|wire| overlaps(&wire.path)));
            if !reached || carrier.fields.contains_key(&target) {
                continue;
            }
            match (edition.apply(component, &target, &before), edition.apply(component, &target, &after)) {
                (Ok(was), Ok(is)) if was == is => {}
                _ => return Some(format!("changes {target} of {name}")),
            }
        }
    }
    None
}

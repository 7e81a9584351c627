//! Lowers a plan to overlays, and proves by the catalogue that they do what was planned.

use std::borrow::Cow;

use serde_json::Value;

use super::difference::difference;
use super::wires::{NoWire, Wants};
use super::{Leaf, Overlay, Pin, order};
use crate::catalogue::{Merge, Opaque, Shape, Target, ValuePath, Wire, Wiring, merged_files};
use crate::diag::{Diagnostic, codes::build as codes};
use crate::plan::custom::{self, Carried as Object};
use crate::plan::{Carrier, CarrierId, Owner, Plan};
use crate::why::Why;
use crate::yaml;

/// Overlays, and what there is to say about them.
#[derive(Debug, Default)]
pub struct Lowered {
    /// One per service that needs one, in the order of the plan.
    pub overlays: Vec<Overlay>,
    /// Conflicts, and decisions that the overlay would not carry out.
    pub diagnostics: Vec<Diagnostic>,
}

/// Lowers every service of a plan.
#[must_use]
pub fn lower(plan: &Plan) -> Lowered {
    let mut lowered = Lowered::default();
    for service in 0..plan.services.len() {
        let (overlay, diagnostics) = lower_service(plan, service);
        lowered.diagnostics.extend(diagnostics);
        if !overlay.leaves.is_empty() {
            lowered.overlays.push(overlay);
        }
    }
    lowered
}

/// Lowers one service.
#[must_use]
pub fn lower_service(plan: &Plan, service: usize) -> (Overlay, Vec<Diagnostic>) {
    let mut lowering = Lowering {
        plan,
        service,
        wants: Wants::of(plan, service),
        leaves: Vec::new(),
        diagnostics: Vec::new(),
    };
    for (id, carrier) in plan.carrier_ids() {
        let Owner::Component { service: s, component } = &carrier.owner else { continue };
        if *s == service {
            lowering.switches(id, carrier);
            if carrier.enabled.value {
                for target in carrier.fields.keys() {
                    lowering.field(id, carrier, component, target);
                }
            }
        }
    }
    lowering.custom_resources();
    let edition = &plan.services[service].edition;
    lowering.leaves.sort_by_cached_key(|leaf| order::key(edition, &leaf.path));
    let mut overlay = Overlay { service, leaves: lowering.leaves };
    let mut diagnostics = lowering.diagnostics;
    if diagnostics.is_empty() {
        let values = applied(plan, &overlay);
        diagnostics = unlike_planned(plan, service, &values, |_| true);
        if diagnostics.is_empty() {
            prune(plan, &mut overlay, values);
        }
    }
    (overlay, diagnostics)
}

/// Drops leaves without which everything is as planned too: an init container's resources where the
/// template falls back to the main container's, which are the same. `values` are what the overlay makes of the team's.
fn prune(plan: &Plan, overlay: &mut Overlay, values: Value) {
    let edition = &plan.services[overlay.service].edition;
    let reaches = edition.components.values().flat_map(crate::catalogue::Component::reaches);
    let falls_back: Vec<&ValuePath> = reaches
        .filter_map(|reach| reach.wiring()?.chain.split_last())
        .flat_map(|(_, winners)| winners.iter().map(|wire| &wire.path))
        .filter(|path| overlay.leaves.iter().any(|leaf| leaf.path == **path))
        .collect();
    if falls_back.is_empty() {
        return;
    }
    let whole = overlay.clone();
    // Whom a leaf does not reach would hardly miss it: all are asked once, at the end.
    drop_needless(plan, (overlay, values), &falls_back, |leaf, id| leaf.carriers.contains(&id));
    if overlay.leaves.len() < whole.leaves.len() && !round_trip(plan, overlay).is_empty() {
        *overlay = whole;
        let values = applied(plan, overlay);
        drop_needless(plan, (overlay, values), &falls_back, |_, _| true);
    }
}

fn drop_needless(
    plan: &Plan,
    (overlay, mut values): (&mut Overlay, Value),
    falls_back: &[&ValuePath],
    misses: impl Fn(&Leaf, CarrierId) -> bool,
) {
    let team = &plan.services[overlay.service].team;
    let mut at = 0;
    while let Some(leaf) = overlay.leaves.get(at) {
        if falls_back.contains(&&leaf.path) {
            let taken = leaf.path.take(&mut values);
            if let Some(own) = leaf.path.get(team) {
                leaf.path.set(&mut values, own.clone());
            }
            if unlike_planned(plan, overlay.service, &values, |id| misses(leaf, id)).is_empty() {
                overlay.leaves.remove(at);
                continue;
            }
            leaf.path.set(&mut values, taken.unwrap_or_default());
        }
        at += 1;
    }
}

struct Lowering<'p> {
    plan: &'p Plan,
    service: usize,
    wants: Wants<'p>,
    leaves: Vec<Leaf>,
    diagnostics: Vec<Diagnostic>,
}

impl<'p> Lowering<'p> {
    /// Values that switch a component, its claims or presets.
    fn switches(&mut self, id: CarrierId, carrier: &'p Carrier) {
        let storage = carrier.storage.map(|storage| storage.why);
        for condition in &carrier.switches {
            let why = storage.filter(|_| carrier.enabled.value).unwrap_or(carrier.enabled.why);
            self.write(&condition.path, condition.is.clone(), why, &[], vec![id], carrier);
        }
    }

    /// One decided field of one carrier.
    fn field(&mut self, _id: CarrierId, carrier: &'p Carrier, component: &str, target: &Target) {
        let decision = &carrier.fields[target];
        let Some(wiring) = self.wants.wiring(component, target) else { return };
        let wire = match self.wants.choose(component, target) {
            Ok(wire) => wire,
            Err(no) => return self.conflict(carrier, target, &no),
        };
        let value = decision.value.value.clone().unwrap_or(Value::Null);
        if wire.tpl && has_template(&value) {
            let name = self.plan.display(carrier);
            self.report(
                carrier,
                Diagnostic::new(
                    codes::TEMPLATE_IN_VALUE,
                    format!("{target} of {name} contains `{{{{`, and the chart executes this value"),
                )
                .help("use names without braces"),
            );
            return;
        }
        let value = without_base(wiring, wire, value);
        let value = match wire.shape {
            Shape::YamlText => Value::String(as_text(&value)),
            _ => value,
        };
        let reached = self.wants.reached(wire);
        let silenced = (wire.merge == Merge::Duplicates).then(|| reached.clone());
        self.write(&wire.path, value, decision.value.why, &decision.parts, reached, carrier);
        if let Some(reached) = silenced {
            self.silence(wiring, decision.value.why, reached, carrier);
        }
    }

    /// Switches a preset off that would print a key of the value a second time.
    fn silence(&mut self, wiring: &Wiring, why: Why, reached: Vec<CarrierId>, carrier: &'p Carrier) {
        let Some(preset) = &wiring.preset else { return };
        let Some(off) = &preset.off else { return };
        // The planned value is whole: what the preset prints beside it was not planned. A setting that the
        // catalogue does not know may print anything; one that is off already may need a pin.
        self.write(&preset.path, off.clone(), why, &[], reached, carrier);
    }

    /// Writes what differs from what is there.
    fn write(
        &mut self,
        path: &ValuePath,
        value: Value,
        why: Why,
        parts: &[(Vec<String>, Why)],
        carriers: Vec<CarrierId>,
        carrier: &Carrier,
    ) {
        if self.leaves.iter().any(|leaf| leaf.path == *path && leaf.why <= why && leaf.carriers == carriers) {
            return;
        }
        let plan = &self.plan.services[self.service];
        let present = plan.edition.seen(path, &plan.team);
        let default = plan.edition.seen(path, &Value::Null);
        let replaces = |present: Option<Cow<'_, Value>>| present.map(Cow::into_owned);
        match difference(present.as_deref(), default.as_deref(), &value) {
            Ok(None) => {
                let pin = Pin::of(plan, path, &value);
                if pin.is_some() && self.leaves.iter().all(|leaf| leaf.path != *path) {
                    let (path, parts, replaces) = (path.clone(), parts.to_vec(), replaces(present));
                    self.leaves.push(Leaf { path, value, why, parts, replaces, carriers, pin });
                }
            }
            Ok(Some(value)) => {
                if let Some(leaf) = self.leaves.iter_mut().find(|leaf| leaf.path == *path) {
                    leaf.carriers.extend(carriers);
                    leaf.carriers.sort_unstable();
                    leaf.carriers.dedup();
                    leaf.value = merged_files(&leaf.value, value);
                    return;
                }
                let (path, parts, replaces) = (path.clone(), parts.to_vec(), replaces(present));
                self.leaves.push(Leaf { path, value, why, parts, replaces, carriers, pin: None });
            }
            Err(key) => {
                let message = format!(
                    "the team's values set `{path}.{}`, which the plan does not want and no overlay can take away",
                    key.join(".")
                );
                self.report(
                    carrier,
                    Diagnostic::new(codes::OVERLAY_NOT_HONOURED, message)
                        .help("take it out of the team's values file"),
                );
            }
        }
    }

    /// Custom resources that the chart can carry in a list of objects.
    fn custom_resources(&mut self) {
        for (path, objects, why, carriers) in carried(self.plan, self.service) {
            let plan = &self.plan.services[self.service];
            let present = plan.edition.effective(&path, &plan.team);
            let mut list = present.as_ref().and_then(|v| v.as_array().cloned()).unwrap_or_default();
            for carried in objects {
                match carried.place.and_then(|place| list.get_mut(place)) {
                    Some(own) => *own = carried.object,
                    None => list.push(carried.object),
                }
            }
            if present.as_ref().and_then(Value::as_array) == Some(&list) {
                continue;
            }
            self.leaves.push(Leaf {
                path,
                value: Value::Array(list),
                why,
                parts: Vec::new(),
                replaces: present,
                carriers,
                pin: None,
            });
        }
    }

    fn conflict(&mut self, carrier: &Carrier, target: &Target, no: &NoWire) {
        let name = self.plan.display(carrier);
        let diagnostic = match no {
            NoWire::Conflict { path, component } => Diagnostic::new(
                codes::OVERLAY_CONFLICT,
                format!(
                    "{target} of {name} can only be set at `{path}`, which `{component}` would follow too"
                ),
            )
            .help(format!("give `{component}` the same tier, or leave both as the chart has them")),
            NoWire::Form(path) => Diagnostic::new(
                codes::OVERLAY_CONFLICT,
                format!("{target} of {name} can only be set at `{path}`, in a form of the chart's own"),
            )
            .help("set it in the team's values file"),
            NoWire::None => Diagnostic::new(
                codes::OVERLAY_CONFLICT,
                format!("{target} of {name} has no values path that is free"),
            )
            .help("take the value that wins out of the team's values file"),
        };
        self.report(carrier, diagnostic);
    }

    fn report(&mut self, carrier: &Carrier, diagnostic: Diagnostic) {
        self.diagnostics.push(locate(carrier, diagnostic));
    }
}

fn locate(carrier: &Carrier, diagnostic: Diagnostic) -> Diagnostic {
    match carrier.span {
        Some(span) if diagnostic.primary.is_none() => diagnostic.at(span, "this component"),
        _ => diagnostic,
    }
}

/// Custom resources grouped by the values path that carries whole objects.
type Carried = Vec<(ValuePath, Vec<Object>, Why, Vec<CarrierId>)>;

pub(super) fn carried(plan: &Plan, service: usize) -> Carried {
    let mut out: Carried = Vec::new();
    for (id, carrier) in plan.carrier_ids() {
        let Some(object) = custom::carried(plan, service, carrier) else { continue };
        match out.iter_mut().find(|(at, ..)| *at == object.path) {
            Some((_, objects, _, carriers)) => {
                objects.push(object);
                carriers.push(id);
            }
            None => out.push((object.path.clone(), vec![object], carrier.enabled.why, vec![id])),
        }
    }
    out
}

/// What the template itself adds to a deep-merged value need not be written.
fn without_base(wiring: &Wiring, wire: &Wire, value: Value) -> Value {
    match (wire.merge, &wiring.base, value) {
        (Merge::Deep | Merge::Duplicates, Some(Value::Object(base)), Value::Object(mut map)) => {
            for (key, theirs) in base {
                if map.get(key) == Some(theirs) {
                    map.shift_remove(key);
                }
            }
            Value::Object(map)
        }
        (Merge::Append, Some(Value::Array(base)), Value::Array(list)) => {
            list.into_iter().filter(|entry| !base.contains(entry)).collect()
        }
        (_, _, value) => value,
    }
}

fn as_text(value: &Value) -> String {
    yaml::write::write(&yaml::write::Node::from(value.clone())).text
}

fn has_template(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("{{"),
        Value::Array(list) => list.iter().any(has_template),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains("{{") || has_template(value)),
        _ => false,
    }
}

/// Applies the overlay to the catalogue's model of the chart and compares every field of every
/// installed component with the plan.
fn round_trip(plan: &Plan, overlay: &Overlay) -> Vec<Diagnostic> {
    unlike_planned(plan, overlay.service, &applied(plan, overlay), |_| true)
}

/// The team's values under the overlay.
fn applied(plan: &Plan, overlay: &Overlay) -> Value {
    merged_files(&plan.services[overlay.service].team, overlay.values())
}

/// What these values make otherwise than planned of the components that are asked about.
fn unlike_planned(
    plan: &Plan,
    service: usize,
    values: &Value,
    asked: impl Fn(CarrierId) -> bool,
) -> Vec<Diagnostic> {
    let edition = &plan.services[service].edition;
    let mut found = Vec::new();
    for (id, carrier) in plan.carrier_ids() {
        let Owner::Component { service: s, component } = &carrier.owner else { continue };
        if *s != service || !asked(id) {
            continue;
        }
        let known = &edition.components[component];
        if edition.holds(&known.when, values) != carrier.enabled.value {
            let name = plan.display(carrier);
            let state = if carrier.enabled.value { "on" } else { "off" };
            let message = format!("{name} would not be switched {state}");
            found.push(locate(
                carrier,
                Diagnostic::new(codes::OVERLAY_NOT_HONOURED, message)
                    .help("switch it in the team's values file"),
            ));
            continue;
        }
        if !carrier.enabled.value {
            continue;
        }
        for (target, _) in known.targets() {
            if let Target::Resources(name) = &target
                && !carrier.containers.contains(name)
                && !carrier.init_containers.contains(name)
            {
                continue;
            }
            let wanted = carrier.field(&target);
            let text = match unread(carrier, &target)
                .map_or_else(|| edition.apply(known, &target, values), Err)
            {
                Ok(got) if got.as_deref() == wanted => continue,
                Ok(got) => {
                    format!("it would be {}", got.map_or_else(|| "absent".to_owned(), |v| v.to_string()))
                }
                Err(Opaque::Text(path)) => format!("`{path}` holds a template, whose text is not known"),
                Err(Opaque::DuplicateKey(key, path)) => format!("`{path}` would print `{key}` a second time"),
                Err(Opaque::CustomForm(path)) => format!("`{path}` has a form of the chart's own"),
                Err(Opaque::UnknownPreset(path)) => format!("the setting of `{path}` is not known"),
            };
            let name = plan.display(carrier);
            let wanted = wanted.map_or_else(|| "absent".to_owned(), ToString::to_string);
            let message = format!("{target} of {name} would not be as planned");
            found.push(locate(
                carrier,
                Diagnostic::new(codes::OVERLAY_NOT_HONOURED, message)
                    .note(format!("planned: {wanted}"))
                    .note(text)
                    .help("look for a value in the team's values file that wins, and take it out"),
            ));
        }
    }
    found
}

/// What the team says of a field in a form that cannot be read: an overlay over it would drop it unseen.
fn unread(carrier: &Carrier, target: &Target) -> Option<Opaque> {
    let opaque = carrier.base.opaque.get(target)?;
    matches!(opaque, Opaque::Text(_) | Opaque::CustomForm(_)).then(|| opaque.clone())
}

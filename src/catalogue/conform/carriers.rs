//! Every carrier exists in both, when it should, and has the fields that the chart renders.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Compare, profile_values};
use crate::catalogue::compose::Carrier;
use crate::catalogue::{Component, Edition, Field, Opaque, Place, Target, is_set};

impl Compare<'_> {
    pub(super) fn carriers(&mut self) {
        let installed = self.edition;
        let facts = self.facts;
        let mut seen = BTreeSet::new();
        for carrier in &facts.carriers {
            let same = |(_, c): &(&String, &Component)| c.kind == carrier.kind && c.name == carrier.name;
            let Some((name, component)) = installed.components.iter().find(same) else {
                self.differs(format!("{} is not in the catalogue", carrier.id));
                continue;
            };
            seen.insert(name.clone());
            self.agreement.carriers += 1;
            self.existence(installed, name, component, carrier);
            self.labels(name, component, carrier);
            self.fields(installed, name, component, carrier);
        }
        for (name, component) in &installed.components {
            if component.place != Place::Chart || seen.contains(name) {
                continue;
            }
            // Of what no profile switches on, these facts say nothing.
            let looked_for =
                facts.profiles.keys().any(|p| installed.holds(&component.when, &profile_values(facts, p)));
            if !looked_for {
                self.agreement.unseen.insert(format!("{}/{name}", facts.chart));
            } else {
                self.differs(format!("{name} is in the catalogue, but the chart renders no such carrier"));
            }
        }
    }

    fn existence(&mut self, edition: &Edition, name: &str, component: &Component, carrier: &Carrier) {
        let facts = self.facts;
        for profile in facts.profiles.keys() {
            let expected = edition.holds(&component.when, &profile_values(facts, profile));
            if expected != carrier.profiles.contains(profile) {
                let says = if expected { "exists" } else { "does not exist" };
                self.differs(format!(
                    "{name} {says} in profile {profile} by the catalogue, and Helm disagrees"
                ));
            }
        }
    }

    fn labels(&mut self, name: &str, component: &Component, carrier: &Carrier) {
        // Objects of an operator carry no pod labels of their own.
        if carrier.selector.is_empty() && carrier.pod_labels.is_empty() {
            return;
        }
        if json!(*component.selector) != json!(carrier.selector) {
            self.differs(format!("{name} has another selector"));
        }
        for (key, value) in component.labels.iter() {
            if carrier.pod_labels.get(key).and_then(Value::as_str) != Some(value) {
                self.differs(format!("{name} has no label {key}={value}"));
            }
        }
    }

    fn fields(&mut self, edition: &Edition, name: &str, component: &Component, carrier: &Carrier) {
        let first = carrier.profiles.first().map(String::as_str).unwrap_or_default();
        let values = profile_values(self.facts, first);
        for field in Field::ALL {
            let rendered = carrier.fields.get(field.key()).filter(|value| is_set(value));
            self.agreement.fields += 1;
            self.field(edition, name, component, &Target::Field(field), &values, rendered);
        }
        for container in &carrier.containers {
            let rendered = Some(&container.resources).filter(|value| is_set(value));
            self.agreement.fields += 1;
            self.field(
                edition,
                name,
                component,
                &Target::Resources(container.name.clone()),
                &values,
                rendered,
            );
        }
        let barred = self.facts.unreachable.iter().filter(|u| u.carrier == carrier.id);
        let barred: BTreeSet<&str> = barred.flat_map(|u| &u.fields).map(String::as_str).collect();
        for (target, reach) in component.rendered_targets() {
            let key = match &target {
                Target::Field(field) => field.key().to_owned(),
                Target::Resources(container) => format!("resources[{container}]"),
            };
            let wired = reach.wiring().is_some();
            let chain = reach.wiring().map_or(&[][..], |wiring| &wiring.chain);
            if wired && chain.iter().all(|wire| self.was_refused(&wire.path.to_string())) {
                continue;
            }
            if wired == barred.contains(key.as_str()) {
                let says = if wired { "reachable" } else { "unreachable" };
                // Facts list as unreachable only what nothing moves; a fixed field may be missing there.
                if wired || !is_fixed(reach) {
                    self.differs(format!("{name} {target}: {says} by the catalogue, and Helm disagrees"));
                }
            }
        }
    }

    fn field(
        &mut self,
        edition: &Edition,
        name: &str,
        component: &Component,
        target: &Target,
        values: &Value,
        rendered: Option<&Value>,
    ) {
        match edition.apply(component, target, values) {
            Ok(value) => {
                let value = value.as_deref().filter(|value| is_set(value));
                if value != rendered {
                    let show = |v: Option<&Value>| v.map_or_else(|| "nothing".to_owned(), Value::to_string);
                    self.differs(format!(
                        "{name} {target}: {} by the catalogue, {} by Helm",
                        show(value),
                        show(rendered)
                    ));
                }
            }
            // The profile sets a path with a form of the chart's own.
            Err(Opaque::CustomForm(_)) => {}
            Err(opaque) => self.differs(format!("{name} {target}: cannot be told by default: {opaque:?}")),
        }
    }
}

fn is_fixed(reach: &crate::catalogue::Reach) -> bool {
    matches!(reach, crate::catalogue::Reach::Fixed(_))
}

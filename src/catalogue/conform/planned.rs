//! Do overlays do what was planned, by recorded facts? Each leaf must be alive and move the planned
//! field of planned carriers, move nobody else, and end in no duplicate key.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::site::Site;
use crate::catalogue::compose::{Effect, Facts, PathFact};
use crate::catalogue::{Component, Condition, Field, Place, Target, ValuePath, merge_files};
use crate::overlay::Leaf;
use crate::plan::{Carrier, Owner};

/// What was checked, and what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Compiled policies.
    pub policies: usize,
    /// Planned carriers.
    pub carriers: usize,
    /// Planned fields.
    pub fields: usize,
    /// Leaves of overlays.
    pub leaves: usize,
    /// Of these, how many are pinned: they equal the default of this version.
    pub pinned: usize,
    /// Leaves that reach nothing.
    pub dead: Vec<String>,
    /// Keys that would be printed twice.
    pub duplicates: Vec<String>,
    /// Everything else.
    pub mismatches: Vec<String>,
}

impl Verdict {
    /// Adds another verdict.
    pub fn add(&mut self, other: Self) {
        self.policies += other.policies;
        self.carriers += other.carriers;
        self.fields += other.fields;
        self.leaves += other.leaves;
        self.pinned += other.pinned;
        self.dead.extend(other.dead);
        self.duplicates.extend(other.duplicates);
        self.mismatches.extend(other.mismatches);
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.dead.is_empty() && self.duplicates.is_empty() && self.mismatches.is_empty()
    }
}

/// Holds a compiled site against facts of the same version, read for the release [`super::RELEASE`].
#[must_use]
pub fn against_plan(site: &Site, facts: &Facts, what: &str) -> Verdict {
    let edition = &site.plan.services[site.service].edition;
    let plain = edition_for_facts(site, facts);
    let components: BTreeMap<&str, &str> = facts
        .carriers
        .iter()
        .filter_map(|carrier| {
            let same = |(_, c): &(&String, &Component)| c.kind == carrier.kind && c.name == carrier.name;
            Some((carrier.id.as_str(), plain.components.iter().find(same)?.0.as_str()))
        })
        .collect();
    let mut check =
        Check { site, facts, components, what, verdict: Verdict { policies: 1, ..Verdict::default() } };
    check.leaves();
    for carrier in check.carriers() {
        if let Owner::Component { component, .. } = &carrier.owner
            && carrier.enabled.value
            && edition.components[component].place == Place::Chart
        {
            check.fields(carrier, component);
        }
    }
    check.verdict
}

/// The edition under the facts' release name.
fn edition_for_facts(site: &Site, facts: &Facts) -> crate::catalogue::Edition {
    let mut sources = crate::source::SourceMap::default();
    let edition = &site.plan.services[site.service].edition;
    let chart = crate::catalogue::Catalogue::builtin().chart(&mut sources, &facts.chart);
    let plain = chart.ok().and_then(|chart| chart.at(&edition.version, Some(&edition.repository)).ok());
    let plain = plain.unwrap_or_else(|| edition.as_ref().clone());
    plain.installed(super::RELEASE.0, super::RELEASE.1, &Value::Null)
}

struct Check<'a> {
    site: &'a Site,
    facts: &'a Facts,
    /// Carrier id of the facts → component.
    components: BTreeMap<&'a str, &'a str>,
    what: &'a str,
    verdict: Verdict,
}

impl<'a> Check<'a> {
    fn line(&self, text: &str) -> String {
        format!("{} {} ({}): {text}", self.facts.chart, self.facts.version, self.what)
    }

    fn carriers(&self) -> Vec<&'a Carrier> {
        let mine = self.site.service;
        let ours = |c: &&Carrier| matches!(c.owner, Owner::Component { service, .. } if service == mine);
        self.site.plan.carriers.iter().filter(ours).collect()
    }

    fn planned(&self, component: &str) -> Option<&'a Carrier> {
        let named =
            |c: &&Carrier| matches!(&c.owner, Owner::Component { component: name, .. } if name == component);
        self.carriers().into_iter().find(named)
    }

    fn leaves(&mut self) {
        let site = self.site;
        let overlay = site.lowered.overlays.iter().find(|overlay| overlay.service == site.service);
        for leaf in overlay.into_iter().flat_map(|overlay| &overlay.leaves) {
            self.verdict.leaves += 1;
            self.verdict.pinned += usize::from(leaf.pin.is_some());
            let fact = self.facts.paths.iter().find(|fact| ValuePath::parse(&fact.path) == leaf.path);
            match fact {
                _ if self.is_operators(&leaf.path) => {}
                Some(fact) => self.leaf(leaf, fact),
                None if self.is_switch(&leaf.path) => {}
                None => {
                    let line = self.line(&format!("{} is no path that a probe tried", leaf.path));
                    self.verdict.dead.push(line);
                }
            }
        }
    }

    /// Whether a path reaches containers that an operator adds, of which no render shows anything.
    fn is_operators(&self, path: &ValuePath) -> bool {
        let edition = &self.site.plan.services[self.site.service].edition;
        edition.components.values().any(|component| {
            let added = component.containers.iter().filter(|container| container.operated);
            added
                .filter_map(|c| c.resources.wiring())
                .flat_map(|w| &w.chain)
                .any(|wire| wire.path.contains(path))
        })
    }

    /// Whether a path switches components, containers or claims, or carries custom resources.
    fn is_switch(&self, path: &ValuePath) -> bool {
        let edition = &self.site.plan.services[self.site.service].edition;
        let names = |conditions: &[Condition]| {
            conditions.iter().any(|c| c.path.contains(path) || path.contains(&c.path))
        };
        edition.components.values().any(|component| {
            names(&component.when)
                || component.containers.iter().any(|c| names(&c.when))
                || component.storage.iter().any(|s| names(&s.when) || s.size.0.as_ref() == Some(path) || s.class.as_ref() == Some(path))
                || matches!(&component.place, Place::CustomResource { carried_by: Some(at), .. } if at == path)
        })
    }

    fn leaf(&mut self, leaf: &Leaf, fact: &PathFact) {
        if !fact.alive && !fact.refused {
            let line = self.line(&format!("{} is dead", leaf.path));
            self.verdict.dead.push(line);
            return;
        }
        let preset = fact.field == "podAntiAffinity";
        let anti = leaf.value.get("podAntiAffinity").is_some_and(|value| !value.is_null());
        let mut moved = BTreeSet::new();
        for effect in effects(fact, &leaf.value) {
            let Some(component) = effect.carrier.as_deref().and_then(|id| self.components.get(id)) else {
                continue;
            };
            let Some(carrier) = self.planned(component).filter(|carrier| carrier.enabled.value) else {
                continue;
            };
            moved.insert(*component);
            let field = if preset { "affinity" } else { effect.field.as_deref().unwrap_or(&fact.field) };
            if !self.decides(carrier, field, effect) {
                let line =
                    self.line(&format!("{} moves {field} of {component}, which is not planned", leaf.path));
                self.verdict.mismatches.push(line);
            }
            if effect.how == "duplicated-key" && anti && !self.silenced(component) {
                let line = self.line(&format!("{} ends in a key that appears twice", leaf.path));
                self.verdict.duplicates.push(line);
            }
        }
        if moved.is_empty() && fact.effects().any(|e| e.carrier.is_some()) {
            let line = self.line(&format!("{} moves no installed carrier", leaf.path));
            self.verdict.dead.push(line);
        }
    }

    fn decides(&self, carrier: &Carrier, field: &str, effect: &Effect) -> bool {
        carrier.fields.keys().any(|target| match target {
            Target::Field(f) => f.key() == field,
            Target::Resources(name) => {
                let renamed =
                    effect.container.as_deref().map(|c| c.replace(super::RELEASE.0, self.site.release()));
                field == "resources" && renamed.as_ref().is_none_or(|c| c == name)
            }
        })
    }

    /// Whether the overlay and the team's values leave the preset off that would print the key again.
    fn silenced(&self, component: &str) -> bool {
        let service = &self.site.plan.services[self.site.service];
        let values = merge_files(&service.team, &self.site.overlay());
        let component = &service.edition.components[component];
        service.edition.apply(component, &Target::Field(Field::Affinity), &values).is_ok()
    }

    /// Each planned field is reached by a path that is alive, or is what it is without an overlay.
    fn fields(&mut self, carrier: &Carrier, component: &str) {
        self.verdict.carriers += 1;
        let edition = &self.site.plan.services[self.site.service].edition;
        let id = self.components.iter().find(|(_, name)| **name == component).map(|(id, _)| *id);
        let barred: BTreeSet<&str> = self
            .facts
            .unreachable
            .iter()
            .filter(|entry| Some(entry.carrier.as_str()) == id)
            .flat_map(|entry| entry.fields.iter().map(String::as_str))
            .collect();
        for target in carrier.fields.keys() {
            self.verdict.fields += 1;
            let wired =
                edition.components[component].reach(target).and_then(|reach| reach.wiring()).is_some();
            let key = key(target);
            if !wired || barred.contains(key.as_str()) {
                let line = self.line(&format!("{component} {target} is planned, and nothing reaches it"));
                self.verdict.mismatches.push(line);
            }
        }
        for target in carrier.unreachable.keys() {
            self.verdict.fields += 1;
            let fixed = matches!(
                edition.components[component].reach(target),
                Some(crate::catalogue::Reach::Fixed(_))
            );
            if !fixed && !barred.contains(key(target).as_str()) {
                let line =
                    self.line(&format!("{component} {target} is called unreachable, and a path reaches it"));
                self.verdict.mismatches.push(line);
            }
        }
    }
}

fn key(target: &Target) -> String {
    match target {
        Target::Field(field) => field.key().to_owned(),
        Target::Resources(name) => format!("resources[{name}]"),
    }
}

/// Effects of the kind of value that a leaf is.
fn effects<'f>(fact: &'f PathFact, value: &'f Value) -> impl Iterator<Item = &'f Effect> {
    let kinds: &[&str] = match value {
        Value::String(text) if text.is_empty() => &["empty"],
        Value::String(text) if text == "none" => &["empty", "none"],
        Value::String(_) => &["yaml-text", "hard", "soft"],
        Value::Object(map) if map.contains_key("podAntiAffinity") => &["podAntiAffinity", "nodeAffinity"],
        _ => &["nodeAffinity", "podAntiAffinity", "int"],
    };
    let probes = fact.probes.iter().filter(|probe| kinds.contains(&probe.probe.as_str()));
    fact.effect
        .iter()
        .chain(probes.flat_map(|probe| &probe.effect))
        .filter(|e| e.how != "none" && e.how != "text")
}

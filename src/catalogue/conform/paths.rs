//! Every path that is alive is a wire of exactly the fields that it moves, in the order in which paths
//! win, with the default that it has, and does what the probe saw.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Compare, profile_values};
use crate::catalogue::compose::{Carrier, PathFact};
use crate::catalogue::{
    Component, Edition, Merge, Opaque, Preset, Reach, Shape, Target, ValuePath, Wire, Wiring,
};

/// The value that probes give to node affinity.
fn node_affinity() -> Value {
    json!({ "nodeAffinity": { "preferredDuringSchedulingIgnoredDuringExecution": [
        { "preference": { "matchExpressions": [{ "key": "lbprobe", "operator": "Exists" }] }, "weight": 7 },
    ] } })
}

impl Compare<'_> {
    pub(super) fn paths(&mut self) {
        let installed = self.edition;
        let facts = self.facts;
        let by_path: BTreeMap<&str, &PathFact> = facts.paths.iter().map(|p| (p.path.as_str(), p)).collect();
        for carrier in &facts.carriers {
            let same = |c: &&Component| c.kind == carrier.kind && c.name == carrier.name;
            let Some(component) = installed.components.values().find(same) else { continue };
            for (target, reach) in component.rendered_targets() {
                self.wires(carrier, &target, reach);
                if let Reach::Wired(wiring) = reach {
                    for wire in &wiring.chain {
                        if let Some(fact) = by_path.get(wire.path.to_string().as_str()) {
                            self.effect(installed, component, carrier, &target, wiring, wire, fact);
                        }
                    }
                }
            }
        }
        self.defaults(&by_path);
        self.dead(&by_path);
    }

    /// Whether the chart refused every value that was tried there, so that no fact speaks of it.
    pub(super) fn was_refused(&self, path: &str) -> bool {
        self.facts.paths.iter().any(|fact| fact.path == path && fact.refused)
    }

    /// The same paths, in the same order.
    fn wires(&mut self, carrier: &Carrier, target: &Target, reach: &Reach) {
        let fields = self.facts.wiring.get(&carrier.id);
        let known = match target {
            Target::Field(field) => fields.and_then(|f| f.get(field.key())).cloned(),
            Target::Resources(name) => fields.and_then(|f| f.get("resources")?.get(name)).cloned(),
        };
        let known: BTreeSet<String> = known.and_then(|v| serde_json::from_value(v).ok()).unwrap_or_default();
        let wiring = reach.wiring();
        let chain: Vec<String> =
            wiring.iter().flat_map(|w| &w.chain).map(|wire| wire.path.to_string()).collect();
        let preset = wiring.and_then(|w| w.preset.as_ref()).map(|preset| preset.path.to_string());
        let ours: BTreeSet<String> = chain.iter().cloned().chain(preset.clone()).collect();
        self.agreement.paths += ours.len();
        for path in known.difference(&ours) {
            // A preset's finer settings: the preset itself is known and can be switched off.
            if preset.as_ref().is_some_and(|preset| path.starts_with(preset.as_str())) {
                continue;
            }
            self.differs(format!(
                "{} {target}: {path} reaches it, and the catalogue does not know",
                carrier.id
            ));
        }
        let unseen: Vec<&String> = ours.difference(&known).filter(|path| !self.was_refused(path)).collect();
        for path in unseen {
            self.differs(format!(
                "{} {target}: {path} reaches it by the catalogue, and not by Helm",
                carrier.id
            ));
        }
        let Target::Field(field) = target else { return };
        let Some(order) = self.facts.precedence.get(&carrier.id).and_then(|f| f.get(field.key())) else {
            return;
        };
        let order: Vec<&str> = order.iter().flat_map(|entry| entry.split('+')).collect();
        let ranked: Vec<&str> =
            chain.iter().map(String::as_str).filter(|path| order.contains(path)).collect();
        if ranked != order.iter().copied().filter(|path| ranked.contains(path)).collect::<Vec<_>>() {
            self.differs(format!("{} {target}: {ranked:?} by the catalogue, {order:?} by Helm", carrier.id));
        }
    }

    /// Setting the path alone does what the probe saw.
    #[expect(clippy::too_many_arguments, reason = "one comparison, all of whose sides are named")]
    fn effect(
        &mut self,
        edition: &Edition,
        component: &Component,
        carrier: &Carrier,
        target: &Target,
        wiring: &Wiring,
        wire: &Wire,
        fact: &PathFact,
    ) {
        // A render in which the path loses shows no template: to expect one where none is known is caution.
        if fact.tpl && !wire.tpl {
            self.differs(format!("{}: goes through tpl by Helm, and the catalogue does not know", wire.path));
        }
        if wire.shape != Shape::Native {
            return;
        }
        let mine: Vec<_> = fact.effects().filter(|e| e.carrier.as_ref() == Some(&carrier.id)).collect();
        let duplicated = mine.iter().any(|effect| effect.how == "duplicated-key");
        let profile = carrier.profiles.first().map(String::as_str).unwrap_or_default();
        let mut values = profile_values(self.facts, profile);
        // A preset that is off by default prints nothing beside the value.
        let printed = |preset: &Preset| !matches!(edition.preset(preset, &values), Ok(None));
        let beside = wiring.preset.as_ref().is_none_or(printed);
        if duplicated != (wire.merge == Merge::Duplicates && beside) {
            self.differs(format!("{} {target}: a duplicate key by Helm: {duplicated}", wire.path));
        }
        let merged = |probe: Value| {
            mine.iter().find(|e| e.how == "merged").and_then(|e| Some((probe, e.now.clone()?)))
        };
        let node = fact.probes.iter().find(|probe| probe.probe == "nodeAffinity");
        let node = node.and_then(|p| p.effect.iter().find(|e| e.carrier.as_ref() == Some(&carrier.id)));
        let (given, expected) = match target.to_string().as_str() {
            "nodeSelector" => match merged(json!({ "lbprobe": "true" })) {
                Some(both) => both,
                None => (json!({ "lbprobe": "true" }), json!({ "lbprobe": "true" })),
            },
            "affinity" => match node {
                Some(effect) => (node_affinity(), effect.now.clone().unwrap_or_else(node_affinity)),
                None => return,
            },
            "tolerations" => (json!([{ "key": "lbprobe" }]), json!([{ "key": "lbprobe" }])),
            "priorityClassName" => (json!("lbprobe"), json!("lbprobe")),
            "replicas" => (json!(23), json!(23)),
            _ => return,
        };
        wire.path.set(&mut values, given);
        // The paths that win over this one are at their defaults, which may be set.
        let beaten = wiring.chain.iter().take_while(|w| w.path != wire.path);
        if beaten.into_iter().any(|w| w.default.as_ref().is_some_and(crate::catalogue::is_set)) {
            return;
        }
        match edition.apply(component, target, &values) {
            Ok(Some(value)) if *value == expected => {}
            Ok(value) => self.differs(format!(
                "{} {target} set through {}: {value:?} by the catalogue, {expected} by Helm",
                carrier.id, wire.path
            )),
            Err(opaque) => {
                self.differs(format!("{} {target} set through {}: {opaque:?}", carrier.id, wire.path))
            }
        }
        if duplicated {
            let mut values = profile_values(self.facts, profile);
            let term =
                json!({ "podAntiAffinity": { "preferredDuringSchedulingIgnoredDuringExecution": [] } });
            wire.path.set(&mut values, term);
            if !matches!(edition.apply(component, target, &values), Err(Opaque::DuplicateKey(..))) {
                self.differs(format!("{} {target} set through {}: no duplicate key", carrier.id, wire.path));
            }
        }
    }

    /// A path has a default exactly if `values.yaml` has the key: elsewhere a null leaks.
    fn defaults(&mut self, by_path: &BTreeMap<&str, &PathFact>) {
        for (path, fact) in by_path {
            let Some(known) = self.edition.defaults.get(&ValuePath::parse(path)) else {
                continue;
            };
            let rewritten = fact.default.to_string().contains("{{");
            if !fact.in_values || (*known != fact.default && !rewritten) {
                let line = format!("{path}: default {known} by the catalogue, {} by Helm", fact.default);
                self.differs(line);
            }
        }
        let edition = self.edition;
        for wire in edition.components.values().flat_map(Component::targets).filter_map(|(_, r)| r.wiring()) {
            for wire in &wire.chain {
                let fact = by_path.get(wire.path.to_string().as_str());
                let set = fact.is_some_and(|f| f.in_values && !f.default.is_null());
                if set && wire.default.is_none() {
                    self.differs(format!("{}: values.yaml has it, the catalogue has no default", wire.path));
                }
            }
        }
    }

    /// What is called dead is dead, and what is named instead lives.
    fn dead(&mut self, by_path: &BTreeMap<&str, &PathFact>) {
        let edition = self.edition;
        for (dead, living) in edition.dead.iter() {
            let moves_pods = |f: &&PathFact| {
                f.effects().any(|e| e.carrier.is_some() && e.how != "text" && e.how != "none")
            };
            if by_path.get(dead.to_string().as_str()).is_some_and(moves_pods) {
                self.differs(format!("{dead} is alive, and the catalogue calls it dead"));
            }
            let known =
                by_path.get(living.to_string().as_str()).is_some_and(|fact| fact.alive || fact.refused);
            if !known && !edition.defaults.contains_key(living) {
                self.differs(format!("{living}, named instead of {dead}, is not alive"));
            }
        }
    }
}

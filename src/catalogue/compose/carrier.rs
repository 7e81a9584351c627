//! One version's facts in the catalogue's form.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::facts::{Carrier, ContainerFact, Facts, PathFact};
use super::{names, without_empty};
use crate::catalogue::{Field, is_set};

/// Labels that change with every release of a chart.
const FLEETING: [&str; 4] = ["helm.sh/chart", "chart", "heritage", "app.kubernetes.io/version"];

/// What one version's facts say, as tables of a catalogue file.
pub(super) fn edition<'f>(
    facts: &'f Facts,
    judged: &'f Map<String, Value>,
) -> Result<Map<String, Value>, String> {
    let by_path: BTreeMap<&str, &PathFact> = facts.paths.iter().map(|p| (p.path.as_str(), p)).collect();
    let tpl = judged.get("tpl").and_then(Value::as_array).into_iter().flatten();
    let tpl = tpl.filter_map(Value::as_str).collect();
    let mut writer = Writer { facts, by_path, names: names(judged), used: BTreeMap::new(), tpl };
    let mut components = Map::new();
    for carrier in &facts.carriers {
        let name = component_of(carrier, judged)
            .ok_or_else(|| format!("{} {}: no component is {}", facts.chart, facts.version, carrier.id))?;
        let main = judged["components"][&name].get("main-container").and_then(Value::as_str);
        let component = writer.component(carrier, main);
        components.insert(name, component);
    }
    Ok(writer.finish(components))
}

/// The component of the judgement that claims a carrier.
fn component_of(carrier: &Carrier, judged: &Map<String, Value>) -> Option<String> {
    let components = judged.get("components")?.as_object()?;
    let claims = |component: &Value| match component.get("carrier") {
        Some(Value::String(id)) => *id == carrier.id,
        Some(Value::Array(ids)) => ids.iter().any(|id| id.as_str() == Some(&carrier.id)),
        _ => false,
    };
    components.iter().find(|(_, component)| claims(component)).map(|(name, _)| name.clone())
}

struct Writer<'f> {
    facts: &'f Facts,
    by_path: BTreeMap<&'f str, &'f PathFact>,
    names: IndexMap<String, String>,
    /// Paths in use with their default.
    used: BTreeMap<String, Value>,
    /// Paths of which people know that they pass through `tpl`.
    tpl: BTreeSet<&'f str>,
}

impl Writer<'_> {
    fn component(&mut self, carrier: &Carrier, main: Option<&str>) -> Value {
        let unreachable: BTreeSet<&str> = self
            .facts
            .unreachable
            .iter()
            .filter(|u| u.carrier == carrier.id)
            .flat_map(|u| u.fields.iter().map(String::as_str))
            .collect();
        let mut out = without_empty(vec![
            ("kind", carrier.kind.as_str().into()),
            ("name", self.renamed(&carrier.name.as_str().into())),
            ("hook", carrier.hook.clone().into()),
            ("selector", self.renamed(&json!(carrier.selector))),
            ("labels", self.renamed(&self.labels(carrier))),
        ]);
        for field in Field::ALL {
            let key = field.key();
            let rendered = carrier.fields.get(key).filter(|value| is_set(value)).cloned();
            let paths = self.ordered(&carrier.id, key, None);
            if let Some(reach) = self.reach(carrier, &paths, rendered, unreachable.contains(key)) {
                out.insert(key.into(), reach);
            }
        }
        let mut containers = Map::new();
        for container in all_containers(carrier, main) {
            let paths = self.ordered(&carrier.id, "resources", Some(&container.name));
            let rendered = Some(container.resources.clone()).filter(is_set);
            let barred = unreachable.contains(format!("resources[{}]", container.name).as_str());
            let reach = self.reach(carrier, &paths, rendered, barred);
            let reach = reach.unwrap_or_else(|| "its template has no place for one".into());
            let table = if container.init {
                json!({ "init": true, "resources": reach })
            } else {
                json!({ "resources": reach })
            };
            let name = self.renamed(&container.name.as_str().into());
            containers.insert(name.as_str().unwrap_or_default().to_owned(), table);
        }
        out.insert("containers".into(), containers.into());
        Value::Object(out)
    }

    /// The labels beyond the selector's that last.
    fn labels(&self, carrier: &Carrier) -> Value {
        let lasting =
            |key: &&String| !FLEETING.contains(&key.as_str()) && !carrier.selector.contains_key(*key);
        let kept = carrier.pod_labels.iter().filter(|(key, _)| lasting(key));
        kept.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// The paths of a field in winning order.
    fn ordered(&self, carrier: &str, field: &str, container: Option<&str>) -> Vec<String> {
        let wired = self.facts.wiring.get(carrier).and_then(|fields| fields.get(field));
        let wired = match container {
            Some(name) => wired.and_then(|by_container| by_container.get(name)),
            None => wired,
        };
        let wired: Vec<String> = wired
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|path| path.as_str().map(str::to_owned))
            .collect();
        let known = self.facts.precedence.get(carrier).and_then(|fields| fields.get(field));
        let known: Vec<String> =
            known.into_iter().flatten().flat_map(|entry| entry.split('+').map(str::to_owned)).collect();
        let mut out: Vec<String> = known.into_iter().filter(|path| wired.contains(path)).collect();
        // Where nothing was measured, wider paths give way to narrower ones, and what is merged in to what
        // replaces the field.
        let mut rest: Vec<_> = wired.into_iter().filter(|path| !out.contains(path)).collect();
        rest.sort_by_key(|path| {
            let fact = self.by_path.get(path.as_str());
            let reaches: BTreeSet<_> =
                fact.into_iter().flat_map(|f| f.effects()).map(|e| &e.carrier).collect();
            let merged = fact.is_some_and(|f| f.effects().any(|e| e.how == "merged" && !is_set(&f.default)));
            (reaches.len(), merged)
        });
        out.extend(rest);
        out
    }

    fn reach(
        &mut self,
        carrier: &Carrier,
        paths: &[String],
        rendered: Option<Value>,
        barred: bool,
    ) -> Option<Value> {
        let switches: Vec<&String> = paths.iter().filter(|path| self.is_switch(path)).collect();
        let chain: Vec<&String> = paths.iter().filter(|path| !self.is_switch(path)).collect();
        if chain.is_empty() && switches.is_empty() {
            return match rendered {
                Some(value) => Some(json!({ "fixed": self.renamed(&value) })),
                None if barred => Some("its template has no place for one".into()),
                None => None,
            };
        }
        let base = self.base(&chain, &rendered, carrier);
        let wires = chain.iter().map(|path| self.wire(path, carrier, base.is_some() || !switches.is_empty()));
        let wires: Vec<Value> = wires.collect();
        let preset = switches.first().map(|path| self.preset(path, carrier, &rendered));
        for path in paths {
            self.note(path);
        }
        if preset.is_none() && base.is_none() {
            return Some(wires.into());
        }
        let base = base.filter(|_| preset.is_none()).map(|value| self.renamed(&value));
        Some(Value::Object(without_empty(vec![
            ("paths", wires.into()),
            ("base", base.unwrap_or_default()),
            ("preset", preset.unwrap_or_default()),
        ])))
    }

    /// Whether a path takes no value of the field, but decides which the template writes.
    fn is_switch(&self, path: &str) -> bool {
        self.by_path.get(path).is_some_and(|fact| fact.field == "podAntiAffinity")
    }

    fn note(&mut self, path: &str) {
        let Some(fact) = self.by_path.get(path) else { return };
        let default = if fact.in_values { fact.default.clone() } else { Value::Null };
        self.used.entry(path.to_owned()).or_insert(default);
    }

    /// What the template writes by itself: what is rendered though no default says so.
    fn base(&mut self, chain: &[&String], rendered: &Option<Value>, carrier: &Carrier) -> Option<Value> {
        let rendered = rendered.as_ref()?;
        for path in chain {
            let Some(fact) = self.by_path.get(path.as_str()) else { continue };
            if !is_set(&fact.default) {
                continue;
            }
            if fact.default == *rendered || carrier.hook.is_some() {
                return None;
            }
            // A default with template actions renders as the actions' results.
            if fact.default.to_string().contains("{{") {
                self.used.insert((*path).clone(), self.renamed(rendered));
                return None;
            }
            // A number that a profile changed is still the default's place.
            if rendered.is_number() {
                return None;
            }
        }
        Some(rendered.clone())
    }

    fn wire(&self, path: &str, carrier: &Carrier, base: bool) -> Value {
        let Some(fact) = self.by_path.get(path) else { return path.into() };
        let mine = || fact.effects().filter(|e| e.carrier.as_ref() == Some(&carrier.id));
        let how = |word: &str| mine().any(|effect| effect.how == word);
        let merge = if !base {
            None
        } else if how("duplicated-key") {
            Some("duplicates")
        } else if how("list-appended") {
            Some("append")
        } else if how("merged") && !is_set(&fact.default) {
            Some("deep")
        } else {
            None
        };
        match merge {
            Some(merge) => json!({ "at": path, "merge": merge }),
            None => path.into(),
        }
    }

    fn preset(&self, path: &str, carrier: &Carrier, rendered: &Option<Value>) -> Value {
        let Some(fact) = self.by_path.get(path) else { return Value::Null };
        let after = |kind: &str| {
            let probe = fact.probes.iter().find(|probe| probe.probe == kind)?;
            probe.effect.iter().find(|e| e.carrier.as_ref() == Some(&carrier.id))?.now.clone()
        };
        let case = |is: Value, gives: Option<Value>| {
            let gives = gives.filter(is_set).map(|value| self.renamed(&value));
            gives.map_or_else(|| json!({ "is": is }), |gives| json!({ "is": is, "gives": gives }))
        };
        if let Value::Bool(on) = fact.default {
            let other = fact.effects().find(|e| e.carrier.as_ref() == Some(&carrier.id));
            let other = other.and_then(|effect| effect.now.clone());
            return json!({ "at": path, "cases": [case(on.into(), rendered.clone()), case((!on).into(), other)] });
        }
        let mut cases = Vec::new();
        let default = fact.default.as_str().unwrap_or_default();
        for kind in ["soft", "hard"] {
            let gives = if kind == default { rendered.clone() } else { after(kind) };
            cases.push(case(kind.into(), gives));
        }
        json!({ "at": path, "off": "", "cases": cases })
    }

    /// Puts the chart's names for `{release}-…`.
    fn renamed(&self, value: &Value) -> Value {
        let text = |text: &str| {
            let mut text = text.to_owned();
            for (from, to) in &self.names {
                text = replace_word(&text, from, to);
            }
            text
        };
        match value {
            Value::String(s) => text(s).into(),
            Value::Array(items) => items.iter().map(|item| self.renamed(item)).collect(),
            Value::Object(map) => map.iter().map(|(k, v)| (text(k), self.renamed(v))).collect(),
            other => other.clone(),
        }
    }

    fn finish(self, components: Map<String, Value>) -> Map<String, Value> {
        let fact = |path: &str| self.by_path.get(path).copied();
        let defaults: Map<String, Value> = self
            .used
            .iter()
            .filter(|(_, default)| !default.is_null())
            .map(|(path, default)| (path.clone(), default.clone()))
            .collect();
        let executed = |path: &&String| self.tpl.contains(path.as_str()) || fact(path).is_some_and(|f| f.tpl);
        let mut tpl: Vec<&str> = self.used.keys().filter(executed).map(String::as_str).collect();
        // Components that people wrote by hand have paths that no fact uses.
        tpl.extend(self.tpl.iter().filter(|path| !self.used.contains_key(**path)));
        tpl.sort_unstable();
        let text: Vec<&String> = self.used.keys().filter(|path| fact(path).is_some_and(is_text)).collect();
        let custom: Map<String, Value> = self
            .used
            .keys()
            .filter(|path| fact(path).is_some_and(is_custom))
            .map(|path| (path.clone(), "a form of the chart's own".into()))
            .collect();
        without_empty(vec![
            ("tpl", json!(tpl)),
            ("text", json!(text)),
            ("custom", custom.into()),
            ("defaults", defaults.into()),
            ("required", self.facts.required_values.clone()),
            ("probe", probe(self.facts)),
            ("components", components.into()),
        ])
    }
}

/// Values that show more of the chart than its defaults, and those that keep its renders short.
fn probe(facts: &Facts) -> Value {
    let profiles =
        facts.profiles.iter().filter(|(_, layer)| layer.as_object().is_some_and(|l| !l.is_empty()));
    let profiles: Map<String, Value> = profiles.map(|(name, layer)| (name.clone(), layer.clone())).collect();
    without_empty(vec![("quiet", facts.probe_only_values.clone()), ("profiles", profiles.into())]).into()
}

/// Whether a path takes YAML in a string and no tree.
fn is_text(fact: &PathFact) -> bool {
    fact.took("yaml-text") && !fact.took("nodeAffinity")
}

/// Whether what comes out is no simple function of what went in.
fn is_custom(fact: &PathFact) -> bool {
    fact.field != "podAntiAffinity" && fact.effects().any(|e| matches!(e.how.as_str(), "wrapped" | "changed"))
}

/// Replaces a text where no further name character follows it.
fn replace_word(text: &str, from: &str, to: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let after = &rest[at + from.len()..];
        let whole = !after.starts_with(|c: char| c.is_ascii_alphanumeric());
        out.push_str(&rest[..at]);
        out.push_str(if whole { to } else { from });
        rest = after;
    }
    out + rest
}

/// Containers of all profiles: the main one first, init containers last.
fn all_containers(carrier: &Carrier, main: Option<&str>) -> Vec<ContainerFact> {
    let mut out = carrier.containers.clone();
    for fields in carrier.differs_in.values() {
        let Some(more) = fields.get("containers") else { continue };
        let more: Vec<ContainerFact> = serde_json::from_value(more.clone()).unwrap_or_default();
        for container in more {
            if !out.iter().any(|known| known.name == container.name) {
                out.push(container);
            }
        }
    }
    out.sort_by_key(|container| (Some(container.name.as_str()) != main, container.init));
    out
}

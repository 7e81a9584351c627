//! What values do to a carrier, computed from the catalogue: the same answer that Helm gives by
//! rendering. A build asserts it of each overlay, and conformance compares it with real Helm.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::edition::{Component, Condition, Edition, Flip, Merge, Preset, Reach, Shape, Target, Wiring};
use super::names::{FullName, fill, fill_value};
use super::path::{ValuePath, coalesce, is_set};
use crate::yaml;

/// Why the catalogue cannot say what a field will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opaque {
    /// A key appears twice in what the chart prints: the template's preset beside the value. With the
    /// key and the preset's path.
    DuplicateKey(String, ValuePath),
    /// The value has a form of the chart's own that is not modelled. With its path.
    CustomForm(ValuePath),
    /// A preset has a setting that is not modelled. With its path.
    UnknownPreset(ValuePath),
    /// Text that is no YAML before its template is executed. With its path.
    Text(ValuePath),
}

impl Edition {
    /// The value at a path once Helm has merged `values` over the chart's defaults.
    #[must_use]
    pub fn effective(&self, path: &ValuePath, values: &Value) -> Option<Value> {
        self.seen(path, values).map(Cow::into_owned)
    }

    /// Whether a template takes what stands at a path for true.
    #[must_use]
    pub fn sets(&self, path: &ValuePath, values: &Value) -> bool {
        self.seen(path, values).is_some_and(|value| is_set(&value))
    }

    /// The same, borrowed where nothing is merged.
    pub(crate) fn seen<'a>(&'a self, path: &ValuePath, values: &'a Value) -> Option<Cow<'a, Value>> {
        let defaults = self.tree();
        if values.is_null() {
            return path.get(defaults).map(Cow::Borrowed);
        }
        merged_at(Some(defaults), Some(values), path.keys())
    }

    /// The same where one default has flipped.
    #[must_use]
    pub fn effective_after(&self, flip: &Flip, path: &ValuePath, values: &Value) -> Option<Value> {
        let mut defaults = self.tree().clone();
        flip.path.set(&mut defaults, flip.default.clone());
        let values = Some(values).filter(|values| !values.is_null());
        merged_at(Some(&defaults), values, path.keys()).map(Cow::into_owned)
    }

    /// The defaults as one tree.
    fn tree(&self) -> &Value {
        self.tree.get_or_init(|| {
            let mut tree = Value::Null;
            for (at, default) in self.defaults.iter() {
                at.set(&mut tree, default.clone());
            }
            tree
        })
    }

    /// Whether conditions hold under these values.
    #[must_use]
    pub fn holds(&self, conditions: &[Condition], values: &Value) -> bool {
        conditions.iter().all(|condition| {
            let is = self.seen(&condition.path, values).unwrap_or(Cow::Owned(Value::Null));
            match &condition.is {
                Value::Bool(wanted) => is_set(&is) == *wanted,
                Value::Array(any) => any.contains(&is),
                wanted => *is == *wanted,
            }
        })
    }

    /// What a field will be: `Ok(None)` if the chart leaves it out.
    ///
    /// # Errors
    /// [`Opaque`] where the catalogue cannot say.
    pub fn apply<'a>(
        &'a self,
        component: &'a Component,
        target: &Target,
        values: &'a Value,
    ) -> Result<Option<Cow<'a, Value>>, Opaque> {
        match component.reach(target) {
            None | Some(Reach::Unreachable(_)) => Ok(None),
            Some(Reach::Fixed(value)) => Ok(Some(Cow::Borrowed(value))),
            Some(Reach::Wired(wiring)) => self.wired(wiring, target, values),
        }
    }

    fn wired<'a>(
        &'a self,
        wiring: &'a Wiring,
        target: &Target,
        values: &'a Value,
    ) -> Result<Option<Cow<'a, Value>>, Opaque> {
        let preset = wiring.preset.as_ref();
        let base = match preset {
            Some(preset) => self.preset(preset, values),
            None => Ok(wiring.base.as_ref()),
        };
        let number = *target == Target::Field(super::edition::Field::Replicas);
        for wire in &wiring.chain {
            let Some(value) = self.seen(&wire.path, values).filter(|_| self.holds(&wire.when, values)) else {
                continue;
            };
            if !(is_set(&value) || number && value.is_number()) {
                continue;
            }
            let value = match &wire.shape {
                Shape::Native => value,
                // At its default such a path writes what is known as the template's own.
                Shape::YamlText | Shape::Share(_) | Shape::Custom(_)
                    if Some(&*value) == wire.default.as_ref() =>
                {
                    continue;
                }
                Shape::YamlText => {
                    Cow::Owned(in_text(&value).ok_or_else(|| Opaque::Text(wire.path.clone()))?)
                }
                Shape::Share(of) => {
                    let whole = value.as_u64().ok_or_else(|| Opaque::CustomForm(wire.path.clone()))?;
                    Cow::Owned(whole.div_ceil(u64::from(*of).max(1)).into())
                }
                Shape::Custom(_) => return Err(Opaque::CustomForm(wire.path.clone())),
            };
            return match (wire.merge, base?) {
                (Merge::Replace, _) | (_, None) => Ok(Some(value)),
                (Merge::Deep, Some(base)) => Ok(Some(Cow::Owned(coalesce(base, &value)))),
                (Merge::Append, Some(base)) => Ok(Some(Cow::Owned(append(base, &value)))),
                (Merge::Duplicates, Some(base)) => Ok(beside(&value, base, preset)?.map(Cow::Owned)),
            };
        }
        Ok(base?.map(Cow::Borrowed))
    }

    pub(super) fn preset<'a>(
        &'a self,
        preset: &'a Preset,
        values: &Value,
    ) -> Result<Option<&'a Value>, Opaque> {
        let setting = self.seen(&preset.path, values).unwrap_or(Cow::Owned(Value::Null));
        if preset.off.as_ref() == Some(&*setting) {
            return Ok(None);
        }
        let case = preset.cases.iter().find(|(is, _)| *is == *setting);
        case.map(|(_, gives)| gives.as_ref()).ok_or_else(|| Opaque::UnknownPreset(preset.path.clone()))
    }

    /// This edition with all names filled in for a release: `{release}`, `{namespace}` and the chart's
    /// own. `values` are the team's, which may override names.
    #[must_use]
    pub fn installed(&self, release: &str, namespace: &str, values: &Value) -> Self {
        let expand = |(key, name): (&String, &FullName)| (key.clone(), name.expand(release, values));
        let mut names: BTreeMap<String, String> = self.names.iter().map(expand).collect();
        names.insert("release".into(), release.to_owned());
        names.insert("namespace".into(), namespace.to_owned());
        let mut out = self.clone();
        out.required = fill_value(&self.required, &names);
        // Most charts name nothing in their defaults: all releases share them.
        if self.defaults.values().any(|value| fill_value(value, &names) != *value) {
            out.tree = Arc::default();
            for value in Arc::make_mut(&mut out.defaults).values_mut() {
                *value = fill_value(value, &names);
            }
        }
        for flip in &mut out.flips {
            flip.default = fill_value(&flip.default, &names);
        }
        for component in out.components.values_mut() {
            fill_component(component, &names);
        }
        out.values = Arc::new(values.clone());
        out.untouched = Arc::default();
        out
    }
}

/// What [`coalesce`] makes of two trees at one path, without making the rest of it.
fn merged_at<'a>(low: Option<&'a Value>, high: Option<&'a Value>, path: &[String]) -> Option<Cow<'a, Value>> {
    let Some((key, rest)) = path.split_first() else {
        return match (low, high) {
            // Only over a map that has something is there anything to merge.
            (Some(Value::Object(below)), Some(high @ Value::Object(_))) if !below.is_empty() => {
                Some(Cow::Owned(coalesce(low?, high)))
            }
            (low, high) => high.or(low).map(Cow::Borrowed),
        };
    };
    match (low, high) {
        (Some(Value::Object(below)), Some(Value::Object(above))) => match (below.get(key), above.get(key)) {
            // A null over an existing key deletes it.
            (Some(_), Some(Value::Null)) => None,
            (low, high) => merged_at(low, high, rest),
        },
        (_, Some(above)) => merged_at(None, Some(above.as_object()?.get(key)?), rest),
        (Some(below), None) => merged_at(Some(below.as_object()?.get(key)?), None, rest),
        (None, None) => None,
    }
}

/// What YAML in a text says; nothing of a template or of what is no text.
pub(super) fn in_text(value: &Value) -> Option<Value> {
    let text = value.as_str().filter(|text| !text.contains("{{"))?;
    yaml::read(text, 1, &yaml::Budget::default()).ok()?.root.map(yaml::Node::into_json)
}

fn append(base: &Value, value: &Value) -> Value {
    match (base, value) {
        (Value::Array(a), Value::Array(b)) => a.iter().chain(b).cloned().collect(),
        _ => value.clone(),
    }
}

/// The template prints its preset after the value, under the same parent.
fn beside(value: &Value, base: &Value, preset: Option<&Preset>) -> Result<Option<Value>, Opaque> {
    let (Value::Object(ours), Value::Object(its)) = (value, base) else { return Ok(Some(value.clone())) };
    if let Some(key) = its.keys().find(|key| ours.contains_key(*key)) {
        let at = preset.map(|preset| preset.path.clone()).unwrap_or_else(|| ValuePath::parse(""));
        return Err(Opaque::DuplicateKey(key.clone(), at));
    }
    Ok(Some(ours.iter().chain(its).map(|(k, v)| (k.clone(), v.clone())).collect()))
}

fn fill_component(component: &mut Component, names: &BTreeMap<String, String>) {
    let fill_map = |map: &BTreeMap<String, String>| {
        Arc::new(map.iter().map(|(key, value)| (fill(key, names), fill(value, names))).collect())
    };
    component.name = fill(&component.name, names);
    component.makes.1 = fill(&component.makes.1, names);
    component.selector = fill_map(&component.selector);
    component.labels = fill_map(&component.labels);
    for storage in &mut component.storage {
        storage.claim = fill(&storage.claim, names);
    }
    let containers = component.containers.iter_mut().map(|container| {
        container.name = fill(&container.name, names);
        &mut container.resources
    });
    for reach in component.fields.values_mut().chain(containers) {
        match reach {
            Reach::Fixed(value) => *value = fill_value(value, names),
            Reach::Unreachable(_) => {}
            Reach::Wired(wiring) => fill_wiring(wiring, names),
        }
    }
}

fn fill_wiring(wiring: &mut Wiring, names: &BTreeMap<String, String>) {
    let cases = wiring.preset.iter_mut().flat_map(|preset| &mut preset.cases);
    let gives = cases.filter_map(|(_, gives)| gives.as_mut());
    for value in gives.chain(wiring.base.as_mut()) {
        *value = fill_value(value, names);
    }
    for wire in &mut wiring.chain {
        wire.default = wire.default.as_ref().map(|value| fill_value(value, names));
        for (_, target) in &mut wire.reaches {
            if let Target::Resources(name) = target {
                *name = fill(name, names);
            }
        }
    }
}

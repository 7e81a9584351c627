//! Which boolean values add or remove pods, containers and claims. Most switches do nothing to them, so
//! that they are flipped in groups, and only groups that change something are taken apart.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::run::Lab;
use super::shot::Shot;
use crate::catalogue::{ValuePath, merge_files};

/// How many switches are flipped at once.
const GROUP: usize = 8;

/// A switch that does something.
#[derive(Clone, Debug)]
pub(super) struct Switch {
    pub(super) path: ValuePath,
    /// What it is by default.
    pub(super) default: bool,
    /// Things that are there only when it is flipped.
    pub(super) adds: BTreeSet<String>,
    /// Things that are gone when it is flipped.
    pub(super) removes: BTreeSet<String>,
}

/// Conditions under which a thing exists: `Kind/name`, `Kind/name#container` or `Kind/name@claim`.
pub(super) type Whens = BTreeMap<String, BTreeMap<ValuePath, bool>>;

/// Everything of a render that a switch could add or remove.
pub(super) fn things(shot: &Shot) -> BTreeSet<String> {
    shot.carriers.iter().flat_map(|(id, carrier)| things_of(id, carrier)).collect()
}

/// A carrier with its containers and claims.
pub(super) fn things_of(id: &str, carrier: &Map<String, Value>) -> BTreeSet<String> {
    let mut out = BTreeSet::from([id.to_owned()]);
    for (list, key, mark) in [("containers", "name", '#'), ("claims", "template", '@')] {
        let items = carrier.get(list).and_then(Value::as_array).into_iter().flatten();
        out.extend(items.filter_map(|item| Some(format!("{id}{mark}{}", item.get(key)?.as_str()?))));
    }
    out
}

/// Switches with their defaults.
type Group = Vec<(ValuePath, bool)>;

/// What flipping switches showed.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Those that change something.
    pub(super) switches: Vec<Switch>,
    /// Groups without which the render is much shorter and its pods are the same.
    bulky: Vec<Group>,
}

/// The switches that change something under some values.
pub(super) fn find(lab: &mut Lab<'_>, values: &Value, base: &Shot, switches: &[(ValuePath, bool)]) -> Found {
    let before = things(base);
    let mut found = Found::default();
    // Flips in one direction at a time: a parent that goes off would hide what its children do.
    let (on, off): (Vec<_>, Vec<_>) = switches.iter().cloned().partition(|(_, default)| *default);
    let mut open: Vec<Group> = on.chunks(GROUP).chain(off.chunks(GROUP)).map(<[_]>::to_vec).collect();
    while !open.is_empty() {
        let asks = open.iter().map(|group| flipped(values, group)).collect();
        let answers = lab.ask(asks);
        let mut next = Vec::new();
        for (group, answer) in open.into_iter().zip(answers) {
            let after = answer.as_ref().ok().map(things);
            if answer.as_ref().is_ok_and(|shot| lighter(base, shot)) {
                found.bulky.push(group.clone());
            }
            match (&group[..], after) {
                (_, Some(after)) if after == before => {}
                ([(path, default)], Some(after)) => found.switches.push(Switch {
                    path: path.clone(),
                    default: *default,
                    adds: after.difference(&before).cloned().collect(),
                    removes: before.difference(&after).cloned().collect(),
                }),
                // The chart refuses it alone: it needs other values with it.
                ([_], None) => {}
                (several, _) => next.extend(several.chunks(several.len().div_ceil(2)).map(<[_]>::to_vec)),
            }
        }
        open = next;
    }
    found
}

/// Whether a render has the same pods and is shorter by an eighth or more.
fn lighter(base: &Shot, now: &Shot) -> bool {
    now.carriers == base.carriers && now.bytes < base.bytes - base.bytes / 8
}

/// Values that leave out what is long and has nothing to do with pods, such as dashboards and definitions of
/// custom resources, and the render with them; `None` if there is nothing of the kind.
pub(super) fn quiet(lab: &mut Lab<'_>, values: &Value, base: &Shot, found: &Found) -> Option<(Value, Shot)> {
    let mut open = found.bulky.clone();
    let mut layer = Value::Object(Map::new());
    while !open.is_empty() {
        let (single, several): (Vec<Group>, Vec<Group>) =
            open.into_iter().partition(|group| group.len() == 1);
        for (path, default) in single.iter().flatten() {
            path.set(&mut layer, (!default).into());
        }
        let halves: Vec<Group> = several
            .iter()
            .flat_map(|group| group.chunks(group.len().div_ceil(2)).map(<[_]>::to_vec))
            .collect();
        let answers = lab.ask(halves.iter().map(|half| flipped(values, half)).collect());
        let lighter = |answer: &super::Answer| answer.as_ref().is_ok_and(|shot| lighter(base, shot));
        open = halves.into_iter().zip(&answers).filter(|(_, a)| lighter(a)).map(|(half, _)| half).collect();
    }
    if layer.as_object().is_none_or(Map::is_empty) {
        return None;
    }
    let shot = lab.ask(vec![merge_files(values, &layer)]).pop()?.ok()?;
    lighter(base, &shot).then_some((layer, shot))
}

fn flipped(values: &Value, group: &[(ValuePath, bool)]) -> Value {
    let mut out = values.clone();
    for (path, default) in group {
        path.set(&mut out, (!default).into());
    }
    out
}

/// Values that switch on whatever can be switched on beside the defaults; `None` if nothing can.
///
/// What is `known` already, by other values, is left as it is.
pub(super) fn all_on(
    lab: &mut Lab<'_>,
    values: &Value,
    switches: &[Switch],
    known: &BTreeSet<String>,
) -> Option<Value> {
    let adding: Vec<&Switch> = switches.iter().filter(|switch| !switch.adds.is_subset(known)).collect();
    if adding.is_empty() {
        return None;
    }
    let layer = |switches: &[&Switch]| {
        let mut out = Value::Object(Map::new());
        for switch in switches {
            switch.path.set(&mut out, (!switch.default).into());
        }
        out
    };
    let joint = layer(&adding);
    if lab.ask(vec![merge_files(values, &joint)]).iter().all(Result::is_ok) {
        return Some(joint);
    }
    let mut kept: Vec<&Switch> = Vec::new();
    for switch in adding {
        kept.push(switch);
        if lab.ask(vec![merge_files(values, &layer(&kept))]).iter().any(Result::is_err) {
            kept.pop();
        }
    }
    (!kept.is_empty()).then(|| layer(&kept))
}

/// When things exist, as the switches say.
pub(super) fn whens(switches: &[Switch]) -> Whens {
    let mut out = Whens::new();
    for switch in switches {
        for thing in &switch.adds {
            out.entry(thing.clone()).or_default().insert(switch.path.clone(), !switch.default);
        }
        for thing in &switch.removes {
            out.entry(thing.clone()).or_default().insert(switch.path.clone(), switch.default);
        }
    }
    out
}

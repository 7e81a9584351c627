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
    let mut out = BTreeSet::new();
    for (id, carrier) in &shot.carriers {
        out.insert(id.clone());
        for (list, key, mark) in [("containers", "name", '#'), ("claims", "template", '@')] {
            let items = carrier.get(list).and_then(Value::as_array).into_iter().flatten();
            out.extend(items.filter_map(|item| Some(format!("{id}{mark}{}", item.get(key)?.as_str()?))));
        }
    }
    out
}

/// The switches that change something under some values.
pub(super) fn find(
    lab: &mut Lab<'_>,
    values: &Value,
    base: &Shot,
    switches: &[(ValuePath, bool)],
) -> Vec<Switch> {
    let before = things(base);
    let mut found = Vec::new();
    // Flips in one direction at a time: a parent that goes off would hide what its children do.
    let (on, off): (Vec<_>, Vec<_>) = switches.iter().cloned().partition(|(_, default)| *default);
    let mut open: Vec<Vec<(ValuePath, bool)>> =
        on.chunks(GROUP).chain(off.chunks(GROUP)).map(<[_]>::to_vec).collect();
    while !open.is_empty() {
        let asks = open.iter().map(|group| flipped(values, group)).collect();
        let answers = lab.ask(asks);
        let mut next = Vec::new();
        for (group, answer) in open.into_iter().zip(answers) {
            let after = answer.as_ref().ok().map(things);
            match (&group[..], after) {
                (_, Some(after)) if after == before => {}
                ([(path, default)], Some(after)) => found.push(Switch {
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

fn flipped(values: &Value, group: &[(ValuePath, bool)]) -> Value {
    let mut out = values.clone();
    for (path, default) in group {
        path.set(&mut out, (!default).into());
    }
    out
}

/// Values that switch on whatever can be switched on beside the defaults; `None` if nothing can.
pub(super) fn all_on(lab: &mut Lab<'_>, values: &Value, switches: &[Switch]) -> Option<Value> {
    let adding: Vec<&Switch> = switches.iter().filter(|switch| !switch.adds.is_empty()).collect();
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

//! Label selectors that match exactly the pods they are meant for. A selector that also matches a
//! DaemonSet repels a pod from every node (the strategy's own `app.kubernetes.io/name: loki` does), and
//! one without namespaces sees nothing beyond its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Carrier, CarrierId};

/// Labels by which people recognise a component, in the order in which they narrow.
const RECOMMENDED: [&str; 3] =
    ["app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component"];

/// Labels that change with every release or pod, so that a selector on them would go stale.
const VOLATILE: [&str; 6] = [
    "app.kubernetes.io/version",
    "helm.sh/chart",
    "chart",
    "pod-template-hash",
    "controller-revision-hash",
    "operator.prometheus.io/shard",
];

/// A selector and the namespaces in which it matches exactly its targets.
#[derive(Clone, Debug)]
pub struct Selection {
    /// `labelSelector`.
    pub selector: Value,
    /// Namespaces of the targets, sorted.
    pub namespaces: Vec<String>,
}

/// No selector tells the targets from these other carriers.
#[derive(Clone, Debug)]
pub struct Ambiguous {
    /// The others that every candidate selector matches as well.
    pub others: Vec<CarrierId>,
}

/// The selector that matches exactly the targets among all lasting carriers.
///
/// # Errors
/// [`Ambiguous`] if every candidate selector matches another carrier too.
pub fn selector_for(carriers: &[Carrier], targets: &[CarrierId]) -> Result<Selection, Ambiguous> {
    let wanted: Vec<&Carrier> = targets.iter().map(|id| &carriers[id.0 as usize]).collect();
    let namespaces: BTreeSet<&str> = wanted.iter().map(|c| c.namespace.as_str()).collect();
    let others: Vec<(CarrierId, &Carrier)> = (0u32..)
        .zip(carriers)
        .map(|(i, c)| (CarrierId(i), c))
        .filter(|(id, c)| !targets.contains(id) && c.lasting() && namespaces.contains(c.namespace.as_str()))
        .collect();
    let selector = match wanted.as_slice() {
        [one] => narrow(&one.labels, &others)?,
        many => common(many, &others)?,
    };
    Ok(Selection { selector, namespaces: namespaces.into_iter().map(str::to_owned).collect() })
}

fn stable(labels: &BTreeMap<String, String>) -> impl Iterator<Item = (&String, &String)> {
    labels.iter().filter(|(key, _)| !VOLATILE.contains(&key.as_str()))
}

/// One target: the recommended labels, then as many more as it takes.
fn narrow(labels: &BTreeMap<String, String>, others: &[(CarrierId, &Carrier)]) -> Result<Value, Ambiguous> {
    let mut chosen: BTreeMap<&str, &str> = BTreeMap::new();
    for key in RECOMMENDED {
        if let Some(value) = labels.get(key) {
            chosen.insert(key, value);
        }
    }
    let mut rest = stable(labels).filter(|(key, _)| !RECOMMENDED.contains(&key.as_str()));
    loop {
        let matched: Vec<CarrierId> = others
            .iter()
            .filter(|(_, c)| chosen.iter().all(|(k, v)| c.labels.get(*k).is_some_and(|have| have == v)))
            .map(|(id, _)| *id)
            .collect();
        if matched.is_empty() && !chosen.is_empty() {
            return Ok(json!({"matchLabels": chosen}));
        }
        match rest.next() {
            Some((key, value)) => chosen.insert(key, value),
            None => return Err(Ambiguous { others: matched }),
        };
    }
}

/// Several targets: one label that all of them have and nobody else has with these values.
fn common(wanted: &[&Carrier], others: &[(CarrierId, &Carrier)]) -> Result<Value, Ambiguous> {
    let Some(first) = wanted.first() else { return Err(Ambiguous { others: Vec::new() }) };
    let mut candidates: Vec<(usize, usize, &str, BTreeSet<&str>)> = stable(&first.labels)
        .filter_map(|(key, _)| {
            let values: Option<BTreeSet<&str>> =
                wanted.iter().map(|c| c.labels.get(key).map(String::as_str)).collect();
            let values = values?;
            let rank = RECOMMENDED.iter().position(|k| k == key).unwrap_or(RECOMMENDED.len());
            Some((values.len(), rank, key.as_str(), values))
        })
        .collect();
    candidates.sort_by_key(|(values, rank, key, _)| (*values > 1, *rank, *key));
    let mut fewest: Option<Vec<CarrierId>> = None;
    for (count, _, key, values) in &candidates {
        let matched: Vec<CarrierId> = others
            .iter()
            .filter(|(_, c)| c.labels.get(*key).is_some_and(|have| values.contains(have.as_str())))
            .map(|(id, _)| *id)
            .collect();
        if matched.is_empty() {
            return Ok(match (count, values.first()) {
                (1, Some(value)) => json!({"matchLabels": {*key: value}}),
                _ => json!({"matchExpressions": [{"key": key, "operator": "In", "values": values}]}),
            });
        }
        if fewest.as_ref().is_none_or(|best| matched.len() < best.len()) {
            fewest = Some(matched);
        }
    }
    Err(Ambiguous { others: fewest.unwrap_or_default() })
}

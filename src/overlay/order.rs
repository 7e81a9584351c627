//! The order of an overlay: as in the chart's `values.yaml`, so that a reader finds things where the
//! chart has them.

use crate::catalogue::{Edition, ValuePath};

/// Fields of a component in the order in which they are written where the chart does not say.
const FIELDS: [&str; 8] = [
    "enabled",
    "replicas",
    "priorityClassName",
    "resources",
    "nodeSelector",
    "tolerations",
    "topologySpreadConstraints",
    "affinity",
];

/// A sort key for paths. Top-level keys stand as in the chart; below, blocks stay together and their
/// fields follow one order.
pub(super) fn key(edition: &Edition, path: &ValuePath) -> (usize, Vec<(usize, String)>) {
    let keys = path.keys();
    let first = keys.first().map_or("", String::as_str);
    let top = edition.order.iter().position(|k| k == first).unwrap_or(edition.order.len());
    let rest = keys
        .iter()
        .map(|key| {
            let rank = FIELDS.iter().position(|field| field == key).unwrap_or(FIELDS.len());
            (rank, key.clone())
        })
        .collect();
    (top, rest)
}

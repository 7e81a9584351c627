//! Where components stand, told apart from nodes that merely swap what they hold.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::lifecycle::NodeId;
use crate::policy::Phase;
use crate::prove::{Column, Proof};

/// Components that run before and now, and stand elsewhere once the nodes of the column's first set are lost:
/// `name: from → to`. Where interchangeable nodes have swapped what they hold, nobody has moved for a reader: the
/// nodes before are renamed to those that hold the same now.
pub(super) fn moved(old: &Proof, was: &Column, new: &Proof, column: &Column) -> Vec<String> {
    let names = |proof: &Proof, set: &Vec<NodeId>| -> BTreeSet<String> {
        set.iter().map(|n| proof.nodes[usize::from(n.0)].name.clone()).collect()
    };
    let wanted = column.lost.first().map(|set| names(new, set));
    let Some(was) = was.alone().into_iter().find(|c| c.lost.first().map(|set| names(old, set)) == wanted)
    else {
        return Vec::new();
    };
    let Some(column) = column.alone().into_iter().next() else { return Vec::new() };
    let (before, after) = (places(old, &was), places(new, &column));
    let changed = |renamed: &BTreeMap<&str, &str>| -> Vec<String> {
        let changed = after.iter().filter_map(|(name, now)| {
            let then = before.get(name).filter(|then| !then.is_empty() && !now.is_empty())?;
            let mut as_now: Vec<&str> =
                then.iter().map(|node| renamed.get(node).copied().unwrap_or(node)).collect();
            as_now.sort_unstable();
            (as_now != *now).then(|| format!("{name}: {} → {}", then.join(", "), now.join(", ")))
        });
        changed.collect()
    };
    let as_named = changed(&BTreeMap::new());
    let swapped = changed(&renaming(old, &before, new, &after));
    if swapped.len() < as_named.len() { swapped } else { as_named }
}

/// Sorted names of the nodes on which each component stands, when everything is over but the return.
type Places<'p> = BTreeMap<&'p str, Vec<&'p str>>;

fn places<'p>(proof: &'p Proof, column: &Column) -> Places<'p> {
    let Some((_, cells)) = column.phases.iter().rev().find(|(phase, _)| *phase != Phase::Return) else {
        return Places::new();
    };
    let names = |on: &[NodeId]| {
        let mut names: Vec<&str> = on.iter().map(|n| proof.nodes[usize::from(n.0)].name.as_str()).collect();
        names.sort_unstable();
        names
    };
    let rows = proof.rows.iter().zip(cells).filter(|(row, _)| !row.daemon);
    rows.map(|(row, cell)| (row.name.as_str(), names(&cell.on))).collect()
}

/// Nodes before by the interchangeable nodes that hold most of the same now: pairs are taken by how much they share,
/// equal names first among equals.
fn renaming<'p>(
    old: &'p Proof,
    before: &Places<'p>,
    new: &'p Proof,
    after: &Places<'p>,
) -> BTreeMap<&'p str, &'p str> {
    let kinds = |proof: &'p Proof| -> BTreeMap<&'p str, usize> {
        proof.nodes.iter().map(|node| (node.name.as_str(), node.kind)).collect()
    };
    let (old_kinds, new_kinds) = (kinds(old), kinds(new));
    let alike = |a: &str, b: &str| {
        a == b
            || [&old_kinds, &new_kinds]
                .iter()
                .all(|kinds| kinds.get(a).is_some_and(|k| kinds.get(b) == Some(k)))
    };
    let mut pairs: Vec<(Reverse<usize>, bool, &str, &str)> = Vec::new();
    for from in old_kinds.keys() {
        for to in new_kinds.keys().filter(|to| alike(from, to)) {
            let both = before.iter().filter(|(name, then)| {
                then.contains(from) && after.get(*name).is_some_and(|now| now.contains(to))
            });
            pairs.push((Reverse(both.count()), from != to, from, to));
        }
    }
    pairs.sort_unstable();
    let mut renamed = BTreeMap::new();
    let mut taken = Vec::new();
    for (_, _, from, to) in pairs {
        if !renamed.contains_key(from) && !taken.contains(&to) {
            renamed.insert(from, to);
            taken.push(to);
        }
    }
    renamed
}

//! What ends otherwise after a loss.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Side, places};
use crate::lifecycle::{First, NodeId};
use crate::policy::Phase;
use crate::prove::render::{column_title, merged_rows, words};
use crate::prove::{Column, Model, Proof, judge, play};

/// A loss after which something ends otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Loss {
    /// Its heading.
    pub lost: String,
    /// The scenarios that speak of it.
    pub scenarios: Vec<String>,
    /// Whether this loss was not possible before.
    pub new: bool,
    /// Services that end otherwise.
    pub rows: Vec<RowChange>,
    /// Who is evicted for whom now and was not before, `victim for winner`.
    pub evicted: Vec<String>,
    /// Who was evicted for whom before and is not now.
    pub spared: Vec<String>,
    /// Components that stand elsewhere than before, and did not after a smaller loss: `name: from → to`.
    pub moved: Vec<String>,
}

/// A service that ends otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RowChange {
    /// Service and tier.
    pub name: String,
    /// Before, in a few words; none if it is new.
    pub before: Option<String>,
    /// Now; none if it is gone.
    pub after: Option<String>,
}

/// Seconds by which an outage may differ without a word: interleavings of queues make as much.
pub const SLACK: u64 = 3;

/// A service that ends alike after a loss, but for at most [`SLACK`] seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Slight {
    /// The loss's heading.
    pub lost: String,
    /// Service and tier.
    pub name: String,
    /// Before, in a few words.
    pub before: String,
    /// Now.
    pub after: String,
}

/// Loss sets with differences, the smallest first, and what differs by a few seconds only. New sets are told only as
/// far as something fails.
pub(super) fn losses(from: Side<'_>, to: Side<'_>) -> (Vec<Loss>, Vec<Slight>) {
    let (Some(old), Some(new)) = (&from.compilation.proof, &to.compilation.proof) else {
        return (Vec::new(), Vec::new());
    };
    let mut found = Vec::new();
    let mut slight = Vec::new();
    let mut told = BTreeSet::new();
    for column in &new.columns {
        let was = matching(old, new, column);
        let mut loss = Loss {
            lost: column_title(new, column),
            scenarios: column.scenarios.clone(),
            new: was.is_none(),
            rows: rows(old, was, new, column, &mut slight),
            evicted: Vec::new(),
            spared: Vec::new(),
            moved: Vec::new(),
        };
        if let (Some(was), Some(first), Some(second)) = (was, from.model, to.model) {
            let (before, after) = (evictions(first, was), evictions(second, column));
            loss.evicted = after.difference(&before).cloned().collect();
            loss.spared = before.difference(&after).cloned().collect();
            // Who stands elsewhere while nothing is lost, and stays there, is told once.
            loss.moved = places::moved(old, was, new, column);
            loss.moved.retain(|moved| told.insert(moved.clone()));
        }
        if !(loss.rows.is_empty()
            && loss.evicted.is_empty()
            && loss.spared.is_empty()
            && loss.moved.is_empty())
        {
            found.push(loss);
        }
    }
    (found, slight)
}

/// The column before that speaks of the same nodes: by name, and of interchangeable ones any.
pub(super) fn matching<'p>(old: &'p Proof, new: &Proof, column: &Column) -> Option<&'p Column> {
    let names = |proof: &Proof, set: &[NodeId]| -> BTreeSet<String> {
        set.iter().map(|n| proof.nodes[usize::from(n.0)].name.clone()).collect()
    };
    let wanted: Vec<_> = column.lost.iter().map(|set| names(new, set)).collect();
    old.columns.iter().find(|c| c.lost.iter().any(|set| wanted.contains(&names(old, set))))
}

fn rows(
    old: &Proof,
    was: Option<&Column>,
    new: &Proof,
    column: &Column,
    slight: &mut Vec<Slight>,
) -> Vec<RowChange> {
    let told = |proof: &Proof, column: Option<&Column>| -> Vec<(String, String)> {
        let Some(column) = column else { return Vec::new() };
        merged_rows(proof, false).into_iter().map(|r| (r.name.clone(), words(column, &r))).collect()
    };
    let (before, after) = (told(old, was), told(new, Some(column)));
    let words_of = |list: &[(String, String)], name: &str| {
        list.iter().find(|(n, _)| n == name).map(|(_, words)| words.clone())
    };
    let mut found = Vec::new();
    for (name, now) in &after {
        let then = words_of(&before, name);
        if let Some(then) = then.as_ref().filter(|then| *then != now && alike(then, now)) {
            let lost = column_title(new, column);
            slight.push(Slight { lost, name: name.clone(), before: then.clone(), after: now.clone() });
        }
        let same =
            then.as_ref().is_some_and(|then| alike(then, now)) || (was.is_none() && now.starts_with("up"));
        if !same {
            found.push(RowChange { name: name.clone(), before: then, after: Some(now.clone()) });
        }
    }
    for (name, then) in before.iter().filter(|(name, _)| words_of(&after, name).is_none()) {
        found.push(RowChange { name: name.clone(), before: Some(then.clone()), after: None });
    }
    found
}

/// Whether two cells say the same but for [`SLACK`] seconds.
fn alike(before: &str, after: &str) -> bool {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.split(' ').collect(), after.split(' ').collect());
    let close = |a: &str, b: &str| {
        let seconds = |t: &str| t.split('-').map(|n| n.parse::<u64>().ok()).collect::<Option<Vec<_>>>();
        match (seconds(a), seconds(b)) {
            (Some(a), Some(b)) => {
                a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.abs_diff(*b) <= SLACK)
            }
            _ => false,
        }
    };
    let times = |i: usize| new.get(i + 1).is_some_and(|unit| unit.trim_end_matches(',') == "s");
    old.len() == new.len()
        && old.iter().zip(&new).enumerate().all(|(i, (a, b))| a == b || times(i) && close(a, b))
}

/// Who is evicted to make room for whom, in the canonical run of the column's first set.
fn evictions(model: &Model, column: &Column) -> BTreeSet<String> {
    let Some(set) = column.lost.first().filter(|set| !set.is_empty()) else { return BTreeSet::new() };
    let Some(green) = play::canonical(model) else { return BTreeSet::new() };
    let phase = if column.api { model.last_phase() } else { Phase::Eviction };
    let Some(played) = play::lose(&green, std::slice::from_ref(set), phase, &mut First) else {
        return BTreeSet::new();
    };
    let named = |(victim, by)| format!("{} for {}", model.row(victim).name, model.row(by).name);
    judge::evictions(&played).into_iter().map(named).collect()
}

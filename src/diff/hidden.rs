//! Effects that an edit does not show: a fourth node after which losing three stops all evictions, a
//! second server after which losing one freezes the cluster, a service that nobody touched and that
//! ends otherwise.

use super::decisions::CLUSTER;
use super::{Decision, Loss, Side, losses};
use crate::prove::render::column_title;
use crate::prove::{Column, Mark, Proof};

/// What a reader of the edit would not expect, the widest first.
pub(super) fn hidden(from: Side<'_>, to: Side<'_>, losses: &[Loss], decisions: &[Decision]) -> Vec<String> {
    let (Some(old), Some(new)) = (&from.compilation.proof, &to.compilation.proof) else {
        let gone = to.compilation.proof.is_none() && from.compilation.proof.is_some();
        return gone.then(|| "nothing is proved of this cluster any more".to_owned()).into_iter().collect();
    };
    let mut found = Vec::new();
    columns(old, new, &mut found);
    pivots(old, new, &mut found);
    found.sort_by_key(|(weight, _)| *weight);
    let mut found: Vec<String> = found.into_iter().map(|(_, text)| text).collect();
    guesses(from, to, &mut found);
    bystanders(losses, decisions, &mut found);
    found
}

/// Effects on whole loss sets, with their weight.
fn columns(old: &Proof, new: &Proof, found: &mut Vec<(u8, String)>) {
    for column in new.columns.iter().filter(|c| !c.lost.iter().all(Vec::is_empty)) {
        let was = losses::matching(old, new, column);
        let lost = column.lost.first().map_or(0, Vec::len);
        let all = new.nodes.len();
        let title = column_title(new, column);
        if halted(new, column) && !was.is_some_and(|was| halted(old, was)) {
            found.push((0, format!(
                "losing {title}, {lost} of {all} nodes, stops all evictions: too many nodes are not ready at once, so \
                 Deployments too stay bound to the dead nodes until those are fenced"
            )));
        }
        if !column.api && was.is_some_and(|was| was.api) {
            found.push((1, format!(
                "losing {title} freezes the cluster now: the control plane no longer answers, and nothing is moved"
            )));
        }
        if column.api && was.is_some_and(|was| !was.api) {
            found.push((3, format!("losing {title} no longer freezes the cluster")));
        }
        let certain = |proof: &Proof, column: &Column| {
            let cells = column.phases.iter().flat_map(|(_, cells)| proof.rows.iter().zip(cells));
            cells.filter(|(row, _)| row.claimed && !row.daemon).filter(|(_, cell)| !cell.certain()).count()
        };
        if let Some(was) = was {
            let (before, after) = (certain(old, was), certain(new, column));
            if after > before && before == 0 {
                found.push((2, format!(
                    "losing {title}: how it ends depends on the order of events now, which it did not before"
                )));
            }
        }
    }
}

/// More single nodes without which nobody decides: a second server of an etcd is one more, not one less.
fn pivots(old: &Proof, new: &Proof, found: &mut Vec<(u8, String)>) {
    let frozen = |proof: &Proof| -> Vec<String> {
        let alone =
            proof.columns.iter().filter(|c| !c.api).flat_map(|c| &c.lost).filter(|set| set.len() == 1);
        let mut names: Vec<String> =
            alone.flatten().map(|n| proof.nodes[usize::from(n.0)].name.clone()).collect();
        names.sort();
        names
    };
    let (before, after) = (frozen(old), frozen(new));
    if after.len() > before.len() {
        let was = if before.is_empty() { "no single node".to_owned() } else { before.join(" or ") };
        found.push((
            0,
            format!(
                "losing {} alone freezes the cluster, where it was {was}: an even number of servers keeps no quorum without one",
                after.join(" or ")
            ),
        ));
    }
}

/// Whether pods that the taint would evict stay bound to dead nodes although the control plane answers.
fn halted(proof: &Proof, column: &Column) -> bool {
    let Some((_, cells)) = column.phases.first() else { return false };
    let bound = |(row, cell): (&crate::prove::Row, &crate::prove::Cell)| {
        row.claimed && !row.daemon && cell.mark == Mark::Lost
    };
    column.api && proof.rows.iter().zip(cells).any(bound)
}

fn guesses(from: Side<'_>, to: Side<'_>, found: &mut Vec<String>) {
    let guessed = |side: Side<'_>| side.model.map_or(0, |m| m.guessed);
    let (before, after) = (guessed(from), guessed(to));
    if after > before {
        found.push(format!(
            "every verdict rests on {after} guessed requests now, {before} before: state them in the policy"
        ));
    }
}

/// Services that nothing was decided about and that end otherwise.
fn bystanders(losses: &[Loss], decisions: &[Decision], found: &mut Vec<String>) {
    // Another node, or another size of one, touches everybody, and so does what is decided of the cluster.
    if decisions.iter().flat_map(|d| &d.who).any(|who| who.starts_with("node ") || who == CLUSTER) {
        return;
    }
    let touched = |name: &str| {
        let service = name.split(" (").next().unwrap_or(name);
        decisions.iter().flat_map(|d| &d.who).any(|who| {
            who == service
                || who.strip_prefix("service ") == Some(service)
                || who.split('/').next() == Some(service)
                || (service == "workloads" && !who.contains('/') && !who.contains(' '))
        })
    };
    let mut told: Vec<(String, Vec<&str>)> = Vec::new();
    for loss in losses.iter().filter(|l| !l.new) {
        for row in loss
            .rows
            .iter()
            .filter(|r| r.before.is_some() && r.after.is_some() && r.name.contains(" (") && !touched(&r.name))
        {
            match told.iter_mut().find(|(name, _)| *name == row.name) {
                Some((_, lost)) => lost.push(&loss.lost),
                None => told.push((row.name.clone(), vec![&loss.lost])),
            }
        }
    }
    for (name, lost) in told {
        let lost: Vec<String> = lost.iter().map(|l| (*l).to_owned()).collect();
        found.push(format!(
            "nothing was decided anew about {name}, and yet it ends otherwise after the loss of {}",
            lost.join("; of ")
        ));
    }
}

//! Does it matter in which order nodes are lost? Every order of up to three nodes, against losing them at once.

use std::collections::{BTreeMap, BTreeSet};

use crate::lifecycle::{First, NodeId};
use crate::policy::Phase;

use super::bounds::Histories;
use super::judge;
use super::model::Model;
use super::play::{self, Played, Run};
use super::table::{self, Cell, Mark};

/// Orders of more nodes than this are not played.
pub const MOST_ORDERED: usize = 3;

/// Runs of single losses that are kept for the orders; of many nodes they would take much memory and save little.
const MOST_KEPT: usize = 4;

/// One order of losses, each fenced before the next, and what comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The nodes, one after the other.
    pub lost: Vec<NodeId>,
    /// Cells by workload after the last fence.
    pub cells: Vec<Cell>,
    /// Whether the control plane answers.
    pub api: bool,
    /// Indices of workloads that end in another state than when all are lost at once.
    pub differs: Vec<usize>,
}

/// How the workloads end when nodes are lost at once and fenced, by loss set; and the single losses, with which every
/// order begins.
#[derive(Default)]
pub struct AtOnce<'m> {
    ends: BTreeMap<Vec<NodeId>, Vec<End>>,
    singles: BTreeMap<NodeId, Played<'m>>,
}

/// How a workload ends: its mark, and pods that run of those that are wanted.
type End = (Mark, (usize, usize));

impl<'m> AtOnce<'m> {
    /// Remembers a run that was played for the table.
    pub fn see(&mut self, model: &Model, set: &[NodeId], phase: Phase, played: &Played<'m>) {
        if phase != model.last_phase() {
            return;
        }
        if let [node] = set {
            if self.singles.len() < MOST_KEPT {
                self.singles.insert(*node, played.clone());
            }
        } else if (2..=MOST_ORDERED).contains(&set.len()) {
            let cells = table::cells(model, played, model.last_phase(), None);
            let ends = cells.into_iter().map(|cell| (cell.mark, cell.up)).collect();
            self.ends.insert(set.to_vec(), ends);
        }
    }
}

/// All orders of losing two or three nodes of the sets that were lost at once; nodes that are interchangeable by kind
/// are merged where the table merges them.
#[must_use]
pub fn of<'m>(
    model: &Model,
    green: &Run<'m>,
    mut at_once: AtOnce<'m>,
    histories: Option<&Histories<'_>>,
) -> Vec<Order> {
    let mut all = Vec::new();
    // Orders that begin alike are played as one story up to where they part.
    let begins: BTreeSet<Vec<NodeId>> = at_once.ends.keys().flat_map(|set| permutations(set)).collect();
    let mut told: Vec<(NodeId, Played<'m>)> = Vec::new();
    for order in begins {
        let same = told.iter().zip(&order).take_while(|((node, _), wanted)| node == *wanted).count();
        told.truncate(same);
        for &node in &order[same..] {
            // Orders are told in ascending order, so that each single loss is asked for once.
            let single = if told.is_empty() { at_once.singles.remove(&node) } else { None };
            let before = told.last().map_or(green, |(_, played)| &played.run);
            let next = single.or_else(|| play::lose(before, &[vec![node]], model.last_phase(), &mut First));
            let Some(next) = next else { break };
            // Outages count from the first loss.
            let first = told.first().map_or(next.lost, |(_, played)| played.lost);
            told.push((node, Played { lost: first, ..next }));
        }
        let Some((_, played)) = told.last().filter(|_| told.len() == order.len()) else { continue };
        let mut set = order.clone();
        set.sort_unstable();
        let losses: Vec<Vec<NodeId>> = order.iter().map(|node| vec![*node]).collect();
        let state = histories.map(|known| known.after(&losses, model.last_phase()));
        let cells = table::cells(model, played, model.last_phase(), state.as_deref());
        let ends = cells.iter().zip(&at_once.ends[&set]).enumerate();
        let differs = ends.filter(|(_, (cell, end))| (cell.mark, cell.up) != **end).map(|(i, _)| i).collect();
        all.push(Order { lost: order, cells, api: played.run.api, differs });
    }
    all.sort_by_key(|order| {
        let mut set = order.lost.clone();
        set.sort_unstable();
        (set.len(), set, order.lost.clone())
    });
    all
}

/// One way of losing the same nodes, and how workloads then end otherwise than in the way that was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Sets of nodes in their order.
    pub losses: Vec<Vec<NodeId>>,
    /// Workload, its state in words, and its state in the way that was told.
    pub otherwise: Vec<(usize, String, String)>,
}

/// The other ways of losing the nodes of a history: at once, and in every other order. `None` for a single loss.
#[must_use]
pub fn compare(model: &Model, told: &[Vec<NodeId>]) -> Option<Vec<Way>> {
    let mut all: Vec<NodeId> = told.iter().flatten().copied().collect();
    all.sort_unstable();
    if !(2..=MOST_ORDERED).contains(&all.len()) {
        return None;
    }
    let green = play::canonical(model)?;
    let states = |losses: &[Vec<NodeId>]| -> Option<Vec<String>> {
        let played = play::lose(&green, losses, model.last_phase(), &mut First)?;
        Some(model.rows.iter().map(|r| judge::state_in_words(model, &played.run, r.id)).collect())
    };
    let as_told = states(told)?;
    let mut ways = vec![vec![all.clone()]];
    ways.extend(permutations(&all).into_iter().map(|order| order.into_iter().map(|n| vec![n]).collect()));
    let ways = ways.into_iter().filter(|way| way != told).filter_map(|losses| {
        let states = states(&losses)?;
        let rows = states.into_iter().zip(&as_told).enumerate();
        let rows = rows.filter(|(i, (now, told))| now != *told && !model.rows[*i].daemon);
        let otherwise = rows.map(|(i, (now, told))| (i, now, told.clone())).collect();
        Some(Way { losses, otherwise })
    });
    Some(ways.collect())
}

/// Every order of some nodes, in ascending order.
fn permutations(set: &[NodeId]) -> Vec<Vec<NodeId>> {
    let Some(_) = set.first() else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for (i, &first) in set.iter().enumerate() {
        let mut rest = set.to_vec();
        rest.remove(i);
        all.extend(permutations(&rest).into_iter().map(|tail| [vec![first], tail].concat()));
    }
    all
}

//! Does it matter in which order nodes are lost? Every order of up to three nodes, against losing them at once.

use crate::lifecycle::{First, NodeId};
use crate::policy::Phase;

use super::judge;
use super::model::Model;
use super::play::{self, Run};
use super::table::{self, ALL_SETS, Cell, Column};

/// Orders of more nodes than this are not played.
pub const MOST_ORDERED: usize = 3;

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

/// All orders of losing two or three nodes; nodes that are interchangeable by kind merged beyond
/// [`ALL_SETS`] nodes. `columns` has the losses at once.
#[must_use]
pub fn of(model: &Model, green: &Run<'_>, columns: &[Column]) -> Vec<Order> {
    let mut all = Vec::new();
    for column in columns {
        // Beyond that size a column holds one loss set of many, and the table says so.
        let sets = if model.nodes.len() <= ALL_SETS { &column.lost[..] } else { &column.lost[..1] };
        for set in sets.iter().filter(|s| (2..=MOST_ORDERED).contains(&s.len())) {
            let Some(at_once) = cells(model, green, std::slice::from_ref(set)) else { continue };
            for order in permutations(set) {
                let losses: Vec<Vec<NodeId>> = order.iter().map(|n| vec![*n]).collect();
                let Some((cells, api)) = cells(model, green, &losses) else { continue };
                let other =
                    |i: &usize| cells[*i].mark != at_once.0[*i].mark || cells[*i].up != at_once.0[*i].up;
                let differs = (0..cells.len()).filter(other).collect();
                all.push(Order { lost: order, cells, api, differs });
            }
        }
    }
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
        let played = play::lose(&green, losses, Phase::Fencing, &mut First)?;
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

fn cells(model: &Model, green: &Run<'_>, losses: &[Vec<NodeId>]) -> Option<(Vec<Cell>, bool)> {
    let played = play::lose(green, losses, Phase::Fencing, &mut First)?;
    let cells = model.rows.iter().map(|r| table::cell(model, &played, r.id, Phase::Fencing, None)).collect();
    Some((cells, played.run.api))
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

//! Which orders of losses a page holds: those that the table and the scenarios speak of, whatever their number, then
//! single nodes one after the other, whole depths at a time, then sets at once, as far as a limit goes.

use std::collections::BTreeSet;

use super::atlas::Order;
use crate::lifecycle::NodeId;
use crate::prove::{Model, table};

/// Most orders of losses that are played beside those of the table and of the scenarios, in a cluster of up to
/// [`PODS`] pods. All orders of sets of five nodes are 1082.
pub const MOST_ORDERS: usize = 1100;
/// Beyond so many pods, fewer orders are played: pods times orders stay alike.
const PODS: usize = 100;
/// Orders that are played whatever the size.
const FEWEST_ORDERS: usize = 90;

/// Up to so many nodes, sets that are lost at the same moment are tried in every order.
const SMALL: usize = 5;

/// Orders with their beginnings before them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orders {
    /// The orders; the first is empty.
    pub orders: Vec<Order>,
    /// Whether these are all.
    pub complete: bool,
    /// So many single losses one after the other are among them in every order.
    pub deep: usize,
}

/// The orders of a model's page.
#[must_use]
pub fn of_page(model: &Model) -> Orders {
    let replicas: usize = model.facts.workloads.iter().map(|w| w.replicas as usize).sum();
    let daemons = model.rows.iter().filter(|row| row.daemon).count();
    let pods = replicas.saturating_add(daemons.saturating_mul(model.nodes.len()));
    let most = (MOST_ORDERS * PODS / pods.max(PODS)).max(FEWEST_ORDERS);
    let mut found = Found::default();
    found.add(Vec::new());
    let columns = table::loss_sets(model);
    for set in columns.iter().filter_map(|sets| sets.first()).filter(|set| !set.is_empty()) {
        found.add(vec![set.clone()]);
    }
    for order in model.claims.iter().filter(|c| c.event.is_none()).flat_map(|c| &c.losses) {
        found.add(order.iter().map(|set| sorted(set)).filter(|set| !set.is_empty()).collect());
    }
    let nodes: Vec<NodeId> = model.node_ids().collect();
    let deep = one_by_one(&mut found, &nodes, most);
    let all = nodes.len() <= SMALL && every(&mut found, &nodes, most);
    if !all {
        for set in columns.iter().flatten().filter(|set| !set.is_empty()) {
            if found.orders.len() < most {
                found.add(vec![set.clone()]);
            }
        }
    }
    Orders { orders: found.orders, complete: all, deep }
}

fn sorted(set: &[NodeId]) -> Vec<NodeId> {
    let mut set = set.to_vec();
    set.sort_unstable();
    set.dedup();
    set
}

#[derive(Default)]
struct Found {
    orders: Vec<Order>,
    known: BTreeSet<Order>,
}

impl Found {
    /// Adds an order after its beginnings.
    fn add(&mut self, order: Order) {
        for n in 0..=order.len() {
            if self.known.insert(order[..n].to_vec()) {
                self.orders.push(order[..n].to_vec());
            }
        }
    }
}

/// Single nodes in every order, whole depths while they fit; how deep that is.
fn one_by_one(found: &mut Found, nodes: &[NodeId], most: usize) -> usize {
    let mut level: Vec<Order> = vec![Vec::new()];
    for depth in 1..=nodes.len() {
        let further = level.len().saturating_mul(nodes.len() + 1 - depth);
        if found.orders.len().saturating_add(further) > most && depth > 1 {
            return depth - 1;
        }
        let next = |order: &Order| -> Vec<Order> {
            let left = nodes.iter().filter(|n| !order.iter().any(|set| set.contains(n)));
            left.map(|&n| order.iter().cloned().chain([vec![n]]).collect()).collect()
        };
        level = level.iter().flat_map(next).collect();
        level.iter().for_each(|order| found.add(order.clone()));
    }
    nodes.len()
}

/// Every order of sets of a few nodes, if they fit.
fn every(found: &mut Found, nodes: &[NodeId], most: usize) -> bool {
    let mut all: Vec<Order> = vec![Vec::new()];
    let mut at = 0;
    while at < all.len() {
        let order = all[at].clone();
        let left: Vec<NodeId> =
            nodes.iter().copied().filter(|n| !order.iter().any(|set| set.contains(n))).collect();
        for mask in 1_usize..1 << left.len() {
            let set =
                left.iter().enumerate().filter(|(i, _)| mask & (1 << i) != 0).map(|(_, &n)| n).collect();
            all.push(order.iter().cloned().chain([set]).collect());
        }
        if all.len() > most {
            return false;
        }
        at += 1;
    }
    all.into_iter().for_each(|order| found.add(order));
    true
}

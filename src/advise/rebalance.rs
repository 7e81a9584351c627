//! The way back: in which order restarts bring home what boarded the last resort.
//!
//! Nothing moves back on its own. Each order is played on the cluster after its worst loss (every ordinary node at once,
//! fenced and returned), and the first that makes green's claims true again is taken.

use crate::lifecycle::{Act, First, NodeId, Story, WorkloadId};
use crate::plan::{Carrier, CarrierId, Plan};
use crate::policy::Phase;
use crate::prove::play::{self, Played, Run};
use crate::prove::world::MEMORY;
use crate::prove::{Model, Row, judge};

/// Happenings after which a restart is given up.
const BUDGET: usize = 200_000;

/// Rollouts in their order, and whether they were seen to bring back green.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebalance {
    /// The rollouts.
    pub order: Vec<CarrierId>,
    /// Whether every claim about green held at the end.
    pub green: bool,
}

/// The order in which a plan's boarding workloads are restarted; `None` where nothing boards or nothing settles.
#[must_use]
pub fn rebalance(plan: &Plan, model: &Model) -> Option<Rebalance> {
    let ordinary = ordinary(model);
    if ordinary.is_empty() {
        return None;
    }
    let green = play::canonical(model)?;
    let back = play::lose(&green, &[ordinary], Phase::Return, &mut First)?;
    after(plan, model, &back.run)
}

/// The nodes that are no last resort: the worst loss is that of all of them.
#[must_use]
pub fn ordinary(model: &Model) -> Vec<NodeId> {
    model.node_ids().filter(|node| !model.nodes[usize::from(node.0)].lifeboat).collect()
}

/// As [`rebalance`], for somebody who has the run already in which all ordinary nodes came back.
#[must_use]
pub fn after(plan: &Plan, model: &Model, back: &Run<'_>) -> Option<Rebalance> {
    let boarding: Vec<(CarrierId, WorkloadId)> =
        plan.carrier_ids().filter_map(|(id, carrier)| Some((id, boards(plan, model, carrier)?))).collect();
    if boarding.is_empty() {
        return None;
    }
    let mut best: Option<(usize, Vec<CarrierId>)> = None;
    for order in orders(plan, model, &boarding) {
        let Some(wrong) = wrong_after(model, back, &order) else { continue };
        let ids = || order.iter().map(|(id, _)| *id).collect();
        if wrong == 0 {
            return Some(Rebalance { order: ids(), green: true });
        }
        if best.as_ref().is_none_or(|(least, _)| wrong < *least) {
            best = Some((wrong, ids()));
        }
    }
    best.map(|(_, order)| Rebalance { order, green: false })
}

type Rollout = (CarrierId, WorkloadId);

/// Orders worth a try: as planned, by size either way, and those that wait for each other first.
fn orders(plan: &Plan, model: &Model, boarding: &[Rollout]) -> Vec<Vec<Rollout>> {
    let sized = |large_first: bool| {
        let mut order = boarding.to_vec();
        let memory = |id: WorkloadId| model.world.class(id).request[MEMORY];
        order.sort_by_key(|(_, id)| if large_first { -memory(*id) } else { memory(*id) });
        order
    };
    let mut stateful = boarding.to_vec();
    stateful.sort_by_key(|(id, _)| plan.carrier(*id).runs_as != "StatefulSet");
    let mut orders = vec![boarding.to_vec(), sized(true), stateful, sized(false)];
    orders.dedup();
    orders
}

/// Restarts in this order, one after the other; how many things green claims are then not so.
fn wrong_after(model: &Model, back: &Run<'_>, order: &[Rollout]) -> Option<usize> {
    let mut run = back.clone();
    for (_, workload) in order {
        run.run(&Story::default().then("rolled", [Act::Restart(*workload)]), &mut First, BUDGET)?;
    }
    let end = run.log.len();
    let played = Played { run, lost: end, fenced: None, moments: Vec::new() };
    let of_green = model.claims.iter().filter(|claim| {
        claim.event.is_none() && claim.losses.iter().all(|sets| sets.iter().all(Vec::is_empty))
    });
    let claimed: usize = of_green.map(|claim| judge::breaches(model, claim, &played).len()).sum();
    let aboard = order.iter().filter(|(_, workload)| aboard(model, &played.run, *workload)).count();
    Some(claimed + aboard)
}

fn aboard(model: &Model, run: &Run<'_>, workload: WorkloadId) -> bool {
    run.live().any(|(_, pod)| {
        pod.workload == workload
            && pod.node.is_some_and(|node| model.nodes.get(usize::from(node.0)).is_some_and(|n| n.lifeboat))
    })
}

/// The workload of a carrier that may board.
fn boards(plan: &Plan, model: &Model, carrier: &Carrier) -> Option<WorkloadId> {
    let tier = plan.policy.tier(carrier.tier?.value);
    if !carrier.lasting() || carrier.runs_as == "DaemonSet" || !tier.lifeboat.value {
        return None;
    }
    let owner = plan.owner(carrier);
    let same = |row: &&Row| {
        row.service == owner.service
            && row.component == owner.component
            && (row.service.is_some() || row.name == carrier.workload)
    };
    model.rows.iter().find(same).map(|row| row.id)
}

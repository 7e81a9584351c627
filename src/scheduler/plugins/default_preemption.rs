//! DefaultPreemption: which pods of lower priority would have to go, and on which node that costs least.
//!
//! Sources, v1.34: `pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go` and
//! `pkg/scheduler/framework/preemption/preemption.go`.

use std::cmp::Reverse;

use crate::scheduler::observer::{NoHelp, Observer};
use crate::scheduler::state::{Placed, State};
use crate::scheduler::{Candidate, Incoming, NodeId, Rejected, Scheduler, World};

/// Whether the pod may preempt at all.
pub(in crate::scheduler) fn eligible(
    world: &World,
    state: &State,
    incoming: Incoming,
    rejected: Rejected,
) -> Result<(), &'static str> {
    let class = world.class(incoming.class);
    if !class.preempts {
        return Err("not eligible due to preemptionPolicy=Never.");
    }
    let Some(node) = incoming.nominated.filter(|n| state.registered.contains(*n)) else { return Ok(()) };
    if rejected.unresolvable.contains(node) {
        return Ok(());
    }
    let leaving = |p: &Placed| p.preempted && world.class(p.class).priority < class.priority;
    if state.pods_on(node).iter().any(leaving) {
        return Err("not eligible due to a terminating pod on the nominated node.");
    }
    Ok(())
}

/// `SelectVictimsOnNode`: takes all pods of lower priority away, then puts back whom the pod leaves
/// room for, budget-breaking ones first. Greedy, not minimal. Reasons are kept if `O` wants a trace.
pub(in crate::scheduler) fn dry_run<O: Observer>(
    scheduler: &mut Scheduler<'_>,
    state: &mut State,
    incoming: Incoming,
    node: NodeId,
) -> Result<Candidate, NoHelp> {
    let world = scheduler.world;
    let priority = world.class(incoming.class).priority;
    let lower = |p: &&Placed| world.class(p.class).priority < priority;
    let mut potential: Vec<Placed> = state.pods_on(node).iter().filter(lower).copied().collect();
    if potential.is_empty() {
        return Err(NoHelp::NoVictims);
    }
    // Ports are a set, so adding and removing does not restore them.
    let ports = state.port_holders.clone();
    for pod in &potential {
        scheduler.shift(state, incoming.class, node, *pod, -1);
    }
    let verdict = scheduler.fits::<O>(state, incoming, node);
    let result = verdict.map(|()| {
        let importance = |p: &Placed| (Reverse(world.class(p.class).priority), p.start);
        potential.sort_by_key(importance);
        let (violating, others) = split_by_budget(world, &potential);
        let mut victims = Vec::new();
        reprieve(scheduler, state, incoming, node, &violating, &mut victims);
        let pdb_violations = i64::try_from(victims.len()).unwrap_or(i64::MAX);
        reprieve(scheduler, state, incoming, node, &others, &mut victims);
        victims.sort_by_key(importance);
        Candidate { node, victims, pdb_violations }
    });
    // Whoever is still away comes back: everybody after a failure, else the victims.
    let away: &[Placed] = result.as_ref().map_or(&potential, |c| &c.victims);
    for pod in away {
        scheduler.shift(state, incoming.class, node, *pod, 1);
    }
    state.port_holders = ports;
    result.and_then(|c| if c.victims.is_empty() { Err(NoHelp::NoVictims) } else { Ok(c) })
}

/// Puts pods back while the incoming one still fits; the others become victims.
fn reprieve(
    scheduler: &mut Scheduler<'_>,
    state: &mut State,
    incoming: Incoming,
    node: NodeId,
    pods: &[Placed],
    victims: &mut Vec<Placed>,
) {
    for pod in pods {
        scheduler.shift(state, incoming.class, node, *pod, 1);
        if scheduler.fits::<()>(state, incoming, node).is_err() {
            scheduler.shift(state, incoming.class, node, *pod, -1);
            victims.push(*pod);
        }
    }
}

/// Pods that would exceed a budget, counted in the order given, and the others.
fn split_by_budget(world: &World, pods: &[Placed]) -> (Vec<Placed>, Vec<Placed>) {
    let mut allowed = world.pdbs.clone();
    pods.iter().partition(|pod| {
        let mut violates = false;
        for budget in &world.class(pod.class).pdbs {
            allowed[*budget] -= 1;
            violates |= allowed[*budget] < 0;
        }
        violates
    })
}

/// Keeps the candidates that the scheduler likes best: fewest broken budgets, lowest highest priority,
/// smallest sum of priorities, fewest victims, latest start among the most important victims.
pub(in crate::scheduler) fn keep_best(world: &World, candidates: &mut Vec<Candidate>) {
    if candidates.len() < 2 {
        return;
    }
    let cost = |c: &Candidate| {
        let priority = |p: &Placed| i64::from(world.class(p.class).priority);
        let highest = c.victims.first().map_or(i64::MIN, priority);
        let sum: i64 = c.victims.iter().map(|p| priority(p) + (1 << 31)).sum();
        let important = c.victims.iter().filter(|p| priority(p) == highest);
        let earliest = important.map(|p| p.start).min().unwrap_or(i64::MAX);
        (c.pdb_violations, highest, sum, c.victims.len(), Reverse(earliest))
    };
    if let Some(least) = candidates.iter().map(cost).min() {
        candidates.retain(|c| cost(c) == least);
    }
}

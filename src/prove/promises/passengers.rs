//! Who else boards the lifeboat, and budgets that open it.

use super::{Case, found, some};
use crate::diag::{Diagnostic, codes::survival as codes};
use crate::lifecycle::Kind;
use crate::prove::verdict::Room;

pub(super) fn check(case: &Case<'_>) -> Vec<Diagnostic> {
    passengers(case).into_iter().chain(budgets(case)).collect()
}

/// Pods of no lifeboat tier that the lifeboat admits, with what they take of one.
fn passengers(case: &Case<'_>) -> Option<Diagnostic> {
    let lifeboat = case.plan.policy.lifeboat.as_ref()?;
    let at = case.model.nodes.iter().position(|n| n.lifeboat)?;
    let place = &case.model.world.places[at];
    let lock = lifeboat.lock.as_ref().map(|lock| lock.name.value.as_str());
    let (mut names, mut sum) = (Vec::new(), (0_i64, 0_i64));
    for row in case.model.rows.iter().filter(|row| case.boards(row) && !case.lifeboat_tier(row)) {
        let class = case.model.world.class(row.id);
        if lock.is_some_and(|lock| class.name.ends_with(&format!("/{lock}"))) {
            continue;
        }
        let daemon = case.model.facts.workloads[usize::from(row.id.0)].kind == Kind::DaemonSet;
        let pods = if daemon { 1 } else { class.replicas };
        sum.0 = sum.0.saturating_add(class.request[0].saturating_mul(pods));
        sum.1 = sum.1.saturating_add(class.request[1].saturating_mul(pods));
        names.push(row.name.as_str());
    }
    if names.is_empty() {
        return None;
    }
    let message = format!(
        "{} board {} beside the lifeboat's tiers and take up to {} of {}",
        some(&names),
        place.name,
        Room(sum.0, sum.1),
        Room(place.allocatable[0], place.allocatable[1])
    );
    Some(found(codes::PASSENGERS, message, lifeboat.nodes.span, "who else tolerates its taint"))
}

/// Budgets that let no pod go, under the lock's priority, while a lock is used.
fn budgets(case: &Case<'_>) -> Vec<Diagnostic> {
    let lock = case.plan.policy.lifeboat.as_ref().and_then(|l| l.lock.as_ref());
    let Some(lock) = lock else { return Vec::new() };
    let mut all = Vec::new();
    for budget in &case.model.facts.budgets {
        let replicas: u32 =
            budget.guards.iter().map(|w| case.model.facts.workloads[usize::from(w.0)].replicas).sum();
        let cheap =
            |w: &&crate::lifecycle::WorkloadId| case.model.world.class(**w).priority < lock.priority.value;
        let guarded: Vec<&str> =
            budget.guards.iter().filter(cheap).map(|w| case.model.row(*w).name.as_str()).collect();
        if guarded.is_empty() || budget.must_remain < replicas {
            continue;
        }
        let message = format!(
            "the budget {} lets no pod of {} go: preemption takes the lock before it, and the lifeboat opens",
            budget.name,
            some(&guarded)
        );
        let at = budget.guards.first().and_then(|w| case.span(case.model.row(*w)));
        all.push(
            found(codes::BUDGET_BEFORE_LOCK, message, at, "allows no disruption")
                .about(guarded[0])
                .help("max-unavailable = 1"),
        );
    }
    all
}

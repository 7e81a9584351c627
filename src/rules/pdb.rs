//! Disruption budgets that block a drain.

use super::Found;
use crate::diag::codes::verify as codes;
use crate::kube::{LabelSet, PodDisruptionBudget};

/// A workload that a budget may guard.
#[derive(Clone, Copy)]
pub struct Guarded<'a> {
    /// `Kind namespace/name`.
    pub title: &'a dyn std::fmt::Display,
    /// Namespace.
    pub namespace: &'a str,
    /// Labels of its pods.
    pub labels: &'a dyn LabelSet,
    /// How many.
    pub replicas: i32,
}

/// The field of its spec by which a budget says how many pods may go.
#[must_use]
pub fn field(pdb: &PodDisruptionBudget) -> &'static str {
    if pdb.spec.max_unavailable.is_some() { "maxUnavailable" } else { "minAvailable" }
}

/// Whether the budget never lets a pod of those that it guards go. Paths are within the budget.
#[must_use]
pub fn check(pdb: &PodDisruptionBudget, workloads: &[Guarded<'_>]) -> Option<Found> {
    let selector = pdb.spec.selector.as_ref()?;
    let guarded: Vec<&Guarded<'_>> = workloads
        .iter()
        .filter(|w| w.namespace == pdb.metadata.namespace() && selector.matches_set(w.labels))
        .collect();
    let pods: i32 = guarded.iter().fold(0, |sum, w| sum.saturating_add(w.replicas.max(0)));
    if pods == 0 {
        return None;
    }
    // Both percentages are rounded up. Source: kubernetes 1.34, pkg/controller/disruption/disruption.go.
    let allowed = match (&pdb.spec.max_unavailable, &pdb.spec.min_available) {
        (Some(most), _) => most.of(pods, true)?,
        (None, Some(least)) => pods.saturating_sub(least.of(pods, true)?),
        (None, None) => return None,
    };
    if allowed > 0 {
        return None;
    }
    let titles: Vec<String> = guarded.iter().map(|w| w.title.to_string()).take(3).collect();
    let more = match guarded.len().saturating_sub(titles.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let count = if pods == 1 { "its only pod".to_owned() } else { format!("any of its {pods} pods") };
    let message =
        format!("never lets {count} go ({}{more}), so that a drain waits for ever", titles.join(", "));
    Some(
        Found::new(codes::PDB_BLOCKS_DRAIN, &["spec", field(pdb)], message)
            .note("eviction by taint does not ask the budget, preemption only prefers to keep it; `kubectl drain` waits for it")
            .help("allow one pod to be away (`maxUnavailable: 1`), or run more replicas"),
    )
}

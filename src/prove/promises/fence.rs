//! What a fence, a volume or a grace period makes wait.

use super::{Case, found, some};
use crate::diag::{Diagnostic, Severity, codes::survival as codes};
use crate::lifecycle::{Data, Kind, Storage};
use crate::policy::{Fencing, Phase};
use crate::prove::Mark;

/// A grace period above this many milliseconds is told.
const LONG_GRACE: u64 = 120_000;

pub(super) fn check(case: &Case<'_>) -> Vec<Diagnostic> {
    let mut all = Vec::new();
    all.extend(waiting(case));
    for row in case.claimed() {
        let facts = &case.model.facts.workloads[usize::from(row.id.0)];
        let column = case.proof.columns.iter().find(|column| {
            let cells = column.phases.iter().rev().find(|(phase, _)| *phase != Phase::Return);
            column.api && cells.is_some_and(|(_, cells)| cells[usize::from(row.id.0)].data == Data::Pinned)
        });
        if facts.storage == Storage::Local
            && let Some(column) = column
        {
            let lost = column.lost.first().map_or_else(String::new, |set| case.model.names(set));
            let message = format!(
                "{}: a volume ties it to its node; after the loss of {lost} it waits for the return, fenced or not",
                row.name
            );
            all.push(
                found(codes::PINNED_DATA, message, case.span(row), "has a local volume")
                    .help("storage = \"ephemeral\" if the data can be lost, or \"replicated\""),
            );
        }
        if facts.grace > LONG_GRACE {
            let message = format!("{} may take {} s to stop", row.name, facts.grace / 1000);
            all.push(found(codes::LONG_GRACE, message, case.span(row), "delays every drain and preemption"));
        }
    }
    all
}

/// StatefulSets that some single loss leaves stuck.
fn waiting(case: &Case<'_>) -> Option<Diagnostic> {
    let stuck = |id: usize| {
        case.proof.columns.iter().filter(|c| c.api).any(|column| {
            let before = column.phases.iter().find(|(phase, _)| *phase == Phase::Eviction);
            before.is_some_and(|(_, cells)| cells[id].mark == Mark::Stuck)
        })
    };
    let sets: Vec<&str> = case
        .claimed()
        .filter(|row| {
            let kind = case.model.facts.workloads[usize::from(row.id.0)].kind;
            matches!(kind, Kind::StatefulSet { .. }) && stuck(usize::from(row.id.0))
        })
        .map(|row| row.name.as_str())
        .collect();
    if sets.is_empty() {
        return None;
    }
    let recovery = &case.plan.policy.recovery;
    let (until, severity) = match recovery.fencing.value {
        Fencing::Manual => ("somebody runs the fence script", Severity::Note),
        Fencing::Automatic => ("the timer fences it", Severity::Note),
        Fencing::None => ("it is back, because nobody fences", Severity::Warning),
    };
    let message = format!("StatefulSets wait on a lost node until {until}: {}", some(&sets));
    let mut finding =
        found(codes::WAITS_FOR_FENCE, message, recovery.fencing.span, "who says that a node is dead");
    finding.severity = severity;
    if severity == Severity::Warning {
        finding = finding.help("recovery.fencing = \"manual\"");
    }
    Some(finding)
}

//! Losses after which evictions stop or come one by one; nodes whose loss nobody claims anything of.

use super::{Case, found};
use crate::diag::{Diagnostic, codes::survival as codes};

pub(super) fn check(case: &Case<'_>) -> Vec<Diagnostic> {
    let mut all = unclaimed(case);
    let (mut stops, mut gaps) = (None, None);
    // Columns come with the smaller sets first, so that the first hit is the smallest.
    for column in case.proof.columns.iter().filter(|c| c.api) {
        let Some(set) = column.lost.first().filter(|set| set.len() > 1) else { continue };
        match &column.taints {
            None => {}
            Some(taints) if taints.nodes < set.len() => stops = stops.or(Some((set.clone(), taints.nodes))),
            Some(taints) => {
                let gap = taints.apart / 1000;
                gaps = gaps.or((gap > 0).then(|| (set.clone(), gap)));
            }
        }
    }
    let total = case.model.nodes.len();
    if let Some((set, evicted)) = stops {
        let message = format!(
            "when {} are lost, {} of {total} nodes, evictions stop after {evicted}: the pods of the others are neither evicted nor replaced until a fence",
            case.model.names(&set),
            set.len()
        );
        let at = case.plan.policy.recovery.fencing.span;
        all.push(found(codes::EVICTIONS_STOP, message, at, "who fences").help(
            "fence all lost nodes: `cluster/recovery/fence.sh NODE`; a fence does not wait for the rate",
        ));
    }
    if let Some((set, gap)) = gaps {
        let message = format!(
            "when {} are lost at once, the last one's pods are evicted up to {gap} s after the first one's",
            case.model.names(&set)
        );
        all.push(found(codes::EVICTIONS_ONE_BY_ONE, message, None, ""));
    }
    for (node, facts) in case.model.nodes.iter().zip(&case.model.facts.nodes).filter(|(_, f)| f.excluded) {
        let message = format!("{} is labelled out of the disruption modes", facts.name);
        let planned = case.plan.policy.nodes.iter().find(|n| n.name.value == node.name);
        let at = planned.and_then(|n| n.labels.span);
        all.push(
            found(codes::NODE_EXCLUDED, message, at, "this label")
                .help("take `node.kubernetes.io/exclude-disruption` off the node"),
        );
    }
    all
}

/// Nodes of whose single loss no scenario speaks.
fn unclaimed(case: &Case<'_>) -> Vec<Diagnostic> {
    let claims = &case.model.claims;
    let mut all = Vec::new();
    for (id, node) in case.model.node_ids().zip(&case.model.nodes) {
        let spoken = claims.iter().any(|c| c.losses.iter().any(|order| *order == [vec![id]]));
        if spoken || claims.is_empty() {
            continue;
        }
        let column = case.proof.columns.iter().find(|c| c.lost.contains(&vec![id]));
        let then = match column {
            Some(column) if !column.api => "; the control plane is gone then, and nothing is rescheduled",
            _ => "",
        };
        let message = format!("no scenario says what is true when {} is lost{then}", node.name);
        let planned = case.plan.policy.nodes.iter().find(|n| n.name.value == node.name);
        let lose = if node.server { "each server" } else { "each agent" };
        all.push(
            found(
                codes::LOSS_WITHOUT_CLAIM,
                message,
                planned.and_then(|n| n.name.span),
                "nobody claims its loss",
            )
            .help(format!(
                "[scenarios.NAME] lose = \"{lose}\", expect = {{ … }}: the table says what happens"
            )),
        );
    }
    all
}

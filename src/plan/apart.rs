//! Rules that keep pods apart or together. The term goes to both sides: preferred terms count for the
//! pod that is placed and, symmetrically, for those that are there already, and only both sides make
//! the score gap wide enough to be proved.
//!
//! Required affinity is the exception. It admits a pod only beside one that runs already, so that of two who ask
//! for each other neither starts: those named last go where they like, the others follow them.

use super::make::Draft;
use super::select::selector_for;
use super::terms::{Affinity, PodTerm};
use super::{CarrierId, mentions};
use crate::diag::{Diagnostic, codes::build as codes};
use crate::policy::{PlacementKind, PodRef};
use crate::shape::Field as PolicyField;
use crate::why::Rule;

/// The carriers of each side of each rule, looked up once.
pub(super) struct Sides {
    /// Per rule, in the order of the policy: each side's carriers.
    pub(super) rules: Vec<Vec<Vec<CarrierId>>>,
}

/// Finds who each rule is about; names that the catalogue does not know are reported.
pub(super) fn sides(draft: &mut Draft) -> Sides {
    let policy = draft.policy;
    let mut rules = Vec::new();
    for placement in &policy.placements {
        let mut sides: Vec<Vec<CarrierId>> = placement.pods.iter().map(|pods| resolve(draft, pods)).collect();
        if matches!(placement.kind, PlacementKind::Apart { .. }) {
            for (side, pods) in sides.iter_mut().zip(&placement.pods) {
                without_daemons(draft, side, pods);
            }
        }
        rules.push(sides);
    }
    Sides { rules }
}

/// The carriers behind a name in a placement rule: of a service its main component.
fn resolve(draft: &mut Draft, pods: &PolicyField<PodRef>) -> Vec<CarrierId> {
    let of_service = matches!(pods.value, PodRef::Service(_));
    let found: Vec<CarrierId> = draft
        .ids()
        .filter(|&id| mentions::means(draft, id, &pods.value) && (!of_service || draft.carrier(id).main))
        .collect();
    mentions::report_absent(draft, pods, &found);
    found
}

/// Takes DaemonSets out of a side of a rule that keeps pods apart: nothing is apart from pods of every node, and a
/// term against them drives its pod to where they do not run, which is the lifeboat. A tier's are left out in
/// silence; one that a rule names is told.
fn without_daemons(draft: &mut Draft, side: &mut Vec<CarrierId>, pods: &PolicyField<PodRef>) {
    let (daemons, others): (Vec<_>, Vec<_>) =
        side.iter().partition(|&&id| draft.carrier(id).runs_as == "DaemonSet");
    *side = others;
    if daemons.is_empty() || matches!(pods.value, PodRef::Tier(_)) {
        return;
    }
    let mut diagnostic = Diagnostic::new(
        codes::APART_FROM_DAEMONSET,
        format!(
            "{} is a DaemonSet: its pods are on every node, and nothing is apart from them",
            draft.names(&daemons)
        ),
    )
    .help("take it out of the rule; to keep pods off some nodes, taint these or label them");
    if let Some(span) = pods.span {
        diagnostic = diagnostic.at(span, "left out of the rule");
    }
    draft.diagnostics.push(diagnostic);
}

/// Adds the terms of every rule that a carrier is part of.
pub(super) fn decide(draft: &mut Draft, id: CarrierId, sides: &Sides, affinity: &mut Affinity) {
    let policy = draft.policy;
    for (placement, rule) in policy.placements.iter().zip(&sides.rules) {
        let (anti, weight) = match &placement.kind {
            PlacementKind::Apart { weight } => (true, weight),
            PlacementKind::Together { weight } => (false, weight),
            PlacementKind::Spread { .. } => continue,
        };
        let weight_value = (!placement.required.value).then_some(weight.value);
        for (mine, side) in rule.iter().enumerate() {
            if !side.contains(&id) {
                continue;
            }
            // A rule over one name keeps that name's own pods apart.
            let alone = rule.len() == 1;
            let follows = !anti && placement.required.value && !alone;
            let last = rule.len().saturating_sub(1);
            if follows && mine == last {
                continue;
            }
            for (other, targets) in rule.iter().enumerate() {
                let asked = if follows { other == last } else { other != mine || alone };
                if !asked || targets.is_empty() {
                    continue;
                }
                let stated = draft.ledger.add(placement.name.reason());
                let why = draft.ledger.add(placement.pods[other].reason_for(Rule::Apart, vec![stated]));
                match selector_for(&draft.carriers, targets) {
                    Ok(selection) => {
                        let term = PodTerm {
                            selector: selection.selector,
                            namespaces: selection.namespaces,
                            topology: placement.across.value.clone(),
                        };
                        affinity.pods(anti, weight_value, &term, why);
                    }
                    Err(ambiguous) => {
                        let pods = &placement.pods[other];
                        let message = match &ambiguous.others[..] {
                            [] => format!("no label is common to all of `{}`", pods.path),
                            others => {
                                format!("no selector for `{}` leaves out {}", pods.path, draft.names(others))
                            }
                        };
                        let mut diagnostic = Diagnostic::new(codes::SELECTOR_MATCHES_OTHERS, message).help(
                            "name components, as in `service/component`, whose labels differ from theirs",
                        );
                        if let Some(span) = pods.span {
                            diagnostic = diagnostic.at(span, "these pods cannot be told apart by labels");
                        }
                        draft.diagnostics.push(diagnostic);
                    }
                }
            }
        }
    }
}

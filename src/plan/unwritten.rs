//! What a rule asks for and no line of ours can say.

use std::collections::BTreeSet;

use super::apart::Sides;
use super::make::Draft;
use super::{CarrierId, Owner};
use crate::diag::{Diagnostic, codes::build as codes};
use crate::policy::{Placement, PlacementKind};
use crate::shape::quoted_list;

pub(super) fn check(draft: &mut Draft, sides: &Sides) {
    let policy = draft.policy;
    for (placement, rule) in policy.placements.iter().zip(&sides.rules) {
        let members: BTreeSet<CarrierId> = rule.iter().flatten().copied().collect();
        let given: Vec<CarrierId> = members
            .iter()
            .copied()
            .filter(|id| matches!(draft.carrier(*id).owner, Owner::Given(_)))
            .collect();
        if matches!(placement.kind, PlacementKind::Spread { .. }) {
            namespaces(draft, placement, &members);
            manifests(draft, placement, &given);
        } else if given.len() == members.len() {
            // A term on one side counts for both, so one pod that we write of is enough.
            manifests(draft, placement, &given);
        }
    }
}

/// A topology spread constraint counts the pods of its own namespace only.
/// Source: `pkg/scheduler/framework/plugins/podtopologyspread/common.go`, `countPodsMatchSelector`.
fn namespaces(draft: &mut Draft, placement: &Placement, members: &BTreeSet<CarrierId>) {
    let all: BTreeSet<String> = members.iter().map(|id| draft.carrier(*id).namespace.clone()).collect();
    if all.len() < 2 {
        return;
    }
    let message = format!(
        "the pods of `{}` are in namespaces {}, and each of these is spread by itself",
        placement.name.path,
        quoted_list(all.iter().map(String::as_str))
    );
    let finding = Diagnostic::new(codes::SPREAD_OVER_NAMESPACES, message)
        .help("write a rule for each namespace if that is meant; pods of two namespaces are kept from one node by `[apart.NAME]`");
    report(draft, placement, finding, "never counted together");
}

fn manifests(draft: &mut Draft, placement: &Placement, given: &[CarrierId]) {
    if given.is_empty() {
        return;
    }
    let message = format!(
        "`{}` writes nothing into {}: a manifest is deployed as it is",
        placement.name.path,
        draft.names(given)
    );
    let finding = Diagnostic::new(codes::RULE_OF_MANIFESTS, message)
        .help("write the affinity or the constraint into the manifest, which the proof reads, and leave the rule to the others");
    report(draft, placement, finding, "not for these pods");
}

fn report(draft: &mut Draft, placement: &Placement, finding: Diagnostic, text: &str) {
    let finding = finding.about(&placement.name.value);
    draft.diagnostics.push(match placement.name.span {
        Some(span) => finding.at(span, text),
        None => finding,
    });
}

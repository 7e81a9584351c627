//! "And only them": tolerations that nobody planned and that open the lifeboat all the same. Lists are joined with
//! the team's, so one of theirs reaches the pod; one without an effect, or without a key, says more than its author
//! may think.

use super::make::Draft;
use super::{Carrier, CarrierId, Owner, TOLERATIONS};
use crate::catalogue::Origin;
use crate::diag::{Diagnostic, codes::build as codes};
use crate::kube::{Taint, Toleration, TolerationOperator};
use crate::rules::taint;

/// Reports what a pod tolerates and the policy did not ask for: the lifeboat's taint where the tier does not board,
/// the twin where it does.
pub(super) fn check(draft: &mut Draft) {
    let policy = draft.policy;
    let Some(lifeboat) = &policy.lifeboat else { return };
    let boat = taint(&lifeboat.taint.value);
    let twin = lifeboat.twin.as_ref().map(|twin| taint(&twin.value));
    for id in draft.ids() {
        let carrier = draft.carrier(id);
        // Who has to be on every node comes along, and K3s's own pods are told as passengers.
        let Some(tier) = carrier.tier.filter(|_| carrier.enabled.value && carrier.runs_as != "DaemonSet")
        else {
            continue;
        };
        let boards = policy.tier(tier.value).lifeboat.value;
        let Some(barred) = (if boards { twin.as_ref() } else { Some(&boat) }) else { continue };
        let Some(found) = tolerating(carrier, barred) else { continue };
        let who = draft.names(&[id]);
        let says = format!("{} say `{}`", speaker(draft, id), spelt(&found));
        let (message, help) = if boards {
            let twin = spelt_taint(barred);
            (
                format!("{who} tolerates the twin taint `{twin}`, which undoes the last resort: {says}"),
                format!("write `{}` there, or nothing: the overlay has it", exact(&boat)),
            )
        } else {
            let boat = spelt_taint(&boat);
            (
                format!(
                    "{who} may board the lifeboat and is of no tier that does: it tolerates `{boat}`, because {says}"
                ),
                format!(
                    "write key and effect of the taint that is meant, give {who} a tier with `lifeboat = true`, or accept it \
                     with `[allow.NAME]` and a reason"
                ),
            )
        };
        let mut finding = Diagnostic::new(codes::TOLERATION_UNPLANNED, message).about(&who).help(help);
        if let Some(span) = carrier.span {
            finding = finding.at(span, if boards { "boards as a last resort" } else { "does not board" });
        }
        let written =
            if boards { lifeboat.twin.as_ref().and_then(|twin| twin.span) } else { lifeboat.taint.span };
        if let Some(span) = written {
            finding = finding.label(span, "this taint does not keep it off");
        }
        draft.diagnostics.push(finding);
    }
}

/// The first toleration of a carrier that lets it past a taint.
fn tolerating(carrier: &Carrier, taint: &Taint) -> Option<Toleration> {
    let list: Vec<Toleration> = serde_json::from_value(carrier.field(&TOLERATIONS)?.clone()).ok()?;
    list.into_iter().find(|toleration| toleration.tolerates(taint))
}

/// Who wrote the tolerations, and at which path of the values.
fn speaker(draft: &Draft, id: CarrierId) -> String {
    if matches!(draft.carrier(id).owner, Owner::Workload(_)) {
        return "its `tolerations`".to_owned();
    }
    let whose = match draft.baseline(id, &TOLERATIONS) {
        Some((_, Origin::Chart)) => "the chart's defaults",
        _ => "the team's values",
    };
    match draft.live_paths(id, &TOLERATIONS).last() {
        Some(path) => format!("{whose} at `{path}`"),
        None => whose.to_owned(),
    }
}

/// A toleration as YAML in one line.
fn spelt(toleration: &Toleration) -> String {
    let mut parts = Vec::new();
    if !toleration.key.is_empty() {
        parts.push(format!("key: {}", toleration.key));
    }
    match &toleration.operator {
        Some(TolerationOperator::Exists) => parts.push("operator: Exists".to_owned()),
        _ => parts.push(format!("value: {:?}", toleration.value)),
    }
    if let Some(effect) = &toleration.effect {
        parts.push(format!("effect: {}", effect.as_str()));
    }
    format!("{{{}}}", parts.join(", "))
}

fn exact(taint: &Taint) -> String {
    format!("{{key: {}, operator: Exists, effect: {}}}", taint.key, taint.effect.as_str())
}

/// `key=value:Effect`.
fn spelt_taint(taint: &Taint) -> String {
    let equals = if taint.value.is_empty() { "" } else { "=" };
    format!("{}{equals}{}:{}", taint.key, taint.value, taint.effect.as_str())
}

//! The lifeboat's taint: exactly the pods of lifeboat tiers tolerate it, and nothing more than it.

use super::{Found, Subject, taint, tolerates};
use crate::diag::{Severity, codes::verify as codes};
use crate::kube::{Taint, Toleration, TolerationOperator};
use crate::plan::{Owner, TOLERATIONS};

pub(super) fn check(subject: Subject<'_>, found: &mut Vec<Found>) {
    let Some(lifeboat) = &subject.plan.policy.lifeboat else { return };
    let boat = taint(&lifeboat.taint.value);
    let tolerations = &subject.pod().tolerations;
    let mut findings = if may_board(subject) {
        let twin = lifeboat.twin.as_ref().map(|twin| taint(&twin.value));
        boarding(tolerations, &boat, twin.as_ref())
    } else {
        staying(subject, tolerations, &boat)
    };
    for finding in &mut findings {
        finding.why = decided(subject);
        finding.policy = lifeboat.taint.span;
    }
    // Where no value reaches the pod, nobody can mend it in the values: the plan said so.
    if let Some(reason) = subject.carrier.and_then(|carrier| carrier.unreachable.get(&TOLERATIONS)) {
        for finding in &mut findings {
            if finding.severity == Severity::Error {
                finding.severity = Severity::Warning;
            }
            finding.notes.push(format!("no value of the chart reaches it: {reason}"));
            finding.help =
                Some("accept it with `[allow.NAME]` and a reason, or patch what Helm renders".to_owned());
        }
    }
    found.append(&mut findings);
}

/// Whether its tier boards: jobs of such a tier too, or an upgrade on the lifeboat would wait for ever.
fn may_board(subject: Subject<'_>) -> bool {
    subject.carrier.is_some_and(|carrier| {
        let tier = carrier.tier.map(|tier| subject.plan.policy.tier(tier.value));
        tier.is_some_and(|tier| tier.lifeboat.value) && carrier.runs_as != "DaemonSet"
    })
}

fn decided(subject: Subject<'_>) -> Option<crate::why::Why> {
    let decision = subject.carrier?.fields.get(&TOLERATIONS)?;
    Some(decision.value.why)
}

/// A pod that may board.
fn boarding(tolerations: &[Toleration], boat: &Taint, twin: Option<&Taint>) -> Vec<Found> {
    let mut found = Vec::new();
    if !tolerates(tolerations, boat) {
        let near = tolerations.iter().position(|t| t.key == boat.key);
        found.push(match near {
            Some(n) => Found::new(
                codes::TOLERATION_WRONG,
                &["tolerations", &n.to_string()],
                format!("has a toleration for `{}` that does not fit the taint `{}`", boat.key, show(boat)),
            )
            .note(format!("it is {}", describe(&tolerations[n])))
            .help(wanted(boat)),
            None => Found::new(
                codes::TOLERATION_MISSING,
                &["tolerations"],
                format!("does not tolerate the lifeboat's taint `{}`", show(boat)),
            )
            .help(wanted(boat)),
        });
    }
    if let Some(twin) = twin
        && let Some(n) = tolerations.iter().position(|t| t.tolerates(twin))
    {
        let message = format!("also tolerates the twin taint `{}`, which undoes the last resort", show(twin));
        found.push(
            Found::new(codes::TOLERATION_WRONG, &["tolerations", &n.to_string()], message)
                .note(format!("it is {}", describe(&tolerations[n])))
                .help("state the effect of the taint exactly: a toleration without an effect tolerates every effect"),
        );
    }
    found
}

/// A pod that has no business on the lifeboat.
fn staying(subject: Subject<'_>, tolerations: &[Toleration], boat: &Taint) -> Vec<Found> {
    let Some(n) = tolerations.iter().position(|t| t.tolerates(boat)) else { return Vec::new() };
    let path = ["tolerations".to_owned(), n.to_string()];
    let what = describe(&tolerations[n]);
    if matches!(subject.carrier, Some(carrier) if carrier.owner == Owner::Lock) {
        return Vec::new();
    }
    if planned(subject, boat) {
        // Jobs and hooks of a lifeboat tier may board while they run.
        return Vec::new();
    }
    if is_passenger(subject, boat) {
        let message = format!("boards the lifeboat as a passenger: it has {what}");
        return vec![Found::new(codes::PASSENGER, &path, message)];
    }
    let blanket = tolerations[n].key.is_empty();
    let message = if blanket {
        format!(
            "tolerates every taint, the lifeboat's `{}` among them, and is of no lifeboat tier",
            show(boat)
        )
    } else {
        format!("tolerates the lifeboat's taint `{}` and is of no lifeboat tier", show(boat))
    };
    let help = "take the toleration out, put the workload into a lifeboat tier, or allow it with a reason";
    vec![Found::new(codes::TOLERATION_UNEXPECTED, &path, message).note(format!("it is {what}")).help(help)]
}

/// Whether the plan gives the toleration to a carrier of a lifeboat tier.
fn planned(subject: Subject<'_>, boat: &Taint) -> bool {
    let Some(carrier) = subject.carrier else { return false };
    let lifeboat = carrier.tier.is_some_and(|tier| subject.plan.policy.tier(tier.value).lifeboat.value);
    lifeboat && carrier.runs_as != "DaemonSet" && tolerates(&planned_tolerations(carrier), boat)
}

fn planned_tolerations(carrier: &crate::plan::Carrier) -> Vec<Toleration> {
    let planned = carrier.field(&TOLERATIONS).cloned().unwrap_or_default();
    serde_json::from_value(planned).unwrap_or_default()
}

/// K3s's packaged pods, and DaemonSets that the plan leaves with a toleration that their chart gave them,
/// because they have to be on every node.
fn is_passenger(subject: Subject<'_>, boat: &Taint) -> bool {
    let workload = subject.workload;
    if workload.namespace == "kube-system" && workload.name.starts_with("svclb-") {
        return true;
    }
    let Some(carrier) = subject.carrier else { return false };
    carrier.owner == Owner::Packaged
        || (carrier.runs_as == "DaemonSet" && tolerates(&planned_tolerations(carrier), boat))
}

/// `key=value:Effect`.
fn show(taint: &Taint) -> String {
    let equals = if taint.value.is_empty() { "" } else { "=" };
    format!("{}{equals}{}:{}", taint.key, taint.value, taint.effect.as_str())
}

fn wanted(taint: &Taint) -> String {
    format!("it takes {{key: {}, operator: Exists, effect: {}}}", taint.key, taint.effect.as_str())
}

fn describe(toleration: &Toleration) -> String {
    let value = match &toleration.operator {
        Some(TolerationOperator::Exists) => String::new(),
        _ => format!("={}", toleration.value),
    };
    let key = if toleration.key.is_empty() {
        "every key".to_owned()
    } else {
        format!("`{}{value}`", toleration.key)
    };
    let effect = toleration.effect.as_ref().map_or("every effect", |effect| effect.as_str());
    format!("a toleration of {key} with {effect}")
}

//! Closure: what a lifeboat component needs and what cannot follow it onto the lifeboat.

use super::make::Draft;
use super::{CarrierId, Owner};
use crate::diag::{Diagnostic, codes::build as codes};
use crate::kube::Toleration;
use crate::rules::taint;

/// Reports every need of a boarding component whose pods could not board as well. Packaged pods of K3s
/// tolerate the lifeboat's taint by themselves, if their tolerations say so.
pub(super) fn check(draft: &mut Draft) {
    for id in draft.boarding() {
        let needs = draft.carrier(id).needs.clone();
        for need in needs.iter() {
            let Some(target) = find(draft, id, need) else { continue };
            if draft.boards(target) || tolerates(draft, target) || !draft.carrier(target).lasting() {
                continue;
            }
            let (who, whom) = (draft.names(&[id]), draft.names(&[target]));
            let mut diagnostic = Diagnostic::new(
                codes::NEEDS_ON_THE_LIFEBOAT,
                format!("{who} may board the lifeboat but needs {whom}, which may not"),
            )
            .about(&who)
            .help(format!(
                "{}, or accept it with `[allow.NAME]` and a reason",
                remedy(draft, target, &who, &whom)
            ));
            if let Some(span) = draft.carrier(id).span {
                diagnostic = diagnostic.at(span, "boards");
            }
            if let Some(span) = draft.carrier(target).span {
                diagnostic = diagnostic.label(span, "stays behind");
            }
            draft.diagnostics.push(diagnostic);
        }
    }
}

/// A component of the same service, or `namespace/workload`.
fn find(draft: &Draft, id: CarrierId, need: &str) -> Option<CarrierId> {
    draft.ids().find(|&other| {
        let carrier = draft.carrier(other);
        match need.split_once('/') {
            Some((namespace, name)) => carrier.namespace == namespace && carrier.workload == name,
            None => {
                draft.service_name(other) == draft.service_name(id)
                    && matches!(&carrier.owner, Owner::Component { component, .. } if component == need)
            }
        }
    })
}

/// What would let the needed pods follow. The policy ranks no packaged pods of K3s, and no value changes them: there the
/// taint has to be one that they tolerate.
fn remedy(draft: &Draft, target: CarrierId, who: &str, whom: &str) -> String {
    if draft.carrier(target).owner != Owner::Packaged {
        return format!("give {whom} the tier of {who}");
    }
    let mut keys: Vec<String> = tolerations(draft, target).into_iter().map(|t| t.key).collect();
    keys.retain(|key| !key.is_empty() && !key.starts_with("node-role.kubernetes.io/"));
    match keys.first() {
        Some(key) => {
            format!(
                "K3s's {whom} takes no tier; it tolerates `{key}`: write `taint = \"{key}=true:NoSchedule\"` under `[lifeboat]`"
            )
        }
        None => format!("K3s's {whom} takes no tier: let its own manifest tolerate the taint"),
    }
}

/// Whether a carrier tolerates the lifeboat's taint without lifeboat's doing.
fn tolerates(draft: &Draft, id: CarrierId) -> bool {
    let Some(lifeboat) = &draft.policy.lifeboat else { return true };
    let boat = taint(&lifeboat.taint.value);
    tolerations(draft, id).iter().any(|toleration| toleration.tolerates(&boat))
}

fn tolerations(draft: &Draft, id: CarrierId) -> Vec<Toleration> {
    serde_json::from_value(draft.list(id, &super::TOLERATIONS).into()).unwrap_or_default()
}

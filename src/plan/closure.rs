//! Closure: what a lifeboat component needs and what cannot follow it onto the lifeboat.

use super::make::Draft;
use super::{CarrierId, Owner};
use crate::diag::{Diagnostic, codes::build as codes};

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
            .help(format!("give {whom} the tier of {who}, or accept it with `[allow.NAME]` and a reason"));
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

/// Whether a carrier tolerates the lifeboat's taint without lifeboat's doing.
fn tolerates(draft: &Draft, id: CarrierId) -> bool {
    let Some(lifeboat) = &draft.policy.lifeboat else { return true };
    draft.list(id, &super::TOLERATIONS).iter().any(|toleration| {
        let key = toleration.get("key").and_then(serde_json::Value::as_str);
        let effect = toleration.get("effect").and_then(serde_json::Value::as_str);
        key.is_none_or(|key| key == lifeboat.taint.value.key)
            && effect.is_none_or(|effect| effect.is_empty() || effect == lifeboat.taint.value.effect.word())
    })
}

//! Priority classes: one per tier, and the lock's between the tiers that give way and those that stay.
//! Without a class every pod has priority 0 and nothing is ever evicted for anything.

use serde_json::Value;

use super::PRIORITY_CLASS;
use super::make::Draft;
use super::{CarrierId, Class, Owner};
use crate::policy::PreemptionPolicy;
use crate::why::Rule;

/// The classes of tiers and lock, highest value first.
pub(super) fn classes(draft: &mut Draft) -> Vec<Class> {
    let mut classes = Vec::new();
    for (id, tier) in draft.policy.tier_ids() {
        let stated = draft.ledger.add(tier.priority.reason());
        let why = draft.ledger.add(tier.class.reason_for(Rule::TierClass, vec![stated]));
        let description = match &tier.description {
            Some(text) => text.value.0.clone(),
            None => format!("Tier {} of the lifeboat policy", tier.name.value),
        };
        classes.push(Class {
            name: tier.class.value.clone(),
            value: tier.priority.value,
            preemption: tier.preemption.value,
            description,
            global_default: tier.global_default.value,
            adopted: tier.adopted,
            tier: Some(id),
            why,
        });
    }
    let locked = draft.carriers.iter().any(|carrier| carrier.owner == Owner::Lock);
    if let Some(lock) = draft.policy.lifeboat.as_ref().and_then(|l| l.lock.as_ref()).filter(|_| locked) {
        let lever = draft.ledger.add(lock.lever.reason());
        let why = draft.ledger.add(lock.priority.reason_for(Rule::Lock, vec![lever]));
        classes.push(Class {
            name: lock.name.value.clone(),
            value: lock.priority.value,
            preemption: PreemptionPolicy::Never,
            description: "Holds the lifeboat closed until nothing else is left to evict".to_owned(),
            global_default: false,
            adopted: false,
            tier: None,
            why,
        });
    }
    classes.sort_by(|a, b| b.value.cmp(&a.value).then_with(|| a.name.cmp(&b.name)));
    classes
}

/// Each pod of a tier names the tier's class. A class of value 0 that nobody has to name is left out of
/// the overlay only when it is the cluster's default; otherwise it is named like any other.
pub(super) fn decide(draft: &mut Draft, id: CarrierId) {
    let Some(tier) = draft.carrier(id).tier else { return };
    let class = &draft.policy.tier(tier.value).class;
    let why = draft.ledger.add(class.reason_for(Rule::TierClass, vec![tier.why]));
    let value = Value::String(class.value.clone());
    draft.set(id, PRIORITY_CLASS, Some(value), why, Vec::new());
}

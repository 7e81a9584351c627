//! What the policy claims about green, as `recovery/status.sh` checks it: per workload whether it runs and where, and
//! who keeps apart. A workload that no claim speaks of must run, unless a claim says that others do.

use super::recovery::{StatusApart, StatusWorkload};
use crate::plan::{Carrier, Owner, Plan};
use crate::policy::{Expect, PlacementKind, PodRef, Scenario, Who};
use crate::shape::Field;

/// The workloads of the plan with what green claims of each; the lock is one of them.
#[must_use]
pub fn workloads(plan: &Plan) -> Vec<StatusWorkload> {
    let claims: Vec<&Expect> = plan.policy.scenarios.iter().filter(|s| green(s)).map(|s| &s.expect).collect();
    let lasting = plan.carriers.iter().filter(|carrier| carrier.lasting());
    lasting.filter_map(|carrier| workload(plan, &claims, carrier)).collect()
}

/// Members of the rules that green claims, one entry each.
#[must_use]
pub fn apart(plan: &Plan) -> Vec<StatusApart> {
    let mut members = Vec::new();
    let claimed = |rule: &str| {
        let mut claims = plan.policy.scenarios.iter().filter(|s| green(s));
        claims.any(|s| s.expect.apart.iter().flat_map(|rules| &rules.value).any(|name| name.value == rule))
    };
    for placement in &plan.policy.placements {
        let rule = placement.name.value.as_str();
        if !matches!(placement.kind, PlacementKind::Apart { .. }) || !claimed(rule) {
            continue;
        }
        let ruled =
            plan.carriers.iter().filter(|c| c.lasting() && c.tier.is_some() && c.runs_as != "DaemonSet");
        for carrier in ruled {
            // In a rule a service stands for its main component.
            let member = |pods: &PodRef| {
                means(plan, pods, carrier) && (carrier.main || !matches!(pods, PodRef::Service(_)))
            };
            if placement.pods.iter().any(|pods| member(&pods.value)) {
                members.push(StatusApart {
                    rule: rule.to_owned(),
                    kind: carrier.runs_as.clone(),
                    namespace: carrier.namespace.clone(),
                    name: carrier.workload.clone(),
                });
            }
        }
    }
    members
}

/// Whether a scenario is about the whole cluster with nothing going on.
fn green(scenario: &Scenario) -> bool {
    let nothing_lost = |choice: &Vec<_>| choice.iter().all(|loss: &Vec<_>| loss.is_empty());
    scenario.event.is_none() && !scenario.losses.is_empty() && scenario.losses.iter().all(nothing_lost)
}

fn workload(plan: &Plan, claims: &[&Expect], carrier: &Carrier) -> Option<StatusWorkload> {
    let daemon = carrier.runs_as == "DaemonSet";
    let (tier, runs, place) = match (&carrier.owner, carrier.tier) {
        (Owner::Lock, _) => ("lock", true, "any"),
        (Owner::Packaged, _) | (_, None) => return None,
        (_, Some(tier)) => {
            let tier = plan.policy.tier(tier.value);
            let place = if daemon { "any" } else { place(plan, claims, carrier, tier.lifeboat.value) };
            (tier.name.value.as_str(), runs(plan, claims, carrier), place)
        }
    };
    Some(StatusWorkload {
        kind: carrier.runs_as.clone(),
        namespace: carrier.namespace.clone(),
        name: carrier.workload.clone(),
        tier: tier.to_owned(),
        replicas: if daemon { "-".to_owned() } else { carrier.replicas().to_string() },
        running: if runs { "runs" } else { "free" }.to_owned(),
        place: place.to_owned(),
    })
}

/// Whether green claims that it runs. Without any claim about who runs, everything has to.
fn runs(plan: &Plan, claims: &[&Expect], carrier: &Carrier) -> bool {
    let mut silent = true;
    for claim in claims {
        if claim.running.as_ref().is_some_and(|who| said_of(plan, who, carrier))
            || claim.pending.as_ref().is_some_and(|who| matches!(who.value, Who::None))
        {
            return true;
        }
        silent &= claim.running.is_none();
    }
    let waits = |who: &Option<Field<Who>>| who.as_ref().is_some_and(|who| said_of(plan, who, carrier));
    silent && !claims.iter().any(|claim| waits(&claim.pending) || waits(&claim.down))
}

/// Where green has it. A claim about the lifeboat names exactly who is aboard; without one, who may board is not.
fn place(plan: &Plan, claims: &[&Expect], carrier: &Carrier, boards: bool) -> &'static str {
    let mut stated = claims.iter().filter_map(|claim| claim.lifeboat.as_ref()).peekable();
    if stated.peek().is_none() {
        return if boards { "off" } else { "any" };
    }
    if stated.any(|who| said_of(plan, who, carrier)) { "on" } else { "off" }
}

fn said_of(plan: &Plan, who: &Field<Who>, carrier: &Carrier) -> bool {
    match &who.value {
        Who::All => true,
        Who::None => false,
        Who::Some(pods) => pods.iter().any(|pods| means(plan, &pods.value, carrier)),
    }
}

/// Whether a reference of an expectation means a carrier: of a service all components.
fn means(plan: &Plan, pods: &PodRef, carrier: &Carrier) -> bool {
    let owner = plan.owner(carrier);
    match pods {
        PodRef::Tier(id) => carrier.tier.is_some_and(|tier| tier.value == *id),
        PodRef::Service(service) => owner.service.as_deref() == Some(service),
        PodRef::Component { service, component } => {
            owner.service.as_deref() == Some(service) && owner.component.as_deref() == Some(component)
        }
        PodRef::Workload(name) => {
            matches!(carrier.owner, Owner::Workload(_) | Owner::Given(_)) && carrier.workload == *name
        }
    }
}

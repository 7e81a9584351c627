//! Names of pods in rules, claims and planned work. Only the plan knows which components a chart has and
//! which of them are installed; a claim about nobody would hold in every cluster.

use super::make::Draft;
use super::{CarrierId, Owner};
use crate::catalogue::Place;
use crate::diag::{Diagnostic, codes::build as codes};
use crate::policy::{Expect, PodRef, Who};
use crate::shape::{Field, did_you_mean, quoted_list};

/// Reports names in claims and planned work that mean no pod of this plan.
pub(super) fn check(draft: &mut Draft) {
    let policy = draft.policy;
    for scenario in &policy.scenarios {
        let of_claims = claimed(&scenario.expect).flat_map(|who| match &who.value {
            Who::Some(list) => list.as_slice(),
            Who::All | Who::None => &[],
        });
        let rolled = scenario.event.iter().flat_map(|event| &event.pods);
        for pods in of_claims.chain(rolled) {
            let meant: Vec<CarrierId> = draft.ids().filter(|&id| means(draft, id, &pods.value)).collect();
            report_absent(draft, pods, &meant);
        }
    }
}

fn claimed(expect: &Expect) -> impl Iterator<Item = &Field<Who>> {
    let Expect { running, lifeboat, pending, stuck, frozen, evicted, down, apart: _ } = expect;
    [running, lifeboat, pending, stuck, frozen, evicted, down].into_iter().flatten()
}

/// Whether a name means a carrier that stays.
pub(super) fn means(draft: &Draft, id: CarrierId, pods: &PodRef) -> bool {
    let carrier = draft.carrier(id);
    carrier.lasting()
        && match pods {
            PodRef::Tier(tier) => carrier.tier.is_some_and(|t| t.value == *tier),
            PodRef::Service(name) => draft.service_name(id) == Some(name),
            PodRef::Component { service, component } => {
                draft.service_name(id) == Some(service) && draft.component_name(id) == Some(component)
            }
            PodRef::Workload(name) => match carrier.owner {
                Owner::Workload(index) => draft.policy.workloads[index].name.value == *name,
                Owner::Given(index) => draft.policy.given.workloads[index].name.value == *name,
                _ => false,
            },
        }
}

/// Reports a name behind which there is nobody, unless that follows from another finding.
pub(super) fn report_absent(draft: &mut Draft, pods: &Field<PodRef>, meant: &[CarrierId]) {
    let finding = match &pods.value {
        _ if !meant.is_empty() => return,
        PodRef::Service(service) | PodRef::Component { service, .. } if !planned(draft, service) => return,
        PodRef::Component { service, component } => unknown_component(draft, service, component),
        _ => None,
    };
    let finding = finding.unwrap_or_else(|| {
        Diagnostic::new(codes::RULE_WITHOUT_PODS, format!("`{}` names pods that are not there", pods.path))
            .help("name an enabled component (`lifeboat charts show CHART` lists them), or drop the rule")
    });
    draft.diagnostics.push(match pods.span {
        Some(span) => finding.at(span, "no such pods in this plan"),
        None => finding,
    });
}

/// Whether a service's chart is known; if not, that is told elsewhere.
fn planned(draft: &Draft, service: &str) -> bool {
    draft.services.iter().any(|plan| draft.policy.services[plan.index].name.value == service)
}

fn unknown_component(draft: &Draft, service: &str, component: &str) -> Option<Diagnostic> {
    let plan = draft.services.iter().find(|plan| draft.policy.services[plan.index].name.value == service)?;
    let of_chart = plan.edition.components.iter().filter(|(_, known)| known.place == Place::Chart);
    let custom = draft.policy.services[plan.index].components.iter().filter(|stated| stated.kind.is_some());
    let known: Vec<&str> = of_chart
        .map(|(name, _)| name.as_str())
        .chain(custom.map(|stated| stated.name.value.as_str()))
        .collect();
    if known.contains(&component) {
        return None;
    }
    let help = match did_you_mean(component, known.iter().copied()) {
        Some(near) => format!("did you mean `{service}/{near}`?"),
        None => format!("it has {}", quoted_list(known.iter().copied())),
    };
    let message = format!("service `{service}` has no component `{component}`");
    Some(Diagnostic::new(codes::UNKNOWN_COMPONENT, message).help(help))
}

//! What an operator is told about the containers that it adds is what was proved: the pods are not in a render,
//! but the operator's arguments are.

use super::Finding;
use super::examine::finding;
use crate::catalogue::Target;
use crate::diag::codes::verify as codes;
use crate::kube::{self, Resources};
use crate::manifest::{Object, RELOADER, Reloader};
use crate::plan::{Carrier, Owner, Plan};
use crate::rules::Found;

/// Findings on an operator's own object.
pub(super) fn check(plan: &Plan, operator: &Carrier, object: &Object) -> Vec<Finding> {
    let Owner::Component { service, .. } = &operator.owner else { return Vec::new() };
    let target = Target::Resources(RELOADER.to_owned());
    let of_service = |carrier: &&Carrier| {
        carrier.lasting() && matches!(&carrier.owner, Owner::Component { service: of, .. } if of == service)
    };
    let makes = plan.carriers.iter().filter(of_service);
    let Some((carrier, planned)) = makes.filter_map(|c| Some((c, c.field(&target)?))).next() else {
        return Vec::new();
    };
    let Some(reloader) = Reloader::of(object) else { return Vec::new() };
    let (Ok(planned), Ok(real)) =
        (kube::read::<Resources>(planned), kube::read::<Resources>(&reloader.resources))
    else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for resource in ["cpu", "memory"] {
        let of = |resources: &Resources| {
            resources.requests.get(resource).or_else(|| resources.limits.get(resource)).copied()
        };
        let (was, is) = (of(&planned), of(&real));
        if was == is {
            continue;
        }
        let said = |figure: Option<kube::Quantity>, nothing: &str| {
            figure.map_or_else(|| nothing.to_owned(), |quantity| quantity.to_string())
        };
        let message = format!(
            "gives the container `{RELOADER}` of its pods a request of {} {resource}; the plan says {}",
            said(is, "no"),
            said(was, "none")
        );
        let mut found = Found::new(codes::REQUESTS_DIFFER, &[] as &[&str], message)
            .note("the proof rests on the plan's figure")
            .policy(carrier.span)
            .help("pass the overlay as the last values file");
        found.why = carrier.fields.get(&target).map(|decision| decision.value.why);
        let origin = Some(object.at(&reloader.path));
        findings.push(finding(plan, &object.title(), Some(&plan.display(operator)), found, origin));
    }
    findings
}

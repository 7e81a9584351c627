//! Requests: every container of a ranked pod has them, and they are those that were proved.

use std::collections::BTreeMap;

use super::{Found, Subject};
use crate::catalogue::Target;
use crate::diag::{Severity, codes::verify as codes};
use crate::kube::{Container, Quantity, ResourceList, Resources};
use crate::plan::{Carrier, Owner};
use crate::why::Why;

pub(super) fn check(subject: Subject<'_>, found: &mut Vec<Found>) {
    let pod = subject.pod();
    let planned = planned(subject);
    for (n, container) in pod.containers.iter().enumerate() {
        let path = ["containers".to_owned(), n.to_string(), "resources".to_owned()];
        let (wanted, why) = match planned.get(container.name.as_str()) {
            Some((wanted, why)) => (Some(wanted), *why),
            None => (None, None),
        };
        let mut missing = Vec::new();
        for resource in ["cpu", "memory"] {
            let wanted = wanted.and_then(|wanted| request(wanted, resource));
            let real = request(&container.resources, resource);
            match (wanted, real) {
                (Some(wanted), Some(real)) if wanted != real => {
                    let mut finding = Found::new(
                        codes::REQUESTS_DIFFER,
                        &path,
                        format!(
                            "container `{}` requests {real} {resource}; the plan says {wanted}",
                            container.name
                        ),
                    )
                    .note("the proof rests on the plan's figure")
                    .policy(subject.carrier.and_then(|carrier| carrier.span));
                    finding.why = reason(subject, &container.name, resource).or(why);
                    found.push(finding);
                }
                (_, None) => missing.push(resource),
                _ => {}
            }
        }
        report_missing(subject, container, &path, &missing, why, found);
    }
}

fn report_missing(
    subject: Subject<'_>,
    container: &Container,
    path: &[String],
    missing: &[&str],
    why: Option<Why>,
    found: &mut Vec<Found>,
) {
    let packaged = matches!(subject.carrier, Some(carrier) if carrier.owner == Owner::Packaged);
    if missing.is_empty() || packaged {
        return;
    }
    let severity = match subject.carrier {
        Some(carrier) if carrier.transient => Severity::Note,
        Some(_) if subject.ranked().is_some() => Severity::Error,
        _ => Severity::Warning,
    };
    let message = format!("container `{}` requests no {}", container.name, missing.join(" and no "));
    let mut finding = Found::new(codes::REQUESTS_MISSING, path, message)
        .severity(severity)
        .note("the scheduler evicts for requests only, and the kernel kills first who requests nothing")
        .policy(subject.carrier.and_then(|carrier| carrier.span));
    finding.why = why;
    found.push(finding);
}

type Planned<'a> = BTreeMap<&'a str, (Resources, Option<Why>)>;

/// Whether the plan knows the containers by name. Of a workload by hand it knows the pod only.
pub(super) fn named(carrier: &Carrier) -> bool {
    !matches!(carrier.owner, Owner::Workload(_))
}

/// What the plan says of each container.
fn planned<'a>(subject: Subject<'a>) -> Planned<'a> {
    let mut planned = BTreeMap::new();
    let Some(carrier) = subject.carrier else { return planned };
    if !named(carrier) {
        return planned;
    }
    for container in carrier.containers.iter() {
        let target = Target::Resources(container.clone());
        let Some(value) = carrier.field(&target) else { continue };
        let Ok(resources) = serde_json::from_value::<Resources>(value.clone()) else { continue };
        let why = carrier.fields.get(&target).map(|decision| decision.value.why);
        planned.insert(container.as_str(), (resources, why));
    }
    planned
}

/// The policy's line on this resource of a container, rather than on the first of them.
fn reason(subject: Subject<'_>, container: &str, resource: &str) -> Option<Why> {
    let decision = subject.carrier?.fields.get(&Target::Resources(container.to_owned()))?;
    let part = decision.parts.iter().find(|(path, _)| path.iter().eq(&["requests", resource]));
    part.map(|(_, why)| *why)
}

/// The request, or the limit where there is none, as the API server completes it.
fn request(resources: &Resources, name: &str) -> Option<Quantity> {
    let of = |list: &ResourceList| list.get(name).copied();
    of(&resources.requests).or_else(|| of(&resources.limits))
}

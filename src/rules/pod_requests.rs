//! What a pod requests as a whole is what was proved: init containers, containers that the plan does not
//! know, extended resources and overhead are room that it takes of a node, as NodeResourcesFit counts.

use std::collections::BTreeSet;

use super::requests::named;
use super::{Found, Subject};
use crate::cluster::KubernetesVersion;
use crate::diag::codes::verify as codes;
use crate::kube::{Container, PodSpec, Quantity};
use crate::plan::{Carrier, Owner, Plan};
use crate::policy;
use crate::scheduler::Requests;

pub(super) fn check(subject: Subject<'_>, found: &mut Vec<Found>) {
    let Some((carrier, proved)) = subject.counted() else { return };
    let real = subject.pod();
    let version = version(subject.plan);
    let (is, was) = (of(real.clone(), version), of(expected(carrier, proved, real), version));
    let differing: Vec<(&str, Quantity, Quantity)> = resources(&is, &was)
        .into_iter()
        .map(|resource| (resource, figure(&is, resource), figure(&was, resource)))
        .filter(|(_, is, was)| is != was)
        .filter(|(resource, is, _)| !(is.is_zero() && missing(real, resource)))
        .collect();
    if differing.is_empty() {
        return;
    }
    let unknown = Unknown::of(carrier, proved, real);
    for (resource, is, was) in differing {
        let message = if was.is_zero() {
            format!("requests {is} {resource} for a pod; the plan counts none")
        } else {
            format!("requests {is} {resource} for a pod; the plan says {was}")
        };
        let mut finding = Found::new(codes::REQUESTS_DIFFER, &unknown.path, message)
            .note("the proof rests on the plan's figure")
            .policy(line(subject, carrier, resource));
        finding.notes.extend(unknown.notes.iter().cloned());
        found.push(finding.help(help(carrier)));
    }
}

/// Whether a container requests none of it, which a rule of its own tells.
fn missing(pod: &PodSpec, resource: &str) -> bool {
    matches!(resource, "cpu" | "memory")
        && pod.containers.iter().any(|c| {
            !c.resources.requests.contains_key(resource) && !c.resources.limits.contains_key(resource)
        })
}

fn help(carrier: &Carrier) -> &'static str {
    match carrier.owner {
        Owner::Workload(_) => "state under `requests` what one pod requests, all its containers together",
        _ => "take it out of the values, or the proof is not about these pods",
    }
}

/// The planned pod with what is told container by container taken as it is.
fn expected(carrier: &Carrier, proved: &PodSpec, real: &PodSpec) -> PodSpec {
    let mut expected = proved.clone();
    if named(carrier) {
        for planned in &mut expected.containers {
            let Some(container) = real.containers.iter().find(|c| c.name == planned.name) else { continue };
            for resource in ["cpu", "memory"] {
                let lists = [
                    (&mut planned.resources.requests, &container.resources.requests),
                    (&mut planned.resources.limits, &container.resources.limits),
                ];
                for (planned, real) in lists {
                    match real.get(resource) {
                        Some(figure) => drop(planned.insert(resource.to_owned(), *figure)),
                        None => drop(planned.remove(resource)),
                    }
                }
            }
        }
    }
    // A custom resource does not show all containers of the pods that its operator makes.
    if carrier.kind != carrier.runs_as {
        let there = |list: &[Container], container: &Container| list.iter().any(|c| c.name == container.name);
        expected.containers.retain(|container| there(&real.containers, container));
        expected.init_containers.retain(|container| there(&real.init_containers, container));
    }
    expected
}

/// The policy's version of Kubernetes.
pub(super) fn version(plan: &Plan) -> KubernetesVersion {
    format!("1.{}", plan.policy.cluster.minor.value).parse().unwrap_or_default()
}

/// Effective requests, limits standing for requests as the API server completes them.
pub(super) fn of(mut pod: PodSpec, version: KubernetesVersion) -> Requests {
    for container in pod.containers.iter_mut().chain(&mut pod.init_containers) {
        for (name, limit) in &container.resources.limits {
            container.resources.requests.entry(name.clone()).or_insert(*limit);
        }
    }
    Requests::of(&pod, version)
}

fn resources<'a>(is: &'a Requests, was: &'a Requests) -> BTreeSet<&'a str> {
    let scalar = is.scalar.keys().chain(was.scalar.keys()).map(String::as_str);
    ["cpu", "memory", "ephemeral-storage"].into_iter().chain(scalar).collect()
}

fn figure(requests: &Requests, resource: &str) -> Quantity {
    match resource {
        "cpu" => Quantity::from_milli(requests.milli_cpu),
        "memory" => Quantity::from_bytes(requests.memory),
        "ephemeral-storage" => Quantity::from_bytes(requests.ephemeral_storage),
        scalar => Quantity::from_units(requests.scalar.get(scalar).copied().unwrap_or(0)),
    }
}

/// The containers that the plan does not know: where the first of them stands, and a note on each.
struct Unknown {
    path: Vec<String>,
    notes: Vec<String>,
}

impl Unknown {
    fn of(carrier: &Carrier, proved: &PodSpec, real: &PodSpec) -> Self {
        let mut unknown = Self { path: vec!["containers".to_owned()], notes: Vec::new() };
        // Nor does it know those of a workload by hand, and does not have to.
        if !named(carrier) {
            return unknown;
        }
        let lists = [
            ("containers", "container", &real.containers, &proved.containers),
            ("initContainers", "init container", &real.init_containers, &proved.init_containers),
        ];
        for (key, word, real, proved) in lists {
            for (n, container) in real.iter().enumerate() {
                if proved.iter().any(|planned| planned.name == container.name) {
                    continue;
                }
                if unknown.notes.is_empty() {
                    unknown.path = vec![key.to_owned(), n.to_string()];
                }
                unknown.notes.push(format!("the plan knows no {word} `{}`", container.name));
            }
        }
        unknown
    }
}

/// The policy's line on the resource, or on the carrier.
fn line(subject: Subject<'_>, carrier: &Carrier, resource: &str) -> Option<crate::source::Span> {
    let stated = match carrier.owner {
        Owner::Workload(index) => {
            let policy::Resources { cpu, memory, .. } = &subject.plan.policy.workloads[index].requests;
            match resource {
                "cpu" => cpu.as_ref().and_then(|field| field.span),
                "memory" => memory.as_ref().and_then(|field| field.span),
                _ => None,
            }
        }
        _ => None,
    };
    stated.or(carrier.span)
}

//! Services that were rendered, or installed, under another name or in another namespace than the policy's:
//! nothing of them is held against the plan, and nobody would notice.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::examine::finding;
use super::record::Record;
use crate::diag::codes::verify as codes;
use crate::kube::LabelSet;
use crate::plan::{Owner, Plan};
use crate::rules::Found;

/// One finding for each service that is not in the input, but whose double is.
pub(super) fn check(plan: &Plan, records: &[Record]) -> Vec<Finding> {
    let present: BTreeSet<usize> = records
        .iter()
        .filter_map(|record| match &plan.carrier(record.carrier()?).owner {
            Owner::Component { service, .. } | Owner::Custom { service, .. } => Some(*service),
            _ => None,
        })
        .collect();
    let mut doubles: BTreeMap<usize, Vec<&Record>> = BTreeMap::new();
    for record in records {
        if let Some(service) = record.looks_like().filter(|service| !present.contains(service)) {
            doubles.entry(service).or_default().push(record);
        }
    }
    doubles.into_iter().filter_map(|(service, records)| double(plan, service, &records)).collect()
}

fn double(plan: &Plan, service: usize, records: &[&Record]) -> Option<Finding> {
    let policy = &plan.policy.services[plan.services[service].index];
    let first = records.first()?;
    let workloads = if records.len() == 1 {
        "1 workload looks".to_owned()
    } else {
        format!("{} workloads look", records.len())
    };
    let namespace = &policy.namespace;
    let (message, span) = if first.namespace.is_empty() || *first.namespace == *namespace.value {
        let is = match first.labels.label("app.kubernetes.io/instance") {
            Some(release) if release != policy.release.value => format!("of release `{release}`"),
            _ => "by another name".to_owned(),
        };
        let message = format!(
            "{workloads} like service `{}`, but {is} instead of release `{}`",
            policy.name.value, policy.release.value
        );
        (message, policy.release.span)
    } else {
        let message = format!(
            "{workloads} like service `{}`, but in namespace `{}` instead of `{}`",
            policy.name.value, first.namespace, namespace.value
        );
        (message, namespace.span)
    };
    let help = format!(
        "render it as `helm template {} … --namespace {}`, or correct the policy",
        policy.release.value, namespace.value
    );
    let found = Found::new(codes::SERVICE_ELSEWHERE, &[] as &[&str], message)
        .policy(span.or(policy.name.span))
        .note("nothing of it was held against the plan")
        .help(help);
    let mut finding = finding(plan, "", Some(&policy.name.value), found, Some(first.origin.clone()));
    finding.target.clone_from(&policy.name.value);
    finding.diagnostic.message = finding.diagnostic.message.trim_start().to_owned();
    Some(finding)
}

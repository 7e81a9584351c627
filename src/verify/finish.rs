//! Rules about the whole input.

use std::collections::{BTreeMap, BTreeSet};

use super::examine::{Held, finding};
use super::record::Record;
use super::told::Fate;
use super::whole::Whole;
use super::{Answer, Finding, Report, Verdict, allow, elsewhere};
use crate::cluster::WorkloadKind;
use crate::diag::{Diagnostic, codes::manifest as manifest_codes, codes::verify as codes};
use crate::manifest::Origin;
use crate::plan::{Carrier, CarrierId, Owner, Plan};
use crate::rules::{Found, classes, nodes, pdb, selectors, strangers};

/// Everything that needs all objects, and the answers.
pub(super) fn finish(mut all: Whole<'_>) -> Report {
    let plan = all.plan;
    drop_owned(&mut all.records);
    let mut report = Report { counts: all.counts.clone(), broken: all.broken, ..Report::default() };
    let mut findings = std::mem::take(&mut all.findings);
    if all.counts.objects == 0 && all.counts.skipped.is_empty() && !all.broken {
        report.broken = true;
        findings.push(whole(
            "input",
            Diagnostic::new(manifest_codes::NO_OBJECTS, "the input holds no Kubernetes object"),
        ));
    }
    whole_rules(plan, &mut all);
    for record in &mut all.records {
        findings.append(&mut record.take());
    }
    let mut late = twice(plan, &all.records);
    late.extend(crowded(plan, &mut all));
    late.extend(class_order(plan, &all.classes));
    late.extend(budgets(plan, &all));
    late.extend(absent_nodes(plan, &all));
    late.extend(not_rendered(plan, &all.records));
    late.extend(elsewhere::check(plan, &all.records));
    all.told.retain(&mut late);
    findings.append(&mut late);
    findings.extend(all.told.rest());
    findings.extend(forgotten(&all));
    sort(&mut findings);
    allow::apply(&plan.policy, &mut findings, all.told.used());
    report.unlisted = all.crowd.answers();
    report.verdicts = verdicts(plan, all.records, &findings);
    report.findings = findings;
    report
}

pub(super) fn whole(target: &str, diagnostic: Diagnostic) -> Finding {
    Finding {
        diagnostic,
        target: target.to_owned(),
        component: None,
        origin: None,
        policy_path: String::new(),
        allowed: None,
    }
}

/// What was not held against the whole, because there is too much of it.
fn forgotten(all: &Whole<'_>) -> Option<Finding> {
    let (workloads, further) = all.crowd.size();
    let (classes, budgets) = (all.forgotten.classes, all.forgotten.budgets);
    let parts = [
        (workloads, "workload", "workloads", "not looked for twice, among budgets and in affinity terms"),
        (further, "class of them", "classes of them", "not looked for"),
        (classes, "priority class", "priority classes", "not held against workloads"),
        (budgets, "disruption budget", "disruption budgets", "not held against workloads"),
    ];
    let part = |(n, one, many, what): &(usize, &str, &str, &str)| {
        (*n > 0).then(|| format!("{n} {} {what}", if *n == 1 { one } else { many }))
    };
    let told: Vec<String> = parts.iter().filter_map(part).collect();
    if told.is_empty() {
        return None;
    }
    let message = format!("the input is larger than what is remembered of it: {}", told.join("; "));
    let help = "verify it in parts, such as one namespace at a time";
    Some(whole("input", Diagnostic::new(codes::INPUT_FORGOTTEN, message).help(help)))
}

/// Classes of workloads that are not remembered one by one, told with the first of each kind.
fn crowded(plan: &Plan, all: &mut Whole<'_>) -> Vec<Finding> {
    let input: BTreeSet<&str> = all.classes.iter().map(|held| held.value.metadata.name.as_str()).collect();
    let values: BTreeMap<&str, i32> =
        all.classes.iter().map(|held| (held.value.metadata.name.as_str(), held.value.value)).collect();
    let all_classes = all.forgotten.classes == 0;
    let mut findings = Vec::new();
    for (kind, group) in &mut all.crowd.groups {
        let missing = all_classes && !classes::exists(plan, &input, &kind.class);
        let found = missing.then(|| classes::unknown(&kind.class)).or_else(|| {
            let stranger = || strangers::check(plan, &values, &kind.namespace, &kind.class);
            kind.foreign.then(stranger).flatten()
        });
        let Some(mut found) = found else { continue };
        if group.size() > 1 {
            found = found.note(format!("so do {} more in its namespace", group.size() - 1));
        }
        let finding = finding(plan, &group.title, None, found, Some(group.origin.clone()));
        if finding.fails() && allow::covering(&plan.policy, &finding).is_none() {
            group.violate();
        }
        findings.push(finding);
    }
    findings
}

/// By file in the order of the input is how they come; within a file by line. What has no place is last.
fn sort(findings: &mut [Finding]) {
    let mut files: BTreeMap<std::sync::Arc<str>, usize> = BTreeMap::new();
    for origin in findings.iter().filter_map(|finding| finding.origin.as_ref()) {
        let next = files.len();
        files.entry(origin.file.clone()).or_insert(next);
    }
    findings.sort_by_key(|finding| match &finding.origin {
        Some(origin) => (0, files.get(&origin.file).copied().unwrap_or(0), origin.at.line, origin.at.column),
        None => (1, 0, 0, 0),
    });
}

/// In a dump, pods and their controllers stand side by side; what a controller of the input made is not
/// asked again.
fn drop_owned(records: &mut Vec<Record>) {
    // Only what may be somebody's owner is asked for.
    if records.iter().all(|record| record.owner().is_none()) {
        return;
    }
    let present: BTreeSet<(&str, &str, &str)> = records
        .iter()
        .map(|record| (&*record.object_kind, &*record.namespace, record.object_name()))
        .collect();
    let made = |record: &Record| {
        let Some((kind, name)) = record.owner() else { return false };
        let has = |kind: &str, name: &str| present.contains(&(kind, &*record.namespace, name));
        // A Deployment's ReplicaSet is its name and a hash, a CronJob's Job its name and a time.
        let grandparent = name.rsplit_once('-').map(|(stem, _)| stem);
        let made_by = match kind.as_str() {
            "ReplicaSet" => grandparent.is_some_and(|stem| has("Deployment", stem)),
            "Job" => grandparent.is_some_and(|stem| has("CronJob", stem)),
            _ => false,
        };
        made_by || has(kind, name)
    };
    let mut keep: Vec<bool> = records.iter().map(|record| !made(record)).collect();
    let mut keep = keep.drain(..);
    records.retain(|_| keep.next().unwrap_or(true));
}

/// Classes that do not exist, and selectors.
fn whole_rules(plan: &Plan, all: &mut Whole<'_>) {
    let input: BTreeSet<&str> = all.classes.iter().map(|held| held.value.metadata.name.as_str()).collect();
    let values: BTreeMap<&str, i32> =
        all.classes.iter().map(|held| (held.value.metadata.name.as_str(), held.value.value)).collect();
    // A class may be among those that are not remembered.
    let all_classes = all.forgotten.classes == 0;
    let planned = unseen(plan, &all.records);
    // Only terms ask for them.
    let asked = all.records.iter().any(|record| !record.terms().is_empty());
    let targets = if asked { targets(&planned, &all.records) } else { Vec::new() };
    let mut found_in = Vec::new();
    for (at, record) in all.records.iter().enumerate() {
        let component = record.carrier().map(|id| plan.display(plan.carrier(id)));
        let mut tell = |found, origin: Option<&Origin>| {
            let origin = origin.cloned();
            found_in.push((at, finding(plan, &record.to_string(), component.as_deref(), found, origin)));
        };
        if all_classes && !classes::exists(plan, &input, &record.class) {
            tell(classes::unknown(&record.class), record.class_origin());
        }
        if component.is_none()
            && let Some(found) = strangers::check(plan, &values, &record.namespace, &record.class)
        {
            tell(found, record.class_origin());
        }
        let daemon = record.kind == WorkloadKind::DaemonSet;
        for (term, origin) in record.terms() {
            if let Some(found) = selectors::check(term, &record.namespace, daemon, &targets) {
                tell(found, Some(origin));
            }
        }
    }
    for (at, finding) in found_in {
        match all.told.admit(&finding) {
            Fate::Told => all.records[at].extend([finding]),
            Fate::Counted { fails } => all.records[at].violates |= fails,
        }
    }
}

/// Planned carriers that the input does not have, with the names that findings give them.
fn unseen<'a>(plan: &'a Plan, records: &[Record]) -> Vec<(String, &'a Carrier)> {
    let seen: BTreeSet<CarrierId> = records.iter().filter_map(Record::carrier).collect();
    let planned = plan.carrier_ids().filter(|(id, carrier)| carrier.enabled.value && !seen.contains(id));
    let named = |(_, carrier): (CarrierId, &'a Carrier)| {
        (format!("{} {}/{}", carrier.runs_as, carrier.namespace, carrier.workload), carrier)
    };
    planned.map(named).collect()
}

/// All pods that a term can match: the input's, and the plan's that the input does not have.
fn targets<'a>(planned: &'a [(String, &'a Carrier)], records: &'a [Record]) -> Vec<selectors::Target<'a>> {
    let planned = planned.iter().map(|(title, carrier)| selectors::Target {
        title,
        namespace: &carrier.namespace,
        labels: &carrier.labels,
        daemon: carrier.runs_as == "DaemonSet",
    });
    let rendered = records.iter().map(|record| selectors::Target {
        title: record,
        namespace: &record.namespace,
        labels: &record.labels,
        daemon: record.kind == WorkloadKind::DaemonSet,
    });
    rendered.chain(planned).collect()
}

/// Objects that are there twice: each but the first is told. Names are compared where they lie, because a stream may
/// hold a hundred thousand.
fn twice(plan: &Plan, records: &[Record]) -> Vec<Finding> {
    let key = |at: &usize| {
        let record = &records[*at];
        (&*record.object_kind, &*record.namespace, &*record.name)
    };
    let mut order: Vec<usize> = (0..records.len()).filter(|at| !records[*at].name.is_empty()).collect();
    order.sort_by(|a, b| key(a).cmp(&key(b)));
    let same = order.chunk_by(|a, b| key(a) == key(b));
    let told = same.flat_map(|same| same[1..].iter().map(|again| (&records[same[0]], &records[*again])));
    told.map(|(first, again)| {
        let message = format!("is in the input twice; the first is at {}", first.origin);
        let found = Found::new(codes::OBJECT_TWICE, &[] as &[&str], message);
        finding(plan, &again.to_string(), None, found, Some(again.origin.clone()))
    })
    .collect()
}

fn class_order(plan: &Plan, held: &[Held<crate::kube::PriorityClass>]) -> Vec<Finding> {
    let all: Vec<_> = held.iter().map(|held| &held.value).collect();
    let order = classes::order(plan, &all).into_iter();
    let told = order.filter_map(|(class, found)| {
        let held = held.iter().find(|held| std::ptr::eq(&held.value, class))?;
        Some(finding(plan, &held.title, None, found, Some(held.origin.clone())))
    });
    told.collect()
}

fn budgets(plan: &Plan, all: &Whole<'_>) -> Vec<Finding> {
    let mut guarded: BTreeMap<&str, Vec<pdb::Guarded<'_>>> = BTreeMap::new();
    let lasting = |kind| !matches!(kind, WorkloadKind::DaemonSet | WorkloadKind::Job | WorkloadKind::CronJob);
    let asked = all.records.iter().filter(|_| !all.budgets.is_empty());
    for record in asked.filter(|record| lasting(record.kind)) {
        guarded.entry(&record.namespace).or_default().push(pdb::Guarded {
            title: record,
            namespace: &record.namespace,
            labels: &record.labels,
            replicas: record.replicas,
        });
    }
    let check = |held: &Held<crate::kube::PodDisruptionBudget>| {
        let mut budget = held.value.clone();
        if !held.placed {
            // Rendered without a namespace: it is installed where its workloads are.
            let selector = budget.spec.selector.as_ref()?;
            let near = guarded.values().flatten().find(|w| selector.matches_set(w.labels))?;
            budget.metadata.namespace = near.namespace.to_owned();
        }
        let found = pdb::check(&budget, guarded.get(budget.metadata.namespace())?)?;
        Some(finding(plan, &held.title, None, found, Some(held.origin.clone())))
    };
    all.budgets.iter().filter_map(check).collect()
}

/// Planned nodes that the input does not have. Without any Node it is a render, and says nothing about them.
fn absent_nodes(plan: &Plan, all: &Whole<'_>) -> Vec<Finding> {
    let absent = plan.nodes.iter().filter(|planned| all.any_node && !all.nodes.contains(&planned.name));
    absent.map(|planned| finding(plan, "cluster:", None, nodes::missing(plan, planned), None)).collect()
}

/// Planned components of a service that was rendered without them.
fn not_rendered(plan: &Plan, records: &[Record]) -> Vec<Finding> {
    let seen: BTreeSet<CarrierId> = records.iter().filter_map(Record::carrier).collect();
    let service = |owner: &Owner| match owner {
        Owner::Component { service, .. } => Some(*service),
        _ => None,
    };
    let rendered: BTreeSet<usize> = seen.iter().filter_map(|id| service(&plan.carrier(*id).owner)).collect();
    let missing = plan.carrier_ids().filter(|(id, carrier)| {
        carrier.lasting()
            && !seen.contains(id)
            && service(&carrier.owner).is_some_and(|s| rendered.contains(&s))
    });
    missing
        .map(|(_, carrier)| {
            let display = plan.display(carrier);
            let message = format!(
                "is planned as {} {}/{}, but was not rendered",
                carrier.kind, carrier.namespace, carrier.name
            );
            let found = Found::new(codes::COMPONENT_NOT_RENDERED, &[] as &[&str], message)
                .why(carrier.enabled.why)
                .policy(carrier.span);
            finding(plan, &display, Some(&display), found, None)
        })
        .collect()
}

fn verdicts(plan: &Plan, records: Vec<Record>, findings: &[Finding]) -> Vec<Verdict> {
    let failed: BTreeSet<&str> = findings.iter().filter(|f| f.fails()).map(|f| f.target.as_str()).collect();
    records
        .into_iter()
        .map(|record| {
            let component = record.carrier().map(|id| plan.display(plan.carrier(id)));
            let title = record.to_string();
            let answer: Answer = record.answer(record.violates || failed.contains(title.as_str()));
            Verdict { title, component, origin: record.origin, answer }
        })
        .collect()
}

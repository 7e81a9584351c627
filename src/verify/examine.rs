//! What can be said about an object while its document is at hand.

use std::collections::BTreeMap;

use serde_json::Value;

use super::matching::{Index, Match};
use super::{Finding, application};
use crate::cluster::{Cluster, KubernetesVersion, Workload, WorkloadKind};
use crate::diag::{Diagnostic, Severity, codes::manifest as manifest_codes, codes::verify as codes};
use crate::kube::{Labels, Node, PodDisruptionBudget, PriorityClass};
use crate::manifest::{self, Object, Origin, Outcome, Role};
use crate::plan::{CarrierId, Plan};
use crate::rules::{self, Found, Subject, selectors::Term};

/// A workload, in the few words that rules about the whole need.
pub(super) struct Record {
    pub(super) title: String,
    /// Kind and name of the object as it was read; the workload's own may differ (`Prometheus`).
    pub(super) object: (String, String),
    pub(super) kind: WorkloadKind,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) labels: Labels,
    pub(super) replicas: i32,
    pub(super) class: String,
    pub(super) class_origin: Origin,
    pub(super) terms: Vec<(Term, Origin)>,
    pub(super) matched: Match,
    /// Kind and name of the controller that made it.
    pub(super) owner: Option<(String, String)>,
    pub(super) origin: Origin,
    pub(super) findings: Vec<Finding>,
    /// The API would refuse it: its fields are empty.
    pub(super) unread: bool,
}

/// An object of the cluster itself.
pub(super) struct Held<T> {
    pub(super) value: T,
    pub(super) object: Object,
}

/// What was made of one outcome of reading.
#[derive(Default)]
pub(super) struct Examined {
    pub(super) records: Vec<Record>,
    pub(super) classes: Vec<Held<PriorityClass>>,
    pub(super) budgets: Vec<Held<PodDisruptionBudget>>,
    pub(super) nodes: Vec<Held<Node>>,
    pub(super) findings: Vec<Finding>,
    pub(super) counts: manifest::Counts,
    pub(super) broken: bool,
    /// Findings that are no errors, on workloads that the policy does not name: how many by code.
    pub(super) foreign: BTreeMap<&'static str, usize>,
}

/// Such findings that are told one by one; a stream of a hundred thousand strangers is told in a number.
pub(super) const MOST_FOREIGN: usize = 1_000;

impl Examined {
    pub(super) fn append(&mut self, mut next: Examined) {
        for record in next.records.iter_mut().filter(|record| record.matched == Match::Foreign) {
            record.findings.retain(|finding| {
                if finding.diagnostic.severity == Severity::Error {
                    return true;
                }
                let count = self.foreign.entry(finding.diagnostic.code.name()).or_default();
                *count += 1;
                *count <= MOST_FOREIGN
            });
        }
        self.records.append(&mut next.records);
        self.classes.append(&mut next.classes);
        self.budgets.append(&mut next.budgets);
        self.nodes.append(&mut next.nodes);
        self.findings.append(&mut next.findings);
        self.counts.add(&next.counts);
        self.broken |= next.broken;
    }
}

/// Examines everything that one chunk held.
pub(super) fn examine(plan: &Plan, index: &Index<'_>, outcome: Outcome) -> Examined {
    let mut out = Examined { counts: outcome.counts, ..Examined::default() };
    for refusal in outcome.refused {
        out.broken = true;
        let mut diagnostic = Diagnostic::new(manifest_codes::UNREADABLE_DOCUMENT, refusal.message);
        diagnostic.help = refusal.help;
        out.findings.push(Finding {
            diagnostic,
            target: format!("document {}", refusal.origin.document),
            component: None,
            origin: Some(refusal.origin),
            policy_path: String::new(),
            allowed: None,
        });
    }
    for (origin, title, duplicate) in outcome.duplicates {
        let found = duplicate_key(&duplicate.path, duplicate.first.line).severity(Severity::Warning);
        out.findings.push(finding(plan, &title, None, found, Some(origin)));
    }
    for object in outcome.objects {
        object_of(plan, index, object, &mut out);
    }
    out
}

fn duplicate_key(path: &[String], first: u32) -> Found {
    let key = path.last().map_or("", String::as_str);
    Found::new(codes::DUPLICATE_KEY, &[] as &[&str], format!("has the key `{key}` twice"))
        .note(format!("line {first} is ignored: Helm and kubectl keep the last one"))
}

fn object_of(plan: &Plan, index: &Index<'_>, object: Object, out: &mut Examined) {
    let title = object.title();
    for duplicate in &object.duplicates {
        let found = duplicate_key(&duplicate.path, duplicate.first.line);
        let origin = Origin { at: duplicate.second, ..object.at(&duplicate.path) };
        out.findings.push(finding(plan, &title, None, found, Some(origin)));
    }
    match manifest::role(&object.api_version, &object.kind) {
        Some(Role::Carrier | Role::OperatorCarrier) => carrier(plan, index, &object, out),
        Some(Role::Application) => out.findings.extend(application::check(plan, &object)),
        Some(Role::Cluster) => cluster_object(plan, object, out),
        Some(Role::List) | None => {}
    }
}

fn wrong_types(plan: &Plan, object: &Object, component: Option<&str>) -> Vec<Finding> {
    let pod = manifest::pod_spec_path(object);
    let wrong = rules::types::check(&object.tree, &pod);
    let finding = |wrong: rules::types::WrongType| {
        let key = wrong.path.last().map_or("", String::as_str);
        let message = format!("has {} at `{key}`, where the API wants {}", wrong.is, wrong.wants);
        let found = Found::new(codes::WRONG_API_TYPE, &[] as &[&str], message)
            .help("quote the value in the values file");
        finding(plan, &object.title(), component, found, Some(object.at(&wrong.path)))
    };
    wrong.into_iter().map(finding).collect()
}

fn carrier(plan: &Plan, index: &Index<'_>, object: &Object, out: &mut Examined) {
    let mut types = wrong_types(plan, object, None);
    let typed_well = types.is_empty();
    for native in manifest::native(object) {
        match read(&native) {
            Ok(Some(workload)) => {
                let mut record = record(plan, index, object, workload);
                record.findings.splice(0..0, std::mem::take(&mut types));
                out.records.push(record);
            }
            Ok(None) => {}
            Err((path, message)) => {
                let mut record = unread(index, object);
                record.findings.append(&mut types);
                // What the rule on types found already need not be said twice.
                if typed_well {
                    let path: Vec<&str> =
                        path.split(['.', '[', ']']).filter(|step| !step.is_empty()).collect();
                    let message = format!("is not what the API takes for a {}: {message}", object.kind);
                    let found = Found::new(codes::WRONG_API_TYPE, &[] as &[&str], message);
                    record.findings.push(finding(plan, &record.title, None, found, Some(object.at(&path))));
                }
                out.records.push(record);
            }
        }
    }
}

/// The native workload, `None` for pods that have ended, or path and message of what is wrong.
fn read(native: &Value) -> Result<Option<Workload>, (String, String)> {
    let mut reading = Cluster::from_objects(KubernetesVersion::default(), [native]);
    if let Some(error) = reading.errors.pop() {
        return Err((error.error.path, error.error.message));
    }
    if let Some(workload) = reading.cluster.workloads.pop() {
        return Ok(Some(workload));
    }
    // A pod, or a ReplicaSet that a Deployment made.
    let pod = reading.cluster.pods.pop();
    Ok(pod.map(|pod| Workload {
        kind: WorkloadKind::Pod,
        namespace: pod.metadata.namespace().to_owned(),
        name: pod.metadata.name.clone(),
        replicas: 1,
        template: crate::kube::PodTemplateSpec { metadata: pod.metadata, spec: pod.spec },
        ..Workload::default()
    }))
}

fn record(plan: &Plan, index: &Index<'_>, object: &Object, mut workload: Workload) -> Record {
    let matched = index.find(object, &workload);
    let carrier = if let Match::Carrier(id) = matched { Some(plan.carrier(id)) } else { None };
    if let (true, Some(carrier)) = (object.namespace.is_empty(), carrier) {
        workload.namespace.clone_from(&carrier.namespace);
    }
    let title = object.title();
    let component = carrier.map(|carrier| plan.display(carrier));
    let pod = manifest::pod_spec_path(object);
    let at = |path: &[String]| {
        let mut full: Vec<&str> = pod.clone();
        full.extend(path.iter().map(String::as_str));
        object.at(&full)
    };
    let mut findings: Vec<Finding> = rules::workload(Subject { plan, carrier, workload: &workload })
        .into_iter()
        .map(|found| {
            let origin = at(&found.path);
            finding(plan, &title, component.as_deref(), found, Some(origin))
        })
        .collect();
    findings.extend(unplanned(plan, matched, object));
    // Of workloads that the policy does not rank, their own terms are their own business.
    let ranked = carrier.is_some_and(|carrier| carrier.tier.is_some());
    let affinity = workload.template.spec.affinity.as_ref().filter(|_| ranked);
    let terms = rules::selectors::terms(affinity).into_iter().map(|term| {
        let origin = at(&term.path);
        (term, origin)
    });
    let terms = terms.collect();
    let owners = object.tree.find(&["metadata", "ownerReferences"]).map_or(&[][..], |list| list.items());
    let owner = owners.iter().find_map(|owner| {
        let text = |key: &str| owner.get(key).and_then(|node| node.as_str()).map(str::to_owned);
        Some((text("kind")?, text("name")?))
    });
    Record {
        object: (object.kind.clone(), object.name.clone()),
        kind: workload.kind,
        class_origin: at(&["priorityClassName".to_owned()]),
        class: workload.template.spec.priority_class_name,
        namespace: workload.namespace,
        name: workload.name,
        labels: workload.template.metadata.labels,
        replicas: workload.replicas,
        terms,
        matched,
        owner,
        origin: object.origin.clone(),
        title,
        findings,
        unread: false,
    }
}

/// A workload that cannot be read: known by kind and name only.
fn unread(index: &Index<'_>, object: &Object) -> Record {
    let workload =
        Workload { namespace: object.namespace.clone(), name: object.name.clone(), ..Workload::default() };
    Record {
        title: object.title(),
        object: (object.kind.clone(), object.name.clone()),
        kind: workload.kind,
        matched: index.find(object, &workload),
        namespace: workload.namespace,
        name: workload.name,
        labels: Labels::new(),
        replicas: 0,
        class: String::new(),
        class_origin: object.origin.clone(),
        terms: Vec::new(),
        owner: None,
        origin: object.origin.clone(),
        findings: Vec::new(),
        unread: true,
    }
}

/// A workload of a service that the plan does not have, or has switched off.
fn unplanned(plan: &Plan, matched: Match, object: &Object) -> Option<Finding> {
    match matched {
        Match::Service(service) => {
            let service = &plan.policy.services[plan.services[service].index];
            let message = format!(
                "is of release `{}`, but chart `{}` has no such component in the catalogue",
                service.release.value, service.chart.value
            );
            let found = Found::new(codes::CARRIER_UNKNOWN, &[] as &[&str], message)
                .policy(service.version.span)
                .help("probe the chart at this version, or allow it with a reason");
            Some(finding(plan, &object.title(), None, found, Some(object.origin.clone())))
        }
        Match::Carrier(id) if !plan.carrier(id).enabled.value => {
            let carrier = plan.carrier(id);
            let display = plan.display(carrier);
            let found = Found::new(
                codes::COMPONENT_UNWANTED,
                &[] as &[&str],
                "is rendered, but the plan has switched it off",
            )
            .why(carrier.enabled.why)
            .help("pass the overlay as the last values file");
            Some(finding(plan, &object.title(), Some(&display), found, Some(object.origin.clone())))
        }
        Match::Carrier(_) | Match::Foreign => None,
    }
}

fn cluster_object(plan: &Plan, object: Object, out: &mut Examined) {
    let native = object.tree.to_json();
    let mut reading = Cluster::from_objects(KubernetesVersion::default(), [&native]);
    if let Some(error) = reading.errors.pop() {
        let path: Vec<&str> =
            error.error.path.split(['.', '[', ']']).filter(|step| !step.is_empty()).collect();
        let message = format!("is not what the API takes for a {}: {}", object.kind, error.error.message);
        let found = Found::new(codes::WRONG_API_TYPE, &[] as &[&str], message);
        out.findings.push(finding(plan, &object.title(), None, found, Some(object.at(&path))));
        return;
    }
    match object.kind.as_str() {
        "PriorityClass" => {
            out.classes.extend(reading.cluster.priority_classes.pop().map(|value| Held { value, object }));
        }
        "PodDisruptionBudget" => {
            out.budgets.extend(reading.cluster.pdbs.pop().map(|value| Held { value, object }));
        }
        "Node" => {
            if let Ok(value) = crate::kube::read::<Node>(&native) {
                out.nodes.push(Held { value, object });
            }
        }
        _ => {}
    }
}

/// A rule's finding about an object, with the place in the policy that it breaks.
pub(super) fn finding(
    plan: &Plan,
    title: &str,
    component: Option<&str>,
    found: Found,
    origin: Option<Origin>,
) -> Finding {
    let reason = found.why.map(|why| plan.ledger.get(why));
    let span = reason.and_then(|reason| reason.at).or(found.policy);
    let policy_path = reason.map(|reason| reason.path.clone()).unwrap_or_default();
    let mut diagnostic = Diagnostic::new(found.code, format!("{title} {}", found.message));
    diagnostic.severity = found.severity;
    diagnostic.notes = found.notes;
    diagnostic.help = found.help;
    if let Some(span) = span {
        let text = reason.map_or("the policy says so here", |reason| reason.rule.text());
        diagnostic = diagnostic.at(span, text);
    }
    Finding {
        diagnostic,
        target: title.to_owned(),
        component: component.map(str::to_owned),
        origin,
        policy_path,
        allowed: None,
    }
}

/// The carrier of a record.
pub(super) fn carrier_id(record: &Record) -> Option<CarrierId> {
    if let Match::Carrier(id) = record.matched { Some(id) } else { None }
}

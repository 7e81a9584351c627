//! What can be said about an object while its document is at hand.

use serde_json::Value;

use super::matching::{Index, Match};
use super::record::{Common, Rare, Record};
use super::{Finding, application, operator};
use crate::cluster::{Cluster, KubernetesVersion, Workload, WorkloadKind};
use crate::diag::{Diagnostic, Severity, codes::manifest as manifest_codes, codes::verify as codes};
use crate::kube::{Node, PodDisruptionBudget, PriorityClass};
use crate::manifest::{self, Object, Origin, Outcome, Role};
use crate::plan::Plan;
use crate::rules::{self, Found, Subject};

/// An object of the cluster itself, and what a finding on it needs.
pub(super) struct Held<T> {
    pub(super) value: T,
    pub(super) title: String,
    /// Whether it names its namespace.
    pub(super) placed: bool,
    /// Where the field stands that a finding on it is about.
    pub(super) origin: Origin,
}

impl<T> Held<T> {
    fn new(value: T, object: &Object, field: &[&str]) -> Self {
        Self { value, title: object.title(), placed: !object.namespace.is_empty(), origin: object.at(field) }
    }
}

/// What was made of one outcome of reading.
#[derive(Default)]
pub(super) struct Examined {
    pub(super) records: Vec<Record>,
    pub(super) classes: Vec<Held<PriorityClass>>,
    pub(super) budgets: Vec<Held<PodDisruptionBudget>>,
    /// Names of nodes.
    pub(super) nodes: Vec<String>,
    pub(super) findings: Vec<Finding>,
    pub(super) counts: manifest::Counts,
    pub(super) broken: bool,
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
    let message = match path {
        // What is confidential has no name here.
        [payload, key] if key.is_empty() => format!("has a key of its `{payload}` twice"),
        _ => format!("has the key `{}` twice", path.last().map_or("", String::as_str)),
    };
    Found::new(codes::DUPLICATE_KEY, &[] as &[&str], message)
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
        let found = Found::new(codes::WRONG_API_TYPE, &[] as &[&str], message).help(wrong.help());
        finding(plan, &object.title(), component, found, Some(object.at(&wrong.path)))
    };
    wrong.into_iter().map(finding).collect()
}

fn carrier(plan: &Plan, index: &Index<'_>, object: &Object, out: &mut Examined) {
    let mut types = wrong_types(plan, object, None);
    let typed_well = types.is_empty();
    let natives = manifest::native(object);
    let makes = natives.len();
    let mut first = true;
    for native in natives {
        match read(&native) {
            Ok(Some(workload)) => {
                let mut record = record(plan, index, object, workload);
                let own = record.take();
                // Of several workloads of one object, what it says is told with the first.
                if first {
                    record.extend(std::mem::take(&mut types));
                    record.extend(own);
                    record.extend(shards(plan, &record, object, makes));
                }
                first = false;
                out.records.push(record);
            }
            Ok(None) => {}
            Err((path, message)) => {
                let mut record = unread(index, object);
                record.extend(std::mem::take(&mut types));
                // What the rule on types found already need not be said twice.
                if typed_well {
                    let path: Vec<&str> =
                        path.split(['.', '[', ']']).filter(|step| !step.is_empty()).collect();
                    let message = format!("is not what the API takes for a {}: {message}", object.kind);
                    let found = Found::new(codes::WRONG_API_TYPE, &[] as &[&str], message);
                    record.extend([finding(plan, &object.title(), None, found, Some(object.at(&path)))]);
                }
                out.records.push(record);
            }
        }
    }
}

/// A custom resource that makes more workloads than the plan has carriers for it.
fn shards(plan: &Plan, record: &Record, object: &Object, makes: usize) -> Option<Finding> {
    if makes < 2 {
        return None;
    }
    let carrier = plan.carrier(record.carrier()?);
    let message = format!("makes {makes} StatefulSets (`shards`); the plan has one");
    let found = Found::new(codes::FIELD_DIFFERS, &[] as &[&str], message)
        .note("the proof counts the pods of the first only")
        .help("take `shards` out of the values")
        .policy(carrier.span);
    let origin = Some(object.at(&["spec", "shards"]));
    Some(finding(plan, &object.title(), Some(&plan.display(carrier)), found, origin))
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
    let at =
        |path: &[String], of_controller: bool| object.at(&manifest::path_of(object, path, of_controller));
    let proved = if let Match::Carrier(id) = matched { index.proved(id) } else { None };
    let mut findings: Vec<Finding> = rules::workload(Subject { plan, carrier, proved, workload: &workload })
        .into_iter()
        .map(|found| {
            let origin = at(&found.path, found.of_controller);
            finding(plan, &title, component.as_deref(), found, Some(origin))
        })
        .collect();
    if let Some(carrier) = carrier.filter(|carrier| carrier.lasting()) {
        findings.extend(operator::check(plan, carrier, object));
    }
    findings.extend(unplanned(plan, matched, object));
    // Of workloads that the policy does not rank, their own terms are their own business.
    let ranked = carrier.is_some_and(|carrier| carrier.tier.is_some());
    let affinity = workload.template.spec.affinity.as_ref().filter(|_| ranked);
    let terms = rules::selectors::terms(affinity).into_iter().map(|term| {
        let origin = at(&term.path, false);
        (term, origin)
    });
    let terms = terms.collect();
    let owners = object.tree.find(&["metadata", "ownerReferences"]).map_or(&[][..], |list| list.items());
    let owner = owners.iter().find_map(|owner| {
        let text = |key: &str| owner.get(key).and_then(|node| node.as_str()).map(str::to_owned);
        Some((text("kind")?, text("name")?))
    });
    let class = &workload.template.spec.priority_class_name;
    let rare = Rare {
        looks_like: index.looks_like(object, matched, &workload.template.metadata.labels),
        class_origin: (!class.is_empty()).then(|| at(&["priorityClassName".to_owned()], false)),
        terms,
        owner,
        findings,
        ..Rare::default()
    };
    Record::new(Common { object, workload, matched, unread: false }, rare)
}

/// A workload that cannot be read: known by kind and name only.
fn unread(index: &Index<'_>, object: &Object) -> Record {
    let workload =
        Workload { namespace: object.namespace.clone(), name: object.name.clone(), ..Workload::default() };
    let matched = index.find(object, &workload);
    Record::new(Common { object, workload, matched, unread: true }, Rare::default())
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
            let Some(class) = reading.cluster.priority_classes.pop() else { return };
            for found in rules::classes::value(plan, &class) {
                let origin = object.at(&found.path);
                out.findings.push(finding(plan, &object.title(), None, found, Some(origin)));
            }
            out.classes.push(Held::new(class, &object, &["value"]));
        }
        "PodDisruptionBudget" => {
            let Some(budget) = reading.cluster.pdbs.pop() else { return };
            let field = rules::pdb::field(&budget);
            out.budgets.push(Held::new(budget, &object, &["spec", field]));
        }
        "Node" => {
            if let Ok(value) = crate::kube::read::<Node>(&native) {
                let version = object.text(&["status", "nodeInfo", "kubeletVersion"]);
                for found in rules::nodes::check(plan, &value, version) {
                    let origin = object.at(&found.path);
                    out.findings.push(finding(plan, &object.title(), None, found, Some(origin)));
                }
                out.nodes.push(value.metadata.name);
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

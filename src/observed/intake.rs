//! Streams to entries: objects that matter, each as native JSON, matched with the plan, in the namespace
//! that it will have.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::{Observed, found, problems};
use crate::cluster::{Cluster, KubernetesVersion, Workload, WorkloadKind};
use crate::diag::codes::{manifest as manifest_codes, verify as codes};
use crate::kube::{LabelSelector, Labels};
use crate::manifest::{self, Object, Outcome, Reloader, Role, read_chunk};
use crate::plan::{CarrierId, Owner, Plan};
use crate::verify::Input;
use crate::verify::matching::{Index, Match};
use crate::yaml::Budget;
use crate::yaml::stream::Chunks;

/// An object as the cluster will hold it.
pub(super) struct Entry {
    pub(super) object: Arc<Object>,
    pub(super) native: Value,
    pub(super) matched: Match,
    /// Whether it is a carrier of pods.
    pub(super) carrier: bool,
    /// Whether values of wrong types were told already.
    pub(super) told: bool,
}

/// Everything that was read.
pub(super) struct Intake {
    pub(super) entries: Vec<Entry>,
    /// Whether the input has nodes, so that it is a dump.
    pub(super) nodes: bool,
    /// Whether it has anything that makes pods.
    pub(super) carriers: bool,
}

impl Intake {
    /// Services of which the input holds something.
    pub(super) fn rendered(&self, plan: &Plan) -> BTreeSet<usize> {
        self.entries.iter().filter_map(|entry| service(plan, entry.matched)).collect()
    }

    /// Planned carriers that the input holds.
    pub(super) fn held(&self) -> BTreeSet<CarrierId> {
        let carrier = |entry: &Entry| if let Match::Carrier(id) = entry.matched { Some(id) } else { None };
        self.entries.iter().filter_map(carrier).collect()
    }
}

/// Reads all inputs.
pub(super) fn read(
    plan: &Plan,
    inputs: impl IntoIterator<Item = Input>,
    budget: &Budget,
    observed: &mut Observed,
) -> Intake {
    let mut outcome = Outcome::default();
    for input in inputs {
        match input.stream {
            Ok(stream) => {
                let file: Arc<str> = input.name.as_str().into();
                for chunk in Chunks::new(stream, *budget) {
                    outcome.append(read_chunk(&file, chunk, budget));
                }
            }
            Err(error) => {
                let message = format!("{}: {error}", input.name);
                observed.findings.push(found(manifest_codes::UNREADABLE_INPUT, message, None));
            }
        }
    }
    for refusal in outcome.refused {
        let mut finding = found(manifest_codes::UNREADABLE_DOCUMENT, refusal.message, Some(&refusal.origin));
        finding.help = refusal.help;
        observed.findings.push(finding);
    }
    observed.counts = outcome.counts;
    if observed.counts.objects == 0 && observed.findings.is_empty() {
        let message = "the input holds no Kubernetes object that decides where pods run";
        observed.findings.push(found(manifest_codes::NO_OBJECTS, message, None));
    }
    entries(plan, outcome.objects, observed)
}

fn entries(plan: &Plan, objects: Vec<Object>, observed: &mut Observed) -> Intake {
    let index = Index::new(plan);
    let made_by_operators = owned_by_custom_resources(&objects);
    let reloader = objects.iter().find_map(Reloader::of);
    let mut entries: Vec<Entry> = Vec::new();
    let (mut hooks, mut finished) = (0, 0);
    let mut applications: BTreeMap<String, usize> = BTreeMap::new();
    for object in objects {
        let role = manifest::role(&object.api_version, &object.kind);
        match role {
            Some(Role::Carrier | Role::OperatorCarrier) if is_hook(&object) => hooks += 1,
            Some(Role::Carrier) if is_finished(&object) => finished += 1,
            Some(Role::OperatorCarrier) if made_by_operators.contains(&key(&object)) => {}
            Some(Role::Carrier | Role::OperatorCarrier) => {
                let told = problems::check(&object, observed);
                let object = Arc::new(object);
                for mut native in manifest::native(&object) {
                    if let Some(reloader) = &reloader {
                        reloader.add(&object.kind, &mut native);
                    }
                    entries.extend(carrier(plan, &index, &object, native, told));
                }
            }
            Some(Role::Cluster) => {
                let told = problems::check(&object, observed);
                entries.push(Entry {
                    told,
                    native: object.tree.to_json(),
                    object: Arc::new(object),
                    matched: Match::Foreign,
                    carrier: false,
                });
            }
            Some(Role::Application) => *applications.entry(object.kind).or_default() += 1,
            Some(Role::List) | None => {}
        }
    }
    observed.counts.skipped.extend(applications);
    observed.left_out.push(("Helm hook", hooks));
    observed.left_out.push(("finished Job", finished));
    twice(&mut entries, observed);
    name_spaces(&mut entries);
    let nodes = entries.iter().any(|e| e.object.kind == "Node");
    let carriers = entries.iter().any(|e| e.carrier);
    Intake { entries, nodes, carriers }
}

/// A carrier with its match; a render may leave the namespace to `helm install -n`.
fn carrier(
    plan: &Plan,
    index: &Index<'_>,
    object: &Arc<Object>,
    mut native: Value,
    told: bool,
) -> Option<Entry> {
    let mut reading = Cluster::from_objects(KubernetesVersion::default(), [&native]);
    let workload = match (reading.cluster.workloads.pop(), reading.cluster.pods.pop()) {
        (Some(workload), _) => workload,
        (None, Some(pod)) => Workload {
            kind: WorkloadKind::Pod,
            namespace: pod.metadata.namespace.clone(),
            name: pod.metadata.name.clone(),
            template: crate::kube::PodTemplateSpec { metadata: pod.metadata, spec: pod.spec },
            ..Workload::default()
        },
        // Selectors of a Deployment's ReplicaSets, and what is broken: told when all is read together.
        (None, None) => Workload { name: object.name.clone(), ..Workload::default() },
    };
    let matched = index.find(object, &workload);
    if object.namespace.is_empty() {
        let namespace = match matched {
            Match::Carrier(id) => Some(plan.carrier(id).namespace.clone()),
            Match::Service(service) => {
                let index = plan.services.get(service)?.index;
                Some(plan.policy.services[index].namespace.value.clone())
            }
            Match::Foreign => None,
        };
        if let Some(namespace) = namespace {
            native["metadata"]["namespace"] = namespace.into();
        }
    }
    Some(Entry { object: Arc::clone(object), native, matched, carrier: true, told })
}

fn key(object: &Object) -> (String, String, String) {
    (object.kind.clone(), object.namespace.clone(), object.name.clone())
}

/// Custom resources whose workloads stand in the input: then those are the truth.
fn owned_by_custom_resources(objects: &[Object]) -> BTreeSet<(String, String, String)> {
    let mut owners = BTreeSet::new();
    for object in objects.iter().filter(|o| o.api_version.starts_with("apps/")) {
        for owner in object.tree.find(&["metadata", "ownerReferences"]).map_or(&[][..], |list| list.items()) {
            let text = |key: &str| owner.get(key).and_then(|n| n.as_str()).unwrap_or_default().to_owned();
            owners.insert((text("kind"), object.namespace.clone(), text("name")));
        }
    }
    owners
}

/// Runs once around an install or update, as the plan's own hooks.
fn is_hook(object: &Object) -> bool {
    object.text(&["metadata", "annotations", "helm.sh/hook"]).is_some()
}

fn is_finished(object: &Object) -> bool {
    let conditions = object.tree.find(&["status", "conditions"]).map_or(&[][..], |list| list.items());
    let ended = conditions.iter().any(|condition| {
        let text = |key: &str| condition.get(key).and_then(|n| n.as_str());
        matches!(text("type"), Some("Complete" | "Failed")) && text("status") == Some("True")
    });
    object.kind == "Job" && ended
}

/// Of objects that stand in the input twice, the last one counts, as for `kubectl apply`.
fn twice(entries: &mut Vec<Entry>, observed: &mut Observed) {
    let name = |e: &Entry| {
        let text = |path: &str| e.native.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        (text("/kind"), text("/metadata/namespace"), text("/metadata/name"))
    };
    let mut last: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    let mut dropped = BTreeSet::new();
    for (i, entry) in entries.iter().enumerate() {
        let name = name(entry);
        if name.2.is_empty() {
            continue;
        }
        if let Some(first) = last.insert(name, i) {
            dropped.insert(first);
            let message = format!(
                "{} is in the input twice; the first, at {}, is left out",
                entry.object.title(),
                entries[first].object.origin
            );
            observed.findings.push(found(codes::OBJECT_TWICE, message, Some(&entry.object.origin)));
        }
    }
    let mut i = 0;
    entries.retain(|_| {
        i += 1;
        !dropped.contains(&(i - 1))
    });
}

/// Services, budgets, claims and quotas without a namespace belong where the pods are that they select.
fn name_spaces(entries: &mut [Entry]) {
    let pods: Vec<(String, Labels)> = entries
        .iter()
        .filter(|e| e.carrier)
        .filter_map(|e| {
            let at = |path: &str| e.native.pointer(path);
            let namespace = at("/metadata/namespace")?.as_str()?.to_owned();
            let labels = at("/spec/template/metadata/labels").or_else(|| at("/metadata/labels"))?;
            Some((namespace, serde_json::from_value(labels.clone()).ok()?))
        })
        .collect();
    let only: BTreeSet<&String> = pods.iter().map(|(namespace, _)| namespace).collect();
    for entry in entries.iter_mut().filter(|e| !e.carrier && e.object.namespace.is_empty()) {
        let selector: Option<LabelSelector> = match entry.object.kind.as_str() {
            "Service" => entry.native.pointer("/spec/selector").and_then(|labels| {
                let labels: Labels = serde_json::from_value(labels.clone()).ok()?;
                Some(LabelSelector::of(&labels))
            }),
            "PodDisruptionBudget" => {
                entry.native.pointer("/spec/selector").and_then(|s| serde_json::from_value(s.clone()).ok())
            }
            "PersistentVolumeClaim" | "ResourceQuota" => None,
            _ => continue,
        };
        let selected = selector.filter(|s| !s.is_empty());
        let found = selected.and_then(|s| pods.iter().find(|(_, labels)| s.matches(labels)));
        let namespace = match (found, only.len()) {
            (Some((namespace, _)), _) => Some(namespace.clone()),
            (None, 1) => only.first().map(|n| (*n).clone()),
            _ => None,
        };
        if let Some(namespace) = namespace {
            entry.native["metadata"]["namespace"] = namespace.into();
        }
    }
}

/// Which service of the plan an entry belongs to.
pub(super) fn service(plan: &Plan, matched: Match) -> Option<usize> {
    match matched {
        Match::Service(service) => Some(service),
        Match::Carrier(id) => match &plan.carrier(id).owner {
            Owner::Component { service, .. } | Owner::Custom { service, .. } => Some(*service),
            _ => None,
        },
        Match::Foreign => None,
    }
}

//! Entries to a cluster: what the input says, and what has to be taken from the plan.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::intake::{Entry, Intake, service};
use super::{MOST_PODS, MOST_WORKLOADS, Observed, controllers, differences, found, reach};
use crate::cluster::{Cluster, KubernetesVersion, Owner as Tags, Reading, Workload, WorkloadKind};
use crate::diag::Severity;
use crate::diag::codes::{observed as codes, verify as verify_codes};
use crate::kube::{ObjectMeta, PriorityClass, Volume};
use crate::manifest::Origin;
use crate::plan::{Carrier, CarrierId, Owner, Plan};
use crate::verify::matching::Match;

/// Where the volume controller notes that a claim is bound.
const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";

/// Builds the cluster, tags its workloads in the policy's words, and compares it with the plan.
pub(super) fn assemble(plan: &Plan, intake: Intake, observed: &mut Observed) {
    let planned = plan.cluster();
    let dump = intake.nodes && intake.carriers;
    let version: KubernetesVersion =
        format!("1.{}", plan.policy.cluster.minor.value).parse().unwrap_or_default();
    let mut documents: Vec<Value> = intake.entries.iter().map(|entry| entry.native.clone()).collect();
    let from_plan = documents.len();
    documents.extend(of_plan(plan, &intake, dump, observed));
    let mut reading = Cluster::from_objects(version, &documents);
    errors(&reading, &intake.entries, from_plan, observed);
    observed.left_out.push(("finished Pod", reading.finished_pods));
    observed.left_out.push(("gated Pod", reading.gated_pods));
    let cluster = &mut reading.cluster;
    classes_of_pods(cluster, observed);
    bind_claims(cluster);
    let made = controllers::of_pods(cluster);
    if !made.is_empty() {
        let message = format!(
            "{} workloads are known from their pods only: {}",
            made.len(),
            some(made.iter().map(String::as_str))
        );
        observed.findings.push(found(codes::LEFT_TO_PODS, message, None));
    }
    let carriers = tag(plan, &intake.entries, cluster);
    for (workload, carrier) in cluster.workloads.iter_mut().zip(&carriers) {
        if let Some(carrier) = carrier {
            as_planned(plan.carrier(*carrier), workload, observed);
        }
    }
    observed.guessed = guesses(plan, &intake, dump);
    if too_large(cluster, observed) {
        return;
    }
    let origins = origins(&intake.entries);
    missing(plan, cluster, dump, &origins, observed);
    nodes(cluster, &intake.entries, observed);
    reach::check(plan, cluster, &origins, observed);
    let whole = dump || !intake.carriers;
    observed.differences = differences::between(plan, &planned, cluster, &carriers, &intake, whole);
    observed.cluster = std::mem::take(cluster);
}

/// Dumps are often cleaned of annotations, so a claim that names its volume is bound to it. A volume that the dump
/// lacks is taken to be made where the pod is first placed.
fn bind_claims(cluster: &mut Cluster) {
    for claim in cluster.claims.iter_mut().filter(|c| !c.spec.volume_name.is_empty()) {
        if cluster.volumes.iter().any(|v| v.metadata.name == claim.spec.volume_name) {
            claim.metadata.annotations.insert(BIND_COMPLETED.to_owned(), "yes".to_owned());
            continue;
        }
        claim.spec.volume_name.clear();
        let class = claim.spec.storage_class_name.as_deref().unwrap_or_default();
        if !cluster.storage_classes.iter().any(|c| c.metadata.name == class) {
            claim.spec.storage_class_name = Some(crate::plan::objects::LOCAL_CLASS.to_owned());
        }
    }
}

/// Places of workloads by `namespace/name`.
fn origins(entries: &[Entry]) -> BTreeMap<String, Origin> {
    let carriers = entries.iter().filter(|e| e.carrier);
    carriers
        .map(|e| {
            let text = |path: &str| e.native.pointer(path).and_then(Value::as_str);
            let namespace = text("/metadata/namespace").unwrap_or("default");
            let name = text("/metadata/name").unwrap_or_default();
            (format!("{namespace}/{name}"), e.object.origin.clone())
        })
        .collect()
}

/// At most eight names.
fn some<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = names.collect();
    let shown = all.iter().take(8).copied().collect::<Vec<_>>().join(", ");
    if all.len() > 8 { format!("{shown} and {} more", all.len() - 8) } else { shown }
}

/// The plan's objects that the input leaves open.
fn of_plan(plan: &Plan, intake: &Intake, dump: bool, observed: &mut Observed) -> Vec<Value> {
    let kinds: BTreeSet<&str> = intake.entries.iter().map(|e| e.object.kind.as_str()).collect();
    let (rendered, held) = (intake.rendered(plan), intake.held());
    let origins = origins(&intake.entries);
    let key = |carrier: &Carrier| format!("{}/{}", carrier.namespace, carrier.workload);
    let mut assumed = Vec::new();
    let mut taken = BTreeSet::new();
    let wanted = |id: CarrierId, carrier: &Carrier| {
        let absent = match &carrier.owner {
            Owner::Component { service, .. } | Owner::Custom { service, .. } => !rendered.contains(service),
            Owner::Workload(_) | Owner::Given(_) | Owner::Lock | Owner::Packaged => true,
        };
        let brought = carrier.given.is_some() && origins.contains_key(&key(carrier));
        !dump && absent && !brought && !held.contains(&id) && carrier.lasting()
    };
    let mut objects = Vec::new();
    for (id, carrier) in plan.carrier_ids().filter(|(id, carrier)| wanted(*id, carrier)) {
        debug_assert!(!held.contains(&id));
        objects.push(crate::plan::objects::workload(carrier));
        taken.insert(match &carrier.owner {
            Owner::Packaged => "K3s's packaged pods".to_owned(),
            Owner::Lock => "the lock".to_owned(),
            Owner::Workload(_) => "workloads by hand".to_owned(),
            Owner::Given(_) => "workloads out of the policy's manifests".to_owned(),
            _ => plan.service_name(carrier).unwrap_or_default().to_owned(),
        });
    }
    if !taken.is_empty() {
        let list = taken.into_iter().collect::<Vec<_>>().join(", ");
        assumed.push(format!("not in the input, so as planned: {list}"));
    }
    for object in plan.objects() {
        let kind = object["kind"].as_str().unwrap_or_default();
        let name = object["metadata"]["name"].as_str();
        let own = |e: &&Entry| e.object.kind == kind && Some(e.object.name.as_str()) == name;
        let take = match kind {
            "Node" => !intake.nodes,
            // A dump with classes has all of them; a render may bring one of its own.
            "PriorityClass" => {
                let all = dump && kinds.contains("PriorityClass");
                !all && !intake.entries.iter().any(|e| own(&e))
            }
            "StorageClass" => !kinds.contains("StorageClass"),
            "PodDisruptionBudget" => !dump,
            "Namespace" => true,
            _ => false,
        };
        if take {
            objects.push(object);
        }
    }
    if !intake.nodes {
        assumed.push("no Node in the input: the policy's nodes".to_owned());
    } else if !intake.carriers {
        assumed.push("nodes from the input, workloads as planned".to_owned());
    }
    if dump {
        lacks(&kinds, observed);
        assumed.push(
            "a dump: its workloads and no others; green is worked out anew, not where pods stand".to_owned(),
        );
    }
    if intake
        .entries
        .iter()
        .any(|e| e.carrier && matches!(e.native["kind"].as_str(), Some("Job" | "CronJob")))
    {
        assumed.push("Jobs and CronJobs take their room all the time".to_owned());
    }
    observed.assumed.extend(assumed);
    objects
}

/// Kinds that a whole dump has.
fn lacks(kinds: &BTreeSet<&str>, observed: &mut Observed) {
    let mut lack = |kind: &str, instead: &str| {
        if !kinds.contains(kind) {
            let message = format!("the dump has no {kind}: {instead}");
            observed.findings.push(found(codes::KIND_MISSING, message, None));
        }
    };
    lack("PriorityClass", "the policy's classes are used");
    lack("PodDisruptionBudget", "none is assumed");
    let claims = kinds.contains("StatefulSet") || kinds.contains("PersistentVolumeClaim");
    if claims {
        lack("StorageClass", "K3s's `local-path` is assumed");
        lack("PersistentVolume", "volumes are taken to be where their pods are first placed");
    }
}

/// What could not be read, at its place.
fn errors(reading: &Reading, entries: &[Entry], from_plan: usize, observed: &mut Observed) {
    for error in reading.errors.iter().filter(|e| e.document < from_plan) {
        let Some(entry) = entries.get(error.document).filter(|e| !e.told) else { continue };
        let steps = error.error.path.split(['.', '[', ']']).filter(|step| !step.is_empty());
        let path: Vec<&str> = steps.collect();
        let message = format!(
            "{} is not what the API takes for a {}: {}",
            entry.object.title(),
            entry.object.kind,
            error.error.message
        );
        observed.findings.push(found(verify_codes::WRONG_API_TYPE, message, Some(&entry.object.at(&path))));
    }
}

/// Priority classes that only pods know: their value is that of the pods that name them.
fn classes_of_pods(cluster: &mut Cluster, observed: &mut Observed) {
    let mut values: BTreeMap<String, i32> = BTreeMap::new();
    for pod in &cluster.pods {
        let name = &pod.spec.priority_class_name;
        let stated = pod.spec.priority.filter(|p| *p != 0);
        if let (true, Some(value)) = (cluster.priority_of(name).class_is_missing, stated) {
            values.insert(name.clone(), value);
        }
    }
    for (name, value) in values {
        let message = format!("class `{name}` is not in the dump; its pods have priority {value}");
        observed.findings.push(found(codes::PRIORITY_FROM_PODS, message, None));
        cluster.priority_classes.push(PriorityClass {
            metadata: ObjectMeta { name, ..ObjectMeta::default() },
            value,
            ..PriorityClass::default()
        });
    }
}

/// Tags workloads with service, component and tier, and returns their carriers.
fn tag(plan: &Plan, entries: &[Entry], cluster: &mut Cluster) -> Vec<Option<CarrierId>> {
    let mut by_key: BTreeMap<(String, String), Match> = BTreeMap::new();
    for entry in entries.iter().filter(|e| e.carrier) {
        let text = |path: &str| entry.native.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let (kind, name) = (text("/kind").to_owned(), text("/metadata/name"));
        let namespace = match text("/metadata/namespace") {
            "" => "default",
            stated => stated,
        };
        by_key.insert((kind, format!("{namespace}/{name}")), entry.matched);
    }
    let default = plan.policy.tier(plan.policy.default_tier).name.value.clone();
    let mut carriers = Vec::new();
    for workload in &mut cluster.workloads {
        let key = (workload.kind.as_str().to_owned(), workload.key());
        let matched = match by_key.get(&key).copied() {
            Some(Match::Foreign) => brought(plan, workload),
            Some(matched) => matched,
            None => by_name(plan, workload),
        };
        let transient = matches!(workload.kind, WorkloadKind::Job | WorkloadKind::CronJob);
        workload.owner = match matched {
            Match::Carrier(id) => plan.owner(plan.carrier(id)),
            _ if transient => Tags::default(),
            Match::Service(service) => {
                let service = &plan.policy.services[plan.services[service].index];
                let tier = plan.policy.tier(service.tier.value).name.value.clone();
                let name = service.name.value.clone();
                Tags { service: Some(name), component: Some(workload.name.clone()), tier: Some(tier) }
            }
            // What runs in kube-system is the distribution's; the policy ranks none of it.
            Match::Foreign if workload.namespace == "kube-system" => Tags::default(),
            Match::Foreign => Tags { tier: Some(default.clone()), ..Tags::default() },
        };
        carriers.push(if let Match::Carrier(id) = matched { Some(id) } else { None });
    }
    carriers
}

/// The workload that the policy's own manifests bring by the same name.
fn brought(plan: &Plan, workload: &Workload) -> Match {
    let found = plan.carrier_ids().find(|(_, c)| {
        c.given.is_some()
            && c.namespace == workload.namespace
            && c.workload == workload.name
            && c.runs_as == workload.kind.as_str()
    });
    found.map_or(Match::Foreign, |(id, _)| Match::Carrier(id))
}

/// The carrier of a workload that came from the plan, or was made of pods.
fn by_name(plan: &Plan, workload: &Workload) -> Match {
    let named = plan.carrier_ids().find(|(_, c)| {
        c.namespace == workload.namespace
            && c.workload == workload.name
            && c.runs_as == workload.kind.as_str()
    });
    let labels = &workload.template.metadata.labels;
    let selected = || {
        plan.carrier_ids().find(|(_, c)| {
            c.namespace == workload.namespace
                && c.runs_as == workload.kind.as_str()
                && !c.selector.is_empty()
                && c.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
        })
    };
    named.or_else(selected).map_or(Match::Foreign, |(id, _)| Match::Carrier(id))
}

/// What an operator adds to the pods of its custom resources, and which volumes hold data, is known to the
/// plan and not to the object.
fn as_planned(carrier: &Carrier, workload: &mut Workload, observed: &mut Observed) {
    if carrier.given.is_some() {
        return;
    }
    let spec = &mut workload.template.spec;
    if carrier.kind != workload.kind.as_str() {
        let mut added = Vec::new();
        let planned: crate::kube::PodSpec =
            crate::kube::read(&crate::plan::objects::workload(carrier)["spec"]["template"]["spec"])
                .unwrap_or_default();
        let lists = [
            (&planned.containers, &mut spec.containers),
            (&planned.init_containers, &mut spec.init_containers),
        ];
        for (planned, real) in lists {
            for container in planned {
                if !real.iter().any(|c| c.name == container.name) {
                    added.push(container.name.clone());
                    real.push(container.clone());
                }
            }
        }
        if !added.is_empty() && carrier.lasting() {
            let line = format!(
                "{} {}: the operator makes {} of it, as planned with {}",
                carrier.kind,
                carrier.name,
                carrier.runs_as,
                added.join(", ")
            );
            if !observed.assumed.contains(&line) {
                observed.assumed.push(line);
            }
        }
    }
    let claims = !workload.claim_templates.is_empty()
        || spec.volumes.iter().any(|v| v.persistent_volume_claim.is_some() || v.ephemeral.is_some());
    let scratch = |v: &Volume| v.other.contains_key("emptyDir");
    match &carrier.storage {
        // An emptyDir is scratch space where the catalogue knows no data.
        None => spec.volumes.retain(|v| !scratch(v)),
        Some(_) if !claims && !spec.volumes.iter().any(scratch) => {
            let mut volume = Volume { name: "data".to_owned(), ..Volume::default() };
            volume.other.insert("emptyDir".to_owned(), Value::Object(serde_json::Map::new()));
            spec.volumes.push(volume);
        }
        Some(_) => {}
    }
}

/// Guessed requests of the carriers that were taken from the plan.
fn guesses(plan: &Plan, intake: &Intake, dump: bool) -> u32 {
    if dump {
        return 0;
    }
    let rendered: BTreeSet<usize> = intake.entries.iter().filter_map(|e| service(plan, e.matched)).collect();
    let taken = |carrier: &&Carrier| match &carrier.owner {
        Owner::Component { service, .. } | Owner::Custom { service, .. } => !rendered.contains(service),
        _ => true,
    };
    let guessed = plan
        .carriers
        .iter()
        .filter(|c| c.lasting() && c.fields.values().any(|d| d.guessed))
        .filter(taken)
        .count();
    u32::try_from(guessed).unwrap_or(u32::MAX)
}

fn too_large(cluster: &Cluster, observed: &mut Observed) -> bool {
    let pods: u64 = cluster.workloads.iter().map(|w| u64::try_from(w.replicas).unwrap_or(0)).sum();
    let largest = cluster.workloads.iter().max_by_key(|w| w.replicas);
    let message = if cluster.workloads.len() > MOST_WORKLOADS {
        format!("{} workloads, where at most {MOST_WORKLOADS} are proved", cluster.workloads.len())
    } else if pods > MOST_PODS {
        let most = largest.map_or_else(String::new, |w| format!("; {} alone wants {}", w.key(), w.replicas));
        format!("{pods} pods, where at most {MOST_PODS} are proved{most}")
    } else {
        return false;
    };
    observed.findings.push(found(codes::TOO_LARGE, message, None));
    true
}

/// Pods that name classes which do not exist.
fn missing(
    plan: &Plan,
    cluster: &Cluster,
    dump: bool,
    origins: &BTreeMap<String, Origin>,
    observed: &mut Observed,
) {
    let names: Vec<&str> = plan.classes.iter().map(|c| c.name.as_str()).collect();
    for workload in &cluster.workloads {
        let class = &workload.template.spec.priority_class_name;
        if !cluster.priority_of(class).class_is_missing {
            continue;
        }
        let message = format!(
            "{} {} names the priority class `{class}`, which does not exist: its pods are not created",
            workload.kind,
            workload.key()
        );
        let finding = found(verify_codes::CLASS_UNKNOWN, message, origins.get(&workload.key()));
        let near = crate::shape::did_you_mean(class, names.iter().copied());
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if dump => "dump the classes too, or create the class".to_owned(),
            None => format!("the policy's classes are {}", names.join(", ")),
        };
        observed.findings.push(finding.help(help));
    }
}

/// Nodes that are not ready, or that nothing fits on.
fn nodes(cluster: &Cluster, entries: &[Entry], observed: &mut Observed) {
    let origin = |name: &str| {
        entries.iter().find(|e| e.object.kind == "Node" && e.object.name == name).map(|e| &e.object.origin)
    };
    let takes_none = |node: &&crate::cluster::Node| {
        let zero = |name: &str| node.allocatable.get(name).is_none_or(|q| q.is_zero() || q.is_negative());
        zero("cpu") || zero("memory") || node.allocatable.get("pods").is_some_and(|q| q.is_zero())
    };
    let useless: Vec<&crate::cluster::Node> = cluster.nodes.iter().filter(takes_none).collect();
    for node in &useless {
        let message = format!("Node {} has no allocatable CPU, memory or pods: no pod fits on it", node.name);
        let mut finding = found(codes::NO_NODES, message, origin(&node.name));
        if useless.len() < cluster.nodes.len() {
            finding.severity = Severity::Warning;
        }
        observed.findings.push(finding);
    }
    if cluster.nodes.is_empty() {
        observed.findings.push(found(codes::NO_NODES, "there is no node at all", None));
    }
    for node in cluster.nodes.iter().filter(|n| !n.ready) {
        let message = format!("Node {} is not Ready; the proof starts with it up", node.name);
        observed.findings.push(found(codes::NODE_NOT_READY, message, origin(&node.name)));
    }
}

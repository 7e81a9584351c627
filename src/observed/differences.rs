//! Where the cluster under proof differs from the plan's, in what the proof reads.

use std::collections::BTreeSet;
use std::fmt;

use super::intake::Intake;
use crate::cluster::{Cluster, Node, Workload, WorkloadKind};
use crate::kube::{Affinity, Pod, Taint, Toleration};
use crate::lifecycle::{Clocks, Datastore, Facts, Storage, WorkloadFacts};
use crate::plan::{CarrierId, Owner, Plan};
use crate::prove::verdict::Room;
use crate::scheduler::Requests;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// A node's name, `service/component`, or the workload's `namespace/name`.
    pub of: String,
    /// What differs.
    pub what: What,
}

/// What differs: the plan's value first, then the input's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The policy has this node, the dump has not.
    NodeOnlyInPlan,
    /// The dump has this node, the policy has not.
    NodeOnlyInInput,
    /// Allocatable CPU in thousandths and memory in bytes.
    Allocatable((i64, i64), (i64, i64)),
    /// Taints.
    Taints(String, String),
    /// Cordoned in the dump.
    Cordoned,
    /// Planned, but not in the input.
    OnlyInPlan,
    /// In the input, but not planned; its tier, if it has one.
    OnlyInInput(Option<String>),
    /// Planned to be switched off.
    SwitchedOff,
    /// The controller's kind.
    Kind(WorkloadKind, WorkloadKind),
    /// Number of pods.
    Replicas(i32, i32),
    /// Requests of one pod: CPU in thousandths and memory in bytes.
    Requests((i64, i64), (i64, i64)),
    /// Priority class and its value.
    Class((String, i32), (String, i32)),
    /// Tolerations, those of admission left out.
    Tolerations(String, String),
    /// Node affinity and node selector.
    NodeAffinity(String, String),
    /// Affinity to pods.
    PodAffinity(String, String),
    /// Anti-affinity to pods.
    PodAntiAffinity(String, String),
    /// Topology spread.
    Spread(String, String),
    /// How long its pods may take to end, in seconds.
    Grace(u64, u64),
    /// Where its data live.
    Storage(&'static str, &'static str),
}

impl What {
    /// Stable word.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::NodeOnlyInPlan | Self::OnlyInPlan => "only-in-plan",
            Self::NodeOnlyInInput | Self::OnlyInInput(_) => "only-in-input",
            Self::Allocatable(..) => "allocatable",
            Self::Taints(..) => "taints",
            Self::Cordoned => "cordoned",
            Self::SwitchedOff => "switched-off",
            Self::Kind(..) => "kind",
            Self::Replicas(..) => "replicas",
            Self::Requests(..) => "requests",
            Self::Class(..) => "class",
            Self::Tolerations(..) => "tolerations",
            Self::NodeAffinity(..) => "node-affinity",
            Self::PodAffinity(..) => "pod-affinity",
            Self::PodAntiAffinity(..) => "pod-anti-affinity",
            Self::Spread(..) => "spread",
            Self::Grace(..) => "grace-period",
            Self::Storage(..) => "storage",
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let room = |(cpu, memory): &(i64, i64)| Room(*cpu, *memory).to_string();
        match self {
            Self::NodeOnlyInPlan => f.write_str("in the policy only"),
            Self::NodeOnlyInInput => f.write_str("in the dump only"),
            Self::Allocatable(plan, input) => {
                write!(f, "allocatable {}, planned {}", room(input), room(plan))
            }
            Self::Cordoned => f.write_str("cordoned"),
            Self::OnlyInPlan => f.write_str("in the plan only"),
            Self::OnlyInInput(None) => f.write_str("in the input only"),
            Self::OnlyInInput(Some(tier)) => write!(f, "in the input only; proved as tier {tier}"),
            Self::SwitchedOff => f.write_str("in the input, switched off in the plan"),
            Self::Kind(plan, input) => write!(f, "a {input}, planned as {plan}"),
            Self::Replicas(plan, input) => write!(f, "{input} replicas, planned {plan}"),
            Self::Requests(plan, input) => write!(f, "requests {}, planned {}", room(input), room(plan)),
            Self::Class(plan, input) => {
                let one = |(name, value): &(String, i32)| {
                    if name.is_empty() { format!("none ({value})") } else { format!("{name} ({value})") }
                };
                write!(f, "class {}, planned {}", one(input), one(plan))
            }
            Self::Taints(plan, input)
            | Self::Tolerations(plan, input)
            | Self::NodeAffinity(plan, input)
            | Self::PodAffinity(plan, input)
            | Self::PodAntiAffinity(plan, input)
            | Self::Spread(plan, input) => {
                write!(f, "{} {}, planned {}", self.key().replace('-', " "), or_none(input), or_none(plan))
            }
            Self::Grace(plan, input) => {
                write!(f, "may take {input} s to stop, planned {plan} s")
            }
            Self::Storage(plan, input) => write!(f, "storage {input}, planned {plan}"),
        }
    }
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

/// All differences. `whole`: the input is meant to hold everything that the plan does.
pub(super) fn between(
    plan: &Plan,
    planned: &Cluster,
    real: &Cluster,
    carriers: &[Option<CarrierId>],
    intake: &Intake,
    whole: bool,
) -> Vec<Difference> {
    let mut all = nodes(planned, real);
    let facts = |cluster: &Cluster| {
        Facts::of(cluster, Clocks::of_minor(u32::from(cluster.version.minor())), Datastore::Etcd).workloads
    };
    let (plan_facts, real_facts) = (facts(planned), facts(real));
    let mut seen = BTreeSet::new();
    for ((workload, carrier), real_fact) in real.workloads.iter().zip(carriers).zip(&real_facts) {
        let Some(id) = carrier else {
            let what = What::OnlyInInput(workload.owner.tier.clone());
            all.push(Difference { of: workload.key(), what });
            continue;
        };
        seen.insert(*id);
        let carrier = plan.carrier(*id);
        let of = plan.display(carrier);
        if !carrier.enabled.value {
            all.push(Difference { of, what: What::SwitchedOff });
            continue;
        }
        let same = |w: &Workload| w.namespace == carrier.namespace && w.name == carrier.workload;
        let Some(at) = planned.workloads.iter().position(same) else { continue };
        let pair = Pair {
            plan: (planned, &planned.workloads[at], &plan_facts[at]),
            real: (real, workload, real_fact),
        };
        all.extend(pair.differences().into_iter().map(|what| Difference { of: of.clone(), what }));
    }
    let (rendered, held) = (intake.rendered(plan), intake.held());
    for (id, carrier) in plan.carrier_ids().filter(|(_, c)| c.lasting()) {
        let expected = match &carrier.owner {
            Owner::Component { service, .. } => (whole && intake.carriers) || rendered.contains(service),
            _ => whole && intake.carriers,
        };
        if expected && !held.contains(&id) && !seen.contains(&id) {
            all.push(Difference { of: plan.display(carrier), what: What::OnlyInPlan });
        }
    }
    all
}

fn nodes(planned: &Cluster, real: &Cluster) -> Vec<Difference> {
    let mut all = Vec::new();
    let mut differ = |node: &Node, what: What| all.push(Difference { of: node.name.clone(), what });
    for node in &planned.nodes {
        let Some(other) = real.node(&node.name) else {
            differ(node, What::NodeOnlyInPlan);
            continue;
        };
        let room = |n: &Node| {
            let of = |name: &str| n.allocatable.get(name).copied().unwrap_or_default();
            (of("cpu").milli(), of("memory").value())
        };
        if room(node) != room(other) {
            differ(node, What::Allocatable(room(node), room(other)));
        }
        let taints = |n: &Node| set(n.taints.iter().map(taint));
        if taints(node) != taints(other) {
            differ(node, What::Taints(taints(node), taints(other)));
        }
        if other.unschedulable {
            differ(node, What::Cordoned);
        }
    }
    for node in real.nodes.iter().filter(|n| planned.node(&n.name).is_none()) {
        differ(node, What::NodeOnlyInInput);
    }
    all
}

/// Texts sorted and without duplicates.
fn set(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
}

fn taint(taint: &Taint) -> String {
    let value = if taint.value.is_empty() { String::new() } else { format!("={}", taint.value) };
    format!("{}{value}:{}", taint.key, taint.effect.as_str())
}

/// A workload as planned and as it is.
struct Pair<'a> {
    plan: (&'a Cluster, &'a Workload, &'a WorkloadFacts),
    real: (&'a Cluster, &'a Workload, &'a WorkloadFacts),
}

impl Pair<'_> {
    fn differences(&self) -> Vec<What> {
        let pod = |(cluster, workload, _): (&Cluster, &Workload, _)| workload.pod(cluster, 0);
        let ((_, plan, plan_facts), (_, real, real_facts)) = (self.plan, self.real);
        let (a, b) = (pod(self.plan), pod(self.real));
        let mut all = Vec::new();
        if plan.kind != real.kind {
            all.push(What::Kind(plan.kind, real.kind));
        }
        if plan.kind != WorkloadKind::DaemonSet && plan.replicas != real.replicas {
            all.push(What::Replicas(plan.replicas, real.replicas));
        }
        let room = |(cluster, _, _): (&Cluster, _, _), pod: &Pod| {
            Requests::of(&pod.spec, cluster.version).cpu_and_memory()
        };
        let rooms = (room(self.plan, &a), room(self.real, &b));
        if rooms.0 != rooms.1 {
            all.push(What::Requests(rooms.0, rooms.1));
        }
        let class = |pod: &Pod| (pod.spec.priority_class_name.clone(), pod.spec.priority.unwrap_or(0));
        if class(&a) != class(&b) {
            all.push(What::Class(class(&a), class(&b)));
        }
        let mut texts = |of: fn(&Pod) -> String, what: fn(String, String) -> What| {
            let (a, b) = (of(&a), of(&b));
            if a != b {
                all.push(what(a, b));
            }
        };
        texts(tolerations, What::Tolerations);
        texts(node_affinity, What::NodeAffinity);
        texts(|pod| pods(pod.spec.affinity.as_ref(), false), What::PodAffinity);
        texts(|pod| pods(pod.spec.affinity.as_ref(), true), What::PodAntiAffinity);
        texts(spread, What::Spread);
        if plan_facts.grace != real_facts.grace {
            all.push(What::Grace(plan_facts.grace / 1000, real_facts.grace / 1000));
        }
        if plan_facts.storage != real_facts.storage {
            all.push(What::Storage(storage(plan_facts.storage), storage(real_facts.storage)));
        }
        all
    }
}

fn storage(storage: Storage) -> &'static str {
    match storage {
        Storage::None => "none",
        Storage::Ephemeral => "ephemeral",
        Storage::Local => "local",
        Storage::Replicated => "replicated",
    }
}

/// A typed value as compact JSON: one form for what YAML can write in many.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn tolerations(pod: &Pod) -> String {
    let mut all = pod.spec.tolerations.clone();
    all.retain(|t| t.toleration_seconds != Some(300) || !t.key.starts_with("node.kubernetes.io/"));
    set(all.iter().map(toleration))
}

fn toleration(toleration: &Toleration) -> String {
    let key = if toleration.key.is_empty() { "*" } else { &toleration.key };
    let value = if toleration.value.is_empty() { String::new() } else { format!("={}", toleration.value) };
    let effect =
        toleration.effect.as_ref().map_or_else(|| "any effect".to_owned(), |e| e.as_str().to_owned());
    let seconds = toleration.toleration_seconds.map_or_else(String::new, |s| format!(" for {s} s"));
    format!("{key}{value}:{effect}{seconds}")
}

fn node_affinity(pod: &Pod) -> String {
    let affinity = pod.spec.affinity.as_ref().and_then(|a| a.node_affinity.as_ref());
    let mut parts: Vec<String> = pod.spec.node_selector.iter().map(|(k, v)| format!("{k}={v}")).collect();
    if let Some(affinity) = affinity {
        parts.extend(affinity.required.iter().map(|r| format!("required {}", json(r))));
        parts.extend(affinity.preferred.iter().map(|p| format!("{} {}", p.weight, json(&p.preference))));
    }
    set(parts.into_iter())
}

fn pods(affinity: Option<&Affinity>, anti: bool) -> String {
    let side =
        affinity.and_then(|a| if anti { a.pod_anti_affinity.as_ref() } else { a.pod_affinity.as_ref() });
    let Some(side) = side else { return String::new() };
    let required = side.required.iter().map(|t| format!("required {}", json(t)));
    let preferred = side.preferred.iter().map(|t| format!("{} {}", t.weight, json(&t.pod_affinity_term)));
    set(required.chain(preferred))
}

fn spread(pod: &Pod) -> String {
    set(pod.spec.topology_spread_constraints.iter().map(json))
}

//! The policy's own levers, and what pulling each costs.

use std::fmt;

use super::edit::Edit;
use crate::policy::{Fencing, Phase, Policy, PreemptionPolicy, Resources, Storage, WorkloadKind};
use crate::prove::{Proof, Says};

/// What is changed, the least harmful first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lever {
    /// Scores: where pods would rather be.
    Preference,
    /// The lock on the lifeboat.
    Lock,
    /// Smaller requests of applications.
    Requests,
    /// Fewer pods of applications.
    Budget,
    /// A tier that waits instead of evicting others.
    Patience,
    /// A person fences.
    ManualFencing,
    /// More pods of a service.
    Replicas,
    /// A program fences.
    AutomaticFencing,
    /// Data that do not survive a move.
    DataLoss,
}

impl Lever {
    /// What it costs.
    #[must_use]
    pub fn price(self) -> &'static str {
        match self {
            Lever::Preference => "nothing but scores: a full cluster may still go against it",
            Lever::Patience => "its pods wait where they evicted others before",
            Lever::Lock => {
                "one more pod (1m/4Mi), a second preemption where critical pods board, and applications evicted before they do"
            }
            Lever::Requests => {
                "applications are promised less; they run into each other if they use more than they request"
            }
            Lever::Budget => "applications lose redundancy even while all nodes are up",
            Lever::ManualFencing => {
                "nothing moves until a person has said that the node is dead; saying so of a living node runs a StatefulSet's pod twice"
            }
            Lever::Replicas => "more room in every state, and a service that can run more than once",
            Lever::AutomaticFencing => {
                "split brain: a node that is cut off but alive runs its pods on while their successors start"
            }
            Lever::DataLoss => "the data are lost with every move of the pod",
        }
    }
}

impl fmt::Display for Lever {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lever::Preference => "preference",
            Lever::Patience => "preemption policy",
            Lever::Lock => "lock",
            Lever::Requests => "requests",
            Lever::Budget => "budget",
            Lever::ManualFencing => "manual fencing",
            Lever::Replicas => "replicas",
            Lever::AutomaticFencing => "automatic fencing",
            Lever::DataLoss => "loss of data",
        })
    }
}

/// One lever pulled one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub lever: Lever,
    /// In a few words.
    pub what: String,
    /// How the policy says it.
    pub edits: Vec<Edit>,
}

/// Every single change that might help a refuted claim, the least harmful first.
#[must_use]
pub fn changes(policy: &Policy, proof: &Proof) -> Vec<Change> {
    let mut changes = last_resort(policy);
    changes.extend(spreads(policy));
    changes.extend(smaller(policy));
    changes.extend(fewer(policy));
    changes.extend(patience(policy));
    changes.extend(fencing(policy, proof));
    changes.extend(replicas(policy, proof));
    changes.extend(ephemeral(policy));
    changes.sort_by_key(|c| c.lever);
    changes
}

fn last_resort(policy: &Policy) -> Vec<Change> {
    let Some(lifeboat) = &policy.lifeboat else { return Vec::new() };
    let scores = lifeboat.twin.is_some() && lifeboat.node_affinity.is_some();
    let path = "lifeboat.last-resort";
    let mut changes = Vec::new();
    if !scores {
        let lock = if lifeboat.lock.is_some() { ", \"lock\"" } else { "" };
        changes.push(Change {
            lever: Lever::Preference,
            what: "pods that may board keep off the lifeboat while another node has room".to_owned(),
            edits: vec![Edit::new(path, format!("[\"twin-taint\", \"node-affinity\"{lock}]"))],
        });
    }
    if lifeboat.lock.is_none() {
        changes.push(Change {
            lever: Lever::Lock,
            what: "a lock holds the lifeboat: boarding takes an eviction, and applications are cheaper"
                .to_owned(),
            edits: vec![Edit::new(path, "[\"twin-taint\", \"node-affinity\", \"lock\"]")],
        });
    }
    changes
}

/// Spreading a service's own pods is a pull that can work against rules that keep pods apart, and for them.
fn spreads(policy: &Policy) -> Vec<Change> {
    let flip = |service: &crate::policy::Service| {
        let (name, on) = (&service.name.value, !service.spread.value);
        Change {
            lever: Lever::Preference,
            what: format!("{name}'s own pods {}", if on { "spread" } else { "no longer spread" }),
            edits: vec![Edit::new(&format!("services.{name}.spread"), on.to_string())],
        }
    };
    policy.services.iter().map(flip).collect()
}

/// A tier that never evicts leaves the pods of lower tiers where they are. Only tiers that have somebody below them.
fn patience(policy: &Policy) -> Vec<Change> {
    let lowest = policy.tiers.iter().map(|tier| tier.priority.value).min();
    let evicts = policy.tiers.iter().filter(|tier| {
        // A boarder makes room for itself by evicting the lock.
        let boards = tier.lifeboat.value;
        tier.preemption.value != PreemptionPolicy::Never && !boards && Some(tier.priority.value) > lowest
    });
    let wait = |tier: &crate::policy::Tier| Change {
        lever: Lever::Patience,
        what: format!("{} evicts nobody", tier.name.value),
        edits: vec![Edit::new(&format!("tiers.{}.preemption-policy", tier.name.value), "\"Never\"")],
    };
    let mut changes: Vec<(i64, Change)> = evicts.map(|t| (i64::from(t.priority.value), wait(t))).collect();
    // The less a tier matters, the less it hurts that it waits.
    changes.sort_by_key(|(priority, _)| *priority);
    changes.into_iter().map(|(_, change)| change).collect()
}

fn smaller(policy: &Policy) -> Vec<Change> {
    let mut changes = Vec::new();
    for share in [75_u64, 50] {
        let mut edits = Vec::new();
        for workload in policy.workloads.iter().filter(|w| w.tier.value == policy.default_tier) {
            edits.extend(requests(
                &format!("workloads.{}.requests", workload.name.value),
                &workload.requests,
                share,
            ));
        }
        if !edits.is_empty() {
            let what = format!("applications request {share} % of what they do");
            changes.push(Change { lever: Lever::Requests, what, edits });
        }
    }
    changes
}

fn requests(path: &str, requests: &Resources, share: u64) -> Vec<Edit> {
    let scaled = |n: u64| n.saturating_mul(share) / 100;
    let cpu = requests.cpu.as_ref().map(|c| format!("\"{}m\"", scaled(c.value.milli)));
    let memory = requests.memory.as_ref().map(|m| format!("\"{}Mi\"", scaled(m.value.bytes) >> 20));
    let keys = [("cpu", cpu), ("memory", memory)];
    keys.into_iter().filter_map(|(key, value)| Some(Edit::new(&format!("{path}.{key}"), value?))).collect()
}

fn fewer(policy: &Policy) -> Option<Change> {
    let several = policy.workloads.iter().filter(|w| {
        w.tier.value == policy.default_tier && w.replicas.value > 1 && w.kind.value != WorkloadKind::DaemonSet
    });
    let edits: Vec<Edit> =
        several.map(|w| Edit::new(&format!("workloads.{}.replicas", w.name.value), "1")).collect();
    let what = "one pod of each application".to_owned();
    (!edits.is_empty()).then_some(Change { lever: Lever::Budget, what, edits })
}

/// Who fences, and that the refuted claims speak of the time after it.
fn fencing(policy: &Policy, proof: &Proof) -> Vec<Change> {
    let mut later: Vec<Edit> = Vec::new();
    for proven in proof.claims.iter().filter(|c| c.verdict.is_refuted() && c.claim.phase == Phase::Eviction) {
        let name = &proven.claim.scenario;
        let frozen = proof.claims.iter().any(|c| c.claim.scenario == *name && c.claim.says == Says::Frozen);
        let edit = Edit::new(&format!("scenarios.{name}.after"), "\"fencing\"");
        let loses = proven.claim.losses.iter().any(|l| l.iter().any(|s| !s.is_empty()));
        if loses && !frozen && !later.contains(&edit) {
            later.push(edit);
        }
    }
    let now = policy.recovery.fencing.value;
    let fence = |lever, word: &str, who: &str| {
        let mut edits = vec![Edit::new("recovery.fencing", format!("\"{word}\""))];
        edits.extend(later.iter().cloned());
        Change { lever, what: format!("{who} fences nodes that are dead"), edits }
    };
    let mut changes = Vec::new();
    if now == Fencing::None || now == Fencing::Manual && !later.is_empty() {
        changes.push(fence(Lever::ManualFencing, "manual", "a person"));
    }
    if now != Fencing::Automatic {
        changes.push(fence(Lever::AutomaticFencing, "automatic", "a program on the server"));
    }
    changes
}

/// A second pod of every Deployment that a refuted claim is about.
fn replicas(policy: &Policy, proof: &Proof) -> Option<Change> {
    let mut edits: Vec<Edit> = Vec::new();
    for proven in proof.claims.iter().filter(|c| c.verdict.is_refuted() && c.claim.says == Says::Running) {
        for row in proof.rows.iter().filter(|r| proven.claim.who.contains(&r.id) && r.single) {
            let path = match (&row.service, &row.component) {
                (Some(service), Some(component)) => {
                    format!("services.{service}.components.{component}.replicas")
                }
                _ if policy.workloads.iter().any(|w| w.name.value == row.name) => {
                    format!("workloads.{}.replicas", row.name)
                }
                _ => continue,
            };
            let edit = Edit::new(&path, "2");
            if !edits.contains(&edit) {
                edits.push(edit);
            }
        }
    }
    let what = "two pods of every Deployment that must run".to_owned();
    (!edits.is_empty()).then_some(Change { lever: Lever::Replicas, what, edits })
}

fn ephemeral(policy: &Policy) -> Option<Change> {
    let local =
        |s: &Option<crate::shape::Field<Storage>>| s.as_ref().is_some_and(|s| s.value == Storage::Local);
    let mut edits = Vec::new();
    for service in &policy.services {
        for component in service.components.iter().filter(|c| local(&c.storage)) {
            let path = format!("services.{}.components.{}.storage", service.name.value, component.name.value);
            edits.push(Edit::new(&path, "\"ephemeral\""));
        }
    }
    for workload in policy.workloads.iter().filter(|w| local(&w.storage)) {
        let path = format!("workloads.{}", workload.name.value);
        edits.extend(without_volume(
            &path,
            workload.storage_size.is_some(),
            workload.storage_class.is_some(),
        ));
    }
    let what = "no volume pins a pod to its node".to_owned();
    (!edits.is_empty()).then_some(Change { lever: Lever::DataLoss, what, edits })
}

fn without_volume(path: &str, sized: bool, classed: bool) -> impl Iterator<Item = Edit> {
    let size = sized.then(|| Edit::remove(&format!("{path}.storage-size")));
    let class = classed.then(|| Edit::remove(&format!("{path}.storage-class")));
    [Some(Edit::new(&format!("{path}.storage"), "\"ephemeral\"")), size, class].into_iter().flatten()
}

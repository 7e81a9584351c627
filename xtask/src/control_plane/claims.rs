//! What a scenario claims, held against the pods of a cluster.

use std::collections::BTreeSet;

use lifeboat::plan::{Carrier, Owner, Plan};
use lifeboat::policy::{Expect, Placement, PlacementKind, PodRef, Who};
use serde_json::Value;

use super::cluster::{Cluster, Outcome};

/// A pod, as far as claims speak of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pod {
    pub(super) namespace: String,
    /// Name of the workload that it belongs to.
    pub(super) workload: String,
    pub(super) name: String,
    /// Where it is bound; empty while it is pending.
    pub(super) node: String,
    /// Whether it is Ready and nobody has deleted it.
    pub(super) up: bool,
    pub(super) terminating: bool,
    /// The scheduler's word on why it is pending.
    pub(super) why: String,
}

/// All pods, sorted.
pub(super) fn pods(cluster: &Cluster) -> Outcome<Vec<Pod>> {
    let list = cluster.get(&["pods", "--all-namespaces"])?;
    let mut pods: Vec<Pod> = list.as_array().into_iter().flatten().map(pod).collect();
    pods.sort();
    Ok(pods)
}

fn pod(object: &Value) -> Pod {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let owner = text("/metadata/ownerReferences/0/name");
    // A ReplicaSet's name ends with its template's hash.
    let workload = match text("/metadata/ownerReferences/0/kind").as_str() {
        "ReplicaSet" => owner.rsplit_once('-').map_or(owner.clone(), |(name, _)| name.to_owned()),
        _ => owner,
    };
    let condition = |kind: &str| {
        let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
        conditions.clone().find(|condition| condition["type"] == kind).cloned().unwrap_or_default()
    };
    let terminating = object["metadata"]["deletionTimestamp"].is_string();
    Pod {
        namespace: text("/metadata/namespace"),
        workload,
        name: text("/metadata/name"),
        node: text("/spec/nodeName"),
        up: condition("Ready")["status"] == "True" && !terminating,
        terminating,
        why: condition("PodScheduled")["message"].as_str().unwrap_or_default().to_owned(),
    }
}

/// A moment of the story.
pub(super) struct Moment<'a> {
    pub(super) plan: &'a Plan,
    pub(super) pods: &'a [Pod],
    /// Nodes without power.
    pub(super) lost: &'a BTreeSet<String>,
}

impl Moment<'_> {
    fn pods_of(&self, carrier: &Carrier) -> Vec<&Pod> {
        let mine = |pod: &&Pod| pod.namespace == carrier.namespace && pod.workload == carrier.workload;
        self.pods.iter().filter(mine).collect()
    }

    /// Pods of a carrier that run on nodes with power.
    fn up(&self, carrier: &Carrier) -> Vec<&Pod> {
        self.pods_of(carrier).into_iter().filter(|pod| pod.up && !self.lost.contains(&pod.node)).collect()
    }

    fn runs(&self, carrier: &Carrier) -> bool {
        self.up(carrier).len() >= carrier.replicas() as usize
    }

    fn boards(&self, carrier: &Carrier) -> bool {
        let boats = |pod: &&Pod| self.plan.nodes.iter().any(|node| node.lifeboat && node.name == pod.node);
        self.up(carrier).iter().any(boats)
    }

    /// What is wrong with an expectation, one sentence each; empty if it holds.
    pub(super) fn broken(&self, expect: &Expect) -> Vec<String> {
        let mut wrong = Vec::new();
        if let Some(who) = &expect.running {
            self.each(&who.value, |c| self.runs(c), "does not run", &mut wrong);
        }
        if let Some(who) = &expect.down {
            self.each(&who.value, |c| self.up(c).is_empty(), "runs", &mut wrong);
        }
        if let Some(who) = &expect.pending {
            let waits = |c: &Carrier| {
                self.up(c).is_empty()
                    && self.pods_of(c).iter().any(|pod| pod.node.is_empty() && !pod.terminating)
            };
            self.each(&who.value, waits, "does not wait", &mut wrong);
        }
        if let Some(who) = &expect.stuck {
            let hangs = |c: &Carrier| {
                self.pods_of(c).iter().any(|pod| pod.terminating && self.lost.contains(&pod.node))
            };
            self.each(&who.value, hangs, "does not hang on a lost node", &mut wrong);
        }
        if let Some(who) = &expect.lifeboat {
            let named: BTreeSet<_> = self.named(&who.value).iter().map(|c| self.plan.display(c)).collect();
            for carrier in self.named(&Who::All) {
                let name = self.plan.display(carrier);
                match (named.contains(&name), self.boards(carrier)) {
                    (true, false) => wrong.push(format!("{name} is not on the lifeboat")),
                    (false, true) => wrong.push(format!("{name} is on the lifeboat")),
                    _ => {}
                }
            }
        }
        for rule in expect.apart.iter().flat_map(|rules| &rules.value) {
            self.apart(&rule.value, &mut wrong);
        }
        wrong
    }

    /// Whether a workload, by the name that people use, is in the proof's state; `None` where the two
    /// cannot be compared: packaged pods, DaemonSets, states that say nothing.
    pub(super) fn is(&self, name: &str, state: &str) -> Option<bool> {
        let carrier = self.ranked().find(|carrier| self.plan.display(carrier) == name)?;
        let up = self.up(carrier);
        let pods = self.pods_of(carrier);
        let boat = |pod: &Pod| self.plan.nodes.iter().any(|node| node.lifeboat && node.name == pod.node);
        let lost = |pod: &Pod| self.lost.contains(&pod.node);
        Some(match state {
            "running" => self.runs(carrier) && !up.iter().any(|pod| boat(pod)),
            "lifeboat" => self.runs(carrier) && up.iter().any(|pod| boat(pod)),
            "pending" | "pinned" => {
                up.is_empty() && pods.iter().any(|pod| pod.node.is_empty() && !pod.terminating)
            }
            "stuck" => up.is_empty() && pods.iter().any(|pod| pod.terminating && lost(pod)),
            "lost" => up.is_empty() && pods.iter().any(|pod| !pod.terminating && lost(pod)),
            "down" => up.is_empty(),
            _ => return None,
        })
    }

    fn each(&self, who: &Who, holds: impl Fn(&Carrier) -> bool, text: &str, wrong: &mut Vec<String>) {
        for carrier in self.named(who) {
            if !holds(carrier) {
                let pods = self.pods_of(carrier);
                let places: Vec<_> = pods
                    .iter()
                    .map(|pod| {
                        let state = if pod.up {
                            "up"
                        } else if pod.terminating {
                            "terminating"
                        } else {
                            "waiting"
                        };
                        format!("{state}@{}{}", pod.node, pod.why)
                    })
                    .collect();
                wrong.push(format!("{} {text} ({})", self.plan.display(carrier), places.join(", ")));
            }
        }
    }

    fn apart(&self, rule: &str, wrong: &mut Vec<String>) {
        let is_rule = |p: &&Placement| p.name.value == rule && matches!(p.kind, PlacementKind::Apart { .. });
        let Some(placement) = self.plan.policy.placements.iter().find(is_rule) else {
            wrong.push(format!("there is no rule {rule}"));
            return;
        };
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for pods in &placement.pods {
            let carriers = self.ranked().filter(|c| {
                self.matches(c, &pods.value) && (c.main || !matches!(pods.value, PodRef::Service(_)))
            });
            let nodes: BTreeSet<&str> =
                carriers.flat_map(|c| self.up(c)).map(|pod| pod.node.as_str()).collect();
            for node in nodes {
                if !seen.insert(node) {
                    wrong.push(format!("{rule}: two of it are on {node}"));
                }
            }
        }
    }

    /// Every carrier of a tier; of a DaemonSet nobody expects a place.
    fn ranked(&self) -> impl Iterator<Item = &Carrier> {
        self.plan.carriers.iter().filter(|c| {
            c.lasting()
                && c.tier.is_some()
                && c.runs_as != "DaemonSet"
                && !matches!(c.owner, Owner::Lock | Owner::Packaged)
        })
    }

    fn named(&self, who: &Who) -> Vec<&Carrier> {
        match who {
            Who::All => self.ranked().collect(),
            Who::None => Vec::new(),
            Who::Some(pods) => {
                self.ranked().filter(|c| pods.iter().any(|pod| self.matches(c, &pod.value))).collect()
            }
        }
    }

    fn matches(&self, carrier: &Carrier, pods: &PodRef) -> bool {
        match (pods, &carrier.owner) {
            (PodRef::Tier(tier), _) => carrier.tier.is_some_and(|mine| mine.value == *tier),
            (PodRef::Service(service), _) => self.plan.service_name(carrier) == Some(service),
            (
                PodRef::Component { service, component },
                Owner::Component { component: mine, .. } | Owner::Custom { component: mine, .. },
            ) => component == mine && self.plan.service_name(carrier) == Some(service),
            (PodRef::Workload(name), Owner::Workload(index)) => {
                self.plan.policy.workloads[*index].name.value == *name
            }
            _ => false,
        }
    }
}

//! What a policy claims, resolved to workloads and nodes.

use crate::lifecycle::{Kind, NodeId, WorkloadId};
use crate::policy::{EventKind, Phase, PlacementKind, PodRef, Policy, Who};
use crate::source::Span;

use super::model::Model;

/// What is said of some pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// They run, wherever.
    Running,
    /// Exactly these run on a last resort.
    Lifeboat,
    /// They wait for a node.
    Pending,
    /// They hang on a lost node.
    Stuck,
    /// Nothing is scheduled any more.
    Frozen,
    /// They are evicted to make room.
    Evicted,
    /// They do not run.
    Down,
    /// They keep apart from each other.
    Apart(String),
}

impl Says {
    /// The key of the policy.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Says::Running => "running",
            Says::Lifeboat => "lifeboat",
            Says::Pending => "pending",
            Says::Stuck => "stuck",
            Says::Frozen => "frozen",
            Says::Evicted => "evicted",
            Says::Down => "down",
            Says::Apart(_) => "apart",
        }
    }
}

/// Planned work after the losses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What is done.
    pub kind: EventKind,
    /// To which nodes, in order.
    pub nodes: Vec<NodeId>,
    /// Their names.
    pub names: Vec<String>,
    /// Which workloads are rolled.
    pub pods: Vec<WorkloadId>,
    /// Which workloads are rolled, as the policy writes them.
    pub of: String,
    /// For how long a node is away, in milliseconds.
    pub lasts: u64,
}

impl Event {
    /// The same work on other nodes, in that order.
    #[must_use]
    pub fn with_nodes(&self, model: &Model, nodes: Vec<NodeId>) -> Self {
        let names = nodes.iter().map(|n| model.nodes[usize::from(n.0)].name.clone()).collect();
        Self { nodes, names, ..self.clone() }
    }

    /// In a few words, such as `drain worker-1`.
    #[must_use]
    pub fn title(&self) -> String {
        let seconds = self.lasts / 1000;
        let nodes = self.names.join(", ");
        match self.kind {
            EventKind::Drain => format!("drain {nodes}"),
            EventKind::Reboot => format!("reboot {nodes} for {seconds} s"),
            EventKind::Upgrade => format!("upgrade {nodes}, {seconds} s each"),
            EventKind::ColdStart => format!("cold start: {}, {seconds} s apart", self.names.join(" then ")),
            EventKind::RollingUpdate => format!("roll {}", self.of),
        }
    }
}

/// One expectation of one scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Name of the scenario.
    pub scenario: String,
    /// What is said.
    pub says: Says,
    /// Who, as the policy writes it.
    pub of: String,
    /// Who, resolved: workloads in the order of the cluster. Of [`Says::Apart`] the pods of the rule.
    pub who: Vec<WorkloadId>,
    /// Whether the policy says `none`.
    pub none: bool,
    /// Every choice of losses: an order of sets of nodes.
    pub losses: Vec<Vec<Vec<NodeId>>>,
    /// Planned work.
    pub event: Option<Event>,
    /// The moment.
    pub phase: Phase,
    /// A deadline in milliseconds after the first loss.
    pub within: Option<u64>,
    /// Where the policy says so.
    pub span: Option<Span>,
}

/// The claims of a policy about a cluster; nodes and pods are found by name.
pub(super) fn of_policy(policy: &Policy, model: &Model) -> Vec<Claim> {
    let mut claims = Vec::new();
    for scenario in &policy.scenarios {
        let node = |id: &policy_node::Id| {
            let name = &policy.node(*id).name.value;
            model.nodes.iter().position(|n| n.name == *name).and_then(|i| u16::try_from(i).ok()).map(NodeId)
        };
        let losses: Vec<Vec<Vec<NodeId>>> = scenario
            .losses
            .iter()
            .filter_map(|order| order.iter().map(|loss| loss.iter().map(node).collect()).collect())
            .collect();
        let events: Vec<Option<Event>> = match &scenario.event {
            None => vec![None],
            Some(event) => event
                .nodes
                .value
                .iter()
                .map(Vec::as_slice)
                .chain(event.nodes.value.is_empty().then_some(&[][..]))
                .map(|order| {
                    let nodes: Vec<NodeId> = order.iter().flatten().filter_map(node).collect();
                    let of: Vec<String> = event.pods.iter().map(|p| name(policy, &p.value)).collect();
                    Some(Event {
                        kind: event.kind.value,
                        names: nodes.iter().map(|n| model.nodes[usize::from(n.0)].name.clone()).collect(),
                        nodes,
                        pods: event.pods.iter().flat_map(|p| resolve(policy, model, &p.value)).collect(),
                        of: of.join(", "),
                        lasts: event.lasts.value.saturating_mul(1000),
                    })
                })
                .collect(),
        };
        let expect = &scenario.expect;
        let said = [
            (&expect.running, Says::Running),
            (&expect.lifeboat, Says::Lifeboat),
            (&expect.pending, Says::Pending),
            (&expect.stuck, Says::Stuck),
            (&expect.frozen, Says::Frozen),
            (&expect.evicted, Says::Evicted),
            (&expect.down, Says::Down),
        ];
        for event in events {
            let base = |says: Says, of: String, who: Vec<WorkloadId>, none: bool, span: Option<Span>| Claim {
                scenario: scenario.name.value.clone(),
                says,
                of,
                who,
                none,
                losses: losses.clone(),
                event: event.clone(),
                phase: scenario.after.value,
                within: scenario.within.as_ref().map(|w| w.value.saturating_mul(1000)),
                span,
            };
            for (who, says) in &said {
                let Some(who) = who else { continue };
                let (of, ids, none) = everybody(policy, model, &who.value);
                claims.push(base(says.clone(), of, ids, none, who.span));
            }
            for rule in expect.apart.iter().flat_map(|rules| &rules.value) {
                let Some(placement) = policy
                    .placements
                    .iter()
                    .find(|p| p.name.value == rule.value && matches!(p.kind, PlacementKind::Apart { .. }))
                else {
                    continue;
                };
                // Nothing is apart from a DaemonSet's pods: the plan leaves them out of the rule as well.
                let ids = placement.pods.iter().flat_map(|p| resolve(policy, model, &p.value));
                let ids = ids.filter(|id| model.facts.workloads[usize::from(id.0)].kind != Kind::DaemonSet);
                let ids = ids.collect();
                claims.push(base(Says::Apart(rule.value.clone()), rule.value.clone(), ids, false, rule.span));
            }
        }
    }
    claims
}

mod policy_node {
    pub(super) type Id = crate::policy::NodeId;
}

fn everybody(policy: &Policy, model: &Model, who: &Who) -> (String, Vec<WorkloadId>, bool) {
    match who {
        Who::All => {
            ("all".to_owned(), model.rows.iter().filter(|r| r.claimed).map(|r| r.id).collect(), false)
        }
        Who::None => ("none".to_owned(), Vec::new(), true),
        Who::Some(list) => {
            let names: Vec<String> = list.iter().map(|r| name(policy, &r.value)).collect();
            let mut ids: Vec<_> = list.iter().flat_map(|r| resolve(policy, model, &r.value)).collect();
            ids.sort_unstable();
            ids.dedup();
            (names.join(", "), ids, false)
        }
    }
}

fn name(policy: &Policy, pods: &PodRef) -> String {
    match pods {
        PodRef::Tier(tier) => policy.tier(*tier).name.value.clone(),
        PodRef::Service(name) | PodRef::Workload(name) => name.clone(),
        PodRef::Component { service, component } => format!("{service}/{component}"),
    }
}

/// The workloads that a reference means. Packaged pods and the lock have no tier and are never meant.
#[must_use]
pub fn resolve(policy: &Policy, model: &Model, pods: &PodRef) -> Vec<WorkloadId> {
    let meant = |row: &&super::model::Row| match pods {
        PodRef::Tier(tier) => row.tier.as_deref() == Some(&policy.tier(*tier).name.value),
        PodRef::Service(service) => row.service.as_deref() == Some(service),
        PodRef::Component { service, component } => {
            row.service.as_deref() == Some(service) && row.component.as_deref() == Some(component)
        }
        // Where several namespaces have a workload of that name, all of them are meant.
        PodRef::Workload(name) => {
            let bare = row.name.rsplit_once('/').map_or(row.name.as_str(), |(_, name)| name);
            row.service.is_none() && row.claimed && bare == name
        }
    };
    model.rows.iter().filter(meant).map(|r| r.id).collect()
}

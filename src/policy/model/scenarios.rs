//! Recovery, the budget, claims, allowances and delivery.

use super::{ArgoCdForm, Auto, ClassDelivery, Cpu, EventKind, Fencing, Memory, NodeId, Phase, PodRef, Sync};
use crate::shape::{Field, Text};

/// What is done about dead nodes.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// Who fences.
    pub fencing: Field<Fencing>,
    /// Seconds of NotReady before a fence.
    pub after: Field<u64>,
    /// Most dead nodes at which automation acts.
    pub max_nodes: Field<u32>,
    /// What the server must still reach: `gateway` or a host.
    pub witness: Field<String>,
    /// Program that proves power-off.
    pub confirm: Option<Field<String>>,
    /// Oldest acceptable backup, in seconds.
    pub backup_younger_than: Option<Field<u64>>,
    /// Snapshots; `None` for an external datastore.
    pub snapshots: Option<Snapshots>,
    /// Whether rebalance scripts are written.
    pub rebalance: Field<bool>,
}

/// Snapshots of the datastore.
#[derive(Clone, Debug)]
pub struct Snapshots {
    /// Cron line.
    pub schedule: Field<String>,
    /// How many are kept.
    pub retention: Field<u32>,
    /// Where on the server; `None` is K3s's own folder.
    pub folder: Option<Field<String>>,
}

/// A limit on the workloads of the default tier.
#[derive(Clone, Debug)]
pub struct Budget {
    /// CPU.
    pub cpu: Field<Auto<Cpu>>,
    /// Memory.
    pub memory: Field<Auto<Memory>>,
    /// Namespaces that share it.
    pub namespaces: Vec<Field<String>>,
    /// Whether quotas are written.
    pub enforce: Field<bool>,
}

/// Nodes lost at once.
pub type Loss = Vec<NodeId>;

/// A claim.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name.
    pub name: Field<String>,
    /// `lose` as written, for people.
    pub lose: Field<String>,
    /// Every choice that the claim is made of: each an order of losses, each loss nodes in the order of
    /// the policy. Without duplicates; `[[]]`, one choice without losses, for `none`.
    pub losses: Vec<Vec<Loss>>,
    /// Planned work.
    pub event: Option<Event>,
    /// The moment.
    pub after: Field<Phase>,
    /// Deadline in seconds from the first loss.
    pub within: Option<Field<u64>>,
    /// What is then true.
    pub expect: Expect,
}

/// Planned work.
#[derive(Clone, Debug)]
pub struct Event {
    /// What is done.
    pub kind: Field<EventKind>,
    /// Every choice of nodes in their order, as in [`Scenario::losses`].
    pub nodes: Field<Vec<Vec<Loss>>>,
    /// Pods of a rolling update.
    pub pods: Vec<Field<PodRef>>,
    /// Seconds that a node is away.
    pub lasts: Field<u64>,
}

/// Who an expectation is about.
#[derive(Clone, Debug)]
pub enum Who {
    /// Every pod that the policy knows.
    All,
    /// No pod.
    None,
    /// These.
    Some(Vec<Field<PodRef>>),
}

/// What a claim says; `None` says nothing.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// They run, wherever.
    pub running: Option<Field<Who>>,
    /// Exactly these run on a lifeboat.
    pub lifeboat: Option<Field<Who>>,
    /// They wait.
    pub pending: Option<Field<Who>>,
    /// They hang on a lost node.
    pub stuck: Option<Field<Who>>,
    /// Nothing is scheduled any more.
    pub frozen: Option<Field<Who>>,
    /// They are evicted.
    pub evicted: Option<Field<Who>>,
    /// They do not run.
    pub down: Option<Field<Who>>,
    /// Names of `apart` rules that hold.
    pub apart: Option<Field<Vec<Field<String>>>>,
}

/// An accepted finding.
#[derive(Clone, Debug)]
pub struct Allowance {
    /// Its name.
    pub name: Field<String>,
    /// The finding.
    pub code: Field<crate::diag::Code>,
    /// What it was found on.
    pub target: Field<String>,
    /// Why it is accepted.
    pub reason: Field<Text>,
}

/// Delivery by Argo CD.
#[derive(Clone, Debug)]
pub struct ArgoCd {
    /// Git repository.
    pub repository: Field<String>,
    /// Branch, tag or commit.
    pub revision: Field<String>,
    /// Folder of the policy in the repository; empty for its root.
    pub path: Field<String>,
    /// AppProject.
    pub project: Field<String>,
    /// Namespace of the Applications.
    pub namespace: Field<String>,
    /// API server URL or cluster name.
    pub destination: Field<String>,
    /// Whether Argo CD applies changes itself.
    pub sync: Field<Sync>,
    /// Whether automated sync deletes.
    pub prune: Field<bool>,
    /// Whether automated sync reverts.
    pub self_heal: Field<bool>,
    /// How priority classes arrive.
    pub priority_classes: Field<ClassDelivery>,
    /// What is written.
    pub form: Field<ArgoCdForm>,
    /// Folder of the fleet's ApplicationSets, relative to the policy.
    pub fleet: Option<Field<String>>,
}

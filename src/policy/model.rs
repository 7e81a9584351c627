//! The checked policy. Its types can only be made by [`super::check`], so that whoever holds a
//! [`Policy`] need not ask again whether a name exists or a number is in range.
//!
//! Every value that a decision can rest on is a [`Field`]: it knows its place and its policy path.

use crate::shape::{Field, Text};

pub use super::shapes::{
    ArgoCdForm, Auto, ClassDelivery, Cpu, Datastore, Distribution, Duration, Effect, EventKind, Fencing,
    Labels, Lever, Memory, Packaged, Phase, PreemptionPolicy, Role, Storage, Sync, Taint, Toleration,
    WorkloadKind,
};

/// The minors of Kubernetes 1 whose scheduler and node lifecycle are modelled.
pub const SUPPORTED_MINORS: std::ops::RangeInclusive<u32> = 30..=36;

/// Index of a tier in [`Policy::tiers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TierId(pub u16);

/// Index of a node in [`Policy::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u16);

/// A tier policy without mistakes.
#[expect(clippy::manual_non_exhaustive, reason = "sealed within this crate too, not only towards others")]
#[derive(Clone, Debug)]
pub struct Policy {
    /// The file's name as it was given.
    pub file: String,
    /// The cluster as a whole.
    pub cluster: Cluster,
    /// The nodes in the order of the policy.
    pub nodes: Vec<Node>,
    /// The lifeboat, if there is one.
    pub lifeboat: Option<Lifeboat>,
    /// The tiers, highest priority first.
    pub tiers: Vec<Tier>,
    /// The tier of whatever is not named.
    pub default_tier: TierId,
    /// Helm releases in the order of the policy.
    pub services: Vec<Service>,
    /// Workloads by hand, in the order of the policy.
    pub workloads: Vec<Workload>,
    /// Globs of rendered manifests with further workloads.
    pub manifests: Vec<Field<String>>,
    /// Rules that keep pods apart, together or spread, in that order.
    pub placements: Vec<Placement>,
    /// What is done about dead nodes.
    pub recovery: Recovery,
    /// A limit on the applications.
    pub budget: Option<Budget>,
    /// Claims in the order of the policy.
    pub scenarios: Vec<Scenario>,
    /// Accepted findings.
    pub allowances: Vec<Allowance>,
    /// Delivery by Argo CD; `None` without a repository.
    pub argocd: Option<ArgoCd>,
    pub(super) _sealed: (),
}

impl Policy {
    /// The tier behind an index.
    #[must_use]
    pub fn tier(&self, id: TierId) -> &Tier {
        &self.tiers[usize::from(id.0)]
    }

    /// The node behind an index.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[usize::from(id.0)]
    }

    /// All nodes with their indices.
    pub fn node_ids(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(i, node)| (NodeId(u16::try_from(i).unwrap_or(u16::MAX)), node))
    }

    /// All tiers with their indices, highest priority first.
    pub fn tier_ids(&self) -> impl Iterator<Item = (TierId, &Tier)> {
        self.tiers.iter().enumerate().map(|(i, tier)| (TierId(u16::try_from(i).unwrap_or(u16::MAX)), tier))
    }

    /// The service of a name.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name.value == name)
    }

    /// Whether a node is a lifeboat.
    #[must_use]
    pub fn is_lifeboat(&self, id: NodeId) -> bool {
        self.lifeboat.as_ref().is_some_and(|lifeboat| lifeboat.nodes.value.contains(&id))
    }
}

/// The cluster as a whole.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Its name.
    pub name: Field<String>,
    /// Who packages Kubernetes.
    pub distribution: Field<Distribution>,
    /// The minor of Kubernetes 1: 34 for 1.34.
    pub minor: Field<u32>,
    /// Where the state lives.
    pub datastore: Field<Datastore>,
    /// The output folder: relative, with `/`, without `..` unless a fleet's, never empty.
    pub output: Field<String>,
    /// The version of lifeboat that the outputs are pinned to.
    pub lifeboat_version: Option<Field<semver::Version>>,
    /// Folder with further catalogue files, relative to the policy.
    pub charts: Option<Field<String>>,
    /// Packaged components that are off.
    pub disable: Vec<Field<Packaged>>,
    /// `node-monitor-grace-period` in seconds: given, or the minor's own.
    pub grace_period: Field<u64>,
    /// Default `tolerationSeconds` of `not-ready` and `unreachable`, in seconds.
    pub default_eviction_delay: Field<u64>,
}

/// CPU and memory, each if stated.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    /// CPU.
    pub cpu: Option<Field<Cpu>>,
    /// Memory.
    pub memory: Option<Field<Memory>>,
}

impl Resources {
    /// Whether nothing is stated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cpu.is_none() && self.memory.is_none()
    }
}

/// A node.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name.
    pub name: Field<String>,
    /// What runs on it.
    pub role: Field<Role>,
    /// The machine's CPU.
    pub cpu: Field<Cpu>,
    /// The machine's memory.
    pub memory: Field<Memory>,
    /// The kubelet's limit of pods.
    pub pods: Field<u32>,
    /// What is kept from pods.
    pub reserve: Resources,
    /// `memory.available` below which the kubelet evicts.
    pub eviction_threshold: Field<Memory>,
    /// Labels of the policy; those that Kubernetes and K3s set themselves are not among them.
    pub labels: Field<Labels>,
    /// Taints of the policy; the lifeboat's are not among them.
    pub taints: Vec<Field<Taint>>,
    /// Its zone.
    pub zone: Option<Field<String>>,
}

impl Node {
    /// Allocatable CPU in millicores: capacity less the reserve.
    #[must_use]
    pub fn allocatable_milli(&self) -> u64 {
        let reserve = self.reserve.cpu.as_ref().map_or(0, |cpu| cpu.value.milli);
        self.cpu.value.milli.saturating_sub(reserve)
    }

    /// Allocatable memory in bytes: capacity less the reserve and the hard eviction threshold.
    /// Source: kubernetes 1.34, `pkg/kubelet/cm/node_container_manager_linux.go`,
    /// `getNodeAllocatableAbsolute`.
    #[must_use]
    pub fn allocatable_bytes(&self) -> u64 {
        let reserve = self.reserve.memory.as_ref().map_or(0, |memory| memory.value.bytes);
        self.memory.value.bytes.saturating_sub(reserve).saturating_sub(self.eviction_threshold.value.bytes)
    }
}

/// The nodes that lifeboat tiers may board, and what makes them a last resort.
#[derive(Clone, Debug)]
pub struct Lifeboat {
    /// Which nodes, in the order of the policy; at least one.
    pub nodes: Field<Vec<NodeId>>,
    /// The taint that keeps everybody else off.
    pub taint: Field<Taint>,
    /// The `PreferNoSchedule` twin of the taint, where the policy uses that lever.
    pub twin: Option<Field<Taint>>,
    /// Whether lifeboat pods prefer other nodes by node affinity; the field is the lever's.
    pub node_affinity: Option<Field<()>>,
    /// The lock, where the policy uses that lever.
    pub lock: Option<Lock>,
}

/// The pod that holds the lifeboat closed.
#[derive(Clone, Debug)]
pub struct Lock {
    /// The lever that asks for it.
    pub lever: Field<()>,
    /// Name of Deployment and class.
    pub name: Field<String>,
    /// Its namespace.
    pub namespace: Field<String>,
    /// Its priority.
    pub priority: Field<i32>,
    /// Its image.
    pub image: Field<String>,
    /// CPU that it requests.
    pub cpu: Field<Cpu>,
    /// Memory that it requests.
    pub memory: Field<Memory>,
    /// `terminationGracePeriodSeconds`.
    pub grace_period: Field<u64>,
}

/// A tier.
#[derive(Clone, Debug)]
pub struct Tier {
    /// Its name.
    pub name: Field<String>,
    /// Its priority.
    pub priority: Field<i32>,
    /// Name of its class.
    pub class: Field<String>,
    /// Whether the class exists already and is not written.
    pub adopted: bool,
    /// One line on the class.
    pub description: Option<Field<Text>>,
    /// Whether its pods may board the lifeboat.
    pub lifeboat: Field<bool>,
    /// Whether its pods may evict others.
    pub preemption: Field<PreemptionPolicy>,
    /// `tolerationSeconds` for `not-ready` and `unreachable`, if the tier has its own.
    pub eviction_delay: Option<Field<u64>>,
    /// Whether its class is the cluster's default.
    pub global_default: Field<bool>,
}

/// A Helm release.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name.
    pub name: Field<String>,
    /// The chart's name; whether the catalogue has it is checked there.
    pub chart: Field<String>,
    /// The chart's version.
    pub version: Field<semver::Version>,
    /// The chart's repository, where stated.
    pub repository: Option<Field<String>>,
    /// The release's name.
    pub release: Field<String>,
    /// Its namespace.
    pub namespace: Field<String>,
    /// Its tier.
    pub tier: Field<TierId>,
    /// The team's values files: names relative to the file that says so, resolved like `extends`.
    pub values: Vec<Field<String>>,
    /// Whether its own pods spread softly over the nodes.
    pub spread: Field<bool>,
    /// Components that the policy speaks of.
    pub components: Vec<Component>,
}

/// What the policy says of a component. Everything else is the chart's or the catalogue's.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its name in the catalogue; of a custom resource, the resource's name.
    pub name: Field<String>,
    /// Kind of the custom resource, if it is one.
    pub kind: Option<Field<String>>,
    /// Its own tier.
    pub tier: Option<Field<TierId>>,
    /// Whether it is installed.
    pub enabled: Option<Field<bool>>,
    /// How many pods.
    pub replicas: Option<Field<u32>>,
    /// What the main container requests.
    pub requests: Resources,
    /// Limits of the main container.
    pub limits: Resources,
    /// Further containers by name.
    pub containers: Vec<Container>,
    /// Where its data live.
    pub storage: Option<Field<Storage>>,
    /// Size of its volume.
    pub storage_size: Option<Field<Memory>>,
    /// Class of its volume.
    pub storage_class: Option<Field<String>>,
    /// What losing its data costs.
    pub data: Option<Field<Text>>,
    /// Its own `tolerationSeconds`.
    pub eviction_delay: Option<Field<u64>>,
}

/// A container beside the main one.
#[derive(Clone, Debug)]
pub struct Container {
    /// Its name.
    pub name: Field<String>,
    /// What it requests.
    pub requests: Resources,
    /// Its limits.
    pub limits: Resources,
}

/// A workload by hand.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Its name.
    pub name: Field<String>,
    /// Its kind.
    pub kind: Field<WorkloadKind>,
    /// Its namespace.
    pub namespace: Field<String>,
    /// How many pods; of a DaemonSet this says nothing.
    pub replicas: Field<u32>,
    /// Its tier.
    pub tier: Field<TierId>,
    /// What one pod requests.
    pub requests: Resources,
    /// Limits of one pod.
    pub limits: Resources,
    /// Labels of its pods.
    pub labels: Field<Labels>,
    /// What its pods tolerate.
    pub tolerations: Vec<Field<Toleration>>,
    /// Labels that its nodes must have.
    pub node_selector: Option<Field<Labels>>,
    /// Where its data live; `None` only where there are none to lose.
    pub storage: Option<Field<Storage>>,
    /// Size of its volume.
    pub storage_size: Option<Field<Memory>>,
    /// Class of its volume.
    pub storage_class: Option<Field<String>>,
    /// What losing its data costs.
    pub data: Option<Field<Text>>,
    /// Its own `tolerationSeconds`.
    pub eviction_delay: Option<Field<u64>>,
    /// `maxUnavailable` of its PodDisruptionBudget.
    pub max_unavailable: Option<Field<u32>>,
    /// `maxSurge` of its rolling update, in pods.
    pub max_surge: Option<Field<u32>>,
    /// `terminationGracePeriodSeconds`.
    pub grace_period: Field<u64>,
}

/// Pods that the policy names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PodRef {
    /// All pods of a tier.
    Tier(TierId),
    /// All components of a service in expectations, its main component in placement rules.
    Service(String),
    /// One component.
    Component {
        /// The service.
        service: String,
        /// The component; whether the catalogue has it is checked there.
        component: String,
    },
    /// A workload by hand.
    Workload(String),
}

/// A rule about where pods stand relative to each other.
#[derive(Clone, Debug)]
pub struct Placement {
    /// Its name.
    pub name: Field<String>,
    /// What it asks.
    pub kind: PlacementKind,
    /// Who; at least one.
    pub pods: Vec<Field<PodRef>>,
    /// Whether it must hold.
    pub required: Field<bool>,
    /// `topologyKey`.
    pub across: Field<String>,
}

/// What a [`Placement`] asks.
#[derive(Clone, Debug)]
pub enum PlacementKind {
    /// Different nodes.
    Apart {
        /// Weight of the preference, 1 to 100.
        weight: Field<i32>,
    },
    /// One node.
    Together {
        /// Weight of the preference, 1 to 100.
        weight: Field<i32>,
    },
    /// Evenly.
    Spread {
        /// `maxSkew`, at least 1.
        max_skew: Field<u32>,
        /// `minDomains`.
        min_domains: Option<Field<u32>>,
    },
}

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
}

/// A checked policy and what there is to say about it.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The policy.
    pub policy: Policy,
    /// Warnings and notes.
    pub warnings: Vec<crate::diag::Diagnostic>,
}

//! The checked policy. Its types can only be made by [`super::check`], so that whoever holds a
//! [`Policy`] need not ask again whether a name exists or a number is in range.
//!
//! Every value that a decision can rest on is a [`Field`]: it knows its place and its policy path.

mod cluster;
mod scenarios;
mod services;

pub use cluster::*;
pub use scenarios::*;
pub use services::*;

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
    /// Workloads that manifests bring, in the order of these, with what belongs to them.
    pub given: GivenWorkloads,
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

/// A checked policy and what there is to say about it.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The policy.
    pub policy: Policy,
    /// Warnings and notes.
    pub warnings: Vec<crate::diag::Diagnostic>,
}

//! Plugins, and why they reject a node.

use std::fmt;

use super::{NodeSet, World};

/// A plugin of the default profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Plugin {
    /// Cordoned nodes.
    NodeUnschedulable,
    /// Taints.
    TaintToleration,
    /// Node selector and node affinity.
    NodeAffinity,
    /// Host ports.
    NodePorts,
    /// Requests against allocatable.
    NodeResourcesFit,
    /// ReadWriteOncePod claims.
    VolumeRestrictions,
    /// Limits of CSI drivers: never rejects here, as no limits are modelled.
    NodeVolumeLimits,
    /// Claims and the nodes that reach their volumes.
    VolumeBinding,
    /// Zones of volumes.
    VolumeZone,
    /// Topology spread.
    PodTopologySpread,
    /// Affinity between pods.
    InterPodAffinity,
    /// Claims of dynamic resource allocation: always skipped.
    DynamicResources,
    /// Features a pod needs of a node (1.36): always skipped.
    NodeDeclaredFeatures,
    /// Balance of CPU and memory (scores only).
    NodeResourcesBalancedAllocation,
    /// Images on nodes (scores only).
    ImageLocality,
}

impl Plugin {
    /// Filters in the order in which they run; the first rejection counts.
    ///
    /// NodeName is not among them: a pod with a node name never comes to the scheduler. NodeVolumeLimits
    /// is there for its place in the order; no limits are modelled.
    pub const FILTERS: [Plugin; 11] = [
        Plugin::NodeUnschedulable,
        Plugin::TaintToleration,
        Plugin::NodeAffinity,
        Plugin::NodePorts,
        Plugin::NodeResourcesFit,
        Plugin::VolumeRestrictions,
        Plugin::NodeVolumeLimits,
        Plugin::VolumeBinding,
        Plugin::VolumeZone,
        Plugin::PodTopologySpread,
        Plugin::InterPodAffinity,
    ];

    /// Plugins that score, in no particular order.
    pub const SCORES: [Plugin; 7] = [
        Plugin::TaintToleration,
        Plugin::NodeAffinity,
        Plugin::PodTopologySpread,
        Plugin::InterPodAffinity,
        Plugin::NodeResourcesFit,
        Plugin::NodeResourcesBalancedAllocation,
        Plugin::ImageLocality,
    ];

    /// Weight of the plugin's score in the default profile.
    #[must_use]
    pub fn weight(self) -> i64 {
        match self {
            Plugin::TaintToleration => 3,
            Plugin::NodeAffinity
            | Plugin::PodTopologySpread
            | Plugin::InterPodAffinity
            | Plugin::DynamicResources => 2,
            _ => 1,
        }
    }

    /// Kubernetes' name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Plugin::NodeUnschedulable => "NodeUnschedulable",
            Plugin::TaintToleration => "TaintToleration",
            Plugin::NodeAffinity => "NodeAffinity",
            Plugin::NodePorts => "NodePorts",
            Plugin::NodeResourcesFit => "NodeResourcesFit",
            Plugin::VolumeRestrictions => "VolumeRestrictions",
            Plugin::NodeVolumeLimits => "NodeVolumeLimits",
            Plugin::VolumeBinding => "VolumeBinding",
            Plugin::VolumeZone => "VolumeZone",
            Plugin::PodTopologySpread => "PodTopologySpread",
            Plugin::InterPodAffinity => "InterPodAffinity",
            Plugin::DynamicResources => "DynamicResources",
            Plugin::NodeDeclaredFeatures => "NodeDeclaredFeatures",
            Plugin::NodeResourcesBalancedAllocation => "NodeResourcesBalancedAllocation",
            Plugin::ImageLocality => "ImageLocality",
        }
    }

    /// The plugin's bit in a set of plugins.
    pub(super) fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether preemption could help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// It could: other pods are in the way.
    Unschedulable,
    /// It could not.
    UnschedulableAndUnresolvable,
}

impl Code {
    /// Kubernetes' name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Code::Unschedulable => "Unschedulable",
            Code::UnschedulableAndUnresolvable => "UnschedulableAndUnresolvable",
        }
    }
}

/// Nodes that a plugin rejects, by whether preemption could help.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rejected {
    /// Other pods are in the way.
    pub unschedulable: NodeSet,
    /// Nothing helps.
    pub unresolvable: NodeSet,
}

impl Rejected {
    /// No node.
    pub const NONE: Rejected = Rejected { unschedulable: NodeSet::EMPTY, unresolvable: NodeSet::EMPTY };

    /// Nodes that nothing helps.
    #[must_use]
    pub fn unresolvable(nodes: NodeSet) -> Rejected {
        Rejected { unschedulable: NodeSet::EMPTY, unresolvable: nodes }
    }

    /// Nodes on which other pods are in the way.
    #[must_use]
    pub fn unschedulable(nodes: NodeSet) -> Rejected {
        Rejected { unschedulable: nodes, unresolvable: NodeSet::EMPTY }
    }

    /// All of them.
    #[must_use]
    pub fn nodes(self) -> NodeSet {
        self.unschedulable | self.unresolvable
    }
}

/// Why a node was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The node is cordoned.
    Cordoned,
    /// A NoSchedule or NoExecute taint is not tolerated.
    UntoleratedTaint,
    /// Node selector or required node affinity.
    NodeAffinity,
    /// The pod names its possible nodes by field, and this is none of them.
    NotNamed,
    /// A host port is taken.
    PortTaken,
    /// As many pods as the node allows.
    TooManyPods,
    /// Too little of the resource with this index in [`World::resources`](super::World).
    Insufficient(u16),
    /// Another pod uses the ReadWriteOncePod claim.
    ClaimInUse,
    /// The volume is on another node.
    VolumeNodeAffinity,
    /// No volume can be bound or made here.
    NoVolume,
    /// The volume is in another zone.
    VolumeZone,
    /// The spread would be too uneven.
    SpreadSkew,
    /// The node lacks the spread's topology label.
    SpreadLabel,
    /// Required affinity to pods.
    PodAffinity,
    /// The pod's own required anti-affinity.
    PodAntiAffinity,
    /// Required anti-affinity of a pod that is already there.
    ExistingPodAntiAffinity,
}

impl Reason {
    /// Kubernetes' text.
    #[must_use]
    pub fn text(self, world: &World) -> String {
        let fixed = match self {
            Reason::Cordoned => "node(s) were unschedulable",
            Reason::UntoleratedTaint => "node(s) had untolerated taint(s)",
            Reason::NodeAffinity => "node(s) didn't match Pod's node affinity/selector",
            Reason::NotNamed => "node(s) didn't satisfy plugin(s) [NodeAffinity]",
            Reason::PortTaken => "node(s) didn't have free ports for the requested pod ports",
            Reason::TooManyPods => "Too many pods",
            Reason::Insufficient(resource) => {
                let name = world.resources.get(usize::from(resource)).map_or("?", String::as_str);
                return format!("Insufficient {name}");
            }
            Reason::ClaimInUse => {
                "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
            }
            Reason::VolumeNodeAffinity => "node(s) didn't match PersistentVolume's node affinity",
            Reason::NoVolume => "node(s) didn't find available persistent volumes to bind",
            Reason::VolumeZone => "node(s) had no available volume zone",
            Reason::SpreadSkew => "node(s) didn't match pod topology spread constraints",
            Reason::SpreadLabel => {
                "node(s) didn't match pod topology spread constraints (missing required label)"
            }
            Reason::PodAffinity => "node(s) didn't match pod affinity rules",
            Reason::PodAntiAffinity => "node(s) didn't match pod anti-affinity rules",
            Reason::ExistingPodAntiAffinity => "node(s) didn't satisfy existing pods anti-affinity rules",
        };
        fixed.to_owned()
    }
}

/// Why a pod was rejected before any node was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreFilterReason {
    /// A claim does not exist.
    ClaimNotFound(String),
    /// The claim of an ephemeral volume does not exist yet.
    EphemeralClaimNotFound(String),
    /// The claim lost its volume: name of the claim, name of the volume.
    ClaimLost(String, String),
    /// The claim is being deleted.
    ClaimDeleted(String),
    /// The claim's volume does not exist: name of the volume.
    VolumeNotFound(String),
    /// A claim of a class that binds at once is not bound.
    UnboundImmediateClaim,
    /// The node names of the required affinity contradict each other.
    NodeNamesConflict,
}

impl PreFilterReason {
    /// The plugin that rejects.
    #[must_use]
    pub fn plugin(&self) -> Plugin {
        match self {
            PreFilterReason::ClaimNotFound(_) => Plugin::VolumeRestrictions,
            PreFilterReason::NodeNamesConflict => Plugin::NodeAffinity,
            PreFilterReason::VolumeNotFound(_) => Plugin::VolumeZone,
            _ => Plugin::VolumeBinding,
        }
    }

    /// Kubernetes' text.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            PreFilterReason::ClaimNotFound(name) => format!("persistentvolumeclaim \"{name}\" not found"),
            PreFilterReason::EphemeralClaimNotFound(name) => {
                format!(
                    "waiting for ephemeral volume controller to create the persistentvolumeclaim \"{name}\""
                )
            }
            PreFilterReason::ClaimLost(claim, volume) => {
                format!(
                    "persistentvolumeclaim \"{claim}\" bound to non-existent persistentvolume \"{volume}\""
                )
            }
            PreFilterReason::VolumeNotFound(name) => format!("persistentvolume \"{name}\" not found"),
            PreFilterReason::ClaimDeleted(name) => {
                format!("persistentvolumeclaim \"{name}\" is being deleted")
            }
            PreFilterReason::UnboundImmediateClaim => {
                "pod has unbound immediate PersistentVolumeClaims".to_owned()
            }
            PreFilterReason::NodeNamesConflict => "pod affinity terms conflict".to_owned(),
        }
    }
}

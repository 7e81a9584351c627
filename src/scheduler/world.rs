//! A cluster compiled for scheduling: pod classes × nodes, everything static resolved.

mod compile;
mod terms;
pub(super) mod volumes;

use std::fmt;

use super::topology::{Topology, TopologyId};
use super::{MAX_NODES, NodeId, NodeSet, PreFilterReason};
use crate::cluster::{Cluster, KubernetesVersion};
use crate::kube::Pod;
use volumes::{ClaimUse, Volumes};

/// Index of a class in [`World::classes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId(pub u32);

impl ClassId {
    /// As an index.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A node of the world.
#[derive(Clone, Debug)]
pub struct WorldNode {
    /// Name.
    pub name: String,
    /// Allocatable amount of each of [`World::resources`].
    pub allocatable: Vec<i64>,
    /// Allocatable pods.
    pub max_pods: i64,
}

/// Pods that the scheduler cannot tell apart.
#[derive(Clone, Debug)]
pub struct Class {
    /// Name of the first pod of the class.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Priority.
    pub priority: i32,
    /// Whether its pods may preempt.
    pub preempts: bool,
    /// Request of each of [`World::resources`].
    pub request: Vec<i64>,
    /// Milli-CPU and bytes with scoring defaults.
    pub nonzero: [i64; 2],
    /// Whether Fit looks at resources at all, rather than at the pod count only.
    pub(super) requests_any: bool,
    pub(super) tolerates: Tolerates,
    /// Nodes whose own taints are tolerated.
    pub(super) tolerated: NodeSet,
    /// Nodes that node selector and required affinity allow; `None` if neither is stated.
    pub(super) affinity: Option<NodeSet>,
    /// Nodes that the required affinity names by field.
    pub(super) named_by_field: Option<NodeSet>,
    /// The names, in byte order, those of unknown nodes included.
    pub field_names: Vec<String>,
    /// Rejection before any node is looked at.
    pub(super) pre_filter: Option<PreFilterReason>,
    /// Number of PreferNoSchedule taints that are not tolerated, by node.
    pub(super) disliked_taints: Vec<i64>,
    /// Weight of matching preferred terms, by node; `None` without such terms.
    pub(super) node_preference: Option<Vec<i64>>,
    /// Its host ports, as indices among all of the world.
    pub(super) ports: Vec<usize>,
    /// Host ports that collide with its own.
    pub(super) port_conflicts: Vec<usize>,
    pub(super) hard_spread: Vec<Spread>,
    pub(super) soft_spread: Vec<Spread>,
    /// Whether the soft constraints are the system's defaults.
    pub(super) default_spread: bool,
    /// Required affinity: topologies of its terms, and who matches all of them.
    pub(super) affinity_topologies: Vec<TopologyId>,
    pub(super) affinity_matches: Vec<ClassId>,
    pub(super) affinity_matches_self: bool,
    /// Required anti-affinity, term by term.
    pub(super) anti: Vec<(TopologyId, Vec<ClassId>)>,
    /// Required anti-affinity of others that matches this class.
    pub(super) repelled_by: Vec<(TopologyId, ClassId)>,
    /// Everything that moves the score of InterPodAffinity: a pod of the class on a node adds the
    /// weight to all nodes of its domain.
    pub(super) pull: Vec<Pull>,
    /// Indices of its images.
    pub(super) images: Vec<usize>,
    /// ImageLocality's score by node, with all nodes registered.
    pub(super) image_score: Vec<i64>,
    /// Number of containers, init containers included.
    pub(super) containers: i64,
    pub(super) claims: Vec<ClaimUse>,
    /// Budgets that guard it.
    pub(super) pdbs: Vec<usize>,
}

/// Tolerations of taints that come and go.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tolerates {
    pub(super) unschedulable: bool,
    pub(super) not_ready: bool,
    pub(super) unreachable: bool,
}

/// A compiled topology spread constraint.
#[derive(Clone, Debug)]
pub(super) struct Spread {
    pub(super) topology: TopologyId,
    pub(super) max_skew: i64,
    pub(super) min_domains: i64,
    /// Whether the pod itself matches.
    pub(super) matches_self: bool,
    /// Classes whose pods are counted.
    pub(super) counts: Vec<ClassId>,
    /// Classes that the selector matches. Differs from `counts` for an empty selector, which counts
    /// nobody at first but every pod that is added or removed during a cycle.
    pub(super) matches: Vec<ClassId>,
    pub(super) honor_affinity: bool,
    pub(super) honor_taints: bool,
}

/// One entry of [`Class::pull`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Pull {
    pub(super) class: ClassId,
    pub(super) topology: TopologyId,
    pub(super) weight: i64,
}

/// An image that some node holds.
#[derive(Clone, Debug)]
pub(super) struct Image {
    pub(super) name: String,
    /// Bytes, as the first registered node reports them.
    pub(super) size: i64,
    pub(super) nodes: NodeSet,
}

/// A cluster compiled for scheduling.
#[derive(Clone, Debug)]
pub struct World {
    /// The version whose scheduler is modelled.
    pub version: KubernetesVersion,
    /// Nodes, in order of registration.
    pub nodes: Vec<WorldNode>,
    /// Classes.
    pub classes: Vec<Class>,
    /// Resources by index: `cpu` in thousandths, `memory`, `ephemeral-storage`, then the others by name.
    pub resources: Vec<String>,
    /// Number of different host ports.
    pub(super) port_count: usize,
    /// Nodes that were cordoned when the world was compiled.
    pub(super) cordoned: NodeSet,
    pub(super) topologies: Vec<Topology>,
    pub(super) images: Vec<Image>,
    /// `disruptionsAllowed` of each budget.
    pub(super) pdbs: Vec<i64>,
    pub(super) volumes: Volumes,
    /// `ln(size + 2)` by size.
    pub(super) spread_weight: Vec<f64>,
}

/// Why a cluster cannot be compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompileError {
    /// More nodes than the scheduler examines in full.
    TooManyNodes(usize),
    /// More pods than runs are played with.
    TooManyPods(u64),
}

/// Most pods of a cluster: the time that a run takes grows with their square.
const MAX_PODS: u64 = 3_000;

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompileError::TooManyNodes(nodes) => write!(
                f,
                "{nodes} nodes: beyond {MAX_NODES} kube-scheduler examines a sample of them, which is not modelled"
            ),
            CompileError::TooManyPods(pods) => {
                write!(f, "{pods} pods: runs of more than {MAX_PODS} are not played")
            }
        }
    }
}

impl std::error::Error for CompileError {}

impl World {
    /// Whether a cluster of so many nodes is modelled.
    ///
    /// # Errors
    /// If kube-scheduler would examine a sample of them only.
    pub fn takes(nodes: usize) -> Result<(), CompileError> {
        if nodes > MAX_NODES { Err(CompileError::TooManyNodes(nodes)) } else { Ok(()) }
    }

    /// Whether a cluster of so many pods is played.
    ///
    /// # Errors
    /// If it has too many.
    pub fn plays(pods: u64) -> Result<(), CompileError> {
        if pods > MAX_PODS { Err(CompileError::TooManyPods(pods)) } else { Ok(()) }
    }

    /// Compiles a cluster for the pods given, all admitted. The class of `pods[i]` is the `i`-th of the
    /// result; pods that the scheduler cannot tell apart share one.
    ///
    /// # Errors
    /// If the cluster has more nodes than are modelled.
    pub fn compile<'a>(
        cluster: &Cluster,
        pods: impl IntoIterator<Item = &'a Pod>,
    ) -> Result<(World, Vec<ClassId>), CompileError> {
        compile::compile(cluster, pods)
    }

    /// The node of this name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<NodeId> {
        let at = self.nodes.iter().position(|n| n.name == name)?;
        u8::try_from(at).ok().map(NodeId)
    }

    /// A class.
    #[must_use]
    pub fn class(&self, class: ClassId) -> &Class {
        &self.classes[class.index()]
    }

    /// All nodes.
    #[must_use]
    pub fn all_nodes(&self) -> NodeSet {
        NodeSet::first_n(self.nodes.len())
    }
}

impl Class {
    /// Nodes that no change of the state can open to the class while all nodes are healthy and
    /// registered: by taints, node selector and affinity, and size.
    #[must_use]
    pub fn static_nodes(&self, world: &World) -> NodeSet {
        let mut nodes = self.tolerated & self.affinity.unwrap_or(world.all_nodes());
        if let Some(named) = self.named_by_field {
            nodes &= named;
        }
        if !self.tolerates.unschedulable {
            nodes -= world.cordoned;
        }
        let fits = |node: &WorldNode| {
            node.max_pods > 0 && self.request.iter().zip(&node.allocatable).all(|(r, a)| *r <= 0 || r <= a)
        };
        nodes.iter().filter(|n| fits(&world.nodes[n.index()])).collect()
    }

    /// The claims that exist, as indices into the cluster's list.
    pub(super) fn existing_claims(&self) -> impl Iterator<Item = usize> {
        self.claims.iter().filter_map(|c| c.claim)
    }
}

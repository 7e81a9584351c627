//! The cluster under proof: everything compiled once, with the names that people use.

use std::sync::{Arc, OnceLock};

use crate::cluster::{Cluster, WorkloadKind};
use crate::lifecycle::{Clocks, Compiled, Datastore, Facts, NodeId, WorkloadId};
use crate::observed::Observed;
use crate::plan::Plan;
use crate::policy::{self, Fencing, Phase, Policy};
use crate::scheduler::{self, CompileError};

use super::claim::{self, Claim};
use super::world::World;

/// A row of the table: one workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The workload.
    pub id: WorkloadId,
    /// `service/component`, the workload's name, or `namespace/name`.
    pub name: String,
    /// Its service, if it has one.
    pub service: Option<String>,
    /// Its component, if it has one.
    pub component: Option<String>,
    /// Its tier, if it has one.
    pub tier: Option<String>,
    /// Made by a DaemonSet.
    pub daemon: bool,
    /// One pod that a Deployment or ReplicaSet replaces.
    pub single: bool,
    /// Whether claims are about it (not a packaged pod, not the lock).
    pub claimed: bool,
}

/// A node, for readers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    /// Its name.
    pub name: String,
    /// Whether it is a last resort.
    pub lifeboat: bool,
    /// Whether it runs the control plane.
    pub server: bool,
    /// Nodes with equal numbers are interchangeable.
    pub kind: usize,
}

/// A cluster ready to be proved.
#[derive(Clone, Debug)]
pub struct Model {
    /// Facts of the node lifecycle.
    pub facts: Arc<Facts>,
    /// What it was read from.
    cluster: Arc<Cluster>,
    /// The scheduler's world, compiled when the first run needs it: bounds decide most claims without one.
    compiled: Arc<OnceLock<Compiled>>,
    /// What the bounds read.
    pub world: Arc<World>,
    /// Names of the workloads, as in the rows.
    pub names: Arc<[String]>,
    /// Workloads in the order of the cluster.
    pub rows: Vec<Row>,
    /// Nodes in the order of the cluster.
    pub nodes: Vec<NodeRow>,
    /// The policy's claims.
    pub claims: Vec<Claim>,
    /// Who fences, and after how many milliseconds of NotReady.
    pub fencing: (Fencing, u64),
    /// Requests that nobody stated and the catalogue suggested.
    pub guessed: u32,
}

impl Model {
    /// Whether quotas limit what a namespace may hold; every run counts with them.
    #[must_use]
    pub fn has_quotas(&self) -> bool {
        !self.cluster.quotas.is_empty()
    }

    /// A cluster with the policy's claims, clocks and datastore. Scenario nodes are found by name; a node that
    /// the cluster lacks makes its claims silent, which [`Claim::losses`] being empty shows.
    ///
    /// # Errors
    /// If the cluster has more nodes than kube-scheduler examines in full.
    pub fn of(policy: &Policy, cluster: impl Into<Arc<Cluster>>) -> Result<Self, CompileError> {
        let minor = policy.cluster.minor.value;
        let mut clocks = Clocks::of_minor(minor);
        clocks.monitor_grace = policy.cluster.grace_period.value.saturating_mul(1000);
        clocks.unreachable_toleration = policy.cluster.default_eviction_delay.value.saturating_mul(1000);
        clocks.not_ready_toleration = clocks.unreachable_toleration;
        let datastore = match policy.cluster.datastore.value {
            policy::Datastore::Etcd => Datastore::Etcd,
            policy::Datastore::Sqlite => Datastore::Sqlite,
            policy::Datastore::External => Datastore::External,
        };
        let lifeboat: Vec<String> = policy
            .lifeboat
            .iter()
            .flat_map(|l| &l.nodes.value)
            .map(|&n| policy.node(n).name.value.clone())
            .collect();
        let mut model = Self::bare(cluster, &lifeboat, clocks, datastore)?;
        model.fencing = (policy.recovery.fencing.value, policy.recovery.after.value.saturating_mul(1000));
        model.claims = claim::of_policy(policy, &model);
        Ok(model)
    }

    /// The cluster that a plan describes, with its guessed requests counted.
    ///
    /// # Errors
    /// If the cluster has more nodes than kube-scheduler examines in full.
    pub fn of_plan(plan: &Plan) -> Result<Self, CompileError> {
        let mut model = Self::of(&plan.policy, plan.cluster())?;
        let guesses = plan.carriers.iter().filter(|c| c.lasting() && c.fields.values().any(|d| d.guessed));
        model.guessed = u32::try_from(guesses.count()).unwrap_or(u32::MAX);
        Ok(model)
    }

    /// A cluster that was read, with the policy's claims.
    ///
    /// # Errors
    /// If the cluster has more nodes than kube-scheduler examines in full.
    pub fn of_observed(policy: &Policy, observed: &Observed) -> Result<Self, CompileError> {
        let mut model = Self::of(policy, observed.cluster.clone())?;
        model.guessed = observed.guessed;
        Ok(model)
    }

    /// A cluster without claims.
    ///
    /// # Errors
    /// If the cluster has more nodes than kube-scheduler examines in full, or more pods than are played.
    pub fn bare(
        cluster: impl Into<Arc<Cluster>>,
        lifeboat: &[String],
        clocks: Clocks,
        datastore: Datastore,
    ) -> Result<Self, CompileError> {
        let cluster: Arc<Cluster> = cluster.into();
        scheduler::World::takes(cluster.nodes.len())?;
        let pods = cluster.samples();
        let facts = Facts::of_pods(&cluster, &pods, clocks, datastore);
        scheduler::World::plays(facts.pods())?;
        let world = World::of_pods(&cluster, &pods, lifeboat);
        let rows: Vec<Row> = rows(&cluster, &world);
        let names = rows.iter().map(|r| r.name.clone()).collect();
        let nodes = cluster
            .nodes
            .iter()
            .zip(&facts.nodes)
            .enumerate()
            .map(|(i, (node, f))| NodeRow {
                name: node.name.clone(),
                lifeboat: lifeboat.contains(&node.name),
                server: f.server,
                kind: cluster.nodes.iter().position(|other| alike(node, other)).unwrap_or(i),
            })
            .collect();
        Ok(Self {
            facts: Arc::new(facts),
            compiled: Arc::default(),
            cluster,
            world: Arc::new(world),
            names,
            rows,
            nodes,
            claims: Vec::new(),
            fencing: (Fencing::Manual, 300_000),
            guessed: 0,
        })
    }

    /// What it was read from.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The scheduler's world.
    #[must_use]
    pub fn compiled(&self) -> &Compiled {
        self.compiled.get_or_init(|| match Compiled::of(&self.cluster, &self.facts) {
            Ok(compiled) => compiled,
            Err(CompileError::TooManyNodes(_) | CompileError::TooManyPods(_)) => {
                unreachable!("nodes and pods were counted when the model was made")
            }
        })
    }

    /// How far a loss is followed by itself and by those who fence, if anybody does.
    #[must_use]
    pub fn last_phase(&self) -> Phase {
        if self.fencing.0 == Fencing::None { Phase::Eviction } else { Phase::Fencing }
    }

    /// The row of a workload.
    #[must_use]
    pub fn row(&self, id: WorkloadId) -> &Row {
        &self.rows[usize::from(id.0)]
    }

    /// All nodes.
    pub fn node_ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len()).map(|i| NodeId(u16::try_from(i).unwrap_or(u16::MAX)))
    }

    /// Names of nodes, comma-separated; `none` for no node.
    #[must_use]
    pub fn names(&self, nodes: &[NodeId]) -> String {
        let names: Vec<&str> = nodes.iter().map(|n| self.nodes[usize::from(n.0)].name.as_str()).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    }
}

fn rows(cluster: &Cluster, world: &World) -> Vec<Row> {
    world
        .ids()
        .zip(&cluster.workloads)
        .map(|(id, w)| {
            let class = world.class(id);
            let name = match (&w.owner.service, &w.owner.component) {
                (Some(service), Some(component)) => format!("{service}/{component}"),
                _ if w.owner.tier.is_some() => w.name.clone(),
                _ => w.key(),
            };
            Row {
                id,
                name,
                service: w.owner.service.clone(),
                component: w.owner.component.clone(),
                tier: w.owner.tier.clone(),
                daemon: class.daemon,
                single: class.replicas == 1
                    && matches!(w.kind, WorkloadKind::Deployment | WorkloadKind::ReplicaSet),
                // What can stand on a last resort alone (the lock) was put there on purpose.
                claimed: class.ranked && (w.owner.tier.is_some() || elsewhere(class, world)),
            }
        })
        .collect()
}

fn elsewhere(class: &super::world::Class, world: &World) -> bool {
    class.allowed.iter().zip(&world.places).any(|(allowed, place)| *allowed && !place.lifeboat)
}

/// Whether two nodes differ in nothing but their names.
fn alike(a: &crate::cluster::Node, b: &crate::cluster::Node) -> bool {
    let labels = |n: &crate::cluster::Node| {
        let mut labels = n.labels.clone();
        labels.retain(|_, value| *value != n.name);
        labels
    };
    a.allocatable == b.allocatable
        && a.taints == b.taints
        && a.unschedulable == b.unschedulable
        && a.images == b.images
        && labels(a) == labels(b)
}

/// Threads share what is compiled of a cluster: a cell or an `Rc` in any of it does not compile.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Model>();
    shared::<super::world::World>();
    shared::<crate::lifecycle::Compiled>();
    shared::<crate::lifecycle::Facts>();
    shared::<crate::scheduler::World>();
    shared::<super::Proof>();
};

//! What can be larger or smaller: the applications' requests, and what nodes have to give.

use crate::cluster::{Cluster, Workload};
use crate::kube::{Quantity, ResourceList};
use crate::plan::Plan;
use crate::scheduler::Requests;

/// CPU in thousandths and memory in bytes.
pub type Amount = (i64, i64);

/// What a node gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// In thousandths.
    Cpu,
    /// In bytes.
    Memory,
}

impl Resource {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Cpu, Self::Memory];

    /// As Kubernetes calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Resource::Cpu => "cpu",
            Resource::Memory => "memory",
        }
    }

    /// An amount as people write it; of memory, rounded up.
    #[must_use]
    pub fn written(self, amount: i64) -> String {
        match self {
            Resource::Cpu => format!("{amount}m"),
            Resource::Memory => format!("{}Mi", amount.saturating_add((1 << 20) - 1) >> 20),
        }
    }

    fn read(self, quantity: Quantity) -> i64 {
        match self {
            Resource::Cpu => quantity.milli(),
            Resource::Memory => quantity.value(),
        }
    }

    fn quantity(self, amount: i64) -> Quantity {
        match self {
            Resource::Cpu => Quantity::from_milli(amount),
            Resource::Memory => Quantity::from_bytes(amount),
        }
    }
}

/// So many thousandths of an amount.
pub(super) fn part(amount: i64, permille: i64) -> i64 {
    let part = i128::from(amount) * i128::from(permille) / 1000;
    i64::try_from(part).unwrap_or(i64::MAX)
}

/// A cluster whose sizes can be changed.
pub(super) struct Sizes<'p> {
    pub(super) plan: &'p Plan,
    cluster: Cluster,
    tier: String,
    lifeboats: Vec<String>,
}

impl<'p> Sizes<'p> {
    pub(super) fn of(plan: &'p Plan) -> Self {
        let boats = plan.policy.lifeboat.iter().flat_map(|l| &l.nodes.value);
        Self {
            plan,
            cluster: plan.cluster(),
            tier: plan.policy.tier(plan.policy.default_tier).name.value.clone(),
            lifeboats: boats.map(|&n| plan.policy.node(n).name.value.clone()).collect(),
        }
    }

    /// As it is.
    pub(super) fn today(&self) -> Cluster {
        self.cluster.clone()
    }

    /// What the default tier's workloads request together.
    pub(super) fn requested(&self) -> Amount {
        let mut sum = (0_i64, 0_i64);
        for workload in self.cluster.workloads.iter().filter(|w| self.applies(w)) {
            let (cpu, memory) = Requests::of_workload(&self.cluster, workload).cpu_and_memory();
            let of = |one: i64| one.saturating_mul(i64::from(workload.replicas.max(0)));
            sum = (sum.0.saturating_add(of(cpu)), sum.1.saturating_add(of(memory)));
        }
        sum
    }

    fn applies(&self, workload: &Workload) -> bool {
        workload.owner.tier.as_deref() == Some(self.tier.as_str())
    }

    /// The cluster with the default tier's requests at so many thousandths of today's.
    pub(super) fn applications(&self, permille: i64) -> Cluster {
        let mut cluster = self.cluster.clone();
        for workload in cluster.workloads.iter_mut().filter(|w| self.applies(w)) {
            for container in &mut workload.template.spec.containers {
                scale(&mut container.resources.requests, permille);
            }
        }
        cluster
    }

    /// The most that a node of a group has to give today; `None` for a group without nodes.
    pub(super) fn largest(&self, lifeboat: bool, resource: Resource) -> Option<i64> {
        let nodes = self.cluster.nodes.iter().filter(|n| self.lifeboats.contains(&n.name) == lifeboat);
        nodes.filter_map(|n| n.allocatable.get(resource.name())).map(|q| resource.read(*q)).max()
    }

    /// The cluster with the nodes of a group at so many thousandths of what they have to give.
    pub(super) fn nodes(&self, lifeboat: bool, shares: &[(Resource, i64)]) -> Cluster {
        let mut cluster = self.cluster.clone();
        for node in cluster.nodes.iter_mut().filter(|n| self.lifeboats.contains(&n.name) == lifeboat) {
            for &(resource, permille) in shares {
                if let Some(quantity) = node.allocatable.get_mut(resource.name()) {
                    *quantity = resource.quantity(part(resource.read(*quantity), permille));
                }
            }
        }
        cluster
    }
}

fn scale(list: &mut ResourceList, permille: i64) {
    for (name, quantity) in list {
        for resource in Resource::ALL.into_iter().filter(|r| r.name() == name) {
            *quantity = resource.quantity(part(resource.read(*quantity), permille));
        }
    }
}

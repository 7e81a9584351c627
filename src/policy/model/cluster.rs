//! The cluster, its nodes, its lifeboat and its tiers.

use super::{Cpu, Datastore, Distribution, Labels, Memory, NodeId, Packaged, PreemptionPolicy, Role, Taint};
use crate::shape::{Field, Text};

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

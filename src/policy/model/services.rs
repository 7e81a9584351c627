//! What runs in the cluster, and where its pods stand relative to each other.

use super::{Labels, Memory, Resources, Storage, TierId, Toleration, WorkloadKind};
use crate::shape::{Field, Text};

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
    /// What is missing or unreadable: nothing in a policy that may be used.
    pub lacks: Lacks,
}

/// Which fields of a [`Service`] are stand-ins, because the policy says nothing of them that could be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lacks {
    /// The chart.
    pub chart: bool,
    /// The chart's version.
    pub version: bool,
    /// The namespace.
    pub namespace: bool,
}

/// What the policy says of a component. Everything else is the chart's or the catalogue's.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its name in the catalogue; of a custom resource, the resource's name.
    pub name: Field<String>,
    /// Whether the policy says something of its storage that could not be read; never in one that may be used.
    pub storage_unread: bool,
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

/// Workloads out of manifests: deployed as they are, and counted as they are.
#[derive(Clone, Debug, Default)]
pub struct GivenWorkloads {
    /// What makes pods.
    pub workloads: Vec<Given>,
    /// Classes, budgets, claims, volumes and Services beside them, as the API's JSON.
    pub others: Vec<std::sync::Arc<serde_json::Value>>,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct Given {
    /// Its name; the place is that of the object in its manifest.
    pub name: Field<String>,
    /// The tier whose class its pods name, else the default tier.
    pub tier: Field<TierId>,
    /// The object as the API's JSON.
    pub object: std::sync::Arc<serde_json::Value>,
    /// The same as the cluster model has it.
    pub workload: crate::cluster::Workload,
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

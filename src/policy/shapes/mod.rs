//! The shape of `policy.toml`: types without behaviour, all fields optional, because what is missing
//! may stand in a base. Doc comments, defaults and examples become the JSON Schema and `docs/policy.md`.

mod cluster;
mod placement;
mod scalar;
mod scenarios;
mod services;

pub use cluster::*;
pub use placement::*;
pub use scalar::*;
pub use scenarios::*;
pub use services::*;

use crate::shape::{Map, table};

table! {
    /// A tier policy of a K3s cluster, from which `lifeboat build` makes Helm values, priority classes,
    /// scripts and a proof of what survives which node loss.
    pub struct TomlPolicy {
        /// The cluster as a whole.
        cluster: TomlCluster,
        /// The nodes, by name.
        nodes: Map<TomlNode>,
        /// The node that critical pods may board when no other is left.
        lifeboat: TomlLifeboat,
        /// The tiers, by name: who goes first when room is short.
        tiers: Map<TomlTier>,
        /// Services that Helm installs, by name.
        services: Map<TomlService>,
        /// Everything else that runs in the cluster, by name, or read from rendered manifests.
        workloads: TomlWorkloads,
        /// Pods that keep to different nodes.
        apart: Map<TomlApart>,
        /// Pods that keep to one node.
        together: Map<TomlTogether>,
        /// Pods that spread evenly over the nodes.
        spread: Map<TomlSpread>,
        /// What is done about a node that is gone, and how to come back.
        recovery: TomlRecovery,
        /// A limit on the application workloads, without which the claims may not hold.
        budget: TomlBudget,
        /// Claims about node losses and planned work, by name; `lifeboat prove` proves or refutes each.
        scenarios: Map<TomlScenario>,
        /// Findings that are accepted, each with a reason.
        allow: Map<TomlAllow>,
        /// How Argo CD gets the outputs.
        argocd: TomlArgoCd,
    }
}

//! The plan: every decision that lifeboat makes, for each pod carrier and each field, with its reason,
//! and nothing textual. One decision a file; [`make`](make::make) runs them in order.
//!
//! A *carrier* is whatever makes pods: a chart's Deployment, StatefulSet, DaemonSet, Job or operator
//! resource, a custom resource, a workload by hand, a packaged pod of K3s, or the lifeboat's lock.
//! Field values are kept in the API's own JSON, so that overlay, cluster model and verification read
//! the same thing.

mod aboard;
mod apart;
mod carriers;
mod class;
mod closure;
mod cluster;
pub mod custom;
mod enabled;
mod eviction;
mod given;
mod lifeboat;
mod lock;
mod make;
mod mentions;
mod nodes;
pub mod objects;
mod packaged;
pub mod quota;
mod replicas;
mod requests;
mod select;
mod spread;
mod storage;
mod terms;
mod typed;
mod unwritten;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::catalogue::{Condition, Edition, Field, Target};
use crate::policy::{Policy, Storage, TierId};
use crate::source::Span;
use crate::why::{Decided, Ledger, Why};

pub use crate::catalogue::{Baseline, Origin};
pub use make::{Inputs, Outcome, TeamValues, make, survey};
pub use nodes::NodePlan;
pub use select::selector_for;
pub use terms::Affinity;

/// `spec.replicas`.
pub const REPLICAS: Target = Target::Field(Field::Replicas);
/// `priorityClassName`.
pub const PRIORITY_CLASS: Target = Target::Field(Field::PriorityClassName);
/// `affinity`.
pub const AFFINITY: Target = Target::Field(Field::Affinity);
/// `tolerations`.
pub const TOLERATIONS: Target = Target::Field(Field::Tolerations);
/// `topologySpreadConstraints`.
pub const SPREAD: Target = Target::Field(Field::TopologySpreadConstraints);
/// `nodeSelector`.
pub const NODE_SELECTOR: Target = Target::Field(Field::NodeSelector);

/// Every decision of one compilation.
#[derive(Debug)]
pub struct Plan {
    /// The policy that was compiled.
    pub policy: Policy,
    /// Why anything is as it is.
    pub ledger: Ledger,
    /// The services that are installed, in the order of the policy.
    pub services: Vec<ServicePlan>,
    /// All pod carriers: services in policy order, components in catalogue order, then custom
    /// resources, workloads by hand and out of manifests, K3s's packaged pods, and the lock.
    pub carriers: Vec<Carrier>,
    /// Priority classes, highest value first.
    pub classes: Vec<Class>,
    /// Nodes in the order of the policy.
    pub nodes: Vec<NodePlan>,
    /// What the applications of each namespace may request together, if the policy has it enforced.
    pub quotas: Vec<quota::Quota>,
}

/// One Helm release.
#[derive(Debug)]
pub struct ServicePlan {
    /// Index into [`Policy::services`].
    pub index: usize,
    /// Chart knowledge at the service's version.
    pub edition: Arc<Edition>,
    /// The team's own values, merged as Helm merges them; an empty map without any.
    pub team: Value,
}

/// Index of a carrier in [`Plan::carriers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CarrierId(pub u32);

/// Who a carrier belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A component of a service's chart.
    Component {
        /// Index into [`Plan::services`].
        service: usize,
        /// The component's name in the catalogue.
        component: String,
    },
    /// A custom resource of a service: its component name in the policy.
    Custom {
        /// Index into [`Plan::services`].
        service: usize,
        /// The resource's name.
        component: String,
    },
    /// A workload by hand, by its index in [`Policy::workloads`].
    Workload(usize),
    /// A workload out of manifests, by its index in the policy's [`given`](Policy::given) ones.
    Given(usize),
    /// The lock of the lifeboat.
    Lock,
    /// A packaged pod of K3s.
    Packaged,
}

/// One field of a carrier: what is decided, and what would be there otherwise.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The value in the API's JSON; `None` is an absent field.
    pub value: Decided<Option<Value>>,
    /// Reasons of parts of the value: a path into it, and why that part is there.
    pub parts: Vec<(Vec<String>, Why)>,
    /// Whether the value rests on a suggestion of the catalogue and not on anybody's word.
    pub guessed: bool,
}

/// A pod carrier with its decisions.
#[derive(Clone, Debug)]
pub struct Carrier {
    /// Who it belongs to.
    pub owner: Owner,
    /// The object's kind as Helm renders it (`Deployment`, `Prometheus`, …).
    pub kind: String,
    /// The kind that runs its pods: equal to `kind`, or what the operator makes of it.
    pub runs_as: String,
    /// The object's name.
    pub name: String,
    /// Name of the workload that runs its pods: `name`, or what the operator calls it.
    pub workload: String,
    /// Its namespace.
    pub namespace: String,
    /// Labels of its pods.
    pub labels: Arc<BTreeMap<String, String>>,
    /// Labels that its controller selects the pods by.
    pub selector: Arc<BTreeMap<String, String>>,
    /// Its tier; `None` for what the policy does not rank (packaged pods, the lock).
    pub tier: Option<Decided<TierId>>,
    /// Whether it runs once and goes (hooks, jobs, tests): no part of claims or placement terms.
    pub transient: bool,
    /// Whether it is the component that the service is named for.
    pub main: bool,
    /// Containers; the first is the main one.
    pub containers: Arc<[String]>,
    /// Init containers in order.
    pub init_containers: Arc<[String]>,
    /// What it is without lifeboat.
    pub base: Arc<Baseline>,
    /// Decided fields. A field that is absent here is left as it is.
    pub fields: BTreeMap<Target, Decision>,
    /// Fields that the plan wants and no value reaches, with the catalogue's reason.
    pub unreachable: BTreeMap<Target, String>,
    /// Whether the component is installed.
    pub enabled: Decided<bool>,
    /// Values that switch it, its claims or its presets as planned.
    pub switches: Vec<Condition>,
    /// Where its data live; `None` where it has none to lose.
    pub storage: Option<Decided<Storage>>,
    /// Pod spec parts that nobody decides about (`hostNetwork`, ports, grace period), as the API's JSON.
    pub pod: Arc<serde_json::Map<String, Value>>,
    /// Controller spec parts that nobody decides about (`strategy`, `podManagementPolicy`).
    pub controller: Arc<serde_json::Map<String, Value>>,
    /// What it needs to work, as `namespace/workload` or component names of its service.
    pub needs: Arc<[String]>,
    /// The object as it is deployed, where it came from a manifest and nothing is decided about it.
    pub given: Option<Arc<Value>>,
    /// The policy line that brings it in, for findings.
    pub span: Option<Span>,
}

impl Carrier {
    /// The decided value of a field, or what is there without an overlay.
    #[must_use]
    pub fn field(&self, field: &Target) -> Option<&Value> {
        match self.fields.get(field) {
            Some(decision) => decision.value.value.as_ref(),
            None => self.base.get(field).map(|(value, _)| value),
        }
    }

    /// Whether it stands for pods that claims and placement terms are about.
    #[must_use]
    pub fn lasting(&self) -> bool {
        self.enabled.value && !self.transient
    }

    /// Replicas that are planned; 1 where nothing says otherwise.
    #[must_use]
    pub fn replicas(&self) -> u32 {
        let value = self.field(&REPLICAS).and_then(Value::as_u64);
        value.map_or(1, |n| u32::try_from(n).unwrap_or(u32::MAX))
    }
}

/// A priority class.
#[derive(Clone, Debug)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: i32,
    /// `preemptionPolicy`.
    pub preemption: crate::policy::PreemptionPolicy,
    /// One line on it.
    pub description: String,
    /// Whether it is the cluster's default.
    pub global_default: bool,
    /// Whether the cluster has it already, so that it is not written.
    pub adopted: bool,
    /// The tier, unless it is the lock's class.
    pub tier: Option<TierId>,
    /// Why.
    pub why: Why,
}

impl Plan {
    /// The carrier behind an index.
    #[must_use]
    pub fn carrier(&self, id: CarrierId) -> &Carrier {
        &self.carriers[id.0 as usize]
    }

    /// All carriers with their indices.
    pub fn carrier_ids(&self) -> impl Iterator<Item = (CarrierId, &Carrier)> {
        self.carriers.iter().enumerate().map(|(i, c)| (CarrierId(u32::try_from(i).unwrap_or(u32::MAX)), c))
    }

    /// The policy's name of the service that a carrier belongs to.
    #[must_use]
    pub fn service_name(&self, carrier: &Carrier) -> Option<&str> {
        match &carrier.owner {
            Owner::Component { service, .. } | Owner::Custom { service, .. } => {
                let index = self.services.get(*service)?.index;
                Some(&self.policy.services[index].name.value)
            }
            Owner::Workload(_) | Owner::Given(_) | Owner::Lock | Owner::Packaged => None,
        }
    }

    /// How people name a carrier: `service/component`, or the workload's name.
    #[must_use]
    pub fn display(&self, carrier: &Carrier) -> String {
        match (&carrier.owner, self.service_name(carrier)) {
            (Owner::Component { component, .. } | Owner::Custom { component, .. }, Some(service)) => {
                format!("{service}/{component}")
            }
            (Owner::Workload(index), _) => self.policy.workloads[*index].name.value.clone(),
            _ => carrier.name.clone(),
        }
    }
}

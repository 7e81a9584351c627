//! Queueing hints: which events wake a pod that found no node. Source: `EventsToRegister` and the hint
//! functions of the plugins in `pkg/scheduler/framework/plugins`, v1.34. They are on by default from 1.32;
//! before, every registered event wakes.
//!
//! The trap: InterPodAffinity asks about the *waiting* pod's own terms only. A pod that is kept away by
//! the anti-affinity of another pod alone sleeps on when that pod goes, unless another plugin that
//! rejected it wakes it.

use super::facts::WorkloadId;
use crate::cluster::Cluster;
use crate::cluster::matching::{host_ports, ports_collide, spread_counts, term_selects};
use crate::kube::{Pod, PodAffinityTerm};
use crate::scheduler::Plugin;

/// What pods of one workload mean to a waiting pod of another: a set of these.
#[derive(Clone, Copy, Debug, Default)]
struct Relation(u8);

impl Relation {
    /// It matches all of the waiting pod's required anti-affinity terms.
    const REPELS: u8 = 1;
    /// It matches all of its required affinity terms.
    const ATTRACTS: u8 = 2;
    /// One of its spread constraints counts it.
    const SPREADS: u8 = 4;
    /// Its host ports collide.
    const PORTS: u8 = 8;

    fn has(self, what: u8) -> bool {
        self.0 & what != 0
    }
}

/// The relations of all workloads.
#[derive(Clone, Debug)]
pub(super) struct Hints {
    relations: Vec<Vec<Relation>>,
    /// Whether the version has hints at all.
    enabled: bool,
    /// Whether the end of a nomination wakes anybody.
    nominations: bool,
}

impl Hints {
    /// Compares one pod of each workload with one of each other.
    pub(super) fn of(cluster: &Cluster, pods: &[&Pod]) -> Self {
        let row = |waiting: &&Pod| pods.iter().map(|other| relation(cluster, waiting, other)).collect();
        let minor = cluster.version.minor();
        Self { relations: pods.iter().map(row).collect(), enabled: minor >= 32, nominations: minor >= 33 }
    }

    fn relation(&self, waiting: WorkloadId, other: WorkloadId) -> Relation {
        let row = self.relations.get(usize::from(waiting.0));
        row.and_then(|r| r.get(usize::from(other.0))).copied().unwrap_or_default()
    }

    /// Whether the end of a bound pod wakes one that `plugin` rejected.
    pub(super) fn gone(&self, plugin: Plugin, waiting: WorkloadId, other: WorkloadId) -> bool {
        let relation = self.relation(waiting, other);
        match plugin {
            Plugin::NodeResourcesFit | Plugin::VolumeRestrictions => true,
            Plugin::NodePorts => relation.has(Relation::PORTS) || !self.enabled,
            Plugin::InterPodAffinity => relation.has(Relation::REPELS) || !self.enabled,
            Plugin::PodTopologySpread => relation.has(Relation::SPREADS) || !self.enabled,
            _ => false,
        }
    }

    /// Whether any change of a node's taints wakes a pod that `plugin` rejected. Whoever asks to hear of new nodes and
    /// not of taints is told of both, without a hint (`buildQueueingHintMap` in `pkg/scheduler/scheduler.go`);
    /// PodTopologySpread asks for it. NodeUnschedulable and TaintToleration look at the taints, NodeVolumeLimits hears of no nodes.
    pub(super) fn retainted(&self, plugin: Plugin) -> bool {
        !matches!(plugin, Plugin::NodeUnschedulable | Plugin::TaintToleration | Plugin::NodeVolumeLimits)
    }

    /// Whether the version has hints; before them no pod is woken by a node that it could not use anyway
    /// (`preCheckForNode` in `pkg/scheduler/eventhandlers.go`).
    pub(super) fn enabled(&self) -> bool {
        self.enabled
    }

    /// Whether a pod that loses its nomination wakes others as if it had gone, from 1.33 on
    /// (`hasNominatedNodeNameChanged` in `pkg/scheduler/eventhandlers.go`).
    pub(super) fn nominations(&self) -> bool {
        self.nominations
    }

    /// Whether the binding of a pod wakes one that `plugin` rejected.
    pub(super) fn bound(&self, plugin: Plugin, waiting: WorkloadId, other: WorkloadId) -> bool {
        let relation = self.relation(waiting, other);
        match plugin {
            Plugin::InterPodAffinity => relation.has(Relation::ATTRACTS) || !self.enabled,
            Plugin::PodTopologySpread => relation.has(Relation::SPREADS) || !self.enabled,
            _ => false,
        }
    }
}

fn relation(cluster: &Cluster, waiting: &Pod, other: &Pod) -> Relation {
    let affinity = waiting.spec.affinity.as_ref();
    let anti = affinity.and_then(|a| a.pod_anti_affinity.as_ref()).map_or(&[][..], |a| &a.required);
    let near = affinity.and_then(|a| a.pod_affinity.as_ref()).map_or(&[][..], |a| &a.required);
    let all = |terms: &[PodAffinityTerm]| {
        !terms.is_empty() && terms.iter().all(|t| term_selects(cluster, waiting, t, other))
    };
    let same_namespace = waiting.metadata.namespace() == other.metadata.namespace();
    let counts = |s: &crate::kube::TopologySpreadConstraint| {
        spread_counts(s, &waiting.metadata.labels, &other.metadata.labels)
    };
    let ports = || host_ports(cluster.version, &waiting.spec);
    let collide = |other| ports().any(|own| ports_collide(own, other));
    let held = [
        (Relation::REPELS, all(anti)),
        (Relation::ATTRACTS, all(near)),
        (Relation::SPREADS, same_namespace && waiting.spec.topology_spread_constraints.iter().any(counts)),
        (Relation::PORTS, host_ports(cluster.version, &other.spec).any(collide)),
    ];
    Relation(held.iter().filter(|(_, holds)| *holds).fold(0, |set, (what, _)| set | what))
}

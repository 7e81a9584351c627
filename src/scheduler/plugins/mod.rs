//! The default profile's plugins, one file each: `filter` answers which nodes of a set are rejected,
//! `reasons` why one of them is, `score` fills in raw and normalised scores of the feasible nodes.
//!
//! Formulas are those of `pkg/scheduler/framework/plugins` in Kubernetes v1.34 unless a file says
//! otherwise.

pub(super) mod default_preemption;
pub(super) mod image_locality;
mod inter_pod_affinity;
mod node_affinity;
mod node_ports;
mod node_resources_balanced_allocation;
mod node_resources_fit;
mod node_unschedulable;
pub(super) mod pod_topology_spread;
mod taint_toleration;
mod volume_binding;
mod volume_restrictions;
mod volume_zone;

use super::decide::Cycle;
use super::{NodeId, NodeSet, Plugin, PreFilterReason, Reason, Rejected, State, World};
use crate::scheduler::world::Class;

pub(super) use volume_binding::bindings;

/// Highest normalised score.
const MAX_SCORE: i64 = 100;

/// Raw and normalised scores by node, valid for the feasible ones.
pub(super) struct Scores<'a> {
    pub(super) raw: &'a mut [i64],
    pub(super) normalised: &'a mut [i64],
}

/// Which nodes of `scope` the plugin rejects.
pub(super) fn filter(plugin: Plugin, cycle: &Cycle<'_>, scope: NodeSet) -> Rejected {
    match plugin {
        Plugin::NodeUnschedulable => node_unschedulable::filter(cycle, scope),
        Plugin::TaintToleration => taint_toleration::filter(cycle, scope),
        Plugin::NodeAffinity => node_affinity::filter(cycle, scope),
        Plugin::NodePorts => node_ports::filter(cycle, scope),
        Plugin::NodeResourcesFit => node_resources_fit::filter(cycle, scope),
        Plugin::VolumeRestrictions => volume_restrictions::filter(cycle, scope),
        Plugin::VolumeBinding => volume_binding::filter(cycle, scope),
        Plugin::VolumeZone => volume_zone::filter(cycle, scope),
        Plugin::PodTopologySpread => pod_topology_spread::filter(cycle, scope),
        Plugin::InterPodAffinity => inter_pod_affinity::filter(cycle, scope),
        _ => Rejected::NONE,
    }
}

/// Why the plugin rejects `node`.
pub(super) fn reasons(plugin: Plugin, cycle: &Cycle<'_>, node: NodeId) -> Vec<Reason> {
    match plugin {
        Plugin::NodeUnschedulable => vec![Reason::Cordoned],
        Plugin::TaintToleration => vec![Reason::UntoleratedTaint],
        Plugin::NodeAffinity => vec![Reason::NodeAffinity],
        Plugin::NodePorts => vec![Reason::PortTaken],
        Plugin::NodeResourcesFit => node_resources_fit::reasons(cycle, node),
        Plugin::VolumeRestrictions => vec![Reason::ClaimInUse],
        Plugin::VolumeBinding => volume_binding::reasons(cycle, node),
        Plugin::VolumeZone => vec![Reason::VolumeZone],
        Plugin::PodTopologySpread => pod_topology_spread::reasons(cycle, node),
        Plugin::InterPodAffinity => inter_pod_affinity::reasons(cycle, node),
        _ => Vec::new(),
    }
}

/// Scores the feasible nodes; `false` if the plugin is skipped.
pub(super) fn score(plugin: Plugin, cycle: &Cycle<'_>, feasible: NodeSet, scores: &mut Scores<'_>) -> bool {
    match plugin {
        Plugin::TaintToleration => taint_toleration::score(cycle, feasible, scores),
        Plugin::NodeAffinity => node_affinity::score(cycle, feasible, scores),
        Plugin::PodTopologySpread => pod_topology_spread::score(cycle, feasible, scores),
        Plugin::InterPodAffinity => inter_pod_affinity::score(cycle, feasible, scores),
        Plugin::NodeResourcesFit => node_resources_fit::score(cycle, feasible, scores),
        Plugin::NodeResourcesBalancedAllocation => {
            node_resources_balanced_allocation::score(cycle, feasible, scores)
        }
        Plugin::ImageLocality => image_locality::score(cycle, feasible, scores),
        _ => false,
    }
}

/// Runs PreFilter: the plugins that will be skipped, as bits, and the first rejection. Plugins after a
/// rejection do not run, so they are not among the skipped.
pub(super) fn pre_filter(world: &World, state: &State, class: &Class) -> (u32, Option<PreFilterReason>) {
    let mut skipped = 0;
    for plugin in Plugin::FILTERS {
        if class.pre_filter.as_ref().is_some_and(|r| r.plugin() == plugin) {
            return (skipped, class.pre_filter.clone());
        }
        let skip = match plugin {
            Plugin::NodeAffinity => class.affinity.is_none(),
            Plugin::NodePorts => class.ports.is_empty(),
            Plugin::VolumeRestrictions => !volume_restrictions::in_use(world, state, class),
            Plugin::NodeVolumeLimits => class.claims.is_empty(),
            Plugin::VolumeBinding => match volume_binding::pre_filter(world, state, class) {
                Some(reason) => return (skipped, Some(reason)),
                None => class.claims.is_empty(),
            },
            Plugin::VolumeZone => match volume_zone::pre_filter(world, state, class) {
                Some(reason) => return (skipped, Some(reason)),
                None => !volume_zone::has_zones(world, state, class),
            },
            Plugin::PodTopologySpread => class.hard_spread.is_empty(),
            Plugin::InterPodAffinity => inter_pod_affinity::skips(world, state, class),
            _ => false,
        };
        if skip {
            skipped |= plugin.bit();
        }
    }
    skipped |= Plugin::DynamicResources.bit();
    if world.version.filters_declared_features() {
        skipped |= Plugin::NodeDeclaredFeatures.bit();
    }
    (skipped, None)
}

/// `DefaultNormalizeScore`: scales to 0..=100 by the maximum, optionally upside down.
fn normalise_by_maximum(feasible: NodeSet, scores: &mut Scores<'_>, reverse: bool) {
    let maximum = feasible.iter().map(|n| scores.raw[n.index()]).max().unwrap_or(0);
    for node in feasible.iter() {
        let scaled = if maximum == 0 { 0 } else { MAX_SCORE * scores.raw[node.index()] / maximum };
        scores.normalised[node.index()] = if reverse { MAX_SCORE - scaled } else { scaled };
    }
}

//! VolumeZone: a volume with zone or region labels is reachable only from nodes of that zone.

use crate::scheduler::decide::Cycle;
use crate::scheduler::world::Class;
use crate::scheduler::{ClaimBinding, NodeSet, PreFilterReason, Rejected, State, World};

/// Rejects pods whose claim names a volume that does not exist.
pub(super) fn pre_filter(world: &World, state: &State, class: &Class) -> Option<PreFilterReason> {
    let missing = class.existing_claims().find(|c| state.claims[*c] == ClaimBinding::Missing)?;
    Some(PreFilterReason::VolumeNotFound(world.volumes.claims[missing].volume_name.clone()))
}

/// Whether any bound volume of the class has a zone.
pub(super) fn has_zones(world: &World, state: &State, class: &Class) -> bool {
    zones(world, state, class).next().is_some()
}

fn zones(world: &World, state: &State, class: &Class) -> impl Iterator<Item = NodeSet> {
    class.existing_claims().filter_map(|claim| match state.claims[claim] {
        ClaimBinding::Volume(volume) => world.volumes.volumes[volume].zone,
        _ => None,
    })
}

pub(super) fn filter(cycle: &Cycle<'_>, scope: NodeSet) -> Rejected {
    let allowed = zones(cycle.world, cycle.state, cycle.class).fold(scope, |nodes, zone| nodes & zone);
    Rejected::unresolvable(scope - allowed)
}

//! VolumeRestrictions: a ReadWriteOncePod claim that some pod uses keeps all others out, everywhere.
//!
//! The conflicts of in-tree cloud disks are not modelled: those volume types are gone.

use crate::scheduler::decide::Cycle;
use crate::scheduler::world::Class;
use crate::scheduler::{NodeSet, Rejected, State, World};

/// Whether a ReadWriteOncePod claim of the class is in use.
pub(super) fn in_use(world: &World, state: &State, class: &Class) -> bool {
    class.existing_claims().any(|c| world.volumes.claims[c].one_pod && state.claim_users[c] > 0)
}

pub(super) fn filter(cycle: &Cycle<'_>, scope: NodeSet) -> Rejected {
    let conflict = in_use(cycle.world, cycle.state, cycle.class);
    if conflict { Rejected::unschedulable(scope) } else { Rejected::NONE }
}

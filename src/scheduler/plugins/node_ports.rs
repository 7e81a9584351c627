//! NodePorts: a host port can be taken once per node, protocol and address.

use crate::scheduler::decide::Cycle;
use crate::scheduler::{NodeSet, Rejected};

pub(super) fn filter(cycle: &Cycle<'_>, scope: NodeSet) -> Rejected {
    let conflicts = cycle.class.port_conflicts.iter();
    let taken = conflicts.fold(NodeSet::EMPTY, |all, port| all | cycle.state.port_holders[*port]);
    Rejected::unschedulable(scope & taken)
}

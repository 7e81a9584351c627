//! NodeUnschedulable: cordoned nodes take only pods that tolerate `node.kubernetes.io/unschedulable`.

use crate::scheduler::decide::Cycle;
use crate::scheduler::{NodeSet, Rejected};

pub(super) fn filter(cycle: &Cycle<'_>, scope: NodeSet) -> Rejected {
    if cycle.class.tolerates.unschedulable {
        return Rejected::NONE;
    }
    Rejected::unresolvable(scope & (cycle.world.cordoned | cycle.state.cordoned))
}

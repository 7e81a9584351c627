//! Requests that no node can ever meet.

use std::collections::BTreeMap;

use super::{Observed, found};
use crate::cluster::Cluster;
use crate::diag::codes::observed as codes;
use crate::manifest::Origin;
use crate::plan::Plan;
use crate::prove::world::{World, within};

/// Tells every workload whose pod fits on no node that admits it, even on an empty one.
pub(super) fn check(
    plan: &Plan,
    cluster: &Cluster,
    origins: &BTreeMap<String, Origin>,
    observed: &mut Observed,
) {
    let lifeboat: Vec<String> = plan
        .policy
        .lifeboat
        .iter()
        .flat_map(|l| &l.nodes.value)
        .map(|&node| plan.policy.node(node).name.value.clone())
        .collect();
    let world = World::of(cluster, &lifeboat);
    for class in &world.classes {
        let mut admitting =
            class.allowed.iter().zip(&world.places).filter(|(allowed, _)| **allowed).peekable();
        if admitting.peek().is_none() || admitting.any(|(_, p)| within(&class.request, &p.allocatable)) {
            continue;
        }
        let message = format!(
            "a pod of {} requests {}, more than any node that admits it has",
            class.name,
            crate::prove::verdict::Room(class.request[0], class.request[1])
        );
        observed.findings.push(found(codes::REQUEST_FITS_NOWHERE, message, origins.get(&class.name)));
    }
}

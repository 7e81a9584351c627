//! Nodes: what a pod can request there, and the taints and labels that they carry.

use std::collections::BTreeMap;

use super::lifeboat::CONTROL_PLANE;
use super::make::Draft;
use crate::policy::{NodeId, Role, Taint};
use crate::why::{Decided, Rule};

/// A node as it will be.
#[derive(Clone, Debug)]
pub struct NodePlan {
    /// Which node of the policy.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// What runs on it.
    pub role: Role,
    /// Millicores that pods can request together.
    pub milli: Decided<u64>,
    /// Bytes of memory that pods can request together.
    pub bytes: Decided<u64>,
    /// The kubelet's limit of pods.
    pub pods: u32,
    /// Its taints: the lifeboat's first, then the twin, then the policy's own.
    pub taints: Vec<Decided<Taint>>,
    /// Every label that the scheduler sees, those that Kubernetes and K3s set themselves included.
    pub labels: BTreeMap<String, String>,
    /// Labels that the policy adds.
    pub own_labels: BTreeMap<String, String>,
    /// Whether it is a lifeboat.
    pub lifeboat: bool,
}

/// The nodes of the policy with what the lifeboat adds to them.
pub(super) fn nodes(draft: &mut Draft) -> Vec<NodePlan> {
    let policy = draft.policy;
    let mut plans = Vec::new();
    for (id, node) in policy.node_ids() {
        let because = |draft: &mut Draft, field: &crate::shape::Field<_>| draft.ledger.add(field.reason());
        let mut memory = vec![because(draft, &node.memory.with(()))];
        let mut cpu = vec![because(draft, &node.cpu.with(()))];
        memory.extend(node.reserve.memory.as_ref().map(|field| because(draft, &field.with(()))));
        memory.push(because(draft, &node.eviction_threshold.with(())));
        cpu.extend(node.reserve.cpu.as_ref().map(|field| because(draft, &field.with(()))));
        let milli = Decided {
            value: node.allocatable_milli(),
            why: draft.ledger.add(node.cpu.reason_for(Rule::Reserve, cpu)),
        };
        let bytes = Decided {
            value: node.allocatable_bytes(),
            why: draft.ledger.add(node.memory.reason_for(Rule::Reserve, memory)),
        };
        let boat = policy.is_lifeboat(id);
        let mut taints = Vec::new();
        if let (true, Some(lifeboat)) = (boat, &policy.lifeboat) {
            let which = draft.ledger.add(lifeboat.nodes.reason());
            let why = draft.ledger.add(lifeboat.taint.reason_for(Rule::BoardLifeboat, vec![which]));
            taints.push(Decided { value: lifeboat.taint.value.clone(), why });
            if let Some(twin) = &lifeboat.twin {
                let why = draft.ledger.add(twin.reason_for(Rule::LastResort, vec![which]));
                taints.push(Decided { value: twin.value.clone(), why });
            }
        }
        for taint in &node.taints {
            let why = draft.ledger.add(taint.reason());
            taints.push(Decided { value: taint.value.clone(), why });
        }
        let own_labels = own_labels(node);
        let mut labels = BTreeMap::from([
            ("kubernetes.io/hostname".to_owned(), node.name.value.clone()),
            ("kubernetes.io/os".to_owned(), "linux".to_owned()),
        ]);
        if node.role.value == Role::Server {
            labels.insert(CONTROL_PLANE.to_owned(), "true".to_owned());
        }
        labels.extend(own_labels.clone());
        plans.push(NodePlan {
            id,
            name: node.name.value.clone(),
            role: node.role.value,
            milli,
            bytes,
            pods: node.pods.value,
            taints,
            labels,
            own_labels,
            lifeboat: boat,
        });
    }
    plans
}

fn own_labels(node: &crate::policy::Node) -> BTreeMap<String, String> {
    let mut labels = node.labels.value.0.clone();
    if let Some(zone) = &node.zone {
        labels.insert("topology.kubernetes.io/zone".to_owned(), zone.value.clone());
    }
    labels
}

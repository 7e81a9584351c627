//! The plan as the one model of the cluster, for scheduler, prover and rules.

use std::collections::BTreeMap;

use super::{Carrier, Owner, Plan};
use crate::cluster::{self, Cluster, KubernetesVersion};

impl Plan {
    /// The cluster that the plan describes, workloads tagged with service, component and tier.
    ///
    /// # Panics
    /// Never for a plan that [`super::make`] made: its objects are read by the reader that wrote the
    /// rules for them, and a difference is a bug that the tests look for.
    #[must_use]
    pub fn cluster(&self) -> Cluster {
        let version: KubernetesVersion =
            format!("1.{}", self.policy.cluster.minor.value).parse().unwrap_or_default();
        let lasting = self.carriers.iter().filter(|c| c.lasting());
        let reading = match lasting.map(super::typed::workload).collect() {
            Some(workloads) => Cluster::from_workloads(version, self.each_object(), workloads),
            None => Cluster::from_objects(version, self.objects()),
        };
        debug_assert!(reading.errors.is_empty(), "{:?}", reading.errors);
        debug_assert_eq!(
            format!("{:?}", reading.cluster),
            format!("{:?}", Cluster::from_objects(version, self.objects()).cluster)
        );
        let mut cluster = reading.cluster;
        let lasting = self.carriers.iter().filter(|c| c.lasting());
        let mut carriers: BTreeMap<(&str, &str), &Carrier> = BTreeMap::new();
        for carrier in lasting {
            carriers.entry((&carrier.namespace, &carrier.workload)).or_insert(carrier);
        }
        for workload in &mut cluster.workloads {
            if let Some(carrier) = carriers.get(&(workload.namespace.as_str(), workload.name.as_str())) {
                workload.owner = self.owner(carrier);
            }
        }
        cluster
    }

    /// Whose a carrier is, in the policy's words.
    #[must_use]
    pub fn owner(&self, carrier: &Carrier) -> cluster::Owner {
        let component = match &carrier.owner {
            Owner::Component { component, .. } | Owner::Custom { component, .. } => Some(component.clone()),
            _ => None,
        };
        cluster::Owner {
            service: self.service_name(carrier).map(str::to_owned),
            component,
            tier: carrier.tier.map(|tier| self.policy.tier(tier.value).name.value.clone()),
        }
    }
}

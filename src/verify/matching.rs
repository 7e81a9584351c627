//! Which planned carrier an object is.

use std::collections::BTreeMap;

use crate::cluster::Workload;
use crate::manifest::Object;
use crate::plan::{Carrier, CarrierId, Owner, Plan};

/// What the policy has to do with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// It is this carrier.
    Carrier(CarrierId),
    /// It is of this service (index into [`Plan::services`]), but the catalogue does not know it.
    Service(usize),
    /// Nothing.
    Foreign,
}

/// The plan's carriers by kind and name, of the object and of the workload that runs its pods.
pub(crate) struct Index<'a> {
    plan: &'a Plan,
    by_name: BTreeMap<(&'a str, &'a str), Vec<CarrierId>>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        let mut by_name: BTreeMap<(&str, &str), Vec<CarrierId>> = BTreeMap::new();
        for (id, carrier) in plan.carrier_ids() {
            by_name.entry((&carrier.kind, &carrier.name)).or_default().push(id);
            let runs = (carrier.runs_as.as_str(), carrier.workload.as_str());
            if runs != (carrier.kind.as_str(), carrier.name.as_str()) {
                by_name.entry(runs).or_default().push(id);
            }
        }
        Self { plan, by_name }
    }

    /// Matches by kind, name and namespace; then, for names that the catalogue cannot foresee
    /// (`fullnameOverride`, random suffixes), by the selector's labels within a service's release.
    pub(crate) fn find(&self, object: &Object, workload: &Workload) -> Match {
        let keys =
            [(object.kind.as_str(), object.name.as_str()), (workload.kind.as_str(), workload.name.as_str())];
        for key in keys {
            let candidates = self.by_name.get(&key).map_or(&[][..], Vec::as_slice);
            // Charts that leave the namespace to `helm install -n` render none.
            let fits = |id: &&CarrierId| {
                object.namespace.is_empty() || self.plan.carrier(**id).namespace == object.namespace
            };
            if let Some(id) = candidates.iter().find(fits) {
                return Match::Carrier(*id);
            }
        }
        let Some(service) = self.service(object, workload) else { return Match::Foreign };
        let labels = &workload.template.metadata.labels;
        let found = self.plan.carrier_ids().find(|(_, carrier)| {
            of_service(carrier, service)
                && (carrier.kind == object.kind || carrier.runs_as == workload.kind.as_str())
                && !carrier.selector.is_empty()
                && carrier.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
        });
        found.map_or(Match::Service(service), |(id, _)| Match::Carrier(id))
    }

    /// The service whose release an object says it is of.
    fn service(&self, object: &Object, workload: &Workload) -> Option<usize> {
        let labels = &workload.template.metadata.labels;
        let pod = |key: &str| labels.get(key).map(String::as_str);
        let release = object
            .text(&["metadata", "annotations", "meta.helm.sh/release-name"])
            .or_else(|| object.text(&["metadata", "labels", "app.kubernetes.io/instance"]))
            .or_else(|| pod("app.kubernetes.io/instance"))
            .or_else(|| object.text(&["metadata", "labels", "release"]))
            .or_else(|| pod("release"))?;
        self.plan.services.iter().position(|service| {
            let policy = &self.plan.policy.services[service.index];
            policy.release.value == release
                && (object.namespace.is_empty() || policy.namespace.value == object.namespace)
        })
    }
}

fn of_service(carrier: &Carrier, service: usize) -> bool {
    matches!(&carrier.owner, Owner::Component { service: s, .. } | Owner::Custom { service: s, .. } if *s == service)
}

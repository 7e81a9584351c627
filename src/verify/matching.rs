//! Which planned carrier an object is.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::cluster::{Cluster, KubernetesVersion, Workload, WorkloadKind};
use crate::kube::{Labels, PodSpec};
use crate::manifest::Object;
use crate::plan::{Carrier, CarrierId, Owner, Plan, objects};

/// Labels in which charts put the release's name.
const NAMED_BY_RELEASE: &[&str] = &["app.kubernetes.io/instance", "release"];

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
    /// What the proof takes each carrier's pod for, made when it is asked for.
    proved: Vec<OnceLock<Option<PodSpec>>>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        let mut by_name: BTreeMap<(&str, &str), Vec<CarrierId>> = BTreeMap::new();
        // What manifests bring is looked at as any other's: nothing is planned of it.
        for (id, carrier) in plan.carrier_ids().filter(|(_, carrier)| carrier.given.is_none()) {
            by_name.entry((&carrier.kind, &carrier.name)).or_default().push(id);
            let runs = (carrier.runs_as.as_str(), carrier.workload.as_str());
            if runs != (carrier.kind.as_str(), carrier.name.as_str()) {
                by_name.entry(runs).or_default().push(id);
            }
        }
        let proved = plan.carriers.iter().map(|_| OnceLock::new()).collect();
        Self { plan, by_name, proved }
    }

    /// The pod of a carrier as the proof counts it; `None` for kinds that the proof leaves out.
    pub(crate) fn proved(&self, id: CarrierId) -> Option<&PodSpec> {
        let made = self.proved.get(id.0 as usize)?.get_or_init(|| {
            let object = objects::workload(self.plan.carrier(id));
            let mut reading = Cluster::from_objects(KubernetesVersion::default(), [object]);
            reading.cluster.workloads.pop().map(|workload| workload.template.spec)
        });
        made.as_ref()
    }

    /// Matches by kind, name and namespace; then, for names that the catalogue cannot foresee
    /// (`fullnameOverride`, random suffixes), by the selector's labels within a service's release.
    pub(crate) fn find(&self, object: &Object, workload: &Workload) -> Match {
        let own =
            [(object.kind.as_str(), object.name.as_str()), (workload.kind.as_str(), workload.name.as_str())];
        let made_by = controllers(object);
        let controllers = made_by.iter().map(|(kind, name)| (*kind, *name));
        for key in own.into_iter().chain(controllers) {
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
        // A pod, or a ReplicaSet of a Deployment, is of another kind than what the plan knows.
        let made = matches!(workload.kind, WorkloadKind::Pod | WorkloadKind::ReplicaSet);
        let found = self.plan.carrier_ids().find(|(_, carrier)| {
            of_service(carrier, service)
                && (carrier.kind == object.kind || carrier.runs_as == workload.kind.as_str() || made)
                && !carrier.selector.is_empty()
                && carrier.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
        });
        found.map_or(Match::Service(service), |(id, _)| Match::Carrier(id))
    }

    /// The service that an object of none looks like: installed by its chart, under another release's name or in
    /// another namespace.
    pub(crate) fn looks_like(&self, object: &Object, matched: Match, labels: &Labels) -> Option<usize> {
        if matched != Match::Foreign {
            return None;
        }
        let by_name = self.by_name.get(&(object.kind.as_str(), object.name.as_str()));
        let named = by_name.into_iter().flatten().find_map(|id| self.service_of(*id));
        if named.is_some() {
            return named;
        }
        // `helm.sh/chart: argo-cd-9.7.1`
        let chart = object.text(&["metadata", "labels", "helm.sh/chart"])?;
        let alike = |(_, carrier): &(CarrierId, &Carrier)| {
            let mut rest = carrier
                .selector
                .iter()
                .filter(|(key, _)| !NAMED_BY_RELEASE.contains(&key.as_str()))
                .peekable();
            carrier.kind == object.kind
                && rest.peek().is_some()
                && rest.all(|(key, value)| labels.get(key) == Some(value))
        };
        self.plan.carrier_ids().filter(alike).find_map(|(id, _)| {
            let service = self.service_of(id)?;
            let edition = &self.plan.services[service].edition;
            let version = chart.strip_prefix(&edition.chart)?.strip_prefix('-')?;
            version.starts_with(|c: char| c.is_ascii_digit()).then_some(service)
        })
    }

    /// Index into [`Plan::services`] of the service that a carrier is of.
    fn service_of(&self, id: CarrierId) -> Option<usize> {
        match &self.plan.carrier(id).owner {
            Owner::Component { service, .. } | Owner::Custom { service, .. } => Some(*service),
            _ => None,
        }
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

/// Kind and name of what made an object, and of what made that: a ReplicaSet's name is that of its Deployment
/// and a hash, a Job's that of its CronJob and a time.
fn controllers(object: &Object) -> Vec<(&str, &str)> {
    let owners = object.tree.find(&["metadata", "ownerReferences"]).map_or(&[][..], |list| list.items());
    let mut made_by = Vec::new();
    for owner in owners {
        let text = |key: &str| owner.get(key).and_then(|node| node.as_str());
        let (Some(kind), Some(name)) = (text("kind"), text("name")) else { continue };
        made_by.push((kind, name));
        let stem = name.rsplit_once('-').map(|(stem, _)| stem);
        match (kind, stem) {
            ("ReplicaSet", Some(stem)) => made_by.push(("Deployment", stem)),
            ("Job", Some(stem)) => made_by.push(("CronJob", stem)),
            _ => {}
        }
    }
    made_by
}

fn of_service(carrier: &Carrier, service: usize) -> bool {
    matches!(&carrier.owner, Owner::Component { service: s, .. } | Owner::Custom { service: s, .. } if *s == service)
}

//! Claims, volumes and storage classes, reduced to node sets.

use crate::cluster::{Cluster, HOSTNAME_LABEL, Node};
use crate::kube::{
    ClaimSpec, LabelSelector, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass,
    TopologySelectorTerm,
};
use crate::scheduler::{ClaimBinding, NodeId, NodeSet, PreFilterReason};

const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";
/// Labels of a volume that tie it to a zone or region, and the label that newer nodes carry instead.
const ZONE_LABELS: [(&str, &str); 4] = [
    ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
    ("topology.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("topology.kubernetes.io/region", "topology.kubernetes.io/region"),
];

/// A claim that a class's pods use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scheduler) struct ClaimUse {
    /// Index in the cluster's list; `None` if it does not exist.
    pub(in crate::scheduler) claim: Option<usize>,
}

/// A claim.
#[derive(Clone, Debug)]
pub(in crate::scheduler) struct Claim {
    /// The volume that it names, for messages.
    pub(in crate::scheduler) volume_name: String,
    /// Whether one pod at a time may use it.
    pub(in crate::scheduler) one_pod: bool,
    /// Whether its class waits for the first pod.
    pub(in crate::scheduler) waits: bool,
    /// Whether the cluster says that nobody has bound it so far, so that nobody is expected to.
    pub(in crate::scheduler) neglected: bool,
    /// Bytes asked for, in nanos; claims are matched smallest first.
    pub(in crate::scheduler) size: i128,
    /// Volumes that would do, smallest first; a volume reserved for the claim is the only one.
    pub(in crate::scheduler) volumes: Vec<usize>,
    /// The node for which a volume is being made already.
    pub(in crate::scheduler) selected: Option<NodeSet>,
    /// Nodes on which a volume can be made.
    pub(in crate::scheduler) provisionable: NodeSet,
}

/// A volume.
#[derive(Clone, Debug)]
pub(in crate::scheduler) struct Volume {
    /// Nodes that reach it.
    pub(in crate::scheduler) nodes: NodeSet,
    /// Nodes in its zone; `None` if it has no zone labels.
    pub(in crate::scheduler) zone: Option<NodeSet>,
}

/// All claims and volumes.
#[derive(Clone, Debug, Default)]
pub(in crate::scheduler) struct Volumes {
    pub(in crate::scheduler) claims: Vec<Claim>,
    pub(in crate::scheduler) volumes: Vec<Volume>,
    /// What each claim is bound to at first.
    pub(in crate::scheduler) initial: Vec<ClaimBinding>,
    /// Nodes that share each node's hostname label: where a volume made on it can be reached.
    pub(in crate::scheduler) same_host: Vec<NodeSet>,
}

impl Volumes {
    pub(super) fn compile(cluster: &Cluster) -> Volumes {
        let volumes: Vec<Volume> = cluster.volumes.iter().map(|v| volume(cluster, v)).collect();
        let claims = cluster.claims.iter().map(|c| claim(cluster, c)).collect();
        let initial = cluster.claims.iter().map(|c| binding(cluster, c)).collect();
        let same_host = |node: &Node| {
            let host = node.labels.get(HOSTNAME_LABEL);
            nodes(cluster, |other| host.is_some() && other.labels.get(HOSTNAME_LABEL) == host)
        };
        Volumes { claims, volumes, initial, same_host: cluster.nodes.iter().map(same_host).collect() }
    }

    /// Which volumes are taken under these bindings.
    pub(in crate::scheduler) fn taken(&self, claims: &[ClaimBinding]) -> Vec<bool> {
        let mut taken = vec![false; self.volumes.len()];
        for binding in claims {
            if let ClaimBinding::Volume(volume) = binding {
                taken[*volume] = true;
            }
        }
        taken
    }
}

fn nodes(cluster: &Cluster, keep: impl Fn(&Node) -> bool) -> NodeSet {
    let ids = cluster.nodes.iter().enumerate().filter(|(_, n)| keep(n));
    ids.map(|(i, _)| NodeId(u8::try_from(i).unwrap_or(u8::MAX))).collect()
}

fn volume(cluster: &Cluster, volume: &PersistentVolume) -> Volume {
    let required = volume.spec.node_affinity.as_ref().and_then(|a| a.required.as_ref());
    // As in Kubernetes, a volume's affinity knows labels only, not the node's name.
    let reach = nodes(cluster, |n| required.is_none_or(|r| r.matches("", &n.labels)));
    let zones: Vec<_> = ZONE_LABELS
        .iter()
        .filter_map(|(key, newer)| Some((*key, *newer, volume.metadata.labels.get(*key)?)))
        .collect();
    let zone = (!zones.is_empty()).then(|| {
        nodes(cluster, |n| {
            let unzoned = ZONE_LABELS.iter().all(|(key, _)| !n.labels.contains_key(*key));
            unzoned
                || zones.iter().all(|(key, newer, value)| {
                    let have = n.labels.get(*key).or_else(|| n.labels.get(*newer));
                    have.is_some_and(|have| value.split("__").any(|v| v == have))
                })
        })
    });
    Volume { nodes: reach, zone }
}

/// Bound is only what the controllers have finished binding.
fn binding(cluster: &Cluster, claim: &PersistentVolumeClaim) -> ClaimBinding {
    if claim.spec.volume_name.is_empty() || !claim.metadata.annotations.contains_key(BIND_COMPLETED) {
        return ClaimBinding::Unbound;
    }
    let at = cluster.volumes.iter().position(|v| v.metadata.name == claim.spec.volume_name);
    at.map_or(ClaimBinding::Missing, ClaimBinding::Volume)
}

/// Name of a claim's class; the default class if it states none.
fn class_of<'a>(cluster: &'a Cluster, spec: &'a ClaimSpec) -> Option<&'a StorageClass> {
    match &spec.storage_class_name {
        Some(name) => cluster.storage_classes.iter().find(|c| c.metadata.name == *name),
        None => cluster.storage_classes.iter().find(|c| c.is_default()),
    }
}

fn claim(cluster: &Cluster, claim: &PersistentVolumeClaim) -> Claim {
    let class = class_of(cluster, &claim.spec);
    let waits =
        class.is_some_and(StorageClass::waits_for_first_consumer) && claim.spec.volume_name.is_empty();
    let can_make = class.filter(|c| !c.provisioner.is_empty() && c.provisioner != NO_PROVISIONER);
    let provisionable = can_make.map_or(NodeSet::EMPTY, |class| {
        let allowed = &class.allowed_topologies;
        nodes(cluster, |n| allowed.is_empty() || allowed.iter().any(|t| topology_matches(t, n)))
    });
    let selected = claim.metadata.annotations.get(SELECTED_NODE);
    Claim {
        volume_name: claim.spec.volume_name.clone(),
        one_pod: claim.spec.access_modes.iter().any(|m| m == "ReadWriteOncePod"),
        waits,
        neglected: claim.status.phase == "Pending",
        size: storage(&claim.spec),
        volumes: candidates(cluster, claim),
        selected: selected.map(|name| nodes(cluster, |n| n.name == *name)),
        provisionable,
    }
}

fn topology_matches(term: &TopologySelectorTerm, node: &Node) -> bool {
    !term.match_label_expressions.is_empty()
        && term
            .match_label_expressions
            .iter()
            .all(|r| node.labels.get(&r.key).is_some_and(|v| r.values.contains(v)))
}

fn storage(spec: &ClaimSpec) -> i128 {
    spec.resources.requests.get("storage").map_or(0, |q| q.nanos())
}

/// Volumes that can serve a claim, whatever the node: reserved for it, or available and of the same
/// class, mode, size, access and labels. Source: `component-helpers/storage/volume/pv_helpers.go`.
fn candidates(cluster: &Cluster, claim: &PersistentVolumeClaim) -> Vec<usize> {
    let class = claim.spec.storage_class_name.as_deref();
    let class =
        class.or_else(|| class_of(cluster, &claim.spec).map(|c| c.metadata.name.as_str())).unwrap_or("");
    let capacity = |v: &PersistentVolume| v.spec.capacity.get("storage").map_or(0, |q| q.nanos());
    let mode = |m: &Option<String>| m.clone().unwrap_or_else(|| "Filesystem".to_owned());
    let usable = |v: &PersistentVolume| {
        v.spec.storage_class_name == class
            && capacity(v) >= storage(&claim.spec)
            && mode(&v.spec.volume_mode) == mode(&claim.spec.volume_mode)
            && v.metadata.deletion_timestamp.is_none()
    };
    let reserved = |v: &PersistentVolume| {
        v.spec.claim_ref.as_ref().is_some_and(|r| {
            r.name == claim.metadata.name
                && r.namespace == claim.metadata.namespace()
                && (r.uid.is_empty() || r.uid == claim.metadata.uid)
        })
    };
    let selector = claim.spec.selector.as_ref();
    let free = |v: &PersistentVolume| {
        v.spec.claim_ref.is_none()
            && v.status.phase == "Available"
            && selector.is_none_or(|s: &LabelSelector| s.matches(&v.metadata.labels))
            && claim.spec.access_modes.iter().all(|m| v.spec.access_modes.contains(m))
    };
    let usable_volumes = || cluster.volumes.iter().enumerate().filter(|(_, v)| usable(v));
    if let Some((index, _)) = usable_volumes().find(|(_, v)| reserved(v)) {
        return vec![index];
    }
    let mut found: Vec<usize> = usable_volumes().filter(|(_, v)| free(v)).map(|(i, _)| i).collect();
    found.sort_by_key(|i| capacity(&cluster.volumes[*i]));
    found
}

/// The claims of a pod, and the first that stands in its way at once.
pub(super) fn claims_of(
    cluster: &Cluster,
    volumes: &Volumes,
    pod: &Pod,
) -> (Vec<ClaimUse>, Option<PreFilterReason>) {
    let namespace = pod.metadata.namespace();
    let find = |name: &str| {
        let same =
            |c: &&PersistentVolumeClaim| c.metadata.name == name && c.metadata.namespace() == namespace;
        let found = cluster.claims.iter().enumerate().find(|(_, c)| same(c));
        found.map(|(i, c)| (i, c, &volumes.initial[i]))
    };
    let mut uses = Vec::new();
    let mut not_found = None;
    let mut other = None;
    for volume in &pod.spec.volumes {
        let (name, ephemeral) = match (&volume.persistent_volume_claim, &volume.ephemeral) {
            (Some(source), _) => (source.claim_name.clone(), false),
            (None, Some(_)) => (format!("{}-{}", pod.metadata.name, volume.name), true),
            (None, None) => continue,
        };
        let found = find(&name);
        uses.push(ClaimUse { claim: found.map(|(i, ..)| i) });
        match found {
            None if ephemeral => {
                other.get_or_insert(PreFilterReason::EphemeralClaimNotFound(name));
            }
            None => {
                not_found.get_or_insert(PreFilterReason::ClaimNotFound(name));
            }
            Some((_, claim, _)) if claim.status.phase == "Lost" => {
                other.get_or_insert(PreFilterReason::ClaimLost(name, claim.spec.volume_name.clone()));
            }
            Some((_, claim, _)) if claim.metadata.deletion_timestamp.is_some() => {
                other.get_or_insert(PreFilterReason::ClaimDeleted(name));
            }
            Some(_) => {}
        }
    }
    (uses, not_found.or(other))
}

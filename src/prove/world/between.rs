//! What pods of one class mean to those of another: who cannot share a node with whom, who needs whom gone, who pulls.

use super::World;
use crate::cluster::matching::{host_ports, ports_collide, spread_counts, term_selects};
use crate::cluster::{Cluster, HOSTNAME_LABEL};
use crate::kube::{Pod, TopologySpreadConstraint};
use crate::lifecycle::WorkloadId;

/// They cannot share a node: required anti-affinity of either side over the host name, or a host port.
const CONFLICT: u8 = 1;
/// The first one has the anti-affinity term (or both want the port).
const OWNS: u8 = 2;
/// The first one has required anti-affinity terms and the second matches every one of them.
const ALL_TERMS: u8 = 4;
/// The first one may need the second one gone from a node for another reason than room or [`CONFLICT`]: required
/// anti-affinity over more than one host, a spread that counts it, a claim for one pod at a time.
const CROWDED: u8 = 8;

impl World {
    pub(super) fn relations(&mut self, cluster: &Cluster, pods: &[Pod]) {
        let count = pods.len();
        for (a, pod) in pods.iter().enumerate() {
            let Some(affinity) = &pod.spec.affinity else { continue };
            let anti = affinity.pod_anti_affinity.as_ref();
            for term in anti.into_iter().flat_map(|s| &s.required) {
                for (b, other) in pods.iter().enumerate() {
                    if term_selects(cluster, pod, term, other) {
                        if self.hosts && term.topology_key == HOSTNAME_LABEL {
                            self.between[a * count + b] |= CONFLICT | OWNS;
                            self.between[b * count + a] |= CONFLICT;
                        } else {
                            let beyond = "required anti-affinity over more than one host";
                            self.classes[a].goes_beyond(beyond);
                            self.classes[b].goes_beyond(beyond);
                            self.between[a * count + b] |= CROWDED;
                            self.between[b * count + a] |= CROWDED;
                        }
                    }
                }
            }
            let required = anti.map_or(&[][..], |s| &s.required);
            for (b, other) in pods.iter().enumerate() {
                let all =
                    !required.is_empty() && required.iter().all(|t| term_selects(cluster, pod, t, other));
                self.between[a * count + b] |= if all { ALL_TERMS } else { 0 };
            }
            let near = affinity.pod_affinity.as_ref();
            if near.is_some_and(|s| !s.required.is_empty()) {
                self.company[a] = true;
                self.classes[a].goes_beyond("required pod affinity");
            }
            // The scheduler counts required affinity of bound pods towards a new one with weight 1.
            let hard = near.into_iter().flat_map(|s| s.required.iter().map(|t| (t, -1)));
            let soft = near
                .into_iter()
                .flat_map(|s| s.preferred.iter().map(|t| (&t.pod_affinity_term, -i64::from(t.weight))));
            let away = anti
                .into_iter()
                .flat_map(|s| s.preferred.iter().map(|t| (&t.pod_affinity_term, i64::from(t.weight))));
            for (term, weight) in hard.chain(soft).chain(away) {
                for (b, other) in pods.iter().enumerate() {
                    if term_selects(cluster, pod, term, other) {
                        self.classes[a].pod_pull = true;
                        self.classes[b].pod_pull = true;
                        if self.hosts && term.topology_key == HOSTNAME_LABEL {
                            *self.repels.entry((a, b)).or_default() += weight;
                        }
                    }
                }
            }
        }
        let of = |pod| host_ports(cluster.version, pod).collect::<Vec<_>>();
        let ports = pods.iter().map(|pod| of(&pod.spec)).enumerate();
        let ports: Vec<_> = ports.filter(|(_, ports)| !ports.is_empty()).collect();
        for (a, mine) in &ports {
            for (b, taken) in &ports {
                if mine.iter().any(|port| taken.iter().any(|other| ports_collide(port, other))) {
                    self.between[a * count + b] |= CONFLICT | OWNS;
                }
            }
        }
    }

    /// Who needs others gone for the sake of its spread or of a claim that one pod has at a time.
    pub(super) fn crowds(&mut self, cluster: &Cluster, pods: &[Pod]) {
        let count = pods.len();
        let claims = |pod: &Pod| -> Vec<String> {
            let named = pod.spec.volumes.iter().filter_map(|v| v.persistent_volume_claim.as_ref());
            named.map(|claim| claim.claim_name.clone()).collect()
        };
        for (a, pod) in pods.iter().enumerate() {
            let spread: Vec<_> =
                pod.spec.topology_spread_constraints.iter().filter(|c| c.is_hard()).collect();
            let mine = claims(pod);
            if spread.is_empty() && mine.is_empty() {
                continue;
            }
            self.classes[a].even = even(cluster, &spread);
            let near = pods.iter().enumerate();
            for (b, other) in near.filter(|(_, o)| o.metadata.namespace() == pod.metadata.namespace()) {
                let labels = (&pod.metadata.labels, &other.metadata.labels);
                let counted = spread.iter().any(|c| spread_counts(c, labels.0, labels.1));
                if counted || claims(other).iter().any(|name| mine.contains(name)) {
                    self.between[a * count + b] |= CROWDED;
                }
                if counted && a != b {
                    self.classes[a].even = 0;
                }
            }
            let replicas = self.classes[a].replicas;
            self.classes[a].runs(replicas);
        }
    }

    /// Whether pods of two classes cannot share a node.
    #[must_use]
    pub fn conflict(&self, a: WorkloadId, b: WorkloadId) -> bool {
        self.between(a, b) & CONFLICT != 0
    }

    fn between(&self, a: WorkloadId, b: WorkloadId) -> u8 {
        self.between[usize::from(a.0) * self.classes.len() + usize::from(b.0)]
    }

    /// The classes whose pods cannot share a node with this one's, itself included.
    #[must_use]
    pub fn foes(&self, class: WorkloadId) -> &[WorkloadId] {
        &self.foes[usize::from(class.0)]
    }

    /// Whether a pod of the first class may need one of the second gone from a node, however much room there is.
    #[must_use]
    pub fn displaces(&self, a: WorkloadId, b: WorkloadId) -> bool {
        self.between(a, b) & (CONFLICT | CROWDED) != 0
    }

    /// The same, and a successor of the second may come back to the node at once.
    #[must_use]
    pub fn crowded(&self, a: WorkloadId, b: WorkloadId) -> bool {
        self.between(a, b) & CROWDED != 0
    }

    /// The classes whose pods may need one of this class gone from a node, however much room there is.
    #[must_use]
    pub fn rivals(&self, class: WorkloadId) -> &[WorkloadId] {
        &self.rivals[usize::from(class.0)]
    }

    /// Whether the first class states the conflict itself.
    #[must_use]
    pub fn owns(&self, a: WorkloadId, b: WorkloadId) -> bool {
        self.between(a, b) & OWNS != 0
    }

    /// The weight with which `a` prefers not to share a host with `b`.
    #[must_use]
    pub fn repels(&self, a: WorkloadId, b: WorkloadId) -> i64 {
        self.repels.get(&(a.0.into(), b.0.into())).copied().unwrap_or(0)
    }

    /// Whether `b` matches every required anti-affinity term of `a`, of which there is at least one.
    #[must_use]
    pub fn matches_all_terms(&self, a: WorkloadId, b: WorkloadId) -> bool {
        self.between(a, b) & ALL_TERMS != 0
    }

    /// Whether the class has required pod affinity.
    #[must_use]
    pub fn wants_company(&self, class: WorkloadId) -> bool {
        self.company[usize::from(class.0)]
    }
}

/// How many pods of a class these spreads always let in, if they count nobody else: the fewest that are allowed at one
/// place while there are none elsewhere; terminating ones do not count. A node without the label takes none.
/// Source: `pkg/scheduler/framework/plugins/podtopologyspread/filtering.go`, v1.34.
fn even(cluster: &Cluster, spreads: &[&TopologySpreadConstraint]) -> i64 {
    let everywhere = |key: &String| cluster.nodes.iter().all(|n| n.labels.contains_key(key));
    let one = |c: &&TopologySpreadConstraint| {
        if everywhere(&c.topology_key) { i64::from(c.max_skew) } else { 0 }
    };
    spreads.iter().map(one).min().unwrap_or(i64::MAX)
}

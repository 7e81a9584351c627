//! Selectors compiled to class × class: topology spread and affinity between pods.

use super::compile::{Topologies, class_id};
use super::{Class, ClassId, Pull, Spread};
use crate::cluster::matching::{spread_counts, term_selects};
use crate::cluster::{Cluster, HOSTNAME_LABEL, ZONE_LABEL};
use crate::kube::{
    Affinity, LabelSelector, Labels, Pod, PodAffinity, PodAffinityTerm, TopologySpreadConstraint,
};
use crate::scheduler::topology::TopologyId;

/// Weight with which a running pod's required affinity attracts (`hardPodAffinityWeight`).
const HARD_AFFINITY_WEIGHT: i64 = 1;
/// The system's default constraints: key and `maxSkew`, both ScheduleAnyway.
const DEFAULT_SPREAD: [(&str, i64); 2] = [(HOSTNAME_LABEL, 3), (ZONE_LABEL, 5)];

/// Compiles the spread constraints of one class.
pub(super) fn spreads(
    cluster: &Cluster,
    pods: &[&Pod],
    index: usize,
    topologies: &mut Topologies<'_>,
    class: &mut Class,
) {
    let pod = pods[index];
    let constraints = &pod.spec.topology_spread_constraints;
    if constraints.is_empty() {
        let siblings = default_matches(cluster, pods, pod);
        let Some(siblings) = siblings else { return };
        class.default_spread = true;
        class.soft_spread = DEFAULT_SPREAD
            .iter()
            .map(|(key, max_skew)| Spread {
                topology: topologies.id(key),
                max_skew: *max_skew,
                min_domains: 1,
                matches_self: true,
                counts: siblings.clone(),
                matches: siblings.clone(),
                honor_affinity: true,
                honor_taints: false,
            })
            .collect();
        return;
    }
    for constraint in constraints {
        let spread = spread(pods, index, topologies.id(&constraint.topology_key), constraint);
        if constraint.is_hard() {
            class.hard_spread.push(spread);
        } else if constraint.when_unsatisfiable == "ScheduleAnyway" {
            class.soft_spread.push(spread);
        }
    }
}

fn spread(
    pods: &[&Pod],
    index: usize,
    topology: TopologyId,
    constraint: &TopologySpreadConstraint,
) -> Spread {
    let own = &pods[index].metadata;
    let selects = |labels: &Labels| spread_counts(constraint, &own.labels, labels);
    let matches: Vec<ClassId> = (0..pods.len())
        .filter(|c| pods[*c].metadata.namespace() == own.namespace() && selects(&pods[*c].metadata.labels))
        .map(class_id)
        .collect();
    let merged = constraint.match_label_keys.iter().any(|key| own.labels.contains_key(key));
    let empty = !merged && constraint.label_selector.as_ref().is_some_and(LabelSelector::is_empty);
    Spread {
        topology,
        max_skew: constraint.max_skew.into(),
        min_domains: constraint.min_domains.unwrap_or(1).into(),
        matches_self: selects(&own.labels),
        counts: if empty { Vec::new() } else { matches.clone() },
        matches,
        honor_affinity: constraint.node_affinity_policy.as_deref() != Some("Ignore"),
        honor_taints: constraint.node_taints_policy.as_deref() == Some("Honor"),
    }
}

/// Classes that the system's default constraints count: the labels of all services that match the pod,
/// and the selector of its controller. `None` if neither says anything.
fn default_matches(cluster: &Cluster, pods: &[&Pod], pod: &Pod) -> Option<Vec<ClassId>> {
    let namespace = pod.metadata.namespace();
    let has_all = |labels: &Labels, wanted: &Labels| wanted.iter().all(|(k, v)| labels.get(k) == Some(v));
    let services = cluster
        .services
        .iter()
        .filter(|s| s.metadata.namespace() == namespace && has_all(&pod.metadata.labels, &s.spec.selector));
    let mut labels = Labels::new();
    services.for_each(|s| labels.extend(s.spec.selector.clone()));
    let owner = pod.metadata.controller();
    let owner = owner.and_then(|o| cluster.controller(&o.kind, namespace, &o.name));
    let selector = owner.and_then(|o| o.selector.as_ref()).filter(|s| s.validate().is_ok());
    if labels.is_empty() && selector.is_none_or(LabelSelector::is_empty) {
        return None;
    }
    let counted = |other: &Pod| {
        other.metadata.namespace() == namespace
            && has_all(&other.metadata.labels, &labels)
            && selector.is_none_or(|s| s.matches(&other.metadata.labels))
    };
    Some((0..pods.len()).filter(|c| counted(pods[*c])).map(class_id).collect())
}

/// A term and the classes that it matches.
struct Term {
    topology: TopologyId,
    matches: Vec<bool>,
}

/// All terms of one class.
#[derive(Default)]
struct ClassTerms {
    required: Vec<Term>,
    anti: Vec<Term>,
    /// Weights are negative for anti-affinity.
    preferred: Vec<(i64, Term)>,
}

/// All terms of all classes.
pub(super) struct TermTable {
    by_class: Vec<ClassTerms>,
}

impl TermTable {
    pub(super) fn new(cluster: &Cluster, pods: &[&Pod], topologies: &mut Topologies<'_>) -> TermTable {
        let by_class = pods.iter().map(|pod| match &pod.spec.affinity {
            Some(affinity) => class_terms(cluster, pods, pod, affinity, topologies),
            None => ClassTerms::default(),
        });
        TermTable { by_class: by_class.collect() }
    }

    /// Fills in what the terms mean for one class, its own and those of the others.
    pub(super) fn relate(&self, index: usize, class: &mut Class) {
        let own = &self.by_class[index];
        let all = 0..self.by_class.len();
        class.affinity_topologies = own.required.iter().map(|t| t.topology).collect();
        if !own.required.is_empty() {
            let matches_all = |c: &usize| own.required.iter().all(|t| t.matches[*c]);
            class.affinity_matches = all.clone().filter(matches_all).map(class_id).collect();
            class.affinity_matches_self = matches_all(&index);
        }
        let matched = |t: &Term| all.clone().filter(|c| t.matches[*c]).map(class_id).collect();
        class.anti = own.anti.iter().map(|t| (t.topology, matched(t))).collect();
        for (weight, term) in &own.preferred {
            let matching = all.clone().filter(|c| term.matches[*c]);
            class.pull.extend(matching.map(|c| Pull {
                class: class_id(c),
                topology: term.topology,
                weight: *weight,
            }));
        }
        for (other, terms) in self.by_class.iter().enumerate() {
            let other = class_id(other);
            let matching = |t: &&Term| t.matches[index];
            class.repelled_by.extend(terms.anti.iter().filter(matching).map(|t| (t.topology, other)));
            let required = terms.required.iter().filter(matching).map(|t| (HARD_AFFINITY_WEIGHT, t.topology));
            let preferred =
                terms.preferred.iter().filter(|(_, t)| t.matches[index]).map(|(w, t)| (*w, t.topology));
            let symmetric = required.chain(preferred);
            class.pull.extend(symmetric.map(|(weight, topology)| Pull { class: other, topology, weight }));
        }
    }
}

fn class_terms(
    cluster: &Cluster,
    pods: &[&Pod],
    pod: &Pod,
    affinity: &Affinity,
    topologies: &mut Topologies<'_>,
) -> ClassTerms {
    let mut term = |t: &PodAffinityTerm| Term {
        topology: topologies.id(&t.topology_key),
        matches: pods.iter().map(|target| term_selects(cluster, pod, t, target)).collect(),
    };
    let mut terms = ClassTerms::default();
    let none = PodAffinity::default();
    let attract = affinity.pod_affinity.as_ref().unwrap_or(&none);
    let repel = affinity.pod_anti_affinity.as_ref().unwrap_or(&none);
    terms.required = attract.required.iter().map(&mut term).collect();
    terms.anti = repel.required.iter().map(&mut term).collect();
    for (side, sign) in [(attract, 1), (repel, -1)] {
        for preferred in &side.preferred {
            terms.preferred.push((sign * i64::from(preferred.weight), term(&preferred.pod_affinity_term)));
        }
    }
    terms
}

//! From a cluster and its pods to a world.

use std::collections::BTreeMap;

use super::terms::{TermTable, spreads};
use super::volumes::{self, Volumes};
use super::{Class, ClassId, CompileError, Image, Tolerates, World, WorldNode};
use crate::cluster::matching::{self, any_ip, host_ports, ports_collide, tolerates_condition};
use crate::cluster::{Cluster, KubernetesVersion, Node};
use crate::kube::{ContainerPort, NodeSelectorTerm, Operator, Pod, PodSpec};
use crate::scheduler::plugins::image_locality;
use crate::scheduler::requests::{Requests, is_scalar};
use crate::scheduler::topology::{Topology, TopologyId};
use crate::scheduler::{NodeId, NodeSet, PreFilterReason};

/// Resources that have fixed indices.
const FIXED: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

pub(super) fn compile<'a>(
    cluster: &Cluster,
    pods: impl IntoIterator<Item = &'a Pod>,
) -> Result<(World, Vec<ClassId>), CompileError> {
    World::takes(cluster.nodes.len())?;
    let (representatives, classes_of) = group(pods);
    let requests: Vec<Requests> =
        representatives.iter().map(|pod| Requests::of(&pod.spec, cluster.version)).collect();
    let resources = resource_names(&requests);
    let nodes: Vec<WorldNode> = cluster.nodes.iter().map(|n| node(n, &resources)).collect();
    let images = node_images(cluster);
    let volumes = Volumes::compile(cluster);
    let mut topologies = Topologies { cluster, known: Vec::new() };
    let mut classes: Vec<Class> = representatives
        .iter()
        .zip(&requests)
        .map(|(pod, request)| class(cluster, pod, request, &resources, &volumes, &images))
        .collect();
    relate(cluster, &representatives, &mut topologies, &mut classes);
    let port_count = relate_ports(cluster.version, &representatives, &mut classes);
    let mut world = World {
        version: cluster.version,
        spread_weight: (0..=nodes.len() + 1).map(|size| libm::log(to_f64(size + 2))).collect(),
        nodes,
        port_count,
        cordoned: select(cluster, |n| n.unschedulable),
        classes,
        resources,
        topologies: topologies.known,
        images,
        pdbs: cluster.pdbs.iter().map(|p| i64::from(p.status.disruptions_allowed)).collect(),
        volumes,
    };
    let all = world.all_nodes();
    for index in 0..world.classes.len() {
        let scores =
            (0..world.nodes.len()).map(|n| image_locality::raw(&world, &world.classes[index], all, n));
        let scores: Vec<i64> = scores.collect();
        world.classes[index].image_score = scores;
    }
    Ok((world, classes_of))
}

fn to_f64(size: usize) -> f64 {
    u32::try_from(size).map_or(f64::MAX, f64::from)
}

/// Groups pods that differ in name and node only. Labels and owner are compared first, because they
/// differ most.
fn group<'a>(pods: impl IntoIterator<Item = &'a Pod>) -> (Vec<&'a Pod>, Vec<ClassId>) {
    let mut representatives: Vec<&Pod> = Vec::new();
    let mut by_owner: BTreeMap<(&str, &str, &str), Vec<u32>> = BTreeMap::new();
    let mut classes = Vec::new();
    for pod in pods {
        let owner = pod.metadata.controller();
        let key = (pod.metadata.namespace(), owner.map_or("", |o| &o.kind), owner.map_or("", |o| &o.name));
        let known = by_owner.entry(key).or_default();
        let found = known.iter().copied().find(|c| alike(representatives[*c as usize], pod));
        let class = found.unwrap_or_else(|| {
            let class = u32::try_from(representatives.len()).unwrap_or(u32::MAX);
            representatives.push(pod);
            known.push(class);
            class
        });
        classes.push(ClassId(class));
    }
    (representatives, classes)
}

fn alike(a: &Pod, b: &Pod) -> bool {
    let same_claims = || {
        let ephemeral = a.spec.volumes.iter().any(|v| v.ephemeral.is_some());
        !ephemeral || a.metadata.name == b.metadata.name
    };
    a.metadata.labels == b.metadata.labels && same_spec(&a.spec, &b.spec) && same_claims()
}

/// Compares what the scheduler reads; the node to which a pod is bound is not part of its class.
fn same_spec(a: &PodSpec, b: &PodSpec) -> bool {
    a.priority == b.priority
        && a.preemption_policy == b.preemption_policy
        && a.containers == b.containers
        && a.init_containers == b.init_containers
        && a.overhead == b.overhead
        && a.resources == b.resources
        && a.volumes == b.volumes
        && a.node_selector == b.node_selector
        && a.affinity == b.affinity
        && a.tolerations == b.tolerations
        && a.topology_spread_constraints == b.topology_spread_constraints
}

fn resource_names(requests: &[Requests]) -> Vec<String> {
    let mut scalars: Vec<&String> = requests.iter().flat_map(|r| r.scalar.keys()).collect();
    scalars.sort();
    scalars.dedup();
    FIXED.iter().map(|n| (*n).to_owned()).chain(scalars.into_iter().cloned()).collect()
}

fn node(node: &Node, resources: &[String]) -> WorldNode {
    let amount = |name: &str| {
        let quantity = node.allocatable.get(name).copied().unwrap_or_default();
        let amount = if name == "cpu" { quantity.milli() } else { quantity.value() };
        amount.clamp(0, i64::MAX / 1024)
    };
    let counted = |name: &String| FIXED.contains(&name.as_str()) || is_scalar(name);
    WorldNode {
        name: node.name.clone(),
        allocatable: resources.iter().map(|r| if counted(r) { amount(r) } else { 0 }).collect(),
        max_pods: amount("pods"),
    }
}

/// Images by name; the size is the one that the first node reports.
fn node_images(cluster: &Cluster) -> Vec<Image> {
    let mut images: BTreeMap<&str, (i64, NodeSet)> = BTreeMap::new();
    for (id, node) in ids(cluster) {
        for image in &node.images {
            for name in &image.names {
                images.entry(name).or_insert((image.size_bytes, NodeSet::EMPTY)).1.insert(id);
            }
        }
    }
    let image = |(name, (size, nodes)): (&str, (i64, NodeSet))| Image { name: name.to_owned(), size, nodes };
    images.into_iter().map(image).collect()
}

fn ids(cluster: &Cluster) -> impl Iterator<Item = (NodeId, &Node)> {
    cluster.nodes.iter().enumerate().map(|(i, n)| (NodeId(u8::try_from(i).unwrap_or(u8::MAX)), n))
}

fn select(cluster: &Cluster, keep: impl Fn(&Node) -> bool) -> NodeSet {
    ids(cluster).filter(|(_, n)| keep(n)).map(|(id, _)| id).collect()
}

/// Everything about a class that does not concern other classes.
fn class(
    cluster: &Cluster,
    pod: &Pod,
    requests: &Requests,
    resources: &[String],
    volumes: &Volumes,
    images: &[Image],
) -> Class {
    let spec = &pod.spec;
    let request = |name: &String| match name.as_str() {
        "cpu" => requests.milli_cpu,
        "memory" => requests.memory,
        "ephemeral-storage" => requests.ephemeral_storage,
        scalar => requests.scalar.get(scalar).copied().unwrap_or(0),
    };
    let request: Vec<i64> = resources.iter().map(request).collect();
    let (claims, missing_claim) = volumes::claims_of(cluster, volumes, pod);
    let field_names = field_names(spec);
    let named_by_field = field_names.as_ref().map(|names| select(cluster, |n| names.contains(&n.name)));
    let conflict = field_names.as_ref().is_some_and(Vec::is_empty);
    Class {
        name: pod.metadata.name.clone(),
        namespace: pod.metadata.namespace().to_owned(),
        priority: spec.priority.unwrap_or(0),
        preempts: spec.preemption_policy.as_deref() != Some("Never"),
        requests_any: request.iter().take(FIXED.len()).any(|r| *r != 0) || !requests.scalar.is_empty(),
        request,
        nonzero: [requests.nonzero_milli_cpu, requests.nonzero_memory],
        tolerates: Tolerates {
            unschedulable: tolerates_condition(spec, "unschedulable"),
            not_ready: tolerates_condition(spec, "not-ready"),
            unreachable: tolerates_condition(spec, "unreachable"),
        },
        tolerated: select(cluster, |n| matching::barrier(spec, &n.taints).is_none()),
        affinity: required_nodes(cluster, spec),
        named_by_field: named_by_field.filter(|_| !conflict),
        field_names: field_names.unwrap_or_default(),
        pre_filter: if conflict { Some(PreFilterReason::NodeNamesConflict) } else { missing_claim },
        disliked_taints: cluster.nodes.iter().map(|n| matching::disliked_taints(spec, n)).collect(),
        node_preference: cluster.nodes.iter().map(|n| matching::preference(spec, n)).collect(),
        ports: Vec::new(),
        images: image_locality::images_of(spec, images),
        containers: i64::try_from(spec.containers.len() + spec.init_containers.len()).unwrap_or(i64::MAX),
        claims,
        pdbs: budgets_of(cluster, pod),
        port_conflicts: Vec::new(),
        hard_spread: Vec::new(),
        soft_spread: Vec::new(),
        default_spread: false,
        affinity_topologies: Vec::new(),
        affinity_matches: Vec::new(),
        affinity_matches_self: false,
        anti: Vec::new(),
        repelled_by: Vec::new(),
        pull: Vec::new(),
        image_score: Vec::new(),
    }
}

fn required_nodes(cluster: &Cluster, spec: &PodSpec) -> Option<NodeSet> {
    if matching::required_nodes(spec).is_none() && spec.node_selector.is_empty() {
        return None;
    }
    Some(select(cluster, |node| matching::selects_node(spec, &node.name, &node.labels)))
}

/// Names of nodes that the terms of the required affinity give by `metadata.name`, if each term gives
/// some; empty if they contradict each other.
fn field_names(spec: &PodSpec) -> Option<Vec<String>> {
    let required = matching::required_nodes(spec)?;
    if required.node_selector_terms.is_empty() {
        return None;
    }
    let mut names: Vec<String> = Vec::new();
    for term in &required.node_selector_terms {
        names.extend(names_of_term(term)?.into_iter().map(str::to_owned));
    }
    names.sort();
    names.dedup();
    Some(names)
}

fn names_of_term(term: &NodeSelectorTerm) -> Option<Vec<&str>> {
    let by_name =
        |r: &&crate::kube::NodeSelectorRequirement| r.key == "metadata.name" && r.operator == Operator::In;
    let mut requirements = term.match_fields.iter().filter(by_name);
    let mut names: Vec<&str> = requirements.next()?.values.iter().map(String::as_str).collect();
    for requirement in requirements {
        names.retain(|n| requirement.values.iter().any(|v| v == n));
    }
    Some(names)
}

/// Budgets that preemption minds: one with an empty selector guards nobody from it, nor does any guard a pod without
/// labels. Source: `filterPodsWithPDBViolation` in `pkg/scheduler/framework/preemption`.
fn budgets_of(cluster: &Cluster, pod: &Pod) -> Vec<usize> {
    if pod.metadata.labels.is_empty() {
        return Vec::new();
    }
    let guards = |budget: &crate::kube::PodDisruptionBudget| {
        budget.spec.selector.as_ref().is_some_and(|s| !s.is_empty()) && matching::budget_selects(budget, pod)
    };
    cluster.pdbs.iter().enumerate().filter(|(_, b)| guards(b)).map(|(i, _)| i).collect()
}

/// Topologies by key, made when first asked for.
pub(super) struct Topologies<'a> {
    cluster: &'a Cluster,
    known: Vec<Topology>,
}

impl Topologies<'_> {
    pub(super) fn id(&mut self, key: &str) -> TopologyId {
        if let Some(id) = self.known.iter().position(|t| t.key == key) {
            return id;
        }
        self.known.push(Topology::new(key, self.cluster.nodes.iter().map(|n| n.labels.get(key))));
        self.known.len() - 1
    }
}

/// Everything about a class that concerns other classes: spread, affinity between pods.
fn relate(cluster: &Cluster, pods: &[&Pod], topologies: &mut Topologies<'_>, classes: &mut [Class]) {
    let terms = TermTable::new(cluster, pods, topologies);
    for (index, class) in classes.iter_mut().enumerate() {
        spreads(cluster, pods, index, topologies, class);
        terms.relate(index, class);
    }
}

/// Numbers the host ports of all pods and finds which collide; returns how many there are.
fn relate_ports(version: KubernetesVersion, pods: &[&Pod], classes: &mut [Class]) -> usize {
    let mut ports: Vec<&ContainerPort> = Vec::new();
    let same = |a: &ContainerPort, b: &ContainerPort| ports_collide(a, b) && any_ip(a) == any_ip(b);
    for (pod, class) in pods.iter().zip(classes.iter_mut()) {
        for port in host_ports(version, &pod.spec) {
            let known = ports.iter().position(|p| same(p, port));
            class.ports.push(known.unwrap_or(ports.len()));
            if known.is_none() {
                ports.push(port);
            }
        }
    }
    for class in classes.iter_mut() {
        let collides = |i: &usize| class.ports.iter().any(|own| ports_collide(ports[*own], ports[*i]));
        class.port_conflicts = (0..ports.len()).filter(collides).collect();
    }
    ports.len()
}

pub(super) fn class_id(index: usize) -> ClassId {
    ClassId(u32::try_from(index).unwrap_or(u32::MAX))
}

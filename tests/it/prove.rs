//! The proof: bounds, verdicts and tables over recorded clusters.

use lifeboat::cluster::{Cluster, KubernetesVersion, Node};
use lifeboat::kube;
use lifeboat::lifecycle::{Clocks, Datastore, Facts, NodeId, WorkloadId};
use lifeboat::prove::bounds::{Bounds, Depth};
use lifeboat::prove::world::World;
use serde_json::Value;

/// A recorded variant: its objects on a master and two workers.
fn recorded(variant: &str) -> Cluster {
    let path = format!("{}/tests/data/replay/objects.{variant}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let mut documents: Vec<Value> = value["items"].as_array().unwrap().clone();
    if let Some(classes) = value["priorityClasses"].as_object() {
        for (name, class) in classes {
            let number = class.as_i64().or(class["value"].as_i64()).unwrap();
            documents.push(serde_json::json!({"kind": "PriorityClass", "apiVersion": "scheduling.k8s.io/v1",
                "metadata": {"name": name}, "value": number}));
        }
    }
    let mut reading = Cluster::from_objects(KubernetesVersion::default(), &documents);
    assert_eq!(reading.errors, []);
    let taints: Vec<kube::Taint> = serde_json::from_value(value["masterTaints"].clone()).unwrap();
    for name in ["master", "worker-1", "worker-2"] {
        let mut node = Node { name: name.to_owned(), ready: true, ..Node::default() };
        node.labels.insert("kubernetes.io/hostname".into(), name.into());
        node.labels.insert("kubernetes.io/os".into(), "linux".into());
        let roomy = variant.contains("roomy");
        let memory = if variant.starts_with(['E', 'F']) { "7900Mi" } else if roomy { "16Gi" } else { "8Gi" };
        for (resource, amount) in [("cpu", if roomy { "8" } else { "4" }), ("memory", memory), ("pods", "110")] {
            node.allocatable.insert(resource.into(), amount.parse().unwrap());
        }
        if name == "master" {
            node.labels.insert("node-role.kubernetes.io/control-plane".into(), "true".into());
            node.taints.clone_from(&taints);
        }
        reading.cluster.nodes.push(node);
    }
    reading.cluster
}

#[test]
fn bounds_over_recorded_variants() {
    for variant in ["A", "B", "C", "D", "E", "F", "F-mutual", "E-budget", "E-lockonly"] {
        let cluster = recorded(variant);
        let world = World::of(&cluster, &["master".to_owned()]);
        let facts = Facts::of(&cluster, Clocks::of_minor(34), Datastore::Etcd);
        let bounds = Bounds::of(&world, &facts).unwrap();
        let green = bounds.green();
        println!("== {variant}: empty {:?}", green.why_empty.is_some());
        for id in world.ids() {
            let i = usize::from(id.0);
            println!("  {} {:?} keeps {} may {:b} p{} {:?}", world.classes[i].name, green.ends[i], green.keeps[i], green.may[i], world.classes[i].priority, world.classes[i].beyond);
        }
        let find = |n: &str| facts.workloads.iter().position(|w| w.name.ends_with(n)).map(|i| WorkloadId(i as u16)).unwrap();
        println!("  apart {:?}", bounds.apart(find("/prometheus"), find("/loki"), &green));
        let yellow = bounds.lose(&green, &[NodeId(1)], Depth::Fenced);
        println!("  yellow empty {:?}", yellow.why_empty);
        for id in world.ids() {
            let i = usize::from(id.0);
            println!("  {} {:?}", world.classes[i].name, yellow.ends[i]);
        }
        let red = bounds.lose(&green, &[NodeId(1), NodeId(2)], Depth::Fenced);
        for id in world.ids() {
            let i = usize::from(id.0);
            println!("  red {} {:?}", world.classes[i].name, red.ends[i]);
        }
    }
}

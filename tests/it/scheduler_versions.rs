//! What differs between Kubernetes versions, beside the recorded ones.

use std::collections::BTreeMap;

use lifeboat::cluster::Cluster;
use lifeboat::scheduler::{
    Decision, Incoming, NodeSet, Observer, Placed, Plugin, PodId, Scheduler, State, World,
};
use serde_json::{Value, json};

#[derive(Default)]
struct Scores {
    raw: BTreeMap<&'static str, Vec<i64>>,
    feasible: NodeSet,
}

impl Observer for Scores {
    fn score(&mut self, plugin: Plugin, raw: &[i64], _normalised: &[i64]) {
        self.raw.insert(plugin.name(), raw.to_vec());
    }
    fn feasible(&mut self, nodes: NodeSet) {
        self.feasible = nodes;
    }
}

fn node(name: &str) -> Value {
    json!({"kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "zone": format!("z-{name}")}},
        "status": {"allocatable": {"cpu": "4", "memory": "4Gi", "pods": "10"}}})
}

/// Places all pods but the last on the first node and decides about the last.
fn last_decision(version: &str, pods: &[Value]) -> (Decision, Scores) {
    let objects: Vec<Value> = [node("a"), node("b")].into_iter().chain(pods.iter().cloned()).collect();
    let cluster = Cluster::from_objects(version.parse().unwrap(), &objects).cluster;
    let (world, classes) = World::compile(&cluster, &cluster.pods).unwrap();
    let mut state = State::new(&world);
    let last = classes.len() - 1;
    for (index, class) in classes[..last].iter().enumerate() {
        let placed = Placed {
            pod: PodId(index as u32),
            class: *class,
            start: 0,
            terminating: false,
            preempted: false,
        };
        state.place(&world, world.node("a").unwrap(), placed);
    }
    let mut scores = Scores::default();
    let incoming = Incoming { pod: PodId(last as u32), class: classes[last], nominated: None };
    (Scheduler::new(&world).decide(&mut state, incoming, &mut scores), scores)
}

#[test]
fn the_balance_of_pods_without_requests_is_scored_up_to_1_32() {
    let busy = json!({"kind": "Pod", "metadata": {"name": "busy"}, "spec": {
        "containers": [{"name": "c", "resources": {"requests": {"cpu": "2"}}}]}});
    let idle = json!({"kind": "Pod", "metadata": {"name": "idle"}, "spec": {"containers": [{"name": "c"}]}});
    let balance = |version: &str| {
        let (_, scores) = last_decision(version, &[busy.clone(), idle.clone()]);
        scores.raw.get("NodeResourcesBalancedAllocation").cloned()
    };
    assert_eq!(balance("1.30"), Some(vec![75, 100]));
    assert_eq!(balance("1.32"), Some(vec![75, 100]));
    assert_eq!(balance("1.33"), None);
    assert_eq!(balance("1.36"), None);
}

#[test]
fn the_change_of_balance_is_scored_from_1_36() {
    let busy = json!({"kind": "Pod", "metadata": {"name": "busy"}, "spec": {
        "containers": [{"name": "c", "resources": {"requests": {"cpu": "2"}}}]}});
    let evening = json!({"kind": "Pod", "metadata": {"name": "evening"}, "spec": {
        "containers": [{"name": "c", "resources": {"requests": {"memory": "2Gi"}}}]}});
    let balance = |version: &str| {
        let (_, scores) = last_decision(version, &[busy.clone(), evening.clone()]);
        scores.raw["NodeResourcesBalancedAllocation"].clone()
    };
    assert_eq!(balance("1.35"), [100, 75]);
    assert_eq!(balance("1.36"), [87, 62]);
}

#[test]
fn host_ports_of_sidecars_count_from_1_34() {
    let pod = |name: &str| {
        json!({"kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [{"name": "c"}],
            "initContainers": [{"name": "s", "restartPolicy": "Always",
                "ports": [{"containerPort": 80, "hostPort": 80}]}]}})
    };
    let nodes = |version: &str| last_decision(version, &[pod("x"), pod("y")]).1.feasible.len();
    assert_eq!((nodes("1.33"), nodes("1.34")), (2, 1));
}

#[test]
fn constraints_of_one_topology_key_share_their_counts_up_to_1_32() {
    let pod = |name: &str, app: &str, constraints: Value| {
        json!({"kind": "Pod", "metadata": {"name": name, "labels": {"app": app}},
            "spec": {"containers": [{"name": "c"}], "topologySpreadConstraints": constraints}})
    };
    let constraint = |app: &str, when: &str| {
        json!({"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": when,
            "labelSelector": {"matchLabels": {"app": app}}})
    };
    let pods = |when: &str| {
        let both = json!([constraint("x", when), constraint("y", when)]);
        [pod("p", "x", json!([])), pod("q", "y", json!([])), pod("r", "z", both)]
    };
    // One pod each of x and y in the first zone: a skew of 1 each, of 2 together.
    let feasible = |version: &str| last_decision(version, &pods("DoNotSchedule")).1.feasible.len();
    assert_eq!((feasible("1.32"), feasible("1.33")), (1, 2));
    // Together 2 × ln 4 + 2 × ln 2 = 4.16, by themselves 2 × ln 4 = 2.77.
    let score =
        |version: &str| last_decision(version, &pods("ScheduleAnyway")).1.raw["PodTopologySpread"].clone();
    assert_eq!((score("1.32"), score("1.33")), (vec![4, 0], vec![3, 0]));
}

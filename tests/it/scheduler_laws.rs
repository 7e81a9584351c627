//! Laws that hold for every cluster, whatever the scores: held against random small clusters.

use lifeboat::cluster::{Cluster, KubernetesVersion};
use lifeboat::scheduler::{
    Candidate, ClassId, Decision, Incoming, NodeId, Nomination, Placed, PodId, Scheduler, State, World,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A node, as small numbers that shrink well.
#[derive(Clone, Debug)]
struct NodeShape {
    milli_cpu: i64,
    mib: i64,
    pods: i64,
    zone: Option<u8>,
    taint: Option<(u8, bool)>,
    cordoned: bool,
}

/// A pod.
#[derive(Clone, Debug)]
struct PodShape {
    app: u8,
    priority: u8,
    never: bool,
    milli_cpu: i64,
    mib: i64,
    tolerates: Option<u8>,
    apart: Option<bool>,
    hard_spread: Option<i32>,
    host_port: Option<u16>,
}

fn nodes() -> impl Strategy<Value = Vec<NodeShape>> {
    let zone = prop::option::of(0..2_u8);
    let taint = prop::option::weighted(0.3, (0..2_u8, any::<bool>()));
    let shape = (1..4_i64, 1..5_i64, 1..8_i64, zone, taint, prop::bool::weighted(0.1));
    let shape = shape.prop_map(|(cpu, mib, pods, zone, taint, cordoned)| NodeShape {
        milli_cpu: cpu * 500,
        mib: mib * 256,
        pods,
        zone,
        taint,
        cordoned,
    });
    prop::collection::vec(shape, 1..5)
}

fn pods(spread: bool) -> impl Strategy<Value = Vec<PodShape>> {
    let hard = prop::option::weighted(0.3, 1..3_i32).prop_map(move |skew| skew.filter(|_| spread));
    let size = (0..5_i64, 0..5_i64);
    let rules = (prop::option::weighted(0.4, 0..2_u8), prop::option::weighted(0.4, any::<bool>()), hard);
    let shape =
        (0..3_u8, 0..4_u8, prop::bool::weighted(0.1), size, rules, prop::option::weighted(0.2, 80..82_u16));
    let shape =
        shape.prop_map(|(app, priority, never, (cpu, mib), (tolerates, apart, hard_spread), host_port)| {
            PodShape {
                app,
                priority,
                never,
                milli_cpu: cpu * 200,
                mib: mib * 100,
                tolerates,
                apart,
                hard_spread,
                host_port,
            }
        });
    prop::collection::vec(shape, 1..14)
}

fn node_object(index: usize, shape: &NodeShape) -> Value {
    let mut labels = json!({"kubernetes.io/hostname": format!("n{index}")});
    if let Some(zone) = shape.zone {
        labels["topology.kubernetes.io/zone"] = format!("z{zone}").into();
    }
    let taints: Vec<Value> = shape
        .taint
        .iter()
        .map(|(key, hard)| {
            let effect = if *hard { "NoSchedule" } else { "PreferNoSchedule" };
            json!({"key": format!("t{key}"), "effect": effect})
        })
        .collect();
    let allocatable = json!({
        "cpu": format!("{}m", shape.milli_cpu),
        "memory": format!("{}Mi", shape.mib),
        "pods": shape.pods,
    });
    json!({
        "kind": "Node",
        "metadata": {"name": format!("n{index}"), "labels": labels},
        "spec": {"taints": taints, "unschedulable": shape.cordoned},
        "status": {"allocatable": allocatable},
    })
}

fn pod_object(index: usize, shape: &PodShape) -> Value {
    let labels = json!({"app": format!("a{}", shape.app)});
    let selector = json!({"matchLabels": labels});
    let term = json!({"topologyKey": "kubernetes.io/hostname", "labelSelector": selector});
    let mut spec = json!({
        "priority": shape.priority,
        "containers": [{"name": "c", "resources": {"requests": {
            "cpu": format!("{}m", shape.milli_cpu), "memory": format!("{}Mi", shape.mib)}}}],
    });
    if shape.never {
        spec["preemptionPolicy"] = "Never".into();
    }
    if let Some(key) = shape.tolerates {
        spec["tolerations"] = json!([{"key": format!("t{key}"), "operator": "Exists"}]);
    }
    match shape.apart {
        Some(true) => {
            spec["affinity"] =
                json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}});
        }
        Some(false) => {
            let weighted = json!({"weight": 50, "podAffinityTerm": term});
            spec["affinity"] =
                json!({"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [weighted]}});
        }
        None => {}
    }
    if let Some(max_skew) = shape.hard_spread {
        spec["topologySpreadConstraints"] = json!([{"maxSkew": max_skew, "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector}]);
    }
    if let Some(port) = shape.host_port {
        spec["containers"][0]["ports"] = json!([{"containerPort": port, "hostPort": port}]);
    }
    json!({"kind": "Pod", "metadata": {"name": format!("p{index}"), "labels": labels}, "spec": spec})
}

fn cluster(nodes: &[NodeShape], pods: &[PodShape], version: KubernetesVersion) -> Cluster {
    let nodes = nodes.iter().enumerate().map(|(i, n)| node_object(i, n));
    let pods = pods.iter().enumerate().map(|(i, p)| pod_object(i, p));
    let objects: Vec<Value> = nodes.chain(pods).collect();
    let reading = Cluster::from_objects(version, &objects);
    assert_eq!(reading.errors, []);
    reading.cluster
}

/// One step of a run, for laws to look at.
struct Step<'a> {
    world: &'a World,
    /// Before the decision is carried out.
    state: &'a State,
    classes: &'a [ClassId],
    incoming: Incoming,
    decision: &'a Decision,
}

/// Schedules the pods one after the other (first of the best nodes, victims are gone), showing each step.
fn run(cluster: &Cluster, mut look: impl FnMut(&Step<'_>)) -> (World, State) {
    let (world, classes) = World::compile(cluster, &cluster.pods).unwrap();
    let mut scheduler = Scheduler::new(&world);
    let mut state = State::new(&world);
    for (index, class) in classes.iter().enumerate() {
        let pod = PodId(index as u32);
        let mut nominated = None;
        for _ in 0..2 {
            let incoming = Incoming { pod, class: *class, nominated };
            let before = state.clone();
            let decision = scheduler.decide(&mut state, incoming, &mut ());
            assert!(before == state, "a decision changes nothing");
            look(&Step { world: &world, state: &state, classes: &classes, incoming, decision: &decision });
            match decision {
                Decision::Bind(best) => {
                    state.clear_nomination(pod);
                    let start = index as i64;
                    let placed = Placed { pod, class: *class, start, terminating: false, preempted: false };
                    state.place(&world, best.first().unwrap(), placed);
                    break;
                }
                Decision::Preempt(candidates) => {
                    let chosen = &candidates[0];
                    nominated = Some(chosen.node);
                    state.nominate(Nomination { pod, class: *class, node: chosen.node });
                    for victim in &chosen.victims {
                        state.remove(&world, chosen.node, victim.pod);
                    }
                }
                Decision::Pending => break,
            }
        }
    }
    (world, state)
}

fn tolerates(pod: &PodShape, node: &NodeShape) -> bool {
    node.taint.is_none_or(|(key, hard)| !hard || pod.tolerates == Some(key))
}

fn names(world: &World, decision: &Decision) -> Vec<String> {
    let name = |n: NodeId| world.nodes[n.index()].name.clone();
    let mut names: Vec<String> = match decision {
        Decision::Bind(best) => best.iter().map(name).collect(),
        Decision::Preempt(candidates) => {
            candidates.iter().map(|c| format!("preempt on {}", name(c.node))).collect()
        }
        Decision::Pending => Vec::new(),
    };
    names.sort();
    names
}

fn version() -> KubernetesVersion {
    KubernetesVersion::default()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_pod_goes_where_a_taint_or_cordon_keeps_it_out(nodes in nodes(), pods in pods(true)) {
        run(&cluster(&nodes, &pods, version()), |step| {
            let pod = &pods[step.incoming.pod.0 as usize];
            let targets: Vec<NodeId> = match step.decision {
                Decision::Bind(best) => best.iter().collect(),
                Decision::Preempt(candidates) => candidates.iter().map(|c| c.node).collect(),
                Decision::Pending => Vec::new(),
            };
            for target in targets {
                let node = &nodes[target.index()];
                assert!(tolerates(pod, node) && !node.cordoned);
                assert!(step.world.class(step.incoming.class).static_nodes(step.world).contains(target));
            }
        });
    }

    #[test]
    fn only_lower_priorities_are_evicted_and_the_room_suffices(nodes in nodes(), pods in pods(true)) {
        let cluster = cluster(&nodes, &pods, version());
        let mut expected: Option<(PodId, NodeId)> = None;
        run(&cluster, |step| {
            if let Some((pod, node)) = expected.take() && pod == step.incoming.pod {
                let bound = matches!(step.decision, Decision::Bind(best) if best.iter().eq([node]));
                assert!(bound, "the victims' room is enough for the pod that evicted them");
            }
            let Decision::Preempt(candidates) = step.decision else { return };
            let pod = &pods[step.incoming.pod.0 as usize];
            assert!(!pod.never);
            for Candidate { node, victims, .. } in candidates {
                assert!(!victims.is_empty());
                for victim in victims {
                    assert!(pods[victim.pod.0 as usize].priority < pod.priority);
                    assert_eq!(step.state.node_of(victim.pod), Some(*node));
                }
            }
            expected = Some((step.incoming.pod, candidates[0].node));
        });
    }

    #[test]
    fn no_node_is_overcommitted(nodes in nodes(), pods in pods(true)) {
        let (world, state) = run(&cluster(&nodes, &pods, version()), |_| {});
        for (index, node) in nodes.iter().enumerate() {
            let on = state.pods_on(NodeId(index as u8));
            let sum = |f: fn(&PodShape) -> i64| on.iter().map(|p| f(&pods[p.pod.0 as usize])).sum::<i64>();
            assert!(sum(|p| p.milli_cpu) <= node.milli_cpu && sum(|p| p.mib) <= node.mib);
            assert!(on.len() as i64 <= node.pods);
            assert_eq!(world.nodes[index].allocatable[0], node.milli_cpu);
        }
    }

    #[test]
    fn required_anti_affinity_and_host_ports_keep_pods_apart(nodes in nodes(), pods in pods(false)) {
        let (_, state) = run(&cluster(&nodes, &pods, version()), |_| {});
        for index in 0..nodes.len() {
            let on: Vec<&PodShape> =
                state.pods_on(NodeId(index as u8)).iter().map(|p| &pods[p.pod.0 as usize]).collect();
            for (i, a) in on.iter().enumerate() {
                for b in on.iter().skip(i + 1) {
                    let apart = a.apart == Some(true) || b.apart == Some(true);
                    assert!(!(apart && a.app == b.app));
                    assert!(a.host_port.is_none() || a.host_port != b.host_port);
                }
            }
        }
    }

    #[test]
    fn hard_spread_is_kept(nodes in nodes(), pods in pods(true)) {
        run(&cluster(&nodes, &pods, version()), |step| {
            let pod = &pods[step.incoming.pod.0 as usize];
            let (Some(max_skew), Decision::Bind(best)) = (pod.hard_spread, step.decision) else { return };
            let count = |node: NodeId| {
                step.state.pods_on(node).iter().filter(|p| pods[p.pod.0 as usize].app == pod.app).count()
            };
            let least = step.world.all_nodes().iter().map(count).min().unwrap();
            for node in best.iter() {
                assert!(count(node) + 1 - least <= max_skew as usize);
            }
        });
    }

    #[test]
    fn an_unrelated_node_never_closes_the_others(nodes in nodes(), pods in pods(false)) {
        let mut more = nodes.clone();
        // Full of taints that nobody tolerates: nothing can run there.
        more.push(NodeShape { milli_cpu: 500, mib: 256, pods: 1, zone: None, taint: Some((9, true)), cordoned: false });
        let mut first = Vec::new();
        run(&cluster(&nodes, &pods, version()), |step| {
            let room = !matches!(step.decision, Decision::Pending);
            first.push((step.incoming.pod, room, step.state.clone()));
        });
        // Compare decisions on equal states only: the first step at which the runs part ends it.
        let mut second = first.iter();
        let mut parted = false;
        run(&cluster(&more, &pods, version()), |step| {
            let Some((pod, room, state)) = second.next() else { return };
            let same = |n: usize| state.pods_on(NodeId(n as u8)) == step.state.pods_on(NodeId(n as u8));
            parted |= *pod != step.incoming.pod || !(0..nodes.len()).all(same);
            if !parted && *room {
                assert!(!matches!(step.decision, Decision::Pending));
            }
        });
    }

    #[test]
    fn decisions_do_not_depend_on_the_order_of_nodes(nodes in nodes(), pods in pods(true), minor in 30..37_u8) {
        let version: KubernetesVersion = format!("1.{minor}").parse().unwrap();
        let forward = cluster(&nodes, &pods, version);
        let mut backward = forward.clone();
        backward.nodes.reverse();
        let decide_all = |cluster: &Cluster| {
            let (world, classes) = World::compile(cluster, &cluster.pods).unwrap();
            let (mut scheduler, mut state) = (Scheduler::new(&world), State::new(&world));
            let mut log = Vec::new();
            for (index, class) in classes.iter().enumerate() {
                let pod = PodId(index as u32);
                let incoming = Incoming { pod, class: *class, nominated: None };
                let decision = scheduler.decide(&mut state, incoming, &mut ());
                let best = names(&world, &decision);
                if let (Decision::Bind(_), Some(name)) = (&decision, best.first()) {
                    let placed =
                        Placed { pod, class: *class, start: index as i64, terminating: false, preempted: false };
                    state.place(&world, world.node(name).unwrap(), placed);
                }
                log.push(best);
            }
            log
        };
        assert_eq!(decide_all(&forward), decide_all(&backward));
    }

    #[test]
    fn pods_that_share_a_class_are_decided_alike(nodes in nodes(), pods in pods(true)) {
        run(&cluster(&nodes, &pods, version()), |step| {
            for (index, class) in step.classes.iter().enumerate() {
                if *class == step.incoming.class && step.incoming.nominated.is_none() {
                    let other = Incoming { pod: PodId(1000 + index as u32), ..step.incoming };
                    let mut state = step.state.clone();
                    let decision = Scheduler::new(step.world).decide(&mut state, other, &mut ());
                    assert_eq!(&decision, step.decision);
                }
            }
        });
    }
}

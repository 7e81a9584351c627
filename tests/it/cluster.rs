//! Clusters out of Kubernetes objects: what is read, what is reported, what admission makes of pods.

use lifeboat::cluster::{Cluster, KubernetesVersion, Reading, Workload, WorkloadKind};
use lifeboat::kube::{self, LabelSelector, Labels, Pod, Quantity};
use lifeboat::scheduler::{CompileError, Decision, Incoming, PodId, Scheduler, State, World};
use serde_json::{Value, json};

fn read(objects: &[Value]) -> Reading {
    Cluster::from_objects(KubernetesVersion::default(), objects)
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

#[test]
fn lists_are_opened_and_unknown_kinds_are_counted() {
    let reading = read(&[
        json!({"kind": "List", "items": [
            {"kind": "Node", "metadata": {"name": "a"}, "status": {"allocatable": {"cpu": "1e3", "memory": "0.5Gi"}}},
            {"kind": "List", "items": [{"kind": "Widget", "metadata": {"name": "w"}}]},
        ]}),
        json!({"kind": "NodeList", "items": [{"metadata": {"name": "b"}}]}),
        json!({"kind": "Widget", "metadata": {"name": "x"}, "spec": {"replicas": "many"}}),
        Value::Null,
    ]);
    assert_eq!(reading.errors, []);
    let names: Vec<&str> = reading.cluster.nodes.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(reading.cluster.nodes[0].allocatable["cpu"], Quantity::from_units(1000));
    assert_eq!(reading.cluster.nodes[0].allocatable["memory"], Quantity::from_bytes(512 << 20));
    assert_eq!(reading.skipped.get("Widget"), Some(&2));
}

#[test]
fn broken_objects_are_named_with_document_and_path() {
    let reading = read(&[
        json!({"metadata": {"name": "kindless"}}),
        json!({"kind": "Pod", "metadata": {}}),
        json!({"kind": "Deployment", "metadata": {"name": "d", "namespace": "n"}, "spec": {"template": {"spec": {
            "containers": [{"name": "c", "resources": {"requests": {"cpu": "1e400"}}}]}}}}),
        json!({"kind": "List", "items": [{"kind": "Pod", "metadata": {"name": "p"}, "spec": {"tolerations": 3}}]}),
        json!({"kind": "Node", "metadata": {"name": "n"}, "status": {"allocatable": {"cpu": "lots"}}}),
    ]);
    let found: Vec<(usize, &str, &str)> =
        reading.errors.iter().map(|e| (e.document, e.object.as_str(), e.error.path.as_str())).collect();
    assert_eq!(
        found,
        [
            (0, "kindless", "kind"),
            (1, "Pod", "metadata.name"),
            (2, "Deployment n/d", "spec.template.spec.containers[0].resources.requests.cpu"),
            (3, "Pod p", "items[0].spec.tolerations"),
            (4, "Node n", "status.allocatable.cpu"),
        ]
    );
    assert!(reading.errors[2].error.message.contains("1e400"), "{}", reading.errors[2].error);
    assert!(reading.cluster.workloads.is_empty());
}

#[test]
fn lists_nested_without_end_are_refused() {
    let mut list = json!({"kind": "List", "items": []});
    for _ in 0..50 {
        list = json!({"kind": "List", "items": [list]});
    }
    let reading = read(&[list]);
    assert_eq!(reading.errors.len(), 1);
    assert!(reading.errors[0].error.message.contains("deeper"));
}

#[test]
fn finished_and_gated_pods_are_counted_but_not_placed() {
    let reading = read(&[
        json!({"kind": "Pod", "metadata": {"name": "done"}, "status": {"phase": "Succeeded"}}),
        json!({"kind": "Pod", "metadata": {"name": "gated"}, "spec": {"schedulingGates": [{"name": "g"}]}}),
        json!({"kind": "Pod", "metadata": {"name": "plain"}, "spec": null}),
    ]);
    assert_eq!((reading.finished_pods, reading.gated_pods, reading.cluster.pods.len()), (1, 1, 1));
}

#[test]
fn admission_resolves_priority_limits_ports_and_tolerations() {
    let reading = read(&[
        json!({"kind": "PriorityClass", "metadata": {"name": "low"}, "value": -5, "preemptionPolicy": "Never"}),
        json!({"kind": "PriorityClass", "metadata": {"name": "usual"}, "value": 7, "globalDefault": true}),
        json!({"kind": "Pod", "metadata": {"name": "a"}, "spec": {
            "priorityClassName": "low", "hostNetwork": true,
            "containers": [{"name": "c", "ports": [{"containerPort": 53, "protocol": "UDP"}],
                "resources": {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "1"}}}]}}),
        json!({"kind": "Pod", "metadata": {"name": "b"}}),
        json!({"kind": "Pod", "metadata": {"name": "c"}, "spec": {"priorityClassName": "missing"}}),
        json!({"kind": "Pod", "metadata": {"name": "d"}, "spec": {"priorityClassName": "system-node-critical",
            "tolerations": [{"operator": "Exists"}]}}),
    ]);
    let cluster = &reading.cluster;
    let pod = |name: &str| cluster.pods.iter().find(|p| p.metadata.name == name).unwrap();
    let a = &pod("a").spec;
    assert_eq!((a.priority, a.preemption_policy.as_deref()), (Some(-5), Some("Never")));
    assert_eq!(a.containers[0].resources.requests["memory"], Quantity::from_bytes(1 << 30));
    assert_eq!(a.containers[0].resources.requests["cpu"], Quantity::from_units(1));
    assert_eq!(a.containers[0].ports[0].host_port, 53);
    assert_eq!(a.tolerations.len(), 2);
    assert_eq!(pod("b").spec.priority, Some(7));
    assert_eq!(pod("c").spec.priority, Some(0));
    assert!(cluster.priority_of("missing").class_is_missing);
    assert_eq!(pod("d").spec.priority, Some(2_000_001_000));
    assert_eq!(pod("d").spec.tolerations.len(), 1, "a toleration of everything is enough");
    let mut again = pod("a").clone();
    cluster.admit(&mut again);
    assert_eq!(&again, pod("a"), "admission is idempotent");
}

#[test]
fn label_keys_are_merged_into_affinity_from_1_31() {
    let object = json!({"kind": "Pod", "metadata": {"name": "p", "labels": {"app": "x", "v": "1"}}, "spec": {"affinity":
        {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "k",
            "labelSelector": {"matchLabels": {"app": "x"}}, "matchLabelKeys": ["v"], "mismatchLabelKeys": ["none"]}]}}}});
    let merged = |version: &str| {
        let cluster = Cluster::from_objects(version.parse().unwrap(), [&object]).cluster;
        let affinity = cluster.pods[0].spec.affinity.clone().unwrap().pod_anti_affinity.unwrap();
        affinity.required[0].label_selector.as_ref().unwrap().match_expressions.len()
    };
    assert_eq!((merged("1.30"), merged("1.31")), (0, 1));
}

#[test]
fn a_stateful_set_makes_named_pods_with_claims() {
    let reading = read(&[
        json!({"kind": "StatefulSet", "metadata": {"name": "loki", "namespace": "logs"}, "spec": {
        "replicas": 2, "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": {"app": "loki"}},
        "template": {"metadata": {"labels": {"app": "loki"}}, "spec": {"containers": [{"name": "c"}]}},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}]}}),
    ]);
    let cluster = &reading.cluster;
    let set = &cluster.workloads[0];
    assert_eq!((set.kind, set.replicas, set.parallel), (WorkloadKind::StatefulSet, 2, true));
    let pod = set.pod(cluster, 1);
    assert_eq!(pod.metadata.name, "loki-1");
    assert_eq!(pod.spec.volumes[0].persistent_volume_claim.as_ref().unwrap().claim_name, "data-loki-1");
    assert_eq!(set.new_claims(1)[0].metadata.name, "data-loki-1");
    assert!(cluster.controller("StatefulSet", "logs", "loki").is_some());
}

#[test]
fn a_daemon_pod_is_tied_to_its_node_and_tolerates_its_troubles() {
    let template = kube::PodTemplateSpec::default();
    let set =
        Workload { kind: WorkloadKind::DaemonSet, name: "agent".to_owned(), template, ..Workload::default() };
    let cluster = Cluster::default();
    let pod = set.daemon_pod(&cluster, "n1");
    let keys: Vec<&str> = pod.spec.tolerations.iter().map(|t| t.key.as_str()).collect();
    assert_eq!(keys.len(), 6, "{keys:?}");
    assert!(pod.spec.tolerations.iter().all(|t| t.toleration_seconds.is_none()));
    let affinity = pod.spec.affinity.unwrap().node_affinity.unwrap().required.unwrap();
    assert!(affinity.matches("n1", &Labels::new()) && !affinity.matches("n2", &Labels::new()));
}

#[test]
fn surge_and_unavailable_are_shares_of_the_replicas() {
    let workload = |replicas, update: Value| Workload {
        replicas,
        strategy: serde_json::from_value(update).unwrap(),
        ..Workload::default()
    };
    let shares = |w: &Workload| (w.max_surge(), w.max_unavailable());
    assert_eq!(shares(&workload(1, json!({}))), (1, 0));
    assert_eq!(shares(&workload(5, json!({}))), (2, 1));
    assert_eq!(shares(&workload(3, json!({"type": "Recreate"}))), (0, 3));
    let none = json!({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "10%"}});
    assert_eq!(shares(&workload(3, none)), (0, 1), "an update must be able to move");
}

#[test]
fn invalid_selectors_match_nothing_and_are_reported() {
    let selector: LabelSelector = serde_json::from_value(
        json!({"matchExpressions": [{"key": "a", "operator": "Like", "values": ["b"]}]}),
    )
    .unwrap();
    assert!(!selector.matches(&labels(&[("a", "b")])));
    assert_eq!(selector.validate().unwrap_err().key, "a");
    let empty = LabelSelector::default();
    assert!(empty.matches(&labels(&[("a", "b")])));
    let without_values: LabelSelector =
        serde_json::from_value(json!({"matchExpressions": [{"key": "a", "operator": "NotIn"}]})).unwrap();
    assert!(without_values.validate().is_err() && !without_values.matches(&Labels::new()));
}

fn decide_first(cluster: &Cluster) -> Decision {
    let (world, classes) = World::compile(cluster, &cluster.pods).unwrap();
    let incoming = Incoming { pod: PodId(0), class: classes[0], nominated: None };
    Scheduler::new(&world).decide(&mut State::new(&world), incoming, &mut ())
}

#[test]
fn a_cycle_of_required_affinity_leaves_pods_pending() {
    let pod = |name: &str, wants: &str| {
        json!({"kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": {"affinity": {"podAffinity":
            {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "kubernetes.io/hostname",
                "labelSelector": {"matchLabels": {"app": wants}}}]}}}})
    };
    let node = json!({"kind": "Node", "metadata": {"name": "n", "labels": {"kubernetes.io/hostname": "n"}},
        "status": {"allocatable": {"cpu": "1", "memory": "1Gi", "pods": "10"}}});
    let with = |pods: [Value; 2]| read(&[node.clone(), pods[0].clone(), pods[1].clone()]).cluster;
    assert_eq!(decide_first(&with([pod("a", "b"), pod("b", "a")])), Decision::Pending);
    assert!(matches!(decide_first(&with([pod("a", "a"), pod("b", "a")])), Decision::Bind(_)));
}

#[test]
fn no_nodes_and_too_many_nodes_are_answers_not_panics() {
    let pod = json!({"kind": "Pod", "metadata": {"name": "p"}});
    assert_eq!(decide_first(&read(std::slice::from_ref(&pod)).cluster), Decision::Pending);
    let mut objects: Vec<Value> =
        (0..101).map(|i| json!({"kind": "Node", "metadata": {"name": format!("n{i}")}})).collect();
    objects.push(pod);
    let cluster = read(&objects).cluster;
    assert_eq!(World::compile(&cluster, &cluster.pods).unwrap_err(), CompileError::TooManyNodes(101));
}

#[test]
fn absurd_amounts_saturate_instead_of_overflowing() {
    let huge = "8E";
    let requests = json!({"cpu": huge, "memory": huge, "example.com/x": huge});
    let container = json!({"name": "c", "resources": {"requests": requests}});
    let pod = json!({"kind": "Pod", "metadata": {"name": "p"}, "spec": {
        "containers": [container, container, container], "overhead": {"cpu": huge, "memory": "-8E"}}});
    let node = json!({"kind": "Node", "metadata": {"name": "n"},
        "status": {"allocatable": {"cpu": huge, "memory": huge, "pods": huge, "example.com/x": "-1"}}});
    let cluster = read(&[node, pod]).cluster;
    let (world, classes) = World::compile(&cluster, &cluster.pods).unwrap();
    let mut state = State::new(&world);
    for index in 0..200 {
        let placed = lifeboat::scheduler::Placed {
            pod: PodId(index),
            class: classes[0],
            start: 0,
            terminating: false,
            preempted: false,
        };
        state.place(&world, world.node("n").unwrap(), placed);
    }
    let incoming = Incoming { pod: PodId(999), class: classes[0], nominated: None };
    assert_eq!(Scheduler::new(&world).decide(&mut state, incoming, &mut ()), Decision::Pending);
}

#[test]
fn native_json_round_trips() {
    let text = json!({"metadata": {"name": "p", "labels": {"a": "b"}}, "spec": {
        "containers": [{"name": "c", "image": "i", "resources": {"requests": {"cpu": "100m"}}}],
        "tolerations": [{"key": "k", "operator": "Exists", "effect": "NoSchedule"}],
        "volumes": [{"name": "v", "emptyDir": {}}]}, "status": {}});
    let pod: Pod = kube::read(&text).unwrap();
    assert_eq!(serde_json::to_value(&pod).unwrap(), text);
    assert!(pod.spec.volumes[0].other.contains_key("emptyDir"));
}

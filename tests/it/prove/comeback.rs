//! A lifeboat that dies while the control plane lives on loses its lock with everything else. When it comes back, a
//! pod that waits may be there before the lock is.

use lifeboat::cluster::{Cluster, KubernetesVersion};
use lifeboat::lifecycle::{Clocks, Datastore, NodeId};
use lifeboat::policy::Phase;
use lifeboat::prove::bounds::Histories;
use lifeboat::prove::explore::{Explorer, Found};
use lifeboat::prove::judge::{self, Bounded};
use lifeboat::prove::{Claim, Model, Says};
use serde_json::{Value, json};

use super::soundness::{node, term};

const SERVER: &str = "node-role.kubernetes.io/control-plane";

fn deployment(name: &str, class: &str, spec: Value) -> Value {
    let mut spec = spec;
    spec["priorityClassName"] = class.into();
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "a"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": spec}}})
}

/// Containers that request so much memory, kept off the nodes of `other`.
fn pod(memory: &str, other: &str) -> Value {
    json!({"containers": [{"name": "c", "image": "i", "resources": {"requests": {"memory": memory}}}],
        "tolerations": [{"key": "boat", "operator": "Exists", "effect": "NoSchedule"}],
        "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term(&[other.to_owned()])]}}})
}

/// A lifeboat that is an agent, a worker that holds the boarder, and a server that is too small for it.
fn model() -> Model {
    let (mut boat, worker) = (node("boat", true, true, 1000), node("worker-1", false, false, 1000));
    let mut server = node("server", false, false, 300);
    boat["metadata"]["labels"] = json!({"kubernetes.io/hostname": "boat", "boat": "true"});
    server["metadata"]["labels"][SERVER] = "true".into();
    let mut boarder = pod("800Mi", "lock");
    boarder["affinity"]["nodeAffinity"] = json!({"preferredDuringSchedulingIgnoredDuringExecution": [
        {"weight": 100, "preference": {"matchExpressions": [{"key": "boat", "operator": "DoesNotExist"}]}}]});
    let mut lock = pod("4Mi", "boarder");
    lock["nodeSelector"] = json!({"boat": "true"});
    let mut documents = vec![boat, worker, server];
    for (name, value) in [("high", 1000), ("lock", 10)] {
        documents.push(json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
            "metadata": {"name": name}, "value": value}));
    }
    documents.extend([deployment("boarder", "high", boarder), deployment("lock", "lock", lock)]);
    let reading = Cluster::from_objects(KubernetesVersion::default(), &documents);
    assert_eq!(reading.errors, []);
    Model::bare(reading.cluster, &["boat".to_owned()], Clocks::of_minor(34), Datastore::Etcd).unwrap()
}

#[test]
fn a_lifeboat_that_comes_back_without_its_lock_is_not_proved_empty() {
    let model = model();
    let histories = Histories::of(&model.world, &model.facts).unwrap();
    let mut explorer = Explorer::new(&model, 200_000);
    let both = vec![NodeId(0), NodeId(1)];
    let mut judged = |lost: Vec<NodeId>| {
        let claim = super::claim("back", Says::Lifeboat, vec![], vec![vec![lost]]);
        let claim = Claim { phase: Phase::Return, ..claim };
        (judge::bounded(&histories, &model, &claim), explorer.decide(&claim).expect("within the budget"))
    };
    let (bounded, found) = judged(vec![NodeId(1)]);
    assert!(matches!(found, Found::Breaks(..)), "the boarder preempts the lock and stays: {found:?}");
    assert!(!matches!(bounded, Bounded::Holds(_)), "{bounded:?}");
    // Exploration lifts both fences together. Whoever lifts the lifeboat's first lets the boarder in.
    let (bounded, _) = judged(both);
    assert_eq!(bounded, Bounded::Open);
    // The lock of a lifeboat that was not lost is there all the time, and the boarder never moved.
    let (bounded, found) = judged(vec![]);
    assert!(matches!((&bounded, &found), (Bounded::Holds(_), Found::Holds(_))), "{bounded:?} {found:?}");
}

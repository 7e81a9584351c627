//! A waiting pod that loses its nomination frees what was kept for it. From 1.33 on kube-scheduler tells the pods that
//! wait, as if a pod had ended there (`hasNominatedNodeNameChanged` and `getLEPriorityPreCheck` in
//! `pkg/scheduler/eventhandlers.go`): those of its priority and below, which alone yielded to the nomination, and of
//! these whoever a plugin rejected that asks for the ends of pods.

use lifeboat::cluster::{Cluster, KubernetesVersion};
use lifeboat::lifecycle::{
    Act, Clocks, Datastore, First, Happening, News, NodeId, Placer, PodId, Rejectors, What, WorkloadId,
};
use lifeboat::prove::Model;
use lifeboat::prove::play::{self, Run};
use lifeboat::scheduler::Plugin;
use serde_json::json;

use super::soundness::node;

/// `low` runs on the one worker and fills it; `mid` and `high` evict it; `same` and `above` wait and evict nobody.
const PODS: [(&str, i32, bool, &str); 5] = [
    ("low", 0, true, "800Mi"),
    ("mid", 1000, true, "800Mi"),
    ("same", 1000, false, "300Mi"),
    ("above", 1500, false, "300Mi"),
    ("high", 2000, true, "900Mi"),
];

fn model(version: KubernetesVersion) -> Model {
    let mut documents = vec![node("master", true, false, 1000), node("worker-1", false, false, 1000)];
    for (name, priority, preempts, memory) in PODS {
        let policy = if preempts { "PreemptLowerPriority" } else { "Never" };
        documents.push(json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
            "metadata": {"name": name}, "value": priority, "preemptionPolicy": policy}));
        documents.push(json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": name, "namespace": "a"},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": {"app": name}}, "spec": {"priorityClassName": name,
                    "containers": [{"name": "c", "image": "i", "resources": {"requests": {"memory": memory}}}]}}}}));
    }
    let reading = Cluster::from_objects(version, &documents);
    assert_eq!(reading.errors, []);
    Model::bare(reading.cluster, &[], Clocks::of_minor(version.minor().into()), Datastore::Etcd).unwrap()
}

fn id(name: &str) -> WorkloadId {
    WorkloadId(u16::try_from(PODS.iter().position(|pod| pod.0 == name).unwrap()).unwrap())
}

/// Creates a workload and lets everything happen but the ends of pods.
fn create(run: &mut Run<'_>, name: &str) {
    let start = run.next_start();
    run.act(Act::Create(id(name)), start);
    let next = |run: &Run<'_>| {
        let enabled = run.enabled();
        enabled.into_iter().find(|&i| !matches!(run.agenda[i].what, Happening::Gone(_)))
    };
    while let Some(next) = next(run) {
        run.fire(next, &mut First);
    }
}

fn pod(run: &Run<'_>, name: &str) -> PodId {
    let at = run.pods.iter().position(|pod| pod.workload == id(name)).unwrap();
    PodId(u32::try_from(at).unwrap())
}

/// How often a workload's pod was tried.
fn attempts(run: &Run<'_>, name: &str) -> usize {
    let tried = What::Fired(Happening::Schedule(pod(run, name)));
    run.log.iter().filter(|event| event.what == tried).count()
}

/// How often `same` and `above` were tried in the end, when `high` has taken the node that `mid` was nominated for.
fn tried(version: KubernetesVersion) -> (usize, usize) {
    let model = model(version);
    let mut run = play::empty(&model);
    for name in ["low", "mid", "same", "above"] {
        create(&mut run, name);
    }
    assert_eq!(run.pods[pod(&run, "mid").0 as usize].nominated, Some(NodeId(1)));
    assert_eq!((attempts(&run, "same"), attempts(&run, "above")), (1, 1), "they found no room");
    create(&mut run, "high");
    assert_eq!(run.pods[pod(&run, "mid").0 as usize].nominated, None, "a higher nomination clears it");
    assert_eq!(run.pods[pod(&run, "high").0 as usize].nominated, Some(NodeId(1)));
    (attempts(&run, "same"), attempts(&run, "above"))
}

#[test]
fn who_yielded_to_a_nomination_hears_of_its_end_from_1_33_on() {
    for version in KubernetesVersion::all() {
        let woken = if version.minor() >= 33 { 2 } else { 1 };
        assert_eq!(tried(version), (woken, 1), "1.{}: `above` never yielded", version.minor());
    }
}

#[test]
fn only_plugins_that_ask_for_the_ends_of_pods_hear_of_it() {
    let version = KubernetesVersion::all().find(|v| v.minor() == 34).unwrap();
    let model = model(version);
    let mut run = play::empty(&model);
    for name in ["low", "mid", "same"] {
        create(&mut run, name);
    }
    let (mid, same) = (pod(&run, "mid"), pod(&run, "same"));
    let wakes =
        |plugin: Plugin| run.placer.wakes(same, Rejectors(1 << plugin as u32), News::Denominated(mid));
    assert!(wakes(Plugin::NodeResourcesFit));
    for deaf in
        [Plugin::TaintToleration, Plugin::NodeAffinity, Plugin::NodeUnschedulable, Plugin::InterPodAffinity]
    {
        assert!(!wakes(deaf), "{deaf}");
    }
}

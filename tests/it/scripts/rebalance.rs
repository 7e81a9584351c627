//! `recovery/rebalance.sh` and `recovery/status.sh`.

use lifeboat::emit::recovery::{
    Lock, OlderBuild, RebalanceContext, Rollout, StatusApart, StatusContext, StatusNode, StatusWorkload,
    rebalance, status,
};

use super::{Run, Stage};

const READY: &str = "master True\nworker-1 True\n";

fn run(nodes: &str, status_code: u8, args: &[&str]) -> Run {
    let rollout = |name: &str, data: &str| Rollout {
        kind: "statefulset".to_owned(),
        namespace: "obs".to_owned(),
        name: name.to_owned(),
        timeout: 60,
        data: data.to_owned(),
    };
    let context = RebalanceContext {
        cluster: "edge".to_owned(),
        rollouts: vec![rollout("prometheus", "loses"), rollout("loki", "keeps"), rollout("tempo", "keeps")],
        nodes: vec!["master".to_owned(), "worker-1".to_owned()],
        locks: vec![Lock { namespace: "kube-system".to_owned(), name: "lock".to_owned() }],
    };
    let mut stage = Stage::new();
    stage.answer("get nodes", nodes, 0).answer("rollout restart", "", 0).answer(
        "rollout status",
        "",
        status_code,
    );
    stage.run(&rebalance(&context).expect("the script renders"), args)
}

fn restarted(run: &Run) -> Vec<String> {
    let writes = run.writes();
    let restarts = writes.iter().filter(|call| call.contains(&"restart"));
    restarts.map(|call| call[2].to_owned()).collect()
}

#[test]
fn one_after_the_other_in_order() {
    let run = run(READY, 0, &["--lose-data"]).exits(0);
    let verbs: Vec<_> = run.writes().iter().map(|call| format!("{} {}", call[1], call[2])).collect();
    let mut expected: Vec<_> = ["prometheus", "loki", "tempo"]
        .iter()
        .flat_map(|name| [format!("restart statefulset/{name}"), format!("status statefulset/{name}")])
        .collect();
    expected.push("status deployment/lock".to_owned());
    assert_eq!(verbs, expected);
}

#[test]
fn what_loses_data_is_named_and_skipped() {
    let run = run(READY, 0, &[])
        .exits(0)
        .says("skipped obs/prometheus")
        .says("whether the cluster is green without");
    assert_eq!(restarted(&run), ["statefulset/loki", "statefulset/tempo"]);
}

#[test]
fn a_rollout_that_hangs_stops_the_rest() {
    let run = run(READY, 1, &[]).exits(2).says("obs/loki is not ready after 60s");
    assert_eq!(restarted(&run), ["statefulset/loki"]);
}

#[test]
fn every_node_must_serve_first() {
    for (nodes, why) in [
        ("master True\nworker-1 Unknown\n", "worker-1 is not Ready"),
        ("master True\nworker-1 True\nworker-1 fenced\n", "still fenced"),
        ("master True\nworker-1 True\nworker-1 cordoned\n", "cordoned"),
    ] {
        assert!(run(nodes, 0, &[]).exits(1).says(why).writes().is_empty());
    }
}

fn workload(kind: &str, namespace: &str, name: &str, place: &str) -> StatusWorkload {
    StatusWorkload {
        kind: kind.to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        tier: "critical".to_owned(),
        replicas: "1".to_owned(),
        running: "runs".to_owned(),
        place: place.to_owned(),
    }
}

fn apart(name: &str) -> StatusApart {
    let of = |text: &str| text.to_owned();
    StatusApart { rule: of("logs"), kind: of("StatefulSet"), namespace: of("obs"), name: of(name) }
}

fn state(nodes: &str, pods: &str, sets: &str) -> Run {
    let node = |name: &str, role: &str, lifeboat: &str| StatusNode {
        name: name.to_owned(),
        role: role.to_owned(),
        lifeboat: lifeboat.to_owned(),
        build: "abc123".to_owned(),
    };
    let older =
        |node: &str, build: &str, age| OlderBuild { node: node.to_owned(), build: build.to_owned(), age };
    let context = StatusContext {
        fences: "yes".to_owned(),
        rebalances: "yes".to_owned(),
        cluster: "edge".to_owned(),
        nodes: vec![node("master", "server", "yes"), node("worker-1", "agent", "no")],
        older_builds: vec![
            older("master", "older2", 1),
            older("worker-1", "older1", 1),
            older("worker-1", "older2", 2),
        ],
        workloads: vec![
            workload("Deployment", "infra", "server", "off"),
            workload("StatefulSet", "obs", "prometheus", "off"),
            workload("StatefulSet", "obs", "loki", "any"),
            StatusWorkload { running: "free".to_owned(), ..workload("Deployment", "apps", "shop", "any") },
            StatusWorkload {
                tier: "lock".to_owned(),
                ..workload("Deployment", "kube-system", "lock", "any")
            },
        ],
        apart: vec![apart("prometheus"), apart("loki")],
    };
    let mut stage = Stage::new();
    stage.answer("get nodes", nodes, 0).answer("get pods", pods, 0).answer("get deployments", sets, 0);
    stage.run(&status(&context).expect("the script renders"), &[])
}

const NODES: &str = "master ready True\nmaster build abc123\nworker-1 ready True\nworker-1 build abc123\n";
const PODS: &str = "\
infra server-5d-x worker-1 live ReplicaSet server-5d Running
infra server-5d-y master live ReplicaSet server-5d Failed
infra server-6e-z master terminating ReplicaSet server-6e Running
obs prometheus-0 worker-1 live StatefulSet prometheus Running
obs loki-0 worker-2 live StatefulSet loki Running
obs loki-canary-x worker-1 live DaemonSet loki-canary Running
kube-system lock-5d-x master live ReplicaSet lock-5d Running
";
const SETS: &str = "\
Deployment infra server 1 1
StatefulSet obs prometheus 1 1
StatefulSet obs loki 1 1
Deployment apps shop 1 1
Deployment kube-system lock 1 1
";

#[test]
fn green_is_said_and_exits_with_0() {
    state(NODES, PODS, SETS).exits(0).says("green");
}

#[test]
fn what_is_not_green_names_the_next_step() {
    let lost = NODES.replace("worker-1 ready True", "worker-1 ready Unknown");
    state(&lost, PODS, SETS).exits(1).says("fence.sh fence worker-1");
    state(&format!("{NODES}worker-1 fenced yes\n"), PODS, SETS).exits(1).says("unfence worker-1");
    state(&NODES.replace("worker-1 build abc123", "worker-1 build older2"), PODS, SETS)
        .exits(1)
        .says("2 builds old");
    state(&NODES.replace("worker-1 build abc123", "worker-1 build "), PODS, SETS)
        .exits(1)
        .says("not installed");
    let aboard = PODS.replace("server-5d-x worker-1", "server-5d-x master");
    state(NODES, &aboard, SETS).exits(1).says("infra/server (critical): on the lifeboat master");
    let less = SETS.replace("infra server 1 1", "infra server 2 1");
    state(NODES, PODS, &less).exits(1).says("1 of 2 ready");
    let none = SETS.replace("infra server 1 1", "infra server 0 0");
    state(NODES, PODS, &none).exits(1).says("infra/server (critical): scaled to 0, the policy has 1");
    state(NODES, PODS, "").exits(1).says("no such Deployment");
}

#[test]
fn status_checks_what_green_claims() {
    let together = PODS.replace("loki-0 worker-2", "loki-0 worker-1");
    state(NODES, &together, SETS)
        .exits(1)
        .says("obs/loki, obs/prometheus: together on worker-1, against apart.logs");
    let unlocked = SETS.replace("kube-system lock 1 1", "kube-system lock 1 0");
    state(NODES, PODS, &unlocked).exits(1).says("kube-system/lock (lock): 0 of 1 ready");
    let open = SETS.replace("apps shop 1 1", "apps shop 1 0");
    state(NODES, PODS, &open).exits(0).says("apps/shop (critical): 0 of 1 ready, which green leaves open");
}

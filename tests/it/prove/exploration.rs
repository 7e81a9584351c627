//! Bounds against exhaustive exploration: on random small clusters nothing that a bound proves is refuted by
//! visiting every state, and whatever is refuted can be played again to its breach.
//!
//! `LIFEBOAT_CLUSTERS=5000 cargo test --release --test it exploration` for a longer look, `LIFEBOAT_FROM` for other ones.

use lifeboat::cluster::{Cluster, KubernetesVersion};
use lifeboat::lifecycle::NodeId;
use lifeboat::policy::Phase;
use lifeboat::prove::bounds::Histories;
use lifeboat::prove::explore::{Explorer, Found};
use lifeboat::prove::judge::{self, Bounded};
use lifeboat::prove::{Claim, Model, Says, refute};

use serde_json::{Value, json};

use super::soundness::{Numbers, cluster, model, node, numbers, term, work};
use lifeboat::prove::play::Dice;

/// Clusters, unless the environment says otherwise, and happenings for each exploration.
const CLUSTERS: u64 = 100;
const BUDGET: u64 = 400;
/// Clusters in which a bound said once that nobody is evicted, and a DaemonSet's pod was.
const FOUND: [u64; 4] = [656, 685, 100_148, 100_852];

/// Every claim that can be made of a small cluster, over a few histories.
fn claims(model: &Model, seed: u64) -> Vec<Claim> {
    let workers: Vec<NodeId> = model.node_ids().skip(1).collect();
    let mut histories = vec![vec![], vec![vec![NodeId(1)]], vec![workers.clone()], vec![vec![NodeId(0)]]];
    if workers.len() > 1 {
        histories.push(vec![vec![workers[1]], vec![workers[0]]]);
        histories.push(vec![vec![NodeId(0), workers[0]]]);
    }
    let mut claims = Vec::new();
    for losses in histories {
        for phase in [Phase::Eviction, Phase::Fencing, Phase::Return] {
            let mut add = |says: Says, who| {
                let claim = super::claim("random", says, who, vec![losses.clone()]);
                claims.push(Claim { phase, ..claim });
            };
            add(Says::Lifeboat, vec![]);
            add(Says::Pending, vec![]);
            add(Says::Evicted, vec![]);
            for row in model.rows.iter().filter(|r| !r.daemon) {
                for says in [Says::Running, Says::Pending, Says::Stuck, Says::Down] {
                    add(says, vec![row.id]);
                }
            }
            if let [first, second, ..] = &model.rows[..] {
                add(Says::Apart("first two".into()), vec![first.id, second.id]);
            }
        }
    }
    let mut n = Numbers(Dice::new(seed ^ 0x5A5A));
    for losses in [vec![], vec![vec![NodeId(1)]]] {
        let event = work(&mut n, model);
        for (says, all) in [
            (Says::Lifeboat, false),
            (Says::Pending, false),
            (Says::Evicted, false),
            (Says::Running, true),
            (Says::Pending, true),
        ] {
            let lasting = model.rows.iter().filter(|r| !r.daemon).map(|r| r.id);
            let who: Vec<_> = if all { lasting.collect() } else { Vec::new() };
            for who in if all { who.into_iter().map(|id| vec![id]).collect() } else { vec![who] } {
                let claim = super::claim("planned", says.clone(), who, vec![losses.clone()]);
                claims.push(Claim { phase: Phase::Fencing, event: Some(event.clone()), ..claim });
            }
        }
    }
    claims
}

#[test]
fn no_bound_is_refuted_by_exploration() {
    let numbers = numbers(CLUSTERS);
    let count = numbers.end - numbers.start;
    let mut wrong = Vec::new();
    let (mut decided, mut both, mut broken) = (0, 0, 0);
    let (mut planned, mut planned_too) = (0, 0);
    for seed in FOUND.into_iter().chain(numbers) {
        let model = model(cluster(seed, 4));
        let histories = Histories::of(&model.world, &model.facts).unwrap();
        let mut explorer = Explorer::new(&model, BUDGET);
        for (i, claim) in claims(&model, seed).iter().enumerate() {
            let Some(found) = explorer.decide(claim) else { continue };
            decided += 1;
            let bounded = judge::bounded(&histories, &model, claim);
            planned += usize::from(claim.event.is_some());
            planned_too += usize::from(claim.event.is_some() && bounded != Bounded::Open);
            let text = || format!("cluster {seed}, claim {i}: {claim:#?}\n{bounded:#?}\n{found:#?}");
            match (&bounded, &found) {
                (Bounded::Holds(_), Found::Breaks(..)) => {
                    wrong.push(format!("a bound proves what is refuted: {}", text()));
                }
                (Bounded::Fails { .. }, Found::Holds(_)) => {
                    wrong.push(format!("a bound refutes what holds: {}", text()));
                }
                _ => both += usize::from(bounded != Bounded::Open),
            }
            let Found::Breaks(witness, _) = &found else { continue };
            let played = refute::replay(&model, claim, witness, false).unwrap();
            let breaches = judge::breaches(&model, claim, &played);
            assert!(!breaches.is_empty(), "the witness breaks nothing: {}", text());
            if broken % 64 == 0 {
                let trace = refute::explain(&model, claim, witness, true);
                let least = trace.witness.clone().unwrap();
                let again = refute::replay(&model, claim, &least, false).unwrap();
                let again = judge::breaches(&model, claim, &again);
                assert!(again.iter().any(|b| least.only.contains(&b.who)), "cut down too far: {}", text());
                assert!(!trace.end.is_empty(), "a trace without an end: {}", text());
            }
            broken += 1;
        }
    }
    println!(
        "{decided} claims explored, {both} of them bounded, {broken} refuted; about planned work {planned}, {planned_too} bounded"
    );
    assert!(
        wrong.is_empty(),
        "{} claims, the first: {}",
        wrong.len(),
        wrong[..wrong.len().min(4)].join("\n")
    );
    let least = usize::try_from(count).unwrap();
    assert!(planned > least && planned_too > least / 2, "{planned} {planned_too}");
    assert!(decided > 10 * least && both > 4 * least && broken > 2 * least, "{decided} {both} {broken}");
}

/// A Deployment of one pod with this spec and priority class, and host ports if it has some.
fn deployment(name: &str, class: &str, spec: &Value) -> Value {
    let mut spec = spec.clone();
    spec["priorityClassName"] = class.into();
    let requests = json!({"cpu": "10m", "memory": "8Mi"});
    let ports = spec.as_object_mut().unwrap().remove("ports").unwrap_or_default();
    spec["containers"] =
        json!([{"name": "c", "image": "i", "resources": {"requests": requests}, "ports": ports}]);
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "a"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": spec}}})
}

/// Room is not all that a pod evicts for, however empty the nodes are.
#[test]
fn no_bound_keeps_a_pod_that_is_evicted_for_another_reason_than_room() {
    let mut near = term(&["low".to_owned()]);
    near["topologyKey"] = "topology.kubernetes.io/zone".into();
    let over_the_zone = json!({"affinity": {"podAntiAffinity":
        {"requiredDuringSchedulingIgnoredDuringExecution": [near]}}});
    let evenly = json!({"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule", "nodeAffinityPolicy": "Ignore", "labelSelector": {"matchExpressions": [
            {"key": "app", "operator": "In", "values": ["low", "high"]}]}}],
        "nodeSelector": {"kubernetes.io/hostname": "worker-1"}});
    let port = json!([{"containerPort": 80, "hostPort": 80}]);
    let sidecar = json!({"nodeSelector": {"kubernetes.io/hostname": "worker-1"}, "initContainers":
        [{"name": "s", "image": "i", "restartPolicy": "Always", "ports": port}]});
    let pinned = json!({"nodeSelector": {"kubernetes.io/hostname": "worker-1"}, "ports": port});
    for (why, high, low) in [
        ("a zone", over_the_zone, json!({})),
        ("a spread", evenly, pinned.clone()),
        ("a sidecar's port", sidecar, pinned),
    ] {
        let mut documents = vec![
            node("master", true, false, 8000),
            node("worker-1", false, false, 8000),
            node("worker-2", false, false, 8000),
            json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000}),
            deployment("low", "", &low),
            deployment("high", "high", &high),
        ];
        for worker in &mut documents[..3] {
            worker["metadata"]["labels"]["topology.kubernetes.io/zone"] = "east".into();
        }
        let reading = Cluster::from_objects(KubernetesVersion::default(), &documents);
        assert_eq!(reading.errors, []);
        let model = model(reading.cluster);
        let histories = Histories::of(&model.world, &model.facts).unwrap();
        let everybody = model.rows.iter().map(|r| r.id).collect();
        for (says, who) in [(Says::Evicted, vec![]), (Says::Running, everybody)] {
            let claim = super::claim("company", says, who, vec![vec![]]);
            let bounded = judge::bounded(&histories, &model, &claim);
            assert!(!matches!(bounded, Bounded::Holds(_)), "{why}: {claim:?} {bounded:?}");
        }
    }
}

/// Replicas are alike, and yet any may come next: however large the budget, what a walk holds of that is bounded.
#[test]
fn a_hundred_replicas_are_not_held_in_every_order() {
    let requests = json!({"cpu": "10m", "memory": "8Mi"});
    let documents = [
        node("master", true, false, 8000),
        node("worker-1", false, false, 8000),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "many", "namespace": "a"},
            "spec": {"replicas": 100, "selector": {"matchLabels": {"app": "many"}}, "template": {
                "metadata": {"labels": {"app": "many"}},
                "spec": {"containers": [{"name": "c", "image": "i", "resources": {"requests": requests}}]}}}}),
    ];
    let reading = Cluster::from_objects(KubernetesVersion::default(), &documents);
    assert_eq!(reading.errors, []);
    let model = model(reading.cluster);
    let claim = super::claim("many", Says::Evicted, vec![], vec![vec![]]);
    assert_eq!(Explorer::new(&model, u64::from(u32::MAX)).decide(&claim), None);
}

//! Bounds against runs: on more than a thousand small clusters no run may end in a way that the bounds exclude.

use lifeboat::cluster::{Cluster, KubernetesVersion};
use lifeboat::lifecycle::{Choose, Clocks, Datastore, NodeId, Point};
use lifeboat::policy::{EventKind, Phase};
use lifeboat::prove::Model;
use lifeboat::prove::bounds::{Histories, State, bit};
use lifeboat::prove::claim::Event;
use lifeboat::prove::play::{self, Dice, Played};
use serde_json::{Value, json};

/// Clusters, unless `LIFEBOAT_CLUSTERS` says otherwise, and runs of each.
const CLUSTERS: u64 = 800;
const RUNS: u64 = 2;

/// Numbers from a generator that is the same everywhere.
pub(super) struct Numbers(pub(super) Dice);

impl Numbers {
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0.choose(Point::Missed(lifeboat::lifecycle::PodId(0)), n)
    }
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

pub(super) fn node(name: &str, master: bool, twin: bool, memory: usize) -> Value {
    let mut labels = json!({"kubernetes.io/hostname": name});
    let mut taints = Vec::new();
    if master {
        labels["node-role.kubernetes.io/control-plane"] = "true".into();
        taints.push(json!({"key": "boat", "value": "true", "effect": "NoSchedule"}));
        if twin {
            taints.push(json!({"key": "boat", "value": "true", "effect": "PreferNoSchedule"}));
        }
    }
    let room = json!({"cpu": "4", "memory": format!("{memory}Mi"), "pods": "20"});
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": {"taints": taints},
        "status": {"allocatable": room, "capacity": room, "conditions": [{"type": "Ready", "status": "True"}]}})
}

pub(super) fn term(names: &[String]) -> Value {
    json!({"topologyKey": "kubernetes.io/hostname",
        "labelSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": names}]}})
}

/// Which nodes run the control plane; the API outlives the lifeboat if they are others.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Servers {
    Master,
    All,
    Last,
}

/// The label of a server.
const SERVER: &str = "node-role.kubernetes.io/control-plane";

/// A cluster of a master and one to three workers, two to `most` workloads, some of them boarders, and perhaps a
/// lock, an anti-affinity or a spread.
fn around_a_lock(n: &mut Numbers, most: usize, servers: Servers) -> Vec<Value> {
    let boat = if servers == Servers::Master { SERVER } else { "boat" };
    let twin = n.chance(70);
    let memory = 600 + 200 * n.below(6);
    let mut documents = vec![node("master", true, twin, memory)];
    for i in 1..=1 + n.below(3) {
        documents.push(node(&format!("worker-{i}"), false, false, memory));
    }
    let last = documents.len() - 1;
    for (i, node) in documents.iter_mut().enumerate() {
        let labels = &mut node["metadata"]["labels"];
        let server = match servers {
            Servers::Master => i == 0,
            Servers::All => true,
            Servers::Last => i == last,
        };
        labels.as_object_mut().unwrap().remove(SERVER);
        if server {
            labels[SERVER] = "true".into();
        }
        if i == 0 {
            labels[boat] = "true".into();
        }
    }
    for (name, value) in [("high", 1000), ("middle", 500), ("lock", 10)] {
        documents.push(json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
            "metadata": {"name": name}, "value": value}));
    }
    let lock = n.chance(50);
    let count = 2 + n.below(most - 1);
    let boards: Vec<bool> = (0..count).map(|_| n.chance(50)).collect();
    let boarders: Vec<String> = (0..count).filter(|&i| boards[i]).map(|i| format!("w{i}")).collect();
    for (i, &boarder) in boards.iter().enumerate() {
        let name = format!("w{i}");
        let daemon = !boarder && n.chance(15);
        let kind = if daemon {
            "DaemonSet"
        } else if n.chance(35) {
            "StatefulSet"
        } else {
            "Deployment"
        };
        let class = if boarder { "high" } else { ["", "middle", "high"][n.below(3)] };
        let request =
            json!({"cpu": format!("{}m", 100 * n.below(14)), "memory": format!("{}Mi", 50 * n.below(12))});
        let mut spec = json!({"containers": [{"name": "c", "image": "i", "resources": {"requests": request}}],
            "priorityClassName": class});
        let mut anti = json!({});
        if boarder {
            spec["tolerations"] = json!([{"key": "boat", "operator": "Exists", "effect": "NoSchedule"}]);
            if n.chance(70) {
                spec["affinity"]["nodeAffinity"] = json!({"preferredDuringSchedulingIgnoredDuringExecution": [{
                    "weight": 100, "preference": {"matchExpressions": [
                        {"key": boat, "operator": "DoesNotExist"}]}}]});
            }
            if lock {
                anti["requiredDuringSchedulingIgnoredDuringExecution"] = json!([term(&["lock".to_owned()])]);
            }
        }
        if n.chance(25) {
            let other = format!("w{}", n.below(count));
            anti["preferredDuringSchedulingIgnoredDuringExecution"] =
                json!([{"weight": 100, "podAffinityTerm": term(&[other])}]);
        }
        if anti != json!({}) {
            spec["affinity"]["podAntiAffinity"] = anti;
        }
        if n.chance(20) {
            spec["topologySpreadConstraints"] = json!([{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {"matchLabels": {"app": name}}}]);
        }
        let replicas = if n.chance(25) { 2 } else { 1 };
        documents.push(
            json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "a"},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
                "template": {"metadata": {"labels": {"app": name}}, "spec": spec}}}),
        );
    }
    if lock {
        let anti = json!({"requiredDuringSchedulingIgnoredDuringExecution": [term(&boarders)]});
        documents.push(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "lock", "namespace": "a"},
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "lock"}}, "template": {
                "metadata": {"labels": {"app": "lock"}}, "spec": {"priorityClassName": "lock",
                "nodeSelector": {boat: "true"},
                "tolerations": [{"key": "boat", "operator": "Exists"}],
                "affinity": if boarders.is_empty() { json!({}) } else { json!({"podAntiAffinity": anti}) },
                "containers": [{"name": "c", "image": "i", "resources": {"requests": {"cpu": "1m", "memory": "4Mi"}}}]}}}}));
    }
    documents
}

/// The cluster of a number: every other one is built around a lifeboat and its lock, a quarter of these with other
/// servers than the lifeboat; the rest has whatever changes a decision. A third has an oddity, a third runs another
/// release than the one of which most was recorded.
pub(super) fn cluster(number: u64, most: usize) -> Cluster {
    let mut n = Numbers(Dice::new(number));
    let mut documents = if number.is_multiple_of(2) {
        let servers = match number % 16 {
            6 => Servers::All,
            14 => Servers::Last,
            _ => Servers::Master,
        };
        around_a_lock(&mut n, most, servers)
    } else {
        super::random::cluster(&mut n, most)
    };
    if n.chance(33) {
        super::odd::lived(&mut n, &mut documents);
    }
    let releases: Vec<KubernetesVersion> = KubernetesVersion::all().collect();
    let release = if n.chance(33) { releases[n.below(releases.len())] } else { KubernetesVersion::default() };
    let reading = Cluster::from_objects(release, &documents);
    assert_eq!(reading.errors, []);
    reading.cluster
}

/// A cluster whose lifeboat is its master. Of other releases than the usual one some keep their state elsewhere.
pub(super) fn model(cluster: Cluster) -> Model {
    let minor = cluster.version.minor();
    let datastore = if minor.is_multiple_of(2) { Datastore::Etcd } else { Datastore::External };
    Model::bare(cluster, &["master".to_owned()], Clocks::of_minor(minor.into()), datastore).unwrap()
}

/// Planned work on a cluster: any kind of it, on one node or all, for long or short.
pub(super) fn work(n: &mut Numbers, model: &Model) -> Event {
    let kinds = [
        EventKind::Drain,
        EventKind::Reboot,
        EventKind::Upgrade,
        EventKind::ColdStart,
        EventKind::RollingUpdate,
    ];
    let kind = kinds[n.below(kinds.len())];
    let mut nodes: Vec<NodeId> = model.node_ids().collect();
    let from = n.below(nodes.len());
    nodes.rotate_left(from);
    match kind {
        EventKind::RollingUpdate => nodes.clear(),
        EventKind::ColdStart => {}
        _ => nodes.truncate(1 + n.below(2)),
    }
    let pods = if kind == EventKind::RollingUpdate {
        model.rows.iter().map(|r| r.id).filter(|_| n.chance(50)).collect()
    } else {
        Vec::new()
    };
    let lasts = [20_000, 90_000, 360_000, 1_800_000][n.below(4)];
    Event { kind, nodes: Vec::new(), names: Vec::new(), pods, of: String::new(), lasts }
        .with_nodes(model, nodes)
}

/// The numbers of the clusters to look at, from `LIFEBOAT_FROM` on.
pub(super) fn numbers(unless_told: u64) -> std::ops::Range<u64> {
    let from = std::env::var("LIFEBOAT_FROM").ok().and_then(|n| n.parse().ok()).unwrap_or(0_u64);
    from..from.saturating_add(clusters(unless_told))
}

/// How many clusters to look at.
fn clusters(unless_told: u64) -> u64 {
    std::env::var("LIFEBOAT_CLUSTERS").ok().and_then(|n| n.parse().ok()).unwrap_or(unless_told)
}

/// Ends of a run that the bounds exclude.
fn excluded(model: &Model, state: &State, played: &Played<'_>, seed: u64, phase: &str) -> Vec<String> {
    let run = &played.run;
    let mut wrong = Vec::new();
    for row in model.rows.iter().filter(|r| !r.daemon) {
        let ends = state.ends[usize::from(row.id.0)];
        let status = run.status(row.id);
        let boat = |n: &NodeId| model.nodes[usize::from(n.0)].lifeboat;
        let seen = [
            ("on a worker", status.up.iter().any(|n| !boat(n)), ends.worker),
            ("on the lifeboat", status.up.iter().any(boat), ends.lifeboat),
            ("pending", status.pending > 0, ends.pending),
            (
                "where it may not be",
                status.up.iter().any(|n| state.may[usize::from(row.id.0)] & bit(*n) == 0),
                false,
            ),
            ("stuck", !status.stuck.is_empty() && !wanted_elsewhere(&status), ends.stuck),
            ("lost", !status.lost.is_empty(), ends.lost),
        ];
        for (what, happened, allowed) in seen {
            if happened && !allowed {
                wrong.push(format!("cluster {seed} {phase}: {} is {what}, bounds say {ends:?}", row.name));
            }
        }
    }
    wrong
}

/// Old pods of a Deployment stay listed on the dead node beside their successors.
fn wanted_elsewhere(status: &lifeboat::lifecycle::WorkloadStatus) -> bool {
    !status.up.is_empty() || status.pending > 0 || !status.lost.is_empty()
}

#[test]
fn no_run_ends_as_bounds_exclude() {
    let mut wrong = Vec::new();
    let (mut empty, mut running, mut apart) = (0_u64, 0_u64, 0_u64);
    // Two that evict each other from a zone, or for a spread, never settle.
    let mut endless = 0;
    let numbers = numbers(CLUSTERS);
    let count = numbers.end - numbers.start;
    for seed in numbers {
        let model = model(cluster(seed, 6));
        let histories = Histories::of(&model.world, &model.facts).unwrap();
        let (bounds, green) = (histories.bounds(), histories.green());
        empty += u64::from(green.why_empty.as_ref().is_some_and(|w| !w.is_empty()));
        let worker = [NodeId(1)];
        let all: Vec<NodeId> = model.node_ids().skip(1).collect();
        let mut separate = Vec::new();
        for a in &model.rows {
            for b in model.rows.iter().filter(|b| b.id > a.id) {
                if bounds.apart(a.id, b.id, green).is_some() {
                    separate.push((a.id, b.id));
                }
            }
        }
        apart += separate.len() as u64;
        for run in 0..RUNS {
            let mut dice = Dice::new(seed * 1000 + run);
            let Some(start) = play::green(&model, &mut dice) else {
                endless += 1;
                continue;
            };
            let first = play::lose(&start, &[], Phase::Eviction, &mut dice).unwrap();
            wrong.extend(excluded(&model, green, &first, seed, "green"));
            for &(a, b) in &separate {
                let (x, y) = (start.status(a).up, start.status(b).up);
                if x.iter().any(|n| y.contains(n)) {
                    wrong.push(format!("cluster {seed}: {a:?} and {b:?} share a node"));
                }
            }
            for losses in [
                vec![worker.to_vec()],
                vec![all.clone()],
                vec![vec![NodeId(0)]],
                vec![worker.to_vec(), all[1..].to_vec()],
                vec![vec![NodeId(0), NodeId(1)]],
            ] {
                let losses: Vec<Vec<NodeId>> = losses.into_iter().filter(|l| !l.is_empty()).collect();
                for phase in [Phase::Eviction, Phase::Fencing, Phase::Return] {
                    let state = histories.after(&losses, phase);
                    running += state.ends.iter().filter(|e| e.always_runs()).count() as u64;
                    let Some(played) = play::lose(&start, &losses, phase, &mut dice) else {
                        endless += 1;
                        continue;
                    };
                    wrong.extend(excluded(&model, &state, &played, seed, &format!("{losses:?} {phase:?}")));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} ends that bounds exclude, the first: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(12)]
    );
    // The bounds must say something, or the test above would be empty.
    println!("{count} clusters, {endless} runs without an end");
    assert!(endless * 20 <= count, "{endless}");
    let (empty, running, apart) = (empty * 60, running, apart * 300);
    assert!(
        2 * empty > count && running > count && 2 * apart > count,
        "empty {empty}, running {running}, apart {apart}"
    );
}

#[test]
fn no_planned_work_comes_to_what_bounds_exclude() {
    let mut wrong = Vec::new();
    let (mut followed, mut running, mut empty) = (0_u64, 0_u64, 0_u64);
    let numbers = numbers(CLUSTERS);
    let count = numbers.end - numbers.start;
    for seed in numbers {
        let model = model(cluster(seed, 6));
        let histories = Histories::of(&model.world, &model.facts).unwrap();
        let mut n = Numbers(Dice::new(seed ^ 0xA5A5));
        for run in 0..RUNS {
            let mut dice = Dice::new(seed * 1000 + run);
            let Some(start) = play::green(&model, &mut dice) else { continue };
            for losses in [vec![], vec![vec![NodeId(1)]]] {
                let event = work(&mut n, &model);
                let Some(states) = histories.during(&losses, Phase::Fencing, &event) else { continue };
                let Some(mut played) = play::lose(&start, &losses, Phase::Fencing, &mut dice) else {
                    continue;
                };
                play::plan(&mut played, &event, &mut dice).unwrap();
                assert_eq!(states.len(), played.moments.len() + 1, "cluster {seed}: {event:?}");
                let quiet = played.moments.iter().map(|(_, run)| run.clone()).chain([played.run.clone()]);
                for (i, (run, state)) in quiet.zip(&states).enumerate() {
                    let then = Played { run, moments: Vec::new(), ..played };
                    let when = format!("{losses:?} {} at {i}", event.title());
                    wrong.extend(excluded(&model, state, &then, seed, &when));
                    running += state.ends.iter().filter(|e| e.always_runs()).count() as u64;
                    empty += u64::from(state.why_empty.as_ref().is_some_and(|why| !why.is_empty()));
                    followed += 1;
                }
            }
        }
    }
    println!("{followed} quiet moments, {running} workloads that always run, {empty} empty lifeboats");
    assert!(
        wrong.is_empty(),
        "{} ends that bounds exclude, the first: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(12)]
    );
    assert!(followed > count && running > count && 20 * empty > count, "{followed} {running} {empty}");
}

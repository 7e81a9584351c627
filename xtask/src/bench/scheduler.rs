//! `cargo xtask bench scheduler [--oracle PATH] [--repeat N]`: placements per second on three nodes with
//! 60 pods, healthy and for six loss sets. With `--oracle`, the real kube-scheduler runs the same
//! scenario first (`PATH bench`), and the ratio is printed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use lifeboat::cluster::{Cluster, KubernetesVersion};
use lifeboat::scheduler::{
    ClassId, Decision, Incoming, NodeId, NodeSet, Nomination, Placed, PodId, Scheduler, State, World,
};
use serde_json::{Value, json};

const NODES: usize = 3;
const PODS: usize = 60;
const LOSS_SETS: usize = 6;

pub(crate) fn run(args: impl Iterator<Item = String>) -> ExitCode {
    let (oracle, repeat) = match super::against_real("scheduler", args, 2000) {
        Ok(read) => read,
        Err(code) => return code,
    };
    let real = match oracle.map(|path| real_scheduler(&path)).transpose() {
        Ok(real) => real,
        Err(message) => {
            eprintln!("bench scheduler: {message}");
            return ExitCode::from(2);
        }
    };
    let ours = measure(repeat);
    if let Some(real) = real {
        println!("ratio to the real scheduler, scheduling alone: {:.0} times", ours / real);
    }
    ExitCode::SUCCESS
}

/// Runs the recorder's own benchmark; returns its cycles per second over the loss sets.
pub(super) fn real_scheduler(path: &str) -> Result<f64, String> {
    let output = Command::new(path)
        .args(["bench", "--nodes", "3", "--pods", "60", "--loss-sets", "6", "--repeat", "20"])
        .output()
        .map_err(|e| format!("{path}: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    let line = text.lines().find(|l| l.starts_with("loss sets")).ok_or("the oracle printed no loss sets")?;
    let rate = line.split("-> ").nth(1).and_then(|r| r.split_whitespace().next());
    rate.and_then(|r| r.parse().ok()).ok_or_else(|| format!("no rate in {line:?}"))
}

#[derive(Default)]
struct Tally {
    cycles: u64,
    bound: u64,
    preempting: u64,
    pending: u64,
    time: Duration,
}

impl Tally {
    fn rate(&self) -> f64 {
        self.cycles as f64 / self.time.as_secs_f64()
    }

    fn print(&self, name: &str, repeat: u32) {
        println!(
            "{name:<10} {} cycles (bound {}, preempting {}, left pending {}): {:.3} us a cycle, {:.2} M cycles/s, {:.3} ms each",
            self.cycles,
            self.bound,
            self.preempting,
            self.pending,
            self.time.as_secs_f64() * 1e6 / self.cycles as f64,
            self.rate() / 1e6,
            self.time.as_secs_f64() * 1e3 / f64::from(repeat)
        );
    }
}

fn measure(repeat: u32) -> f64 {
    let objects = scenario();
    let cluster = Cluster::from_objects(KubernetesVersion::default(), &objects).cluster;
    let mut compile = Duration::ZERO;
    let (mut healthy, mut losses) = (Tally::default(), Tally::default());
    let wall = Instant::now();
    for _ in 0..repeat {
        let start = Instant::now();
        let Ok((world, classes)) = World::compile(&cluster, &cluster.pods) else { return 0.0 };
        compile += start.elapsed();
        let mut scheduler = Scheduler::new(&world);
        let mut state = State::new(&world);
        let everyone: Vec<PodId> = (0..PODS as u32).map(PodId).collect();
        settle(&mut scheduler, &mut state, &classes, &everyone, &mut healthy);
        for lost in loss_sets() {
            let mut state = state.clone();
            let displaced = lose(&world, &mut state, lost);
            settle(&mut scheduler, &mut state, &classes, &displaced, &mut losses);
        }
    }
    let wall = wall.elapsed();
    println!("lifeboat, {NODES} nodes, {PODS} pods, {LOSS_SETS} loss sets, repeat {repeat}, one thread");
    healthy.print("healthy", repeat);
    losses.print("loss sets", repeat);
    println!(
        "all        one full proof (compile, healthy, {LOSS_SETS} loss sets): {:.3} ms, of which compiling {:.3} ms",
        wall.as_secs_f64() * 1e3 / f64::from(repeat),
        compile.as_secs_f64() * 1e3 / f64::from(repeat)
    );
    losses.rate()
}

/// Proper, non-empty subsets of the nodes, smallest first.
fn loss_sets() -> Vec<NodeSet> {
    let mut sets: Vec<NodeSet> = (1..(1_u8 << NODES) - 1)
        .map(|mask| (0..NODES as u8).filter(|n| mask >> n & 1 == 1).map(NodeId).collect())
        .collect();
    sets.sort_by_key(|s| s.len());
    sets.truncate(LOSS_SETS);
    sets
}

/// Loses nodes: unreachable, their pods pending again.
fn lose(world: &World, state: &mut State, lost: NodeSet) -> Vec<PodId> {
    let mut displaced = Vec::new();
    for node in lost.iter() {
        state.set_unreachable(node, true);
        displaced.extend(state.pods_on(node).iter().map(|p| p.pod));
        for pod in &displaced {
            state.remove(world, node, *pod);
        }
    }
    displaced.sort();
    displaced
}

/// Schedules until nothing is left to try: highest priority first, then order of arrival; victims arrive
/// at the back.
fn settle(
    scheduler: &mut Scheduler<'_>,
    state: &mut State,
    classes: &[ClassId],
    pods: &[PodId],
    tally: &mut Tally,
) {
    let start = Instant::now();
    let world = scheduler.world();
    let priority = |pod: PodId| world.class(classes[pod.0 as usize]).priority;
    let mut queue: BinaryHeap<(i32, Reverse<u32>, PodId)> = BinaryHeap::new();
    let mut arrivals = 0;
    for pod in pods {
        queue.push((priority(*pod), Reverse(arrivals), *pod));
        arrivals += 1;
    }
    while let Some((_, _, pod)) = queue.pop() {
        let class = classes[pod.0 as usize];
        let mut nominated = None;
        for _ in 0..2 {
            tally.cycles += 1;
            match scheduler.decide(state, Incoming { pod, class, nominated }, &mut ()) {
                Decision::Bind(best) => {
                    let Some(node) = best.first() else { break };
                    state.clear_nomination(pod);
                    let start = i64::from(arrivals);
                    state.place(
                        world,
                        node,
                        Placed { pod, class, start, terminating: false, preempted: false },
                    );
                    tally.bound += 1;
                    break;
                }
                Decision::Preempt(candidates) => {
                    let Some(chosen) = candidates.into_iter().next() else { break };
                    tally.preempting += 1;
                    nominated = Some(chosen.node);
                    state.nominate(Nomination { pod, class, node: chosen.node });
                    for victim in chosen.victims {
                        state.remove(world, chosen.node, victim.pod);
                        queue.push((priority(victim.pod), Reverse(arrivals), victim.pod));
                        arrivals += 1;
                    }
                }
                Decision::Pending => {
                    tally.pending += 1;
                    break;
                }
            }
        }
    }
    tally.time += start.elapsed();
}

/// Applications of one to three replicas over all tiers, with the constraints that a lifeboat policy
/// produces: the scenario of the recorder's own benchmark.
pub(super) fn scenario() -> Vec<Value> {
    let mut objects = Vec::new();
    for (name, value) in [("core", 100_000), ("important", 1000), ("app", 10)] {
        objects.push(json!({"kind": "PriorityClass", "metadata": {"name": name}, "value": value}));
    }
    for n in 0..NODES {
        let name = format!("n{}", n + 1);
        let mut node = json!({
            "kind": "Node",
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}},
            "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}},
        });
        if n == 0 {
            node["metadata"]["labels"]["node-role.kubernetes.io/control-plane"] = "true".into();
            node["spec"]["taints"] =
                json!([{"key": "CriticalAddonsOnly", "value": "true", "effect": "PreferNoSchedule"}]);
        }
        objects.push(node);
    }
    let mut pods = 0;
    for app in 0.. {
        if pods == PODS {
            break;
        }
        let name = format!("svc{}{}x", char::from(b'a' + (app % 26) as u8), app / 26);
        let selector = json!({"app": name});
        let owner = json!({"kind": "ReplicaSet", "name": name, "apiVersion": "apps/v1", "controller": true});
        objects.push(json!({
            "kind": "ReplicaSet",
            "metadata": {"name": name, "ownerReferences": [{"kind": "Deployment", "name": name, "controller": true}]},
            "spec": {"selector": {"matchLabels": selector}},
        }));
        objects.push(json!({"kind": "Service", "metadata": {"name": name}, "spec": {"selector": selector}}));
        for replica in 0..(1 + app % 3).min(PODS - pods) {
            let mut spec = constraints(app, &selector);
            spec["priorityClassName"] = ["app", "app", "important", "app", "core"][app % 5].into();
            let cpu = ["100m", "150m", "250m"][app % 3];
            let memory = ["128Mi", "256Mi", "320Mi"][(app + replica) % 3];
            spec["containers"] = json!([{"name": "c", "image": "img:v0", "resources": {"requests": {
                "cpu": cpu, "memory": memory
            }}}]);
            let metadata =
                json!({"name": format!("{name}-{replica}"), "labels": selector, "ownerReferences": [owner]});
            objects.push(json!({"kind": "Pod", "metadata": metadata, "spec": spec}));
            pods += 1;
        }
    }
    objects
}

fn constraints(app: usize, selector: &Value) -> Value {
    let host = "kubernetes.io/hostname";
    let mut spec = match app % 4 {
        0 => json!({"affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 100, "podAffinityTerm": {"topologyKey": host, "labelSelector": {"matchLabels": selector}}}]}}}),
        1 => json!({"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": host,
            "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {"matchLabels": selector}}]}),
        2 => json!({"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 100, "preference": {"matchExpressions": [
                {"key": "node-role.kubernetes.io/control-plane", "operator": "DoesNotExist"}]}}]}}}),
        _ => json!({}),
    };
    if app % 5 == 4 {
        spec["tolerations"] = json!([{"key": "CriticalAddonsOnly", "operator": "Exists"}]);
    }
    spec
}

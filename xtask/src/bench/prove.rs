//! `cargo xtask bench prove [--oracle PATH] [--repeat N]`: the proof, from the whole process down to one placement.
//! With `--oracle`, the real kube-scheduler runs its own benchmark of three nodes and 60 pods first (`PATH bench`).

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use lifeboat::cluster::{Cluster, KubernetesVersion};
use lifeboat::lifecycle::{Clocks, Datastore, First, NodeId};
use lifeboat::policy::Phase;
use lifeboat::prove::bounds::Bounds;
use lifeboat::prove::{Model, play, table};
use lifeboat::scheduler::CompileError;
use serde_json::{Value, json};

use super::{memory, scheduler};

pub(crate) fn run(args: impl Iterator<Item = String>) -> ExitCode {
    let (oracle, repeat) = match super::against_real("prove", args, 200) {
        Ok(read) => read,
        Err(code) => return code,
    };
    let real = match oracle.map(|path| scheduler::real_scheduler(&path)).transpose() {
        Ok(real) => real,
        Err(message) => {
            eprintln!("bench prove: {message}");
            return ExitCode::from(2);
        }
    };
    match binary() {
        Some(binary) => process(&binary),
        None => println!("process    not measured: build it first with `cargo build --release`"),
    }
    let rate = site(repeat);
    if let Some(real) = real {
        println!(
            "ratio to the real scheduler, placements with lifecycle and controllers: {:.0} times",
            rate / real
        );
    }
    println!("memory     {} MiB at most in this process", memory::peak_mib().unwrap_or(0));
    ExitCode::SUCCESS
}

/// The program beside this one.
fn binary() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?.parent()?.join("lifeboat");
    path.is_file().then_some(path)
}

/// `check` and `prove` of the shipped policy as whole processes, the fastest of several.
fn process(binary: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for command in ["check", "prove"] {
        let mut times: Vec<Duration> = Vec::new();
        for _ in 0..15 {
            let start = Instant::now();
            let status = Command::new(binary)
                .current_dir(&root)
                .arg(command)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            // 1 tells of a finding, such as outputs that are not the newest.
            if !status.is_ok_and(|s| matches!(s.code(), Some(0 | 1))) {
                println!("process    lifeboat {command} of the shipped policy cannot be run");
                return;
            }
            times.push(start.elapsed());
        }
        times.sort_unstable();
        let ms = |t: Duration| t.as_secs_f64() * 1e3;
        println!(
            "process    lifeboat {command}, shipped policy: {:.1} ms (median {:.1} ms of {})",
            ms(times[0]),
            ms(times[times.len() / 2]),
            times.len()
        );
    }
}

/// One site of three nodes and 60 pods, part by part; returns placements per second.
fn site(repeat: u32) -> f64 {
    let objects = workloads(scheduler::scenario());
    let cluster = Cluster::from_objects(KubernetesVersion::default(), &objects).cluster;
    let model = || {
        let model = Model::bare(cluster.clone(), &["n1".to_owned()], Clocks::of_minor(34), Datastore::Etcd)?;
        std::hint::black_box(model.compiled());
        Ok::<_, CompileError>(model)
    };
    let nodes: Vec<NodeId> = (0..3).map(NodeId).collect();
    let sets: Vec<Vec<NodeId>> =
        (0..8_u16).map(|mask| nodes.iter().copied().filter(|n| mask >> n.0 & 1 == 1).collect()).collect();
    let (mut compile, mut bound, mut green, mut lost, mut full) = Default::default();
    let mut decisions = 0;
    for _ in 0..repeat {
        let Ok(model) = timed(&mut compile, model) else { return 0.0 };
        timed(&mut bound, || {
            if let Some(bounds) = Bounds::of(&model.world, &model.facts) {
                std::hint::black_box(bounds.green());
            }
        });
        let Some(run) = timed(&mut green, || play::canonical(&model)) else { return 0.0 };
        decisions += run.placer.decisions;
        let more = timed(&mut lost, || {
            let ends = sets.iter().filter(|s| !s.is_empty()).map(|set| {
                let end = play::lose(&run, std::slice::from_ref(set), Phase::Eviction, &mut First);
                end.map_or(0, |e| e.run.placer.decisions - run.placer.decisions)
            });
            ends.sum::<u64>()
        });
        decisions += more;
        timed(&mut full, || std::hint::black_box(table::columns(&model, &run, None, &mut |_, _, _| {})));
    }
    let ms = |t: Duration| t.as_secs_f64() * 1e3 / f64::from(repeat);
    println!("site       three nodes, 60 pods, one thread, {repeat} repetitions");
    println!("  compile  {:.3} ms", ms(compile));
    println!("  bounds   {:.3} ms for what is created", ms(bound));
    println!(
        "  sets     {:.3} ms: created, and all eight loss sets until evictions are over",
        ms(green + lost)
    );
    println!(
        "  table    {:.3} ms: all eight sets through eviction, fence and return, with data and outages",
        ms(full)
    );
    let rate = decisions as f64 / (green + lost).as_secs_f64();
    println!("  {} placements: {:.2} M a second", decisions / u64::from(repeat), rate / 1e6);
    rate
}

/// Adds what a call takes: CPU time of this thread where Linux tells it, so that a busy machine does not count.
fn timed<T>(sum: &mut Duration, what: impl FnOnce() -> T) -> T {
    let (start, before) = (Instant::now(), on_cpu());
    let result = what();
    *sum += match (before, on_cpu()) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => start.elapsed(),
    };
    result
}

/// How long this thread has been on a CPU.
fn on_cpu() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// The scheduler's scenario with a Deployment for the pods of each application.
fn workloads(objects: Vec<Value>) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::new();
    for object in objects {
        match object["kind"].as_str() {
            Some("ReplicaSet") => {}
            Some("Pod") => {
                let name = object["metadata"]["ownerReferences"][0]["name"].clone();
                let known =
                    out.iter_mut().find(|o| o["kind"] == "Deployment" && o["metadata"]["name"] == name);
                if let Some(known) = known {
                    let replicas = known["spec"]["replicas"].as_i64().unwrap_or(0) + 1;
                    known["spec"]["replicas"] = replicas.into();
                } else {
                    let labels = &object["metadata"]["labels"];
                    out.push(
                        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
                        "spec": {"replicas": 1, "selector": {"matchLabels": labels},
                            "template": {"metadata": {"labels": labels}, "spec": object["spec"]}}}),
                    );
                }
            }
            _ => out.push(object),
        }
    }
    for object in &mut out {
        if object["kind"] == "Node" {
            object["status"]["conditions"] = json!([{"type": "Ready", "status": "True"}]);
        }
    }
    out
}

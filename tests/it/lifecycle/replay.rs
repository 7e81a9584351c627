//! Recorded runs of a real control plane.

use std::fs;
use std::path::Path;

use lifeboat::lifecycle::NodeId;
use lifeboat::lifecycle::replay::{Objects, Recording, Report, Stage, replay, replay_scheduled};

use super::simple::{Needs, Simple};

fn load(name: &str) -> (Recording, Objects) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/replay");
    let text = fs::read_to_string(folder.join(name)).expect("a recording");
    let recording: Recording = serde_json::from_str(&text).expect("a recording in the known format");
    let objects =
        fs::read_to_string(folder.join(format!("objects.{}.json", recording.variant))).expect("objects");
    (recording, serde_json::from_str(&objects).expect("objects in the known format"))
}

/// The stand-in scheduler for a recorded cluster: room and the master's taint.
fn simple(stage: &Stage) -> Simple {
    let needs = stage.facts.workloads.iter().zip(&stage.cluster.workloads).map(|(facts, workload)| {
        let boards = workload.template.spec.tolerations.iter().any(|t| t.key == "CriticalAddonsOnly");
        let nodes = (0..stage.facts.nodes.len()).map(|i| NodeId(u16::try_from(i).expect("few nodes")));
        let free = |n: &NodeId| {
            boards || !stage.facts.nodes[usize::from(n.0)].server || facts.eligible[usize::from(n.0)]
        };
        Needs { request: facts.requests.1, nodes: nodes.filter(free).collect() }
    });
    Simple::new(needs.collect(), vec![8 << 30; stage.facts.nodes.len()])
}

/// Runs in which scores decide nothing that the comparison sees: controllers, clocks and rates alone
/// account for everything that was recorded.
#[test]
fn controllers_and_clocks_account_for_runs_without_preemption() {
    for name in [
        "yellow-loki.D.fast.json",
        "red-none.A.fast.json",
        "five.D.fast.json",
        "server-outage.D.default.json",
    ] {
        let (recording, objects) = load(name);
        let report = replay(&recording, &objects, simple).expect("a stage");
        assert_eq!(report.misfits, Vec::<String>::new(), "{name}");
        assert!(report.states > 50, "{name}: {report:?}");
    }
}

/// Every recorded run, with the model of the scheduler: each binding lies in the set of best nodes, each
/// workload is at the end of each step where it was, and recorded seconds lie in their interval.
#[test]
fn the_engine_accounts_for_recorded_runs() {
    let mut total = Report::default();
    for name in RECORDINGS {
        let (recording, objects) = load(name);
        let report = replay_scheduled(&recording, &objects).expect("a stage");
        assert_eq!(report.misfits, Vec::<String>::new(), "{name}");
        total.add(&report);
    }
    assert!(total.bindings > 2_000 && total.seconds > 500, "{total:?}");
    // One node in nine of ten cases: "anywhere" would not pass for an account.
    assert!(total.best * 10 < total.choices * 12, "{} best nodes in {} choices", total.best, total.choices);
}

/// One or two of each kind; `cargo xtask replay-cluster tests/data/replay` runs all of them.
const RECORDINGS: [&str; 22] = [
    "early-oos.D.default.json",
    "five.D.fast.json",
    "green.A.fast.json",
    "green.B.fast.json",
    "green.D-sepns.fast.json",
    "green.F-mutual.fast.json",
    "preempt.A-noprio.fast.json",
    "preempt.D.fast.json",
    "red-forcedel.D.fast.json",
    "red-oos.D-pv.fast.json",
    "red-oos.D.default.json",
    "rows-both-early.F-mutual.default.json",
    "rows-both.E-spread-even.fast.json",
    "rows-both.F-mutual.fast-more.json",
    "rows-prometheus-back.E-quota.fast.json",
    "rows-prometheus-back.E-spread.fast.json",
    "rows-prometheus.E-budget.fast.json",
    "rows-prometheus.F.default.json",
    "yellow-loki-fence.D-roomy.fast.json",
    "yellow-loki-red.A.default.json",
    "yellow-loki-red.D.fast.json",
    "yellow-prometheus-fence.B-roomy.fast.json",
];

//! Recorded runs of a real control plane.

use std::fs;
use std::path::Path;

use lifeboat::lifecycle::NodeId;
use lifeboat::lifecycle::replay::{Objects, Recording, Stage, replay};

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

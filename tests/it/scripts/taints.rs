//! `cluster/taints.sh`.

use lifeboat::emit::scripts::{NodeTaint, TaintsContext, taints};

use super::{Run, Stage};

fn taint(node: &str, effect: &str) -> NodeTaint {
    NodeTaint {
        node: node.to_owned(),
        key: "CriticalAddonsOnly".to_owned(),
        effect: effect.to_owned(),
        value: "true".to_owned(),
    }
}

/// Runs the twin taints of `master` against a cluster in the state that the script's template makes.
fn run(state: &str, args: &[&str]) -> Run {
    let context = TaintsContext {
        cluster: "edge".to_owned(),
        taints: vec![taint("master", "NoSchedule"), taint("master", "PreferNoSchedule")],
    };
    let mut stage = Stage::new();
    stage.answer("get nodes", state, 0).answer("taint nodes", "", 0);
    stage.run(&taints(&context).expect("the script renders"), args)
}

const BARE: &str = "node master\nnode worker-1\n";
const SET: &str = "node master\ntaint master CriticalAddonsOnly NoSchedule true\ntaint master CriticalAddonsOnly PreferNoSchedule true\nnode worker-1\n";

#[test]
fn apply_sets_both_twins() {
    let run = run(BARE, &["apply"]).exits(0);
    assert_eq!(
        run.writes(),
        [
            ["taint", "nodes", "master", "CriticalAddonsOnly=true:NoSchedule"],
            ["taint", "nodes", "master", "CriticalAddonsOnly=true:PreferNoSchedule"],
        ]
    );
}

#[test]
fn apply_and_remove_change_nothing_the_second_time() {
    assert!(run(SET, &["apply"]).exits(0).says("already").writes().is_empty());
    assert!(run(BARE, &["remove"]).exits(0).says("has no").writes().is_empty());
}

#[test]
fn remove_names_key_and_effect() {
    let run = run(SET, &["remove"]).exits(0);
    assert_eq!(
        run.writes(),
        [
            ["taint", "nodes", "master", "CriticalAddonsOnly:NoSchedule-"],
            ["taint", "nodes", "master", "CriticalAddonsOnly:PreferNoSchedule-"],
        ]
    );
}

#[test]
fn a_foreign_effect_of_the_same_key_is_left_alone() {
    let state = "node master\ntaint master CriticalAddonsOnly NoExecute true\n";
    assert!(run(state, &["remove"]).exits(0).writes().is_empty());
    assert_eq!(run(state, &["apply"]).exits(0).writes().len(), 2);
}

#[test]
fn another_value_is_overwritten_and_said() {
    let state = SET.replace("NoSchedule true", "NoSchedule false");
    let run =
        run(&state, &["apply"]).exits(0).says("the value of CriticalAddonsOnly:NoSchedule becomes true");
    assert!(run.writes().iter().all(|call| call.contains(&"--overwrite")));
}

#[test]
fn an_unknown_node_stops_everything() {
    for command in ["apply", "remove", "status"] {
        let run = run("node worker-1\n", &[command]).exits(1).says("no node master; nothing was changed");
        assert!(run.writes().is_empty());
    }
}

#[test]
fn an_unreadable_cluster_stops_everything() {
    let context = TaintsContext { cluster: "edge".to_owned(), taints: vec![taint("master", "NoSchedule")] };
    let stage = Stage::new();
    let run = stage.run(&taints(&context).expect("the script renders"), &["apply"]).exits(2);
    assert!(run.says("cannot read the nodes").writes().is_empty());
}

#[test]
fn status_compares() {
    run(SET, &["status"]).exits(0);
    run(BARE, &["status"]).exits(1).says("is missing");
    let stray = format!("{SET}taint worker-1 CriticalAddonsOnly NoSchedule true\n");
    run(&stray, &["status"]).exits(1).says("worker-1: CriticalAddonsOnly:NoSchedule is set, but");
}

#[test]
fn a_dry_run_writes_nothing() {
    let run = run(BARE, &["apply", "--dry-run"]).exits(0).says("would: master gets");
    assert!(run.writes().is_empty());
}

#[test]
fn the_context_reaches_every_call() {
    let run = run(BARE, &["apply", "--context", "edge; true"]).exits(0);
    assert!(run.calls.iter().all(|call| call.windows(2).any(|pair| pair == ["--context", "edge; true"])));
}

#[test]
fn usage_mistakes_exit_with_2() {
    run(BARE, &[]).exits(2);
    run(BARE, &["apply", "remove"]).exits(2);
    run(BARE, &["apply", "--force"]).exits(2).says("unknown argument");
}

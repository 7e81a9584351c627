//! The application budget in the model: a node is lost while the quotas hold.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use lifeboat::lifecycle::{First, NodeId};
use lifeboat::plan::Plan;
use lifeboat::policy::Phase;
use lifeboat::prove::{Model, play};

use crate::build::compiled;

fn plan() -> Plan {
    let case = "tests/cases/build/a-budget-leaves-room-for-recovery/policy.toml";
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(case)).expect("the case");
    compiled(&BTreeMap::from([("policy.toml".to_owned(), text)])).0.expect("compiles").plan
}

/// Applications that run after the loss of the node that held most of them, before and after a fence.
fn up_after_a_loss(plan: &Plan) -> [usize; 2] {
    let model = Model::of_plan(plan).expect("a model");
    let green = play::canonical(&model).expect("settles");
    let on = |node: &NodeId| green.live().filter(|(_, pod)| pod.node == Some(*node)).count();
    let ordinary = model.node_ids().filter(|node| !model.nodes[usize::from(node.0)].server);
    let lost = ordinary.max_by_key(on).expect("a node");
    [Phase::Eviction, Phase::Fencing].map(|phase| {
        let played = play::lose(&green, &[vec![lost]], phase, &mut First).expect("settles");
        let claimed = |workload: usize| model.rows[workload].claimed;
        let up = played.run.live().filter(|(_, pod)| {
            claimed(usize::from(pod.workload.0))
                && pod.node.is_some_and(|node| node != lost)
                && !pod.terminating
        });
        up.count()
    })
}

#[test]
fn a_quota_that_the_build_enforces_does_not_hold_up_recovery() {
    let plan = plan();
    assert_eq!(plan.quotas.len(), 2);
    assert_eq!(up_after_a_loss(&plan), [3, 3], "all three applications come back without a fence");
}

#[test]
fn a_quota_of_what_is_in_use_holds_replacements_back_until_the_fence() {
    let mut plan = plan();
    for quota in &mut plan.quotas {
        let (cpu, memory) = if quota.namespace == "apps" { ("400m", "512Mi") } else { ("100m", "512Mi") };
        (quota.cpu, quota.memory) = (cpu.to_owned(), memory.to_owned());
    }
    let [before, after] = up_after_a_loss(&plan);
    assert!(before < 3, "the Terminating pods still count: {before} of 3");
    assert_eq!(after, 3);
}

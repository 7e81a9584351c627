//! Stories on small clusters: what each controller does when nodes go, and how long it takes.

use std::sync::Arc;

use lifeboat::lifecycle::{
    Act, BudgetFacts, Clocks, Data, Datastore, Facts, Fence, First, Kind, NodeFacts, NodeId, Patience, Sim,
    Storage, Story, Until, Window, WorkloadFacts, WorkloadId, WorkloadStatus,
};

use super::simple::{Needs, Simple};

const W0: WorkloadId = WorkloadId(0);
const SERVER: NodeId = NodeId(0);
const ONE: NodeId = NodeId(1);
const TWO: NodeId = NodeId(2);

fn workload(kind: Kind, replicas: u32) -> WorkloadFacts {
    let default = Patience::For(300_000);
    WorkloadFacts {
        name: "ns/w".to_owned(),
        namespace: "ns".to_owned(),
        kind,
        replicas,
        priority: 0,
        unreachable: if kind == Kind::DaemonSet { Patience::Forever } else { default },
        not_ready: default,
        out_of_service: Patience::None,
        boards_unreachable: false,
        eligible: vec![false, true, true],
        grace: 30_000,
        storage: Storage::None,
        provisioned: false,
        follows: true,
        requests: (100, 0),
        class: String::new(),
    }
}

/// A server and two agents; ordinary pods may use the agents only.
fn cluster(workloads: Vec<WorkloadFacts>) -> Sim<Simple> {
    let node = |name: &str, server| NodeFacts {
        name: name.to_owned(),
        zone: String::new(),
        excluded: false,
        server,
    };
    let needs = workloads.iter().map(|_| Needs { request: 1, nodes: vec![ONE, TWO] }).collect();
    let facts = Facts {
        clocks: Clocks { start: Window::at(1_000), ..Clocks::of_minor(34) },
        datastore: Datastore::Sqlite,
        nodes: vec![node("server", true), node("one", false), node("two", false)],
        workloads,
        budgets: Vec::new(),
        quotas: Vec::new(),
    };
    Sim::new(Arc::new(facts), Simple::new(needs, vec![0, 10, 10]))
}

fn play(sim: &mut Sim<Simple>, story: &Story) -> Vec<usize> {
    sim.run(story, &mut First, 10_000).expect("a story of a few pods ends")
}

fn rolling() -> Kind {
    Kind::RollingUpdate { surge: 1, unavailable: 0 }
}

#[test]
fn a_deployment_is_replaced_while_its_old_pod_stays_terminating() {
    let mut sim = cluster(vec![workload(rolling(), 1)]);
    play(&mut sim, &Story::green());
    assert_eq!(sim.status(W0).up, [ONE]);
    let start = sim.log.len();
    play(&mut sim, &Story::default().lose(&[ONE]));
    assert_eq!(
        sim.status(W0),
        WorkloadStatus { up: vec![TWO], stuck: vec![ONE], ..WorkloadStatus::default() }
    );
    let (ready, _) = sim.ready_again(W0, start).expect("it is ready again");
    let outage = sim.sum(ready, start);
    // Measured on a real control plane: 343.6, 344.8, 352.5, 352.9 and 362.6 seconds.
    for measured in [343_600, 352_900, 362_600] {
        assert!(outage.total.contains(measured), "{measured} in {}", outage.total);
    }
    let names: Vec<&str> = outage.parts.iter().map(|(p, _)| p.name()).collect();
    assert_eq!(names, ["detection", "taint", "toleration", "controller", "scheduling", "start"]);
    assert_eq!(outage.parts[2].1.earliest, 300_000);
}

#[test]
fn a_stateful_set_waits_for_a_fence() {
    let mut sim = cluster(vec![workload(Kind::StatefulSet { parallel: false }, 1)]);
    play(&mut sim, &Story::green().lose(&[ONE]));
    assert_eq!(sim.status(W0), WorkloadStatus { stuck: vec![ONE], ..WorkloadStatus::default() });
    let start = sim.log.len();
    play(&mut sim, &Story::default().fence(&[ONE]));
    assert_eq!(sim.status(W0), WorkloadStatus { up: vec![TWO], ..WorkloadStatus::default() });
    let (_, when) = sim.ready_again(W0, start).expect("ready");
    let total = sim.sum(sim.ready_again(W0, start).expect("ready").0, start).total;
    assert!(total.contains(13_700) && total.contains(2_400) && !total.contains(40_000), "{total} {when}");
}

#[test]
fn without_a_grace_period_a_pod_does_not_stay_on_a_dead_node() {
    let facts = WorkloadFacts { grace: 0, ..workload(Kind::StatefulSet { parallel: false }, 1) };
    let mut sim = cluster(vec![facts]);
    play(&mut sim, &Story::green().lose(&[ONE]));
    assert_eq!(sim.status(W0), WorkloadStatus { up: vec![TWO], ..WorkloadStatus::default() });
}

#[test]
fn deleting_the_node_waits_for_the_quarantine() {
    let mut sim = cluster(vec![workload(Kind::StatefulSet { parallel: false }, 1)]);
    play(&mut sim, &Story::green().lose(&[ONE]));
    let start = sim.log.len();
    play(&mut sim, &Story::default().then("deleted", [Act::Fence(ONE, Fence::DeleteNode)]));
    assert_eq!(sim.status(W0).up, [TWO]);
    let total = sim.sum(sim.ready_again(W0, start).expect("ready").0, start).total;
    assert!(total.contains(43_400) && total.earliest >= 40_000, "{total}");
}

#[test]
fn a_return_ends_the_wait_of_a_stateful_set() {
    let mut sim = cluster(vec![workload(Kind::StatefulSet { parallel: false }, 1)]);
    play(&mut sim, &Story::green().lose(&[ONE]));
    play(&mut sim, &Story::default().then("back", [Act::Return(ONE)]));
    assert_eq!(sim.status(W0).up.len(), 1);
    assert!(sim.status(W0).stuck.is_empty());
}

#[test]
fn ordinals_wait_for_each_other_unless_parallel() {
    for (parallel, running) in [(false, 1), (true, 2)] {
        let mut sim = cluster(vec![workload(Kind::StatefulSet { parallel }, 3)]);
        // Ordinals 0, 1 and 2 land on `one` first, so all three are lost with it.
        play(&mut sim, &Story::green().lose(&[ONE]));
        assert_eq!(sim.status(W0).stuck.len(), 3);
        let force = Act::Fence(ONE, Fence::ForceDelete);
        sim.act(force, sim.clock());
        // Let the objects go and two creations happen, before anything is ready.
        let mut made = 0;
        while let Some(&i) = sim.enabled().first() {
            sim.fire(i, &mut First);
            made = sim.live().filter(|(_, p)| !p.terminating && !p.ready).count().max(made);
        }
        assert!(
            if parallel { made >= running } else { made == running },
            "parallel {parallel}: {made} at once"
        );
        assert_eq!(sim.status(W0).up.len(), 3);
    }
}

#[test]
fn daemon_pods_stay_bound_and_are_never_evicted_by_unreachable() {
    let mut sim = cluster(vec![workload(Kind::DaemonSet, 0)]);
    play(&mut sim, &Story::green().lose(&[ONE]));
    assert_eq!(
        sim.status(W0),
        WorkloadStatus { up: vec![TWO], lost: vec![ONE], ..WorkloadStatus::default() }
    );
    play(&mut sim, &Story::default().fence(&[ONE]));
    assert_eq!(
        sim.status(W0),
        WorkloadStatus { up: vec![TWO], ..WorkloadStatus::default() },
        "a fence evicts it"
    );
    play(&mut sim, &Story::default().back(&[ONE]));
    assert_eq!(sim.status(W0).up, [ONE, TWO]);
}

#[test]
fn a_bare_pod_is_lost_for_good() {
    let mut sim = cluster(vec![workload(Kind::Bare, 1)]);
    play(&mut sim, &Story::green().lose(&[ONE]).fence(&[ONE]));
    assert_eq!(sim.status(W0), WorkloadStatus::default());
}

#[test]
fn both_agents_lost_are_tainted_one_interval_apart() {
    let mut sim = cluster(vec![workload(rolling(), 2)]);
    play(&mut sim, &Story::green().lose(&[ONE, TWO]));
    assert_eq!(
        sim.nodes[1].no_execute as u8 + sim.nodes[2].no_execute as u8,
        2,
        "two of three is no partial disruption"
    );
    assert_eq!(sim.status(W0).pending, 2);
}

#[test]
fn without_its_only_server_nothing_changes() {
    let mut sim = cluster(vec![workload(rolling(), 2)]);
    play(&mut sim, &Story::green());
    let before = sim.status(W0);
    play(&mut sim, &Story::default().lose(&[SERVER]).lose(&[ONE]));
    assert!(!sim.api);
    assert_eq!(sim.status(W0).pending, 0, "nobody evicts");
    assert_eq!(sim.status(W0).lost.len() + sim.status(W0).up.len(), 2);
    // The server returns: detection starts anew, then everything takes its course.
    play(&mut sim, &Story::default().then("server", [Act::Return(SERVER)]));
    assert!(sim.api);
    assert_eq!(sim.status(W0).up, [TWO, TWO], "before: {before:?}");
}

#[test]
fn a_short_reboot_evicts_nobody() {
    let mut sim = cluster(vec![workload(rolling(), 1)]);
    play(&mut sim, &Story::green().reboot(ONE, 60_000));
    assert_eq!(sim.status(W0).up, [ONE]);
    assert_eq!(sim.pods.len(), 1, "the same pod started again");
}

#[test]
fn a_restart_of_the_controllers_starts_tolerations_anew() {
    let mut sim = cluster(vec![workload(rolling(), 1)]);
    let story = Story::green()
        .until("lost", [Act::Lose(ONE)], Until::After(200_000))
        .then("restarted", [Act::RestartControllers]);
    play(&mut sim, &story);
    let evicted = sim.ready_again(W0, 10).expect("ready").1;
    assert!(evicted.earliest >= 500_000, "200 s, then 300 s again: {evicted}");
}

#[test]
fn a_drain_respects_a_budget() {
    let mut sim = cluster(vec![workload(rolling(), 2)]);
    let budget = BudgetFacts { name: "ns/b".to_owned(), guards: vec![W0], must_remain: 1 };
    Arc::make_mut(&mut sim.facts).budgets.push(budget);
    play(&mut sim, &Story::green());
    let mut lowest = 2;
    sim.act(Act::Drain(ONE), sim.clock());
    while let Some(&i) = sim.enabled().first() {
        sim.fire(i, &mut First);
        lowest = lowest.min(sim.live().filter(|(_, p)| p.ready && !p.terminating).count());
    }
    assert_eq!(lowest, 1);
    assert_eq!(sim.status(W0).up, [TWO, TWO]);
}

#[test]
fn a_budget_that_allows_nothing_blocks_a_drain() {
    let mut sim = cluster(vec![workload(rolling(), 1)]);
    let budget = BudgetFacts { name: "ns/b".to_owned(), guards: vec![W0], must_remain: 1 };
    Arc::make_mut(&mut sim.facts).budgets.push(budget);
    play(&mut sim, &Story::green().drain(ONE));
    assert_eq!(sim.status(W0).up, [ONE], "it stays until the budget changes");
}

#[test]
fn rollouts_by_kind() {
    for (kind, lowest, highest) in [
        (rolling(), 2, 3),
        (Kind::RollingUpdate { surge: 0, unavailable: 1 }, 1, 2),
        (Kind::Recreate, 0, 2),
        (Kind::StatefulSet { parallel: false }, 1, 2),
    ] {
        let mut sim = cluster(vec![workload(kind, 2)]);
        play(&mut sim, &Story::green());
        let (mut low, mut high) = (2, 2);
        sim.act(Act::Restart(W0), sim.clock());
        while let Some(&i) = sim.enabled().first() {
            sim.fire(i, &mut First);
            let running = sim.live().filter(|(_, p)| p.ready && !p.terminating).count();
            low = low.min(running);
            high = high.max(sim.live().filter(|(_, p)| !p.terminating).count());
        }
        assert_eq!((low, high), (lowest, highest), "{kind:?}");
        assert!(sim.live().all(|(_, p)| p.revision == 1), "{kind:?}");
        assert_eq!(
            sim.live().filter(|(_, p)| p.ready && !p.terminating).count(),
            2,
            "{kind:?}: as many as before"
        );
    }
}

#[test]
fn recreate_waits_for_a_pod_on_a_dead_node() {
    let mut sim = cluster(vec![workload(Kind::Recreate, 1)]);
    play(&mut sim, &Story::green().lose(&[ONE]));
    assert_eq!(sim.status(W0).up, [TWO], "a replacement of the same revision does not wait");
    play(&mut sim, &Story::default().then("rollout", [Act::Restart(W0)]));
    assert_eq!(sim.status(W0).up, [], "the new revision does");
    play(&mut sim, &Story::default().fence(&[ONE]));
    assert_eq!(sim.status(W0).up, [TWO]);
}

#[test]
fn data_of_moved_pods() {
    for (storage, lost, fenced) in [
        (Storage::Ephemeral, Data::Kept, Data::Lost),
        (Storage::Local, Data::Pinned, Data::Pinned),
        (Storage::Replicated, Data::Kept, Data::Kept),
    ] {
        let facts = WorkloadFacts { storage, ..workload(Kind::StatefulSet { parallel: false }, 1) };
        let mut sim = cluster(vec![facts]);
        play(&mut sim, &Story::green().lose(&[ONE]));
        assert_eq!(sim.data(W0, 0), lost, "{storage:?}");
        play(&mut sim, &Story::default().fence(&[ONE]));
        assert_eq!(sim.data(W0, 0), fenced, "{storage:?}");
    }
}

#[test]
fn a_power_cut_shorter_than_the_toleration_moves_nobody() {
    let mut sim = cluster(vec![workload(rolling(), 2), workload(Kind::StatefulSet { parallel: false }, 1)]);
    play(&mut sim, &Story::green());
    let before = (sim.status(W0), sim.status(WorkloadId(1)));
    play(&mut sim, &Story::default().cold_start(&[SERVER, ONE, TWO], 30_000));
    assert_eq!((sim.status(W0), sim.status(WorkloadId(1))), before);
}

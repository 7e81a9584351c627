//! Planned work, orders of losses and the way back.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use lifeboat::lifecycle::NodeId;
use lifeboat::prove::{self, Mark, Model, Options, Proof, Verdict};

/// The policy of the observed cases with other scenarios, and workloads that request so much.
fn policy(scenarios: &str, memory: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/observed/policy.toml");
    let base = fs::read_to_string(path).unwrap();
    let (head, _) = base.split_once("[scenarios.green]").unwrap();
    format!("{}\n{scenarios}", head.replace("128Mi", memory))
}

fn proof(scenarios: &str, memory: &str) -> (Model, Proof) {
    let files = BTreeMap::from([("policy.toml".to_owned(), policy(scenarios, memory))]);
    let (compilation, findings) = crate::build::compiled(&files);
    let plan = compilation.unwrap_or_else(|| panic!("{findings}")).plan;
    let model = Model::of_plan(&plan).unwrap();
    let proof = prove::prove(&model, Options { budget: 1_000, ..Options::default() });
    (model, proof)
}

fn texts(proof: &Proof) -> Vec<String> {
    proof.claims.iter().map(|c| prove::render::claim_text(&c.claim)).collect()
}

/// What the first claim ends in, if it is refuted.
fn refuted(proof: &Proof) -> Option<Vec<String>> {
    match &proof.claims[0].verdict {
        Verdict::Refuted { trace, .. } => Some(trace.end.clone()),
        _ => None,
    }
}

fn moments(proof: &Proof) -> Vec<&str> {
    proof.planned[0].moments.iter().map(|(name, _)| name.as_str()).collect()
}

fn mark(model: &Model, proof: &Proof, moment: usize, workload: &str) -> Mark {
    let at = model.rows.iter().position(|r| r.name == workload).unwrap();
    proof.planned[0].moments[moment].1[at].mark
}

#[test]
fn a_claim_about_a_drain_holds_while_the_node_is_drained() {
    let scenario = "[scenarios.work]\nevent = { kind = \"drain\", nodes = \"worker-1\" }\nexpect = { running = \"all\", lifeboat = \"none\" }";
    let (_, fits) = proof(scenario, "128Mi");
    assert_eq!(texts(&fits), ["running = all (drain worker-1)", "lifeboat = none (drain worker-1)"]);
    assert_eq!(refuted(&fits), None);
    assert_eq!(moments(&fits), ["while worker-1 is drained", "at the end"]);
    // Three workers' worth of memory: brain boards the lifeboat while its worker is drained.
    let (_, tight) = proof(scenario, "5000Mi");
    let Verdict::Refuted { trace, .. } = &tight.claims[1].verdict else { panic!("{:?}", tight.claims[1]) };
    assert!(trace.end[0].contains("brain is on the lifeboat"), "{:?}", trace.end);
}

/// Bounds follow planned work: what they prove holds in every order, at every quiet moment.
#[test]
fn claims_about_planned_work_are_proved_where_there_is_room() {
    for event in [
        "{ kind = \"drain\", nodes = \"worker-1\" }",
        "{ kind = \"upgrade\", nodes = \"worker-1 then worker-2\", lasts = \"60s\" }",
        "{ kind = \"reboot\", nodes = \"worker-2\", lasts = \"10m\" }",
        "{ kind = \"cold-start\", nodes = [\"worker-2 then master then worker-1\"], lasts = \"30s\" }",
        "{ kind = \"rolling-update\", pods = [\"shop\", \"brain\"] }",
    ] {
        let scenario =
            format!("[scenarios.work]\nlose = \"none\"\nevent = {event}\nexpect = {{ running = \"all\" }}");
        let (_, proof) = proof(&scenario, "128Mi");
        assert!(proof.claims[0].verdict.is_proved(), "{event}: {}", proof.claims[0].verdict);
        // With more than the cluster has, no order keeps it, and it is not said to be proved.
        let (_, tight) = self::proof(&scenario, "9000Mi");
        assert!(!tight.claims[0].verdict.is_proved(), "{event}: {}", tight.claims[0].verdict);
    }
}

#[test]
fn a_breach_names_its_moment() {
    // The application waits while the one worker that is left is full, and runs again at the end.
    let scenario = "[scenarios.work]\nlose = \"worker-2\"\nevent = { kind = \"drain\", nodes = \"worker-1\" }\nexpect = { running = [\"application\"] }";
    let (_, proof) = proof(scenario, "128Mi");
    assert_eq!(refuted(&proof).unwrap(), ["shop is Pending, while worker-1 is drained"]);
}

#[test]
fn an_upgrade_goes_node_by_node() {
    let scenario = "[scenarios.work]\nlose = \"none\"\nevent = { kind = \"upgrade\", nodes = \"worker-1 then worker-2\", lasts = \"60s\" }\nexpect = { running = \"all\" }";
    let (model, proof) = proof(scenario, "128Mi");
    assert_eq!(
        moments(&proof),
        [
            "while worker-1 is drained",
            "after worker-1 is uncordoned",
            "while worker-2 is drained",
            "at the end"
        ]
    );
    assert_eq!(texts(&proof), ["running = all (upgrade worker-1, worker-2, 60 s each)"]);
    assert_eq!(refuted(&proof), None);
    assert_eq!(mark(&model, &proof, 3, "shop"), Mark::Running);
}

#[test]
fn a_short_reboot_moves_nobody_and_a_long_one_evicts() {
    let scenario = |lasts: &str| {
        format!(
            "[scenarios.work]\nlose = \"none\"\nevent = {{ kind = \"reboot\", nodes = \"worker-1 then worker-2\", lasts = \"{lasts}\" }}\nexpect = {{ running = \"all\", evicted = \"none\" }}"
        )
    };
    let seen = |lasts: &str| {
        let (_, proof) = proof(&scenario(lasts), "128Mi");
        assert_eq!(moments(&proof), ["after worker-1 rebooted", "at the end"]);
        let longest = proof.planned[0].moments[1].1.iter().filter_map(|c| c.away.from_loss.as_ref());
        longest.filter_map(|o| o.total.latest).max().unwrap_or(0)
    };
    assert!(seen("60s") < 300_000, "a reboot of a minute: nobody waits for an eviction");
    assert!(seen("30m") > 300_000, "a reboot of half an hour: Deployments are evicted and replaced");
}

#[test]
fn a_rolling_update_is_claimed_even_without_nodes() {
    let scenario = "[scenarios.work]\nlose = \"worker-1\"\nevent = { kind = \"rolling-update\", pods = [\"shop\", \"brain\"] }\nexpect = { running = \"all\" }";
    let (_, fits) = proof(scenario, "128Mi");
    assert_eq!(texts(&fits), ["running = all (roll shop, brain)"]);
    assert_eq!(refuted(&fits), None);
    assert_eq!(fits.planned[0].lost, [[NodeId(1)]]);
    // With one worker gone and the other full, the surge pod of the application finds no room.
    let (_, tight) = proof(scenario, "5000Mi");
    assert!(refuted(&tight).is_some());
}

#[test]
fn after_a_cold_start_everything_runs_whoever_comes_first() {
    let scenario = "[scenarios.work]\nlose = \"none\"\nevent = { kind = \"cold-start\", nodes = [\"worker-2 then master then worker-1\"], lasts = \"30s\" }\nexpect = { running = \"all\" }";
    let (model, proof) = proof(scenario, "128Mi");
    assert_eq!(texts(&proof), ["running = all (cold start: worker-2 then master then worker-1, 30 s apart)"]);
    assert_eq!(refuted(&proof), None);
    assert_eq!(moments(&proof), ["at the end"]);
    assert_eq!(mark(&model, &proof, 0, "brain"), Mark::Running);
}

const RED: &str = "[scenarios.green]\nlose = \"none\"\nexpect = { running = \"all\", lifeboat = \"none\" }\n[scenarios.yellow]\nlose = \"each agent\"\nexpect = { running = \"all\", lifeboat = \"none\" }\n[scenarios.blind]\nlose = \"server\"\nexpect = { running = \"all\" }\nafter = \"eviction\"";

#[test]
fn after_red_the_lifeboat_is_left_by_a_rollout_only() {
    let (model, proof) = proof(RED, "128Mi");
    let both = [NodeId(1), NodeId(2)];
    let back = proof.comebacks.iter().find(|c| c.lost == both).unwrap();
    let brain = model.rows.iter().find(|r| r.name == "brain").unwrap().id;
    assert_eq!(back.astray, [brain]);
    assert_eq!(back.rollouts, [brain]);
    assert!(back.green);
    let next: Vec<(u16, usize)> = back.next.iter().map(|n| (n.node.0, n.breaks.len())).collect();
    // Brain dies with the server, and the lifeboat is not empty when a worker is lost.
    assert_eq!(next, [(0, 1), (1, 1), (2, 1)], "{:?}", back.next);
    assert_eq!(back.next[1].breaks, ["yellow: lifeboat = none"]);
    let one = proof.comebacks.iter().find(|c| c.lost == [NodeId(1)]).unwrap();
    assert!(one.astray.is_empty() && one.rollouts.is_empty() && one.green);
    let text = prove::render::human(&proof, Default::default());
    assert!(text.contains("stays off its place: brain"), "{text}");
    // The way back is looked at in other orders too, where that is asked for.
    assert!(proof.comebacks.iter().all(|c| c.tried == 0 && c.otherwise.is_empty()));
    let varied = prove::prove(&model, Options { budget: 1_000, vary: 6, ..Options::default() });
    assert!(varied.comebacks.iter().all(|c| c.tried == 6), "{:?}", varied.comebacks);
    let text = prove::render::human(&varied, Default::default());
    assert!(text.contains("sampled 7 orders: green again in 7, next loss survived in: "), "{text}");
}

#[test]
fn orders_are_held_against_the_loss_at_once() {
    let (model, proof) = proof(RED, "128Mi");
    // Three pairs in two orders, and the three nodes in six.
    assert_eq!(proof.orders.len(), 12);
    let order = |nodes: &[u16]| {
        let nodes: Vec<NodeId> = nodes.iter().map(|n| NodeId(*n)).collect();
        proof.orders.iter().find(|o| o.lost == nodes).unwrap()
    };
    assert!(order(&[1, 2]).differs.is_empty() && order(&[2, 1]).differs.is_empty());
    // Once the server is gone nothing moves; before, the pods of the worker did.
    assert!(order(&[0, 1]).differs.is_empty());
    let home = proof.columns[0].phases[0].1[0].on[0];
    assert!(!order(&[home.0, 0]).differs.is_empty());
    let ways = prove::orders::compare(&model, &[vec![home], vec![NodeId(0)]]).unwrap();
    assert_eq!(ways.len(), 2);
    assert!(ways.iter().all(|way| !way.otherwise.is_empty()), "{ways:?}");
    assert_eq!(prove::orders::compare(&model, &[vec![home]]), None);
}

#[test]
fn the_command_tells_planned_work() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("policy.toml"), policy(RED, "128Mi")).unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
        let output = command.current_dir(folder.path()).arg("prove").args(args).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    for (args, says) in [
        (&["--drain", "worker-1"][..], "worker-1: drained"),
        (&["--reboot", "worker-1", "--lasts", "90s"], "worker-1: comes back"),
        (&["--upgrade"], "worker-2: uncordoned"),
        (&["--cold-start", "worker-2,worker-1,master", "--lasts", "30s"], "worker-2: comes back"),
        (&["--lose", "worker-1", "--roll", "brain"], "brain: rolled"),
        (&["--lose", "worker-1 then master"], "master, worker-1 at once"),
    ] {
        let (code, out, errors) = run(args);
        assert_eq!(code, Some(0), "{args:?}: {errors}");
        assert!(out.contains(says), "{args:?}:\n{out}");
    }
    for (args, says) in [
        (&["--drain", "worker-9"][..], "there is no node `worker-9`"),
        (&["--roll", "nobody"], "there is no service, component, tier or workload `nobody`"),
        (&["--reboot", "worker-1", "--lasts", "soon"], "`soon` is no duration"),
        (&["--drain", "worker-1", "--reboot", "worker-1"], "cannot be used with"),
    ] {
        let (code, _, errors) = run(args);
        assert_eq!(code, Some(2), "{args:?}");
        assert!(errors.contains(says), "{args:?}: {errors}");
    }
}

#[test]
fn explain_tells_why_a_pod_is_where_it_is_after_a_loss() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("policy.toml"), policy(RED, "128Mi")).unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lifeboat"));
        let output = command.current_dir(folder.path()).arg("explain").args(args).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, out, errors) = run(&["shop", "--lose", "worker-1,worker-2"]);
    assert_eq!(code, Some(0), "{errors}");
    assert!(out.starts_with("shop, when worker-1, worker-2 is lost\n"), "{out}");
    assert!(out.contains("shop is Pending"), "{out}");
    assert!(out.contains("master never takes it: TaintToleration"), "{out}");
    let (code, out, _) = run(&["critical", "--lose", "worker-1 then worker-2"]);
    assert!(code == Some(0) && out.contains("brain runs on master"), "{out}");
    assert_eq!(run(&["nobody", "--lose", "worker-1"]).0, Some(2));
    assert_eq!(run(&["shop", "--lose", "worker-9"]).0, Some(2));
}

//! The proof: bounds, verdicts and tables over recorded clusters.

mod cli;
mod comeback;
mod dynamics;
mod exploration;
mod nominations;
mod odd;
mod random;
mod remedies;
mod shown;
mod soundness;
mod traps;

use lifeboat::lifecycle::replay::{Objects, Recording};
use lifeboat::lifecycle::{Datastore, NodeId, WorkloadId};
use lifeboat::policy::Phase;
use lifeboat::prove::{self, Claim, How, Model, Options, Says, Verdict};
use serde_json::json;

/// The objects of a variant. Of three only the outcome was recorded: they differ from a recorded one as the harness
/// made them differ.
fn objects(variant: &str) -> Objects {
    let recorded = match variant {
        "E-deploy" => "E",
        "F-pdb-many" => "F-pdb-grace0",
        "F-busy-grace0" => "F-grace0",
        other => other,
    };
    let path = format!("{}/tests/data/replay/objects.{recorded}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("recorded");
    let mut objects: Objects = serde_json::from_str(&text).expect("objects");
    for item in &mut objects.items {
        let is = |name: &str| item["metadata"]["name"] == name;
        match variant {
            // Argo CD's `controller.dynamicClusterDistribution`.
            "E-deploy" if is("argocd-application-controller") => {
                item["kind"] = "Deployment".into();
                item["spec"].as_object_mut().expect("a spec").remove("serviceName");
            }
            "F-pdb-many" if is("lifeboat-lock") => {
                item["spec"]["replicas"] = 8.into();
                item["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 30.into();
            }
            "F-busy-grace0" if item["metadata"]["namespace"] == "apps" => {
                item["spec"]["replicas"] = (item["spec"]["replicas"].as_u64().expect("a number") * 2).into();
            }
            _ => {}
        }
    }
    if variant == "F-pdb-many" {
        objects.other.push(json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": {"name": "lifeboat-lock", "namespace": "platform-infrastructure"},
            "spec": {"maxUnavailable": 0, "selector": {"matchLabels": {"app.kubernetes.io/name": "lifeboat-lock"}}}}));
    }
    objects
}

/// A recorded variant on a master and two workers, with claims of its own.
fn recorded(variant: &str) -> Model {
    let objects = objects(variant);
    let roomy = variant.contains("roomy");
    let memory = if variant.starts_with(['E', 'F']) {
        "7900Mi"
    } else if roomy {
        "16Gi"
    } else {
        "8Gi"
    };
    let node = |name: &str| json!({"name": name, "master": name == "master", "cpu": if roomy { "8" } else { "4" }, "memory": memory});
    let recording = json!({"kubernetes": "v1.34.4", "scenario": "green", "variant": variant, "profile": "default",
        "nodes": [node("master"), node("worker-1"), node("worker-2")], "runs": []});
    let recording: Recording = serde_json::from_value(recording).expect("a recording");
    let stage = recording.stage(&objects).expect("a stage");
    Model::bare(stage.cluster, &["master".to_owned()], stage.facts.clocks, Datastore::Etcd)
        .expect("three nodes")
}

const CRITICAL: &[&str] = &[
    "argocd-application-controller",
    "argocd-applicationset-controller",
    "argocd-dex-server",
    "argocd-notifications-controller",
    "argocd-redis",
    "argocd-repo-server",
    "argocd-server",
    "prometheus",
];
const IMPORTANT: &[&str] = &["loki", "loki-gateway", "alertmanager", "argo-events-controller-manager"];

fn find(model: &Model, names: &[&str]) -> Vec<WorkloadId> {
    let ends = |row: &prove::Row, name: &str| {
        row.name.rsplit('/').next().is_some_and(|n| n == name || n.ends_with(name))
    };
    names
        .iter()
        .map(|n| {
            model
                .rows
                .iter()
                .find(|r| ends(r, n))
                .unwrap_or_else(|| {
                    panic!("{n} in {:?}", model.rows.iter().map(|r| &r.name).collect::<Vec<_>>())
                })
                .id
        })
        .collect()
}

pub(crate) fn claim(
    scenario: &str,
    says: Says,
    who: Vec<WorkloadId>,
    losses: Vec<Vec<Vec<NodeId>>>,
) -> Claim {
    Claim {
        scenario: scenario.to_owned(),
        none: who.is_empty(),
        of: String::new(),
        says,
        who,
        losses,
        event: None,
        phase: Phase::Fencing,
        within: None,
        span: None,
    }
}

/// The strategy's table as claims.
fn with_rows(variant: &str) -> Model {
    let mut model = recorded(variant);
    let (critical, important) = (find(&model, CRITICAL), find(&model, IMPORTANT));
    let (one, two) = (NodeId(1), NodeId(2));
    let yellow = vec![vec![vec![one]], vec![vec![two]]];
    let red = vec![vec![vec![one, two]], vec![vec![one], vec![two]], vec![vec![two], vec![one]]];
    let both: Vec<WorkloadId> = critical.iter().chain(&important).copied().collect();
    model.claims = vec![
        claim("green", Says::Running, both.clone(), vec![vec![]]),
        claim("green", Says::Lifeboat, vec![], vec![vec![]]),
        claim(
            "green",
            Says::Apart("metrics-logs".into()),
            find(&model, &["prometheus", "loki"]),
            vec![vec![]],
        ),
        claim("yellow", Says::Running, both, yellow.clone()),
        claim("yellow", Says::Lifeboat, vec![], yellow),
        claim("red", Says::Running, critical.clone(), red.clone()),
        claim("red", Says::Lifeboat, critical, red.clone()),
        claim("red", Says::Pending, important, red),
    ];
    model
}

/// Verdicts in short: `p`roved, `R`efuted in every run, `r`efuted in some, `s`ampled.
fn verdicts(variant: &str) -> String {
    let model = with_rows(variant);
    let options = Options { budget: 1500, table: false, minimise: false, vary: 0 };
    let proof = prove::prove(&model, options);
    let letter = |verdict: &Verdict| match verdict {
        Verdict::Proved(_) => 'p',
        Verdict::Sampled { .. } => 's',
        Verdict::Refuted { how: How::Some { failed, runs }, .. } if failed < runs => 'r',
        Verdict::Refuted { .. } => 'R',
    };
    proof.claims.iter().map(|c| letter(&c.verdict)).collect()
}

/// What was kept in every recorded run is not refuted, what failed in every one is, and nothing that failed
/// once is proved. Claims in the order of `with_rows`.
#[test]
fn recorded_variants_come_out_as_on_the_real_control_plane() {
    let green_empty = |v: &str| verdicts(v).chars().nth(1).unwrap();
    assert_eq!(green_empty("A"), 'R', "19 of 19 runs put critical pods on the master");
    assert_ne!(green_empty("B"), 'p', "4 of 32 runs did");
    assert_eq!(green_empty("D"), 'p', "0 of 50 runs did");
    let d = verdicts("D");
    assert!(
        d.chars().nth(4).is_some_and(|c| "rR".contains(c)),
        "yellow: Prometheus boards beside a full worker: {d}"
    );
    let f = verdicts("F-mutual");
    assert_eq!(f.chars().nth(3), Some('p'), "yellow runs: {f}");
    assert!(f.chars().skip(5).all(|c| c == 'p'), "red kept every row: {f}");
    assert!(!f.contains(['r', 'R']), "F-mutual kept every row: {f}");
    let lockonly = verdicts("E-lockonly");
    assert_ne!(lockonly.chars().nth(5), Some('p'), "the preemptor is not woken: {lockonly}");
}

/// Runs `lifeboat prove --format json` in the root of the repository.
fn proved(policy: &str) -> (Option<i32>, serde_json::Value) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_lifeboat"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["prove", policy, "--format", "json"])
        .output()
        .expect("the binary runs");
    (output.status.code(), serde_json::from_slice(&output.stdout).expect("JSON"))
}

#[test]
fn the_shipped_policy_keeps_every_row() {
    let (code, proof) = proved("policy.toml");
    let claims = proof["claims"].as_array().expect("claims");
    assert!(claims.len() >= 10 && claims.iter().all(|c| c["verdict"] == "proved"), "{claims:#?}");
    assert_eq!(code, Some(0));
}

#[test]
fn the_strategy_as_written_does_not() {
    let (code, proof) = proved("examples/strategy-as-written.toml");
    let claims = proof["claims"].as_array().expect("claims");
    let verdict = |scenario: &str, key: &str| {
        let found = claims
            .iter()
            .find(|c| c["scenario"] == scenario && c["claim"].as_str().is_some_and(|t| t.starts_with(key)));
        found.map_or("", |c| c["verdict"].as_str().unwrap_or(""))
    };
    assert_eq!(verdict("green", "lifeboat"), "refuted", "a toleration attracts pods to the emptiest node");
    assert_eq!(verdict("yellow", "running"), "refuted", "StatefulSets hang on the dead node");
    assert_eq!(verdict("red", "lifeboat"), "refuted", "Prometheus hangs too");
    assert_eq!(verdict("red", "pending"), "refuted", "Loki is Terminating, not Pending");
    assert_eq!(code, Some(1));
}

//! What Kubernetes does where a policy's reader expects something else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use lifeboat::diag::{Diagnostic, codes};
use lifeboat::observed;
use lifeboat::plan::Plan;
use lifeboat::prove::{self, Model, Options};
use lifeboat::verify::Input;
use lifeboat::yaml::Budget;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The policy of the observed cases, edited.
fn small(edit: impl Fn(String) -> String) -> Plan {
    let text = fs::read_to_string(root().join("tests/cases/observed/policy.toml")).unwrap();
    plan(BTreeMap::from([("policy.toml".to_owned(), edit(text))]))
}

/// The shipped policy, edited.
fn shipped(edit: impl Fn(String) -> String) -> Plan {
    let read = |name: &str| fs::read_to_string(root().join(name)).unwrap();
    plan(BTreeMap::from([
        ("policy.toml".to_owned(), edit(read("policy.toml"))),
        ("values/loki.yaml".to_owned(), read("values/loki.yaml")),
    ]))
}

fn plan(files: BTreeMap<String, String>) -> Plan {
    let (compilation, findings) = crate::build::compiled(&files);
    compilation.unwrap_or_else(|| panic!("{findings}")).plan
}

fn found(plan: &Plan) -> Vec<Diagnostic> {
    of(&Model::of_plan(plan).unwrap(), plan)
}

fn of(model: &Model, plan: &Plan) -> Vec<Diagnostic> {
    let proof = prove::prove(model, Options { budget: 200, minimise: false, ..Options::default() });
    prove::promises::of(model, &proof, plan)
}

fn message(findings: &[Diagnostic], code: &str) -> String {
    let found = findings.iter().find(|f| f.code.name() == code);
    found.unwrap_or_else(|| panic!("no {code} in {findings:#?}")).message.clone()
}

fn has(findings: &[Diagnostic], code: &str) -> bool {
    findings.iter().any(|f| f.code.name() == code)
}

#[test]
fn the_shipped_policy_is_told_what_it_has_to_live_with() {
    let findings = found(&shipped(|text| text));
    let codes: BTreeSet<&str> = findings.iter().map(|f| f.code.name()).collect();
    let expected = [
        "alarm-unheard",
        "evictions-one-by-one",
        "helm-jobs-ashore",
        "images-not-there",
        "long-grace",
        "names-away",
        "passengers",
        "waits-for-fence",
    ];
    assert_eq!(codes, BTreeSet::from(expected), "{findings:#?}");
    assert!(message(&findings, "waits-for-fence").contains("loki/single-binary"));
    assert!(message(&findings, "passengers").contains("kube-system/coredns"));
}

#[test]
fn three_of_four_lost_stop_evictions() {
    let findings = found(&small(|text| {
        text.replace("[lifeboat]", "[nodes.worker-3]\nlike = \"worker-1\"\n\n[lifeboat]")
    }));
    let message = message(&findings, "evictions-stop");
    assert!(message.contains("3 of 4 nodes, evictions stop after 1"), "{message}");
    assert!(!has(&found(&small(|text| text)), "evictions-stop"), "two of three do not stop them");
}

#[test]
fn the_loss_of_every_node_wants_a_claim() {
    let findings = found(&small(|text| text));
    let names: Vec<&str> = findings
        .iter()
        .filter(|f| f.code.name() == "loss-without-claim")
        .map(|f| f.message.as_str())
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names[0].contains("master") && names[0].contains("control plane is gone"), "{names:?}");
    let claimed = "\n[scenarios.one]\nlose = \"each node\"\nexpect = { evicted = \"none\" }";
    assert!(!has(&found(&small(|text| text + claimed)), "loss-without-claim"));
}

#[test]
fn a_local_volume_pins_and_nobody_fences() {
    let findings = found(&small(|text| {
        text.replace(
            "[workloads.shop]",
            "[workloads.db]\nnamespace = \"apps\"\nkind = \"StatefulSet\"\nstorage = \"local\"\ntier = \"critical\"\nrequests = { cpu = \"100m\", memory = \"128Mi\" }\n\n[recovery]\nfencing = \"none\"\n\n[workloads.shop]",
        )
    }));
    assert!(message(&findings, "pinned-data").starts_with("db: a volume ties it to its node"));
    assert!(message(&findings, "waits-for-fence").contains("because nobody fences: db"));
}

#[test]
fn a_budget_that_lets_nobody_go_opens_the_lifeboat() {
    let with = |budget: &str| {
        let budget = budget.to_owned();
        small(move |text| {
            text.replace(
                "[\"twin-taint\", \"node-affinity\"]",
                "[\"twin-taint\", \"node-affinity\", \"lock\"]",
            )
            .replace("[workloads.shop]", &format!("[workloads.shop]\n{budget}"))
        })
    };
    assert!(message(&found(&with("max-unavailable = 0")), "budget-before-lock").contains("shop"));
    assert!(!has(&found(&with("max-unavailable = 1")), "budget-before-lock"));
}

#[test]
fn what_runs_without_what_it_needs_is_told() {
    let plan = shipped(|text| text.replace("redis = { requests", "redis = { tier = \"important\", requests"));
    let message = message(&found(&plan), "need-is-down");
    assert!(message.starts_with("after the loss of worker-1, worker-2, "), "{message}");
    assert!(message.contains("run without argocd/redis"), "{message}");
}

#[test]
fn a_dump_tells_of_labels_and_grace_periods() {
    let plan = small(|text| text);
    let node = |name: &str, labels: &str| {
        format!(
            "apiVersion: v1\nkind: Node\nmetadata: {{ name: {name}, labels: {{ kubernetes.io/hostname: {name}{labels} }} }}\nstatus: {{ allocatable: {{ cpu: \"4\", memory: 8Gi, pods: \"110\" }} }}\n---\n"
        )
    };
    let text = node(
        "master",
        ", node-role.kubernetes.io/control-plane: \"true\", node.kubernetes.io/exclude-disruption: \"\"",
    ) + &node("worker-1", "")
        + "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: shop, namespace: apps }\nspec: { template: { metadata: { labels: { app: shop } }, spec: { terminationGracePeriodSeconds: 600, containers: [{ name: c }] } } }\n";
    let stream: Box<dyn std::io::BufRead + Send> = Box::new(std::io::Cursor::new(text.into_bytes()));
    let input = Input { name: "dump.yaml".to_owned(), stream: Ok(stream) };
    let observed = observed::observe(&plan, [input], &Budget::default());
    assert!(!observed.broken, "{:?}", observed.findings);
    let findings = of(&Model::of_observed(&plan.policy, &observed).unwrap(), &plan);
    assert_eq!(message(&findings, "long-grace"), "shop may take 600 s to stop");
    assert!(message(&findings, "node-excluded").starts_with("master"));
}

#[test]
fn each_code_appears_here() {
    let text = fs::read_to_string(root().join("tests/it/promises.rs")).unwrap();
    let missing: Vec<_> =
        codes::survival::ALL.iter().filter(|c| !text.contains(&format!("\"{}\"", c.name()))).collect();
    assert!(missing.is_empty(), "no test shows {missing:?}");
}

//! A new user's first minute in an empty folder: each step says what to do next, and what it says works.

use std::path::Path;
use std::process::Command;

/// Runs a command line as it was printed; its exit code and all that it says.
fn run(folder: &Path, line: &str) -> (i32, String) {
    let words = shlex::split(line).expect("words");
    assert_eq!(words[0], "lifeboat", "{line}");
    let run = Command::new(env!("CARGO_BIN_EXE_lifeboat"))
        .args(&words[1..])
        .current_dir(folder)
        .output()
        .expect("runs");
    let all = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    (run.status.code().unwrap_or(-1), all)
}

/// The command that the last `next:` names in backticks.
fn next(said: &str) -> String {
    let line = said
        .lines()
        .rev()
        .find(|l| l.starts_with("next: "))
        .unwrap_or_else(|| panic!("no next step in:\n{said}"));
    line.split('`').nth(1).unwrap_or_else(|| panic!("no command in: {line}")).to_owned()
}

#[test]
fn from_an_empty_folder_each_step_names_the_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    // What somebody types who has read nothing.
    let (code, said) = run(at, "lifeboat build");
    assert_eq!(code, 2);
    assert!(said.contains("lifeboat init"), "{said}");
    let (code, said) = run(at, "lifeboat init");
    assert_eq!(code, 0, "{said}");
    let (code, said) = run(at, &next(&said));
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("claims: "), "{said}");
    let (code, said) = run(at, &next(&said));
    assert_eq!(code, 0, "{said}");
    assert!(at.join("report.html").is_file(), "{said}");
    let (code, said) = run(at, "lifeboat check");
    assert_eq!(code, 0, "{said}");
    let (code, said) = run(at, "lifeboat init");
    assert_eq!(code, 2);
    assert!(said.contains("overwrites nothing"), "{said}");
}

#[test]
fn a_named_folder_works_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let (code, said) = run(at, "lifeboat init sites/plant-7");
    assert_eq!(code, 0, "{said}");
    let (code, said) = run(at, &next(&said));
    assert_eq!(code, 0, "{said}");
    let (code, said) = run(at, &next(&said));
    assert_eq!(code, 0, "{said}");
}

const DUMP: &str = r#"
apiVersion: v1
kind: List
items:
  - kind: Node
    metadata: {name: master, labels: {node-role.kubernetes.io/control-plane: "true"}}
    status:
      nodeInfo: {kubeletVersion: v1.34.2+k3s1}
      capacity: {cpu: "4", memory: 8089268Ki}
      allocatable: {cpu: 3500m, memory: 7040692Ki}
  - kind: Node
    metadata: {name: worker-1, labels: {}}
    status: {capacity: {cpu: "4", memory: 8089268Ki}, allocatable: {cpu: "4", memory: 8089268Ki}}
  - kind: PriorityClass
    metadata: {name: platform-critical}
    value: 900000
  - kind: Deployment
    metadata: {name: shop, namespace: apps, labels: {helm.sh/chart: shop-1.2.3, app.kubernetes.io/instance: shop}}
    spec:
      replicas: 2
      template:
        spec:
          priorityClassName: platform-critical
          containers:
            - {name: a, resources: {requests: {cpu: 100m, memory: 64Mi}}}
            - {name: b, resources: {requests: {cpu: 50m, memory: 64Mi}}}
  - kind: StatefulSet
    metadata: {name: db, namespace: apps}
    spec:
      replicas: 1
      volumeClaimTemplates: [{metadata: {name: data}}]
      template: {spec: {containers: [{name: a, resources: {requests: {cpu: 100m, memory: 64Mi}}}]}}
"#;

#[test]
fn a_dump_becomes_a_policy_that_compiles() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    std::fs::write(at.join("dump.yaml"), DUMP).expect("written");
    let (code, said) = run(at, "lifeboat init --from-cluster dump.yaml");
    assert_eq!(code, 0, "{said}");
    let policy = std::fs::read_to_string(at.join("policy.toml")).expect("text");
    for wanted in [
        "kubernetes = \"1.34\"",
        "reserve = { cpu = \"500m\", memory = \"946176Ki\" }",
        "[tiers.platform-critical]\npriority = 900000\nexisting-class = \"platform-critical\"\nlifeboat = true",
        "requests = { cpu = \"150m\", memory = \"131072Ki\" }",
        "tier = \"platform-critical\"",
        "#   shop: shop-1.2.3 in apps",
        "storage = \"local\"",
    ] {
        assert!(policy.contains(wanted), "no `{wanted}` in:\n{policy}");
    }
    let (code, said) = run(at, &next(&said));
    assert_eq!(code, 0, "{said}\n{policy}");
    let (code, said) = run(at, "lifeboat init --from-cluster nowhere.yaml other");
    assert_eq!(code, 2, "{said}");
}

#[test]
fn a_dump_without_a_node_is_refused() {
    for text in ["", "kind: Deployment\n", "a: [", "kind: Node\nitems: []\n"] {
        assert!(lifeboat::propose::policy(text).is_err(), "{text:?}");
    }
}

//! `init --from-cluster`: what it proposes builds as it is, and can be proved.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{read, root};

fn lifeboat(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_lifeboat"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (run.status.code(), text(run.stdout), text(run.stderr))
}

/// The policy that a dump proposes, after it was built, checked and proved as it is.
#[track_caller]
fn proposed(dump: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    fs::write(at.join("dump.yaml"), dump).expect("written");
    let (code, _, said) = lifeboat(at, &["init", "--from-cluster", "dump.yaml"]);
    assert_eq!(code, Some(0), "{said}");
    let policy = fs::read_to_string(at.join("policy.toml")).expect("text");
    let (code, out, said) = lifeboat(at, &["build"]);
    assert_eq!(code, Some(0), "{said}\n{policy}");
    assert!(out.contains("claims: "), "the prover cannot take it: {said}\n{policy}");
    // A claim may be refuted: that is what a proof is for. Broken input would be 2.
    let (code, out, said) = lifeboat(at, &["prove"]);
    assert!(matches!(code, Some(0 | 1)) && out.contains("| lost") || out.contains("green"), "{out}{said}");
    let (again, _, _) = lifeboat(at, &["check"]);
    assert_eq!(again, code, "check and prove differ");
    policy
}

#[track_caller]
fn has(policy: &str, wanted: &[&str]) {
    for text in wanted {
        assert!(policy.contains(text), "no `{text}` in:\n{policy}");
    }
}

/// A table of the policy, to the next one.
fn table<'p>(policy: &'p str, header: &str) -> &'p str {
    let start =
        policy.find(&format!("[{header}]\n")).unwrap_or_else(|| panic!("no [{header}] in:\n{policy}"));
    policy[start..].split("\n\n").next().expect("a table")
}

const NODES: &str = r#"
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
    metadata: {name: worker-1, labels: {topology.kubernetes.io/zone: hall-a, example.com/disk: nvme}}
    spec: {taints: [{key: example.com/gpu, value: "yes", effect: PreferNoSchedule}]}
    status: {capacity: {cpu: "4", memory: 8089268Ki}, allocatable: {cpu: "4", memory: 8089268Ki}}
"#;

const APPLICATIONS: &str = r#"
---
kind: List
items:
  - kind: PriorityClass
    metadata: {name: platform-critical}
    value: 900000
  - kind: PriorityClass
    metadata: {name: everybody.else}
    globalDefault: true
    value: 10
  - kind: PriorityClass
    metadata: {name: spare}
    value: 5000
  - kind: PriorityClass
    metadata: {name: system-cluster-critical}
    value: 2000000000
  - kind: Deployment
    metadata: {name: shop, namespace: apps, labels: {helm.sh/chart: shop-1.2.3, app.kubernetes.io/instance: shop}}
    spec:
      replicas: 2
      template:
        spec:
          priorityClassName: platform-critical
          nodeSelector: {example.com/disk: nvme}
          tolerations: [{key: example.com/gpu, operator: Exists, effect: NoSchedule}]
          containers:
            - {name: a, resources: {requests: {cpu: 100m, memory: 64Mi}}}
            - {name: b, resources: {requests: {cpu: 50m, memory: 64Mi}}}
  - kind: Deployment
    metadata: {name: shop, namespace: tests}
    spec: {template: {spec: {containers: [{name: a, resources: {requests: {cpu: 1, memory: 64Mi}}}]}}}
  - kind: StatefulSet
    metadata: {name: db, namespace: apps}
    spec:
      replicas: 1
      volumeClaimTemplates: [{metadata: {name: data}}]
      template: {spec: {containers: [{name: a, resources: {requests: {cpu: 100m, memory: 64Mi}}}]}}
  - kind: Deployment
    metadata: {name: coredns, namespace: kube-system}
    spec: {template: {spec: {containers: [{name: coredns}]}}}
  - kind: DaemonSet
    metadata: {name: svclb-traefik-1a2b3c4d, namespace: kube-system}
    spec: {template: {spec: {containers: [{name: lb}]}}}
  - kind: Deployment
    metadata: {name: sealed-secrets, namespace: kube-system}
    spec: {template: {spec: {containers: [{name: a, resources: {requests: {cpu: 10m}}}]}}}
"#;

#[test]
fn workloads_classes_and_nodes_are_taken_as_they_are() {
    let policy = proposed(&format!("{NODES}{APPLICATIONS}"));
    has(
        &policy,
        &[
            "kubernetes = \"1.34\"",
            "reserve = { cpu = \"500m\", memory = \"946176Ki\" }",
            "zone = \"hall-a\"",
            "labels = { \"example.com/disk\" = \"nvme\" }",
            "taints = [\"example.com/gpu=yes:PreferNoSchedule\"]",
            "[tiers.platform-critical]\npriority = 900000\nexisting-class = \"platform-critical\"\nlifeboat = true",
            "[tiers.everybody-else]\npriority = 10\nexisting-class = \"everybody.else\"\ndefault = true",
            "spare (5000)",
            "#   shop: shop-1.2.3 in apps",
            "disable = [\"local-storage\", \"metrics-server\"]",
        ],
    );
    let shop = table(&policy, "workloads.shop");
    for wanted in [
        "requests = { cpu = \"150m\", memory = \"131072Ki\" }",
        "tier = \"platform-critical\"",
        "replicas = 2",
        "node-selector = { \"example.com/disk\" = \"nvme\" }",
        "tolerations = [\"example.com/gpu:NoSchedule\"]",
    ] {
        assert!(shop.contains(wanted), "no {wanted} in {shop}");
    }
    assert!(table(&policy, "workloads.tests-shop").contains("cpu = \"1000m\""));
    assert!(table(&policy, "workloads.db").contains("storage = \"local\""));
    assert!(table(&policy, "workloads.sealed-secrets").contains("namespace = \"kube-system\""));
    for packaged in ["coredns", "svclb", "system-cluster-critical"] {
        assert!(!policy.contains(packaged), "{packaged} in {policy}");
    }
}

/// Recorded renders of three charts, the strategy's snippets in their values.
#[test]
fn releases_of_known_charts_become_services() {
    let policy = proposed(&format!("{}\n---\n{NODES}", read("tests/cases/strategy/rendered.yaml")));
    for (name, chart, version, namespace) in [
        ("argocd", "argo-cd", "10.1.1", "platform-infrastructure"),
        ("prometheus", "kube-prometheus-stack", "88.5.3", "platform-observability"),
        ("loki", "loki", "18.11.0", "platform-observability"),
    ] {
        let service = table(&policy, &format!("services.{name}"));
        for wanted in [
            format!("chart = \"{chart}\""),
            format!("version = \"{version}\""),
            format!("namespace = \"{namespace}\""),
            "   # ? a guess".to_owned(),
        ] {
            assert!(service.contains(&wanted), "no {wanted} in {service}");
        }
    }
    assert!(table(&policy, "services.prometheus").contains("components.prometheus = { "));
    assert!(!policy.contains("[workloads."), "a chart's own pods are its service's: {policy}");
}

/// Names that are none, fields that are missing or absurd, kinds that nobody knows, lists in lists.
const HOSTILE: &str = r#"
apiVersion: v1
kind: List
items:
  - kind: Node
    metadata: {name: "--all; rm -rf /"}
  - kind: Node
    metadata: {name: "quo\"te\u007f\n[tiers.evil]"}
  - kind: Node
    metadata: {name: a}
    status: {nodeInfo: {kubeletVersion: "banana"}, capacity: {cpu: "1e400", memory: -5}}
  - kind: Node
    metadata: {name: b, labels: {topology.kubernetes.io/zone: "no zone at all \"]"}}
    spec: {taints: [{key: "k e y", effect: Whatever}, 7]}
    status: {capacity: {cpu: 2, memory: 4Gi}, allocatable: {cpu: 9, memory: x}}
  - kind: Node
    metadata: {name: b}
    status: {capacity: {cpu: 2, memory: 4Gi}}
  - {kind: Node}
  - {}
  - 7
  - kind: List
    items:
      - kind: List
        items:
          - kind: Deployment
            metadata: {name: "it's \"quoted\"\t\\ [x]", namespace: "Name Space"}
            spec: {replicas: 99999999, template: {spec: {priorityClassName: critical, containers: [{name: 1}, 2]}}}
  - kind: Deployment
    metadata: {name: application}
    spec: {template: {spec: {containers: [{resources: {requests: {cpu: 9223372036854775807, memory: 8Ei}}}, {resources: {requests: {memory: 8Ei}}}]}}}
  - kind: Deployment
    metadata: {name: critical, namespace: x}
    spec: {template: {spec: {nodeSelector: {"a b": "c\nd"}, tolerations: [{key: "no key"}, {operator: Exists}]}}}
  - kind: StatefulSet
    metadata: {name: critical, namespace: y}
  - kind: DaemonSet
    metadata: {name: argocd-server, namespace: x, labels: {helm.sh/chart: argo-cd-10.1.1, app.kubernetes.io/instance: "in \"stance"}}
  - kind: Deployment
    metadata: {name: argocd-server, namespace: "n s", labels: {helm.sh/chart: argo-cd-10.1.1, app.kubernetes.io/instance: argocd}}
  - kind: Deployment
    metadata: {name: old, labels: {helm.sh/chart: argo-cd-1.0.0, app.kubernetes.io/instance: old}}
  - kind: PriorityClass
    metadata: {name: critical}
    value: 4
  - kind: PriorityClass
    metadata: {name: "Not A Name"}
    value: -2147483648
    globalDefault: true
  - kind: PriorityClass
    metadata: {name: huge}
    value: 99999999999999999999
  - apiVersion: example.com/v1
    kind: Banana
    metadata: {name: split}
    spec: {template: {spec: {priorityClassName: "Not A Name"}}}
"#;

#[test]
fn a_hostile_dump_becomes_a_policy_that_says_what_it_left_out() {
    let policy = proposed(HOSTILE);
    has(
        &policy,
        &[
            "[nodes.a]",
            "[nodes.b]",
            "banana, which is no version that lifeboat knows",
            "left out: no policy can name the node \"--all; rm -rf /\"",
            "# ? the dump does not say all of it",
            "left out: replicas = 99999999",
        ],
    );
    let tables: Vec<&str> = policy.lines().filter(|line| line.starts_with('[')).collect();
    assert!(!tables.contains(&"[tiers.evil]"), "{tables:?}");
}

/// A server with the lifeboat's taint, a worker, and an application that may board.
const BOARDING: &str = r#"
kind: List
items:
- {kind: Node, metadata: {name: srv, labels: {node-role.kubernetes.io/control-plane: "true"}}, spec: {taints: [{key: CriticalAddonsOnly, value: "true", effect: NoSchedule}]}, status: {capacity: {cpu: "4", memory: 8Gi}, allocatable: {cpu: "4", memory: 7Gi}, nodeInfo: {kubeletVersion: v1.33.4+k3s1}}}
- {kind: Node, metadata: {name: w1}, status: {capacity: {cpu: "4", memory: 8Gi}, allocatable: {cpu: "4", memory: 8Gi}}}
- {kind: PriorityClass, metadata: {name: gold}, value: 1000}
- kind: Deployment
  metadata: {name: shop, namespace: apps}
  spec: {replicas: 2, template: {metadata: {labels: {app: shop}}, spec: {priorityClassName: gold, tolerations: [{key: CriticalAddonsOnly, operator: Exists}], containers: [{name: shop, resources: {requests: {cpu: 100m, memory: 128Mi}}}]}}}
"#;

/// A release of which nothing is left is no reason to take the lifeboat away.
#[test]
fn a_lifeboat_outlives_a_release_that_is_left_out() {
    let dump = format!(
        "{BOARDING}{}",
        r#"
- kind: Deployment
  metadata: {name: argocd-server, namespace: argocd, labels: {helm.sh/chart: argo-cd-9.1.0, app.kubernetes.io/instance: argocd, app.kubernetes.io/name: argocd-server, app.kubernetes.io/managed-by: Helm}, annotations: {meta.helm.sh/release-name: argocd}}
  spec: {replicas: 1, template: {metadata: {labels: {app.kubernetes.io/name: argocd-server}}, spec: {containers: [{name: server, resources: {requests: {cpu: 50m, memory: 64Mi}}}]}}}
"#
        .trim_start()
    );
    let policy = proposed(&dump);
    has(
        &policy,
        &["# ? left out: [services.argocd]", "[lifeboat]\nnodes = \"server\"\n\n", "tier = \"gold\""],
    );
    assert!(table(&policy, "tiers.gold").contains("lifeboat = true"), "{policy}");
}

/// Where the lock finds no label, the lifeboat stays without it.
#[test]
fn a_lifeboat_without_a_label_for_its_lock_stays() {
    let dump = format!(
        "{BOARDING}{}",
        r#"
- kind: Deployment
  metadata: {name: argo-events-controller-manager, namespace: events, labels: {helm.sh/chart: argo-events-2.4.22, app.kubernetes.io/instance: argo-events, app.kubernetes.io/name: argo-events-controller-manager, app.kubernetes.io/managed-by: Helm}, annotations: {meta.helm.sh/release-name: argo-events}}
  spec: {replicas: 1, template: {metadata: {labels: {app.kubernetes.io/name: argo-events-controller-manager}}, spec: {priorityClassName: gold, tolerations: [{key: CriticalAddonsOnly, operator: Exists}], containers: [{name: controller-manager, resources: {requests: {cpu: 50m, memory: 64Mi}}}]}}}
"#
        .trim_start()
    );
    let policy = proposed(&dump);
    has(
        &policy,
        &[
            "# ? changed: [lifeboat]: the pods that may board the lifeboat have no label in common: `",
            "last-resort = [\"twin-taint\", \"node-affinity\"]",
        ],
    );
    assert!(table(&policy, "tiers.gold").contains("lifeboat = true"), "{policy}");
}

/// A cluster of servers has no lifeboat: the taint is the node's.
#[test]
fn a_taint_is_not_lost_where_there_is_no_lifeboat() {
    let worker = "metadata: {name: w1}";
    let servers = "metadata: {name: w1, labels: {node-role.kubernetes.io/master: \"\"}}";
    let policy = proposed(&BOARDING.replace(worker, servers));
    let taint = "taints = [\"CriticalAddonsOnly=true:NoSchedule\"]";
    assert!(table(&policy, "nodes.srv").contains(taint), "{policy}");
    assert!(!policy.contains("[lifeboat]\n"), "{policy}");
}

#[test]
fn a_dump_without_a_node_is_refused() {
    for text in
        ["", "kind: Deployment\n", "a: [", "kind: Node\nitems: []\n", "kind: Node\nmetadata: {name: 'A B'}\n"]
    {
        assert!(lifeboat::propose::policy(text).is_err(), "{text:?}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (code, _, said) = lifeboat(folder.path(), &["init", "--from-cluster", "nowhere.yaml"]);
    assert_eq!(code, Some(2), "{said}");
}

/// Name, chart, version and namespace of each service of a policy.
fn services(policy: &str) -> Vec<(String, String, String, String)> {
    let policy: toml::Table = policy.parse().expect("TOML");
    let services = policy["services"].as_table().expect("services");
    let one = |(name, service): (&String, &toml::Value)| {
        let at = |key: &str| service[key].as_str().expect("a text").to_owned();
        (name.clone(), at("chart"), at("version"), at("namespace"))
    };
    services.iter().map(one).collect()
}

/// The four charts as Helm renders them without any values.
#[test]
#[ignore = "needs LIFEBOAT_HELM and LIFEBOAT_CHARTS: .ci/run runs it"]
fn what_helm_renders_of_the_four_charts_becomes_four_services() {
    let helm = std::env::var_os("LIFEBOAT_HELM").expect("LIFEBOAT_HELM names a Helm");
    let charts = std::env::var_os("LIFEBOAT_CHARTS").expect("LIFEBOAT_CHARTS names a folder of packages");
    let policy = read("policy.toml");
    let services = services(&policy);
    let mut dump = format!("{NODES}{APPLICATIONS}");
    let mut wanted = Vec::new();
    for (name, chart, version, namespace) in services {
        let mut command = Command::new(&helm);
        command.args(["template", &name]).arg(Path::new(&charts).join(format!("{chart}-{version}.tgz")));
        command.args(["-n", &namespace, "--kube-version", "1.34.0"]);
        if chart == "loki" {
            command.arg("-f").arg(root().join("values/loki.yaml"));
        }
        let output = command.output().expect("Helm");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        dump = format!("{}\n---\n{dump}", String::from_utf8_lossy(&output.stdout));
        wanted.push((name, chart, version));
    }
    assert_eq!(wanted.len(), 4);
    let policy = proposed(&dump);
    for (name, chart, version) in wanted {
        let service = table(&policy, &format!("services.{name}"));
        assert!(service.contains(&format!("chart = \"{chart}\"\nversion = \"{version}\"")), "{service}");
    }
}

/// Manifests of clusters that others run, with nodes beside them where they have none.
#[test]
#[ignore = "needs LIFEBOAT_REAL_DIR: .ci/run runs it"]
fn what_others_run_becomes_a_policy() {
    let folder = std::env::var_os("LIFEBOAT_REAL_DIR").expect("LIFEBOAT_REAL_DIR names a folder");
    let mut seen = 0;
    for entry in fs::read_dir(Path::new(&folder).join("rendered")).expect("rendered manifests") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("text");
        let dump = format!("{}\n---\n{NODES}", text.trim_end().trim_end_matches("..."));
        // A template is no manifest: refused with its place.
        if let Err(why) = lifeboat::yaml::read_all(&dump, &lifeboat::yaml::Budget::default()) {
            println!("{}: {why}", path.display());
            assert!(lifeboat::propose::policy(&dump).is_err_and(|said| said == why.to_string()));
            continue;
        }
        let policy = proposed(&dump);
        let tables =
            policy.lines().filter(|line| line.starts_with("[services.") || line.starts_with("[workloads."));
        println!("{}: {} services and workloads", path.display(), tables.count());
        seen += 1;
    }
    assert!(seen > 0);
}

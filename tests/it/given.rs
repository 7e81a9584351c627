//! Workloads out of manifests: counted as if they were written by hand, and left as they are.

use std::collections::BTreeMap;

use lifeboat::catalogue::Catalogue;
use lifeboat::compile::{Compilation, compile};
use lifeboat::plan::Owner;
use lifeboat::policy;
use lifeboat::source::SourceMap;

const SITE: &str = r#"
[cluster]
name = "edge"
kubernetes = "1.34"
datastore = "sqlite"
output = "golden"
[nodes.master]
role = "server"
capacity = { cpu = "4", memory = "8Gi" }
reserve = { cpu = "500m", memory = "1Gi" }
[nodes.w1]
role = "agent"
capacity = { cpu = "4", memory = "8Gi" }
[nodes.w2]
like = "w1"
[lifeboat]
nodes = ["master"]
[tiers.critical]
priority = 1000
lifeboat = true
[tiers.shops]
priority = 500
class = "shops"
[tiers.app]
priority = 0
default = true
[services.events]
chart = "argo-events"
version = "2.4.22"
namespace = "events"
tier = "critical"
components.controller.requests = { cpu = "100m", memory = "128Mi" }
[scenarios.yellow]
lose = "each agent"
expect = { running = ["events", "shop"] }
"#;

fn compiled(policy: &str, manifest: Option<&str>) -> Compilation {
    let mut loader = BTreeMap::from([("policy.toml".to_owned(), format!("{SITE}{policy}"))]);
    loader.extend(manifest.map(|text| ("apps/all.yaml".to_owned(), text.to_owned())));
    let mut sources = SourceMap::default();
    let checked = policy::load(&loader, &mut sources, "policy.toml").expect("a policy");
    compile(checked.policy, &Catalogue::builtin(), &loader, &mut sources).expect("it compiles")
}

fn survival(compilation: &Compilation) -> &str {
    let table = compilation.artifacts.iter().find(|artifact| artifact.path == "SURVIVAL.md");
    &table.expect("a table").text
}

const BY_HAND: &str = r#"
[workloads.shop]
namespace = "apps"
tier = "shops"
replicas = 2
requests = { cpu = "100m", memory = "64Mi" }
max-unavailable = 1
[workloads.batch]
namespace = "apps"
replicas = 3
requests = { cpu = "1500m", memory = "64Mi" }
tolerations = ["CriticalAddonsOnly"]
grace-period = "5s"
"#;

const MANIFEST: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: { name: shop, namespace: apps }
spec:
  replicas: 2
  selector: { matchLabels: { app: shop } }
  template:
    metadata: { labels: { app: shop } }
    spec:
      priorityClassName: shops
      containers: [{ name: main, resources: { requests: { cpu: 100m, memory: 64Mi } } }]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: shop, namespace: apps }
spec: { maxUnavailable: 1, selector: { matchLabels: { app: shop } } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: batch, namespace: apps }
spec:
  replicas: 3
  selector: { matchLabels: { app: batch } }
  template:
    metadata: { labels: { app: batch } }
    spec:
      priorityClassName: app
      terminationGracePeriodSeconds: 5
      tolerations: [{ key: CriticalAddonsOnly, operator: Exists }]
      containers: [{ name: main, resources: { requests: { cpu: 1500m, memory: 64Mi } } }]
";

const FROM: &str = "[workloads]\nfrom = [\"apps/*.yaml\"]\n";

#[test]
fn a_manifest_is_proved_as_the_same_workload_by_hand() {
    let (by_hand, given) = (compiled(BY_HAND, None), compiled(FROM, Some(MANIFEST)));
    assert!(survival(&by_hand).contains("batch"), "{}", survival(&by_hand));
    assert_eq!(survival(&by_hand), survival(&given));
    let verdicts = |c: &Compilation| {
        let proof = c.proof.as_ref().expect("a proof");
        proof.claims.iter().map(|proven| format!("{:?}", proven.verdict.is_proved())).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(&by_hand), verdicts(&given));
}

#[test]
fn what_a_manifest_takes_can_refute_a_claim() {
    let proved = |c: &Compilation| {
        c.proof.as_ref().expect("a proof").claims.iter().all(|proven| proven.verdict.is_proved())
    };
    assert!(proved(&compiled(FROM, Some(MANIFEST))));
    let larger = MANIFEST.replacen("cpu: 100m", "cpu: 3900m", 1);
    assert!(!proved(&compiled(FROM, Some(&larger))));
}

#[test]
fn nothing_is_decided_of_a_manifest_and_no_file_changes_but_what_is_proved_and_looked_at() {
    let (alone, given) = (
        compiled("[workloads.shop]\nnamespace = \"apps\"\nrequests.cpu = \"1m\"\n", None),
        compiled(FROM, Some(MANIFEST)),
    );
    let carriers = given.plan.carriers.iter().filter(|c| matches!(c.owner, Owner::Given(_)));
    let carriers: Vec<_> = carriers.collect();
    assert_eq!(carriers.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["shop", "batch"]);
    assert!(carriers.iter().all(|c| c.fields.is_empty()));
    let values = |c: &Compilation| {
        let files = c.artifacts.iter().filter(|a| a.path.ends_with("values.yaml"));
        files.map(|a| (a.path.clone(), a.text.clone())).collect::<Vec<_>>()
    };
    assert_eq!(values(&alone), values(&given));
}

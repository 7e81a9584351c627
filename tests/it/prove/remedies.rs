//! Remedies: what they change makes true what it says, the least harmful comes first, and nothing else is lost.

use std::collections::BTreeMap;

use lifeboat::advise::remedies::{self, Lever, Remedies};
use lifeboat::catalogue::Catalogue;
use lifeboat::plan::{self, Inputs};
use lifeboat::policy;
use lifeboat::prove::{self, Model, Options, Proof};
use lifeboat::source::SourceMap;

const POLICY: &str = r#"
[cluster]
name = "small"
kubernetes = "1.34"
datastore = "etcd"

[nodes.master]
role = "server"
capacity = { cpu = "4", memory = "4Gi" }
reserve = { cpu = "500m", memory = "1Gi" }

[nodes.worker-1]
role = "agent"
capacity = { cpu = "4", memory = "4Gi" }

[nodes.worker-2]
like = "worker-1"

[lifeboat]
last-resort = []                 # nothing keeps boarders off

[tiers.critical]
priority = 1000000
lifeboat = true

[tiers.application]
priority = 0
default = true

[workloads]
brain = { kind = "StatefulSet", tier = "critical", storage = "ephemeral", data = "none", requests = { cpu = "500m", memory = "1Gi" } }
app = { replicas = 3, requests = { cpu = "500m", memory = "1Gi" } }

[recovery]
fencing = "none" # nobody

[scenarios]
green = { lose = "none", expect = { running = "all", lifeboat = "none" } }
yellow = { lose = "each agent", after = "eviction", expect = { running = ["critical"], lifeboat = "none" } }
"#;

fn proof(text: &str) -> (policy::Policy, Proof) {
    let loader = BTreeMap::from([("policy.toml".to_owned(), text.to_owned())]);
    let mut sources = SourceMap::default();
    let policy = policy::load(&loader, &mut sources, "policy.toml").expect("a good policy").policy;
    let catalogue = Catalogue::builtin();
    let team = lifeboat::values::read(&loader, &mut sources, &policy).0;
    let plan = plan::make(policy.clone(), Inputs { sources: &mut sources, catalogue: &catalogue, team });
    let model = Model::of_plan(&plan.usable().expect("a plan")).expect("a model");
    (policy, prove::prove(&model, Options { table: false, ..Options::default() }))
}

fn search(text: &str, tries: usize) -> (Proof, Remedies) {
    let (policy, proof) = proof(text);
    let loader = BTreeMap::from([("policy.toml".to_owned(), text.to_owned())]);
    let found = remedies::remedies(&loader, "policy.toml", &Catalogue::builtin(), &policy, &proof, tries);
    (proof, found)
}

#[test]
fn the_least_harmful_change_that_mends_is_found() {
    let (proof, found) = search(POLICY, remedies::TRIES);
    assert!(proof.refuted());
    assert_eq!(found.without, Vec::<usize>::new(), "{found:#?}");
    let of = |scenario: &str, says: &str| {
        let claim =
            proof.claims.iter().position(|c| c.claim.scenario == scenario && c.claim.says.key() == says);
        let remedy = found.found.iter().find(|r| r.mends.contains(&claim.unwrap())).expect("a remedy");
        remedy.changes.iter().map(|c| c.lever).max().unwrap()
    };
    assert_eq!(of("green", "lifeboat"), Lever::Preference);
    assert_eq!(
        of("yellow", "running"),
        Lever::ManualFencing,
        "automatic fencing would do too, at a higher price"
    );
    let harms: Vec<Lever> = found.found.iter().map(|r| r.changes[0].lever).collect();
    assert!(harms.is_sorted(), "{harms:?}");
}

/// The diffs are of the policy's own text: comments stay, and the changed text proves what was said.
#[test]
fn a_remedy_is_a_diff_that_applies() {
    let (before, found) = search(POLICY, remedies::TRIES);
    for remedy in &found.found {
        let edits: Vec<_> = remedy.changes.iter().flat_map(|c| c.edits.clone()).collect();
        let changed = remedies::edit::apply(POLICY, &edits).unwrap();
        for line in remedy.diff.lines().filter(|l| l.starts_with('+') && !l.starts_with("+++")) {
            assert!(changed.contains(&line[1..]), "{line}");
        }
        assert!(remedy.diff.starts_with("--- a/policy.toml\n+++ b/policy.toml\n"));
        let (_, after) = proof(&changed);
        for &claim in &remedy.mends {
            let old = &before.claims[claim].claim;
            let new =
                after.claims.iter().find(|c| c.claim.scenario == old.scenario && c.claim.says == old.says);
            assert!(new.unwrap().verdict.is_proved(), "{old:?}");
        }
    }
    let fenced = found.found.iter().find(|r| r.diff.contains("fencing")).unwrap();
    assert!(fenced.diff.contains("+fencing = \"manual\" # nobody"), "comments stay: {}", fenced.diff);
}

#[test]
fn a_budget_ends_the_search_and_is_said() {
    let (_, found) = search(POLICY, 1);
    assert_eq!((found.tried, found.cut), (1, true));
    assert!(!found.without.is_empty());
}

/// A service pinned by its volume: losing the data is the last resort of all.
#[test]
fn losing_data_comes_last() {
    let pinned = POLICY
        .replace(
            "storage = \"ephemeral\", data = \"none\"",
            "storage = \"local\", data = \"a week\", storage-size = \"1Gi\"",
        )
        .replace("last-resort = []", "last-resort = [\"twin-taint\", \"node-affinity\", \"lock\"]")
        .replace("fencing = \"none\"", "fencing = \"manual\"")
        .replace("after = \"eviction\"", "after = \"fencing\"");
    let (proof, found) = search(&pinned, remedies::TRIES);
    let claim =
        proof.claims.iter().position(|c| c.claim.scenario == "yellow" && c.claim.says.key() == "running");
    assert!(proof.claims[claim.unwrap()].verdict.is_refuted(), "{:#?}", proof.claims[claim.unwrap()].verdict);
    let remedy = found.found.iter().find(|r| r.mends.contains(&claim.unwrap()));
    assert_eq!(remedy.map(|r| r.changes[0].lever), Some(Lever::DataLoss), "{found:#?}");
}

/// Where an important tier evicts applications for room that is not there, it can wait instead: more harmful than
/// smaller applications, and the only way that helps here.
#[test]
fn a_tier_that_evicts_nobody_is_among_the_remedies() {
    let policy = r#"
[cluster]
name = "small"
kubernetes = "1.34"
datastore = "etcd"
disable = ["coredns", "traefik", "metrics-server", "servicelb", "local-storage"]

[nodes.master]
role = "server"
capacity = { cpu = "4", memory = "4Gi" }
labels = { "here" = "no" }
taints = ["CriticalAddonsOnly=true:NoSchedule"]

[nodes.worker-1]
role = "agent"
capacity = { cpu = "4", memory = "4Gi" }

[nodes.worker-2]
like = "worker-1"

[tiers.important]
priority = 500000

[tiers.application]
priority = 0
default = true

[workloads]
line = { tier = "important", requests = { cpu = "500m", memory = "3800Mi" } }
app = { replicas = 3, requests = { cpu = "500m", memory = "1Gi" } }

[recovery]
fencing = "manual"

[scenarios]
yellow = { lose = "each agent", expect = { evicted = "none" } }
"#;
    let (proof, found) = search(policy, remedies::TRIES);
    assert!(proof.claims[0].verdict.is_refuted(), "{:#?}", proof.claims[0].verdict);
    let levers: Vec<Lever> = found.found.iter().map(|r| r.changes[0].lever).collect();
    assert_eq!(levers, [Lever::Patience], "{found:#?}");
    assert!(found.found[0].diff.contains("+preemption-policy = \"Never\""), "{}", found.found[0].diff);
    assert_eq!(found.found[0].changes[0].what, "important evicts nobody");
}

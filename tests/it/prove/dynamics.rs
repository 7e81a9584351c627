//! What controllers, volumes, kubelets and people do in time: small clusters in which one of them decides.

use std::collections::BTreeMap;

use lifeboat::lifecycle::{NodeId, Window};
use lifeboat::policy::{EventKind, Phase};
use lifeboat::prove::claim::Event;
use lifeboat::prove::{self, Model, Options, Proof, Trace, Verdict};

const ONE_AGENT: &str = r#"
[cluster]
name = "small"
kubernetes = "1.34"
datastore = "sqlite"
disable = ["traefik", "metrics-server", "servicelb", "local-storage"]
[nodes.master]
role = "server"
capacity = { cpu = "4", memory = "8Gi" }
reserve = { cpu = "500m", memory = "1Gi" }
[nodes.w1]
role = "agent"
capacity = { cpu = "4", memory = "8Gi" }
[tiers.application]
priority = 0
default = true
"#;

fn model(policy: &str) -> Model {
    let files = BTreeMap::from([("policy.toml".to_owned(), policy.to_owned())]);
    let (compilation, findings) = crate::build::compiled(&files);
    let plan = compilation.unwrap_or_else(|| panic!("{findings}")).plan;
    Model::of_plan(&plan).unwrap()
}

fn proof(model: &Model) -> Proof {
    prove::prove(model, Options { budget: 2_000, ..Options::default() })
}

fn verdict(model: &Model, scenario: &str) -> Verdict {
    let proof = proof(model);
    proof.claims.iter().find(|c| c.claim.scenario == scenario).expect("a claim").verdict.clone()
}

fn lose(model: &Model, nodes: &[u16]) -> Trace {
    let losses = [nodes.iter().copied().map(NodeId).collect::<Vec<_>>()];
    prove::tell(model, &losses, Phase::Fencing, true).expect("it settles")
}

/// When an event happened, by the words of who and what.
fn when(trace: &Trace, who: &str, what: &str) -> Option<Window> {
    let found = trace.events.iter().rev().find(|e| e.who == who && e.what.starts_with(what));
    found.and_then(|e| e.when)
}

const DATABASE: &str = r#"
[nodes.w2]
like = "w1"
[lifeboat]
nodes = "server"
taint = "CriticalAddonsOnly=true:NoSchedule"
[workloads]
db = { kind = "StatefulSet", storage = "replicated", requests = { cpu = "100m", memory = "128Mi" } }
[scenarios.green]
lose = "none"
expect = { running = "all" }
[scenarios.agent]
lose = "each agent"
expect = { running = ["db"] }
"#;

#[test]
fn replicated_volumes_are_made_without_a_pod_and_move_with_it() {
    let model = model(&format!("{ONE_AGENT}{DATABASE}"));
    for scenario in ["green", "agent"] {
        let verdict = verdict(&model, scenario);
        assert!(!verdict.is_refuted(), "{scenario}: {verdict:?}");
    }
    // It runs on one of the two agents.
    let moves = |agent: u16, other: &str| {
        let trace = lose(&model, &[agent]);
        let fenced = when(&trace, &format!("w{agent}"), "fenced").expect("a fence");
        when(&trace, "db", &format!("bound to {other}"))
            .is_some_and(|moved| moved.earliest >= fenced.earliest)
    };
    assert!(moves(1, "w2") ^ moves(2, "w1"), "it moves when its node is lost and fenced, and only then");
    let kept = lifeboat::lifecycle::Data::Kept;
    let cells = proof(&model).columns.into_iter().flat_map(|c| c.phases).map(|(_, cells)| cells[0].data);
    assert!(cells.into_iter().all(|data| data == kept));
}

#[test]
fn nothing_binds_a_claim_that_nobody_provisions() {
    let model = model(&format!("{ONE_AGENT}{DATABASE}"));
    let mut cluster = model.cluster().clone();
    for class in &mut cluster.storage_classes {
        class.provisioner = "kubernetes.io/no-provisioner".to_owned();
    }
    let (clocks, datastore) = (model.facts.clocks.clone(), model.facts.datastore);
    let bare = Model::bare(cluster, &[], clocks, datastore).unwrap();
    let trace = prove::tell(&bare, &[], Phase::Eviction, true).unwrap();
    assert!(trace.end.iter().any(|end| end.starts_with("db is Pending")), "{:?}", trace.end);
    let why = trace
        .events
        .iter()
        .flat_map(|e| &e.why)
        .any(|w| w.contains("unbound immediate PersistentVolumeClaims"));
    assert!(why, "{trace:#?}");
}

#[test]
fn a_pod_may_take_its_whole_grace_period_to_end() {
    let policy = format!(
        "{ONE_AGENT}{}",
        r#"
[workloads]
st = { kind = "StatefulSet", storage = "ephemeral", data = "x", grace-period = "600s", requests = { cpu = "1", memory = "1Gi" } }
[scenarios.green]
lose = "none"
expect = { running = "all" }
"#
    );
    let model = model(&policy);
    let who = model.rows.iter().find(|r| r.name == "st").unwrap().id;
    let event = Event {
        kind: EventKind::RollingUpdate,
        nodes: Vec::new(),
        names: Vec::new(),
        pods: vec![who],
        of: "st".to_owned(),
        lasts: 0,
    };
    let trace = prove::planned::tell(&model, &[], Phase::Eviction, Some(&event), false).unwrap();
    let bound = when(&trace, "st", "bound to").expect("it is bound again");
    assert!(bound.earliest < 30_000 && bound.latest.is_some_and(|l| l >= 600_000), "{bound}: {trace:#?}");
}

#[test]
fn nobody_fences_without_a_control_plane() {
    let model = model(&format!("{ONE_AGENT}{DATABASE}"));
    let trace = lose(&model, &[0]);
    assert!(when(&trace, "master", "dies").is_some());
    assert_eq!(when(&trace, "master", "fenced"), None, "{trace:#?}");
    let back = prove::tell(&model, &[vec![NodeId(0)]], Phase::Return, false).unwrap();
    assert!(when(&back, "master", "comes back").is_some());
    assert_eq!(when(&back, "master", "no longer fenced"), None, "{back:#?}");
}

#[test]
fn of_required_company_the_last_goes_first() {
    let policy = format!(
        "{ONE_AGENT}{}",
        r#"
[workloads]
cache = { requests = { cpu = "100m", memory = "128Mi" } }
shop = { requests = { cpu = "100m", memory = "128Mi" } }
till = { requests = { cpu = "100m", memory = "128Mi" } }
[together.s]
pods = ["till", "shop", "cache"]
required = true
[scenarios.green]
lose = "none"
expect = { running = "all" }
"#
    );
    let model = model(&policy);
    assert!(!verdict(&model, "green").is_refuted(), "{:?}", verdict(&model, "green"));
}

#[test]
fn another_server_may_have_to_lead_the_controllers_first() {
    let policy = ONE_AGENT
        .replace("sqlite", "etcd")
        .replace("[nodes.w1]", "[nodes.s2]\nlike = \"master\"\n[nodes.s3]\nlike = \"master\"\n[nodes.w1]");
    let model = model(&format!(
        "{policy}{}",
        r#"
[workloads]
shop = { requests = { cpu = "100m", memory = "128Mi" } }
[scenarios.green]
lose = "none"
expect = { running = "all" }
"#
    ));
    let server = when(&lose(&model, &[0]), "master", "NotReady").unwrap();
    // The lease is 15 s, the grace period of a new leader a full 50 s, and a pass comes once in 5 s.
    assert!(server.earliest < 40_000 && server.latest.is_some_and(|l| l >= 77_000), "{server}");
    let both = lose(&model, &[0, 3]);
    assert_eq!(when(&both, "w1", "NotReady").unwrap().latest, server.latest, "{both:#?}");
    let agent = when(&lose(&model, &[3]), "w1", "NotReady").unwrap();
    assert!(agent.latest.is_some_and(|l| l <= 60_000), "{agent}");
}

#[test]
fn a_shortened_trace_keeps_what_the_cluster_adds_and_names_what_it_leaves_out() {
    let policy = format!(
        "{ONE_AGENT}{}",
        r#"
[lifeboat]
nodes = "server"
taint = "CriticalAddonsOnly=true:NoSchedule"
[tiers.critical]
priority = 1_000_000
lifeboat = true
[workloads]
brain = { tier = "critical", requests = { cpu = "100m", memory = "6Gi" } }
app = { requests = { cpu = "100m", memory = "6Gi" } }
spare = { requests = { cpu = "100m", memory = "64Mi" } }
[scenarios.green]
lose = "none"
expect = { running = "all", lifeboat = "none" }
[scenarios.yellow]
lose = "w1"
expect = { running = "all" }
"#
    );
    let model = model(&policy);
    let proof = proof(&model);
    let traces: Vec<&Trace> = proof
        .claims
        .iter()
        .filter_map(|c| if let Verdict::Refuted { trace, .. } = &c.verdict { Some(trace) } else { None })
        .collect();
    assert!(!traces.is_empty());
    for trace in traces {
        let witness = trace.witness.as_ref().unwrap();
        for row in model.rows.iter().filter(|r| r.daemon || !r.claimed) {
            assert!(witness.only.contains(&row.id), "{} is left out of {trace:#?}", row.name);
        }
        let told: Vec<&str> = trace.without.iter().map(String::as_str).collect();
        let left: Vec<&str> =
            model.rows.iter().filter(|r| !witness.only.contains(&r.id)).map(|r| r.name.as_str()).collect();
        assert_eq!(told, left);
    }
}

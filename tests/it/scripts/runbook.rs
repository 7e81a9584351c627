//! `RUNBOOK.md`.

use lifeboat::emit::runbook::{
    RunbookArgoCd, RunbookContext, RunbookNode, RunbookScenario, RunbookService, RunbookTier, runbook,
};

fn context() -> RunbookContext {
    let node = |name: &str, role: &str| RunbookNode {
        name: name.to_owned(),
        role: role.to_owned(),
        lifeboat: String::new(),
        taints: vec!["a=b:NoSchedule".to_owned()],
    };
    RunbookContext {
        cluster: "edge".to_owned(),
        nodes: vec![node("master", "server"), node("worker-1", "agent"), node("worker-2", "agent")],
        servers: vec!["master".to_owned()],
        agents: vec!["worker-1".to_owned(), "worker-2".to_owned()],
        fenceable: vec!["worker-1".to_owned(), "worker-2".to_owned()],
        quorum: 1,
        k3s: true,
        settings: vec!["kube-controller-manager: --node-monitor-grace-period=20s".to_owned()],
        labelled: false,
        datastore: "etcd".to_owned(),
        fencing: "manual".to_owned(),
        after: 300,
        max_nodes: 1,
        scenarios: vec![RunbookScenario {
            name: "red".to_owned(),
            lost: "all agents".to_owned(),
            claims: vec!["running: critical".to_owned(), "waiting: important".to_owned()],
            verdict: "proved".to_owned(),
        }],
        tiers: vec![RunbookTier { name: "critical".to_owned(), low: 339, high: 367 }],
        detection_low: 39,
        detection_high: 60,
        fence_low: 339,
        fence_high: 380,
        collection: 22,
        second_node: 10,
        services: vec![RunbookService {
            release: "argocd".to_owned(),
            chart: "argo-cd".to_owned(),
            repository: "https://example.com/charts".to_owned(),
            version: "10.1.1".to_owned(),
            namespace: "infra".to_owned(),
            values: vec!["../values/a b.yaml".to_owned(), "argocd/values.yaml".to_owned()],
        }],
        add_ons: vec!["cluster/priority-classes.yaml".to_owned()],
        manifests: Vec::new(),
        by_argocd: false,
        budget_namespaces: Vec::new(),
        argocd: None,
        rebalances: true,
        rebalance: String::new(),
    }
}

/// Tables have no blank line inside, code blocks are closed, and no list of blank lines is left.
fn well_formed(page: &str) {
    assert_eq!(page.matches("\n```").count() % 2, 0, "{page}");
    assert!(!page.contains("\n\n\n"), "{page}");
    for (row, next) in page.lines().zip(page.lines().skip(1)) {
        if row.starts_with('|') && next.starts_with('|') {
            let cells = |line: &str| line.replace("\\|", "").matches('|').count();
            assert_eq!(cells(row), cells(next), "{row}\n{next}");
        }
    }
}

#[test]
fn the_page_names_this_clusters_commands() {
    let page = runbook(&context()).expect("the page renders");
    well_formed(&page);
    for line in [
        "| red | all agents | running: critical; waiting: important | proved |",
        "| 339–367 s | tier critical: pods of Deployments",
        "| never | pods of StatefulSets stay `Terminating`",
        "cluster/recovery/fence.sh fence worker-1\ncluster/recovery/fence.sh fence worker-2\n```",
        "--values '../values/a b.yaml' \\\n  --values argocd/values.yaml\n",
        "k3s etcd-snapshot save",
    ] {
        assert!(page.contains(line), "{line:?} not in\n{page}");
    }
}

#[test]
fn the_page_follows_fencing_datastore_and_servers() {
    let argocd = RunbookArgoCd {
        folder: "cluster/argocd/".to_owned(),
        fleet: Vec::new(),
        namespace: "infra".to_owned(),
        own: true,
        remote: false,
    };
    let automatic = RunbookContext { fencing: "automatic".to_owned(), argocd: Some(argocd), ..context() };
    let page = runbook(&automatic).expect("the page renders");
    well_formed(&page);
    assert!(
        page.contains("the server fences the node")
            && page.contains("kubectl apply --server-side -f cluster/argocd/")
    );
    let none = RunbookContext { fencing: "none".to_owned(), datastore: "sqlite".to_owned(), ..context() };
    let page = runbook(&none).expect("the page renders");
    well_formed(&page);
    assert!(!page.contains("fence.sh") && page.contains("backup-sqlite.sh"));
    assert!(!page.contains("a person fences") && page.contains("\n2. Nothing moves back"));
    let stay = RunbookContext { rebalances: false, ..context() };
    let page = runbook(&stay).expect("the page renders");
    well_formed(&page);
    assert!(!page.contains("rebalance.sh") && page.contains("kubectl rollout restart"));
    let three = ["a", "b", "c"].map(str::to_owned).to_vec();
    let page = runbook(&RunbookContext { servers: three, quorum: 2, ..context() }).expect("the page renders");
    assert!(page.contains("a majority of 3 servers: 2"));
    let other = RunbookContext { k3s: false, ..context() };
    for (settings, said) in [
        (other.settings.clone(), "already.\n\n- `kube-controller-manager: --node"),
        (Vec::new(), "already.\n\n## From an empty"),
    ] {
        let page = runbook(&RunbookContext { settings, ..other.clone() }).expect("the page renders");
        well_formed(&page);
        assert!(page.contains(said) && !page.to_lowercase().contains("k3s"), "{page}");
    }
}
